"""The verdict of a claim from its findings, in the documented order."""

import itertools

import pytest

from proofs_check import Clause, Status, load_claims
from proofs_check.engine.finding import CELLS, ITSELF, Finding
from proofs_check.engine.verdict import clause_verdicts, undermined_by, verdict

HOLDS = Finding(Status.HOLDS, cases=3, met=3)
FAILS = Finding(Status.FAILS, cases=1, met=1, counterexample={})
INCONCLUSIVE = Finding(Status.INCONCLUSIVE, met=1)
MET_NOTHING = Finding(Status.INCONCLUSIVE)
ERROR = Finding(Status.ERROR)
TIMEOUT = Finding(Status.TIMEOUT)
SKIPPED = Finding(Status.SKIPPED)
ALL_SKIPPED = Finding(Status.SKIPPED, skipped=3)


@pytest.fixture
def judge(make_claim, make_check):
    """The verdict of a claim whose checks came out as the given (evidence, covers, own finding, finding of the control)."""

    def build(*checks, relation="equality"):
        names = [f"check-{number}" for number in range(len(checks))]
        made = [make_check(name, evidence=check[0], covers=check[1]) for name, check in zip(names, checks, strict=True)]
        findings = {}
        for name, (_, _, own, control) in zip(names, checks, strict=True):
            findings[name, ITSELF] = own
            findings[name, "control:below zero"] = control
        return verdict(make_claim("test.claim", *made, relation=relation), findings)

    return build


@pytest.mark.parametrize(
    ("evidence", "covers", "relation", "wanted"),
    [
        ("symbolic", "statement", "equality", "proved"),
        ("formal", "statement", "equality", "proved"),
        ("exact", "statement", "upper", "certified"),
        ("certified", "statement", "tight", "certified"),
        ("exact", "instances", "equality", "certified"),
        ("certified", "instances", "lower", "certified"),
        ("exact", "instances", "existence", "certified"),
        ("certified", "instances", "existence", "certified"),
        ("property", "instances", "existence", "supported"),
        ("property", "statement", "equality", "supported"),
        ("training", "statement", "existence", "supported"),
    ],
)
def test_the_grade_of_a_claim_whose_checks_hold(judge, evidence, covers, relation, wanted):
    assert judge((evidence, covers, HOLDS, FAILS), relation=relation) == wanted


@pytest.mark.parametrize(
    ("own", "control", "wanted"),
    [
        (FAILS, FAILS, "refuted"),
        (FAILS, ERROR, "refuted"),
        (ERROR, FAILS, "error"),
        (TIMEOUT, HOLDS, "error"),
        (HOLDS, ERROR, "vacuous"),
        (HOLDS, TIMEOUT, "vacuous"),
        (INCONCLUSIVE, TIMEOUT, "vacuous"),
        (HOLDS, HOLDS, "vacuous"),
        (HOLDS, INCONCLUSIVE, "vacuous"),
        (HOLDS, MET_NOTHING, "vacuous"),
        (INCONCLUSIVE, HOLDS, "vacuous"),
        (MET_NOTHING, MET_NOTHING, "vacuous"),
        (MET_NOTHING, FAILS, "vacuous"),
        (INCONCLUSIVE, FAILS, "inconclusive"),
        (HOLDS, SKIPPED, "vacuous"),
        (SKIPPED, SKIPPED, "skipped"),
        (ALL_SKIPPED, SKIPPED, "vacuous"),
    ],
)
def test_the_order_of_the_verdicts(judge, own, control, wanted):
    assert judge(("exact", "instances", own, control)) == wanted


def test_exact_instances_prove_where_the_claim_says_why_they_are_all(make_claim, make_check):
    check = make_check("finite", covers="statement", because="the statement speaks of the integers from 0 to 9")
    findings = {("finite", ITSELF): HOLDS, ("finite", "control:below zero"): FAILS}
    assert verdict(make_claim("test.claim", check), findings) == "proved"


def test_a_confirmed_witness_proves_an_existence_and_nothing_else(make_claim, make_check):
    confirmed = Finding(Status.HOLDS, cases=1, met=1, witness={"x": 3}, confirmed="found again by in_balls")
    findings = {("below", ITSELF): confirmed, ("below", "control:below zero"): FAILS}
    assert verdict(make_claim(relation="existence"), findings) == "proved"
    assert verdict(make_claim(relation="equality"), findings) == "certified"


def test_a_claim_is_worth_its_weakest_clause(make_claim, make_check):
    clauses = [Clause("value", "R = 3"), Clause("attained", "R = 3 at a point")]
    exact = make_check("exact", clauses=["value"])
    floats = make_check("floats", evidence="property", clauses=["attained"])
    claim = make_claim("test.claim", exact, floats, clauses=clauses)
    findings = {(name, part): found for name in ("exact", "floats") for part, found in [(ITSELF, HOLDS), ("control:below zero", FAILS)]}
    assert clause_verdicts(claim, findings) == {"value": "certified", "attained": "supported"}
    assert verdict(claim, findings) == "supported"
    findings["floats", ITSELF] = SKIPPED
    assert verdict(claim, findings) == "partial"
    findings["exact", ITSELF] = FAILS
    assert verdict(claim, findings) == "refuted"


def test_a_law_about_training_is_not_certified_by_a_count(make_claim, make_check):
    claim = make_claim("test.law", make_check("count"), make_check("trained", evidence="training", level="standard"), kind="law")
    findings = {("count", ITSELF): HOLDS, ("count", "control:below zero"): FAILS, ("trained", ITSELF): SKIPPED}
    assert verdict(claim, findings) == "partial"
    findings |= {("trained", ITSELF): HOLDS, ("trained", "control:below zero"): FAILS}
    assert verdict(claim, findings) == "supported"


def test_a_false_prediction_that_survives_in_a_cell_makes_the_clause_vacuous(make_claim, make_check):
    claim = make_claim("test.claim", make_check("exact"))
    findings = {("exact", ITSELF): HOLDS, ("exact", "control:below zero"): FAILS}
    cells = [{"cell": "d = 1", "refuted": True, "message": ""}, {"cell": "d = 2", "refuted": False, "message": "holds"}]
    assert verdict(claim, {**findings, ("exact", CELLS): Finding(Status.HOLDS, met=2, cell_controls=cells)}) == "vacuous"
    assert verdict(claim, {**findings, ("exact", CELLS): Finding(Status.FAILS, met=2, cell_controls=cells[:1])}) == "certified"
    assert verdict(claim, {**findings, ("exact", CELLS): ERROR}) == "vacuous"


def test_the_worst_check_decides_whatever_the_order(judge):
    checks = [
        ("exact", "statement", HOLDS, FAILS),
        ("property", "instances", INCONCLUSIVE, FAILS),
        ("symbolic", "instances", SKIPPED, SKIPPED),
    ]
    assert {judge(*order) for order in itertools.permutations(checks)} == {"inconclusive"}
    assert judge(*checks, ("exact", "instances", FAILS, FAILS)) == "refuted"


def test_the_strongest_check_grades_and_skipped_ones_do_not(judge):
    strong = ("exact", "instances", HOLDS, FAILS)
    assert judge(("property", "instances", HOLDS, FAILS), strong) == "certified"
    assert judge(("symbolic", "statement", SKIPPED, SKIPPED), strong) == "certified"


def test_a_status_has_no_truth_value():
    with pytest.raises(TypeError, match="three-valued"):
        bool(Status.HOLDS)


def test_claims_that_rest_on_a_refuted_one_are_undermined(write_claims):
    registry = load_claims(write_claims("claim('own.a')", "claim('own.b', depends_on=['own.a'])", "claim('own.c', depends_on=['own.b'])"))
    verdicts = {"own.a": "refuted", "own.b": "proved", "own.c": "refuted"}
    assert undermined_by(registry, verdicts) == {"own.a": [], "own.b": ["own.a"], "own.c": ["own.a"]}
