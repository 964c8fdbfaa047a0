"""Subtly false twins of shipped claims: the claim's own checks, run with a prediction that is wrong in one place.

A twin says which keyword of a claim's checks holds the prediction and how the falsehood follows from the truth: one more in one cell, on an
edge set, for one activation, from some size on. It was written from the statement, the axes and the signature of the prediction, before its
first run, by somebody who did not look at how the check computes; where a twin was written with the check at hand, ``seen`` says so.

    python tests/soundness/shipped_twins.py [--level quick|standard] [PATTERN ...]

prints for each twin which checks refute it. One that no check refutes has survived: the check is mended, never the twin.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import factorial
from typing import Any

import numpy as np

from proofs_check import Check, Claim, Control
from proofs_check.claim import Status


@dataclass(frozen=True)
class Twin:
    """``false`` makes the falsehood ``what`` from the true value of the keyword ``parameter`` in the checks of ``claim``."""

    claim: str
    parameter: str
    what: str
    false: Callable[[Any], Any]
    checks: tuple[str, ...] = ()
    seen: bool = False

    def applies(self, check: Check) -> bool:
        """Whether ``check`` makes the prediction that is false here, and needs no proof kernel."""
        return self.parameter in check.parameters and check.evidence != "formal" and (not self.checks or check.name in self.checks)


def off(condition: Callable[..., Any], by: int = 1) -> Callable[[Any], Any]:
    """The true formula, ``by`` more where ``condition`` holds of its arguments."""
    return lambda truth: lambda *given, **named: truth(*given, **named) + by * bool(condition(*given, **named))


def instead(formula: Callable[..., Any]) -> Callable[[Any], Any]:
    """``formula(truth, ...)`` in the place of the truth."""
    return lambda truth: lambda *given, **named: formula(truth, *given, **named)


def moved(by: tuple[int, ...], condition: Callable[..., Any]) -> Callable[[Any], Any]:
    """The true counts, moved by ``by`` where ``condition`` holds of the arguments."""
    return lambda truth: lambda *given: tuple(count + step * bool(condition(*given)) for count, step in zip(truth(*given), by, strict=True))


def scaled(percent: int, condition: Callable[..., Any] = lambda *given: True) -> Callable[[Any], Any]:
    """The true value, so many per cent off where ``condition`` holds of the arguments."""
    return lambda truth: lambda *given: truth(*given) * (100 + percent) / 100 if condition(*given) else truth(*given)


def rational_off(percent: int) -> Callable[[Any], Any]:
    """A number, so many per cent off, as a rational."""
    from flint import fmpq

    return lambda truth: fmpq(truth) * (100 + percent) / 100


def no_pair(graph: Any) -> bool:
    """Whether no two points of a digraph have arrows both ways."""
    return not any(graph.has_edge(q, p) for p, q in graph.edges)


def _least_off(truth: Callable[..., Any]) -> Callable[..., Any]:
    """The bounds of scores, the lower one two per cent off for a batch of 40."""
    return lambda n: (truth(n)[0] * (Fraction(49, 50) if n == 40 else 1), truth(n)[1])


def in_softplus(factor: float) -> Callable[..., Any]:
    """The true D of a contact, times ``factor`` for softplus."""
    return lambda truth, contact: truth(contact) * (factor if contact.activation.name == "softplus" else 1)


RANK_TWINS = (
    # --- factorizations
    Twin(
        "mf.strata",
        "formula",
        "one less where both factors have rank 1 in a 2 x 2 product",
        off(lambda c: (c.d1, c.d2, c.a, c.b) == (2, 2, 1, 1), -1),
    ),
    Twin("mf.strata", "formula", "one more where A = 0 and B is not", off(lambda c: c.a == 0 < c.b)),
    Twin("mf.strata", "formula", "one more for width 3 at rank A = d1, rank B = 1", off(lambda c: c.m == 3 and c.a == c.d1 and c.b == 1)),
    Twin(
        "mf.deep",
        "rank",
        "ranks of products of three factors and more one less, where they are 1",
        instead(lambda t, v, i, j: t(v, i, j) - (j - i >= 3 and t(v, i, j) == 1)),
        ("types", "types-in-floats"),
    ),
    Twin("mf.deep", "formula", "r (d_0 + d_L - r) + 1 for four factors of rank 1", off(lambda r, sizes: r == 1 and len(sizes) >= 5)),
    Twin(
        "mf.function-rank",
        "least",
        "one less at full rank of a rectangular target",
        off(lambda r, d1, d2: r == min(d1, d2) and d1 != d2, -1),
    ),
    Twin(
        "mf.function-rank",
        "most",
        "one less where the width is the larger side",
        off(lambda r, d1, d2, m: m == max(d1, d2) > min(d1, d2), -1),
    ),
    Twin("mf.generic-sampling", "formula", "one less at n = R exactly", instead(lambda t, n, R: t(n, R) - (n == R > 1))),
    Twin("mf.generic-sampling", "formula", "n counted up to R + 1", instead(lambda t, n, R: t(n, R + 1))),
    Twin(
        "mf.entry-sampling",
        "formula",
        "a zero row counts as a part of its own",
        instead(lambda t, rows, columns, pattern: t(rows, columns, pattern) + (not all(rows) and all(columns))),
        ("rank-one",),
    ),
    Twin(
        "mf.entry-sampling",
        "number",
        "d1^(d2-1) d2^(d1-1) with the exponents exchanged, seen for d1 != d2 only",
        instead(lambda t, d1, d2, r: d1 ** (d1 - 1) * d2 ** (d2 - 1) if r == 1 else t(d1, d2, r)),
    ),
    Twin("mf.entry-sampling", "exceptions", "143 of the 1820 patterns", lambda truth: truth - 1),
    Twin(
        "mf.sym",
        "formula",
        "a d - a (a + 1)/2 + 1: right for a = 1 alone",
        instead(lambda t, d, a: a * d - a * (a + 1) // 2 + 1 if a else 0),
    ),
    Twin("mf.sym", "formula", "one more at full rank of an odd size from 3 on", off(lambda d, a: a == d >= 3 and d % 2)),
    Twin(
        "mf.cp",
        "formula",
        "the exception 2 x 2 x n x n forgotten",
        off(
            lambda sizes, components: (
                tuple(sorted(sizes))[:2] == (2, 2)
                and len(sizes) == 4
                and sorted(sizes)[2] == sorted(sizes)[3]
                and components == 2 * max(sizes) - 1
            )
        ),
        ("at-a-point", "at-a-point-in-floats"),
    ),
    Twin("mf.cp", "cost", "a second idle component costs one", instead(lambda t, idle: t(idle) + (idle == 2))),
    # --- two-layer networks
    Twin(
        "fnn.function-rank",
        "formula",
        "an output bias is free beside hidden biases",
        off(lambda d, k, *, constant, bias, output_bias, **_: bias and output_bias and k > 0, -1),
    ),
    Twin(
        "fnn.function-rank",
        "formula",
        "the constant costs d for hidden and no output bias",
        off(lambda d, k, *, constant, bias, output_bias, **_: constant and bias and not output_bias and k > 0, -1),
    ),
    Twin(
        "fnn.function-rank",
        "formula",
        "the zero function has rank 1 where there is an output bias and a hidden one only",
        off(lambda d, k, *, constant, bias, output_bias, **_: k == 0 and not constant and output_bias and not bias, -1),
    ),
    Twin("fnn.function-rank", "formula", "two neurons share one parameter", off(lambda d, k, **_: k == 2, -1)),
    Twin("fnn.multi-output", "formula", "three outputs cost one less", off(lambda k, d, q: q == 3, -1), ("ranks",)),
    Twin(
        "fnn.target-strata",
        "formula",
        "a cancelling pair costs d in place of d + 1, beside a duplicate",
        off(lambda k, d, u, z, c: c >= 1 and u >= 1, -1),
    ),
    Twin("fnn.target-strata", "formula", "two neurons without output weight share a tangent", off(lambda k, d, u, z, c: u >= 2, -1)),
    Twin("fnn.width-free", "formula", "three spare neurons cost one", off(lambda k, d, spare: spare >= 3)),
    Twin(
        "fnn.multi-output", "formula", "k d + q: right for one neuron", instead(lambda t, k, d, q: k * d + q), ("ranks", "ranks-in-floats")
    ),
    Twin(
        "fnn.multi-output", "formula", "floor in place of ceiling", instead(lambda t, k, d, q: k + k * d // min(q, k)), ("vector-samples",)
    ),
    Twin(
        "fnn.multi-output",
        "formula",
        "k d / q: wrong for more outputs than neurons only",
        instead(lambda t, k, d, q: k + -(-k * d // q)),
        ("vector-samples",),
    ),
    Twin("fnn.independence", "formula", "one relation among three neurons on one input", off(lambda m, d: m == 3 and d == 1, -1)),
    Twin(
        "fnn.strata",
        "formula",
        "idle neurons share one tangent",
        instead(lambda t, cell, bias, **more: t(cell, bias, **more) - (cell.idle >= 2)),
    ),
    Twin(
        "fnn.strata-bias",
        "formula",
        "a constant neuron counts no input direction beside an output bias",
        instead(lambda t, cell, bias, **more: t(cell, bias, **more) - (cell.output_bias and cell.active == 2 and cell.idle == 0)),
    ),
    Twin("fnn.poly", "formula", "the exception (3, 5, 7) forgotten", off(lambda p, d, k: (p, d, k) == (3, 5, 7))),
    Twin(
        "fnn.poly", "formula", "squares as if generic", instead(lambda t, p, d, k: min(k * d, d * (d + 1) // 2) if p == 2 else t(p, d, k))
    ),
    Twin(
        "fnn.relu",
        "formula",
        "opposite pairs share a linear part each",
        instead(lambda t, cell: t(cell) + (cell.p >= 2) * (cell.d + cell.bias)),
    ),
    Twin(
        "fnn.relu",
        "formula",
        "a neuron without input weights that is on adds the constant beside pairs",
        instead(lambda t, cell: t(cell) + (cell.flat == "on" and cell.p >= 1)),
        ("at-directions", "at-directions-in-floats"),
        seen=True,
    ),
    Twin(
        "fnn.relu",
        "formula",
        "a neuron without input weights that is off costs one beside two directions",
        instead(lambda t, cell: t(cell) + (cell.flat == "off" and cell.q == 2 and cell.p == 0)),
        ("at-directions", "at-directions-in-floats"),
        seen=True,
    ),
    Twin(
        "fnn.relu",
        "formula",
        "an idle neuron is free in three inputs with biases",
        instead(lambda t, cell: t(cell) - (cell.d == 3 and cell.bias and cell.n > 0)),
    ),
    # --- convolution
    Twin(
        "cnn.shared",
        "formula",
        "k (|S| + p) also with hidden biases",
        instead(lambda t, cell: t(cell) - (cell.bias and not cell.output_bias)),
    ),
    Twin(
        "cnn.noshare",
        "formula",
        "one less for two kernels with an output bias",
        instead(lambda t, cell: t(cell) - (cell.shape[2] == 2 and cell.output_bias)),
    ),
    Twin(
        "cnn.mnull",
        "formula",
        "idle kernels count one each",
        instead(lambda t, cell, architecture: t(cell, architecture) + (cell.idle > 0 and architecture == "shared")),
    ),
    Twin(
        "cnn.dup",
        "formula",
        "opposite kernels count apart",
        instead(lambda t, cell, model, theta, kind=None: t(cell, model, theta, kind) + (cell.kind == "opposite")),
    ),
    Twin("cnn.gap", "formula", "one less in two dimensions", instead(lambda t, model: t(model) - isinstance(model.kernel, tuple))),
    # --- depth
    Twin(
        "deep.null",
        "cost",
        "a null neuron costs one in the last hidden layer of a network without biases",
        instead(lambda t, cell: t(cell) + (cell.layer == len(cell.widths) - 2 and len(cell.widths) == 4)),
        ("costs-nothing", "costs-nothing-in-floats"),
    ),
    Twin("deep.null", "cost", "1 in place of the fan-out", lambda truth: lambda cell: 1, ("costs-the-fan-out",)),
    Twin(
        "deep.nonprop",
        "raised",
        "by the fan-in, biases or not",
        instead(lambda t, cell: t(cell) - cell.bias),
        ("splits", "splits-in-floats"),
    ),
    Twin(
        "deep.generic",
        "formula",
        "M - 1 for the widths (3, 4, 3, 1) with biases",
        instead(lambda t, model: t(model) - (model.n_params == 4 * 4 + 5 * 3 + 4)),
    ),
    Twin(
        "deep.table",
        "formula",
        "the output layer's bias forgotten from three layers on",
        instead(lambda t, widths, bias: t(widths, bias) - (bias and len(widths) >= 4)),
    ),
    Twin("deep.table", "formula", "d + L for one neuron a layer", instead(lambda t, d, L: t(d, L) + 1), ("one-neuron-a-layer",)),
    Twin("deep.table", "formula", "five layers of one neuron cost one less", off(lambda d, L: L == 5, -1), ("one-neuron-a-layer",)),
    Twin(
        "deep.split",
        "formula",
        "a split of the last hidden layer adds one",
        instead(lambda t, narrow, wide: t(narrow, wide) + (narrow != wide)),
        ("ranks",),
    ),
    # --- toy models, ranks in general
    Twin(
        "toy.fNL",
        "formula",
        "rank 2 on both axes",
        instead(lambda t, second, third: 2 if second == 0 or third == 0 else 3),
        ("points", "points-in-floats"),
    ),
    Twin(
        "toy.deep-diag",
        "formula",
        "two zeros are one too few to lose the rank, for L >= 3",
        instead(lambda t, a: t(a) + 0 if len(a) < 3 else sum((column == 0).sum() <= 2 for column in a.T)),
        ("zero-patterns", "zero-patterns-in-floats"),
    ),
    Twin(
        "toy.a2-b2",
        "formula",
        "pairs with a = b do not count",
        instead(lambda t, a, b: sum(p * p != q * q for p, q in zip(a, b, strict=True))),
        ("pairs", "pairs-in-floats"),
    ),
    Twin("rank.linear-constant", "at_zero", "rank 0 at zero", lambda truth: 0),
    Twin("rank.implicit-bias", "bound", "n - 1", instead(lambda t, n: t(n) - 1)),
    Twin(
        "rank.ladder",
        "sizes",
        "M - dim Q one less on the split branch with a bias",
        instead(lambda t, branch, D: tuple(size - (branch == "split" and D >= 3 and place) for place, size in enumerate(t(branch, D)))),
        ("sizes",),
    ),
    Twin(
        "rank.phase-transition-ae",
        "formula",
        "one less for two samples and more, where n < R",
        instead(lambda t, n, R, M: t(n, R, M) - (1 < n < R)),
    ),
    Twin(
        "rank.O-equals-R",
        "size",
        "one more at full rank of a square",
        instead(lambda t, r, d1, d2, m: t(r, d1, d2, m) + (r == d1 == d2)),
        ("every-subset",),
    ),
    Twin("rank.llr-condition", "condition", "n >= R suffices", instead(lambda t, R_S, R, M, n: n >= R)),
    Twin("rank.dim-bound", "less", "R <= M - q - 1", lambda truth: truth + 1),
    # --- claims whose falsehoods stand in one cell, for one activation or at one size
    Twin(
        "fnn.activations",
        "table",
        "the Gaussian pair counts twice",
        off(lambda sigma, neurons, *_: sigma.startswith("exp(") and neurons == "pair"),
    ),
    Twin(
        "fnn.activations",
        "table",
        "three biased SiLU neurons share one tangent",
        off(lambda s, n, d, k, bias: (s, n, k, bias) == ("silu", "generic", 3, True), -1),
        ("rows",),
    ),
    Twin(
        "fnn.activations",
        "table",
        "parallel neurons of leaky ReLU count twice",
        off(lambda s, n, d, k, bias: s == "leaky" and n == "parallel", 1),
        ("rows",),
    ),
    Twin(
        "fnn.activations",
        "table",
        "sigmoid pairs as tanh where there are biases",
        off(lambda s, n, d, k, bias: s == "sigmoid" and n == "pair" and bias, -1),
    ),
    Twin(
        "fnn.activations",
        "formula",
        "equal biases as different ones from three neurons on",
        instead(lambda t, cell: 2 * (cell.d + 1) if cell.k > 2 else t(cell)),
        ("one-frequency",),
    ),
    Twin("fnn.zero", "cost", "a constant costs d in three dimensions", instead(lambda t, d: t(d) - (d == 3)), ("constants",)),
    Twin(
        "cnn.fnn",
        "formula",
        "biases cost nothing without an output bias",
        instead(lambda t, cell: t(cell) - (cell.bias and not cell.output_bias)),
    ),
    Twin(
        "cnn.shift",
        "formula",
        "unshared kernels count the neurons of both",
        instead(lambda t, d, s, q: (t(d, s, q)[0], t(d, s, q)[1] + 1, t(d, s, q)[2])),
        ("translates",),
    ),
    Twin(
        "deep.nonprop",
        "raised",
        "leaky ReLU as tanh",
        instead(lambda t, cell: t(cell) + (t(cell) > 0)),
        ("leaky-splits",),
    ),
    Twin(
        "deep.nonprop",
        "raised",
        "leaky ReLU: one less",
        instead(lambda t, cell: t(cell) - (t(cell) > 0)),
        ("leaky-splits",),
    ),
    Twin(
        "deep.nonprop",
        "raised",
        "the bias of exp counts in the first layer",
        instead(lambda t, cell: t(cell) + (cell.activation == "exp" and cell.bias and cell.layer == 1)),
        ("splits-by-symmetry",),
    ),
    Twin(
        "deep.nonprop",
        "fan",
        "a neuron without inputs costs the width of the next layer",
        instead(lambda t, cell, outward: t(cell, True)),
        ("half-neurons",),
    ),
    Twin(
        "toy.redundant", "formula", "theta^3 has rank 1 at 0", instead(lambda t, cell: 1 if cell.p == 3 else t(cell)), ("points-of-powers",)
    ),
    Twin("rank.upper-M", "bound", "M_I - 1", instead(lambda t, cell: t(cell) - 1)),
    Twin("rank.MI", "value", "one less for one model", instead(lambda t, cell: t(cell) - 1), ("generic-points",)),
    Twin(
        "rank.chain-rule",
        "equality",
        "only where D has full rank",
        lambda truth: lambda D, kernel, M: truth(D, kernel, M) and D.shape[1] >= M,
        ("linear-maps",),
    ),
    Twin("rank.min-rank-interpolation", "size", "isolated from R - 1 samples", instead(lambda t, R: t(R) - 1), ("isolated",)),
    Twin("exp.fig4", "sizes", "the fifth order needs 11", lambda truth: {**truth, 5: 11}, ("decided",)),
    Twin("exp.fig5", "ranks", "rank 2 from 15 entries", lambda truth: {**truth, 15: 2}, ("patterns",)),
    Twin("errata.printed-targets", "ranks", "M6 has rank 2", lambda truth: {**truth, "M6": 2}),
    Twin("errata.printed-orders", "sizes", "the third printed order as corrected", lambda truth: {**truth, 3: 10}, ("as-printed",)),
    Twin("errata.attained", "true", "one less for two kernels", instead(lambda t, d, s, k: t(d, s, k) - (k == 2))),
)

WIDTH_TWINS = (
    Twin(
        "embedding.splitting.congruence",
        "block",
        "|alpha (1 - alpha)| in place of alpha (1 - alpha)",
        instead(lambda t, B, S, alpha: t(B, S, alpha) if alpha * (1 - alpha) >= 0 else t(B, -S, alpha)),
        ("rational-networks", "tanh-in-floats"),
    ),
    Twin("embedding.splitting.congruence", "block", "S / 4 for every alpha", instead(lambda t, B, S, alpha: t(B, S, Fraction(1, 2)))),
    Twin(
        "embedding.splitting.congruence",
        "block",
        "B two per cent too large beyond alpha = 1",
        instead(lambda t, B, S, alpha: t(B * 51 / 50, S, alpha) if alpha > 1 else t(B, S, alpha)),
        ("rational-networks",),
    ),
    Twin("embedding.null.congruence", "added", "a rank of two counts as one", moved((-1, 2, -1), lambda outputs, inputs, rank: rank == 2)),
    Twin(
        "embedding.null.congruence",
        "added",
        "one zero forgotten for two outputs of rank one",
        moved((0, -1, 1), lambda outputs, inputs, rank: outputs == 2 and rank == 1),
    ),
    Twin("embedding.null.congruence", "slope", "two per cent off for negative biases", scaled(2, lambda place, bias: bias < 0)),
    Twin("embedding.degeneracy.K", "dimension", "one more for two copies more", off(lambda K: K == 2)),
    Twin("embedding.degeneracy.K", "least", "K + 1 for K = 1 in two layers", off(lambda K, widths: K == 1 and len(widths) == 3)),
    Twin(
        "embedding.degeneracy.compatible-dimension",
        "dimension",
        "the products of neighbours forgotten",
        instead(lambda t, extra: sum(extra)),
    ),
    Twin(
        "embedding.degeneracy.compatible-dimension",
        "dimension",
        "a product of two and more counted once less",
        off(lambda extra: any(p * q >= 2 for p, q in pairwise(extra)), -1),
    ),
    Twin(
        "embedding.splitting.inertia",
        "added",
        "alpha > 1 as alpha in (0, 1) where B is not 0",
        lambda truth: (
            lambda widths: instead(lambda t, B, S, alpha: t(B, S, Fraction(1, 2)) if alpha > 1 and np.any(B) else t(B, S, alpha))(
                truth(widths)
            )
        ),
        ("planted-rational",),
        seen=True,
    ),
    Twin(
        "embedding.splitting.inertia",
        "added",
        "alpha = 0 as alpha in (0, 1)",
        instead(lambda t, B, S, alpha: t(B, S, alpha or Fraction(1, 2))),
        ("every-signature",),
    ),
    Twin(
        "embedding.splitting.inertia",
        "added",
        "an indefinite S counts as a positive one, for B = 0",
        instead(lambda t, B, S, alpha: t(B, S, alpha) if np.any(B) or alpha <= 1 else t(B, -S, alpha)),
        ("every-signature",),
    ),
    Twin(
        "embedding.splitting.inertia",
        "added",
        "a rank of two counts as one, piecewise linear",
        moved((-1, 2, -1), lambda rank, outputs, inputs: rank == 2),
        ("piecewise-linear",),
    ),
    Twin(
        "embedding.multicopy.inertia",
        "added",
        "coefficients that vanish count as positive",
        instead(lambda t, B, S, beta: t(B, S, [Fraction(b) or Fraction(1, 9) for b in beta])),
        ("one-target",),
    ),
    Twin(
        "embedding.multicopy.inertia",
        "added",
        "the signs of two negative coefficients exchanged",
        instead(lambda t, B, S, beta: t(B, -S if sum(Fraction(b) < 0 for b in beta) == 2 else S, beta)),
        ("one-target",),
    ),
    Twin(
        "embedding.multicopy.inertia",
        "added",
        "coefficients that vanish count as positive",
        instead(lambda t, B, S, beta: t(B, S, [Fraction(b) or Fraction(1, 9) for b in beta])),
        ("several-targets",),
    ),
    Twin("embedding.known-answer.exp", "loss", "2/3 to four digits", lambda truth: "6667/10000"),
    Twin("embedding.known-answer.exp", "inertias", "at alpha = 0 as at 1/2", lambda truth: {**truth, "0": truth["1/2"]}),
    Twin("embedding.null.dead-relu", "extra", "the bias is not counted for two outputs", off(lambda outputs, inputs: outputs == 2, -1)),
    Twin(
        "embedding.null.exact-condition",
        "moment",
        "two per cent off in the second hidden layer",
        scaled(2, lambda found, layer, cotangent: layer == 2),
    ),
    Twin(
        "embedding.principle",
        "formula",
        "paths that differ in the last hidden layer alone count apart",
        instead(lambda t, narrow, wide: t(narrow, wide) * factorial(wide[-2] - narrow[-2])),
    ),
    Twin(
        "embedding.permutation",
        "partner",
        "the partner of alpha > 1 is alpha - 1",
        instead(lambda t, alpha: t(alpha) if alpha <= 1 else alpha - 1),
    ),
    Twin("embedding.splitting.half-spectrum", "coupling", "B two per cent too large", rational_off(2)),
    Twin("embedding.splitting.half-spectrum", "share", "two per cent off", rational_off(2)),
    Twin(
        "embedding.splitting.classification",
        "rule",
        "the ends count as inside",
        instead(lambda t, product, inputs, size: t(product or 1, inputs, size)),
    ),
    Twin(
        "embedding.splitting.classification",
        "rule",
        "outside [0, 1] one direction less, for two inputs and more",
        moved((-1, 1, 0), lambda product, inputs, size: product < 0 and inputs >= 2),
    ),
    Twin("embedding.splitting.data-dependent-subspace", "dimension", "one more for a rank of two", off(lambda outputs, rank: rank == 2)),
    Twin("embedding.strict-saddle.H2", "factor", "-2.04", rational_off(2), ("mechanism",)),
    Twin("embedding.sgd-symmetry", "alpha", "alpha = 0.51", lambda truth: Fraction(51, 100)),
    Twin("embedding.regularizer.negative", "image", "two per cent off", scaled(2)),
    Twin(
        "embedding.regularizer.negative",
        "kept",
        "a neuron of zeros is critical for sigma(0) = 0 alone",
        lambda truth: lambda sigma, next_bias: truth(sigma, "drawn"),
    ),
    Twin(
        "embedding.regularizer.negative",
        "scale",
        "two per cent off for the roots 5/13 and 12/13",
        lambda truth: lambda root: truth(root) * (Fraction(51, 50) if root.denominator == 13 else 1),
    ),
    Twin(
        "embedding.degeneracy.compatible-dimension",
        "dimension",
        "one more for two copies more in the only hidden layer",
        off(lambda extra: tuple(extra) == (2,)),
        ("nullity",),
    ),
    Twin("depth.batchnorm", "bounds", "for n = 40 the least extreme two per cent smaller", _least_off),
    Twin(
        "embedding.reduction.criticality",
        "share",
        "off by 1/50 for alpha > 1",
        instead(lambda t, alpha: t(alpha) + Fraction(1, 50) * (alpha > 1)),
        ("inverse",),
    ),
    Twin(
        "embedding.permutation",
        "partner",
        "-alpha in place of 1 - alpha, at alpha = 1/3 alone",
        instead(lambda t, alpha: -alpha if alpha == Fraction(1, 3) else t(alpha)),
    ),
)

DEPTH_TWINS = (
    Twin("depth.batchnorm", "factor", "two per cent off from n = 4 on", scaled(2, lambda n: n >= 4)),
    Twin("depth.batchnorm", "necessary", "two per cent more than 1/(n - 1)", scaled(2)),
    Twin("depth.batchnorm", "sufficient", "two per cent less than n - 1", scaled(-2)),
    Twin(
        "depth.localmin-to-strict-saddle.constant-neuron",
        "block_of",
        "the sign of a negative curvature lost",
        instead(lambda t, curvature, block: t(abs(curvature), block)),
    ),
    Twin("depth.localmin-to-strict-saddle.constant-neuron", "rate", "three per cent off", scaled(3)),
    Twin(
        "depth.lifting.dimension",
        "formula",
        "one more for wide inserted layers",
        off(lambda inner, m, m_next, deficits: inner > max(m, m_next)),
        ("constraints", "constraints-in-floats"),
    ),
    Twin(
        "depth.lifting.dimension",
        "formula",
        "one less where the layers around differ in width",
        off(lambda inner, m, m_next, deficits: m != m_next, -1),
        ("constraints", "constraints-in-floats"),
    ),
    Twin(
        "depth.lifting.dimension",
        "formula",
        "the sum of the deficits in place of their product",
        instead(
            lambda t, inner, m, m_next, deficits: t(inner, m, m_next, deficits) - deficits[0] * deficits[1] + sum(deficits) * all(deficits)
        ),
        ("cokernel",),
    ),
    Twin("depth.lifting.existence", "smallest", "one less for a rank of three", instead(lambda t, W: t(W) - (t(W) == 3))),
    Twin(
        "depth.lifting.inertia",
        "formula",
        "a zero turns negative at saddles",
        instead(
            lambda t, shallow, gained: tuple(
                count + step * (shallow[0] > 0) for count, step in zip(t(shallow, gained), (1, -1, 0), strict=True)
            )
        ),
    ),
    Twin(
        "depth.data-dependency",
        "law",
        "arcsin(rho) a tenth too large",
        instead(lambda t, x: (t(x)[0], 0.25 + (t(x)[1] - 0.25) * 1.1)),
    ),
    Twin("depth.residual.any-activation", "weight", "the sign of the curvature lost", instead(lambda t, value: t(abs(value)))),
    Twin("depth.tanh.not-exact", "most", "two points", lambda truth: truth - 1),
    Twin("depth.tanh.not-exact", "orders", "the gradient is of second order, too", lambda truth: (truth[0], truth[1] + 1)),
    Twin(
        "depth.lifting.criticality",
        "differential",
        "the last coordinate two per cent too large",
        instead(lambda t, found: np.vstack([t(found)[:-1], t(found)[-1:] * 51 / 50])),
    ),
)

RECOVERY_TWINS = (
    Twin(
        "recovery.strata",
        "formula",
        "one more branch for three neurons and one target",
        off(lambda width, targets: (width, targets) == (3, 1)),
    ),
    Twin(
        "recovery.strata",
        "dimension",
        "one more in two inputs where all weights differ",
        off(lambda branch, d: d == 2 and branch.distinct == branch.width),
    ),
    Twin(
        "recovery.deficient",
        "formula",
        "one more for two targets and all weights different",
        off(lambda distinct, width, targets: distinct == width and targets >= 2),
    ),
    Twin("recovery.intersection", "number", "five in place of 3! points", off(lambda m, m0: m == m0 == 3, -1)),
    Twin(
        "recovery.intersection",
        "meet",
        "meets of one dimension more in two inputs",
        instead(lambda t, one, other, d: t(one, other, d) if d != 2 or t(one, other, d) is None else t(one, other, d) + 1),
    ),
    Twin("recovery.unique", "count", "five in place of 3! points", off(lambda n: n == 3, -1)),
    Twin(
        "recovery.rank",
        "formula",
        "one less where n is the rank of a branch",
        off(lambda branch, n, d: n == branch.rank(d) > 1, -1),
        ("exact-field",),
    ),
    Twin(
        "recovery.rank",
        "formula",
        "one more for the target itself, from two neurons on",
        off(lambda branch, n, d: branch.width == branch.targets >= 2 and n > branch.rank(d)),
    ),
    Twin(
        "recovery.gap",
        "gap",
        "d more where a free block is larger than two",
        off(lambda branch, d: any(len(block) > 2 for block in branch.free), 1),
    ),
    Twin(
        "recovery.morse-bott",
        "criterion",
        "Morse-Bott with one copy of a target, too",
        instead(lambda t, branch: t(branch) or branch.width == branch.distinct + 1 and not branch.free),
    ),
    Twin("recovery.morse-bott", "most", "one sample more for two targets", off(lambda m0, d: m0 >= 2)),
    Twin("recovery.lemma.LI0", "ranks", "GELU with slopes 6", lambda truth: {**truth, "gelu": (3, 6)}),
    Twin(
        "recovery.lemma.LI1", "formula", "one less where samples and functions are equally many", off(lambda n, k, d: n == (d + 1) * k, -1)
    ),
    Twin("recovery.lifted-sample-dependent", "dimension", "one more in two inputs", off(lambda n, m, d: d == 2 and n > 1 + (d + 1) * m)),
    Twin(
        "recovery.separation",
        "size",
        "one sample less for Morse-Bott branches of two weights",
        off(lambda branch, d: branch.morse_bott and branch.distinct == 2, -1),
    ),
    Twin("recovery.separation", "largest", "one more for two targets", off(lambda m, m0, d: m0 >= 2)),
    Twin("recovery.separation.deficient", "definite", "all but one of a sign will do, too", instead(lambda t, k, m: t(k, m) or k == m - 1)),
    Twin("recovery.flow.linear", "rate", "three per cent off", scaled(3)),
    Twin("recovery.flow.linear", "factor", "one per cent off", lambda truth: Fraction(101, 100)),
)

REGULARIZATION_TWINS = (
    Twin(
        "regularization.criterion.acyclic",
        "criterion",
        "acyclic as soon as there is no cycle of two",
        instead(lambda t, graph: no_pair(graph)),
    ),
    Twin(
        "regularization.criterion.acyclic",
        "separable",
        "nothing is told apart from five limits on",
        instead(lambda t, graph, p, q: t(graph, p, q) and len(graph) < 5),
    ),
    Twin("regularization.classification.one-neuron", "rule", "three per cent more for softplus", instead(in_softplus(1.03)), ("loops",)),
    Twin(
        "regularization.elasticity", "moved", "GELU and the others two units of the twelfth decimal on", lambda truth: Fraction(2, 10**12)
    ),
    Twin("regularization.open-one-point", "corner", "the fourth corner a side farther", instead(lambda t, w: t(w) + w[1] - w[0])),
    Twin("regularization.k-cycle.softplus-d2", "digits", "a detour of 0.01068", lambda truth: "0.01068"),
    Twin("regularization.one-point.sigmoid", "first", "the last digit of the first input one less", lambda truth: "0.862420940818"),
    Twin("regularization.one-point.sigmoid", "transversality", "the last digit of the determinant one more", lambda truth: "-0.28758"),
    Twin("regularization.one-point.sigmoid", "place", "the minimum at 2.01", lambda truth: Fraction(201, 100)),
    Twin("regularization.one-point.gelu", "second", "the last digit of the second input one more", lambda truth: "2.301267210091"),
    Twin("regularization.one-point.softsign-sigmoid", "determinant", "11/301", lambda truth: Fraction(11, 301)),
    Twin("regularization.one-point.exp-atan", "integral", "first integral 126/10", lambda truth: Fraction(126, 10)),
    Twin(
        "regularization.one-point.reflection",
        "turned",
        "with three inputs the whole weight turns",
        instead(lambda t, w, x: t(w, x) if len(w) < 3 else -w),
    ),
    Twin("regularization.two-point.tanh-d2", "gap", "the last digit of the difference one more", lambda truth: "-1.55944"),
    Twin("regularization.two-point.sigmoid", "second", "the last digit of the second label one less", lambda truth: "1.3935071845"),
    Twin("regularization.two-point.reweight", "low", "more than 4.48", lambda truth: "4.48"),
    Twin("regularization.two-point.relu-d2", "square", "beta^2 = 151/100", lambda truth: Fraction(151, 100)),
    Twin("regularization.recipes", "P", "P = 4.01 on the middle piece", lambda truth: (60, Fraction(401, 100), 12)),
    Twin("regularization.homogeneous-conserved", "degree", "k + 1/100 for a^2", instead(lambda t, k: t(k) + Fraction(1, 100))),
    Twin("regularization.orbit.monotone", "square", "without the second input's part", instead(lambda t, x: x[0] * x[0]), ("speed",)),
    Twin("regularization.p-family", "quotient", "q a hundredth larger", instead(lambda t, p, q, z: t(p, q, z) + q / Fraction(100))),
    Twin(
        "regularization.linear", "formula", "a thousandth farther", instead(lambda t, X, y, theta0, **how: t(X, y, theta0, **how) * 1.001)
    ),
)

DYNAMICS_TWINS = (
    Twin("condensation.count_1d", "extrema", "four maxima for three lines", off(lambda r: r == 3)),
    Twin("condensation.count_1d", "dimension", "a constant form for odd p from 3 on", off(lambda p: p % 2 and p >= 3)),
    Twin("condensation.count_1d", "orientations", "one maximum less for p = 3", instead(lambda t, p: (t(p)[0] - (p == 3), *t(p)[1:]))),
    Twin("condensation.cnn", "mean", "two per cent off", scaled(2)),
    Twin("condensation.cnn", "median", "two per cent off", scaled(2)),
    Twin("condensation.cnn", "rate", "two per cent off", scaled(2)),
    Twin("condensation.cnn", "slope", "two per cent off", instead(lambda t, sigma: t(sigma) * Fraction(51, 50))),
    Twin("condensation.high_dim_counterexample", "growing", "one more in five dimensions", off(lambda D: D == 5)),
    Twin("condensation.high_dim_counterexample", "attracting", "one more from four dimensions on", off(lambda D: D >= 4)),
    Twin("condensation.deep", "slope", "two per cent off", scaled(2)),
    Twin("condensation.leading_order", "factor", "two per cent off for multiplicity three", scaled(2, lambda k: k == 3)),
    Twin("condensation.leading_order", "power", "one more for multiplicity two", off(lambda k: k == 2)),
    Twin(
        "condensation.multiplicity",
        "formula",
        "one more for z^2 times what vanishes to second order",
        off(lambda q, p, offset: q >= 2 and p >= 2 and not offset),
    ),
    Twin("condensation.p2_any_dim", "at_rest", "two more in three dimensions", off(lambda D: D == 3, 2)),
    Twin("condensation.p2_any_dim", "attracting", "two more from four dimensions on", off(lambda D: D >= 4, 2)),
    Twin("condensation.offset", "speed", "two per cent off", scaled(2)),
    Twin("condensation.p1_timescale", "dimension", "one more in two dimensions", off(lambda D: D == 2)),
    Twin("condensation.p1_timescale", "law", "two per cent off in three dimensions", scaled(2, lambda tau, delta, D: D == 3), ("law",)),
    Twin("reduce.merge", "factor", "two per cent off for longer weights", scaled(2, lambda sigma, ratio: ratio > 1)),
    Twin("adam.degenerate.rate", "speed", "two per cent off from k = 6 on", scaled(2, lambda k, beta2: k >= 6)),
    Twin("adam.degenerate.complexity", "counts", "one step more for k = 6", lambda truth: lambda k: truth(k) + (k == 6)),
    Twin("adam.degenerate.complexity", "slope", "two per cent off", scaled(2)),
    Twin("adam.degenerate.complexity", "factor", "two per cent off", scaled(2)),
    Twin("adam.degenerate.existence", "power", "k in place of k - 1, for k = 6 alone", off(lambda k: k == 6)),
    Twin(
        "adam.degenerate.stability",
        "rule",
        "one per cent more momentum is stable, too",
        instead(lambda t, k, beta1, rho: t(k, beta1 * Fraction(99, 100), rho)),
    ),
    Twin(
        "adam.degenerate.gd",
        "limit",
        "two per cent off for the heavy ball",
        scaled(2, lambda method, mu: mu > 0 and "heavy" in str(method).lower().replace("_", " ")),
    ),
    Twin("spike.gd_threshold", "stable", "stable one per cent beyond", instead(lambda t, h: t(h * Fraction(99, 100)))),
    Twin("adam.frozen_threshold", "threshold", "one per cent more", scaled(1)),
    Twin("adam.frozen_threshold", "factor", "one per cent off after the first step", scaled(1, lambda b, t: t >= 2)),
    Twin("adam.grad_curvature", "over", "2.01", lambda truth: Fraction(201, 100)),
    Twin("adam.degenerate.umap", "beyond", "one per cent later", instead(lambda t, g, k: t(g * Fraction(99, 100), k))),
    Twin(
        "adam.quadratic_spike",
        "steps",
        "one step later in one run",
        lambda truth: lambda run, *more: truth(run, *more) + (truth(run, *more) == 1007),
        ("crossings",),
    ),
    Twin("spike.llas", "first", "one step later", lambda truth: lambda rate, *more: truth(rate, *more) and truth(rate, *more) + 1),
    Twin(
        "adam.degenerate.signgd_cycle",
        "rule",
        "one per cent more of beta_1 attracts",
        instead(lambda t, k, beta1, beta2: t(k, beta1 * Fraction(99, 100), beta2)),
    ),
    Twin("adam.degenerate.signgd_cycle", "both", "k <= 26", instead(lambda t, k: k <= 26)),
    Twin(
        "dropout.covariance", "formula", "two per cent off for two outputs", scaled(2, lambda s, y, g, v: s.shape[-1] == 2), ("every-mask",)
    ),
    Twin("dropout.covariance", "scale", "two per cent off", scaled(2)),
    Twin(
        "dropout.expectation",
        "variance",
        "p/(1 - p) in place of (1 - p)/p",
        instead(lambda t, p: p / (1 - p) if p != 1 else t(p)),
        ("every-mask",),
    ),
    Twin("dropout.expectation", "gradient", "two per cent off", scaled(2)),
    Twin("dropout.r1_bound", "bound", "two per cent more", scaled(2), ("attained",)),
    Twin("dropout.r1_flatness", "formula", "two per cent off for two neurons", scaled(2, lambda a, w, x, v: len(a) == 2)),
    Twin("limit.bounds", "lower", "8 in place of 7", off(lambda layers: layers == 4)),
    Twin("limit.bounds", "upper", "12 in place of 13", off(lambda layers: layers == 4, -1)),
    Twin("attention.stage1", "rate", "one per cent off", scaled(1)),
    Twin("attention.stage1", "plateau", "one per cent off", scaled(1)),
    Twin("attention.stage1", "norm", "one per cent off", scaled(1)),
    Twin("attention.stage2", "rate", "one per cent off", scaled(1), ("whole-hessian",)),
    Twin("attention.redistribution", "rates", "two per cent off", scaled(2)),
)


def pair_scaled(percent: int, condition: Callable[..., Any]) -> Callable[[Any], Any]:
    """The true pair of numbers, both so many per cent off where ``condition`` holds of the arguments."""
    return lambda truth: (
        lambda *given: tuple(part * (100 + percent) / 100 for part in truth(*given)) if condition(*given) else truth(*given)
    )


FREQUENCY_TWINS = (
    Twin("fprinciple.upper_limit", "count", "3n/4 in place of n", lambda truth: lambda n: Fraction(3 * n, 4)),
    Twin("fprinciple.upper_limit", "times", "half of the bound off the samples", lambda truth: Fraction(1, 2)),
    Twin(
        "fprinciple.upper_limit",
        "weight",
        "a fifth less at alpha = d",
        lambda truth: lambda n, d=0, alpha=9.0: Fraction(5, 6) if alpha == d else Fraction(1),
    ),
    Twin(
        "fprinciple.upper_limit",
        "weight",
        "a fifth less at d = 3, alpha = 5/2",
        lambda truth: lambda n, d=0, alpha=9.0: Fraction(5, 6) if (d, alpha) == (3, 2.5) else Fraction(1),
    ),
    Twin("fprinciple.aliasing", "formula", "uniform points count 0.4", instead(lambda t, S, Q, u: t(S, Q, 0.8 * u))),
    Twin("fprinciple.aliasing", "formula", "uniform points count 0.55", instead(lambda t, S, Q, u: t(S, Q, 1.1 * u))),
    Twin("fprinciple.aliasing", "formula", "uniform points count 0.6", instead(lambda t, S, Q, u: t(S, Q, 1.2 * u))),
    Twin("fprinciple.aliasing", "formula", "a tenth less", scaled(-10)),
    Twin("fprinciple.aliasing", "formula", "a tenth more", scaled(10)),
    Twin("fprinciple.gradient_dominance", "exponent", "0.9 c", lambda truth: 0.9, ("rate",)),
    Twin("fprinciple.gradient_dominance", "exponent", "0.95 c", lambda truth: 0.95, ("rate",)),
    Twin("fprinciple.gradient_dominance", "exponent", "c five per cent larger", lambda truth: 1.05, ("shares",)),
    Twin("fprinciple.model_loss", "place", "0.7 per cent further on", lambda truth: lambda s: 1.007 * truth(s)),
    Twin("fprinciple.model_loss", "place", "no rise for s < 1.4", lambda truth: lambda s: truth(s) if s >= 1.4 else 0.0),
    Twin("fprinciple.parity_leak", "formula", "twice as much for 7 of 16", instead(lambda t, n, N: t(n, N) * (1 + ((n, N) == (7, 16))))),
    Twin("fprinciple.parity_leak", "formula", "five per cent more from N = 32 on", scaled(5, lambda n, N: N >= 32), ("counted",)),
    Twin("fprinciple.lfp_decay", "rate", "two per cent more for n = 4", scaled(2, lambda r, n, cosine: n == 4)),
    Twin("fprinciple.lfp_decay", "size", "(2r)! in place of 2", lambda truth: lambda r: factorial(2 * r)),
    Twin("fprinciple.spline_limits", "spline", "one more for five samples", off(lambda nodes, values, x: len(nodes) == 5), ("cubic",)),
    Twin(
        "fprinciple.spline_limits", "spline", "one more for five samples, too", off(lambda nodes, values, x: len(nodes) == 5), ("linear",)
    ),
    Twin("fprinciple.neuron_ft", "formula", "two per cent more for |k| > 20", pair_scaled(2, lambda w, b, k: abs(k) > 20)),
    Twin("fprinciple.neuron_ft", "formula", "two per cent more for |w| > 5", pair_scaled(2, lambda w, b, k: abs(w) > 5)),
    Twin(
        "fprinciple.neuron_ft",
        "formula",
        "two per cent more for |w| < 1/4",
        pair_scaled(2, lambda w, b, k: 4 * abs(w) < 1),
        ("quadrature",),
    ),
    Twin(
        "fprinciple.neuron_ft",
        "formula",
        "two per cent more for |w| < 1/4 and |k| < 1",
        pair_scaled(2, lambda w, b, k: 4 * abs(w) < 1 and abs(k) < 1),
        ("differences",),
    ),
)


PHASE_TWINS = (
    Twin("phase2.exponents", "exponent", "constant from gamma = 2 on", instead(lambda t, g, h: t(min(g, 2), h)), ("regions",)),
    Twin("phase2.exponents", "exponent", "constant below gamma = 1/4", instead(lambda t, g, h: t(max(g, Fraction(1, 4)), h)), ("regions",)),
    Twin("phase2.exponents", "exponent", "constant below gamma = 0", instead(lambda t, g, h: t(max(g, 0), h)), ("regions",)),
    Twin(
        "phase2.exponents",
        "exponent",
        "constant from gamma = 2 on, at places",
        instead(lambda t, g, h: t(min(g, 2), h)),
        ("at-large-widths",),
    ),
    Twin(
        "phase2.exponents",
        "exponent",
        "constant below gamma = 0, at places",
        instead(lambda t, g, h: t(max(g, 0), h)),
        ("at-large-widths",),
    ),
    Twin(
        "phase2.regimes",
        "regimes",
        "(1, 0) is condensed",
        instead(lambda t, g, h: "condensed" if (g, h) == (1, 0) else t(g, h)),
        ("signs",),
    ),
    Twin(
        "phase2.initial_condensation",
        "regimes",
        "linear wherever gamma' > 0",
        instead(lambda t, g, h: "linear" if h > 0 else t(g, h)),
        ("share-along-z",),
    ),
    Twin(
        "phase2.initial_condensation",
        "regimes",
        "linear for gamma <= 5/4 and gamma' <= 0",
        instead(lambda t, g, h: "linear" if g <= 1.25 and h <= 0 else t(g, h)),
        ("share-along-z",),
    ),
    Twin(
        "phase2.initial_condensation",
        "regimes",
        "condensed wherever gamma > 1",
        instead(lambda t, g, h: "condensed" if g > 1 else t(g, h)),
        ("share-along-z",),
    ),
    Twin("phase2.condensed_lower", "constant", "16 replaced by 14.9", lambda truth: Fraction(149, 10)),
    Twin("phase2.condensed_lower", "outer", "24 replaced by 22.3", lambda truth: Fraction(223, 10)),
    Twin(
        "phase3.exponents", "leads", "the first layer leads at (0, 0), too", off(lambda g2, g3: (g2, g3) == (0, 0)), ("first-layer-leads",)
    ),
    Twin(
        "phase3.exponents",
        "leads",
        "the first layer leads only where both are at most -2",
        instead(lambda t, g2, g3: max(g2, g3) <= -2),
        ("first-layer-leads",),
    ),
    Twin("phase3.regimes", "edges", "edges 1/2 and 101/100", lambda truth: (Fraction(1, 2), Fraction(101, 100))),
    Twin("phase3.regimes", "edges", "edges 1/2 and 25/24", lambda truth: (Fraction(1, 2), Fraction(25, 24))),
    Twin("phase3.regimes", "edges", "edges 13/24 and 1", lambda truth: (Fraction(13, 24), Fraction(1))),
    Twin("rl.rates", "top", "(1 + gamma)/(1 - gamma) for odd n, too", instead(lambda t, g, n: t(g, 2))),
    Twin("rl.rates", "top", "(1 + gamma)/(1 - gamma) for n = 11 alone", instead(lambda t, g, n: t(g, 2 if n == 11 else n))),
)


ADDED_TWINS = (
    # --- what an embedding adds; written from the statements and the signatures before the first run
    Twin(
        "embedding.complement",
        "added",
        "a zero counts as negative where the form has three",
        instead(lambda t, counts: (counts[0] + 1, counts[1] - 1, counts[2]) if counts[1] == 3 else t(counts)),
    ),
    Twin(
        "embedding.complement",
        "added",
        "positive and negative exchanged where there are more negative ones",
        instead(lambda t, counts: t(counts)[::-1] if counts[0] > counts[2] else t(counts)),
    ),
    Twin(
        "embedding.complement",
        "turned",
        "reversed errors change nothing where more are negative",
        instead(lambda t, counts: tuple(counts) if counts[0] > counts[2] else t(counts)),
    ),
    Twin(
        "embedding.complement",
        "complement",
        "the last direction two per cent off in one parameter",
        instead(lambda t, embedding: _bent(t(embedding))),
    ),
    Twin("embedding.truly-bad.paths", "block", "|u| for u", instead(lambda t, place, *given: t(_coupled(place, abs), *given))),
    Twin(
        "embedding.truly-bad.paths",
        "block",
        "couplings two per cent off where b is negative",
        instead(lambda t, place, *given: t(_coupled(place, lambda u: u * 51 / 50) if place.share < 0 else place, *given)),
    ),
    Twin(
        "embedding.truly-bad.paths",
        "block",
        "|b (1 - b)| for b (1 - b)",
        instead(lambda t, place, *given: _inside(t, place, given)),
    ),
    Twin(
        "embedding.truly-bad.paths",
        "block",
        "a_s (1 - a_s) of the first neuron for all of them",
        instead(lambda t, place, *given: t(replace(place, shares=(place.shares[0],) * len(place.shares)), *given)),
    ),
    Twin(
        "embedding.truly-bad.paths",
        "block",
        "terms of two lower neurons once, not twice",
        instead(lambda t, place, upper, lower, paths: t(place, upper, lower, _half_crossed(paths))),
    ),
    Twin(
        "embedding.truly-bad.paths",
        "block",
        "R_ts of the neurons only, not of the bias",
        instead(lambda t, place, upper, lower, paths: t(place, upper, lower, _unbiased(paths))),
    ),
    Twin("embedding.splitting.classes", "rank", "one less for four classes", off(lambda D, inputs, last: last and D == 4, -1)),
    Twin("embedding.splitting.classes", "rank", "one less for three classes", off(lambda D, inputs, last: last and D == 3, -1)),
    Twin("embedding.splitting.classes", "rank", "one for two classes", off(lambda D, inputs, last: last and D == 2)),
    Twin("embedding.splitting.classes", "rank", "one more behind two neurons within", off(lambda D, inputs, last: not last and D == 2)),
    Twin(
        "embedding.splitting.classes",
        "shifts",
        "the bias of the last class is moved by 1.02",
        instead(lambda t, model: np.concatenate([t(model)[:-1], t(model)[-1:] + 0.02 * np.eye(model.n_params)[-1:]])),
    ),
    Twin("embedding.cnn.inertia", "block", "-S beyond alpha = 1", instead(lambda t, B, S, a: t(B, S * (-1 if a > 1 else 1), a))),
    Twin(
        "embedding.cnn.inertia",
        "block",
        "S two per cent off for two taps",
        instead(lambda t, B, S, a: t(B, S * 51 / 50 if len(S) == 3 else S, a)),
    ),
    Twin(
        "embedding.cnn.inertia",
        "block",
        "the last of four rows of B is 0",
        instead(lambda t, B, S, a: t(np.concatenate([B[:3], 0 * B[3:]]) if len(B) == 4 else B, S, a)),
    ),
    Twin(
        "embedding.cnn.inertia",
        "block",
        "the bias row of S is 0",
        instead(lambda t, B, S, a: t(B, S * np.outer([1] * (len(S) - 1) + [0], [1] * (len(S) - 1) + [1]), a)),
    ),
    Twin("embedding.cnn.inertia", "added", "a zero counts as positive at alpha = 0", moved((0, -1, 1), lambda B, S, a: a == 0)),
    Twin("embedding.cnn.inertia", "added", "one positive more, one negative less beyond 1", moved((-1, 0, 1), lambda B, S, a: a > 1)),
    Twin("embedding.degeneracy.K", "dimension", "one less for three copies", off(lambda K: K == 3, -1), ("affine-set",)),
    Twin(
        "embedding.splitting.subgradient",
        "wide_choice",
        "1/2 in the wide network for 1/3",
        instead(lambda t, c: Fraction(1, 2) if c == Fraction(1, 3) else t(c)),
    ),
    Twin("depth.lifting.range", "lost", "one more where W' = 0", off(lambda rows, columns, outer, inner: outer == 0 and inner < columns)),
    Twin("depth.lifting.range", "lost", "one less where nothing is left", off(lambda rows, columns, outer, inner: outer == inner == 0, -1)),
    Twin(
        "depth.lifting.range",
        "counts",
        "one zero more is positive beside five new ones",
        moved((0, -1, 1), lambda H, D: D.shape[1] >= len(H) + 5),
    ),
    Twin("depth.lifting.range", "chain", "the last column two per cent off", instead(lambda t, D1, D2: _last_off(t(D1, D2)))),
    Twin("embedding.splitting.min-eig-bound", "factor", "kappa two per cent larger", scaled(2)),
    Twin("embedding.splitting.min-eig-bound", "factor", "kappa ten per cent larger beyond 1", scaled(10, lambda alpha: alpha > 1)),
    Twin("embedding.splitting.min-eig-bound", "factor", "kappa ten per cent larger below 0", scaled(10, lambda alpha: alpha < 0)),
    Twin("depth.tanh.not-exact", "limit", "the last entry two per cent off", instead(lambda t, *given: _last_entry_off(t(*given)))),
    Twin(
        "embedding.degeneracy.compatible-dimension", "dimension", "one more for one copy in two layers", off(lambda extra: extra == (1, 1))
    ),
)


def _bent(basis: Any) -> Any:
    """A basis (k, P) whose last vector is two per cent off in its first entry that is not 0."""
    found = basis.copy()
    place = next(j for j in range(found.shape[1]) if found[-1, j] != 0)
    found[-1, place] = found[-1, place] * 51 / 50
    return found


def _last_off(matrix: Any) -> Any:
    found = matrix.copy()
    found[:, -1] = found[:, -1] * 51 / 50
    return found


def _last_entry_off(vector: Any) -> Any:
    """A vector (P,) whose last entry that is not 0 is two per cent off."""
    found = vector.copy()
    place = max(k for k, value in enumerate(found) if value != 0)
    found[place] = found[place] * 51 / 50
    return found


def _coupled(place: Any, change: Callable[[Fraction], Fraction]) -> Any:
    return replace(place, coupling=tuple(change(u) for u in place.coupling))


def _inside(truth: Any, place: Any, given: Any) -> Any:
    """The block of a share with |b (1 - b)|: that of the truth with S_t and its like taken with the other sign beyond 0 and 1."""
    (B, S), lower, paths = given
    if place.share * (1 - place.share) >= 0:
        return truth(place, *given)
    mixed, second = [-1 * value for value in paths.mixed], [[-1 * value for value in row] for row in paths.second]
    return truth(place, (B, -1 * S), lower, replace(paths, mixed=mixed, second=second))


def _half_crossed(paths: Any) -> Any:
    second = [[value if j == k else value / 2 for j, value in enumerate(row)] for k, row in enumerate(paths.second)]
    return replace(paths, second=second)


def _unbiased(paths: Any) -> Any:
    return replace(paths, mixed=[np.concatenate([value[:-1], 0 * value[-1:]]) for value in paths.mixed])


TWINS = RANK_TWINS + WIDTH_TWINS + ADDED_TWINS + DEPTH_TWINS + RECOVERY_TWINS + REGULARIZATION_TWINS + DYNAMICS_TWINS
TWINS += FREQUENCY_TWINS + PHASE_TWINS


def answers(twin: Twin, claim: Claim, level: str) -> Iterator[tuple[str, str]]:
    """Each check of the claim with what it says of the twin, when it is asked: ``fails`` is a refutation."""
    from proofs_check.engine.execution import run_part

    for check in filter(twin.applies, claim.checks):
        control = Control("twin", **{twin.parameter: twin.false(check.parameters[twin.parameter])})
        checks = [replace(other, controls=[*other.controls, control]) if other is check else other for other in claim.checks]
        finding = run_part(replace(claim, checks=checks), check.name, "control:twin", level=level)
        told = finding.status.value
        yield check.name, told if not finding.message or finding.status is Status.FAILS else f"{told}: {finding.message}"


def caught_by(twin: Twin, claim: Claim, level: str) -> dict[str, str]:
    """What each check of the claim says of the twin."""
    return dict(answers(twin, claim, level))


def refuted(twin: Twin, claim: Claim) -> tuple[bool, dict[tuple[str, str], str]]:
    """Whether a check refutes the twin, and what was asked, by level and check: the levels that CI meets, the lowest first.

    The first refutation is the answer: a twin that few instances refute is asked of no more.
    """
    told: dict[tuple[str, str], str] = {}
    for level in ("quick", "standard"):
        for check, says in answers(twin, claim, level):
            told[level, check] = says
            if says == Status.FAILS.value:
                return True, told
    return False, told


def survivors(twins: Sequence[Twin], level: str) -> Iterator[tuple[Twin, dict[str, str], float]]:
    """Every twin with what its checks say and how long they took."""
    from proofs_check import load_claims

    claims = load_claims()
    for twin in twins:
        started = time.perf_counter()
        yield twin, caught_by(twin, claims[twin.claim], level), time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("patterns", nargs="*", default=["*"])
    parser.add_argument("--level", choices=("quick", "standard", "full"), default="standard")
    options = parser.parse_args()
    from dynamics_edge_twins import TWINS as edges
    from rank_edge_twins import TWINS as rank_edges

    chosen = [
        twin for twin in (*TWINS, *edges, *rank_edges) if any(fnmatch.fnmatchcase(twin.claim, pattern) for pattern in options.patterns)
    ]
    left = 0
    for twin, found, seconds in survivors(chosen, options.level):
        caught = "fails" in found.values()
        left += not caught
        print(f"{'caught' if caught else 'SURVIVES':9} {twin.claim:26} {twin.what}  [{seconds:.1f} s]")
        if not caught:
            print("          ", found)
    print(f"{len(chosen) - left} of {len(chosen)} caught at level {options.level}")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
