"""The printed statements that fail, drawn at their counterexamples."""

from functools import cache

import numpy as np

from numerics.arithmetic.bracketing import root_between
from numerics.flows.flow import gradient_flow
from numerics.recovery.minima import other_interpolants
from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.expressions import parse
from theory.models import TwoLayer
from theory.recovery.genericity import shifted


@cache
def penalties() -> Figure:
    """Dropout's penalty of the pair of kinks at 3 + s and 4 - u on x = 1, ..., 6, in multiples of v/12, moved from either end."""
    moved = np.linspace(0, 0.6, 61)

    def penalty(s: np.ndarray, u: np.ndarray) -> np.ndarray:
        slope = 1 / (1 - s - u)
        return np.sum([((x - 3 - s) ** 2 + (x - 4 + u) ** 2) * slope**2 for x in (4, 5, 6)], axis=0)

    still = 0 * moved
    return curves(
        "The penalty rises along every move of the two intercepts",
        "Dropout's penalty over the move of the left intercept, of the right one, and of each by half: three curves that rise from 19.",
        {
            "left intercept moved": (moved, penalty(moved, still)),
            "right intercept moved": (moved, penalty(still, moved)),
            "each moved by half": (moved, penalty(moved / 2, moved / 2)),
        },
        "move s + u into the interval",
        "12 R_1/v",
    )


@cache
def never_reached(labels: tuple[float, ...] = (0.0, -0.5, -2.0)) -> Figure:
    """The flow of a neuron with sigma = exp(-e^-z) from (0, 2) to labels y <= 0, on the curve a^2/2 - e^w = 1."""
    model, w = TwoLayer(1, 1, activation=parse("exp(-exp(-z))")), np.linspace(-6, 0.3, 64)
    flows = {}
    for y in labels:
        path = gradient_flow(model, [0.0, 2.0], ([[1.0]], [y]), time=500.0).path
        flows[f"flow to y = {y:g}"] = path[:, 0], path[:, 1]
    return curves(
        "Flows that no solution ends",
        "Three flows run to the left along one curve, which stays above a = sqrt 2: the output never comes down to the label.",
        {"a^2/2 - e^w = 1": (w, np.sqrt(2 + 2 * np.exp(w))), **flows},
        "input weight w",
        "output weight a",
        directed=list(flows),
        marks=[{"label": "sqrt 2", "y": float(np.sqrt(2))}],
    )


@cache
def singular_branch(inputs: tuple[float, ...] = (0.8218, -1.3813, -2.7542), known: float = 0.9) -> Figure:
    """det [sigma(wbar x), sigma'(wbar x) x, sigma(w x)] over the free weight w: 0 at one weight besides wbar."""
    sigma, x, w = shifted("tanh"), np.array(inputs), np.linspace(-4, 2, 121)
    value, slope = sigma.jet(known * x, 1)
    determinants = [np.linalg.det(np.column_stack([value, slope * x, sigma(one * x)])) for one in w]
    return curves(
        "The tangents along a branch lose their independence at one weight",
        "The determinant of the three tangents over the weight of the free neuron: it touches 0 at 0.9, the weight of the target, and "
        "crosses 0 at -2.44, where the rank is 2.",
        {"determinant": (w, determinants)},
        "weight w_2 of the free neuron",
        "determinant",
        marks=[{"label": "-2.44", "x": -2.44}, {"label": f"target {known:g}", "x": known}, {"label": "0", "y": 0}],
    )


@cache
def two_neurons(weight: float = 2.0, x: tuple[float, float] = (1.0, 2.0)) -> Figure:
    """The target sigma(2 x), sigma = sigmoid(z + 3/10), and the other multiple of a neuron that passes through its values at ``x``."""
    sigma, z = shifted("sigmoid", "3/10"), np.linspace(-4, 4, 81)
    (other,) = other_interpolants(sigma, weight, np.array(x))
    ratio = float(np.divide(*sigma(np.array([weight, other]) * x[0])))
    return curves(
        "Two neurons through the same two samples",
        f"The target sigma({weight:g} x) and {ratio:.3f} sigma({other:.3f} x): two curves that meet at the samples x = {x[0]:g} and "
        f"{x[1]:g} and nowhere else in view.",
        {
            "target": (z, sigma(weight * z)),
            f"{ratio:.3f} sigma({other:.3f} x)": (z, ratio * sigma(other * z)),
            "samples": (np.array(x), sigma(weight * np.array(x))),
        },
        "input x",
        "output",
        marks=[{"label": "sample", "x": one} for one in x],
    )


@cache
def orbits_of_inputs(start: tuple[float, float] = (0.5, 1.0), target: tuple[float, float] = (1.1, 2.0)) -> Figure:
    """The curves a^2/2 - w/x = const through the start at the corrected input and at the printed one, with the target."""
    (w0, a0), (w1, a1) = start, target
    corrected, printed = (2 * (w1 - w0) / (a1**power - a0**power) for power in (2, 1))
    weight = lambda x, a: w0 + x * (a * a - a0 * a0) / 2
    beyond = lambda a: a * np.exp(printed * weight(printed, a)) - a1 * np.exp(printed * w1)  # output less label
    end = root_between(beyond, a0, a1)
    a = np.linspace(a0, a1 + 0.2, 61)
    drawn = {f"{name}, x = {x:.3g}": (weight(x, a), a) for name, x in (("corrected", corrected), ("printed", printed))}
    points = {"start": start, "target": target, "end, as printed": (weight(printed, end), end)}
    return curves(
        "Where the flow from the start goes",
        f"Two curves from the start {start}: on the one of the corrected input the data are fitted at the target {target}, on the one of "
        f"the printed input at ({weight(printed, end):.3f}, {end:.3f}).",
        {**drawn, **{name: ([point[0]], [point[1]]) for name, point in points.items()}},
        "input weight w",
        "output weight a",
        directed=list(drawn),
    )
