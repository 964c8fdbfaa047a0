"""Reading ``results.json`` and refusing, with the reason, what is no complete stored run or does not add up."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

#: The version of the schema that this package reads and writes.
SCHEMA_VERSION = 2
#: Versions that are read: 1 knows no clauses, cells and checksums.
READABLE = (1, 2)
#: Levels of lists and objects within each other; data of a run have some ten.
DEEPEST = 100

Results = Mapping[str, Any]

#: Characters that no page should hold (messages of foreign code may have them): controls, lone halves of surrogate pairs, and those
#: that turn the direction of what follows, so that a text reads as another one.
NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class ResultsError(ValueError):
    """A stored run that cannot be used; the message names the file or field, what was expected and what came."""


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of ``results.json`` of both schema versions."""
    return json.loads(resources.files("reports").joinpath("results.schema.json").read_text(encoding="utf-8"))


def read(path: str | Path) -> dict[str, Any]:
    """The stored run at ``path``, a results.json or the directory that holds it: validated, and with the fields of the newest schema.

    :raises ResultsError: when it is unreadable, not JSON, cut short, edited, of another schema version, has a wrong field, or a verdict
        that its checks do not give.
    """
    document = load(path)
    if "baseline" in document:
        raise ResultsError(f"{path}: expected the results of a run, got a baseline, which holds verdicts only")
    with_name(path, validate, document)
    return upgraded(document)


def load(path: str | Path) -> dict[str, Any]:
    """The JSON object at ``path`` (or in the results.json of that directory), its checksum verified, before validation.

    ``NaN`` and ``Infinity``, which are no JSON, are refused; characters that no page should hold come back as U+FFFD, the replacement
    character.
    """
    path = located(path)
    try:
        text = _bytes(path).decode("utf-8")
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read ({error.strerror or error}), expected a results.json") from error
    except UnicodeDecodeError as error:
        raise ResultsError(f"{path}: expected UTF-8 text, got the byte {text_of_byte(error)}") from error
    return with_name(path, parse, text)


def located(path: str | Path) -> Path:
    """The results.json that ``path`` names: itself, or the one in the directory of a run."""
    path = Path(path)
    return path / "results.json" if path.is_dir() else path


def _bytes(path: Path) -> bytes:
    """The content of a regular file; a pipe or device, at which a reader would wait, is refused."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is no regular file")
        return file.read()


def parse(text: str) -> dict[str, Any]:
    """``text`` as a JSON object whose checksum, if it has one, is that of its claims.

    :raises ResultsError: which tells text cut short from text that is no JSON, and an edited file from both.
    """
    if not text.strip():
        raise ResultsError("the file is empty, expected a results.json (was the run interrupted?)")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
        if not isinstance(document, dict):
            raise ResultsError(f"expected a JSON object with schema, run and claims, got {_named(document)}")
        _verify_checksum(document)
        return readable(document)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("{") and not text.rstrip().endswith("}"):
            raise ResultsError(f"half-written: the file ends inside the document, at line {error.lineno}") from error
        raise ResultsError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ResultsError("not a results.json: nested too deeply") from error
    except ResultsError:
        raise
    except ValueError as error:  # an integer of more digits than Python reads
        raise ResultsError(f"not a results.json: {error}") from error


def checksum(claims: Any) -> str:
    """sha256 of the canonical JSON of the claims of a run or baseline."""
    return hashlib.sha256(json.dumps(claims, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()).hexdigest()


def _verify_checksum(document: Mapping[str, Any]) -> None:
    stored = document.get("checksum")
    if stored is not None and stored != (found := checksum(document.get("claims"))):
        raise ResultsError(
            f"the claims are not those that were written (checksum {str(stored)[:12]}, they have {found[:12]}): "
            "the file was edited or damaged after the run; run again, or take the file that the run wrote"
        )


def validate(results: Results) -> None:
    """Whether ``results`` is a complete run of a readable schema version, with distinct claim ids, finite numbers and verdicts that its
    checks give.

    :raises ResultsError: naming the first wrong field, what was expected and what came.
    """
    from reports.verdicts import disagreement

    if "schema" not in results:
        raise ResultsError(f"schema: expected {SCHEMA_VERSION}, got no such field (is this a results.json?)")
    version = results["schema"]
    if version not in READABLE or isinstance(version, bool):
        known = " or ".join(map(str, READABLE))
        raise ResultsError(f"schema: expected version {known}, got {version!r}; read it with the proofs-check that wrote it")
    if (error := next(_validator().iter_errors(results), None)) is not None:
        raise ResultsError(_explained(error, results))
    if (found := _out_of_bounds(results)) is not None:
        place, problem = found
        raise ResultsError(f"{place.lstrip('.')[:200]}: {problem}")
    if repeated := _repeated(claim["id"] for claim in results["claims"]):
        raise ResultsError(f"claims: ids must differ, got more than one {', '.join(map(repr, repeated))}")
    for claim in results["claims"]:
        for what, entries in (("check", claim["checks"]), ("clause", claim.get("clauses", ()))):
            if repeated := _repeated(entry["name"] for entry in entries):
                raise ResultsError(f"claim {claim['id']!r}: {what} names must differ, got more than one {repeated[0]!r}")
    if problem := disagreement(results):
        raise ResultsError(f"{problem}; verdicts are computed from checks, and a stored one that differs is not believed")


# -------------------------------------------------------------------------------------------------- fields of version 2


def upgraded(results: Results) -> dict[str, Any]:
    """Valid ``results`` with all fields of the newest schema; what version 1 does not say is empty, or ``None`` where it is a number.

    ``schema`` stays what it was, so that a reader can tell "not stored" from "none".
    """
    if results["schema"] == SCHEMA_VERSION:
        return dict(results)
    return {**results, "checksum": None, "claims": [_upgraded_claim(claim) for claim in results["claims"]]}


def _upgraded_claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    """The whole statement as its only clause."""
    only = {
        "name": "statement",
        "statement": claim["statement"],
        "existential": claim["relation"] == "existence",
        "verdict": claim["verdict"],
    }
    checks = [{**_CHECK_1, "clauses": [only["name"]], **check} for check in claim["checks"]]
    return {**_CLAIM_1, "clauses": [only], **claim, "checks": checks}


_CLAIM_1 = {"file": "", "symbols": [], "refuted_by": "", "notes": ""}
_CHECK_1 = {
    "because": "",
    "met": None,
    "skipped": 0,
    "rejected": 0,
    "cells": None,
    "spent": None,
    "body": None,
    "versions": None,
    "witness": None,
    "proof": None,
    "confirmed": "",
    "cell_controls": [],
}


# ------------------------------------------------------------------------------------------------------------ in words


def with_name(path: str | Path, function: Any, argument: Any) -> Any:
    """``function(argument)``, its :class:`ResultsError` preceded by the file's name."""
    try:
        return function(argument)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}") from error


def text_of_byte(error: UnicodeDecodeError) -> str:
    """Which byte stopped the decoding, and where."""
    return f"0x{error.object[error.start]:02x} at position {error.start}"


@functools.cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_inlined(schema()))


def _inlined(node: Any) -> Any:
    """The schema with its references replaced by what they name: resolving them anew for each value takes half the time."""
    if isinstance(node, dict):
        if "$ref" in node:
            return _inlined(schema()["$defs"][node["$ref"].rpartition("/")[2]])
        return {key: _inlined(value) for key, value in node.items() if key != "$defs"}
    return [_inlined(value) for value in node] if isinstance(node, list) else node


def _explained(error: Any, results: Results) -> str:
    path = list(error.absolute_path)
    return f"{_place(path, results)}: {_expectation(error)}, got {_named(error.instance)}"


def _place(path: list[Any], results: Results) -> str:
    """The path in words that a reader can find: claims by id, checks by name."""
    words, node = [], results
    for step in path:
        node = node[step]
        name = (node.get("id") or node.get("name")) if isinstance(node, dict) and isinstance(step, int) else None
        words.append(f"[{name}]" if isinstance(name, str) else f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(words).lstrip(".") or "the document"


def _expectation(error: Any) -> str:
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return f"expected the field {missing[0]!r}"
        case "type":
            kinds = error.validator_value
            return "expected " + (kinds if isinstance(kinds, str) else " or ".join(kinds))
        case "enum":
            return "expected one of " + ", ".join(map(str, error.validator_value))
        case "pattern":
            return f"expected text matching {error.validator_value}"
        case "minLength":
            return "expected some text"
        case "oneOf":
            return "expected null or an object with replay and reproduce"
        case _:
            return f"expected {error.validator} {error.validator_value}"


def _named(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(sorted(map(str, value))[:6]) or 'no fields'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."


def _out_of_bounds(node: Any, depth: int = 0) -> tuple[str, str] | None:
    """The place of the first number that is not finite, or of data that lie too deep, and what is wrong with it."""
    if isinstance(node, float):
        return None if math.isfinite(node) else ("", "expected a finite number or null, got a non-finite one")
    if not isinstance(node, dict | list):
        return None
    if depth > DEEPEST:
        return "", f"expected at most {DEEPEST} levels of lists and objects, got more"
    for step, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list | float) and (found := _out_of_bounds(value, depth + 1)) is not None:
            place, problem = found
            return (f"[{step}]" if isinstance(step, int) else f".{step}") + place, problem
    return None


def readable(node: Any, depth: int = 0) -> Any:
    """Data with the characters that no page should hold replaced.

    :raises ResultsError: for data that lie too deep.
    """
    match node:
        case str():
            return _text(node)
        case list() | dict() if depth > DEEPEST:
            raise ResultsError("not a results.json: nested too deeply")
        case list():
            return [readable(entry, depth + 1) for entry in node]
        case dict():
            return {_text(key): readable(value, depth + 1) for key, value in node.items()}
    return node


def _text(text: str) -> str:
    return text if text.isprintable() else NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _refuse_constant(constant: str) -> None:
    raise ResultsError(f"not JSON: {constant} is no JSON number; expected null where a value is not finite")
