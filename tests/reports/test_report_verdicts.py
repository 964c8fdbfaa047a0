"""Verdicts computed anew from stored checks: those of the engine on any findings, and no stored verdict that differs is believed."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_results import SMALL, check, claim, clause, control, results, small, version_1

from proofs_check import Check, Claim, Control, Source, Status
from proofs_check.claim import Clause
from proofs_check.engine.finding import CELLS, ITSELF, Finding
from proofs_check.engine.registry import Registry
from proofs_check.engine.results import RunPlace, claim_result
from proofs_check.engine.verdict import BAD, clause_verdicts, verdict
from proofs_check.engine.verdict import VERDICTS as ENGINE_VERDICTS
from reports import baseline
from reports.results import ResultsError, validate
from reports.verdicts import disagreement, of_clauses, of_version_1, weakest
from reports.wording import ALARMING, EVIDENCE, VERDICTS

# ----------------------------------------------------------------------------------------------- the rules of the engine

STATUS = st.sampled_from(list(Status))
#: More findings that hold and controls that are refuted than chance would give: the good verdicts lie behind them.
OWN = st.one_of(st.just(Status.HOLDS), st.just(Status.HOLDS), STATUS)
FALSE = st.one_of(st.just(Status.FAILS), st.just(Status.FAILS), st.just(Status.FAILS), STATUS)
COUNT = st.sampled_from([0, 0, 1, 3])
MET = st.sampled_from([0, 1, 3, 3, 3])


@st.composite
def findings(draw, status):
    found = draw(status)
    counter = {"case": 0} if found is Status.FAILS else None
    return Finding(found, cases=3, met=draw(MET), skipped=draw(COUNT), rejected=draw(COUNT), counterexample=counter, message="m")


@st.composite
def cell_findings(draw):
    found = draw(st.one_of(st.just(Status.FAILS), STATUS))
    refuted = draw(st.lists(st.one_of(st.just(True), st.booleans()), max_size=3))
    entries = tuple({"cell": f"d = {place}", "refuted": one, "message": ""} for place, one in enumerate(refuted))
    return Finding(found, met=1, cell_controls=entries)


def never(instance, *, bound, context):
    raise AssertionError("not run")


@st.composite
def claims_with_findings(draw):
    """A claim with clauses, and findings of all of its parts."""
    names = [f"clause-{number}" for number in range(draw(st.integers(1, 3)))]
    clauses = [Clause(name, "x", draw(st.booleans())) for name in names]
    checks, found = [], {}
    for number in range(len(names) + draw(st.integers(0, 2))):
        drawn = draw(st.lists(st.sampled_from(names), max_size=1))
        bears = tuple(dict.fromkeys([names[number % len(names)], *drawn]))
        evidence = draw(st.sampled_from(EVIDENCE))
        controls = [Control(f"control {place}", bound=place) for place in range(draw(st.integers(1, 2)))]
        made = Check(
            f"check-{number}",
            evidence=evidence,
            covers=draw(st.sampled_from(["statement", "instances"])),
            because=draw(st.sampled_from(["", "all are here"])),
            scope="integers",
            run=never,
            instances=lambda context: [],
            parameters={"bound": 10},
            controls=controls,
            clauses=bears,
            tolerance="1e-9" if evidence == "property" else None,
            alpha=1e-6 if evidence == "training" else None,
        )
        own = draw(st.one_of(findings(OWN), findings(OWN), st.just(Finding(Status.SKIPPED))))
        if draw(st.booleans()):
            own = replace(own, confirmed="found again", witness={"x": 1})
        checks.append(made)
        found[made.name, ITSELF] = own
        found |= {(made.name, f"control:{one.name}"): draw(findings(FALSE)) for one in controls}
        if draw(st.booleans()):
            found[made.name, CELLS] = draw(cell_findings())
    return Claim("a.claim", "title", "x = x", Source("p", "w"), checks, clauses=clauses), found


@settings(max_examples=300)
@given(claims_with_findings())
def test_stored_checks_give_the_verdicts_of_the_engine(tested):
    made, found = tested
    registry = Registry({made.id: made}, {made.id: Path("a.py")})
    stored = claim_result(made, found, RunPlace(None), registry)
    assert of_clauses(stored) == clause_verdicts(made, found)
    assert weakest(of_clauses(stored)) == verdict(made, found)
    assert disagreement({"schema": 2, "claims": [stored]}) == ""


def test_the_words_of_both_sides_agree():
    assert VERDICTS == ENGINE_VERDICTS
    assert ALARMING == BAD


def test_the_drawn_findings_reach_every_verdict():
    reached = set()

    @settings(max_examples=300, database=None, derandomize=True)
    @given(claims_with_findings())
    def collect(tested):
        reached.add(verdict(*tested))

    collect()
    assert reached == set(VERDICTS)


# ------------------------------------------------------------------------------------------------- what is stored is told


def test_a_run_adds_up():
    assert {entry["id"]: entry["verdict"] for entry in small()["claims"]} == SMALL
    assert disagreement(small()) == ""
    validate(small())


@pytest.mark.parametrize("name", SMALL)
def test_an_edited_verdict_is_refused_with_the_claim_named(name):
    for better in VERDICTS:
        run = small()
        entry = next(one for one in run["claims"] if one["id"] == name)
        if better == entry["verdict"]:
            continue
        entry["verdict"] = better
        with pytest.raises(ResultsError, match=rf"claim '{name}': it is stored as {better}, its checks give {SMALL[name]}"):
            validate(run)


def test_an_edited_verdict_of_a_clause_is_refused():
    run = small()
    entry = next(one for one in run["claims"] if one["id"] == "mf.attained")
    entry["clauses"][2]["verdict"] = "supported"
    entry["verdict"] = "supported"
    with pytest.raises(ResultsError, match="its clause 'training' is stored as supported, its checks give skipped"):
        validate(run)


def test_a_check_on_an_unknown_clause_is_refused():
    with pytest.raises(ResultsError, match="check 'strata' bears on the clause 'bound', expected one of statement"):
        validate(results(claim(checks=[check(clauses=["bound"])], clauses=[clause()], verdict="skipped")))


def test_what_is_undermined_adds_up():
    forgotten, invented = small(), small()
    next(one for one in forgotten["claims"] if one["id"] == "mf.corollary")["undermined_by"] = []
    with pytest.raises(ResultsError, match="'mf.corollary': it rests on mf.wrong, which is refuted, and is not stored as undermined"):
        validate(forgotten)
    next(one for one in invented["claims"] if one["id"] == "mf.strata")["undermined_by"] = ["mf.function-rank"]
    with pytest.raises(ResultsError, match="undermined by mf.function-rank, which is not refuted"):
        validate(invented)


def test_a_baseline_with_an_edited_verdict_is_refused(tmp_path):
    made = baseline.make(small(), "First.")
    next(one for one in made["claims"] if one["id"] == "exp.slow")["verdict"] = "supported"
    del made["checksum"]
    baseline.write(tmp_path / "b.json", made)
    with pytest.raises(ResultsError, match="expected the field 'checksum'"):
        baseline.read(tmp_path / "b.json")
    baseline.write(tmp_path / "b.json", baseline.sealed(made))
    with pytest.raises(ResultsError, match="b.json: claim 'exp.slow': it is stored as supported, its checks give inconclusive"):
        baseline.read(tmp_path / "b.json")


# ------------------------------------------------------------------------------------------------------ schema version 1


def old(**changes):
    return version_1(results(claim(**changes)))["claims"][0]


UNANSWERED = control(refuted=None, message="error: ZeroDivisionError")


@pytest.mark.parametrize(
    ("entry", "allowed"),
    [
        (old(), ["certified"]),
        (old(checks=[check(covers="statement")]), ["proved"]),  # no reason was asked for then
        (old(checks=[check(covers="statement", evidence="property")]), ["supported"]),
        (old(relation="existence"), ["proved"]),
        (old(relation="existence", checks=[check(evidence="symbolic")]), ["certified"]),
        (old(checks=[check(evidence="training")]), ["supported"]),
        (old(checks=[check(), check("slow", "training")]), ["certified"]),  # the strongest check graded then
        (old(checks=[check(status="fails"), check("b", status="error")]), ["refuted"]),
        (old(checks=[check(status="timeout")]), ["error"]),
        (old(checks=[check(controls=[UNANSWERED])]), ["error"]),
        (old(checks=[check(controls=[control(refuted=None, message="")])]), ["error", "certified"]),  # a baseline drops the message
        (old(checks=[check(controls=[control(refuted=None, message="needs CUDA")])]), ["certified"]),
        (old(checks=[check(controls=[control(refuted=False)])]), ["vacuous"]),
        (old(checks=[check(status="inconclusive", cases=0)]), ["vacuous", "inconclusive"]),
        (old(checks=[check(status="inconclusive", cases=3)]), ["inconclusive"]),
        (old(checks=[check(status="skipped", cases=0)]), ["skipped"]),
        (old(checks=[]), ["skipped"]),
    ],
)
def test_the_rules_of_version_1(entry, allowed):
    assert of_version_1(entry) == allowed
    for one in VERDICTS:
        told = disagreement({"schema": 1, "claims": [{**entry, "verdict": one}]})
        assert (told == "") == (one in allowed)


@pytest.mark.parametrize("level", ["quick", "standard"])
def test_the_committed_baselines_add_up(level):
    kept = baseline.read(Path(__file__).parents[2] / "reports" / f"baseline-{level}.json")
    assert disagreement(kept) == ""
    edited = copy.deepcopy(kept)
    edited["claims"][0]["verdict"] = "vacuous"
    assert edited["claims"][0]["id"] in disagreement(edited)
