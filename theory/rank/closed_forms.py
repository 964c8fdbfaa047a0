"""Closed forms of the model rank, with the hypotheses under which they hold; plain numbers in, plain numbers out.

R(theta) is the dimension of the tangent function space at theta, R(f*) its minimum over all theta that represent f*, and
the optimistic sample size of f* equals R(f*). Sources: arXiv:2211.11623v1 (rank stratification), arXiv:2307.08921v1
(optimistic estimates), arXiv:2406.18035v1 (local linear recovery).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from theory.arguments import checking, switch, whole, whole_numbers
from theory.models import CPFactorization, TwoLayer
from theory.rationals import fractions


def _sizes(**sizes: Any) -> list[int]:
    return [whole(name, size, 1) for name, size in sizes.items()]


def _symbolic(*values: Any) -> bool:
    """Whether a sympy symbol stands among the values: a formula for all sizes, of which nothing is checked."""
    return any(getattr(value, "free_symbols", None) for value in values)


# -------------------------------------------------------------------------------------------------- factorizations


def factorization_rank(d1: int, d2: int, a: int, b: int) -> int:
    """R(A, B) of f = A B, A of shape (d1, m) and rank a, B of shape (m, d2) and rank b (2211.11623v1, Lemma 2).

    Raises ValueError for a rank beyond the sizes, as all formulas here do; this one and the next take sympy's symbols, too.
    """
    if not _symbolic(d1, d2, a, b):
        d1, d2 = _sizes(d1=d1, d2=d2)
        a, b = whole("a", a, 0, d1), whole("b", b, 0, d2)
    return d1 * d2 - (d1 - a) * (d2 - b)


def function_rank(r: int, d1: int, d2: int) -> int:
    """R(f*) of a d1 x d2 matrix of rank r, for every inner width m >= r (2211.11623v1, Proposition 1)."""
    if not _symbolic(r, d1, d2):
        d1, d2 = _sizes(d1=d1, d2=d2)
        r = whole("r", r, 0, min(d1, d2))
    return r * (d1 + d2 - r)


def largest_target_rank(r: int, d1: int, d2: int, width: int) -> int:
    """The largest R(A, B) over A B = f* of rank r, ``width`` m >= r: on Sylvester's boundary one factor has the rank min(d_i, m)."""
    d1, d2, width = _sizes(d1=d1, d2=d2, width=width)
    r = whole("r", r, 0, min(d1, d2, width))
    return d1 * d2 - max(0, min(d1, d2) - width) * (max(d1, d2) - r)


def factorization_strata(r: int, d1: int, d2: int, width: int) -> Iterator[tuple[int, int]]:
    """All (rank A, rank B) with A B of rank r: r <= a <= min(d1, m), r <= b <= min(d2, m), a + b - m <= r (Sylvester)."""
    d1, d2, width = _sizes(d1=d1, d2=d2, width=width)
    r = whole("r", r)
    for a in range(r, min(d1, width) + 1):
        for b in range(r, min(d2, width) + 1):
            if a + b - width <= r:
                yield a, b


def deep_factorization_rank(sizes: Sequence[int], prefix: Sequence[int], suffix: Sequence[int]) -> int:
    """R of f = A_1 ... A_L with A_i of shape (sizes[i-1], sizes[i]).

    ``prefix[i-1]`` = rank(A_1 ... A_i), ``suffix[i-1]`` = rank(A_i ... A_L), i = 1 .. L:
    R = sum_i (p_{i-1} - p_i) s_{i+1} with p_0 = d_0, p_L replaced by 0, s_{L+1} = d_L.

    Raises ValueError for ranks that no chain has: p falls to p_L = s_1, from which s rises, and p_i + s_{i+1} <= d_i + p_L (Sylvester).
    """
    sizes, prefix, suffix = whole_numbers("sizes", sizes, 1), whole_numbers("prefix", prefix), whole_numbers("suffix", suffix)
    depth = len(sizes) - 1
    if depth < 1 or not len(prefix) == len(suffix) == depth:
        raise ValueError(f"prefix and suffix must hold a rank for each of the {depth} factors, got {len(prefix)} and {len(suffix)}")
    p = [sizes[0], *(whole("prefix", rank, 0, size) for rank, size in zip(prefix, sizes[1:], strict=True))]
    s = [*(whole("suffix", rank, 0, size) for rank, size in zip(suffix, sizes[:-1], strict=True)), sizes[-1]]
    falls, rises = (all(first >= second for first, second in pairwise(ranks)) for ranks in (p, s[::-1]))
    if not falls or not rises or p[-1] != s[0]:
        raise ValueError(
            f"prefix must fall from at most {p[0]} to the first of suffix, which rises to at most {s[-1]}, got {p[1:]} and {s[:-1]}"
        )
    for k, size in enumerate(sizes):
        if (least := p[k] + s[k] - size) > p[-1]:
            raise ValueError(
                f"prefix and suffix must meet in at least {least} dimensions of the {size} of space {k}, got a product of rank {p[-1]}"
            )
    return telescoped(p, s)


def telescoped(prefix: Sequence[int], suffix: Sequence[int]) -> int:
    """sum_i (p_{i-1} - p_i) s_{i+1} of p_0, ..., p_L and s_1, ..., s_{L+1}, p_L replaced by 0, whatever the numbers mean."""
    ends = [*prefix[:-1], 0]
    return sum((ends[i] - ends[i + 1]) * suffix[i + 1] for i in range(len(ends) - 1))


def partial_product_ranks(factors: Sequence[Any]) -> tuple[list[int], list[int]]:
    """(rank(A_1 ... A_i), rank(A_i ... A_L)) for i = 1 .. L, the arguments of :func:`deep_factorization_rank`."""
    if not np.iterable(factors) or not all(np.ndim(factor) == 2 for factor in factors):
        raise ValueError(f"factors must be matrices (rows, columns), got {factors!r}")
    prefix = list(accumulate(factors, lambda left, right: left @ right))
    suffix = list(accumulate(reversed(factors), lambda right, left: left @ right))[::-1]
    return [matrix_rank(matrix) for matrix in prefix], [matrix_rank(matrix) for matrix in suffix]


def symmetric_factorization_rank(d: int, a: int) -> int:
    """R of f = A A^T, A of shape (d, m) and rank a."""
    d = whole("d", d, 1)
    a = whole("a", a, 0, d)
    return a * d - a * (a - 1) // 2


def _format(sizes: Sequence[int], components: int) -> tuple[list[int], int]:
    checked = whole_numbers("sizes", sizes, 1)
    if not checked:
        raise ValueError("sizes must hold a size for each axis, got none")
    return checked, whole("components", components, 1)


def cp_expected_rank(sizes: Sequence[int], components: int) -> int:
    """Expected (upper bound, not always attained) generic rank of a sum of rank-one tensors: min(r (sum d_i - N + 1), prod d_i)."""
    sizes, components = _format(sizes, components)
    return min(components * (sum(sizes) - len(sizes) + 1), math.prod(sizes))


def cp_generic_rank(sizes: Sequence[int], components: int) -> int:
    """Generic model rank R of a sum of r = ``components`` rank-one tensors, by the known classification of defective formats.

    With d the largest size and D the product of the N - 1 others, a format is *unbalanced* for D - sum (d_i - 1) < r < min(d, D), the sum
    over those others; then R = r (D + d - r), as of D x d matrices of rank r (arXiv:math/0609054v2). Else R is the expected number but
    for (3, n, n; (3n - 1)/2) with n >= 3 odd, (3, 4, 4; 5) and (2, 2, n, n; 2n - 1) with n >= 2, where it is one less. That there
    are no further formats is proved for r <= 6 and conjectured beyond (arXiv:math/0607191).
    """
    sizes, components = _format(sizes, components)
    kind = cp_format(sizes, components)
    *others, largest = sorted(sizes)
    if kind == "unbalanced":
        return components * (math.prod(others) + largest - components)
    return cp_expected_rank(sizes, components) - (kind == "exceptional")


def cp_format(sizes: Sequence[int], components: int) -> str:
    """ "unbalanced", "exceptional" or "regular", the case of :func:`cp_generic_rank`; sizes 1 count for nothing."""
    sizes, components = _format(sizes, components)
    *others, largest = sorted(size for size in sizes if size != 1) or [1]
    product = math.prod(others)
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


@checking(linear=switch, constant=switch, bias=switch)
def two_layer_rank(inputs: int, classes: int, active: int, *, linear: bool = False, constant: bool = False, bias: bool = False) -> int:
    """R(theta) of a two-layer tanh network with one output (2211.11623v1, Corollary 2; with biases: ours).

    ``classes`` m_w counts the classes {+-(w, b)} with w != 0, ``active`` m_a those that contain some a != 0, ``linear`` says
    that a neuron with w = 0 has a != 0, ``constant`` that the constant 1 is a tangent function.
    """
    inputs, classes = whole("inputs", inputs, 1), whole("classes", classes)
    active = whole("active", active, 0, classes)
    return classes + (inputs + bias) * active + inputs * linear + constant


def two_layer_strata(model: TwoLayer, theta: Sequence[Fraction]) -> dict[str, Any]:
    """The arguments of :func:`two_layer_rank` at rational ``theta``."""
    if not isinstance(model, TwoLayer):
        raise ValueError(f"model must be a TwoLayer, got {model!r}")
    exact = np.asarray(fractions("theta", np.array(theta, dtype=object)), dtype=object)
    if exact.shape != (model.n_params,):
        raise ValueError(f"theta must have shape ({model.n_params},) for {model}, got {exact.shape}")
    parts = model.unpack(exact)
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


@checking(constant=switch, bias=switch, output_bias=switch)
def two_layer_function_rank(
    inputs: int, neurons: int, *, constant: bool = False, bias: bool = False, output_bias: bool = False, outputs: int = 1
) -> int:
    """R(f*) of ``neurons`` k tanh neurons (+ a non-zero constant), for every width that holds them (2211.11623v1, Prop. 5).

    k (d + 1) without and k (d + 2) with hidden bias; an output bias adds 1; without one, a constant costs d + 1 (it takes a
    neuron with w = 0) and needs hidden biases. With q ``outputs`` every 1 of an output weight or bias is a q (ours).
    """
    inputs, neurons, outputs = whole("inputs", inputs, 1), whole("neurons", neurons), whole("outputs", outputs, 1)
    if constant and not (bias or output_bias):
        raise ValueError(f"constant must be False without biases, where tanh neurons make none, got {constant!r}")
    rank = neurons * (inputs + outputs + bias)
    if output_bias:
        return rank + outputs
    return rank + (inputs + outputs) * constant


def up_to_sign(vector: Sequence[Any] | np.ndarray) -> tuple | None:
    """The one of +-``vector`` whose first non-zero entry is positive; None for zero."""
    lead = next((entry for entry in vector if entry), None)
    if lead is None:
        return None
    return tuple(-entry for entry in vector) if lead < 0 else tuple(vector)


@checking(bias=switch)
def cnn_function_rank(
    inputs: int, kernel: int, positions: int, kernels: int, *, architecture: str = "shared", zeros: int = 0, bias: bool = False
) -> int:
    """R(f*) of a target with ``kernels`` generic kernels and ``zeros`` vanishing output weights in three architectures.

    Every kernel keeps an output weight. ``inputs``, ``kernel``: numbers of entries; ``architecture``: "shared", "unshared" or
    "fully-connected" (2406.18035v1, Theorems 6 and 7; no kernel may be a translate of another, up to sign).
    """
    inputs, positions, kernels = (
        whole(name, value, least) for name, value, least in (("inputs", inputs, 1), ("positions", positions, 1), ("kernels", kernels, 0))
    )
    kernel, zeros = whole("kernel", kernel, 1, inputs), whole("zeros", zeros, 0, kernels * (positions - 1))
    active = kernels * positions - zeros
    match architecture:
        case "shared":
            return kernels * (kernel + positions + bias)
        case "unshared":
            return active * (kernel + 1 + bias)
        case "fully-connected":
            return active * (inputs + 1 + bias)
    raise ValueError(f"architecture must be 'shared', 'unshared' or 'fully-connected', got {architecture!r}")


def matrix_rank(matrix: Any) -> int:
    """Exact rank of a 2-d array of Fractions or integers."""
    from sympy import QQ
    from sympy.polys.matrices import DomainMatrix

    exact = np.asarray(fractions("matrix", np.asarray(matrix, dtype=object)), dtype=object)
    if exact.ndim != 2:
        raise ValueError(f"matrix must have shape (rows, columns), got {exact.shape}")
    rows = [[QQ(value.numerator, value.denominator) for value in row] for row in exact]
    return DomainMatrix(rows, (len(rows), len(rows[0])), QQ).rank() if rows and rows[0] else 0


def positive_semidefinite(matrix: Any) -> bool:
    """Whether a 2-d array of rationals is symmetric with non-negative quadratic form, by exact elimination."""
    rest = fractions("matrix", matrix).copy()
    if rest.ndim != 2 or rest.shape[0] != rest.shape[1] or (rest != rest.T).any():
        return False
    while len(rest):
        pivot, row = rest[0, 0], rest[0, 1:]
        if pivot < 0 or (not pivot and row.any()):
            return False
        rest = rest[1:, 1:] - np.multiply.outer(row, row) / pivot if pivot else rest[1:, 1:]
    return True


def cp_tangents(model: CPFactorization, theta: Sequence[Fraction]) -> list[dict[tuple[int, ...], Fraction]]:
    """For every parameter (flat order) its tangent {entry: value}: a unit vector times the other vectors of its component."""
    factors = list(model.unpack(np.array(theta, dtype=object)).values())
    rows = []
    for k, size in enumerate(model.sizes):
        for t in range(model.components):
            others: dict[tuple[int, ...], Fraction] = {(): Fraction(1)}
            for axis, factor in enumerate(factors):
                values = [Fraction(1)] if axis == k else factor[t]
                others = {(*place, i): c * value for place, c in others.items() for i, value in enumerate(values) if value}
            rows += [{(*place[:k], j, *place[k + 1 :]): c for place, c in others.items()} for j in range(size)]
    return rows
