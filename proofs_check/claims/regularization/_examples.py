"""Two-point overlaps in closed form, and the ways of testing one: exactly, in balls, by adaptive flow, by gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.flows.flow import gradient_flow, value_and_jacobian
from numerics.overlap.first_integral import joined
from proofs_check import Figure, Outcome
from proofs_check.judging import at_most, bounded, different, true, vanishing, worst
from theory.expressions import activation_of
from theory.models import TwoLayer
from theory.regularization.mechanisms import Neuron, Sample, TwoPointOverlap

from ._flows import ends_at

#: The Euler scheme has error c eta + O(eta^2); at the steps used the second term stays below 15 per cent.
ORDER_RULE = "errors of gradient descent halve with the step, ratio within [1.7, 2.3] (Euler scheme, first order)"
#: Balls of hypotheses that must vanish: wider ones would tell little.
NARROW = "1e-30"


@dataclass(frozen=True)
class Example:
    """A two-point overlap of one neuron: the activation's formula, G, and ``build(number)`` -> overlap, in the arithmetic of ``number``.

    ``number`` turns integers and Fractions into that arithmetic, whose numbers know sqrt, log, tanh. ``lowest`` is the smallest
    pre-activation for which the formula is the activation meant (None: all).
    """

    title: str
    formula: str
    integral: Callable[[Any], Any]
    build: Callable[[Any], TwoPointOverlap]
    lowest: float | None = None

    @property
    def activation(self) -> Any:
        """The activation that the formula means."""
        return activation_of(self.formula)

    def in_balls(self) -> TwoPointOverlap:
        """The overlap in balls of the working precision."""
        return self.build(ball)

    def floats(self) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(model, theta_0, inputs (2, d), labels (2,), limits (2, P)) in floating point, theta = (w, a)."""
        with working_precision(200):
            overlap = self.in_balls()
        flat = lambda neuron: [float(value) for value in (*neuron.weights, neuron.output)]
        inputs = np.array([[float(c) for c in sample.x] for sample in overlap.samples])
        labels = np.array([float(sample.y) for sample in overlap.samples])
        model = TwoLayer(inputs.shape[1], 1, activation=self.activation)
        return model, np.array(flat(overlap.start)), inputs, labels, np.array([flat(p) for p in overlap.limits])


def overlap_of(start: Sequence[Any], samples: Sequence[Sequence[Any]], limits: Sequence[Sequence[Any]]) -> TwoPointOverlap:
    """From (a_0, w_0), two samples (x, y) and two limits (a, w) of one input."""
    neuron = lambda a, w: Neuron(a, (w,))
    (first, second), (p, q) = samples, limits
    return TwoPointOverlap(neuron(*start), (Sample((first[0],), first[1]), Sample((second[0],), second[1])), (neuron(*p), neuron(*q)))


def as_given(overlap: TwoPointOverlap) -> TwoPointOverlap:
    """The overlap itself."""
    return overlap


def swapped(overlap: TwoPointOverlap) -> TwoPointOverlap:
    """Each sample leads to the other's limit."""
    return overlap.swapped()


def stretched(overlap: TwoPointOverlap) -> TwoPointOverlap:
    """The second input is ten per cent larger, the label as it was."""
    first, second = overlap.samples
    return replace(overlap, samples=(first, replace(second, x=tuple(c * 11 / 10 for c in second.x))))


def relabelled(overlap: TwoPointOverlap) -> TwoPointOverlap:
    """The second label is ten per cent larger."""
    first, second = overlap.samples
    return replace(overlap, samples=(first, replace(second, y=second.y * 11 / 10)))


def exactly(example: Example, number: Any, twist: Callable, simplified: Callable[[Any], Any]) -> Outcome:
    """Every hypothesis simplifies to zero, the limits differ."""
    overlap = twist(example.build(number))
    values = overlap.vanishing(example.activation, example.integral).values()
    p, q = overlap.limits
    return worst([vanishing("hypotheses", [simplified(value) for value in values]), different("limits", p.weights[0], q.weights[0])])


def in_balls(example: Example, twist: Callable) -> Outcome:
    """Memberships and first integrals vanish within narrow balls; each limit lies on the orbit of the start, on which f moves one way."""
    with working_precision(200):
        overlap = twist(example.in_balls())
        activation, width = example.activation, ball(Fraction(NARROW))
        conditions = overlap.vanishing(activation, example.integral)
        outcomes = [at_most(name, abs(value), width, attained=False) for name, value in conditions.items()]
        for k, (sample, limit) in enumerate(zip(overlap.samples, overlap.limits, strict=True), start=1):
            ends = [neuron.preactivation(sample.x) for neuron in (overlap.start, limit)]
            if example.lowest is not None:
                outcomes.append(true(f"orbit {k} stays on the branch of the formula", all(bool(u >= example.lowest) for u in ends)))
            square = sum(c * c for c in sample.x)
            reached = joined(activation, overlap.start.output, ends[0], limit.output, ends[1], square)
            (other,) = (p for p in overlap.limits if p is not limit)
            # Both points solve the sample and share its first integral; f is monotone along the orbit, so at most one lies on it.
            beside = not reached and joined(activation, overlap.start.output, ends[0], other.output, other.preactivation(sample.x), square)
            outcomes.append(true(f"limit {k} lies on its orbit", False if beside else reached or None))
        return worst(outcomes, certificate=plain(example, overlap))


def plain(example: Example, overlap: TwoPointOverlap) -> dict[str, Any]:
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


def by_flow(example: Example, order: Sequence[int]) -> Outcome:
    """Adaptive integration of gradient flow on each sample ends at the limit named for it (``order`` of the limits)."""
    model, theta0, inputs, labels, limits = example.floats()
    figures = (lambda flows: [phase_plane(example, flows)]) if model.inputs == 1 else None
    return ends_at(model, theta0, zip(inputs, labels, strict=True), list(limits[list(order)]), figures=figures)


def by_descent(example: Example, ratio: float) -> Outcome:
    """The end of gradient descent approaches that of gradient flow, the error dividing by ``ratio`` when the step halves."""
    model, theta0, inputs, labels, limits = example.floats()
    time = max(gradient_flow(model, theta0, ([x], [y]), residual=1e-7).time for x, y in zip(inputs, labels, strict=True))
    largest = 0.08 / max(1.0, float(np.square(inputs).sum() * np.square(theta0).sum() / 20))
    which, steps = np.array([0, 0, 1, 1]), largest * np.array([1, 0.5, 1, 0.5])[:, None]  # both samples, both steps at once
    theta, x, y = np.tile(theta0, (4, 1)), inputs[which][:, None, :], labels[which][:, None]
    for _ in range(round(2.2 * time / largest)):
        value, jacobian = value_and_jacobian(model, theta, x)
        theta = theta - 2 * steps * (value - y) * jacobian[:, 0]
    errors = np.linalg.norm(theta - limits[which], axis=1)
    return bounded("ratio of errors", np.array([errors[0] / errors[1], errors[2] / errors[3]]) - ratio, 0.3, errors=errors)


def phase_plane(example: Example, flows: Sequence[Any]) -> Figure:
    """Both solution curves, both trajectories, the start and the two limits in the (w, a) plane; curves break where sigma(w x) = 0."""
    model, theta0, inputs, labels, limits = example.floats()
    low, high = _window(np.concatenate([limits[:, 0], theta0[:1], *(flow.path[:, 0] for flow in flows)]))
    a_low, a_high = _window(np.concatenate([limits[:, 1], theta0[1:], *(flow.path[:, 1] for flow in flows)]))
    w = np.linspace(max(low, example.lowest or -np.inf), high, 200)
    series = []
    for k, (x, y) in enumerate(zip(inputs, labels, strict=True), start=1):
        with np.errstate(all="ignore"):
            a = y / model.activation(w * x[0])
        # A solution curve leaves the window towards a pole and comes back on the other side: a piece each.
        seen = (a > a_low) & (a < a_high)
        pieces = [run for run in np.split(np.arange(len(w)), np.flatnonzero(np.diff(seen.astype(int))) + 1) if seen[run[0]]]
        pieces = [part for run in pieces for part in np.split(run, np.flatnonzero(np.diff(np.sign(a[run]))) + 1)]
        label = f"solutions of sample {k}"
        series += [{"label": label + (f", piece {j}" if j > 1 else ""), "x": w[run], "y": a[run]} for j, run in enumerate(pieces, start=1)]
    for k, flow in enumerate(flows, start=1):
        path = flow.path[:: max(1, len(flow.path) // 150)]
        series.append({"label": f"gradient flow on sample {k}", "x": path[:, 0], "y": path[:, 1], "directed": True})
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
