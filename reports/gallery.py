"""Many figures at once: drawn by several processes where that pays, as a picture takes longer than the page around it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from reports.figures import FigureError, draw

#: Figures for each process, at least: importing what draws them takes as long as some twenty figures.
WORTH = 40
#: Processes, at most; figures that one takes at a time.
PROCESSES, AT_A_TIME = 4, 8

#: An SVG document, or nothing and the reason.
Drawn = tuple[str, str]


def draw_all(figures: Sequence[Mapping[str, Any]], processes: int | None = None) -> Iterator[Drawn]:
    """Every figure as (SVG, ""), or ("", why it cannot be drawn), in order; the next ones are being drawn while one is used.

    ``processes`` is how many draw (default: as many as there are processors and as pays). Where none can be started, this one draws.
    """
    count = processes or min(PROCESSES, os.cpu_count() or 1, len(figures) // WORTH)
    if count < 2:
        return map(_drawn, figures)
    try:
        pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
        return _with_others(pool, pool.map(_drawn, figures, chunksize=AT_A_TIME), figures)
    except (BrokenProcessPool, OSError, ImportError):
        return map(_drawn, figures)


def _with_others(pool: ProcessPoolExecutor, drawn: Iterator[Drawn], figures: Sequence[Mapping[str, Any]]) -> Iterator[Drawn]:
    """What ``pool`` draws; from where it breaks on, this process does.

    The processes end before the last picture is handed over: who takes as many as there are never comes back to end them.
    """
    done = 0
    try:
        for picture in drawn:
            done += 1
            if done == len(figures):
                pool.shutdown()
            yield picture
    except (BrokenProcessPool, OSError, ImportError):
        yield from map(_drawn, figures[done:])
    finally:
        pool.shutdown(cancel_futures=True)


def _drawn(figure: Mapping[str, Any]) -> Drawn:
    try:
        return draw(figure), ""
    except FigureError as error:
        return "", str(error)


def of_claims(claims: Iterable[Mapping[str, Any]]) -> Iterator[Drawn]:
    """The pictures of all figures, by claim, check and number."""
    return draw_all([figure for claim in claims for check in claim["checks"] for figure in check["figures"]])
