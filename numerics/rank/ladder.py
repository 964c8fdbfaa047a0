"""Rank of the tangent functions of a model, between proved bounds where proofs exist.

The ladder climbs from floats over balls to exact fields. A lower bound is a minor that is non-zero: modulo a prime (exact)
or as a ball that excludes zero. An upper bound comes from structure: the number of rows or parameters, the rank of the
table of generators, dependencies on the samples (:mod:`numerics.rank.sample_bound`), or exact elimination. What stays open between
the bounds is reported as open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from numerics.arithmetic.exact import ExactArray, ExponentialField, NoExactValue, UnluckyPrime
from numerics.derivatives.tape import tangents
from numerics.rank.certificates import minor_certificate, series_certificate
from theory.elementary import entrywise
from theory.models import AbstractModel, EntryModel, FullyConnected, TwoLayer, TwoLayerCNN, as_container
from theory.rationals import fractions

METHODS = ("auto", "float", "ball", "exact")

#: A float rank is believed only across a gap of this factor between neighbouring singular values.
FLOAT_GAP = 1e6
#: Working precisions of the ball method in bits; each doubling doubles the digits of the smallest minor that can be told from zero.
PRECISIONS = (64, 128, 256, 512, 1024)
#: Beyond this many parameters the rational elimination of the table of generators costs more than it tells.
MOST_ELIMINATED = 400
#: Beyond this many parameters the determinant of balls takes minutes; Taylor series modulo a prime take seconds.
MOST_BALLS = 400


@dataclass(frozen=True)
class Rank:
    """lower <= rank <= upper. ``certified``: both bounds are proved. ``at``: "point", or "stratum" (generic values of what is free)."""

    lower: int
    upper: int
    certified: bool
    at: str
    method: str
    make_certificate: Callable[[], dict[str, Any] | None] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def certificate(self) -> dict[str, Any] | None:
        """Plain data from which a referee recomputes the lower bound (see examples/check_certificate.py); made on demand."""
        return self.make_certificate() if self.make_certificate else None

    @property
    def rank(self) -> int | None:
        """The rank, or None while the bounds disagree."""
        return self.lower if self.lower == self.upper else None

    def __str__(self) -> str:
        value = str(self.lower) if self.lower == self.upper else f"between {self.lower} and {self.upper}"
        return f"rank {value} ({'certified' if self.certified else 'not certified'}, at the {self.at}, by {self.method})"


def empirical_rank(model: AbstractModel, theta: Any, x: Any, method: str = "auto") -> Rank:
    """Rank of the tangent matrix [d f_t(x_i) / d theta_k] of ``model`` at ``theta`` (P,) on the samples ``x`` (n, inputs).

    Floats are read as the rationals they are. ``method`` is one of auto, float, ball, exact; auto takes the cheapest that
    decides. Raises ValueError on a wrong shape, NaN or an unknown method, NoExactValue where "exact" does not reach.
    """
    theta, x = _parameters(model, theta), _samples(model, x)
    found = _climbed(model, theta, x, method, structural_upper_bound(model, theta))
    if method == "float" or found.rank is not None:
        return found
    from numerics.rank.sample_bound import sample_upper_bound

    upper = min(found.upper, sample_upper_bound(model, theta, x))
    return replace(found, upper=upper, certified=found.lower == upper)


def _climbed(model: AbstractModel, theta: np.ndarray, x: np.ndarray, method: str, upper: int) -> Rank:
    """The ladder on given samples, below the structural bound ``upper``."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    upper = min(len(x) * model.outputs, upper)
    match method:
        case "float":
            return _float_rank(model, theta, x, upper)
        case "ball":
            return _ball_rank(model, theta, x, upper)
        case "exact":
            return _exact_rank(model, theta, x, upper)
    try:
        return _exact_rank(model, theta, x, upper)
    except NoExactValue:
        return _ball_rank(model, theta, x, upper)


def model_rank(model: AbstractModel, theta: Any, method: str = "auto", *, seed: int = 0) -> Rank:
    """Dimension of the tangent function space span{d f(.; theta) / d theta_k} at ``theta`` (P,).

    The lower bound is the empirical rank on points drawn from ``seed``; the upper bound is structural, hence of the whole
    space. On a finite domain (matrix entries) all of it is sampled. Errors as in :func:`empirical_rank`.
    """
    theta = _parameters(model, theta)
    if isinstance(model, EntryModel):
        return empirical_rank(model, theta, model.entries(), method)
    upper = structural_upper_bound(model, theta)
    if _beyond_exponentials(model) and (method == "exact" or method == "auto" and upper > MOST_BALLS):
        return _series_rank(model, theta, upper, seed)
    for points in sample_points(model, upper, seed=seed):
        found = _climbed(model, theta, _samples(model, points), method, upper)
        if method == "float":
            return found
        if found.lower == upper:
            break
    # On finitely many points an exact elimination bounds the empirical rank only; the space itself is bounded by structure.
    return replace(found, upper=upper, certified=found.lower == upper)


def _beyond_exponentials(model: AbstractModel) -> bool:
    """Whether the exact field of exponentials stops short: a second transcendental layer, or values such as softplus and erf."""
    name = getattr(getattr(model, "activation", None), "name", None)
    deep = isinstance(model, FullyConnected) and model.depth > 2 and not model.activation.rational
    return deep or name in ("softplus", "gelu", "erf", "atan")


def _series_rank(model: AbstractModel, theta: np.ndarray, upper: int, seed: int) -> Rank:
    """The lower bound of Taylor series; see :mod:`numerics.rank.series` for when it holds at the point and when on the stratum."""
    from numerics.rank.series import series_rank

    lower, at = series_rank(model, theta, seed=seed, upper=upper)
    certificate = partial(series_certificate, model, theta, lower, at)
    return Rank(lower, upper, lower == upper, at, "series", certificate)


def sample_points(model: AbstractModel, rank: int, *, seed: int = 0) -> Iterator[np.ndarray]:
    """Sets of dyadic points (n, inputs), each larger, on which a rank of ``rank`` should show.

    Almost every set of ``rank`` points does where the tangents are analytic, so there is one; a piecewise activation needs
    points on every piece, however narrow, so there are three.
    """
    rng = np.random.default_rng(seed)
    analytic = hasattr(getattr(model, "activation", None), "state")
    grid = 2.0**16 if analytic else 2.0**40  # so fine that no point falls on a kink, where there is no derivative
    for factor in (1,) if analytic else (3, 12, 48):
        yield np.round(rng.uniform(-2, 2, (factor * rank + 4, model.input_size)) * grid) / grid


def structural_upper_bound(model: AbstractModel, theta: np.ndarray) -> int:
    """An upper bound of the model rank at rational ``theta`` that holds by structure, for all inputs."""
    bound = model.n_params
    if isinstance(model, EntryModel):
        return min(bound, len(model.entries()))
    if not isinstance(model, TwoLayer | TwoLayerCNN):
        return bound
    from theory.rank.generators import coefficient_matrix, tangent_combinations

    combinations = tangent_combinations(model, fractions("theta", theta).tolist())
    nonzero = [row for row in combinations if row]
    bound = min(len(nonzero), len({generator for row in nonzero for generator in row}))
    if not nonzero or len(nonzero) > MOST_ELIMINATED:
        return bound
    return min(bound, exact.rank_rational(coefficient_matrix(nonzero)))


def _parameters(model: AbstractModel, theta: Any) -> np.ndarray:
    """``theta`` (P,) as fmpq, read once for the whole ladder."""
    theta = np.asarray(as_container(theta))
    if theta.shape != (model.n_params,):
        raise ValueError(f"theta must have shape ({model.n_params},) for {model}, got {theta.shape}")
    _finite("theta", theta)
    return _exactly("theta", theta)


def _samples(model: AbstractModel, x: Any) -> np.ndarray:
    """``x`` (n, inputs) as fmpq, read once; index tuples of a factorization stay integers."""
    x = np.asarray(as_container(x))
    if x.ndim != 2 or x.shape[1] != model.input_size:
        raise ValueError(f"x must have shape (n, {model.input_size}) for {model}, got {x.shape}")
    _finite("x", x)
    return x if isinstance(model, EntryModel) else _exactly("x", x)


def _exactly(name: str, values: np.ndarray) -> np.ndarray:
    try:
        return exact.rationals(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold rational numbers: {error}") from error


def _finite(name: str, values: np.ndarray) -> None:
    if values.dtype != object and not np.isrealobj(values):
        raise ValueError(f"{name} must be real, got {values.dtype}")
    if values.dtype != object and not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        raise ValueError(f"{name} must be finite, got {values[tuple(where)]} at index {where}")


def _matrix(jacobian: np.ndarray) -> np.ndarray:
    return jacobian.reshape(-1, jacobian.shape[-1])


# ---------------------------------------------------------------------------------------------------------- floats


def _float_rank(model: AbstractModel, theta: np.ndarray, x: np.ndarray, upper: int) -> Rank:
    found = float_rank(_matrix(tangents(model, theta.astype(float), _samples_as(model, x, float))[1]))
    return found if found.rank is not None else replace(found, upper=min(found.upper, upper))


def float_rank(matrix: np.ndarray) -> Rank:
    """Rank of a float matrix (rows, columns), read across a clear gap of its singular values; bounds apart where there is none."""
    values = np.linalg.svd(matrix, compute_uv=False)
    if not values.size or values[0] == 0:
        return Rank(0, 0, False, "point", "float")
    # Weyl: rounding moves a singular value by at most about max(shape) eps sigma_1.
    noise = max(matrix.shape) * np.finfo(float).eps * values[0]
    above = int((values > noise).sum())
    below = max(values[above], noise) if above < len(values) else noise
    if values[above - 1] >= FLOAT_GAP * below:
        return Rank(above, above, False, "point", "float")
    return Rank(int((values > FLOAT_GAP * noise).sum()), min(matrix.shape), False, "point", "float")


def _samples_as(model: AbstractModel, x: np.ndarray, convert: Callable) -> np.ndarray:
    """Samples in the arithmetic at hand; index pairs of a factorization stay integers."""
    if isinstance(model, EntryModel):
        return x
    return x.astype(float) if convert is float else convert(x)


# ----------------------------------------------------------------------------------------------------------- exact


def modular_tangents(model: AbstractModel, theta: np.ndarray, x: np.ndarray, prime: int, unit: int) -> np.ndarray:
    """The tangent matrix at rational ``theta`` and ``x`` modulo ``prime``, exponentials s -> ``unit``; an array of nmod (n t, P).

    Raises NoExactValue where the model leaves the field, UnluckyPrime where a denominator vanishes.
    """
    activation = getattr(model, "activation", None)
    rational_theta, rational_x = exact.rationals(theta), _samples_as(model, x, exact.rationals)
    if activation is None or (activation.rational and hasattr(activation, "state")):
        image = lambda values: exact.residues(values, prime) if values.dtype == object else values
        try:
            return _matrix(tangents(model, image(rational_theta), image(rational_x))[1])
        except ZeroDivisionError as error:
            raise UnluckyPrime(f"a denominator of the model vanishes modulo {prime}") from error
    if activation.rational:
        return exact.residues(_matrix(tangents(model, rational_theta, rational_x)[1]), prime)
    field = ExponentialField(prime, unit)
    return ExactArray(_matrix(tangents(model, ExactArray(rational_theta, field), ExactArray(rational_x, field))[1]), field)


def _exact_rank(model: AbstractModel, theta: np.ndarray, x: np.ndarray, upper: int) -> Rank:
    for attempt, prime in enumerate(exact.PRIMES):
        unit = 0x1D872B41C9A3F25D % prime + attempt  # any unit that no structure prefers
        try:
            matrix = modular_tangents(model, theta, x, prime, unit)
            break
        except UnluckyPrime:
            continue
    else:
        raise UnluckyPrime(f"a denominator of {model} vanishes modulo each of {exact.PRIMES}")
    image = exact.modular_matrix(matrix, prime)
    lower = image.rank()
    if lower < upper and model.rational and max(matrix.shape) <= MOST_ELIMINATED:
        rational_matrix = _matrix(tangents(model, exact.rationals(theta), _samples_as(model, x, exact.rationals))[1])
        lower = upper = exact.rank_rational(rational_matrix)
    certificate = lambda: minor_certificate(
        model, theta, x, _pivots(image.transpose()), _pivots(image), kind="minor modulo a prime", prime=prime, **_exponentials(matrix, unit)
    )
    return Rank(lower, upper, lower == upper, "point", "exact", certificate)


def _exponentials(matrix: np.ndarray, unit: int) -> dict[str, Any]:
    """The homomorphism e^(1/denominator) -> unit behind ``matrix``; no denominator where no exponential occurs."""
    field = getattr(matrix, "field", None)
    return {"unit": unit, "denominator": field.denominator if field else None}


def _pivots(image: Any) -> list[int]:
    """Pivot columns of an elimination; together with those of the transpose they single out a minor that does not vanish."""
    reduced, rank = image.rref()
    pivots, start = [], 0
    for i in range(rank):
        while int(reduced[i, start]) == 0:
            start += 1
        pivots.append(start)
    return pivots


# ----------------------------------------------------------------------------------------------------------- balls


def ball_tangents(model: AbstractModel, theta: np.ndarray, x: np.ndarray, precision: int) -> np.ndarray:
    """The tangent matrix (n t, P) as enclosures (arb) at ``precision`` bits."""
    from flint import arb, ctx

    before, ctx.prec = ctx.prec, precision
    try:
        ball = lambda values: entrywise(lambda value: arb(exact.rational(value)), values)
        return _matrix(tangents(model, ball(theta), _samples_as(model, x, ball))[1])
    finally:
        ctx.prec = before


def _ball_rank(model: AbstractModel, theta: np.ndarray, x: np.ndarray, upper: int) -> Rank:
    """The largest minor found, on rows and columns that pivoted QR picks, whose ball excludes zero.

    The full size ``upper`` is tried at every precision first; then the sizes at which the float spectrum has its widest gaps.
    """
    approximate = _matrix(tangents(model, theta.astype(float), _samples_as(model, x, float))[1])
    for size in _candidate_sizes(approximate, upper):
        for precision in PRECISIONS:
            rows, columns = _pivoted(approximate, size)
            determinant = _ball_minor(model, theta, x, precision, rows, columns)
            if not determinant.contains(0):
                certificate = partial(minor_certificate, model, theta, x, rows, columns, kind="ball minor", precision=precision)
                return Rank(size, upper, size == upper, "point", "ball", certificate)
            if size < upper and precision >= 256:  # a smaller minor is a fallback, not worth the last doublings
                break
    return Rank(0, upper, upper == 0, "point", "ball")


def _candidate_sizes(approximate: np.ndarray, upper: int) -> list[int]:
    values = np.linalg.svd(approximate, compute_uv=False)
    above = int((values > max(approximate.shape) * np.finfo(float).eps * values[0]).sum()) if values.size else 0
    return [size for size in dict.fromkeys([upper, *range(min(above, upper), 0, -1)]) if size > 0]


def _pivoted(matrix: np.ndarray, size: int) -> tuple[list[int], list[int]]:
    """Rows and columns of a well-conditioned minor: pivoted QR picks columns, then rows among those columns."""
    columns = _by_weight(matrix)[:size]
    rows = _by_weight(matrix[:, columns].T)[:size]
    return sorted(rows.tolist()), sorted(columns.tolist())


def _by_weight(matrix: np.ndarray) -> np.ndarray:
    """The order in which pivoted QR takes the columns of ``matrix``."""
    from scipy.linalg import qr

    factors: Any = qr(matrix, mode="r", pivoting=True)  # (R, order)
    return factors[1]


def _ball_minor(model, theta, x, precision, rows, columns) -> Any:
    from flint import arb_mat, ctx

    samples = sorted({row // model.outputs for row in rows})
    place = {sample: k for k, sample in enumerate(samples)}
    matrix = ball_tangents(model, theta, x[samples], precision)
    chosen = [place[row // model.outputs] * model.outputs + row % model.outputs for row in rows]
    before, ctx.prec = ctx.prec, precision
    try:
        return arb_mat(matrix[np.ix_(chosen, columns)].tolist()).det()
    finally:
        ctx.prec = before
