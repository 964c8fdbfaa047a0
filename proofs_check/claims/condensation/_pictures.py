"""Neurons that align: their orbits in the leading flow, and the share of those that have not, over time."""

from functools import cache

import numpy as np

from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.dynamics.condensation.linear import angle_tail


@cache
def shares(D: int = 5, neurons: int = 400) -> Figure:
    """The law I_x(1/2, (D - 1)/2) for two allowed misalignments, and ``neurons`` drawn neurons moved by the linear flow."""
    from scipy.special import betainc

    rng, tau, drawn = np.random.default_rng(0), np.linspace(0, 6, 31), {}
    along, output, across = rng.normal(size=neurons), rng.normal(size=neurons), np.linalg.norm(rng.normal(size=(neurons, D - 1)), axis=1)
    moved = np.abs(np.cosh(tau)[:, None] * along + np.sinh(tau)[:, None] * output)
    cosine = moved / np.hypot(moved, across)
    for delta in (0.1, 0.001):
        drawn[f"law, delta = {delta:g}"] = tau, [betainc(0.5, (D - 1) / 2, angle_tail(t, delta)) for t in tau]
        drawn[f"{neurons} drawn neurons, delta = {delta:g}"] = tau, (1 - cosine > delta).mean(axis=1)
    return curves(
        f"Neurons that have not aligned, D = {D}",
        "Shares of neurons whose cosine with z misses 1 by more than delta, over time: they fall, later for the smaller delta, and drawn "
        "neurons follow the law.",
        drawn,
        "time tau, in units of 1/|z|",
        "share of neurons",
    )


@cache
def hyperbolas(starts: tuple[tuple[float, float], ...] = ((-1.0, 0.6), (-0.6, 1.0), (1.0, -0.6), (0.6, -1.0), (-1.0, 1.0))) -> Figure:
    """(s, a) of neurons over tau from 0 to 2 in closed form: on hyperbolas a^2 - s^2 = const, away from or towards the diagonals."""
    tau, drawn = np.linspace(0, 2, 61), {}
    for s, a in starts:
        drawn[f"from ({s:g}, {a:g})"] = s * np.cosh(tau) + a * np.sinh(tau), a * np.cosh(tau) + s * np.sinh(tau)
    return curves(
        "Neurons of the leading flow along z",
        "Orbits of (s, a): two end up along a = s > 0, two along a = s < 0, on the side of a(0) + s(0); the one with a(0) + s(0) = 0 falls "
        "into the origin.",
        drawn,
        "component s of w along z",
        "output weight a",
        directed=list(drawn),
    )
