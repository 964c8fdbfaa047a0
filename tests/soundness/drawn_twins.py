"""Pairs of a falsehood and its true twin whose check is the obvious one: what is observed exactly on drawn instances against a formula."""

from dataclasses import dataclass
from typing import Any

from proofs_check import Check, Claim, Control, Outcome, Source


@dataclass(frozen=True)
class Twin:
    """``observe(rng)`` gives (facts, observed); ``false`` and ``true`` predict the observed value from the facts."""

    name: str
    difficulty: str
    statement_false: str
    statement_true: str
    observe: Any
    false: Any
    true: Any
    draws: int = 30


def check(replicate, *, formula, observe, context):
    facts, observed = observe(context.rng(replicate))
    return Outcome.equal(formula(facts), observed, **facts)


def claims_of(twins: list[Twin], side: str, *, family: str, paper: str) -> list[Claim]:
    """The claims ``family.NAME`` of one ``side``, "false" or "true", of the pairs."""
    return [_claim(twin, side, family, paper) for twin in twins]


def _claim(twin: Twin, side: str, family: str, paper: str) -> Claim:
    drawn = Check(
        "drawn",
        evidence="exact",
        covers="instances",
        scope=f"{twin.draws} drawn instances",
        run=check,
        instances=lambda context: range(twin.draws),
        parameters={"formula": getattr(twin, side), "observe": twin.observe},
        controls=[Control("something else", formula=lambda facts: "no such value")],
    )
    return Claim(
        id=f"{family}.{twin.name}",
        title=twin.name.replace("-", " "),
        statement=twin.statement_false if side == "false" else twin.statement_true,
        source=Source(paper, "bench"),
        checks=[drawn],
        notes=f"class: {twin.difficulty}",
    )
