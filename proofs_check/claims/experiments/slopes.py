r"""The slope test: what the samples see to first order near a perfect point changes exactly at the model rank.

Wide networks trained by plain gradient descent do not recover at n = R: that is not claimed. This is crisp.
"""

from functools import partial

import numpy as np

from proofs_check import Assumption, axes, claim, false, nothing
from theory.draws import pack_known
from theory.embedding.edge_by_edge import split_edges
from theory.models import FullyConnected, TwoLayer
from theory.models.factorizations import MeasuredFactorization
from theory.rank import function_rank

from . import RECOVERY
from ._slopes import OFFSETS, TRIALS, Family, slope_rate

SLOPE = claim(
    "exp.slope",
    "Slope test: what the samples see to first order near an optimal point",
    r"\text{nearest zero-loss point to } \theta^* + \varepsilon \xi:\ \text{test error } \sim \varepsilon "
    r"\text{ for } n < R(f^*),\ O(\varepsilon^2) \text{ for } n \ge R(f^*)",
    symbols={
        r"\theta^*": "parameters of zero loss",
        r"\varepsilon": "distance, 1e-3 and 1e-4",
        r"\xi": "a normal direction",
        "n": "number of samples",
        "R(f^*)": "model rank of the target",
    },
    assumptions=[Assumption("optimal", r"R(\theta^*) = R(f^*),\ \text{well-conditioned design}")],
    kind="law",
    relation="tight",
    source=RECOVERY.at("Theorems 1 and 2 are the statement of first order; the test: ours"),
    depends_on=["rank.llr-condition", "rank.phase-transition-ae"],
    refuted_by="A family where the slope changes at another sample size.",
    notes="Factorizations, two-layer and deep networks; the published architectures are in exp.tanh.",
)


def neurons(model, k, spare, batch, rng):
    """Points (batch, P) with k normal neurons, the others "copies" that share output weights, or "idle" with output weight 0."""
    w = rng.normal(size=(batch, model.width, model.inputs))
    w *= 1.5 / np.linalg.norm(w, axis=2, keepdims=True)
    b, a = 0.7 * rng.normal(size=(batch, model.width)), rng.uniform(0.5, 1.5, (batch, 1, model.width))
    if spare == "idle":
        a[:, :, k:] = 0
    else:
        copied = np.append(np.arange(k), np.arange(k, model.width) % k)
        w, b = w[:, copied], b[:, copied]
    return pack_known(model, input_weights=w, input_biases=b, output_weights=a)


def factor_points(model, r, batch, rng):
    """Balanced factors of rank r, padded by zeros: the optimal stratum."""
    left, right = np.zeros((batch, model.d1, model.width)), np.zeros((batch, model.width, model.d2))
    left[:, :, :r], right[:, :r] = rng.normal(size=(batch, model.d1, r)), rng.normal(size=(batch, r, model.d2))
    return model.pack(left=left, right=right)


def deep_points(narrow, wide, batch, rng):
    """Points of a deep network reached from a normal narrow one by proportional splits."""
    points = []
    for _ in range(batch):
        model, theta = narrow, 1.2 * rng.normal(size=narrow.n_params)
        for layer in range(1, narrow.depth):
            for neuron in range(wide.widths[layer] - narrow.widths[layer]):
                model, theta = split_edges(model, theta, layer, neuron, rng.uniform(0.3, 0.7))
        points.append(theta)
    return np.array(points)


def families(spare="copies"):
    """Factorizations, two-layer and deep networks, by name; ``spare`` neurons of two-layer networks are optimal as "copies"."""
    found = {}
    for r in (1, 2, 3):
        model = MeasuredFactorization(4, 4, 4)
        # 16 measurements see all of a 4 x 4 matrix
        found[f"4 x 4 matrix of rank {r}"] = Family(model, partial(factor_points, model, r), function_rank(r, 4, 4), tries=20, most=16)
    for d, k, bias in ((1, 1, False), (2, 1, False), (2, 2, True), (3, 2, False), (5, 1, False)):
        model = TwoLayer(d, k + 2, bias=bias)
        label = f"{k} tanh neuron{'s' * (k > 1)} on {d} inputs{' with bias' * bias}"
        found[label] = Family(model, partial(neurons, model, k, spare), k * (d + 1 + bias), tries=40)
    narrow, wide = FullyConnected((2, 2, 2, 1), bias=False), FullyConnected((2, 4, 4, 1), bias=False)
    found["deep [2,2,2,1] in [2,4,4,1]"] = Family(wide, partial(deep_points, narrow, wide), narrow.n_params, tries=300, spare=10)
    return found


FAMILIES = families()


@SLOPE.check(
    "training",
    nothing,
    axes(
        family=tuple(FAMILIES),
        offset=OFFSETS,
        trials=TRIALS,
        where=lambda family, offset: FAMILIES[family].rank + offset <= FAMILIES[family].most,
    ),
    alpha=1e-5,
    distribution="best of 20 to 300 normal designs for each point; minimum-norm Gauss-Newton",
)
@false("one sample later", size=lambda rank: rank + 1)
@false("one sample earlier", size=lambda rank: rank - 1)
def slopes(cell, _, *, size=lambda rank: rank, known=FAMILIES, context):
    """At n = R + offset: the rate of slope one below the rank, of slope two or no error from it on."""
    family = known[cell.family]
    n = size(family.rank) + cell.offset
    return slope_rate(context, context.rng(cell), family, n, cell.trials, below=cell.offset < 0, what=cell.family)


SLOPE.without("optimal", slopes, known=families("idle"))
