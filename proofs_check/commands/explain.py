"""``proofs-check explain``: one claim in the terminal, from its statement to how each of its clauses is tested."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from proofs_check.claim import Check, Claim
from proofs_check.commands._group import claims_at, explained, own_claims
from proofs_check.engine.registry import shown_file

#: Columns of the text.
WIDTH = 120
#: Values of an axis that are named one by one; the page of a report names them all.
MOST_VALUES = 12


@click.command(short_help="Print a claim: statement, symbols, how it is tested.")
@click.argument("claim_id", metavar="CLAIM")
@own_claims
@explained
def command(claim_id: str, claims: tuple[Path, ...]) -> None:
    """Print CLAIM: its statement, symbols and clauses, what it rests on, and how each clause is tested.

    Example: proofs-check explain mf.strata

    Formulas are LaTeX. Nothing is run; the verdict is what verify says.
    """
    registry = claims_at(claims)
    for claim in registry.select([claim_id]):
        click.echo("\n".join([*_said(claim), "", f"{shown_file(registry.files[claim.id])}; proofs-check verify {claim.id}"]))


def _said(claim: Claim) -> Iterator[str]:
    yield f"{claim.id}: {claim.title} ({claim.kind})"
    yield f"{claim.source.paper}, {claim.source.where}"
    yield from ("", *_filled(claim.statement, ""))
    if claim.symbols:
        yield from ("", "where")
        for letter, meaning in claim.symbols.items():
            yield from _filled(f"{letter}: {meaning}", "  ")
    if claim.assumptions:
        yield from ("", "assuming")
        probed = {probe.drops for probe in claim.probes}
        for one in claim.assumptions:
            without = "a probe drops it" if one.name in probed else one.unprobed or "no probe drops it"
            yield from _filled(f"{one.name}: {one.statement} ({without})", "  ")
    for clause in claim.clauses:
        yield from ("", *_filled(f"{clause.name}: {clause.statement}", ""))
        for check in claim.checks:
            if clause.name in claim.bears_on(check):
                yield from _filled(_tested(check), "  ")
    if claim.refuted_by:
        yield from ("", *_filled(f"refuted by: {claim.refuted_by}", ""))
    if claim.depends_on:
        yield from ("", f"rests on {', '.join(claim.depends_on)}")
    if claim.notes:
        yield from ("", *_filled(claim.notes, ""))


def _tested(check: Check) -> str:
    reach = "for all" if check.covers == "statement" else "on"
    level = "" if check.level == "quick" else f", from level {check.level} on"
    controls = ", ".join(f"“{control.name}”" for control in check.controls)
    scope = check.scope if check.axes is None else check.scope.replace(check.axes.text(), check.axes.text(most=MOST_VALUES))
    return f"{check.evidence} ({check.name}{level}), {reach}: {scope}; must be refuted: {controls}"


def _filled(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False, break_on_hyphens=False
    )
