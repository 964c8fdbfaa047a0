r"""Proof that an orbit converges: it is followed in balls until it lies in a box that the map contracts.

For a map Phi of R^n, a centre c, an invertible matrix V and a radius R let B = {c + V y: |y| <= R}. If

    |V^{-1} Phi'(z) V| <= q < 1 for all z in B        and        |V^{-1} (Phi(c) - c)| <= (1 - q) R,

then Phi maps B into itself and contracts it by q in the norm |V^{-1} .|, hence (Banach) B holds exactly one fixed point, and every orbit
that enters B converges to it, by a factor q at each step. So a run is proved convergent by finitely many steps. All norms are Euclidean;
Phi' is enclosed on the box around B. V comes from Lyapunov's equation for Phi'(c), which works for complex pairs and Jordan blocks alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.derivatives.dual import jacobian_of

Map = Callable[[np.ndarray], Any]

#: Radii of the box that are tried, the largest first.
RADII = tuple(f"{digit}e-{k}" for k in range(1, 9) for digit in (3, 1))
#: The basis belongs to a factor this far on the way from the spectral radius to 1; a radius is good where the norm stays below twice that.
SLACK = 0.1
#: Steps between two looks whether the orbit is inside.
LOOK = 16


@dataclass(frozen=True)
class Region:
    """B = {centre + basis y: |y| <= radius}, which a map contracts by ``norm``; decimals as text."""

    centre: tuple[str, ...]
    basis: tuple[tuple[str, ...], ...]
    radius: str
    norm: str

    def certificate(self) -> dict[str, Any]:
        """Plain data from which the two inequalities are shown again."""
        return {"centre": list(self.centre), "basis": [list(row) for row in self.basis], "radius": self.radius, "norm": self.norm}

    def coordinates(self, point: np.ndarray) -> np.ndarray:
        """y = V^{-1} (point - centre), in balls."""
        return _solved(balls(self.basis), point - balls(self.centre))

    def hull(self) -> np.ndarray:
        """The smallest box around B, in balls."""
        from flint import arb

        radius, rows = ball(self.radius), balls(self.basis)
        spread = [_square(row).sqrt() * radius for row in rows]
        return np.array([c + arb(0, s.upper()) for c, s in zip(balls(self.centre), spread, strict=True)], dtype=object)


@dataclass(frozen=True)
class Trap:
    """An orbit that lies in ``region`` after ``steps`` steps, shown in balls of ``bits`` bits."""

    steps: int
    region: Region
    bits: int

    @property
    def norm(self) -> float:
        """Factor by which the distance to the fixed point shrinks at each step from then on, or a smaller one."""
        return float(self.region.norm)

    def certificate(self) -> dict[str, Any]:
        """Plain data; what the map and the orbit are must be said beside it."""
        return {"steps": self.steps, "bits": self.bits, **self.region.certificate()}


def contracted(step: Map, centre: Iterable[Any], *, bits: int = 200, radius: str | None = None) -> Region:
    """A region around ``centre`` (decimals, near a fixed point) that ``step`` contracts: the largest of :data:`RADII`, or of ``radius``.

    ``step`` maps an object array of balls or duals to as many. Raises NotCertified where the derivative at
    the centre has no spectral radius below 1, or no radius is small enough.
    """
    centre = tuple(map(str, centre))
    derivative = jacobian_of(step)
    with working_precision(bits):
        at_centre = derivative(balls(centre))
        basis, target = _basis(np.array(at_centre, dtype=float))
        move = _solved(balls(basis), np.array(list(step(balls(centre))), dtype=object) - balls(centre))
        for candidate in (radius,) if radius else RADII:
            region = Region(centre, basis, candidate, "1")
            if norm := _norm_on(region, derivative, target):
                if _square(move) <= ((1 - ball(norm)) * ball(candidate)) ** 2:
                    return Region(centre, basis, candidate, norm)
    raise NotCertified(f"the map does not contract the box of radius {radius or RADII[-1]} around the centre by less than {target:.6g}")


def trap(
    step: Map,
    states: Iterable[Any],
    centre: Iterable[Any],
    *,
    point: Callable[[Any], np.ndarray] = lambda state: state,
    bits: int = 600,
    radius: str | None = None,
    most: int,
) -> Trap:
    """Follow ``states`` (balls of ``bits`` bits) until their ``point``, in the coordinates of ``step``, is in a region around ``centre``.

    Raises NotCertified where there is no such region, or the orbit is not inside after ``most`` steps.
    """
    region = contracted(step, centre, radius=radius)
    inverse, middle = np.linalg.inv(np.array(region.basis, dtype=float)), np.array(region.centre, dtype=float)
    nearest = np.inf
    with working_precision(bits):
        bound = ball(region.radius) ** 2
        for steps, state in enumerate(islice(states, most + 1)):
            if steps % LOOK:
                continue
            at = point(state)
            distance = np.linalg.norm(inverse @ (np.array(at, dtype=float) - middle))  # a quick look; balls decide
            nearest = np.fmin(nearest, distance)
            if distance < float(region.radius) and _square(region.coordinates(at)) <= bound:
                return Trap(steps, region, bits)
    raise NotCertified(
        f"the orbit did not enter the region within {most} steps; the nearest it came is {nearest / float(region.radius):.3g} radii"
    )


def _basis(J: np.ndarray) -> tuple[tuple[tuple[str, ...], ...], float]:
    """V with |V^{-1} J V| at most the second value, which is below 1, up to rounding."""
    from scipy.linalg import solve_discrete_lyapunov

    spectral = float(np.abs(np.linalg.eigvals(J)).max())
    if not spectral < 1 - 1e-9:
        raise NotCertified(f"the fixed point does not attract: the spectral radius is {spectral:.9g}")
    factor = spectral + SLACK * (1 - spectral)
    # sum (J^T)^i J^i / factor^(2i) = P = L L^T gives |J|_P <= factor, and |z|_P = |L^T z|.
    P = solve_discrete_lyapunov(J.T / factor, np.eye(len(J)))
    V = np.linalg.inv(np.linalg.cholesky(P).T)
    V = V / np.abs(V).max()
    return tuple(tuple(f"{entry:.12g}" for entry in row) for row in V), spectral + 2 * SLACK * (1 - spectral)


def _norm_on(region: Region, derivative: Callable[[np.ndarray], np.ndarray], target: float) -> str | None:
    """A decimal, about ``target``, that bounds |V^{-1} Phi'(z) V| on the hull of the region with something to spare; None where none is
    shown. A referee encloses the derivative in another way, not always as narrowly.
    """
    A = _transformed(balls(region.basis), derivative(region.hull()))
    if not all(entry.is_finite() for entry in A.ravel()):
        return None
    middle = float(np.linalg.norm(np.array(A, dtype=float), 2))
    spare = f"{(middle + target) / 2:.9f}"
    return f"{target:.9f}" if middle < target and norm_at_most(A, ball(spare)) else None


def norm_at_most(A: np.ndarray, bound: Any) -> bool:
    """Whether the spectral norm of every matrix in the ball matrix ``A`` is below ``bound``: bound^2 - A^T A is positive definite."""
    S = -(A.T @ A)
    for k in range(len(S)):
        S[k, k] = S[k, k] + bound * bound
    for k in range(len(S)):  # elimination without pivoting: all pivots are positive
        if not S[k, k] > 0:
            return False
        for i in range(k + 1, len(S)):
            S[i, k:] = S[i, k:] - S[k, k:] * (S[i, k] / S[k, k])
    return True


def _transformed(V: np.ndarray, J: np.ndarray) -> np.ndarray:
    return np.stack([_solved(V, column) for column in (J @ V).T], axis=1)


def _solved(V: np.ndarray, right: np.ndarray) -> np.ndarray:
    from flint import arb_mat

    n = len(V)
    entries = arb_mat(n, n, V.ravel().tolist()).solve(arb_mat(n, 1, right.tolist())).entries()
    found = np.empty(n, dtype=object)
    found[:] = entries
    return found


def _square(vector: np.ndarray) -> Any:
    return sum((entry * entry for entry in vector[1:]), vector[0] * vector[0])
