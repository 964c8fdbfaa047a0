r"""One step of gradient descent with random gradients against flows and diffusions, order by order in the step size.

All is symbolic and generic: losses and observable are polynomials of two parameters with free coefficients, looked at in the origin,
where their derivatives up to the third order are free; no higher ones occur, so an identity there is one for all losses and all points. Two
parameters suffice for all numbers of parameters: in every term each index is that of a derivative in one direction, and at most two
different ones meet. Two values of the gradient suffice for all laws, as up to second order the mean over a step depends on the law
through the mean of g and of g g^T alone.

Sources: backward error analysis (Barrett, Dherin, 2009.11162) as 2207.05952, appendix B.2, uses it; stochastic modified equations
(Li, Tai, E, 1511.06251) as 2305.15850 uses them for dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

#: Degree of the generic polynomials: one more than the highest derivative that occurs.
DEGREE = 3


@dataclass(frozen=True)
class RandomLoss:
    """A loss that is one of two generic functions of (x, y), the first with probability q; entries are elements of a polynomial ring."""

    @cached_property
    def ring(self) -> Any:
        """Q[x, y, q, coefficients]."""
        from sympy import QQ
        from sympy.polys.rings import PolyRing

        powers = [(i, j) for i, j in product(range(DEGREE + 1), repeat=2) if 0 < i + j <= DEGREE]
        names = [f"{name}{i}{j}" for name in ("R", "S", "phi") for i, j in powers]
        return PolyRing(["x", "y", "q", *names], QQ)

    @cached_property
    def _functions(self) -> list[Any]:
        x, y, _, *coefficients = self.ring.gens
        powers = [(i, j) for i, j in product(range(DEGREE + 1), repeat=2) if 0 < i + j <= DEGREE]
        parts = [coefficients[k * len(powers) : (k + 1) * len(powers)] for k in range(3)]
        return [sum(c * x**i * y**j for c, (i, j) in zip(part, powers, strict=True)) for part in parts]

    @cached_property
    def values(self) -> tuple[Any, Any]:
        """The two losses."""
        return self._functions[0], self._functions[1]

    @cached_property
    def test_function(self) -> Any:
        """The observable phi."""
        return self._functions[2]

    def scaled(self, number: Any, element: Any) -> Any:
        """A rational ``number`` (int, Fraction) times an element or array of elements."""
        number = Fraction(number)
        return element * self.ring.domain(number.numerator, number.denominator)

    def gradient(self, function: Any) -> np.ndarray:
        """The derivatives in x and y, (2,)."""
        found = np.empty(2, dtype=object)
        for k in range(2):
            found[k] = self.ring(function).diff(self.ring.gens[k])
        return found

    def mean(self, quantity: Any) -> Any:
        """E of ``quantity(loss)`` over the two values."""
        q = self.ring.gens[2]
        return quantity(self.values[0]) * q + quantity(self.values[1]) * (1 - q)

    @cached_property
    def mean_loss(self) -> Any:
        """L = E R."""
        return self.mean(lambda loss: loss)

    @cached_property
    def noise(self) -> np.ndarray:
        """Sigma = Cov(grad R), (2, 2)."""
        second = self.mean(lambda loss: np.multiply.outer(self.gradient(loss), self.gradient(loss)))
        first = self.gradient(self.mean_loss)
        return second - np.multiply.outer(first, first)

    def squared_gradient(self, function: Any) -> Any:
        """|grad function|^2."""
        return (self.gradient(function) ** 2).sum()

    def after_one_step(self) -> list[Any]:
        """Coefficients of 1, eta, eta^2 in E phi(theta - eta grad R)."""
        phi = self.test_function
        hessian = self._hessian(phi)
        first = self.mean(lambda loss: -(self.gradient(loss) * self.gradient(phi)).sum())
        second = self.mean(lambda loss: self.gradient(loss) @ hessian @ self.gradient(loss))
        return [phi, first, self.scaled(Fraction(1, 2), second)]

    def after_a_diffusion(self, drift: Sequence[np.ndarray], noise: np.ndarray) -> list[Any]:
        """Coefficients of 1, eta, eta^2 in E phi after time eta of dTheta = (drift_0 + eta drift_1) dt + sqrt(eta) noise^(1/2) dW.

        E phi = phi + eta A phi + (eta^2/2) A^2 phi + ... by the generator A phi = (drift_0 + eta drift_1) . grad phi
        + (eta/2) noise : Hess phi.
        """
        phi = self.test_function
        along = lambda field, function: (field * self.gradient(function)).sum()
        first = along(drift[0], phi)
        second = along(drift[1], phi) + self.scaled(Fraction(1, 2), (noise * self._hessian(phi)).sum() + along(drift[0], first))
        return [phi, first, second]

    def _hessian(self, function: Any) -> np.ndarray:
        return np.stack([self.gradient(entry) for entry in self.gradient(function)])

    def at_origin(self, element: Any) -> Any:
        """The value at x = y = 0 as a sympy expression in q and the coefficients."""
        x, y = self.ring.gens[:2]
        return self.ring(element).subs([(x, 0), (y, 0)]).as_expr()

    def defects(self, correction: Any, *, noise: np.ndarray | None = None) -> list[Any]:
        """The step's coefficients of 1, eta, eta^2 less those of the diffusion of drift -grad(L + (eta/4) ``correction``).

        Sympy polynomials. All zero up to order k: the diffusion is of weak order k, for smooth losses with bounded derivatives
        (Milstein's theorem).
        """
        drift = [-self.gradient(self.mean_loss), self.scaled(Fraction(-1, 4), self.gradient(correction))]
        flow = self.after_a_diffusion(drift, self.noise if noise is None else noise)
        return [self.at_origin(first - second) for first, second in zip(self.after_one_step(), flow, strict=True)]


def flow_defects(factor: Any) -> list[list[Any]]:
    """Coefficients of eta and eta^2, two entries each, in theta - eta grad R less the time-eta flow of R + ``factor`` eta |grad R|^2.

    Both vanish for ``factor`` 1/4, so the flow misses a step by O(eta^3); for any other rational the second does not.
    """
    model = RandomLoss()
    loss = model.values[0]
    zero = model.gradient(model.ring(0))
    step = [-model.gradient(loss), zero]
    field = [-model.gradient(loss), model.scaled(-Fraction(factor), model.gradient(model.squared_gradient(loss)))]
    bent = np.array([(field[0] * model.gradient(entry)).sum() for entry in field[0]], dtype=object)  # the field along itself
    flow = [field[0], field[1] + model.scaled(Fraction(1, 2), bent)]
    return [[model.at_origin(entry) for entry in first - second] for first, second in zip(step, flow, strict=True)]
