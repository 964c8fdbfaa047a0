"""Running one part of a check: aggregation, replay, reduction, hypothesis and repetition of single cases."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, target
from hypothesis import strategies as st

from proofs_check import ClaimError, Control, Figure, Outcome, Probe, Status
from proofs_check.context import Context
from proofs_check.engine.execution import run_case, run_part
from proofs_check.engine.finding import ITSELF


@pytest.fixture
def run(make_claim, make_check):
    """Runs one part of a claim with one check of the given details."""

    def build(part=ITSELF, *, level="quick", probes=(), seed=0, **details):
        claim = make_claim("test.claim", make_check("check", **details), probes=probes)
        return run_part(claim, "check", part, level=level, seed=seed)

    return build


def test_outcomes_add_up(run):
    def decide(instance, *, bound, context):
        figure = Figure("lines", f"instances {instance // 2}", "in words", {"series": []}, "x", "y")  # 2 and 3 show the same
        return Outcome.holds(cases=instance, margin=1 / instance, detectable=instance / 10, message=f"m{instance % 5}", figures=[figure])

    finding = run(run=decide, instances=lambda context: range(1, 5), evidence="property")
    assert (finding.status, finding.cases, finding.met) == (Status.HOLDS, 10, 4)
    assert (finding.margin, finding.detectable) == (0.25, 0.4)
    assert len(finding.figures) == 3 and finding.figures[0]["kind"] == "lines"
    assert finding.message == "m1; m2; m3; and 1 more"


def test_one_inconclusive_instance_makes_the_check_inconclusive(run):
    def decide(instance, *, bound, context):
        return Outcome.inconclusive("no gap") if instance == 7 else Outcome.holds()

    finding = run(run=decide)
    assert finding.status is Status.INCONCLUSIVE
    assert (finding.cases, finding.met) == (9, 10)
    assert finding.message == "1 of 10 instances: case 7: no gap"


def test_skipped_instances_only_skip_the_check(run):
    def skip(instance, *, bound, context):
        return Outcome.skipped("no CUDA device")

    finding = run(run=skip)
    assert (finding.status, finding.message, finding.cases) == (Status.SKIPPED, "no CUDA device", 0)


def test_a_check_without_instances_holds_nothing(run):
    for empty in ([], st.nothing(), st.integers().filter(lambda number: False)):
        finding = run(instances=lambda context, empty=empty: empty)
        assert (finding.status, finding.met) == (Status.INCONCLUSIVE, 0)
        assert "nothing was tested" in finding.message


@pytest.mark.parametrize("drawn", [False, True])
def test_an_exception_is_an_error_and_never_a_refutation(run, drawn):
    def decide(instance, *, bound, context):
        raise AssertionError("not an outcome")

    instances = st.integers() if drawn else [1]
    for part in (ITSELF, "control:below zero"):
        finding = run(part, run=decide, instances=lambda context: instances)
        assert finding.status is Status.ERROR
        assert finding.refuted is None
        assert finding.message.startswith("AssertionError: not an outcome\n") and "test_execution.py" in finding.message
        assert "/proofs_check/execution.py" not in finding.message


def test_instances_that_break_midway_are_an_error(run):
    def instances(context):
        yield 1
        raise OSError("no more")

    finding = run(instances=instances)
    assert (finding.status, finding.met) == (Status.ERROR, 1)
    assert finding.message.startswith("OSError: no more")


@pytest.mark.parametrize("returned", [None, True, (Status.HOLDS, 1)])
def test_anything_but_an_outcome_is_an_error(run, returned):
    finding = run(run=lambda instance, *, bound, context: returned)
    assert finding.status is Status.ERROR
    assert "must return an Outcome" in finding.message


def test_the_first_failing_instance_ends_the_check(run):
    finding = run(parameters={"bound": 3}, controls=[Control("below zero", bound=0)])
    assert (finding.status, finding.met) == (Status.FAILS, 4)
    assert finding.counterexample == {
        "instance": 3,
        "x": 3,
        "case": 3,
        "replay": "a second run fails too: 3 >= 3",
    }


def test_drawn_counterexamples_are_shrunk_and_shown_exactly(run):
    def decide(instance, *, bound, context):
        return Outcome.equal(True, instance < Fraction(17, 3))

    finding = run(run=decide, instances=lambda context: st.integers(0, 10**6))
    assert finding.counterexample["instance"] == 6


def test_controls_stop_at_the_first_failure_without_shrinking(run):
    met = []

    def decide(instance, *, bound, context):
        met.append(instance)
        return Outcome.equal(True, instance < bound)

    finding = run("control:below zero", run=decide, instances=lambda context: st.integers(0, 10**6))
    assert finding.refuted is True
    assert len(met) == finding.met == 1


def test_a_control_meets_the_instances_of_its_check(run):
    seen = {ITSELF: [], "control:below zero": []}
    for part, met in seen.items():

        def decide(instance, *, bound, context, met=met):
            met.append((instance, context.rng(1).integers(1000)))
            return Outcome.holds()

        for instances in ([1, 2, 3], st.lists(st.integers())):
            run(part, run=decide, instances=lambda context, given=instances: given)
    assert seen[ITSELF] == seen["control:below zero"]


def test_a_surviving_control_is_not_refuted(run):
    finding = run("control:still true", controls=[Control("still true", bound=99)])
    assert (finding.status, finding.refuted) == (Status.HOLDS, False)


def test_probes_run_their_check_on_their_own_instances(run):
    probes = [Probe(drops="integer", instances=lambda context: [3, 30], parameters={"bound": 20})]
    finding = run("probe:0", probes=probes)
    assert (finding.status, finding.met) == (Status.FAILS, 2)


@pytest.mark.parametrize(
    ("second", "status"),
    [
        (Outcome.fails("exactly so", counterexample={}), Status.FAILS),
        (Outcome.holds(), Status.INCONCLUSIVE),
        (Outcome.inconclusive("cannot tell"), Status.INCONCLUSIVE),
        (Outcome.skipped("no second arithmetic here"), Status.FAILS),
    ],
)
@pytest.mark.parametrize("drawn", [False, True])
def test_a_refutation_needs_its_replay(run, second, status, drawn):
    def exactly(instance, *, bound, context):
        return second

    instances = st.integers(3, 5) if drawn else [3]
    finding = run(
        parameters={"bound": 3},
        controls=[Control("below zero", bound=0)],
        instances=lambda context: instances,
        replay=exactly,
    )
    assert finding.status is status
    if status is Status.INCONCLUSIVE:
        assert "the check fails (" in finding.message and "the replay by exactly" in finding.message
        assert finding.counterexample["x"] >= 3


def test_a_replay_that_raises_is_an_error(run):
    def broken(instance, *, bound, context):
        raise ZeroDivisionError

    assert run(run=lambda instance, *, bound, context: Outcome.equal(1, 2), replay=broken).status is Status.ERROR


def test_a_check_that_changes_its_mind_refutes_nothing(run):
    answers = iter([Outcome.fails("now", counterexample={}), *[Outcome.holds()] * 20])

    finding = run(run=lambda instance, *, bound, context: next(answers))
    assert finding.status is Status.INCONCLUSIVE
    assert finding.met == 10


def test_a_later_instance_still_refutes_after_a_doubtful_one(run):
    def replay(instance, *, bound, context):
        return Outcome.equal(True, instance != 5)

    finding = run(parameters={"bound": 3}, controls=[Control("below zero", bound=0)], replay=replay)
    assert (finding.status, finding.counterexample["case"]) == (Status.FAILS, 5)


def test_a_failing_instance_is_reduced_among_the_admissible(run):
    def decide(matrix, *, bound, context):
        return Outcome.equal(True, bool(np.abs(matrix).max() < 5), matrix=matrix)

    finding = run(
        run=decide,
        instances=lambda context: [np.array([[1, 2, 3], [4, 9, 6]])],
        admissible=lambda matrix: matrix.shape[0] == 2 and matrix.size > 0,
    )
    assert finding.counterexample["instance"] == finding.counterexample["matrix"] == [[0], [5]]
    assert "fails too" in finding.counterexample["replay"]


def test_without_admissible_instances_nothing_is_reduced(run):
    finding = run(run=lambda instance, *, bound, context: Outcome.equal(0, sum(instance)), instances=lambda context: [[4, 5]])
    assert finding.counterexample["instance"] == [4, 5]


def test_a_drawn_refutation_that_does_not_hold_up_is_withdrawn(run):
    answers = iter([Outcome.fails("now", counterexample={"x": 1})] * 2)

    finding = run(
        run=lambda instance, *, bound, context: next(answers, Outcome.holds()),
        instances=lambda context: st.integers(0, 10**9),
    )
    assert finding.status is Status.INCONCLUSIVE
    assert "failed once and did not fail again" in finding.message
    assert finding.counterexample["x"] == 1


@pytest.mark.parametrize("number", [0, 3, 9])
def test_a_listed_case_can_be_repeated(make_claim, make_check, number):
    found = run_case(make_claim("test.claim", make_check()), "below", ITSELF, number, level="quick")
    assert (found.status, found.counterexample) == (Status.HOLDS, {"instance": number})


def test_a_failing_case_is_reduced_again(make_claim, make_check):
    check = make_check("listed", run=lambda x, *, bound, context: Outcome.equal(0, sum(x)), instances=lambda context: [[7, 8]])
    found = run_case(make_claim("test.claim", replace(check, admissible=lambda x: True)), "listed", ITSELF, 0, level="quick")
    assert found.counterexample["instance"] == [7, 8]
    assert found.counterexample["reduced"]["instance"] == [1]


def test_every_drawn_case_can_be_repeated(make_claim, make_check):
    def decide(instance, *, bound, context):
        return Outcome.equal(True, sum(instance) < 1000)

    check = make_check("drawn", run=decide, instances=lambda context: st.lists(st.integers(0, 999)))
    claim = make_claim("test.claim", check)
    finding = run_part(claim, "drawn", ITSELF, level="quick")
    assert finding.status is Status.FAILS
    again = run_case(claim, "drawn", ITSELF, finding.counterexample["case"], level="quick")
    assert again.status is Status.FAILS
    assert again.counterexample["instance"] == finding.counterexample["instance"]


def test_cases_count_the_calls(make_claim, make_check):
    met = []

    def decide(instance, *, bound, context):
        met.append(instance)
        return Outcome.holds()

    claim = make_claim("test.claim", make_check(run=decide, instances=lambda context: st.lists(st.integers())))
    run_part(claim, "below", ITSELF, level="quick")
    for number, instance in enumerate(met[:20:5]):
        assert run_case(claim, "below", ITSELF, 5 * number, level="quick").counterexample == {"instance": instance}


@pytest.mark.parametrize("instances", [[1], st.just(1)])
def test_a_case_that_raises_is_an_error(make_claim, make_check, instances):
    def decide(instance, *, bound, context):
        raise OverflowError("too much")

    claim = make_claim("test.claim", make_check(run=decide, instances=lambda context: instances))
    found = run_case(claim, "below", ITSELF, 0, level="quick")
    assert (found.status, found.message[:24]) == (Status.ERROR, "OverflowError: too much\n")


def test_a_missing_case_is_said_to_be_missing(make_claim, make_check):
    for instances in (range(10), st.integers(0, 1)):
        claim = make_claim("test.claim", make_check(instances=lambda context, given=instances: given))
        found = run_case(claim, "below", ITSELF, 10, level="quick")
        assert (found.status, found.met) == (Status.SKIPPED, 0)
        assert "no case 10 at level quick with seed 0" in found.message


def test_a_missing_check_or_control_is_named(make_claim, make_check):
    claim = make_claim("test.claim", make_check())
    with pytest.raises(ClaimError, match=r"no control 'zero', expected one of \['below zero'\]"):
        run_case(claim, "below", "control:zero", 0, level="quick")
    with pytest.raises(ClaimError, match="no check 'above'"):
        run_case(claim, "above", ITSELF, 0, level="quick")
    with pytest.raises(ClaimError, match="part must be 'itself', 'cells', control:NAME or probe:NUMBER, got 'everything'"):
        run_case(claim, "below", "everything", 0, level="quick")


def test_draws_depend_on_the_seed_alone(run):
    def drawn(seed):
        met = []

        def decide(instance, *, bound, context):
            met.append(instance)
            return Outcome.holds()

        run(run=decide, instances=lambda context: st.lists(st.floats()), seed=seed)
        return repr(met)

    assert drawn(1) == drawn(1) != drawn(2)


def test_the_level_says_how_many_examples_are_drawn(run):
    examples = {"quick": 5, "standard": 9, "full": 20}
    for level, count in examples.items():
        finding = run(instances=lambda context: st.integers(0, 9), level=level, examples=examples)
        assert finding.met == min(count, 10)


def test_examples_that_are_assumed_away_are_not_met(run):
    def decide(instance, *, bound, context):
        assume(instance % 2)
        return Outcome.holds()

    finding = run(run=decide, instances=lambda context: st.integers(0, 9))
    assert (finding.status, finding.met) == (Status.HOLDS, 5)


def test_certificates_and_figures_are_plain_data(run):
    def decide(instance, *, bound, context):
        return Outcome.holds(certificate={"radius": Fraction(1, 3), "rows": np.arange(2)})

    finding = run(run=decide, instances=lambda context: [1])
    assert list(finding.certificates) == [{"radius": "1/3", "rows": [0, 1]}]


@pytest.mark.parametrize(
    ("evidence", "outcome", "told"),
    [
        ("exact", Outcome.holds(margin=0.5), "has no margin"),
        ("symbolic", Outcome.holds(margin=0.5), "has no margin"),
        ("property", Outcome.holds(margin=float("nan")), "finite margin"),
        ("property", Outcome.holds(margin=-100.0), "finite margin"),
        ("certified", Outcome.holds(margin=float("inf")), "finite margin"),
        ("exact", replace(Outcome.holds(), cases=0), "at least one case"),
        ("training", Outcome.holds(), "spends no alpha"),
    ],
)
def test_an_outcome_is_held_to_the_label_of_its_check(run, evidence, outcome, told):
    finding = run(run=lambda instance, *, bound, context: outcome, evidence=evidence)
    assert finding.status is Status.ERROR and told in finding.message


def test_alpha_is_booked_and_cannot_be_overspent(run):
    def decide(instance, *, bound, context):
        return context.rate(95, 100, what="a rate", at_least=0.8, margin=0.2, parts=bound)

    finding = run(run=decide, evidence="training", instances=lambda context: [1, 2], parameters={"bound": 2})
    assert finding.status is Status.HOLDS and 0.99e-6 < finding.spent <= 1e-6
    finding = run(run=decide, evidence="training", instances=lambda context: [1, 2, 3], parameters={"bound": 2})
    assert finding.status is Status.ERROR and "has spent 1.5e-06 of its alpha 1e-06" in finding.message


def test_trainings_that_did_not_end_are_neither_success_nor_failure():
    context = Context("test.claim", "check", alpha=1e-3)
    rate = dict(what="recovered", at_least=0.8, margin=0.3)
    assert context.rate(7, 60, undecided=53, **rate).status is Status.INCONCLUSIVE
    context.spent.clear()
    assert context.rate(7, 60, **rate).status is Status.FAILS
    context.spent.clear()
    assert context.rate(57, 60, undecided=3, **rate).status is Status.HOLDS


def test_more_skipped_than_decided_is_inconclusive(run):
    def decide(instance, *, bound, context):
        return Outcome.holds() if instance < 4 else Outcome.skipped("too large")

    finding = run(run=decide)
    assert (finding.status, finding.met, finding.skipped) == (Status.INCONCLUSIVE, 4, 6)
    assert "6 of 10 instances were skipped" in finding.message


def test_instances_outside_the_hypotheses_are_counted_apart(run):
    def decide(instance, *, bound, context):
        return Outcome.holds() if instance % 2 else Outcome.rejected("even")

    finding = run(run=decide)
    assert (finding.status, finding.met, finding.skipped, finding.rejected) == (Status.HOLDS, 5, 0, 5)


@pytest.mark.parametrize("seed", range(5))
def test_a_refutation_survives_an_error_while_it_is_shrunk(run, seed):
    def decide(instance, *, bound, context):
        if instance in (10, 11):
            raise ZeroDivisionError("this size is not handled")
        return Outcome.holds() if instance < bound else Outcome.fails("too large", counterexample={"x": instance})

    finding = run(run=decide, instances=lambda context: st.integers(0, 1000), seed=seed)
    assert finding.status is Status.FAILS and finding.counterexample["x"] >= 12


def test_a_check_may_call_target(run):
    def decide(instance, *, bound, context):
        target(float(instance))
        return Outcome.holds() if instance < bound else Outcome.fails("too large", counterexample={"x": instance})

    finding = run(run=decide, instances=lambda context: st.integers(0, 1000))
    assert finding.status is Status.FAILS and finding.counterexample["x"] == 10


def test_generators_are_keyed_by_the_instance_itself():
    context = Context("test.claim", "check")
    keys = [(1,), (2,), ("1",), ((1, 2),), (1, 2), (2, 1), ({"d": 1},), (Fraction(1, 2),), (np.arange(3),), (None,), (True, 1)]
    draws = [context.rng(*key).integers(2**62) for key in keys]
    assert len(set(draws)) == len(draws)
    assert context.rng((1, 2)).integers(2**62) == draws[3]
