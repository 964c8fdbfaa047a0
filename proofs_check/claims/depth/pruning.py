r"""Pruning, the way back from a lift: layers that act affinely on the data are merged into the next."""

import numpy as np

from numerics.modules.deepening import layers_of, linearity, merge_layer
from proofs_check import Figure, claim, false
from proofs_check.adequacy.depth import lifting
from proofs_check.judging import bounded, equal, true, worst
from theory.lifting import lift, merge

from . import LIFTING
from ._measures import amplification
from ._places import BIASES, FLOAT_SHAPES, LINEARIZED, insertions, place_in, rng_of
from ._points import drawn_lift, with_slopes_of_one
from ._training import linearized_neurons, teacher, trained_networks

PRUNED = claim(
    "depth.pruning",
    "A layer affine on the data can be merged without changing the training outputs",
    r"\operatorname{merge}(\operatorname{lift}(\theta)) = \theta,\quad W = W' \Lambda \hat W,\ b = W'(\Lambda \hat b + \mu) + b':\ f "
    r"\text{ on } S \text{ stays}",
    clauses={
        "inverse": r"\operatorname{merge}(\operatorname{lift}(\theta)) = \theta",
        "outputs": r"W = W' \Lambda \hat W,\ b = W'(\Lambda \hat b + \mu) + b':\ f \text{ on } S \text{ stays}",
        "training": r"\text{networks trained on five samples have a linearized second layer at a rate of } 0.2 \text{ or more } (0.05 "
        r"\text{ is excluded}), \text{ and merging it keeps their loss}",
    },
    symbols=[r"\theta", "W',b'", r"\Lambda,\mu", r"\hat W,\hat b", "S"],
    assumptions=[LINEARIZED, BIASES],
    source=LIFTING.at("abstract (pruning); training setup ours"),
    depends_on=["depth.lifting.output", "depth.lifting.converse"],
    refuted_by="A layer affine on the data whose merging changes an output there.",
    notes="For sigma without affine pieces the map is a least-squares fit; a layer counts as affine when less than 1e-3 of the "
    "variance of each neuron is left, and only where there are more samples than the fit has parameters.",
)


def merged(found):
    return merge(found.deep, found.theta, found.x, found.after + 1).theta


def next_bias_kept(found):
    """The bias behind the layer as it is, without what the layer adds."""
    theta, bias = found.collapse(found.theta), found.deep.unpack(found.theta)[f"b{found.after + 2}"]
    return found.shallow.pack(**{**found.shallow.unpack(theta), f"b{found.after + 1}": bias})


@PRUNED.check("exact", place_in, insertions(), clauses=("inverse", "outputs"), distribution="integer weights, all factorizations")
@false("slopes taken as 1", way_back=lambda found: with_slopes_of_one(found).collapse(found.theta))
@false("biases not merged", way_back=next_bias_kept)
def merge_inverts_lift(cell, place, *, way_back=merged, context):
    """In rational numbers: the parameters, and the outputs on the data."""
    found = drawn_lift(place, rng_of(place, context), irregular=True)
    theta = way_back(found)
    outputs = found.deep(found.theta, found.x), found.shallow(theta, found.x)
    return equal(theta=(found.shallow_theta, theta), outputs=outputs, shown={"place": place})


PRUNED.without("linearized layer", merge_inverts_lift, way_back=lambda found: with_slopes_of_one(found).collapse(found.theta))
PRUNED.without("biases behind", merge_inverts_lift, way_back=next_bias_kept)


@PRUNED.check(
    "property",
    place_in,
    insertions(("leaky",), FLOAT_SHAPES),
    clauses="outputs",
    tolerance="64 P eps times outputs, squared new weights and all weights behind",
    distribution="normal weights and samples, random lifts",
)
@false("every layer merged by its affine fit", prunable=lambda seen: True)
def pruned_in_floats(cell, place, *, prunable=lambda seen: seen.exact, context):
    """Layers found in open pieces on the data and merged: one at least, and the outputs on the data stay."""
    rng, model = rng_of(place, context), place.model
    x = rng.normal(size=(3 * max(place.widths) + 6, model.inputs))
    found = lift(model, rng.normal(size=model.n_params), x, place.after, width=place.width, rng=rng)
    layers, depth, removed = layers_of(found.deep, found.theta), found.deep.depth, 0
    remaining = layers
    for layer in range(depth - 1, 0, -1):
        seen = linearity(remaining, x, layer)
        if prunable(seen):
            remaining, removed = merge_layer(remaining, seen), removed + 1
    # Rounding of the merged products, amplified by the weights of the new layer and of those behind it.
    size = (1 + np.abs(layers(x)).max()) * amplification(found) * (1 + np.abs(found.shallow_theta).max()) ** depth
    tolerance = 64 * found.deep.n_params * np.finfo(float).eps * size
    change = bounded("change of the outputs", remaining(x) - layers(x), tolerance, place=place)
    return worst([true("a layer is removed", removed >= 1, place=place), change])


PRUNED.formal(
    "depth/lifting.v",
    "depth_lifting_output",
    false="for all x",
    adequate=lifting,
    part="all sizes: f stays on the data",
    clauses="outputs",
)


@PRUNED.check(
    "training",
    [None],
    clauses="training",
    alpha=1e-5,
    level="standard",
    scope="relu [2, 4, 4, 1] trained by Adam on five samples",
    distribution="400 (full 2000) networks, normal start of scale 1/2",
)
@false("every layer merged by its affine fit", prunable=lambda seen: True)
def trained_and_pruned(_, *, prunable=lambda seen: seen.exact, context):
    """How many meet a linearized layer, and their loss before and after it is merged."""
    networks, steps = context.by_level(quick=200, standard=400, full=2000), context.by_level(quick=300, standard=1200, full=4000)
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
    kept = bounded("change of a loss", after - before, 1e-12 * (1 + np.sqrt(before)), networks=networks)
    met = context.rate(len(losses), networks, what="a linearized second layer", at_least=0.2, margin=0.15)
    return worst([kept, met], figures=list(figures_of(model, history, x, before, after)))


def figures_of(model, history, x, before, after):
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
    series = {"label": "network", "x": np.maximum(before, 1e-16).tolist(), "y": np.maximum(after, 1e-16).tolist()}
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
