r"""First-order optimizers near a minimum: gradient descent, momentum, RMSProp and Adam on x^k/k and on quadratics.

Two settings. *Degenerate*: L(x) = x^k/k, k >= 4 even, where Adam converges linearly with a ratio that beta2 alone sets
(arXiv:2603.09581). *Quadratic*: the curvature is constant, and the preconditioner decides when a step is unstable, which is a loss
spike (arXiv:2506.04805, 2305.12133). Everywhere eps = 0 and there is no bias correction unless a function says otherwise.

Formulas are plain arithmetic: numbers may be floats, Fractions, flint rationals, balls or sympy expressions.
"""

from theory.optimizers.degenerate import (
    FixedPoint,
    beta2_of,
    check_betas,
    check_power,
    exists,
    fixed_point,
    is_stable,
    jury_forms,
    ratio_of,
    reduced_step,
    trace_determinant,
)
from theory.optimizers.quadratic import frozen_polynomial, gradient_curvature, sharpness_threshold
from theory.optimizers.sharpening import Sharpening
from theory.optimizers.two_cycle import amplitude, bistable_range, cycle_margin, cycle_polynomial, cycle_state

__all__ = [
    "FixedPoint",
    "Sharpening",
    "amplitude",
    "beta2_of",
    "bistable_range",
    "check_betas",
    "check_power",
    "cycle_margin",
    "cycle_polynomial",
    "cycle_state",
    "exists",
    "fixed_point",
    "frozen_polynomial",
    "gradient_curvature",
    "is_stable",
    "jury_forms",
    "ratio_of",
    "reduced_step",
    "sharpness_threshold",
    "trace_determinant",
]
