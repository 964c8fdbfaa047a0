"""Every public module, class and function says what it is: a linter over the source, without importing it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("theory", "numerics", "proofs_check", "reports")
#: Claims files document themselves by the statement, scope and distribution that every claim must have.
EXEMPT = ROOT / "proofs_check" / "claims"

FILES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")) if EXEMPT not in file.parents]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def undocumented(tree: ast.Module, module: str, classes: Mapping[str, ast.ClassDef]) -> list[str]:
    """The public names of a module that lack a docstring, as module.name:line; what begins with _ is private.

    A method may inherit its docstring from one of ``classes``: one that its own class is derived from, or a protocol that it meets.
    """
    found = [] if _documented(tree) else [f"{module}:1"]
    for name, node, owner in _public(tree, module):
        if not _documented(node) and not (owner and _inherits(owner, node.name, classes)):
            found.append(f"{name}:{node.lineno}")
    return found


def _public(scope: ast.AST, prefix: str, owner: ast.ClassDef | None = None) -> Iterator[tuple[str, Definition, ast.ClassDef | None]]:
    """The public functions and classes of ``scope`` with their class, those in branches included, those inside functions left out."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, Definition):
            yield from _public(node, prefix, owner)
        elif not node.name.startswith("_") and not _repeats(node):
            yield f"{prefix}.{node.name}", node, owner
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{prefix}.{node.name}", node)


def _documented(node: ast.AST | None) -> bool:
    return node is not None and bool((ast.get_docstring(node) or "").strip())


def _inherits(owner: ast.ClassDef, method: str, classes: Mapping[str, ast.ClassDef]) -> bool:
    """Whether a class above ``owner``, or a protocol whose methods it has with the same arguments, documents ``method``."""
    above = [classes.get(ast.unparse(base).rpartition(".")[2]) for base in owner.bases]
    above += [] if _is_protocol(owner) else [one for one in classes.values() if _is_protocol(one) and _meets(owner, one)]
    return any(_documented(_methods(one).get(method)) or _inherits(one, method, classes) for one in above if one)


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base) in ("Protocol", "typing.Protocol") for base in node.bases)


def _meets(node: ast.ClassDef, protocol: ast.ClassDef) -> bool:
    own = {name: ast.unparse(method.args) for name, method in _methods(node).items()}
    return {name: ast.unparse(method.args) for name, method in _methods(protocol).items()}.items() <= own.items()


def _methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {child.name: child for child in reversed(node.body) if isinstance(child, ast.FunctionDef)}


def _repeats(node: Definition) -> bool:
    """Whether this is one more signature of a function documented elsewhere: an overload, or the setter of a property."""
    names = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(name in ("overload", "typing.overload") or name.endswith(".setter") for name in names)


def _classes(*trees: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


@pytest.fixture(scope="module")
def trees():
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in FILES}


@pytest.fixture(scope="module")
def classes(trees):
    return _classes(*trees.values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_public_names_have_docstrings(file, trees, classes):
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    missing = undocumented(trees[file], module, classes)
    assert not missing, "without a docstring: " + ", ".join(missing)


def test_the_linter_looks_at_every_package():
    assert {file.relative_to(ROOT).parts[0] for file in FILES} == set(PACKAGES)


def test_the_linter_finds_what_is_missing_and_nothing_else():
    tree = ast.parse('''
if True:
    def branch(): ...
class Shape:
    """Documented."""
    def area(self): ...
    def _hidden(self): ...
    @property
    def size(self):
        """Documented."""
    @size.setter
    def size(self, value): ...
class Square(Shape):
    """Documented."""
    def size(self): ...
    def area(self): ...
class Resizable(Protocol):
    """Documented."""
    def resize(self):
        """Documented."""
    def shrink(self): ...
class Grows:
    """Documented."""
    def resize(self): ...
    def shrink(self, by):
        """Documented."""
class Resizes:
    """Documented."""
    def resize(self): ...
    def shrink(self):
        """Documented."""
class _Private:
    def method(self): ...
def blank():
    """ """
def documented():
    """Documented."""
    def inner(): ...
''')
    assert undocumented(tree, "m", _classes(tree)) == [
        *("m:1", "m.branch:3", "m.Shape.area:6", "m.Square.area:16"),
        *("m.Resizable.shrink:21", "m.Grows.resize:24", "m.blank:34"),
    ]
