"""The least rank at which shared kernels make given neurons.

A kernel that is present costs its own slopes, and each of its neurons costs one, used or not; kernels that are translates of
one another share neurons. So the rank is |neurons of all kernels| + kernels * slopes, least over the sets of kernels that make
what is needed. No other point does better: where the output vectors of some kernels are linearly dependent, one of them can
hand its share to the others. The theorems for kernels without translates are the case of one choice a kernel (ours; they are
2406.18035v1, Theorems 6 and 7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import combinations, product
from typing import Any

import numpy as np

from theory.draws import pack_known
from theory.models import TwoLayerCNN

#: The inputs that a neuron sees with non-zero weight.
Support = tuple[int, ...]


def kernel_costs(model: TwoLayerCNN, neurons: Iterable[Sequence[Any]], slopes: int) -> dict[int, int]:
    """{m: least cost with m kernels} of making ``neurons`` (w on all inputs, b), distinct up to sign, w != 0.

    ``slopes`` is the number of input parameters of a kernel. More kernels than necessary are listed where they lower the cost.
    """
    alike: dict[tuple, set[Support]] = defaultdict(set)  # neurons of translated kernels have the same non-zero weights and bias
    for *w, b in neurons:
        alike[tuple(filter(None, w)), b].add(tuple(j for j, value in enumerate(w) if value))
    making = lambda needed: {support: _kernels_making(model, support) for support in needed}
    return least_sums(cover_costs(needed, making(needed), slopes) for needed in alike.values())


def _kernels_making(model: TwoLayerCNN, support: Support) -> list[frozenset[Support]]:
    """All neurons of every kernel that makes the neuron on ``support`` at some position."""
    wanted = set(support)
    entries = {tuple(np.flatnonzero(np.isin(patch, support))) for patch in model.patches if wanted <= set(patch.tolist())}
    return [frozenset(map(tuple, model.patches[:, own].tolist())) for own in sorted(entries)]


def cover_costs(needed: Set[Any], makers: Mapping[Any, Sequence[frozenset]], price: int) -> dict[int, int]:
    """{m: least |union| + m price} over the covers of ``needed`` by m sets, those that hold x in ``makers[x]``; as far as m lowers it."""
    best: dict[int, int] = {}

    def search(missing: Set[Any], made: frozenset, used: int) -> None:
        cost = len(made) + used * price
        if any(m <= used and known <= cost for m, known in best.items()):
            return
        if not missing:
            best[used] = cost
            return
        for kernel in makers[min(missing, key=lambda one: len(makers[one]))]:
            search(missing - kernel, made | kernel, used + 1)

    search(needed, frozenset(), 0)
    return {m: cost for m, cost in best.items() if all(cost < known for fewer, known in best.items() if fewer < m)}


def least_sums(tables: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """{m: least sum of one cost from every table {m_i: cost}, where the m_i add up to m}."""
    total = {0: 0}
    for table in tables:
        sums = defaultdict(list)
        for (m, cost), (more, extra) in product(total.items(), table.items()):
            sums[m + more].append(cost + extra)
        total = {m: min(costs) for m, costs in sums.items()}
    return total


def representatives(model: TwoLayerCNN, outputs: Mapping[tuple, Any], rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Points of ``model`` with f = sum of outputs[w, b] sigma(w . x + b), one for every choice of kernels that can make f.

    The keys are the neurons of :func:`theory.rank.merged_neurons`, w != 0. Neurons that several kernels make are shared out at
    random, also where they cancel; an output bias is 0.
    """
    entries = lambda w: [patch for patch in model.patches.tolist() if set(np.flatnonzero(w)) <= set(patch)]
    kernels = dict.fromkeys((tuple(w[j] for j in patch), b) for *w, b in outputs for patch in entries(w))
    for chosen in (some for m in range(1, model.kernels + 1) for some in combinations(kernels, m)):
        places = defaultdict(list)
        for (l, (kernel, b)), (q, patch) in product(enumerate(chosen), enumerate(model.patches.tolist())):
            seen = dict(zip(patch, kernel, strict=True))
            places[*(seen.get(j, 0) for j in range(model.input_size)), b].append((l, q))
        if not outputs.keys() <= places.keys():
            continue
        weights = np.zeros((model.kernels, len(model.patches)), object)
        for neuron, at in places.items():
            shares = rng.integers(-2, 3, len(at)) * rng.integers(2)
            rest = int(rng.integers(len(at)))
            for i, place in enumerate(at):
                weights[place] = int(shares[i]) if i != rest else outputs.get(neuron, 0) - int(shares.sum() - shares[rest])
        idle = model.kernels - len(chosen)
        parts = {"kernels": [kernel for kernel, _ in chosen] + [(0,) * model.patches.shape[1]] * idle, "output_weights": weights}
        yield pack_known(model, **parts, biases=[b for _, b in chosen] + [0] * idle, output_bias=[0])
