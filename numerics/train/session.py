"""What every path offers: a session holds part of the batch on its device, advances it and tells where it is."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np


class Look(NamedTuple):
    """theta (b, P), loss (b,) on all samples, steps (b,) since the first start, and ``ended`` (b,): a Status or None each."""

    theta: np.ndarray
    loss: np.ndarray
    steps: np.ndarray
    ended: np.ndarray


class Session(Protocol):
    """A batch of networks on its way; opened by a path with (problem, method, state)."""

    def advance(self, steps: int) -> None:
        """Make ``steps`` steps with every network."""

    def look(self) -> Look:
        """Where every network is."""
        ...

    def remembered(self) -> dict[str, np.ndarray]:
        """The state of the method, each (b, ...), to go on from later."""
        ...


class PathUnavailable(ValueError):
    """A path was forced that cannot run here or cannot run this; the message says why."""
