"""The rooms of the house: how many there are, on how many floors, and that imports between them run in no circle."""

import ast
from pathlib import Path

import networkx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("theory", "numerics", "proofs_check", "reports")


def rooms(package):
    """The folders and modules that lie directly in a package."""
    entries = (ROOT / package).iterdir()
    return {
        entry.stem for entry in entries if (entry.suffix == ".py" or (entry / "__init__.py").is_file()) and not entry.name.startswith("__")
    }


def imported(file):
    """The dotted names that a file imports, those inside functions included; names for type checkers alone are left out."""
    for node in typed_out(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def typed_out(node):
    """All nodes but those under ``if TYPE_CHECKING``."""
    yield node
    if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from typed_out(child)


def plan(package):
    """Which room of a package imports which other."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(rooms(package))
    for file in (ROOT / package).rglob("*.py"):
        own = file.relative_to(ROOT / package).parts[0].removesuffix(".py")
        for name in imported(file) if own in graph else ():
            other = name.removeprefix(f"{package}.").split(".")[0]
            if name.startswith(f"{package}.") and other != own and other in graph:
                graph.add_edge(own, other)
    return graph


@pytest.mark.parametrize("package", PACKAGES)
def test_no_room_is_reached_from_a_room_that_it_imports(package):
    assert [sorted(circle) for circle in networkx.strongly_connected_components(plan(package)) if len(circle) > 1] == []


@pytest.mark.parametrize("package", ("theory", "numerics", "proofs_check"))
def test_few_rooms_on_few_floors(package):
    assert len(rooms(package)) <= 14
    assert networkx.dag_longest_path_length(plan(package)) + 1 <= 7


@pytest.mark.parametrize(
    ("package", "below"), [("theory", ()), ("numerics", ("theory",)), ("proofs_check", ("theory", "numerics")), ("reports", ())]
)
def test_imports_run_one_way(package, below):
    above = set(PACKAGES) - {package, *below}
    found = {
        (str(file.relative_to(ROOT)), name)
        for file in (ROOT / package).rglob("*.py")
        for name in imported(file)
        if name.split(".")[0] in above
    }
    commands = {file for file, name in found if file.startswith("proofs_check/commands/") and name.startswith("reports")}
    assert {entry for entry in found if entry[0] not in commands} == set()
