"""The committed baseline of a level: a run without what changes from machine to machine, and why it was made.

A baseline keeps what :func:`reports.compare.compare` reads (declarations, hashes, verdicts, statuses, margins) in an order
and a rounding that give readable differences under version control.
"""

from __future__ import annotations

import copy
import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.results import Results, ResultsError, load, validate, with_name

#: What a baseline leaves out, with the neutral value that stands in when one is read.
_RUN = {"started": "unknown", "finished": "unknown", "seconds": 0.0, "versions": {}}
_CLAIM = {"refuted_by": "", "notes": ""}
_CHECK = {"message": "", "distribution": "", "certificate": None, "counterexample": None, "figures": []}
_MESSAGE = {"message": ""}


def make(results: Results, reason: str, previous: Results | None = None) -> dict[str, Any]:
    """The baseline of ``results``, with ``reason`` after the reasons of the baseline that it replaces.

    :raises ResultsError: when ``results`` or ``previous`` is invalid, their levels differ, or ``reason`` says nothing.
    """
    if not reason.strip():
        raise ResultsError("reason: expected a sentence on why the baseline changes, got an empty text")
    validate(results)
    run = _without(results["run"], _RUN)
    earlier = [] if previous is None else previous.get("baseline", {}).get("reasons", [])
    if previous is not None and previous["run"]["level"] != run["level"]:
        raise ResultsError(f"run.level: expected {previous['run']['level']!r} as in the baseline, got {run['level']!r}")
    entry = {"run": run["id"], "finished": results["run"]["finished"], "reason": " ".join(reason.split())}
    claims = sorted((_claim(claim) for claim in results["claims"]), key=lambda claim: claim["id"])
    return {"schema": results["schema"], "baseline": {"reasons": [*earlier, entry]}, "run": run, "claims": claims}


def read(path: str | Path) -> dict[str, Any]:
    """The baseline at ``path``, or a whole run used as one, completed and validated.

    :raises ResultsError: as :func:`reports.results.read`.
    """
    document = load(path)
    completed = with_name(path, complete, document)
    with_name(path, validate, completed)
    return completed


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline with neutral values for what it leaves out; a whole run comes back as it is."""
    document = copy.deepcopy(dict(document))
    if "baseline" not in document:
        return document
    try:
        document["run"] = {**_RUN, **document["run"]}
        document["claims"] = [_completed(claim) for claim in document["claims"]]
    except (TypeError, KeyError, AttributeError) as error:
        raise ResultsError(f"not a baseline: expected run and claims with checks, controls and probes ({error})") from error
    return document


def write(path: str | Path, baseline: Mapping[str, Any]) -> None:
    """Write ``baseline`` atomically: a reader finds the old file or the new one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(baseline, file, indent=1, ensure_ascii=False, allow_nan=False)
            file.write("\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(claim, _CLAIM)
    kept["probes"] = [_without(probe, _MESSAGE) for probe in claim["probes"]]
    kept["checks"] = [_check(check) for check in claim["checks"]]
    return kept


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(check, _CHECK)
    kept["seconds"] = round(check["seconds"], 1)
    kept["margin"] = _rounded_down(check["margin"])
    kept["controls"] = [_without(control, _MESSAGE) for control in check["controls"]]
    return kept


def _rounded_down(margin: float | None) -> float | None:
    """Two digits, towards the smaller margin, so that rounding never makes a later run look worse."""
    if margin is None or margin == 0:
        return margin
    unit = 10.0 ** (math.floor(math.log10(abs(margin))) - 1)
    return float(f"{math.floor(margin / unit) * unit:.2g}")


def _without(entry: Mapping[str, Any], volatile: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in entry.items() if key not in volatile}


def _completed(claim: Mapping[str, Any]) -> dict[str, Any]:
    checks = [
        {**copy.deepcopy(_CHECK), **check, "controls": [{**_MESSAGE, **control} for control in check["controls"]]}
        for check in claim["checks"]
    ]
    return {**claim, "checks": checks, "probes": [{**_MESSAGE, **probe} for probe in claim["probes"]]}
