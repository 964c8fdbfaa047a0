"""What a page says of evidence: rates with their intervals, controls with both values, domains at one level, reasons that name clauses."""

import re

import pytest
from synthetic_results import cell_control, check, claim, clause, control, judged

from reports.evidence import cell_controls, controls, domain, rates, table
from reports.html import _meaning
from reports.reasons import why

# ----------------------------------------------------------------------------------------------------------------- rates


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("n = 7: 190 of 200, at least 0.8 expected", ["n = 7: 0.95 (190 of 200; 95 % interval 0.91 to 0.98), at least 0.8 expected"]),
        (
            "4 x 4, n = 6: slope one: 59 of 60 recovered, at most 0.2 expected; n = 7: 0 of 60 (3 undecided), at most 0.2 expected; and 9",
            [
                "4 x 4, n = 6: slope one: 0.983 (59 of 60; 95 % interval 0.91 to 1), at most 0.2 expected",
                "n = 7: 0 (0 of 60, 3 undecided; 95 % interval 0 to 0.14), at most 0.2 expected",
            ],
        ),
        ("n: 61 of 60, at least 0.8 expected", []),
        ("n: 0 of 0, at least 0.8 expected", []),
        ("79 of 79 designs agree", []),
        ("", []),
    ],
)
def test_rates_are_read_back(message, shown):
    assert [str(rate).replace("\u00a0", " ") for rate in rates(message)] == shown


def test_the_interval_is_exact():
    """The tails at its ends are those of the binomial distribution."""
    from scipy.stats import binom

    (rate,) = rates("n: 37 of 60 (2 undecided), at least 0.8 expected")
    low, high = rate.interval
    assert binom.sf(36, 60, low) == pytest.approx(0.025)
    assert binom.cdf(39, 60, high) == pytest.approx(0.025)


def test_rates_of_the_judging_functions_are_read_back():
    from proofs_check.judging import rate_is

    told = rate_is(190, 200, what="recovered at n = 7", at_least=0.8, margin=0.1, alpha=1e-3, undecided=4).message
    (rate,) = rates(told)
    assert (rate.what, rate.successes, rate.trials, rate.undecided, rate.expected) == ("recovered at n = 7", 190, 200, 4, "at least 0.8")


# -------------------------------------------------------------------------------------------------------------- controls


@pytest.mark.parametrize(
    ("message", "case", "what", "predicted", "observed"),
    [
        ("case 3: expected 14, observed 10", "3", "", "14", "10"),
        ("case 12: dimension: expected (2, 2), observed (2, 3)", "12", "dimension", "(2, 2)", "(2, 3)"),
        ("case 0: rank: expected at most 5, observed [6, 7]", "0", "rank", "at most 5", "[6, 7]"),
    ],
)
def test_controls_have_both_values(message, case, what, predicted, observed):
    (found,) = controls(check(controls=[control("twin", True, message)]))
    assert (found.case, found.what, found.predicted, found.observed, found.message) == (case, what, predicted, observed, "")


@pytest.mark.parametrize(
    ("message", "refuted", "shown"),
    [
        ("case 4: the gradients differ", True, "the gradients differ"),
        ("not refuted on 40 instances", False, "not refuted on 40 instances"),
        ("case 3: expected 1, observed 1", False, "expected 1, observed 1"),
        ("error: ValueError", None, "error: ValueError"),
        ("", None, ""),
    ],
)
def test_other_messages_are_shown_as_they_are(message, refuted, shown):
    (found,) = controls(check(controls=[control("twin", refuted, message)]))
    assert (found.predicted, found.message) == ("", shown)


def test_values_of_the_judging_functions_are_read_back():
    from proofs_check.judging import at_most, equal

    for outcome, values in ((equal(rank=(14, 10)), ("14", "10")), (at_most("rank", 6, 5), ("at most 5", "6"))):
        (found,) = controls(check(controls=[control("twin", True, f"case 3: {outcome.message}")]))
        assert (found.predicted, found.observed) == values


def test_survivors_come_first():
    entries = [cell_control("d = 1"), cell_control("d = 2", False), cell_control("d = 3")]
    assert [found.name for found in cell_controls(check(cell_controls=entries))] == ["d = 2", "d = 1", "d = 3"]


# --------------------------------------------------------------------------------------------------------------- domains


def test_a_domain_is_that_of_the_level():
    from proofs_check.axes import axes, by_level

    spanned = axes(
        d=by_level((1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4, 5)),
        kind=("a", "b"),
        m=by_level((1, 3), (1, 3), (1, 5)),
        rank="0..min(d, m)",
        full=3,
    )
    scope = spanned.scope()
    assert domain(scope, "quick") == "d = 1..3; kind = a, b; m = 1, 3; rank = 0..min(d, m)"
    assert domain(scope, "standard") == "d = 1..4; kind = a, b; m = 1, 3, later 1, 5; rank = 0..min(d, m)"
    assert domain(scope, "full") == "d = 1..5; kind = a, b; m = 1, 5; rank = 0..min(d, m)"
    assert domain("sizes 1, 2, 3, later more", "quick") == "sizes 1, 2, 3, later more"


# --------------------------------------------------------------------------------------------------------- clause by clause


def columns(entry):
    return [
        [[one.check["name"] for one in cell] for cell in (row.for_all, row.on_domain, row.by_rate)] for row in table(judged(entry), "quick")
    ]


def test_every_check_is_in_the_column_of_its_kind():
    parts = [clause("a"), clause("b", existential=True)]
    both = ["a", "b"]
    entry = claim(
        clauses=parts,
        checks=[
            check("symbols", "symbolic", covers="statement", clauses=both),
            check("all", "exact", covers="statement", because="all 16", clauses=["a"]),
            check("some", "exact", covers="statement", clauses=["a"]),
            check("witness", "certified", confirmed="found again by exact", clauses=both),
            check("floats", "property", clauses=["a"]),
            check("descent", "training", clauses=["b"]),
        ],
    )
    assert columns(entry) == [
        [["symbols", "all"], ["some", "witness", "floats"], []],
        [["symbols", "witness"], [], ["descent"]],
    ]


# --------------------------------------------------------------------------------------------------------------- reasons


def reason(*checks, clauses=None, **changes):
    return why(judged(claim(clauses=clauses or [clause()], checks=list(checks), **changes)))


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ([], "The claim has no check, so nothing was tested."),
        ([check(status="fails")], "The check “strata” found a counterexample."),
        ([check(status="timeout")], "The check “strata” did not come to an end."),
        (
            [check(controls=[control(refuted=None)])],
            "The control “without the overlap” is false by construction and did not come to an answer",
        ),
        ([check(met=0)], "The check “strata” met no instance."),
        (
            [check(cell_controls=[cell_control("d = 1", False), cell_control("d = 2", False)])],
            "survived in the cell (d = 1) and in 1 other",
        ),
        ([check(status="skipped", cases=0, message="needs CUDA\nmore")], "The check “strata” was skipped: needs CUDA."),
        (
            [check(cells={"met": 12, "missed": []})],
            "decided 225 instances in 12 cells without rounding; nothing here proves it for all sizes.",
        ),
        ([check(evidence="property"), check("b", "property")], "The checks “strata” and “b” agreed within tolerance on 450 instances"),
        (
            [check("a", "exact", covers="statement", because="all 16 points"), check("b", "formal", covers="statement")],
            "The checks “a” and “b” prove it for all that it speaks of, by formal and exact evidence (450 instances).",
        ),
    ],
)
def test_reasons_name_the_deciding_checks(checks, words):
    assert words in reason(*checks)


def test_reasons_name_the_weakest_clause():
    clauses = [clause("value"), clause("attained"), clause("rate")]
    told = reason(
        check("proof", "symbolic", covers="statement", clauses=["value", "attained"]),
        check("floats", "property", clauses=["rate"]),
        clauses=clauses,
    )
    assert told.startswith("Its weakest clause is “rate”. The check “floats” agreed within tolerance on 225 instances")
    assert told.endswith("Of the others, “value” and “attained” are proved.")
    same = reason(check(clauses=["value", "attained", "rate"]), clauses=clauses)
    assert same.startswith("Each of its 3 clauses is certified. “value”: The check “strata” decided")


def test_a_law_that_was_not_trained_is_told():
    later = check("descent", "training", status="skipped", cases=0, spent=None, message="runs from level standard on", controls=[])
    told = reason(check(), later, kind="law")
    assert told.startswith("Only training shows what training does, and no training was run here.")
    assert told.endswith("The check “descent” was skipped: runs from level standard on.")


# -------------------------------------------------------------------------------------------------------------- meanings


@pytest.mark.parametrize(
    ("meaning", "shown"),
    [
        ("the left factor, d_1 x m", "the left factor, |d1×m|"),
        ("height and width of the matrix", "height and width of the matrix"),
        ("the i-th factor, d_(i-1) x d_i", "the i-th factor, |di−1×di|"),
        ("the largest x of all", "the largest x of all"),
        (r"least over $\Theta^*$", "least over |Θ∗|"),
    ],
)
def test_meanings_are_words_with_formulas(meaning, shown):
    assert re.sub(r"</?math>", "|", re.sub(r"<(?!/?math>)[^>]*>", "", _meaning(meaning))) == shown
