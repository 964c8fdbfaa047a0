"""What a batched training returns: one record for all networks, with a reason for each to have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np


class Status(StrEnum):
    """Why a network is no longer trained."""

    CONVERGED = "converged"
    STEP_LIMIT = "step limit"
    DIVERGED = "diverged"
    STATIONARY = "stationary"
    TIME_REACHED = "time reached"

    @property
    def sentence(self) -> str:
        """One sentence for a report."""
        return {
            Status.CONVERGED: "The training loss fell to the stopping threshold.",
            Status.STEP_LIMIT: "The allowed number of steps was made.",
            Status.DIVERGED: "Loss or parameters left the finite numbers; theta is the last finite one seen at a check.",
            Status.STATIONARY: "No step lowers the loss any further: the gradient vanishes to working precision.",
            Status.TIME_REACHED: "The gradient flow was followed to its end time.",
        }[self]


@dataclass(frozen=True)
class Trained:
    """Outcome of :func:`numerics.train.train` for B networks; pass it as ``theta0`` to train on.

    theta (B, P) and loss (B,) belong together (loss is inf where a network diverged); ``steps`` (B,) counts all steps since the
    first start, ``status`` (B,) holds :class:`Status` values, ``path`` names what ran ("compiled", say), ``skipped_paths``
    why faster ones did not. ``history`` holds what was asked to be recorded, along the checks: "step" (checks,), others
    (checks, B, ...), a finished network keeping its last values. ``state`` (B, ...) is what the method remembers.
    """

    theta: np.ndarray
    loss: np.ndarray
    steps: np.ndarray
    status: np.ndarray
    method: str
    path: str
    seconds: float
    skipped_paths: Mapping[str, str] = field(default_factory=dict)
    history: Mapping[str, np.ndarray] = field(default_factory=dict)
    state: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def converged(self) -> np.ndarray:
        """Boolean mask (B,) of the networks whose loss fell to the threshold."""
        return self.status == Status.CONVERGED

    @property
    def diverged(self) -> np.ndarray:
        """Boolean mask (B,) of the networks that left the finite numbers."""
        return self.status == Status.DIVERGED

    def summary(self) -> str:
        """One line: how many networks ended how, on which path, in what time."""
        counts = ", ".join(f"{(self.status == s).sum()} {s}" for s in Status if (self.status == s).any())
        return f"{len(self.loss)} networks ({counts}), {self.method}, path {self.path}, {self.seconds:.2f} s"


@dataclass(frozen=True)
class Progress:
    """Handed to the progress callback at every check: networks done of all, steps made by the running ones, their limit."""

    networks_done: int
    networks: int
    step: int
    steps: int
