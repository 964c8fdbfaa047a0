"""Rank of the tangent functions of a model, between proved bounds where proofs exist.

The ladder climbs from floats over balls to exact fields. A lower bound is a minor that is non-zero, modulo a prime (exact) or as a ball
that excludes zero, or singular values above a proved error (float). An upper bound comes from structure: the number of rows or
parameters, the rank of the table of tangents (:mod:`theory.rank.layerwise`), dependencies on the samples
(:mod:`numerics.rank.sample_bound`), or exact elimination. What stays open between the bounds is reported as open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import combinations
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from numerics.arithmetic.exact import ExactArray, ExponentialField, NoExactValue, UnluckyPrime, pivots
from numerics.arithmetic.remembered import remembered
from numerics.derivatives.tape import tangents
from numerics.rank.certificates import minor_certificate, series_certificate
from numerics.rank.one_layer import one_layer_residues
from numerics.rank.pieces import in_pieces, large_rank, near_breaks, piecewise_tangents
from numerics.rank.regions import affine_pieces, at_kinks, beside_breaks, region_points
from numerics.rank.scales import far_from_one, largest_minor, placed_points, precisions
from theory.activations import PiecewiseActivation
from theory.arguments import whole
from theory.elementary import entrywise
from theory.models import AbstractModel, AbstractNetwork, EntryModel, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import layers
from theory.models.networks import named_array
from theory.models.pooling import PooledCNN
from theory.rank.layerwise import tangent_tables
from theory.rank.phases import phase_rank
from theory.rank.sparse import sparse_rank
from theory.rationals import fractions

METHODS = ("auto", "float", "ball", "exact")

#: A float rank is believed only across a gap of this factor between neighbouring singular values.
FLOAT_GAP = 1e6
#: How many times max(shape) eps sigma_1 a computed singular value is taken to be off: LAPACK's constants are far below.
SVD_FACTOR = 8
#: Working precisions of the ball method in bits; each doubling doubles the digits of the smallest minor that can be told from zero.
PRECISIONS = (64, 128, 256, 512, 1024)
#: Beyond this many parameters the rational elimination of the table of generators costs more than it tells.
MOST_ELIMINATED = 400
#: Entries of a tangent matrix on given samples up to which its rank is found by elimination in rationals, in some seconds.
MOST_ON_SAMPLES = 480_000
#: Entries of the tangent matrix on a lattice up to which it is eliminated in rationals.
MOST_ON_LATTICE = 200_000
#: Samples for each parameter where weights are far from one.
PLACED = 3
#: Beyond this many parameters the determinant of balls takes minutes; Taylor series modulo a prime take seconds.
MOST_BALLS = 400


@dataclass(frozen=True)
class Rank:
    """lower <= rank <= upper, both proved.

    ``certified``: they meet, and a referee can recompute the lower one (floats leave no certificate). ``at``: "point", or "stratum"
    (generic values of what is free).
    """

    lower: int
    upper: int
    certified: bool
    at: str
    method: str
    make_certificate: Callable[[], dict[str, Any] | None] | None = field(default=None, repr=False, compare=False)
    #: What singular values suggest across a gap; it proves nothing. None where there is no gap, or no float was asked.
    estimate: int | None = field(default=None, compare=False)
    #: Of a torch module the directions that are proved to change no output (:class:`numerics.modules.symmetries.Symmetries`).
    symmetries: Any = field(default=None, repr=False, compare=False)

    @cached_property
    def certificate(self) -> dict[str, Any] | None:
        """Plain data from which a referee recomputes the lower bound (see examples/check_certificate.py); made on demand.

        None where floats found it, for a rank of 0, and for models that layers do not spell out (products of factors, convolutions in
        depth, toy models).
        """
        return self.make_certificate() if self.make_certificate else None

    @property
    def rank(self) -> int | None:
        """The rank, or None while the bounds disagree."""
        return self.lower if self.lower == self.upper else None

    def __str__(self) -> str:
        value = str(self.lower) if self.lower == self.upper else f"between {self.lower} and {self.upper}"
        guess = "" if self.rank is not None or self.estimate is None else f", estimate {self.estimate}"
        return f"rank {value} ({'certified' if self.certified else 'not certified'}, at the {self.at}, by {self.method}{guess})"


def empirical_rank(model: AbstractModel, theta: Any, x: Any, method: str = "auto") -> Rank:
    """Rank of the tangent matrix [d f_t(x_i) / d theta_k] of ``model`` at ``theta`` (P,) on the samples ``x`` (n, inputs).

    Floats are read as the rationals they are. ``method`` is one of auto, float, ball, exact; auto takes the cheapest that
    decides. Raises ValueError on a wrong shape, NaN or an unknown method, NoExactValue where "exact" does not reach. At a sample on a kink
    the derivative is that of the left piece; a rank that needs it is not certified.
    """
    return _empirical_rank(model, _parameters(model, theta), _samples(model, x), method)


@remembered
def _empirical_rank(model: AbstractModel, theta: np.ndarray, x: np.ndarray, method: str) -> Rank:
    upper = _structural_bound(model, theta)
    at, leaving = at_kinks(model, theta, x) if _pieces(model) else (np.zeros(0, bool), np.zeros(0, bool))
    if not at.any():
        return _on_samples(model, theta, x, method, upper)
    # The structural bound is one of functions: at a kink, where the derivative is that of one side, no identity of theirs holds.
    found = _on_samples(model, theta, x, method, model.n_params if leaving.any() else upper)
    return _certified_beside(found, None if at.all() else lambda: _on_samples(model, theta, x[~at], method, upper))


def _certified_beside(found: Rank, beside: Callable[[], Rank] | None) -> Rank:
    """``found`` on samples some of which are at kinks, where no referee takes the derivative of the left piece: certified by those
    ``beside`` kinks, None where there are no others, or not.
    """
    other = beside() if beside and found.certified else None
    if other is None or other.lower < found.lower:
        return replace(found, certified=False, make_certificate=None)
    return replace(found, make_certificate=other.make_certificate)


def _on_samples(model: AbstractModel, theta: np.ndarray, x: np.ndarray, method: str, upper: int) -> Rank:
    """:func:`empirical_rank` below the structural bound ``upper``."""
    found = _climbed(model, theta, x, method, upper)
    if method == "float" or found.rank is not None:
        return found
    from numerics.rank.sample_bound import sample_upper_bound

    upper = min(found.upper, sample_upper_bound(model, theta, x))
    return replace(found, upper=upper, certified=found.lower == upper)


def _climbed(model: AbstractModel, theta: np.ndarray, x: np.ndarray, method: str, upper: int, *, eliminate: bool = True) -> Rank:
    """The ladder on given samples, below the structural bound ``upper``; ``eliminate`` for an upper bound on the samples too."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    upper = min(len(x) * model.outputs, upper)
    if not len(x):
        return Rank(0, 0, method != "float", "point", "exact" if method == "auto" else method)
    match method:
        case "float":
            return _float_rank(model, theta, x, upper)
        case "ball":
            return _ball_rank(model, theta, x, upper)
        case "exact":
            return _exact_rank(model, theta, x, upper, eliminate)
    try:
        return _exact_rank(model, theta, x, upper, eliminate)
    except NoExactValue:
        return _ball_rank(model, theta, x, upper)


def model_rank(model: AbstractModel, theta: Any, method: str = "auto", *, seed: int = 0) -> Rank:
    """Dimension of the tangent function space span{d f(.; theta) / d theta_k} at ``theta`` (P,).

    The lower bound is the empirical rank on points drawn from ``seed``; the upper bound is structural, hence of the whole
    space. On a finite domain (matrix entries) all of it is sampled. Errors as in :func:`empirical_rank`, and for a negative seed.
    """
    theta, seed = _parameters(model, theta), whole("seed", seed)
    if isinstance(model, EntryModel):
        return empirical_rank(model, theta, model.entries(), method)
    return _model_rank(model, theta, method, seed)


@remembered
def _model_rank(model: AbstractModel, theta: np.ndarray, method: str, seed: int) -> Rank:
    upper = _structural_bound(model, theta)
    if _beyond_exponentials(model) and (method == "exact" or method == "auto" and upper > MOST_BALLS):
        return _series_rank(model, theta, upper, seed)
    if (lattice := faithful_lattice(model)) is not None and method in ("auto", "exact"):
        return _on_samples(model, theta, _samples(model, lattice), method, upper)
    if _pieces(model) and method in ("auto", "exact"):
        return _piecewise_rank(model, theta, upper, seed)
    for points in sample_points(model, upper, theta=theta, seed=seed):
        found = _climbed(model, theta, _samples(model, points), method, upper, eliminate=False)
        if found.lower == upper:
            break
    # On finitely many points an exact elimination bounds the empirical rank only; the space itself is bounded by structure.
    found = replace(found, upper=upper, certified=found.lower == upper and found.method != "float")
    return _far_rank(found, model, theta, seed) if method in ("auto", "ball") and far_from_one(model, theta) else found


def _far_rank(found: Rank, model: AbstractModel, theta: np.ndarray, seed: int) -> Rank:
    """``found``, or a larger minor on samples that are placed where neurons change; see :mod:`numerics.rank.scales`."""
    if found.rank is not None:
        return found
    x = placed_points(model, theta, PLACED * model.n_params, seed)
    for precision in precisions(theta):
        rows, columns = largest_minor(ball_tangents(model, theta, x, precision), precision)
        more = 4 * precision  # a determinant takes pivots as they come
        if len(rows) <= found.lower or _ball_minor(model, theta, x, more, rows, columns).contains(0):
            continue
        certificate = partial(minor_certificate, model, theta, x, rows, columns, kind="ball minor", precision=more)
        found = Rank(len(rows), found.upper, len(rows) == found.upper, "point", "ball", certificate)
        if found.rank is not None:
            break
    return found


def faithful_lattice(model: AbstractModel) -> np.ndarray | None:
    """Integer points (n, inputs) on which functions that are polynomials in x of the model's degree vanish only if they do everywhere.

    The points with sum at most that degree (the principal lattice); None where the tangents are no polynomials, or there are too many.
    """
    d, degree = model.input_size, model.input_degree
    if degree is None or math.comb(d + degree, d) * model.n_params * model.outputs > MOST_ON_LATTICE:
        return None
    bars = np.array(list(combinations(range(d + degree), d)), int).reshape(-1, d)
    return np.diff(bars, axis=1, prepend=-1) - 1


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


def _pieces(model: AbstractModel) -> bool:
    """Whether ``model`` is a network with hidden layers of a piecewise activation."""
    return in_pieces(model) or (isinstance(model, PooledCNN) and isinstance(model.activation, PiecewiseActivation))


def _piecewise_rank(model: AbstractModel, theta: np.ndarray, upper: int, seed: int) -> Rank:
    """The lower bound of samples that meet the pieces of the network (:mod:`numerics.rank.pieces`), and where its regions can be told
    all, the rank on these (:mod:`numerics.rank.regions`).
    """
    regions: list[np.ndarray] = []

    def pools(kept: Callable[[np.ndarray], np.ndarray]) -> Iterator[np.ndarray]:
        drawn = sample_points(model, upper, theta=theta, seed=seed)
        yield kept(exact.rationals(next(drawn)))
        if not regions and affine_pieces(model) and (points := region_points(model, theta)) is not None:
            regions.append(points)
        yield from map(kept, regions or map(exact.rationals, drawn))

    def searched(kept: Callable[[np.ndarray], np.ndarray], prime: int) -> tuple[Any, ...]:
        if in_pieces(model):
            return *large_rank(model, theta, pools(kept), upper, prime), prime
        lower, samples = 0, np.zeros((0, model.input_size), dtype=object)
        for pool in pools(kept):
            samples = np.concatenate([samples, pool])
            if (lower := _image_and_field(model, theta, samples, prime)[0].rank()) == upper:
                break
        return lower, None, samples, prime

    def found(kept: Callable[[np.ndarray], np.ndarray]) -> tuple[Rank, np.ndarray]:
        lower, _, samples, prime = _first_lucky(model, partial(searched, kept))
        certificate = partial(_modular_certificate, model, theta, samples, prime)
        return Rank(lower, upper, lower == upper, "point", "exact", certificate), samples

    first, samples = found(lambda pool: pool)
    if first.lower < upper and regions and len(regions[0]) * model.outputs * model.n_params <= MOST_ON_SAMPLES:
        upper = min(upper, exact.rank_rational(_matrix(tangents(model, theta, regions[0])[1])))
        first = replace(first, upper=upper, certified=first.lower == upper)
    if not at_kinks(model, theta, samples)[0].any():
        return first
    return _certified_beside(first, lambda: found(lambda pool: pool[~at_kinks(model, theta, pool)[0]])[0])


def sample_points(model: AbstractModel, rank: int, *, theta: Any = None, seed: int = 0) -> Iterator[np.ndarray]:
    """Sets of dyadic points (n, inputs), each larger, on which a rank of ``rank`` should show.

    Almost every set of ``rank`` points does where the tangents are analytic, so there is one; a piecewise activation needs
    points on every piece, however narrow, so there are four. With ``theta``, half of the points are drawn where the neurons of the first
    hidden layer change: near kinks, and where they are not saturated; a third of them near kinks of neurons of any layer.
    """
    rng = np.random.default_rng(seed)
    analytic = hasattr(getattr(model, "activation", None), "state")
    bits = 16 if analytic else 40  # so fine that no point falls on a kink, where there is no derivative
    for factor in (1,) if analytic else (1, 4, 16, 48):
        count = factor * (rank if analytic else -(-rank // model.outputs)) + 4
        points = rng.uniform(-2, 2, (count, model.input_size))
        if theta is not None and isinstance(model, TwoLayer | TwoLayerCNN | FullyConnected | PooledCNN):
            near = _where_neurons_change(model, theta, count // 2 if analytic else count, rng)
            points = np.concatenate([points[: count - len(near)] if analytic else points, near])
            if in_pieces(model) and isinstance(model, FullyConnected) and model.depth > 2:
                points = np.concatenate([points, near_breaks(model, theta, near * 2.0 ** rng.integers(-2, 3, (len(near), 1)), rng)])
        points = np.round(points * 2.0**bits) / 2.0**bits
        yield beside_breaks(model, theta, points) if theta is not None and _pieces(model) else points


def _as_floats(name: str, values: Any) -> np.ndarray:
    try:
        array = np.asarray(values)
        floats = None if np.iscomplexobj(array) else np.asarray(values, float)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be an array of floats, got {values!r:.60}") from error
    if floats is None:
        raise ValueError("matrix and error must be real, got complex numbers")
    return floats


def _where_neurons_change(model: AbstractNetwork, theta: Any, count: int, rng: np.random.Generator) -> np.ndarray:
    """Points (count, inputs) at which some pre-activations of the first hidden layer are of size 1: near single kinks, pairs, corners."""
    first, theta = layers(model.convolution if isinstance(model, PooledCNN) else model)[0], exact.near_floats(exact.rationals(theta))
    at = lambda k: 0.0 if k is None else theta[k]
    w = np.array([[at(k) for k in row] for row in first.weights])
    b = np.array([at(k) for k in first.biases])
    alive = np.flatnonzero(w.any(axis=1))
    points = rng.uniform(-2, 2, (count, model.input_size))
    if not len(alive):
        return points
    drawn = []
    for _ in range(count):
        chosen = rng.choice(alive, min(int(rng.integers(1, model.input_size + 1)), len(alive)), replace=False)
        drawn.append((chosen, rng.normal(size=len(chosen)) * 2.0 ** rng.integers(-6, 2)))
    for size in {len(chosen) for chosen, _ in drawn}:  # the least squares of all points that move towards as many neurons at once
        places = [i for i, (chosen, _) in enumerate(drawn) if len(chosen) == size]
        chosen, wanted = (np.array([drawn[i][part] for i in places]) for part in (0, 1))
        rows = w[chosen]
        with np.errstate(all="ignore"):
            missing = wanted - b[chosen] - (rows @ points[places][..., None])[..., 0]
            steps = (np.linalg.pinv(rows, rcond=np.finfo(float).eps * max(rows.shape[1:])) @ missing[..., None])[..., 0]
            steps[~(np.abs(steps).max(axis=1) < 2.0**40)] = 0
        points[places] += steps
    return points


def structural_upper_bound(model: AbstractModel, theta: np.ndarray) -> int:
    """An upper bound of the model rank at rational ``theta`` (P,) that holds by structure, for all inputs but those at kinks.

    Raises ValueError for what is no model, and for a theta of another shape or not of finite rationals.
    """
    return _structural_bound(model, _parameters(model, theta))


def _structural_bound(model: AbstractModel, theta: np.ndarray) -> int:
    bound = model.n_params
    if isinstance(model, EntryModel):
        return min(bound, len(model.entries()))
    exactly = fractions("theta", theta).tolist()
    for table in tangent_tables(model, exactly):
        bound = min(bound, sparse_rank(table, most=MOST_ELIMINATED, block_rank=exact.rank_of_rows))
    phased = phase_rank(model, exactly)
    return bound if phased is None else min(bound, phased[0])


def _parameters(model: AbstractModel, theta: Any) -> np.ndarray:
    """``theta`` (P,) as fmpq, read once for the whole ladder."""
    if not isinstance(model, AbstractModel):
        raise ValueError(f"model must be a model of theory.models, got {model!r}")
    theta = named_array("theta", theta)
    if theta.shape != (model.n_params,):
        raise ValueError(f"theta must have shape ({model.n_params},) for {model}, got {theta.shape}")
    _finite("theta", theta)
    return _exactly("theta", theta)


def _samples(model: AbstractModel, x: Any) -> np.ndarray:
    """``x`` (n, inputs) as fmpq, read once; index tuples of a factorization stay integers."""
    x = named_array("x", x)
    if x.ndim != 2 or x.shape[1] != model.input_size:
        raise ValueError(f"x must have shape (n, {model.input_size}) for {model}, got {x.shape}")
    _finite("x", x)
    return x if isinstance(model, EntryModel) else _exactly("x", x)


def _exactly(name: str, values: np.ndarray) -> np.ndarray:
    try:
        return exact.rationals(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold rational numbers: {error}") from error


def _finite(name: str, values: np.ndarray) -> None:
    if values.dtype.kind == "c":
        raise ValueError(f"{name} must be real, got {values.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        raise ValueError(f"{name} must be finite, got {values[tuple(where)]} at index {where}")


def _matrix(jacobian: np.ndarray) -> np.ndarray:
    return jacobian.reshape(-1, jacobian.shape[-1])


# ---------------------------------------------------------------------------------------------------------- floats


def _float_rank(model: AbstractModel, theta: np.ndarray, x: np.ndarray, upper: int) -> Rank:
    """Singular values above the error of the tangents, which balls bound; the upper bound is the structural one."""
    try:
        matrix, error = enclosed_floats(ball_tangents(model, theta, x, PRECISIONS[0]))
    except ValueError:  # a ball straddles a kink
        return Rank(0, upper, False, "point", "float")
    if not (np.isfinite(matrix).all() and np.isfinite(error).all()):  # beyond the range of floats
        return Rank(0, upper, False, "point", "float")
    found = float_rank(matrix, error)
    return replace(found, upper=max(min(found.upper, upper), found.lower))


def float_rank(matrix: np.ndarray, error: np.ndarray | float = 0.0) -> Rank:
    """Bounds of the rank of every matrix within ``error`` (entry by entry) of the float ``matrix`` (rows, columns), and an estimate.

    Singular values above the error prove a lower bound; small ones prove nothing, so the upper bound counts the rows and columns that
    are not exactly zero. Rows and columns are brought to size 1 by powers of two first: no choice of units decides.
    """
    matrix, error = _as_floats("matrix", matrix), _as_floats("error", error)
    if matrix.ndim != 2:
        raise ValueError(f"matrix must have shape (rows, columns), got {matrix.shape}")
    if error.shape not in ((), matrix.shape) or (error < 0).any():
        raise ValueError(f"error must be non-negative, one number or of the matrix's shape {matrix.shape}, got shape {error.shape}")
    error = np.broadcast_to(error, matrix.shape)
    if not (np.isfinite(matrix).all() and np.isfinite(error).all()):
        raise ValueError("matrix and error must be finite; scale rows and columns by powers of two first")
    present = (matrix != 0) | (error != 0)
    upper = min(int(present.any(axis=1).sum()), int(present.any(axis=0).sum()))
    if not upper:
        return Rank(0, 0, False, "point", "float", estimate=0)
    rows, columns = _exponents(matrix)
    scaled = np.ldexp(np.ldexp(matrix, -rows), -columns)
    off = float(np.linalg.norm(np.ldexp(np.ldexp(error, -rows), -columns)))
    values = np.linalg.svd(scaled, compute_uv=False)
    # Weyl: the error moves a singular value by at most its norm, rounding in the decomposition by a multiple of max(shape) eps sigma_1.
    noise = SVD_FACTOR * max(matrix.shape) * np.finfo(float).eps * values[0] + off
    lower = min(int((values > noise).sum()), upper)
    below = max(values[lower], noise) if lower < len(values) else noise
    gap = lower and values[lower - 1] >= FLOAT_GAP * below
    return Rank(lower, upper, False, "point", "float", estimate=lower if gap or lower == upper else None)


def _exponents(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Powers of two of rows (n, 1) and columns (1, P) that bring the largest entries of each to about 1."""
    exponents = np.where(matrix != 0, np.frexp(matrix)[1], -(10**6))
    rows = exponents.max(axis=1, keepdims=True, initial=-(10**6))
    rows[rows == -(10**6)] = 0
    columns = (exponents - rows).max(axis=0, keepdims=True, initial=-(10**6))
    columns[columns <= -(10**5)] = 0
    return rows, columns


def enclosed_floats(enclosures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Floats and a bound of their distance from the values in balls (rows, columns); rows and columns are scaled by powers of two.

    Raises ValueError for a ball that is not finite.
    """
    from flint import arb

    enclosures = entrywise(lambda entry: entry if isinstance(entry, arb) else arb(exact.rational(entry)), enclosures)
    if not all(ball.is_finite() for ball in enclosures.flat):
        raise ValueError("a ball is not finite")
    parts = [ball.mid().man_exp() for ball in enclosures.flat]
    sizes = np.array([abs(int(m)).bit_length() + int(e) if m else 0 for m, e in parts], object).reshape(enclosures.shape)
    present = np.array([bool(m) for m, _ in parts], bool).reshape(enclosures.shape)
    rows = [max(row[there], default=0) for row, there in zip(sizes, present, strict=True)]
    shifted = sizes - np.array(rows, object)[:, None] if len(rows) else sizes
    columns = [max(column[there], default=0) for column, there in zip(shifted.T, present.T, strict=True)]
    power = lambda k: arb(2) ** int(k)
    scaled = [[enclosures[i, j] * power(-rows[i] - columns[j]) for j in range(len(columns))] for i in range(len(rows))]
    matrix = np.array([[float(entry.mid()) for entry in row] for row in scaled]).reshape(enclosures.shape)
    # The radius, rounded up, and the rounding of the midpoint to a float.
    error = np.array([[float(entry.rad()) * (1 + 1e-9) for entry in row] for row in scaled]).reshape(enclosures.shape)
    return matrix, error + np.abs(matrix) * np.finfo(float).eps


def _samples_as(model: AbstractModel, x: np.ndarray, convert: Callable) -> np.ndarray:
    """Samples in the arithmetic at hand; index pairs of a factorization stay integers."""
    if isinstance(model, EntryModel):
        return x
    return exact.near_floats(x) if convert is float else convert(x)


# ----------------------------------------------------------------------------------------------------------- exact


def check_prime(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a prime below 2^63: flint ends the process where it meets another modulus."""
    from flint import fmpz

    if not fmpz(whole(name, value, 2, 2**63 - 1)).is_prime():
        raise ValueError(f"{name} must be a prime, got {value}")


def modular_tangents(model: AbstractModel, theta: np.ndarray, x: np.ndarray, prime: int, unit: int) -> np.ndarray:
    """The tangent matrix at rational ``theta`` and ``x`` modulo ``prime``, exponentials s -> ``unit``; an array of nmod (n t, P).

    Raises NoExactValue where the model leaves the field, UnluckyPrime where a denominator vanishes.
    """
    check_prime("prime", prime)
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


def _image_and_field(model: AbstractModel, theta: np.ndarray, x: np.ndarray, prime: int) -> tuple[Any, ExponentialField | None]:
    """:func:`modular_tangents` as flint's matrix, and the field that the exponentials lie in."""
    field = ExponentialField(prime, _unit(prime))
    if (large := one_layer_residues(model, theta, x, field)) is not None:
        return exact.modular_matrix(_matrix(large), prime), field
    matrix = piecewise_tangents(model, theta, x, prime) if in_pieces(model) else modular_tangents(model, theta, x, prime, _unit(prime))
    return exact.modular_matrix(matrix, prime), getattr(matrix, "field", None)


def _exact_rank(model: AbstractModel, theta: np.ndarray, x: np.ndarray, upper: int, eliminate: bool) -> Rank:
    image, _, prime = _first_lucky(model, lambda prime: (*_image_and_field(model, theta, x, prime), prime))
    lower, shape = image.rank(), (image.nrows(), image.ncols())
    if eliminate and lower < upper and model.rational and min(shape) <= MOST_ELIMINATED and math.prod(shape) <= MOST_ON_SAMPLES:
        rational_matrix = _matrix(tangents(model, exact.rationals(theta), _samples_as(model, x, exact.rationals))[1])
        lower = upper = exact.rank_rational(rational_matrix)
    return Rank(lower, upper, lower == upper, "point", "exact", partial(_modular_certificate, model, theta, x, prime))


def _unit(prime: int) -> int:
    """What exponentials are sent to: a unit that no structure prefers, and another for each prime."""
    return 0x1D872B41C9A3F25D % prime + exact.PRIMES.index(prime)


def _first_lucky(model: AbstractModel, found: Callable[[int], tuple[Any, ...]]) -> tuple[Any, ...]:
    """``found`` of the first prime modulo which no denominator vanishes."""
    for prime in exact.PRIMES:
        try:
            return found(prime)
        except UnluckyPrime:
            continue
    raise UnluckyPrime(f"a denominator of {model} vanishes modulo each of {exact.PRIMES}")


def _modular_certificate(model: AbstractModel, theta: np.ndarray, x: np.ndarray, prime: int) -> dict[str, Any] | None:
    """The minor behind a rank modulo ``prime``, its tangents computed anew: few are asked for, and keeping them all takes memory."""
    image, field = _image_and_field(model, theta, x, prime)
    arithmetic = {"prime": prime, "unit": _unit(prime), "denominator": field.denominator if field else None}
    rows = pivots(image.transpose())
    columns = list(range(image.ncols())) if len(rows) == image.ncols() else pivots(image)
    return minor_certificate(model, theta, x, rows, columns, kind="minor modulo a prime", **arithmetic)


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
    approximate = _approximate(model, theta, x)
    for size in _candidate_sizes(approximate, upper):
        for precision in PRECISIONS:
            rows, columns = rows_and_columns(approximate, size)
            try:
                determinant = _ball_minor(model, theta, x, precision, rows, columns)
            except ValueError:  # a ball straddles a kink: more bits may tell
                continue
            if not determinant.contains(0):
                certificate = partial(minor_certificate, model, theta, x, rows, columns, kind="ball minor", precision=precision)
                return Rank(size, upper, size == upper, "point", "ball", certificate)
            if size < upper and precision >= 256:  # a smaller minor is a fallback, not worth the last doublings
                break
    return Rank(0, upper, upper == 0, "point", "ball")


def _approximate(model: AbstractModel, theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The tangent matrix in floats, rows and columns of size 1: where to look for a minor."""
    with np.errstate(all="ignore"):
        found = _matrix(tangents(model, exact.near_floats(theta), _samples_as(model, x, float))[1])
    if not np.isfinite(found).all():  # values beyond the range of floats
        try:
            return enclosed_floats(ball_tangents(model, theta, x, PRECISIONS[0]))[0]
        except ValueError:
            return np.nan_to_num(found)
    return scaled_to_one(found)


def scaled_to_one(matrix: np.ndarray) -> np.ndarray:
    """``matrix`` with rows and columns brought to size 1 by powers of two."""
    rows, columns = _exponents(matrix)
    return np.ldexp(np.ldexp(matrix, -rows), -columns)


def _candidate_sizes(approximate: np.ndarray, upper: int) -> list[int]:
    values = np.linalg.svd(approximate, compute_uv=False)
    above = int((values > max(approximate.shape) * np.finfo(float).eps * values[0]).sum()) if values.size else 0
    return [size for size in dict.fromkeys([upper, *range(min(above, upper), 0, -1)]) if size > 0]


def rows_and_columns(matrix: np.ndarray, size: int) -> tuple[list[int], list[int]]:
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
