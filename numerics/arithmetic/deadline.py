"""A time after which proofs are given up: searches set it, and the loops that may take long look at it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from numerics.arithmetic.krawczyk import NotCertified

_END: ContextVar[float] = ContextVar("end", default=math.inf)


class OutOfTime(NotCertified):
    """A proof that was given up because its time had passed; it decides nothing."""


@contextmanager
def ending(end: float) -> Iterator[None]:
    """Proofs inside are given up after ``end`` (of ``time.monotonic``), or earlier where an outer one says so."""
    token = _END.set(min(end, _END.get()))
    try:
        yield
    finally:
        _END.reset(token)


def look_at_the_clock() -> None:
    """Raises :class:`OutOfTime` when the time has passed."""
    if time.monotonic() > _END.get():
        raise OutOfTime("the time had passed")
