r"""Steps in width after steps in depth: splitting a linearized neuron adds flat directions only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._checks import exactly, in_floats, rounding, within_rounding
from proofs_check.claims.depth._measures import amplification, fractions, inertia_counts
from proofs_check.claims.depth._places import CRITICAL, DEPTH, LINEARIZED, ONE, REGULAR, SMALL, Place, drawn_places, places, rng_of
from proofs_check.claims.depth._points import planted_in_floats, planted_lift, strict_minimum
from theory.embedding.onestep import null, split
from theory.lifting import Lifting, lift


def inserted_layer(found: Lifting) -> int:
    return found.after + 1


def next_curved_layer(found: Lifting) -> int:
    """A hidden layer that is not the inserted one."""
    return found.after if found.after else 2


def check_split_after_lift(instance, *, layer_of, context) -> Outcome:
    """Exact inertia after a split, and after a null neuron, in the chosen layer of a lifted point: zeros more and nothing else."""
    place, size, alpha = instance
    found, data = planted_lift(place, rng_of(place, context), size)
    layer = layer_of(found)
    before = inertia_counts(found.deep, found.theta, data)
    for name, step in (("split", split(found.deep, layer, 0, alpha)), ("null", null(found.deep, layer, Fraction(1, 2)))):
        expected = before[0], before[1] + step.wide.n_params - found.deep.n_params, before[2]
        observed = inertia_counts(step.wide, step(found.theta), data)
        if observed != expected:
            shown = {"place": place, "layer": layer, "alpha": alpha, "step": name, "before": before}
            return Outcome.fails(f"{name}: inertia {observed}, expected {expected}", counterexample=shown)
    return Outcome.holds(2)


def splits_of_lifts(context):
    kept = [place for place in places(context, ("hinge3",)) if len(place.widths) == 3]
    return [(place, size, alpha) for place in kept for size in (SMALL, ONE) for alpha in (Fraction(1, 3), Fraction(-7, 4))]


def check_blocks_vanish(place: Place, *, layer_of, context) -> Outcome:
    """B and S of the first neuron of the layer in floats, at a lifted planted point."""
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import cotangent_of
    from numerics.rank.slope import batched_tangents

    place, _, theta, data = planted_in_floats(place, context)
    model, x = place.model, data[0]
    found = lift(model, theta, x, place.after, width=place.width)  # the convenient lift is the well-conditioned one
    layer = layer_of(found)
    if layer > found.deep.depth - 1:
        return Outcome.skipped("no other hidden layer")
    cotangent = cotangent_of(model, theta, data)
    seen = trace(found.deep, found.theta, x)
    B, S = seen.B(layer, 0, cotangent), seen.S(layer, 0, cotangent)
    # B is E[e f^T] of the shallow point, that is a part of J^T c = 0, known up to rounding of |J| |c|; the new weights amplify it, and the
    # slopes of the layers, whose own errors grow with them as the features pass through.
    norms = [np.linalg.norm(batched_tangents(m, t[None], x[None])[1]) for m, t in ((model, theta), (found.deep, found.theta))]
    steepest = max(1.0, *(np.abs(slopes).max() for slopes in seen.slopes[1:]))
    bound = rounding(found.deep.n_params, max(norms)) * np.linalg.norm(cotangent) * amplification(found) * steepest**2
    return within_rounding("B or S of size", max(np.abs(B).max(), np.abs(S).max()), bound, place=place, layer=layer)


@dataclass(frozen=True)
class Step:
    """One edge of the graph: ``kind`` "width" (neuron 0 of ``layer`` split) or "depth" (a layer of ``width`` behind ``layer``)."""

    kind: str
    layer: int
    width: int = 2


#: Paths from [2, 2, 1]: in width, in depth, and both ways round.
PATHS = (
    (Step("width", 1), Step("depth", 1)),
    (Step("depth", 1), Step("width", 1), Step("depth", 2)),
    (Step("depth", 0), Step("width", 1)),
    (Step("depth", 1), Step("width", 2)),
)


def width_rule(before, after) -> bool:
    """n_-, n_0 and n_+ may grow, never fall."""
    return all(a <= b for a, b in zip(before, after, strict=True))


def depth_rule(before, after) -> bool:
    """n_- and n_+ stay, n_0 grows."""
    return (before[0], before[2]) == (after[0], after[2]) and after[1] > before[1]


def check_graph(path_seed: int, *, rules, context) -> Outcome:
    """Every edge of the graph of width and depth steps keeps its rule of inertia, exactly; the figure shows the graph."""
    nodes, edges = {}, []
    place = Place((2, 2, 1), "hinge3", 1, 2)
    for path in PATHS:
        rng = context.rng(path_seed)
        model, (theta, data) = place.model, strict_minimum(place, rng)
        data = tuple(map(fractions, data))
        counts = inertia_counts(model, theta, data)
        name = _node(nodes, model, counts, 0)
        for number, step in enumerate(path, 1):
            model, theta = _advanced(model, theta, data[0], step, rng)
            following = inertia_counts(model, theta, data)
            if not rules[step.kind](counts, following):
                shown = {"path": [str(one) for one in path], "step": str(step), "before": counts, "after": following}
                return Outcome.fails(f"{step.kind} step: inertia {counts} becomes {following}", counterexample=shown)
            new = _node(nodes, model, following, number)
            edges += _edge(nodes, name, new, step.kind, number)
            name, counts = new, following
    figure = Figure(
        "graph",
        "Steps in width and in depth",
        "Networks as nodes with their inertia, steps between them: splits (n± ≥) lead to wider networks and may raise every count, "
        "lifts (n± =) to deeper ones and keep the numbers of negative and positive eigenvalues.",
        {"nodes": list(nodes.values()), "edges": edges},
    )
    return Outcome.holds(sum(map(len, PATHS)), figures=[figure])


def _advanced(model, theta, x, step: Step, rng):
    if step.kind == "depth":
        found = lift(model, theta, x, step.layer, width=step.width, rng=rng, irregular=False)
        return found.deep, found.theta
    embedding = split(model, step.layer, 0, Fraction(1, 3))
    return embedding.wide, embedding(theta)


def _node(nodes: dict, model, counts, steps: int) -> str:
    """The network reached after so many steps, with its inertia."""
    name = f"{'-'.join(map(str, model.widths))} ({','.join(map(str, counts))})"
    nodes[name] = {"id": name, "label": name.replace(" ", "\u00a0"), "group": f"{steps}: networks"}
    return name


def _edge(nodes: dict, first: str, second: str, kind: str, number: int) -> list[list[str]]:
    """A step as a node of its own between two networks, so that it can carry its rule."""
    name = f"{first} to {second}"
    rule = {"width": "split: n± ≥", "depth": "lift: n± ="}[kind]
    nodes[name] = {"id": name, "label": rule.replace(" ", "\u00a0"), "group": f"{number - 1}: step"}
    return [[first, name], [name, second]]


CLAIMS = [
    Claim(
        id="depth.lift-then-split",
        title="Splitting a linearized neuron adds flat directions only",
        statement=r"B_s = 0,\ S_s = 0,\ C_{q+1} = 0 \text{ for the inserted layer: splits and null neurons there add zeros alone}",
        assumptions=[LINEARIZED, CRITICAL, REGULAR, Assumption("inserted layer", r"\text{the neuron lies in the inserted layer}")],
        source=Source(DEPTH, "with the splitting of 2111.15527v1; derived here"),
        depends_on=["depth.lifting.inertia"],
        refuted_by="A split of an inserted neuron with a further negative or positive eigenvalue.",
        notes="Lifted points are truly bad to second order with respect to the inserted layer: escapes in width come from other layers.",
        checks=[
            exactly(
                "exact-inertia",
                check_split_after_lift,
                splits_of_lifts,
                {"layer_of": inserted_layer},
                [Control("a neuron of another hidden layer", layer_of=next_curved_layer)],
                scope="planted minima and saddles of [2, 2, 1], [1, 2, 2], [2, 1, 2], hinge3, lifted; alpha = 1/3, -7/4; null at 1/2",
                distribution="integer weights, residuals of l1 norm 1/1000 and 1",
            ),
            in_floats(
                "float-blocks",
                check_blocks_vanish,
                drawn_places,
                {"layer_of": inserted_layer},
                [Control("a neuron of another hidden layer", layer_of=next_curved_layer)],
                scope="one to four weight matrices, widths 1 to 4, hinge3, weights of deviation 0.4 (cubes of cubes stay moderate)",
                distribution="normal weights and samples, planted residuals of l2 norm 1",
                tolerance="64 P eps |J| |c| times the squares of the largest new weight and of the steepest slope",
            ),
            exactly(
                "combined-graph",
                check_graph,
                lambda context: range(context.by_level(quick=1, standard=5, full=20)),
                {"rules": {"width": width_rule, "depth": depth_rule}},
                [
                    Control("width steps keep the counts too", rules={"width": depth_rule, "depth": depth_rule}),
                    Control(
                        "depth steps add no flat direction", rules={"width": width_rule, "depth": lambda before, after: before == after}
                    ),
                ],
                scope="four paths of splits and lifts from a planted strict minimum of [2, 2, 1], hinge3",
                distribution="integer weights, residuals of l1 norm 1/1000 or less, random lifts, alpha = 1/3",
            ),
        ],
        probes=[Probe(drops="inserted layer", instances=splits_of_lifts, parameters={"layer_of": next_curved_layer})],
    )
]
