"""Pairs of a falsehood and its true twin whose check is the obvious one: what is observed exactly on drawn instances against a formula."""

from dataclasses import dataclass
from typing import Any

from proofs_check import Check, Claim, Control, Outcome, Source


@dataclass(frozen=True)
class Pair:
    """What every pair says of itself."""

    name: str
    difficulty: str
    statement_false: str
    statement_true: str


@dataclass(frozen=True)
class Twin(Pair):
    """``observe(rng)`` gives (facts, observed); ``false`` and ``true`` predict the observed value from the facts."""

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
    drawn = drawn_check(
        check,
        twin.draws,
        "exact",
        "instances",
        {"formula": getattr(twin, side), "observe": twin.observe},
        Control("something else", formula=lambda facts: "no such value"),
    )
    return claim_of(twin, side, drawn, family=family, paper=paper)


def drawn_check(run: Any, draws: int, evidence: str, of: str, parameters: dict[str, Any], control: Control) -> Check:
    """A check of ``run`` on so many replicates."""
    return Check(
        "drawn",
        evidence=evidence,
        covers="instances",
        scope=f"{draws} drawn {of}",
        run=run,
        instances=lambda context: range(draws),
        parameters=parameters,
        controls=[control],
    )


def claim_of(pair: Pair, side: str, of: Check, *, family: str, paper: str) -> Claim:
    """The claim ``family.NAME`` of one side with its check."""
    return Claim(
        id=f"{family}.{pair.name}",
        title=pair.name.replace("-", " "),
        statement=pair.statement_false if side == "false" else pair.statement_true,
        source=Source(paper, "bench"),
        checks=[of],
        notes=f"class: {pair.difficulty}",
    )
