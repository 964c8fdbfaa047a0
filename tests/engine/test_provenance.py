"""A finding is reused only while everything it rests on is what it was: code, kernels, data, variables, libraries."""

import sqlite3
import sys

import pytest

from proofs_check import ClaimError, Status, load_claims, verify
from proofs_check.context import Context
from proofs_check.engine import provenance, sources
from proofs_check.engine.finding import ITSELF
from proofs_check.engine.pool import Pool
from proofs_check.engine.runner import make_job
from proofs_check.engine.sources import closure, source_hash
from proofs_check.engine.store import StoreError

#: A claims file that rests on all that a claim can rest on, and leaves a mark for each part that runs.
RESTS = """
import importlib
import importlib.util
import os
import pathlib

import numpy

import onthepath
import package
from proofs_check import Check, Claim, Control, Outcome, Source

HERE = pathlib.Path(__file__).parent

def check(instance, *, expected, context):
    with open(HERE / "marks", "a") as marks:
        marks.write("x")
    loaded = importlib.import_module("computed" + "_name")
    spec = importlib.util.spec_from_file_location("whatever", HERE / "aside" / "loaded.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with context.open("asked.csv") as asked, open(HERE / "opened.csv") as opened:
        values = asked.read(), opened.read(), numpy.load(HERE / "array.npy").tolist(), (HERE / "text.txt").read_text()
    names = os.environ.get("NAMED_VARIABLE"), os.environ["OTHER_VARIABLE"], context.environment("ASKED" + "_VARIABLE")
    with open(HERE / "scratch", "w") as scratch:
        scratch.write("what it writes itself is no matter")
    (HERE / "scratch").read_text()
    return Outcome.equal(expected, instance)

CLAIMS = [Claim(id="own.rests", title="T", statement="1 = 1", source=Source("arXiv:0000.00000v1", "0"), checks=[Check(
    "only", evidence="exact", covers="instances", scope="one", run=check, instances=lambda context: [1],
    parameters={"expected": 1}, controls=[Control("seven", expected=7)])])]
"""
FILES = {
    "own.py": RESTS,
    "computed_name.py": "",
    "aside/loaded.py": "",
    "asked.csv": "1",
    "opened.csv": "1",
    "text.txt": "1",
    "package/__init__.py": "from . import inner\nfrom .deeper.still import X",
    "package/inner.py": "",
    "package/deeper/__init__.py": "",
    "package/deeper/still.py": "from ..sibling import X",
    "package/sibling.py": "X = 1",
    "elsewhere/onthepath.py": "import further",
    "elsewhere/further.py": "",
}


@pytest.fixture
def rests(tmp_path, monkeypatch):
    """The folder of the claims file and all that it rests on."""
    import numpy

    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    numpy.save(tmp_path / "array.npy", numpy.ones(3))
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    for name in ("NAMED_VARIABLE", "OTHER_VARIABLE", "ASKED_VARIABLE"):
        monkeypatch.setenv(name, "1")
    yield tmp_path
    for name in ("onthepath", "further"):
        sys.modules.pop(name, None)


def marks(folder):
    return len((folder / "marks").read_text())


def test_whatever_a_finding_rests_on_is_computed_again_when_it_changed(rests, monkeypatch):
    def run():
        found = verify(claims=rests / "own.py", out=rests / "run", resume=(rests / "run").exists())
        assert found.verdicts == {"own.rests": "certified"}
        return marks(rests)

    before = run()
    assert before == 2 and run() == before  # itself and its control; then nothing
    for name in [*FILES, "array.npy"]:
        file = rests / name
        file.write_bytes(file.read_bytes().replace(b"\xf0?", b"\x00@") if name == "array.npy" else file.read_bytes() + b"\n# changed")
        assert run() == before + 2, name
        before += 2
    for name in ("NAMED_VARIABLE", "OTHER_VARIABLE", "ASKED_VARIABLE"):
        monkeypatch.setenv(name, "2")
        assert run() == before + 2, name
        before += 2
    (rests / "stranger.csv").write_text("1")
    monkeypatch.setenv("STRANGE_VARIABLE", "1")
    assert run() == before


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Packages of ours in small, one module of which has kernels and a table beside it."""
    files = {
        **dict.fromkeys(("theory/__init__.py", "numerics/__init__.py", "numerics/train/__init__.py", "numerics/rank/__init__.py"), ""),
        "numerics/train/native.py": "from . import shapes",
        "numerics/train/shapes.py": "",
        "numerics/train/kernels/update.h": "1",
        "numerics/train/kernels/gpu.cu": "1",
        "numerics/rank/table.json": "{}",
        "proofs_check/claims/own.py": "def f():\n    from numerics.train import native",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    caches = [function for function in vars(sources).values() if hasattr(function, "cache_clear")]
    monkeypatch.setattr(sources, "PACKAGES", tmp_path)
    for function in caches:
        function.cache_clear()
    yield tmp_path
    for function in caches:
        function.cache_clear()


@pytest.mark.parametrize(
    ("changed", "matters"),
    [
        ("numerics/train/native.py", True),
        ("numerics/train/shapes.py", True),
        ("numerics/train/kernels/update.h", True),
        ("numerics/train/kernels/gpu.cu", True),
        ("numerics/rank/table.json", False),
        ("theory/__init__.py", False),
    ],
)
def test_kernels_and_data_beside_a_module_matter_where_it_is_reached(packages, changed, matters):
    before = source_hash(packages / "proofs_check" / "claims" / "own.py")
    with open(packages / changed, "a") as file:
        file.write("\n// changed")
    assert (source_hash(packages / "proofs_check" / "claims" / "own.py") != before) is matters


def test_the_kernels_and_data_that_ship_are_reached():
    names = {file.name for path in set(load_claims().files.values()) for file in closure(path)}
    assert {"update.h", "functions.h", "device.h", "cpu.cpp", "gpu.cu", "iris.csv", "published_experiments.json"} <= names


def test_other_libraries_are_another_key_and_refused_by_a_worker(write_claims, tmp_path, monkeypatch):
    file = write_claims("claim('own.a')")
    registry = load_claims(file)
    job = make_job(registry, registry["own.a"], registry["own.a"].checks[0], ITSELF, level="quick")
    for name in ("python", "numpy", "scipy", "python-flint", "torch", "sympy", "hypothesis"):
        other = job.__class__(**{**job.to_data(), "libraries": {**job.libraries, name: "0.0.1"}})
        assert other.key != job.key
    with Pool(1) as pool:
        finding = pool.run_one(other)
    assert finding.status is Status.ERROR
    assert finding.message == f"the worker computes with other versions: hypothesis {job.libraries['hypothesis']} (expected 0.0.1)"


def test_a_resumed_run_with_another_library_reuses_nothing(rests, monkeypatch):
    verify(claims=rests / "own.py", out=rests / "run")
    before = marks(rests)
    monkeypatch.setattr("proofs_check.engine.runner.versions", lambda: {**provenance.versions(), "numpy": "0.0.1"})
    found = verify(claims=rests / "own.py", out=rests / "run", resume=True)
    assert found.verdicts == {"own.rests": "error"} and marks(rests) == before
    assert "the worker computes with other versions" in found.results["claims"][0]["checks"][0]["message"]


def edited(file, statement):
    database = sqlite3.connect(file)
    with database:
        database.executescript(statement)
    database.close()


def test_an_edited_store_is_refused(write_claims, tmp_path, proofs_check):
    file = write_claims("claim('own.a', expected=2)")
    proofs_check("verify", "--claims", file, "--out", "run", expect=1)
    edited(tmp_path / "run" / "run.sqlite", "UPDATE findings SET finding = replace(finding, '\"fails\"', '\"holds\"')")
    refused = proofs_check("verify", "--claims", file, "--out", "run", "--resume", expect=2)
    assert "the finding of own.a only itself was changed after it was stored" in refused.stderr


def test_a_finding_moved_to_another_claim_is_refused(write_claims, tmp_path):
    file = write_claims("claim('own.a')", "claim('own.b', expected=2)")
    assert verify(claims=file, out=tmp_path / "run").verdicts["own.b"] == "refuted"
    edited(tmp_path / "run" / "run.sqlite", "DELETE FROM findings WHERE claim = 'own.b'; UPDATE findings SET claim = 'own.b'")
    with pytest.raises(StoreError, match="was changed after it was stored"):
        verify(claims=file, out=tmp_path / "run", resume=True)


def test_what_a_store_of_an_earlier_schema_lacks_is_said(write_claims, tmp_path, proofs_check):
    file = write_claims("claim('own.a')")
    proofs_check("verify", "--claims", file, "--out", "run")
    edited(tmp_path / "run" / "run.sqlite", "PRAGMA user_version = 2")
    refused = proofs_check("verify", "--claims", file, "--out", "run", "--resume", expect=2)
    assert "expected version 3, got 2: none of its 2 findings can be reused, they lack checksums and" in refused.stderr


def test_data_files_are_read_only_and_start_at_the_claims_file(tmp_path):
    (tmp_path / "data.csv").write_text("σ")
    context = Context("own.a", "only", folder=tmp_path)
    with context.open("data.csv") as file:
        assert file.read() == "σ"
    with context.open(tmp_path / "data.csv", "rb") as file:
        assert file.read() == "σ".encode()
    assert list(context.read) == [str(tmp_path / "data.csv")]
    with pytest.raises(ClaimError, match="context.open reads, mode must be 'r' or 'rb', got 'w'"):
        context.open("data.csv", "w")


def test_variables_are_asked_for_with_a_default(monkeypatch):
    monkeypatch.delenv("OWN_VARIABLE", raising=False)
    context = Context("own.a", "only")
    assert context.environment("OWN_VARIABLE", "none") == "none" and context.variables == {"OWN_VARIABLE": None}
    monkeypatch.setenv("OWN_VARIABLE", "secret")
    assert context.environment("OWN_VARIABLE") == "secret" and "secret" not in str(context.variables)


def test_compiled_modules_elsewhere_are_no_data(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "compiled"))
    recorder = provenance.Recorder()
    for name in ("compiled/module.cpython-311.pyc", "compiled/data.csv", "module.pyc"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        recorder._busy.now = True  # as another process would write it
        file.write_text("x")
        recorder._busy.now = False
        file.read_text()
    assert [name.removeprefix(f"{tmp_path}/") for name in recorder.reads] == ["compiled/data.csv", "module.pyc"]
