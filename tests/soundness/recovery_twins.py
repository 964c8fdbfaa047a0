"""Falsehoods about perfect minima and their true twins: one check of the suite with two formulas each, written before it was run.

Every falsehood is a slip that much of the domain forgives: the rank is right for d = 1, the criterion up to m = 3, the count for m0 = 1 up
to relabelling, the sample size on branches whose gap is one.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from drawn_twins import Pair, claim_of
from referee_twins import CONSTANT, SMALL

from proofs_check import Check, Claim, Control
from proofs_check.claims.recovery import branches, flow, hessian, separation
from proofs_check.claims.recovery._points import PAPER
from theory.recovery import branch_types, separation_size, stirling


@dataclass(frozen=True)
class Twin(Pair):
    """``parameter`` of the ``check`` of the suite is ``false`` or ``true``; ``control`` is worse than either."""

    check: Check
    parameter: str
    false: Any
    true: Any
    control: Any


def at_its_size(place, *, size, context):
    """No imperfect zero-loss points near the branch from the announced sample size on."""
    branch, d = place
    return separation.projection((branch, d, size(branch, d)), size=size, context=context)


def some_branches(context):
    return [(branch, d) for m, m0, d in [(2, 1, 2), (3, 1, 1), (3, 1, 2)] for branch in branch_types(m, m0)]


TWINS = [
    Twin(
        "hessian-rank",
        SMALL,
        r"\operatorname{rank} \operatorname{Hess} R = \min(n,\, r\,(d+1) - l)",
        r"\operatorname{rank} \operatorname{Hess} R = \min(n,\, r\,(d+1) - l\, d)",
        hessian.RANK.closed_check("exact-field"),
        "formula",
        false=lambda b, n, d: min(n, b.distinct * (d + 1) - b.deficient),
        true=lambda b, n, d: min(n, b.distinct * (d + 1) - b.deficient * d),
        control=lambda b, n, d: min(n, b.width * (d + 1)),
    ),
    Twin(
        "morse-bott",
        SMALL,
        r"R \text{ is Morse-Bott almost everywhere on } Q^r_{P,\pi} \iff \text{no target is split}",
        r"R \text{ is Morse-Bott almost everywhere on } Q^r_{P,\pi} \iff \text{no target is split, no free block exceeds two neurons}",
        hessian.MORSE_BOTT.closed_check("kernel"),
        "criterion",
        false=lambda b: all(len(block) == 1 for block in b.carriers),
        true=lambda b: all(len(block) == 1 for block in b.carriers) and all(len(block) < 3 for block in b.free),
        control=lambda b: True,
    ),
    Twin(
        "branch-count",
        SMALL,
        r"\#\{(P,\pi)\} = \sum_b S(m, b) \binom{b}{m_0}",
        r"\#\{(P,\pi)\} = \sum_b S(m, b)\, b! / (b - m_0)!",
        branches.STRATA.closed_check("count"),
        "formula",
        false=lambda m, m0: sum(stirling(m, b) * math.comb(b, m0) for b in range(m0, m + 1)),
        true=lambda m, m0: sum(stirling(m, b) * math.perm(b, m0) for b in range(m0, m + 1)),
        control=lambda m, m0: sum(stirling(m, b) for b in range(m0, m + 1)),
    ),
    Twin(
        "separation",
        SMALL,
        r"n \ge \min(r + (r - l)\, d + 1,\, \operatorname{codim}) \text{ separates every branch from imperfect minima}",
        r"n \ge r + (m + m_0 - r)\, d \text{ separates every branch from imperfect minima}",
        replace(separation.SEPARATION.closed_check("projection"), run=at_its_size, instances=some_branches),
        "size",
        false=lambda b, d: b.rank(d) + (b.gap(d) > 0),
        true=lambda b, d: separation_size(b.distinct, b.width, b.targets, d),
        control=lambda b, d: 1,
    ),
    Twin(
        "linear-rate",
        CONSTANT,
        r"R(\gamma(t)) \sim e^{-2 \lambda t},\ \lambda = \sigma_{\min}(J)^2",
        r"R(\gamma(t)) \sim e^{-2 \lambda t},\ \lambda = 2\, \sigma_{\min}(J)^2",
        flow.LINEAR.closed_check("rates"),
        "rate",
        false=lambda eigenvalues: float(eigenvalues[0]) / 2,
        true=lambda eigenvalues: float(eigenvalues[0]),
        control=lambda eigenvalues: float(eigenvalues[-1]),
    ),
]


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    return [_claim(twin, side) for twin in TWINS]


def _claim(twin: Twin, side: str) -> Claim:
    check = replace(
        twin.check,
        clauses=(),
        covers="instances",
        because="",
        parameters={**twin.check.parameters, twin.parameter: getattr(twin, side)},
        controls=[Control("worse", **{twin.parameter: twin.control})],
    )
    return claim_of(twin, side, check, family="recoverytwins", paper=PAPER)
