"""What a check does, as one hash: its function with all it refers to in its own file, words left out.

A changed threshold or tolerance changes it, a comment or docstring does not; a baseline so sees that a test was changed without its
declaration.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from proofs_check.axes import Axes
from proofs_check.claim import Check
from proofs_check.plain_data import to_data, without_place


def body_hash(check: Check) -> str:
    """sha256 over the code of ``check``: how it decides, where its instances come from, its true values, controls and axes."""
    parts: list[Any] = [_code(check.run), _code(check.instances), _code(check.replay), check.axes.text() if check.axes else None]
    parts += [[name, _value(value)] for name, value in sorted(check.parameters.items())]
    parts += [[control.name, [[name, _value(value)] for name, value in control.override.items()]] for control in check.controls]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _value(value: Any) -> Any:
    if isinstance(value, Axes):
        return value.text()  # not the cells that it has kept
    if isinstance(value, functools.partial):
        return "partial", _value(value.func), [_value(one) for one in value.args], _value(value.keywords)
    if callable(value):
        return _code(value)
    if not _holds_code(value):
        return repr(to_data(value))
    kind, parts = _parts(value)
    return kind, [(repr(name), _value(part)) for name, part in parts]


def _parts(value: Any) -> tuple[str, list[tuple[Any, Any]]]:
    """The kind of a mapping, sequence or dataclass, and what it holds, by key, position or field; nothing for other values."""
    if isinstance(value, Mapping):
        return "mapping", list(value.items())
    if isinstance(value, list | tuple):
        return "sequence", list(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return "", []


def _holds_code(value: Any) -> bool:
    """Whether functions lie in what ``value`` holds: as plain data they would be told by their names alone."""
    return any(callable(part) if not _parts(part)[0] else _holds_code(part) for _, part in _parts(value)[1])


def _code(function: Any) -> Any:
    """The code of a function as it stands in its file, or what its bytes say where there is no file."""
    if function is None:
        return None
    inner = _unwrapped(function)
    code = getattr(inner, "__code__", None)
    if code is None:
        return getattr(inner, "__qualname__", type(inner).__name__)
    captured = [_value(cell.cell_contents) for cell in inner.__closure__ or () if not _endless(cell, inner)]
    try:
        return _closure(inspect.getsourcefile(inner) or "", code.co_firstlineno, code.co_name), captured
    except (OSError, SyntaxError, ValueError):
        return code.co_code.hex(), without_place(repr(code.co_consts)), captured


def _unwrapped(function: Any) -> Any:
    if isinstance(function, functools.partial):
        return _unwrapped(function.func)
    return inspect.unwrap(function) if hasattr(function, "__wrapped__") else function


def _endless(cell: Any, function: Callable[..., Any]) -> bool:
    """Whether what a function has captured is itself or is not there yet."""
    try:
        return cell.cell_contents is function or isinstance(cell.cell_contents, Check)
    except ValueError:
        return True


@functools.lru_cache(maxsize=4096)
def _closure(file: str, line: int, name: str) -> str:
    """The definition at ``line`` of ``file`` and all that it refers to at the top level there."""
    top, places = _module(file)
    start = places.get((line, name)) or next((node for number, node in _within(top.values(), line)), None)
    if start is None:
        raise ValueError(f"nothing is defined at line {line} of {file}")
    found: dict[str, str] = {}
    waiting = [("", start)]
    while waiting:
        key, node = waiting.pop()
        if key in found:
            continue
        found[key], names = _dumped(node)
        waiting += [(one, top[one]) for one in names if one in top]
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()


@functools.lru_cache(maxsize=4096)
def _dumped(node: ast.AST) -> tuple[str, frozenset[str]]:
    """A definition as text, and the names in it; several checks of a file refer to one."""
    return ast.dump(node), frozenset(child.id for child in ast.walk(node) if isinstance(child, ast.Name))


def _within(nodes: Any, line: int) -> Iterator[tuple[int, ast.AST]]:
    return ((node.lineno, node) for node in nodes if node.lineno <= line <= (node.end_lineno or node.lineno))


@functools.lru_cache(maxsize=256)
def _module(file: str) -> tuple[dict[str, ast.stmt], dict[tuple[int, str], ast.AST]]:
    """The top level of a file by name, and its functions by (line, name), words left out."""
    with open(file, encoding="utf-8") as text:
        tree = ast.parse(text.read())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            del body[0]
    top: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            top[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            top |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    places: dict[tuple[int, str], ast.AST] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            places[first, node.name] = places[node.lineno, node.name] = node
        elif isinstance(node, ast.Lambda):
            key = node.lineno, "<lambda>"
            # Which of several in a line it is cannot be told: all of them count.
            places[key] = ast.Module([places[key], node], []) if key in places else node  # pyright: ignore[reportArgumentType]
    return top, places
