"""The process that runs jobs for a pool: one JSON line in for each job, one JSON line out.

It lives until its input ends. Whatever the claims print goes to standard output and error, which the pool reads apart.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import sys
import threading
import traceback
from typing import BinaryIO

#: What the pool starts: the worker sees the modules that its parent sees.
BOOTSTRAP = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from proofs_check.engine.worker import main
main(int(sys.argv[2]))
"""


def main(answers: int) -> None:
    """Serve jobs from standard input; answer on the file descriptor ``answers``."""
    jobs = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    output = os.dup(1)
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs, waiting), daemon=True).start()
    with os.fdopen(answers, "wb") as out:
        _answer(out, {"ready": os.getpid()})
        while True:
            data = json.loads(waiting.get())
            _answer(out, {"started": data["claim"]})
            for stream in (1, 2):
                os.dup2(output, stream)  # the job before may have closed or redirected them
            _answer(out, _serve(data))


def _listen(jobs: BinaryIO, waiting: queue.SimpleQueue[bytes]) -> None:
    """Pass jobs on; when the pool has gone, so does the worker, whatever it is doing."""
    for line in jobs:
        waiting.put(line)
    os._exit(0)


def _serve(data: dict) -> dict:
    from proofs_check.claim import ClaimError, Status
    from proofs_check.engine.finding import Finding
    from proofs_check.engine.job import Job

    job = Job.from_data(data)
    # The watchdog is a thread of the interpreter's own, so it also ends code that never gives the lock back.
    faulthandler.dump_traceback_later(job.timeout, exit=True)
    try:
        finding = job.run()
    except ClaimError as error:
        finding = Finding(Status.ERROR, message=str(error))
    except BaseException:
        finding = Finding(Status.ERROR, message=traceback.format_exc().rstrip())
    finally:
        faulthandler.cancel_dump_traceback_later()
        _flush()
    return finding.to_data()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # the claim closed it


def _answer(out: BinaryIO, data: dict) -> None:
    out.write(json.dumps(data, allow_nan=False).encode() + b"\n")
    out.flush()
