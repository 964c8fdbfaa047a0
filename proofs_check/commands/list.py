"""``proofs-check list``: the claims, their sources, what they rest on and how long they take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from proofs_check.claim import LEVELS, Claim
from proofs_check.commands._group import claims_at, explained, own_claims
from proofs_check.engine.registry import shown_file

BASELINES = Path(__file__).resolve().parents[2] / "reports"


@click.command()
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@own_claims
@explained
def command(patterns: tuple[str, ...], as_json: bool, claims: tuple[Path, ...]) -> None:
    """List claims, their sources and dependencies.

    A PATTERN is a glob over claim ids (default: all). Expected seconds come from the committed baselines of each level.

    Example: proofs-check list 'toy.*'
    """
    registry = claims_at(claims)
    seconds = {} if claims else expected_seconds()
    entries = [_entry(claim, shown_file(registry.files[claim.id]), seconds.get(claim.id, {})) for claim in registry.select(patterns)]
    click.echo(json.dumps(entries, indent=1, ensure_ascii=False) if as_json else "\n".join(map(_text, entries)))


def expected_seconds() -> dict[str, dict[str, float]]:
    """What each claim took at each level when its baseline was made, where there is one."""
    found: dict[str, dict[str, float]] = {}
    for level in LEVELS:
        file = BASELINES / f"baseline-{level}.json"
        if not file.is_file():
            continue
        for claim in json.loads(file.read_text(encoding="utf-8"))["claims"]:
            spent = [check["seconds"] for check in claim["checks"] if check.get("seconds") is not None]
            if spent:
                found.setdefault(claim["id"], {})[level] = round(sum(spent), 2)
    return found


def _entry(claim: Claim, file: str, seconds: Mapping[str, float]) -> dict[str, Any]:
    return {
        "id": claim.id,
        "family": claim.family,
        "file": file,
        "title": claim.title,
        "kind": claim.kind,
        "relation": claim.relation,
        "source": {"paper": claim.source.paper, "where": claim.source.where},
        "depends_on": list(claim.depends_on),
        "checks": [{"name": check.name, "evidence": check.evidence, "level": check.level} for check in claim.checks],
        "seconds": dict(seconds),
    }


def _text(entry: Mapping[str, Any]) -> str:
    lines = [f"{entry['id']}  {entry['title']}", f"    {entry['source']['paper']}, {entry['source']['where']}", f"    {entry['file']}"]
    evidence = ", ".join(dict.fromkeys(check["evidence"] for check in entry["checks"]))
    seconds = ", ".join(f"{level} {spent:g} s" for level, spent in entry["seconds"].items())
    lines.append(f"    {entry['kind']}; {evidence}" + (f"; {seconds}" if seconds else ""))
    if entry["depends_on"]:
        lines.append(f"    rests on {', '.join(entry['depends_on'])}")
    return "\n".join(lines)
