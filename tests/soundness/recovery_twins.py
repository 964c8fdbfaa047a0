"""Falsehoods about perfect minima and their true twins: one check of the suite with two formulas each, written before it was run.

Every falsehood is a slip that much of the domain forgives: the rank is right for d = 1, the criterion up to m = 3, the count for m0 = 1 up
to relabelling, the sample size on branches whose gap is one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from referee_twins import CONSTANT, SMALL

from proofs_check import Check, Claim, Control, Source
from proofs_check.claims.recovery._points import PAPER, RANKED, kinds_up_to, sizes
from proofs_check.claims.recovery.branches import check_count
from proofs_check.claims.recovery.flow import check_linear_rate, morse_bott_flows
from proofs_check.claims.recovery.hessian import check_morse_bott, check_rank, ranked_branches
from proofs_check.claims.recovery.separation import check_projection
from theory.recovery import branch_types, separation_size, stirling


@dataclass(frozen=True)
class Twin:
    """``parameter`` of the check ``run`` is ``false`` or ``true``; ``control`` is worse than either."""

    name: str
    difficulty: str
    evidence: str
    run: Callable[..., Any]
    instances: Callable[..., Any]
    parameter: str
    statement_false: str
    statement_true: str
    false: Any
    true: Any
    control: Any
    further: dict[str, Any] = field(default_factory=dict)


def check_size(instance, *, size, context):
    """No imperfect zero-loss points near the branch from the announced sample size on."""
    branch, d = instance
    return check_projection((branch, d, size(branch, d)), size=size, context=context)


def some_branches(context):
    return [(branch, d) for m, m0, d in [(2, 1, 2), (3, 1, 1), (3, 1, 2)] for branch in branch_types(m, m0)]


TWINS = [
    Twin(
        "hessian-rank",
        SMALL,
        "exact",
        check_rank,
        ranked_branches(RANKED, most=3),
        "formula",
        r"\operatorname{rank} \operatorname{Hess} R = \min(n,\, r\,(d+1) - l)",
        r"\operatorname{rank} \operatorname{Hess} R = \min(n,\, r\,(d+1) - l\, d)",
        false=lambda b, n, d: min(n, b.distinct * (d + 1) - b.deficient),
        true=lambda b, n, d: min(n, b.distinct * (d + 1) - b.deficient * d),
        control=lambda b, n, d: min(n, b.width * (d + 1)),
        further={"method": "exact"},
    ),
    Twin(
        "morse-bott",
        SMALL,
        "exact",
        check_morse_bott,
        kinds_up_to(4),
        "criterion",
        r"R \text{ is Morse-Bott almost everywhere on } Q^r_{P,\pi} \iff \text{no target is split}",
        r"R \text{ is Morse-Bott almost everywhere on } Q^r_{P,\pi} \iff \text{no target is split, no free block exceeds two neurons}",
        false=lambda b: all(len(block) == 1 for block in b.carriers),
        true=lambda b: all(len(block) == 1 for block in b.carriers) and all(len(block) < 3 for block in b.free),
        control=lambda b: True,
    ),
    Twin(
        "branch-count",
        SMALL,
        "exact",
        check_count,
        sizes(5),
        "formula",
        r"\#\{(P,\pi)\} = \sum_b S(m, b) \binom{b}{m_0}",
        r"\#\{(P,\pi)\} = \sum_b S(m, b)\, b! / (b - m_0)!",
        false=lambda m, m0: sum(stirling(m, b) * math.comb(b, m0) for b in range(m0, m + 1)),
        true=lambda m, m0: sum(stirling(m, b) * math.perm(b, m0) for b in range(m0, m + 1)),
        control=lambda m, m0: sum(stirling(m, b) for b in range(m0, m + 1)),
    ),
    Twin(
        "separation",
        SMALL,
        "training",
        check_size,
        some_branches,
        "size",
        r"n \ge \min(r + (r - l)\, d + 1,\, \operatorname{codim}) \text{ separates every branch from imperfect minima}",
        r"n \ge r + (m + m_0 - r)\, d \text{ separates every branch from imperfect minima}",
        false=lambda b, d: b.rank(d) + (b.gap(d) > 0),
        true=lambda b, d: separation_size(b.distinct, b.width, b.targets, d),
        control=lambda b, d: 1,
    ),
    Twin(
        "linear-rate",
        CONSTANT,
        "property",
        check_linear_rate,
        morse_bott_flows,
        "rate",
        r"R(\gamma(t)) \sim e^{-2 \lambda t},\ \lambda = \sigma_{\min}(J)^2",
        r"R(\gamma(t)) \sim e^{-2 \lambda t},\ \lambda = 2\, \sigma_{\min}(J)^2",
        false=lambda eigenvalues: float(eigenvalues[0]) / 2,
        true=lambda eigenvalues: float(eigenvalues[0]),
        control=lambda eigenvalues: float(eigenvalues[-1]),
    ),
]


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    return [_claim(twin, side) for twin in TWINS]


def _claim(twin: Twin, side: str) -> Claim:
    check = Check(
        "instances",
        evidence=twin.evidence,
        covers="instances",
        scope="the instances of the suite",
        run=twin.run,
        instances=twin.instances,
        parameters={twin.parameter: getattr(twin, side), **twin.further},
        controls=[Control("worse", **{twin.parameter: twin.control})],
        alpha=1e-5 if twin.evidence == "training" else None,
        tolerance="as in the suite" if twin.evidence in ("property", "training") else None,
    )
    statement = twin.statement_false if side == "false" else twin.statement_true
    title = twin.name.replace("-", " ")
    return Claim(
        id=f"recoverytwins.{twin.name}",
        title=title,
        statement=statement,
        source=Source(PAPER, "bench"),
        checks=[check],
        notes=f"class: {twin.difficulty}",
    )
