"""Pictures of the claims on implicit regularization that are no phase planes: elasticities, contact planes, flows in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.overlap.first_integral import Reach
from proofs_check import Figure
from theory.activations import SmoothActivation
from theory.expressions import activation_of


def elasticities(names: Sequence[str], low: float, high: float, said: str) -> Figure:
    """h(z) = z sigma'(z)/sigma(z) of several activations, without the neighbourhood of a zero of sigma."""
    z = np.linspace(low, high, 161)
    series = []
    for name in names:
        value, slope = activation_of(name).jet(z, 1)
        seen = np.abs(value) > 1e-3
        series.append({"label": name, "x": z[seen], "y": (z * slope)[seen] / value[seen]})
    alt = f"Elasticity h(z) of {', '.join(names)} for z from {low:g} to {high:g}: {said}"
    return Figure("lines", "Elasticity h(z)", alt, {"series": series}, x_label="pre-activation z", y_label="z σ'/σ")


def contact_curves(names: Sequence[str], v: float = 0.5) -> Figure:
    """D/s^2 over s = u - v for several activations: 0 for all s exactly where the quotient is affine."""
    s = np.linspace(0.05, 2, 79)
    series = []
    for name in names:
        sigma = activation_of(name)
        assert isinstance(sigma, SmoothActivation)
        gain = np.array([-float(Reach(sigma, 1.0, [v], 1.0, [v + step]).psi_float(np.array(1 / step))) for step in s])
        value, slope, bend = sigma.jet(v + s, 2)
        first, first_slope = (float(part) for part in sigma.jet(np.asarray(v), 1))
        low, high, rate = first / first_slope, value / slope, 1 - value * bend / slope**2
        series.append({"label": name, "x": s, "y": (rate * (2 * gain - s * low) - high * (high - low)) / s**2})
    return Figure(
        "lines",
        "D/s² along the way: 0 where planes fit together to surfaces",
        f"D/s² over s for {', '.join(names)} from v = {v:g}: zero for exp, whose quotient is affine, and away from zero for the others.",
        {"series": series},
        x_label="s = u - v",
        y_label="D/s²",
    )


def reflected_paths(name: str, inputs: Sequence[float], flows: Sequence[Any], start: Sequence[float], limit: Sequence[float]) -> Figure:
    """Trajectories to the reflected start in the (w, a) plane."""
    series = [
        {"label": f"gradient flow, x = {x:g}", "x": path[:, 0], "y": path[:, 1], "directed": True}
        for x, path in zip(inputs, (_thin(flow.path) for flow in flows), strict=True)
    ]
    series += [{"label": label, "x": [p[0]], "y": [p[1]]} for label, p in (("start", start), ("reflected start", limit))]
    return Figure(
        "lines",
        f"One limit of all inputs: {name}",
        f"Trajectories of one {name} neuron on {len(inputs)} samples leave one start and arrive at its reflection from various sides.",
        {"series": series},
        x_label="input weight w",
        y_label="output weight a",
    )


def values_along(values: Sequence[float], y: float) -> Figure:
    """f along a flow, against its label."""
    steps = np.arange(len(values))
    series = [{"label": "f along the flow", "x": steps, "y": values}, {"label": "label", "x": steps[[0, -1]], "y": [y, y]}]
    return Figure(
        "lines",
        "On one sample f runs monotonically to the label",
        "The value of a sigmoid neuron on its only sample rises from the start to the label, step by step of the integrator.",
        {"series": series},
        x_label="step",
        y_label="f",
    )


def _thin(path: np.ndarray) -> np.ndarray:
    return path[:: max(1, len(path) // 120)]
