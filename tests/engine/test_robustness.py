"""One claim costs itself alone: whatever its outcomes hold, no refutation, file, page or other claim is lost."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proofs_check import ClaimError, Status, load_claims
from proofs_check.claim import LONGEST_ID
from proofs_check.engine.answers import read, safe
from proofs_check.engine.finding import ITSELF, Finding
from proofs_check.engine.pool import Pool
from proofs_check.engine.runner import log_name, make_job, verify
from proofs_check.plain_data import DEEPEST, legible, to_data

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A run of the odd claims with its pages."""
    from proofs_check.commands._stored import write_pages

    run = verify(claims=HERE / "claim_files" / "odd.py", out=tmp_path_factory.mktemp("odd") / "run")
    write_pages(run.results, run.directory)
    return run


def test_every_odd_refutation_stands_and_the_sound_claim_passes(odd):
    expected = dict.fromkeys(odd.verdicts, "refuted")
    assert odd.verdicts == {**expected, "odd.sound": "supported"}


def test_results_and_pages_are_whole(odd):
    from reports.results import read as read_results

    assert read_results(odd.directory / "results.json")["claims"][0]["verdict"] == "refuted"
    for claim_id in odd.verdicts:
        assert (odd.directory / "claims" / f"{claim_id}.html").stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("surrogate", "half a pair: \N{REPLACEMENT CHARACTER}"),
        ("control-characters", "\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        ("message-of-another-kind", "17"),
        ("long-message", "characters more)"),
        ("big-counterexample", "refuted (left out: counterexample of 10 MiB)"),
    ],
)
def test_what_was_left_out_is_said(odd, name, told):
    (check,) = next(claim for claim in odd.results["claims"] if claim["id"] == f"odd.{name}")["checks"]
    assert check["message"].endswith(told) and len(check["message"]) < 30_000


def test_structures_are_written_as_far_as_files_go(odd):
    def shown(name):
        return next(claim for claim in odd.results["claims"] if claim["id"] == f"odd.{name}")["checks"][0]["counterexample"]

    assert int(shown("huge-integer")["n"], 16) == 7**20000
    assert f"nested deeper than {DEEPEST}" in json.dumps(shown("deep")) and "nested deeper" in json.dumps(shown("circle"))
    assert shown("no-text")["x"] == "(Silent without a text: RuntimeError)"
    assert "cannot be written" in json.dumps(shown("no-end"))
    assert shown("counterexample-of-text")["value"] == "x = 1"


@pytest.mark.parametrize(
    "change",
    [
        {"margin": float("nan")},
        {"margin": "inf"},
        {"cases": 1.5},
        {"cases": -1},
        {"cases": True},
        {"message": 7},
        {"counterexample": [1]},
        {"missed": [1]},
        {"cell_controls": [{"cell": "a"}]},
        {"reads": []},
        {"unheard-of": 1},
        {"status": "maybe"},
        {"status": []},
    ],
)
def test_an_answer_of_other_types_is_no_finding(change):
    data = Finding(Status.HOLDS, cases=1, met=1).to_data()
    assert read(data).status is Status.HOLDS
    with pytest.raises(ValueError, match="expected the fields of a finding"):
        read({**data, **change})


@pytest.mark.parametrize("data", [None, [], "holds", 7, {}])
def test_an_answer_of_another_kind_is_no_finding(data):
    with pytest.raises(ValueError, match="expected the fields of a finding"):
        read(data)


def test_a_safe_finding_is_read_back_as_it_is():
    finding = Finding(Status.FAILS, 3, 2, -0.5, "no", {"x": [1, "é"]}, ({"n": 1},), missed=("a = 1",), reads={"/x": None})
    assert read(json.loads(json.dumps(safe(finding).to_data(), allow_nan=False))) == finding


def test_legible_text_is_left_alone():
    text = "σ(z) = ∑\n\tü 数 \N{GRINNING FACE}"
    assert legible(text) == text == to_data(text)


@pytest.mark.parametrize(
    ("details", "message"),
    [
        (dict(title=17), "title must be a text, got int"),
        (dict(title="half \ud800"), "title must hold no control characters or lone surrogates, got '\\\\ud800' at 5"),
        (dict(statement="\x00"), "statement must hold no control characters"),
        (dict(notes="\x1b[2J"), "notes must hold no control characters"),
        (dict(refuted_by=None), "refuted_by must be a text, got NoneType"),
        (dict(symbols={"x": 1}), "symbol 'x' must be a text, got int"),
    ],
)
def test_words_that_no_page_holds_are_refused_where_they_are_written(make_claim, details, message):
    with pytest.raises(ClaimError, match=message):
        make_claim(**details)


def test_ids_are_as_long_as_file_names_take(make_claim, make_check):
    make_claim("test." + "a" * (LONGEST_ID - 5))
    with pytest.raises(ClaimError, match=f"Claim.id must have at most {LONGEST_ID} characters, got {LONGEST_ID + 1}"):
        make_claim("test." + "a" * (LONGEST_ID - 4))
    with pytest.raises(ClaimError, match="Check.name must have at most 60 characters, got 61"):
        make_check("a" * 61)


def test_logs_of_long_names_have_short_files(make_claim, make_check, claim_files):
    registry = load_claims(claim_files / "many.py")
    job = make_job(registry, registry["many.c1"], registry["many.c1"].checks[0], "control:" + "é long name " * 40, level="quick")
    assert len(log_name(job).encode()) <= 210 and log_name(job) != log_name(job.__class__(**{**job.to_data(), "part": job.part + "x"}))


BIG = """
def big(megabytes):
    return {"text": ["x" * 1000 for _ in range(megabytes * 1000)]}
"""


def test_large_answers_take_time_in_proportion(write_claims):
    """Quadratic transport of ten times as much takes a hundred times as long."""
    file = write_claims("claim('big.a', expected=1)", "claim('big.b', expected=40)", before=BIG)
    text = file.read_text().replace("Outcome.equal(expected, instance)", "Outcome.holds(certificate=big(expected))")
    file.write_text(text)
    registry = load_claims(file)
    seconds = {}
    with Pool(1) as pool:
        for name in ("big.a", "big.a", "big.b"):
            job = make_job(registry, registry[name], registry[name].checks[0], ITSELF, level="quick")
            started = time.perf_counter()
            finding = pool.run_one(job)
            seconds[name] = time.perf_counter() - started
            assert finding.status is Status.HOLDS and len(finding.certificates[0]["text"]) == int(name == "big.a") * 1000 or 40_000
    assert seconds["big.b"] < 40 * 6 * max(seconds["big.a"], 0.05)


def test_a_terminal_that_knows_few_characters_is_no_hindrance(write_claims, tmp_path):
    file = write_claims("claim('own.a', expected='σ')")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]), "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "proofs_check", "verify", "--claims", str(file), "--out", "run"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    assert b"\\u03c3" in done.stdout


@pytest.mark.parametrize("name", ["theory", "reports"])
def test_a_package_that_stands_in_the_way_is_named(proofs_check, write_claims, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    refused = proofs_check("verify", "--claims", write_claims("claim('own.a')"), expect=2)
    (line,) = refused.stderr.splitlines()
    assert f"the package {name} that belongs to proofs-check lies in " in line and f"{name} shadows it" in line
