r"""Steps in width after steps in depth: splitting a linearized neuron adds flat directions only."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.hessian.neuron_matrices import trace
from numerics.planting import cotangent_of
from numerics.rank.slope import batched_tangents
from proofs_check import Assumption, Figure, a_seed, axes, by_level, claim, false
from proofs_check.judging import bounded, equal, true, vanishing, worst
from theory.embedding.onestep import null, split
from theory.lifting import lift

from . import LIFTING
from ._measures import amplification, fractions, inertia_counts
from ._places import CRITICAL, LINEARIZED, NEXT_BIASES, ONE, SMALL, Place
from ._points import planted_in_floats, planted_lift, strict_minimum, with_constant_neuron

STEPS = claim(
    "depth.lift-then-split",
    "Splitting a linearized neuron adds flat directions only",
    r"B_s = 0,\ S_s = 0,\ C_{q+1} = 0 \text{ for the inserted layer: splits and null neurons there add zeros alone}",
    clauses={
        "blocks": r"B_s = 0,\ S_s = 0,\ C_{q+1} = 0 \text{ for the inserted layer, at every lift of a critical point, regular or not}",
        "zeros": r"\text{splits and null neurons in the inserted layer add zeros alone}",
        "graph": r"\text{along steps in width } n_-, n_0, n_+ \text{ do not fall; along regular steps in depth } n_-, n_+ \text{ stay}",
    },
    symbols=["B_s,S_s,C_{q+1}", "q", "n_-,n_0,n_+"],
    assumptions=[LINEARIZED, CRITICAL, NEXT_BIASES, Assumption("inserted layer", r"\text{the neuron lies in the inserted layer}")],
    source=LIFTING.at("with the splitting of 2111.15527v1; derived here"),
    depends_on=["depth.lifting.inertia"],
    refuted_by="A split of an inserted neuron with a further negative or positive eigenvalue.",
    notes="Lifted points are truly bad to second order with respect to the inserted layer: escapes in width come from other layers.",
)

PLACES = axes(
    widths=by_level(((2, 2, 1), (1, 2, 2)), ((2, 2, 1), (1, 2, 2), (2, 1, 2), (1, 2, 2, 1))),
    after=(0, 1, 2),
    width=("narrow", "wide"),
    residual=("small", "one"),
    regular=(True, False),
    where=lambda widths, after: after < len(widths) - 1,
    standard=2,
    full=10,
)


def lifted(cell, rng):
    """A lift of a planted critical point and its data; regular, or from all factorizations."""
    low, high = sorted(cell.widths[cell.after : cell.after + 2])
    place = Place(cell.widths, "hinge3", cell.after, low if cell.width == "narrow" else high + 1)
    return planted_lift(place, rng, SMALL if cell.residual == "small" else ONE, irregular=not cell.regular)


def inserted_layer(found):
    return found.after + 1


def next_curved_layer(found):
    """A hidden layer that is not the inserted one."""
    return found.after if found.after else 2


@STEPS.check("exact", lifted, PLACES, clauses="blocks", distribution="integer weights, residuals of l1 norm 1/1000 and 1, random lifts")
@false("a neuron of another hidden layer", layer_of=next_curved_layer)
def exact_blocks(cell, instance, *, layer_of=inserted_layer, at="critical", curved=False, context):
    """B, S and C of every neuron of the layer, entry by entry."""
    found, (x, y) = instance
    y = y if at == "critical" else y + 1
    deep, theta, layer = found.deep, found.theta, layer_of(found)
    if curved:  # one neuron more, constant at 1, where hinge3 bends
        deep, theta = with_constant_neuron(found, 1, [1] * found.parts[2].shape[0])
    theta = fractions(theta)
    seen = trace(deep, theta, fractions(x))
    cotangent = fractions(cotangent_of(deep, theta, (x, y)))
    blocks = [seen.C(layer, cotangent)]
    for neuron in range(deep.widths[layer]):
        blocks += [seen.B(layer, neuron, cotangent), seen.S(layer, neuron, cotangent)]
    return vanishing("B, S and C", [entry for block in blocks for entry in block.ravel()], layer=layer, theta=theta)


STEPS.without("critical", exact_blocks, at="anywhere")
STEPS.without("inserted layer", exact_blocks, layer_of=next_curved_layer)
STEPS.without("linearized layer", exact_blocks, curved=True)

SPLITS = axes(
    widths=by_level(((2, 2, 1),), ((2, 2, 1), (1, 2, 2), (2, 1, 2))),
    after=(0, 1),
    width=("narrow", "wide"),
    residual=("small", "one"),
    regular=(True, False),
    alpha=by_level(("1/3",), ("1/3", "-7/4", "0")),
    full=5,
)


@STEPS.check("exact", lifted, SPLITS, clauses="zeros", distribution="integer weights, residuals of l1 norm 1/1000 and 1, random lifts")
@false("a neuron of another hidden layer", layer_of=next_curved_layer)
def exact_inertia(cell, instance, *, layer_of=inserted_layer, context):
    """Exact inertia after a split, and after a null neuron of bias 1/2, in a layer of a lifted point."""
    (found, data), outcomes = instance, []
    layer, before = layer_of(found), inertia_counts(found.deep, found.theta, data)
    for step in (split(found.deep, layer, 0, Fraction(cell.alpha)), null(found.deep, layer, Fraction(1, 2))):
        expected = before[0], before[1] + step.wide.n_params - found.deep.n_params, before[2]
        outcomes.append(
            equal(inertia=(expected, inertia_counts(step.wide, step(found.theta), data)), shown={"layer": layer, "before": before})
        )
    return worst(outcomes)


FLOATS = axes(
    widths=by_level(((2, 3, 1), (3, 2, 2)), ((2, 3, 1), (3, 2, 2), (2, 2, 3, 1), (4, 4, 2), (1, 3, 3, 2))),
    after=(0, 1, 2),
    where=lambda widths, after: after < len(widths) - 1,
    quick=3,
    standard=20,
    full=100,
)


@STEPS.check(
    "property",
    lambda cell, rng: int(rng.integers(2**31)),
    FLOATS,
    clauses="blocks",
    tolerance="64 P eps |J| |c| times the squares of the largest new weight and of the steepest slope",
    distribution="hinge3, weights of deviation 0.4 (cubes of cubes stay moderate), planted residuals of l2 norm 1",
)
@false("a neuron of another hidden layer", layer_of=next_curved_layer)
def float_blocks(cell, seed, *, layer_of=inserted_layer, context):
    """B and S of the first neuron of the layer in floats, at a lifted planted point."""
    place, _, theta, data = planted_in_floats(Place(cell.widths, "hinge3", cell.after, max(cell.widths), seed), context)
    model, x = place.model, data[0]
    found = lift(model, theta, x, place.after, width=place.width)  # the convenient lift is the well-conditioned one
    cotangent, layer = cotangent_of(model, theta, data), layer_of(found)
    seen = trace(found.deep, found.theta, x)
    B, S = seen.B(layer, 0, cotangent), seen.S(layer, 0, cotangent)
    # B is E[e f^T] of the shallow point, that is a part of J^T c = 0, known up to rounding of |J| |c|; the new weights amplify it, and the
    # slopes of the layers, whose own errors grow with them as the features pass through.
    norms = [np.linalg.norm(batched_tangents(m, t[None], x[None])[1]) for m, t in ((model, theta), (found.deep, found.theta))]
    steepest = max(1.0, *(np.abs(slopes).max() for slopes in seen.slopes[1:]))
    bound = 64 * found.deep.n_params * np.finfo(float).eps * max(norms) * np.linalg.norm(cotangent) * amplification(found) * steepest**2
    return bounded("B or S", np.concatenate([B.ravel(), S.ravel()]), bound, layer=layer)


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


def width_rule(before, after):
    """n_-, n_0 and n_+ may grow, never fall."""
    return all(a <= b for a, b in zip(before, after, strict=True))


def depth_rule(before, after):
    """n_- and n_+ stay, n_0 grows."""
    return (before[0], before[2]) == (after[0], after[2]) and after[1] > before[1]


@STEPS.check(
    "exact",
    a_seed,
    axes(start=((2, 2, 1),), standard=5, full=20),
    clauses="graph",
    scope="four paths of splits and lifts from a planted strict minimum, hinge3",
    distribution="integer weights, residuals of l1 norm 1/1000 or less, random regular lifts, alpha = 1/3",
)
@false("width steps keep the counts too", rules={"width": depth_rule, "depth": depth_rule})
@false("depth steps add no flat direction", rules={"width": width_rule, "depth": lambda before, after: before == after})
def combined_graph(cell, seed, *, rules=None, context):
    """Every edge of the graph of width and depth steps keeps its rule of inertia; the figure shows the graph."""
    rules, nodes, edges, found = rules or {"width": width_rule, "depth": depth_rule}, {}, [], []
    place = Place(cell.start, "hinge3", 1, 2)
    for number_of_path, path in enumerate(PATHS):
        rng = context.rng(seed, number_of_path)
        model, (theta, data) = place.model, strict_minimum(place, rng)
        data = tuple(map(fractions, data))
        counts = inertia_counts(model, theta, data)
        name = _node(nodes, model, counts, 0)
        for number, step in enumerate(path, 1):
            model, theta = _advanced(model, theta, data[0], step, rng)
            following = inertia_counts(model, theta, data)
            kept = rules[step.kind](counts, following)
            found.append(true(f"the rule of a {step.kind} step", kept, step=str(step), before=counts, after=following))
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
    return worst(found, figures=[figure])


def _advanced(model, theta, x, step, rng):
    if step.kind == "depth":
        found = lift(model, theta, x, step.layer, width=step.width, rng=rng, irregular=False)
        return found.deep, found.theta
    embedding = split(model, step.layer, 0, Fraction(1, 3))
    return embedding.wide, embedding(theta)


def _node(nodes, model, counts, steps):
    """The network reached after so many steps, with its inertia."""
    name = f"{'-'.join(map(str, model.widths))} ({','.join(map(str, counts))})"
    nodes[name] = {"id": name, "label": name.replace(" ", "\u00a0"), "group": f"{steps}: networks"}
    return name


def _edge(nodes, first, second, kind, number):
    """A step as a node of its own between two networks, so that it can carry its rule."""
    name = f"{first} to {second}"
    rule = {"width": "split: n± ≥", "depth": "lift: n± ="}[kind]
    nodes[name] = {"id": name, "label": rule.replace(" ", "\u00a0"), "group": f"{number - 1}: step"}
    return [[first, name], [name, second]]
