"""How much memory several processes fill together."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


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
