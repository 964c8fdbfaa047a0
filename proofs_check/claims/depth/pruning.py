r"""Pruning, the way back from a lift: layers that act affinely on the data are merged into the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofs_check import Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.adequacy.depth import lifting
from proofs_check.claims._checks import exactly, in_floats, rounding
from proofs_check.claims.depth._measures import amplification
from proofs_check.claims.depth._places import BIASES, DEPTH, LINEARIZED, Place, drawn_places, places, rng_of
from proofs_check.claims.depth._points import drawn_lift, with_slopes_of_one
from proofs_check.claims.depth._training import linearized_neurons, teacher, trained_networks
from proofs_check.proving import formal_check
from theory.lifting import Lifting, lift, merge


def merged(found: Lifting):
    return merge(found.deep, found.theta, found.x, found.after + 1).theta


def merged_with_slope_one(found: Lifting):
    return with_slopes_of_one(found).collapse(found.theta)


def check_merge(place: Place, *, way_back, context) -> Outcome:
    """merge(lift(theta)) = theta in rational numbers."""
    found = drawn_lift(place, rng_of(place, context), irregular=True)
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
    from numerics.modules.deepening import layers_of, linearity, merge_layer

    place = replace(place, activation="leaky")
    rng, model = rng_of(place, context), place.model
    x = rng.normal(size=(3 * max(place.widths) + 6, model.inputs))
    found = lift(model, rng.normal(size=model.n_params), x, place.after, width=place.width, rng=rng)
    layers, depth, removed = layers_of(found.deep, found.theta), found.deep.depth, 0
    remaining = layers
    for layer in range(depth - 1, 0, -1):
        seen = linearity(remaining, x, layer)
        if prunable(seen):
            remaining, removed = merge_layer(remaining, seen), removed + 1
    change, size = np.abs(remaining(x) - layers(x)).max(), 1 + np.abs(layers(x)).max()
    # Rounding of the merged products, amplified by the weights of the new layer and of those behind it.
    bound = rounding(found.deep.n_params, size) * amplification(found) * (1 + np.abs(found.shallow_theta).max()) ** depth
    if removed < 1 or change > bound:
        shown = {"place": place, "removed": removed, "change": change}
        return Outcome.fails(f"{removed} layers removed, outputs change by {change:.3g}, bound {bound:.3g}", counterexample=shown)
    return Outcome.holds(margin=float((bound - change) / bound))


def check_trained_and_pruned(instance, *, prunable, context) -> Outcome:
    """Deep networks trained on little data: how many meet a linearized layer, and their loss before and after it is merged."""
    from numerics.modules.deepening import layers_of, linearity, merge_layer
    from numerics.statistics import Answer, decide_rate_at_least, min_detectable_drop

    networks, steps, threshold, margin = instance
    model, theta, x, history = trained_networks(context.rng(), networks, 5, steps, record=True)
    losses = []
    for k in range(networks):
        layers = layers_of(model, theta[k])
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
    alpha = context.spend(1)
    details["detectable"] = min_detectable_drop(networks, threshold=threshold, alpha=alpha)
    decision = decide_rate_at_least(len(losses), networks, threshold=threshold, margin=margin, alpha=alpha)
    if decision.answer is Answer.ESTABLISHED:
        return Outcome.holds(networks, message=message, **details)
    if decision.answer is Answer.REFUTED:
        return Outcome.fails(message, counterexample={"met": len(losses), "networks": networks}, cases=networks, **details)
    return Outcome.inconclusive(message, cases=networks, **details)


def _pruning_figures(model, history, x, before, after):
    """The share of linearized neurons along training, and the losses before and after merging."""
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


CLAIMS = [
    Claim(
        id="depth.pruning",
        title="A layer affine on the data can be merged without changing the training outputs",
        statement=r"\operatorname{merge}(\operatorname{lift}(\theta)) = \theta,\quad W = W' \Lambda \hat W,"
        r"\ b = W'(\Lambda \hat b + \mu) + b':\ f \text{ on } S \text{ stays}",
        assumptions=[LINEARIZED, BIASES],
        source=Source(DEPTH, "abstract (pruning); training setup ours"),
        depends_on=["depth.lifting.output", "depth.lifting.converse"],
        refuted_by="A layer affine on the data whose merging changes an output there.",
        notes="For sigma without affine pieces the map is a least-squares fit; a layer counts as affine when less than 1e-3 of the "
        "variance of each neuron is left, and only where there are more samples than the fit has parameters.",
        checks=[
            exactly(
                "merge-inverts-lift",
                check_merge,
                places,
                {"way_back": merged},
                [Control("slopes taken as 1", way_back=merged_with_slope_one)],
                scope="two to four layers, widths 1 to 3, hinge3, leaky, relu, every position",
                distribution="integer weights, random lifts",
            ),
            in_floats(
                "pruned-in-floats",
                check_prune,
                drawn_places,
                {"prunable": in_open_pieces},
                [Control("every layer merged by its affine fit", prunable=any_layer)],
                scope="one to four weight matrices, widths 1 to 4, leaky, one layer lifted in",
                distribution="normal weights and samples from a drawn seed",
                tolerance="64 P eps times outputs and the sizes of the weights through the layers",
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
            formal_check(
                "depth/lifting.v", "depth_lifting_output", false="for all x", adequate=lifting, part="all sizes: f stays on the data"
            ),
        ],
        probes=[Probe(drops="linearized layer", instances=drawn_places, check="pruned-in-floats", parameters={"prunable": any_layer})],
    )
]
