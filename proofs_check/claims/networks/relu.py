r"""ReLU networks: antipodal neurons share a linear part, and every hidden neuron can be rescaled for nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import LOCAL_RECOVERY
from proofs_check.claims._rank_checks import compared, float_twin
from theory.draws import dyadic, pack_known, separated_directions, signs
from theory.embedding import wiring
from theory.models import FullyConnected, TwoLayer

# ------------------------------------------------------------------------------------------------ two-layer networks


def relu_point(model, facts, rng):
    """q single directions, p antipodal pairs and n idle neurons; integer weights."""
    q, p, n = facts["singles"], facts["pairs"], facts["idle"]
    w = rng.integers(-1, 2, (q + p + n, model.inputs))
    w[:, :2] = separated_directions(rng, q + p + n)
    with_opposites = lambda rows: np.concatenate([rows[: q + p], -rows[q : q + p], rows[q + p :]])
    outputs = np.append(signs(rng, q + 2 * p), np.zeros(n, int))
    b = rng.integers(-2, 3, q + p + n) / 4 if model.bias else np.zeros(q + p + n)  # every hyperplane meets the box of the inputs
    return pack_known(model, input_weights=with_opposites(w), input_biases=with_opposites(b), output_weights=outputs[None])


def relu_rank(model, theta, facts) -> int:
    own = model.inputs + model.bias
    return own * (facts["singles"] + facts["pairs"] + (facts["pairs"] >= 1)) + facts["idle"]


def check_directions(instance, *, formula, context) -> Outcome:
    """Exact rank on inputs of all pieces against the formula; identities among the tangents bound it from above."""
    from numerics.rank import empirical_rank, structural_upper_bound

    model, facts, replicate = instance
    rng = context.rng(replicate)
    theta = relu_point(model, facts, rng)
    found = empirical_rank(model, theta, many_inputs(model, theta, rng), "exact")
    found = replace(found, upper=structural_upper_bound(model, theta))  # more inputs might show more
    return compared(formula(model, theta, facts), found, model=str(model), theta=theta, **facts)


def many_inputs(model, theta, rng):
    """Dyadic inputs, enough to meet every piece, none of them at a kink, where there is no derivative."""
    x, parts = dyadic(rng.uniform(-2, 2, (10 * model.n_params, model.inputs)), 10), model.unpack(theta)
    z = x @ np.asarray(parts["input_weights"], float).T + (parts["input_biases"] if model.bias else 0)
    return x[(z != 0).all(axis=1)]


def check_directions_in_floats(instance, *, formula, context) -> Outcome:
    from numerics.rank import empirical_rank

    model, facts, replicate = instance
    rng = context.rng(replicate)
    theta = relu_point(model, facts, rng).astype(float)
    found = empirical_rank(model, theta, many_inputs(model, theta, rng), "float")
    return compared(formula(model, theta, facts), found, model=str(model), theta=theta, **facts)


def relu_instances(context):
    draws = context.by_level(quick=1, standard=8, full=40)
    for d, q, p, n, bias in product((2, 3), (0, 1, 2), (0, 1, 2), (0, 1), (False, True)):
        if q + p and (d, n, bias) != (3, 1, True):
            for replicate in range(draws):
                yield TwoLayer(d, q + 2 * p + n, activation="relu", bias=bias), {"singles": q, "pairs": p, "idle": n}, replicate


# ----------------------------------------------------------------------------------------------------- deep networks


def check_deep(instance, *, dimensions, context) -> Outcome:
    """Rescalings give one exact identity among the tangents for every hidden neuron; some point attains the rest."""
    from numerics.arithmetic.exact import rank_rational, rationals
    from numerics.derivatives.tape import tangents

    model, replicate = instance
    best, hidden = 0, sum(model.widths[1:-1])
    for attempt in range(120):
        rng = context.rng(replicate, attempt)
        theta = rationals(rng.integers(-9, 10, model.n_params))
        x = rationals(rng.integers(-30, 31, (5 * model.n_params, model.inputs)))
        J = tangents(model, theta, x)[1].reshape(len(x), -1)
        if any((J @ direction).any() for direction in rescalings(model, theta)):
            raise AssertionError("rescaling a neuron must not change the function")
        best = max(best, rank_rational(J))
        if best == model.n_params - hidden:
            break
    return Outcome.equal(dimensions(model, hidden), best, model=str(model), attempts=attempt + 1)


def rescalings(model, theta):
    """For every hidden neuron the direction (w_in, b_in; -w_out) along which a positively homogeneous network is constant."""
    for l in range(1, model.depth):
        places = wiring(model, l)
        for incoming, outgoing in zip(places.incoming, places.outgoing, strict=True):
            direction = theta * 0
            direction[incoming], direction[outgoing] = theta[incoming], -theta[outgoing]
            yield direction


def deep_relu_networks(context):
    shapes = [(2, 3, 1), (2, 3, 2, 1)] + context.by_level(quick=[], standard=[(3, 4, 1), (2, 3, 3, 1)], full=[(3, 4, 4, 1)])
    return [(FullyConnected(shape, "relu", bias=bias), 0) for shape in shapes for bias in (False, True)]


CLAIMS = [
    Claim(
        id="fnn.relu",
        title="Model rank of ReLU networks",
        kind="extension",
        statement=r"R = D (q + p + [p \ge 1]) + n,\quad D = d\ [d + 1 \text{ with bias}];\qquad"
        r"\text{deep, generic: } R \le M - \#\text{hidden, attained on an open set}",
        assumptions=[Assumption("at least two inputs", r"d \ge 2")],
        source=Source(LOCAL_RECOVERY, "outside the hypotheses of its theorems, which need differentiability; ranks: ours"),
        refuted_by="Distinct directions with another rank, or a deep network with more than M - #hidden independent tangents.",
        notes="q single directions, p antipodal pairs, n idle neurons; the linear part is shared between the pairs.",
        checks=[
            directions := Check(
                "directions",
                evidence="exact",
                covers="instances",
                scope="d = 2, 3, q, p = 0 .. 2, n = 0, 1, with and without bias",
                run=check_directions,
                instances=relu_instances,
                distribution="well-separated integer directions, biases in quarters; dyadic inputs, ten times as many as parameters",
                parameters={"formula": relu_rank},
                controls=[
                    Control(
                        "as tanh", formula=lambda model, theta, facts: relu_rank(model, theta, facts) + facts["singles"] + facts["pairs"]
                    ),
                    Control(
                        "a linear part for every pair",
                        formula=lambda model, theta, facts: (
                            (model.inputs + model.bias) * (facts["singles"] + 2 * facts["pairs"]) + facts["idle"]
                        ),
                    ),
                ],
            ),
            Check(
                "deep",
                evidence="exact",
                covers="instances",
                scope="[2,3,1], [2,3,2,1] (quick), [3,4,1], [2,3,3,1], [3,4,4,1]; with and without biases",
                run=check_deep,
                instances=deep_relu_networks,
                distribution="the best of 120 integer points, integer inputs",
                parameters={"dimensions": lambda model, hidden: model.n_params - hidden},
                controls=[
                    Control("all parameters", dimensions=lambda model, hidden: model.n_params),
                    Control("one rescaling in all", dimensions=lambda model, hidden: model.n_params - 1),
                ],
            ),
            float_twin(
                directions,
                run=check_directions_in_floats,
                scope="as directions",
                instances=lambda context: list(relu_instances(context))[:: context.by_level(quick=2, standard=8, full=4)],
                distribution="integer weights",
                tolerance="rank read across a gap of 1e6 in the singular values (noise max(shape) eps sigma_1, Weyl)",
                controls=[
                    Control("idle neurons for nothing", formula=lambda model, theta, facts: relu_rank(model, theta, {**facts, "idle": 0}))
                ],
            ),
        ],
    ),
]
