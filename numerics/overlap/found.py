"""What a search for counterexamples returns, and the watch that it looks at while it goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import OutOfTime, ending
from theory import arguments
from theory.activations import SmoothActivation, smooth_activation
from theory.expressions import activation_of

#: The most neurons, inputs or candidates of a search.
MOST = 10**6
#: What an affine sigma/sigma' rules out, and where.
AFFINE = "{name}: sigma/sigma' = p z + q is proved affine, so while a and p z + q keep their signs a strict G exists and nothing closes"
#: Where there is proved to be none then: a solution of label 0 has a = 0, and beyond p z + q = 0 a dataset has further solutions.
IN_THE_DOMAIN = "while a and p z + q keep their signs"

#: What a search that ends empty proves.
NO_PROOF = "this proves nothing"


@dataclass(frozen=True)
class Overlap:
    """A certified overlap, as plain data (numbers as decimal strings; balls as "[midpoint +/- radius]").

    theta is flat: input weights, then output weights. ``samples`` are {"x", "y"}; ``limits`` the points that gradient flow from
    ``theta0`` reaches, in the order of the samples (of "reweight": of the weightings); ``kind`` as
    :func:`numerics.overlap.screening.classify` says, ``level`` whether the limits differ as functions or only as parameters; with ``bias``
    the last of the ``inputs`` is the constant 1; ``certificates`` what a referee repeats.
    """

    mechanism: str
    activation: str
    neurons: int
    inputs: int
    theta0: Sequence[str]
    samples: Sequence[Mapping[str, Any]]
    limits: Sequence[Sequence[str]]
    kind: str
    certificates: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    screened: Mapping[str, int] = field(default_factory=dict)
    level: str = "function"
    bias: bool = False

    @property
    def labels(self) -> np.ndarray:
        """The labels of the samples in double precision (samples,)."""
        return midpoints(sample["y"] for sample in self.samples)

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class NotFound:
    """No certified overlap: the ``reason``, how many candidates of each kind were ``screened``, and whether there is ``proved`` to be none,
    and in which cases (``where``, empty for all); otherwise the question is left open.
    """

    reason: str
    screened: Mapping[str, int] = field(default_factory=dict)
    proved: bool = False
    where: str = ""


def midpoints(balls: Iterable[str]) -> np.ndarray:
    """The midpoints of balls printed as "[midpoint +/- radius]", or of plain decimals, in double precision."""
    return np.array([float(text.strip("[").split()[0]) for text in balls])


def smooth(name: Any) -> SmoothActivation:
    """The activation called ``name`` (or the formula), which must be smooth; ValueError otherwise."""
    return smooth_activation(activation_of(name))


@dataclass
class Watch:
    """The time that a search has, and whom it tells how far it is: ``tell`` gets a sentence at most every ``every`` seconds."""

    limit: float = math.inf
    tell: Callable[[str], None] | None = None
    every: float = 2.0

    def __post_init__(self) -> None:
        arguments.seconds("time_limit", self.limit)
        arguments.seconds("every", self.every)
        self.started = self.told = time.monotonic()

    @property
    def expired(self) -> bool:
        """Whether the time has passed."""
        return time.monotonic() > self.started + self.limit

    def say(self, text: str) -> None:
        """Tell it, unless something was told just now."""
        now = time.monotonic()
        if self.tell and now - self.told >= self.every:
            self.told = now
            self.tell(f"{now - self.started:.0f} s: {text}")

    @contextmanager
    def proving(self) -> Iterator[None]:
        """Proofs inside end with the time."""
        with ending(self.started + self.limit):
            yield

    def spent(self, tried: str) -> NotFound:
        """What is returned when the time has passed."""
        return NotFound(f"{tried} in {self.limit:g} s; {NO_PROOF}")


def positive(**numbers: Any) -> None:
    """Raises ValueError unless each of the named numbers is an integer from 1 to :data:`MOST`."""
    for name, number in numbers.items():
        arguments.whole(name, number, 1, MOST)


def a_watch(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a :class:`Watch` or None."""
    if not isinstance(value, Watch | None):
        raise ValueError(f"{name} must be a Watch or None, got {value!r:.100}")


def a_device(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is "cpu" or, where one is there, "cuda"."""
    if value != "cpu":
        import torch

        if not isinstance(value, str) or value.partition(":")[0] != "cuda" or not torch.cuda.is_available():
            raise ValueError(f"{name} must be 'cpu', or 'cuda' where a device is there, got {value!r:.100}")


def decimals(name: str, values: Iterable[Any], count: int | None = None) -> list[float]:
    """The numbers or decimals as floats; ValueError, by ``name``, unless they are finite and ``count`` of them (None: at least one)."""
    given = list(np.atleast_1d(np.asarray(values, dtype=object)))
    wanted = "entries" if count is None else f"{count} {'entry' if count == 1 else 'entries'}"
    try:
        found = [float(value) for value in given]
    except (TypeError, ValueError):
        found = []
    if len(found) != (count or len(found)) or not found or not all(map(math.isfinite, found)):
        raise ValueError(f"{name} must have {wanted}, finite numbers, got {given!r}")
    return found


def repeated(found: Overlap, neurons: int) -> Overlap:
    """The overlap of one neuron as one of ``neurons`` equal ones: f = m a sigma(w . x) on the diagonal.

    Equal neurons move equally, and each along the orbit of the one (the loss of m f is another loss of f), so that limits are those of the
    one neuron, repeated, and labels m times its labels; solution sets cross as transversally.
    """
    from numerics.arithmetic.krawczyk import working_precision

    if neurons == 1:
        return found
    many = lambda theta: [*list(theta[:-1]) * neurons, *[theta[-1]] * neurons]
    with working_precision(160):
        samples = [{**sample, "y": times(sample["y"], neurons)} for sample in found.samples]
    note = f"{neurons} equal neurons: each moves as the one neuron of the certificate, whose labels are 1/{neurons} of these"
    limits = [many(limit) for limit in found.limits]
    theta0 = many(found.theta0)
    return replace(found, neurons=neurons, theta0=theta0, samples=samples, limits=limits, notes=[*found.notes, note])


def of_equal(none: NotFound, neurons: int) -> NotFound:
    """What a proof that one neuron has none says of ``neurons``: nothing but of equal ones, where there are more."""
    if neurons == 1 or not none.proved:
        return none
    return replace(none, reason=f"only {neurons} equal neurons were looked at, which move as one: {none.reason}", proved=False, where="")


def times(text: str, number: int) -> str:
    """The ball of the text, multiplied."""
    from flint import arb

    return (arb(text) * number).str(30)


__all__ = [
    "AFFINE",
    "IN_THE_DOMAIN",
    "NO_PROOF",
    "NotFound",
    "OutOfTime",
    "Overlap",
    "Watch",
    "decimals",
    "midpoints",
    "of_equal",
    "positive",
    "repeated",
    "smooth",
]
