"""The life of a batch: chunks of steps, a check after each, networks leaving as they finish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics.train.methods import Method, describe
from numerics.train.paths import Choice
from numerics.train.problem import Problem
from numerics.train.result import Progress, Status, Trained
from numerics.train.session import Session

#: Checks that a session makes by itself before networks that have ended leave.
CHECKS_OF_SESSION = 100
#: Finished networks are carried along until no more than this share still runs: moving the others costs more than that.
KEEP_SHARE = 0.75


@dataclass(frozen=True)
class Plan:
    """How far and how closely: the limit of steps, steps between checks, what to record at a check, whom to tell."""

    steps: int
    check_every: int
    recorders: dict[str, Callable | None]
    progress: Callable[[Progress], None] | None

    def checks(self, decides: bool) -> Iterator[tuple[int, int]]:
        """(steps made, steps until the next look), the latter 0 at the end; ``decides``: the session makes checks in between by itself."""
        stride = self.check_every * (CHECKS_OF_SESSION if decides else 1)
        for made in range(0, self.steps, stride):
            yield made, min(stride, self.steps - made)
        yield self.steps, 0


class Run:
    """The whole batch of B networks; its arrays are the truth at every check, sessions only advance parts of it."""

    def __init__(self, problem: Problem, method: Method, choice: Choice, plan: Plan, before: Trained | None) -> None:
        self.problem, self.method, self.choice, self.plan = problem, method, choice, plan
        networks = problem.networks
        self.threshold = problem.stop + problem.least_loss
        self.theta, self.steps = problem.theta.copy(), problem.steps.copy()
        self.loss = np.full(networks, np.inf)
        self.dead = np.zeros(networks, dtype=bool)
        self.state: dict[str, np.ndarray] = {}
        if before is not None:
            self._continue_from(before)
        self.start_state = {name: array.copy() for name, array in self.state.items()}
        self.status = np.empty(networks, dtype=object)
        self.status[:] = Status.STEP_LIMIT
        self.status[self.dead] = Status.DIVERGED
        self.recordings: list[_Recording] = []
        self.done = 0

    def _continue_from(self, before: Trained) -> None:
        if before.state and before.method != describe(self.method):
            message = f"theta0 was trained by {before.method}, whose state {describe(self.method)} cannot take over"
            raise ValueError(f"{message}: give its field theta to start afresh")
        if len(before.theta) != self.problem.networks:
            raise ValueError(f"batch sizes must agree, got theta0 {len(before.theta)} and {self.problem.networks} otherwise")
        self.steps[:], self.loss[:], self.dead = before.steps, before.loss, before.diverged
        self.state = {name: array.copy() for name, array in before.state.items()}
        self.problem = replace(self.problem, steps=self.steps.copy())

    def group(self, numbers: np.ndarray) -> None:
        """Train the networks ``numbers``; where memory gives out, start each half of them once more from the same seeds."""
        try:
            return self._train(numbers)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        for half in np.array_split(numbers, 2):
            try:
                self._train(half)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                message = f"neither {len(numbers)} nor {len(half)} networks fit into memory; give memory= (bytes) or fewer networks"
                raise MemoryError(message) from error

    def _train(self, numbers: np.ndarray) -> None:
        try:
            self.recordings.append(self._advance(numbers))
        except BaseException:
            self._reset(numbers)
            raise
        self.done += len(numbers)

    def _reset(self, numbers: np.ndarray) -> None:
        """Put networks back to where this call found them."""
        self.theta[numbers], self.steps[numbers] = self.problem.theta[numbers], self.problem.steps[numbers]
        self.loss[numbers] = np.inf
        self.status[numbers] = Status.STEP_LIMIT
        self.status[numbers[self.dead[numbers]]] = Status.DIVERGED

    def _advance(self, numbers: np.ndarray) -> _Recording:
        """Run the chunks of one group, return what was recorded."""
        recording = _Recording(numbers, self.plan.recorders)
        running = numbers[~self.dead[numbers]]
        alive, session = np.ones(len(running), dtype=bool), None
        if not len(running):
            recording.add(0, self.theta, self.loss)
        for made, stride in self.plan.checks(self.decides):
            if not alive.any():
                break
            session = session or self._open(running, self.start_state)
            was_alive, alive = alive, self._settle(session, running, alive)
            if not stride or not alive.all():
                self._remember(session, running, was_alive)
            recording.add(made, self.theta, self.loss)
            self._tell(self.done + len(numbers) - (int(alive.sum()) if stride else 0), made)
            if alive.sum() <= KEEP_SHARE * len(alive):
                running, alive, session = running[alive], alive[alive], None
            if stride and len(running):
                session = session or self._open(running, self.state)
                self._further(session, stride)
        return recording

    @property
    def decides(self) -> bool:
        """Whether sessions decide by themselves which networks have ended: nobody wants to see what happens at a check."""
        return self.choice.decides and not self.plan.recorders and self.plan.progress is None

    def _further(self, session: Any, steps: int) -> None:
        if self.decides:
            session.advance(steps, self.plan.check_every)
        else:
            session.advance(steps)

    def _open(self, running: np.ndarray, state: dict[str, np.ndarray]) -> Session:
        start = replace(self.problem.take(running), theta=self.theta[running], steps=self.steps[running])
        return self.choice.open(start, self.method, {name: array[running] for name, array in state.items()})

    def _settle(self, session: Session, running: np.ndarray, alive: np.ndarray) -> np.ndarray:
        """Take over the session's networks that were alive, and say which of them still are."""
        theta, loss, steps, ended = session.look()
        finite = np.isfinite(loss) & np.isfinite(theta).all(axis=1)
        self.steps[running[alive]] = steps[alive]
        self.loss[running[alive]] = np.where(finite, loss, np.inf)[alive]
        seen = alive & (finite | self.decides)  # a session that decides keeps the last finite theta that one of its checks saw
        self.theta[running[seen]] = theta[seen]
        converged = finite & (loss <= self.threshold[running])
        stopped = np.array([end is not None for end in ended])
        self.status[running[alive & stopped]] = ended[alive & stopped]
        self.status[running[alive & converged]] = Status.CONVERGED
        self.status[running[alive & ~finite]] = Status.DIVERGED
        return alive & finite & ~converged & ~stopped

    def _remember(self, session: Session, running: np.ndarray, alive: np.ndarray) -> None:
        for name, values in session.remembered().items():
            if name not in self.state:
                self.state[name] = np.zeros((len(self.theta), *values.shape[1:]))
            self.state[name][running[alive]] = values[alive]

    def _tell(self, done: int, made: int) -> None:
        if self.plan.progress is not None:
            self.plan.progress(Progress(done, len(self.theta), made, self.plan.steps))

    def result(self, seconds: float) -> Trained:
        """What has become of the batch."""
        return Trained(
            theta=self.theta,
            loss=self.loss,
            steps=self.steps,
            status=self.status,
            method=describe(self.method),
            path=self.choice.name,
            seconds=seconds,
            skipped_paths=self.choice.skipped,
            history=_side_by_side(self.recordings) if self.plan.recorders else {},
            state=self.state,
        )


class _Recording:
    """What was recorded of one group, an entry for each check."""

    def __init__(self, numbers: np.ndarray, recorders: dict[str, Callable | None]) -> None:
        self.numbers, self.recorders = numbers, recorders
        self.steps: list[int] = []
        self.entries: dict[str, list[np.ndarray]] = {name: [] for name in recorders}

    def add(self, made: int, theta: np.ndarray, loss: np.ndarray) -> None:
        """One entry; networks that have finished no longer change in ``theta`` and ``loss``."""
        self.steps.append(made)
        for name, recorder in self.recorders.items():
            entry = loss[self.numbers] if recorder is None else np.array(recorder(theta[self.numbers]))
            if entry.shape[:1] != self.numbers.shape:
                raise ValueError(f"record {name!r} must return ({len(self.numbers)}, ...), one entry per network, got {entry.shape}")
            self.entries[name].append(entry)


def _side_by_side(recordings: list[_Recording]) -> dict[str, np.ndarray]:
    """All groups in the order of the batch, the shorter ones repeating their last entry."""
    longest = max(recordings, key=lambda recording: len(recording.steps)).steps
    history = {"step": np.array(longest)}
    order = np.argsort(np.concatenate([recording.numbers for recording in recordings]))
    for name in recordings[0].entries:
        seen = [recording.entries[name] for recording in recordings]
        padded = [np.stack(entries + entries[-1:] * (len(longest) - len(entries))) for entries in seen]
        history[name] = np.concatenate(padded, axis=1)[:, order]
    return history


def is_out_of_memory(error: Exception) -> bool:
    """Whether ``error`` says that memory gave out, in Python, torch or CUDA."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(w in str(error).lower() for w in words))
