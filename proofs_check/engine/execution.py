"""Running one part of a check: the instances one after another, and what they come to together.

An exception is an ``error``, never a refutation. A failing instance is decided a second time (by ``Check.replay``, in another
arithmetic or backend, where there is one) before it counts, and reduced where the check says which instances are admissible.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

from proofs_check.claim import Check, Claim, ClaimError, Outcome, Status
from proofs_check.context import Context
from proofs_check.engine.finding import ITSELF, Finding
from proofs_check.engine.reduction import reduce_instance
from proofs_check.engine.serialization import to_data

#: Messages kept when many instances are inconclusive or skipped for different reasons.
MESSAGES = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """One part of a check made ready to run: what decides an instance, and where the instances come from."""

    decide: Callable[[Any], Outcome]
    replay: Callable[[Any], Outcome]
    instances: Callable[[Context], Any]
    context: Context
    check: Check
    part: str

    @property
    def itself(self) -> bool:
        """Whether the claim itself is tested, rather than a control or a probe."""
        return self.part == ITSELF


def prepare(claim: Claim, check_name: str, part: str, *, level: str, seed: int, device: str) -> Trial:
    """The trial of ``part`` (``itself``, ``control:NAME`` or ``probe:NUMBER``) of a check.

    A control meets exactly the instances of its check: random numbers do not depend on the part.
    """
    check = claim.check(check_name)
    context = Context(claim.id, check.name, seed=seed, level=level, device=device, alpha=check.alpha)
    parameters, instances = dict(check.parameters), check.instances
    kind, _, which = part.partition(":")
    if kind == "control":
        parameters |= _control(claim, check, which)
    elif kind == "probe":
        probe = claim.probes[int(which)]
        parameters |= probe.parameters
        instances = probe.instances
    elif part != ITSELF:
        raise ClaimError(f"part must be {ITSELF!r}, control:NAME or probe:NUMBER, got {part!r}")

    def runner(function: Callable[..., Outcome]) -> Callable[[Any], Outcome]:
        return lambda instance: _outcome(function, instance, context, parameters)

    return Trial(runner(check.run), runner(check.replay or check.run), instances, context, check, part)


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
    return outcome


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
    outcomes: Counter[Status] = field(default_factory=Counter)
    messages: dict[Status, dict[str, int]] = field(default_factory=dict)
    cases: int = 0
    margin: float | None = None
    detectable: float | None = None
    certificates: list[Any] = field(default_factory=list)
    figures: list[Any] = field(default_factory=list)
    doubtful: Mapping[str, Any] | None = None
    failure: Finding | None = None

    def meet(self, number: int, instance: Any) -> bool:
        """Decide one instance; whether it fails for good."""
        outcome = self.trial.decide(instance)
        self.met += 1
        replay = ""
        if outcome.status is Status.FAILS and self.trial.itself:
            outcome, replay = _confirmed(self.trial, instance, outcome)
        if outcome.status in (Status.ERROR, Status.TIMEOUT):
            raise TypeError(f"a check must not return {outcome.status.value}; it raises")
        self._add(number, outcome)
        if outcome.status is Status.FAILS:
            self.failure = self._failed(number, instance, outcome, replay)
        elif outcome.counterexample is not None and self.doubtful is None:
            self.doubtful = _counterexample(number, instance, outcome, replay)
        return outcome.status is Status.FAILS

    def _add(self, number: int, outcome: Outcome) -> None:
        self.outcomes[outcome.status] += 1
        if outcome.message:
            self.messages.setdefault(outcome.status, {}).setdefault(outcome.message, number)
        self.cases += outcome.cases if outcome.status in (Status.HOLDS, Status.FAILS, Status.INCONCLUSIVE) else 0
        self.margin = _extreme(min, self.margin, outcome.margin)
        self.detectable = _extreme(max, self.detectable, outcome.detectable)
        self.figures += (to_data(asdict(figure)) for figure in outcome.figures)
        if outcome.certificate is not None:
            self.certificates.append(to_data(outcome.certificate))

    def withdraw(self, message: str) -> None:
        """Take the refutation back: it did not hold up."""
        if self.failure is not None:
            self.doubtful, self.failure = self.failure.counterexample, None
        self._add(self.met - 1, Outcome.inconclusive(message))

    def _failed(self, number: int, instance: Any, outcome: Outcome, replay: str) -> Finding:
        return Finding(
            Status.FAILS,
            margin=to_data(outcome.margin),
            message=outcome.message,
            counterexample=_counterexample(number, instance, outcome, replay),
        )

    def finding(self) -> Finding:
        """What the instances met so far come to."""
        status, message = self._status()
        counterexample = self.doubtful
        if self.failure is not None:
            message, counterexample = self.failure.message, self.failure.counterexample
        return Finding(
            status,
            cases=self.cases,
            met=self.met,
            margin=to_data(self.margin),
            message=message,
            counterexample=counterexample,
            certificates=tuple(self.certificates),
            detectable=to_data(self.detectable),
            figures=tuple(self.figures),
        )

    def _status(self) -> tuple[Status, str]:
        if self.failure is not None:
            return Status.FAILS, self.failure.message
        if not self.met:
            return Status.INCONCLUSIVE, "no instance was met: nothing was tested"
        for status in (Status.INCONCLUSIVE, Status.HOLDS, Status.SKIPPED):
            if status in self.outcomes:
                return status, self._message(status)
        raise AssertionError("every outcome that was met has a status")

    def _message(self, status: Status) -> str:
        """The first different messages of the instances that came out so, and how many these instances are."""
        found = list(self.messages.get(status, {}).items())
        texts = [f"case {number}: {text}" if status is Status.INCONCLUSIVE else text for text, number in found]
        more = [f"and {len(texts) - MESSAGES} more"] if len(texts) > MESSAGES else []
        message = "; ".join(texts[:MESSAGES] + more)
        count = self.outcomes[status]
        return f"{count} of {self.met} instances: {message}" if message and count < self.met else message


def _extreme(choose: Callable[[float, float], float], first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return choose(first, second)


def _confirmed(trial: Trial, instance: Any, outcome: Outcome) -> tuple[Outcome, str]:
    """``outcome`` if a second decision agrees that the instance fails, otherwise inconclusive with both shown."""
    second = trial.replay(instance)
    how = "a second run"
    if trial.check.replay is not None and second.status is Status.SKIPPED:
        second = trial.decide(instance)  # no second arithmetic here
    elif trial.check.replay is not None:
        how = f"the replay by {trial.check.replay.__name__}"
    if second.status is Status.FAILS:
        return outcome, f"{how} fails too: {second.message}"
    disagreement = f"the check fails ({outcome.message}) but {how} {second.status.value} ({second.message or 'no message'})"
    return Outcome.inconclusive(disagreement, cases=outcome.cases, counterexample=outcome.counterexample), disagreement


def _counterexample(number: int, instance: Any, outcome: Outcome, replay: str) -> dict[str, Any]:
    return {
        "instance": to_data(instance),
        **to_data(outcome.counterexample or {}),
        "case": number,
        "replay": replay or outcome.message,
    }


def run_part(claim: Claim, check_name: str, part: str, *, level: str, seed: int = 0, device: str = "cpu") -> Finding:
    """Run one part of a check on all its instances, here and now.

    The claim itself stops at its first confirmed counterexample, which is then reduced; a control or probe stops at its
    first failing instance, which is all that is asked of it.
    """
    started = time.perf_counter()
    trial = prepare(claim, check_name, part, level=level, seed=seed, device=device)
    tally = _Tally(trial)
    try:
        _meet_all(trial, tally)
        finding = tally.finding()
    except (Exception, SystemExit) as error:
        finding = Finding(Status.ERROR, cases=tally.cases, met=tally.met, message=_described(error))
    return replace(finding, seconds=time.perf_counter() - started)


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
            raise
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
        suppress_health_check=list(hypothesis.HealthCheck),
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
        providers.HypothesisProvider._local_constants = providers.Constants()


def run_case(claim: Claim, check_name: str, part: str, number: int, *, level: str, seed: int = 0, device: str = "cpu") -> Finding:
    """Case ``number`` of a part again, counted from 0 in the order in which they were met: its outcome, undoubled.

    The counterexample holds the instance, whatever came out, and what it reduces to where it fails and is reduced. Where the
    part has no such case, the finding is ``skipped`` and has met nothing.
    """
    trial = prepare(claim, check_name, part, level=level, seed=seed, device=device)
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
            found = replace(found, counterexample={**found.counterexample, "reduced": tally.failure.counterexample})
        return found
    return None


def _one_case(trial: Trial, instance: Any) -> Finding:
    outcome = trial.decide(instance)
    shown = {"instance": to_data(instance), **to_data(outcome.counterexample or {})}
    return Finding(outcome.status, outcome.cases, 1, to_data(outcome.margin), outcome.message, shown)


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
