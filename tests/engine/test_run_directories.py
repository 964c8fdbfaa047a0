"""A directory belongs to one run: no other takes its place, none is begun by mistake, and one that was stopped can be read and resumed."""

import sys

import pytest

from proofs_check import verify
from proofs_check.engine.pool import PoolError
from proofs_check.engine.runner import Interrupted
from proofs_check.engine.store import StoreError


@pytest.fixture
def finished(claim_files, tmp_path):
    """The arguments of a finished run, which may be repeated."""
    arguments = {"patterns": ["many.c1", "many.c2"], "claims": claim_files / "many.py", "out": tmp_path / "run"}
    verify(**arguments)
    return arguments


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, r"holds another run: seed 0 \(now 1\); choose another --out"),
        ({"level": "standard"}, r'holds another run: level "quick" \(now "standard"\)'),
        ({"patterns": ["many.c1"]}, r'holds another run: patterns \["many.c1", "many.c2"\] \(now \["many.c1"\]\)'),
        ({"patterns": None}, r"holds another run: patterns .* \(now \[\"\*\"\]\)"),
    ],
)
def test_another_run_does_not_take_the_place_of_a_finished_one(finished, resume, change, message):
    before = (finished["out"] / "results.json").read_bytes()
    with pytest.raises(StoreError, match=message):
        verify(**{**finished, **change}, resume=resume)
    assert (finished["out"] / "results.json").read_bytes() == before


def test_other_claims_do_not_take_its_place(finished, write_claims):
    with pytest.raises(StoreError, match="holds another run: claims"):
        verify(**{**finished, "claims": write_claims("claim('many.c1')", "claim('many.c2')")})


def test_the_same_command_repeats_it(finished):
    first = (finished["out"] / "results.json").stat().st_mtime_ns
    verify(**{**finished, "patterns": ["many.c2", "many.c1"]})
    assert (finished["out"] / "results.json").stat().st_mtime_ns > first


def test_results_of_unknown_origin_are_not_overwritten(claim_files, tmp_path):
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(StoreError, match="holds the results of another run; choose another --out, or remove it"):
        verify("many.c1", claims=claim_files / "many.py", out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_a_run_to_resume_has_to_be_there(finished, tmp_path):
    with pytest.raises(StoreError, match=r"output directory .*runn: expected a run to take up again, found none; beside it there are run$"):
        verify(**{**finished, "out": tmp_path / "runn"}, resume=True)
    assert not (tmp_path / "runn").exists()


def test_a_mistyped_directory_is_told_on_the_command_line(proofs_check, claim_files, tmp_path):
    refused = proofs_check("verify", "many.c1", "--claims", claim_files / "many.py", "--out", "rnu", "--resume", expect=2)
    assert "output directory rnu: expected a run to take up again, found none" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_fails_leaves_nothing(claim_files, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PoolError, match="worker processes end before they are ready"):
        verify("many.c1", claims=claim_files / "many.py", out=tmp_path / "deep" / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_fails_leaves_what_was_there(claim_files, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(PoolError):
        verify("many.c1", claims=claim_files / "many.py", out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


@pytest.fixture
def stopped(claim_files, tmp_path):
    """What a run tells that was stopped after five claims."""
    seen = []

    def stop(claim):
        seen.append(claim["id"])
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as told:
        verify(claims=claim_files / "many.py", out=tmp_path / "run", progress=stop)
    return told.value, seen


def test_a_run_that_was_stopped_has_pages_and_no_results(stopped, tmp_path):
    from proofs_check.commands._stored import write_pages

    told, seen = stopped
    assert not (tmp_path / "run" / "results.json").exists()
    entries = {claim["id"]: claim for claim in told.results["claims"]}
    assert len(entries) == 20 and all(entries[name]["verdict"] != "skipped" for name in seen)
    unfinished = [entry for name, entry in entries.items() if name not in seen and entry["verdict"] == "skipped"]
    assert {check["message"] for entry in unfinished for check in entry["checks"]} == {"not run: the run was stopped before"}
    write_pages(told.results, tmp_path / "run")
    assert (tmp_path / "run" / "index.html").is_file() and (tmp_path / "run" / "claims" / f"{seen[0]}.html").is_file()


def test_a_run_that_was_stopped_before_anything_was_stored_can_be_resumed(claim_files, tmp_path, monkeypatch):
    from proofs_check.engine import runner

    class Stopping:
        def __enter__(self):
            raise KeyboardInterrupt

        def __exit__(self, *exception):
            pass

    monkeypatch.setattr(runner, "_executor", lambda *arguments: Stopping())
    with pytest.raises(Interrupted, match="stopped after 0 of 4 parts"):
        verify("many.c1", claims=claim_files / "many.py", out=tmp_path / "run")
    monkeypatch.undo()
    assert verify("many.c1", claims=claim_files / "many.py", out=tmp_path / "run", resume=True).verdicts == {"many.c1": "certified"}
