"""The criterion, the closed forms and the constructions of implicit regularization, against independent computations."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
import sympy as sp

from theory.expressions import parse
from theory.regularization import criterion
from theory.regularization.constructions import (
    SOFTSIGN_SIGMOID,
    NoOverlap,
    PiecewiseExponential,
    glued_exponential,
    odd_limit,
    softsign_integral,
    softsign_one_point,
    softsign_two_point,
)
from theory.regularization.first_integrals import conserved, drift, table, variable
from theory.regularization.function_field import is_constant, vanishes
from theory.regularization.mechanisms import Neuron, Sample
from theory.regularization.regularizers import PFamily, balance, nearest_solution, p_family_identities

THREE_CYCLE = ["a", "b", "c"], [{"a", "b"}, {"b", "c"}, {"c", "a"}]


def test_a_three_cycle_forbids_a_strict_function_without_any_mutual_pair():
    graph = criterion.membership_digraph(*THREE_CYCLE)
    assert not criterion.strict_exists(graph)
    with pytest.raises(criterion.CyclicMembership) as caught:
        criterion.strict_function(graph)
    assert sorted(caught.value.cycle) == ["a", "b", "c"]
    assert not criterion.weakly_separable(graph, "a", "c")
    assert not any(criterion.is_strict(dict(zip("abc", ranks, strict=True)), *THREE_CYCLE) for ranks in permutations(range(3)))


def test_the_topological_rank_is_strict_and_separates():
    limits, members = ["a", "b", "c"], [{"a", "b", "c"}, {"b", "c"}, {"c"}]
    graph = criterion.membership_digraph(limits, members)
    assert criterion.is_strict(criterion.strict_function(graph), limits, members)
    assert criterion.weakly_separable(graph, "a", "b") and len(criterion.weak_classes(graph)) == 3


def test_constants_are_weak_and_not_strict():
    assert criterion.is_weak(lambda p: 0, *THREE_CYCLE) and not criterion.is_strict(lambda p: 0, *THREE_CYCLE)


@pytest.mark.parametrize(
    ("limits", "members", "hint"), [(["a"], [], "one solution set per limit"), (["a"], [{"b"}], "its own solution set")]
)
def test_a_family_that_makes_no_sense_is_refused(limits, members, hint):
    with pytest.raises(ValueError, match=hint):
        criterion.membership_digraph(limits, members)


@pytest.mark.parametrize("name", ["tanh", "softplus", "gauss", "arctan", "z/sqrt(1 + z^2)"])
def test_the_table_of_integrals(name):
    sigma, G = table()[name]
    P = sigma / sp.diff(sigma, variable())
    assert vanishes(sp.diff(G, variable()) - P)
    assert not vanishes(sp.diff(G, variable()) - 2 * P)
    # An independent look: a numerical integral of P.
    points, weights = np.polynomial.legendre.leggauss(30)
    z = 0.3 + 0.4 * (points + 1)
    values = [complex(sp.N(P.subs(variable(), value))).real for value in z]
    ends = [complex(sp.N(G.subs(variable(), value))).real for value in (0.3, 1.1)]
    assert ends[1] - ends[0] == pytest.approx(0.4 * float(np.dot(weights, values)), rel=1e-9)


def test_vanishing_is_a_proof_and_never_claimed_of_a_non_zero():
    z = variable()
    assert vanishes(sp.sinh(z) ** 2 - sp.cosh(z) ** 2 + 1)
    assert vanishes(sp.tan(z) - sp.sin(z) / sp.cos(z))
    assert not vanishes(sp.sin(z) ** 2 + sp.cos(z) ** 2 - 1 + sp.Rational(1, 10**12))


def test_constants_are_told_from_functions_that_jump():
    x, c = sp.symbols("x c", real=True)
    assert is_constant(sp.tanh(x) * sp.cosh(x) / sp.sinh(x) + sp.atan(2))
    assert is_constant(sp.exp(x / 2) ** 3 / sp.exp(sp.Rational(3, 2) * x + 1)) and is_constant((x**c * x) / x ** (c + 1))
    assert not is_constant(sp.atan(x) + sp.atan(1 / x)) and not is_constant(sp.Abs(x) / x) and not is_constant(c)
    assert not vanishes(1 / (sp.exp(x) - sp.exp(x / 2) ** 2)) and not is_constant(1 / (sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1))


def test_conservation_needs_the_square_of_the_input():
    assert drift(inputs=3) == 0
    assert drift(weighting=lambda square: 1) != 0
    assert conserved(Fraction(4), [Fraction(3)], [Fraction(1)], lambda u: u * u) == Fraction(8) - 9


def test_the_published_instance_of_the_softsign_overlap():
    F = Fraction
    overlap = softsign_two_point(F(1), F(1, 2), F(4), F(2))
    assert overlap.limits[0].output == sp.sqrt(sp.Rational(999, 38))
    conditions = overlap.vanishing(parse(SOFTSIGN_SIGMOID), softsign_integral)
    assert all(sp.simplify(value) == 0 for value in conditions.values())
    assert sp.simplify(overlap.distance_squared) > 0
    swapped = overlap.swapped().vanishing(parse(SOFTSIGN_SIGMOID), softsign_integral)
    assert any(sp.simplify(value) != 0 for value in swapped.values())


@pytest.mark.parametrize("arguments", [(1, 1, 4, 2), (-1, 1, 4, 2), (Fraction(1, 2), 3, 1, Fraction(1, 2))])
def test_constructions_say_why_they_have_no_overlap(arguments):
    with pytest.raises(NoOverlap):
        softsign_two_point(*map(Fraction, arguments))


def test_one_point_overlap_in_rationals():
    overlap = softsign_one_point()
    assert overlap.limit == Neuron(11, (3,)) and overlap.transversality(parse(SOFTSIGN_SIGMOID)) == sp.Rational(-11, 300)
    with pytest.raises(NoOverlap):
        softsign_one_point(Fraction(-1))


def test_glued_exponentials_reach_two_and_two_e():
    limits = glued_exponential().overlap.limits
    assert limits[0].output == 2 and sp.simplify(limits[1].output - 2 * sp.E) == 0
    with pytest.raises(NoOverlap):
        glued_exponential(x=(1, 2))


def test_piecewise_exponential_integrals():
    sigma = PiecewiseExponential([0, 1, 3, 7.5], [60, 4, 12])
    assert sigma.integral(7.5) == 60 + 8 + 54 and sigma.integral(-1) == -60
    assert sigma.log(7.5) - sigma.log(2.5) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="positive P"):
        PiecewiseExponential([0, 1], [-1])


def test_odd_limits_flip_what_has_the_smaller_reserve():
    start = Neuron(1.5, (1.0,))
    assert odd_limit(start, 1.0) == Neuron(1.5, (-1.0,)) and odd_limit(start, 3.0) == Neuron(-1.5, (1.0,))
    with pytest.raises(NoOverlap, match="saddle"):
        odd_limit(start, 2.25)


def test_a_sample_at_zero_is_refused():
    with pytest.raises(ValueError, match="x != 0"):
        Sample((0, 0), 1)


def test_nearest_solution_is_the_pseudoinverse():
    rng = np.random.default_rng(0)
    X, y, theta0 = rng.normal(size=(2, 5)), rng.normal(size=2), rng.normal(size=5)
    np.testing.assert_allclose(nearest_solution(X, y, theta0), theta0 + np.linalg.pinv(X) @ (y - X @ theta0), atol=1e-12)


def test_p_family_identities_hold_and_a_wrong_weight_breaks_them():
    assert set(p_family_identities().values()) == {0}
    assert any(value != 0 for value in p_family_identities(weight=2).values())


@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 3), (0.5, 1), (-1, 4), (0, 2), (-2, 5)])
def test_the_jet_of_the_p_family_has_an_affine_quotient(p, q):
    z = np.linspace(0.1, 1, 5)
    value, slope = PFamily(p, q).jet(z)
    np.testing.assert_allclose(value / slope, p * z + q)


def test_a_function_is_named_by_p_or_q():
    with pytest.raises(ValueError, match="must not both vanish"):
        PFamily(0, 0)


def test_the_balance_of_a_square():
    assert balance(2, 3, [1, 1]) == 16
