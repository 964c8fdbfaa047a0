"""Gradient flow with an adaptive step of its own for every network: the pair of Dormand and Prince (1980), order 5(4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numerics.train.general import losses_and_gradients
from numerics.train.methods import GradientFlow
from numerics.train.problem import Problem
from numerics.train.result import Status
from numerics.train.session import Look

#: Rows of the Butcher tableau below the first; the last row is the step itself, so its slope opens the next step.
STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
#: Weights of the difference between the results of order 5 and 4.
ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


class FlowSession:
    """theta' = -gradient, all networks in step with the loop but each at its own time; a step is one attempt."""

    def __init__(
        self,
        problem: Problem,
        method: GradientFlow,
        state: dict[str, np.ndarray],
        device: str = "cpu",
        evaluate: Callable | None = None,
    ) -> None:
        import torch

        tensor = lambda array: torch.as_tensor(array, dtype=torch.float64, device=device).clone()
        self.method, self.evaluate = method, evaluate or losses_and_gradients(problem)
        self.theta, self.steps = tensor(problem.theta), problem.steps.copy()
        self.data = tensor(problem.X), tensor(problem.Y), tensor(problem.weights)
        self.loss, self.slope = self._slope(self.theta)
        self.time = tensor(state.get("time", np.zeros(len(self.theta))))
        self.step_size = tensor(state["step_size"]) if "step_size" in state else self._first_step()

    def advance(self, steps: int) -> None:
        for _ in range(steps):
            self._advance_once()

    def _advance_once(self) -> None:
        import torch

        remaining = self.method.time - self.time
        self.steps += (remaining > 0).cpu().numpy()
        h = torch.minimum(self.step_size, remaining)
        theta, loss, slope, error = self._attempt(h[:, None])
        accepted = torch.isfinite(loss) & (error <= 1)
        column = accepted[:, None]
        self.theta, self.slope = torch.where(column, theta, self.theta), torch.where(column, slope, self.slope)
        self.loss = torch.where(accepted, loss, self.loss)
        time = torch.where(h == remaining, self.method.time, self.time + h)
        self.time = torch.where(accepted, time, self.time)
        error = torch.nan_to_num(error, nan=1e10, posinf=1e10)
        grown = h * (0.9 * error.clamp(min=1e-10) ** -0.2).clamp(0.2, 5.0)
        # a last step cut short by the end time says nothing against the longer step
        self.step_size = torch.where(accepted & (h < self.step_size), self.step_size, grown)

    def look(self) -> Look:
        ended = np.full(len(self.steps), None)
        ended[(self.time >= self.method.time).cpu().numpy()] = Status.TIME_REACHED
        return Look(self.theta.cpu().numpy().copy(), self.loss.cpu().numpy().copy(), self.steps.copy(), ended)

    def remembered(self) -> dict[str, np.ndarray]:
        return {"time": self.time.cpu().numpy().copy(), "step_size": self.step_size.cpu().numpy().copy()}

    def _slope(self, theta: Any) -> tuple[Any, Any]:
        loss, gradient = self.evaluate(theta, *self.data)
        return loss, -gradient

    def _first_step(self) -> Any:
        """One percent of the time in which the first slope would change theta by its own size."""
        import torch

        size, speed = self.theta.abs().amax(1), self.slope.abs().amax(1)
        return torch.where((size > 0) & (speed > 0), 0.01 * size / speed, 0.01)

    def _attempt(self, h: Any) -> tuple[Any, Any, Any, Any]:
        """Result, loss and slope there, and estimated error over tolerance, of a step of size h (b, 1)."""
        import torch

        slopes = [self.slope]
        for row in STAGES:
            theta = self.theta + h * sum(a * k for a, k in zip(row, slopes, strict=True) if a)
            loss, slope = self._slope(theta)
            slopes.append(slope)
        error = (h * sum(e * k for e, k in zip(ERROR, slopes, strict=True) if e)).abs().amax(1)
        size = torch.maximum(self.theta.abs(), theta.abs()).amax(1)
        tolerance = self.method.atol + self.method.rtol * size
        return theta, loss, slope, torch.where(error == 0, 0.0, error / tolerance)
