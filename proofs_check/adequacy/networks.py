"""Two-layer networks at a point: networks/*.v, and samples of any model: rank/*.v."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, listed, rationals
from theory.models import TwoLayer
from theory.rank import two_layer_function_rank, two_layer_rank, two_layer_strata

FILES = ("common/integers.v", "common/matrices.v", "networks/evaluation.v")


def two_layer(rng: np.random.Generator) -> list[Comparison]:
    """Outputs and tangent functions at integer weights (sigma = z^3), and R with its classes at drawn ones: zero, equal and opposite."""
    from numerics.derivatives.tape import tangents

    rows = []
    for inputs, width, weights in ((1, 2, 1), (2, 3, 2), (2, 5, 2), (3, 4, 3)):
        vectors = rationals(rng.integers(-2, 3, (weights, inputs)))
        while len({tuple(v) for v in (*vectors, *-vectors)}) < 2 * weights:  # distinct up to sign, none zero
            vectors = rationals(rng.integers(-2, 3, (weights, inputs)))
        classes = [None if k == weights else int(k) for k in rng.integers(0, weights + 1, width)]
        signs, a = rng.integers(0, 2, width).astype(bool), rationals(rng.integers(-1, 2, width))
        w = np.array([[Fraction(0)] * inputs if c is None else (-1) ** int(s) * vectors[c] for c, s in zip(classes, signs, strict=True)])
        x = rationals(rng.integers(-2, 3, inputs))
        model = TwoLayer(inputs, width, activation="power:3")
        theta = model.pack(input_weights=w, output_weights=a[None])
        output, tangent = tangents(model, theta, x[None])
        parts = model.unpack(tangent[0, 0])
        ours = [*parts["output_weights"].ravel(), *parts["input_weights"].ravel()]

        cl = "(fun k => nth None [:: " + "; ".join("None" if c is None else f"Some {c}%N" for c in classes) + "] k)"
        sg = "(fun k => nth false [:: " + "; ".join(str(bool(s)).lower() for s in signs) + "] k)"
        table = f"(fun c t => nth 0%zz (nth [::] {listed(vectors)} c) t : ZZ)"
        weight = f"(@weight_over ZZ {weights} {table} {cl} {sg})"
        out = f"(fun k => nth 0%zz {listed(a)} k : ZZ)"
        point = f"(fun t => nth 0%zz {listed(x)} t : ZZ)"
        what = f"d = {inputs}, m = {width}"
        rows.append((f"f, {what}", f"xnet {inputs} {width} cube {weight} {out} {point} : Z", output[0, 0]))
        rows.append((f"tangent functions, {what}", f"xtangents {inputs} {width} cube cube' {weight} {out} {point} : seq Z", ours))
        silent = "(fun k => nth false [:: " + "; ".join(str(value == 0).lower() for value in a) + "] k)"
        counts = two_layer_strata(TwoLayer(inputs, width), theta)
        found = two_layer_rank(inputs, **counts)
        term = f"(xclasses {weights} {width} {cl} + {inputs} * xactive {weights} {width} {cl} {silent})%N"
        rows.append((f"R, {what}, classes {classes}", term, found))
    for inputs in (1, 2, 3):
        for k in range(4):
            rows.append((f"R(f), d = {inputs}, k = {k}", f"({k} * {inputs}.+1)%N", two_layer_function_rank(inputs, k)))
    return compare(FILES, rows)


def samples(rng: np.random.Generator) -> list[Comparison]:
    """Combinations of tangent functions and empirical tangent matrices of drawn matrix factorizations on drawn entries."""
    from numerics.derivatives.tape import tangents
    from theory.models import MatrixFactorization

    rows = []
    for d1, d2, width in ((2, 2, 1), (2, 3, 2)):
        model = MatrixFactorization(d1, d2, width)
        theta, a = (rationals(rng.integers(-3, 4, model.n_params)) for _ in range(2))
        entries = model.entries()
        table = tangents(model, theta, entries)[1][:, 0]  # (entries, parameters)
        chosen = rng.integers(0, d1 * d2, 4).tolist()
        g = f"(fun i x => nth 0%zz (nth [::] {listed(table.T)} i) x : ZZ)"
        places = "(fun j => nth 0%N [:: " + "; ".join(f"{c}%N" for c in chosen) + "] j)"
        term = f"xempirical {model.n_params} {len(chosen)} {g} {places} : seq (seq Z)"
        rows.append((f"empirical tangent matrix, {d1} x {d2}", term, tangents(model, theta, entries[chosen])[1][:, 0].T))
        coefficients = f"(fun i => nth 0%zz {listed(a)} i : ZZ)"
        values = "[:: " + "; ".join(f"(xcombine {model.n_params} {g} {coefficients} {x} : Z)" for x in range(d1 * d2)) + "]"
        rows.append((f"a tangent function, {d1} x {d2}", values, table @ a))
    return compare(["common/integers.v", "common/matrices.v", "rank/evaluation.v"], rows)
