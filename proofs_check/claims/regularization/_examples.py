"""Two-point overlaps in closed form, given in balls, and the three ways of testing one: balls, adaptive flow, gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from proofs_check import Check, Control, Figure, Outcome
from proofs_check.claims.regularization._words import LIMIT_RULE, at_most, ends_at, one
from theory.expressions import activation_of
from theory.models import TwoLayer

#: The Euler scheme has error c eta + O(eta^2); at the steps used the second term stays below 15 per cent.
ORDER_RULE = "errors of gradient descent halve with the step, ratio within [1.7, 2.3] (Euler scheme, first order)"


#: Balls of hypotheses that must vanish: wider ones would prove nothing.
NARROW = 1e-15


@dataclass(frozen=True)
class Example:
    """A two-point overlap of one neuron: the activation's formula, G in balls, and ``build()`` -> overlap in balls.

    ``lowest`` is the smallest pre-activation for which the formula is the activation meant (None: all).
    """

    title: str
    formula: str
    integral: Callable[[Any], Any]
    build: Callable[[], Any]
    lowest: float | None = None

    @property
    def activation(self) -> Any:
        return activation_of(self.formula)

    def floats(self) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(model, theta_0, inputs (2, d), labels (2,), limits (2, P)) in floating point, theta = (w, a)."""
        from numerics.arithmetic.krawczyk import working_precision

        with working_precision(200):
            overlap = self.build()
        flat = lambda neuron: [float(value) for value in (*neuron.weights, neuron.output)]
        inputs = np.array([[float(c) for c in sample.x] for sample in overlap.samples])
        labels = np.array([float(sample.y) for sample in overlap.samples])
        model = TwoLayer(inputs.shape[1], 1, activation=self.activation)
        return model, np.array(flat(overlap.start)), inputs, labels, np.array([flat(p) for p in overlap.limits])


def as_given(overlap: Any) -> Any:
    return overlap


def swapped(overlap: Any) -> Any:
    """Each sample leads to the other's limit."""
    return overlap.swapped()


def stretched(overlap: Any) -> Any:
    """The second input is ten per cent larger, the label as it was."""
    first, second = overlap.samples
    return replace(overlap, samples=(first, replace(second, x=tuple(c * 11 / 10 for c in second.x))))


def relabelled(overlap: Any) -> Any:
    """The second label is ten per cent larger."""
    first, second = overlap.samples
    return replace(overlap, samples=(first, replace(second, y=second.y * 11 / 10)))


NO_SWAP = Control("each sample leads to the other limit", twist=swapped)
TWISTS = [
    Control("the second input ten per cent larger", twist=stretched),
    Control("the second label ten per cent larger", twist=relabelled),
    NO_SWAP,
]


def check_in_balls(example, *, twist, context) -> Outcome:
    """Memberships and first integrals vanish within narrow balls, the limits differ and lie on the orbits of the start."""
    from numerics.arithmetic.krawczyk import working_precision
    from numerics.overlap.first_integral import joined

    with working_precision(200):
        overlap = twist(example.build())
        activation = example.activation
        conditions = overlap.vanishing(activation, example.integral)
        for name, value in conditions.items():
            if not value.contains(0):
                return Outcome.fails(
                    f"{name} is {value.str(8)}, expected 0",
                    counterexample={"hypothesis": name, "value": value.str(12)},
                    cases=len(conditions),
                )
            if not value.rad() < NARROW:
                return Outcome.inconclusive(f"{name} is known only within {value.str(8)}")
        if not overlap.distance_squared > 0:
            return Outcome.fails("the two limits coincide", counterexample={"distance squared": overlap.distance_squared.str(8)})
        for sample, limit in zip(overlap.samples, overlap.limits, strict=True):
            ends = [neuron.preactivation(sample.x) for neuron in (overlap.start, limit)]
            if example.lowest is not None and not all(u >= example.lowest for u in ends):
                return Outcome.fails("an orbit leaves the branch of the formula", counterexample={"ends": [u.str(8) for u in ends]})
            square = sum(c * c for c in sample.x)
            if not joined(activation, overlap.start.output, ends[0], limit.output, ends[1], square):
                (other,) = (p for p in overlap.limits if p is not limit)
                if joined(activation, overlap.start.output, ends[0], other.output, other.preactivation(sample.x), square):
                    # Both solve the sample and share its first integral; f grows along the orbit, so only one of them is the limit.
                    return Outcome.fails("the other point is the limit", counterexample={"x": [c.str(8) for c in sample.x]})
                return Outcome.inconclusive("a limit was not proved to lie on the orbit of the start")
        return Outcome.holds(cases=len(conditions) + 3, certificate=plain(example, overlap))


def plain(example: Example, overlap: Any) -> dict[str, Any]:
    """The overlap as a certificate: numbers as ball strings."""
    text = lambda value: value.str(30)
    point = lambda neuron: {"a": text(neuron.output), "w": [text(w) for w in neuron.weights]}
    return {
        "kind": "two-point overlap",
        "activation": example.formula,
        "formula from": example.lowest,
        "start": point(overlap.start),
        "samples": [{"x": [text(c) for c in sample.x], "y": text(sample.y)} for sample in overlap.samples],
        "limits": [point(limit) for limit in overlap.limits],
    }


def check_flow(example, *, order, context) -> Outcome:
    """Adaptive integration of gradient flow on each sample ends at the limit named for it (``order`` of the limits)."""
    model, theta0, inputs, labels, limits = example.floats()
    figures = lambda flows: [phase_plane(example, flows)] if model.inputs == 1 else []
    what = "distance of the flow's end from the limit"
    return ends_at(model, theta0, zip(inputs, labels, strict=True), limits[list(order)], what, figures=figures)


def check_descent(example, *, ratio, context) -> Outcome:
    """The end of gradient descent approaches that of gradient flow, the error dividing by ``ratio`` when the step halves."""
    from numerics.flows.flow import gradient_flow, value_and_jacobian

    model, theta0, inputs, labels, limits = example.floats()
    time = max(gradient_flow(model, theta0, ([x], [y]), residual=1e-7).time for x, y in zip(inputs, labels, strict=True))
    largest = 0.08 / max(1.0, float(np.square(inputs).sum() * np.square(theta0).sum() / 20))
    which, steps = np.array([0, 0, 1, 1]), largest * np.array([1, 0.5, 1, 0.5])[:, None]  # both samples, both steps at once
    theta, x, y = np.tile(theta0, (4, 1)), inputs[which][:, None, :], labels[which][:, None]
    for _ in range(round(2.2 * time / largest)):
        value, jacobian = value_and_jacobian(model, theta, x)
        theta = theta - 2 * steps * (value - y) * jacobian[:, 0]
    errors = np.linalg.norm(theta - limits[which], axis=1)
    measured = [errors[0] / errors[1], errors[2] / errors[3]]
    off = max(abs(value - ratio) for value in measured)
    return at_most(
        off,
        0.3,
        f"ratio of errors {np.round(measured, 3).tolist()}, distance from {ratio}",
        cases=len(measured),
        counterexample={"ratios": measured},
    )


def phase_plane(example: Example, flows: Sequence[Any]) -> Figure:
    """Both solution curves, both trajectories, the start and the two limits in the (w, a) plane."""
    model, theta0, inputs, labels, limits = example.floats()
    low, high = _window(np.concatenate([limits[:, 0], theta0[:1], *(flow.path[:, 0] for flow in flows)]))
    a_low, a_high = _window(np.concatenate([limits[:, 1], theta0[1:], *(flow.path[:, 1] for flow in flows)]))
    w = np.linspace(max(low, example.lowest or -np.inf), high, 200)
    series = []
    for k, (x, y) in enumerate(zip(inputs, labels, strict=True), start=1):
        with np.errstate(all="ignore"):
            a = y / model.activation(w * x[0])
        seen = (a > a_low) & (a < a_high)
        series.append({"label": f"solutions of sample {k}", "x": w[seen], "y": a[seen]})
    for k, flow in enumerate(flows, start=1):
        path = flow.path[:: max(1, len(flow.path) // 150)]
        series.append({"label": f"gradient flow on sample {k}", "x": path[:, 0], "y": path[:, 1]})
    for label, point in (("start", theta0), ("limit of sample 1", limits[0]), ("limit of sample 2", limits[1])):
        series.append({"label": label, "x": point[:1], "y": point[1:]})
    return Figure(
        "lines",
        f"Two-point overlap: {example.title}",
        f"Phase plane of one neuron, {example.title}: two solution curves cross at both limits, and the two trajectories from one"
        f" start end at different crossings.",
        {"series": series},
        x_label="input weight w",
        y_label="output weight a",
    )


def _window(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.15 * (high - low) + 0.05
    return low - margin, high + margin


def overlap_checks(example: Example, *, descent: bool = True, covers: str = "statement") -> list[Check]:
    """The three ways of testing a closed-form overlap: balls, adaptive flow, gradient descent."""
    checks = [
        Check(
            "in-balls",
            evidence="certified",
            covers=covers,
            scope=f"the instance {example.title}; 200 bits",
            run=check_in_balls,
            instances=one(example),
            parameters={"twist": as_given},
            controls=TWISTS,
        ),
        Check(
            "gradient-flow",
            evidence="property",
            covers="instances",
            scope=f"the instance {example.title}, double precision",
            run=check_flow,
            instances=one(example),
            tolerance=LIMIT_RULE,
            parameters={"order": (0, 1)},
            controls=[Control("each sample leads to the other limit", order=(1, 0))],
        ),
    ]
    if descent:
        checks.append(
            Check(
                "gradient-descent",
                evidence="property",
                covers="instances",
                scope=f"the instance {example.title}, two steps",
                run=check_descent,
                instances=one(example),
                tolerance=ORDER_RULE,
                parameters={"ratio": 2},
                controls=[Control("second order in the step", ratio=4)],
            )
        )
    return checks
