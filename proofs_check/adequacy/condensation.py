"""Parallel neurons: condensation/merging.v, at whole numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, listed, rationals

FILES = ("common/integers.v", "common/matrices.v", "condensation/evaluation.v")


def _entries(values: Any) -> str:
    return f"(entry {listed(values)})"


def parallel_neurons(rng: np.random.Generator) -> list[Comparison]:
    """Outputs of networks whose neurons have the input weights l_j u, times the denominator of the slope, and the merged output weight."""
    from theory.embedding.parallel import outgoing_factor
    from theory.models import TwoLayer

    rows = []
    for sigma, (p, q) in (("relu", (0, 1)), ("leaky", (1, 2))):
        for neurons, inputs in ((1, 1), (2, 3), (3, 2)):
            model: Any = TwoLayer(inputs, neurons, activation=sigma)
            a, u, x = (rationals(rng.integers(-3, 4, size)) for size in (neurons, inputs, inputs))
            l = rationals(rng.integers(1, 4, neurons))
            theta = rationals(np.zeros(model.n_params))
            index = model.unpack(np.arange(model.n_params))
            theta[index["input_weights"]] = np.outer(l, u)
            theta[index["output_weights"]] = a[None]
            what = f"{neurons} neurons, {inputs} inputs, {sigma}"
            arguments = " ".join(map(_entries, (a, l, u, x)))
            term = f"shown (xparallel {neurons} {inputs} (xleaky {_whole(p)} {_whole(q)}) {arguments})"
            rows.append((f"q times the output, {what}", term, q * model(theta, x[None])[0, 0]))
            weight = sum((a[j] * outgoing_factor(model.activation, l[j]) for j in range(neurons)), start=Fraction(0))
            rows.append((f"the merged weight, {what}", f"shown (xweight {neurons} {_entries(a)} {_entries(l)})", weight))
    return compare(FILES, rows)


def _whole(value: int) -> str:
    return f"(Posz {value})"
