r"""The largest model rank: it bounds all others, is met almost everywhere, and everywhere by linear models."""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.networks import samples
from proofs_check.claims._papers import LOCAL_RECOVERY, OPTIMISTIC_ESTIMATE
from proofs_check.claims._rank_checks import FLOAT_GAP, compared_in_floats, composed, judged, seeded
from proofs_check.proving import formal_check
from theory.draws import dyadic_normal
from theory.models import FullyConnected, MatrixFactorization, TwoLayer
from theory.models.toy import LinearModel, RedundantModel
from theory.rank import function_rank

# ---------------------------------------------------------------------------------------------- rank.upper-M, rank.MI


def independent_parameters(model) -> int:
    """M_I = max over theta of R(theta), for the models of these checks."""
    if isinstance(model, MatrixFactorization):
        return function_rank(min(model.width, model.d1, model.d2), model.d1, model.d2)
    if isinstance(model, TwoLayer):
        # positive homogeneity: w . d/dw = a d/da on every neuron
        return model.n_params - model.width * (model.activation.degree == 1)
    return model.n_params - sum(model.widths[1:-1]) * (model.activation.degree == 1)


def all_parameters(model) -> int:
    return model.n_params


def check_upper(instance, *, bound, context) -> Outcome:
    """R(theta) <= M_I <= M at structured points (zeros, copies), with R(theta) certified."""
    from numerics.rank import model_rank

    model, theta = instance
    R, most = model_rank(model, np.array(theta)), bound(model)
    message = f"expected R <= M_I <= M, got {R.lower}, {most}, {model.n_params}"
    return judged(R.lower <= most <= model.n_params, message, model=str(model), theta=theta)


def structured_points(context):
    rng = context.rng()
    models = [MatrixFactorization(3, 4, 2), TwoLayer(2, 3), TwoLayer(2, 2, bias=True), TwoLayer(3, 2, activation="relu")]
    for model in models:
        for _ in range(context.by_level(quick=6, standard=40, full=200)):
            yield model, rng.integers(-1, 2, model.n_params) * rng.integers(1, 4)
            yield model, dyadic_normal(rng, model.n_params)


def check_generic(instance, *, value, context) -> Outcome:
    """Certified rank at a point drawn from an absolutely continuous law, against M_I."""
    from numerics.rank import empirical_rank, model_rank, sample_points

    model, replicate = instance
    theta = dyadic_normal(context.rng(replicate), model.n_params)
    found = model_rank(model, theta)
    if isinstance(model, FullyConnected):  # no structural bound in depth: the exact rank on several hundred points
        _, points, _ = sample_points(model, model.n_params)
        found = empirical_rank(model, theta, points, "exact")
    expected = value(model)
    if found.lower < expected <= found.upper and found.rank is None:
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}", cases=1)
    return Outcome.equal(expected, found.lower, model=str(model), theta=theta)


def generic_points(context):
    models = [MatrixFactorization(3, 4, 2), MatrixFactorization(4, 4, 4), TwoLayer(2, 3), TwoLayer(3, 2, bias=True), TwoLayer(1, 4)]
    draws = context.by_level(quick=4, standard=40, full=400)
    return [(model, replicate) for model in models for replicate in range(draws)]


def kinked_networks(context):
    """ReLU networks in depth: on open sets of parameters a neuron of the second layer is dead for all inputs."""
    model = FullyConnected((2, 3, 3, 1), activation="relu")
    return [(model, replicate) for replicate in range(40)]


def check_generic_in_floats(instance, *, value, context) -> Outcome:
    from numerics.rank import model_rank

    model, replicate = instance
    found = model_rank(model, context.rng(replicate).normal(size=model.n_params), "float")
    return compared_in_floats(value(model), found, model=str(model), replicate=replicate)


drawn_models = seeded(
    lambda st: (st.builds(MatrixFactorization, *[st.integers(1, 4)] * 3) | st.builds(TwoLayer, st.integers(2, 4), st.integers(1, 2)),)
)


FLOATS = Check(
    "floats",
    evidence="property",
    covers="instances",
    scope="factorizations up to 4 x 4, tanh networks with d = 2 .. 4",
    run=check_generic_in_floats,
    instances=drawn_models,
    distribution="normal parameters",
    tolerance=FLOAT_GAP,
    parameters={"value": independent_parameters},
    controls=[Control("every parameter", value=all_parameters)],
)


# ----------------------------------------------------------------------------------------------- rank.linear-constant


def monomials(exponents):
    """Features x^e, e over ``exponents`` (tuples), in plain array code."""

    def features(x):
        columns = []
        for powers in exponents:
            column = x[..., :1] * 0 + 1
            for j, power in enumerate(powers):
                for _ in range(power):
                    column = column * x[..., j : j + 1]
            columns.append(column)
        return np.concatenate(columns, axis=-1)

    return features


def check_linear(instance, *, dimension, context) -> Outcome:
    """The exact rank of a linear model at several theta on a grid that separates its monomials."""
    from numerics.rank import empirical_rank

    exponents = instance
    model = LinearModel(2, monomials(exponents), len(exponents))
    grid = np.array([(i, j) for i in range(5) for j in range(5)])
    found = {
        empirical_rank(model, theta, grid, "exact").rank
        for theta in (np.zeros(len(exponents), int), *context.rng().integers(-5, 6, (3, len(exponents))))
    }
    return Outcome.equal({dimension(exponents)}, found, exponents=exponents)


@composed
def drawn_features(draw, st):
    return draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8))


def listed_features(context):
    return [[(0, 0), (1, 0), (0, 1)], [(1, 0), (1, 0)], [(0, 0), (2, 0), (2, 0), (1, 1)], [(3, 3)]]


def check_linear_in_floats(instance, *, dimension, context) -> Outcome:
    from numerics.rank import empirical_rank

    model = LinearModel(2, monomials(instance), len(instance))
    x = context.rng().uniform(-1, 1, (40, 2))
    found = empirical_rank(model, context.rng(1).normal(size=len(instance)), x, "float")
    return compared_in_floats(dimension(instance), found, exponents=instance)


def check_converse(instance, *, constant, context) -> Outcome:
    """Non-linear in theta, and yet of constant rank: (theta_1 + theta_2^3) x."""
    from numerics.rank import empirical_rank

    model = RedundantModel(instance)
    ranks = {empirical_rank(model, np.array(theta), np.array([[1]]), "exact").rank for theta in ((0, 0), (1, 0), (0, 2), (-1, 3))}
    return Outcome.equal(constant, len(ranks) == 1, power=instance, ranks=sorted(ranks))


def distinct_features(exponents) -> int:
    return len(set(exponents))


LINEAR_CONTROLS = [Control("as many as parameters", dimension=len)]

CLAIMS = [
    Claim(
        id="rank.upper-M",
        title="The model rank never exceeds the number of independent parameters",
        relation="upper",
        statement=r"R(\theta) \le M_I \le M",
        source=Source(LOCAL_RECOVERY, "Corollary 2; 2307.08921v1, section 2"),
        refuted_by="A point whose rank exceeds the rank at generic points.",
        checks=[
            Check(
                "points",
                evidence="certified",
                covers="instances",
                scope="factorization, tanh and ReLU networks at points with zeros and copies, and at generic ones",
                run=check_upper,
                instances=structured_points,
                distribution="entries -1, 0, 1, and dyadic normal ones",
                parameters={"bound": independent_parameters},
                controls=[
                    Control("one less", bound=lambda model: independent_parameters(model) - 1),
                    Control("more than the parameters", bound=lambda model: model.n_params + 1),
                ],
            ),
            FLOATS,
            formal_check("rank/samples.v", "rank_upper_M", false="M_I < M", adequate=samples),
        ],
    ),
    Claim(
        id="rank.MI",
        title="Almost every point has the largest model rank",
        statement=r"R(\theta) = M_I \text{ for almost all } \theta",
        assumptions=[Assumption("analytic in theta", r"\theta \mapsto f(x; \theta) \text{ real analytic}")],
        source=Source(OPTIMISTIC_ESTIMATE, "section 3"),
        depends_on=["rank.upper-M"],
        refuted_by="An open set of parameters of smaller rank.",
        notes="Almost surely: drawn points stand for almost all.",
        checks=[
            Check(
                "generic-points",
                evidence="certified",
                covers="instances",
                scope="factorizations, tanh networks with and without bias",
                run=check_generic,
                instances=generic_points,
                distribution="dyadic normal parameters",
                parameters={"value": independent_parameters},
                controls=[Control("every parameter", value=all_parameters)],
            ),
            FLOATS,
        ],
        probes=[Probe(drops="analytic in theta", instances=kinked_networks)],
    ),
    Claim(
        id="rank.linear-constant",
        title="Linear models have constant model rank",
        statement=r"f = \sum_i \theta_i \varphi_i:\quad R(\theta) = \dim \operatorname{span} \{\varphi_i\} \text{ for all } \theta",
        source=Source(LOCAL_RECOVERY, "Corollary 3 (which needs independent features for O = M)"),
        refuted_by="A theta at which a linear model has another rank.",
        checks=[
            Check(
                "features",
                evidence="exact",
                covers="instances",
                scope="up to 8 monomials of degree at most 3 in each of two variables, repetitions included",
                run=check_linear,
                instances=drawn_features,
                distribution="lists of exponents, shrunk by hypothesis; a 5 x 5 grid separates them",
                parameters={"dimension": distinct_features},
                controls=LINEAR_CONTROLS,
            ),
            Check(
                "floats",
                evidence="property",
                covers="instances",
                scope="listed feature sets, dependent ones among them",
                run=check_linear_in_floats,
                instances=listed_features,
                distribution="uniform inputs in a square",
                tolerance=FLOAT_GAP,
                parameters={"dimension": distinct_features},
                controls=LINEAR_CONTROLS,
            ),
            Check(
                "no-converse",
                evidence="exact",
                covers="instances",
                scope="the model (theta_1 + theta_2^3) x: not linear in theta, of constant rank",
                run=check_converse,
                instances=lambda context: [3],
                distribution="one model",
                parameters={"constant": True},
                controls=[Control("non-linear models have varying rank", constant=False)],
            ),
            formal_check(
                "rank/samples.v", "rank_linear_constant", false="the rank is the number of features, dependent or not", adequate=samples
            ),
        ],
    ),
]
