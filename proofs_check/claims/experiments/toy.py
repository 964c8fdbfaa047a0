r"""Training the product model theta_0 + theta_1 x_1 + theta_2 theta_3 x_2: recovered from two samples, or three where x2 enters."""

from functools import lru_cache

import numpy as np

from numerics.train import train
from proofs_check import Assumption, axes, by_level, claim, false, nothing
from proofs_check.claims._rates import RECOVERED, error_figure, recovery
from proofs_check.judging import worst
from theory.models.toy import ProductModel
from theory.published import toy_experiment

from . import STRATIFICATION

TOY = claim(
    "exp.toy",
    "The product model is recovered from two samples, or three where x2 enters",
    r"P(\text{recovery}) \ge 0.8 \text{ for } n \ge R(f^*),\quad P(\text{recovery}) \le 0.2 \text{ for } n < R(f^*),"
    r"\quad f = \theta_0 + \theta_1 x_1 + \theta_2 \theta_3 x_2",
    clauses={
        "transition": r"P(\text{recovery}) \ge 0.8 \text{ for } R(f^*) \le n \le 4,\ \le 0.2 \text{ for } n < R(f^*)",
        "published": r"\text{the published hyperparameters: } P(\text{recovery}) \le 0.2 \text{ for } n < R(f^*)",
    },
    symbols=["R", "P", "n", r"\theta", "f^*"],
    assumptions=[
        Assumption(
            "conditioned inputs",
            r"\sigma_{\min} > 0.4,\ \sigma_{\max} < 3 \sigma_{\min} \text{ for the features to be fixed}",
            unprobed="without it about 0.86 of the runs recover at n = 2 (slow directions let theta_2 theta_3 grow): 0.8 is not excluded",
        ),
    ],
    kind="law",
    relation="tight",
    source=STRATIFICATION.at("Figure 1, Table 1, Figure 3a; 2307.08921v1, Figure 1"),
    depends_on=["toy.fNL", "rank.llr-condition"],
    refuted_by="A rate of recovery below 0.8 at or above the predicted size, or above 0.2 below it.",
    notes="Table 1 of the source prints one error as 2.3e4 where 2.3e-4 must be meant.",
)

#: Coefficients (1, x1, x2) of the targets.
TARGETS = {"1": (1, 0, 0), "x1": (0, 1, 0), "1 + x1": (1, 1, 0), "x2": (0, 0, 1), "1 + x1 + x2": (1, 1, 1)}
RUNS = [(name, n) for name in TARGETS for n in (1, 2, 3, 4)]


def rank_of(coefficients):
    """Three where x2 enters."""
    return 3 if coefficients[2] else 2


def conditioned_inputs(rng, n):
    """Normal inputs (n, 2), drawn again until the coefficients that n samples should fix are fixed well."""
    while True:
        x = rng.normal(size=(n, 2))
        values = np.linalg.svd(np.column_stack([np.ones(n), x])[:, : min(max(n, 2), 3)], compute_uv=False)
        if values[-1] > 0.4 and values[0] < 3 * values[-1]:
            return x


def any_inputs(rng, n):
    return rng.normal(size=(n, 2))


@lru_cache(maxsize=4)
def toy_errors(inputs, init_std, learning_rate, stop, steps, trials, seed):
    """Mean square test errors {(target, n): (trials,)} over normal inputs: squared distances of the coefficients."""
    model, rng = ProductModel(), np.random.default_rng(seed)
    X, weights = np.zeros((len(RUNS) * trials, 4, 2)), np.zeros((len(RUNS) * trials, 4))
    wanted = np.repeat([TARGETS[name] for name, _ in RUNS], trials, axis=0).astype(float)
    for k, (_, n) in enumerate(RUNS):
        for trial in range(k * trials, (k + 1) * trials):
            X[trial, :n], weights[trial, :n] = inputs(rng, n), 1 / n
    Y, start = wanted[:, None, :1] + X @ wanted[:, 1:, None], model.init(rng, scale=init_std, batch=(len(X),))
    trained = train(model, start, (X, Y), weights=weights, learning_rate=learning_rate, steps=steps, stop=stop)
    reached = np.column_stack([trained.theta[:, :2], trained.theta[:, 2] * trained.theta[:, 3]])
    errors = np.where(trained.diverged, np.inf, ((reached - wanted) ** 2).sum(axis=1))
    return dict(zip(RUNS, errors.reshape(len(RUNS), trials), strict=True))


def picture(title, errors):
    medians = np.array([[np.median(errors[name, n]) for n in (1, 2, 3, 4)] for name in TARGETS])
    return error_figure(title, list(TARGETS), np.arange(1, 5), medians, marks={2: "R = 2", 3: "R = 3"}, y_label="target")


@TOY.check(
    "training",
    nothing,
    axes(target=tuple(TARGETS), n=(1, 2, 3, 4), trials=by_level((60,), (100,), (200,))),
    clauses="transition",
    scope="start 1e-6, learning rate 0.05, 40,000 steps",
    alpha=2e-5,
    distribution="normal inputs, drawn again until well conditioned",
)
@false("two samples always suffice", rank=lambda coefficients: 2)
@false("three samples always needed", rank=lambda coefficients: 3)
def transition(cell, _, *, rank=rank_of, context):
    """The rate of recovery of one target from n samples."""
    errors = toy_errors(conditioned_inputs, 1e-6, 0.05, 1e-16, 40_000, cell.trials, context.entropy())
    predicted, what = cell.n >= rank(TARGETS[cell.target]), f"f* = {cell.target}, n = {cell.n}"
    figures = [picture("Test error of the product model", errors)] if (cell.target, cell.n) == RUNS[0] else []
    return worst([recovery(context, errors[cell.target, cell.n], predicted, what=what, parts=len(RUNS))], figures=figures)


@TOY.check(
    "training",
    nothing,
    axes(target=tuple(TARGETS), steps=by_level((10_000,), (100_000,), (400_000,))),
    clauses="published",
    scope="start 1e-4, learning rate 0.01, stop 1e-9, 100 trials",
    alpha=2e-5,
    distribution="normal inputs, not conditioned",
)
@false("no recovery below five samples", rank=lambda coefficients: 5)
def published_hyperparameters(cell, _, *, rank=rank_of, context):
    """The printed hyperparameters: the rate of recovery at every n below the predicted size; the rest is reported."""
    printed, predicted = toy_experiment(), rank(TARGETS[cell.target])
    recipe = printed.init_std, printed.learning_rate, printed.stop, cell.steps, printed.trials
    errors = toy_errors(any_inputs, *recipe, context.entropy())
    below = [(n, errors[cell.target, n]) for n in (1, 2, 3, 4) if n < predicted]
    found = [recovery(context, row, False, what=f"f* = {cell.target}, n = {n}", parts=len(RUNS)) for n, row in below]
    reached = (errors[cell.target, rank_of(TARGETS[cell.target])] < RECOVERED).mean()
    figures = [picture(f"Published hyperparameters (at most {cell.steps} steps)", errors)] if cell.target == "1" else []
    return worst(found, figures=figures, message=f"f* = {cell.target}: {reached:.2f} of the runs recover at n = R")
