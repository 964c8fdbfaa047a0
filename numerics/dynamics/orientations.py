r"""Where the hidden weights of a small network are going to point, from its data and its activation alone, with proofs.

The orientations are the maxima and minima on the sphere of the leading form V(u) = sum_i c_i (u . x_i)^p, see
:mod:`theory.dynamics.condensation`. For p = 1 they are +-z, on the circle (D = 2) they are counted by Sturm's theorem, for p = 2 they are
the extreme eigenvectors of sum_i c_i x_i x_i^T; then the list is complete. Otherwise ascents from many starts find them: each one found
is proved by Krawczyk's test and the inertia of its Hessian, but that there is no other one is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numerics.arithmetic.exact import fraction, rationals
from numerics.arithmetic.krawczyk import NotCertified, balls, certify_zero, working_precision
from numerics.arithmetic.real_roots import MAXIMUM, MINIMUM, circle_morse
from numerics.hessian.inertias import ball_inertia
from theory.activations import Activation
from theory.dynamics.condensation import LeadingForm, centred, mean_input, origin
from theory.dynamics.condensation.forms import powers
from theory.elementary import entrywise

#: Unit directions with a larger inner product are the same one: two nondegenerate maxima that close would have to be told apart by balls.
SAME = 1 - 1e-9
BITS = 128
#: How far the shift of the power iteration makes the form convex, relative to its largest value.
SHIFT = 1e-3


@dataclass(frozen=True)
class Orientation:
    """A unit ``direction`` (D,) that attracts the neurons with sign(a_j sigma^(p)(0)) = ``side`` (+1: maximum of V, -1: minimum).

    ``growing``: ``side`` V > 0 there, so that weights and output weights grow along it; where it is negative they turn to the direction
    but shrink, and a_j may change its sign; None where V is too near 0 to tell. ``certificate`` is plain data that proves the direction
    (the exact z, an isolating interval, a Krawczyk box), None where no proof was found.
    """

    direction: np.ndarray
    side: int
    growing: bool | None
    certificate: dict[str, Any] | None


@dataclass(frozen=True)
class Prediction:
    """Orientations of a network of small weights; ``complete`` says that there are proved to be no others.

    ``multiplicity`` is p; ``single_signed`` says that sigma(0) != 0 has given all a_j one sign, so that one side alone is there; ``form``
    is V, whose labels then are centred.
    """

    multiplicity: int
    single_signed: bool
    form: LeadingForm
    orientations: list[Orientation] = field(default_factory=list)
    complete: bool = False

    @property
    def directions(self) -> np.ndarray:
        """All directions as rows (k, D)."""
        return np.array([orientation.direction for orientation in self.orientations]).reshape(-1, self.form.dimension)

    @property
    def growing(self) -> list[Orientation]:
        """Those along which weights grow: where a network that starts small is seen to condense."""
        return [orientation for orientation in self.orientations if orientation.growing]

    @property
    def certified(self) -> bool:
        """Whether every direction is proved."""
        return all(orientation.certificate is not None for orientation in self.orientations)

    def to_data(self) -> dict[str, Any]:
        """Plain data from which every direction that was proved is proved again (examples/check_orientation.py)."""
        text = lambda values: [str(fraction(value)) for value in values]
        proved = [(o, o.certificate) for o in self.orientations if o.certificate is not None]
        return {
            "kind": "orientations of a small network",
            "p": self.multiplicity,
            "x": [text(row) for row in self.form.x],
            "c": text(self.form.c),
            "sides": sorted({o.side for o in self.orientations}, reverse=True),
            "complete": self.complete,
            "orientations": [{"direction": o.direction.tolist(), "side": o.side, "growing": o.growing, **proof} for o, proof in proved],
        }

    def closest(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For every row of ``weights`` (m, D) the largest cosine with a direction and which one; (m,), (m,)."""
        units = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        cosines = units @ self.directions.T
        return cosines.max(axis=1), cosines.argmax(axis=1)


def predict_orientations(
    sigma: Activation | str, x: Any, y: Any, *, starts: int = 400, rng: np.random.Generator | None = None
) -> Prediction:
    """Orientations of a two-layer network with activation ``sigma``, small weights and inputs ``x`` (n, D), labels ``y`` (n,).

    A bias is a column of ones in ``x``, see :func:`theory.dynamics.condensation.augmented`. Numbers are read as the exact
    rationals they are.
    ``starts``: number of ascents where p >= 3 and D >= 3. Raises ValueError where sigma has no multiplicity, D < 2, all labels vanish
    (or, sigma(0) != 0, are equal), or V is constant on the sphere: then no direction is preferred.
    """
    at_zero = origin(sigma)
    x, y = _read(x, y)
    sides = (1, -1)
    if at_zero.offset:
        mean = y.sum()
        y = centred(y)
        if mean != 0:
            sides = (_sign(mean) * _sign(float(at_zero.value)) * _sign(float(at_zero.derivative)),)
        if not y.any():
            raise ValueError(
                "labels must not all be equal where sigma(0) != 0: the output fits their mean and nothing else moves the weights"
            )
    if not y.any():
        raise ValueError("labels must not all be 0: then nothing moves the weights")
    form = LeadingForm(x, y, at_zero.multiplicity)
    complete = form.p <= 2 or form.dimension == 2
    if form.p == 1:
        found = _linear(form, sides)
    elif form.dimension == 2:
        found = _on_the_circle(form, sides)
    else:
        found = _on_the_sphere(form, sides, starts, rng or np.random.default_rng(0))
        complete = complete and all(orientation.certificate for orientation in found)
    return Prediction(form.p, len(sides) == 1, form, found, complete)


def _read(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = rationals(x), rationals(y)
    if x.ndim != 2 or y.shape != x.shape[:1] or not len(y):
        raise ValueError(f"expected inputs (n, D) and labels (n,) with n >= 1, got shapes {x.shape} and {y.shape}")
    if x.shape[1] < 2:
        raise ValueError(
            f"inputs must have D >= 2 entries, the bias included, got D = {x.shape[1]}: on a line there are two directions only"
        )
    return x, y


def _sign(value: Any) -> int:
    return 1 if value > 0 else -1


def _linear(form: LeadingForm, sides: tuple[int, ...]) -> list[Orientation]:
    z = mean_input(form.x, form.c)
    if not z.any():
        raise ValueError("sum_i y_i x_i must not be 0 for multiplicity 1: the leading field vanishes and no direction is preferred")
    direction = _floats(z / max(abs(entry) for entry in z))
    direction /= np.linalg.norm(direction)
    return [Orientation(side * direction, side, True, {"z": [str(fraction(entry)) for entry in z]}) for side in sides]


def _on_the_circle(form: LeadingForm, sides: tuple[int, ...]) -> list[Orientation]:
    coefficients = form.binary()
    morse, found = circle_morse(coefficients, width="1e-18"), []
    texts = [str(fraction(c)) for c in coefficients]
    for side in sides:
        kind = MAXIMUM if side > 0 else MINIMUM
        for direction, line in morse.extrema(kind):
            end = lambda value: None if value is None else str(fraction(value))
            certificate = {"form": texts, "lower": end(line.root.lower), "upper": end(line.root.upper), "kind": kind}
            found.append(Orientation(direction, side, _growing(form, direction, side), certificate))
    return found


def _growing(form: LeadingForm, direction: np.ndarray, side: int) -> bool | None:
    """Whether ``side`` V > 0 within 1e-12 of ``direction``: wider than any certificate, and V is not that steep unless it is near 0."""
    from flint import arb

    with working_precision(BITS):
        near = balls(direction) + arb(0, 1e-12)
        value = side * LeadingForm(balls(form.x), balls(form.c), form.p)(near)
        return True if value > 0 else False if value < 0 else None


def _on_the_sphere(form: LeadingForm, sides: tuple[int, ...], starts: int, rng: np.random.Generator) -> list[Orientation]:
    size = (abs(form.c) * powers((form.x * form.x).sum(axis=1), form.p // 2)).sum()
    scale = _power_of_two(size)
    form = LeadingForm(form.x, form.c / scale, form.p)  # a positive factor moves no direction, and keeps V of order one
    unit = _power_of_two(max(abs(entry) for entry in form.x.ravel()))  # inputs and labels by themselves may be beyond the floats
    floats, found = LeadingForm(_floats(form.x / unit), _floats(form.c * unit**form.p), form.p), []
    with working_precision(BITS):
        exact = LeadingForm(balls(form.x), balls(form.c), form.p)
    for side in sides:
        for direction in _extrema(floats, side, starts, rng):
            certificate = _certified(exact, direction, side)
            found.append(
                Orientation(direction, side, _growing(form, direction, side), certificate and {"scale": str(scale), **certificate})
            )
    return found


def _extrema(form: LeadingForm, side: int, starts: int, rng: np.random.Generator) -> np.ndarray:
    """Directions (k, D) at which ``side`` V is largest near by: extreme eigenvectors, or where ascents end."""
    if form.p == 2:
        values, vectors = np.linalg.eigh(side * form.hessian(np.zeros(form.dimension)))
        return np.array([vectors[:, -1], -vectors[:, -1]])
    u = rng.normal(size=(starts, form.dimension))
    return _distinct(form, ascend(form, u / np.linalg.norm(u, axis=1, keepdims=True), side), side)


def ascend(form: LeadingForm, u: np.ndarray, side: int, *, steps: int = 1000) -> np.ndarray:
    """Unit directions (k, D) where ``side`` V grew from ``u`` until it stood still: power iteration, shifted to be locally convex.

    Kolda and Mayo, An adaptive shifted power method, SIAM J. Matrix Anal. Appl. 35(4), 2014; a step that does not raise V is halved.
    """
    value = side * form(u)
    for _ in range(steps):
        least = np.linalg.eigvalsh(side * form.hessian(u))[:, :1]
        target = side * form.gradient(u) + np.maximum(0, SHIFT * np.abs(value).max() - least) * u
        moved = target / np.linalg.norm(target, axis=1, keepdims=True)
        after = side * form(moved)
        worse = after < value
        moved[worse] += u[worse]
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        change, u, value = np.abs(moved - u).max(), moved, side * form(moved)
        if change < 1e-12:
            break
    return u


def _distinct(form: LeadingForm, directions: np.ndarray, side: int) -> np.ndarray:
    kept: list[np.ndarray] = []
    for u in sorted(directions, key=lambda u: -side * form(u)):
        if all(u @ other < SAME for other in kept):
            kept.append(u)
    return np.array(kept).reshape(-1, form.dimension)


def _certified(form: LeadingForm, direction: np.ndarray, side: int) -> dict[str, Any] | None:
    """A Krawczyk box for (u, lambda) with grad V(u) = p lambda u, |u| = 1, on which the Hessian along the sphere has one sign."""
    system = lambda v: _critical(form, v)
    with working_precision(BITS):
        u = balls(direction)
        start = [*direction, float((form.gradient(u) @ u / form.p).mid())]
        try:
            box = certify_zero(system, start, jacobian=lambda v: _critical_jacobian(form, v), bits=BITS)
        except NotCertified:
            return None
        counts = ball_inertia(side * _critical_jacobian(form, box.enclosure))
    # the border adds one positive and one negative square to the form on vectors orthogonal to u
    if (counts.negative, counts.positive) != (form.dimension, 1):
        return None
    return {"unknowns": "direction, then V over scale", **box.certificate()}


def _critical(form: LeadingForm, v: np.ndarray) -> list[Any]:
    u, value = v[:-1], v[-1]
    gradient = form.gradient(u) / form.p
    return [*(gradient - value * u), (1 - u @ u) / 2]


def _critical_jacobian(form: LeadingForm, v: np.ndarray) -> np.ndarray:
    """The symmetric matrix [[H/p - V I, -u], [-u^T, 0]], H/p - V I being the Hessian along the sphere over p."""
    u, value, size = v[:-1], v[-1], form.dimension
    matrix = np.zeros((size + 1, size + 1), dtype=object)
    matrix[:size, :size] = form.hessian(u) / form.p
    for k in range(size):
        matrix[k, k] = matrix[k, k] - value
    matrix[:size, size] = matrix[size, :size] = -u
    matrix[size, size] = 0 * value
    return matrix


def _power_of_two(size: Any) -> Any:
    from flint import fmpq

    exponent = int(size.p).bit_length() - int(size.q).bit_length()
    return fmpq(2) ** exponent if exponent >= 0 else 1 / fmpq(2) ** -exponent


def _floats(values: np.ndarray) -> np.ndarray:
    return entrywise(lambda value: float(fraction(value)), values).astype(float)
