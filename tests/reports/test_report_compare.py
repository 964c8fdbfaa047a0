"""A run against a baseline: every kind of change is classified, and exactly the failing ones fail."""

import copy
import json
from pathlib import Path

import pytest
from synthetic_results import check, claim, control, results, sha, small

from reports import baseline
from reports.annotations import main, of_comparison, of_run
from reports.compare import Kind, compare, worse
from reports.results import ResultsError, validate
from reports.wording import VERDICTS

ROOT = Path(__file__).parents[2]


def kinds(old, new):
    return [change.kind for change in compare(old, new).changes]


def with_claim(**changes):
    return results(claim(**changes))


def with_check(**changes):
    return results(claim(checks=[check(**changes)]))


def test_a_run_compared_with_itself_holds():
    comparison = compare(small(), small())
    assert not comparison.changes
    assert comparison.exit_code == 0
    assert comparison.unchanged == len(small()["claims"])


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (with_claim(verdict="proved"), with_claim(verdict="certified"), Kind.REGRESSED),
        (with_claim(verdict="supported"), with_claim(verdict="refuted"), Kind.REGRESSED),
        (with_claim(verdict="certified"), with_claim(verdict="proved"), Kind.IMPROVED),
        (results(), with_claim(), Kind.NEW),
        (with_claim(), results(), Kind.VANISHED),
        (with_claim(), with_claim(statement="R = 0"), Kind.STATEMENT_CHANGED),
        (with_claim(), with_claim(relation="upper"), Kind.STATEMENT_CHANGED),
        (with_claim(), with_claim(kind="law"), Kind.STATEMENT_CHANGED),
        (with_claim(assumptions=[]), with_claim(), Kind.STATEMENT_CHANGED),
        (with_claim(), with_claim(assumptions=[]), Kind.STATEMENT_CHANGED),
        (with_claim(), with_claim(assumptions=[{"name": "wide enough", "statement": "m > r"}]), Kind.STATEMENT_CHANGED),
        (with_claim(), with_claim(statement_hash=sha("another")), Kind.STATEMENT_CHANGED),
        (with_check(), with_check(scope="d1, d2 <= 3"), Kind.WEAKENED),
        (with_check(tolerance=1e-9), with_check(tolerance=1e-6), Kind.WEAKENED),
        (with_check(tolerance=1e-6), with_check(tolerance=1e-9), Kind.DECLARATION_CHANGED),
        (with_check(tolerance="64 eps"), with_check(tolerance="6400 eps"), Kind.WEAKENED),
        (with_check(alpha=1e-6), with_check(alpha=1e-4), Kind.WEAKENED),
        (with_check(), with_check(evidence="certified"), Kind.WEAKENED),
        (with_check(), with_check(evidence="symbolic"), Kind.DECLARATION_CHANGED),
        (with_check(covers="statement"), with_check(), Kind.WEAKENED),
        (with_check(), with_check(hash=sha("another")), Kind.DECLARATION_CHANGED),
        (with_check(controls=[control(), control("second")]), with_check(), Kind.CONTROL_REMOVED),
        (with_check(), with_check(controls=[control(), control("second")]), Kind.DECLARATION_CHANGED),
        (results(claim(checks=[check(), check("second")])), with_claim(), Kind.WEAKENED),
        (with_check(margin=0.9), with_check(margin=0.3), Kind.MARGIN_DRIFTED),
        (with_check(margin=0.9), with_check(margin=-0.1), Kind.MARGIN_DRIFTED),
        (with_check(), with_check(status="skipped"), Kind.EVIDENCE_LOST),
        (with_check(cases=200), with_check(cases=20), Kind.EVIDENCE_LOST),
        (
            with_claim(probes=[{"drops": "wide enough", "fails_without": True, "message": ""}]),
            with_claim(probes=[{"drops": "wide enough", "fails_without": False, "message": ""}]),
            Kind.EVIDENCE_LOST,
        ),
        (with_claim(), with_claim(undermined_by=["mf.strata"]), Kind.UNDERMINED),
    ],
)
def test_each_change_is_classified(old, new, kind):
    comparison = compare(old, new)
    assert [change.kind for change in comparison.changes] == [kind]
    assert comparison.exit_code == (1 if kind.failing else 0)
    assert kind.value in str(comparison)
    assert not compare(old, old).changes
    assert not compare(new, new).changes


@pytest.mark.parametrize("changes", [{"margin": 0.6}, {"margin": 400.0}, {"cases": 150}, {"seconds": 99.0}, {"message": "other"}])
def test_small_differences_are_silent(changes):
    assert (
        kinds(
            with_check(margin=1.0 if changes.get("margin") != 400.0 else 1000.0, cases=200),
            with_check(**{"cases": 200, "margin": 1.0} | changes),
        )
        == []
    )


def test_the_order_of_verdicts():
    assert worse("proved", "supported")
    assert not worse("supported", "proved")
    assert all(worse(verdict, "skipped") for verdict in VERDICTS if verdict != "skipped")
    assert [verdict for verdict in VERDICTS if worse("skipped", verdict)] == ["refuted", "error", "vacuous"]
    assert not any(worse(verdict, verdict) for verdict in VERDICTS)


def test_failing_changes_come_first():
    old = results(claim("a.x", verdict="certified"), claim("b.x"), claim("c.x"))
    new = results(claim("a.x", verdict="proved"), claim("b.x", verdict="refuted"), claim("d.x"))
    assert kinds(old, new) == [Kind.REGRESSED, Kind.VANISHED, Kind.IMPROVED, Kind.NEW]


def test_levels_must_agree():
    with pytest.raises(ResultsError, match="run.level: expected 'quick' as in the baseline, got 'standard'"):
        compare(results(claim()), results(claim(), level="standard"))


# --- the baseline -------------------------------------------------------------------------------------------------


def test_a_baseline_keeps_what_is_compared(tmp_path):
    made = baseline.make(small(), "First baseline.")
    file = tmp_path / "baseline-quick.json"
    baseline.write(file, made)
    read = baseline.read(file)
    validate(read)
    assert compare(read, small()).exit_code == 0
    assert not compare(read, small()).changes
    assert made["baseline"]["reasons"] == [
        {"run": "2026-01-31-140500-3f2a", "finished": "2026-01-31T14:06:12+00:00", "reason": "First baseline."}
    ]


def test_a_baseline_drops_what_varies():
    text = json.dumps(baseline.make(small(), "First."))
    for word in ("numpy", "counterexample", "figures", "message", "started"):
        assert word not in text
    assert len(text) < 0.5 * len(json.dumps(small()))


def test_a_baseline_is_the_same_for_another_order_of_claims():
    shuffled = small()
    shuffled["claims"].reverse()
    assert baseline.make(shuffled, "r") == baseline.make(small(), "r")


def test_reasons_add_up():
    first = baseline.make(small(), "First.")
    second = baseline.make(small(), "A tolerance was\n derived anew.", baseline.complete(first))
    assert [entry["reason"] for entry in second["baseline"]["reasons"]] == ["First.", "A tolerance was derived anew."]


@pytest.mark.parametrize("margin", [0.93, 0.0999, 1.0, -0.31, 12345.6, 3e-9, 0.0, None])
def test_rounding_never_looks_like_drift(margin):
    made = baseline.complete(baseline.make(with_check(margin=margin), "r"))
    kept = made["claims"][0]["checks"][0]["margin"]
    assert kept is None if margin is None else kept <= margin
    assert not compare(made, with_check(margin=margin)).changes


def test_bad_baselines_are_named(tmp_path):
    with pytest.raises(ResultsError, match="reason: expected a sentence"):
        baseline.make(small(), "  ")
    with pytest.raises(ResultsError, match="run.level"):
        baseline.make(small(), "r", results(level="full"))
    file = tmp_path / "b.json"
    file.write_text('{"schema": 1, "baseline": {}, "run": [], "claims": 3}')
    with pytest.raises(ResultsError, match="b.json: not a baseline"):
        baseline.read(file)
    file.write_text('{"schema": 1, "baseline": {}}')
    with pytest.raises(ResultsError, match="b.json"):
        baseline.read(file)


def test_a_whole_run_serves_as_baseline(tmp_path):
    file = tmp_path / "results.json"
    file.write_text(json.dumps(small()))
    assert baseline.read(file) == small()


# --- annotations --------------------------------------------------------------------------------------------------


def test_annotations_of_a_comparison():
    old = results(claim("a.x"), claim("b.x"), claim("c.x", checks=[check(margin=1.0)]))
    new = results(claim("a.x", verdict="refuted"), claim("c.x", checks=[check(margin=0.1)]), claim("d.x"))
    lines = of_comparison(compare(old, new))
    assert lines[0] == "::error title=regressed%3A a.x::certified -> refuted"
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::notice"]


def test_annotations_cannot_be_injected():
    name = "50%\n::error::other, a: b"
    (line,) = of_run(results(claim(verdict="vacuous", checks=[check(controls=[control(name, False)])])))
    assert "\n" not in line
    assert "50%25%0A" in line


def test_annotations_are_limited():
    many = results(*(claim(f"a.x{number}", verdict="refuted", checks=[check(status="fails")]) for number in range(30)))
    lines = of_run(many)
    assert len(lines) == 10
    assert "21 further ones" in lines[-1]


def test_comparison_leaves_its_arguments_alone():
    old, new = small(), small()
    kept = copy.deepcopy((old, new))
    compare(old, new)
    baseline.make(old, "r")
    assert (old, new) == kept


# --- the step of a workflow ---------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))

    def write(name, document):
        (tmp_path / name).write_text(json.dumps(document))
        return str(tmp_path / name)

    return write


def test_the_step_of_a_workflow(files, tmp_path, capsys):
    kept = files("baseline.json", baseline.make(results(claim()), "First."))
    assert main([files("same.json", results(claim())), "--baseline", kept]) == 0
    assert "the baseline holds" in capsys.readouterr().out
    assert main([files("worse.json", results(claim(verdict="vacuous"))), "--baseline", kept]) == 1
    assert capsys.readouterr().out.startswith("::error title=regressed%3A mf.function-rank::certified -> vacuous")
    assert "| **regressed** | mf.function-rank |" in (tmp_path / "summary.md").read_text()


def test_the_step_without_a_baseline(files, capsys):
    assert main([files("good.json", results(claim()))]) == 0
    assert main([files("bad.json", small())]) == 1
    assert "::error title=mf.wrong%3A refuted::" in capsys.readouterr().out


def test_the_step_with_unreadable_files(files, capsys):
    assert main([files("bad.json", {"schema": 2})]) == 2
    assert "::error title=results::" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["examples/github-workflow.yml", ".github/workflows/claims.yml"])
def test_workflows_call_what_exists(name):
    text = (ROOT / name).read_text()
    assert "python -m reports.annotations run/results.json" in text
    assert "\t" not in text
    for word in ("proofs-check verify", "permissions:", "timeout-minutes:"):
        assert word in text
