"""Falsehoods that once survived their own check: with the domain declared as axes, cell controls catch each of them.

Below stand the checks as they were when a referee found the falsehoods, with the instances that they had and no others: a cell that the
scope named and no instance met, or one in which nothing could refute. The comparisons pass through judging; the falsehood is put in the
place of the truth.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest

from numerics.arithmetic.exact import PRIMES, rank_modulo, rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, model_rank, modular_tangents, structural_upper_bound
from proofs_check import Check, Claim, Control, Outcome, Source, axes
from proofs_check.claim import Status
from proofs_check.engine.execution import run_part
from proofs_check.engine.finding import CELLS, ITSELF, Finding
from proofs_check.engine.verdict import verdict
from proofs_check.judging import at_most, equal, rank_is
from theory.draws import distinct_rows, dyadic, dyadic_normal, pack_known, separated_directions, signs, singular_point
from theory.models import MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.rank import cnn_function_rank, function_rank, two_layer_function_rank
from theory.rank.convolution import draw_target


@dataclass(frozen=True)
class Survivor:
    """A check as it stood: ``false`` in place of its parameter ``truth``; ``domain`` and ``cell`` were in its scope, as prose."""

    run: object
    instances: object
    truth: object
    false: object
    domain: object
    cell: object
    named: tuple
    evidence: str = "certified"

    def check(self, value, *, declared):
        """The check with ``value`` for its truth, with the domain ``declared`` as data or not."""
        spanned = {"axes": self.domain, "cell": self.cell} if declared else {}
        return Check(
            "as-it-stood",
            evidence=self.evidence,
            covers="instances",
            scope="as in the axes",
            run=self.run,
            instances=self.instances,
            parameters={"formula": value},
            controls=[Control("any", formula=None)],
            judged=True,
            **spanned,
        )


# ------------------------------------------------------------------------------------- a two-layer function, both biases


def at_null_neurons(instance, *, formula, context):
    """The rank where the spare neurons are null, the least over all representatives."""
    model, neurons, constant, replicate = instance
    rng = context.rng(replicate)
    w, b, a = distinct_rows(rng, neurons, model.inputs), rng.integers(-3, 4, neurons), rng.integers(1, 4, neurons)
    if constant and not model.output_bias:
        w, b, a = np.vstack([w, 0 * np.ones((1, model.inputs), int)]), np.append(b, 1), np.append(a, constant)
    filled = np.zeros((model.width - len(w), model.inputs), int)
    theta = pack_known(
        model,
        input_weights=np.vstack([w, filled]),
        input_biases=np.append(b, filled[:, 0]),
        output_weights=np.append(a, filled[:, 0])[None],
        output_bias=[constant],
    )
    expected = formula(model.inputs, neurons, constant=bool(constant), bias=model.bias, output_bias=model.output_bias)
    return rank_is(expected, model_rank(model, theta), theta=theta)


def function_targets(context):
    for d, neurons in product((1, 2, 3), (0, 1, 2, 3)):
        for spare in (0, 2):
            if neurons + spare:
                yield TwoLayer(d, neurons + spare), neurons, 0, 0
                yield TwoLayer(d, neurons + spare, output_bias=True), neurons, 2, 0
                if neurons:
                    yield TwoLayer(d, neurons + spare, bias=True), neurons, 0, 0
        yield TwoLayer(d, neurons + 2, bias=True), neurons, 2, 0


def free_beside_hidden_biases(d, neurons, *, constant, bias, output_bias):
    found = two_layer_function_rank(d, neurons, constant=constant, bias=bias, output_bias=output_bias)
    return found - (bias and output_bias)


BIASES = axes(bias=(False, True), output_bias=(False, True))


# ------------------------------------------------------------------------------------------------- ReLU, idle neurons


def relu_directions(instance, *, formula, context):
    """Exact rank on inputs of all pieces; identities among the tangents bound it from above."""
    model, q, p, n = instance
    rng = context.rng(str(instance))
    w, b = rng.integers(-1, 2, (q + p + n, model.inputs)), rng.integers(-2, 3, q + p + n) / 4 * model.bias
    w[:, :2] = separated_directions(rng, q + p + n)
    with_opposites = lambda rows: np.concatenate([rows[: q + p], -rows[q : q + p], rows[q + p :]])
    outputs = np.append(signs(rng, q + 2 * p), np.zeros(n, int))
    theta = pack_known(model, input_weights=with_opposites(w), input_biases=with_opposites(b), output_weights=outputs[None])
    x = dyadic(rng.uniform(-2, 2, (10 * model.n_params, model.inputs)), 10)
    x = x[(x @ with_opposites(w).T + with_opposites(b) != 0).all(axis=1)]
    found = replace(empirical_rank(model, theta, x, "exact"), upper=structural_upper_bound(model, theta))
    return rank_is(formula(model, q, p, n), found, theta=theta)


def relu_instances(context):
    for d, q, p, n, bias in product((2, 3), (0, 1, 2), (0, 1, 2), (0, 1), (False, True)):
        if q + p and (d, n, bias) != (3, 1, True):
            yield TwoLayer(d, q + 2 * p + n, activation="relu", bias=bias), q, p, n


def relu_rank(model, q, p, n):
    return (model.inputs + model.bias) * (q + p + (p >= 1)) + n


def idle_for_nothing(model, q, p, n):
    return relu_rank(model, q, p, 0 if model.inputs == 3 and model.bias else n)


RELU = axes(d=(2, 3), idle=(0, 1), bias=(False, True))


# --------------------------------------------------------------------------------------- sample sizes of networks


def greedy_in_network(instance, *, formula, context):
    """How many samples of a pool a greedy choice takes until the rank of a tanh target is reached."""
    model, k, replicate = instance
    rng = context.rng(replicate)
    theta, pool = dyadic_normal(rng, model.n_params), dyadic_normal(rng, (model.n_params + 6, model.inputs))
    J, chosen = modular_tangents(model, theta, pool, PRIMES[0], 0x5EED), []
    for i in range(len(J)):
        if rank_modulo(J[[*chosen, i]], PRIMES[0]) > len(chosen):
            chosen.append(i)
    return equal(size=(formula(model, k), len(chosen)))


def networks_as_narrow_as_the_target(context):
    return [(TwoLayer(d, k, bias=bias), k, r) for r, (d, k, bias) in enumerate(product((1, 2, 3, 4), (1, 2, 3), (False, True)))]


# ------------------------------------------------------------------------------------------------------ upper bounds


def below_the_bound(instance, *, formula, context):
    """R(theta) <= M_I at structured points."""
    model, theta = instance
    return at_most("R", model_rank(model, theta).lower, formula(model), theta=theta)


def structured_points(context):
    rng = context.rng()
    for model in (MatrixFactorization(3, 4, 2), TwoLayer(2, 3), TwoLayer(2, 2, bias=True), TwoLayer(3, 2, activation="relu")):
        for _ in range(6):
            yield model, rng.integers(-1, 2, model.n_params) * rng.integers(1, 4)
            yield model, dyadic_normal(rng, model.n_params)


def independent_parameters(model):
    if isinstance(model, MatrixFactorization):
        return function_rank(min(model.width, model.d1, model.d2), model.d1, model.d2)
    return model.n_params - model.width * (model.activation.degree == 1)


def kind(instance):
    model = instance[0]
    return {"kind": "factorization" if isinstance(model, MatrixFactorization) else model.activation.name}


def stable_rank(instance, *, formula, context):
    """Interpolations of sampled entries at which the samples see the full model rank: it is at most n."""
    d, width, n, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d, d, width)
    theta = singular_point(model, rng)
    J = tangents(model, rationals(theta), model.entries())[1][:, 0]
    R, R_S = rank_rational(J), rank_rational(J[rng.permutation(d * d)[:n]])
    return at_most("R", R, formula(n), theta=theta) if R_S == R else Outcome.rejected("not linearly stable")


def interpolations(context):
    """All entries of matrices; the larger ones were so singular that their ranks stay far below n."""
    return [(d, width, d * d, r) for d, widths in ((2, (2, 3, 4)), (3, (1,))) for width in widths for r in range(5)]


# ------------------------------------------------------------------------------------------------------ convolutions


def shared_kernels(instance, *, formula, context):
    """The rank of a target at its representative of least rank in the shared network, with one null kernel more."""
    network, theta = draw_target(instance, context.rng(str(instance)), zeros=0).realize("shared", prune=True, spare=1)
    return rank_is(formula(instance), model_rank(network, theta), theta=theta)


def convolutions(context):
    shapes = [(3, 2, 1, 1), (4, 2, 2, 1), (5, 3, 1, 1), (6, 2, 1, 2), (4, 1, 1, 1), ((3, 3), (2, 2), 1, 1)]
    for (d, s, k, stride), bias, out in product(shapes, (False, True), (False, True)):
        if bias or not out:  # an output bias adds 1 in both cases: it is met together with hidden biases
            yield TwoLayerCNN(d, s, k, stride, bias=bias, output_bias=out)


def shared_rank(model):
    positions, entries = model.patches.shape
    return cnn_function_rank(model.input_size, entries, positions, model.kernels, bias=model.bias) + model.output_bias


SURVIVORS = {
    "fnn.function-rank without the +1 when both biases are there": Survivor(
        at_null_neurons,
        function_targets,
        two_layer_function_rank,
        free_beside_hidden_biases,
        BIASES,
        lambda instance: {"bias": instance[0].bias, "output_bias": instance[0].output_bias},
        ("bias = yes, output_bias = yes",),
    ),
    "fnn.relu with idle neurons free for d = 3 and biases": Survivor(
        relu_directions,
        relu_instances,
        relu_rank,
        idle_for_nothing,
        RELU,
        lambda instance: {"d": instance[0].inputs, "idle": instance[3], "bias": instance[0].bias},
        ("d = 3, idle = 1, bias = yes",),
        "exact",
    ),
    "rank.O-equals-R with O = M for networks": Survivor(
        greedy_in_network,
        networks_as_narrow_as_the_target,
        lambda model, k: two_layer_function_rank(model.inputs, k, bias=model.bias),
        lambda model, k: model.n_params,
        axes(k=(1, 2, 3), spare=(0, 1)),
        lambda instance: {"k": instance[1], "spare": instance[0].width - instance[1]},
        ("k = 1, spare = 1", "k = 2, spare = 1", "k = 3, spare = 1"),
    ),
    "rank.upper-M with M_I = M": Survivor(
        below_the_bound,
        structured_points,
        independent_parameters,
        lambda model: model.n_params,
        axes(kind=("factorization", "tanh", "relu")),
        kind,
        ("kind = factorization", "kind = relu"),
    ),
    "rank.implicit-bias with n - 1 for n >= 9": Survivor(
        stable_rank,
        interpolations,
        lambda n: n,
        lambda n: n - (n >= 9),
        axes(n=(4, 9)),
        lambda instance: {"n": instance[2]},
        ("n = 9",),
        "exact",
    ),
    "cnn.* with an output bias free of charge when there is no hidden bias": Survivor(
        shared_kernels,
        convolutions,
        shared_rank,
        lambda model: shared_rank(model) - (model.output_bias and not model.bias),
        BIASES,
        lambda model: {"bias": model.bias, "output_bias": model.output_bias},
        ("bias = no, output_bias = yes",),
    ),
}


def found(check):
    """The verdict of a claim with this check alone, and what its cells say; its own control counts as refuted."""
    claim = Claim(id="own.survivor", title="A falsehood", statement="0 = 1", source=Source("arXiv:0000.00000v1", "0"), checks=[check])
    parts = {part: run_part(claim, check.name, part, level="standard") for part in (ITSELF, CELLS)}
    refuted = Finding(Status.FAILS, cases=1, met=1, counterexample={"case": 0})
    findings = {(check.name, part): finding for part, finding in parts.items()} | {(check.name, "control:any"): refuted}
    return verdict(claim, findings), parts


@pytest.mark.parametrize("name", SURVIVORS)
def test_the_falsehood_survives_the_instances(name):
    survivor = SURVIVORS[name]
    _, parts = found(survivor.check(survivor.false, declared=False))
    assert parts[ITSELF].status is Status.HOLDS


@pytest.mark.parametrize("name", SURVIVORS)
def test_cells_catch_it_and_are_named(name):
    survivor = SURVIVORS[name]
    reached, parts = found(survivor.check(survivor.false, declared=True))
    assert reached in ("vacuous", "inconclusive")
    surviving = {entry["cell"] for entry in parts[CELLS].cell_controls if not entry["refuted"]}
    assert set(survivor.named) <= surviving
    assert all(cell in parts[CELLS].message for cell in survivor.named)


@pytest.mark.parametrize("name", SURVIVORS)
def test_in_every_other_cell_a_false_prediction_is_refuted(name):
    survivor = SURVIVORS[name]
    _, parts = found(survivor.check(survivor.truth, declared=True))
    assert {entry["cell"] for entry in parts[CELLS].cell_controls if not entry["refuted"]} <= set(survivor.named)
