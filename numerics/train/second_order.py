"""Second-order sessions for batches: Levenberg-Marquardt and minimum-norm Gauss-Newton on weighted residuals.

With r = sqrt(weight) (f - y) and its Jacobian J the squared loss is |r|^2; the cross-entropy has residuals whose J^T r and J^T J are
half of its gradient and of its Gauss-Newton matrix (numerics.train.losses). Neither method forms J^T J: damped steps come from a QR
factorization of J stacked on sqrt(damping) I, minimum-norm steps from the singular values (Nocedal and Wright, Numerical Optimization,
ch. 10).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from numerics.derivatives.batched import tangents
from numerics.train.losses import loss_value, residuals
from numerics.train.methods import GaussNewton, LevenbergMarquardt
from numerics.train.problem import Problem
from numerics.train.result import Status
from numerics.train.session import Look


class _Residuals:
    """r (b, N) and J (b, N, P) of a batch, N = samples * outputs."""

    def __init__(self, problem: Problem, device: str) -> None:
        import torch

        tensor = lambda array: torch.as_tensor(array, dtype=torch.float64, device=device)
        self.problem = problem
        self.X, self.Y, self.weights = tensor(problem.X), tensor(problem.Y), tensor(problem.weights)

    def losses(self, theta: Any) -> Any:
        """(b,) the losses themselves."""
        if self.problem.is_theory_model:
            output = self.problem.forward(theta, self.X)
        else:
            output = self._vmapped(self.problem.model)(theta, self.X)
        return loss_value(self.problem.loss, output, self.Y, self.weights)

    def with_jacobian(self, theta: Any) -> tuple[Any, Any]:
        import torch

        if self.problem.is_theory_model:
            output, J = tangents(self.problem.model, theta, self.X, forward=self.problem.forward)
        else:
            output = self._vmapped(self.problem.model)(theta, self.X)
            J = self._vmapped(torch.func.jacrev(self.problem.model))(theta, self.X)
        return residuals(self.problem.loss, output, self.Y, self.weights, J)

    def _vmapped(self, function: Any) -> Any:
        import torch

        return torch.func.vmap(function, in_dims=(0, 0 if self.problem.X_batched else None))


class _NewtonSession(ABC):
    """Iterations on residuals; a network whose state is no longer finite stays where it is."""

    def __init__(self, problem: Problem, method: Any, state: dict[str, np.ndarray], device: str = "cpu") -> None:
        import torch

        self.method, self.residuals = method, _Residuals(problem, device)
        self.theta = torch.as_tensor(problem.theta, dtype=torch.float64, device=device).clone()
        self.steps = problem.steps.copy()
        self.ended = np.full(len(self.steps), None)
        self.going = np.full(len(self.steps), True)
        with torch.no_grad():
            self.loss = self.residuals.losses(self.theta)

    def look(self) -> Look:
        return Look(self.theta.cpu().numpy().copy(), self.loss.cpu().numpy().copy(), self.steps.copy(), self.ended.copy())

    def remembered(self) -> dict[str, np.ndarray]:
        return {}

    def advance(self, steps: int) -> None:
        import torch

        for _ in range(steps):
            self.steps += self.going
            r, J = self.residuals.with_jacobian(self.theta)
            with torch.no_grad():
                self.step(r, torch.where(torch.isfinite(J).all(2).all(1)[:, None, None], J, 0.0))

    @abstractmethod
    def step(self, r: Any, J: Any) -> None:
        """One step of every network from residuals ``r`` (b, n) and Jacobians ``J`` (b, n, P)."""


class GaussNewtonSession(_NewtonSession):
    """theta <- theta - pinv(J) r: among the steps that solve the linearized problem the shortest."""

    method: GaussNewton

    def step(self, r: Any, J: Any) -> None:
        """One full step."""
        import torch

        U, s, Vh = torch.linalg.svd(J, full_matrices=False)
        kept = s > self.method.cutoff * s[:, :1]
        inverse = torch.where(kept, 1 / torch.where(kept, s, 1.0), 0.0)
        step = (Vh.mT @ (inverse[..., None] * (U.mT @ r[..., None])))[..., 0]
        self.theta = self.theta - step
        self.loss = self.residuals.losses(self.theta)


class LevenbergMarquardtSession(_NewtonSession):
    """A step is taken only when it lowers the loss, so that a network cannot diverge from a finite start."""

    method: LevenbergMarquardt

    def __init__(self, problem: Problem, method: Any, state: dict[str, np.ndarray], device: str = "cpu") -> None:
        import torch

        super().__init__(problem, method, state, device)
        initial = state.get("damping", np.full(len(self.theta), method.damping))
        self.damping = torch.as_tensor(initial, dtype=torch.float64, device=device).clone()

    def remembered(self) -> dict[str, np.ndarray]:
        return {"damping": self.damping.cpu().numpy().copy()}

    def step(self, r: Any, J: Any) -> None:
        """Try one damped step; the damping falls where it is taken and grows elsewhere."""
        import torch

        flat = (J.mT @ r[..., None])[..., 0].norm(dim=1) <= self.method.gradient_tolerance
        spent = self.damping > 1e16 * J.square().sum((1, 2)).clamp(min=1.0)
        stationary = self.going & (flat | spent).cpu().numpy()
        self.ended[stationary] = Status.STATIONARY
        self.going &= ~stationary
        going = torch.as_tensor(self.going, device=self.theta.device)
        trial = self.theta + damped_step(J, r, self.damping)
        loss = self.residuals.losses(trial)
        better = going & (loss < self.loss)
        self.theta = torch.where(better[:, None], trial, self.theta)
        self.loss = torch.where(better, loss, self.loss)
        factor = torch.where(better, self.method.decrease, self.method.increase)
        self.damping = torch.where(going, self.damping * factor, self.damping).clamp(min=1e-300)


SESSIONS = {GaussNewton: GaussNewtonSession, LevenbergMarquardt: LevenbergMarquardtSession}


def damped_step(J: Any, r: Any, damping: Any) -> Any:
    """-(J^T J + damping I)^-1 J^T r for J (b, N, P), r (b, N), damping (b,): least squares on J over sqrt(damping) I."""
    import torch

    b, N, P = J.shape
    root = damping.sqrt()[:, None, None]
    eye = root * torch.eye(min(N, P), dtype=J.dtype, device=J.device)
    if N >= P:
        Q, R = torch.linalg.qr(torch.cat([J, eye], dim=1))
        return -torch.linalg.solve_triangular(R, Q[:, :N].mT @ r[..., None], upper=True)[..., 0]
    # J^T (J J^T + damping I)^-1 r, the N x N matrix being R^T R
    R = torch.linalg.qr(torch.cat([J.mT, eye], dim=1), mode="r").R
    half = torch.linalg.solve_triangular(R.mT, r[..., None], upper=False)
    return -(J.mT @ torch.linalg.solve_triangular(R, half, upper=True))[..., 0]
