r"""The frequency principle: Fourier transforms of neurons, kernels and samples, in any arithmetic (arXiv:1901.06523, arXiv:2201.07395).

Transforms are :math:`F[f](k) = \int f(x) e^{-ikx} dx` with angular frequencies k. A complex number is a pair (real, imaginary), so
that floats,
balls and symbols go through the same formulas.
"""

from theory.dynamics.frequency.kernels import (
    bernoulli_kernel,
    bias_kernel,
    circulant_eigenvalue,
    natural_cubic,
    output_kernel,
    piecewise_linear,
    power_against_gaussian,
)
from theory.dynamics.frequency.neuron import (
    dominance_rate,
    loss_slopes,
    neuron_transform,
    peak_argument,
    slope_transform,
)
from theory.dynamics.frequency.sampling import alias, boundary, leak, monotone_sum_bound, off_diagonal_share, spurious_coefficient

__all__ = [
    "alias",
    "bernoulli_kernel",
    "bias_kernel",
    "boundary",
    "circulant_eigenvalue",
    "dominance_rate",
    "leak",
    "loss_slopes",
    "monotone_sum_bound",
    "natural_cubic",
    "neuron_transform",
    "off_diagonal_share",
    "output_kernel",
    "peak_argument",
    "piecewise_linear",
    "power_against_gaussian",
    "slope_transform",
    "spurious_coefficient",
]
