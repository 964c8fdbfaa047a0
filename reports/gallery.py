"""Many figures at once: drawn by several processes where that pays, as a picture takes longer than the page around it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from reports.figures import FigureError, draw

#: Figures for each process, at least: importing what draws them takes as long as some twenty figures.
WORTH = 40
#: Processes, at most.
PROCESSES = 4

#: An SVG document, or nothing and the reason.
Drawn = tuple[str, str]


def draw_all(figures: Sequence[Mapping[str, Any]], processes: int | None = None) -> list[Drawn]:
    """Every figure as (SVG, ""), or ("", why it cannot be drawn), in order.

    ``processes`` is how many draw (default: as many as there are processors and as pays). Where none can be started, this one draws.
    """
    count = processes or min(PROCESSES, os.cpu_count() or 1, len(figures) // WORTH)
    if count < 2:
        return [_drawn(figure) for figure in figures]
    try:
        with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
            return list(pool.map(_drawn, figures, chunksize=max(1, len(figures) // (4 * count))))
    except (BrokenProcessPool, OSError, ImportError):
        return [_drawn(figure) for figure in figures]


def _drawn(figure: Mapping[str, Any]) -> Drawn:
    try:
        return draw(figure), ""
    except FigureError as error:
        return "", str(error)


def of_claims(claims: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, int], Drawn]:
    """The pictures of all figures, by claim, check and number."""
    places, figures = [], []
    for claim in claims:
        for check in claim["checks"]:
            for number, figure in enumerate(check["figures"]):
                places.append((claim["id"], check["name"], number))
                figures.append(figure)
    return dict(zip(places, draw_all(figures), strict=True))
