r"""One step of gradient descent with random gradients against flows and diffusions, order by order in the step size.

All is symbolic and generic: the losses are undefined functions of two parameters, so an identity in their derivatives holds for all
losses. Two parameters suffice for all numbers of parameters: in every term each index is that of a derivative in one direction, and at most
two different ones meet. Two values of the gradient suffice for all laws, as up to second order the mean over a step depends
on the law through the mean of g and of g g^T alone.

Sources: backward error analysis (Barrett, Dherin, 2009.11162) as 2207.05952, appendix B.2, uses it; stochastic modified equations
(Li, Tai, E, 1511.06251) as 2305.15850 uses them for dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class RandomLoss:
    """A loss that is one of two generic functions of (x, y), the first with probability q; entries are sympy expressions."""

    @cached_property
    def parameters(self) -> tuple[Any, Any]:
        """The symbols x and y."""
        import sympy

        return sympy.symbols("x y")

    @cached_property
    def step(self) -> Any:
        """The symbol eta of the step size."""
        import sympy

        return sympy.Symbol("eta")

    @cached_property
    def values(self) -> tuple[Any, Any]:
        """The two losses."""
        import sympy

        return tuple(sympy.Function(name)(*self.parameters) for name in ("R", "S"))

    @cached_property
    def probabilities(self) -> tuple[Any, Any]:
        """q and 1 - q."""
        import sympy

        q = sympy.Symbol("q")
        return q, 1 - q

    @cached_property
    def test_function(self) -> Any:
        """A generic observable of (x, y)."""
        import sympy

        return sympy.Function("phi")(*self.parameters)

    def gradient(self, loss: Any) -> np.ndarray:
        """The derivatives of an expression in x and y, (2,)."""
        import sympy

        return np.array([sympy.diff(loss, symbol) for symbol in self.parameters], dtype=object)

    def mean(self, quantity: Any) -> Any:
        """E of ``quantity(loss)`` over the two values."""
        return sum(p * quantity(loss) for p, loss in zip(self.probabilities, self.values, strict=True))

    @cached_property
    def mean_loss(self) -> Any:
        """L = E R."""
        return self.mean(lambda loss: loss)

    def noise(self) -> np.ndarray:
        """Sigma = Cov(grad R), (2, 2)."""
        second = self.mean(lambda loss: np.multiply.outer(self.gradient(loss), self.gradient(loss)))
        first = self.gradient(self.mean_loss)
        return second - np.multiply.outer(first, first)

    def squared_gradient(self, loss: Any) -> Any:
        """|grad loss|^2."""
        return (self.gradient(loss) ** 2).sum()

    def after_one_step(self) -> list[Any]:
        """Coefficients of 1, eta, eta^2 in E phi(theta - eta grad R)."""
        phi = self.test_function
        hessian = self._hessian(phi)
        first = self.mean(lambda loss: -(self.gradient(loss) * self.gradient(phi)).sum())
        second = self.mean(lambda loss: self.gradient(loss) @ hessian @ self.gradient(loss)) / 2
        return [phi, first, second]

    def after_a_diffusion(self, drift: Sequence[np.ndarray], noise: np.ndarray) -> list[Any]:
        """Coefficients of 1, eta, eta^2 in E phi after time eta of dTheta = (drift_0 + eta drift_1) dt + sqrt(eta) noise^(1/2) dW.

        E phi = phi + eta A phi + (eta^2/2) A^2 phi + ... by the generator A phi = (drift_0 + eta drift_1) . grad phi
        + (eta/2) noise : Hess phi.
        """
        phi = self.test_function
        along = lambda field, function: (field * self.gradient(function)).sum()
        first = along(drift[0], phi)
        second = along(drift[1], phi) + (noise * self._hessian(phi)).sum() / 2 + along(drift[0], first) / 2
        return [phi, first, second]

    def _hessian(self, function: Any) -> np.ndarray:
        return np.stack([self.gradient(entry) for entry in self.gradient(function)])

    def defects(self, correction: Any, *, noise: np.ndarray | None = None) -> list[Any]:
        """The step's coefficients of 1, eta, eta^2 less those of the diffusion of drift -grad(L + (eta/4) ``correction``), expanded.

        All zero up to order k: the diffusion is of weak order k, for smooth losses with bounded derivatives (Milstein's theorem).
        """
        import sympy

        drift = [-self.gradient(self.mean_loss), -self.gradient(correction) / 4]
        flow = self.after_a_diffusion(drift, self.noise() if noise is None else noise)
        return [sympy.expand(first - second) for first, second in zip(self.after_one_step(), flow, strict=True)]


def flow_defects(factor: Any) -> list[np.ndarray]:
    """Coefficients of eta and eta^2, (2,) each, in a step theta - eta grad R less the time-eta flow of R + ``factor`` eta |grad R|^2.

    Both vanish for ``factor`` 1/4, so the flow misses a step by O(eta^3); for any other the second does not.
    """
    import sympy

    model = RandomLoss()
    loss = model.values[0]
    step = [-model.gradient(loss), np.array([0, 0], dtype=object)]
    field = [-model.gradient(loss), -factor * model.gradient(model.squared_gradient(loss))]
    bent = np.array([(field[0] * model.gradient(entry)).sum() for entry in field[0]], dtype=object)  # the field along itself
    flow = [field[0], field[1] + bent / 2]
    return [np.frompyfunc(sympy.expand, 1, 1)(first - second) for first, second in zip(step, flow, strict=True)]
