"""How a claim is written: the statement first, then each check as a function under it.

``X = claim(id, title, statement, ...)`` opens a claim; ``@X.check(evidence, draw, axes)`` over a function makes it a check, whose keyword
defaults are the true values; a line ``@false("name", keyword=value)`` between the two is a control. ``X.without("assumption", check, ...)``
is a probe. Modules are searched for claims: nothing has to be listed.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from proofs_check.axes import Axes, Cell
from proofs_check.claim import Assumption, Check, Claim, ClaimError, Clause, Control, Outcome, Probe, Source
from proofs_check.context import Context

Function = TypeVar("Function", bound=Callable[..., Outcome])

#: The keyword under which a check is told about its run.
CONTEXT = "context"


class Drawn(NamedTuple):
    """An instance drawn in a cell."""

    cell: Cell
    value: Any


@dataclass(frozen=True)
class Paper:
    """A paper as a family cites it: ``at`` names the place of one statement."""

    paper: str

    def at(self, where: str) -> Source:
        """The theorem, equation or page ``where`` of this paper."""
        return Source(self.paper, where)


def exists(statement: str) -> Clause:
    """A clause that says that something exists: one witness, confirmed in a second arithmetic, proves it."""
    return Clause("", statement, existential=True)


def false(name: str, /, **override: Any) -> Callable[[Function], Function]:
    """A control of the check below: the same check with one keyword made false.

    :raises ClaimError: unless exactly one keyword is overridden.
    """
    control = Control(name, **override)

    def marked(function: Function) -> Function:
        function.__dict__.setdefault("controls", []).insert(0, control)
        return function

    return marked


@dataclass
class Declaration:
    """A claim while it is written: see :func:`claim`. ``closed`` is the claim that it comes to."""

    module: str
    file: str
    line: int
    details: dict[str, Any]
    checks: list[Check] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)
    _closed: Claim | None = None

    @property
    def where(self) -> str:
        """The file and line at which the claim is opened, and its id."""
        return f"{Path(self.file).name}:{self.line}, claim {self.details['id']!r}: "

    @property
    def closed(self) -> Claim:
        """The claim with all that was declared under it.

        :raises ClaimError: for a malformed claim, with its file.
        """
        if self._closed is None:
            try:
                self._closed = Claim(**self.details, checks=tuple(self.checks), probes=tuple(self.probes))
            except ClaimError as error:
                raise ClaimError(f"{Path(self.file).name}:{self.line}: {error}") from None
        return self._closed

    def check(
        self,
        evidence: str,
        instances: Any,
        axes: Axes | None = None,
        *,
        clauses: str | Sequence[str] = (),
        cell: Callable[[Any], Mapping[str, Any]] | None = None,
        scope: str = "",
        name: str = "",
        covers: str = "instances",
        **more: Any,
    ) -> Callable[[Function], Function]:
        """Make the function below a check of this claim.

        Its name and docstring, its keyword defaults (the true values) and the controls marked on it are those of the check. With
        ``axes`` alone, ``instances(cell, rng)`` draws one instance of a cell and the function takes ``(cell, instance)``; with ``cell``
        too, ``instances`` is any iterable, strategy or function of the context that yields them, and ``cell(instance)`` says where an
        instance lies. ``more`` are fields of :class:`~proofs_check.claim.Check`.

        :raises ClaimError: when the check is malformed, with file, claim and check.
        """

        def declared(function: Function) -> Function:
            check_name = name or function.__name__.replace("_", "-")
            try:
                self._add(check_name, function, evidence, instances, axes, clauses, cell, scope, covers, more)
            except ClaimError as error:
                raise ClaimError(str(error) if self.where in str(error) else self.where + str(error)) from None
            return function

        return declared

    def twin(self, function: Callable[..., Outcome], evidence: str, *, name: str = "", changed: Mapping[str, Any], **more: Any) -> None:
        """The check of ``function`` once more in another arithmetic: with the keywords ``changed``; a failing instance is decided again
        as the check itself decides it. ``more`` are fields of :class:`~proofs_check.claim.Check`.
        """
        from dataclasses import replace

        first = self._check_of(function)
        unknown = set(changed) - set(first.parameters)
        if unknown:
            raise ClaimError(
                self.where + f"the twin of {first.name!r} changes {sorted(unknown)}, expected some of {sorted(first.parameters)}"
            )
        self._append(
            lambda: replace(
                first,
                name=name or f"{first.name}-in-floats",
                evidence=evidence,
                covers="instances",
                parameters={**first.parameters, **changed},
                replay=lambda instance, **parameters: first.run(
                    instance, **{**parameters, **{key: first.parameters[key] for key in changed}}
                ),
                **more,
            )
        )

    def formal(self, file: str, theorem: str, *, false: str, adequate: Callable[[Any], Any], **more: Any) -> None:
        """A proof for all sizes: ``theorem`` of the proof ``file`` (in `proofs_check/proofs`, or a path beside the claims file).

        ``false`` says what its control, a theorem that refutes the statement made false in one place, makes false; ``adequate(rng)``
        compares the definitions behind it with ours. ``more`` (premises, part, axioms, clauses, control, name): see
        :func:`proofs_check.proving.formal_check`.
        """
        from proofs_check.proving import formal_check

        if "clauses" in more and isinstance(more["clauses"], str):
            more["clauses"] = (more["clauses"],)
        beside = Path(self.file).parent / file
        path = str(beside) if beside.is_file() else file
        self._append(lambda: formal_check(path, theorem, false=false, adequate=adequate, **more))

    def without(self, assumption: str, function: Callable[..., Outcome] | str, instances: Any = None, **parameters: Any) -> None:
        """A probe: the check of ``function`` without ``assumption``, by other ``instances`` or other keywords. It must fail there."""
        check = self.closed_check(function) if isinstance(function, str) else self._check_of(function)
        drawn = check.instances if instances is None else _instances(instances, check.axes if check.cell is _cell_of else None)
        self.probes.append(Probe(assumption, drawn, check.name, parameters))

    def closed_check(self, name: str) -> Check:
        """The check called ``name``."""
        for check in self.checks:
            if check.name == name:
                return check
        raise ClaimError(self.where + f"no check {name!r}, expected one of {[check.name for check in self.checks]}")

    def _check_of(self, function: Callable[..., Outcome]) -> Check:
        if id(function) not in self._names:
            raise ClaimError(self.where + f"{getattr(function, '__name__', function)} is no check of this claim; decorate it first")
        return self.closed_check(self._names[id(function)])

    def _add(
        self,
        name: str,
        function: Any,
        evidence: str,
        instances: Any,
        axes: Any,
        clauses: Any,
        cell: Any,
        scope: str,
        covers: str,
        more: Any,
    ) -> None:
        if axes is not None and not isinstance(axes, Axes):
            raise ClaimError(self.where + f"check {name!r}: axes expected what axes(...) gives, got {type(axes).__name__}")
        parameters, positions = _read(function)
        drawn = axes is not None and cell is None
        if positions != (expected := 2 if drawn else 1):
            kind = "(cell, instance)" if drawn else "(instance)"
            raise ClaimError(self.where + f"check {name!r} takes {positions} positional arguments, expected {expected}: {kind}")
        controls = tuple(function.__dict__.get("controls", ()))
        for control in controls:
            ((key, value),) = control.override.items()
            if key in parameters and _alike(value, parameters[key]):
                raise ClaimError(self.where + f"check {name!r}: control {control.name!r} sets {key} to its true value; make it false")
        words = " ".join((inspect.getdoc(function) or "").split())
        spanned = axes.scope() if axes is not None else ""
        self._append(
            lambda: Check(
                name,
                evidence=evidence,
                covers=covers,
                scope="; ".join(filter(None, [scope, spanned])) or words,
                run=_on_drawn(function) if drawn else function,
                instances=_instances(instances, axes if drawn else None),
                parameters=parameters,
                controls=controls,
                clauses=(clauses,) if isinstance(clauses, str) else tuple(clauses),
                axes=axes,
                cell=cell if cell is not None else (_cell_of if drawn else None),
                judged=True,
                **more,
            )
        )
        self._names[id(function)] = name

    def _append(self, build: Callable[[], Check]) -> None:
        try:
            self.checks.append(build())
        except (ClaimError, TypeError) as error:
            raise ClaimError(self.where + str(error)) from None


def claim(
    id: str,
    title: str,
    statement: str,
    *,
    source: Source,
    clauses: Mapping[str, str | Clause] | None = None,
    symbols: str | Iterable[str] | Mapping[str, str] = (),
    assumptions: Sequence[Assumption] = (),
    **details: Any,
) -> Declaration:
    """Open a claim: its statement in LaTeX, before anything that tests it.

    ``clauses`` name the parts of the statement (``{"value": r"R = ...", "attained": exists(r"...")}``); ``symbols`` are its letters, read
    from the ``NOTATION`` of the family or given with their meaning; ``details`` are the other fields of :class:`~proofs_check.claim.Claim`.
    """
    frame = sys._getframe(1)
    module = frame.f_globals.get("__name__", "")
    named = tuple(_clause(name, part) for name, part in (clauses or {}).items())
    written = {"id": id, "title": title, "statement": statement, "source": source, "clauses": named, "assumptions": tuple(assumptions)}
    declaration = Declaration(module, frame.f_code.co_filename, frame.f_lineno, {**written, **details})
    declaration.details["symbols"] = _meanings(symbols, module, declaration)
    return declaration


def _clause(name: str, part: str | Clause) -> Clause:
    return Clause(name, part.statement, part.existential) if isinstance(part, Clause) else Clause(name, part)


def _meanings(symbols: str | Iterable[str] | Mapping[str, str], module: str, declaration: Declaration) -> dict[str, str]:
    if isinstance(symbols, Mapping):
        return dict(symbols)
    names = symbols.split() if isinstance(symbols, str) else list(symbols)
    notation = getattr(sys.modules.get(module.rpartition(".")[0]), "NOTATION", {})
    if unknown := [name for name in names if name not in notation]:
        raise ClaimError(declaration.where + f"symbols {unknown} have no meaning; add them to NOTATION of the family, or give a mapping")
    return {name: notation[name] for name in names}


def _read(function: Callable[..., Any]) -> tuple[dict[str, Any], int]:
    """The keyword parameters of a check with their true values, and the number of its positional arguments."""
    signature = inspect.signature(function).parameters.values()
    keywords = [parameter for parameter in signature if parameter.kind is parameter.KEYWORD_ONLY and parameter.name != CONTEXT]
    if missing := [parameter.name for parameter in keywords if parameter.default is parameter.empty]:
        raise ClaimError(f"check {function.__name__!r}: the keywords {missing} need their true values as defaults")
    return {parameter.name: parameter.default for parameter in keywords}, sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in signature)


def _alike(first: Any, second: Any) -> bool:
    if first is second:
        return True
    try:
        return type(first) is type(second) and bool(first == second)
    except (TypeError, ValueError):
        return False


def nothing(cell: Cell, rng: Any) -> None:
    """For ``instances`` where a cell says all that a check needs."""


def a_seed(cell: Cell, rng: Any) -> int:
    """For ``instances`` where the check itself draws, from ``context.rng`` of what is drawn here: an integer below 2^62."""
    return int(rng.integers(2**62))


def _on_drawn(function: Callable[..., Outcome]) -> Callable[..., Outcome]:
    def run(instance: Drawn, **parameters: Any) -> Outcome:
        return function(instance.cell, instance.value, **parameters)

    run.__name__, run.__qualname__, run.__doc__ = function.__name__, function.__qualname__, function.__doc__
    run.__dict__["__wrapped__"] = function
    return run


def _cell_of(instance: Drawn) -> Mapping[str, Any]:
    return instance.cell


def _instances(source: Any, axes: Axes | None) -> Callable[[Context], Any]:
    """``instances(context)`` from a function of a cell and a generator, a function of the context, or a list."""
    if axes is not None:

        def drawn(context: Context) -> Iterable[Drawn]:
            for cell in axes.cells(context.level):
                for number in range(axes.draws.at(context.level)):
                    yield Drawn(cell, source(cell, context.rng(cell, number)))

        return drawn
    if callable(source):
        return source
    listed = source if hasattr(source, "example") else tuple(source)  # a strategy stays one
    return lambda context: listed
