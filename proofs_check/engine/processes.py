"""The processes of a worker: how it ends with its parent, and which others it has started, whatever session they have gone to; how many
workers a machine has room for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

import psutil

#: Workers that a run has where nobody says how many, at most: each takes its share of the memory, and a family has few long checks.
MOST_WORKERS = 8
#: How often a watchdog looks for the parent, in seconds.
WATCH = 0.5
#: Options of prctl(2).
_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36


def usable_cores() -> int:
    """How many cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def default_workers() -> int:
    """One worker for each core that this process may use, at most :data:`MOST_WORKERS`."""
    return min(usable_cores(), MOST_WORKERS)


def kept_by_kernel() -> bool:
    """Whether the kernel can end the children of this thread when it ends: on Linux, and where the thread lasts as long as its process."""
    return sys.platform == "linux" and threading.current_thread() is threading.main_thread()


def end_with(parent: int, *, kernel: bool) -> int | None:
    """Have this process killed when ``parent`` ends, whatever it is doing: by the ``kernel``, or by a watchdog, whose id is returned.

    To be called first of all, while there are no threads. On Linux, processes that lose their parent become children of this one.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
        if kernel and libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0) == 0:
            if os.getppid() != parent:
                os._exit(0)  # it ended before
            return None
    worker, child = os.getpid(), os.fork()
    if child:
        return child
    for descriptor in range(3):
        with contextlib.suppress(OSError):
            os.close(descriptor)
    os.closerange(3, 256)
    os.setsid()
    while os.getppid() == worker:
        if not psutil.pid_exists(parent):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
            break
        time.sleep(WATCH)
    os._exit(0)


def family(worker: int) -> list[int]:
    """``worker`` and all living processes that descend from it, those of other sessions included; empty when it has ended."""
    if sys.platform != "linux":
        return _by_session(worker)
    found, waiting = [], [worker]
    while waiting:
        process = waiting.pop()
        if _living(process):
            found.append(process)
            waiting += _children(process)
    return found


def _living(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def _children(process: int) -> list[int]:
    """Those of each thread of a process."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{process}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    return found


def _by_session(worker: int) -> list[int]:
    """Where the system lists no children: those that psutil finds, and the session that the worker leads."""
    found = {worker}
    with contextlib.suppress(psutil.Error):
        found |= {child.pid for child in psutil.Process(worker).children(recursive=True)}
    for process in psutil.pids():
        with contextlib.suppress(OSError):
            if os.getsid(process) == worker:
                found.add(process)
    return sorted(found, key=lambda process: process != worker)


def named(processes: Sequence[int]) -> list[psutil.Process]:
    """The processes as psutil knows them, so that none is mistaken later for another of the same id."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(process))
    return found
