"""Three architectures for one target: how their ranks stand as output weights vanish."""

from functools import cache

import numpy as np

from numerics.rank import model_rank
from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.models import TwoLayerCNN
from theory.rank.convolution import ARCHITECTURES, draw_target

NAMES = dict(zip(ARCHITECTURES, ("CNN", "NS", "FNN"), strict=True))


@cache
def by_zeros(d: int = 5, s: int = 3, k: int = 2) -> Figure:
    """Certified ranks at the representatives of least rank of targets with 0, 1, ... vanishing output weights."""
    model = TwoLayerCNN(d, s, k)
    zeros = list(range(k * (d - s + 1) - k + 1))
    drawn = {}
    for one, name in NAMES.items():
        targets = [draw_target(model, np.random.default_rng(count), zeros=count) for count in zeros]
        drawn[name] = zeros, [model_rank(*target.realize(one, prune=True, spare=1)).lower for target in targets]
    return curves(
        f"Least ranks of one target in three architectures, d = {d}, s = {s}, k = {k}",
        "Ranks against the number of vanishing output weights: level for the shared network, falling for the two others, which cross it "
        "or come near it.",
        drawn,
        "vanishing output weights",
        "certified model rank",
    )
