"""What is claimed and how it is tested: the vocabulary of the suite, as plain frozen values.

A :class:`Claim` is one published statement, a list of :class:`Clause` parts. Each :class:`Check` tests some of them in one way, by a
function ``run(instance, *, context, **parameters) -> Outcome`` over ``instances(context)``. A :class:`Control` is the same check
with one parameter made false, a :class:`Probe` the same check on instances that break one assumption.
Everything is validated where it is written, so that a malformed claim names its own mistake.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from proofs_check import comparing

if TYPE_CHECKING:
    from proofs_check.axes import Axes

LEVELS = ("quick", "standard", "full")
KINDS = ("theorem", "counterexample", "law", "conjecture", "extension")
RELATIONS = ("equality", "tight", "upper", "lower", "existence", "impossibility")
EVIDENCE = ("formal", "symbolic", "exact", "certified", "property", "training")
#: Evidence without rounding, or with all rounding enclosed.
RIGOROUS = ("formal", "symbolic", "exact", "certified")
#: Evidence in which no rounding occurs at all, so that no margin can be stated.
EXACT = ("formal", "symbolic", "exact")
COVERS = ("statement", "instances")

#: The name of the only clause of a claim that names none.
WHOLE = "statement"

#: Family-wise probability of a false alarm in one run of the whole suite, shared out by the ``alpha`` of the checks.
ALPHA_BUDGET = 1e-3


#: Longest id of a claim and longest name of a check: pages, logs and certificates are files that bear them.
LONGEST_ID, LONGEST_NAME = 100, 60
#: Characters that no page, terminal or database is safe with: halves of surrogate pairs, and control characters but tab and line feed.
ILLEGIBLE = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]")


class ClaimError(ValueError):
    """A claim, check, control or probe that is malformed; the message names it, what was expected and what came."""


class Unavailable(RuntimeError):
    """A program or device that a check needs is not here. Raised by a check, the whole of it is skipped, with this message for a reason."""


class Status(enum.Enum):
    """Outcome of one check. There is no truth value: ``inconclusive`` is neither."""

    HOLDS = "holds"
    FAILS = "fails"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"

    def __bool__(self) -> bool:
        raise TypeError("a Status is three-valued; compare it with a member, as in `status is Status.HOLDS`")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim is printed: ``paper`` as ``arXiv:<id>v<n>`` (or a DOI), ``where`` a theorem, equation or page."""

    paper: str
    where: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """One named hypothesis, with its ``statement`` in LaTeX or words, so that a probe can drop it by name.

    ``unprobed`` says why no probe can, where that is so: nothing is defined without it, say.
    """

    name: str
    statement: str
    unprobed: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """A named part of a statement, in LaTeX. An ``existential`` one is proved by one witness that a second arithmetic confirms."""

    name: str
    statement: str
    existential: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as data; the report draws it.

    ``kind`` is ``"heatmap"`` (``values[i][j]`` at ``x[j]``, ``y[i]``), ``"lines"`` or ``"scatter"`` (``series``: a list of
    ``{"label", "x", "y"}``; points with ``diagonal`` true have that line drawn, a line with ``directed`` true an arrow on it), ``"bars"``
    (likewise) or ``"graph"`` (``nodes``: a list of ``{"id", "label", "group"}`` and, where they have places in a plane, ``"at": (x, y)``;
    ``edges``: pairs of ids, with arrows if ``directed``).
    ``marks`` are ``{"label", "x"}``: predicted values drawn as lines. ``data`` holds whatever the kind needs.
    """

    kind: str
    title: str
    alt: str
    data: Mapping[str, Any]
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False
    marks: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        _one_of("Figure.kind", self.kind, ("heatmap", "lines", "scatter", "bars", "graph"))
        if not self.alt:
            raise ClaimError(f"figure {self.title!r}: alt must describe the picture in words, got an empty text")
        if self.kind != "graph" and not (self.x_label and self.y_label):
            raise ClaimError(f"figure {self.title!r}: x_label and y_label must name the axes, got {self.x_label!r} and {self.y_label!r}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found on one instance (or one batch of them).

    ``cases`` counts what was decided; ``margin`` is (bound - observed) / tolerance, ``None`` where the arithmetic is exact.
    ``counterexample`` is plain data (numbers, strings, lists, dicts, Fractions, arrays); ``certificate`` likewise, written to a file.
    ``detectable`` is the smallest effect that a statistical test would have found. ``witness`` is what shows an existence, as plain data.
    ``outside`` says that the instance is none of the statement's: it breaks a hypothesis. ``proof`` is what a proof checker said of a
    theorem (:class:`proofs_check.proving.coq.Proof`), as plain data.
    """

    status: Status
    cases: int = 1
    margin: float | None = None
    message: str = ""
    counterexample: Mapping[str, Any] | None = None
    certificate: Mapping[str, Any] | None = None
    detectable: float | None = None
    figures: Sequence[Figure] = ()
    witness: Mapping[str, Any] | None = None
    outside: bool = False
    proof: Mapping[str, Any] | None = None

    @classmethod
    def holds(cls, cases: int = 1, **details: Any) -> Outcome:
        """The statement was met on ``cases`` (at least 1) cases."""
        if cases < 1:
            raise ClaimError(f"Outcome.holds: cases must be at least 1 (nothing was tested otherwise), got {cases}")
        return cls(Status.HOLDS, cases, **details)

    @classmethod
    def fails(cls, message: str, *, counterexample: Mapping[str, Any], cases: int = 1, **details: Any) -> Outcome:
        """The statement is false on ``counterexample``; ``message`` says what was expected and what came."""
        return cls(Status.FAILS, cases, message=message, counterexample=counterexample, **details)

    @classmethod
    def inconclusive(cls, message: str, *, cases: int = 0, **details: Any) -> Outcome:
        """Neither decided; ``message`` says why."""
        return cls(Status.INCONCLUSIVE, cases, message=message, **details)

    @classmethod
    def skipped(cls, reason: str) -> Outcome:
        """Not run here; ``reason`` is shown."""
        return cls(Status.SKIPPED, 0, message=reason)

    @classmethod
    def rejected(cls, reason: str) -> Outcome:
        """The statement does not speak of this instance; ``reason`` names the hypothesis that it breaks."""
        return cls(Status.SKIPPED, 0, message=reason, outside=True)

    @classmethod
    def equal(cls, expected: Any, observed: Any, **counterexample: Any) -> Outcome:
        """Holds when the two agree in the sense of :func:`proofs_check.judging.equal`, which claims call instead."""
        if comparing.compared(expected, observed):
            expected = comparing.another(expected)
        agree = comparing.agree(expected, observed)
        if agree:
            return cls.holds()
        text = f"expected {comparing.brief(expected)}, observed {comparing.brief(observed)}"
        if agree is False:
            return cls.fails(text, counterexample={**counterexample, "expected": expected, "observed": observed})
        return cls.inconclusive(text + ", which is not decided", cases=1, counterexample=counterexample or None)


@dataclass(frozen=True, slots=True, init=False)
class Control:
    """A deliberately false twin: the check with exactly one of its parameters overridden. It must be refuted."""

    name: str
    override: Mapping[str, Any]

    def __init__(self, name: str, /, **override: Any) -> None:
        if len(override) != 1:
            raise ClaimError(f"control {name!r}: exactly one parameter must be overridden, got {sorted(override) or 'none'}")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "override", override)


@dataclass(frozen=True, slots=True)
class Probe:
    """The claim without the assumption named ``drops``, on ``instances`` where it then fails.

    ``check`` names the check that runs them (default: the claim's first); ``parameters`` override its parameters where
    dropping the assumption means running another construction.
    """

    drops: str
    instances: Callable[..., Any]
    check: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One way of testing a claim, or those of its ``clauses`` that are named (all by default).

    ``instances(context)`` gives an iterable, or a hypothesis strategy (then ``examples`` says how many to draw at each level).
    ``run(instance, *, context, **parameters)`` returns an :class:`Outcome`. ``replay``, of the same signature, decides a
    failing instance again in another arithmetic or backend. ``level`` is the lowest level at which the check runs.
    ``admissible(instance)`` says which instances the claim speaks of; where it is given, a failing instance is reduced among them
    (drawn ones are shrunk by hypothesis within their strategy).
    ``axes`` span the domain; ``cell(instance)`` names the value of an instance on each of them, and every cell has to be met.
    Exact or certified evidence that covers a statement says with ``because`` why its instances are all that the clause speaks of.
    ``tolerance`` states the rule from which the float tolerance is derived (``None`` when exact); ``alpha`` the probability of
    a false alarm that a statistical check spends. ``timeout`` (seconds) replaces the run's own.
    """

    name: str
    evidence: str
    covers: str
    scope: str
    run: Callable[..., Outcome]
    instances: Callable[..., Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    controls: Sequence[Control] = ()
    level: str = "quick"
    distribution: str = ""
    tolerance: str | None = None
    alpha: float | None = None
    replay: Callable[..., Outcome] | None = None
    admissible: Callable[[Any], bool] | None = None
    examples: Mapping[str, int] = field(default_factory=lambda: {"quick": 50, "standard": 300, "full": 2000})
    timeout: float | None = None
    clauses: Sequence[str] = ()
    axes: Axes | None = None
    cell: Callable[[Any], Mapping[str, Any]] | None = None
    because: str = ""
    #: Whether every decision comes out of :mod:`proofs_check.judging`, so that the engine can make predictions false.
    judged: bool = False

    def __post_init__(self) -> None:
        _slug("Check.name", self.name)
        where = f"check {self.name!r}: "
        if len(self.name) > LONGEST_NAME:
            raise ClaimError(f"Check.name must have at most {LONGEST_NAME} characters, got {len(self.name)}")
        words = {name: getattr(self, name) for name in ("scope", "distribution", "because")}
        _texts(where, {**words, **({} if self.tolerance is None else {"tolerance": self.tolerance})})
        _texts(where, {f"the name of control {number}": control.name for number, control in enumerate(self.controls)})
        _one_of(where + "evidence", self.evidence, EVIDENCE)
        _one_of(where + "covers", self.covers, COVERS)
        _one_of(where + "level", self.level, LEVELS)
        if (self.axes is None) != (self.cell is None):
            raise ClaimError(where + "axes and cell go together: the domain, and the place of an instance in it")
        if self.axes is not None:
            for level in LEVELS[LEVELS.index(self.level) :]:
                self.axes.cells(level)
        if not self.scope:
            raise ClaimError(where + "scope must say for which sizes, laws or symbols it decides, got an empty text")
        if not self.controls:
            raise ClaimError(where + "at least one control is needed: a check that cannot fail proves nothing")
        names = [control.name for control in self.controls]
        if len(set(names)) < len(names):
            raise ClaimError(where + f"control names must differ, got {names}")
        for control in self.controls:
            (name,) = control.override
            if name not in self.parameters:
                raise ClaimError(
                    where + f"control {control.name!r} overrides {name!r}, expected one of {sorted(self.parameters) or 'no parameters'}"
                )
        if self.evidence == "property" and (self.tolerance is None or re.match(r"none\b|0(?![.\d])", self.tolerance)):
            better = "exact arithmetic that draws instances is 'exact', with a distribution"
            raise ClaimError(where + f"property evidence must state the rule of its tolerance, got tolerance={self.tolerance!r} ({better})")
        if self.alpha is not None and not 0 < self.alpha <= ALPHA_BUDGET:
            raise ClaimError(where + f"alpha must lie in (0, {ALPHA_BUDGET}], got {self.alpha}")
        if self.evidence == "training" and self.alpha is None:
            raise ClaimError(where + "training evidence must declare its alpha (probability of a false alarm), got None")
        if missing := [level for level in LEVELS if level not in self.examples]:
            raise ClaimError(where + f"examples must give a number for each of {LEVELS}, missing {missing}")

    def declared(self) -> dict[str, Any]:
        """What the statement hash covers."""
        return {
            "name": self.name,
            "evidence": self.evidence,
            "scope": self.scope,
            "covers": self.covers,
            "tolerance": self.tolerance,
            "alpha": self.alpha,
            "controls": [control.name for control in self.controls],
            **({"clauses": list(self.clauses)} if self.clauses else {}),
            **({"because": self.because} if self.because else {}),
        }

    @property
    def hash(self) -> str:
        """sha256 over what :meth:`declared` says."""
        return _sha256(self.declared())


@dataclass(frozen=True, slots=True)
class Claim:
    """One published statement, with everything needed to test it.

    ``kind`` is one of :data:`KINDS`, ``relation`` one of :data:`RELATIONS`; ``statement`` is LaTeX without dollar signs around
    the whole (text inside ``\\text{}``), ``refuted_by`` says in words what would refute it. ``symbols`` maps the letters of the
    statement to their meaning. Without ``clauses`` the statement is the only one, existential where the relation is existence.
    """

    id: str
    title: str
    statement: str
    source: Source
    checks: Sequence[Check]
    kind: str = "theorem"
    relation: str = "equality"
    assumptions: Sequence[Assumption] = ()
    depends_on: Sequence[str] = ()
    probes: Sequence[Probe] = ()
    refuted_by: str = ""
    notes: str = ""
    family: str = ""
    clauses: Sequence[Clause] = ()
    symbols: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _texts("", {"Claim.id": self.id})
        if not re.fullmatch(r"[a-z0-9]+([.-][A-Za-z0-9_]+)+", self.id):
            raise ClaimError(f"Claim.id must read family.name (letters, digits, '.', '-', '_'), got {self.id!r}")
        if len(self.id) > LONGEST_ID:
            raise ClaimError(f"Claim.id must have at most {LONGEST_ID} characters, got {len(self.id)}: {self.id[:40]!r}...")
        where = f"claim {self.id!r}: "
        _texts(where, {name: getattr(self, name) for name in ("title", "statement", "refuted_by", "notes", "family")})
        _texts(where, {"source.paper": self.source.paper, "source.where": self.source.where})
        for kind, entries in (("assumption", self.assumptions), ("clause", self.clauses)):
            for entry in entries:
                _texts(where, {f"the name of {kind} {entry.name!r}": entry.name, f"{kind} {entry.name!r}": entry.statement})
        for symbol, meaning in self.symbols.items():
            _texts(where, {"symbols": symbol, f"symbol {symbol!r}": meaning})
        _one_of(where + "kind", self.kind, KINDS)
        _one_of(where + "relation", self.relation, RELATIONS)
        for name in ("title", "statement"):
            if not getattr(self, name):
                raise ClaimError(where + f"{name} must not be empty")
        if not self.checks:
            raise ClaimError(where + "at least one check is needed")
        if not self.clauses:
            object.__setattr__(self, "clauses", (Clause(WHOLE, self.statement, self.relation == "existence"),))
        names = [clause.name for clause in self.clauses]
        _distinct(where + "clause names", names)
        for check in self.checks:
            if unknown := [name for name in check.clauses if name not in names]:
                raise ClaimError(where + f"check {check.name!r} bears on unknown clauses {unknown}, expected some of {names}")
            if len(names) > 1 and not check.clauses:
                raise ClaimError(where + f"check {check.name!r} must say on which clauses it bears, expected some of {names}")
        if untested := [name for name in names if not any(name in self.bears_on(check) for check in self.checks)]:
            raise ClaimError(where + f"no check bears on the clauses {untested}; name them in a check, or leave them out of the statement")
        _distinct(where + "check names", [check.name for check in self.checks])
        _distinct(where + "assumption names", [assumption.name for assumption in self.assumptions])
        for probe in self.probes:
            if probe.drops not in {assumption.name for assumption in self.assumptions}:
                names = [assumption.name for assumption in self.assumptions]
                raise ClaimError(where + f"a probe drops {probe.drops!r}, expected one of the assumptions {names}")
            if unknown := set(probe.parameters) - set(self.probed(probe).parameters):
                raise ClaimError(where + f"the probe of {probe.drops!r} sets unknown parameters {sorted(unknown)}")

    def check(self, name: str) -> Check:
        """The check called ``name``; :class:`ClaimError` when there is none."""
        for check in self.checks:
            if check.name == name:
                return check
        raise ClaimError(f"claim {self.id!r}: no check {name!r}, expected one of {[check.name for check in self.checks]}")

    def bears_on(self, check: Check) -> tuple[str, ...]:
        """The names of the clauses that ``check`` tests."""
        return tuple(check.clauses) or tuple(clause.name for clause in self.clauses)

    def probed(self, probe: Probe) -> Check:
        """The check that ``probe`` runs."""
        return self.checks[0] if probe.check is None else self.check(probe.check)

    def in_family(self, family: str) -> Claim:
        """The same claim, filed under ``family`` unless it names one itself."""
        return self if self.family else replace(self, family=family)

    @property
    def statement_hash(self) -> str:
        """sha256 over what is claimed and how it is tested; changes when either is weakened or strengthened."""
        declared = {
            "id": self.id,
            "statement": self.statement,
            "assumptions": [[assumption.name, assumption.statement] for assumption in self.assumptions],
            "kind": self.kind,
            "relation": self.relation,
            "checks": [check.declared() for check in self.checks],
        }
        if [clause.name for clause in self.clauses] != [WHOLE]:
            declared["clauses"] = [[clause.name, clause.statement, clause.existential] for clause in self.clauses]
        return _sha256(declared)


def _sha256(data: Any) -> str:
    """sha256 of the canonical JSON of ``data``."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _one_of(what: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ClaimError(f"{what} must be one of {', '.join(allowed)}, got {value!r}")


def _texts(where: str, values: Mapping[str, Any]) -> None:
    """Refuse what is no text that every file and page can hold."""
    for what, value in values.items():
        if not isinstance(value, str):
            raise ClaimError(f"{where}{what} must be a text, got {type(value).__name__}")
        if found := ILLEGIBLE.search(value):
            raise ClaimError(f"{where}{what} must hold no control characters or lone surrogates, got {ascii(found[0])} at {found.start()}")


def _slug(what: str, value: str) -> None:
    _texts("", {what: value})
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise ClaimError(f"{what} must be lower-case letters, digits and hyphens, got {value!r}")


def _distinct(what: str, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise ClaimError(f"{what} must differ, got {list(names)}")
