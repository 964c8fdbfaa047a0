"""Reading ``results.json`` and refusing, with the reason, what is no complete stored run."""

from __future__ import annotations

import functools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

#: The version of the schema that this package reads and writes.
SCHEMA_VERSION = 2
#: Versions that are read: 1 knows no clauses, cells and checksums.
READABLE = (1, 2)

Results = Mapping[str, Any]

#: Characters that no page of HTML or XML can hold (messages of foreign code may have them), lone halves of surrogate pairs among them.
NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class ResultsError(ValueError):
    """A stored run that cannot be used; the message names the file or field, what was expected and what came."""


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of ``results.json`` of both schema versions."""
    return json.loads(resources.files("reports").joinpath("results.schema.json").read_text(encoding="utf-8"))


def read(path: str | Path) -> dict[str, Any]:
    """The stored run at ``path``, validated.

    :raises ResultsError: when it is unreadable, not JSON, cut short, of another schema version, or has a wrong field.
    """
    document = load(path)
    if "baseline" in document:
        raise ResultsError(f"{path}: expected the results of a run, got a baseline, which holds verdicts only")
    with_name(path, validate, document)
    return document


def load(path: str | Path) -> dict[str, Any]:
    """The JSON object at ``path``, before validation; ``NaN`` and ``Infinity``, which are no JSON, are refused.

    Characters that no page can hold come back as U+FFFD, the replacement character.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{path}: cannot be read ({error.strerror or error}), expected a results.json") from error
    except UnicodeDecodeError as error:
        raise ResultsError(f"{path}: expected UTF-8 text, got the byte {text_of_byte(error)}") from error
    return with_name(path, parse, text)


def parse(text: str) -> dict[str, Any]:
    """``text`` as a JSON object, or a :class:`ResultsError` that tells text cut short from text that is no JSON."""
    if not text.strip():
        raise ResultsError("the file is empty, expected a results.json (was the run interrupted?)")
    try:
        document = _readable(json.loads(text, parse_constant=_refuse_constant))
    except json.JSONDecodeError as error:
        if text.lstrip().startswith("{") and not text.rstrip().endswith("}"):
            raise ResultsError(f"half-written: the file ends inside the document, at line {error.lineno}") from error
        raise ResultsError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ResultsError("not a results.json: nested too deeply") from error
    if not isinstance(document, dict):
        raise ResultsError(f"expected a JSON object with schema, run and claims, got {_named(document)}")
    return document


def validate(results: Results) -> None:
    """Whether ``results`` is a complete run of a readable schema version with distinct claim ids and finite numbers.

    :raises ResultsError: naming the first wrong field, what was expected and what came.
    """
    if "schema" not in results:
        raise ResultsError(f"schema: expected {SCHEMA_VERSION}, got no such field (is this a results.json?)")
    version = results["schema"]
    if version not in READABLE or isinstance(version, bool):
        raise ResultsError(f"schema: expected version {SCHEMA_VERSION}, got {version!r}; read it with the proofs-check that wrote it")
    if (error := next(_validator().iter_errors(results), None)) is not None:
        raise ResultsError(_explained(error, results))
    if (place := _not_finite(results)) is not None:
        raise ResultsError(f"{place}: expected a finite number or null, got a non-finite one")
    if repeated := _repeated(claim["id"] for claim in results["claims"]):
        raise ResultsError(f"claims: ids must differ, got more than one {', '.join(map(repr, repeated))}")
    for claim in results["claims"]:
        if repeated := _repeated(check["name"] for check in claim["checks"]):
            raise ResultsError(f"claim {claim['id']!r}: check names must differ, got more than one {repeated[0]!r}")


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


def _not_finite(node: Any, place: str = "") -> str | None:
    if isinstance(node, float):
        return None if math.isfinite(node) else place.lstrip(".")
    if isinstance(node, dict):
        entries: Iterable[tuple[str, Any]] = ((f".{key}", value) for key, value in node.items())
    elif isinstance(node, list):
        entries = ((f"[{number}]", value) for number, value in enumerate(node))
    else:
        return None
    return next((found for step, value in entries if (found := _not_finite(value, place + step)) is not None), None)


def _readable(node: Any) -> Any:
    match node:
        case str():
            return NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", node)
        case list():
            return [_readable(entry) for entry in node]
        case dict():
            return {_readable(key): _readable(value) for key, value in node.items()}
    return node


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _refuse_constant(constant: str) -> None:
    raise ResultsError(f"not JSON: {constant} is no JSON number; expected null where a value is not finite")
