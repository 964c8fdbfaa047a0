"""What a check is told about the run it is part of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Context:
    """The run as a check sees it: ``level`` (quick, standard, full), ``device`` (cpu, cuda), ``alpha`` of the check.

    Random numbers depend on (seed, claim, check, replicate) alone: neither the order of the claims nor the number of
    workers nor the place in a batch changes them.
    """

    claim: str
    check: str
    seed: int = 0
    level: str = "quick"
    device: str = "cpu"
    alpha: float | None = None

    def entropy(self, replicate: int = 0) -> int:
        """128 bits that name this seed, claim, check and ``replicate``."""
        key = f"{self.seed}/{self.claim}/{self.check}/{replicate}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:16])

    def rng(self, replicate: int = 0) -> numpy.random.Generator:
        """The generator of ``replicate`` (an instance number, a network number)."""
        import numpy

        return numpy.random.Generator(numpy.random.PCG64(self.entropy(replicate)))

    def by_level(self, *, quick: Value, standard: Value, full: Value) -> Value:
        """The value for this run's level."""
        return {"quick": quick, "standard": standard, "full": full}[self.level]
