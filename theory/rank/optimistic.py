"""The front door: the model rank at a point, and the optimistic sample size of a target, whatever the families of model and target.

Where a closed form holds the answer is a number; where only bounds are proved, :class:`NotKnown` carries them; where the model cannot
express the target, ValueError names what is in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from theory.activations import polynomial_coefficients
from theory.models import AbstractModel, AbstractNetwork, FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.factorizations import (
    CPFactorization,
    DeepFactorization,
    MatrixFactorization,
    MeasuredFactorization,
    SymmetricFactorization,
)
from theory.models.networks import AffineModel
from theory.models.pooling import PooledCNN
from theory.models.toy import DeepDiagonal, PowerModel, ProductModel, RedundantModel, SquareDifference
from theory.rank.closed_forms import (
    cnn_function_rank,
    cp_generic_rank,
    cp_tangents,
    deep_factorization_rank,
    factorization_rank,
    function_rank,
    matrix_rank,
    partial_product_ranks,
    positive_semidefinite,
    symmetric_factorization_rank,
    two_layer_function_rank,
    two_layer_rank,
    two_layer_strata,
    up_to_sign,
    whole,
)
from theory.rank.constants import constant_bounds, is_level, vanishes
from theory.rank.exponential_sums import exponential_sum_bounds, wave_convolution_bounds
from theory.rank.generators import neurons
from theory.rank.hyperplanes import STEPS, least_rank, on_unit_length
from theory.rank.independence import INDEPENDENT, SINUSOIDS, SMOOTH, table_is_exact
from theory.rank.kernel_covers import kernel_costs
from theory.rank.layerwise import tangent_tables
from theory.rank.phases import phase_rank
from theory.rank.polynomial_networks import as_deep, linear_bounds, power_bounds
from theory.rank.sparse import sparse_rank
from theory.rank.targets import (
    Neurons,
    NotKnown,
    Target,
    affine_at,
    exact_parameters,
    known_model,
    matrix_at,
    matrix_format,
    model_of,
    neurons_of,
    point_of,
    same_activation,
    shallow,
    width_of,
)
from theory.rationals import fractions

Toy = ProductModel | RedundantModel | PowerModel | DeepDiagonal | SquareDifference
#: (lower, upper, source)
Bounds = tuple[int, int, str]

EMBEDDING = "2211.11623v1, Theorem 2 (embedding principle)"
KINKS = "a neuron on every kink: ours"


# ------------------------------------------------------------------------------------------------------- at a point


def rank_at(model: AbstractModel, theta: Any) -> int:
    """R(theta), exactly, ``theta`` (P,) read as the rationals it holds.

    Known for factorizations, for the toy models, and for networks with one hidden layer (pooled ones too) whose generators are linearly
    independent (:mod:`theory.rank.independence`): the rank is that of the table of coefficients. So are those of sin and cos whose neurons
    share frequencies (:mod:`theory.rank.phases`). Raises NotKnown elsewhere, with bounds.
    """
    theta = exact_parameters(model, theta)
    if matrix_format(model):
        return _matrix_rank_at(model, theta)
    if isinstance(model, CPFactorization):
        return sparse_rank(cp_tangents(model, theta.tolist()))
    if isinstance(model, Toy):
        return _toy_rank_at(model, theta)
    if isinstance(model, FullyConnected) and model.depth == 1:
        return model.n_params  # linear in theta: the coordinates and 1 for every output
    tables = tangent_tables(model, theta.tolist())
    if not tables:
        raise NotKnown(f"no closed form for {model}", 0, model.n_params, "number of parameters")
    network = shallow(model)
    if isinstance(network, TwoLayer) and network.outputs == 1 and network.activation.name == "tanh":
        return two_layer_rank(network.inputs, **two_layer_strata(network, theta.tolist()))
    upper = min(map(sparse_rank, tables))
    if network is None:
        if isinstance(model, AbstractNetwork) and polynomial_coefficients(model.activation) == (0, 1):
            return upper  # a product of matrices: the table is of monomials
        raise NotKnown(f"independence of the products is not proved at depth for {model}", 0, upper, "table of products")
    own = (network.convolution, network.unpooled(theta)) if isinstance(network, PooledCNN) else (network, theta)
    if table_is_exact(network.activation, list(neurons(own[0], own[1].tolist()))):
        return upper
    phased = phase_rank(network, theta.tolist())
    if phased is not None and phased[1]:
        return phased[0]
    upper = min(upper, phased[0]) if phased is not None else upper
    raise NotKnown(f"independence of the generators is not proved for {network.activation!r}", 0, upper, "table of generators")


def _matrix_rank_at(model: Any, theta: np.ndarray) -> int:
    factors = list(model.unpack(theta).values())
    match model:
        case DeepFactorization():
            return deep_factorization_rank(model.sizes, *partial_product_ranks(factors))
        case SymmetricFactorization():
            return symmetric_factorization_rank(model.size, matrix_rank(factors[0]))
    return factorization_rank(*(matrix_format(model) or ()), *map(matrix_rank, factors))


def _toy_rank_at(model: Toy, theta: np.ndarray) -> int:
    match model:
        case ProductModel():
            return 2 + bool(theta[2:].any())
        case RedundantModel():
            return 1
        case PowerModel():
            return int(model.power == 1 or bool(theta[0]))
        case DeepDiagonal():
            zeros = (theta.reshape(model.depth, model.inputs) == 0).sum(axis=0)
            return int((zeros <= 1).sum())
    return int((theta.reshape(2, model.inputs) != 0).any(axis=0).sum())


# -------------------------------------------------------------------------------------------------------- of a target


def optimistic_sample_size(model: AbstractModel, target: int | AbstractModel | Target) -> int:
    """O(f*) = R(f*), the least number of samples with local linear recovery (2406.18035v1, Theorem 1).

    ``target`` is a rank (of a matrix), a model (its generic function) or a :class:`Target`; its family may differ from that of ``model``.
    Raises NotKnown, carrying the bounds, where only bounds are proved, and ValueError where ``model`` cannot express the target.
    """
    lower, upper, source = rank_bounds(model, target)
    if lower != upper:
        raise NotKnown(f"the rank of {target} in {model} is not known", lower, upper, source)
    return lower


def rank_bounds(model: AbstractModel, target: int | AbstractModel | Target) -> Bounds:
    """(lower, upper, source) with lower <= R(f*) <= upper for ``target`` as in :func:`optimistic_sample_size`."""
    known_model(model)
    if matrix_format(model):
        return _matrix_bounds(model, target)
    other = model_of(target)
    if isinstance(model, CPFactorization):
        return _tensor_bounds(model, target)
    if isinstance(model, Toy):
        return _toy_bounds(model, target)
    network = shallow(model)
    if isinstance(network, PooledCNN):
        return _pooled_bounds(network, target)
    if isinstance(network, TwoLayer) and network.activation.name in SINUSOIDS | {"exp"}:
        return exponential_sum_bounds(network, target)
    if isinstance(network, TwoLayerCNN) and network.activation.name in SINUSOIDS and network.bias:
        waves = wave_convolution_bounds(network, target)
        if waves is not None:
            return waves
    deep = as_deep(model)
    if deep is not None and deep.depth > 1 and polynomial_coefficients(deep.activation) == (0, 1):
        return linear_bounds(deep, target)
    if isinstance(network, TwoLayer) and polynomial_coefficients(network.activation) is not None and network.activation.degree is not None:
        powers = power_bounds(network, target)
        if powers is not None:
            return powers
    if network is not None and (network.activation.name in SMOOTH or _without_phases(network)):
        if shallow(other) is None:
            raise ValueError(f"target must be a TwoLayer model or a Target of one, or another network with one hidden layer, got {other}")
        return _convolution_bounds(network, target) if isinstance(network, TwoLayerCNN) else _two_layer_bounds(network, target)
    if isinstance(model, FullyConnected) and model.depth == 1 and isinstance(other, FullyConnected):
        if other.widths != model.widths or (other.output_bias and not model.output_bias):
            raise ValueError(f"target must be an affine function in {model}, got {other}")
        return model.n_params, model.n_params, "linear in the parameters"
    if isinstance(model, FullyConnected | TwoLayer | TwoLayerCNN):
        return _narrower_bounds(model, target)
    raise NotKnown(f"no closed form for {model}", 0, model.n_params, "number of parameters")


def _without_phases(network: Any) -> bool:
    """Whether neurons of ``network`` are sines, or cosines, without biases: as independent as those of :data:`SMOOTH`."""
    return network.activation.name in SINUSOIDS and not getattr(network, "bias", False)


# ---- matrices and tensors


def _matrix_bounds(model: Any, target: Any) -> Bounds:
    """R(f*) of a matrix depends on its rank alone: depth changes nothing, A A^T has constant rank on its target set (ours)."""
    r = _expressed_rank(model, target)
    if isinstance(model, SymmetricFactorization):
        value = symmetric_factorization_rank(model.size, r)
    elif isinstance(model, DeepFactorization) and len(model.sizes) == 2:
        value = model.sizes[0] * model.sizes[1]
    else:
        value = function_rank(r, *(matrix_format(model) or ()))
    return value, value, "2211.11623v1, Proposition 1" if isinstance(model, MatrixFactorization) else "closed form of the factorization"


def _expressed_rank(model: Any, target: Any) -> int:
    """The rank of a target that ``model`` can express, a matrix of its format."""
    shape, most = matrix_format(model), width_of(model)
    unfit = lambda what: ValueError(f"target must be a matrix of shape {shape} for {model}, got {what}")
    if not isinstance(target, Target | AbstractModel):
        try:
            return whole("target", target, 0, most)
        except ValueError as error:
            raise ValueError(f"target must be a matrix rank from 0 to {most} for {model}, got {target!r}") from error
    other = model_of(target)
    if isinstance(model, MeasuredFactorization) and isinstance(other, AffineModel) and not matrix_format(other):
        if other.input_size != model.input_size:
            raise unfit(f"a function of {other.input_size} numbers, {other}")
        constant, slopes = affine_at(target if isinstance(target, Target) else other)
        if constant:
            raise unfit(f"the constant {constant} beside one, from {other}")
        rank = matrix_rank(slopes.reshape(shape))
    elif matrix_format(other) is None:
        raise unfit(f"a function of {other}")
    elif matrix_format(other) != shape:
        raise unfit(f"{matrix_format(other)} from {other}")
    elif isinstance(target, Target):
        matrix = matrix_at(target)
        if isinstance(model, SymmetricFactorization) and not positive_semidefinite(matrix):
            raise ValueError(
                f"target must be symmetric and positive semidefinite, as A A^T of {model} is, got {matrix.tolist()} of {other}"
            )
        rank = matrix_rank(matrix)
    else:
        if isinstance(model, SymmetricFactorization) and not isinstance(other, SymmetricFactorization):
            raise ValueError(f"target must be symmetric and positive semidefinite, as A A^T of {model} is, got a generic matrix of {other}")
        rank = width_of(other)
    if rank > most:
        raise ValueError(f"target must be a matrix rank from 0 to {most} for {model}, got {rank}")
    return rank


def _tensor_bounds(model: CPFactorization, target: Any) -> Bounds:
    """A generic sum of r components: at least the dimension of all such tensors, attained where the other components vanish.

    Where a model has rank below D at all representatives of some functions, these make a set of dimension below D (Sard).
    """
    other = model_of(target)
    if not isinstance(other, CPFactorization) or other.sizes != model.sizes or other.components > model.components:
        raise ValueError(f"target must be a sum of at most {model.components} components of sizes {model.sizes}, got {other}")
    if not isinstance(target, Target):
        value = cp_generic_rank(model.sizes, other.components)
        return value, value, "generic rank of the format (arXiv:math/0609054v2, arXiv:math/0607191)"
    return 0, rank_at(other, target.theta), "rank at the given point, other components zero"


# ---- toy models


def _toy_bounds(model: Toy, target: Any) -> Bounds:
    """All are linear in x; a slope 0 costs nothing where two factors can vanish together."""
    other = model_of(target)
    if not isinstance(other, AffineModel) or other.input_size != model.input_size:
        raise ValueError(f"target must be an affine function of {model.input_size} numbers for {model}, got a function of {other}")
    constant, slopes = affine_at(target)
    if constant and not isinstance(model, ProductModel):
        raise ValueError(f"target must have no constant, which {model} cannot express, got {constant} of {other}")
    used = int((slopes != 0).sum())
    match model:
        case ProductModel():
            value = 2 + bool(slopes[1])
        case RedundantModel():
            value = 1
        case PowerModel(power=power):
            positive = isinstance(target, Target) or (isinstance(other, PowerModel) and other.power % 2 == 0)
            if power % 2 == 0 and (slopes[0] < 0 or not positive):
                raise ValueError(f"target must have a slope of at least 0, as an even power has, got {other}")
            value = 1 if power == 1 else used
        case DeepDiagonal(depth=1):
            value = model.inputs
        case _:
            value = used
    return value, value, "2211.11623v1, Figure 1; 2307.08921v1, equations 7 and 9"


# ---- networks with one hidden layer


def _content(network: TwoLayer | TwoLayerCNN | PooledCNN, target: Any) -> Neurons:
    """What the neurons of a target add up to, checked against what ``network`` has."""
    other = shallow(model_of(target))
    assert other is not None
    if other.outputs != network.outputs:
        of_model = "one output" if network.outputs == 1 else f"{network.outputs} outputs"
        raise ValueError(f"target must have {of_model}, as {network}, got {other.outputs} outputs of {other}")
    if other.input_size != network.input_size:
        raise ValueError(f"target must lie in {network}, got a function on {other.input_size} inputs of {other}")
    same_activation(network, other)
    held = neurons_of(target)
    biased, output_bias = bool(getattr(network, "bias", False)), bool(getattr(network, "output_bias", False))
    if held.biased and not biased:
        raise ValueError(f"target must have no hidden biases, which {network} cannot express, got {other} with hidden biases")
    if held.constant and not (output_bias or biased) and not float(network.activation.jet(np.zeros(1), 0)[0][0]):
        raise ValueError(f"target must have no constant, which {network} without biases cannot express, got {other} with a constant")
    return held


class _Costs(NamedTuple):
    """What neurons cost: the ``classes`` alone, at some point (``attained``) or at least; with room left ``beside`` them for a neuron
    without input weights; the neurons as ``merged``; the point as ``given``. None where they do not fit."""

    classes: int
    attained: bool
    beside: int | None
    merged: int | None
    given: int | None


def _constant_slopes(network: TwoLayer | TwoLayerCNN) -> int:
    """The slopes that a neuron without input weights adds beside its constant, at the bias of least rank."""
    return 0 if is_level(network) else int(network.shapes["input_weights" if isinstance(network, TwoLayer) else "kernels"][-1])


def _together(network: TwoLayer | TwoLayerCNN, held: Neurons, costs: _Costs, source: str) -> Bounds:
    """Bounds from what the classes cost, and what is left beside them.

    The constant, and what the reflection of sigma leaves behind, cancel at no cost beside an output bias where that is a constant. What
    is left and is not 0 adds a tangent: f is one, and so are the neurons of its classes.
    """
    level = held.linear is False  # nothing but a constant is left
    if level and costs.attained and (network.output_bias or held.constant is False):
        return costs.classes, costs.classes, source
    constant = 0 if network.output_bias else network.outputs + _constant_slopes(network)
    if _linked(network) and held.constant:
        assert costs.beside is not None
        return costs.beside + constant, costs.beside + constant, source
    one = isinstance(network, TwoLayer) and network.outputs == 1
    left = int(bool(held.linear) or bool(level and held.constant and not network.output_bias))
    if held.linear and one:  # some class has both signs, sigma'(-z) = 1 - sigma'(z): all x_j are tangents, with a bias 1 is
        left = network.input_size + (network.bias and not network.output_bias)
    upper = [network.n_params, *(cost for cost in (costs.given,) if cost is not None)]
    if level and costs.attained and costs.beside is not None:
        upper.append(costs.beside + constant)
        if one and network.activation.name == "sigmoid":
            upper.append(costs.classes + 1)  # a sigma(z) + b sigma(-z) = (a - b) sigma(z) + b
    if costs.merged is not None:
        upper.append(costs.merged + constant * (held.own is not False))
    opposite = f"opposite neurons of {network.activation.name} and constants leave affine functions behind"
    return costs.classes + left, min(upper), f"{source}; {opposite}"


def _two_layer_bounds(network: TwoLayer, target: Any) -> Bounds:
    held = _content(network, target)
    count = lambda k: two_layer_function_rank(
        network.inputs, k, bias=network.bias, output_bias=network.output_bias, outputs=network.outputs
    )
    k, needs = len(held.classes), bool(held.constant) and _linked(network) and not network.output_bias
    if k + needs > network.width:
        raise ValueError(f"target must lie in {network}, got {k} neurons{' and a constant' * needs} on {network.inputs} inputs")
    if not k and held.linear is False:
        return constant_bounds(network, held.constant)
    fits = len(held.outputs) + (held.own is not False and not network.output_bias) <= network.width
    given = None
    if isinstance(target, Target):
        other = shallow(target.model)
        given = _rank_at_target(network, other, target.theta) if _no_wider(other, network) and _biases_fit(other, network) else None
    # something linear takes a class, too
    costs = _Costs(count(k or 1), True, count(k) if k < network.width else None, count(len(held.outputs)) if fits else None, given)
    return _together(network, held, costs, "2211.11623v1, Proposition 5")


def _linked(network: TwoLayer | TwoLayerCNN) -> bool:
    r = network.activation.reflection
    return r is not None and r.pure


def _convolution_bounds(network: TwoLayerCNN, target: Any) -> Bounds:
    """R(f*) of what the neurons of the target add up to, each counted with the biases of ``network``.

    Without sharing every neuron can stand alone; with sharing the kernels are chosen anew (:mod:`theory.rank.kernel_covers`). A constant
    is free beside an output bias; without one it takes a kernel without weights, which adds 1 and its slopes.
    """
    held, other = _content(network, target), model_of(target)
    linked, reflection = _linked(network), network.activation.reflection
    needs = bool(held.constant) and linked and not network.output_bias
    unit = "kernels" if network.sharing else "neurons"
    room = network.kernels * (1 if network.sharing else len(network.patches))
    fitting = _Fitting(network, isinstance(target, TwoLayerCNN) and target.grid == network.grid and target.sharing)
    classes, merged = (fitting.costs(some, other) for some in (held.classes, held.outputs))
    cheapest = lambda costs, spare: min((cost for used, cost in costs.items() if used + spare <= room), default=None)
    least, beside = cheapest(classes, 0), cheapest(classes, 1)
    if least is None or (beside is None and needs):
        if least is not None:
            raise ValueError(f"target must leave one of the {room} {unit} of {network} to its constant, got {other} that takes them all")
        raise ValueError(f"target must be made by at most {room} {unit} of {network}, got {other} that needs more")
    if not held.classes and held.linear is False:
        return constant_bounds(network, held.constant)
    # signs are free for each neuron, but where one kernel makes several
    attained = linked or not network.sharing or bool(reflection and not reflection.slope and network.output_bias)
    always = int(network.output_bias or (held.constant is False and held.linear is False and fitting.strands(held.classes)))
    more = lambda cost: None if cost is None else cost + network.output_bias
    own = cheapest(merged, held.own is not False and not network.output_bias)
    costs = _Costs(least + always, attained, more(beside), more(own), None)
    return _together(network, held, costs, "2406.18035v1, Theorems 6 and 7; translates among the kernels and constants: ours")


class _Fitting:
    """How neurons fit into a convolutional network, and what that costs; ``same``: they are those of generic kernels on its own grid."""

    def __init__(self, network: TwoLayerCNN, same: bool) -> None:
        self.network, self.same = network, same
        self.slopes = network.patches.shape[1] + network.bias
        self.patches = [frozenset(patch) for patch in network.patches.tolist()]

    def strands(self, vectors: Any) -> bool:
        """Whether a neuron can be no copy of ``vectors`` at its position, and cannot vanish: all of these add the constant at least."""
        if self.network.sharing or vanishes(self.network):
            return False
        supports = [frozenset(j for j, w in enumerate(weights) if w) for *weights, _ in vectors]
        return not all(any(support <= patch for support in supports) for patch in self.patches)

    def costs(self, vectors: Any, other: Any) -> Mapping[int, int]:
        """{kernels or neurons used: least cost} of making the neurons ``vectors`` (w, b)."""
        if not self.network.sharing:
            if not self.same and not self._placed(vectors, other):
                raise ValueError(f"target must have neurons that fit the patches of {self.network}, got more of them for some from {other}")
            return {len(vectors): len(vectors) * (self.slopes + 1)}
        positions, entries = self.network.patches.shape
        if self.same:
            cost = cnn_function_rank(self.network.input_size, entries, positions, other.kernels, bias=self.network.bias)
            return {other.kernels: cost}
        self._homes(vectors, other)
        return kernel_costs(self.network, vectors, self.slopes)

    def _homes(self, vectors: Any, other: Any) -> list[list[int]]:
        """For every neuron the positions whose patch holds its support."""
        supports = [frozenset(j for j, w in enumerate(weights) if w) for *weights, _ in vectors]
        homes = [[q for q, patch in enumerate(self.patches) if support <= patch] for support in supports]
        if not all(homes):
            raise ValueError(f"target must have neurons that see one patch of {self.network}, got one that sees more, of {other}")
        return homes

    def _placed(self, vectors: Any, other: Any) -> bool:
        """Whether the neurons can be shared out to the positions, as many as there are kernels to each (a matching)."""
        held: dict[int, list[int]] = {q: [] for q in range(len(self.patches))}
        homes = self._homes(vectors, other)

        def place(i: int, seen: set[int]) -> bool:
            for q in homes[i]:
                if q in seen:
                    continue
                seen.add(q)
                if len(held[q]) < self.network.kernels:
                    held[q].append(i)
                    return True
                for k, other_neuron in enumerate(held[q]):
                    if place(other_neuron, seen):
                        held[q][k] = i
                        return True
            return False

        return all(place(i, set()) for i in range(len(homes)))


def _pooled_bounds(network: PooledCNN, target: Any) -> Bounds:
    """k (|S| + 1) where the k kernels of a pooled target have no zeros, so that no other kernels make their neurons (cnn.gap)."""
    other = model_of(target)
    if not isinstance(other, PooledCNN) or other.convolution.grid != network.convolution.grid:
        raise ValueError(f"target must be a pooled network on the grid of {network}, got {other}")
    same_activation(network, other)
    theta = point_of(target)
    parts = other.unpack(theta)
    summed: dict[tuple, Fraction] = {}
    linked = _linked(network.convolution)
    parity = network.activation.reflection.parity if network.activation.reflection else 1
    for kernel, a in zip(parts["kernels"], parts["output_weights"], strict=True):
        key = (linked and up_to_sign(kernel)) or tuple(kernel)
        if any(kernel):
            summed[key] = summed.get(key, Fraction(0)) + a * (1 if key == tuple(kernel) else parity)
        elif a:
            return 0, network.n_params, "number of parameters; a kernel of the target is 0"
    held = [kernel for kernel, a in summed.items() if a]
    smooth = network.activation.name in SMOOTH or _without_phases(network)
    clear = smooth and len({up_to_sign(kernel) for kernel in held}) == len(held) and all(map(all, held))
    if not held:
        return constant_bounds(network, False)
    value = len(held) * (network.convolution.patches.shape[1] + 1)
    if len(held) > network.kernels and clear:
        raise ValueError(f"target must have at most {network.kernels} kernels for {network}, got {len(held)} of {other}")
    if clear:
        return value, value, "2211.11623v1, Proposition 3; pooled: ours"
    return 0, network.n_params, "number of parameters"


# ---- deeper networks, and other activations


def _narrower_bounds(model: Any, target: Any) -> Bounds:
    """R_wide(f*) <= R_narrow(f*) for a target from a network no wider in any layer (2211.11623v1, Theorem 2).

    The narrow network is counted with the biases of ``model``, whose tangents are there even where the target's biases are 0. The generic
    functions of a network make a set of as many dimensions as its generic rank; where a wide model has a smaller rank at a representative,
    the functions make a set of fewer (Sard). That rank is all parameters for deep tanh networks with biases, as finitely many of them
    represent a function (C. Fefferman, Rev. Mat. Iberoam. 10, 1994), and that of the table for independent generators.
    """
    other: Any = model_of(target)
    network = shallow(model)
    if network is not None and shallow(other) is not None and not isinstance(model, TwoLayerCNN):
        model, other = network, shallow(other)
    if not _no_wider(other, model):
        raise ValueError(f"target must be a network of the same depth, no wider in any layer than {model}, got {other!r}")
    same_activation(model, other)
    if not _biases_fit(other, model):
        raise ValueError(f"target must have no biases that {model} lacks, got {other!r}")
    if isinstance(target, Target):
        if network is not None:
            held = neurons_of(target)
            if not held.classes and held.linear is False:
                return constant_bounds(network, held.constant)
        upper = _rank_at_target(model, other, target.theta)
        if isinstance(model, TwoLayer) and model.activation.name in STEPS:
            lower = least_rank(model, other, point_of(target))
            return lower, min(upper, _merged_rank(model, other, point_of(target), lower)), f"{EMBEDDING}, table of tangents; {KINKS}"
        return 0, upper, f"{EMBEDDING}, table of tangents"
    if isinstance(model, FullyConnected) and model.activation.name == "tanh" and other.bias:
        biased = replace(other, bias=model.bias, output_bias=bool(model.output_bias))
        return other.n_params, biased.n_params, f"{EMBEDDING}; Fefferman 1994"
    if (
        isinstance(model, TwoLayer)
        and model.activation.name in INDEPENDENT
        and (other.inputs + other.bias > 1 or model.activation.exponential)
    ):
        point = point_of(other)
        return rank_at(other, point), _rank_at_target(model, other, point), f"{EMBEDDING}; table of generators"
    if isinstance(model, TwoLayer) and model.activation.name in STEPS:  # at a point whose kinks are as many as there can be, or fewer
        point = fractions("theta", np.random.default_rng(0).integers(-(2**40), 2**40, other.n_params))
        return least_rank(model, other, point), _rank_at_target(model, other, point), f"{EMBEDDING}; {KINKS}"
    return 0, replace(other, bias=model.bias, output_bias=bool(model.output_bias)).n_params, EMBEDDING


def _merged_rank(model: TwoLayer, other: TwoLayer, theta: np.ndarray, lower: int) -> int:
    """An upper bound of R(f*) in ``model``, where equal neurons of ``other`` at ``theta`` are one, homogeneous ones of every length.

    One neuron of those on each kink, whatever its sign, has the rank ``lower``, where nothing affine is left.
    """
    if model.activation.degree == 1:
        theta = on_unit_length(other, theta)
    held = neurons_of(Target(other, theta))
    at_home = lambda constant: model.output_bias or constant is False
    if model.activation.degree == 1 and held.linear is False and at_home(held.constant) and len(held.classes) <= model.width:
        return lower
    if not held.outputs or not at_home(held.own):
        return model.n_params
    merged = TwoLayer(model.inputs, len(held.outputs), model.outputs, model.activation, bias=model.bias, output_bias=model.output_bias)
    columns = np.array(list(held.outputs.values()), dtype=object).T
    weights = np.array(list(held.outputs), dtype=object)
    biases = {"input_biases": weights[:, -1]} if model.bias else {}
    constant = {"output_bias": np.full(model.outputs, Fraction(0), dtype=object)} if model.output_bias else {}
    return _rank_at_target(model, merged, merged.pack(input_weights=weights[:, :-1], output_weights=columns, **biases, **constant))


def _rank_at_target(model: Any, other: Any, theta: Any) -> int:
    """An upper bound of the rank at ``theta`` of the narrower ``other`` network with the biases of ``model``."""
    biased = replace(other, bias=model.bias, output_bias=bool(model.output_bias))
    parts = other.unpack(exact_parameters(other, theta))
    empty = lambda shape: np.full(shape, Fraction(0), dtype=object)
    point = np.concatenate([parts.get(name, empty(shape)).ravel() for name, shape in biased.shapes.items()])
    return min(sparse_rank(table) for table in tangent_tables(biased, point.tolist()))


def _no_wider(narrow: Any, wide: Any) -> bool:
    """Whether both are of one kind with the same inputs, outputs and depth, and no layer of ``narrow`` is wider."""
    if type(narrow) is not type(wide):
        return False
    if isinstance(wide, TwoLayerCNN):
        return narrow.grid == wide.grid and narrow.sharing == wide.sharing and narrow.kernels <= wide.kernels
    one, other = (m.widths if isinstance(m, FullyConnected) else (m.inputs, m.width, m.outputs) for m in (narrow, wide))
    ends = (len(one), one[0], one[-1]) == (len(other), other[0], other[-1])
    return ends and all(m <= w for m, w in zip(one, other, strict=True))


def _biases_fit(other: Any, model: Any) -> bool:
    """Whether ``model`` has the biases of ``other``."""
    return (model.bias or not other.bias) and (model.output_bias or not other.output_bias)
