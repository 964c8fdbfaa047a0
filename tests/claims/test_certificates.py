"""What a referee does without us: the certificates that a run writes are checked again by the examples, with python-flint alone."""

import copy
import json
import subprocess
import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from proofs_check import verify

ROOT = Path(__file__).resolve().parents[2]
MINORS = {"minor modulo a prime", "ball minor"}
#: The claims that write minors, the smaller ones first.
RANKS = ["fnn.strata", "fnn.strata-bias", "fnn.multi-output", "fnn.independence", "fnn.poly", "fnn.activations", "deep.generic"]
RANKS += ["cnn.dup", "cnn.shared", "cnn.noshare", "cnn.fnn", "rank.phase-transition-ae"]
#: The claims that write boxes from which Krawczyk's test is repeated.
BOXES = ["regularization.elasticity", "regularization.one-point.sigmoid", "regularization.one-point.gelu"]
BOXES += ["depth.residual.any-activation", "embedding.splitting.inertia"]


def example(name):
    spec = spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.check


@pytest.fixture(autouse=True)
def _precision():
    """The examples set the working precision of the process."""
    from flint import ctx

    before = ctx.prec, ctx.cap
    yield
    ctx.prec, ctx.cap = before


class Written:
    """A run and the certificates it wrote: (claim id, certificate) in ``all``."""

    def __init__(self, directory, claims):
        self.directory = directory
        self.results = verify(claims, device="cpu", out=directory, jobs=2).results
        self.all = [(claim, one) for claim, check in self.checks() if check["certificate"] for one in self.stored(check)]

    def checks(self):
        return [(claim["id"], check) for claim in self.results["claims"] for check in claim["checks"]]

    def stored(self, check):
        assert check["status"] == "holds"
        stored = json.loads((self.directory / check["certificate"]).read_text(encoding="utf-8"))
        return stored if isinstance(stored, list) else [stored]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    return Written(tmp_path_factory.mktemp("ranks"), RANKS)


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    return Written(tmp_path_factory.mktemp("boxes"), BOXES)


def test_every_rank_certificate_is_accepted(ranks):
    check, kinds = example("check_certificate"), Counter()
    for _, certificate in ranks.all:
        assert check(certificate) == len(certificate["rows"]) == len(certificate["columns"])
        kinds[certificate["kind"]] += 1
    assert kinds.keys() == MINORS
    assert {claim for claim, _ in ranks.all} == set(RANKS)


def test_every_box_is_accepted(boxes):
    check = example("check_box")
    assert all(check(certificate) for _, certificate in boxes.all)
    assert {claim for claim, _ in boxes.all} == set(BOXES)


def test_the_run_names_every_file_it_wrote(ranks):
    named = {check["certificate"] for _, check in ranks.checks()} - {None}
    assert named == {f"certificates/{file.name}" for file in (ranks.directory / "certificates").iterdir()}


@pytest.mark.parametrize("kind", sorted(MINORS))
def test_a_forged_minor_is_refused(ranks, kind):
    """A minor with a repeated row vanishes, whatever the network; a table that is not square is none."""
    genuine = next(one for _, one in ranks.all if one["kind"] == kind and len(one["rows"]) > 1)
    repeated, short = copy.deepcopy(genuine), copy.deepcopy(genuine)
    repeated["rows"][1] = repeated["rows"][0]
    with pytest.raises(AssertionError, match="may vanish"):
        example("check_certificate")(repeated)
    short["columns"].pop()
    with pytest.raises((AssertionError, ValueError)):
        example("check_certificate")(short)


@pytest.mark.parametrize(("field", "value"), [("prime", 5 * 13), ("prime", 7), ("unit", 0)])
def test_what_is_no_homomorphism_is_refused(ranks, field, value):
    """Modulo a composite number elimination may go wrong; modulo 7 there is no root of -1 for sin and cos; e^z is never 0."""
    forged = {**next(one for _, one in ranks.all if one["kind"] == "minor modulo a prime"), field: value}
    with pytest.raises(AssertionError, match="expected a prime"):
        example("check_certificate")(forged)


def test_a_precision_beyond_all_memory_is_refused(ranks, boxes):
    """The library ends the process where it cannot allocate."""
    minor = next(one for _, one in ranks.all if one["kind"] == "ball minor")
    box = next(one for _, one in boxes.all if one.get("kind") == "extremum of the elasticity")
    for check, forged in (("check_certificate", {**minor, "precision": 1e17}), ("check_box", {**box, "bits": 1e17})):
        with pytest.raises(AssertionError, match="memory"):
            example(check)(forged)


@pytest.mark.parametrize("forged", [None, [], {}, {"kind": "one-point overlap"}, {"kind": "extremum of the elasticity", "bits": "many"}])
def test_what_is_no_box_is_refused(forged):
    with pytest.raises(AssertionError, match="no certificate"):
        example("check_box")(forged)


@pytest.mark.parametrize("claim", BOXES)
def test_a_moved_box_is_refused(boxes, claim):
    """The centre three radii away: the zero, which is unique near the genuine box, is no longer inside."""
    forged = copy.deepcopy(next(one for owner, one in boxes.all if owner == claim))
    box = forged.get("box") or next(iter(forged.get("boxes", [forged])))
    exponent = int(box["radius"].removeprefix("1e"))
    whole, _, digits = box["centre"][0].partition(".")
    moved = abs(int(whole + digits.ljust(-exponent, "0")[:-exponent])) + 3
    digits = str(moved).rjust(1 - exponent, "0")
    box["centre"][0] = "-" * whole.startswith("-") + f"{digits[:exponent]}.{digits[exponent:]}"
    with pytest.raises(AssertionError):
        example("check_box")(forged)


def test_the_inertia_beside_a_box_is_computed_again(boxes):
    forged = copy.deepcopy(next(one for claim, one in boxes.all if claim == "depth.residual.any-activation"))
    forged["shallow"] = [1, 0, forged["shallow"][2] - 1]
    with pytest.raises(AssertionError, match="the inertia is"):
        example("check_box")(forged)


@pytest.mark.parametrize(("name", "claim"), [("check_certificate", "deep.generic"), ("check_box", "regularization.elasticity")])
def test_the_referee_needs_none_of_our_packages(request, name, claim):
    written = request.getfixturevalue("ranks" if name == "check_certificate" else "boxes")
    (file,) = (check["certificate"] for owner, check in written.checks() if owner == claim and check["certificate"])
    command = [sys.executable, "-I", ROOT / "examples" / f"{name}.py", written.directory / file]  # -I: no PYTHONPATH
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=written.directory)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("certificate 0: ")
