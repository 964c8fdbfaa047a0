"""Pictures of the claims on implicit regularization that are no phase planes: elasticities, contact planes, flows in time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from numerics.flows.flow import gradient_descent, gradient_flow, runge_kutta, value_and_jacobian
from numerics.overlap.first_integral import Reach
from proofs_check import Figure
from proofs_check.claims._curves import curves, joined, within
from theory.activations import SmoothActivation
from theory.expressions import activation_of
from theory.models import TwoLayer
from theory.regularization.criterion import membership_digraph, strict_exists


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


@cache
def projections() -> Figure:
    """Mirror flows of three potentials from one start to x_1 + 2 x_2 = 4: each ends at its own nearest solution."""
    start, x = np.array([0.3, 0.4]), np.array([1.0, 2.0])
    metrics = {"|theta|^2/2": lambda p: np.ones(2), "entropy": lambda p: p, "Burg": lambda p: p**2}  # inverse Hessians
    ends = np.array([0.0, 4.0])
    drawn = {"solutions": (ends, (4 - ends) / 2)}
    for name, metric in metrics.items():
        path = _followed(lambda _, p, metric=metric: -metric(p) * x * (x @ p - 4), start, 60.0)
        drawn[f"flow of {name}"] = path[0], path[1]
    return curves(
        "Three geometries, three nearest solutions",
        "From one start three mirror flows run to one line of solutions and meet it at different points: straight for the Euclidean "
        "potential, bent towards larger coordinates for the others.",
        {**drawn, "start": ([start[0]], [start[1]])},
        "theta_1",
        "theta_2",
        directed=list(drawn)[1:],
    )


@cache
def scales() -> Figure:
    """beta = u^2 - v^2 from u_0 = v_0 = alpha to beta_1 + 2 beta_2 = 2: the smaller alpha, the nearer to the sparse solution (0, 1)."""
    x, ends, drawn = np.array([1.0, 2.0]), np.array([0.0, 1.2]), {}
    for alpha in (1.0, 0.1, 0.01):
        state = _followed(
            lambda _, s: np.r_[-1, -1, 1, 1] * np.tile(x * (x @ (s[:2] ** 2 - s[2:] ** 2) - 2), 2) * s, np.full(4, alpha), 400.0
        )
        beta = state[:2] ** 2 - state[2:] ** 2
        drawn[f"alpha = {alpha:g}"] = beta[0], beta[1]
    return curves(
        "Diagonal linear network: paths of beta by the scale of the start",
        "Three paths from 0 to one line of solutions: from a large start almost straight, to the solution of least l2 norm, from a small "
        "one along the second axis, to the solution of least l1 norm.",
        {"solutions": (ends, (2 - ends) / 2), **drawn},
        "beta_1",
        "beta_2",
        directed=list(drawn),
    )


@cache
def integral_curves(x: float = 1.0) -> Figure:
    """Level curves of a^2/2 - sinh^2(w x)/(2 x^2) of one tanh neuron, and flows to three labels on one of them."""
    w, drawn = np.linspace(-1.6, 1.6, 201), {}
    for level in (-0.5, 0.0, 1.125):
        with np.errstate(invalid="ignore"):
            a = np.sqrt(2 * level + np.sinh(w * x) ** 2 / x**2)
        drawn[f"I = {level:g}"] = joined((w, within(a, 0, 2.6)), (w, -within(a, 0, 2.6)))
    flows = {}
    for label in (1.5, -0.8, -1.4):
        path = _thin(gradient_flow(TwoLayer(1, 1), [0.3, math.sqrt(2.25 + math.sinh(0.3 * x) ** 2 / x**2)], ([[x]], [label])).path)
        flows[f"flow to y = {label:g}"] = path[:, 0], path[:, 1]
    return curves(
        "Level curves of the first integral, x = 1",
        "Curves on which a^2 - sinh^2(w x)/x^2 is constant, like hyperbolas; gradient flow on the sample follows the one of its "
        "start, whatever the label.",
        {**drawn, **flows},
        "input weight w",
        "output weight a",
        directed=list(flows),
    )


@cache
def balances() -> Figure:
    """|w|^2 and a^2 of two ReLU neurons along a flow on five samples, and k a^2 - |w|^2, which stays."""
    x, y = np.array([[1.0], [0.5], [-0.3], [-1.0], [1.5]]), np.array([0.8, 0.6, 0.2, 0.9, 1.4])
    model, path, drawn = TwoLayer(1, 2, activation="relu"), [np.array([0.9, -0.7, 0.2, 0.5])], {}
    for _ in range(100):
        path.append(gradient_descent(model, path[-1], (x, y), step=0.001, time=0.05))
    path = np.array(path)
    for j in (0, 1):
        w, a = path[:, j], path[:, 2 + j]
        drawn |= {f"w^2, neuron {j + 1}": w**2, f"a^2 - w^2, neuron {j + 1}": a**2 - w**2}
    times = 0.05 * np.arange(len(path))
    return curves(
        "Weights move, the balance stays",
        "The squared input weights of two ReLU neurons move along small steps of gradient descent, while a^2 - w^2 of each stays level.",
        {name: (times, values) for name, values in drawn.items()},
        "time",
        "value",
    )


@cache
def tails() -> Figure:
    """Along flows of two tanh neurons on two samples: the way that is left to the limit, as a share of its bound E/sqrt(lambda)."""
    model, x, y, drawn = TwoLayer(2, 2), np.array([[0.8, -0.4], [0.3, 1.1]]), np.array([0.9, -0.6]), {}
    for name, start in (("small start", [0.1, -0.2, 0.2, 0.1, 0.3, -0.1]), ("large start", [1.5, -0.9, 0.6, 1.8, 1.6, -1.9])):
        flow = gradient_flow(model, start, (x, y))
        points = _thin(flow.path)
        values, jacobians = value_and_jacobian(model, points, x)
        least = np.minimum.accumulate((np.linalg.svd(jacobians, compute_uv=False)[:, -1] ** 2)[::-1])[::-1]  # of all that is still to come
        sizes, left = np.linalg.norm(values - y, axis=1), np.linalg.norm(points - flow.theta, axis=1)
        seen = sizes > 1e-6
        drawn[name] = sizes[seen], (left * np.sqrt(least) / sizes)[seen]
    return curves(
        "The way left to the limit over its bound",
        "From right to left, as the flow goes: the distance from the limit is at every point less than E/sqrt(lambda), for two starts.",
        drawn,
        "size E of the residuals",
        "distance over its bound",
        log_x=True,
        marks=[{"label": "the bound", "y": 1}],
    )


@cache
def mutual_solutions() -> Figure:
    """Solution curves a = y/tanh(w x) of x = 1/2 and 2 with their poles at w = 0, and the flows from (1, 1.5) to their two crossings."""
    w, drawn, flows = np.linspace(-2.5, 2.5, 201), {}, {}
    for x in (0.5, 2.0):
        y = -1.5 * math.tanh(x)
        with np.errstate(divide="ignore"):
            drawn[f"solutions of x = {x:g}"] = w, within(y / np.tanh(w * x), -3, 3)
        path = _thin(gradient_flow(TwoLayer(1, 1), [1.0, 1.5], ([[x]], [y])).path)
        flows[f"flow on x = {x:g}"] = path[:, 0], path[:, 1]
    return curves(
        "A mutual pair: each limit solves both samples",
        "Two solution curves, each with a pole at w = 0, cross at (-1, 1.5) and (1, -1.5); from (1, 1.5) one flow ends at the one crossing "
        "and one at the other.",
        {**drawn, **flows, "start": ([1.0], [1.5])},
        "input weight w",
        "output weight a",
        directed=list(flows),
    )


@cache
def crossing_solutions() -> Figure:
    """Solution curves a = y/sigma(w x), sigma(z) = (1 + z)/(2 + z), of x = 2/3 and 1 through their common limit (11, 3)."""
    sigma, w = activation_of("(1+z)/(2+z)"), np.linspace(4.0, 20.0, 33)
    drawn = {f"solutions of x = {name}": (w, 3 * sigma(np.array(11 * x)) / sigma(w * x)) for name, x in (("2/3", 2 / 3), ("1", 1.0))}
    return curves(
        "Two solution curves through one limit",
        "Two curves cross at (11, 3) with different slopes, so that no direction is normal to both.",
        {**drawn, "common limit": ([11.0], [3.0])},
        "input weight w",
        "output weight a",
    )


def membership(limits: Sequence[int], members: Sequence[Sequence[int]]) -> Figure:
    """The digraph of a family of datasets: from each limit to every other solution of its dataset that is a limit too."""
    graph = membership_digraph(limits, members)
    told = "without a cycle: a strict function exists" if strict_exists(graph) else "with a cycle: no strict function"
    nodes = [{"id": str(p), "label": f"p{p}"} for p in sorted(graph)]
    alt = f"{len(nodes)} limits; an arrow from each to every other one that solves its dataset: {told}."
    edges = [(str(p), str(q)) for p, q in graph.edges]
    return Figure("graph", f"A membership digraph {told}", alt, {"nodes": nodes, "edges": edges, "directed": True})


def _followed(field: Callable[[float, np.ndarray], np.ndarray], start: np.ndarray, time: float) -> np.ndarray:
    from scipy.integrate import solve_ivp

    path = solve_ivp(field, (0, time), start, method="LSODA", rtol=1e-10, atol=1e-12).y
    return path[:, :: max(1, path.shape[1] // 100)] if path.shape[1] > 200 else path


@cache
def reweighted() -> Figure:
    """A tanh neuron on two samples, datum 1 counted once or four times: the input weights along both flows, and their limits."""
    x, y, start = np.array([[0.5, 0.0], [0.5, -1.0]]), np.array([1.0, 0.25]), [-0.5, 0.0, 0.5]
    paths = {}
    for times in (1, 4):
        path = _thin(gradient_flow(TwoLayer(2, 1), start, (x, y), weights=(times, 1)).path)
        paths[f"datum 1 counted {'once' if times == 1 else 'four times'}"] = path[:, 0], path[:, 1]
    return curves(
        "Repeating a datum moves the limit",
        "Two paths of the input weights from one start, by how often the first datum counts: they end at points of opposite signs, though "
        "both solve the same data.",
        {**paths, "start": ([start[0]], [start[1]])},
        "input weight w_1",
        "input weight w_2",
        directed=list(paths),
    )


@cache
def switched_off() -> Figure:
    """A ReLU neuron on x_1 alone, and with x_2 that switches off where w . x_2 = 0; below that line the path is level."""
    slope, start = math.sqrt(1.5), np.array([3.0, -2 * math.sqrt(6) / 3])
    X, y, paths = np.array([[1.0, 0.0], [1.0, slope]]), np.array([1.0, 0.0]), {}
    for count, name in ((1, "sample 1 alone"), (2, "both samples")):
        active = lambda w, count=count: X[:count] @ w > 0
        pull = lambda w, count=count, active=active: -(active(w) * (X[:count] @ w) - y[:count]) * active(w) @ X[:count]
        w, path = start, [start]
        for _ in range(60):
            w = runge_kutta(pull, w, step=0.01, steps=10)
            path.append(w)
        paths[name] = tuple(np.array(path).T)
    edge = np.array([1.5, 3.2])
    return curves(
        "Sample 2 acts until it is switched off",
        "On sample 1 alone the path runs level to w_1 = 1; on both it bends down until it meets the line w . x_2 = 0, and is level then.",
        {**paths, "w . x_2 = 0": (edge, -edge / slope), "start": ([start[0]], [start[1]])},
        "w_1",
        "w_2",
        directed=list(paths),
    )


@cache
def repeating() -> Figure:
    """sigma(z)/z of sigma = z exp(sin(2 pi log_2 z)/10), and the solution curves of two inputs through (1, 1/20) and (2, 1/40)."""
    sigma = lambda z: z * np.exp(np.sin(2 * np.pi * np.log2(z)) / 10)
    w, drawn = np.linspace(0.6, 2.6, 81), {}
    for name, x in (("1", 1.0), ("sqrt 2", math.sqrt(2))):
        drawn[f"solutions of x = {name}"] = w, 0.05 * sigma(x) / sigma(w * x)
    return curves(
        "Solution curves of a log-periodic activation meet again",
        "The solution curves of two inputs cross at w = 1 and again at w = 2, with half the output weight.",
        {**drawn, "shared solutions": ([1.0, 2.0], [0.05, 0.025])},
        "input weight w",
        "output weight a",
    )
