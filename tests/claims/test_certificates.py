"""What a referee does without us: the certificates that a run writes are checked again by the examples, with python-flint alone."""

import ast
import copy
import hashlib
import json
import operator
import shutil
import subprocess
import sys
from collections import Counter
from functools import reduce
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from numerics.dynamics.orientations import predict_orientations
from proofs_check import verify
from proofs_check.commands.counterexample import command as counterexample
from theory.expressions import parse

ROOT = Path(__file__).resolve().parents[2]
#: The claims that write certificates at level quick, family by family.
WRITERS = ["fnn.strata", "fnn.strata-bias", "fnn.multi-output", "fnn.independence", "fnn.poly", "fnn.activations", "deep.generic"]
WRITERS += ["cnn.dup", "cnn.shared", "cnn.noshare", "cnn.fnn", "rank.phase-transition-ae", "rank.semicontinuity"]
WRITERS += ["depth.residual.any-activation", "depth.irreversibility.irregular", "embedding.splitting.inertia"]
WRITERS += ["recovery.flow.converges", "recovery.lifted-sample-dependent", *(f"recovery.flaw.F{number}" for number in (9, 11, 18))]
WRITERS += [
    "regularization.classification.one-neuron",
    "regularization.elasticity",
    "regularization.k-cycle.softplus-d2",
    "regularization.tail.PL",
]
WRITERS += [f"regularization.one-point.{name}" for name in ("sigmoid", "gelu", "4-cycle")]
WRITERS += [f"regularization.two-point.{name}" for name in ("sigmoid", "softsign-sigmoid", "tanh", "tanh-d2", "zero-label", "reweight")]
WRITERS += [f"adam.degenerate.{name}" for name in ("stability", "trap", "perturbed", "complexity", "signgd_cycle")]

#: Files that ``proofs-check counterexample`` writes; sin has its overlap between two zeros of its derivative.
SEARCHES = [
    ("--activation", "sin", "--mechanism", "one-point"),
    ("--activation", "gelu", "--mechanism", "one-point", "--inputs", "2"),
    ("--activation", "sin", "--mechanism", "cycle"),
    ("--activation", "softplus", "--mechanism", "cycle", "--inputs", "2"),
    ("--activation", "sigmoid", "--mechanism", "one-point"),
    ("--activation", "erf", "--mechanism", "contact", "--inputs", "3"),
]


def example(name):
    spec = spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFEREE = example("check_certificate")


@pytest.fixture(autouse=True)
def _precision():
    """The examples set the working precision of the process."""
    from flint import ctx

    before = ctx.prec, ctx.cap
    yield
    ctx.prec, ctx.cap = before


class Written:
    """A run and the certificates it wrote: (claim id, certificate) in ``all``, the first of each kind in ``first``; what searches wrote
    has no claim.
    """

    def __init__(self, directory, claims):
        self.directory = directory
        self.results = verify(claims, device="cpu", out=directory, jobs=2).results
        self.checks = [(claim["id"], check) for claim in self.results["claims"] for check in claim["checks"]]
        self.all = [(claim, one) for claim, check in self.checks if check["certificate"] for one in self.stored(check)]
        self.all += [(None, searched(directory / f"found-{k}.json", options)) for k, options in enumerate(SEARCHES)]
        self.all.append((None, orientations()))
        self.first = {}
        for _, one in self.all:
            for kind in REFEREE.kinds(one):
                worth_forging = kind not in ("minor modulo a prime", "ball minor") or len(one["rows"]) > 1 and "radius" not in one
                if worth_forging:
                    self.first.setdefault(kind, one)

    def stored(self, check):
        assert check["status"] == "holds"
        return [one for _, one, _ in REFEREE.certificates(self.directory / check["certificate"])]


def orientations():
    """What ``proofs-check condense`` writes for p = 3: six places on the circle."""
    x = np.linspace(-1, 1.5, 20)
    samples = np.stack([x, np.ones(20)], axis=1)
    return predict_orientations(parse("z**2*tanh(z)"), samples, np.sin(3 * x) + np.sin(6 * x) / 2).to_data()


def searched(file, options):
    """What the command writes into ``file``."""
    result = CliRunner().invoke(counterexample, [*options, "--out", str(file)])
    assert result.exit_code == 0, result.output
    ((_, certificate, _),) = REFEREE.certificates(file)
    return certificate


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return Written(tmp_path_factory.mktemp("written"), WRITERS)


def test_every_certificate_is_accepted(written):
    kinds = Counter()
    for _, certificate in written.all:
        shown = REFEREE.check(certificate)
        kinds.update(REFEREE.kinds(certificate))
        assert shown == len(certificate["rows"]) == len(certificate["columns"]) if "rows" in certificate else isinstance(shown, str)
    assert kinds.keys() == {kind for script in REFEREE.SCRIPTS for kind in script.KINDS} - {None} == FORGERIES.keys()
    assert {claim for claim, _ in written.all} == {*WRITERS, None}


def test_the_run_names_every_file_it_wrote(written):
    named = {check["certificate"] for _, check in written.checks} - {None}
    assert named == {f"certificates/{file.name}" for file in (written.directory / "certificates").iterdir()}


# -------------------------------------------------------------------------------------------------------------------- forgeries


def moved(value):
    """Another number of the same type: about a thousandth away, or the next integer."""
    if isinstance(value, bool | int):
        return value + 1
    if isinstance(value, float):
        return value * 1.001 + 1e-6
    if "/" in value.replace("+/-", ""):
        p, q = value.split("/")
        return f"{int(p) + 1}/{q}"
    return repr(float(value.strip("[").split()[0]) * 1.001 + 1e-6)


def halved(value):
    return value / 2


def instead(value):
    return lambda _: value


def first_again(rows):
    """A repeated row: the minor vanishes, whatever the network."""
    return [rows[0], *rows[:1], *rows[2:]]


def one_less(entries):
    return entries[:-1]


BOX = (("box", "centre", 0), moved), (("box", "radius"), instead("1e-90"))
#: For each kind changes that make a certificate false: the place in it, and what happens to what stands there.
FORGERIES = {
    "minor modulo a prime": [
        (("rows",), first_again),
        (("columns",), one_less),
        *((("prime",), instead(prime)) for prime in (5 * 13, 7)),  # no field; no root of -1 for sin and cos
        (("unit",), instead(0)),
    ],
    "ball minor": [(("rows",), first_again), (("columns",), one_less), (("radius",), instead(10.0)), (("precision",), instead(1e17))],
    "Taylor series modulo a prime": [
        (("rank",), moved),
        (("theta",), lambda theta: ["0"] * len(theta)),
        (("activation",), instead("relu")),
    ],
    "extremum of the elasticity": [(("centre", 0), moved), (("radius",), instead("1e-90")), (("activation",), instead("tanh"))],
    "critical point behind a residual block": [*BOX, (("y", 0, 0), moved), (("shallow", 2), moved), (("deep", 0), moved)],
    "critical point before a split": [*BOX, (("data", 1, 0, 0), moved), (("inertia", 0), moved)],
    "contact form": [
        *((place, moved) for place in (("start", 0), ("start", 1), ("start", 2), ("limit", 0), ("limit", 2), ("D",), ("E",), ("x", 1))),
        (("limit", 1), instead("0")),
        (("activation",), instead("exp")),
    ],
    "contact by contact form": [
        *((place, moved) for place in (("theta0", 0), ("limits", 0, 3), ("samples", 0, "y"), ("inputs",), ("neurons",))),
        *((("certificates", 0, *place), moved) for place in (("start", 0), ("limit", 3), ("D",), ("E",), ("x", 1))),
        (("activation",), instead("tanh")),
    ],
    "one-point overlap": [
        *((place, moved) for place in (("start", 1), ("limit", 1), ("inputs", 0), ("transversality",), ("boxes", 1, "centre", 0))),
        (("boxes",), lambda boxes: [boxes[0], boxes[0]]),
    ],
    "two-point overlap": [
        *((place, moved) for place in (("start", "a"), ("samples", 1, "x", 0), ("samples", 0, "y"))),
        *((place, moved) for place in (("limits", 0, "a"), ("limits", 1, "w", 0))),
        (("formula from",), instead(1e3)),
    ],
    "two-point by first integrals": [
        *((place, moved) for place in (("theta0", 0), ("samples", 1, "x", 0), ("samples", 0, "y"), ("limits", 0, 0))),
        *((("certificates", 1, *place), moved) for place in (("box", "centre", 2), ("labels", 0), ("limits", 1, 0))),
    ],
    "two-point by validated orbits": [
        (("certificates", 0, *place), moved) for place in (("box", "centre", 0), ("labels", 1), ("limits", 0, 1))
    ],
    "one-point by first integrals": [
        *((place, moved) for place in (("theta0", 0), ("theta0", 1), ("limits", 1, 0), ("samples", 0, "x", 0), ("samples", 1, "y"))),
        *((("certificates", 0, *place), moved) for place in (("boxes", 1, "centre", 0), ("transversality",))),
        (("limits",), lambda limits: [[*limits[0][:-1], "0.6"]] * 2),
        (("samples",), lambda samples: [samples[0], samples[0]]),
        (("certificates",), lambda proofs: [{**proofs[0], "boxes": [proofs[0]["boxes"][0]] * 2}]),
        (("activation",), instead("tanh")),
        (("neurons",), moved),
        (("inputs",), moved),
    ],
    "cycle by first integrals": [
        *((place, moved) for place in (("theta0", 0), ("limits", 2, 1), ("samples", 3, "x", 0), ("samples", 0, "y"), ("inputs",))),
        *((("certificates", 0, *place), moved) for place in (("first",), ("weights", 1), ("box", "centre", 0))),
        (("certificates", 0, "box", "radius"), instead("1e-90")),
        (("activation",), instead("tanh")),
    ],
    "cycle by first integrals along a loop": [
        *((place, moved) for place in (("theta0", 0), ("limits", 0, 1), ("inputs",))),
        *((("certificates", 0, *place), moved) for place in (("a0",), ("weights", 1, 0), ("factors", 0), ("steps",), ("box", "centre", 1))),
        (("samples",), instead([{"x": ["1", "1"], "y": "1"}])),
        (("activation",), instead("exp")),
    ],
    "4-cycle": [
        *((place, moved) for place in (("start", 1), ("first",), ("weights", 1), ("points", 2, 1), ("inputs", 3), ("labels", 0))),
        *BOX,
    ],
    "cycle": [
        *((place, moved) for place in (("start", "a"), ("first", "a"), ("weights", 1, 0), ("factors", 0), ("steps",))),
        (("box", "centre", 1), moved),
    ],
    "zero label": [(place, moved) for place in (("start", 0), ("start", 1), ("inputs", 2), ("weights", 3))],
    "tail": [(("radius",), halved), (("end", 0), moved), (("time",), instead(1e9))],
    "validated flows with tail bound": [(("runs", 1, "labels", 0), moved), (("runs",), lambda runs: [runs[1], runs[1]])],
    "tail of a flow near a solution": [(("limit within",), lambda way: way / 100), (("start", 0), lambda value: value + 0.1)],
    "change of sign": [
        (("between",), instead(["7", "8"])),
        (("samples", 0, 0), instead(None)),
        (("samples",), one_less),
        (("activation",), instead("1/z")),
    ],
    "exact inertia of a lift": [
        *((place, moved) for place in (("theta", 0), ("deep theta", 0), ("shallow", 1), ("deep", 2), ("x", 0, 1), ("y", 0, 0))),
    ],
    "orientations of a small network": [
        *((place, moved) for place in (("x", 3, 0), ("c", 5), ("p",), ("orientations", 0, "direction", 1))),
        (("orientations", 1, "side"), operator.neg),
        (("orientations", 2, "growing"), operator.not_),
        (("orientations",), one_less),  # said to be all
        (("orientations",), first_again),
        (("c",), lambda c: ["0"] * len(c)),
    ],
    # more of these in tests/numerics/dynamics/test_optimizer_referees.py
    "contraction trap": [
        (("run", "beta2"), instead("0.5")),
        (("run", "rate"), instead("1e-6")),
        (("steps",), lambda steps: steps - 600),
        (("norm",), instead("1")),
        (("radius",), instead("1")),
        (("basis", 0), instead(["0", "0", "0"])),
        (("limit",), instead("2-cycle")),
    ],
    "hitting times": [(("below", 0, 1), lambda steps: steps + 1), (("below", 0, 0), instead("1e-21")), (("run", "rate"), instead("0.1"))],
    "cover of parameters": [
        (("tree",), lambda tree: tree.replace("-", "+", 1)),
        (("tree",), lambda tree: tree[:-1]),
        (("positive",), instead("1")),
        (("k",), lambda k: k + 4),
    ],
    "2-cycle of Adam": [
        (("verdict",), instead("undecided")),
        (("state", 0), moved),
        (("beta1",), instead("1/2")),
        (("k",), lambda k: k + 1),
    ],
    "definite form of a split neuron": [
        (("theta", 0), moved),
        (("inertia",), instead([1, 0, 1])),
        (("samples",), lambda samples: [*samples, ["1/3", "2/7"]]),  # as many samples as the codimension
        (("samples",), one_less),  # more than one relation
    ],
}


def changed(certificate, place, change):
    forged = copy.deepcopy(certificate)
    *way, last = place
    holder = reduce(lambda inner, key: inner[key], way, forged)
    holder[last] = change(holder.get(last) if isinstance(holder, dict) else holder[last])
    assert forged != certificate
    return forged


@pytest.mark.parametrize("kind", FORGERIES)
def test_forged_certificates_are_refused(written, kind):
    genuine = written.first[kind]
    for place, change in FORGERIES[kind]:
        with pytest.raises((AssertionError, ValueError)):
            REFEREE.check(changed(genuine, place, change))
            pytest.fail(f"a forged {place} was accepted")


def test_a_rank_on_the_stratum_is_none_at_the_point(written):
    series = [one for _, one in written.all if one.get("at")]
    assert {one["at"] for one in series} == {"point", "stratum"}
    with pytest.raises(AssertionError, match="on the stratum only"):
        REFEREE.check({**next(one for one in series if one["at"] == "stratum"), "at": "point"})


def test_a_minor_over_too_wide_a_box_is_refused(written):
    wide = next(one for claim, one in written.all if claim == "rank.semicontinuity" and len(one["rows"]) > 1)
    with pytest.raises(AssertionError, match="may vanish"):
        REFEREE.check({**wide, "radius": 1.0})


@pytest.mark.parametrize("name", ["check_box", "check_neuron", "check_flow", "check_sign"])
def test_a_precision_beyond_all_memory_is_refused(written, name):
    """The library ends the process where it cannot allocate."""
    script = example(name)
    for kind in script.KINDS.keys() & written.first.keys():
        forged = {**written.first[kind], "bits": 1e17}
        with pytest.raises(AssertionError, match="memory"):
            script.check(forged)


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999"])
def test_a_number_beyond_all_memory_is_refused(written, text):
    with pytest.raises(AssertionError, match="memory"):
        REFEREE.check({**written.first["zero label"], "start": [text, "1"]})


@pytest.mark.parametrize("activation", ["z**99", "().__class__", "open('x')", "z" * 401, "__import__('os')", None, 7, ["tanh"]])
def test_a_formula_is_data(written, activation):
    with pytest.raises(AssertionError):
        REFEREE.check({**written.first["zero label"], "activation": activation})


@pytest.mark.parametrize("name", REFEREE.NAMES[1:])
@pytest.mark.parametrize("forged", [None, [], {}, "zero label", {"kind": ["tail"]}, {"kind": "nothing"}])
def test_what_is_no_certificate_is_refused(name, forged):
    with pytest.raises(AssertionError):
        example(name).check(forged)


@pytest.mark.parametrize("name", REFEREE.NAMES[1:])
def test_a_certificate_of_its_kind_alone_is_refused(name):
    for kind in example(name).KINDS:
        with pytest.raises(AssertionError):
            example(name).check({"kind": kind, "activation": "tanh", "bits": "many"})


# ---------------------------------------------------------------------------------------------------------------- from outside


@pytest.mark.parametrize("name", ["balls", "check_certificate", *REFEREE.NAMES])
def test_the_referees_import_the_standard_library_and_flint_alone(name):
    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in found} <= sys.stdlib_module_names | {"flint", "balls", "referee", "check_box"}


def test_the_front_door_is_short():
    assert len((ROOT / "examples" / "check_certificate.py").read_text(encoding="utf-8").splitlines()) < 100


def test_a_run_is_checked_from_its_results_file_by_copies_of_the_scripts(written, tmp_path):
    """In a folder of their own, so that nothing of ours is beside them: a genuine certificate, and a forged one after it."""
    for name in ("balls", "check_certificate", "referee", *REFEREE.NAMES):
        shutil.copy(ROOT / "examples" / f"{name}.py", tmp_path)
    genuine = written.first["zero label"]
    for stored, code, end in (
        (genuine, 0, "1 certificates checked, 0 refused"),
        ([genuine, {"kind": "tail"}], 1, "1 certificates checked, 1 refused"),
    ):
        text = json.dumps(stored)
        (tmp_path / "one.json").write_text(text)
        check = {"name": genuine["check"], "certificate": "one.json", "certificate_hash": hashlib.sha256(text.encode()).hexdigest()}
        check["certificate_states"] = [{} for _ in (stored if isinstance(stored, list) else [stored])]
        run = {"claims": [{"id": genuine["claim"], "checks": [check, {"certificate": None}]}]}
        (tmp_path / "results.json").write_text(json.dumps(run))
        command = [sys.executable, "-I", tmp_path / "check_certificate.py", tmp_path / "results.json"]  # -I: no PYTHONPATH
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        assert done.stdout.startswith("one.json 0: 4 limits") and done.stdout.rstrip().endswith(end)
