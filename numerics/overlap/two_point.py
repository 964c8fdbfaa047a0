"""A two-point overlap near a candidate: sharpened by Newton's method on the labels, then proved by Krawczyk's test.

One proof rests on two validated orbits (any width, any number of inputs); for one neuron a second one rests on first integrals by certified
quadrature, and needs no integration in time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import Box, NotCertified, ball, balls, certify_zero, working_precision
from numerics.derivatives.dual import compose, value_of
from numerics.flows.flow import orbit, value_and_jacobian
from numerics.flows.validated_flow import Field, around, enclose
from numerics.overlap.first_integral import Vector, joined, neuron_value, primitive, quotient
from numerics.overlap.screening import Candidate, classify
from theory.activations import PiecewiseActivation, smooth_activation
from theory.models import TwoLayer

#: Precision, Taylor order and local remainder of validated orbits.
BITS, ORDER, TOLERANCE = 160, 20, 1e-28
#: Longest orbit, in the time of theta' = grad f, that is worth a validated integration.
LONGEST_ORBIT = 40.0


def refine(model: TwoLayer, candidate: Candidate, steps: int = 8) -> Candidate:
    """Newton's method on the labels (y_1, y_2), gradient flow followed anew at each step; sorted again by sharp thresholds.

    Raises :class:`NotCertified` when it does not converge to a generic crossing.
    """
    x, labels = candidate.inputs, np.array(candidate.labels, dtype=float)
    for _ in range(steps):
        orbits = [orbit(model, candidate.theta0, x[i], labels[i]) for i in (0, 1)]
        points = [found.theta for found in orbits]
        gap, slopes = np.empty(2), []
        for i, j in ((0, 1), (1, 0)):
            value, jacobian = value_and_jacobian(model, points[i], x)
            gap[i] = value[j] - labels[j]
            slopes.append(jacobian[i] @ jacobian[j] / (jacobian[i] @ jacobian[i]))
        matrix = np.array([[slopes[0], -1], [-1, slopes[1]]])
        if abs(np.linalg.det(matrix)) < 1e-9:
            raise NotCertified("the two solution sets meet tangentially")
        if np.abs(gap).max() < 1e-12:
            break
        labels = labels - np.linalg.solve(matrix, gap)
    limits = np.stack(points)
    kind = classify(model, candidate.theta0, tuple(labels), limits, scale=0.5)
    if np.abs(gap).max() > 1e-9:
        raise NotCertified(f"Newton's method on the labels stopped at a residual of {np.abs(gap).max():.2g}")
    if kind not in ("generic", "symmetric"):
        raise NotCertified(f"the crossing turned out {kind}")
    return Candidate(candidate.theta0, x, (float(labels[0]), float(labels[1])), limits, kind)


def proofs(model: TwoLayer, theta0: Sequence[str], x: Sequence[Sequence[str]], candidate: Candidate) -> tuple[list[dict], list[str]]:
    """The certificates of a refined ``candidate`` at the exact decimals ``theta0`` and ``x``, and why a method gave none.

    Raises :class:`NotCertified` where no method succeeds.
    """
    if isinstance(model.activation, PiecewiseActivation):
        methods: dict[str, Any] = {"closed form": by_closed_form}
    else:
        methods = {"orbits": by_orbits} | ({"first integrals": by_first_integrals} if model.width == 1 else {})
    certificates, notes = [], []
    for name, method in methods.items():
        try:
            certificates.append(method(model, theta0, x, candidate))
        except NotCertified as error:
            notes.append(f"{name}: {error}")
    if not certificates:
        raise NotCertified("; ".join(notes))
    return certificates, notes


def by_orbits(model: TwoLayer, theta0: Sequence[str], x: Sequence[Sequence[str]], candidate: Candidate) -> dict[str, Any]:
    """Krawczyk in the times (s_1, s_2) of the two orbits of theta' = grad f: equal values on both samples."""
    times = [orbit(model, candidate.theta0, row, y).time for row, y in zip(candidate.inputs, candidate.labels, strict=True)]
    if max(map(abs, times)) > LONGEST_ORBIT:
        raise NotCertified(f"an orbit takes time {max(map(abs, times)):.3g}, more than {LONGEST_ORBIT:g}")
    with working_precision(BITS):
        both = balls(x)
        fields = [Field(model, both[[i]]) for i in (0, 1)]

        @lru_cache
        def point(i: int, time: float) -> np.ndarray:
            return enclose(fields[i], theta0, time, order=ORDER, bits=BITS, tolerance=TOLERANCE)

        def limits(s: np.ndarray) -> list[np.ndarray]:
            centres = [point(i, float(s[i].mid())) for i in (0, 1)]
            spreads = [float(entry.rad()) for entry in s]
            return [around(f, p, r) if r else p for f, p, r in zip(fields, centres, spreads, strict=True)]

        box = _meeting(model, both, limits, times)
        spread = float(box.radius) * 1.01
        p, q = (around(fields[i], point(i, float(ball(box.centre[i]).mid())), spread) for i in (0, 1))
        labels = [value_and_jacobian(model, limit, both)[0][i] for i, limit in enumerate((p, q))]
        _demand_distinct(p, q)
        return _record("validated orbits", box, labels, (p, q), order=ORDER, tolerance=TOLERANCE)


def _meeting(model: TwoLayer, both: np.ndarray, limits: Callable[[np.ndarray], Sequence[np.ndarray]], times: Sequence[float]) -> Box:
    """The times near ``times`` at which the two orbits have equal values on both samples; ``limits`` gives both points at given times."""

    def gaps(s: np.ndarray) -> list[Any]:
        values = [value_and_jacobian(model, p, both)[0] for p in limits(s)]
        return [values[0][j] - values[1][j] for j in (0, 1)]

    def jacobian(s: np.ndarray) -> np.ndarray:
        p, q = (value_and_jacobian(model, point, both)[1] for point in limits(s))
        return np.array([[p[0] @ p[j], -(q[1] @ q[j])] for j in (0, 1)], dtype=object)

    return certify_zero(gaps, [float(np.round(s, 14)) for s in times], jacobian=jacobian, bits=BITS, polish=0, widest=1e-4)


def by_closed_form(model: TwoLayer, theta0: Sequence[str], x: Sequence[Sequence[str]], candidate: Candidate) -> dict[str, Any]:
    """Krawczyk in the times of two orbits of ReLU or leaky neurons that keep their sides: these orbits are hyperbolas.

    With slope s on its side and u = w . x/|x| a neuron moves by u' = s a |x|, a' = s u |x|. Each u is a sum of two exponentials, with
    one zero at most, so equal signs at both ends say that it kept its side. Raises :class:`NotCertified`.
    """
    times = [orbit(model, candidate.theta0, row, y).time for row, y in zip(candidate.inputs, candidate.labels, strict=True)]
    with working_precision(BITS):
        both, start = balls(x), balls(theta0)
        limits = lambda s: [_hyperbola(model, start, both[i], s[i]) for i in (0, 1)]
        try:
            box = _meeting(model, both, limits, times)
            p, q = limits(box.enclosure)
            labels = [value_and_jacobian(model, limit, both)[0][i] for i, limit in enumerate((p, q))]
        except ValueError as error:  # a ball on both sides of the kink
            raise NotCertified(str(error)) from error
        _demand_distinct(p, q)
        return _record("closed form", box, labels, (p, q))


def _hyperbola(model: TwoLayer, theta: np.ndarray, x: np.ndarray, time: Any) -> np.ndarray:
    """The point of the orbit of grad f(., x) through ``theta`` at ``time``, each neuron on its side of the kink."""
    m, d = model.width, model.inputs
    square: Any = x @ x
    length, weights, outputs = square.sqrt(), [], []
    for k in range(m):
        w, a = theta[k * d : (k + 1) * d], theta[m * d + k]
        z = w @ x
        slope = model.activation.jet(np.array([z], dtype=object), 1)[1][0]
        cosh, sinh = (slope * length * time).cosh(), (slope * length * time).sinh()
        after = z * cosh + a * length * sinh
        if not ((z > 0 and after > 0) or (z < 0 and after < 0)):
            raise NotCertified(f"neuron {k + 1} was not proved to keep its side of the kink")
        weights.append(w + x * ((after - z) / square))
        outputs.append(a * cosh + z / length * sinh)
    return np.array([*np.concatenate(weights), *outputs], dtype=object)


def by_first_integrals(model: TwoLayer, theta0: Sequence[str], x: Sequence[Sequence[str]], candidate: Candidate) -> dict[str, Any]:
    """Krawczyk for one neuron in (a_1, tau_1, a_2, tau_2), where w_i = w_0 + tau_i x_i: two first integrals and two common values.

    Raises :class:`NotCertified`, also when a solution lies on another component of its first integral than the start.
    """
    activation = smooth_activation(model.activation)
    with working_precision(BITS):
        *w0, a0 = (ball(value) for value in theta0)
        both = [[ball(value) for value in row] for row in x]
        squares = [sum((c * c for c in row[1:]), row[0] * row[0]) for row in both]
        starts = [sum((a * b for a, b in zip(w0[1:], row[1:], strict=True)), w0[0] * row[0]) for row in both]

        def weights(tau: Any, i: int) -> list[Any]:
            return [tau * c + w for c, w in zip(both[i], w0, strict=True)]

        def system(unknown: Sequence[Any]) -> list[Any]:
            equations, values = [], []
            for i in (0, 1):
                a, tau = unknown[2 * i], unknown[2 * i + 1]
                end = tau * squares[i] + starts[i]
                gained = primitive(activation, starts[i], value_of(end))
                gained = compose(end, lambda t, g=gained: g, lambda t: quotient(activation, t))
                equations.append((a * a - a0 * a0) * squares[i] / 2 - gained)
                values.append([neuron_value(activation, a, weights(tau, i), row) for row in both])
            return [*equations, values[0][0] - values[1][0], values[0][1] - values[1][1]]

        guess = []
        for i, limit in enumerate(candidate.limits):
            row = np.array([float(c) for c in both[i]])
            guess += [limit[-1], float((limit[:-1] - np.array([float(w) for w in w0])) @ row / (row @ row))]
        box = certify_zero(system, guess, bits=BITS)
        ends = box.enclosure
        for i in (0, 1):
            if not joined(activation, a0, starts[i], ends[2 * i], ends[2 * i + 1] * squares[i] + starts[i], squares[i]):
                raise NotCertified(f"limit {i + 1} was not proved to lie on the orbit of the start")
        points = [[*weights(ends[2 * i + 1], i), ends[2 * i]] for i in (0, 1)]
        labels = [neuron_value(activation, ends[2 * i], points[i][:-1], both[i]) for i in (0, 1)]
        _demand_distinct(*points)
        return _record("first integrals", box, labels, points, unknowns=["a1", "tau1", "a2", "tau2"])


def _record(method: str, box: Box, labels: Sequence[Any], limits: Sequence[Vector], **details: Any) -> dict[str, Any]:
    return {
        "method": method,
        "box": box.certificate(),
        "labels": [label.str(30) for label in labels],
        "limits": [[entry.str(30) for entry in limit] for limit in limits],
        **details,
    }


def differ_as_functions(model: TwoLayer, p: Vector, q: Vector, *, bias: bool = False) -> bool:
    """Whether the functions at all points of two boxes (balls, (P,)) are proved to differ, at one of 64 inputs of sizes from 0.3 to 30.

    With ``bias`` the last input is 1.
    """
    inputs = np.random.default_rng(0).normal(size=(64, model.inputs)) * np.geomspace(0.3, 30, 64)[:, None]
    if bias:
        inputs[:, -1] = 1.0
    for row in inputs:  # one by one: a wide ball may lie on both sides of a kink, or of a pole
        try:
            values = [model(np.array(list(theta), dtype=object), balls([row]))[0, 0] for theta in (p, q)]
        except ValueError:
            continue
        if not values[0].overlaps(values[1]):
            return True
    return False


def kind_and_level(model: TwoLayer, limits: Sequence[Sequence[str]], *, bias: bool = False) -> tuple[str, str]:
    """("generic", "function") where the functions at two limits (texts of balls) are proved to differ, else ("symmetric", "parameter")."""
    from flint import arb

    with working_precision(BITS):
        differ = differ_as_functions(model, *([arb(text) for text in limit] for limit in limits), bias=bias)
    return ("generic", "function") if differ else ("symmetric", "parameter")


def _demand_distinct(p: Vector, q: Vector) -> None:
    if all(a.overlaps(b) for a, b in zip(p, q, strict=True)):
        raise NotCertified("the two limits were not told apart")
