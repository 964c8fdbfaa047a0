"""What a check is told about the run it is part of."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from proofs_check.claim import ClaimError

if TYPE_CHECKING:
    import numpy

    from proofs_check.claim import Outcome

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Context:
    """The run as a check sees it: ``level`` (quick, standard, full), ``device`` (cpu, cuda), ``alpha`` of the check.

    Random numbers depend on (seed, claim, check, key of the instance) alone: neither the order of the claims nor the number of
    workers nor the place in a batch changes them. ``spent`` holds the probabilities of a false alarm that decisions have used up.
    ``folder`` is that of the claims file; ``read`` and ``variables`` hold digests of the files and environment variables asked for.
    """

    claim: str
    check: str
    seed: int = 0
    level: str = "quick"
    device: str = "cpu"
    alpha: float | None = None
    spent: list[float] = field(default_factory=list, compare=False)
    folder: Path = field(default=Path(), compare=False)
    read: dict[str, str | None] = field(default_factory=dict, compare=False)
    variables: dict[str, str | None] = field(default_factory=dict, compare=False)

    def open(self, path: str | os.PathLike[str], mode: str = "r") -> IO[Any]:
        """A data file, for reading; a relative ``path`` starts at the folder of the claims file. Stored results count while it is the same.

        :raises ClaimError: when ``mode`` is neither ``r`` nor ``rb``.
        """
        if mode not in ("r", "rb"):
            raise ClaimError(f"check {self.check!r}: context.open reads, mode must be 'r' or 'rb', got {mode!r}")
        place = os.path.abspath(os.path.join(self.folder, path))
        with open(place, "rb") as file:
            self.read[place] = hashlib.file_digest(file, "sha256").hexdigest()
        return open(place, mode, encoding=None if mode == "rb" else "utf-8")

    def environment(self, name: str, default: str | None = None) -> str | None:
        """The environment variable ``name``, or ``default``. Stored results count while it has the same value."""
        self.variables[name] = digest_of_variable(name)
        return os.environ.get(name, default)

    def entropy(self, *key: Any) -> int:
        """128 bits that name this seed, claim, check and ``key``: numbers, texts, cells, arrays, models, or tuples of them."""
        if len(key) <= 1 and all(isinstance(part, Integral) for part in key):
            name = str(int(key[0]) if key else 0)
        else:
            from proofs_check.plain_data import to_data

            name = json.dumps([to_data(part) for part in key], sort_keys=True)
        text = f"{self.seed}/{self.claim}/{self.check}/{name}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])

    def rng(self, *key: Any) -> numpy.random.Generator:
        """The generator of what ``key`` names, any plain data: the instance itself, so that no two instances share a stream."""
        import numpy

        return numpy.random.Generator(numpy.random.PCG64(self.entropy(*key)))

    def by_level(self, *, quick: Value, standard: Value, full: Value) -> Value:
        """The value for this run's level."""
        return {"quick": quick, "standard": standard, "full": full}[self.level]

    def share(self, parts: int) -> float:
        """The alpha of one of ``parts`` equal decisions.

        :raises ClaimError: when the check has no alpha, or there is no part.
        """
        if self.alpha is None or parts < 1:
            raise ClaimError(
                f"check {self.check!r}: a share of alpha needs a declared alpha and at least one part, got {self.alpha}, {parts}"
            )
        return math.nextafter(self.alpha / parts, 0.0)

    def spend(self, parts: int = 1) -> float:
        """Book the alpha of one of ``parts`` equal decisions, for the function that decides with it; what was spent is shown on the page.

        :raises ClaimError: when more than the declared alpha would be spent.
        """
        alpha = self.share(parts)
        self.spent.append(alpha)
        total = math.fsum(self.spent)
        if self.alpha is None or total > self.alpha * (1 + 1e-9):  # shares are rounded
            raise ClaimError(f"check {self.check!r} has spent {total:.3g} of its alpha {self.alpha}; give parts the number of decisions")
        return alpha

    def rate(
        self,
        successes: int,
        trials: int,
        *,
        what: str,
        at_least: float | None = None,
        at_most: float | None = None,
        margin: float,
        parts: int = 1,
        undecided: int = 0,
    ) -> Outcome:
        """Whether a rate of success is at least, or at most, a threshold: one of ``parts`` decisions that share the alpha of the check.

        The statement is refuted when the data exclude it, and holds when they exclude rates beyond it by more than ``margin``, each
        with the share of alpha that is booked (exact binomial bounds). ``undecided`` of the trials ended without success or failure
        (a training that did not converge): above a tenth of them nothing is decided, below, either answer has to stand whichever way
        they would have gone.
        """
        from proofs_check.judging import rate_is

        alpha = self.spend(parts)
        return rate_is(successes, trials, what=what, at_least=at_least, at_most=at_most, margin=margin, alpha=alpha, undecided=undecided)


def digest_of_variable(name: str) -> str | None:
    """sha256 of the value of an environment variable (which may be a secret); ``None`` where it is not set."""
    value = os.environ.get(name)
    return None if value is None else hashlib.sha256(os.fsencode(value)).hexdigest()
