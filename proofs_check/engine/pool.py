"""A pool of persistent worker processes that survives whatever a claim does to them.

Jobs and answers are lines of JSON on pipes. A worker that dies, outlasts its time or, with its children, outgrows its memory costs
the job it was running, nothing else, and is replaced; so is one whose job left processes behind or the process changed. Claims of a file of
one's own share a worker with no others. What a job prints is kept, cut to a bounded length.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import psutil

from proofs_check.claim import Status
from proofs_check.engine.answers import read
from proofs_check.engine.finding import Finding
from proofs_check.engine.job import Job
from proofs_check.engine.memory import filled
from proofs_check.engine.processes import family, kept_by_kernel, named
from proofs_check.engine.sources import SET_FOR_WORKERS
from proofs_check.engine.worker import BOOTSTRAP

#: How often memory and deadlines are looked at, in seconds.
TICK = 0.1
#: A worker ends itself at its time limit; this many seconds later it is ended from outside.
GRACE = 2.0
#: Seconds that idle workers have to come to their own end, so that what is to be done at exit is done.
LEAVING = 10.0
#: Bytes of an answer that are read at once, and longest answer.
CHUNK, LONGEST = 1 << 20, 1 << 30
#: Bytes kept from each end of what a job prints.
LOG = 32 * 1024
#: Share of the machine's memory that all workers may fill together.
MEMORY_SHARE = 0.8
#: Workers that may die in a row before they were ready.
STARTS = 3


class PoolError(RuntimeError):
    """Workers cannot be started here; the message carries what they printed."""


class Lost(RuntimeError):
    """What ran the jobs has gone, for no fault of theirs: a run that is taken up again goes on."""


class Pool:
    """``jobs`` worker processes, each limited to ``memory`` bytes (default: its share of the machine's).

    ``watch`` is called with all jobs that run whenever one of them starts.
    """

    def __init__(self, jobs: int = 1, *, memory: int | None = None, watch: Callable[[list[Job]], None] | None = None) -> None:
        if jobs < 1:
            raise ValueError(f"jobs must be at least 1, got {jobs}")
        self.memory = memory or int(psutil.virtual_memory().total * MEMORY_SHARE / jobs)
        self._watch = watch
        self._selector = selectors.DefaultSelector()
        self._failed_starts = 0
        self._waiting: dict[str, _Waiting] = {}
        self._leaving: list[_Worker] = []
        self._workers = [self._start() for _ in range(jobs)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers: those that are idle come to their own end, busy ones are killed."""
        for worker in self._workers:
            self._retire(worker)
        self._workers = []
        limit = time.monotonic() + LEAVING
        while self._leaving and time.monotonic() < limit:
            self._reap()
            time.sleep(0.002)
        for worker in self._leaving:
            worker.stop(self._selector)
        self._selector.close()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Finding]]:
        """Yield each job with its finding, in the order in which they finish. Jobs that are not waited for (the iterator is closed, an
        exception ends the loop) are given up.
        """
        for job in jobs:
            self._waiting.setdefault(job.company, _Waiting()).append(job)
        try:
            while any(self._waiting.values()) or any(worker.job for worker in self._workers):
                for index, worker in enumerate(self._workers):
                    if worker.ready and worker.job is None and not worker.gone:
                        self._employ(index, worker)
                yield from self._collect()
        finally:
            self._give_up()

    def run_one(self, job: Job) -> Finding:
        """What ``job`` came to."""
        for _, finding in self.run([job]):
            return finding
        raise PoolError(f"no answer came for {job.title}")

    def _give_up(self) -> None:
        self._waiting.clear()
        for worker in self._workers:
            if worker.job is not None:
                worker.job, worker.gone = None, True  # it is replaced before another job

    def _employ(self, index: int, worker: _Worker) -> None:
        """Give a free worker a job that it may run, or put another in its place that may."""
        queues = {company: jobs for company, jobs in self._waiting.items() if jobs}
        if not queues:
            return
        if worker.company in (None, *queues):
            served = {other.company for other in self._workers if other.job}
            free = [company for company in queues if company not in served]
            worker.company = worker.company or (free[0] if free else max(queues, key=lambda company: len(queues[company])))
            taken = {other.group for other in self._workers if other.job}
            job = queues[worker.company].take(worker.group, taken)
            worker.group = job.group
            worker.send(job)
            if self._watch:
                self._watch([other.job for other in self._workers if other.job])
        else:
            self._workers[index] = self._start()
            self._retire(worker)

    def _start(self) -> _Worker:
        worker = _Worker()
        self._selector.register(worker.answers, selectors.EVENT_READ, worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        return worker

    def _retire(self, worker: _Worker) -> None:
        if worker.ready and worker.job is None and not worker.gone:
            worker.leave()
            self._leaving.append(worker)
        else:
            worker.stop(self._selector)

    def _reap(self) -> None:
        """Let go of the workers that have ended."""
        for worker in self._leaving:
            worker.log()  # or it would wait for its output to be read
            if worker.process.poll() is not None:
                worker.stop(self._selector)
        self._leaving = [worker for worker in self._leaving if worker.process.returncode is None]

    def _collect(self) -> list[tuple[Job, Finding]]:
        """Wait a moment; the jobs that came to an end."""
        for key, _ in self._selector.select(TICK):
            if not key.data.receive(key.fileobj):
                self._selector.unregister(key.fileobj)
        self._reap()
        done = []
        for index, worker in enumerate(self._workers):
            job = worker.job
            finding = worker.finding(self.memory)
            if job is not None and finding is not None:
                done.append((job, finding))
            if worker.gone:
                self._workers[index] = self._replacement(worker)
        return done

    def _replacement(self, worker: _Worker) -> _Worker:
        worker.stop(self._selector)
        if worker.job is not None:
            self._waiting.setdefault(worker.job.company, _Waiting()).put_back(worker.job)  # the worker was gone before it began
        self._failed_starts = 0 if worker.ready else self._failed_starts + 1
        if self._failed_starts >= STARTS:
            raise PoolError(f"worker processes end before they are ready; the last one said:\n{worker.log()}")
        return self._start()


class _Waiting:
    """Jobs of one company by their groups, in the order in which these came; a job is found without a search."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[str, str], deque[Job]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, job: Job) -> None:
        """Put ``job`` behind the others."""
        self._groups.setdefault(job.group, deque()).append(job)
        self._count += 1

    def put_back(self, job: Job) -> None:
        """Put ``job`` before the others."""
        self._groups.setdefault(job.group, deque()).appendleft(job)
        self._groups.move_to_end(job.group, last=False)
        self._count += 1

    def take(self, last: tuple[str, str] | None, taken: set[tuple[str, str] | None]) -> Job:
        """A job of the group that a worker had ``last``, since these share what is kept; else of one that no other has taken."""
        group = last if last in self._groups else next((group for group in self._groups if group not in taken), None)
        group = group or next(iter(self._groups))
        job = self._groups[group].popleft()
        if not self._groups[group]:
            del self._groups[group]
        self._count -= 1
        return job


class _Worker:
    """One worker process, its pipes, and the job that it is running."""

    def __init__(self) -> None:
        answers, answers_end = os.pipe()
        path = json.dumps([entry or os.getcwd() for entry in sys.path])
        kept = "kernel" if kept_by_kernel() else "watchdog"
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", BOOTSTRAP, path, str(answers_end), str(os.getpid()), kept],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[answers_end],
                env={**os.environ, **SET_FOR_WORKERS},  # one thread a worker, as they share the cores, and one order of sets
                start_new_session=True,  # an interrupt from the keyboard is for the pool, and its children end with it
            )
        except BaseException:
            os.close(answers)
            raise
        finally:
            os.close(answers_end)
        self.answers = os.fdopen(answers, "rb", buffering=0)
        assert self.process.stdin is not None and self.process.stdout is not None  # pipes, as asked for
        self.input, self.output = self.process.stdin, self.process.stdout
        for stream in (self.answers, self.output):
            os.set_blocking(stream.fileno(), False)
        self.job: Job | None = None
        self.company: str | None = None
        self.group: tuple[str, str] | None = None
        self.ready = self.gone = self._started = False
        self._watchdog: int | None = None
        self._answer, self._searched = bytearray(), 0
        self._head, self._tail, self._printed = bytearray(), bytearray(), 0
        self._children: list[psutil.Process] = []
        self._deadline = float("inf")
        self._looked = self._sent = 0.0

    def send(self, job: Job) -> None:
        self.job, self._started, self._sent = job, False, time.monotonic()
        self._deadline = self._sent + job.timeout + GRACE
        self._head, self._tail, self._printed = bytearray(), bytearray(), 0
        try:
            self.input.write(json.dumps(job.to_data()).encode() + b"\n")
            self.input.flush()
        except BrokenPipeError:
            self.gone = True

    def receive(self, stream: Any) -> bool:
        """Take what can be read from one of the pipes; whether its other end is still open."""
        data = _read(stream)
        if stream is self.output:
            self._keep(data or b"")
        else:
            self._answer += data or b""
            self.gone = self.gone or data == b"" or len(self._answer) > LONGEST
        return data != b""

    def finding(self, memory: int) -> Finding | None:
        """What the job came to, when it did; ``None`` while it runs."""
        end = self._answer.find(b"\n", self._searched)
        self._searched = len(self._answer)
        if end >= 0:
            line = bytes(self._answer[:end])
            del self._answer[: end + 1]
            self._searched = 0
            return self._answered(line, memory)
        if self.gone:
            return self._died()
        if self.job is None:
            return None
        if time.monotonic() > self._deadline:
            return self._end(Status.TIMEOUT, f"no answer within {self.job.timeout:g} s")
        if time.monotonic() - self._looked >= TICK and (used := filled(self._family(), memory)) > memory:
            return self._end(Status.ERROR, f"used {used / 2**20:.0f} MiB of memory, allowed are {memory / 2**20:.0f} MiB")
        return None

    def _family(self) -> list[int]:
        """The worker and the processes it has started, but for its watchdog."""
        self._looked = time.monotonic()
        found = [process for process in family(self.process.pid) if process != self._watchdog]
        if found:
            self._children = named(found[1:])  # kept when the worker has ended: they may have outlived it
        return found

    def _answered(self, line: bytes, memory: int) -> Finding | None:
        try:
            answer = json.loads(line)
            if "ready" in answer or "started" in answer:
                self.ready, self._started = True, "started" in answer
                self._watchdog = answer.get("watchdog", self._watchdog)
                return self.finding(memory)
            finding = replace(read(answer["finding"]), log=self.log())
            changed = answer["changed"]
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            return self._end(Status.ERROR, "the answer of the worker is unreadable: something else wrote into its pipe")
        self.job, self._deadline = None, float("inf")
        self.gone = self.gone or changed or len(self._family()) > 1  # what the job left running would count against the next one
        return finding

    def _died(self) -> Finding | None:
        if self.job is None or not self._started:
            return None
        code = self._exit_code()
        self._keep(_read(self.output) or b"")
        if time.monotonic() - self._sent >= self.job.timeout:
            return self._end(Status.TIMEOUT, f"no answer within {self.job.timeout:g} s")
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return self._end(Status.ERROR, f"the worker process {how} before an answer")

    def _exit_code(self) -> int:
        """How the process ended; one that only closed its pipe is ended now."""
        try:
            return self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _end(self, status: Status, message: str) -> Finding:
        log = self.log()
        seconds = time.monotonic() - self._sent
        self.gone, self.job = True, None
        last = "\n".join(log.splitlines()[-12:])
        return Finding(status, message=f"{message}\n{last}".rstrip(), seconds=seconds, log=log)

    def _keep(self, data: bytes) -> None:
        self._printed += len(data)
        room = LOG - len(self._head)
        self._head += data[:room]
        self._tail = (self._tail + data[room:])[-LOG:]

    def log(self) -> str:
        """What the job printed so far: the beginning and the end, with the length of what is left out."""
        while not self.output.closed and (data := _read(self.output)):
            self._keep(data)
        missing = self._printed - len(self._head) - len(self._tail)
        gap = f"\n... {missing} bytes left out ...\n".encode() if missing else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode(errors="replace")

    def leave(self) -> None:
        """Have an idle worker come to its own end."""
        with contextlib.suppress(BrokenPipeError):
            self.input.close()

    def stop(self, selector: selectors.BaseSelector) -> None:
        for stream in {self.answers, self.output} & {key.fileobj for key in selector.get_map().values()}:
            selector.unregister(stream)
        if self.process.poll() is None:
            self._family()
        for child in self._children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log()  # what it said last can be asked for later
        for stream in (self.answers, self.output):
            stream.close()
        self.leave()


def _read(stream: Any) -> bytes | None:
    """What can be read now: ``None`` when there is nothing yet, empty when the other end is closed."""
    try:
        return os.read(stream.fileno(), CHUNK)
    except BlockingIOError:
        return None
