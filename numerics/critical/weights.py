"""A network at its given weights: whether they are a critical point as far as rounding can tell, and what is proved of the Hessian there.

All weights and data that round to the given floats, in their number types, are meant at once. So a point that training left within
rounding of a critical one is told from one that it left elsewhere, and an eigenvalue whose sign rounding could change stays undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import working_precision
from numerics.critical.invariances import quotient_inertia, shift_directions
from numerics.hessian import Data, hessian, inertia, rounded, rounded_gradient
from numerics.hessian.gradients import has_rational_values
from numerics.hessian.inertias import Inertia
from numerics.hessian.losses import Loss
from theory.models import AbstractModel


@dataclass(frozen=True, eq=False)
class RoundedGradient:
    """The gradient at the given floats, entry by entry: its ``middle`` (P,), and a proved bound (P,) of what ``rounding`` may add to it:
    that of weights and data, and that of computing it in their number type.
    """

    middle: np.ndarray
    rounding: np.ndarray

    @property
    def certain(self) -> np.ndarray:
        """Places of the entries that rounding cannot explain; these do not vanish."""
        return np.flatnonzero(np.abs(self.middle) > self.rounding)

    @property
    def vanishes(self) -> bool:
        """Whether a computation in this number type cannot tell the point from a critical one."""
        return not len(self.certain)

    @property
    def largest(self) -> int:
        """The place of the largest entry among those that are certain, or among all where none is."""
        places = np.arange(len(self.middle)) if self.vanishes else self.certain
        return int(places[np.argmax(np.abs(self.middle[places]))])


def gradient_at(model: AbstractModel, theta: np.ndarray, data: Data, loss: str | Loss = "mse") -> RoundedGradient:
    """The gradient at ``theta`` (P,), floats, with the part of it that rounding may explain. Raises ValueError at a kink of sigma."""
    exact = rounded_gradient(model, theta, data, loss)
    coarse = rounded_gradient(model, theta, data, loss, bits=np.finfo(theta.dtype).nmant + 1)
    middle = np.array([float(entry.mid()) for entry in exact])
    # every operation in so many bits widens the ball by its rounding; the two middles lie in the same ball
    rounding = np.array([float((abs(ball - entry.mid())).upper()) for ball, entry in zip(coarse, exact, strict=True)])
    return RoundedGradient(middle, np.nextafter(rounding + np.spacing(np.abs(middle)), np.inf))


def inertia_at(model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, bits: int = 128) -> Inertia:
    """Proved bounds of the inertia of Hess R over all weights and data that round to the given ones; exact where all are whole numbers.

    Zeros are proved where the loss is constant along a line from every point (:func:`shift_directions`) and where nothing depends on a
    parameter, as on those of a ReLU that is inactive on all samples. Raises ValueError at a kink of sigma.
    """
    if has_rational_values(model, loss) and all((np.asarray(part) == np.round(part)).all() for part in (theta, *data)):
        return inertia(model, theta, data, loss)
    with working_precision(bits):
        theta, x, y = rounded(model, theta, data)
        return quotient_inertia(hessian(model, theta, (x, y), loss), 0 * theta + shift_directions(model, loss))
