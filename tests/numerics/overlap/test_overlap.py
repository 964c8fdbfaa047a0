"""Overlaps are found and certified where they are, and not where a strict function exists."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from flint import arb

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.overlap import (
    NotFound,
    Overlap,
    cycles,
    elasticity_extremum,
    find_cycle,
    find_one_point_overlap,
    find_two_point_overlap,
    is_p_family,
    midpoints,
    screening,
)
from numerics.overlap.first_integral import Reach, joined, primitive, quotient_series
from theory.activations import activation
from theory.expressions import parse
from theory.models import TwoLayer

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("name", "neurons", "inputs"), [("sigmoid", 1, 1), ("gelu", 1, 1), ("tanh", 1, 2), ("softplus", 2, 1)])
def test_a_two_point_overlap_is_certified_and_survives_the_independent_script(name, neurons, inputs, tmp_path):
    found = find_two_point_overlap(name, neurons=neurons, inputs=inputs)
    assert isinstance(found, Overlap) and found.kind == "generic" and found.certificates
    file = tmp_path / "counterexample.json"
    file.write_text(json.dumps(found.to_data()))
    script = [sys.executable, str(ROOT / "examples" / "recheck_counterexample.py"), str(file)]
    assert subprocess.run(script, capture_output=True, check=False).returncode == 0
    spoiled = found.to_data()
    spoiled["samples"][0]["y"] = "1.01"
    file.write_text(json.dumps(spoiled))
    assert subprocess.run(script, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize(("name", "inputs"), [("exp", 1), ("identity", 1), ("z+7", 1), ("exp", 2), ("identity", 2), ("1+z/3", 2)])
def test_where_a_strict_function_exists_none_is_found_but_at_label_zero(name, inputs):
    found = find_two_point_overlap(name, inputs=inputs, candidates=400)
    if isinstance(found, NotFound):  # a linear neuron: all limits for the label 0 from one start are one
        assert found.proved and found.where and "strict G exists" in found.reason
    else:
        assert name not in ("identity",) and found.kind == "zero-label" and "strict G exists" in found.notes[-1]


def test_odd_single_neurons_meet_symmetric_pairs_only():
    found = find_two_point_overlap("tanh", candidates=400)
    assert isinstance(found, Overlap) and (found.level, found.kind) == ("parameter", "symmetric")
    assert "generic" not in found.screened and found.screened["symmetric"] > 5 and "proved monotone" in found.notes[-1]


def test_the_published_figure_is_reported_as_rounded_and_its_exact_neighbour_returned():
    found = find_two_point_overlap("sigmoid", start=["0.922", "2.868"], samples=[(["1"], 1.0), (["12.307"], 1.4)])
    assert "no overlap to double precision" in found.notes[0] and "9.8" in found.notes[0]
    np.testing.assert_allclose(found.labels, [0.996865915902, 1.39350718465], atol=1e-11)
    assert [c["method"] for c in found.certificates] == ["validated orbits", "first integrals"]


@pytest.mark.parametrize("name", ["sigmoid", "gelu", "exp(atan(z))"])
def test_one_point_overlaps(name):
    found = find_one_point_overlap(name)
    assert isinstance(found, Overlap) and found.limits[0] == found.limits[1] and len(found.samples) == 2


def test_an_overlap_between_branches_where_no_branch_has_one():
    """tan(z)/z rises on every branch of tan = sin/cos, so that each of them leads to a point by one input at most; two of them share it."""
    found = find_one_point_overlap("sin")
    assert isinstance(found, Overlap) and elasticity_extremum(activation("sin")) is None
    (w0, a0), (w, a) = ([float(entry) for entry in point] for point in (found.theta0, found.limits[0]))
    branches = set()
    for x in midpoints(sample["x"][0] for sample in found.samples):
        branch = {round(weight * x / np.pi) for weight in (w0, w)}  # the zeros of cos lie half-way between the multiples of pi
        integral = lambda z: -np.log(abs(np.cos(z)))
        assert len(branch) == 1 and (a * a - a0 * a0) * x * x / 2 == pytest.approx(integral(w * x) - integral(w0 * x), abs=1e-12)
        branches |= branch
    assert len(branches) == 2


@pytest.mark.parametrize("name", ["tanh", "softplus"])
def test_no_fold_no_one_point_overlap_but_the_reflected_start(name):
    found = find_one_point_overlap(name)
    assert isinstance(found, Overlap) and found.kind == "reflected" and "no two inputs" in found.notes[-1]
    assert float(found.limits[0][-1]) == -float(found.theta0[-1])


@pytest.mark.parametrize("name", ["exp", "identity", "power:3"])
def test_no_one_point_overlap_where_a_strict_function_exists(name):
    """A constant ratio of the first integrals turns by rounding alone."""
    found = find_one_point_overlap(name)
    assert isinstance(found, NotFound) and "affine" in found.reason


def test_a_start_at_the_origin_knows_one_branch():
    """w_0 = 0: every orbit stays between the zeros of sigma' around 0."""
    found = find_one_point_overlap("sin", candidates=1)
    assert isinstance(found, Overlap) and found.kind == "reflected" and "for 1 starts" in found.notes[-1]


@pytest.mark.parametrize("name", ["(1+z)/(2+z)", "gelu"])
def test_cycles(name):
    found = find_cycle(name)
    assert isinstance(found, Overlap) and len(found.limits) == len(set(map(tuple, found.limits))) == 4


def test_no_cycle_where_a_strict_function_exists():
    assert "affine" in find_cycle("exp").reason


def test_a_loop_closes_for_softplus_and_not_the_other_way_round():
    sigma, weights = activation("softplus"), cycles.circle((1.0, 1.2), 0.1, 64)
    h = cycles.closing_detour(sigma, 1.0, np.array([1.0, 0.0]), 2.0, np.array(weights, dtype=float))
    assert h == pytest.approx(0.010673002, abs=1e-8)
    with pytest.raises(cycles.NoCycle):
        backwards = np.array(cycles.circle((1.0, 1.2), 0.1, 64, clockwise=False), dtype=float)
        cycles.closing_detour(sigma, 1.0, np.array([1.0, 0.0]), 2.0, backwards)


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: find_two_point_overlap("hinge3"), "differentiable everywhere, or ReLU or leaky"),
        (lambda: find_one_point_overlap("relu"), "differentiable everywhere"),
        (lambda: find_cycle("leaky"), "differentiable everywhere"),
        (lambda: find_two_point_overlap("sigmoid", candidates=0), "candidates must be an integer from 1 to 1000000, got 0"),
        (lambda: find_two_point_overlap("sigmoid", samples=[([1], 1), ([2], 1)]), "given together with a start"),
        (lambda: find_two_point_overlap("sigmoid", start=[1], samples=[([1], 1), ([2], 1)]), "start must have 2 entries"),
        (lambda: find_two_point_overlap("sigmoid", start=[1, 2], samples=[([0], 1), ([2], 1)]), "must not be zero"),
    ],
)
def test_bad_input_is_named(call, hint):
    with pytest.raises(ValueError, match=hint):
        call()


INTEGRALS = {
    "tanh": lambda z: z.sinh() ** 2 / 2,
    "sigmoid": lambda z: z + z.exp(),
    "exp": lambda z: z,
    "exp(atan(z))": lambda z: z + z**3 / 3,
    "(1+z)/(2+z)": lambda z: 2 * z + 3 * z**2 / 2 + z**3 / 3,
    "softplus": lambda z: z - (1 + z.exp()).log() - (-z.exp()).polylog(2) - (-z).exp() * (1 + z.exp()).log(),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_certified_quadrature_holds_the_closed_form(name):
    sigma = find_smooth(name)
    with working_precision(160):
        low, high = ball("0.3"), ball("2.1")
        total = primitive(sigma, low, high)
        assert total.overlaps(INTEGRALS[name](high) - INTEGRALS[name](low)) and total.rad() < 1e-20


def find_smooth(name):
    from numerics.overlap import smooth

    return smooth(name)


def test_quadrature_refuses_a_critical_activation():
    with working_precision(120), pytest.raises(NotCertified, match="sigma' may vanish"):
        primitive(activation("gelu"), ball(-2), ball(1))


def test_the_series_of_the_quotient():
    with working_precision(120):
        coefficients = quotient_series(activation("sigmoid"), arb(0), 3)  # P = 1 + e^z
        assert [float(c) for c in coefficients] == pytest.approx([2, 1, 1 / 2, 1 / 6])


def test_joined_tells_components_apart():
    sigma = activation("tanh")
    with working_precision(120):
        a, w, x = ball("1.5"), ball(1), ball("0.5")
        square = x * x
        assert joined(sigma, a, w * x, a, -w * x, square)  # the weight turns, as a_0^2 > b
        assert not joined(sigma, a, w * x, -a, w * x, square)
        x = ball(2)
        assert joined(sigma, a, w * x, -a, w * x, x * x)
        assert not joined(sigma, a, w * x, a, -w * x, x * x)


def test_reach_in_floats_and_balls():
    with working_precision(120):
        reach = Reach(activation("exp"), ball(1), [ball(0)], ball(2), [ball(1)])
        box = reach.root(0.6, bits=120)
        assert box.enclosure[0].overlaps(ball(2) / 3)  # (a^2 - a_0^2)/2 = (w - w_0)/x
    floats = Reach(activation("exp"), 1.0, [0.0], 2.0, [1.0])
    assert floats.factor(0.5) == pytest.approx(2 / 3, abs=1e-12) and abs(floats.psi_float(np.array(2 / 3))) < 1e-12


def test_families_and_folds_in_floats():
    assert is_p_family(activation("exp")) and is_p_family(parse("(2*z+3)**0.5")) and not is_p_family(activation("tanh"))
    assert elasticity_extremum(activation("sigmoid")) == pytest.approx(1.2785, abs=3e-3)
    assert elasticity_extremum(parse("exp(atan(z))")) == pytest.approx(1.0, abs=3e-3)
    assert elasticity_extremum(activation("softplus")) is None


def test_screening_sorts_before_refining():
    model = TwoLayer(1, 1, activation="sigmoid")
    rng = np.random.default_rng(0)
    found = screening.counts(screening.screen(model, *screening.draw(model, rng, 200)))
    assert found["generic"] > 20 and found["zero-label"] > 50
    assert screening.classify(model, np.zeros(2), (0.01, 1.0), np.eye(2)) == "zero-label"
    assert screening.classify(model, np.zeros(2), (1.0, 1.0), np.array([[0, 0], [1.0, 1]])) == "trivial"
    assert screening.classify(model, np.zeros(2), (1.0, 1.0), np.ones((2, 2))) == "one-point"
    assert screening.classify(model, np.zeros(2), (1.0, 1.0), np.array([[1.0, 1], [2, 1]])) == "generic"
