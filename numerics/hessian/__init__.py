"""Gradient and Hessian of a loss at a point, and the inertia of the Hessian."""

from numerics.hessian.gradients import (
    Data,
    gradient,
    gradient_and_hessian,
    hessian,
    in_one_arithmetic,
    inertia,
    risk,
    rounded,
    rounded_gradient,
)
from numerics.hessian.inertias import Inertia, Undecided

__all__ = [
    "Data",
    "Inertia",
    "Undecided",
    "gradient",
    "gradient_and_hessian",
    "hessian",
    "in_one_arithmetic",
    "inertia",
    "risk",
    "rounded",
    "rounded_gradient",
]
