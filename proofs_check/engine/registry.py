"""Finding the claims: a :class:`Registry` is built by discovery and passed around as a value."""

from __future__ import annotations

import difflib
import fnmatch
import gc
import graphlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING

from proofs_check.claim import ALPHA_BUDGET, Claim, ClaimError
from proofs_check.declaration import Declaration
from proofs_check.engine.latex import fault
from proofs_check.engine.sources import installed, ours, source_hash
from proofs_check.engine.state import Modules, described

if TYPE_CHECKING:
    import networkx

#: Where the claims that ship with the package lie.
SHIPPED = Path(__file__).resolve().parents[1] / "claims"


@dataclass(frozen=True)
class Registry(Mapping[str, Claim]):
    """The claims by id, in the order of their files; ``files`` says which file each comes from.

    ``paths`` are those that were asked for (none: the shipped claims); ``elsewhere`` holds the ids of shipped claims that claims of one's
    own depend on.
    """

    claims: Mapping[str, Claim]
    files: Mapping[str, Path]
    paths: tuple[Path, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    _sources: dict[Path, str] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, claim_id: str) -> Claim:
        return self.claims[claim_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.claims)

    def __len__(self) -> int:
        return len(self.claims)

    def select(self, patterns: Iterable[str] | None = None) -> list[Claim]:
        """The claims whose id matches one of the globs ``patterns``, or whose family is called so (all without patterns).

        :raises ClaimError: when a pattern matches nothing.
        """
        chosen: set[str] = set()
        for pattern in patterns or ["*"]:
            found = {claim.id for claim in self.values() if claim.family == pattern or fnmatch.fnmatchcase(claim.id, pattern)}
            if not found:
                raise ClaimError(f"no claim matches {pattern!r}; {self._near(pattern)}")
            chosen |= found
        return [claim for claim in self.values() if claim.id in chosen]

    def _near(self, pattern: str) -> str:
        families = dict.fromkeys(claim.family for claim in self.values())
        if near := difflib.get_close_matches(pattern, [*self.claims, *families]):
            return f"did you mean {' or '.join(near)}?"
        known = ", ".join(list(self.claims)[:6]) + (", ..." if len(self.claims) > 6 else "")
        return f"expected a family, or a glob over claim ids such as {known or '(none found)'}"

    def source(self, claim_id: str) -> str:
        """The hash of the code that the claim runs, taken once."""
        file = self.files[claim_id]
        if file not in self._sources:
            self._sources[file] = source_hash(file)
        return self._sources[file]

    def ancestors(self, claim_id: str) -> set[str]:
        """All claims that ``claim_id`` rests on, directly or not."""
        found: set[str] = set()
        waiting = [claim_id]
        while waiting:
            claim = self.claims.get(waiting.pop())
            new = set(claim.depends_on) - found if claim else set()
            found |= new
            waiting += new
        return found

    def graph(self) -> networkx.DiGraph:
        """The dependencies, an edge from each claim to every claim that it rests on."""
        import networkx

        graph = networkx.DiGraph()
        graph.add_nodes_from(self.claims)
        graph.add_edges_from((claim.id, other) for claim in self.values() for other in claim.depends_on)
        return graph


def load_claims(path: str | Path | Iterable[str | Path] | None = None) -> Registry:
    """Load the claims under ``path``: a file, a directory of files that each define ``CLAIMS``, or several of them (default: the shipped
    ones).

    Folders inside a directory are searched too. Files and folders whose name starts with an underscore are left out. The family of a
    claim that names none is the name of the folder that its file lies in, or of the file itself where ``path`` holds it directly.

    What a file outside the package does to the environment, the working directory or the path of imports when it is imported is undone,
    and modules beside it are forgotten: the next file may have others of the same name.

    :raises ClaimError: when a file does not import, has no list ``CLAIMS`` or changes a module of ours, two claims share an id, a
        dependency is unknown or circular, a formula is no LaTeX, or the checks together spend more than the family-wise probability of a
        false alarm.
    """
    asked = [path] if isinstance(path, str | Path) else list(path or ())
    roots = tuple(dict.fromkeys(Path(entry).resolve() for entry in asked))
    claims: dict[str, Claim] = {}
    files: dict[str, Path] = {}
    with _no_collection():
        for file, root in _with_roots(roots or (SHIPPED,)).items():
            with _undone(file):
                found = load_file(file, root)
            for claim in found:
                if claim.id in claims:
                    raise ClaimError(f"claim id {claim.id!r} is used twice: in {files[claim.id]} and in {file}")
                claims[claim.id], files[claim.id] = claim, file
    elsewhere = _check_dependencies(claims, shipped=roots in ((), (SHIPPED,)))
    _check_budget(claims.values())
    return Registry(claims, files, roots, elsewhere)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Spare the search for circular garbage, a fifth of the time, while hundreds of files are imported: all of it stays."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def _undone(file: Path) -> Iterator[None]:
    """Keep what importing a file of a user does from reaching other files, or the workers that run their claims."""
    if shipped(file):
        yield
        return
    environment, path, loaded = dict(os.environ), list(sys.path), set(sys.modules)
    before = Modules()
    try:
        directory = os.getcwd()
    except OSError:
        directory = None
    try:
        yield
        if changes := before.changes():
            raise ClaimError(f"claims file {file}: importing it changes what it does not own: {described(changes)}")
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - loaded:
            origin = getattr(getattr(sys.modules[name], "__spec__", None), "origin", None)
            if origin and Path(origin) != file and Path(origin).is_relative_to(file.parent) and not _elsewhere(Path(origin)):
                del sys.modules[name]
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        if directory is not None:
            os.chdir(directory)


def _elsewhere(module: Path) -> bool:
    """Whether a module is a dependency, or ours, though it lies below a claims file."""
    return ours(module) or installed(module)


def load_file(file: Path, root: Path | None = None) -> list[Claim]:
    """The claims of one file found under ``root``, filed under its name or that of its folder (see :func:`load_claims`)."""
    module = _import(file)
    declared = [value.closed for value in vars(module).values() if isinstance(value, Declaration) and value.module == module.__name__]
    claims = getattr(module, "CLAIMS", declared or None)
    if isinstance(claims, list | tuple):
        claims = [*(claim for claim in declared if claim not in claims), *claims]
    if not isinstance(claims, list | tuple) or not all(isinstance(claim, Claim) for claim in claims):
        raise ClaimError(
            f"claims file {file}: expected claims declared by claim(...), or a list CLAIMS of Claim values, got {_described(claims)}"
            " (start the name of a helper module with an underscore)"
        )
    for claim in claims:
        _check_formulas(f"claims file {file}: claim {claim.id!r}: ", claim)
    family = file.stem if root in (None, file, file.parent) and not shipped(file) else file.parent.name
    return [claim.in_family(family) for claim in claims]


def _check_formulas(where: str, claim: Claim) -> None:
    """Refuse formulas of which a part has no other side: they would be shown as they are typed."""
    parts = {f"{kind} {part.name!r}": part.statement for kind in ("clause", "assumption") for part in getattr(claim, f"{kind}s")}
    for what, latex in {"statement": claim.statement, **parts, **{f"symbol {symbol!r}": symbol for symbol in claim.symbols}}.items():
        if problem := fault(latex):
            raise ClaimError(f"{where}{what} must be LaTeX: {problem}")


def shipped(file: Path) -> bool:
    """Whether a claims file is one of those that ship with the package."""
    return file.is_relative_to(SHIPPED)


def shown_file(file: Path) -> str:
    """How pages and lists name a claims file: from the package on where it ships, else by its name."""
    return f"proofs_check/claims/{file.relative_to(SHIPPED).as_posix()}" if shipped(file) else file.name


def _described(claims: object) -> str:
    if claims is None:
        return "no CLAIMS"
    if not isinstance(claims, list | tuple):
        return type(claims).__name__
    return "a list holding " + ", ".join(sorted({type(claim).__name__ for claim in claims} - {"Claim"}))


def _with_roots(roots: Iterable[Path]) -> dict[Path, Path]:
    """Each claims file once, with the first of ``roots`` under which it lies."""
    found: dict[Path, Path] = {}
    for root in roots:
        for file in _files(root):
            found.setdefault(file, root)
    return found


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise ClaimError(f"claims path {root}: expected a Python file or a directory, found nothing there")
    files = sorted(file for file in root.rglob("*.py") if not any(part.startswith(("_", ".")) for part in file.relative_to(root).parts))
    if not files and root != SHIPPED:
        raise ClaimError(f"claims path {root}: expected claims files (*.py), found none in this directory")
    return files


def _import(file: Path) -> ModuleType:
    try:
        if shipped(file):
            parts = file.relative_to(SHIPPED).with_suffix("").parts
            return importlib.import_module(".".join(["proofs_check.claims", *parts]))
        return _import_from_outside(file)
    except (Exception, SystemExit) as error:
        raise ClaimError(f"claims file {file} does not import: {type(error).__name__}: {error}") from error


class _AsItStands(importlib.machinery.SourceFileLoader):
    """Compiles what a file holds now: a kept compiled form is known by size and second, and a file may change within one."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _import_from_outside(file: Path) -> ModuleType:
    """Import a file that belongs to no package, afresh each time, with the modules beside it importable."""
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    name = f"claims_{file.stem}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, file, loader=_AsItStands(name, str(file))) if file.suffix == ".py" else None
    if spec is None or spec.loader is None:
        raise ImportError("not a Python source file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and hypothesis look their module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _check_dependencies(claims: Mapping[str, Claim], *, shipped: bool) -> frozenset[str]:
    """Refuse unknown and circular dependencies; the shipped ids among them are returned (and loaded only when needed)."""
    unknown = {other: claim.id for claim in claims.values() for other in claim.depends_on if other not in claims}
    elsewhere = frozenset() if shipped or not unknown else frozenset(load_claims()) & unknown.keys()
    for other, claim_id in unknown.items():
        if other not in elsewhere:
            raise ClaimError(f"claim {claim_id!r} depends on {other!r}, which is no known claim")
    try:
        graphlib.TopologicalSorter({claim.id: claim.depends_on for claim in claims.values()}).prepare()
    except graphlib.CycleError as error:
        raise ClaimError(f"claims depend on each other in a circle: {' -> '.join(error.args[1])}") from error
    return elsewhere


def _check_budget(claims: Iterable[Claim]) -> None:
    alphas = [check.alpha for claim in claims for check in claim.checks if check.alpha is not None]
    spent = math.fsum(alphas)
    if spent > ALPHA_BUDGET * (1 + 1e-9):  # the declared shares are decimal fractions, their sum is rounded
        raise ClaimError(
            f"the {len(alphas)} statistical checks spend {spent:.3g} together, expected at most the family-wise {ALPHA_BUDGET:g}"
        )
