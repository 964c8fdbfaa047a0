"""Running one part of a check: the instances one after another, and what they come to together.

An exception is an ``error``, never a refutation. A failing instance is decided a second time (by ``Check.replay``, in another
arithmetic or backend, where there is one) before it counts, and reduced where the check says which instances are admissible. Labels are
held to: exact evidence states no margin and compares no float, alpha is spent by decisions, every cell is met.
"""

from __future__ import annotations

import math
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Any

from proofs_check.claim import EXACT, Check, Claim, ClaimError, Figure, Outcome, Status, Unavailable
from proofs_check.comparing import Trail, followed
from proofs_check.context import Context
from proofs_check.engine.finding import CELLS, ITSELF, Finding
from proofs_check.engine.provenance import versions
from proofs_check.engine.reduction import reduce_instance
from proofs_check.plain_data import finite, written

#: Messages kept when many instances are inconclusive or skipped for different reasons.
MESSAGES = 3
#: Largest shares of instances that may be passed over, or lie outside the hypotheses, in a check that decides something.
SKIPPED_SHARE, REJECTED_SHARE = 0.5, 0.9
#: Cells named in a message.
NAMED_CELLS = 5
#: Share of the cells in which predictions are made false at level quick.
QUICK_SHARE = 1 / 3
#: Different pairs of numbers that a part keeps for a picture.
PAIRS = 400
#: Instances of one cell on which a false prediction may survive before the cell control has.
ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Trial:
    """One part of a check made ready to run: what decides an instance, and where the instances come from."""

    decide: Callable[[Any], Outcome]
    replay: Callable[[Any], Outcome]
    instances: Callable[[Context], Any]
    context: Context
    check: Check
    part: str
    existential: bool = False

    @property
    def itself(self) -> bool:
        """Whether the claim itself is tested, rather than a control or a probe."""
        return self.part == ITSELF


def prepare(claim: Claim, check_name: str, part: str, *, level: str, seed: int, device: str, folder: Path | None = None) -> Trial:
    """The trial of ``part`` (``itself``, ``cells``, ``control:NAME`` or ``probe:NUMBER``) of a check.

    A control meets exactly the instances of its check: random numbers do not depend on the part.
    """
    check = claim.check(check_name)
    context = Context(claim.id, check.name, seed=seed, level=level, device=device, alpha=check.alpha, folder=folder or Path())
    parameters, instances = dict(check.parameters), check.instances
    kind, _, which = part.partition(":")
    if kind == "control":
        parameters |= _control(claim, check, which)
    elif kind == "probe":
        probe = claim.probes[int(which)]
        parameters |= probe.parameters
        instances = probe.instances
    elif part not in (ITSELF, CELLS):
        raise ClaimError(f"part must be {ITSELF!r}, {CELLS!r}, control:NAME or probe:NUMBER, got {part!r}")
    existential = any(clause.existential for clause in claim.clauses if clause.name in claim.bears_on(check))

    def runner(function: Callable[..., Outcome]) -> Callable[[Any], Outcome]:
        return lambda instance: _outcome(function, instance, context, parameters)

    return Trial(runner(check.run), runner(check.replay or check.run), instances, context, check, part, existential)


def _control(claim: Claim, check: Check, name: str) -> Mapping[str, Any]:
    for control in check.controls:
        if control.name == name:
            return control.override
    names = [control.name for control in check.controls]
    raise ClaimError(f"claim {claim.id!r}, check {check.name!r}: no control {name!r}, expected one of {names}")


def _outcome(function: Callable[..., Outcome], instance: Any, context: Context, parameters: Mapping[str, Any]) -> Outcome:
    outcome = function(instance, context=context, **parameters)
    if not isinstance(outcome, Outcome):
        raise TypeError(f"{function.__qualname__} must return an Outcome, got {type(outcome).__name__}")
    return outcome if outcome.status is not Status.FAILS else _bare(outcome)


def _bare(outcome: Outcome) -> Outcome:
    """A refutation without what is of no use beside it: a margin that is no number must not turn it into an error."""
    counterexample = outcome.counterexample or {}
    return replace(
        outcome,
        cases=outcome.cases if isinstance(outcome.cases, int) and outcome.cases > 0 else 1,
        margin=finite(outcome.margin),
        detectable=finite(outcome.detectable),
        message=outcome.message if isinstance(outcome.message, str) else str(written(outcome.message)),
        counterexample=counterexample if isinstance(counterexample, Mapping) else {"value": counterexample},
        figures=tuple(figure for figure in outcome.figures if isinstance(figure, Figure)) if _listed(outcome.figures) else (),
    )


def _listed(value: Any) -> bool:
    return isinstance(value, list | tuple)


class _Stop(BaseException):
    """Ends a search at once; hypothesis lets a BaseException through without shrinking."""


class _Unsteady(Exception):
    """The same example failed once and did not fail again."""


class _Refuted(Exception):
    """Tells hypothesis that the example fails, so that it shrinks it."""


@dataclass
class _Tally:
    """Adds up outcomes as instances are met."""

    trial: Trial
    met: int = 0
    rejected: int = 0
    calls: int = 0
    cells: set[str] = field(default_factory=set)
    floats: bool = False
    witness: Any = None
    confirmed: str = ""
    proof: Any = None
    outcomes: Counter[Status] = field(default_factory=Counter)
    messages: dict[Status, dict[str, int]] = field(default_factory=dict)
    cases: int = 0
    margin: float | None = None
    detectable: float | None = None
    certificates: list[Any] = field(default_factory=list)
    figures: list[Any] = field(default_factory=list)
    pairs: dict[tuple[str, float, float], None] = field(default_factory=dict)
    doubtful: Mapping[str, Any] | None = None
    failure: Finding | None = None

    def meet(self, number: int, instance: Any) -> bool:
        """Decide one instance; whether it fails for good."""
        self.calls += 1
        with followed() as trail:
            outcome = self.trial.decide(instance)
        replay = ""
        if outcome.status is Status.FAILS and self.trial.itself:
            outcome, replay = _confirmed(self.trial, instance, outcome)
        _hold_to_label(self.trial.check, outcome, trail)
        self.floats = self.floats or outcome.margin is not None or bool(trail.arithmetic & {"float", "ball"})
        if outcome.status is not Status.SKIPPED:
            self.met += 1
            self._locate(instance)
        self._add(number, outcome)
        if len(self.pairs) < PAIRS:
            self.pairs |= dict.fromkeys(trail.pairs)
        if outcome.status is Status.HOLDS and outcome.witness is not None and not self.confirmed:
            self._confirm_witness(instance, outcome)
        if outcome.status is Status.FAILS:
            self.failure = self._failed(number, instance, outcome, replay)
        elif outcome.counterexample is not None and self.doubtful is None:
            self.doubtful = _counterexample(number, instance, outcome, replay)
        return outcome.status is Status.FAILS

    def _locate(self, instance: Any) -> None:
        check = self.trial.check
        if check.axes is not None and check.cell is not None and not self.trial.part.startswith("probe:"):
            self.cells.add(repr(check.axes.locate(check.cell(instance), self.trial.context.level)))

    def _confirm_witness(self, instance: Any, outcome: Outcome) -> None:
        """Have what shows an existence found again by the replay of the check, which decides in a second arithmetic."""
        self.witness = written(outcome.witness)
        replay = self.trial.check.replay
        if self.trial.existential and replay is not None:
            with _once_more(self.trial):
                again = self.trial.replay(instance)
            self.confirmed = f"found again by {getattr(replay, '__name__', 'the replay')}" if again.status is Status.HOLDS else ""

    def _add(self, number: int, outcome: Outcome) -> None:
        self.outcomes[outcome.status] += 1
        self.rejected += outcome.outside
        if outcome.message:
            self.messages.setdefault(outcome.status, {}).setdefault(outcome.message, number)
        self.cases += outcome.cases if outcome.status in (Status.HOLDS, Status.FAILS, Status.INCONCLUSIVE) else 0
        self.margin = _extreme(min, self.margin, outcome.margin)
        self.detectable = _extreme(max, self.detectable, outcome.detectable)
        for figure in outcome.figures:
            if (data := written(asdict(figure))) not in self.figures:  # several instances may show the same
                self.figures.append(data)
        if outcome.certificate is not None:
            self.certificates.append(written(outcome.certificate))
        if outcome.proof is not None:
            self.proof = written(outcome.proof)

    def withdraw(self, message: str) -> None:
        """Take the refutation back: it did not hold up."""
        if self.failure is not None:
            self.doubtful, self.failure = self.failure.counterexample, None
        self._add(self.calls - 1, Outcome.inconclusive(message))

    def _failed(self, number: int, instance: Any, outcome: Outcome, replay: str) -> Finding:
        return Finding(
            Status.FAILS,
            margin=outcome.margin,
            message=outcome.message,
            counterexample=_counterexample(number, instance, outcome, replay),
        )

    def finding(self) -> Finding:
        """What the instances met so far come to."""
        status, message = self._status()
        counterexample = self.doubtful
        if self.failure is not None:
            message, counterexample = self.failure.message, self.failure.counterexample
        spent = self.trial.context.spent
        return Finding(
            status,
            cases=self.cases,
            met=self.met,
            skipped=self.outcomes[Status.SKIPPED] - self.rejected,
            rejected=self.rejected,
            cells=len(self.cells),
            missed=tuple(self._missed()),
            spent=math.fsum(spent) if spent else None,
            witness=self.witness,
            confirmed=self.confirmed,
            proof=self.proof,
            margin=self.margin,
            message=message,
            counterexample=counterexample,
            certificates=tuple(self.certificates),
            detectable=self.detectable,
            figures=tuple(self.figures),
            pairs=tuple(self.pairs),
        )

    def _status(self) -> tuple[Status, str]:
        if self.failure is not None:
            return Status.FAILS, self.failure.message
        if not self.calls:
            return Status.INCONCLUSIVE, "no instance was met: nothing was tested"
        if not self.met:
            return Status.SKIPPED, self._message(Status.SKIPPED)
        if Status.INCONCLUSIVE not in self.outcomes and self.trial.itself and (reason := self._reservation()):
            return Status.INCONCLUSIVE, reason
        status = Status.INCONCLUSIVE if Status.INCONCLUSIVE in self.outcomes else Status.HOLDS
        return status, self._message(status)

    def _missed(self) -> list[str]:
        """The cells that no instance met."""
        check = self.trial.check
        if check.axes is None or self.trial.part.startswith("probe:"):
            return []
        return [name for cell in check.axes.cells(self.trial.context.level) if (name := repr(cell)) not in self.cells]

    def _reservation(self) -> str:
        """Why instances that all hold decide nothing, or an empty text."""
        passed_over = self.outcomes[Status.SKIPPED] - self.rejected
        if passed_over > SKIPPED_SHARE * self.calls:
            return f"{passed_over} of {self.calls} instances were skipped: {self._message(Status.SKIPPED)}"
        if self.rejected > REJECTED_SHARE * self.calls:
            return f"{self.rejected} of {self.calls} instances lie outside the hypotheses: {self._message(Status.SKIPPED)}"
        missed = self._missed()
        if missed:
            named = "; ".join(missed[:NAMED_CELLS]) + (f"; and {len(missed) - NAMED_CELLS} more" if len(missed) > NAMED_CELLS else "")
            return f"{len(missed)} of {len(missed) + len(self.cells)} cells were met by no instance: {named}"
        return ""

    def _message(self, status: Status) -> str:
        """The first different messages of the instances that came out so, and how many these instances are."""
        found = list(self.messages.get(status, {}).items())
        texts = [f"case {number}: {text}" if status is Status.INCONCLUSIVE else text for text, number in found]
        more = [f"and {len(texts) - MESSAGES} more"] if len(texts) > MESSAGES else []
        message = "; ".join(texts[:MESSAGES] + more)
        count = self.outcomes[status]
        return f"{count} of {self.calls} instances: {message}" if message and count < self.calls else message


def _hold_to_label(check: Check, outcome: Outcome, trail: Trail) -> None:
    """Refuse an outcome that its evidence cannot have."""
    if outcome.status in (Status.ERROR, Status.TIMEOUT):
        raise TypeError(f"a check must not return {outcome.status.value}; it raises")
    if outcome.status is Status.HOLDS and not (isinstance(outcome.cases, Integral) and outcome.cases >= 1):
        raise TypeError(f"an outcome that holds decides at least one case, got {outcome.cases}")
    if outcome.margin is not None:
        if check.evidence in EXACT:
            raise TypeError(f"evidence {check.evidence!r} has no margin, got {outcome.margin}: exact arithmetic keeps no tolerance")
        least = -1 if check.evidence == "training" else 0  # a rate is established above threshold - margin
        if outcome.status is Status.HOLDS and ((margin := finite(outcome.margin)) is None or margin < least):
            raise TypeError(f"an outcome that holds has a finite margin from {least} on, got {outcome.margin}")
    if check.judged and check.evidence in EXACT and "float" in trail.arithmetic:
        raise TypeError(f"evidence {check.evidence!r} compares floats; make them exact, or label the check property")
    if check.judged and outcome.status in (Status.HOLDS, Status.FAILS) and not trail.comparisons:
        raise TypeError(f"the check {outcome.status.value} without a comparison by proofs_check.judging")


def _extreme(choose: Callable[[float, float], float], first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return choose(first, second)


def _confirmed(trial: Trial, instance: Any, outcome: Outcome) -> tuple[Outcome, str]:
    """``outcome`` if a second decision agrees that the instance fails, otherwise inconclusive with both shown."""
    with _once_more(trial):
        second = trial.replay(instance)
    how = "a second run"
    if trial.check.replay is not None and second.status is Status.SKIPPED:
        with _once_more(trial):
            second = trial.decide(instance)  # no second arithmetic here
    elif trial.check.replay is not None:
        how = f"the replay by {trial.check.replay.__name__}"
    if second.status is Status.FAILS:
        return outcome, f"{how} fails too: {second.message}"
    disagreement = f"the check fails ({outcome.message}) but {how} {second.status.value} ({second.message or 'no message'})"
    return Outcome.inconclusive(disagreement, cases=outcome.cases, counterexample=outcome.counterexample), disagreement


@contextmanager
def _once_more(trial: Trial) -> Iterator[None]:
    """Decide an instance again: its alpha is spent once, and a check may call hypothesis' ``target`` on it once more."""
    spent = list(trial.context.spent)
    trial.context.spent.clear()
    try:
        with _targets_forgotten():
            yield
    finally:
        trial.context.spent[:] = spent


@contextmanager
def _targets_forgotten() -> Iterator[None]:
    control = sys.modules.get("hypothesis.control")
    context = control.currently_in_test_context() and control.current_build_context() if control else None
    if not context:
        yield
        return
    kept = dict(context.data.target_observations)
    context.data.target_observations.clear()
    try:
        yield
    finally:
        context.data.target_observations.clear()
        context.data.target_observations.update(kept)


def _shown(outcome: Outcome) -> dict[str, Any]:
    return {str(written(key)): written(value) for key, value in (outcome.counterexample or {}).items()}


def _counterexample(number: int, instance: Any, outcome: Outcome, replay: str) -> dict[str, Any]:
    return {
        "instance": written(instance),
        **_shown(outcome),
        "case": number,
        "replay": replay or outcome.message,
    }


def run_part(
    claim: Claim, check_name: str, part: str, *, level: str, seed: int = 0, device: str = "cpu", folder: Path | None = None
) -> Finding:
    """Run one part of a check on all its instances, here and now; ``folder`` is that of the claims file.

    The claim itself stops at its first confirmed counterexample, which is then reduced; a control or probe stops at its
    first failing instance, which is all that is asked of it.
    """
    started = time.perf_counter()
    trial = prepare(claim, check_name, part, level=level, seed=seed, device=device, folder=folder)
    tally = _Tally(trial)
    try:
        if part == CELLS:
            finding = _cell_controls(trial)
        else:
            _meet_all(trial, tally)
            _hold_to_sample(trial, tally)
            finding = tally.finding()
    except Unavailable as reason:
        finding = Finding(Status.SKIPPED, message=str(reason))
    except (Exception, SystemExit) as error:
        finding = Finding(Status.ERROR, cases=tally.cases, met=tally.met, message=_described(error))
    read, variables = dict(trial.context.read), dict(trial.context.variables)
    return replace(finding, seconds=time.perf_counter() - started, versions=versions(), reads=read, variables=variables)


def _hold_to_sample(trial: Trial, tally: _Tally) -> None:
    """Refuse what a whole sample shows of a label: alpha that nothing spends, floats that nothing meets."""
    if not (trial.itself and tally.met) or tally.failure is not None:
        return
    if trial.check.evidence == "training" and not trial.context.spent:
        raise ClaimError(f"check {trial.check.name!r} decides by training and spends no alpha: take context.rate")
    if trial.check.judged and trial.check.evidence == "property" and not tally.floats:
        better = "label it exact, with a distribution"
        raise ClaimError(f"check {trial.check.name!r} is 'property' and meets no float: {better}")


# ------------------------------------------------------------------------------------------------------- cell controls


def _cell_controls(trial: Trial) -> Finding:
    """Make predictions false in one cell at a time: all cells from standard on, a drawn share at quick. A check without axes is one cell.

    A cell is done at its first instance that is refuted; a false prediction that no instance of the cell refutes has survived.
    """
    names = _chosen_cells(trial)
    told: dict[str, str] = dict.fromkeys(names, "no instance was met")
    tries: Counter[str] = Counter()
    refuted: set[str] = set()

    def meet(number: int, instance: Any) -> bool:
        """Whether all chosen cells are done."""
        check = trial.check
        name = _ONLY if check.axes is None or check.cell is None else repr(check.axes.locate(check.cell(instance), trial.context.level))
        if name not in told or name in refuted or tries[name] >= ATTEMPTS:
            return False
        counts, message = _falsified(trial, instance)
        tries[name] += 1
        told[name] = f"case {number}: {message}"
        if counts:
            refuted.add(name)
        return all(name in refuted or tries[name] >= ATTEMPTS for name in names)

    source = trial.instances(trial.context)
    if is_strategy(source):

        def meet_drawn(number: int, instance: Any) -> None:
            if meet(number, instance):
                raise _Stop

        _search(source, trial, meet_drawn)
    else:
        for number, instance in enumerate(source):
            if meet(number, instance):
                break
    found = [{"cell": name, "refuted": name in refuted, "message": told[name]} for name in names]
    survivors = [name for name in names if name not in refuted]
    message = f"a false prediction survives in {len(survivors)} of {len(names)} cells: " + "; ".join(survivors[:NAMED_CELLS])
    return Finding(
        Status.HOLDS if survivors else Status.FAILS,
        cases=len(names),
        met=sum(tries.values()),
        message=message if survivors else f"false predictions refuted in {len(names)} cells",
        cell_controls=tuple(found),
    )


#: The cell of a check without axes.
_ONLY = "the whole check"


def _chosen_cells(trial: Trial) -> list[str]:
    if trial.check.axes is None:
        return [_ONLY]
    cells = [repr(cell) for cell in trial.check.axes.cells(trial.context.level)]
    if trial.context.level != "quick":
        return cells
    chosen = trial.context.rng("cell controls").permutation(len(cells))[: math.ceil(QUICK_SHARE * len(cells))]
    return [cells[place] for place in sorted(chosen)]


def _falsified(trial: Trial, instance: Any) -> tuple[bool, str]:
    """Whether an instance refutes a false prediction by comparison, and what was said."""
    trial.context.spent.clear()
    with followed(false=True) as trail:
        try:
            outcome = trial.decide(instance)
        except Exception as error:
            if _rejected(error):
                raise
            return False, f"raised {type(error).__name__}: {error}"
    if not trail.comparisons:
        return False, "no prediction was compared"
    return outcome.status is Status.FAILS, outcome.message or outcome.status.value


def _described(error: BaseException) -> str:
    """The exception in one line, then its traceback without the frames of the engine."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return "".join([f"{type(error).__name__}: {error}\n", *traceback.format_list(frames)]).rstrip()


def _meet_all(trial: Trial, tally: _Tally) -> None:
    source = trial.instances(trial.context)
    if is_strategy(source):
        try:
            _search(source, trial, lambda number, instance: _meet_drawn(tally, number, instance))
        except _Unsteady:
            tally.withdraw("the same example failed once and did not fail again")
        return
    for number, instance in enumerate(source):
        if tally.meet(number, instance):
            _reduce(trial, tally, number, instance)
            return


def _meet_drawn(tally: _Tally, number: int, instance: Any) -> None:
    try:
        fails = tally.meet(number, instance)
    except (Exception, SystemExit) as error:
        if _rejected(error):
            tally.rejected += tally.failure is None
            tally.outcomes[Status.SKIPPED] += tally.failure is None
            raise
        if tally.failure is not None:
            return  # the counterexample stands: what raises is only no smaller one
        raise _Stop from error
    if fails:
        raise _Refuted if tally.trial.itself else _Stop


def _rejected(error: BaseException) -> bool:
    """Whether ``assume`` turned the example down."""
    from hypothesis.errors import UnsatisfiedAssumption

    return isinstance(error, UnsatisfiedAssumption)


def _reduce(trial: Trial, tally: _Tally, number: int, instance: Any) -> None:
    """Put the smallest failing instance found in place of the one met; its case number stays that of the one met."""
    admissible = trial.check.admissible
    if admissible is None or not trial.itself:
        return
    reduced = _Tally(trial)

    def still_fails(candidate: Any) -> bool:
        try:
            return bool(admissible(candidate)) and reduced.meet(number, candidate)
        except Exception:
            return False  # a simplification that the check cannot read is no counterexample

    if still_fails(instance):
        reduce_instance(instance, still_fails)
        tally.failure = reduced.failure


def is_strategy(source: Any) -> bool:
    """Whether ``source`` is a hypothesis strategy; hypothesis is not imported to find out."""
    strategies = sys.modules.get("hypothesis.strategies")
    return strategies is not None and isinstance(source, strategies.SearchStrategy)


def _search(strategy: Any, trial: Trial, meet: Callable[[int, Any], None]) -> None:
    """Draw examples and hand them to ``meet`` with the position of the call, which a second search repeats exactly."""
    import hypothesis
    from hypothesis.errors import Flaky, Unsatisfiable

    _forget_local_constants()
    calls = iter(range(sys.maxsize))

    @hypothesis.seed(trial.context.entropy())
    @hypothesis.settings(
        max_examples=trial.check.examples[trial.context.level],
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),  # pyright: ignore[reportArgumentType] - the enum is iterable, as its docs say
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(strategy)
    def search(instance: Any) -> None:
        meet(next(calls), instance)

    try:
        search()
    except _Stop as stop:
        if stop.__cause__ is not None:
            raise stop.__cause__ from None
    except _Refuted:
        pass  # the last call was the smallest failing example
    except Unsatisfiable:
        pass  # met nothing, which the verdict says
    except Flaky as error:
        raise _Unsteady from error


def _forget_local_constants() -> None:
    """Keep hypothesis from drawing constants that it finds in whatever modules happen to be imported.

    They would make the examples depend on how the package is installed and on what the process ran before.
    """
    from hypothesis.internal.conjecture import providers

    if hasattr(providers, "Constants"):
        providers.HypothesisProvider._local_constants = providers.Constants()  # pyright: ignore[reportPrivateImportUsage] - no public way


def run_case(
    claim: Claim, check_name: str, part: str, number: int, *, level: str, seed: int = 0, device: str = "cpu", folder: Path | None = None
) -> Finding:
    """Case ``number`` of a part again, counted from 0 in the order in which they were met: its outcome, undoubled.

    The counterexample holds the instance, whatever came out, and what it reduces to where it fails and is reduced. Where the
    part has no such case, the finding is ``skipped`` and has met nothing.
    """
    trial = prepare(claim, check_name, part, level=level, seed=seed, device=device, folder=folder)
    source = trial.instances(trial.context)
    try:
        found = _drawn_case(source, trial, number) if is_strategy(source) else _listed_case(source, trial, number)
    except (Exception, SystemExit) as error:
        return Finding(Status.ERROR, met=1, message=_described(error))
    if found is None:
        message = f"claim {claim.id!r}, check {check_name!r}: no case {number} at level {level} with seed {seed}"
        return Finding(Status.SKIPPED, message=message)
    return found


def _listed_case(source: Iterable[Any], trial: Trial, number: int) -> Finding | None:
    for instance in islice(source, number, number + 1):
        found = _one_case(trial, instance)
        tally = _Tally(trial)
        if found.status is Status.FAILS:
            _reduce(trial, tally, number, instance)
        if tally.failure is not None:
            found = replace(found, counterexample={**(found.counterexample or {}), "reduced": tally.failure.counterexample})
        return found
    return None


def _one_case(trial: Trial, instance: Any) -> Finding:
    outcome = trial.decide(instance)
    shown = {"instance": written(instance), **_shown(outcome)}
    return Finding(outcome.status, outcome.cases, 1, finite(outcome.margin), outcome.message, shown)


def _drawn_case(strategy: Any, trial: Trial, number: int) -> Finding | None:
    """Repeat the whole search up to the call: which examples come later depends on how the earlier ones went."""
    tally = _Tally(trial)
    found: list[Finding] = []

    def meet(call: int, instance: Any) -> None:
        if call < number:
            return _meet_drawn(tally, call, instance)
        try:
            found.append(_one_case(trial, instance))
        except (Exception, SystemExit) as error:
            raise _Stop from error
        raise _Stop

    _search(strategy, trial, meet)
    return found[0] if found else None
