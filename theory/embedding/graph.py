"""Architectures as nodes, one-step embeddings as edges; K-step embeddings are the paths."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

from theory.embedding.affine import Embedding, compose, identity
from theory.embedding.onestep import null, split
from theory.models import AbstractNetwork

if TYPE_CHECKING:
    import networkx


def is_wider(wide: Sequence[int], narrow: Sequence[int]) -> bool:
    """Whether widths (inputs, hidden ..., outputs) are K-neuron wider, K >= 1: equal depth and ends, no layer narrower."""
    if len(wide) != len(narrow) or (wide[0], wide[-1]) != (narrow[0], narrow[-1]):
        return False
    return all(a >= b for a, b in zip(wide, narrow, strict=True)) and tuple(wide) != tuple(narrow)


def architecture_graph(narrow: Sequence[int], wide: Sequence[int]) -> networkx.DiGraph:
    """All widths between ``narrow`` and ``wide`` (inputs, hidden ..., outputs), an edge with its ``layer`` for every added neuron.

    Raises ValueError unless ``wide`` is wider.
    """
    import networkx

    if not is_wider(wide, narrow):
        raise ValueError(f"wide must be of the same depth, inputs and outputs and nowhere narrower than {tuple(narrow)}, got {tuple(wide)}")
    graph = networkx.DiGraph()
    for node in product(*(range(a, b + 1) for a, b in zip(narrow, wide, strict=True))):
        graph.add_node(node)
        for layer, width in enumerate(node):
            if width < wide[layer]:
                graph.add_edge(node, (*node[:layer], width + 1, *node[layer + 1 :]), layer=layer)
    return graph


def count_paths(narrow: Sequence[int], wide: Sequence[int]) -> int:
    """Orders in which neurons can be added: the multinomial coefficient K! / (K_1! ... K_(L-1)!)."""
    added = [b - a for a, b in zip(narrow, wide, strict=True)]
    return math.factorial(sum(added)) // math.prod(math.factorial(k) for k in added)


def embed_along(model: AbstractNetwork, steps: Iterable[tuple]) -> Embedding:
    """The composition of one-step embeddings ("split", layer, neuron, alpha) and ("null", layer, bias) on the growing model."""
    eye = identity(model.n_params)
    whole = Embedding(model, model, {}, lambda: eye, lambda: eye)
    return reduce(lambda found, step: compose(found, one_step(found.wide, step)), steps, whole)


def one_step(model: AbstractNetwork, step: tuple[Any, ...]) -> Embedding:
    """The one-step embedding that ``step`` names."""
    kind, *place = step
    if kind not in ("split", "null"):
        raise ValueError(f"a step must be ('split', layer, neuron, alpha) or ('null', layer, bias), got {step!r}")
    return split(model, *place) if kind == "split" else null(model, *place)
