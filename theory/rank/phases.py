r"""Ranks of networks of sin or cos with one hidden layer, where neurons share frequencies and differ in phases.

sin(w.x + b) = cos b sin w.x + sin b cos w.x, so that tangents are combinations of sin w.x, cos w.x, their products with x_j, x_j and 1, for
distinct w up to sign: these are independent (exponentials of distinct exponents, times polynomials). The coefficients of one row are
rationals times cos b and sin b of one b. With t = tan(b / 2),

    cos b = (1 - t^2) / (1 + t^2),   sin b = 2 t / (1 + t^2),

so a row times its 1 + t^2 has polynomials in t. Rational biases are whole multiples n_l g of one g, and t = tan(g / 2) is transcendental
(Lindemann): the rank over the field of rational functions in that t is the rank. Where the multiples are large, each b != 0 up to sign gets
a t of its own; the rank is then that of almost all biases of the pattern, an upper bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from theory.models import FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import layers
from theory.rank.closed_forms import up_to_sign
from theory.rank.generators import neurons

#: Biases are read as multiples of one number where none is larger than this; polynomials have twice the degree.
MOST_MULTIPLES = 24
#: Rows beyond which polynomials are not eliminated, and phases with a variable each.
MOST_ROWS, MOST_PHASES = 200, 60


def phase_rank(model: Any, theta: Sequence[Fraction]) -> tuple[int, bool] | None:
    """(rank of the table of tangents of ``model`` at rational ``theta``, whether it is that of the tangents).

    None for models of another kind, and where the table is too large.
    """
    hidden = isinstance(model, TwoLayer | TwoLayerCNN) or (isinstance(model, FullyConnected) and model.depth == 2)
    if not hidden or model.activation.name not in ("sin", "cos") or model.n_params > MOST_ROWS:
        return None
    phases = sorted({abs(neuron.bias) for neuron in neurons(model, theta) if neuron.bias})
    circle, exact = _circles(phases)
    return None if circle is None else (_rank(_rows(model, theta, circle)), exact)


def _circles(phases: Sequence[Fraction]) -> tuple[Any, bool]:
    """{b: (cos b, sin b)} up to a common factor, as polynomials, and whether these have the relations of the numbers."""
    from flint import Ordering, fmpq_mpoly_ctx

    common = lcm(*(b.denominator for b in phases))
    numbers = [b.numerator * (common // b.denominator) for b in phases]
    step = gcd(*numbers) or 1
    exact = max(numbers, default=0) <= MOST_MULTIPLES * step
    count = 1 if exact else len(phases)
    if count > MOST_PHASES:
        return None, False
    context = fmpq_mpoly_ctx.get([f"t{k}" for k in range(count)], Ordering.lex)
    one, variables = context.constant(1), context.gens()
    found = {Fraction(0): (one, 0 * one)}
    for k, (b, number) in enumerate(zip(phases, numbers, strict=True)):
        t, power = (variables[0], number // step) if exact else (variables[k], 1)
        cosine, sine = one, 0 * one
        for _ in range(2 * power):  # (1 + i t)^2 is 1 + t^2 times e^{i g}
            cosine, sine = cosine - t * sine, sine + t * cosine
        found[b] = cosine, sine
    return found, exact


def _rows(model: Any, theta: Sequence[Fraction], circle: Mapping[Fraction, tuple[Any, Any]]) -> list[dict[Any, Any]]:
    """The tangents {generator: polynomial}; generators are (output, w up to sign or None, j or None, "sin", "cos" or 1)."""
    from flint import fmpq

    rational = lambda value: fmpq(value.numerator, value.denominator)
    rows: list[dict[Any, Any]] = [defaultdict(lambda: 0 * circle[Fraction(0)][0]) for _ in range(model.n_params)]
    for neuron in neurons(model, theta):
        key = up_to_sign(neuron.weights)
        sign = 1 if key is None or key == neuron.weights else -1
        cosine, sine = circle[abs(neuron.bias)]
        sine = sine if neuron.bias >= 0 else -sine
        # sin(s u + b) = s cos b sin u + sin b cos u, cos(s u + b) = cos b cos u - s sin b sin u with u = s w.x
        waves = {"sin": {"sin": sign * cosine, "cos": sine}, "cos": {"sin": -sign * sine, "cos": cosine}}
        if key is None:
            waves = {"sin": {1: sine}, "cos": {1: cosine}}
        name = model.activation.name
        value, slope, turned = (waves["sin"], waves["cos"], 1) if name == "sin" else (waves["cos"], waves["sin"], -1)
        for t, parameter in enumerate(neuron.output_index):
            for wave, c in value.items():
                rows[parameter][t, key, None, wave] += c
        places = [*neuron.weight_index.items()] + ([(None, neuron.bias_index)] if neuron.bias_index is not None else [])
        for j, parameter in places:
            for t, a in enumerate(neuron.outputs):
                for wave, c in slope.items():
                    rows[parameter][t, key, j, wave] += rational(turned * a) * c
    for t, parameter in enumerate(layers(model)[-1].biases):
        if parameter is not None:
            rows[parameter][t, None, None, 1] += circle[Fraction(0)][0]
    return rows


def _rank(rows: Sequence[Mapping[Any, Any]]) -> int:
    """The rank over rational functions, pivots in columns that fewest rows hold; rows are divided by what their entries share."""
    left = [kept for row in rows if (kept := {column: c for column, c in row.items() if c != 0})]
    rank = 0
    while left:
        holders: dict[Any, list[int]] = defaultdict(list)
        for i, row in enumerate(left):
            for column in row:
                holders[column].append(i)
        column = min(holders, key=lambda one: len(holders[one]))
        pivot = left[min(holders[column], key=lambda i: len(left[i]))]
        reduced = []
        for row in left:
            if row is pivot:
                continue
            if column in row:
                row = _without_common_factor(_cancelled(row, pivot, column))
            if row:
                reduced.append(row)
        left, rank = reduced, rank + 1
    return rank


def _cancelled(row: Mapping[Any, Any], pivot: Mapping[Any, Any], column: Any) -> dict[Any, Any]:
    """pivot[column] row - row[column] pivot, without its zeros."""
    by, c = pivot[column], row[column]
    zero = 0 * by
    combined = {one: by * row.get(one, zero) - c * pivot.get(one, zero) for one in {*row, *pivot}}
    return {one: entry for one, entry in combined.items() if entry != 0}


def _without_common_factor(row: Mapping[Any, Any]) -> dict[Any, Any]:
    shared = None
    for entry in row.values():
        shared = entry if shared is None else shared.gcd(entry)
    return {column: entry / shared for column, entry in row.items()}
