r"""Two-layer networks with other activations: which symmetries of sigma merge neurons, and which cost dimensions."""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, check_series
from theory.draws import distinct_rows, pack_known, separated_directions, signs
from theory.models import TwoLayer


def activation_table(sigma: str, mode: str, d: int, k: int) -> int:
    """The published row of tanh and ours of the others; ``mode``: generic, pair (w, -w), zero (theta = 0), with "biased" variants."""
    biased = mode.startswith("biased")
    own = d + 1 + biased
    kind = mode.removeprefix("biased ")
    match sigma:
        case "exp":
            return {"generic": k * (d + 1), "pair": 2 * (d + 1), "zero": 1}[kind]
        case "relu" | "leaky":
            return {"generic": k * (own - 1), "pair": 2 * (own - 1), "zero": 0}[kind]
        case "identity":
            return {"generic": d + biased, "pair": d + biased, "zero": 0}[kind]
    constant = sigma in ("sigmoid", "softplus", "cos")
    pair = {"sigmoid": own + 1, "softplus": 2 * own - 1, "gelu": 2 * own - 1, "silu": 2 * own - 1}
    return {"generic": k * own, "pair": pair.get(sigma, own), "zero": int(constant)}[kind]


def as_tanh(*names):
    """The table with the rows of ``names`` read off the row of tanh."""
    return lambda sigma, mode, d, k: activation_table("tanh" if sigma in names else sigma, mode, d, k)


def point(model, facts, rng):
    """Generic neurons, a pair (w, b), (-w, -b), or theta = 0, by ``facts["mode"]``."""
    w = distinct_rows(rng, model.width, model.inputs)
    if model.inputs > 1 and model.activation.degree == 1:  # homogeneous: no two may be collinear
        w[:, :2] = separated_directions(rng, model.width)
    b = (1 + np.arange(model.width)) * rng.permutation(np.arange(1, 9))[: model.width] / 16  # no two (w, b) proportional
    if facts["mode"].endswith("pair"):
        w[1], b[1] = -w[0], -b[0]
    outputs = signs(rng, (1, model.width))
    if facts["mode"] == "zero":
        w, outputs = 0 * w, 0 * outputs
    return pack_known(model, input_weights=w, input_biases=b, output_weights=outputs)


def check_table(instance, *, table, check, context) -> Outcome:
    """A row of the table against the ranks that ``check`` finds: by certificate, or from Taylor series along lines."""
    row = lambda model, theta, facts: table(model.activation.name, facts["mode"], model.inputs, model.width)
    return check(instance, formula=row, point=point, context=context)


def activation_rows(context):
    names = ("tanh", "erf", "atan", "ratsig", "sin", "cos", "sigmoid", "softplus", "gelu", "silu", "exp", "relu", "leaky", "identity")
    most = context.by_level(quick=2, standard=4, full=4)
    draws = context.by_level(quick=1, standard=8, full=20)
    for name, d, replicate in product(names, (1, 2), range(draws)):
        collinear = d == 1 and name in ("relu", "leaky")  # on a line two weights of one sign are one direction
        for mode, k in [*(("generic", k) for k in range(1, 2 if collinear else most + 1)), ("pair", 2), ("zero", 1)]:
            yield TwoLayer(d, k, activation=name), {"mode": mode}, replicate
        for mode, k in [*(("biased generic", k) for k in range(1, most + 1)), ("biased pair", 2)]:
            yield TwoLayer(d, k, activation=name, bias=True), {"mode": mode}, replicate


def series_rows(context):
    names = ("tanh", "erf", "atan", "sin", "cos", "sigmoid", "softplus", "gelu", "silu", "exp")
    for name, d, replicate in product(names, (1, 2, 3), range(context.by_level(quick=1, standard=5, full=10))):
        for mode, k in (("generic", 3), ("pair", 2), ("biased generic", 3), ("biased pair", 2)):
            yield TwoLayer(d, k, activation=name, bias=mode.startswith("biased")), {"mode": mode}, replicate


def check_same_frequency(instance, *, formula, context) -> Outcome:
    """k neurons sin(w . x + b_i) of one w: by the addition theorem 2 (d + 1) functions span the tangents, from any k >= 2."""
    from numerics.rank import model_rank

    name, d, k, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, k, activation=name, bias=True)
    w = np.repeat(distinct_rows(rng, 1, d), k, axis=0)
    theta = model.pack(input_weights=w, input_biases=np.arange(1, k + 1), output_weights=signs(rng, (1, k)))
    # sin(w.x), cos(w.x), x_t sin(w.x), x_t cos(w.x) span: an upper bound that no sampling is needed for
    return Outcome.equal(formula(d, k), min(model_rank(model, theta).lower, 2 * (d + 1)), activation=name, theta=theta)


TABLE_CONTROLS = [
    Control("every activation as tanh: ReLU", table=as_tanh("relu")),
    Control("every activation as tanh: exp with bias", table=as_tanh("exp")),
    Control("every activation as tanh: pairs of sigmoid", table=as_tanh("sigmoid")),
    Control("every activation as tanh: softplus", table=as_tanh("softplus")),
    Control("every activation as tanh: identity", table=as_tanh("identity")),
]

CLAIMS = [
    Claim(
        id="fnn.activations",
        title="Model ranks of two-layer networks with other activations",
        kind="extension",
        statement=r"R = k (d + 1)\ [k (d + 2) \text{ with bias}] \text{ for tanh, erf, atan, sin, cos, sigmoid, softplus, GELU, SiLU; }"
        r"k (d + 1) \text{ for exp with and without bias; } k d\ [k (d + 1)] \text{ for ReLU; a pair } \pm(w, b) \text{ has "
        r"rank } D, D + 1,"
        r"2 D - 1 \text{ or } 2 D \text{ by its symmetry},\ D = d + 1\ [d + 2]",
        assumptions=[Assumption("generic", r"w_i \neq \pm w_j \text{ (but for the pair)},\ w_i \neq 0,\ a_i \neq 0")],
        source=Source(RANK_STRATIFICATION, "Proposition 5 for tanh; the other rows: ours"),
        depends_on=["fnn.strata"],
        refuted_by="An activation, at distinct neurons, whose tangents span another dimension than its row of the table.",
        notes="D for odd and even, D + 1 for sigmoid, 2 D - 1 for softplus, GELU and SiLU, 2 D for ReLU (less one each); for sigmoid the "
        "function a sigma(w x) + b sigma(-w x) has intrinsic width 2 and rank d + 2. sigma(0) != 0 gives f* = 0 the rank 1.",
        checks=[
            Check(
                "table",
                evidence="certified",
                covers="instances",
                scope="14 activations, d = 1, 2, k = 1, 2 (quick), 3, 4; generic, pairs, zero; with and without bias",
                run=check_table,
                instances=activation_rows,
                distribution="integer weights, biases and outputs; 1 (quick), 8, 20 draws a row",
                parameters={"table": activation_table, "check": check_formula},
                controls=TABLE_CONTROLS,
            ),
            Check(
                "series",
                evidence="exact",
                covers="instances",
                scope="10 activations, d = 1 .. 3, three neurons or a pair, with and without bias",
                run=check_table,
                instances=series_rows,
                distribution="integer weights, values at biases replaced by residues of the same pattern",
                parameters={"table": activation_table, "check": check_series},
                controls=[control for control in TABLE_CONTROLS if "ReLU" not in control.name and "identity" not in control.name],
            ),
            Check(
                "one-frequency",
                evidence="certified",
                covers="instances",
                scope="sin and cos, d = 1 .. 3, two to four neurons with one w and different biases",
                run=check_same_frequency,
                instances=lambda context: [(s, d, k, 0) for s in ("sin", "cos") for d in (1, 2, 3) for k in (2, 3, 4)],
                distribution="integer weights and biases",
                parameters={"formula": lambda d, k: 2 * (d + 1)},
                controls=[Control("as distinct neurons", formula=lambda d, k: k * (d + 2))],
            ),
        ],
    ),
]
