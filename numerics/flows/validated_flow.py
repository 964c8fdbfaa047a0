"""Gradient flow of one-hidden-layer networks enclosed in balls: Taylor steps with proved remainders, and a bound on the tail.

The vector field is polynomial in the parameters and the activation's differential system, so that Taylor coefficients come from
iterating the integral equation in power series. One step: an a-priori box B with theta_0 + [0, h] F(B) inside B holds the flow;
the coefficient of order N over B bounds the remainder (Moore; Lohner). High precision pays for the widening of naive balls. The rest of
the way to the limit is bounded by E/sqrt(lambda), as |d theta/dt| integrates to at most that (a Polyak-Lojasiewicz tail).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import look_at_the_clock
from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
from numerics.flows.boxes import Descent, Flow, first_order, high_order, polynomial
from theory.activations import derivative_polynomials, smooth_activation
from theory.elementary import entrywise
from theory.models import TwoLayer, TwoLayerCNN


@dataclass(frozen=True)
class Field:
    """grad f(., x) for one sample (``labels`` None), or minus half the gradient of sum_i weight_i (f(x_i) - y_i)^2.

    ``inputs`` (n, d), ``labels`` (n,), ``weights`` (n,) as object arrays of balls; the activation must be smooth.
    """

    model: TwoLayer
    inputs: np.ndarray
    labels: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        smooth_activation(self.model.activation)
        if self.labels is None and len(self.inputs) != 1:
            raise ValueError(f"the ascent of f needs a single sample, got {len(self.inputs)}")

    @property
    def _shape(self) -> tuple[int, int]:
        return self.model.width, self.model.inputs

    def split(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(input weights (m, d), output weights (m,)) of theta."""
        m, d = self._shape
        return theta[: m * d].reshape(m, d), theta[m * d :]

    def _speed(self, a: np.ndarray, value: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives of (input weights, output weights) from sigma, sigma' of shape (n, m)."""
        if self.labels is None:
            return (a * slope).T @ self.inputs, value[0]
        pull = -(value @ a - self.labels) * self.weights
        return ((pull[:, None] * slope) * a).T @ self.inputs, pull @ value

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """The field at a box theta (P,)."""
        weights, a = self.split(theta)
        value, slope = self.model.activation.jet(self.inputs @ weights.T, 1)
        by_weights, by_outputs = self._speed(a, value, slope)
        return np.concatenate([by_weights.ravel(), by_outputs])

    def derivative(self, theta: np.ndarray) -> np.ndarray:
        """F' (P, P) at a box: minus sum_i c_i (grad f grad f^T + (f - y) Hess f) at x_i."""
        from flint import arb

        assert self.labels is not None and self.weights is not None
        weights, a = self.split(theta)
        value, slope, curvature = self.model.activation.jet(self.inputs @ weights.T, 2)
        m, d = weights.shape
        total = np.full((len(theta), len(theta)), arb(0), dtype=object)
        for i, (x, label, c) in enumerate(zip(self.inputs, self.labels, self.weights, strict=True)):
            gradient = np.concatenate([np.outer(a * slope[i], x).ravel(), value[i]])
            total -= c * np.outer(gradient, gradient)
            left = c * (value[i] @ a - label)
            for k in range(m):
                block = slice(k * d, (k + 1) * d)
                total[block, block] -= left * a[k] * curvature[i, k] * np.outer(x, x)
                total[block, m * d + k] -= left * slope[i, k] * x
                total[m * d + k, block] -= left * slope[i, k] * x
        return total

    def taylor(self, theta: np.ndarray, order: int) -> list[list[Any]]:
        """Taylor coefficients 0 .. ``order`` of the solution through every point of the box theta, one list per parameter."""
        from flint import arb_series, ctx

        weights, _ = self.split(theta)
        z = self.inputs @ weights.T
        start = [theta, z, *(function(z) for function in smooth_activation(self.model.activation).state)]
        series = [entrywise(lambda c: arb_series([c]), part) for part in start]
        before = ctx.cap
        try:
            for known in range(1, order + 1):
                ctx.cap = known
                speed = self._series_speed(series)
                ctx.cap = known + 1
                series = [entrywise(lambda new, c: new.integral() + c, new, part) for new, part in zip(speed, start, strict=True)]
        finally:
            ctx.cap = before
        return [[component[k] for k in range(order + 1)] for component in series[0]]

    def _series_speed(self, series: Sequence[np.ndarray]) -> list[np.ndarray]:
        from flint import arb_series

        theta, z, *state = series
        activation = smooth_activation(self.model.activation)
        value, slope = (polynomial(z, *state) for polynomial in derivative_polynomials(activation, 1))
        by_weights, by_outputs = self._speed(self.split(theta)[1], value, slope)
        z_speed = self.inputs @ by_weights.T
        flows = activation.flow(z, state)
        along = [z_speed * flow for flow in flows]
        whole = lambda entry: entry if isinstance(entry, arb_series) else arb_series([entry])
        return [entrywise(whole, part) for part in (np.concatenate([by_weights.ravel(), by_outputs]), z_speed, *along)]


@dataclass(frozen=True)
class PatchField(Field):
    """The field of a two-layer CNN with shared kernels and no biases; ``inputs`` (n * positions, entries) lists the patches of each sample.

    :func:`patch_field` builds it from samples.
    """

    model: TwoLayerCNN

    @property
    def _shape(self) -> tuple[int, int]:
        return self.model.kernels, self.inputs.shape[1]

    def _speed(self, a: np.ndarray, value: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As for :class:`Field`, from sigma, sigma' of shape (n * positions, kernels); ``a`` is flat, kernel by kernel."""
        a = a.reshape(self.model.kernels, -1).T
        assert self.labels is not None  # patch_field gives them
        samples, positions = len(self.labels), len(a)
        value, slope = (part.reshape(samples, positions, -1) for part in (value, slope))
        pull = -((value * a).sum(axis=(1, 2)) - self.labels) * self.weights
        by_kernels = ((pull[:, None, None] * slope) * a).reshape(samples * positions, -1).T @ self.inputs
        return by_kernels, (pull[:, None, None] * value).sum(axis=0).T.ravel()


def patch_field(model: TwoLayerCNN, inputs: Any, labels: Any, weights: Any) -> PatchField:
    """The field of ``model`` on ``inputs`` (n, inputs), ``labels`` (n,), ``weights`` (n,), all object arrays of balls.

    Raises ValueError for kernels that are not shared and for biases, which the field does not know.
    """
    if not model.sharing or model.bias or model.output_bias:
        raise ValueError(f"model must share its kernels and have no biases, got {model}")
    return PatchField(model, inputs[:, model.patches].reshape(-1, model.patches.shape[1]), labels, weights)


def _step_size(coefficients: Sequence[Sequence[Any]], order: int, tolerance: float, longest: float) -> float:
    """h with |c_N| h^N about ``tolerance``, judged from the last two coefficients."""
    steps = [longest]
    for k in (order - 1, order):
        size = max(float(abs(component[k]).upper()) for component in coefficients)
        if size > 0:
            steps.append((tolerance / size) ** (1 / k))
    return min(steps)


def enclose(
    field: Flow, theta0: Sequence[Any], time: float, *, order: int = 24, bits: int = 200, tolerance: float = 1e-30, most: int = 4000
) -> np.ndarray:
    """Balls that hold the solution at ``time`` (may be negative) of the flow from ``theta0`` (exact decimals, Fractions or balls).

    Raises :class:`NotCertified` where the balls grow beyond 1e-3 or ``most`` steps do not suffice.
    """
    with working_precision(bits):
        theta, left, sign = balls(theta0), abs(time), 1.0 if time >= 0 else -1.0
        for _ in range(most):
            if left == 0:
                return theta
            look_at_the_clock()
            coefficients = field.taylor(theta, order)
            h = _step_size(coefficients, order, tolerance, left)
            h = left if h >= left else float(np.ldexp(np.floor(np.ldexp(h, 20)), -20)) or h  # a short binary number: subtracts exactly
            near = _near(field, theta, coefficients, sign * h, order)
            while near is None and h > 1e-6:
                h /= 2
                near = _near(field, theta, coefficients, sign * h, order)
            if near is None or max(float(entry.rad()) for entry in near[1]) > 1e-3:
                raise NotCertified(f"the enclosure of the flow grew too wide {left:.3g} before the end")
            theta, left = near[1], left - h
        raise NotCertified(f"{most} steps left {left:.3g} of the time")


def _near(
    field: Flow, theta: np.ndarray, coefficients: Sequence[Sequence[Any]], h: float, order: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """(box, after): what holds the flow from ``theta`` during ``h``, and where the solution of these ``coefficients`` is then, or None."""
    from flint import arb

    box = first_order(field, theta, arb(h))
    if box is None:
        return None
    rests = field.taylor(box, order)
    after = [polynomial(known[:order], rest[order], arb(h)) for known, rest in zip(coefficients, rests, strict=True)]
    return box, np.array(after, dtype=object)


def descend(
    field: Descent,
    theta0: Sequence[Any],
    time: float,
    *,
    order: int = 20,
    bits: int = 128,
    tolerance: float = 1e-22,
    most: int = 4000,
    long_steps: bool = False,
) -> tuple[np.ndarray, list[tuple[float, np.ndarray]]]:
    """Balls that hold the descent of a loss at ``time`` > 0, and (duration, box that holds it meanwhile) piece by piece.

    What is known is a ball of the Euclidean norm around an exact point. Its radius grows by e^(mu h) at most, where mu bounds the
    eigenvalues
    of the field's derivative, which is symmetric (Dahlquist's logarithmic norm), so that directions in which the flow contracts cost
    nothing;
    the balls of :func:`enclose` widen along those, too. ``long_steps`` are as long as the Taylor series allows
    (:func:`numerics.flows.boxes.high_order`), in wider boxes. Raises :class:`NotCertified` as :func:`enclose` does.
    """
    from flint import arb

    with working_precision(bits):
        theta, left, pieces, room = balls(theta0), time, [], 1e4 * tolerance
        spread = max(norm([entry.rad() for entry in theta]), 1e-100)  # of an exact start, too, a float that can grow
        for _ in range(most):
            if left == 0:
                return theta, pieces
            look_at_the_clock()
            centre = np.array([entry.mid() for entry in theta], dtype=object)
            coefficients = field.taylor(centre, order)
            h = _step_size(coefficients, order, tolerance, left)
            h = left if h >= left else float(np.ldexp(np.floor(np.ldexp(h, 20)), -20)) or h
            while True:  # the remainder over a box is larger than at its centre, on which the step was judged
                ahead = high_order(field, coefficients, arb(h), order, room) if long_steps else _near(field, theta, coefficients, h, order)
                if ahead is not None and norm([entry.rad() for entry in ahead[1]]) < room:
                    # solutions that start within the spread of the centre are within twice that while they are in the wider box
                    box = np.array([entry + arb(0, 2 * spread) for entry in ahead[0]], dtype=object) if long_steps else ahead[0]
                    grown = above(arb(spread) * (arb(largest_eigenvalue(field.derivative(box))) * arb(h)).exp())
                    if not long_steps or grown < 2 * spread:
                        break
                h /= 2
                if h < 1e-6 or spread > 1e-3:
                    raise NotCertified(f"the enclosure of the flow grew too wide {left:.3g} before the end")
            spread = above(arb(grown) + arb(norm([entry.rad() for entry in ahead[1]])))
            theta = np.array([entry.mid() + arb(0, spread) for entry in ahead[1]], dtype=object)
            pieces.append((h, box))
            left -= h
        raise NotCertified(f"{most} steps left {left:.3g} of the time")


def norm(entries: Any) -> float:
    """An upper bound of the Euclidean norm of balls."""
    from flint import arb

    return above(sum((arb(abs(entry).upper()) ** 2 for entry in np.ravel(entries)), arb(0)).sqrt())


def above(value: Any) -> float:
    """A float not below any number of the ball."""
    return float(np.nextafter(float(value.upper()), np.inf))


def largest_eigenvalue(matrix: np.ndarray) -> float:
    """A proved upper bound of the eigenvalues of the symmetric matrices in ``matrix`` (balls)."""
    middle = np.array([[float(entry.mid()) for entry in row] for row in matrix])
    spread = norm([entry - entry.mid() for entry in matrix.ravel()])
    guess = float(np.linalg.eigvalsh((middle + middle.T) / 2)[-1])
    scale = float(np.abs(middle).sum()) + spread + 1e-12
    for slack in (spread + 1e-9 * scale, 2 * spread + 1e-3 * scale, 2 * scale):
        if _below(matrix, guess + slack):
            return guess + slack
    raise NotCertified("no bound on the eigenvalues of the field's derivative")


def _below(matrix: np.ndarray, bound: float) -> bool:
    rest = -matrix
    for k in range(len(rest)):
        rest[k, k] = rest[k, k] + bound
    while len(rest):
        if not rest[0, 0] > 0:
            return False
        rest = rest[1:, 1:] - np.outer(rest[1:, 0], rest[0, 1:]) / rest[0, 0]
    return True


def around(field: Flow, theta: np.ndarray, spread: float) -> np.ndarray:
    """Balls that hold the solution through ``theta`` during [-spread, spread]."""
    from flint import arb

    after, before = (first_order(field, theta, arb(sign * spread)) for sign in (1, -1))
    if after is None or before is None:
        raise NotCertified(f"no box holds the flow during {spread:g}")
    return np.array([p.union(q) for p, q in zip(after, before, strict=True)], dtype=object)


@dataclass(frozen=True)
class Tail:
    """The flow of ``Field`` through a box ends at a solution within ``radius`` of it; ``eigenvalue`` bounds J C J^T from below near by."""

    radius: float
    eigenvalue: float


def tail(field: Field, theta: np.ndarray, *, reach: float) -> Tail:
    """Bound the way from ``theta`` (balls) to the limit by E/sqrt(lambda), lambda the least eigenvalue of C^(1/2) J J^T C^(1/2) within
    ``reach``.

    E^2 = sum_i weight_i r_i^2. Raises :class:`NotCertified` unless E/sqrt(lambda) < ``reach``, ValueError for a field without labels.
    """
    from flint import arb

    if field.labels is None or field.weights is None:
        raise ValueError("field must descend a loss, with labels and weights, to have a limit")
    ball = np.array([entry + arb(0, reach) for entry in theta], dtype=object)
    root = np.array([c.sqrt() for c in field.weights], dtype=object)
    weights, a = field.split(theta)
    value, _ = field.model.activation.jet(field.inputs @ weights.T, 1)
    error = sum(((r * c) ** 2 for r, c in zip(value @ a - field.labels, root, strict=True)), arb(0)).sqrt()
    weights, a = field.split(ball)
    value, slope = field.model.activation.jet(field.inputs @ weights.T, 1)
    n = len(field.labels)
    by_weights = ((slope * a)[:, :, None] * field.inputs[:, None, :]).reshape(n, -1)
    jacobian = np.concatenate([by_weights, value], axis=1) * root[:, None]
    eigenvalue = least_eigenvalue(jacobian @ jacobian.T)
    radius = float((error / arb(eigenvalue).sqrt()).upper())
    if not radius < reach:
        raise NotCertified(f"the remaining way is at most {radius:.3g}, which must be below the reach {reach:.3g} of the eigenvalue bound")
    return Tail(radius, eigenvalue)


def tail_certificate(field: Field, start: Sequence[Any], time: float, end: np.ndarray, radius: float) -> dict[str, Any]:
    """What a referee needs to repeat :func:`enclose` and :func:`tail` (examples/check_flow.py): plain data, balls as text."""
    text = lambda values: entrywise(lambda entry: entry.str(12), balls(values)).tolist()
    data = {"inputs": text(field.inputs), "labels": text(field.labels), "weights": text(field.weights)}
    flow = {"start": text(start), "time": time, "end": text(end), "radius": radius, "bits": 128}
    return {"activation": field.model.activation.name, **data, **flow}


#: Shares of the least eigenvalue at the centre that are tried as bounds, one after the other.
SHARES = (0.9, 0.7, 0.5, 0.3, 0.1, 0.01)


def least_eigenvalue(matrix: np.ndarray, shares: Sequence[float] = SHARES) -> float:
    """A proved lower bound > 0 on the eigenvalues of all symmetric matrices in ``matrix`` (balls), by elimination with positive pivots:
    the first of ``shares`` of the least eigenvalue at the centre for which they stay positive.

    Raises :class:`NotCertified` when none is found.
    """
    middle = np.array([[float(entry.mid()) for entry in row] for row in matrix])
    least = float(np.linalg.eigvalsh((middle + middle.T) / 2)[0])
    for share in shares:
        if least > 0 and _positive_definite(matrix, share * least):
            return share * least
    raise NotCertified(f"no positive lower bound on the eigenvalues; the least at the centre is {least:.3g}")


def _positive_definite(matrix: np.ndarray, shift: float) -> bool:
    rest = matrix.copy()
    for k in range(len(rest)):
        rest[k, k] = rest[k, k] - shift
    while len(rest):
        if not rest[0, 0] > 0:
            return False
        rest = rest[1:, 1:] - np.outer(rest[1:, 0], rest[0, 1:]) / rest[0, 0]
    return True
