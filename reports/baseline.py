"""The committed baseline of a level: a run without what changes from machine to machine, and why it was made.

A baseline keeps what :func:`reports.compare.compare` reads (declarations, hashes, verdicts, statuses, counts, margins) in an order
and a rounding that give readable differences under version control. Of cell controls it keeps the survivors and how many were refuted.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reports.files import Directory
from reports.results import Results, ResultsError, checksum, load, upgraded, validate, with_name

#: What a baseline leaves out, with the neutral value that stands in when one is read.
_RUN = {"started": "unknown", "finished": "unknown", "seconds": 0.0, "versions": {}}
_CLAIM = {"notes": ""}
_CHECK = {"message": "", "counterexample": None, "figures": [], "versions": None, "witness": None, "proof": None}
_MESSAGE = {"message": ""}
#: Left out by baselines of schema version 1 too, which knows these fields.
_CLAIM_1 = {"refuted_by": ""}
_CHECK_1 = {"distribution": None, "certificate": None}


def make(results: Results, reason: str, previous: Results | None = None, only: Collection[str] = ()) -> dict[str, Any]:
    """The baseline of ``results``, with ``reason`` after the reasons of the baseline that it replaces.

    With globs ``only``, claims whose ids match none of them stay as they are in ``previous``.

    :raises ResultsError: when ``results`` or ``previous`` is invalid, their levels or schema versions differ, ``reason`` says nothing, or
        no claim would be kept.
    """
    if not reason.strip():
        raise ResultsError("reason: expected a sentence on why the baseline changes, got an empty text")
    validate(results)
    results = upgraded(results)
    run = _without(results["run"], _RUN)
    earlier = [] if previous is None else previous.get("baseline", {}).get("reasons", [])
    if previous is not None and previous["run"]["level"] != run["level"]:
        raise ResultsError(f"run.level: expected {previous['run']['level']!r} as in the baseline, got {run['level']!r}")
    chosen = [claim for claim in results["claims"] if not only or _matches(claim["id"], only)]
    if not chosen:
        what = f"that matches {' or '.join(only)}" if only else "at all"
        raise ResultsError(f"claims: expected at least one to keep, got none {what}")
    kept = _kept(previous, results["schema"], only) if only else []
    entry = {"run": run["id"], "finished": results["run"]["finished"], "reason": " ".join(reason.split())}
    claims = sorted([*map(_claim, chosen), *kept], key=lambda claim: claim["id"])
    return sealed({"schema": results["schema"], "baseline": {"reasons": [*earlier, entry]}, "run": run, "claims": claims})


def sealed(baseline: Mapping[str, Any]) -> dict[str, Any]:
    """``baseline`` with the checksum of its claims."""
    head = {key: value for key, value in baseline.items() if key not in ("claims", "checksum")}
    return {**head, "checksum": checksum(baseline["claims"]), "claims": baseline["claims"]}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _kept(previous: Results | None, version: int, only: Collection[str]) -> list[dict[str, Any]]:
    """The other claims of the baseline that is replaced."""
    if previous is None:
        raise ResultsError("only: expected a baseline that holds the other claims, got none; leave the patterns out to make the first one")
    if previous["schema"] != version:
        raise ResultsError(f"only: expected a baseline of schema version {version}, got {previous['schema']}; make all of it anew")
    return [_claim(claim) for claim in previous["claims"] if not _matches(claim["id"], only)]


def read(path: str | Path) -> dict[str, Any]:
    """The baseline at ``path``, or a whole run used as one, completed, validated and with the fields of the newest schema.

    :raises ResultsError: as :func:`reports.results.read`.
    """
    document = load(path)
    completed = with_name(path, complete, document)
    with_name(path, validate, completed)
    return upgraded(completed)


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline with neutral values for what it leaves out; a whole run comes back as it is."""
    document = copy.deepcopy(dict(document))
    if "baseline" not in document:
        return document
    try:
        document["run"] = {**_RUN, **document["run"]}
        document["claims"] = [_completed(claim, first=document.get("schema") == 1) for claim in document["claims"]]
    except (TypeError, KeyError, AttributeError) as error:
        raise ResultsError(f"not a baseline: expected run and claims with checks, controls and probes ({error})") from error
    return document


def write(path: str | Path, baseline: Mapping[str, Any]) -> None:
    """Write ``baseline`` atomically: a reader finds the old file or the new one."""
    path = Path(path)
    text = json.dumps(baseline, indent=1, ensure_ascii=False, allow_nan=False)
    with Directory(path.parent) as directory:
        directory.write(path.name, f"{text}\n")


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(claim, _CLAIM)
    kept["probes"] = [_without(probe, _MESSAGE) for probe in claim["probes"]]
    kept["checks"] = [_check(check) for check in claim["checks"]]
    return kept


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(check, _CHECK)
    kept["seconds"] = round(check["seconds"], 1)
    kept["margin"] = _rounded_down(check["margin"])
    kept["detectable"] = _rounded_up(check["detectable"])
    kept["controls"] = [_without(control, _MESSAGE) for control in check["controls"]]
    kept["cell_controls"] = [_without(entry, _MESSAGE) for entry in check["cell_controls"] if not entry["refuted"]]
    kept["cell_controls_refuted"] = refuted_cell_controls(check)
    return kept


def refuted_cell_controls(check: Mapping[str, Any]) -> int:
    """How many cell controls of a check were refuted, those whose names a baseline leaves out among them."""
    return check.get("cell_controls_refuted", 0) + sum(entry["refuted"] for entry in check["cell_controls"])


def _rounded_down(margin: float | None) -> float | None:
    """Two digits, towards the smaller margin, so that rounding never makes a later run look worse."""
    if margin is None or margin == 0:
        return margin
    unit = 10.0 ** (math.floor(math.log10(abs(margin))) - 1)
    return float(f"{math.floor(margin / unit) * unit:.2g}")


def _rounded_up(effect: float | None) -> float | None:
    return None if effect is None else -(_rounded_down(-effect) or 0.0)


def _without(entry: Mapping[str, Any], volatile: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in entry.items() if key not in volatile}


def _completed(claim: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    left_out = {**_CHECK, **(_CHECK_1 if first else {})}
    checks = [
        {
            **copy.deepcopy(left_out),
            **check,
            "controls": [{**_MESSAGE, **control} for control in check["controls"]],
            **({} if first else {"cell_controls": [{**_MESSAGE, **entry} for entry in check["cell_controls"]]}),
        }
        for check in claim["checks"]
    ]
    probes = [{**_MESSAGE, **probe} for probe in claim["probes"]]
    return {**_CLAIM, **(_CLAIM_1 if first else {}), **claim, "checks": checks, "probes": probes}
