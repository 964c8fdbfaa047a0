"""The preference digraph of limit points: regularization/acyclic.v."""

from __future__ import annotations

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, numbers


def preferences(rng: np.random.Generator) -> list[Comparison]:
    """The edges of drawn families of data sets, against the membership digraph, and which of them are acyclic."""
    from theory.regularization.criterion import membership_digraph, strict_exists

    rows = []
    for sets, points in ((2, 2), (3, 3), (4, 3), (4, 5)):
        for _ in range(3):
            limits = rng.integers(0, points, sets).tolist()
            members = [sorted({limit, *rng.choice(points, size=rng.integers(0, points), replace=False).tolist()}) for limit in limits]
            graph = membership_digraph(limits, members)
            ours = [[graph.has_edge(limits[i], limits[j]) for j in range(sets)] for i in range(sets)]
            minima = "[:: " + "; ".join(numbers(member) for member in members) + "]"
            family = f"{sets} (fun k q => q \\in nth [::] {minima} k) (fun k => nth 0 {numbers(limits)} k)"
            rows.append((f"limits {limits}, minima {members}", f"preference_digraph {family}", ours))
            rows.append((f"limits {limits}, minima {members}: acyclic", f"xacyclic {family}", strict_exists(graph)))
    return compare("regularization/evaluation.v", rows)
