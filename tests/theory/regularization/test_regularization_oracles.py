"""Implicit regularization against brute force and numerical integration: every small family, every entry of the table, every start."""

from fractions import Fraction
from itertools import combinations, permutations, product

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad, solve_ivp

from theory.expressions import parse
from theory.regularization import criterion
from theory.regularization.constructions import (
    SOFTSIGN_SIGMOID,
    NoOverlap,
    PiecewiseExponential,
    glued_exponential,
    softsign_integral,
    softsign_one_point,
    softsign_two_point,
)
from theory.regularization.first_integrals import conserved, table, variable
from theory.regularization.mechanisms import Neuron, Sample, at
from theory.regularization.regularizers import PFamily, balance

# -------------------------------------------------------------------------------------------------------- criterion

NAMES = "abc"
ARROWS = list(permutations(NAMES, 2))
#: All rankings of three points, ties included.
RANKINGS = [dict(zip(NAMES, ranks, strict=True)) for ranks in product(range(3), repeat=3)]


def test_every_family_of_three_limits_against_all_functions():
    for size in range(len(ARROWS) + 1):
        for arrows in combinations(ARROWS, size):
            members = [{p, "elsewhere", *(q for tail, q in arrows if tail == p)} for p in NAMES]
            graph = criterion.membership_digraph(list(NAMES), members)
            assert set(graph.edges) == set(arrows) and set(graph) == set(NAMES)
            among = [solutions - {"elsewhere"} for solutions in members]
            strict = [G for G in RANKINGS if criterion.is_strict(G, NAMES, among)]
            assert strict == [G for G in RANKINGS if all(G[p] < G[q] for p, q in arrows)]
            weak = [G for G in RANKINGS if criterion.is_weak(G, NAMES, among)]
            assert weak == [G for G in RANKINGS if all(G[p] <= G[q] for p, q in arrows)]
            assert criterion.strict_exists(graph) == bool(strict)
            if strict:
                assert criterion.strict_function(graph) in strict
            else:
                with pytest.raises(criterion.CyclicMembership) as caught:
                    criterion.strict_function(graph)
                cycle = caught.value.cycle
                assert all(pair in arrows for pair in zip(cycle, cycle[1:] + cycle[:1], strict=True))
            assert frozenset().union(*criterion.weak_classes(graph)) == set(NAMES)
            for p, q in combinations(NAMES, 2):
                assert criterion.weakly_separable(graph, p, q) == any(G[p] != G[q] for G in weak)


@pytest.mark.parametrize(("limits", "members"), [(["a"], []), (["a"], [{"a"}, {"a"}]), ([], [{"a"}])])
def test_a_solution_set_for_each_limit(limits, members):
    for call in (
        criterion.membership_digraph,
        lambda p, m: criterion.is_strict({"a": 0}, p, m),
        lambda p, m: criterion.is_weak({"a": 0}, p, m),
    ):
        with pytest.raises(ValueError):
            call(limits, members)


# -------------------------------------------------------------------------------------------------- first integrals


@pytest.mark.parametrize("name", table())
def test_every_entry_of_the_table_is_an_integral(name):
    z, values = variable(), {sp.Symbol("k", positive=True): sp.Rational(5, 2), sp.Symbol("c", positive=True): sp.Rational(7, 2)}
    sigma, G = (entry.subs(values) for entry in table()[name])
    P = sp.lambdify(z, sigma / sp.diff(sigma, z), "mpmath")
    whole = quad(lambda t: complex(P(t)).real, 0.4, 1.1, epsabs=1e-12)[0]
    ends = [complex(sp.N(G.subs(z, sp.Rational(*end)), 20)).real for end in ((4, 10), (11, 10))]
    assert ends[1] - ends[0] == pytest.approx(whole, rel=1e-9)


def flow(sigma, slope, start, x, y):
    """Where gradient flow of the squared loss on one sample leads one neuron; time runs such that the residual falls like e^-t."""

    def field(_, theta):
        a, w = theta[0], theta[1:]
        tangent = np.concatenate([[sigma(w @ x)], a * slope(w @ x) * x])
        return -(a * sigma(w @ x) - y) * tangent / (tangent @ tangent)

    return solve_ivp(field, (0, 30), start, rtol=1e-11, atol=1e-12).y[:, -1]


def test_the_first_integral_is_conserved_along_a_flow():
    x, start = np.array([0.8, -0.6, 0.5]), np.array([1.2, 0.4, 0.3, -0.2])
    end = flow(np.tanh, lambda z: 1 - np.tanh(z) ** 2, start, x, 0.9)
    values = [conserved(point[0], point[1:], x, lambda u: np.sinh(u) ** 2 / 2) for point in (start, end)]
    assert values[0] == pytest.approx(values[1], abs=1e-9) and abs(end[0] - start[0]) > 0.05
    neurons = [Neuron(point[0], tuple(point[1:])) for point in (start, end)]
    assert [neuron.conserved(x, lambda u: np.sinh(u) ** 2 / 2) for neuron in neurons] == pytest.approx(values)


# ------------------------------------------------------------------------------------------------------- mechanisms


def test_a_neuron_in_three_inputs():
    neuron, x = Neuron(Fraction(2), (Fraction(1), Fraction(-2), Fraction(3))), (1, 1, 2)
    assert neuron.preactivation(x) == 5
    square = parse("z**2")
    assert neuron.value(square, x) == 50 and at(square, 3.0) == at(square, 3) == 9
    assert neuron.conserved(x, lambda u: u * u / 4) == Fraction(2) - Fraction(25, 24)


def test_every_hypothesis_of_an_overlap_is_a_number():
    """One condition is violated at a time, and that one alone shows it."""
    overlap = softsign_two_point(Fraction(1), Fraction(1, 2), Fraction(4), Fraction(2))
    sigma = parse(SOFTSIGN_SIGMOID)
    nonzero = lambda found: {name for name, value in found.vanishing(sigma, softsign_integral).items() if sp.simplify(value) != 0}
    assert nonzero(overlap) == set() and len(overlap.vanishing(sigma, softsign_integral)) == 6
    start = overlap.start
    moved = type(overlap)(Neuron(start.output + 1, start.weights), overlap.samples, overlap.limits)
    assert nonzero(moved) == {"limit 1: first integral", "limit 2: first integral"}
    first, second = overlap.samples
    label = type(overlap)(start, (Sample(first.x, first.y + 1), second), overlap.limits)
    assert nonzero(label) == {"limit 1: fits its sample", "limit 2 fits sample 1"}
    label = type(overlap)(start, (first, Sample(second.x, second.y + 1)), overlap.limits)
    assert nonzero(label) == {"limit 2: fits its sample", "limit 1 fits sample 2"}
    p, q = overlap.limits
    assert sp.simplify(overlap.distance_squared - (p.output - q.output) ** 2 - (p.weights[0] - q.weights[0]) ** 2) == 0
    assert overlap.swapped().limits == (q, p)


def test_a_weight_moves_along_its_sample_only():
    """In two inputs the minor (w_end - w_start) x x tells how far it left the line."""
    start, x = Neuron(1, (Fraction(1), Fraction(2))), (Fraction(3), Fraction(5))
    overlap = softsign_one_point()
    for shift, minor in (((6, 10), 0), ((6, 11), 3), ((7, 10), -5)):
        limit = Neuron(2, tuple(w + s for w, s in zip(start.weights, shift, strict=True)))
        found = type(overlap)(start, (Sample(x, 1),), limit).vanishing(parse(SOFTSIGN_SIGMOID), softsign_integral)
        assert found["sample 1: moved along x (0)"] == minor
        assert found["sample 1: fits its sample"] == 2 * Fraction(1 + limit.preactivation(x), 2 + limit.preactivation(x)) - 1


@pytest.mark.parametrize("arguments", [(), (Fraction(3), Fraction(1)), (Fraction(1, 2), Fraction(2)), (Fraction(6), Fraction(5))])
def test_one_point_overlaps_of_softsign(arguments):
    overlap, sigma = softsign_one_point(*arguments), parse(SOFTSIGN_SIGMOID)
    assert all(sp.simplify(value) == 0 for value in overlap.vanishing(sigma, softsign_integral).values())
    assert len(overlap.samples) == 2 and overlap.samples[0].x != overlap.samples[1].x and overlap.start.output == 8
    (x1,), (x2,), (w,), a = overlap.samples[0].x, overlap.samples[1].x, overlap.limit.weights, overlap.limit.output
    value, slope = (lambda z: (1 + z) / (2 + z)), (lambda z: 1 / (2 + z) ** 2)
    wanted = a * (value(w * x1) * slope(w * x2) * x2 - value(w * x2) * slope(w * x1) * x1)
    assert sp.simplify(overlap.transversality(sigma) - wanted) == 0 and sp.simplify(wanted) != 0


@pytest.mark.parametrize("t", [Fraction(0), Fraction(-2)])
def test_one_point_overlaps_need_two_positive_arguments(t):
    with pytest.raises((NoOverlap, ZeroDivisionError)):
        softsign_one_point(t)


def test_two_point_overlaps_of_softsign_or_a_reason_against_them():
    sigma, found = parse(SOFTSIGN_SIGMOID), 0
    grid = [Fraction(1, 2), Fraction(1), Fraction(3)]
    for w, v, x1, w0 in product(grid, grid, [Fraction(1), Fraction(4)], [Fraction(1, 3), Fraction(2), Fraction(6)]):
        try:
            overlap = softsign_two_point(w, v, x1, w0)
        except NoOverlap:
            assert w == v or not real_overlap(w, v, x1, w0)
            continue
        found += 1
        assert real_overlap(w, v, x1, w0)
        (p, q), ((first,), (second,)) = overlap.limits, (sample.x for sample in overlap.samples)
        assert (p.weights, q.weights, first, overlap.start.weights) == ((w,), (v,), x1, (w0,)) and second == 2 / (w * v * x1)
        assert all(sp.simplify(value) == 0 for value in overlap.vanishing(sigma, softsign_integral).values())
    assert found > 0


def real_overlap(w, v, x1, w0):
    """Whether squares of outputs a_0, a_1, a_2 solve the four equations with a_1, a_0 > 0: linear in the squares, solved in floats."""
    x2 = 2 / (w * v * x1)
    sigma, G = (lambda z: (1 + z) / (2 + z)), softsign_integral
    ratio = sigma(w * x1) / sigma(v * x1)
    if ratio == 1:
        return False
    # a_1^2 - 2 G(w x1)/x1^2 = a_0^2 - 2 G(w0 x1)/x1^2, and the same of a_2 = ratio a_1 on x2
    matrix = np.array([[1.0, -1.0], [float(ratio) ** 2, -1.0]])
    right = [2 * (G(w * x1) - G(w0 * x1)) / x1**2, 2 * (G(v * x2) - G(w0 * x2)) / x2**2]
    return bool((np.linalg.solve(matrix, np.array(right, float)) > 1e-12).all())


@pytest.mark.parametrize("arguments", [{}, {"start": (2, 3)}, {"weights": (3, Fraction(1, 3))}, {"x": (Fraction(1, 2), -1)}])
def test_glued_exponentials_have_the_overlap(arguments):
    glued = glued_exponential(**arguments)
    scalar = lambda z: np.frompyfunc(glued.sigma, 1, 1)(z) if isinstance(z, np.ndarray) else glued.sigma(z)
    conditions = glued.overlap.vanishing(scalar, glued.integral)
    assert len(conditions) == 6 and all(sp.simplify(value) == 0 for value in conditions.values())
    assert sp.simplify(glued.overlap.distance_squared) != 0


@pytest.mark.parametrize(
    "arguments", [{"x": (1, 2)}, {"x": (-1, -2)}, {"start": (-1, 1)}, {"weights": (2, 2)}, {"start": (9, Fraction(1, 9))}]
)
def test_glued_exponentials_that_do_not_exist(arguments):
    with pytest.raises(NoOverlap):
        glued_exponential(**arguments)


def test_piecewise_exponentials_integrate_their_pieces():
    sigma = PiecewiseExponential([0.5, 1, 3, 7.5], [6, 4, 12])
    P = lambda z: 6 if z < 1 else 4 if z < 3 else 12
    for z in (-1.0, 0.5, 0.7, 2.0, 3.5, 9.0):
        points = sorted({0.5, z, *(b for b in (1.0, 3.0) if min(z, 0.5) < b < max(z, 0.5))})
        pieces = list(zip(points, points[1:], strict=False))
        sign = 1 if z >= 0.5 else -1
        assert sigma.integral(z) == pytest.approx(sign * sum(quad(P, a, b)[0] for a, b in pieces))
        assert sigma.log(z) == pytest.approx(sign * sum(quad(lambda t: 1 / P(t), a, b)[0] for a, b in pieces))
    for breaks, rates in (([0, 1], [1, 1]), ([0, 1], [0]), ([0], [])):
        if len(breaks) != len(rates) + 1 or 0 in rates:
            with pytest.raises(ValueError, match="positive P"):
                PiecewiseExponential(breaks, rates)


# ------------------------------------------------------------------------------------------------------ regularizers


@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 3), (0.5, 1), (3, 0), (-1, 6), (-2, 8), (-0.5, 4), (0, 2)])
def test_the_regularizer_is_least_where_the_flow_ends(p, q):
    """Where gradient flow from a random start ends, against 200 other points of the same solution set, far and near."""
    family, rng = PFamily(p, q), np.random.default_rng(1)
    x, a0, w0 = np.array([0.7, -0.4]), 1.1, np.array([0.3, 0.2])
    sigma, slope = (lambda z: family.jet(z)[0]), (lambda z: family.jet(z)[1])
    y = 1.3 * a0 * sigma(w0 @ x)
    end = flow(sigma, slope, np.array([a0, *w0]), x, y)
    a, w = end[0], end[1:]
    assert a * sigma(w @ x) == pytest.approx(y, abs=1e-8) and np.abs(end - [a0, *w0]).max() > 0.02
    tau = (w - w0) @ x / (x @ x)  # w - w0 = tau x, and the output weight follows
    np.testing.assert_allclose(w - w0, tau * x, atol=1e-8)
    assert (a * a - a0 * a0 - p * (w @ w - w0 @ w0)) / 2 == pytest.approx(q * tau, abs=1e-8)
    least = family.regularizer(a, w, a0, w0)
    others = np.concatenate([rng.normal(0, scale, (100, 2)) for scale in (0.02, 0.3)]) + w
    others = others[p * (others @ x) + q > 0.05] if p else others
    outputs = y / sigma(others @ x)
    values = family.regularizer(outputs, others, a0, w0)
    distance = np.hypot(outputs - a, np.linalg.norm(others - w, axis=1))
    assert len(values) > 150 and (values[distance > 1e-3] > least).all()


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_the_balance_is_conserved_by_powers(degree):
    x, start = np.array([0.9, 0.5]), np.array([0.8, 0.6, 0.4])
    end = flow(lambda z: z**degree, lambda z: degree * z ** (degree - 1), start, x, 1.5)
    assert balance(degree, end[0], end[1:]) == pytest.approx(balance(degree, start[0], start[1:]), abs=1e-8)
    assert abs(end[0] - start[0]) > 0.05
