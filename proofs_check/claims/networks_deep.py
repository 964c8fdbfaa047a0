r"""Deep fully connected networks: generic rank, embeddings that keep the model rank, and the bound they give.

Splitting a hidden neuron (copy its input weights and bias, divide its output weights in the same proportion on all edges) leaves the
tangent space alone. A target that a narrow network expresses therefore needs no more samples in a wider one.
"""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._rank_checks import FLOAT_RULE, check_formula, check_series, signs
from theory.activations import SmoothActivation
from theory.models import FullyConnected
from theory.rank import rank_bounds

RANK_STRATIFICATION = "arXiv:2211.11623v1"
OPTIMISTIC_ESTIMATE = "arXiv:2307.08921v1"

#: (hidden biases, output bias)
BIASES = ((False, False), (True, False), (True, True))


# ----------------------------------------------------------------------------------------------------- constructions


def generic_point(model, facts, rng):
    """Dyadic weights and biases, no two of the same modulus: no two neurons agree up to sign."""
    moduli = rng.permutation(np.arange(17, 97 + model.n_params))[: model.n_params]
    return rng.choice([-1, 1], model.n_params) * moduli / 64


def as_parts(model, theta):
    return {name: np.array(part) for name, part in model.unpack(np.asarray(theta)).items()}


def widened(model: FullyConnected, layer: int) -> FullyConnected:
    widths = list(model.widths)
    widths[layer] += 1
    return FullyConnected(tuple(widths), model.activation, model.bias, model.output_bias)


def split(model, theta, layer: int, neuron: int, fractions):
    """Copy a hidden neuron; of its output weight on edge t the copy takes ``fractions[t]``, the neuron keeps the rest."""
    parts = as_parts(model, theta)
    out = parts[f"W{layer + 1}"]
    share = out[:, neuron] * np.asarray(fractions)
    out[:, neuron] = out[:, neuron] - share
    parts[f"W{layer + 1}"] = np.column_stack([out, share])
    parts[f"W{layer}"] = np.vstack([parts[f"W{layer}"], parts[f"W{layer}"][neuron]])
    if f"b{layer}" in parts:
        parts[f"b{layer}"] = np.append(parts[f"b{layer}"], parts[f"b{layer}"][neuron])
    wide = widened(model, layer)
    return wide, wide.pack(**parts)


def attach(model, theta, layer: int, weights, bias, outputs):
    """A new hidden neuron with input ``weights``, ``bias`` and ``outputs``."""
    parts = as_parts(model, theta)
    parts[f"W{layer}"] = np.vstack([parts[f"W{layer}"], weights])
    parts[f"W{layer + 1}"] = np.column_stack([parts[f"W{layer + 1}"], outputs])
    if f"b{layer}" in parts:
        parts[f"b{layer}"] = np.append(parts[f"b{layer}"], bias)
    wide = widened(model, layer)
    return wide, wide.pack(**parts)


def null(model, theta, layer: int):
    """A new hidden neuron without weights."""
    return attach(model, theta, layer, np.zeros(model.widths[layer - 1]), 0, np.zeros(model.widths[layer + 1]))


def rank_of(model, theta) -> int:
    """The rank on the stratum by Taylor series: a proved lower bound, equal to the upper bounds that the embeddings give."""
    from numerics.series import series_rank

    return series_rank(model, theta)[0]


# ------------------------------------------------------------------------------------------------------ deep.generic


def all_parameters(model, theta, facts) -> int:
    return model.n_params


def without_scales(model, theta, facts) -> int:
    """As for a homogeneous activation: one dimension less for every hidden neuron."""
    return model.n_params - sum(model.widths[1:-1])


def generic_shapes(context):
    small = [
        (1, 3, 1),
        (2, 3, 1),
        (3, 4, 1),
        (5, 3, 1),
        (1, 2, 2, 1),
        (2, 3, 2, 1),
        (2, 3, 3, 1),
        (3, 4, 3, 1),
        (1, 2, 2, 2, 1),
        (2, 3, 3, 2, 1),
    ]
    large = [(5, 20, 1), (4, 8, 8, 1)] + context.by_level(
        quick=[], standard=[(3, 8, 8, 8, 1), (10, 20, 1)], full=[(5, 12, 12, 1), (10, 20, 20, 1)]
    )
    draws = context.by_level(quick=1, standard=20, full=50)
    for shape, (bias, out) in product(small + large, BIASES):
        for replicate in range(draws if shape in small else 1):
            yield FullyConnected(shape, "tanh", bias, out), {}, replicate


def ball_shapes(context):
    shapes = [(2, 3, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1)] + context.by_level(
        quick=[], standard=[(2, 3, 3, 1), (3, 4, 3, 1)], full=[(4, 8, 8, 1)]
    )
    return [(FullyConnected(shape, "tanh", bias, out), {}, 0) for shape, (bias, out) in product(shapes, BIASES)]


def homogeneous_networks(context):
    return [(FullyConnected(shape, "power:2", False), {}, 0) for shape in [(2, 3, 1), (2, 2, 2, 1)]]


# -------------------------------------------------------------------------------------------------------- deep.split


def check_symbolic_split(instance, *, fractions, context) -> Outcome:
    """With an unspecified function sigma: every tangent of the wide network is the announced multiple of a tangent of the narrow one."""
    import sympy

    widths, layer = instance
    sigma, alpha = sympy.Function("sigma"), sympy.symbols("alpha beta")
    narrow = FullyConnected(widths, unspecified(sigma), True)
    theta = np.array(sympy.symbols(f"t:{narrow.n_params}"))
    x = np.array([sympy.symbols(f"x:{widths[0]}")])
    share = fractions(alpha, widths[layer + 1])
    wide, mapped = split(narrow, theta, layer, 0, share)
    at = dict(zip(symbols := sympy.symbols(f"u:{wide.n_params}"), mapped, strict=True))
    f, g = narrow(theta, x)[0], wide(np.array(symbols), x)[0]
    if any(sympy.expand(b.subs(at) - a) != 0 for a, b in zip(f, g, strict=True)):
        raise AssertionError("splitting must keep the output")
    cases = 0
    for weight, parameter, factor in expected_tangents(narrow, wide, layer, theta, symbols, alpha[0]):
        for a, b in zip(f, g, strict=True):
            left, right = sympy.diff(b, weight).subs(at), factor * sympy.diff(a, parameter)
            difference = sympy.expand((left - right).doit())
            cases += 1
            if difference != 0:
                return Outcome.fails(
                    f"the tangent of {weight} is not {factor} times that of {parameter}",
                    counterexample={"widths": widths, "layer": layer, "difference": str(difference)[:200]},
                    cases=cases,
                )
    return Outcome.holds(cases)


def unspecified(function) -> SmoothActivation:
    """An activation about which nothing is known but its name."""
    return SmoothActivation("sigma", (np.vectorize(function, otypes=[object]),), lambda z, v: (), lambda z, v: v[0])


def expected_tangents(narrow, wide, layer, theta, symbols, alpha):
    """(parameter of the wide net, parameter of the narrow one, factor) for all: copies of neuron 0 share its input tangents."""
    old, new = as_parts(narrow, theta), {name: part for name, part in wide.unpack(np.array(symbols)).items()}
    for name, part in new.items():
        for place in np.ndindex(part.shape):
            source, factor = place, 1
            if name in (f"W{layer}", f"b{layer}"):
                copy = place[0] == wide.widths[layer] - 1
                source = (0, *place[1:]) if copy else place
                factor = alpha if copy else 1 - alpha if place[0] == 0 else 1
            elif name == f"W{layer + 1}" and place[1] == wide.widths[layer] - 1:
                source = (place[0], 0)
            yield part[place], old[name][source], factor


def same_fraction(alpha, edges):
    return [alpha[0]] * edges


def two_fractions(alpha, edges):
    return [alpha[0], *[alpha[1]] * (edges - 1)]


def symbolic_shapes(context):
    return [((1, 2, 1), 1), ((1, 1, 2, 1), 1), ((2, 1, 2, 2), 1)] + context.by_level(
        quick=[], standard=[((2, 2, 2, 1), 2)], full=[((2, 2, 2, 2), 1)]
    )


def check_split_rank(instance, *, fraction, formula, context) -> Outcome:
    """The rank after a random sequence of splits, by Taylor series, against the number of parameters of the narrow network."""
    model, steps, replicate = instance
    rng = context.rng(replicate)
    theta, wide = generic_point(model, {}, rng), model
    for _ in range(steps):
        layer = int(rng.integers(1, wide.depth))
        neuron = int(rng.integers(wide.widths[layer]))
        wide, theta = split(wide, theta, layer, neuron, fraction(rng, wide.widths[layer + 1]))
    return Outcome.equal(formula(model, wide), rank_of(wide, theta), narrow=str(model), wide=str(wide), theta=theta)


def proportional(rng, edges):
    return [int(rng.choice([-1, 1, 2, 3, 4])) / 4] * edges


def disproportional(rng, edges):
    return rng.permutation(np.arange(1, edges + 2))[:edges] / 4


SPLIT_SHAPES = [(2, 2, 1), (1, 2, 2, 1), (2, 2, 2, 1), (2, 3, 2, 1), (2, 2, 3, 1), (1, 2, 2, 2, 1)]


def split_instances(context):
    draws = context.by_level(quick=1, standard=60, full=100)
    for shape, (bias, out), replicate in product(SPLIT_SHAPES, BIASES, range(draws)):
        yield FullyConnected(shape, "tanh", bias, out), 1 + replicate % 3 + (not draws > 1), replicate


# --------------------------------------------------------------------------------------------------------- deep.null


def null_costs(model) -> int:
    """0 where sigma(0) = 0 or the next layer has a bias, else 1: the constant sigma(0) becomes a tangent function."""
    vanishes = float(model.activation(np.zeros(1))[0]) == 0
    return 0 if vanishes or model.output_bias else 1


def check_null(instance, *, cost, context) -> Outcome:
    """Certified ranks of a two-layer network before and after a null neuron."""
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    model, replicate = instance
    theta = generic_point(model, {}, context.rng(replicate))
    wide, mapped = null(model, theta, 1)
    ranks = []
    for network, point in ((model, theta), (wide, mapped)):
        parts = as_parts(network, point)
        flat = TwoLayer(network.inputs, network.widths[1], 1, network.activation, network.bias, network.output_bias)
        names = {"W1": "input_weights", "b1": "input_biases", "W2": "output_weights", "b2": "output_bias"}
        found = model_rank(flat, flat.pack(**{names[name]: part for name, part in parts.items()}))
        if found.rank is None:
            return Outcome.inconclusive(f"{found} for {network}", cases=1)
        ranks.append(found.rank)
    return Outcome.equal(cost(model), ranks[1] - ranks[0], model=str(model), theta=theta, ranks=ranks)


def null_networks(context):
    names = ("tanh", "sin", "gelu", "silu", "sigmoid", "softplus", "exp", "cos")
    for name, d, (bias, out) in product(names, (1, 2), BIASES):
        if not (name == "exp" and bias):  # there the biases are no tangents of their own
            for replicate in range(context.by_level(quick=1, standard=15, full=30)):
                yield FullyConnected((d, 2, 1), name, bias, out), replicate


def check_null_sequences(instance, *, formula, bias, context) -> Outcome:
    """Random sequences of splits and null neurons: the rank by Taylor series stays the number of parameters of the narrow network."""
    model, replicate = instance
    rng = context.rng(replicate)
    theta, wide = generic_point(model, {}, rng), model
    for _ in range(int(rng.integers(1, 4))):
        layer = int(rng.integers(1, wide.depth))
        if rng.random() < 0.5:
            neuron = int(rng.integers(wide.widths[layer]))
            wide, theta = split(wide, theta, layer, neuron, proportional(rng, wide.widths[layer + 1]))
        else:
            shape = np.zeros(wide.widths[layer - 1]), np.zeros(wide.widths[layer + 1])
            wide, theta = attach(wide, theta, layer, shape[0], bias, shape[1])
    return Outcome.equal(formula(model, wide), rank_of(wide, theta), narrow=str(model), wide=str(wide), theta=theta)


def sequences(context):
    draws = context.by_level(quick=2, standard=60, full=100)
    for shape, (bias, out), replicate in product(SPLIT_SHAPES, BIASES, range(draws)):
        yield FullyConnected(shape, "tanh", bias, out), replicate


# -------------------------------------------------------------------------------------------------------- deep.bound


def check_bound(instance, *, bound, context) -> Outcome:
    """Some representative of the target in the wider network has rank at most M_narr: one reached by splits alone."""
    narrow, widths, replicate = instance
    rng = context.rng(replicate)
    theta, wide = generic_point(narrow, {}, rng), narrow
    for layer in range(1, narrow.depth):
        while wide.widths[layer] < widths[layer]:
            neuron = int(rng.integers(wide.widths[layer]))
            wide, theta = split(wide, theta, layer, neuron, proportional(rng, wide.widths[layer + 1]))
    observed = rank_of(wide, theta)
    if observed <= bound(wide, narrow) and bound(wide, narrow) <= narrow.n_params:
        return Outcome.holds()
    message = f"rank at least {observed} at the embedded point, bound {bound(wide, narrow)}, parameters {narrow.n_params}"
    return Outcome.fails(message, counterexample={"narrow": str(narrow), "wide": str(wide), "rank": observed, "theta": theta})


def published_bound(wide, narrow) -> int:
    return rank_bounds(wide, narrow)[1]


def bound_pairs(context):
    pairs = [
        ((2, 2, 2, 1), (2, 4, 3, 1)),
        ((1, 2, 2, 1), (1, 4, 4, 1)),
        ((2, 1, 1, 1), (2, 3, 3, 1)),
        ((2, 2, 2, 2, 1), (2, 3, 3, 3, 1)),
        ((3, 3, 2, 1), (3, 5, 4, 1)),
    ]
    for (shape, widths), (bias, out) in product(pairs, BIASES):
        for replicate in range(context.by_level(quick=1, standard=12, full=30)):
            yield FullyConnected(shape, "tanh", bias, out), widths, replicate


def check_no_empty_layer(instance, *, cost, context) -> Outcome:
    """The zero function as a network without hidden neurons: sigmoid without biases expresses it, at rank 1."""
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    name, d = instance
    model = TwoLayer(d, 1, activation=name)
    return Outcome.equal(cost(name), model_rank(model, np.zeros(model.n_params, int)).rank, activation=name, d=d)


# -------------------------------------------------------------------------------------------------------- deep.table


def table_bound(widths, bias: bool) -> int:
    """Products of neighbouring widths; with biases sum (m_l + 1) m_(l+1)."""
    return sum((m + bias) * following for m, following in pairwise(widths))


def check_table(instance, *, formula, context) -> Outcome:
    """Parameters of the narrow network, counted and attained by a certified full rank at a drawn point."""
    widths, bias, replicate = instance
    model = FullyConnected(widths, "tanh", bias)
    theta = generic_point(model, {}, context.rng(replicate))
    return Outcome.equal((formula(widths, bias),) * 2, (model.n_params, rank_of(model, theta)), widths=widths, bias=bias)


def table_shapes(context):
    shapes = [(d, *(1,) * (depth - 1), 1) for d in (1, 2, 5) for depth in (2, 3, 4, 5)]
    shapes += [(2, 3, 2, 1), (3, 2, 4, 1), (4, 3, 3, 2, 1)]
    return [(shape, bias, r) for shape in shapes for bias in (False, True) for r in range(context.by_level(quick=1, standard=20, full=40))]


def check_count(instance, *, formula, context) -> Outcome:
    widths, bias = instance
    model = FullyConnected(tuple(widths), "tanh", bias)
    return Outcome.equal(formula(widths, bias), model.n_params, widths=widths, bias=bias)


def drawn_widths(context):
    from hypothesis import strategies as st

    return st.tuples(
        st.lists(st.integers(1, 9), min_size=1, max_size=5).map(lambda widths: [*widths, 1]).filter(lambda w: len(w) > 1), st.booleans()
    )


# ------------------------------------------------------------------------------------------------------ deep.nonprop


def check_nonproportional(instance, *, rise, fractions, context) -> Outcome:
    """Ranks by Taylor series before and after a split of neuron 0 of a layer with its own fraction on every edge."""
    model, layer, replicate = instance
    rng = context.rng(replicate)
    theta = generic_point(model, {}, rng)
    wide, mapped = split(model, theta, layer, 0, fractions(rng, model.widths[layer + 1]))
    return Outcome.equal(rise(model, layer), rank_of(wide, mapped) - rank_of(model, theta), model=str(model), layer=layer, theta=theta)


def check_nonproportional_in_floats(instance, *, rise, fractions, context) -> Outcome:
    from numerics.rank import model_rank

    model, layer, replicate = instance
    rng = context.rng(replicate)
    theta = generic_point(model, {}, rng)
    wide, mapped = split(model, theta, layer, 0, fractions(rng, model.widths[layer + 1]))
    found = model_rank(wide, mapped, "float").rank
    found = rank_of(wide, mapped) if found is None else found  # no clear gap
    return Outcome.equal(rise(model, layer), found - model.n_params, model=str(model), layer=layer, theta=theta)


def fan_in(model, layer) -> int:
    """Input weights (and bias) of the copy; with one outgoing edge every split is proportional."""
    return (model.widths[layer - 1] + model.bias) * (model.widths[layer + 1] > 1)


def nonproportional_shapes(context):
    shapes = [(2, 2, 2, 1), (3, 2, 2, 1), (2, 2, 3, 1), (2, 2, 2, 2, 1)]
    draws = context.by_level(quick=1, standard=25, full=50)
    for shape, bias, replicate in product(shapes, (False, True), range(draws)):
        for layer in range(1, len(shape) - 1):
            yield FullyConnected(shape, "tanh", bias), layer, replicate


def check_ineffective(instance, *, cost, context) -> Outcome:
    """A new neuron without outputs, or without inputs: how much the rank rises."""
    model, layer, kind, replicate = instance
    rng = context.rng(replicate)
    theta = generic_point(model, {}, rng)
    weights, outputs = signs(rng, model.widths[layer - 1]) / 4, signs(rng, model.widths[layer + 1]) / 4
    weights, outputs = (weights, 0 * outputs) if kind == "no output" else (0 * weights, outputs)
    wide, mapped = attach(model, theta, layer, weights, 0, outputs)
    observed = rank_of(wide, mapped) - rank_of(model, theta)
    return Outcome.equal(cost(model, layer, kind), observed, model=str(model), layer=layer, kind=kind, theta=theta)


def fan(model, layer, kind) -> int:
    return model.widths[layer + 1] if kind == "no output" else model.widths[layer - 1]


def ineffective_shapes(context):
    shapes = [((2, 2, 2, 1), 1), ((2, 2, 2, 1), 2), ((3, 2, 2, 1), 1), ((2, 3, 2, 1), 2)]
    draws = context.by_level(quick=1, standard=25, full=50)
    return [
        (FullyConnected(s, "tanh", False), layer, kind, r)
        for (s, layer), kind, r in product(shapes, ("no output", "no input"), range(draws))
    ]


CLAIMS = [
    Claim(
        id="deep.generic",
        family="networks",
        title="Generic model rank of a deep tanh network",
        kind="extension",
        statement=r"R(\theta) = M \text{ for almost every } \theta, \text{ for every depth, with and without biases}",
        assumptions=[Assumption("tanh", r"\sigma = \tanh")],
        source=Source(RANK_STRATIFICATION, "the papers give the bound R <= M only; equality: ours"),
        refuted_by="A shape whose tangents are dependent at every point.",
        notes="Full rank at one point is full rank almost everywhere, as the tangents are analytic in theta. Whether R(f*) "
        "= M_narr holds for "
        "deep networks is open: only the inequality is claimed in deep.bound.",
        checks=[
            Check(
                "series",
                evidence="exact",
                covers="instances",
                scope="12 shapes of depth 2 to 4 up to 141 parameters (quick), 241, 661; three bias modes",
                run=check_series,
                instances=generic_shapes,
                distribution="dyadic weights of distinct moduli, from 1/4 to 3/2 and above",
                parameters={"formula": all_parameters, "point": generic_point},
                controls=[Control("one dimension a hidden neuron less", formula=without_scales)],
            ),
            Check(
                "balls",
                evidence="certified",
                covers="instances",
                scope="4 shapes (quick), 6, 7; determinants of balls at dyadic inputs, at the very point",
                run=check_formula,
                instances=ball_shapes,
                distribution="dyadic weights of distinct moduli, from 1/4 to 3/2 and above",
                parameters={"formula": all_parameters, "point": generic_point},
                controls=[Control("one dimension a hidden neuron less", formula=without_scales)],
            ),
        ],
        probes=[Probe(drops="tanh", instances=homogeneous_networks)],
    ),
    Claim(
        id="deep.split",
        family="networks",
        title="Splitting a neuron keeps the tangent space",
        statement=r"T_{\mathrm{wide}}(\text{split}_\alpha \theta) = T_{\mathrm{narr}}(\theta) \text{ for every "
        r"differentiable } \sigma \text{ and every } \alpha",
        assumptions=[Assumption("proportional", r"\text{the same fraction } \alpha \text{ on all outgoing edges}")],
        source=Source(RANK_STRATIFICATION, "Theorem 2 (embedding principle), Figure 1; 2406.18035v1, Theorem 4"),
        refuted_by="A tangent of the wide network outside the tangent space of the narrow one.",
        notes="alpha = 0 and alpha = 1 included.",
        checks=[
            Check(
                "symbolic",
                evidence="symbolic",
                covers="instances",
                scope="sigma an unspecified function, weights and alpha symbols; widths [1,2,1], [1,1,2,1], [2,1,2,2] "
                "(quick), [2,2,2,1], [2,2,2,2]; all tangents",
                run=check_symbolic_split,
                instances=symbolic_shapes,
                parameters={"fractions": same_fraction},
                controls=[Control("a fraction of its own on the other edges", fractions=two_fractions)],
            ),
            Check(
                "ranks",
                evidence="exact",
                covers="instances",
                scope="6 shapes, three bias modes, one to three splits; tanh",
                run=check_split_rank,
                instances=split_instances,
                distribution="dyadic weights, fractions -1/4 .. 1; 1 (quick), 60, 100 draws",
                parameters={"fraction": proportional, "formula": lambda narrow, wide: narrow.n_params},
                controls=[
                    Control("the parameters of the wide network", formula=lambda narrow, wide: wide.n_params),
                    Control("a fraction of its own on every edge", fraction=disproportional),
                ],
            ),
        ],
        probes=[
            Probe(
                drops="proportional",
                check="symbolic",
                instances=lambda context: [((1, 1, 2, 1), 1)],
                parameters={"fractions": two_fractions},
            )
        ],
    ),
    Claim(
        id="deep.null",
        family="networks",
        title="When a null neuron keeps the model rank",
        kind="extension",
        statement=r"R_{\mathrm{wide}} = R_{\mathrm{narr}} \iff \sigma(0) = 0 \text{ or the next layer has a "
        r"bias};\quad\text{otherwise } R_{\mathrm{wide}} = R_{\mathrm{narr}} + 1",
        assumptions=[Assumption("null", r"\text{input weights, bias and output weights of the new neuron vanish}")],
        source=Source(
            OPTIMISTIC_ESTIMATE, "equation 35, with biases in all layers; without biases: ours (2406.18035v1, Table 1 needs splitting)"
        ),
        refuted_by="An activation, with or without biases, where the rank changes otherwise.",
        checks=[
            Check(
                "two-layer",
                evidence="certified",
                covers="instances",
                scope="8 activations, d = 1, 2, two neurons and a null one, three bias modes",
                run=check_null,
                instances=null_networks,
                distribution="dyadic weights",
                parameters={"cost": null_costs},
                controls=[
                    Control("for nothing always", cost=lambda model: 0),
                    Control("1 whenever sigma(0) != 0", cost=lambda model: int(float(model.activation(np.zeros(1))[0]) != 0)),
                ],
            ),
            Check(
                "sequences",
                evidence="exact",
                covers="instances",
                scope="tanh; 6 shapes, three bias modes, one to three random splits and null neurons",
                run=check_null_sequences,
                instances=sequences,
                distribution="dyadic weights; 2 (quick), 60, 100 draws",
                parameters={"formula": lambda narrow, wide: narrow.n_params, "bias": 0},
                controls=[
                    Control(
                        "one more for every new neuron",
                        formula=lambda narrow, wide: narrow.n_params + sum(wide.widths) - sum(narrow.widths),
                    ),
                    Control("the new neuron with a bias", bias=0.5),
                ],
            ),
        ],
    ),
    Claim(
        id="deep.bound",
        family="networks",
        title="A narrower network bounds the optimistic sample size",
        relation="upper",
        statement=r"f^* \in F_{\mathrm{narr}}:\quad R_{\mathrm{wide}}(f^*) \le R_{\mathrm{narr}}(f^*) \le M_{\mathrm{narr}}",
        assumptions=[Assumption("no empty layer", r"\text{every hidden layer of the narrow network has a neuron}")],
        source=Source(
            RANK_STRATIFICATION, "Theorems 2 and 3; 2307.08921v1, equations 16 and 34; 2406.18035v1, Theorem 4, Corollaries 5 and 6"
        ),
        depends_on=["deep.split"],
        refuted_by="A target of a narrow network whose every representative in a wider one has a larger rank.",
        notes="Only an upper bound; no example of strict inequality is known to us.",
        checks=[
            Check(
                "embedded-points",
                evidence="exact",
                covers="instances",
                scope="5 pairs of shapes of depth 3 and 4, three bias modes; the point that splits reach",
                run=check_bound,
                instances=bound_pairs,
                distribution="dyadic weights",
                parameters={"bound": published_bound},
                controls=[
                    Control("one less than the parameters", bound=lambda wide, narrow: narrow.n_params - 1),
                    Control("the parameters of the wide network", bound=lambda wide, narrow: wide.n_params),
                ],
            ),
            Check(
                "no-empty-layer",
                evidence="certified",
                covers="instances",
                scope="f* = 0 in two-layer networks without biases, d = 1 .. 3",
                run=check_no_empty_layer,
                instances=lambda context: [(name, d) for name in ("sigmoid", "softplus", "cos", "tanh") for d in (1, 2, 3)],
                parameters={"cost": lambda name: int(name != "tanh")},
                controls=[Control("an empty layer counts as narrower", cost=lambda name: 0)],
            ),
        ],
    ),
    Claim(
        id="deep.table",
        family="networks",
        title="The table of bounds",
        relation="upper",
        statement=r"M_{\mathrm{narr}} = d m'_1 + m'_1 m'_2 + \dots + m'_{L-1}\ \text{without},\quad \sum_{l<L} (m'_l + 1) "
        r"m'_{l+1}\ \text{with biases};"
        r"\quad \text{all hidden widths } 1:\ d + L - 1",
        source=Source(RANK_STRATIFICATION, "Table 5; 2406.18035v1, Table 1"),
        depends_on=["deep.bound"],
        refuted_by="A shape with another number of parameters, or whose generic rank is smaller.",
        checks=[
            Check(
                "attained",
                evidence="exact",
                covers="instances",
                scope="15 shapes of depth 2 to 5, with and without biases; generic rank by Taylor series",
                run=check_table,
                instances=table_shapes,
                distribution="dyadic weights",
                parameters={"formula": table_bound},
                controls=[
                    Control("biases forgotten", formula=lambda widths, bias: table_bound(widths, False)),
                    Control("all hidden widths as one", formula=lambda widths, bias: widths[0] + len(widths) - 2),
                ],
            ),
            Check(
                "counted",
                evidence="property",
                covers="instances",
                scope="depth up to 5, widths up to 9",
                run=check_count,
                instances=drawn_widths,
                distribution="widths drawn by hypothesis",
                tolerance="none needed: integers",
                parameters={"formula": table_bound},
                controls=[Control("biases forgotten", formula=lambda widths, bias: table_bound(widths, False))],
            ),
        ],
    ),
    Claim(
        id="deep.nonprop",
        family="networks",
        title="Output-preserving embeddings that raise the model rank",
        kind="counterexample",
        relation="existence",
        statement=r"\text{a split with different fractions on different edges keeps the output and raises } R \text{ by the "
        r"fan-in (with bias one more);}"
        r"\text{ a neuron without outputs by its fan-out, without inputs by its fan-in}",
        source=Source(RANK_STRATIFICATION, "Definition 4 asks for more than the same output; the examples: ours"),
        depends_on=["deep.split", "deep.generic"],
        refuted_by="A split with different fractions at which the rank does not change.",
        checks=[
            Check(
                "splits",
                evidence="exact",
                covers="statement",
                scope="[2,2,2,1], [3,2,2,1], [2,2,3,1], [2,2,2,2,1], every hidden layer, with and without biases",
                run=check_nonproportional,
                instances=nonproportional_shapes,
                distribution="dyadic weights, fractions in quarters, all different",
                parameters={"rise": fan_in, "fractions": disproportional},
                controls=[
                    Control("every output-preserving embedding keeps the rank", rise=lambda model, layer: 0),
                    Control("the same fraction on all edges", fractions=proportional),
                ],
            ),
            Check(
                "ineffective-neurons",
                evidence="exact",
                covers="instances",
                scope="4 layers of 3 shapes without biases",
                run=check_ineffective,
                instances=ineffective_shapes,
                distribution="dyadic weights",
                parameters={"cost": fan},
                controls=[
                    Control("for nothing", cost=lambda model, layer, kind: 0),
                    Control("fan-in for both", cost=lambda model, layer, kind: model.widths[layer - 1] + (kind == "no output")),
                ],
            ),
            Check(
                "splits-in-floats",
                evidence="property",
                covers="instances",
                scope="[2,2,2,1] and [3,2,2,1], first layer; singular values, series where they show no gap",
                run=check_nonproportional_in_floats,
                replay=check_nonproportional,
                instances=lambda context: [i for i in nonproportional_shapes(context) if i[1] == 1 and i[0].depth == 3 and not i[0].bias],
                distribution="dyadic weights",
                tolerance=FLOAT_RULE,
                parameters={"rise": fan_in, "fractions": disproportional},
                controls=[Control("every output-preserving embedding keeps the rank", rise=lambda model, layer: 0)],
            ),
        ],
    ),
]
