"""The preference digraph of limit points, regularization/acyclic.v, and what gradient flow conserves, regularization/balance.v."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, integer, listed, numbers, rationals


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


BALANCE = ("common/integers.v", "common/matrices.v", "regularization/balance_evaluation.v")


def _vector(values: Any) -> str:
    return f"(fun i => nth 0%zz {listed(values)} i : ZZ)"


def _matrix(values: Any) -> str:
    return f"(fun i j => nth 0%zz (nth [::] {listed(values)} i) j : ZZ)"


def _descent(model: Any, theta: np.ndarray, data: Any) -> Any:
    """The negative gradient of the sum of (f - y)^2."""
    from numerics.arithmetic.exact import fraction
    from numerics.hessian import gradient

    return -np.frompyfunc(fraction, 1, 1)(gradient(model, theta, data, weights=[1] * len(data[0])))


def balance(rng: np.random.Generator) -> list[Comparison]:
    """Velocities of a_j and w_j under z^3 and the square loss, and the balance of a neuron, at whole numbers."""
    from theory.models import TwoLayer
    from theory.regularization.regularizers import balance as ours

    rows = []
    for inputs, neurons, samples in ((1, 1, 1), (2, 2, 3)):
        model: Any = TwoLayer(inputs, neurons, activation="power:3")
        index = model.unpack(np.arange(model.n_params))
        theta = rationals(rng.integers(-2, 3, model.n_params))
        x, y = rationals(rng.integers(-2, 3, (samples, inputs))), rationals(rng.integers(-2, 3, (samples, 1)))
        a, w = theta[index["output_weights"]].ravel(), theta[index["input_weights"]]
        velocity = _descent(model, theta, (x, y))
        loss = f"(fun (i : nat) (f : ZZ) => ((2%zz : ZZ) * (f - (nth 0%zz {listed(y[:, 0])} i : ZZ)))%R)"
        at = f"{samples} {inputs}"
        given = f"{_matrix(x)} {loss} {_vector(a)} {_matrix(w)}"
        what = f"{neurons} neurons, {inputs} inputs, {samples} samples"
        term = f"[seq (xvelocity_a {neurons} {at} cube {given} j : Z) | j <- iota 0 {neurons}]"
        rows.append((f"velocity of a, {what}", term, velocity[index["output_weights"]].ravel()))
        term = f"[seq [seq (xvelocity_w {neurons} {at} cube cube' {given} j c : Z) | c <- iota 0 {inputs}] | j <- iota 0 {neurons}]"
        rows.append((f"velocity of w, {what}", term, velocity[index["input_weights"]]))
        term = f"xbalance {inputs} ({integer(3)} : ZZ) ({integer(a[0])} : ZZ) {_vector(w[0])} : Z"
        rows.append((f"balance, {what}", term, ours(3, a[0], w[0])))
    return compare(BALANCE, rows)


def layers(rng: np.random.Generator) -> list[Comparison]:
    """Velocities of two layers of a linear network with one layer above and one below, and their balance, at whole numbers."""
    from theory.embedding.wiring import layers as places
    from theory.models import FullyConnected

    rows = []
    for widths in ((2, 1, 2, 2, 1), (1, 2, 1, 2, 2)):
        model: Any = FullyConnected(widths, activation="identity", bias=False)
        theta = rationals(rng.integers(-2, 3, model.n_params))
        x, y = rationals(rng.integers(-2, 3, (2, widths[0]))), rationals(rng.integers(-2, 3, (2, widths[-1])))
        indices = [weights for weights, _ in places(model)]
        below, lower, upper, above = (theta[weights] for weights in indices)
        slope = 2 * (model(theta, x) - y).T @ x
        velocity = _descent(model, theta, (x, y))
        t, s, r, q, p = widths
        U, A, E, V, W = map(_matrix, (above, below, slope, upper, lower))
        rows.append(
            (
                f"velocity of the upper layer, {widths}",
                f"rows {q} {r} (xabove {p} {s} {t} {U} {A} {E} {W}) : seq (seq Z)",
                velocity[indices[2]],
            )
        )
        rows.append(
            (
                f"velocity of the lower layer, {widths}",
                f"rows {r} {s} (xbelow {p} {q} {t} {U} {A} {E} {V}) : seq (seq Z)",
                velocity[indices[1]],
            )
        )
        rows.append(
            (f"balance, {widths}", f"rows {r} {r} (xlayers_balance {q} {s} {V} {W}) : seq (seq Z)", upper.T @ upper - lower @ lower.T)
        )
    return compare(BALANCE, rows)
