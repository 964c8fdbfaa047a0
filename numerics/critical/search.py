"""Critical points of real losses: found in floats, many starts at once, and certified in balls.

Search: Levenberg-Marquardt on the gradient field, step = -V diag(lambda / (lambda^2 + mu)) V^T g with the eigenpairs of the Hessian
(never H^2, which squares the condition number); it is drawn to saddles as well as to minima. Certificate: Krawczyk's test on grad R = 0
encloses the one critical point in a box, and balls prove the inertia of its Hessian. Degenerate points, such as embedded ones, are
certified through the narrow point that they come from (:func:`certify_split`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import Box, NotCertified, balls, certify_zero, working_precision
from numerics.arithmetic.remembered import remembered
from numerics.critical.invariances import are_independent, beside, independent, invariant_directions
from numerics.hessian import Data, gradient, gradient_and_hessian, hessian, risk
from numerics.hessian.gradients import check_finite, checked, indices, pair, takes_indices
from numerics.hessian.inertias import Inertia, ball_inertia, float_counts, float_tolerance
from numerics.hessian.losses import Loss
from numerics.hessian.losses import loss as loss_named
from numerics.hessian.neuron_matrices import trace
from numerics.planting import cotangent_of
from theory import arguments
from theory.embedding.blocks import split_block
from theory.embedding.onestep import split
from theory.embedding.wiring import wiring
from theory.models import AbstractModel, AbstractNetwork, EntryModel

#: Starts are an array, whose size is bounded.
MOST_STARTS = 10**9
#: A critical point farther out than this is on its way to infinity, where the largest target is about 1.
FARTHEST = 30.0
#: Where Newton's method would move on by more, a small gradient is that of a loss which falls towards infinity.
FARTHEST_STEP = 1e-2
#: Losses closer than this are one critical value, likewise.
SAME_LOSS = 1e-7
#: Degrees of the losses that are homogeneous in (outputs, targets): scaling both by c multiplies them by c^degree.
DEGREES = {"mse": 2, "quartic": 4}


@dataclass(frozen=True)
class CriticalPoint:
    """``theta`` (P,) with the ``loss`` and the norm of the gradient there; ``inertia``, as floats see it, is None where they leave it in
    doubt.
    """

    theta: np.ndarray
    loss: float
    gradient: float
    inertia: Inertia | None


@dataclass(frozen=True)
class CertifiedPoint:
    """The one critical point in ``box``, with the certified ``inertia`` of its Hessian.

    With coordinates ``held`` it is the one in the box that has these coordinates of the centre.
    """

    box: Box
    inertia: Inertia
    held: tuple[int, ...] = ()

    @property
    def theta(self) -> np.ndarray:
        """The centre of the box in double precision."""
        return self.box.midpoint


@remembered
@arguments.checking(
    model=arguments.model,
    seed=arguments.seed,
    scale=arguments.positive,
    minima=arguments.switch,
    steps=arguments.between(0),
    tolerance=arguments.positive,
)
def find_critical_points(
    model: AbstractModel,
    data: Data,
    *,
    starts: int | np.ndarray = 100,
    seed: int = 0,
    scale: float = 1.0,
    minima: bool = False,
    loss: str | Loss = "mse",
    steps: int = 300,
    tolerance: float = 1e-11,
) -> list[CriticalPoint]:
    """Critical points from ``starts`` (a number, or an array (starts, P)), by increasing loss.

    A point counts where |grad R| <= ``tolerance``, in units in which the largest target is about 1 and the largest input from 1 to 4, and
    where that is no sign of a loss which falls towards infinity: data in other units have the same points, their parameters scaled.
    Points of equal loss count once. With ``minima`` the loss is lowered first, so that mostly minima are met. A start that overflows or
    meets a kink is given up. The search may miss points; it proves nothing, see :func:`certify`. Raises ValueError for a bad argument.
    """
    x, y = (array if takes_indices(model) and k == 0 else np.asarray(array, dtype=float) for k, array in enumerate(pair(data)))
    check_finite(inputs=x, targets=y)
    unit, factors, degree = _units(model, y, loss)
    input_unit, of_inputs = _input_units(model, x)
    factors = factors * of_inputs
    if isinstance(starts, int | np.integer):
        if isinstance(starts, bool) or not 0 <= starts < MOST_STARTS:
            raise ValueError(f"starts must be a number, 0 or more (below 1e9), or an array (starts, {model.n_params}), got {starts}")
        theta = model.init(np.random.default_rng(seed), scale=scale, batch=(starts,))
    else:
        theta = np.array(starts, float)
        if theta.ndim != 2 or theta.shape[1] != model.n_params:
            raise ValueError(f"starts must be a number or an array (starts, {model.n_params}), got shape {theta.shape}")
        theta = theta / factors
    scaled = x if input_unit == 1 else x / input_unit, y / unit
    checked(model, theta, scaled)  # so that errors from here on are those of single points
    with np.errstate(all="ignore"):  # a start that overflows is not used further
        if minima:
            theta = _descend(model, theta, scaled, loss, steps)
        theta = _settle(model, theta, scaled, loss, steps)
        slope, curvature, norms = _derivatives(model, theta, scaled, loss)
        values = risk(model, theta, scaled, loss)
        eigenvalues, vectors = np.linalg.eigh(curvature)
        counts, doubtful = float_counts(eigenvalues)
        good = (norms <= tolerance) & (np.abs(theta).max(axis=-1) <= FARTHEST) & (_last_steps(slope, eigenvalues, vectors) <= FARTHEST_STEP)
        good &= ~_saturated(model, theta, scaled, loss, eigenvalues, vectors, tolerance)
    found: list[CriticalPoint] = []
    last = -math.inf
    for k in np.flatnonzero(good)[np.argsort(values[good], kind="stable")]:
        if values[k] - last <= SAME_LOSS:
            continue
        last = values[k]
        inertia = None if doubtful[k] else Inertia(*counts[k].tolist(), method="float")  # that of the given units, by congruence
        size = float(np.linalg.norm(unit**degree * slope[k] / factors))
        found.append(CriticalPoint(theta[k] * factors, float(values[k] * unit**degree), size, inertia))
    return found


def _last_steps(slope: np.ndarray, eigenvalues: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The largest moves (starts,) of Newton's method along eigenvectors whose eigenvalues floats tell from zero."""
    along = np.abs(vectors.swapaxes(-1, -2) @ slope[..., None])[..., 0]
    told = np.abs(eigenvalues) > float_tolerance(eigenvalues)
    return np.where(told, along / np.where(told, np.abs(eigenvalues), 1.0), 0.0).max(axis=-1)


def _saturated(
    model: AbstractModel, theta: np.ndarray, data: Data, loss: str | Loss, eigenvalues: np.ndarray, vectors: np.ndarray, tolerance: float
) -> np.ndarray:
    """Whether a point (starts,) is critical as neurons are saturated: farther out along what floats take for the kernel it nearly stays so,
    and nearer to the origin it does not. On the lines of critical points through an embedded one it stays so both ways."""
    flat = np.abs(eigenvalues) <= float_tolerance(eigenvalues)
    outwards = (vectors @ np.where(flat, (vectors.swapaxes(-1, -2) @ theta[..., None])[..., 0], 0.0)[..., None])[..., 0]
    farther, nearer = (_derivatives(model, theta + share * outwards, data, loss)[2] for share in (1.0, -0.5))
    return (nearer > 1e3 * tolerance) & (farther <= 1e-2 * nearer)


def _units(model: AbstractModel, y: np.ndarray, loss: str | Loss) -> tuple[float, np.ndarray, int]:
    """(c, factors (P,), degree of the loss): f(factors * theta) = c f(theta), and the largest target is about c.

    c is a power of 4, so that nothing is rounded; 1 where the loss is not homogeneous, or no part of the parameters scales the outputs.
    """
    plain = 1.0, np.ones(model.n_params), DEGREES.get(loss_named(loss).name, 0)
    largest = float(np.abs(y).max(initial=0.0))
    if not plain[2] or not 0 < largest < math.inf or (unit := 4.0 ** round(math.log(largest, 4))) == 1:
        return plain
    rng, x = np.random.default_rng(0), _some_samples(model)
    names = list(model.shapes)
    for scaled, power in ((names[-1:], 1.0), (names[-2:], 1.0), (names[:1], 1.0), (names, 0.5)):
        ones = {name: np.full(shape, unit**power if name in scaled else 1.0) for name, shape in model.shapes.items()}
        factors = model.pack(**ones)
        theta = model.init(rng, batch=(3,))
        if np.allclose(model(theta * factors, x), unit * model(theta, x), rtol=1e-9, atol=0):
            return unit, factors, plain[2]
    return plain


def _input_units(model: AbstractModel, x: Any) -> tuple[float, np.ndarray]:
    """(c, factors (P,)): f(factors * theta) at x is f(theta) at x / c, whose largest entry is from 1 to 4.

    c is a power of 4; 1 where no first part of the parameters takes it up.
    """
    plain = 1.0, np.ones(model.n_params)
    largest = 0.0 if takes_indices(model) else float(np.abs(x).max(initial=0.0))
    if not 0 < largest < math.inf or (unit := 4.0 ** math.floor(math.log(largest, 4))) == 1:
        return plain
    first, samples = next(iter(model.shapes)), _some_samples(model)
    factors = model.pack(**{name: np.full(shape, 1 / unit if name == first else 1.0) for name, shape in model.shapes.items()})
    theta = model.init(np.random.default_rng(0), batch=(3,))
    same = np.allclose(model(theta * factors, samples), model(theta, samples / unit), rtol=1e-9, atol=0)
    return (unit, factors) if same else plain


def _some_samples(model: AbstractModel) -> np.ndarray:
    return model.entries() if isinstance(model, EntryModel) else np.random.default_rng(1).normal(size=(4, model.input_size))


def _derivatives(model: AbstractModel, theta: np.ndarray, data: Data, loss: str | Loss) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients (starts, P), Hessians and norms of the gradients; zeros and an infinite norm at points that overflow or lie at a kink."""
    try:
        slope, curvature = gradient_and_hessian(model, theta, data, loss)
    except ValueError:  # a kink of sigma at one point or more
        if len(theta) == 1:
            slope, curvature = np.full(theta.shape, np.nan), np.full((*theta.shape, theta.shape[-1]), np.nan)
        else:
            parts = [_derivatives(model, point[None], data, loss) for point in theta]
            slope, curvature, norms = (np.concatenate(part) for part in zip(*parts, strict=True))
            return slope, curvature, norms
    usable = np.asarray(np.isfinite(slope).all(axis=-1) & np.isfinite(curvature).all(axis=(-1, -2)))
    slope, curvature = np.where(usable[:, None], slope, 0.0), np.where(usable[:, None, None], curvature, 0.0)
    return slope, curvature, np.where(usable, np.linalg.norm(slope, axis=-1), np.inf)


def _spectral_step(slope: np.ndarray, curvature: np.ndarray, filtered: Any) -> np.ndarray:
    values, vectors = np.linalg.eigh(curvature)
    return -(vectors @ (filtered(values) * (vectors.swapaxes(-1, -2) @ slope[..., None])[..., 0])[..., None])[..., 0]


def _descend(model: AbstractModel, theta: np.ndarray, data: Data, loss: str | Loss, steps: int) -> np.ndarray:
    """Damped Newton on |H|: every accepted step lowers the loss."""
    damping, value = np.full(len(theta), 1.0), risk(model, theta, data, loss)
    for _ in range(steps):
        slope, curvature, _ = _derivatives(model, theta, data, loss)
        step = _spectral_step(slope, curvature, lambda values, mu=damping[:, None]: 1 / (np.abs(values) + mu))
        trial = risk(model, theta + step, data, loss)
        better = trial < value
        theta = np.where(better[:, None], theta + step, theta)
        value = np.where(better, trial, value)
        damping = np.clip(np.where(better, damping / 4, damping * 4), 1e-14, 1e8)
    return theta


def _settle(model: AbstractModel, theta: np.ndarray, data: Data, loss: str | Loss, steps: int) -> np.ndarray:
    """Levenberg-Marquardt on the gradient field; points whose gradient no longer falls rest."""
    slope, curvature, size = _derivatives(model, theta, data, loss)
    damping = np.full(len(theta), 1e-2)
    active = np.arange(len(theta))
    for _ in range(steps):
        if not len(active):
            break
        mu = damping[active, None]
        step = _spectral_step(slope[active], curvature[active], lambda values, mu=mu: values / (values**2 + mu))
        moved = theta[active] + step
        new_slope, new_curvature, new_size = _derivatives(model, moved, data, loss)
        better = new_size < size[active]
        places = active[better]
        theta[places], slope[places], curvature[places] = moved[better], new_slope[better], new_curvature[better]
        size[places] = new_size[better]
        damping[active] = np.clip(np.where(better, damping[active] / 5, damping[active] * 4), 1e-32, 1e12)
        active = active[(damping[active] < 1e11) & (size[active] > 1e-16) & (np.abs(theta[active]).max(axis=-1) < 10 * FARTHEST)]
    return theta


@arguments.checking(model=arguments.model, theta=arguments.array(1), bits=arguments.bits, invariances=arguments.switch)
def certify(
    model: AbstractModel, theta: Any, data: Data, loss: str | Loss = "mse", *, bits: int = 128, invariances: bool = False
) -> CertifiedPoint:
    """The critical point near ``theta`` enclosed, and the inertia of its Hessian, both proved in balls of ``bits`` bits.

    ``data`` are read exactly (floats as the rationals they are). With ``invariances`` one coordinate is held for each direction along which
    the loss is constant whatever the data (:mod:`numerics.critical.invariances`): such a direction counts as a zero eigenvalue. Raises
    :class:`NotCertified` at a degenerate point or far from any, ValueError for numbers that are not finite.
    """
    theta, data = np.array([float(value) for value in theta]), pair(data)
    check_finite(theta=theta, inputs=data[0], targets=data[1])
    rows, held = independent(invariant_directions(model, theta, loss)) if invariances else ([], [])
    free = [k for k in range(len(theta)) if k not in held]
    with working_precision(bits):
        data, start = in_balls(model, data), balls(theta)

    def whole(point: Any) -> Any:
        values = start.copy()
        values[free] = point
        return values

    slope = lambda point: gradient(model, whole(point), data, loss)[free]
    curvature = lambda point: hessian(model, whole(point), data, loss)[np.ix_(free, free)]
    box = certify_zero(slope, theta[free].tolist(), jacobian=curvature, bits=bits)
    with working_precision(bits):
        enclosure = whole(box.enclosure)
        if not are_independent(invariant_directions(model, enclosure, loss)[rows] if rows else enclosure[None], held):
            raise NotCertified(f"the {len(held)} directions of constant loss are not proved to be independent over the box")
        inertia = beside(ball_inertia(curvature(box.enclosure)), len(held))
    if not inertia.certified:
        raise NotCertified(f"the Hessian over the box has inertia {inertia}: {inertia.undecided} signs are open")
    return CertifiedPoint(_whole_box(box, theta, free, enclosure), inertia, tuple(sorted(held)))


def _whole_box(box: Box, theta: np.ndarray, free: list[int], enclosure: np.ndarray) -> Box:
    """A box of the ``free`` coordinates with the others at the values that they are held at."""
    centre = [format(Decimal(value), "f") for value in theta]
    for k, text in zip(free, box.centre, strict=True):
        centre[k] = text
    return replace(box, centre=tuple(centre), enclosure=enclosure)


def in_balls(model: AbstractModel, data: Data) -> Data:
    """The data as balls that hold them exactly; samples that are indices stay what they are."""
    x, y = pair(data)
    return indices(x) if takes_indices(model) else balls(x), balls(y)


def certify_split(
    model: AbstractNetwork, point: CertifiedPoint, data: Data, layer: int, neuron: int, alpha: Any, loss: str | Loss = "mse"
) -> tuple[Inertia, Inertia]:
    """Certified inertia of the Hessian at T^alpha of a certified point: (by the block formula, of the wide Hessian itself).

    Either may be uncertified where more eigenvalues vanish than structure tells (alpha in {0, 1}, say). See :func:`split_inertias`.
    """
    if not isinstance(point, CertifiedPoint):
        raise ValueError(f"point must be a CertifiedPoint, as certify finds it, got {point!r:.100}")
    with working_precision(point.box.bits):
        return split_inertias(model, point.box.enclosure, point.inertia, in_balls(model, data), layer, neuron, alpha, loss)


def split_inertias(
    model: AbstractNetwork, theta: np.ndarray, narrow: Inertia, data: Data, layer: int, neuron: int, alpha: Any, loss: str | Loss = "mse"
) -> tuple[Inertia, Inertia]:
    """(narrow inertia + that of the block, inertia of the wide Hessian) in balls, ``theta`` enclosing a critical point.

    Both know one zero from structure: moving alpha moves along critical points, in a direction that is not 0 as some outgoing weight of
    the neuron is not. The first eliminates it from [[0, B], [B^T, alpha (1 - alpha) S]]. Raises :class:`NotCertified` where no outgoing
    weight is proved non-zero.
    """
    if not isinstance(narrow, Inertia):
        raise ValueError(f"narrow must be the Inertia of the narrow point, got {narrow!r:.100}")
    embedding, theta, data = split(model, layer, neuron, alpha), balls(theta), in_balls(model, data)
    outgoing = theta[wiring(model, layer).outgoing[neuron]]
    pivot = next((t for t, weight in enumerate(outgoing) if not weight.contains(0)), None)
    if pivot is None:
        raise NotCertified(f"no outgoing weight of neuron {neuron} in layer {layer} is proved non-zero")
    found, cotangent = trace(model, theta, data[0]), cotangent_of(model, theta, data, loss)
    B, S = found.B(layer, neuron, cotangent), found.S(layer, neuron, cotangent)
    # W_s^T B = 0 at a critical point: the row of the pivot is determined by the others.
    extra = ball_inertia(split_block(np.delete(B, pivot, axis=0), S, balls([alpha])[0]))
    lows = [tuple(low for low, _ in part.bounds) for part in (narrow, extra)]
    least = tuple(sum(counts) for counts in zip(*lows, (0, 1, 0), strict=True))
    wide = hessian(embedding.wide, embedding(theta), data, loss)
    return Inertia.between(least, embedding.wide.n_params, "ball"), ball_inertia(wide, zeros=1)
