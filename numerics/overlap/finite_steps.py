r"""Steps so small that gradient descent, with or without momentum, ends near the limit of gradient flow: a bound that is proved.

theta_{k+1} = theta_k + beta (theta_k - theta_{k-1}) - eta grad R, R = sum_i c_i (f(x_i) - y_i)^2, started at rest; F = -grad R/2,
h = 2 eta/(1 - beta).

*Up to a time T.* z_k = theta_k + beta/(1 - beta) (theta_k - theta_{k-1}) moves by h F(theta_k), and |theta_k - theta_{k-1}| <= h V where V
bounds |F| on this piece of the way and the one before, and a millionth of |F| anywhere is added for what momentum keeps of earlier steps.
So the polygon through the z_k solves z' = F(z) up to a defect of L V h/(1 - beta), L a Lipschitz constant of F, and differs from the
flow by
e(t), e' <= mu e + L V h/(1 - beta), where mu bounds the eigenvalues of the symmetric F' (Dahlquist). All of it is linear in h.

*From there on.* On a ball in which lambda bounds C^(1/2) J J^T C^(1/2) from below and 2 L the second derivatives of R, put
H_k = R(theta_k) + beta/(2 eta) |m_k|^2, m_k = theta_k - theta_{k-1}. Taylor's formula gives
H_k - H_{k+1} >= (1 - beta - L eta)/eta |m_{k+1}|^2, and |grad R| >= 2 sqrt(lambda R), |grad R| <= (beta |m_k| + |m_{k+1}|)/eta bound
sqrt(H_k) by (1/(2 eta sqrt(lambda)) + sqrt(beta/(2 eta))) (|m_k| + |m_{k+1}|). With C = (1/sqrt(lambda) + sqrt(2 eta beta))/(1 -
beta - L eta)
the two give |m_{k+1}|^2 <= C (sqrt(H_k) - sqrt(H_{k+1})) (|m_k| + |m_{k+1}|), and by the inequality of the means
sum_{j >= k} |m_{j+1}| <= 2 C sqrt(H_k) + |m_k|/2: the rest of the way, at whose end R vanishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import look_at_the_clock
from numerics.arithmetic.krawczyk import NotCertified, working_precision
from numerics.flows.validated_flow import Field, above, largest_eigenvalue, least_eigenvalue, norm

#: Radii of the tube around the flow in which the iterates must stay, and the largest step (of F) that is tried.
TUBES, LARGEST = (0.03, 0.01, 0.003), 2.0**-4
#: Halvings of the step before the bound is given up, the precision, and the share of the largest gradient that is added for old ones.
HALVINGS, BITS, KEPT = 60, 128, 1e-6


@dataclass(frozen=True)
class Drift:
    """Constants of a tube of ``radius`` around the flow up to a time: the polygon differs from it by at most ``growth`` h/(1 - beta) at the
    end and ``largest`` h/(1 - beta) before, for h up to a share of ``shortest``, the shortest piece; ``speed`` bounds V, ``last``
    that of the
    end.
    """

    radius: float
    growth: float
    largest: float
    speed: float
    last: float
    shortest: float


@dataclass(frozen=True)
class Ending:
    """Constants of the ball of ``radius`` around the flow's end: ``eigenvalue`` (lambda) and ``lipschitz`` (L)."""

    radius: float
    eigenvalue: float
    lipschitz: float


def drift(field: Field, pieces: Sequence[tuple[float, np.ndarray]], radius: float) -> Drift:
    """The constants of the tube of ``radius`` around the flow; ``pieces`` are (duration, box that holds it) from the start on."""
    from flint import arb

    constants = []
    for duration, box in pieces:
        look_at_the_clock()
        wide = np.array([entry + arb(0, radius) for entry in box], dtype=object)
        matrix = field.derivative(wide)
        constants.append((duration, norm(field(wide)), norm(matrix), largest_eigenvalue(matrix)))
    everywhere = max(entry[1] for entry in constants)
    error, largest, speeds, before = arb(0), 0.0, [], 0.0
    for duration, here, lipschitz, mu in constants:
        speeds.append(max(here, before) + KEPT * everywhere)
        rate, time, before = arb(mu), arb(duration), here
        grown = ((rate * time).exp() - 1) / rate if mu else time
        error = error * (rate * time).exp() + arb(lipschitz) * arb(speeds[-1]) * grown
        largest = max(largest, above(error))
    shortest = min(duration for duration, *_ in constants)
    return Drift(radius, above(error), largest, max(speeds), speeds[-1], shortest)


def ending(field: Field, end: np.ndarray, radius: float) -> Ending:
    """The constants of the ball of ``radius`` around the flow's enclosure ``end``."""
    from flint import arb

    assert field.weights is not None
    wide = np.array([entry + arb(0, radius) for entry in end], dtype=object)
    weights, a = field.split(wide)
    value, slope = field.model.activation.jet(field.inputs @ weights.T, 1)
    root = np.array([c.sqrt() for c in field.weights], dtype=object)
    n = len(root)
    jacobian = np.concatenate([((slope * a)[:, :, None] * field.inputs[:, None, :]).reshape(n, -1), value], axis=1) * root[:, None]
    return Ending(radius, least_eigenvalue(jacobian @ jacobian.T), norm(field.derivative(wide)))


def distance(field: Field, end: np.ndarray, before: Drift, after: Ending, h: float, momentum: float) -> float | None:
    """For every step up to ``h`` (of F) the method ends within this of the flow's enclosure ``end`` at T; None where that is not proved."""
    from flint import arb

    assert field.labels is not None and field.weights is not None
    b, step = arb(momentum), arb(h)
    rest, shift = 1 - b, step * arb(before.speed) / (1 - b)
    # What momentum keeps of gradients that are older than a piece.
    if h > before.shortest or (momentum and not (b.log() * arb(before.shortest) / step).exp() < KEPT):
        return None
    if not arb(before.largest) * step / rest + shift < before.radius:
        return None
    near = (arb(before.growth) + arb(before.last)) * step / rest
    eta, root = step * rest / 2, arb(after.eigenvalue).sqrt()
    brake = rest - arb(after.lipschitz) * eta
    if not (brake > 0 and near < after.radius):
        return None
    wide = np.array([entry + arb(0, near.upper()) for entry in end], dtype=object)
    weights, a = field.split(wide)
    value = field.model.activation.jet(field.inputs @ weights.T, 0)[0]
    left = [c.sqrt() * r for c, r in zip(field.weights, value @ a - field.labels, strict=True)]
    error = arb(norm(left))
    move = step * arb(before.last)
    energy = error + (b / (2 * eta)).sqrt() * move
    way = 2 * (1 / root + (2 * eta * b).sqrt()) / brake * energy + move / 2
    whole = near + way
    return above(whole) if whole < after.radius else None


def step_bounds(
    runs: Sequence[tuple[Field, Sequence[tuple[float, np.ndarray]], np.ndarray, float]], apart: float, *, momentum: float = 0.0
) -> dict[str, Any]:
    """A learning rate up to which the method ends at two solutions, on two datasets with the limits of gradient flow ``apart``.

    ``runs`` are (field, pieces of the flow, its enclosure at the end, radius of the ball that holds the limit), the pieces (duration, box)
    as :func:`numerics.flows.validated_flow.descend` gives them; ``apart`` is the proved distance of the two enclosures. Returns
    plain data; raises :class:`NotCertified`.
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must lie in [0, 1), got {momentum}")
    with working_precision(BITS):
        ends = [ending(field, end, min(apart / 2, 4 * radius / (1 - momentum))) for field, _, end, radius in runs]
        best: tuple[float, list[float], float] | None = None
        for radius in TUBES:
            before = [drift(field, pieces, radius) for field, pieces, _, _ in runs]
            h = LARGEST
            for _ in range(HALVINGS):
                parts = zip(runs, before, ends, strict=True)
                found = [distance(field, end, one, last, h, momentum) for (field, _, end, _), one, last in parts]
                within = [entry for entry in found if entry is not None]
                if len(within) == len(runs) and 2 * sum(within) < apart:
                    if best is None or h > best[0]:
                        best = h, within, radius
                    break
                h /= 2
        if best is None:
            raise NotCertified(f"no step above {LARGEST * 2.0**-HALVINGS:.1g} was proved small enough")
        h, within, radius = best
        # Half of the step, and twice the distance, so that a referee whose constants are a little larger finds the same.
        given = {"learning rate": h * (1 - momentum) / 4, "momentum": momentum, "tube": radius}
        return {**given, "balls": [end.radius for end in ends], "within": [2 * entry for entry in within]}
