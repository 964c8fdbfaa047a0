"""The process that runs jobs for a pool: one JSON line in for each job, one JSON line out.

It lives until its input ends, or its parent does. Whatever the claims print goes to standard output and error, which the pool reads apart.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import queue
import sys
import threading
import traceback
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from proofs_check.engine.processes import end_with

if TYPE_CHECKING:
    from proofs_check.engine.finding import Finding
    from proofs_check.engine.job import Job

#: What the pool starts: the worker sees the modules that its parent sees.
BOOTSTRAP = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from proofs_check.engine.worker import main
main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == 'kernel')
"""


def main(answers: int, parent: int, kernel: bool) -> None:
    """Serve jobs from standard input; answer on the file descriptor ``answers``. This process ends with ``parent``, by the ``kernel`` where
    it can.
    """
    watchdog = end_with(parent, kernel=kernel)
    jobs = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    output = os.dup(1)
    waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    idle = threading.Event()
    threading.Thread(target=_listen, args=(jobs, waiting, idle), daemon=True).start()
    with os.fdopen(answers, "wb") as out:
        desk = _Desk()
        answer = {"ready": os.getpid(), "watchdog": watchdog}
        while True:
            idle.set()  # before the answer: whoever has read it may close the pipe at once
            _answer(out, answer)
            line = waiting.get()
            if line is None:
                return  # what is to be done at exit (by coverage, say) is done
            idle.clear()
            data = json.loads(line)
            _answer(out, {"started": data["claim"]})
            for stream in (1, 2):
                os.dup2(output, stream)  # the job before may have closed or redirected them
            answer = desk.serve(data)


def _listen(jobs: BinaryIO, waiting: queue.SimpleQueue[bytes | None], idle: threading.Event) -> None:
    """Pass jobs on. When there will be no more, an idle worker comes to its end; a busy one is ended."""
    for line in jobs:
        waiting.put(line)
    if not idle.is_set() or not waiting.empty():
        os._exit(0)
    waiting.put(None)


#: Modules that are newly imported from which the search for garbage is spared them.
MANY_IMPORTED = 100


class _Desk:
    """Runs one job after another, and watches what each leaves behind."""

    def __init__(self) -> None:
        import numpy.random  # its global generator is to be seeded for every part  # noqa: F401

        from proofs_check.engine.provenance import Recorder
        from proofs_check.engine.state import Watch

        self.recorder = Recorder()
        self.watch = Watch()
        self.imported: set[str] = set()
        self.settled = 0

    def serve(self, data: dict) -> dict:
        """The answer to one job: its finding, and whether this process can serve no other after it."""
        from proofs_check.claim import ClaimError, Status
        from proofs_check.engine.answers import safe
        from proofs_check.engine.finding import Finding
        from proofs_check.engine.job import Job

        job = Job.from_data(data)
        # The watchdog is a thread of the interpreter's own, so it also ends code that never gives the lock back.
        faulthandler.dump_traceback_later(job.timeout, exit=True)
        try:
            with warnings.catch_warnings():
                finding = self._run(job)
        except ClaimError as error:
            finding = Finding(Status.ERROR, message=str(error))
        except BaseException:
            finding = Finding(Status.ERROR, message=traceback.format_exc().rstrip())
        finally:
            faulthandler.cancel_dump_traceback_later()
            _flush()
        self._settle()
        try:
            finding, changed = self._judged(finding)
            return {"finding": safe(finding).to_data(), "changed": changed}
        except BaseException:
            message = f"the finding cannot be told: {traceback.format_exc().rstrip()}"
            return {"finding": safe(Finding(finding.status, message=message)).to_data(), "changed": True}

    def _run(self, job: Job) -> Finding:
        from proofs_check.engine.state import start_random_numbers

        start_random_numbers(f"{job.seed}/{job.claim}/{job.check}")
        job.load()
        if not job.shared and str(job.path) not in self.imported:
            self.watch.keep()  # what a file of one's own does when it is imported is its own affair
            self.imported.add(str(job.path))
        finding = job.run()
        known = job.reached
        reads = {path: digest for path, digest in self.recorder.reads.items() if path not in known}
        return replace(finding, reads={**reads, **finding.reads})

    def _settle(self) -> None:
        """Spare what was imported the search for circular garbage from now on: it stays, and torch alone is half a million objects."""
        if len(sys.modules) >= self.settled + MANY_IMPORTED:
            gc.collect()
            gc.freeze()
            self.settled = len(sys.modules)

    def _judged(self, finding: Finding) -> tuple[Finding, bool]:
        """The finding; an error where something in this process is no longer as it was before."""
        from proofs_check.claim import Status
        from proofs_check.engine.state import described

        changes = self.watch.changes()
        if not changes:
            return finding, False
        message = f"left its process changed, and others would have run in it: {described(changes)}"
        if finding.message or finding.status is not Status.ERROR:
            message += f"\n(before that it came out {finding.status.value}: {finding.message or 'no message'})"
        return replace(finding, status=Status.ERROR, message=message), True


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # the claim closed it


def _answer(out: BinaryIO, data: dict) -> None:
    out.write(json.dumps(data, allow_nan=False).encode() + b"\n")
    out.flush()
