"""The verdict of a claim from its findings, in the documented order."""

import itertools

import pytest

from proofs_check import Status, load_claims
from proofs_check.engine.finding import ITSELF, Finding
from proofs_check.engine.verdict import undermined_by, verdict

HOLDS = Finding(Status.HOLDS, cases=3, met=3)
FAILS = Finding(Status.FAILS, cases=1, met=1, counterexample={})
INCONCLUSIVE = Finding(Status.INCONCLUSIVE, met=1)
MET_NOTHING = Finding(Status.INCONCLUSIVE)
ERROR = Finding(Status.ERROR)
TIMEOUT = Finding(Status.TIMEOUT)
SKIPPED = Finding(Status.SKIPPED)


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
        ("exact", "statement", "upper", "proved"),
        ("certified", "statement", "tight", "proved"),
        ("exact", "instances", "equality", "certified"),
        ("certified", "instances", "lower", "certified"),
        ("exact", "instances", "existence", "proved"),
        ("certified", "instances", "existence", "proved"),
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
        (HOLDS, ERROR, "error"),
        (HOLDS, TIMEOUT, "error"),
        (INCONCLUSIVE, TIMEOUT, "error"),
        (HOLDS, HOLDS, "vacuous"),
        (HOLDS, INCONCLUSIVE, "vacuous"),
        (HOLDS, MET_NOTHING, "vacuous"),
        (INCONCLUSIVE, HOLDS, "vacuous"),
        (MET_NOTHING, MET_NOTHING, "vacuous"),
        (MET_NOTHING, FAILS, "vacuous"),
        (INCONCLUSIVE, FAILS, "inconclusive"),
        (HOLDS, SKIPPED, "certified"),
        (SKIPPED, SKIPPED, "skipped"),
    ],
)
def test_the_order_of_the_verdicts(judge, own, control, wanted):
    assert judge(("exact", "instances", own, control)) == wanted


def test_the_worst_check_decides_whatever_the_order(judge):
    checks = [
        ("exact", "statement", HOLDS, FAILS),
        ("property", "instances", INCONCLUSIVE, FAILS),
        ("training", "instances", SKIPPED, SKIPPED),
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
