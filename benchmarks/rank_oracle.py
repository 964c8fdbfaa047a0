"""Certified ranks against brute force: ``python benchmarks/rank_oracle.py [--count 1000] [--seed 0]``.

Small configurations of every family and every activation, special points included (zeros, copies, parallel, dead, saturated). The brute
force shares no code with the ladder: forward formulas and derivatives are written out below, for mpmath's numbers at 400 digits, and the
rank is that of an elimination with complete pivoting, believed only where its pivots leave a gap of 80 digits.

Prints the tables of results/rank_oracle.md; ``--part 1/4 --out FILE`` and ``--merge FILE ...`` do it in pieces. Ends with an error where
a bound is wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

from numerics.rank import model_rank
from theory.models import (
    CPFactorization,
    DeepFactorization,
    FullyConnected,
    MatrixFactorization,
    SymmetricFactorization,
    TwoLayer,
    TwoLayerCNN,
)
from theory.models.pooling import PooledCNN
from theory.models.toy import DeepDiagonal, PowerModel, ProductModel, RedundantModel, SquareDifference

mp.dps = 400
number = mpf
#: Pivots above the first count, below the second are zero; between them the brute force decides nothing.
COUNTED, ZERO = number(10) ** -250, number(10) ** -330

# ------------------------------------------------------------------------------------------ activations, written out

SIGMAS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (mp.tanh, lambda z: 1 / mp.cosh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + mp.exp(-z)), lambda z: 1 / (mp.exp(z / 2) + mp.exp(-z / 2)) ** 2),
    "softplus": (lambda z: mp.log1p(mp.exp(z)), lambda z: 1 / (1 + mp.exp(-z))),
    "gelu": (lambda z: z * mp.ncdf(z), lambda z: mp.ncdf(z) + z * mp.npdf(z)),
    "silu": (lambda z: z / (1 + mp.exp(-z)), lambda z: (1 + mp.exp(-z) + z * mp.exp(-z)) / (1 + mp.exp(-z)) ** 2),
    "exp": (mp.exp, mp.exp),
    "erf": (mp.erf, lambda z: 2 / mp.sqrt(mp.pi) * mp.exp(-z * z)),
    "atan": (mp.atan, lambda z: 1 / (1 + z * z)),
    "sin": (mp.sin, mp.cos),
    "cos": (mp.cos, lambda z: -mp.sin(z)),
    "ratsig4": (lambda z: z / (1 + z**4), lambda z: (1 - 3 * z**4) / (1 + z**4) ** 2),
    "ratsig": (lambda z: z / (1 + z**2), lambda z: (1 - z**2) / (1 + z**2) ** 2),
    "lorentz": (lambda z: 1 / (1 + z**2), lambda z: -2 * z / (1 + z**2) ** 2),
    "relu": (lambda z: max(z, number(0)), lambda z: number(z > 0)),
    "leaky": (lambda z: z if z > 0 else z / 2, lambda z: number(1) if z > 0 else number(1) / 2),
    "hinge3": (lambda z: z + z**3 if z > 0 else z, lambda z: 1 + 3 * z**2 if z > 0 else number(1)),
    "hardtanh": (lambda z: min(max(z, number(-1)), number(1)), lambda z: number(-1 < z <= 1)),
    "identity": (lambda z: z, lambda z: number(1)),
    "power:2": (lambda z: z**2, lambda z: 2 * z),
    "power:3": (lambda z: z**3, lambda z: 3 * z**2),
}
#: Where the pieces meet.
KINKS = {"relu": (0,), "leaky": (0,), "hinge3": (0,), "hardtanh": (-1, 1)}

Rows = list[list[Any]]


# --------------------------------------------------------------------------------------------- tangents, written out


@dataclass(frozen=True)
class Wiring:
    """A network for the brute force: for every layer and neuron {place below: parameter} and the parameter of its bias, or None."""

    layers: list[list[tuple[dict[int, int], int | None]]]
    sigma: str
    inputs: int
    parameters: int


def network_rows(wiring: Wiring, theta: Sequence[Any], x: Sequence[Any]) -> Rows:
    """The tangents at one sample, a row for every output: forward, then backward, parameter by parameter."""
    value, slope = SIGMAS[wiring.sigma]
    held, passes = [list(x)], []
    for l, layer in enumerate(wiring.layers):
        z = [
            sum((theta[k] * held[-1][j] for j, k in weights.items()), theta[bias] if bias is not None else number(0))
            for weights, bias in layer
        ]
        last = l == len(wiring.layers) - 1
        held.append(z if last else [value(one) for one in z])
        passes.append([number(1) if last else slope(one) for one in z])
    rows = []
    for t in range(len(wiring.layers[-1])):
        row = [number(0)] * wiring.parameters
        error = {t: number(1)}
        for l in range(len(wiring.layers) - 1, -1, -1):
            below: dict[int, Any] = defaultdict(lambda: number(0))
            for i, e in error.items():
                through = e * passes[l][i]
                weights, bias = wiring.layers[l][i]
                for j, k in weights.items():
                    row[k] += through * held[l][j]
                    below[j] += through * theta[k]
                if bias is not None:
                    row[bias] += through
            error = below
        rows.append(row)
    return rows


def dense(sizes: Sequence[int], hidden_bias: bool, output_bias: bool, sigma: str) -> Wiring:
    """Weights of a layer row by row, then its biases."""
    layers, place = [], 0
    for l, (below, above) in enumerate(zip(sizes, sizes[1:], strict=False)):
        weights = [{j: place + i * below + j for j in range(below)} for i in range(above)]
        place += below * above
        biased = output_bias if l == len(sizes) - 2 else hidden_bias
        layers.append([(weights[i], place + i if biased else None) for i in range(above)])
        place += above * biased
    return Wiring(layers, sigma, sizes[0], place)


def convolution(inputs: int, kernel: int, kernels: int, sigma: str, sharing: bool, bias: bool, pooled: bool) -> Wiring:
    """One dimension, stride 1: kernels, their biases, output weights by kernel and position (pooled: by kernel)."""
    positions = inputs - kernel + 1
    copies = 1 if sharing else positions
    biases = kernels * copies * kernel
    outputs = biases + kernels * copies * bias
    hidden, last = [], {}
    for l in range(kernels):
        for p in range(positions):
            own = l * copies + (0 if sharing else p)
            hidden.append(({p + s: own * kernel + s for s in range(kernel)}, biases + own if bias else None))
            last[len(hidden) - 1] = outputs + (l if pooled else l * positions + p)
    return Wiring([hidden, [(last, None)]], sigma, inputs, outputs + kernels * (1 if pooled else positions))


def product_of(matrices: Sequence[Rows], size: int) -> Rows:
    total = [[number(i == j) for j in range(size)] for i in range(size)]
    for matrix in matrices:
        total = [[sum((row[k] * matrix[k][j] for k in range(len(matrix))), number(0)) for j in range(len(matrix[0]))] for row in total]
    return total


def cut(theta: Sequence[Any], shapes: Sequence[tuple[int, int]]) -> list[Rows]:
    matrices, place = [], 0
    for rows, columns in shapes:
        matrices.append([list(theta[place + i * columns : place + (i + 1) * columns]) for i in range(rows)])
        place += rows * columns
    return matrices


def chain_columns(sizes: Sequence[int], theta: Sequence[Any]) -> Rows:
    """For every entry of every factor the derivative of the product: a column of what stands left times a row of what stands right."""
    factors, columns = cut(theta, list(zip(sizes, sizes[1:], strict=False))), []
    for k in range(len(factors)):
        left, right = product_of(factors[:k], sizes[0]), product_of(factors[k + 1 :], sizes[k + 1])
        for i in range(sizes[k]):
            for j in range(sizes[k + 1]):
                columns.append([row[i] * entry for row in left for entry in right[j]])
    return columns


def symmetric_columns(size: int, width: int, theta: Sequence[Any]) -> Rows:
    (A,) = cut(theta, [(size, width)])
    unit = lambda i, t: number(i == t)
    return [
        [unit(a, i) * A[b][j] + A[a][j] * unit(b, i) for a in range(size) for b in range(size)] for i in range(size) for j in range(width)
    ]


def tensor_columns(sizes: Sequence[int], components: int, theta: Sequence[Any]) -> Rows:
    factors, columns = cut(theta, [(components, size) for size in sizes]), []
    for k, size in enumerate(sizes):
        for t in range(components):
            for j in range(size):
                vectors = [[number(i == j) for i in range(size)] if m == k else factors[m][t] for m in range(len(sizes))]
                entries = [number(1)]
                for vector in vectors:
                    entries = [entry * v for entry in entries for v in vector]
                columns.append(entries)
    return columns


def toy_columns(kind: str, size: int, depth: int, theta: Sequence[Any]) -> Rows:
    """The derivative of (constant, slopes) by every parameter."""
    unit = lambda j, n: [number(i == j) for i in range(n)]
    scaled = lambda factor, column: [factor * entry for entry in column]
    match kind:
        case "product":
            return [unit(0, 3), unit(1, 3), scaled(theta[3], unit(2, 3)), scaled(theta[2], unit(2, 3))]
        case "redundant":
            return [[number(1)], [depth * theta[1] ** (depth - 1)]]
        case "power":
            return [[depth * theta[0] ** (depth - 1)]]
        case "squares":
            return [scaled((2 if l == 0 else -2) * theta[l * size + j], unit(j, size)) for l in range(2) for j in range(size)]
    columns = []
    for l in range(depth):
        for j in range(size):
            others = number(1)
            for m in range(depth):
                others *= theta[m * size + j] if m != l else 1
            columns.append(scaled(others, unit(j, size)))
    return columns


# ---------------------------------------------------------------------------------------------------- rank, brute force


def eliminated(rows: Rows) -> int | None:
    """The number of pivots above COUNTED, by complete pivoting; None where a pivot lies between that and ZERO."""
    rows = [list(row) for row in rows]
    for row in rows:  # to size 1
        if largest := max(map(abs, row), default=0):
            row[:] = [entry / largest for entry in row]
    for j in range(len(rows[0]) if rows else 0):
        if largest := max(abs(row[j]) for row in rows):
            for row in rows:
                row[j] /= largest
    rank = 0
    while rows and rows[0]:
        size, i, j = max((abs(entry), i, j) for i, row in enumerate(rows) for j, entry in enumerate(row))
        if size < ZERO:
            return rank
        if size < COUNTED:
            return None
        pivot = rows.pop(i)
        for row in rows:
            factor = row[j] / pivot[j]
            if factor:
                row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
            del row[j]
        rank += 1
    return rank


def samples(wiring: Wiring, theta: Sequence[Any], rng: random.Random) -> list[list[Any]]:
    """Random points, half of them where some first neurons bend or are not saturated; more of them, of several sizes, for kinks."""
    count, kinked = wiring.parameters + 4, wiring.sigma in KINKS
    uniform = lambda size: number(rng.getrandbits(60)) / 2**59 * size - size
    draw = lambda size: [uniform(size) for _ in range(wiring.inputs)]
    points = [draw(2 ** rng.randint(-3, 6)) for _ in range(4 * count)] if kinked else [draw(2) for _ in range(count)]
    first = [(weights, bias) for weights, bias in wiring.layers[0] if any(theta[k] for k in weights.values())]
    for _ in range((8 if kinked else 1) * count if first else 0):
        x = draw(2 ** rng.randint(0, 4))
        for _ in range(12):  # Kaczmarz: towards places of as many neurons as inputs; random ones, so that nothing cancels by design
            for weights, bias in rng.sample(first, min(len(first), rng.randint(1, wiring.inputs))):
                at = rng.choice(KINKS.get(wiring.sigma, (0,))) + uniform(number(2) ** -rng.randint(0, 9 if kinked else 2))
                z = sum((theta[k] * x[j] for j, k in weights.items()), theta[bias] if bias is not None else number(0))
                step = (at - z) / sum(theta[k] ** 2 for k in weights.values())
                for j, k in weights.items():
                    x[j] += step * theta[k]
        points.append(x)
    return [*points, *between(wiring, theta, points, rng)] if kinked else points


def between(wiring: Wiring, theta: Sequence[Any], points: list[list[Any]], rng: random.Random) -> list[list[Any]]:
    """Points on segments towards the place where a piece ends: pieces of deeper layers, however narrow."""
    pieces = lambda x: on_pieces(wiring, theta, x)
    found = []
    for _ in range(16):
        low, high = rng.sample(points, 2)
        here = pieces(low)
        for _ in range(16):
            share = number(rng.getrandbits(20)) / 2**20
            middle = [a + share * (b - a) for a, b in zip(low, high, strict=True)]
            found.append(middle)
            low, high = (middle, high) if pieces(middle) == here else (low, middle)
    return found


def on_pieces(wiring: Wiring, theta: Sequence[Any], x: Sequence[Any]) -> list[list[int]]:
    """On which piece every hidden neuron is at ``x``."""
    value, kinks, held, found = SIGMAS[wiring.sigma][0], KINKS[wiring.sigma], list(x), []
    for layer in wiring.layers[:-1]:
        z = [sum((theta[k] * held[j] for j, k in weights.items()), theta[b] if b is not None else number(0)) for weights, b in layer]
        found.append([sum(one > kink for kink in kinks) for one in z])
        held = [value(one) for one in z]
    return found


def brute_force(kind: Any, theta: Sequence[Any], rng: random.Random, beside: Sequence[Sequence[str]] = ()) -> int | None:
    """The rank on samples of its own; for kinks also on those ``beside``, the samples of a certificate, where its rank has to show."""
    theta = [number(value) for value in theta]
    if isinstance(kind, Wiring):
        points = samples(kind, theta, rng)
        if kind.sigma in KINKS:
            points += [[number(p) / number(q) for p, q in ((*entry.split("/"), "1")[:2] for entry in x)] for x in beside]
        return eliminated([row for x in points for row in network_rows(kind, theta, x)])
    return eliminated(kind(theta))


# --------------------------------------------------------------------------------------------------- configurations


def configurations(count: int, seed: int) -> list[tuple[str, str, str, Any, Any, list[float]]]:
    """(family, activation, kind of point, model, what the brute force takes, theta)."""
    rng, names, drawn = random.Random(seed), list(SIGMAS), []
    for k in range(count):
        family, sigma = FAMILIES[k % len(FAMILIES)], names[(k // len(FAMILIES)) % len(names)]
        model, kind, blocks, sigma = _draw(family, sigma, rng)
        point = POINTS[(k // (len(FAMILIES) * len(names)) + k) % len(POINTS)]
        drawn.append((family, sigma, point, model, kind, special(point, blocks, model.n_params, rng)))
    return drawn


FAMILIES = (
    "two-layer",
    "deep",
    "CNN",
    "unshared CNN",
    "two-layer",
    "deep",
    "pooled CNN",
    "several outputs",
    "factorization",
    "deep factorization",
    "symmetric",
    "tensor",
    "toy",
    "deep diagonal",
)
POINTS = ("generic", "zeros", "copies", "parallel", "dead", "saturated", "coincidences")

#: Rows of theta that copies and the like act on: (start, number of rows, length) of the first layer, and the place of its biases.
Blocks = tuple[int, int, int, int | None]


def _draw(family: str, sigma: str, rng: random.Random) -> tuple[Any, Any, Blocks, str]:
    flags = [rng.random() < 0.5 for _ in range(2)]
    match family:
        case "two-layer" | "several outputs":
            d, m, q = rng.randint(1, 3), rng.randint(1, 3), 1 if family == "two-layer" else 2
            model = TwoLayer(d, m, q, sigma, bias=flags[0], output_bias=flags[1])
            return model, dense((d, m, q), *flags, sigma), (0, m, d, m * d if flags[0] else None), sigma
        case "deep":
            widths = [rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 2)]
            model = FullyConnected(tuple(widths), sigma, bias=flags[0])
            place = widths[0] * widths[1] if flags[0] else None
            return model, dense(widths, flags[0], flags[0], sigma), (0, widths[1], widths[0], place), sigma
        case "CNN" | "unshared CNN" | "pooled CNN":
            d, k, sharing, pooled = rng.randint(2, 4), rng.randint(1, 2), family != "unshared CNN", family == "pooled CNN"
            s = rng.randint(max(1, d - 1), d) if not sharing else rng.randint(1, d)
            bias = flags[0] and not pooled
            wiring = convolution(d, s, k, sigma, sharing, bias, pooled)
            options = {} if pooled else dict(sharing=sharing, bias=bias)
            model = (PooledCNN if pooled else TwoLayerCNN)(d, s, k, activation=sigma, **options)
            rows = k * (1 if sharing else d - s + 1)
            return model, wiring, (0, rows, s, rows * s if bias else None), sigma
    d1, d2, m = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 3)
    match family:
        case "factorization":
            return MatrixFactorization(d1, d2, m), lambda theta: chain_columns((d1, m, d2), theta), (0, d1, m, None), "none"
        case "deep factorization":
            sizes = (d1, m, rng.randint(1, 3), d2)
            return DeepFactorization(sizes), lambda theta: chain_columns(sizes, theta), (0, d1, m, None), "none"
        case "symmetric":
            return SymmetricFactorization(d1, m), lambda theta: symmetric_columns(d1, m, theta), (0, d1, m, None), "none"
        case "tensor":
            sizes = (d1, d2, rng.randint(1, 3))
            return CPFactorization(sizes, m), lambda theta: tensor_columns(sizes, m, theta), (0, m, d1, None), "none"
        case "deep diagonal":
            return DeepDiagonal(d1, m), lambda theta: toy_columns("diagonal", d1, m, theta), (0, m, d1, None), "none"
    power = rng.randint(1, 4)
    kinds = {
        "product": (ProductModel(), 4),
        "redundant": (RedundantModel(power), 2),
        "power": (PowerModel(power), 1),
        "squares": (SquareDifference(d1), 2 * d1),
    }
    name = rng.choice(list(kinds))
    model, length = kinds[name]
    return model, lambda theta: toy_columns(name, d1, power, theta), (0, length, 1, None), "none"


def special(point: str, blocks: Blocks, size: int, rng: random.Random) -> list[float]:
    """Dyadic parameters of size 1 to 4, then zeros anywhere, or copies, multiples, dead or saturated rows of the first layer; or -1, 0,
    1 everywhere, which coincide in every layer, and rest on kinks.
    """
    theta = [rng.choice((-1, 1)) * rng.randint(8, 32) / 8 for _ in range(size)]
    start, rows, length, biases = blocks
    place = lambda i: slice(start + i * length, start + (i + 1) * length)
    i, j = rng.randrange(rows), rng.randrange(rows)
    match point:
        case "coincidences":
            theta = [float(rng.randint(-1, 1)) for _ in range(size)]
        case "zeros":
            for k in rng.sample(range(size), rng.randint(1, max(1, size // 2))):
                theta[k] = 0.0
        case "copies" | "parallel":
            factor = rng.choice((1, -1)) * (1 if point == "copies" else rng.choice((2, 3, 0.5)))
            theta[place(i)] = [factor * w for w in theta[place(j)]]
            if biases is not None:
                theta[biases + i] = factor * theta[biases + j]
        case "dead":
            theta[place(i)] = [0.0] * length
            if rng.random() < 0.3:  # no output weight either
                theta[-1] = 0.0
        case "saturated":
            if biases is not None:
                theta[biases + i] = rng.choice((-1, 1)) * rng.randint(12, 25)
            else:
                theta[place(i)] = [3 * w for w in theta[place(i)]]
    return theta


# ------------------------------------------------------------------------------------------------------------- report


def measure(count: int, seed: int, part: tuple[int, int]) -> list[dict[str, Any]]:
    """One entry a configuration of the part (k of n): what was drawn, both answers, seconds of processor."""
    found = []
    for number_of, (family, sigma, point, model, kind, theta) in enumerate(configurations(count, seed)):
        if number_of % part[1] != part[0] - 1:
            continue
        started = time.process_time()
        rank = model_rank(model, theta)
        middle = time.process_time()
        certificate = rank.certificate if rank.lower else None
        truth = brute_force(kind, theta, random.Random(number_of), certificate["samples"] if certificate and sigma in KINKS else ())
        # Ranks that neurons at rest on kinks make have no certificate, and no samples that the brute force has to look at.
        at = "samples of its own" if sigma in KINKS and rank.lower and not certificate else rank.at
        entry = dict(number=number_of, family=family, activation=sigma, point=point, model=str(model), theta=theta)
        found.append(
            entry | dict(lower=rank.lower, upper=rank.upper, at=at, truth=truth, ours=middle - started, brute=time.process_time() - middle)
        )
    return found


def wrong(entry: dict[str, Any]) -> bool:
    """A bound on the wrong side of the brute force; a lower bound on the stratum says nothing of the point."""
    truth = entry["truth"]
    return truth is not None and (entry["upper"] < truth or (entry["at"] == "point" and entry["lower"] > truth))


def table(found: Sequence[dict[str, Any]], by: str) -> list[str]:
    groups = defaultdict(list)
    for entry in found:
        groups[entry[by]].append(entry)
    lines = [
        f"| {by} | drawn | decided | wrong bounds | not decided by brute force | ours, s | brute force, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, entries in [*groups.items(), ("all", list(found))]:
        decided = sum(entry["lower"] == entry["upper"] for entry in entries)
        counts = (len(entries), decided, sum(map(wrong, entries)), sum(entry["truth"] is None for entry in entries))
        seconds = (sum(entry[key] for entry in entries) for key in ("ours", "brute"))
        lines.append(f"| {name} | {' | '.join(map(str, counts))} | {' | '.join(f'{s:.1f}' for s in seconds)} |")
    return lines


def report(found: Sequence[dict[str, Any]]) -> str:
    """The tables by family, activation and kind of point; open ranks and wrong bounds one by one."""
    lines = [line for by in ("family", "activation", "point") for line in ["", *table(found, by)]]
    open_ones = [entry for entry in found if entry["lower"] < entry["upper"]]
    place = lambda entry: f"- {entry['family']}, {entry['point']}: {entry['model']} at {entry['theta']}"
    spelled = lambda entry: f"{place(entry)}: {entry['lower']} to {entry['upper']}, {entry['truth']}"
    lines += ["", f"Decided: {len(found) - len(open_ones)} of {len(found)}.", "", "Open (bounds, brute force):", *map(spelled, open_ones)]
    lines += ["", "Wrong bounds:", *(map(spelled, filter(wrong, found)))]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", default="1/1", help="k/n: only every n-th configuration")
    parser.add_argument("--out", type=Path, help="keep what was measured, for --merge")
    parser.add_argument("--merge", type=Path, nargs="+", help="report on files of --out")
    arguments = parser.parse_args()
    if arguments.merge:
        found = [entry for file in arguments.merge for entry in json.loads(file.read_text())]
    else:
        k, n = map(int, arguments.part.split("/"))
        found = measure(arguments.count, arguments.seed, (k, n))
    if arguments.out:
        arguments.out.write_text(json.dumps(found))
    print(report(found))
    if any(map(wrong, found)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
