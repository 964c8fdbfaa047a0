"""The symbolic networks behind the proofs: Taylor arithmetic and networks around a neuron against polynomials, the undefined activation."""

import math
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
import sympy as sp
from sympy import QQ, ring

from theory.embedding import SparseMatrix, split
from theory.embedding.symbolic import (
    PASSIVE,
    Taylor,
    Undefined,
    around_embedding,
    around_neurons,
    neuron_model,
    neuron_symbols,
    polynomial_ring,
    with_passive,
)
from theory.models import FullyConnected, TwoLayer


def drawn_polynomial(rng, variables, degree):
    """A polynomial with rational coefficients, small enough to differentiate and of a degree beyond what is kept."""
    monomials = [sp.Mul(*factors) for d in range(degree + 1) for factors in combinations_with_replacement(variables, d)]
    return sum(sp.Rational(int(rng.integers(-4, 5)), int(rng.integers(1, 4))) * monomial for monomial in monomials)


def jet_at(expression, variables, point):
    """(value, gradient, Hessian) of a sympy expression at ``point``."""
    at = dict(zip(variables, point, strict=True))
    gradient = [sp.diff(expression, v) for v in variables]
    hessian = [[sp.diff(g, v) for v in variables] for g in gradient]
    return expression.subs(at), [g.subs(at) for g in gradient], [[entry.subs(at) for entry in row] for row in hessian]


def taylor_at(expression, variables, point):
    value, gradient, hessian = jet_at(expression, variables, point)
    return Taylor(value, np.array(gradient, dtype=object), np.array(hessian, dtype=object))


def assert_same(found, expected):
    value, gradient, hessian = expected
    assert found.value == value and found.gradient.tolist() == gradient and found.hessian.tolist() == hessian


# ------------------------------------------------------------------------------------------------ second-order Taylor


@pytest.mark.parametrize("seed", range(4))
def test_sums_products_and_compositions_are_those_of_functions(seed):
    rng, x, z = np.random.default_rng(seed), sp.symbols("x:2"), sp.Symbol("z")
    point = [sp.Rational(int(k), 3) for k in rng.integers(-4, 5, 2)]
    f, g, sigma = drawn_polynomial(rng, x, 3), drawn_polynomial(rng, x, 3), drawn_polynomial(rng, [z], 4)
    one, two = taylor_at(f, x, point), taylor_at(g, x, point)
    assert_same(one + two, jet_at(f + g, x, point))
    assert_same(one * two, jet_at(f * g, x, point))
    assert_same(one + sp.Integer(5), jet_at(f + 5, x, point))
    assert_same(sum([one, two], start=sp.Integer(2)), jet_at(f + g + 2, x, point))
    jet = [sp.diff(sigma, z, k).subs(z, one.value) for k in range(3)]
    assert_same(one.through(jet), jet_at(sigma.subs(z, f), x, point))


# ------------------------------------------------------------------------------------------------ around the neurons


def truncated(polynomial):
    """Without the terms of third and higher order in the perturbations."""
    return polynomial.ring.from_dict({powers: c for powers, c in polynomial.items() if sum(powers) <= 2})


def composed(expression, variables, arguments):
    """A polynomial expression at ring elements, to second order."""
    total = arguments[0].ring.zero
    for powers, c in sp.Poly(expression, *variables).terms():
        term = arguments[0].ring(QQ.from_sympy(c))
        for argument, power in zip(arguments, powers, strict=True):
            for _ in range(power):
                term = truncated(term * argument)
        total = total + term
    return total


def coefficients(polynomial):
    """(value, gradient, Hessian) at 0 from the coefficients of a polynomial."""
    n, at = polynomial.ring.ngens, lambda *places: polynomial.get(tuple(places.count(k) for k in range(polynomial.ring.ngens)), QQ(0))
    hessian = [[at(i, j) * (2 if i == j else 1) for j in range(n)] for i in range(n)]
    return at(), [at(i) for i in range(n)], hessian


def concrete(rng, width, letters):
    """A polynomial network around ``width`` neurons: values of the ring symbols, theta, outputs and the jet of the loss in (phi, theta)."""
    model, named = neuron_model(width), {}
    perturbations, *generators = ring([f"move{k}" for k in range(PASSIVE + model.n_params)], QQ)
    phi, u, z = sp.symbols(f"phi:{PASSIVE}"), sp.symbols(f"u:{2 * PASSIVE}"), sp.Symbol("z")
    theta = [QQ(int(k), 2) for k in rng.integers(-5, 6, model.n_params)]
    functions, sigma, F = (
        [drawn_polynomial(rng, phi, 3) for _ in range(PASSIVE)],
        drawn_polynomial(rng, [z], 4),
        drawn_polynomial(rng, u, 3),
    )
    inputs = [composed(h, phi, generators[:PASSIVE]) for h in functions]
    parts = model.unpack(np.array([perturbations(t) + m for t, m in zip(theta, generators[PASSIVE:], strict=True)], dtype=object))
    outputs = list(parts["output_bias"])
    for neuron, letter in zip(range(width), letters, strict=True):
        weighted = [truncated(w * h) for w, h in zip(parts["input_weights"][neuron], inputs, strict=True)]
        p = sum(weighted, start=parts["input_biases"][neuron])
        value = composed(sigma, [z], [p])
        outputs = [out + truncated(parts["output_weights"][t, neuron] * value) for t, out in enumerate(outputs)]
        named |= {f"{letter}{k}": sp.diff(sigma, z, k).subs(z, coefficients(p)[0]) for k in range(3)}
    loss = composed(F, u, [*generators[:PASSIVE], *outputs])
    values = [coefficients(out)[0] for out in outputs]
    _, slopes, curvatures = jet_at(F, u, [0] * PASSIVE + [sp.Rational(str(value)) for value in values])
    named |= {f"F{i}": slopes[i] for i in range(2 * PASSIVE)}
    named |= {f"F{i}_{j}": curvatures[i][j] for i, j in combinations_with_replacement(range(2 * PASSIVE), 2)}
    for a, h in enumerate(functions):
        value, slopes, curvatures = jet_at(h, phi, [0] * PASSIVE)
        named |= {f"h{a}": value, **{f"h{a}_{j}": slopes[j] for j in range(PASSIVE)}}
        named |= {f"h{a}_{j}{k}": curvatures[j][k] for j, k in combinations_with_replacement(range(PASSIVE), 2)}
    return named, theta, values, coefficients(loss)


@pytest.mark.parametrize(("width", "letters", "seed"), [(1, "s", 0), (1, "s", 1), (2, "st", 2)])
def test_the_network_around_neurons_to_second_order(width, letters, seed):
    named, theta, outputs, (_, gradient, hessian) = concrete(np.random.default_rng(seed), width, letters)
    symbols = neuron_symbols()
    values = [QQ.from_sympy(sp.sympify(named.get(str(g), 7))) for g in symbols.ring.gens]  # 7: for what must not occur
    power = lambda powers: math.prod((values[k] ** e for k, e in enumerate(powers) if e), start=QQ(1))
    evaluated = lambda polynomial: sum((c * power(powers) for powers, c in symbols.ring(polynomial).items()), QQ(0))
    own = np.array([symbols.ring(t) for t in theta], dtype=object)
    found, loss = around_neurons(symbols, own, [symbols.jet(letter) for letter in letters])
    assert [evaluated(z) for z in found] == outputs
    assert [evaluated(entry) for entry in loss.gradient] == gradient
    assert [[evaluated(entry) for entry in row] for row in loss.hessian] == hessian


def test_equal_jets_of_a_split_keep_outputs_and_gradient_and_others_do_not():
    symbols = neuron_symbols("alpha")
    embedding = split(neuron_model(), 1, 0, symbols["alpha"])
    (z, narrow), (image, wide) = around_embedding(symbols, embedding, "ss")
    assert (z == image).all()
    assert (embedding.matrix.T @ wide.gradient[PASSIVE:] == narrow.gradient[PASSIVE:]).all()
    _, (other, _) = around_embedding(symbols, embedding, "st")
    assert (z != other).any()


def test_the_matrices_of_a_neuron():
    symbols = neuron_symbols()
    B, S = symbols.matrices()
    h, e = [symbols["h0"], symbols["h1"], 1], [symbols["F2"], symbols["F3"]]
    assert B.shape == (2, 3) and S.shape == (3, 3)
    for t, a in product(range(2), range(3)):
        assert B[t, a] == symbols["s1"] * e[t] * h[a]
    for a, b in product(range(3), repeat=2):
        assert S[a, b] == symbols["s2"] * (symbols["W0"] * e[0] + symbols["W1"] * e[1]) * h[a] * h[b]


def test_passive_parameters_are_left_alone():
    matrix = SparseMatrix((3, 2), {(0, 0): Fraction(2), (2, 1): Fraction(-1)})
    dense = with_passive(matrix).dense()
    assert dense.shape == (3 + PASSIVE, 2 + PASSIVE)
    assert (dense[PASSIVE:, PASSIVE:] == matrix.dense()).all() and (dense[:PASSIVE, :PASSIVE] == np.eye(PASSIVE)).all()
    assert not dense[:PASSIVE, PASSIVE:].any() and not dense[PASSIVE:, :PASSIVE].any()


# -------------------------------------------------------------------------------------------- an undefined activation


def test_equal_arguments_meet_equal_symbols_and_no_others():
    named, pool = polynomial_ring(["x", "y"], 6)
    sigma, x, y = Undefined(pool), named["x"], named["y"]
    z = np.array([x + y, y + x, x - y, (x + y) ** 2, x**2 + 2 * x * y + y**2], dtype=object)
    value, slope = sigma.jet(z, 1)
    assert value[0] == value[1] and value[3] == value[4] and len({value[0], value[2], value[3]}) == 3
    assert slope[0] == slope[1] and not set(value) & set(slope)
    assert (sigma(z) == value).all()
    assert {*value, *slope} <= set(pool)
    with pytest.raises(ValueError, match="got 6 and need one for x"):
        sigma.jet(np.array([x], dtype=object), 0)
    numbers = Undefined(pool)(np.array([0, 0 * x, Fraction(1, 2), x * 0 + Fraction(1, 2)], dtype=object))
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


def test_a_network_with_an_undefined_activation_is_a_polynomial():
    named, pool = polynomial_ring(["w", "v", "a", "b", "x"], 8)
    w, v, a, b, x = (named[name] for name in "wvabx")
    network = TwoLayer(1, 2, activation=Undefined(pool))
    sample = np.array([[x]], dtype=object)
    both, merged = network(np.array([w, w, a, b], dtype=object), sample), network(np.array([w, v, a + b, 0 * a], dtype=object), sample)
    assert both[0, 0] == merged[0, 0] == (a + b) * pool[0]
    assert network(np.array([w, v, a, b], dtype=object), sample)[0, 0] != both[0, 0]
    deep = FullyConnected((1, 1, 1, 1), Undefined(polynomial_ring(["w", "v", "a", "b", "x"], 8)[1]), bias=False)
    assert deep(np.array([w, v, a], dtype=object), sample)[0, 0].degree(a) == 1
