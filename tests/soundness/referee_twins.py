"""Pairs of a false claim and its true twin, written by a referee from the published statements alone.

A :class:`Pair` differs between its two sides in what is claimed (the parameter ``claimed``) or in the hypothesis that is kept (the
parameter ``domain``, from which instances are drawn as the statement itself suggests); everything else is shared. Instances are not
aimed at the falsehood: a falsehood that hides on a small set may survive, and then counts as a survivor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from proofs_check import Check, Claim, Control, Outcome, Source, draws

OFF_BY_ONE = "off by one"
EDGE = "wrong only on an edge set"
FLOAT = "true in float and false exactly"
SMALL = "true for small sizes only"
CONSTANT = "wrong constant in a rate"
DROPPED = "hypothesis dropped"
ALMOST_SURELY = "true almost surely but stated for all"
CLASSES = (OFF_BY_ONE, EDGE, FLOAT, SMALL, CONSTANT, DROPPED, ALMOST_SURELY)

RANK_PAPER, RECOVERY_PAPER = "arXiv:2211.11623v1", "arXiv:2309.00508v3"
OPTIMISTIC_PAPER, LINEAR_PAPER = "arXiv:2307.08921v1", "arXiv:2406.18035v1"
WIDTH_PAPER, DEPTH_PAPER, FLOW_PAPER = "arXiv:2111.15527", "arXiv:2205.13283", "arXiv:2201.12198"


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one twin says, and the parameters of the check that say it."""

    statement: str
    claimed: Any
    domain: Any = None


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two claims of one id. ``control`` is a cruder falsehood of the same shape: (its name, the value of ``claimed``)."""

    id: str
    title: str
    difficulty: str
    source: Source
    scope: str
    run: Callable[..., Outcome]
    instances: Callable[..., Any]
    true: Side
    false: Side
    control: tuple[str, Any]
    evidence: str = "exact"
    relation: str = "equality"
    tolerance: str | None = None
    alpha: float | None = None

    def claim(self, side: str) -> Claim:
        said = getattr(self, side)
        name, wrong = self.control
        check = Check(
            "drawn",
            evidence=self.evidence,
            covers="instances",
            scope=self.scope,
            run=self.run,
            instances=self.instances,
            parameters={"claimed": said.claimed, "domain": said.domain},
            controls=[Control(name, claimed=wrong)],
            tolerance=self.tolerance,
            alpha=self.alpha,
        )
        return Claim(
            id=self.id,
            title=self.title,
            statement=said.statement,
            relation=self.relation,
            source=self.source,
            checks=[check],
            refuted_by="one instance on which the two sides of the statement differ",
            notes=f"class: {self.difficulty}",
        )


def sides(pairs: Sequence[Pair], side: str) -> list[Claim]:
    """The claims of one side, "true" or "false"."""
    return [pair.claim(side) for pair in pairs]


def numbered(quick: int, standard: int) -> Callable[..., range]:
    """Instances that are numbers; the check draws each from ``context.rng`` of its number."""
    return lambda context: range(context.by_level(quick=quick, standard=standard, full=4 * standard))


#: Draws for statements that break on an edge set: one of probability 1/10 (at quick) or 1/30 is missed in one run of a thousand.
AT_EDGES = numbered(draws.enough(1 / 10), draws.enough(1 / 30))


def agreed(claimed: Any, found: Any, **instance: Any) -> Outcome:
    """Holds when what was claimed was found; the instance is the counterexample otherwise."""
    return Outcome.equal(claimed, found, **instance)


def within(difference: float, tolerance: float, message: str, **instance: Any) -> Outcome:
    """Holds when a float difference is at most its derived tolerance."""
    difference = float(difference)
    margin = (tolerance - difference) / tolerance
    if not math.isfinite(difference):
        return Outcome.inconclusive(f"{message}: not finite")
    if difference <= tolerance:
        return Outcome.holds(margin=margin)
    return Outcome.fails(f"{message}: off by {difference:.3g}, allowed {tolerance:.3g}", counterexample=instance, margin=margin)
