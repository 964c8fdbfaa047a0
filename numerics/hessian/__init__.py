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
from numerics.hessian.products import Extremes, extremes, hessian_product, inertia_along

__all__ = [
    "Data",
    "Extremes",
    "Inertia",
    "Undecided",
    "extremes",
    "gradient",
    "gradient_and_hessian",
    "hessian",
    "hessian_product",
    "in_one_arithmetic",
    "inertia",
    "inertia_along",
    "risk",
    "rounded",
    "rounded_gradient",
]
