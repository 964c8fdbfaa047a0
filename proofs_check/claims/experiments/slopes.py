r"""The slope test: what the samples see to first order near a perfect point changes exactly at the model rank.

Wide networks trained by plain gradient descent do not recover at n = R: that is not claimed. This is crisp.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Claim, Source
from proofs_check.claims._papers import LOCAL_RECOVERY
from proofs_check.claims.experiments._slopes import Family, slopes
from theory.draws import pack_known
from theory.embedding.edge_by_edge import split_edges
from theory.models import FullyConnected, TwoLayer
from theory.models.factorizations import MeasuredFactorization
from theory.rank import function_rank


def split_points(model: TwoLayer, k: int, batch: int, rng) -> np.ndarray:
    """k normal neurons; the others are copies that share output weights."""
    w = rng.normal(size=(batch, model.width, model.inputs))
    w *= 1.5 / np.linalg.norm(w, axis=2, keepdims=True)
    b, a = 0.7 * rng.normal(size=(batch, model.width)), rng.uniform(0.5, 1.5, (batch, 1, model.width))
    copied = np.append(np.arange(k), np.arange(k, model.width) % k)
    return pack_known(model, input_weights=w[:, copied], input_biases=b[:, copied], output_weights=a)


def factor_points(model: MeasuredFactorization, r: int, batch: int, rng) -> np.ndarray:
    """Balanced factors of rank r, padded by zeros: the optimal stratum."""
    left, right = np.zeros((batch, model.d1, model.width)), np.zeros((batch, model.width, model.d2))
    left[:, :, :r], right[:, :r] = rng.normal(size=(batch, model.d1, r)), rng.normal(size=(batch, r, model.d2))
    return model.pack(left=left, right=right)


def deep_points(narrow: FullyConnected, wide: FullyConnected, batch: int, rng) -> np.ndarray:
    """Points of a deep network reached from a normal narrow one by proportional splits."""
    points = []
    for _ in range(batch):
        model, theta = narrow, 1.2 * rng.normal(size=narrow.n_params)
        for layer in range(1, narrow.depth):
            for neuron in range(wide.widths[layer] - narrow.widths[layer]):
                model, theta = split_edges(model, theta, layer, neuron, rng.uniform(0.3, 0.7))
        points.append(theta)
    return np.array(points)


def families() -> dict[str, Family]:
    """Factorizations, two-layer and deep networks."""
    found = {}
    for r in (1, 2, 3):
        model = MeasuredFactorization(4, 4, 4)
        points = lambda batch, rng, model=model, r=r: factor_points(model, r, batch, rng)
        # 16 measurements see all of a 4 x 4 matrix
        found[f"4 x 4 matrix of rank {r}"] = Family(r - 1, model, points, function_rank(r, 4, 4), tries=20, most=16)
    for number, (d, k, bias) in enumerate(((1, 1, False), (2, 1, False), (2, 2, True), (3, 2, False), (5, 1, False)), 3):
        model = TwoLayer(d, k + 2, bias=bias)
        points = lambda batch, rng, model=model, k=k: split_points(model, k, batch, rng)
        label = f"{k} tanh neuron{'s' * (k > 1)} on {d} inputs{' with bias' * bias}"
        found[label] = Family(number, model, points, k * (d + 1 + bias), tries=40)
    narrow, wide = FullyConnected((2, 2, 2, 1), bias=False), FullyConnected((2, 4, 4, 1), bias=False)
    points = lambda batch, rng: deep_points(narrow, wide, batch, rng)
    found["deep [2,2,2,1] in [2,4,4,1]"] = Family(11, wide, points, narrow.n_params, tries=300, spare=10)
    return found


CLAIMS = [
    Claim(
        id="exp.slope",
        title="Slope test: what the samples see to first order near an optimal point",
        kind="law",
        relation="tight",
        statement=r"\text{nearest zero-loss point to } \theta^* + \varepsilon \xi:\ \text{test error } \sim \varepsilon "
        r"\text{ for } n < R(f^*),"
        r"\ O(\varepsilon^2) \text{ for } n \ge R(f^*)",
        assumptions=[Assumption("optimal", r"R(\theta^*) = R(f^*),\ \text{well-conditioned design}")],
        source=Source(LOCAL_RECOVERY, "Theorems 1 and 2 are the statement of first order; the test: ours"),
        depends_on=["rank.llr-condition", "rank.phase-transition-ae"],
        refuted_by="A family where the slope changes at another sample size.",
        notes="Factorizations, two-layer and deep networks; the published architectures are in exp.tanh.",
        checks=[
            slopes(
                families,
                scope="4 x 4 matrices of rank 1 to 3 by generic measurements, five two-layer tanh families, a deep one; n = "
                "R - 1, R (quick), R + 1",
                distribution="60 (quick), 120, 300 points, best of 20 to 300 normal designs each; minimum-norm Gauss-Newton",
            ),
        ],
    ),
]
