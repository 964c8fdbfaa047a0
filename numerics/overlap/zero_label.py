"""Two limits for the label 0: for sigma > 0 every solution has a = 0, whatever the input, and the weight at which a vanishes depends
on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from numerics.arithmetic.krawczyk import NotCertified, ball, certify_zero, working_precision
from numerics.derivatives.dual import compose, value_of
from numerics.overlap.first_integral import joined, primitive, quotient
from numerics.overlap.found import Overlap
from numerics.overlap.two_point import BITS
from theory.activations import SmoothActivation

#: Starts (w_0, a_0) and pairs of inputs that are tried.
STARTS = (("0.4", "1"), ("1", "0.5"), ("-0.5", "0.5"))
PAIRS = (("0.3", "0.6"), ("-0.3", "0.5"))


def find_zero_label(
    sigma: SmoothActivation, *, inputs: int = 1, start: Sequence[str] | None = None, pairs: Sequence[tuple[str, str]] = PAIRS
) -> Overlap | None:
    """A certified pair of limits (w, 0) of one neuron on (x_1, 0) and (x_2, 0), one of the ``pairs``; None where no proof succeeds.

    With more inputs the further coordinates of the samples are 0, as are those of the start; of a ``start`` (w_0, a_0) that is given
    they stay as they are, as no input moves them.
    """
    for (w0, a0), pair in product(STARTS if start is None else ((start[0], start[-1]),), pairs):
        try:
            with working_precision(BITS):
                ends = [_limit(sigma, ball(w0), ball(a0), ball(x)) for x in pair]
                if ends[0].overlaps(ends[1]):
                    continue
                texts = [end.str(30) for end in ends]
        except NotCertified:
            continue
        more = ["0"] * (inputs - 1) if start is None else list(start[1:-1])
        samples = [{"x": [x, *["0"] * (inputs - 1)], "y": "0"} for x in pair]
        limits = [[text, *more, "0"] for text in texts]
        certificate = {"method": "zero label", "start": [w0, a0], "inputs": list(pair), "weights": texts}
        return Overlap("two-point", sigma.name, 1, inputs, [w0, *more, a0], samples, limits, "zero-label", [certificate], level="parameter")
    return None


def _limit(sigma: SmoothActivation, w0: Any, a0: Any, x: Any) -> Any:
    """The weight at which a vanishes, in a ball: a_0^2 x^2/2 = G(w_0 x) - G(w x), sigma without a zero on the way."""
    from flint import arb

    def equation(unknown: Any) -> list[Any]:
        end = unknown[0] * x
        gained = primitive(sigma, w0 * x, value_of(end))
        return [compose(end, lambda t: gained, lambda t: quotient(sigma, t)) + a0 * a0 * x * x / 2]

    low, high = _bracket(sigma, float(w0), float(a0), float(x))
    box = certify_zero(equation, [(low + high) / 2], bits=BITS)
    w = box.enclosure[0]
    # Beyond a = 0 the orbit goes on to the reflected start where sigma keeps its sign, which is proved with the limit on the way.
    ratio = quotient(sigma, (w0 * x).union(w * x))
    if ratio.contains(arb(0)) or not ratio.is_finite() or not joined(sigma, a0, w0 * x, -a0, w0 * x, x * x):
        raise NotCertified("sigma was not proved to keep its sign until a vanishes")
    return w


def _bracket(sigma: SmoothActivation, w0: float, a0: float, x: float) -> tuple[float, float]:
    """Weights on both sides of the zero in floating point, by steps of the orbit."""
    import numpy as np

    u, left = w0 * x, a0 * a0 * x * x / 2
    for _ in range(100_000):
        with np.errstate(all="ignore"):
            value, slope = (float(part[()]) for part in sigma.jet(np.asarray(u), 1))
        ratio = value / slope if slope else np.inf
        if not np.isfinite(ratio) or ratio == 0 or abs(u) > 60:
            break
        step = -np.sign(ratio) * 1e-3
        left += ratio * step
        if left < 0:
            return u / x, (u + step) / x
        u += step
    raise NotCertified("the output weight was not seen to vanish")
