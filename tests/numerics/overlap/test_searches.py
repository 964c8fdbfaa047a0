"""Cycles, reflected starts, zero labels, equal neurons, ReLU, biases, reweighted data, small steps, and searches that look at the clock."""

import json
import time

import numpy as np
import pytest
from referees import script

from numerics.arithmetic.deadline import OutOfTime, ending, look_at_the_clock
from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
from numerics.flows.flow import gradient_flow
from numerics.flows.validated_flow import Field, descend, enclose
from numerics.overlap import (
    NotFound,
    Overlap,
    Watch,
    find_contact_form,
    find_cycle,
    find_one_point_overlap,
    find_reweighted,
    find_two_point_overlap,
    midpoints,
)
from numerics.overlap.finite_steps import drift, largest_eigenvalue
from numerics.overlap.two_point import kind_and_level
from theory.models import TwoLayer


def accepted(found):
    """What the referee's scripts show of it."""
    return script("check_certificate").check(json.loads(json.dumps(found.to_data())))


@pytest.mark.parametrize("name", ["sigmoid", "erf", "sin", "cos", "tanh", "atan", "softplus"])
def test_cycles_of_two_inputs_need_few_steps(name):
    found = find_cycle(name, inputs=2)
    assert isinstance(found, Overlap) and len(found.certificates[0]["weights"]) == 17
    assert accepted(found) == "18 limits in a circle"


@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_cycles_of_two_inputs_where_the_quotient_is_nearly_affine(name):
    found = find_cycle(name, inputs=2)
    assert isinstance(found, Overlap) and accepted(found).endswith("limits in a circle")


def test_cycles_depend_on_the_seed_and_keep_a_given_start():
    first, second = (find_cycle("sigmoid", inputs=2, seed=seed) for seed in (1, 2))
    assert isinstance(first, Overlap) and isinstance(second, Overlap) and first.theta0 != second.theta0
    found = find_cycle("tanh", inputs=3, start=first.theta0[:2] + ["0", "1"])
    assert isinstance(found, NotFound) or found.theta0[:2] == first.theta0[:2]


@pytest.mark.parametrize(("name", "neurons", "inputs"), [("softplus", 1, 1), ("tanh", 2, 2), ("erf", 1, 3)])
def test_the_reflected_start_is_the_limit_of_many_inputs(name, neurons, inputs):
    found = find_one_point_overlap(name, neurons=neurons, inputs=inputs)
    assert isinstance(found, Overlap) and found.kind == "reflected" and "reflected start" in accepted(found)
    model, theta0 = TwoLayer(inputs, neurons, activation=name), midpoints(found.theta0)
    for sample in found.samples:
        flow = gradient_flow(model, theta0, ([midpoints(sample["x"])], midpoints([sample["y"]])))
        assert flow.converged and flow.distance(midpoints(found.limits[0])) < 1e-8


def test_where_the_elasticity_is_monotone_the_label_zero_is_left():
    """Limits of the catalogue: ln(1 + e^z) from (0.4, 1) on (0.3, 0) and (0.6, 0)."""
    found = find_two_point_overlap("softplus", candidates=100)
    assert isinstance(found, Overlap) and (found.kind, found.level) == ("zero-label", "parameter")
    np.testing.assert_allclose(midpoints(limit[0] for limit in found.limits), [0.2943, 0.1923], atol=5e-5)
    assert accepted(found) == "2 limits for the label 0" and "proved monotone" in found.notes[-1]
    cycle = find_cycle("softplus")
    assert isinstance(cycle, Overlap) and "cycle of two" in cycle.notes[-1]


@pytest.mark.parametrize(("search", "name"), [(find_one_point_overlap, "sigmoid"), (find_cycle, "sin")])
def test_equal_neurons_share_what_one_neuron_has(search, name):
    found = search(name, neurons=3)
    assert isinstance(found, Overlap) and found.neurons == 3 and accepted(found)
    model, theta0 = TwoLayer(1, 3, activation=name), midpoints(found.theta0)
    sample, limit = found.samples[0], midpoints(found.limits[0])
    assert gradient_flow(model, theta0, ([midpoints(sample["x"])], midpoints([sample["y"]]))).distance(limit) < 1e-6


def test_an_affine_quotient_rules_out_one_neuron_only():
    """Two exponential neurons have two-point overlaps, hence cycles of two; only of equal ones is more proved."""
    assert find_cycle("exp").proved and find_one_point_overlap("exp").proved and find_contact_form("exp").proved
    found = find_cycle("exp", neurons=2)
    assert isinstance(found, Overlap) and found.mechanism == "two-point" and accepted(found)
    for none in (find_one_point_overlap("exp", neurons=2), find_contact_form("exp", neurons=2)):
        assert isinstance(none, NotFound) and not none.proved and "equal neurons" in none.reason


def test_an_affine_quotient_rules_out_nothing_at_label_zero():
    """A strict G exists for exp while a > 0; the limits for the label 0 lie beyond, and which one is reached depends on the input."""
    found = find_two_point_overlap("exp", candidates=20)
    assert isinstance(found, Overlap) and (found.kind, found.level) == ("zero-label", "parameter") and accepted(found)
    given = find_two_point_overlap("exp", start=["0.4", "1"], samples=[(["0.3"], 0), (["0.6"], 0)])
    assert isinstance(given, Overlap) and accepted(given)
    np.testing.assert_allclose([midpoints(limit) for limit in given.limits], [[0.25, 0], [0.1, 0]], atol=1e-12)


@pytest.mark.parametrize("find", [find_one_point_overlap, find_cycle, find_reweighted])
def test_what_an_affine_quotient_rules_out_is_said_with_the_domain(find):
    none = find("(z/2+1)**2", inputs=2, **{"candidates": 10} if find is not find_cycle else {})
    assert isinstance(none, NotFound) and none.proved and none.where == "while a and p z + q keep their signs"


def test_data_given_with_a_start_are_looked_at_once_for_each_pair_of_weights():
    none = find_reweighted("exp", inputs=1, start=["0", "1"], samples=[(["1"], 2), (["2"], 3)])
    assert isinstance(none, NotFound) and none.reason.startswith("3 pairs of flows")


@pytest.mark.parametrize(("inputs", "start"), [(1, ["0.2", "0.7"]), (3, ["0.2", "-1", "0.5", "0.7"])])
def test_limits_of_the_label_zero_keep_a_given_start(inputs, start):
    found = find_two_point_overlap("softplus", inputs=inputs, start=start, candidates=20)
    assert isinstance(found, Overlap) and (found.kind, found.theta0) == ("zero-label", start) and accepted(found)
    model = TwoLayer(inputs, 1, activation="softplus")
    for sample, limit in zip(found.samples, found.limits, strict=True):
        flow = gradient_flow(model, [float(v) for v in start], ([midpoints(sample["x"])], [0.0]))
        assert flow.distance(midpoints(limit)) < 1e-8


def test_limits_of_one_function_are_never_said_to_differ_as_functions():
    """z + z^3 is odd; where it meets itself its crossings look generic until they are refined."""
    found = find_two_point_overlap("z+z**3", candidates=400)
    assert isinstance(found, Overlap) and (found.kind, found.level) == ("symmetric", "parameter") and accepted(found)
    p, q = (midpoints(limit) for limit in found.limits)
    np.testing.assert_allclose(p, -q, rtol=1e-9)


@pytest.mark.parametrize(
    ("find", "options", "forged"),
    [
        (find_two_point_overlap, {"candidates": 60}, {"level": "function", "kind": "generic"}),  # tanh: p and -p
        (find_two_point_overlap, {"candidates": 60}, {"level": "function"}),
        (find_two_point_overlap, {"inputs": 2, "candidates": 60}, {"bias": True}),
        (find_reweighted, {"inputs": 1}, {"level": "function", "kind": "generic"}),
    ],
)
def test_a_referee_looks_at_the_level_that_a_file_states(find, options, forged):
    found = find("tanh", **options)
    assert isinstance(found, Overlap) and accepted(found)
    with pytest.raises(AssertionError, match="differ as functions|another level|input is not 1"):
        script("check_certificate").check({**json.loads(json.dumps(found.to_data())), **forged})


def test_what_is_not_proved_to_differ_is_of_the_level_of_parameters():
    model = TwoLayer(1, 1, activation="tanh")
    assert kind_and_level(model, (["1", "2"], ["1", "3"])) == ("generic", "function")
    for other in (["-1", "-2"], ["[1 +/- 0.5]", "[3 +/- 2]"]):  # the same function, and balls in which it lies
        assert kind_and_level(model, (["1", "2"], other)) == ("symmetric", "parameter")


@pytest.mark.parametrize(
    ("search", "formula", "inputs"),
    [
        (find_one_point_overlap, "exp(-z**2)", 2),  # the start lies beside the zero of sigma'
        (find_one_point_overlap, "1/z+exp(z)", 2),  # beside a pole
        (find_two_point_overlap, "cosh(z)", 1),
        (find_two_point_overlap, "1+exp(z)", 2),  # a limit beyond the start, seen from the turn
        (find_two_point_overlap, "log(z)", 1),
        (find_one_point_overlap, "(1+z**2)**(1/3)", 1),
        (find_one_point_overlap, "sigmoid(2*z)**3 + 0.12345678901234567890123", 1),
        (find_one_point_overlap, "tanh(z)**(-2)", 1),
        (find_contact_form, "sqrt(1+z**2)", 2),  # pieces of the way on which a ball of sigma' holds 0
        (find_one_point_overlap, "arctan(2*z)", 1),
    ],
)
def test_certificates_of_formulas_with_poles_and_zeros_near_the_way_are_accepted(search, formula, inputs):
    found = search(formula, inputs=inputs)
    assert isinstance(found, Overlap) and accepted(found)


def test_contact_of_equal_neurons():
    found = find_contact_form("gelu", neurons=2, inputs=3)
    assert isinstance(found, Overlap) and len(found.theta0) == 8 and accepted(found)


@pytest.mark.parametrize(("find", "formula"), [(find_two_point_overlap, "sigmoid(z)*(1+z)**(1/10)"), (find_reweighted, "log(z)")])
def test_places_without_a_value_are_passed_over_in_silence(find, formula):
    """Warnings are errors here; at a command's prompt they were lines of numpy's."""
    assert find(formula, inputs=1, candidates=60, time_limit=20) is not None


@pytest.mark.parametrize("name", ["relu", "leaky"])
def test_rectified_networks_by_their_hyperbolas(name):
    found = find_two_point_overlap(name, neurons=2, inputs=2)
    assert isinstance(found, Overlap) and found.certificates[0]["method"] == "closed form" and accepted(found)
    alone = find_two_point_overlap(name, candidates=100)
    assert isinstance(alone, NotFound) and alone.proved and "affine" in alone.reason and alone.where


def test_hidden_biases_are_weights_of_a_constant_input():
    found = find_two_point_overlap("tanh", bias=True, candidates=300)
    assert isinstance(found, Overlap) and found.bias and all(float(sample["x"][-1]) == 1 for sample in found.samples)
    assert accepted(found)


# ----------------------------------------------------------------------------------------------------------------- reweighted data


@pytest.mark.parametrize(
    ("name", "method", "level"),
    [
        ("sigmoid", "validated flows with tail bound", "function"),
        ("gelu", "tangents at a two-point overlap", "function"),
        ("atan", "validated flows with tail bound", "parameter"),
    ],
)
def test_two_samples_of_one_input_have_two_solutions_which_their_weights_choose(name, method, level):
    found = find_reweighted(name, inputs=1)
    assert isinstance(found, Overlap) and (found.certificates[0]["method"], found.level) == (method, level) and accepted(found)
    x, y = (np.array([midpoints(sample["x"]) for sample in found.samples]), found.labels)
    model, ends = TwoLayer(1, 1, activation=name), [midpoints(limit) for limit in found.limits]
    weights = [[float(c) for c in run["weights"]] for run in found.certificates[0].get("runs", [])] or [(1e4, 1.0), (1.0, 1e4)]
    for weight, end in zip(weights, ends, strict=True):  # at large weights as near as the labels are exact: GELU's curves cross at 0.01
        flow = gradient_flow(model, midpoints(found.theta0), (x, y), weights=weight, residual=1e-9, time=1e4)
        assert flow.distance(end) < 0.01
    values = [model(end, np.linspace(-3, 3, 13)[:, None])[:, 0] for end in ends]
    assert (np.abs(values[0] - values[1]).max() > 0.01) == (level == "function")


def test_where_the_elasticity_is_monotone_weights_choose_nothing():
    found = find_reweighted("softplus", inputs=1)
    assert isinstance(found, NotFound) and found.proved and "one solution" in found.reason
    assert found.where == "with limits that differ as functions"  # two samples of label 0 end at other weights of one function


TANH = {"start": ["-0.5", "0", "0.5"], "samples": [(["0.5", "0"], 1.0), (["0.5", "-1"], 0.25)]}


def test_a_repeated_datum_moves_the_limit_also_of_small_steps():
    found = find_reweighted("tanh", **TANH, steps=True)
    assert isinstance(found, Overlap)
    np.testing.assert_allclose(midpoints(found.limits[0]), [1.40635, 0.55040, 1.64913], atol=1e-3)
    plain, heavy = found.certificates[0]["steps"]
    assert (plain["momentum"], heavy["momentum"]) == (0.0, 0.9) and 0 < heavy["learning rate"] < plain["learning rate"] < 0.1
    data = json.loads(json.dumps(found.to_data()))
    data["certificates"][0]["steps"] = data["certificates"][0]["steps"][:1]
    referee = script("check_flow")
    assert referee.check(data) == "two weightings, two limits, also of small steps"
    data["certificates"][0]["steps"][0]["learning rate"] *= 1000
    with pytest.raises(AssertionError):
        referee.check(data)


@pytest.mark.parametrize(("name", "neurons"), [("identity", 2), ("tanh", 1)])
def test_random_data_are_found(name, neurons):
    found = find_reweighted(name, neurons=neurons)
    assert isinstance(found, Overlap) and found.mechanism == "reweight"


def test_weights_choose_the_sign_of_a_linear_neuron_and_nothing_of_an_exponential_one():
    """The flow of a linear neuron may pass a = 0, beyond which the solution is minus the one before: a strict G exists on either side."""
    found = find_reweighted("identity")
    assert isinstance(found, Overlap) and (found.kind, found.level) == ("symmetric", "parameter") and accepted(found)
    p, q = (midpoints(limit) for limit in found.limits)
    np.testing.assert_allclose(p, -q, atol=0.1)
    none = find_reweighted("exp")
    assert isinstance(none, NotFound) and none.proved and none.where


def field():
    return Field(TwoLayer(2, 1), balls([[0.5, 0], [0.5, -1]]), balls([1, 0.25]), balls([1, 1]))


def test_the_euclidean_enclosure_agrees_with_the_boxes_and_contracts():
    with working_precision(128):
        p, pieces = descend(field(), [-0.5, 0, 0.5], 4.0)
        q = enclose(field(), [-0.5, 0, 0.5], 4.0)
        assert all(a.overlaps(b) for a, b in zip(p, q, strict=True)) and sum(h for h, _ in pieces) == pytest.approx(4.0)
        far, _ = descend(field(), [-0.5, 0, 0.5], 24.0)
        assert max(float(entry.rad()) for entry in far) < 1e-12


def test_the_derivative_of_the_field_is_symmetric_and_right():
    theta, step = np.array([-0.3, 0.2, 0.7]), 1e-6
    with working_precision(128):
        matrix = field().derivative(balls(theta))
        middle = np.array([[float(entry.mid()) for entry in row] for row in matrix])
        for k in range(3):
            ahead, behind = (np.array([float(v.mid()) for v in field()(balls(theta + sign * step * np.eye(3)[k]))]) for sign in (1, -1))
            np.testing.assert_allclose((ahead - behind) / (2 * step), middle[:, k], atol=1e-8)
        assert largest_eigenvalue(matrix) >= np.linalg.eigvalsh(middle)[-1]
    np.testing.assert_allclose(middle, middle.T)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_iterates_stay_within_the_drift_that_is_proved(momentum):
    """Every h up to a share of the shortest piece whose polygon stays in the tube; the error is of first order, the bound a few
    times it.
    """
    time, radius = 1.0, 0.2
    with working_precision(128):
        end, pieces = descend(field(), [-0.5, 0, 0.5], time)
        bound = drift(field(), pieces, radius)
    flow, x, y = np.array([float(entry.mid()) for entry in end]), np.array([[0.5, 0], [0.5, -1]]), np.array([1, 0.25])
    from numerics.flows.flow import value_and_jacobian

    def descended(h):
        theta, move = np.array([-0.5, 0, 0.5]), np.zeros(3)
        for _ in range(round(time / h)):
            value, slopes = value_and_jacobian(TwoLayer(2, 1), theta, x)
            move = momentum * move - h * (1 - momentum) * (value - y) @ slopes
            theta = theta + move
        return float(np.linalg.norm(theta + momentum / (1 - momentum) * move - flow))

    errors = [descended(h) for h in (2e-3, 1e-3)]
    assert bound.largest * 2e-3 / (1 - momentum) < radius
    assert errors[0] < bound.growth * 2e-3 / (1 - momentum) and errors[0] / errors[1] == pytest.approx(2, abs=0.2)


# ------------------------------------------------------------------------------------------------------------------------ the clock


def test_proofs_end_with_the_time():
    with ending(time.monotonic() - 1), pytest.raises(OutOfTime):
        look_at_the_clock()
    look_at_the_clock()
    with ending(time.monotonic() - 1), ending(time.monotonic() + 100), pytest.raises(NotCertified):
        look_at_the_clock()


@pytest.mark.parametrize("search", [find_two_point_overlap, find_one_point_overlap, find_cycle, find_reweighted])
def test_a_search_without_time_says_what_it_tried(search):
    found = search("sigmoid", inputs=2, time_limit=0)
    assert isinstance(found, NotFound) and not found.proved and "proves nothing" in found.reason and "in 0 s" in found.reason


def test_a_search_says_how_far_it_is():
    told = []
    find_two_point_overlap("tanh", inputs=2, watch=Watch(60, told.append, every=0.0))
    assert any("starts screened" in text for text in told) and any("crossing 1" in text for text in told)
    with pytest.raises(ValueError, match="time_limit must be"):
        Watch(-1)


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: find_cycle("sigmoid", inputs=0), "inputs must be an integer from 1 to 1000000"),
        (lambda: find_one_point_overlap("sigmoid", neurons=0), "neurons must be an integer from 1 to 1000000"),
        (lambda: find_one_point_overlap("sigmoid", start=[1]), "start must have 2 entries"),
        (lambda: find_one_point_overlap("sigmoid", start=["nan", "1"]), "start must have 2 entries, finite numbers"),
        (lambda: find_cycle("exp", neurons=2, inputs=2, start=["1", "2"]), "start must have 3 entries"),
        (lambda: find_reweighted("tanh", momentum=1.0), "momentum must lie in"),
        (lambda: find_reweighted("tanh", inputs=1, samples=[(["1"], "inf"), (["2"], 1)]), "each y in samples must have 1 entry, finite"),
        (lambda: find_two_point_overlap("tanh", start=[1, 2], samples=[([1, 2], 1), ([1], 1)]), "each x in samples must have 1 entry"),
        (lambda: find_one_point_overlap("sigmoid", start=[1, 0]), "a_0 != 0"),
        (lambda: find_cycle("sigmoid", inputs=3, start=[1, 1, 1, 1]), "weights 0 behind the first two"),
        (lambda: find_reweighted("sigmoid", samples=[([1, 2], 1)]), "two or more pairs"),
        (lambda: find_reweighted("sigmoid", samples=[([1], 1), ([2], 1)]), "each x in samples must have 2 entries"),
        (lambda: find_reweighted("sigmoid", start=[1, 2]), "start must have 3 entries"),
        (lambda: find_reweighted("sigmoid", count=1), "count must be at least 2"),
        (lambda: find_reweighted("relu"), "differentiable everywhere"),
        (lambda: find_contact_form("sigmoid", inputs=1), "inputs must be at least 2"),
    ],
)
def test_bad_input_is_named(call, hint):
    with pytest.raises(ValueError, match=hint):
        call()
