r"""The published picture of directions at the start of training, 5-50-1: how many there are depends on the mean of the labels."""

from functools import lru_cache

import numpy as np

from numerics.train import Adam, train
from proofs_check import Figure, by_level, claim, false
from proofs_check.judging import worst
from theory.dynamics.condensation import augmented, centred, mean_input
from theory.models import TwoLayer

from . import INITIAL
from .optimizer import ADAM

PUBLISHED = claim(
    "condensation.published",
    "The published cosine maps: two opposite directions for tanh, one or two for sigmoid",
    r"5\text{-}50\text{-}1,\ n = 80,\ y = \textstyle\sum_k 3.5 \sin(5 x_k + 1),\ x \in [-4, 2]^5,\ N(0, 0.005^2), \text{ Adam, epoch } 100",
    clauses={
        "tanh": r"\text{tanh: two opposite directions}",
        "one": r"\text{sigmoid, } |\bar y| \ge 4 m \sigma(0) \varepsilon = 0.5 \text{: one direction}",
        "two": r"\text{sigmoid, } |\bar y| \le m \sigma(0) \varepsilon = 0.125 \text{: two opposite directions}",
    },
    symbols=["m", "\\sigma", "\\varepsilon", "y_i"],
    assumptions=[ADAM],
    kind="law",
    source=INITIAL.at("Figure 2 and Section 4.2: two opposite directions for tanh, sigmoid and softplus"),
    depends_on=["condensation.offset"],
    refuted_by="a setting in which the number of directions has nothing to do with the mean of the labels",
    notes="The data of the figure are drawn at random and not printed. Of such draws |ybar| >= 0.5 is the rule, and then sigmoid shows "
    "one direction: the printed picture is that of a draw whose labels have a mean near 0.",
)

WIDTH, SCALE, RATES = 50, 0.005, {"tanh": 1e-3, "sigmoid": 8e-4}
SEEDS = by_level(40, 40, 200)
SETTINGS = {"scope": "the printed setting, data drawn with the mean in question", "level": "standard", "alpha": 1e-5}


def admitted(mean, which):
    size = abs(mean) / (WIDTH * 0.5 * SCALE)
    return {"any": True, "large": size >= 4, "small": size <= 1}[which]


@lru_cache(maxsize=4)
def networks(context, sigma, which):
    """Data and weights (50, 6) of every seed at epoch 100."""
    model, data, starts = TwoLayer(5, WIDTH, activation=sigma, bias=True), [], []
    for seed in range(SEEDS.at(context.level)):
        rng = context.rng((sigma, which, seed))
        while True:
            x = rng.uniform(-4, 2, (80, 5))
            y = (3.5 * np.sin(5 * x + 1)).sum(axis=1)
            if admitted(y.mean(), which):
                break
        data.append((x, y))
        starts.append(model.init(rng, scale=SCALE))
    x, y = map(np.array, zip(*data, strict=True))
    found = train(model, np.array(starts), (x, y[..., None]), method=Adam(), learning_rate=RATES[sigma], steps=100)
    parts = model.unpack(found.theta)
    return data, np.concatenate([parts["input_weights"], parts["input_biases"][..., None]], axis=2)


def smaller_sides(data, weights):
    """For every network the share of weights on the smaller side of the plane orthogonal to z_c."""
    shares = []
    for (x, y), rows in zip(data, weights, strict=True):
        share = (rows @ mean_input(augmented(x), centred(y)) > 0).mean()
        shares.append(min(share, 1 - share))
    return np.array(shares)


def decided(context, sigma, which, sides):
    shares = smaller_sides(*networks(context, sigma, which))
    hits = int((shares <= 0.05).sum() if sides == 1 else (shares >= 0.2).sum())
    return context.rate(hits, len(shares), what=f"{sigma}, {which} mean: {sides} direction(s)", at_least=0.9, margin=0.4)


@PUBLISHED.check("training", ["tanh"], clauses="tanh", **SETTINGS)
@false("one direction", sides=1)
def tanh(sigma, *, sides=2, context):
    """At least a fifth of the neurons on either side."""
    return worst([decided(context, sigma, "any", sides)], figures=[cosine_map(context, sigma, "any", "Cosines of weights, tanh")])


@PUBLISHED.check("training", ["large"], clauses="one", **SETTINGS)
@false("two opposite directions, as printed (s)", sides=2)
def one_direction(which, *, sides=1, context):
    """At most a twentieth of the neurons on one of the sides."""
    figure = cosine_map(context, "sigmoid", which, "Cosines of weights, sigmoid, labels with a mean")
    return worst([decided(context, "sigmoid", which, sides)], figures=[figure])


@PUBLISHED.check("training", ["small"], clauses="two", **SETTINGS)
@false("one direction, whatever the mean (s)", sides=1)
def two_directions(which, *, sides=2, context):
    """At least a fifth of the neurons on either side."""
    figure = cosine_map(context, "sigmoid", which, "Cosines of weights, sigmoid, labels of mean near 0")
    return worst([decided(context, "sigmoid", which, sides)], figures=[figure])


def cosine_map(context, sigma, which, title):
    """The cosines of the weights of the first network, neurons in the order of their cosine with the first."""
    rows = networks(context, sigma, which)[1][0]
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    units = units[np.argsort(-(units @ units[0]), kind="stable")]
    names = list(range(1, WIDTH + 1))
    opposite = bool((units @ units[0] < -0.5).any())
    alt = "A square of two dark and two light blocks: two opposite groups" if opposite else "A square of one colour: one group"
    return Figure("heatmap", title, alt, {"x": names, "y": names, "values": np.round(units @ units.T, 3).tolist()}, "neuron", "neuron")
