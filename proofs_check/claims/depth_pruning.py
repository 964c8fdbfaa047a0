r"""Steps in width after steps in depth, and the way back: merging layers that act affinely on the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._depth import (
    BIASES,
    CRITICAL,
    DEPTH,
    LINEARIZED,
    ONE,
    REGULAR,
    SMALL,
    Place,
    drawn_lift,
    drawn_places,
    fractions,
    hash_of,
    inertia_counts,
    places,
    planted_lift,
    rng_of,
    strict_minimum,
)
from proofs_check.claims._depth_training import trained_networks
from theory.embedding.onestep import null, split
from theory.lifting import Lifting, lift, merge

# --------------------------------------------------------------------------------------------- depth.lift-then-split


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
    from numerics.layers import trace
    from numerics.planting import cotangent_of, plant
    from numerics.slope import batched_tangents

    place = replace(place, activation="hinge3")
    rng = context.rng(hash_of(place))
    model, theta = place.model, rng.normal(0, 0.4, place.model.n_params)
    x = rng.normal(size=(-(-(model.n_params + 3) // model.outputs), model.inputs))
    data = plant(model, theta, x, seed=place.replicate)
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
    amplification = (1 + np.abs(np.concatenate([part.ravel() for part in found.parts])).max()) ** 2
    steepest = max(1.0, *(np.abs(slopes).max() for slopes in seen.slopes[1:]))
    bound = 64 * found.deep.n_params * np.finfo(float).eps * max(norms) * np.linalg.norm(cotangent) * amplification * steepest**2
    gap = max(np.abs(B).max(), np.abs(S).max())
    if gap > bound:
        return Outcome.fails(f"B or S of size {gap:.3g}, rounding allows {bound:.3g}", counterexample={"place": place, "layer": layer})
    return Outcome.holds(margin=(bound - gap) / bound)


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
        found = lift(model, theta, x, step.layer, width=step.width, rng=rng)
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


LIFT_THEN_SPLIT = Claim(
    family="depth",
    id="depth.lift-then-split",
    title="Splitting a linearized neuron adds flat directions only",
    statement=r"B_s = 0,\ S_s = 0,\ C_{q+1} = 0 \text{ for the inserted layer: splits and null neurons there add zeros alone}",
    assumptions=[LINEARIZED, CRITICAL, REGULAR, Assumption("inserted layer", r"\text{the neuron lies in the inserted layer}")],
    source=Source(DEPTH, "with the splitting of 2111.15527v1; derived here"),
    depends_on=["depth.lifting.inertia"],
    refuted_by="A split of an inserted neuron with a further negative or positive eigenvalue.",
    notes="Lifted points are truly bad to second order with respect to the inserted layer: escapes in width come from other layers.",
    checks=[
        Check(
            "exact-inertia",
            evidence="exact",
            covers="instances",
            scope="planted minima and saddles of [2, 2, 1], [1, 2, 2], [2, 1, 2], hinge3, lifted; alpha = 1/3, -7/4; null at 1/2",
            run=check_split_after_lift,
            instances=splits_of_lifts,
            distribution="integer weights, residuals of l1 norm 1/1000 and 1",
            parameters={"layer_of": inserted_layer},
            controls=[Control("a neuron of another hidden layer", layer_of=next_curved_layer)],
        ),
        Check(
            "float-blocks",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, hinge3, weights of deviation 0.4 (cubes of cubes stay moderate)",
            run=check_blocks_vanish,
            instances=drawn_places,
            distribution="normal weights and samples, planted residuals of l2 norm 1",
            tolerance="64 P eps |J| |c| times the squares of the largest new weight and of the steepest slope",
            parameters={"layer_of": inserted_layer},
            controls=[Control("a neuron of another hidden layer", layer_of=next_curved_layer)],
        ),
        Check(
            "combined-graph",
            evidence="exact",
            covers="instances",
            scope="four paths of splits and lifts from a planted strict minimum of [2, 2, 1], hinge3",
            run=check_graph,
            instances=lambda context: range(context.by_level(quick=1, standard=5, full=20)),
            distribution="integer weights, residuals of l1 norm 1/1000 or less, random lifts, alpha = 1/3",
            parameters={"rules": {"width": width_rule, "depth": depth_rule}},
            controls=[
                Control("width steps keep the counts too", rules={"width": depth_rule, "depth": depth_rule}),
                Control("depth steps add no flat direction", rules={"width": width_rule, "depth": lambda before, after: before == after}),
            ],
        ),
    ],
    probes=[Probe(drops="inserted layer", instances=splits_of_lifts, parameters={"layer_of": next_curved_layer})],
)

# ---------------------------------------------------------------------------------------------------- depth.pruning


def merged(found: Lifting):
    return merge(found.deep, found.theta, found.x, found.after + 1).theta


def merged_with_slope_one(found: Lifting):
    return replace(found, pieces=tuple(replace(piece, slope=Fraction(1)) for piece in found.pieces)).collapse(found.theta)


def check_merge(place: Place, *, way_back, context) -> Outcome:
    """merge(lift(theta)) = theta in rational numbers."""
    found = drawn_lift(place, rng_of(place, context))
    theta = way_back(found)
    if (theta == found.shallow_theta).all():
        return Outcome.holds()
    return Outcome.fails("the merged point differs", counterexample={"place": place, "theta": found.shallow_theta, "merged": theta})


def in_open_pieces(found) -> bool:
    return found.exact


def any_layer(found) -> bool:
    return True


def check_prune(place: Place, *, prunable, context) -> Outcome:
    """Layers found in open pieces on the data and merged: outputs on the data stay within rounding."""
    from numerics.deepening import Layers, linearity, merge_layer

    place = replace(place, activation="leaky")
    rng = context.rng(hash_of(place))
    model = place.model
    x = rng.normal(size=(3 * max(place.widths) + 6, model.inputs))
    found = lift(model, rng.normal(size=model.n_params), x, place.after, width=place.width, rng=rng)
    parts = found.deep.unpack(found.theta)
    depth = found.deep.depth
    layers = Layers(
        tuple(parts[f"W{l}"] for l in range(1, depth + 1)),
        tuple(parts[f"b{l}"] for l in range(1, depth + 1)),
        (found.deep.activation,) * (depth - 1),
    )
    removed, remaining = 0, layers
    for layer in range(depth - 1, 0, -1):
        seen = linearity(remaining, x, layer)
        if prunable(seen):
            remaining, removed = merge_layer(remaining, seen), removed + 1
    change, size = np.abs(remaining(x) - layers(x)).max(), 1 + np.abs(layers(x)).max()
    # Rounding of the merged products, amplified by the weights of the new layer and of those behind it.
    amplification = (1 + np.abs(np.concatenate([part.ravel() for part in found.parts])).max()) ** 2
    bound = 64 * found.deep.n_params * np.finfo(float).eps * size * amplification * (1 + np.abs(found.shallow_theta).max()) ** depth
    if removed < 1 or change > bound:
        shown = {"place": place, "removed": removed, "change": change}
        return Outcome.fails(f"{removed} layers removed, outputs change by {change:.3g}, bound {bound:.3g}", counterexample=shown)
    return Outcome.holds(margin=float((bound - change) / bound))


def check_trained_and_pruned(instance, *, prunable, context) -> Outcome:
    """Deep networks trained on little data: how many meet a linearized layer, and their loss before and after it is merged."""
    from numerics.deepening import Layers, linearity, merge_layer
    from numerics.statistics import Answer, decide_rate_at_least, min_detectable_drop
    from proofs_check.claims._depth_training import teacher
    from theory.activations import activation

    networks, steps, threshold, margin = instance
    model, theta, x, history = trained_networks(context.rng(), networks, 5, steps, record=True)
    losses, parts = [], model.unpack(theta)
    for k in range(networks):
        weights, biases = (tuple(parts[f"{kind}{l}"][k] for l in (1, 2, 3)) for kind in "Wb")
        layers = Layers(weights, biases, (activation("relu"),) * 2)
        seen = linearity(layers, x[k], 2)
        if prunable(seen):
            target = teacher(x[k])
            losses.append([float(((one(x[k]) - target) ** 2).mean()) for one in (layers, merge_layer(layers, seen))])
    before, after = np.array(losses).reshape(-1, 2).T
    # Outputs of size up to 10 change by rounding of merged products, at most 1e-12; the loss by that times its root.
    rounding = 1e-12 * (1 + np.sqrt(before))
    worse = int((np.abs(after - before) > rounding).sum())
    message = f"{len(losses)} of {networks} networks have a linearized second layer; the loss of {worse} changes when it is merged"
    details = {"figures": _pruning_figures(model, history, x, before, after), "detectable": None}
    if worse:
        k = int(np.abs(after - before).argmax())
        shown = {"network": k, "before": before[k], "after": after[k]}
        return Outcome.fails(message, counterexample=shown, cases=networks, **details)
    details["detectable"] = min_detectable_drop(networks, threshold=threshold, alpha=context.alpha)
    decision = decide_rate_at_least(len(losses), networks, threshold=threshold, margin=margin, alpha=context.alpha)
    if decision.answer is Answer.ESTABLISHED:
        return Outcome.holds(networks, message=message, **details)
    if decision.answer is Answer.REFUTED:
        return Outcome.fails(message, counterexample={"met": len(losses), "networks": networks}, cases=networks, **details)
    return Outcome.inconclusive(message, cases=networks, **details)


def _pruning_figures(model, history, x, before, after):
    """The share of linearized neurons along training, and the losses before and after merging."""
    from proofs_check.claims._depth_training import linearized_neurons

    shares = [float(linearized_neurons(model, theta, x, 2, constant=True).mean()) for theta in history["theta"]]
    yield Figure(
        "lines",
        "Linearized neurons along training",
        "The share of neurons of the second layer that stay in one affine piece on all data, at each look during training.",
        {"series": [{"label": "second layer", "x": history["step"].tolist(), "y": shares}]},
        x_label="step",
        y_label="share of neurons",
    )
    floor = 1e-16
    series = {"label": "network", "x": np.maximum(before, floor).tolist(), "y": np.maximum(after, floor).tolist()}
    yield Figure(
        "scatter",
        "Loss before and after merging",
        "The training loss of each pruned network before and after its linearized layer was merged: all points lie on the diagonal.",
        {"series": [series]},
        x_label="loss before",
        y_label="loss after",
        log_x=True,
        log_y=True,
    )


def trained_batches(context):
    """Declared before any run: at least a fifth of the networks meet a linearized layer, decided with a margin of 0.15."""
    return [(context.by_level(quick=200, standard=400, full=2000), context.by_level(quick=300, standard=1200, full=4000), 0.2, 0.15)]


PRUNING = Claim(
    family="depth",
    id="depth.pruning",
    title="A layer affine on the data can be merged without changing the training outputs",
    statement=r"\operatorname{merge}(\operatorname{lift}(\theta)) = \theta,\quad W = W' \Lambda \hat W,\ b = W'(\Lambda \hat b + \mu) + b':"
    r"\ f \text{ on } S \text{ stays}",
    assumptions=[LINEARIZED, BIASES],
    source=Source(DEPTH, "abstract (pruning); training setup ours"),
    depends_on=["depth.lifting.output", "depth.lifting.converse"],
    refuted_by="A layer affine on the data whose merging changes an output there.",
    notes="For sigma without affine pieces the map is a least-squares fit; a layer counts as affine when less than 1e-3 of the variance of "
    "each neuron is left, and only where there are more samples than the fit has parameters.",
    checks=[
        Check(
            "merge-inverts-lift",
            evidence="exact",
            covers="instances",
            scope="two to four layers, widths 1 to 3, hinge3, leaky, relu, every position",
            run=check_merge,
            instances=places,
            distribution="integer weights, random lifts",
            parameters={"way_back": merged},
            controls=[Control("slopes taken as 1", way_back=merged_with_slope_one)],
        ),
        Check(
            "pruned-in-floats",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, leaky, one layer lifted in",
            run=check_prune,
            instances=drawn_places,
            distribution="normal weights and samples from a drawn seed",
            tolerance="64 P eps times outputs and the sizes of the weights through the layers",
            parameters={"prunable": in_open_pieces},
            controls=[Control("every layer merged by its affine fit", prunable=any_layer)],
        ),
        Check(
            "trained-networks",
            evidence="training",
            covers="instances",
            scope="relu [2, 4, 4, 1] trained by Adam on 5 samples of a two-neuron teacher",
            run=check_trained_and_pruned,
            instances=trained_batches,
            level="standard",
            distribution="400 networks, normal start of scale 1/2, data of their own",
            tolerance="1e-12 (1 + sqrt(loss)) on the loss of a merged network",
            alpha=1e-5,
            parameters={"prunable": in_open_pieces},
            controls=[Control("every second layer merged", prunable=any_layer)],
        ),
    ],
    probes=[Probe(drops="linearized layer", instances=drawn_places, check="pruned-in-floats", parameters={"prunable": any_layer})],
)

CLAIMS = [LIFT_THEN_SPLIT, PRUNING]
