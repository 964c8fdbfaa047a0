"""What a referee does without us: the certificates that a run writes are checked again by the examples, with python-flint alone."""

import ast
import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from forgeries import ARGUMENT, FORMAT, changed
from referees import script

from numerics.critical import certify, certify_module, find_critical_points, module_inertia
from numerics.critical.certificates import point_certificate
from numerics.critical.modules import read_module
from numerics.dynamics.orientations import predict_orientations
from numerics.modules import architectures
from numerics.planting import plant
from numerics.rank import module_model_rank
from proofs_check import verify
from proofs_check.commands.counterexample import command as counterexample
from theory.expressions import parse
from theory.models import FullyConnected

ROOT = Path(__file__).resolve().parents[2]
#: The claims that write certificates at level quick, family by family.
WRITERS = ["fnn.strata", "fnn.strata-bias", "fnn.multi-output", "fnn.independence", "fnn.poly", "fnn.activations", "deep.generic"]
WRITERS += ["rank.semicontinuity", "rank.phase-transition-ae", "cnn.dup", "cnn.shared", "cnn.noshare", "cnn.fnn"]
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
    ("--activation", "softplus", "--mechanism", "one-point"),
    ("--activation", "softplus", "--candidates", "20"),
    ("--activation", "relu", "--neurons", "2", "--inputs", "2"),
    (
        "--activation",
        "tanh",
        "--inputs",
        "2",
        "--mechanism",
        "reweight",
        "--start=-0.5,0,0.5",
        "--samples",
        "0.5,0:1;0.5,-1:0.25",
        "--steps",
    ),
    ("--activation", "sin", "--mechanism", "cycle", "--neurons", "2"),
    ("--activation", "gelu", "--mechanism", "reweight"),
]


REFEREE = script("check_certificate")


class Written:
    """A run in ``directory`` and certificates: (claim id, certificate) of the WRITERS and of searches (no claim; in ``folder``) in ``all``,
    the first of each kind in ``first``.
    """

    def __init__(self, directory, folder):
        self.directory = directory
        results = json.loads((directory / "results.json").read_text())
        self.checks = [(claim["id"], check) for claim in results["claims"] for check in claim["checks"] if check["certificate"]]
        self.all = [(claim, one) for claim, check in self.checks if claim in WRITERS for one in self.stored(check)]
        self.all += [(None, searched(folder / f"found-{k}.json", options)) for k, options in enumerate(SEARCHES)]
        self.all += [(None, orientations()), (None, critical_point()), (None, module_minor())]
        self.all += [(None, module_point()), (None, module_inertia_bounds())]
        self.first = {}
        for _, one in self.all:
            for kind in REFEREE.kinds(one):
                small = kind in ("minor modulo a prime", "ball minor") and (len(one["rows"]) < 2 or "radius" in one)
                rational = kind == "minor modulo a prime" and not one["denominator"]  # no exponential, whose exponent a forgery could miss
                if not (small or rational):
                    self.first.setdefault(kind, one)

    def stored(self, check):
        assert check["status"] == "holds"
        return [one for _, one, _ in REFEREE.certificates(self.directory / check["certificate"])]


def orientations():
    """What ``proofs-check condense`` writes for p = 3: six places on the circle."""
    x = np.linspace(-1, 1.5, 20)
    samples = np.stack([x, np.ones(20)], axis=1)
    return predict_orientations(parse("z**2*tanh(z)"), samples, np.sin(3 * x) + np.sin(6 * x) / 2).to_data()


def critical_point():
    """What ``proofs-check certify`` writes for a linear classifier of three classes."""
    rng, model = np.random.default_rng(0), FullyConnected((2, 3))
    data = rng.normal(size=(12, 2)), np.eye(3, dtype=int)[np.arange(12) % 3]
    theta = find_critical_points(model, data, starts=1, loss="cross-entropy", minima=True)[0].theta
    return point_certificate(model, certify(model, theta, data, "cross-entropy", invariances=True), theta, data, "cross-entropy")


def module_minor():
    """What ``proofs-check rank --json`` writes for a head of attention; as it is read from its file."""
    import torch

    class Head(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = (torch.nn.Linear(2, 2, bias=False) for _ in range(3))

        def forward(self, x):
            return torch.softmax(self.q(x) @ self.k(x).transpose(1, 2), -1) @ self.v(x)

    torch.manual_seed(0)
    return json.loads(json.dumps(module_model_rank(Head(), np.zeros((1, 3, 2))).certificate))


def module_point():
    """What ``proofs-check certify`` writes for a head of attention, with targets for which it is critical."""
    import torch

    module, x = architectures.drawn(architectures.attention_layers(2, 1, 1, True), 0), np.random.default_rng(0).normal(size=(6, 3, 2))
    outputs = module(torch.as_tensor(x)).detach()
    model, theta, (rows, _) = read_module(module, (x, outputs))
    y = plant(model, theta, rows, size=0.3)[1].reshape(outputs.shape)
    return json.loads(json.dumps(certify_module(module, (x, y)).certificate))


def module_inertia_bounds():
    """What ``proofs-check inertia`` writes for a recurrent layer."""
    module, rng = architectures.drawn(architectures.recurrent("rnn", 1, 2), 0), np.random.default_rng(0)
    found = module_inertia(module, (rng.normal(size=(20, 2, 1)), rng.normal(size=(20, 1))))
    return json.loads(json.dumps(found.certificate))


def searched(file, options):
    """What the command writes into ``file``."""
    result = CliRunner().invoke(counterexample, [*options, "--out", str(file)])
    assert result.exit_code == 0, result.output
    ((_, certificate, _),) = REFEREE.certificates(file)
    return certificate


@pytest.fixture(scope="module")
def written(tmp_path_factory, pytestconfig):
    """The certificates of the run that ``--claims-run`` names, or of a run of the writers."""
    folder = tmp_path_factory.mktemp("written")
    if not (run := pytestconfig.option.claims_run):
        verify(WRITERS, device="cpu", out=(run := folder / "run"), jobs=2)
    return Written(Path(run), folder)


def test_every_certificate_is_accepted(written):
    kinds = Counter()
    for _, certificate in written.all:
        shown = REFEREE.check(certificate)
        kinds.update(REFEREE.kinds(certificate))
        assert shown == len(certificate["rows"]) == len(certificate["columns"]) if "rows" in certificate else isinstance(shown, str)
    assert kinds.keys() == {kind for script in REFEREE.SCRIPTS for kind in script.KINDS} - {None} == ARGUMENT.keys()
    assert {claim for claim, _ in written.all} == {*WRITERS, None}


def test_the_run_names_every_file_it_wrote(written):
    named = {check["certificate"] for _, check in written.checks}
    assert named == {f"certificates/{file.name}" for file in (written.directory / "certificates").iterdir()}


# -------------------------------------------------------------------------------------------------------------------- forgeries


def test_every_kind_has_a_dozen_forgeries_from_either_side():
    """As many from the argument as from the format of the file, at least six of each."""
    assert ARGUMENT.keys() == FORMAT.keys()
    assert {kind: counts for kind in ARGUMENT if min(counts := (len(ARGUMENT[kind]), len(FORMAT[kind]))) < 6} == {}
    assert min(len(ARGUMENT[kind]) + len(FORMAT[kind]) for kind in ARGUMENT) >= 12


@pytest.mark.parametrize("kind", ARGUMENT)
def test_forged_certificates_are_refused(written, kind):
    genuine = written.first[kind]
    # of two proofs in one file that of this kind alone
    referee = next(one for one in REFEREE.SCRIPTS if kind in one.KINDS) if "mechanism" in genuine else REFEREE
    for place, change in [*ARGUMENT[kind], *FORMAT[kind]]:
        forged = changed(genuine, place, change)
        with pytest.raises(AssertionError):
            referee.check(forged)
            pytest.fail(f"a forged {place} was accepted")


def test_a_rank_on_the_stratum_is_none_at_the_point(written):
    series = [one for _, one in written.all if one.get("at")]
    assert {one["at"] for one in series} == {"point", "stratum"}
    with pytest.raises(AssertionError, match="on the stratum only"):
        REFEREE.check({**next(one for one in series if one["at"] == "stratum"), "at": "point"})


def test_a_minor_over_too_wide_a_box_is_refused(written):
    wide = next(one for _, one in written.all if one.get("kind") == "ball minor" and len(one["rows"]) > 1)
    with pytest.raises(AssertionError, match="may vanish"):
        REFEREE.check({**wide, "radius": 1.0})


@pytest.mark.parametrize("name", ["check_box", "check_neuron", "check_flow", "check_sign"])
def test_a_precision_beyond_all_memory_is_refused(written, name):
    """The library ends the process where it cannot allocate."""
    referee = script(name)
    for kind in referee.KINDS.keys() & written.first.keys():
        forged = {**written.first[kind], "bits": 1e17}
        with pytest.raises(AssertionError, match="memory"):
            referee.check(forged)


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
        script(name).check(forged)


@pytest.mark.parametrize("name", REFEREE.NAMES[1:])
def test_a_certificate_of_its_kind_alone_is_refused(name):
    for kind in script(name).KINDS:
        with pytest.raises(AssertionError):
            script(name).check({"kind": kind, "activation": "tanh", "bits": "many"})


# ---------------------------------------------------------------------------------------------------------------- from outside


#: Scripts of the folder that check no certificate of their own.
HELPERS = ("balls", "constancy", "levels", "referee")


@pytest.mark.parametrize("name", [*HELPERS, "check_certificate", *REFEREE.NAMES])
def test_the_referees_import_the_standard_library_and_flint_alone(name):
    tree = ast.parse((ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in found} <= sys.stdlib_module_names | {
        "flint",
        *HELPERS,
        "check_box",
        "check_inertia",
        "check_module",
    }


def test_the_front_door_is_short():
    assert len((ROOT / "examples" / "check_certificate.py").read_text(encoding="utf-8").splitlines()) < 100


def test_a_run_is_checked_from_its_results_file_by_copies_of_the_scripts(written, tmp_path):
    """In a folder of their own, so that nothing of ours is beside them: a genuine certificate, and a forged one after it."""
    for name in (*HELPERS, "check_certificate", *REFEREE.NAMES):
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
