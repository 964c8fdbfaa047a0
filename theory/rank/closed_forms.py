"""Closed forms of the model rank, with the hypotheses under which they hold.

R(theta) is the dimension of the tangent function space at theta, R(f*) its minimum over all theta that represent f*, and
the optimistic sample size of f* equals R(f*). Sources: arXiv:2211.11623v1 (rank stratification), arXiv:2307.08921v1
(optimistic estimates), arXiv:2406.18035v1 (local linear recovery).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np

from theory.models import AbstractModel, AbstractNetwork, FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN, as_container
from theory.models.factorizations import CPFactorization, DeepFactorization, SymmetricFactorization
from theory.rank.kernel_covers import kernel_costs
from theory.rank.sparse import sparse_rank
from theory.rationals import fractions

#: Models of one matrix, a product of factors.
MatrixModel = MatrixFactorization | DeepFactorization | SymmetricFactorization


class NotKnown(ValueError):
    """No closed form holds here; ``lower`` and ``upper`` bound the rank, ``source`` says where the bounds come from."""

    def __init__(self, reason: str, lower: int, upper: int, source: str) -> None:
        super().__init__(f"{reason}; known bounds: {lower} to {upper} ({source})")
        self.lower, self.upper, self.source = lower, upper, source


@dataclass(frozen=True)
class Target:
    """The function f(.; theta) of ``model``, as something to be recovered."""

    model: AbstractModel
    theta: Any


# -------------------------------------------------------------------------------------------------- factorizations


def factorization_rank(d1: int, d2: int, a: int, b: int) -> int:
    """R(A, B) of f = A B, A of shape (d1, m) and rank a, B of shape (m, d2) and rank b (2211.11623v1, Lemma 2)."""
    return d1 * d2 - (d1 - a) * (d2 - b)


def function_rank(r: int, d1: int, d2: int) -> int:
    """R(f*) of a d1 x d2 matrix of rank r, for every inner width m >= r (2211.11623v1, Proposition 1)."""
    return r * (d1 + d2 - r)


def largest_target_rank(r: int, d1: int, d2: int, width: int) -> int:
    """The largest R(A, B) over A B = f* of rank r, ``width`` m >= r: on Sylvester's boundary one factor has the rank min(d_i, m)."""
    return d1 * d2 - max(0, min(d1, d2) - width) * (max(d1, d2) - r)


def factorization_strata(r: int, d1: int, d2: int, width: int) -> Iterator[tuple[int, int]]:
    """All (rank A, rank B) with A B of rank r: r <= a <= min(d1, m), r <= b <= min(d2, m), a + b - m <= r (Sylvester)."""
    for a in range(r, min(d1, width) + 1):
        for b in range(r, min(d2, width) + 1):
            if a + b - width <= r:
                yield a, b


def deep_factorization_rank(sizes: Sequence[int], prefix: Sequence[int], suffix: Sequence[int]) -> int:
    """R of f = A_1 ... A_L with A_i of shape (sizes[i-1], sizes[i]).

    ``prefix[i-1]`` = rank(A_1 ... A_i), ``suffix[i-1]`` = rank(A_i ... A_L), i = 1 .. L:
    R = sum_i (p_{i-1} - p_i) s_{i+1} with p_0 = d_0, p_L replaced by 0, s_{L+1} = d_L.
    """
    p = [sizes[0], *prefix[:-1], 0]
    s = [*suffix[1:], sizes[-1]]
    return sum((p[i] - p[i + 1]) * s[i] for i in range(len(s)))


def partial_product_ranks(factors: Sequence[Any]) -> tuple[list[int], list[int]]:
    """(rank(A_1 ... A_i), rank(A_i ... A_L)) for i = 1 .. L, the arguments of :func:`deep_factorization_rank`."""
    prefix = list(accumulate(factors, lambda left, right: left @ right))
    suffix = list(accumulate(reversed(factors), lambda right, left: left @ right))[::-1]
    return [matrix_rank(matrix) for matrix in prefix], [matrix_rank(matrix) for matrix in suffix]


def symmetric_factorization_rank(d: int, a: int) -> int:
    """R of f = A A^T, A of shape (d, m) and rank a."""
    return a * d - a * (a - 1) // 2


def cp_expected_rank(sizes: Sequence[int], components: int) -> int:
    """Expected (upper bound, not always attained) generic rank of a sum of rank-one tensors: min(r (sum d_i - N + 1), prod d_i)."""
    return min(components * (sum(sizes) - len(sizes) + 1), int(np.prod(sizes)))


def cp_generic_rank(sizes: Sequence[int], components: int) -> int:
    """Generic model rank R of a sum of r = ``components`` rank-one tensors, by the known classification of defective formats.

    With d the largest size and D the product of the N - 1 others, a format is *unbalanced* for D - sum (d_i - 1) < r < min(d, D), the sum
    over those others; then R = r (D + d - r), as of D x d matrices of rank r (arXiv:math/0609054v2). Else R is the expected number but
    for (3, n, n; (3n - 1)/2) with n odd, (3, 4, 4; 5) and (2, 2, n, n; 2n - 1), where it is one less. That there are no further formats is
    proved for r <= 6 and conjectured beyond (arXiv:math/0607191).
    """
    if components < 1 or min(sizes) < 1:
        raise ValueError(f"sizes and components must be positive, got {tuple(sizes)} and {components}")
    kind = cp_format(sizes, components)
    *others, largest = sorted(sizes)
    if kind == "unbalanced":
        return components * (int(np.prod(others)) + largest - components)
    return cp_expected_rank(sizes, components) - (kind == "exceptional")


def cp_format(sizes: Sequence[int], components: int) -> str:
    """ "unbalanced", "exceptional" or "regular", the case of :func:`cp_generic_rank`; sizes 1 count for nothing."""
    *others, largest = sorted(size for size in sizes if size > 1) or [1]
    product = int(np.prod(others, dtype=int))
    if product - sum(others) + len(others) < components < min(largest, product):
        return "unbalanced"
    match others:
        case [3, n] if n == largest and 2 * components == 3 * n - 1:
            return "exceptional"
        case [3, 4] if (largest, components) == (4, 5):
            return "exceptional"
        case [2, 2, n] if n == largest and components == 2 * n - 1:
            return "exceptional"
    return "regular"


# ------------------------------------------------------------------------------------------------ two-layer networks


def two_layer_rank(inputs: int, classes: int, active: int, *, linear: bool = False, constant: bool = False, bias: bool = False) -> int:
    """R(theta) of a two-layer tanh network with one output (2211.11623v1, Corollary 2; with biases: ours).

    ``classes`` m_w counts the classes {+-(w, b)} with w != 0, ``active`` m_a those that contain some a != 0, ``linear`` says
    that a neuron with w = 0 has a != 0, ``constant`` that the constant 1 is a tangent function.
    """
    return classes + (inputs + bias) * active + inputs * linear + constant


def two_layer_strata(model: TwoLayer, theta: Sequence[Fraction]) -> dict[str, Any]:
    """The arguments of :func:`two_layer_rank` at rational ``theta``."""
    parts = model.unpack(np.array(theta, dtype=object))
    biases = parts["input_biases"] if model.bias else [Fraction(0)] * model.width
    classes, active, linear, constant = set(), set(), False, model.output_bias
    for w, b, a in zip(parts["input_weights"], biases, parts["output_weights"][0], strict=True):
        if any(w):
            classes.add(up_to_sign((*w, b)))
            if a:
                active.add(up_to_sign((*w, b)))
        else:
            linear |= bool(a)
            constant |= bool(b) or (model.bias and bool(a))
    return dict(classes=len(classes), active=len(active), linear=linear, constant=bool(constant), bias=model.bias)


def two_layer_function_rank(inputs: int, neurons: int, *, constant: bool = False, bias: bool = False, output_bias: bool = False) -> int:
    """R(f*) of ``neurons`` k tanh neurons (+ a non-zero constant), for every width that holds them (2211.11623v1, Prop. 5).

    k (d + 1) without and k (d + 2) with hidden bias; an output bias adds 1; without one, a constant costs d + 1 (it takes a
    neuron with w = 0).
    """
    rank = neurons * (inputs + 1 + bias)
    if output_bias:
        return rank + 1
    return rank + (inputs + 1) * constant


def up_to_sign(vector: Sequence[Any] | np.ndarray) -> tuple | None:
    """The one of +-``vector`` whose first non-zero entry is positive; None for zero."""
    lead = next((entry for entry in vector if entry), None)
    if lead is None:
        return None
    return tuple(-entry for entry in vector) if lead < 0 else tuple(vector)


def merged_neurons(model: TwoLayer | TwoLayerCNN, theta: Any) -> dict[tuple[Fraction, ...], Fraction]:
    """The summed output weight of every class +-(w, b) != 0 of neurons, w on all inputs, for an odd activation and one output."""
    from theory.rank.generators import neurons

    summed: dict[tuple, Fraction] = {}
    for neuron in neurons(model, exact_parameters(model, theta).tolist()):
        vector, (a,) = (*neuron.weights, neuron.bias), neuron.outputs
        key = up_to_sign(vector)
        if key is not None:
            summed[key] = summed.get(key, Fraction(0)) + (a if key == vector else -a)
    return summed


def cnn_function_rank(
    inputs: int, kernel: int, positions: int, kernels: int, *, architecture: str = "shared", zeros: int = 0, bias: bool = False
) -> int:
    """R(f*) of a target with ``kernels`` generic kernels and ``zeros`` vanishing output weights in three architectures.

    ``inputs``, ``kernel``: numbers of entries; ``architecture``: "shared", "unshared" or "fully-connected" (2406.18035v1, Theorems 6
    and 7; no kernel may be a translate of another, up to sign).
    """
    active = kernels * positions - zeros
    match architecture:
        case "shared":
            return kernels * (kernel + positions + bias)
        case "unshared":
            return active * (kernel + 1 + bias)
        case "fully-connected":
            return active * (inputs + 1 + bias)
    raise ValueError(f"architecture must be 'shared', 'unshared' or 'fully-connected', got {architecture!r}")


# --------------------------------------------------------------------------------------------------------- front door


def rank_at(model: AbstractModel, theta: Any) -> int:
    """R(theta) in closed form, ``theta`` (P,) read as the exact rationals it holds.

    Known for matrix factorizations, and for tanh networks with one hidden layer: their generators (sigma(z_c), sigma'(z_c) x_j, x_j, 1) are
    linearly independent, so the rank is that of the table of coefficients. Raises NotKnown elsewhere, carrying the bounds.
    """
    theta = exact_parameters(model, theta)
    if isinstance(model, MatrixFactorization):
        parts = model.unpack(theta)
        return factorization_rank(model.d1, model.d2, matrix_rank(parts["left"]), matrix_rank(parts["right"]))
    if isinstance(model, DeepFactorization):
        return deep_factorization_rank(model.sizes, *partial_product_ranks(list(model.unpack(theta).values())))
    if isinstance(model, SymmetricFactorization):
        return symmetric_factorization_rank(model.size, matrix_rank(model.unpack(theta)["A"]))
    if isinstance(model, CPFactorization):
        upper = cp_generic_rank(model.sizes, model.components)
        raise NotKnown("a point may have less than the generic rank", 0, upper, "generic rank of the format")
    if not isinstance(model, TwoLayer | TwoLayerCNN):
        raise NotKnown(f"no closed form for {model}", 0, model.n_params, "number of parameters")
    if isinstance(model, TwoLayer) and model.outputs == 1 and model.activation.name == "tanh":
        return two_layer_rank(model.inputs, **two_layer_strata(model, theta))
    from theory.rank.generators import tangent_combinations

    upper = sparse_rank(tangent_combinations(model, theta))
    if model.activation.name == "tanh" or getattr(model.activation, "state", None) == ():
        return upper
    raise NotKnown(f"independence of the generators is not proved for {model.activation!r}", 0, upper, "table of generators")


def optimistic_sample_size(model: AbstractModel, target: int | AbstractModel | Target) -> int:
    """O(f*) = R(f*), the least number of samples with local linear recovery (2406.18035v1, Theorem 1).

    ``target`` is a rank (matrix factorization), a model (its generic function) or a :class:`Target`. Raises NotKnown, carrying
    the bounds, where only bounds are proved, and ValueError where ``model`` cannot express the target.
    """
    lower, upper, source = rank_bounds(model, target)
    if lower != upper:
        raise NotKnown(f"the rank of {target} in {model} is not known", lower, upper, source)
    return lower


def rank_bounds(model: AbstractModel, target: int | AbstractModel | Target) -> tuple[int, int, str]:
    """(lower, upper, source) with lower <= R(f*) <= upper for ``target`` as in :func:`optimistic_sample_size`."""
    if isinstance(model, MatrixFactorization):
        r = _target_rank(model, target, min(model.d1, model.d2, model.width))
        value = function_rank(r, model.d1, model.d2)
        return value, value, "2211.11623v1, Proposition 1"
    if isinstance(model, DeepFactorization | SymmetricFactorization):
        return _other_factorization_bounds(model, target)
    if isinstance(model, TwoLayer) and model.outputs == 1 and model.activation.name == "tanh":
        return _two_layer_bounds(model, target)
    if isinstance(model, TwoLayerCNN) and model.activation.name == "tanh":
        return _cnn_bounds(model, target)
    if isinstance(model, FullyConnected | TwoLayer):
        return _narrower_bounds(model, target)
    raise ValueError(f"no bounds are known for {model}")


def _target_rank(model: MatrixModel, target: Any, most: int) -> int:
    if isinstance(target, Target | MatrixFactorization):
        made, shape = target.model if isinstance(target, Target) else target, lambda one: one.product(np.zeros(one.n_params)).shape
        if not isinstance(made, MatrixModel):
            raise ValueError(f"target must be a matrix of shape {shape(model)} for {model}, got a function of {made}")
        if shape(made) != shape(model):
            raise ValueError(f"target must be a matrix of shape {shape(model)} for {model}, got {shape(made)} from {made}")
        if isinstance(target, Target):
            target = matrix_rank(made.product(exact_parameters(made, target.theta)))
        else:
            target = min(target.d1, target.d2, target.width)
    if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target <= most:
        raise ValueError(f"target must be a matrix rank from 0 to {most} for {model}, got {target!r}")
    return target


def _other_factorization_bounds(model: DeepFactorization | SymmetricFactorization, target: Any) -> tuple[int, int, str]:
    """Depth does not change R(f*) once every inner size reaches the rank; A A^T has constant rank on its target set (ours)."""
    if isinstance(model, SymmetricFactorization):
        value = symmetric_factorization_rank(model.size, _target_rank(model, target, min(model.size, model.width)))
    else:
        r = _target_rank(model, target, min(model.sizes))
        single = len(model.sizes) == 2
        value = model.sizes[0] * model.sizes[1] if single else function_rank(r, model.sizes[0], model.sizes[-1])
    return value, value, "closed form of the factorization"


def _two_layer_bounds(model: TwoLayer, target: Any) -> tuple[int, int, str]:
    other = target.model if isinstance(target, Target) else target
    if not isinstance(other, TwoLayer):
        raise ValueError(f"target must be a TwoLayer model or a Target of one, got {target!r}")
    if other.outputs != 1:
        raise ValueError(f"target must have one output, as {model}, got {other.outputs} outputs of {other}")
    _check_activation(model, other)
    if isinstance(target, Target):
        held, constant = _content(other, target.theta)
        neurons, biased = len(held), any(b for *_, b in held)
    else:
        neurons, biased, constant = other.width, other.bias, other.output_bias
    _check_biases(model, other, biased, constant)
    needed = neurons + (constant and not model.output_bias)
    if other.inputs != model.inputs or needed > model.width:
        raise ValueError(f"target must lie in {model}, got {neurons} neurons{' and a constant' * constant} on {other.inputs} inputs")
    value = two_layer_function_rank(model.inputs, neurons, constant=constant, bias=model.bias, output_bias=model.output_bias)
    return value, value, "2211.11623v1, Proposition 5"


def _content(model: TwoLayer | TwoLayerCNN, theta: Any) -> tuple[list[tuple[Fraction, ...]], bool]:
    """The neurons (w, b), w != 0, and whether a non-zero constant remains: equal neurons merged, cancelling ones dropped."""
    kept = [key for key, a in merged_neurons(model, theta).items() if a]
    held = [key for key in kept if any(key[:-1])]
    output_bias = model.output_bias and model.unpack(exact_parameters(model, theta))["output_bias"][0]
    return held, bool(output_bias) or len(held) < len(kept)


def _check_activation(model: AbstractNetwork, other: AbstractNetwork) -> None:
    if other.activation.name != model.activation.name:
        raise ValueError(f"target must have the activation {model.activation.name} of {model}, got {other.activation.name}")


def _check_biases(model: TwoLayer | TwoLayerCNN, other: AbstractModel, biased: bool, constant: bool) -> None:
    """Hidden biases need hidden biases; a constant an output bias or, from a neuron without weights, a hidden one."""
    if biased and not model.bias:
        raise ValueError(f"target must have no hidden biases, which {model} cannot express, got {other} with hidden biases")
    if constant and not (model.output_bias or model.bias):
        raise ValueError(f"target must have no constant, which {model} without biases cannot express, got {other} with a constant")


def _cnn_bounds(model: TwoLayerCNN, target: Any) -> tuple[int, int, str]:
    """R(f*) of what the neurons of the target add up to, each counted with the biases of ``model``.

    Without sharing every neuron can stand alone; with sharing the kernels are chosen anew (:mod:`theory.rank.kernel_covers`). A constant
    is free beside an output bias; without one it takes a kernel without weights, which adds 1 and its slopes.
    """
    other = target.model if isinstance(target, Target) else target
    if not isinstance(other, TwoLayerCNN) or other.grid != model.grid or other.kernels > model.kernels or not other.sharing:
        raise ValueError(f"target must be a shared TwoLayerCNN on the same grid with at most {model.kernels} kernels, got {other!r}")
    _check_activation(model, other)
    held, constant = _content(other, target.theta) if isinstance(target, Target) else (None, other.output_bias)
    _check_biases(model, other, other.bias if held is None else any(b for *_, b in held), constant)
    positions, entries = model.patches.shape
    slopes = entries + model.bias
    own_kernel = constant and not model.output_bias
    if not model.sharing:
        neurons = other.kernels * positions if held is None else len(held)
        costs = {neurons: neurons * (slopes + 1)}
        most = model.kernels * positions
    else:
        most = model.kernels
        if held is None:
            costs = {other.kernels: cnn_function_rank(model.input_size, entries, positions, other.kernels, bias=model.bias)}
        else:
            costs = kernel_costs(model, held, slopes)
    within = [cost for used, cost in costs.items() if used + own_kernel <= most]
    if not within:
        unit = "kernels" if model.sharing else "neurons"
        raise ValueError(f"target must leave one of the {most} {unit} of {model} to its constant, got {other} that takes them all")
    value = min(within) + (1 if model.output_bias else own_kernel * (entries + 1))
    return value, value, "2406.18035v1, Theorems 6 and 7; translates among the kernels and constants: ours"


def _narrower_bounds(model: FullyConnected | TwoLayer, target: Any) -> tuple[int, int, str]:
    """R_wide(f*) <= R_narrow(f*) <= M_narrow for a target from a network no wider in any layer (2211.11623v1, Theorem 2).

    The narrow network is counted with the biases of ``model``, whose tangents are there even where the target's biases are 0.
    """
    other = target.model if isinstance(target, Target) else target
    if not isinstance(other, FullyConnected | TwoLayer) or type(other) is not type(model) or not _no_wider(other, model):
        raise ValueError(f"target must be a network of the same depth, no wider in any layer than {model}, got {other!r}")
    _check_activation(model, other)
    if (other.bias and not model.bias) or (other.output_bias and not model.output_bias):
        raise ValueError(f"target must have no biases that {model} lacks, got {other!r}")
    biased = replace(other, bias=model.bias, output_bias=bool(model.output_bias))
    return 0, biased.n_params, "2211.11623v1, Theorem 2 (embedding principle)"


def _no_wider(narrow: FullyConnected | TwoLayer, wide: FullyConnected | TwoLayer) -> bool:
    """Whether both have the same inputs, outputs and depth, and no layer of ``narrow`` is wider."""
    one, other = (m.widths if isinstance(m, FullyConnected) else (m.inputs, m.width, m.outputs) for m in (narrow, wide))
    ends = (len(one), one[0], one[-1]) == (len(other), other[0], other[-1])
    return ends and all(m <= w for m, w in zip(one, other, strict=True))


def exact_parameters(model: AbstractModel, theta: Any) -> np.ndarray:
    """``theta`` as an object array (P,) of Fractions, floats read as the rationals they are. Raises ValueError on a wrong length or NaN."""
    theta = np.asarray(as_container(theta))
    if theta.shape != (model.n_params,):
        raise ValueError(f"theta must have shape ({model.n_params},) for {model}, got {theta.shape}")
    return fractions("theta", theta)


def matrix_rank(matrix: Any) -> int:
    """Exact rank of a 2-d array of Fractions or integers."""
    from sympy import QQ
    from sympy.polys.matrices import DomainMatrix

    exact = fractions("matrix", np.asarray(matrix, dtype=object))
    rows = [[QQ(value.numerator, value.denominator) for value in row] for row in exact]
    return DomainMatrix(rows, (len(rows), len(rows[0])), QQ).rank() if rows and rows[0] else 0
