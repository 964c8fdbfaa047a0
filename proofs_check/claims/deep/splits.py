r"""Splitting neurons of deep networks keeps the tangent space: a narrower network bounds the optimistic sample size.

A split copies the input weights and bias of a hidden neuron and divides its output weights in the same proportion on all edges.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import judged
from proofs_check.claims.deep._points import BIASES, SHAPES, disproportional, proportional, split_somewhere, stratum_rank
from theory.activations import SmoothActivation
from theory.draws import distinct_moduli
from theory.embedding import wiring
from theory.embedding.edge_by_edge import split_edges
from theory.embedding.wiring import kept
from theory.models import FullyConnected, TwoLayer
from theory.rank import rank_bounds

# ------------------------------------------------------------------------------------------------------- deep.split


def check_symbolic_split(instance, *, fractions, context) -> Outcome:
    """With an unspecified function sigma: every tangent of the wide network is the announced multiple of a tangent of the narrow one."""
    import sympy

    widths, layer = instance
    sigma, alpha = sympy.Function("sigma"), sympy.symbols("alpha beta")
    narrow = FullyConnected(widths, unspecified(sigma), True)
    theta = np.array(sympy.symbols(f"t:{narrow.n_params}"))
    x = np.array([sympy.symbols(f"x:{widths[0]}")])
    wide, mapped = split_edges(narrow, theta, layer, 0, fractions(alpha, widths[layer + 1]))
    at = dict(zip(symbols := sympy.symbols(f"u:{wide.n_params}"), mapped, strict=True))
    f, g = narrow(theta, x)[0], wide(np.array(symbols), x)[0]
    if any(sympy.expand(b.subs(at) - a) != 0 for a, b in zip(f, g, strict=True)):
        raise AssertionError("splitting must keep the output")
    sources, factors = expected_tangents(narrow, wide, layer, alpha[0])
    cases = 0
    for weight, source, factor in zip(symbols, sources, factors, strict=True):
        for a, b in zip(f, g, strict=True):
            difference = sympy.expand((sympy.diff(b, weight).subs(at) - factor * sympy.diff(a, theta[source])).doit())
            cases += 1
            if difference != 0:
                return Outcome.fails(
                    f"the tangent of {weight} is not {factor} times that of {theta[source]}",
                    counterexample={"widths": widths, "layer": layer, "difference": str(difference)[:200]},
                    cases=cases,
                )
    return Outcome.holds(cases)


def unspecified(function) -> SmoothActivation:
    """An activation about which nothing is known but its name."""
    return SmoothActivation("sigma", (np.vectorize(function, otypes=[object]),), lambda z, v: (), lambda z, v: v[0])


def expected_tangents(narrow, wide, layer, alpha):
    """For every parameter of the wide net one of the narrow one and a factor: the copies of neuron 0 share its input tangents."""
    old, new = wiring(narrow, layer), wiring(wide, layer)
    sources, factors = np.zeros(wide.n_params, int), np.ones(wide.n_params, object)
    sources[kept(narrow, wide)] = np.arange(narrow.n_params)
    sources[new.incoming[-1]], sources[new.outgoing[-1]] = old.incoming[0], old.outgoing[0]
    factors[new.incoming[0]], factors[new.incoming[-1]] = 1 - alpha, alpha
    return sources, factors


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
    theta, wide = distinct_moduli(model, rng), model
    for _ in range(steps):
        wide, theta = split_somewhere(wide, theta, int(rng.integers(1, wide.depth)), rng, fraction)
    return Outcome.equal(formula(model, wide), stratum_rank(wide, theta), narrow=str(model), wide=str(wide), theta=theta)


def split_instances(context):
    draws = context.by_level(quick=1, standard=60, full=100)
    for shape, (bias, out), replicate in product(SHAPES, BIASES, range(draws)):
        yield FullyConnected(shape, "tanh", bias, out), 1 + replicate % 3 + (not draws > 1), replicate


# ------------------------------------------------------------------------------------------------------- deep.bound


def check_bound(instance, *, bound, context) -> Outcome:
    """Some representative of the target in the wider network has rank at most M_narr: one reached by splits alone."""
    narrow, widths, replicate = instance
    rng = context.rng(replicate)
    theta, wide = distinct_moduli(narrow, rng), narrow
    for layer in range(1, narrow.depth):
        while wide.widths[layer] < widths[layer]:
            wide, theta = split_somewhere(wide, theta, layer, rng)
    observed, most = stratum_rank(wide, theta), bound(wide, narrow)
    message = f"rank at least {observed} at the embedded point, bound {most}, parameters {narrow.n_params}"
    good = observed <= most <= narrow.n_params
    return judged(good, message, narrow=str(narrow), wide=str(wide), rank=observed, theta=theta)


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

    name, d = instance
    model = TwoLayer(d, 1, activation=name)
    return Outcome.equal(cost(name), model_rank(model, np.zeros(model.n_params, int)).rank, activation=name, d=d)


CLAIMS = [
    Claim(
        id="deep.split",
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
        id="deep.bound",
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
]
