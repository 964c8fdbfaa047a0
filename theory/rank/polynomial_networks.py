r"""R(f*) in networks of linear neurons, of any depth, and of z^p with one hidden layer.

**Linear**, f = A x + c with A (q, d) of rank r and (A, c) of rank r'; L >= 2 layers.

- Output bias: all constants are tangents, and modulo these the tangents are those of a product of matrices: r (q + d - r) + q.
- No biases: r (q + d - r).
- Hidden biases alone. With V the span of the affine functions that the last hidden layer holds and U what the first hidden layer reaches in
  the outputs, T contains R^q (x) V + U (x) {1, x_1, ..., x_d}, of dimension q v + u (d + 1 - v) >= q r' + u (d + 1 - r'), where u >= r,
  for L = 2 also u >= r'. It is attained: L = 2: r' (q + d + 1 - r'); L >= 3: q r' + r (d + 1 - r').

**Squares**, one output: f = Q + c with a quadratic form Q in d numbers, with hidden biases in D = d + 1 of which one is 1. The
tangents of neurons with output weights are the forms divisible by one of their w: D r - r (r - 1)/2 for the rank r of these w, at least
that of Q, which suffices. An output bias alone adds 1. With both biases Q is known up to a multiple of x_0^2 = 1: with s the rank of its
block of the d inputs and g its linear part, D s - s (s - 1)/2 + 1 if g is in the span of that block; else r = s + 2 whatever the multiple,
and 1 is divisible by such a w.

**Powers p >= 3**: the generic function of k neurons has the rank of the theorem of Alexander and Hirschowitz (fnn.poly) with one output.
"""

from __future__ import annotations

from dataclasses import replace
from math import comb
from typing import Any

import numpy as np

from theory.arguments import whole
from theory.models import FullyConnected, TwoLayer
from theory.models.toy import faithful_points
from theory.rank.architectures import polynomial_dimension
from theory.rank.closed_forms import function_rank, matrix_rank
from theory.rank.generators import MOST_MONOMIALS, tangent_combinations
from theory.rank.sparse import sparse_rank
from theory.rank.targets import Target, exact_parameters, model_of, point_of, same_activation, shallow
from theory.rationals import fractions

Bounds = tuple[int, int, str]


def as_deep(model: Any) -> FullyConnected | None:
    """``model`` as a :class:`FullyConnected`; None for what is none."""
    if isinstance(model, TwoLayer):
        widths = (model.inputs, model.width, model.outputs)
        return FullyConnected(widths, model.activation, bias=model.bias, output_bias=model.output_bias)
    return model if isinstance(model, FullyConnected) else None


# ------------------------------------------------------------------------------------------------------------- linear


def linear_bounds(model: FullyConnected, target: Any) -> Bounds:
    """(R, R, source) of an affine target in a network of linear neurons, L >= 2. Raises ValueError where it cannot be expressed."""
    other = as_deep(model_of(target))
    if other is None or (other.inputs, other.outputs) != (model.inputs, model.outputs):
        raise ValueError(f"target must be a network of the inputs and outputs of {model}, got {model_of(target)}")
    same_activation(model, other)
    r, augmented, constant = _affine_ranks(other, target)
    biased = bool(model.bias or model.output_bias)
    if constant and not biased:
        raise ValueError(f"target must have no constant, which {model} without biases cannot express, got {other} with a constant")
    last = r if model.output_bias else augmented
    if min(model.widths[1:-1]) < r or model.widths[-2] < last:
        raise ValueError(f"target must lie in {model}, got a map of rank {r}, {augmented} with its constant, of {other}")
    q, d = model.outputs, model.inputs
    if model.output_bias:
        value = function_rank(r, q, d) + q
    elif not model.bias:
        value = function_rank(r, q, d)
    elif model.depth == 2:
        value = function_rank(augmented, q, d + 1)
    else:
        value = q * augmented + r * (d + 1 - augmented)
    return value, value, "closed form of a product of matrices, constants as one more input (ours)"


def _affine_ranks(other: FullyConnected, target: Any) -> tuple[int, int, bool]:
    """(rank A, rank (A, c), whether c != 0) of A x + c."""
    if isinstance(target, Target):
        x = fractions("x", faithful_points(other.inputs))
        values = other(exact_parameters(other, target.theta), x)
        constant, slopes = values[0], values[1:] - values[0]
        return matrix_rank(slopes), matrix_rank(np.vstack([slopes, constant])), bool(constant.any())
    r = min(other.widths)
    if other.output_bias:
        return r, min(r + 1, other.outputs), True
    return (r, min(r + 1, *other.widths[-2:]), True) if other.bias and other.depth > 1 else (r, r, False)


# ------------------------------------------------------------------------------------------------------------- powers


def power_bounds(network: TwoLayer, target: Any) -> Bounds | None:
    """Bounds of R(f*) for z^p, p >= 2, and a target that is known there; None elsewhere. Raises ValueError as :func:`linear_bounds`."""
    other = shallow(model_of(target))
    if not isinstance(other, TwoLayer) or (other.inputs, other.outputs) != (network.inputs, network.outputs):
        return None
    same_activation(network, other)
    degree = whole("degree", network.activation.degree, 2)
    if degree == 2 and network.outputs == 1:
        return _quadratic(network, other, target)
    if isinstance(target, Target) or other.width > network.width or other.bias != network.bias:
        return None
    if other.output_bias and not network.output_bias:
        return None
    size, k, q = network.inputs + network.bias, other.width, network.outputs
    source, constants = "sums of powers (Alexander, Hirschowitz 1995)", q * bool(network.output_bias)
    if q == 1 and not (network.bias and network.output_bias):
        value = polynomial_dimension((size, k, 1), degree) + constants
        return value, value, source
    forms = q * comb(size + degree - 1, degree)
    most = polynomial_dimension((size, k, 1), degree) if q == 1 else min(k * (size + q - 1), forms)
    most = min(most + constants, forms) if network.bias else most + constants  # with hidden biases 1 is a form, too
    return _drawn_rank(replace(other, output_bias=network.output_bias), forms), most, source


def _drawn_rank(model: TwoLayer, forms: int) -> int:
    """The exact rank at one drawn point, at most that of generic ones, the dimension of the functions; 0 for too many ``forms``."""
    if forms > MOST_MONOMIALS:
        return 0
    theta = fractions("theta", np.random.default_rng(0).integers(1, 10**4, model.n_params))
    return sparse_rank(tangent_combinations(model, theta.tolist()))


def _quadratic(network: TwoLayer, other: TwoLayer, target: Any) -> Bounds:
    """One output: f as a symmetric matrix in (1, x)."""
    theta = point_of(target) if isinstance(target, Target) else fractions("theta", _generic_point(other))
    parts, d = other.unpack(theta), network.inputs
    biases = parts["input_biases"] if other.bias else 0 * parts["input_weights"][:, 0]
    vectors = np.column_stack([biases, parts["input_weights"]])
    form = vectors.T @ (parts["output_weights"][0][:, None] * vectors)
    constant = parts["output_bias"][0] if other.output_bias else 0
    beyond = lambda what: ValueError(f"target must lie in {network}, got {what} of {other}")
    if not network.bias and form[0, 1:].any():
        raise beyond("linear terms")
    form[0, 0] += constant
    if not network.bias:
        if form[0, 0] and not network.output_bias:
            raise beyond("a constant")
        r, size, one = matrix_rank(form[1:, 1:]), d, int(network.output_bias)
    elif not network.output_bias:
        r, size, one = matrix_rank(form), d + 1, 0
    else:
        inner, size = matrix_rank(form[1:, 1:]), d + 1
        r = inner if matrix_rank(form[:, 1:]) == inner else inner + 2
        one = int(r == inner)
    if r > network.width:
        raise beyond(f"a quadratic form of rank {r}")
    value = size * r - comb(r, 2) + one
    return value, value, "forms divisible by a linear form (ours)"


def _generic_point(other: TwoLayer) -> np.ndarray:
    """A point whose quadratic form has the largest rank: w_i, b_i of a Vandermonde matrix, output weights positive."""
    parts = {name: np.ones(shape, dtype=object) for name, shape in other.shapes.items()}
    nodes = np.arange(1, other.width + 1).astype(object)
    powers = np.stack([nodes**k for k in range(1, other.inputs + 2)], axis=1)
    parts["input_weights"] = powers[:, : other.inputs]
    if other.bias:
        parts["input_biases"] = powers[:, other.inputs]
    return other.pack(**parts)
