r"""Whether the dropout penalty of a ReLU network on the line can be lowered without leaving zero loss, decided in exact arithmetic.

f = sum_j a_j relu(w_j x + b_j) + a x + b interpolates data; R_1 is the sum of the squared contributions of the neurons to the data
(the linear part is not dropped). Near an intercept strictly between two data points a neuron with a_j w_j != 0 moves its contribution
freely within the affine functions on the data that it sees; at a data point it does so on either side under one linear inequality. Where
the side of every such neuron is chosen, to lower R_1 at R_S = 0 is a convex quadratic program with linear constraints. So the point is a
local minimum exactly when no side has a first-order descent, which linear algebra over Q decides: the objective's gradient,
projected on the constraints, is split by non-negative least squares into multipliers and a rest, and the rest is a descent direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np

from numerics.arithmetic.exact import fraction, rational
from theory.dynamics.dropout import LineNeuron


@dataclass(frozen=True)
class Interpolant:
    """f = sum of ``neurons`` + ``slope`` x + ``offset``, entries Fractions."""

    neurons: tuple[LineNeuron, ...]
    slope: Fraction = Fraction(0)
    offset: Fraction = Fraction(0)

    def __call__(self, x: Any) -> Any:
        """f(x)."""
        return sum((neuron(x) for neuron in self.neurons), start=self.slope * x + self.offset)

    def penalty(self, x: Sequence[Any]) -> Any:
        """The sum over data and neurons of squared contributions: R_1 times 2n/v."""
        return sum(neuron(t) ** 2 for neuron in self.neurons for t in x)


@dataclass(frozen=True)
class Descent:
    """A perturbation of first order: neuron j gains ``tilts[j]`` x + ``shifts[j]`` where it is active.

    The linear part gains ``slope`` x + ``offset``. ``rate`` < 0 is the derivative of the penalty along it. ``sides[j]`` is the side to
    which an intercept at a data point may move (-1, 1), 0 for the other neurons.
    """

    tilts: tuple[Fraction, ...]
    shifts: tuple[Fraction, ...]
    slope: Fraction
    offset: Fraction
    rate: Fraction
    sides: tuple[int, ...]

    def apply(self, net: Interpolant, step: Fraction) -> Interpolant:
        """The network after a ``step`` > 0 along the perturbation: a_j kept, w_j and b_j changed.

        Raises ValueError where the step turns a neuron round.
        """
        neurons = []
        for neuron, tilt, shift in zip(net.neurons, self.tilts, self.shifts, strict=True):
            if tilt == 0 and shift == 0:
                neurons.append(neuron)
                continue
            w, b = neuron.w + step * tilt / neuron.a, neuron.b + step * shift / neuron.a
            if w * neuron.w <= 0:
                raise ValueError(f"step {step} turns the neuron at {neuron.intercept} round")
            neurons.append(LineNeuron(neuron.a, w, b))
        return Interpolant(tuple(neurons), net.slope + step * self.slope, net.offset + step * self.offset)


def descent(net: Interpolant, x: Sequence[Fraction], *, only: Sequence[int] | None = None) -> Descent | None:
    """A first-order descent of the penalty at R_S = 0 from ``net``, or None: then ``net`` is a local minimum among the nets that move
    active neurons.

    ``x``: the data, strictly increasing rationals; their labels are f(x_i). ``only``: the neurons that may move beside the linear part
    (all by default). Neurons with a_j = 0 stay. Raises ValueError unless ``x`` increases.
    """
    x = [Fraction(t) for t in x]
    if any(low >= high for low, high in zip(x, x[1:], strict=False)) or len(x) < 2:
        raise ValueError(f"x must be at least two increasing numbers, got {x}")
    movable = [j for j, neuron in enumerate(net.neurons) if neuron.a != 0 and (only is None or j in only)]
    at_data = [j for j in movable if Fraction(net.neurons[j].intercept) in x]
    for sides in product((-1, 1), repeat=len(at_data)):
        found = _descent_in_cell(net, x, movable, dict(zip(at_data, sides, strict=True)))
        if found is not None:
            return found
    return None


def _descent_in_cell(net: Interpolant, x: list[Fraction], movable: list[int], sides: dict[int, int]) -> Descent | None:
    """The best first-order descent where neuron j at a data point may move towards ``sides[j]``, or None."""
    columns, gradient, signs = [], [], []
    for j in movable:
        neuron = net.neurons[j]
        intercept, side = Fraction(neuron.intercept), sides.get(j)
        seen = [neuron.direction * (t - intercept) > 0 for t in x]
        if side is not None and side == -neuron.direction:  # moving against its direction, the neuron comes to see its own data point
            seen = [on or t == intercept for on, t in zip(seen, x, strict=True)]
        # the free functions: a tilt about the intercept, and a shift, towards which the intercept moves against slope and direction
        for power in (1, 0):
            change = [Fraction((t - intercept) ** power) if on else Fraction(0) for t, on in zip(x, seen, strict=True)]
            columns.append(change)
            gradient.append(2 * sum(Fraction(neuron(t)) * c for t, c in zip(x, change, strict=True)))
        # a shift by s moves the intercept of c (x - t) by -s / c, c the signed coefficient of x
        coefficient = neuron.a * neuron.w
        signs.append((0, 0) if side is None else (0, -side if coefficient > 0 else side))
    columns += [list(x), [Fraction(1)] * len(x)]
    gradient += [Fraction(0), Fraction(0)]
    bounds = [s for pair in signs for s in pair] + [0, 0]
    direction = _steepest(columns, gradient, bounds)
    if direction is None:
        return None
    tilts, shifts = [Fraction(0)] * len(net.neurons), [Fraction(0)] * len(net.neurons)
    for place, j in enumerate(movable):
        tilt, level = direction[2 * place], direction[2 * place + 1]
        tilts[j], shifts[j] = tilt, level - tilt * Fraction(net.neurons[j].intercept)
    rate = sum((g * d for g, d in zip(gradient, direction, strict=True)), Fraction(0))
    chosen = tuple(sides.get(j, 0) for j in range(len(net.neurons)))
    return Descent(tuple(tilts), tuple(shifts), direction[-2], direction[-1], rate, chosen)


def _steepest(columns: list[list[Fraction]], gradient: list[Fraction], bounds: list[int]) -> list[Fraction] | None:
    """d with sum_k d_k columns[k] = 0, bounds[k] d_k >= 0 and gradient . d < 0, or None where there is none.

    With the null space N of the equalities and the active rows B of the bounds, no such d exists iff N^T gradient = B^T mu for some
    mu >= 0. Non-negative least squares over the subsets of B decides; where a rest remains, minus the rest is a descent.
    """
    from flint import fmpq_mat

    kernel = _null_space(columns)
    if not kernel:
        return None
    dot = lambda a, b: sum(p * q for p, q in zip(a, b, strict=True))
    objective = [dot(vector, gradient) for vector in kernel]
    rows = [[bounds[k] * vector[k] for vector in kernel] for k in range(len(gradient)) if bounds[k]]
    for size in range(len(rows) + 1):
        for active in combinations(range(len(rows)), size):
            if size == 0:
                rest = objective
            else:
                chosen = [rows[k] for k in active]
                gram = fmpq_mat(size, size, [rational(dot(a, b)) for a in chosen for b in chosen])
                if gram.rank() < size:
                    continue
                right = fmpq_mat(size, 1, [rational(dot(a, objective)) for a in chosen])
                mu = [fraction(entry[0]) for entry in gram.solve(right).tolist()]
                if min(mu) < 0:
                    continue
                rest = [h - sum(m * row[c] for m, row in zip(mu, chosen, strict=True)) for c, h in enumerate(objective)]
            if all(dot(row, rest) <= 0 for row in rows):  # the optimality condition of the least squares
                if not any(rest):
                    return None
                return [-sum((r * vector[k] for r, vector in zip(rest, kernel, strict=True)), Fraction(0)) for k in range(len(gradient))]
    raise ArithmeticError("non-negative least squares found no optimal set of constraints")


def _null_space(columns: list[list[Fraction]]) -> list[list[Fraction]]:
    """A basis of the d with sum_k d_k columns[k] = 0."""
    from flint import fmpq_mat

    height, width = len(columns[0]), len(columns)
    reduced, rank = fmpq_mat(height, width, [rational(column[i]) for i in range(height) for column in columns]).rref()
    table = [[fraction(entry) for entry in row] for row in reduced.tolist()]
    pivots = [next(k for k in range(width) if table[row][k]) for row in range(rank)]
    basis = []
    for free in (k for k in range(width) if k not in pivots):
        vector = [Fraction(0)] * width
        vector[free] = Fraction(1)
        for row, pivot in enumerate(pivots):
            vector[pivot] = -table[row][free]
        basis.append(vector)
    return basis


def lowered(
    net: Interpolant, x: Sequence[Fraction], found: Descent, *, largest: Fraction = Fraction(1, 2), halvings: int = 60
) -> Interpolant:
    """The network after the first step ``largest``/2^k along ``found`` that keeps every f(x_i) exactly and lowers the penalty.

    A replay of a descent in plain evaluations of the two networks. Raises ArithmeticError where no such step is found.
    """
    step, labels, before = Fraction(largest), [net(t) for t in x], net.penalty(x)
    for _ in range(halvings):
        try:
            after = found.apply(net, step)
            if [after(t) for t in x] == labels and after.penalty(x) < before:
                return after
        except ValueError:
            pass
        step /= 2
    raise ArithmeticError(f"no step down to {step} along the descent keeps the labels and lowers the penalty")


def random_interpolant(rng: np.random.Generator, x: Sequence[Fraction], neurons: int, *, at_data: float = 0.3) -> Interpolant:
    """``neurons`` neurons with intercepts in (x_1, x_n), a share ``at_data`` of them at data points; slopes are small rationals."""
    drawn = []
    for _ in range(neurons):
        i = int(rng.integers(1, len(x) - 1))
        if rng.random() < at_data:
            intercept = Fraction(x[i])
        else:
            low, high = (Fraction(x[i - 1]), Fraction(x[i])) if rng.random() < 0.5 else (Fraction(x[i]), Fraction(x[i + 1]))
            intercept = low + (high - low) * Fraction(int(rng.integers(1, 8)), 8)
        slope = Fraction(int(rng.choice([-3, -2, -1, 1, 2, 3])), int(rng.integers(1, 4)))
        drawn.append(LineNeuron.at(intercept, slope, int(rng.choice([-1, 1]))))
    return Interpolant(tuple(drawn), Fraction(int(rng.integers(-2, 3))), Fraction(int(rng.integers(-2, 3))))
