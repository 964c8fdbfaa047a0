"""Training methods as plain records: their parameters, what they remember per network, how often they are checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import ClassVar

from theory import arguments


def _between(method: object, low: float, high: float, *names: str, closed_low: bool = True) -> None:
    for name in names:
        value = getattr(method, name)
        arguments.number(f"{name} of {type(method).__name__}", value, "a number", lambda value: True)
        above = value >= low if closed_low else value > low
        if not (above and value < high):
            raise ValueError(f"{name} of {type(method).__name__} must lie in {low} .. {high}, got {value!r}")


@dataclass(frozen=True)
class GradientDescent:
    """theta <- theta - learning_rate * gradient, on all samples."""

    name: ClassVar[str] = "gradient-descent"
    check_every: ClassVar[int] = 100
    remembers: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Momentum:
    """Heavy ball: v <- momentum * v + gradient, theta <- theta - learning_rate * v (with ``nesterov``: gradient + momentum * v)."""

    momentum: float = 0.9
    nesterov: bool = False
    name: ClassVar[str] = "momentum"
    check_every: ClassVar[int] = 100
    remembers: ClassVar[tuple[str, ...]] = ("velocity",)

    def __post_init__(self) -> None:
        _between(self, 0, 1, "momentum")


@dataclass(frozen=True)
class StochasticGradientDescent:
    """Gradient descent on minibatches without replacement; the gradient is scaled by n / batch_size, hence unbiased.

    The order of the samples in an epoch is a function of the network's seed and the epoch alone. The last, shorter batch of
    an epoch is left out when batch_size does not divide n.
    """

    batch_size: int = 1
    name: ClassVar[str] = "sgd"
    check_every: ClassVar[int] = 100
    remembers: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ValueError(f"batch_size must be an integer of at least 1, got {self.batch_size!r}")


@dataclass(frozen=True)
class Adam:
    """Adam (arXiv:1412.6980): step learning_rate * m / (sqrt(v) + eps), with or without bias correction; eps may be 0 (0/0 counts as 0)."""

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    bias_correction: bool = True
    name: ClassVar[str] = "adam"
    check_every: ClassVar[int] = 100
    remembers: ClassVar[tuple[str, ...]] = ("first_moment", "second_moment")

    def __post_init__(self) -> None:
        _between(self, 0, 1, "beta1", "beta2")
        _between(self, 0, math.inf, "eps")


@dataclass(frozen=True)
class GradientFlow:
    """theta' = -gradient, followed to ``time`` by the Dormand-Prince pair 5(4), each network with its own step.

    The estimated local error of a step is at most ``rtol`` * max|theta| + ``atol`` in every parameter. atol is 0 by default,
    so that very small initializations are followed as faithfully as large ones.
    """

    time: float = math.inf
    rtol: float = 1e-8
    atol: float = 0.0
    name: ClassVar[str] = "gradient-flow"
    check_every: ClassVar[int] = 10
    remembers: ClassVar[tuple[str, ...]] = ("time", "step_size")

    def __post_init__(self) -> None:
        _between(self, 1e-14, 1, "rtol")
        _between(self, 0, math.inf, "atol")
        if not self.time > 0:
            raise ValueError(f"time must be positive, got {self.time!r}")


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Damped Gauss-Newton: (J^T J + damping I) step = -J^T r; damping * ``decrease`` after a success, * ``increase`` after a failure.

    A network is stationary when |J^T r|, half the norm of its gradient, falls to ``gradient_tolerance``, or when its damping outgrows
    1e16 times the trace of J^T J: then no step lowers the loss.
    """

    damping: float = 1e-2
    decrease: float = 0.3
    increase: float = 4.0
    gradient_tolerance: float = 0.0
    name: ClassVar[str] = "levenberg-marquardt"
    check_every: ClassVar[int] = 1
    remembers: ClassVar[tuple[str, ...]] = ("damping",)

    def __post_init__(self) -> None:
        _between(self, 0, math.inf, "damping", closed_low=False)
        _between(self, 0, 1, "decrease", closed_low=False)
        _between(self, 1, math.inf, "increase", closed_low=False)
        _between(self, 0, math.inf, "gradient_tolerance")


@dataclass(frozen=True)
class GaussNewton:
    """Minimum-norm Gauss-Newton: step = -pinv(J) r, singular values below ``cutoff`` times the largest counted as 0."""

    cutoff: float = 1e-9
    name: ClassVar[str] = "gauss-newton"
    check_every: ClassVar[int] = 1
    remembers: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        _between(self, 0, 1, "cutoff")


@dataclass(frozen=True)
class Dropout:
    """A first-order ``method`` on the loss of a network whose hidden neurons are kept with probability ``keep`` and scaled by 1/keep.

    One mask serves all samples of a step; it is a function of the network's seed and the step alone. ``layer`` counts hidden layers from
    1 (None: the last one, whose mean loss is known, arXiv:2207.05952). Checks look at the loss without a mask. A layer's masks multiply the
    columns of the next weight matrix, so that any model with such matrices can be trained.
    """

    keep: float = 0.5
    method: GradientDescent | Momentum | Adam = GradientDescent()
    layer: int | None = None
    name: ClassVar[str] = "dropout"
    check_every: ClassVar[int] = 100

    def __post_init__(self) -> None:
        if isinstance(self.keep, bool) or not isinstance(self.keep, int | float) or not 0 < self.keep <= 1:
            raise ValueError(f"keep must be a probability in (0, 1], got {self.keep!r}")
        if not isinstance(self.method, GradientDescent | Momentum | Adam):
            raise ValueError(f"method of Dropout must be gradient-descent, momentum or adam, got {self.method!r}")
        if self.layer is not None and (isinstance(self.layer, bool) or not isinstance(self.layer, int) or self.layer < 1):
            raise ValueError(f"layer must count hidden layers from 1, or be None for the last one, got {self.layer!r}")

    @property
    def remembers(self) -> tuple[str, ...]:
        """What the inner method remembers; masks need no memory."""
        return self.method.remembers


Method = GradientDescent | Momentum | StochasticGradientDescent | Adam | GradientFlow | LevenbergMarquardt | GaussNewton | Dropout
METHODS = {m.name: m for m in Method.__args__}

#: Methods whose step length is theirs alone; the others need a learning rate.
WITHOUT_LEARNING_RATE = (GradientFlow, LevenbergMarquardt, GaussNewton)


def as_method(method: str | Method) -> Method:
    """The method called ``method`` with its default parameters, or the record itself. Raises ValueError for anything else."""
    if isinstance(method, Method):
        return method
    if isinstance(method, str) and method in METHODS:
        return METHODS[method]()
    raise ValueError(f"method must be one of {', '.join(METHODS)} or a method record, got {method!r}")


def describe(method: Method) -> str:
    """Name and parameters, for a record."""
    parameters = ", ".join(f"{f.name}={getattr(method, f.name)}" for f in fields(method))
    return f"{method.name}({parameters})" if parameters else method.name
