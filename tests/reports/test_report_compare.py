"""A run against a baseline: every kind of change is classified, named with what was and is, and exactly the failing ones fail."""

import copy
import json
from pathlib import Path

import pytest
from synthetic_results import cell_control, check, claim, clause, control, results, sha, small, version_1

from reports import baseline
from reports.annotations import main, of_comparison, of_run
from reports.compare import Kind, compare, worse
from reports.results import ResultsError, upgraded, validate
from reports.wording import VERDICTS, one_line

ROOT = Path(__file__).parents[2]


def kinds(old, new):
    return [change.kind for change in compare(old, new).changes]


def with_claim(**changes):
    return results(claim(**changes))


def with_check(**changes):
    return results(claim(checks=[check(**changes)]))


def with_probe(*outcomes):
    return with_claim(probes=[{"drops": "wide enough", "fails_without": fails, "message": f"holds: {fails}"} for fails in outcomes])


def with_clauses(*clauses):
    return with_claim(clauses=list(clauses), checks=[check(clauses=[part["name"] for part in clauses])])


def with_symbols(**symbols):
    return with_claim(symbols=[{"symbol": symbol, "meaning": meaning} for symbol, meaning in symbols.items()])


def test_a_run_compared_with_itself_holds():
    comparison = compare(small(), small())
    assert not comparison.changes
    assert comparison.exit_code == 0
    assert comparison.unchanged == len(small()["claims"])


REFUSED = {"controls": [control(refuted=False, message="not refuted on 40 instances")]}
CLASSIFIED = [
    # verdicts
    (with_claim(verdict="proved"), with_claim(verdict="certified"), Kind.REGRESSED, "proved -> certified"),
    (with_claim(verdict="supported"), with_claim(verdict="refuted"), Kind.REGRESSED, "supported -> refuted"),
    (with_claim(verdict="supported"), with_claim(verdict="partial"), Kind.REGRESSED, "supported -> partial"),
    (with_claim(verdict="certified"), with_claim(verdict="proved"), Kind.IMPROVED, "certified -> proved"),
    (
        results(claim(checks=[check(), check("proof", evidence="formal", covers="statement")])),
        results(claim(checks=[check(), check("proof", evidence="formal", covers="statement", status="skipped", met=0, message="no coqc")])),
        Kind.NOT_CHECKED_HERE,
        "no coqc",
    ),
    (results(), with_claim(), Kind.NEW, "came out certified"),
    *(
        (results(), results(claim(checks=[entry])), Kind.NEW_AND_BAD, words)
        for entry, words in (
            (check(status="fails"), "came out refuted: The check “strata” found a counterexample."),
            (check(status="error"), "came out error"),
            (check(**REFUSED), "came out vacuous: The control “without the overlap”"),
        )
    ),
    (with_claim(), results(), Kind.VANISHED, "was certified, is not in this run"),
    (
        with_claim(clauses=[clause("a"), clause("b", verdict="proved")], verdict="certified"),
        with_claim(clauses=[clause("a"), clause("b", verdict="certified")], verdict="certified"),
        Kind.CLAUSE_REGRESSED,
        "“b”: proved -> certified",
    ),
    # what a claim declares
    (with_claim(), with_claim(statement="R = 0"), Kind.STATEMENT_CHANGED, "-> R = 0"),
    (with_claim(), with_claim(relation="upper"), Kind.STATEMENT_CHANGED, "relation: equality -> upper"),
    (with_claim(), with_claim(kind="law"), Kind.STATEMENT_CHANGED, "kind: theorem -> law"),
    (with_claim(assumptions=[]), with_claim(), Kind.STATEMENT_CHANGED, r"assumes more: wide enough (m \ge r)"),
    (with_claim(), with_claim(assumptions=[]), Kind.STATEMENT_CHANGED, "no longer assumes wide enough"),
    (
        with_claim(),
        with_claim(assumptions=[{"name": "wide enough", "statement": "m > r"}]),
        Kind.STATEMENT_CHANGED,
        r"assumption wide enough: m \ge r -> m > r",
    ),
    (with_claim(), with_claim(statement_hash=sha("another")), Kind.STATEMENT_CHANGED, "although no stored field did"),
    (with_clauses(clause("a"), clause("b")), with_clauses(clause("a")), Kind.STATEMENT_CHANGED, "clause removed: “b”"),
    (with_clauses(clause("a")), with_clauses(clause("a"), clause("b")), Kind.STATEMENT_CHANGED, "clause added: “b”"),
    (
        with_clauses(clause("a", "R = 1"), clause("b")),
        with_clauses(clause("a", "R = 2"), clause("b")),
        Kind.STATEMENT_CHANGED,
        "clause “a”: R = 1 -> R = 2",
    ),
    (
        with_clauses(clause("a")),
        with_clauses(clause("a", existential=True)),
        Kind.STATEMENT_CHANGED,
        "clause “a”: not existential -> existential",
    ),
    (with_symbols(R="model rank"), with_symbols(R="the loss"), Kind.SYMBOL_CHANGED, "R: model rank -> the loss"),
    (with_symbols(R="model rank"), with_symbols(), Kind.SYMBOL_CHANGED, "R is no longer explained (was: model rank)"),
    (
        with_claim(),
        with_claim(source={"paper": "arXiv:2211.11623v1", "where": "Prop. 2"}),
        Kind.SOURCE_CHANGED,
        "where: Prop. 1 -> Prop. 2",
    ),
    (with_claim(depends_on=["a.b"]), with_claim(), Kind.DEPENDENCY_CHANGED, "no longer rests on a.b"),
    (with_claim(), with_claim(depends_on=["a.b"]), Kind.DEPENDENCY_CHANGED, "now rests on a.b"),
    (with_claim(refuted_by="A pair."), with_claim(refuted_by="The baseline holds."), Kind.REFUTATION_REWORDED, "A pair. -> The baseline"),
    (with_claim(refuted_by="A pair."), with_claim(), Kind.REFUTATION_REWORDED, "A pair. -> none"),
    # what a check declares
    (results(claim(checks=[check(), check("second")])), with_claim(), Kind.CHECK_REMOVED, "it had exact evidence"),
    (with_claim(), results(claim(checks=[check(), check("second")])), Kind.DECLARATION_CHANGED, "check added (exact evidence)"),
    (with_check(), with_check(scope="d1, d2 <= 3"), Kind.WEAKENED, "scope: d1, d2 <= 5, every rank -> d1, d2 <= 3"),
    (with_check(tolerance=1e-9), with_check(tolerance=1e-6), Kind.WEAKENED, "tolerance: 1e-09 -> 1e-06"),
    (with_check(tolerance=1e-6), with_check(tolerance=1e-9), Kind.DECLARATION_CHANGED, "tolerance: 1e-06 -> 1e-09"),
    (with_check(tolerance="64 eps"), with_check(tolerance="6400 eps"), Kind.WEAKENED, "tolerance: 64 eps -> 6400 eps"),
    (with_check(tolerance="64 eps"), with_check(tolerance=None), Kind.WEAKENED, "tolerance: 64 eps -> none"),
    (with_check(alpha=1e-6), with_check(alpha=1e-4), Kind.WEAKENED, "alpha: 1e-06 -> 0.0001"),
    (with_check(alpha=1e-4), with_check(alpha=1e-6), Kind.DECLARATION_CHANGED, "alpha: 0.0001 -> 1e-06"),
    (with_check(), with_check(evidence="certified"), Kind.WEAKENED, "evidence: exact -> certified"),
    (with_check(), with_check(evidence="formal"), Kind.DECLARATION_CHANGED, "evidence: exact -> formal"),
    (with_check(covers="statement"), with_check(), Kind.WEAKENED, "covers: statement -> instances"),
    (with_check(because="all 16 points"), with_check(because="most points"), Kind.WEAKENED, "all 16 points -> most points"),
    (with_check(), with_check(because="all 16 points"), Kind.DECLARATION_CHANGED, "none -> all 16 points"),
    (
        results(claim(clauses=[clause("a"), clause("b")], checks=[check("x", clauses=["a", "b"]), check("y", clauses=["a", "b"])])),
        results(claim(clauses=[clause("a"), clause("b")], checks=[check("x", clauses=["a", "b"]), check("y", clauses=["a"])])),
        Kind.WEAKENED,
        "no longer bears on “b”",
    ),
    (with_check(), with_check(hash=sha("another")), Kind.DECLARATION_CHANGED, "although no stored field did"),
    (with_check(controls=[control(), control("second")]), with_check(), Kind.CONTROL_REMOVED, "second"),
    (with_check(), with_check(controls=[control(), control("second")]), Kind.DECLARATION_CHANGED, "control added: second"),
    (with_check(), with_check(body=sha("at least 0.5")), Kind.CODE_CHANGED, "what it does changed"),
    (with_check(distribution="[-9, 9]"), with_check(distribution="[0, 1]"), Kind.DISTRIBUTION_CHANGED, "[-9, 9] -> [0, 1]"),
    (with_check(), with_check(distribution=""), Kind.DISTRIBUTION_CHANGED, "-> none"),
    # what a check found
    (with_check(margin=0.9), with_check(margin=0.3), Kind.MARGIN_DRIFTED, "margin 0.9 -> 0.3 tolerances"),
    (with_check(margin=0.9), with_check(margin=-0.1), Kind.MARGIN_DRIFTED, "margin 0.9 -> −0.1 tolerances"),
    *(
        (
            results(claim(verdict="error", checks=[check(), check("other", status="error")])),
            results(claim(verdict="error", checks=[check(status=status, message="why\nmore"), check("other", status="error")])),
            kind,
            f"holds -> {status}: why",
        )
        for status, kind in (
            ("error", Kind.CHECK_BROKE),
            ("timeout", Kind.CHECK_BROKE),
            ("fails", Kind.CHECK_BROKE),
            ("skipped", Kind.EVIDENCE_LOST),
            ("inconclusive", Kind.EVIDENCE_LOST),
        )
    ),
    (with_check(cases=200, met=1), with_check(cases=20, met=1), Kind.FEWER_INSTANCES, "cases: 200 -> 20"),
    (with_check(met=200), with_check(met=20), Kind.FEWER_INSTANCES, "instances met: 200 -> 20"),
    (
        with_check(met=100, skipped=2),
        with_check(met=90, skipped=12, rejected=3),
        Kind.MORE_PASSED_OVER,
        "2 skipped and 0 rejected beside 100 met -> 12 skipped and 3 rejected beside 90 met",
    ),
    (with_check(cells={"met": 12, "missed": []}), with_check(cells={"met": 9, "missed": []}), Kind.DOMAIN_NARROWED, "cells: 12 -> 9"),
    (with_check(cells={"met": 12, "missed": []}), with_check(), Kind.DOMAIN_NARROWED, "12 -> no axes"),
    (
        with_check(cells={"met": 12, "missed": []}),
        with_check(cells={"met": 11, "missed": ["d = 3"]}),
        Kind.DOMAIN_NARROWED,
        "no instance meets any more: d = 3",
    ),
    (with_check(detectable=0.1), with_check(detectable=100.0), Kind.EFFECT_GROWN, "0.1 -> 100"),
    (with_check(detectable=0.1), with_check(detectable=None), Kind.EFFECT_GROWN, "0.1 -> not stated"),
    (with_check(certificate="certificates/a.json"), with_check(), Kind.CERTIFICATE_REMOVED, "was certificates/a.json"),
    (
        with_check(confirmed="found again by exact_rank", witness=1),
        with_check(witness=1),
        Kind.EVIDENCE_LOST,
        "its witness was confirmed (found again by exact_rank), now it is not",
    ),
    *(
        (
            with_claim(verdict="vacuous"),
            with_claim(verdict="vacuous", checks=[check(controls=[control(refuted=state, message="error: x")])]),
            Kind.CONTROL_SURVIVED,
            f"“without the overlap”: refuted -> {words} (error: x)",
        )
        for state, words in ((False, "not refuted"), (None, "did not come to an answer"))
    ),
    (
        with_claim(verdict="vacuous", checks=[check(cell_controls=[cell_control("d = 1"), cell_control("d = 2")])]),
        with_claim(verdict="vacuous", checks=[check(cell_controls=[cell_control("d = 1"), cell_control("d = 2", False)])]),
        Kind.CELL_CONTROL_SURVIVED,
        "no longer refuted in: d = 2",
    ),
    (
        with_check(cell_controls=[cell_control("d = 1"), cell_control("d = 2")]),
        with_check(cell_controls=[cell_control("d = 1")]),
        Kind.CELL_CONTROL_LOST,
        "2 -> 1",
    ),
    (with_probe(True), with_probe(False), Kind.PROBE_LOST, "without 'wide enough' it failed, now it does not (holds: False)"),
    (with_probe(True), with_probe(None), Kind.PROBE_LOST, "now it does not"),
    (with_probe(True), with_probe(), Kind.PROBE_LOST, "without 'wide enough': 1 probe -> no probes"),
    (with_probe(True, True), with_probe(True), Kind.PROBE_LOST, "2 probes -> 1 probe"),
    (with_probe(False), with_probe(), Kind.PROBE_LOST, "1 probe -> no probes"),
    (with_claim(), with_claim(undermined_by=["mf.strata"]), Kind.UNDERMINED, "now rests on refuted mf.strata"),
]


@pytest.mark.parametrize(("old", "new", "kind", "words"), CLASSIFIED)
def test_each_change_is_classified(old, new, kind, words):
    comparison = compare(old, new)
    assert [change.kind for change in comparison.changes] == [kind]
    assert comparison.exit_code == (1 if kind.failing else 0)
    assert kind.value in str(comparison)
    assert words in str(comparison)
    assert not compare(old, old).changes
    assert not compare(new, new).changes


@pytest.mark.parametrize(("old", "new", "kind", "words"), CLASSIFIED)
def test_a_baseline_tells_the_same(old, new, kind, words):
    if (
        not old["claims"]
        or kind in (Kind.REGRESSED, Kind.IMPROVED, Kind.CLAUSE_REGRESSED)
        or old["claims"][0]["verdict"] in ("error", "vacuous")
    ):
        return  # no baseline is made of a run without claims, or with verdicts that its checks do not give
    kept = upgraded(baseline.complete(baseline.make(old, "First.")))
    assert kinds(kept, new) == [kind]
    assert not compare(kept, old).changes


def test_every_kind_is_met():
    assert {kind for _, _, kind, _ in CLASSIFIED} == set(Kind)


def test_only_five_kinds_pass():
    assert [kind for kind in Kind if not kind.failing] == [
        Kind.UNDERMINED,
        Kind.MARGIN_DRIFTED,
        Kind.IMPROVED,
        Kind.NOT_CHECKED_HERE,
        Kind.NEW,
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"margin": 0.6},
        {"margin": 400.0},
        {"cases": 150},
        {"seconds": 99.0},
        {"message": "other"},
        {"met": 150},
        {"skipped": 20},
        {"detectable": 0.125},
        {"versions": {"numpy": "3"}},
        {"certificate": "certificates/a.json"},
    ],
)
def test_small_differences_are_silent(changes):
    before = {"margin": 1000.0 if changes.get("margin") == 400.0 else 1.0, "cases": 200, "met": 200, "detectable": 0.12}
    assert kinds(with_check(**before), with_check(**before | changes)) == []


def test_a_hash_that_no_field_explains_is_told_beside_drift():
    old, new = with_check(margin=1.0), with_check(margin=0.1)
    new["claims"][0]["statement_hash"] = sha("another")
    assert kinds(old, new) == [Kind.STATEMENT_CHANGED, Kind.MARGIN_DRIFTED]


def test_what_was_added_to_describe_is_silent():
    assert kinds(with_symbols(), with_symbols(R="model rank")) == []
    assert kinds(with_claim(), with_claim(refuted_by="A pair.", notes="n", title="t", file="elsewhere.py")) == []
    assert kinds(with_check(distribution=""), with_check(distribution="integers")) == []


def test_a_run_of_version_1_is_compared_by_what_it_says():
    old = upgraded(version_1(small()))
    found = compare(old, small())
    assert {change.claim for change in found.failing} == {"mf.attained", "toy.corner"}  # it knew no clauses and no cell controls
    assert kinds(upgraded(version_1(with_check())), with_check(body=sha("x"), met=3, cells={"met": 1, "missed": []})) == []
    assert kinds(upgraded(version_1(with_check())), with_check(cases=3)) == [Kind.FEWER_INSTANCES]


def test_long_texts_are_shown_where_they_differ():
    text = "x" * 5_000_000
    (change,) = compare(with_claim(statement=text + "0.8"), with_claim(statement=text + "0.5")).changes
    assert change.message.endswith("x0.8 -> …" + "x" * 38 + "0.5")
    assert len(str(change)) < 400


def test_the_order_of_verdicts():
    assert worse("proved", "supported")
    assert not worse("supported", "proved")
    assert all(worse(verdict, "skipped") for verdict in VERDICTS if verdict != "skipped")
    assert [verdict for verdict in VERDICTS if worse("skipped", verdict)] == ["refuted", "error", "vacuous"]
    assert not any(worse(verdict, verdict) for verdict in VERDICTS)


def test_failing_changes_come_first():
    old = results(claim("a.x", verdict="certified"), claim("b.x"), claim("c.x"))
    new = results(claim("a.x", verdict="proved"), claim("b.x", verdict="refuted"), claim("d.x"), claim("e.x", verdict="vacuous"))
    assert kinds(old, new) == [Kind.REGRESSED, Kind.NEW_AND_BAD, Kind.VANISHED, Kind.IMPROVED, Kind.NEW]


# ------------------------------------------------------------------------------------------------------- part of a run

MANY = results(*(claim(f"a.x{number:03d}") for number in range(190)))
FOUR = results(*(claim(f"a.x{number:03d}") for number in range(4)))


def test_a_part_of_a_run_is_told_in_one_line():
    comparison = compare(MANY, FOUR)
    first, *others = str(comparison).splitlines()
    assert first == (
        "vanished: 186 claims: not in this run (--only PATTERN compares a part): a.x004, a.x005, a.x006, a.x007, a.x008 and 181 more"
    )
    assert len(others) == 2
    assert comparison.exit_code == 1
    assert len(comparison.of(Kind.VANISHED)) == 186
    assert [line.partition(" ")[0] for line in of_comparison(comparison)] == ["::error"]


def test_many_new_claims_are_told_in_one_line():
    comparison = compare(FOUR, MANY)
    assert len(str(comparison).splitlines()) == 2
    assert comparison.exit_code == 0


def test_a_part_is_compared_alone():
    comparison = compare(MANY, FOUR, only=["a.x000", "a.x00[123]"])
    assert comparison.exit_code == 0
    assert str(comparison) == "the baseline holds: 4 claims unchanged, 186 claims not compared"
    assert compare(MANY, FOUR, only=["a.x00*"]).exit_code == 1
    with pytest.raises(ResultsError, match="none of either run matches 'b.\\*'"):
        compare(MANY, FOUR, only=["b.*"])


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
    assert len(text) < 0.65 * len(json.dumps(small()))


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


def test_a_part_of_a_baseline_is_made_anew():
    first = baseline.make(results(claim("a.x"), claim("b.x"), claim("b.y")), "First.")
    run = results(claim("a.x"), claim("b.x", statement="R = 0"))
    part = baseline.make(run, "Another statement.", upgraded(baseline.complete(first)), only=["b.*"])
    assert [entry["id"] for entry in part["claims"]] == ["a.x", "b.x"]  # b.y matches and is not in the run
    assert part["claims"][1]["statement"] == "R = 0"
    part = baseline.make(run, "Another statement.", upgraded(baseline.complete(first)), only=["b.x"])
    assert [entry["id"] for entry in part["claims"]] == ["a.x", "b.x", "b.y"]
    assert part["claims"][0] == first["claims"][0]
    validate(upgraded(baseline.complete(part)))


def test_a_baseline_of_nothing_is_refused():
    for run, only, words in ((results(), (), "got none at all"), (results(claim("a.b")), ["c.*"], r"got none that matches c\.\*")):
        with pytest.raises(ResultsError, match=f"claims: expected at least one to keep, {words}"):
            baseline.make(run, "r", only=only)
    with pytest.raises(ResultsError, match="only: expected a baseline that holds the other claims"):
        baseline.make(results(claim("a.b")), "r", only=["a.*"])


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
    assert lines[0].startswith("::error title=regressed%3A a.x::certified -> refuted")
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::notice"]


HOSTILE = "50%\n::add-mask::x\r##[error]y\x1b[31m\u202e\x9b2J, a: b"


def spoken(*lines):
    """What the service would take for commands, in lines that are none of ours."""
    return [
        line
        for line in "\n".join(lines).splitlines()
        if line.lstrip().startswith("::") and not line.startswith(("::error title=", "::notice "))
    ]


def test_annotations_cannot_be_injected():
    (line,) = of_run(results(claim(verdict="vacuous", checks=[check(controls=[control(HOSTILE, False)])])))
    old = with_claim(statement="R")
    changed = [
        of_comparison(compare(old, with_claim(statement=HOSTILE))),
        of_comparison(compare(results(), with_claim(id="a", verdict="error"))),
    ]
    printed = str(compare(old, with_claim(statement="\n" + HOSTILE))).splitlines()
    for text in (line, *changed[0], *changed[1], *printed):
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
        assert "##[" not in text
    assert "50%25 ::add-mask::x" in line
    assert spoken(line, *changed[0], *changed[1], *printed) == []


def test_a_line_is_no_command():
    for text, line in (
        ("::add-mask::x", "\u2236:add-mask::x"),
        ("  ::set-output::x", "\u2236:set-output::x"),
        ("a ##[group]b", "a # #[group]b"),
        ("a\x1b]0;title\x07b", "a ]0;title b"),
        ("a\n\nb", "a b"),
        ("x" * 2000, "x" * 999 + "…"),
    ):
        assert one_line(text) == line


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
    assert main([files("worse.json", with_check(controls=[control(refuted=False)])), "--baseline", kept]) == 1
    assert capsys.readouterr().out.startswith("::error title=regressed%3A mf.function-rank::certified -> vacuous: The control")
    assert "| **regressed** | mf.function-rank |" in (tmp_path / "summary.md").read_text()


def test_the_step_without_a_baseline(files, capsys):
    assert main([files("good.json", results(claim()))]) == 0
    assert main([files("bad.json", small())]) == 1
    assert "::error title=mf.wrong%3A refuted::" in capsys.readouterr().out


def test_the_step_with_unreadable_files(files, capsys):
    kept = files("baseline.json", baseline.make(results(claim()), "First."))
    assert main([files("new.json", results(claim(), claim("new.one", checks=[check(status="error")]))), "--baseline", kept]) == 1
    assert main([files("edited.json", results(claim(verdict="proved"))), "--baseline", kept]) == 2
    assert "its clause 'statement' is stored as proved, its checks give certified" in capsys.readouterr().out
    assert main([files("bad.json", {"schema": 2})]) == 2
    assert "::error title=results::" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["examples/github-workflow.yml", ".github/workflows/claims.yml"])
def test_workflows_call_what_exists(name):
    text = (ROOT / name).read_text()
    assert "python -m reports.annotations run/results.json" in text
    assert "\t" not in text
    for word in ("proofs-check verify", "permissions:", "timeout-minutes:"):
        assert word in text


NO_COQ = {"status": "skipped", "met": 0, "cases": 0, "controls": [control(refuted=None, message="skipped: coqc is not installed")]}


def with_proof(**changes):
    """An exact check beside a proof of the statement."""
    proof = check("proof", evidence="formal", covers="statement", **changes)
    return results(claim(checks=[check(), proof], clauses=[clause(verdict="certified" if changes else "proved")]))


def test_a_machine_without_coq_names_the_proofs_that_it_cannot_check():
    before, after = with_proof(), with_proof(**NO_COQ, message="coqc is not installed: apt-get install coq")
    assert (before["claims"][0]["verdict"], after["claims"][0]["verdict"]) == ("proved", "certified")
    comparison = compare(before, after)
    assert [(change.kind, change.check, change.message) for change in comparison.changes] == [
        (Kind.NOT_CHECKED_HERE, "proof", "coqc is not installed: apt-get install coq")
    ]
    assert comparison.exit_code == 0
    assert [change.kind for change in compare(after, before).changes] == [Kind.IMPROVED]


def test_nothing_else_is_passed_over_without_coq():
    after = with_proof(**NO_COQ)
    worse = copy.deepcopy(after)
    worse["claims"][0]["checks"][0]["status"] = "inconclusive"
    worse["claims"][0]["verdict"] = worse["claims"][0]["clauses"][0]["verdict"] = "inconclusive"
    failing = {change.kind for change in compare(with_proof(), worse).failing}
    assert Kind.REGRESSED in failing and Kind.EVIDENCE_LOST in failing
    refused = with_proof(status="error", message="t rests on an axiom")
    assert compare(with_proof(), refused).exit_code == 1
    gone = results(claim(checks=[check()]))
    assert {Kind.CHECK_REMOVED, Kind.REGRESSED} <= set(kinds(with_proof(), gone))


def test_many_proofs_that_are_not_checked_here_are_told_together():
    proof = check("proof", evidence="formal", covers="statement")
    many = lambda **changes: results(*(claim(f"mf.c{k}", checks=[check(), {**proof, **changes}], clauses=[clause()]) for k in range(9)))
    shown = str(compare(many(), many(**NO_COQ, message="no coqc")))
    assert "not checked here: 9 proofs: no coqc: mf.c0, mf.c1" in shown and shown.count("not checked here:") == 1
