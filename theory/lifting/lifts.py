"""Critical lifting: the critical points of a network inside deeper ones (2205.13283, embedding principle in depth).

A layer of any width is inserted between layers q and q+1 such that on the given data each of its neurons stays inside one *open*
affine piece of the activation, sigma(z) = slope z + offset, and the two affine maps compose to the old one. As finitely many samples
stay inside open pieces, near the lifted point the deep loss is R_deep = R_shallow o pi with pi the collapse of the two layers; so output,
criticality and the signs of the Hessian follow from the chain rule. Layers are counted as in the paper: W^[1] comes after
layer 0, the input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theory import arguments
from theory.activations import Activation
from theory.arguments import whole
from theory.lifting.factoring import factor, rank_of
from theory.lifting.pieces import INFINITY, AffinePiece, LeavesPiece, NoAffinePiece, affine_pieces, pieces_met
from theory.models import FullyConnected, TwoLayer
from theory.rationals import fractions

#: Floats keep this share of their size from the ends of a half-line: far more than rounding, sqrt(eps), and no burden.
SAFE = 2.0**-26


@dataclass(frozen=True)
class Condition:
    """One of the three conditions of a lift, by ``name``: whether it ``holds``, and where not."""

    name: str
    holds: bool
    message: str = ""


@dataclass(frozen=True)
class Lifting:
    """A lift ``theta`` of ``shallow_theta``: hidden layer ``after`` + 1 of the ``deep`` model is new and affine on the data ``x``.

    ``pieces[j]`` is the piece that holds the pre-activations of neuron j. Its slope may be zero: the neuron is then constant on the data,
    also near theta, so that the chain rule holds as ever; but it adds to neither of the ranks that make the lift regular.
    """

    shallow: FullyConnected
    shallow_theta: np.ndarray
    deep: FullyConnected
    theta: np.ndarray
    after: int
    x: np.ndarray
    pieces: tuple[AffinePiece, ...]

    @cached_property
    def parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What (mh, m_q) and bhat (mh,) of the inserted layer, W' (m_(q+1), mh) of the one after it."""
        parts = self.deep.unpack(self.theta)
        return parts[f"W{self.after + 1}"], parts[f"b{self.after + 1}"], parts[f"W{self.after + 2}"]

    @property
    def chain_rule(self) -> bool:
        """Whether R_deep = R_shallow o collapse near theta: the layer after the new one must have biases to take up constants."""
        return f"b{self.after + 1}" in self.shallow.shapes

    @property
    def sloped(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """S What (mh, m_q), S bhat + offsets (mh,) and W' S (m_(q+1), mh), where S holds the slopes of the pieces."""
        inner, biases, outer = self.parts
        slopes, offsets = _slopes(self.pieces, inner)
        return slopes[:, None] * inner, slopes * biases + offsets, outer * slopes

    @cached_property
    def regular(self) -> bool:
        """Whether the differential of collapse is onto: W' S has full row rank or S What full column rank.

        Its cokernel consists of the C (m_(q+1), m_q) with C (S What)^T = 0 and (W' S)^T C = 0.
        """
        inner, _, outer = self.sloped
        return rank_of(outer) == outer.shape[0] or rank_of(inner) == inner.shape[1]

    @property
    def dimension(self) -> int | None:
        """Dimension of the manifold of lifts of ``shallow_theta`` around theta; None where irregular (no manifold, in general).

        mh (m_q + m_(q+1) + 1) - m_q m_(q+1), that is the number of new parameters; without biases in the layer after, where
        the constants must cancel too, m_(q+1) less.
        """
        if not self.regular:
            return None
        gained = self.deep.n_params - self.shallow.n_params
        if self.chain_rule:
            return gained
        inner, constants, outer = self.sloped
        extended = np.concatenate([inner, constants[:, None]], axis=1)
        onto = rank_of(outer) == outer.shape[0] or rank_of(extended) == extended.shape[1]
        return gained - outer.shape[0] if onto else None

    @cached_property
    def slack(self) -> Any:
        """The least distance of a pre-activation from the open ends of its piece."""
        z = preactivations(self.deep, self.theta, self.x, self.after + 1)
        return min(piece.slack(min(values), max(values)) for piece, values in zip(self.pieces, z.T, strict=True))

    def collapse(self, theta: Any) -> np.ndarray:
        """pi: the shallow parameters of a deep ``theta`` near the lift, W = W' S What and b = W' (S bhat + offsets) + b'."""
        return _collapsed(self.deep, self.shallow, theta, self.after + 1, self.pieces)

    def differential(self) -> np.ndarray:
        """D pi at theta, shape (M_shallow, M_deep)."""
        inner, constants, outer = self.sloped
        index, deep_index = (model.unpack(np.arange(model.n_params)) for model in (self.shallow, self.deep))
        matrix = np.zeros((self.shallow.n_params, self.deep.n_params), dtype=int).astype(inner.dtype)
        for name, deep_name in inherited(self.shallow, self.after):
            matrix[index[name], deep_index[deep_name]] = 1
        q = self.after + 1
        rows = index[f"W{q}"]
        matrix[rows[:, None, :], deep_index[f"W{q + 1}"][:, :, None]] = inner[None]
        matrix[rows[:, None, :], deep_index[f"W{q}"][None]] = outer[:, :, None]
        if self.chain_rule:
            rows = index[f"b{q}"]
            matrix[rows[:, None], deep_index[f"W{q + 1}"]] = constants[None]
            matrix[rows[:, None], deep_index[f"b{q}"][None]] = outer
            matrix[rows, deep_index[f"b{q + 1}"]] = 1
        return matrix

    def conditions(self, *, tolerance: float = 0.0) -> tuple[Condition, ...]:
        """The three conditions, checked again from the numbers alone."""
        return lifting_conditions(self.shallow, self.shallow_theta, self.deep, self.theta, self.x, self.after, tolerance=tolerance)


# ------------------------------------------------------------------------------------------------------------ lifting


def lift(
    model: FullyConnected | TwoLayer,
    theta: Any,
    x: Any,
    after: int,
    *,
    width: int | None = None,
    piece: AffinePiece | Sequence[AffinePiece] | None = None,
    margin: Fraction | float = Fraction(1, 2),
    rng: np.random.Generator | None = None,
    irregular: bool | None = None,
) -> Lifting:
    """Insert a layer of ``width`` (default: the smaller of its neighbours) between layers ``after`` and ``after`` + 1.

    ``x`` (n, inputs) are the data on which the new layer is affine; exact numbers (integers, Fractions) give an exact lift. ``piece``
    says through which affine piece(s) it goes (default: the first of non-zero slope), ``margin`` > 0 how far pre-activations keep from the
    ends: a quarter of a bounded piece at most, and more for large floats, so that rounding does not use it up. With ``rng`` the
    lift is drawn from all of that width: where W^[after+1] is short of rank, irregular ones come with probability at least
    3^-(width - rank) (:func:`theory.lifting.factoring.any_factor`). With ``irregular=False`` it is drawn from some that are regular from
    the default width on, and without ``rng`` it is a convenient one of these. Raises NoAffinePiece, and ValueError for a position out of
    range, a width below the rank of W^[after+1], hidden layers without biases, ``irregular`` without ``rng``, or data that are not finite
    or reach the layer beyond the range of floats.
    """
    model = as_fully_connected(model)
    theta, x = numbers("theta", theta, x), numbers("x", x, theta)
    _check_position(model, theta, x, after)
    if isinstance(margin, bool | str | complex) or margin is None or not 0 < margin < 1e300:
        raise ValueError(f"margin must be positive and below 1e300, for pieces are open, got {margin!r:.60}")
    W, b = _layer(model, theta, after + 1)
    width = int(min(W.shape)) if width is None else width
    outer, inner = factor(W, width, rng=rng, irregular=rng is not None if irregular is None else irregular)
    pieces = _chosen_pieces(model.activation, width, piece, rng)
    seen = features(model, theta, x, after)
    with np.errstate(over="ignore", invalid="ignore"):
        values = seen @ inner.T
    if values.dtype != object and not np.isfinite(values).all():
        raise ValueError("theta and x must leave what reaches the new layer in the range of floats: scale the network or the data")
    scales, shifts = np.empty_like(inner[:, 0]), np.empty_like(inner[:, 0])
    for j, chosen in enumerate(pieces):
        keep = margin if rng is None else margin * Fraction(int(rng.integers(4, 9)), 4)
        scales[j], shifts[j] = _placed(chosen, values[:, j], keep, centred=b is None)
    slopes, _ = _slopes(pieces, inner)
    return _lifted(model, theta, x, after, seen, scales[:, None] * inner, shifts, outer / (slopes * scales))


def a_tolerance(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a number, 0 or more, or None."""
    if value is not None:
        arguments.number(name, value, "a number, 0 or more", lambda value: 0 <= value < math.inf)


@arguments.checking(after=arguments.between(0), tolerance=a_tolerance)
def lift_with(
    model: FullyConnected | TwoLayer, theta: Any, x: Any, after: int, inner: Any, biases: Any, outer: Any, *, tolerance: float | None = None
) -> Lifting:
    """The lift with given What = ``inner`` (mh, m_q), bhat = ``biases`` (mh,) and W' = ``outer`` (m_(q+1), mh); b' follows.

    Raises LeavesPiece when data leave the affine pieces, ValueError when W' S What differs from W^[q+1] by more than ``tolerance``
    relative to the size of the products (default: exactly for exact numbers, rounding for floats).
    """
    model = as_fully_connected(model)
    theta, x = numbers("theta", theta, x), numbers("x", x, theta)
    _check_position(model, theta, x, after)
    inner, biases, outer = (numbers(name, part, theta) for name, part in (("inner", inner), ("biases", biases), ("outer", outer)))
    W, b = _layer(model, theta, after + 1)
    expected = {"inner": (len(biases), W.shape[1]), "outer": (W.shape[0], len(biases))}
    for name, part in (("inner", inner), ("outer", outer)):
        if part.shape != expected[name]:
            raise ValueError(f"{name} must have shape {expected[name]}, got {part.shape}")
    return _lifted(model, theta, x, after, features(model, theta, x, after), inner, biases, outer, tolerance)


def _lifted(
    model: FullyConnected, theta: np.ndarray, x: np.ndarray, after: int, seen: np.ndarray, inner: np.ndarray, biases: np.ndarray,
    outer: np.ndarray, tolerance: float | None = None,
) -> Lifting:  # fmt: skip
    """The lift, ``seen`` (n, m_q) being what reaches the inserted layer."""
    W, b = _layer(model, theta, after + 1)
    pieces = pieces_met(model.activation, seen @ inner.T + biases)
    slopes, offsets = _slopes(pieces, inner)
    constants = outer @ (slopes * biases + offsets)
    if (gap := _product_gap(outer * slopes, inner, W)) > (_rounding(inner) if tolerance is None else tolerance):
        raise ValueError(f"outer must satisfy W' S What = W^[{after + 1}], got a relative difference of {float(gap):.3g}")
    if b is None and constants.any():
        raise ValueError(f"layer {after + 1} has no biases, so W' (S bhat + offsets) must vanish, got {constants.tolist()}")
    deep = deeper(model, after, len(biases))
    parts = model.unpack(theta)
    new = {deep_name: parts[name] for name, deep_name in inherited(model, after)}
    new |= {f"W{after + 1}": inner, f"b{after + 1}": biases, f"W{after + 2}": outer}
    if b is not None:
        new[f"b{after + 2}"] = b - constants
    return Lifting(model, theta, deep, deep.pack(**new), after, x, pieces)


@arguments.checking(shallow=arguments.model, deep=arguments.model, x=arguments.array(2), after=arguments.between(0), tolerance=a_tolerance)
def lifting_conditions(
    shallow: FullyConnected, theta: Any, deep: FullyConnected, deep_theta: Any, x: Any, after: int, *, tolerance: float = 0.0
) -> tuple[Condition, ...]:
    """Whether ``deep_theta`` is a lift of ``theta`` for the data ``x``, condition by condition.

    They are "local in layer", "layer linearization" and "output preservation"; differences up to ``tolerance``, relative to the larger
    entry, count as none. Raises ValueError where ``deep`` is no one-layer deepening of ``shallow`` after layer ``after``.
    """
    if after not in range(shallow.depth) or deep.widths != _inserted(shallow.widths, after, deep.widths[after + 1]):
        raise ValueError(f"deep must be {shallow.widths} with one layer inserted after {after}, got {deep.widths}")
    theta, deep_theta = numbers("theta", theta, x), numbers("deep_theta", deep_theta, x)
    before, now = shallow.unpack(theta), deep.unpack(deep_theta)
    changed = [name for name, deep_name in inherited(shallow, after) if _relative_gap(before[name], now[deep_name]) > tolerance]
    local = Condition("local in layer", not changed, f"{', '.join(changed)} not inherited" if changed else "")
    try:
        pieces = pieces_met(deep.activation, preactivations(deep, deep_theta, numbers("x", x, theta), after + 1))
    except (LeavesPiece, NoAffinePiece) as error:
        unknown = Condition("output preservation", False, "not decided: the inserted layer is not affine on the data")
        return local, Condition("layer linearization", False, str(error)), unknown
    collapsed = shallow.unpack(_collapsed(deep, shallow, deep_theta, after + 1, pieces))
    names = [name for name in (f"W{after + 1}", f"b{after + 1}") if name in before]
    gaps = {name: _relative_gap(before[name], collapsed[name]) for name in names}
    if f"b{after + 1}" not in before:
        constants = _constants(deep, deep_theta, after + 1, pieces)
        gaps["constants"] = _relative_gap(0 * constants, constants)
    off = [f"{name} by {float(gap):.3g}" for name, gap in gaps.items() if gap > tolerance]
    kept = Condition("output preservation", not off, f"the collapse misses {', '.join(off)}" if off else "")
    return local, Condition("layer linearization", True), kept


# ------------------------------------------------------------------------------------------------------------ merging


@dataclass(frozen=True)
class Merged:
    """The ``model`` and ``theta`` that remain when a layer affine on the data, neuron j on ``pieces[j]``, is merged into the next."""

    model: FullyConnected
    theta: np.ndarray
    pieces: tuple[AffinePiece, ...]


def merge(model: FullyConnected | TwoLayer, theta: Any, x: Any, layer: int) -> Merged:
    """Remove hidden layer ``layer`` (from 1), whose neurons each stay in one affine piece (constant ones included) on the data ``x``.

    The inverse of lifting: outputs on ``x`` stay as they are. Raises LeavesPiece where a neuron is not affine on the data, ValueError where
    the layer after it has no biases to take up the constants.
    """
    model = as_fully_connected(model)
    theta, x = numbers("theta", theta, x), numbers("x", x, theta)
    if layer not in range(1, model.depth):
        raise ValueError(f"layer must be a hidden layer from 1 to {model.depth - 1}, got {layer!r}")
    _check_position(model, theta, x, layer)
    pieces = pieces_met(model.activation, preactivations(model, theta, x, layer))
    if f"b{layer + 1}" not in model.shapes and (constants := _constants(model, theta, layer, pieces)).any():
        raise ValueError(f"layer {layer + 1} has no biases to take up the constants {constants.tolist()}")
    widths = model.widths[:layer] + model.widths[layer + 1 :]
    shallow = FullyConnected(widths, model.activation, bias=model.bias, output_bias=model.output_bias)
    return Merged(shallow, _collapsed(model, shallow, theta, layer, pieces), pieces)


# ------------------------------------------------------------------------------------------------------ layer by layer


def as_fully_connected(model: FullyConnected | TwoLayer) -> FullyConnected:
    """``model`` with numbered layers; the flat order of theta is the same."""
    if isinstance(model, TwoLayer):
        widths = (model.inputs, model.width, model.outputs)
        return FullyConnected(widths, model.activation, bias=model.bias, output_bias=model.output_bias)
    if not isinstance(model, FullyConnected):
        raise ValueError(f"model must be FullyConnected or TwoLayer, got {model!r}")
    return model


def features(model: FullyConnected, theta: Any, x: Any, layer: int) -> np.ndarray:
    """f^[layer] on the samples ``x``, shape (n, m_layer); layer 0 is the input."""
    layer = whole("layer", layer, 0, model.depth)
    return model.activation(preactivations(model, theta, x, layer)) if layer else np.asarray(x)


def preactivations(model: FullyConnected, theta: Any, x: Any, layer: int) -> np.ndarray:
    """W^[layer] f^[layer-1] + b^[layer] on the samples ``x``, shape (n, m_layer)."""
    W, b = _layer(model, theta, whole("layer", layer, 1, model.depth))
    z = features(model, theta, x, layer - 1) @ W.T
    return z if b is None else z + b


def numbers(name: str, values: Any, other: Any) -> np.ndarray:
    """``values`` as floats, or as Fractions when they and ``other`` hold exact numbers. Raises ValueError for what is not finite."""
    array = np.asarray(values)
    if array.dtype.kind == "f" or np.asarray(other).dtype.kind == "f":
        array = array.astype(float)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]} at {np.argwhere(~np.isfinite(array))[0]}")
        return array
    return fractions(name, array)


def _check_position(model: FullyConnected, theta: np.ndarray, x: np.ndarray, after: int) -> None:
    if isinstance(after, bool) or after not in range(model.depth):
        raise ValueError(f"after must be a layer from 0 (the input) to {model.depth - 1}, got {after!r}")
    if theta.shape != (model.n_params,):
        raise ValueError(f"theta must have shape ({model.n_params},) for {model}, got {theta.shape}")
    if x.ndim != 2 or x.shape[1] != model.inputs or not len(x):
        raise ValueError(f"x must have shape (n, {model.inputs}) with n at least 1, got {x.shape}")
    if model.depth > 1 and not model.bias:
        raise ValueError("model must have biases in its hidden layers, for the inserted layer shifts the data into its piece")


def _layer(model: FullyConnected, theta: Any, layer: int) -> tuple[np.ndarray, np.ndarray | None]:
    parts = model.unpack(theta)
    return parts[f"W{layer}"], parts.get(f"b{layer}")


def _inserted(widths: Sequence[int], after: int, width: int) -> tuple[int, ...]:
    return (*widths[: after + 1], width, *widths[after + 1 :])


def deeper(model: FullyConnected, after: int, width: int) -> FullyConnected:
    """``model`` with a hidden layer of ``width`` more between layers ``after`` and ``after`` + 1."""
    return FullyConnected(_inserted(model.widths, after, width), model.activation, bias=True, output_bias=model.output_bias)


def inherited(model: FullyConnected, after: int) -> list[tuple[str, str]]:
    """(name in the shallow, name in the deep model) of the parts that a lift after layer ``after`` leaves alone."""
    split = [(name[0], int(name[1:])) for name in model.shapes]
    return [(f"{kind}{l}", f"{kind}{l + (l > after)}") for kind, l in split if l != after + 1]


def _collapsed(deep: FullyConnected, shallow: FullyConnected, theta: Any, layer: int, pieces: Sequence[AffinePiece]) -> np.ndarray:
    """The parameters of ``shallow`` when hidden layer ``layer`` of ``deep`` acts as its affine ``pieces`` say."""
    parts = deep.unpack(theta)
    inner, outer = parts[f"W{layer}"], parts[f"W{layer + 1}"]
    slopes, _ = _slopes(pieces, inner)
    new = {name: parts[deep_name] for name, deep_name in inherited(shallow, layer - 1)}
    new[f"W{layer}"] = (outer * slopes) @ inner
    if f"b{layer}" in shallow.shapes:
        new[f"b{layer}"] = _constants(deep, theta, layer, pieces) + parts[f"b{layer + 1}"]
    return shallow.pack(**new)


def _constants(deep: FullyConnected, theta: Any, layer: int, pieces: Sequence[AffinePiece]) -> np.ndarray:
    """W' (S bhat + offsets): what the layer sends on when its input vanishes."""
    parts = deep.unpack(theta)
    slopes, offsets = _slopes(pieces, parts[f"W{layer}"])
    return parts[f"W{layer + 1}"] @ (slopes * parts[f"b{layer}"] + offsets if f"b{layer}" in parts else offsets)


def _slopes(pieces: Sequence[AffinePiece], like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p.slope for p in pieces]).astype(like.dtype), np.array([p.offset for p in pieces]).astype(like.dtype)


def _like(value: Fraction, array: np.ndarray) -> Any:
    return value if array.dtype == object else float(value)


def _chosen_pieces(activation: Activation, width: int, piece: Any, rng: np.random.Generator | None) -> tuple[AffinePiece, ...]:
    known = affine_pieces(activation)
    if not known:
        raise NoAffinePiece(f"{activation.name} has no affine piece of non-zero slope, so no layer can be lifted through it")
    if piece is None:
        return tuple(known[0 if rng is None else int(rng.integers(len(known)))] for _ in range(width))
    chosen = (piece,) * width if isinstance(piece, AffinePiece) else tuple(piece)
    if len(chosen) != width or any(one not in known for one in chosen):
        raise ValueError(f"piece must be one of {[str(p) for p in known]}, or {width} of them, got {piece!r}")
    return chosen


def _placed(piece: AffinePiece, values: np.ndarray, margin: Any, *, centred: bool) -> tuple[Any, Any]:
    """Scale > 0 and shift that bring ``values`` into the piece, at least ``margin`` from its ends.

    ``centred`` asks for the shift at which sigma vanishes: then nothing is left to compensate.
    """
    lowest, highest = min(values), max(values)
    number = lambda value: _like(Fraction(value), values)
    bounded = piece.upper - piece.lower < INFINITY
    if bounded:
        margin = min(margin, (piece.upper - piece.lower) / 4)
    if centred:
        centre = -piece.offset / piece.slope
        room, reach = piece.slack(centre, centre), max(abs(lowest), abs(highest))
        if not room > 0:
            raise ValueError(f"without biases in the next layer sigma must vanish inside the piece {piece}")
        scale = 1 if room == INFINITY else min(1, room / 2 / (Fraction(reach) or 1))
        return number(scale), number(centre)
    if bounded:
        spread = Fraction(highest) - Fraction(lowest)
        scale = min(Fraction(1), (piece.upper - piece.lower - 2 * Fraction(margin)) / (spread or 1))
        middle = (Fraction(highest) + Fraction(lowest)) / 2
        return number(scale), number((piece.lower + piece.upper) / 2 - scale * middle)
    if values.dtype != object:
        margin = margin + SAFE * max(abs(lowest), abs(highest))
    if piece.lower > -INFINITY:
        return number(1), number(piece.lower + Fraction(margin) - Fraction(lowest))
    if piece.upper < INFINITY:
        return number(1), number(piece.upper - Fraction(margin) - Fraction(highest))
    return number(1), number(0)


def _rounding(like: np.ndarray) -> float:
    """Largest relative difference that rounding leaves in the products of a lift: 64 units for each term of a sum."""
    return 0.0 if like.dtype == object else 64 * max(like.shape) * np.finfo(float).eps


def _product_gap(outer: np.ndarray, inner: np.ndarray, expected: np.ndarray) -> Any:
    """The largest entry of outer @ inner - expected relative to the largest of |outer| @ |inner|, in which rounding is measured."""
    gap = max(abs(outer @ inner - expected).flat, default=0)
    return gap / max((*(abs(outer) @ abs(inner)).flat, *abs(expected).flat)) if gap else 0


def _relative_gap(first: np.ndarray, second: np.ndarray) -> Any:
    gap = max(abs(first - second).flat, default=0)
    return gap / max((*abs(first).flat, *abs(second).flat)) if gap else 0
