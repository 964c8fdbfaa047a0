"""A pool of persistent worker processes that survives whatever a claim does to them.

Jobs and answers are lines of JSON on pipes. A worker that dies, outlasts its time or, with its children, outgrows its memory costs
the job it was running, nothing else, and is replaced; so is one whose job left processes behind. What a job prints is kept, cut to a
bounded length.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

import psutil

from proofs_check.claim import Status
from proofs_check.engine.finding import Finding
from proofs_check.engine.job import Job
from proofs_check.engine.memory import filled, sessions
from proofs_check.engine.worker import BOOTSTRAP

#: How often memory and deadlines are looked at, in seconds.
TICK = 0.1
#: A worker ends itself at its time limit; this many seconds later it is ended from outside.
GRACE = 2.0
#: Bytes kept from each end of what a job prints.
LOG = 32 * 1024
#: Share of the machine's memory that all workers may fill together.
MEMORY_SHARE = 0.8
#: Workers that may die in a row before they were ready.
STARTS = 3


class PoolError(RuntimeError):
    """Workers cannot be started here; the message carries what they printed."""


class Pool:
    """``jobs`` worker processes, each limited to ``memory`` bytes (default: its share of the machine's)."""

    def __init__(self, jobs: int = 1, *, memory: int | None = None) -> None:
        if jobs < 1:
            raise ValueError(f"jobs must be at least 1, got {jobs}")
        self.memory = memory or int(psutil.virtual_memory().total * MEMORY_SHARE / jobs)
        self._selector = selectors.DefaultSelector()
        self._workers = [self._start() for _ in range(jobs)]
        self._failed_starts = 0
        self._waiting: deque[Job] = deque()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers, busy or not."""
        for worker in self._workers:
            worker.stop(self._selector)
        self._workers = []
        self._selector.close()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Finding]]:
        """Yield each job with its finding, in the order in which they finish."""
        self._waiting.extend(jobs)
        while self._waiting or any(worker.job for worker in self._workers):
            for worker in self._workers:
                if self._waiting and worker.ready and worker.job is None:
                    worker.send(self._waiting.popleft())
            yield from self._collect()

    def run_one(self, job: Job) -> Finding:
        """What ``job`` came to."""
        ((_, finding),) = self.run([job])
        return finding

    def _start(self) -> _Worker:
        worker = _Worker()
        self._selector.register(worker.answers, selectors.EVENT_READ, worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        return worker

    def _collect(self) -> list[tuple[Job, Finding]]:
        """Wait a moment; the jobs that came to an end."""
        for key, _ in self._selector.select(TICK):
            if not key.data.receive(key.fileobj):
                self._selector.unregister(key.fileobj)
        done = []
        processes = sessions()
        for index, worker in enumerate(self._workers):
            job = worker.job
            finding = worker.finding(self.memory, processes.get(worker.process.pid, ()))
            if job is not None and finding is not None:
                done.append((job, finding))
            if worker.gone:
                self._workers[index] = self._replacement(worker)
        return done

    def _replacement(self, worker: _Worker) -> _Worker:
        worker.stop(self._selector)
        if worker.job is not None:
            self._waiting.appendleft(worker.job)  # the worker was gone before it began
        self._failed_starts = 0 if worker.ready else self._failed_starts + 1
        if self._failed_starts >= STARTS:
            raise PoolError(f"worker processes end before they are ready; the last one said:\n{worker.log()}")
        return self._start()


class _Worker:
    """One worker process, its pipes, and the job that it is running."""

    def __init__(self) -> None:
        answers, answers_end = os.pipe()
        path = json.dumps([entry or os.getcwd() for entry in sys.path])
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", BOOTSTRAP, path, str(answers_end)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[answers_end],
                env=_environment(),
                start_new_session=True,  # an interrupt from the keyboard is for the pool, and its children end with it
            )
        except BaseException:
            os.close(answers)
            raise
        finally:
            os.close(answers_end)
        self.answers = os.fdopen(answers, "rb", buffering=0)
        self.output = self.process.stdout
        for stream in (self.answers, self.output):
            os.set_blocking(stream.fileno(), False)
        self.job: Job | None = None
        self.ready = self.gone = self._started = False
        self._answer = b""
        self._head, self._tail, self._printed = bytearray(), bytearray(), 0
        self._deadline = float("inf")
        self._sent = 0.0

    def send(self, job: Job) -> None:
        self.job, self._started, self._sent = job, False, time.monotonic()
        self._deadline = self._sent + job.timeout + GRACE
        self._head, self._tail, self._printed = bytearray(), bytearray(), 0
        try:
            self.process.stdin.write(json.dumps(job.to_data()).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.gone = True

    def receive(self, stream: Any) -> bool:
        """Take what can be read from one of the pipes; whether its other end is still open."""
        data = _read(stream)
        if stream is self.output:
            self._keep(data or b"")
        else:
            self._answer += data or b""
            self.gone = self.gone or data == b""
        return data != b""

    def finding(self, memory: int, processes: Collection[int]) -> Finding | None:
        """What the job came to, when it did; ``None`` while it runs. ``processes`` are those of the worker's session."""
        if b"\n" in self._answer:
            return self._answered(memory, processes)
        if self.gone:
            return self._died()
        if self.job is None:
            return None
        if time.monotonic() > self._deadline:
            return self._end(Status.TIMEOUT, f"no answer within {self.job.timeout:g} s")
        if (used := filled(processes, memory)) > memory:
            return self._end(Status.ERROR, f"used {used / 2**20:.0f} MiB of memory, allowed are {memory / 2**20:.0f} MiB")
        return None

    def _answered(self, memory: int, processes: Collection[int]) -> Finding | None:
        line, _, self._answer = self._answer.partition(b"\n")
        try:
            answer = json.loads(line)
            started = "started" in answer
            finding = None if started or "ready" in answer else Finding.from_data(answer)
        except (LookupError, TypeError, ValueError, RecursionError):
            return self._end(Status.ERROR, "the answer of the worker is unreadable: something else wrote into its pipe")
        if finding is None:
            self.ready, self._started = True, started
            return self.finding(memory, processes)
        finding = replace(finding, log=self.log())
        self.job, self._deadline = None, float("inf")
        self.gone = self.gone or len(processes) > 1  # what the job left running would count against the next one
        return finding

    def _died(self) -> Finding | None:
        code = self._exit_code()
        if self.job is None or not self._started:
            return None
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
        while data := _read(self.output):
            self._keep(data)
        missing = self._printed - len(self._head) - len(self._tail)
        gap = f"\n... {missing} bytes left out ...\n".encode() if missing else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode(errors="replace")

    def stop(self, selector: selectors.BaseSelector) -> None:
        for stream in {self.answers, self.output} & {key.fileobj for key in selector.get_map().values()}:
            selector.unregister(stream)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for stream in (self.answers, self.output):
            stream.close()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass


def _read(stream: Any) -> bytes | None:
    """What can be read now: ``None`` when there is nothing yet, empty when the other end is closed."""
    try:
        return os.read(stream.fileno(), 1 << 16)
    except BlockingIOError:
        return None


def _environment() -> dict[str, str]:
    """One thread a worker, as the workers share the cores, and the same order of sets in all of them."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONHASHSEED": "0"}
