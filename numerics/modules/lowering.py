"""Core aten operations as steps of a :class:`numerics.modules.graph.Graph`: each operation once, by what it means for one sample.

Pure movement (views, permutations, slices) is run by torch itself on a tensor of places, which gives the index list of a gather. What
depends on
neither parameters nor inputs is run by torch in double precision and is a constant: the floats that come out are read as the rationals
they are.
A place that holds minus infinity (an attention mask) is remembered as masked; softmax is the one operation that takes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.modules.graph import Builder


class NotRead(ValueError):
    """What the module does is not read; the message names the operation and the layer."""


@dataclass(frozen=True, eq=False)
class Wire:
    """A value of the graph with the shape that torch gives it; ``masked``: its places that hold minus infinity, or None."""

    number: int
    shape: tuple[int, ...]
    masked: np.ndarray | None = None
    tokens: bool = False

    @property
    def size(self) -> int:
        """The number of its entries."""
        return math.prod(self.shape)


#: aten operation -> function of (lowering, arguments of the operation).
Meanings = dict[str, Callable[..., Any]]


def meanings() -> tuple[Meanings, Callable[..., Any]]:
    """An empty table, and the decorator that enters a function as the meaning of aten operations."""
    table: Meanings = {}

    def aten(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            table.update(dict.fromkeys(names, function))
            return function

        return register

    return table, aten


#: What the operations of this module mean; those that are whole layers: :data:`numerics.modules.lowering_layers.LAYERS`.
OPERATIONS, aten = meanings()


#: Operations that move entries and do nothing else.
MOVES = {
    *("view.default", "_unsafe_view.default", "reshape.default", "permute.default", "transpose.int", "t.default", "expand.default"),
    *("select.int", "slice.Tensor", "squeeze.dims", "squeeze.dim", "squeeze.default", "unsqueeze.default", "flip.default"),
    *("repeat.default", "roll.default", "split_with_sizes.default", "split.Tensor", "unbind.int", "diagonal.default"),
    *("unfold.default", "pixel_shuffle.default", "index_select.default", "tril.default", "triu.default", "as_strided.default"),
    *("index.Tensor", "gather.default", "constant_pad_nd.default", "view_copy.default", "expand_copy.default"),
}
#: Operations that hand on what they get.
SAME = {
    *("clone.default", "alias.default", "detach.default", "detach_.default", "contiguous.default", "lift_fresh_copy.default"),
    *("_to_copy.default", "alias_copy.default", "dropout.default"),
}


class Lowering:
    """The steps of one module as they are built. ``place`` is the layer at hand, for messages."""

    def __init__(self, n_params: int, known: Meanings) -> None:
        self.builder = Builder(n_params)
        self.known = known

    # ------------------------------------------------------------------------------------------------------ dispatch

    def run(self, target: str, function: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        """The outcome of one aten operation: wires, torch tensors where nothing depends on parameters or inputs, or lists of these."""
        if not any(isinstance(a, Wire) for a in _leaves([*arguments, *options.values()])):
            return _in_double(function, arguments, options)
        self._exact(target, arguments, options)
        if target in SAME:
            return arguments[0]
        if target in MOVES:
            return self.move(function, arguments, options)
        meaning = self.known.get(target)
        if meaning is None:
            raise self.not_read(f"the operation aten.{target}")
        if target not in ("embedding.default",) and any(isinstance(a, Wire) and a.tokens for a in _leaves(arguments)):
            raise self.not_read(f"aten.{target} of whole numbers (tokens choose rows of a table, nothing else)")
        return meaning(self, *arguments, **options)

    def _exact(self, target: str, arguments: Sequence[Any], options: dict[str, Any]) -> None:
        """Refuse a cast that rounds: to whole numbers, or to floats that are narrower than the double precision of the module."""
        import torch

        tokens = target in SAME and isinstance(arguments[0], Wire) and arguments[0].tokens
        for dtype in [a for a in (*arguments, *options.values()) if isinstance(a, torch.dtype)]:
            if dtype != torch.float64 and not (tokens and dtype in (torch.int64, torch.int32)):
                raise self.not_read(f"a cast to {dtype}")

    def not_read(self, what: str) -> NotRead:
        """The error that names ``what`` and the layer it stands in."""
        where = f"layer {self.builder.place!r}" if self.builder.place else "the module itself"
        return NotRead(f"{what} in {where} is not read: it has no rank here")

    # ------------------------------------------------------------------------------------------------------ building blocks

    def wire(self, value: Any) -> Wire:
        """A wire, or a tensor or number as a constant one."""
        import torch

        if isinstance(value, Wire):
            return value
        tensor = value.detach().double() if isinstance(value, torch.Tensor) else torch.tensor(float(value), dtype=torch.float64)
        numbers = tensor.numpy()
        masked = np.isneginf(numbers)
        if not np.isfinite(numbers[~masked]).all():
            raise self.not_read("a constant that is not finite")
        constant = self.builder.add("constant", (), numbers.size, values=np.where(masked, 0.0, numbers).ravel())
        return Wire(constant, tuple(numbers.shape), masked if masked.any() else None)

    def move(self, function: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        """Run a movement on the places of the one wire among the arguments; place 0 stands for a zero that is padded."""
        import torch

        wire = arguments[0]
        if not isinstance(wire, Wire) or any(isinstance(a, Wire) for a in _leaves([*arguments[1:], *options.values()])):
            raise self.not_read("an index that depends on inputs or parameters")
        if any(isinstance(a, float) and a != 0 for a in arguments[1:]):
            raise self.not_read("padding with another number than 0")
        places = torch.arange(1, wire.size + 1, dtype=torch.int64).reshape(wire.shape)
        moved = function(places, *arguments[1:], **{k: v for k, v in options.items() if k not in ("dtype", "memory_format")})
        return [self.take(wire, m.numpy() - 1) for m in moved] if isinstance(moved, list | tuple) else self.take(wire, moved.numpy() - 1)

    def take(self, wire: Wire, index: np.ndarray) -> Wire:
        """The entries at ``index``, an array of places in the shape wanted; -1 is a zero."""
        masked = None
        if wire.masked is not None:
            masked = np.append(np.broadcast_to(wire.masked, wire.shape).ravel(), False)[index]
        number = self.builder.gather(wire.number, index)
        return Wire(number, tuple(index.shape), masked if masked is not None and masked.any() else None, wire.tokens)

    def reshape(self, wire: Wire, shape: Sequence[int]) -> Wire:
        """The same entries in another shape of as many."""
        return Wire(wire.number, tuple(shape), None if wire.masked is None else wire.masked.reshape(shape), wire.tokens)

    def permute(self, wire: Wire, order: Sequence[int]) -> Wire:
        """Axes in another order."""
        return self.take(wire, np.arange(wire.size).reshape(wire.shape).transpose(order))

    def broadcast(self, wire: Wire, shape: Sequence[int]) -> Wire:
        """Repeated to ``shape`` by the rules of broadcasting."""
        return self.take(wire, np.broadcast_to(np.arange(wire.size).reshape(wire.shape), tuple(shape)))

    def finite(self, wire: Wire, what: str) -> Wire:
        """``wire``, once none of its places is masked."""
        if wire.masked is not None:
            raise self.not_read(f"{what} of minus infinity")
        return wire

    def binary(self, kind: str, a: Any, b: Any) -> Wire:
        """add or mul with broadcasting."""
        a, b = self.wire(a), self.wire(b)
        shape = tuple(np.broadcast_shapes(a.shape, b.shape))
        masks = [np.broadcast_to(w.masked, shape) for w in (a, b) if w.masked is not None]
        if masks and kind != "add":
            raise self.not_read("a product with minus infinity")
        a, b = self.broadcast(a, shape), self.broadcast(b, shape)
        masked = np.logical_or.reduce(masks) if masks else None
        return Wire(self.builder.add(kind, (a.number, b.number), math.prod(shape)), shape, masked)

    def scale(self, wire: Wire, factor: Any) -> Wire:
        """Times a rational number (a float is the rational it is)."""
        if isinstance(factor, float) and not math.isfinite(factor):
            raise self.not_read("a factor that is not finite")
        factor = Fraction(factor)
        return wire if factor == 1 else self.after(wire, "scale", factor=factor, masked=wire.masked)

    def after(self, wire: Wire, kind: str, *, shape: Sequence[int] | None = None, masked: Any = None, **data: Any) -> Wire:
        """A step of one source; in the shape of the source unless another is given."""
        shape = wire.shape if shape is None else tuple(shape)
        return Wire(self.builder.add(kind, (wire.number,), math.prod(shape), **data), shape, masked)

    def function(self, name: str, wire: Wire) -> Wire:
        """A function of one variable, entry by entry."""
        return self.after(self.finite(wire, name), "function", name=name)

    def relu(self, wire: Wire) -> Wire:
        """max(z, 0), entry by entry."""
        return self.after(self.finite(wire, "relu"), "relu")

    def rows(self, wire: Wire, axes: Sequence[int]) -> tuple[Wire, tuple[int, ...], int]:
        """``wire`` as rows over ``axes``, the shape of the other axes, and the length of a row."""
        nd = len(wire.shape)
        axes = sorted({a % nd for a in axes})
        rest = [k for k in range(nd) if k not in axes]
        length = math.prod(wire.shape[a] for a in axes)
        shape = tuple(wire.shape[k] for k in rest)
        return self.reshape(self.permute(wire, [*rest, *axes]), (math.prod(shape), length)), shape, length

    def sum(self, wire: Wire, axes: Sequence[int] | None, keepdim: bool) -> Wire:
        """The sum over ``axes`` (all of them: None or empty)."""
        nd = len(wire.shape)
        axes = [a % nd for a in axes] if axes else list(range(nd))
        rows, shape, length = self.rows(self.finite(wire, "a sum"), axes)
        kept = tuple(1 if k in axes else m for k, m in enumerate(wire.shape))
        return self.after(rows, "sum", shape=kept if keepdim else shape, length=length)

    def matmul(self, a: Wire, b: Wire) -> Wire:
        """(..., rows, inner) times (..., inner, columns), leading axes equal."""
        a, b = self.finite(a, "a product"), self.finite(b, "a product")
        batch, (rows, inner), columns = math.prod(a.shape[:-2]), a.shape[-2:], b.shape[-1]
        shape = (*a.shape[:-1], columns)
        number = self.builder.add("matmul", (a.number, b.number), math.prod(shape), batch=batch, rows=rows, inner=inner, columns=columns)
        return Wire(number, shape)


def _leaves(arguments: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for argument in arguments:
        found += _leaves(argument) if isinstance(argument, list | tuple) else [argument]
    return found


def _in_double(function: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    import torch

    options = {k: v for k, v in options.items() if k != "device"}
    if options.get("dtype") in (torch.float32, torch.float16, torch.bfloat16):
        options["dtype"] = torch.float64
    return function(*arguments, **options)


# ------------------------------------------------------------------------------------------------------- ring operations


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@aten("add.Tensor", "add.Scalar")
def _add(low: Lowering, a: Any, b: Any, alpha: Any = 1) -> Wire:
    return low.binary("add", a, low.scale(low.wire(b), alpha))


@aten("sub.Tensor", "sub.Scalar")
def _sub(low: Lowering, a: Any, b: Any, alpha: Any = 1) -> Wire:
    return low.binary("add", a, low.scale(low.finite(low.wire(b), "a difference"), -Fraction(alpha)))


@aten("rsub.Scalar", "rsub.Tensor")
def _rsub(low: Lowering, a: Any, b: Any, alpha: Any = 1) -> Wire:
    return _sub(low, b, a, alpha)


@aten("neg.default")
def _neg(low: Lowering, a: Wire) -> Wire:
    return low.scale(low.finite(a, "minus"), -1)


@aten("mul.Tensor", "mul.Scalar")
def _mul(low: Lowering, a: Any, b: Any) -> Wire:
    if _is_number(b):
        return low.scale(a, b)
    return low.scale(b, a) if _is_number(a) else low.binary("mul", a, b)


@aten("reciprocal.default")
def _reciprocal(low: Lowering, a: Wire) -> Wire:
    return low.function("reciprocal", a)


@aten("div.Tensor", "div.Scalar")
def _div(low: Lowering, a: Any, b: Any) -> Wire:
    if _is_number(b):
        return low.scale(a, 1 / Fraction(b))
    return low.binary("mul", a, low.function("reciprocal", low.wire(b)))


@aten("square.default")
def _square(low: Lowering, a: Wire) -> Wire:
    return low.binary("mul", a, a)


@aten("pow.Tensor_Scalar")
def _pow(low: Lowering, a: Wire, exponent: Any) -> Wire:
    if float(exponent).is_integer() and 1 <= abs(exponent) <= 64:
        power = a
        for _ in range(abs(int(exponent)) - 1):
            power = low.binary("mul", power, a)
        return power if exponent > 0 else low.function("reciprocal", power)
    if abs(exponent) == 0.5:
        root = low.function("root", a)
        return root if exponent < 0 else low.binary("mul", a, root)
    raise low.not_read(f"the power {exponent}")


@aten("mm.default", "bmm.default")
def _mm(low: Lowering, a: Any, b: Any) -> Wire:
    return low.matmul(low.wire(a), low.wire(b))


@aten("matmul.default")
def _matmul(low: Lowering, a: Any, b: Any) -> Wire:
    a, b = low.wire(a), low.wire(b)
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise low.not_read("a product of vectors")
    batch = tuple(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
    return low.matmul(low.broadcast(a, (*batch, *a.shape[-2:])), low.broadcast(b, (*batch, *b.shape[-2:])))


@aten("mv.default")
def _mv(low: Lowering, a: Any, b: Any) -> Wire:
    a, b = low.wire(a), low.wire(b)
    return low.reshape(low.matmul(a, low.reshape(b, (b.size, 1))), a.shape[:1])


@aten("addmm.default", "baddbmm.default")
def _addmm(low: Lowering, c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Wire:
    return low.binary("add", low.scale(_mm(low, a, b), alpha), low.scale(low.wire(c), beta))


@aten("linear.default")
def _linear(low: Lowering, x: Any, weight: Any, bias: Any = None) -> Wire:
    x, weight = low.wire(x), low.wire(weight)
    flat = low.reshape(x, (x.size // x.shape[-1], x.shape[-1]))
    product = low.reshape(low.matmul(flat, low.permute(weight, (1, 0))), (*x.shape[:-1], weight.shape[0]))
    return product if bias is None else low.binary("add", product, bias)


@aten("sum.dim_IntList")
def _sum(low: Lowering, a: Wire, dims: Any, keepdim: bool = False, dtype: Any = None) -> Wire:
    return low.sum(a, dims, keepdim)


@aten("sum.default")
def _sum_all(low: Lowering, a: Wire, dtype: Any = None) -> Wire:
    return low.sum(a, None, False)


@aten("mean.dim")
def _mean(low: Lowering, a: Wire, dims: Any, keepdim: bool = False, dtype: Any = None) -> Wire:
    total = low.sum(a, dims, keepdim)
    return low.scale(total, Fraction(total.size, a.size))


@aten("mean.default")
def _mean_all(low: Lowering, a: Wire, dtype: Any = None) -> Wire:
    return _mean(low, a, None)


@aten("var.correction", "var_mean.correction")
def _var(low: Lowering, a: Wire, dims: Any = None, correction: Any = 1, keepdim: bool = False) -> Wire:
    centred = _sub(low, a, _mean(low, a, dims, True))
    total = low.sum(low.binary("mul", centred, centred), dims, keepdim)
    return low.scale(total, 1 / Fraction(a.size // total.size - (1 if correction is None else correction)))


@aten("cat.default")
def _cat(low: Lowering, parts: Sequence[Any], dim: int = 0) -> Wire:
    wires = [w for w in map(low.wire, parts) if w.shape != (0,)]
    dim %= len(wires[0].shape)
    joined = low.builder.add("join", tuple(w.number for w in wires), sum(w.size for w in wires))
    starts = np.cumsum([0, *(w.size for w in wires)])
    index = np.concatenate([np.arange(w.size).reshape(w.shape) + s for w, s in zip(wires, starts, strict=False)], dim)
    masked = None
    if any(w.masked is not None for w in wires):
        masked = np.concatenate([np.zeros(w.shape, bool) if w.masked is None else w.masked for w in wires], dim)
    return Wire(low.builder.gather(joined, index), tuple(index.shape), masked)


@aten("stack.default")
def _stack(low: Lowering, parts: Sequence[Any], dim: int = 0) -> Wire:
    wires = list(map(low.wire, parts))
    dim %= len(wires[0].shape) + 1
    return _cat(low, [low.reshape(w, (*w.shape[:dim], 1, *w.shape[dim:])) for w in wires], dim)


@aten("cumsum.default")
def _cumsum(low: Lowering, a: Wire, dim: int, dtype: Any = None) -> Wire:
    rows, shape, length = low.rows(a, [dim])
    upper = low.wire(_as_tensor(np.triu(np.ones((length, length)))))
    summed = low.reshape(low.matmul(rows, upper), (*shape, length))
    order = list(range(len(shape)))
    return low.permute(summed, [*order[: dim % len(a.shape)], len(shape), *order[dim % len(a.shape) :]])


def _as_tensor(array: np.ndarray) -> Any:
    import torch

    return torch.as_tensor(array)


# ------------------------------------------------------------------------------------------------------- masks


@aten("eq.Scalar")
def _eq(low: Lowering, a: Wire, number: Any) -> Any:
    if number != -math.inf:
        raise low.not_read("a comparison of values")
    return _as_tensor(np.zeros(a.shape, bool) if a.masked is None else np.array(a.masked))


@aten("full_like.default")
def _full_like(low: Lowering, a: Wire, number: Any, **_: Any) -> Any:
    return _as_tensor(np.full(a.shape, float(number)))


@aten("zeros_like.default")
def _zeros_like(low: Lowering, a: Wire, **_: Any) -> Any:
    return _as_tensor(np.zeros(a.shape))


@aten("ones_like.default")
def _ones_like(low: Lowering, a: Wire, **_: Any) -> Any:
    return _as_tensor(np.ones(a.shape))


@aten("where.self")
def _where(low: Lowering, condition: Any, a: Any, b: Any) -> Wire:
    if isinstance(condition, Wire):
        raise low.not_read("a choice that depends on inputs or parameters")
    a, b = low.wire(a), low.wire(b)
    shape = tuple(np.broadcast_shapes(condition.shape, a.shape, b.shape))
    chosen = np.broadcast_to(condition.numpy(), shape)
    joined = _cat(low, [low.reshape(w, (w.size,)) for w in (a, b)])
    places = [np.broadcast_to(np.arange(w.size).reshape(w.shape), shape) for w in (a, b)]
    return low.take(joined, np.where(chosen, places[0], places[1] + a.size))


@aten("masked_fill.Scalar")
def _masked_fill(low: Lowering, a: Wire, condition: Any, number: Any) -> Wire:
    return _where(low, condition, _as_tensor(np.full((), float(number))), a)


# ------------------------------------------------------------------------------------------------------- activations


def _same_name(name: str) -> Callable[..., Wire]:
    return lambda low, a: low.function(name, a)


for _name in ("tanh", "sigmoid", "exp", "log", "sin", "cos"):
    aten(f"{_name}.default")(_same_name(_name))
aten("rsqrt.default")(_same_name("root"))


@aten("sqrt.default")
def _sqrt(low: Lowering, a: Wire) -> Wire:
    return low.binary("mul", a, low.function("root", a))


@aten("erf.default")
def _erf(low: Lowering, a: Wire) -> Wire:
    # erf z = 2 Phi(sqrt 2 z) - 1: sqrt 2 is the float that torch has in gelu.
    normal = low.function("normal", low.scale(a, math.sqrt(2)))
    return low.binary("add", low.scale(normal, 2), -1)


@aten("softplus.default")
def _softplus(low: Lowering, a: Wire, beta: Any = 1, threshold: Any = 20) -> Wire:
    # From its threshold on torch's softplus is z. At 20 or more that differs from the softplus by rounding of single precision: what is
    # read is the softplus, and samples beyond are refused. Below it is another function, with a jump.
    if not 20 <= threshold < math.inf:
        raise low.not_read(f"a softplus that is replaced by its argument from {threshold} on")
    scaled = low.scale(low.finite(a, "softplus"), beta)
    return low.scale(low.after(scaled, "function", name="softplus", below=math.floor(threshold)), 1 / Fraction(beta))


@aten("silu.default")
def _silu(low: Lowering, a: Wire) -> Wire:
    return low.binary("mul", a, low.function("sigmoid", a))


@aten("gelu.default")
def _gelu(low: Lowering, a: Wire, approximate: str = "none") -> Wire:
    if approximate == "none":
        return low.binary("mul", a, low.function("normal", a))
    cubed = low.binary("mul", low.binary("mul", a, a), a)
    inner = low.scale(low.binary("add", a, low.scale(cubed, 0.044715)), math.sqrt(2 / math.pi))
    return low.binary("mul", low.scale(a, 0.5), low.binary("add", low.function("tanh", inner), 1))


@aten("relu.default")
def _relu(low: Lowering, a: Wire) -> Wire:
    return low.relu(a)


@aten("leaky_relu.default")
def _leaky(low: Lowering, a: Wire, slope: Any = 0.01) -> Wire:
    return low.binary("add", low.scale(a, slope), low.scale(low.relu(a), 1 - Fraction(slope)))


@aten("prelu.default", "_prelu_kernel.default")
def _prelu(low: Lowering, a: Wire, slope: Any) -> Wire:
    open_part = low.relu(a)
    return low.binary("add", open_part, low.binary("mul", slope, _sub(low, a, open_part)))


@aten("abs.default")
def _abs(low: Lowering, a: Wire) -> Wire:
    return _sub(low, low.scale(low.relu(a), 2), a)


@aten("hardtanh.default", "clamp.default")
def _hardtanh(low: Lowering, a: Wire, least: Any = None, most: Any = None) -> Wire:
    if least is None and most is None:
        least, most = -1, 1
    if most is not None:
        a = _sub(low, most, low.relu(_sub(low, most, a)))
    return a if least is None else low.binary("add", low.relu(_sub(low, a, least)), least)


@aten("elu.default")
def _elu(low: Lowering, a: Wire, alpha: Any = 1, scale: Any = 1, input_scale: Any = 1) -> Wire:
    open_part = low.relu(a)
    below = low.function("exp", low.scale(_sub(low, a, open_part), input_scale))
    return low.scale(low.binary("add", open_part, low.scale(_sub(low, below, 1), alpha)), scale)


@aten("maximum.default")
def _maximum(low: Lowering, a: Any, b: Any) -> Wire:
    return low.binary("add", b, low.relu(_sub(low, a, b)))


@aten("minimum.default")
def _minimum(low: Lowering, a: Any, b: Any) -> Wire:
    return _sub(low, a, low.relu(_sub(low, a, b)))
