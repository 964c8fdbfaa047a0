"""verify: results as the schema wants them, resumed runs, interrupted runs, and the same verdicts whatever the machine does."""

import ast
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from proofs_check import ClaimError, load_claims, verify
from proofs_check.engine.runner import Interrupted, resolve_device
from proofs_check.engine.store import StoreError, locked


@pytest.fixture
def false_run(claim_files, tmp_path):
    return verify(claims=claim_files / "false.py", out=tmp_path / "run")


def test_a_false_claim_is_refuted_with_a_reduced_counterexample(false_run):
    assert false_run.verdicts == {
        "false.drawn": "refuted",
        "false.batched": "refuted",
        "false.control-survives": "vacuous",
    }
    assert not false_run.passed()
    drawn, batched, _ = (claim["checks"][0]["counterexample"] for claim in false_run.results["claims"])
    assert drawn["instance"] == [[0, 0], [0, 0]]
    assert batched["instance"] == [[0]]
    assert "fails too" in drawn["replay"]
    assert drawn["reproduce"].startswith("proofs-check reproduce ") and "--claims" in drawn["reproduce"]


def test_what_is_written_is_what_is_returned_and_validates(false_run):
    from reports.results import read, validate

    validate(false_run.results)
    assert read(false_run.directory / "results.json") == json.loads(json.dumps(false_run.results))


def test_results_are_complete(false_run):
    run = false_run.results["run"]
    assert (run["level"], run["seed"], run["device"], run["alpha"]) == ("quick", 0, run["device"], 1e-3)
    assert {"python", "numpy", "torch", "sympy", "python-flint"} <= run["versions"].keys()
    check = false_run.results["claims"][0]["checks"][0]
    assert check["controls"] == [{"name": "another rank", "refuted": True, "message": check["controls"][0]["message"]}]
    assert check["controls"][0]["message"].startswith("case ")


def test_patterns_select_and_dependencies_undermine(claim_files):
    run = verify("many.c[23]", claims=claim_files / "many.py")
    assert run.verdicts == {"many.c2": "certified", "many.c3": "refuted"}
    everything = verify(claims=claim_files / "many.py", jobs=2)
    undermined = {claim["id"]: claim["undermined_by"] for claim in everything.results["claims"] if claim["undermined_by"]}
    assert undermined == {"many.c9": ["many.c8"], "many.c19": ["many.c18"]}


def test_results_do_not_depend_on_the_number_of_workers(claim_files):
    def findings(jobs):
        claims = verify(claims=claim_files / "false.py", jobs=jobs).results["claims"]
        return [{**check, "seconds": 0} for claim in claims for check in claim["checks"]]

    assert findings(1) == findings(3)


def test_a_claim_that_breaks_costs_itself_only(claim_files, tmp_path):
    run = verify(["trouble.leaves", "trouble.sound", "trouble.hangs"], claims=claim_files / "trouble.py", out=tmp_path, timeout=2.0)
    assert run.verdicts == {"trouble.sound": "certified", "trouble.leaves": "error", "trouble.hangs": "error"}
    statuses = {claim["id"]: claim["checks"][0]["status"] for claim in run.results["claims"]}
    assert statuses == {"trouble.sound": "holds", "trouble.leaves": "error", "trouble.hangs": "timeout"}
    assert "in hangs" in (tmp_path / "logs" / "trouble.hangs.only.itself.log").read_text()


LATE = """
from dataclasses import replace

def late(claim):
    return replace(claim, checks=[replace(claim.checks[0], level="full")])
"""


def test_a_check_above_the_level_is_skipped_with_its_controls(write_claims):
    run = verify(claims=write_claims("late(claim('own.a'))", before=LATE))
    (claim,) = run.results["claims"]
    assert claim["verdict"] == "skipped"
    assert claim["checks"][0]["message"] == "runs from level full on"
    assert claim["checks"][0]["controls"][0]["refuted"] is None


@pytest.fixture
def counted_claims(write_claims):
    """A claims file whose check leaves a mark for each time it runs; the file and the marks."""

    def write(expected=1, name="own.py"):
        text = f"""
import pathlib
from proofs_check import Check, Claim, Control, Outcome, Source

def check(instance, *, expected, context):
    with open(pathlib.Path(__file__).with_suffix(".ran"), "a") as marks:
        marks.write(str(expected))
    if pathlib.Path(__file__).with_suffix(".broken").exists():
        raise OSError("broken")
    return Outcome.equal(expected, instance)

CLAIMS = [Claim(id="own.a", title="T", statement="1 = 1", source=Source("arXiv:0000.00000v1", "0"), checks=[Check(
    "only", evidence="exact", covers="instances", scope="one", run=check, instances=lambda context: [1],
    parameters={{"expected": {expected}}}, controls=[Control("seven", expected=7)])])]
"""
        file = write_claims("", name=name)
        file.write_text(text)
        return file

    return write


def marks(file):
    path = file.with_suffix(".ran")
    return path.read_text() if path.exists() else ""


def test_a_resumed_run_reuses_what_agrees(counted_claims, tmp_path):
    file, out = counted_claims(), tmp_path / "run"
    first = verify(claims=file, out=out)
    assert marks(file) == "17"
    assert verify(claims=file, out=out, resume=True).verdicts == first.verdicts
    assert marks(file) == "17"
    verify(claims=file, out=out)
    assert marks(file) == "1717"


def test_changed_code_runs_again(counted_claims, tmp_path):
    file, out = counted_claims(), tmp_path / "run"
    assert verify(claims=file, out=out).verdicts == {"own.a": "certified"}
    counted_claims(expected=2)
    assert verify(claims=file, out=out, resume=True).verdicts == {"own.a": "refuted"}


def test_errors_run_again_when_resumed(counted_claims, tmp_path):
    file, out = counted_claims(), tmp_path / "run"
    file.with_suffix(".broken").touch()
    assert verify(claims=file, out=out).verdicts == {"own.a": "error"}
    file.with_suffix(".broken").unlink()
    assert verify(claims=file, out=out, resume=True).verdicts == {"own.a": "certified"}


def test_an_interrupt_keeps_what_was_computed(claim_files, tmp_path):
    seen = []

    def stop(claim):
        seen.append(claim["id"])
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"stopped after \d+ of 80 parts") as stopped:
        verify(claims=claim_files / "many.py", out=tmp_path, progress=stop)
    assert stopped.value.directory == tmp_path
    assert not (tmp_path / "results.json").exists()
    finished = []
    whole = verify(claims=claim_files / "many.py", out=tmp_path, resume=True, progress=finished.append)
    assert whole.verdicts == verify(claims=claim_files / "many.py").verdicts
    assert [claim["id"] for claim in finished][:5] == seen


def test_two_runs_in_one_directory_refuse_each_other(claim_files, tmp_path):
    with locked(tmp_path):
        with pytest.raises(StoreError, match="in use by another run"):
            verify(claims=claim_files / "false.py", out=tmp_path)


def test_verify_works_outside_the_main_thread(write_claims):
    file, found = write_claims("claim('own.a')"), []
    thread = threading.Thread(target=lambda: found.append(verify(claims=file).verdicts))
    thread.start()
    thread.join(60)
    assert found == [{"own.a": "certified"}]


def test_a_program_that_calls_verify_is_not_run_again_by_the_workers(write_claims, tmp_path):
    file = write_claims("claim('own.a')")
    program = tmp_path / "program.py"
    program.write_text(f"print('once')\nfrom proofs_check import verify\nprint(verify(claims={str(file)!r}).verdicts)\n")
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, env={"PYTHONPATH": root}, timeout=60)
    assert done.stdout.split("\n", 1)[0] == "once"
    assert ast.literal_eval(done.stdout.split("\n", 1)[1]) == {"own.a": "certified"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "slow"}, "level must be one of quick, standard, full, got 'slow'"),
        ({"jobs": 0}, "jobs must be at least 1, got 0"),
        ({"seed": -1}, "seed must be an integer from 0 on, got -1"),
        ({"seed": "random"}, "seed must be an integer from 0 on, got 'random'"),
        ({"timeout": 0}, "timeout must be a positive number of seconds, got 0"),
        ({"timeout": float("inf")}, "timeout must be a positive number"),
        ({"device": "tpu"}, "device must be auto, cpu or cuda, got 'tpu'"),
        ({"resume": True}, "resume needs out"),
        ({"patterns": "other.*"}, "no claim matches 'other.*'"),
        ({"patterns": ["false.drawn", ""]}, "no claim matches ''"),
    ],
)
def test_bad_arguments_are_named(claim_files, arguments, message):
    with pytest.raises(ClaimError) as refused:
        verify(**{"claims": claim_files / "false.py", **arguments})
    assert message in str(refused.value)


def test_a_registry_may_be_given(claim_files):
    registry = load_claims(claim_files / "false.py")
    assert verify("*survives", claims=registry).verdicts == {"false.control-survives": "vacuous"}


def test_cuda_where_there_is_none_is_refused(monkeypatch):
    monkeypatch.setattr("proofs_check.engine.runner._has_cuda", lambda: False)
    assert resolve_device("auto") == resolve_device("cpu") == "cpu"
    with pytest.raises(ClaimError, match="found none"):
        resolve_device("cuda")
