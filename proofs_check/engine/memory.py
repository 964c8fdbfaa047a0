"""How much memory the processes of a session fill together: a worker leads a session, so its children count with it."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import psutil


def sessions() -> Mapping[int, Sequence[int]]:
    """The ids of all processes by that of the process that leads their session."""
    found: dict[int, list[int]] = defaultdict(list)
    for process in psutil.pids():
        try:
            found[os.getsid(process)].append(process)
        except OSError:
            continue  # it ended meanwhile, or may not be looked at
    return found


def filled(processes: Iterable[int], allowed: int) -> int:
    """Bytes that ``processes`` fill. Where the plain sum exceeds ``allowed``, pages that several share are counted by shares.

    Reading the shares takes the system milliseconds a gigabyte, so they are read only where they may decide.
    """
    processes = list(processes)
    plain = sum(_bytes(process, "rss") for process in processes)
    return plain if plain <= allowed else sum(_bytes(process, "pss") for process in processes)


def _bytes(process: int, kind: str) -> int:
    """Of one process; 0 when it has ended, resident memory where the system tells no shares."""
    try:
        info = psutil.Process(process).memory_info() if kind == "rss" else psutil.Process(process).memory_full_info()
    except psutil.Error:
        return 0
    return getattr(info, kind, info.rss)
