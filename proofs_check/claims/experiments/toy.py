r"""Training the product model theta_0 + theta_1 x_1 + theta_2 theta_3 x_2: recovered from two samples, or three where x2 enters."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rates import RECOVERED, decide, error_figure, worst
from theory.models.toy import ProductModel
from theory.published import toy_experiment

#: Coefficients (1, x1, x2) of the targets and the predicted sizes: three where x2 enters.
TOY_TARGETS = {"1": (1, 0, 0), "x1": (0, 1, 0), "1 + x1": (1, 1, 0), "x2": (0, 0, 1), "1 + x1 + x2": (1, 1, 1)}


def toy_rank(coefficients) -> int:
    return 3 if coefficients[2] else 2


def conditioned_inputs(rng, n: int) -> np.ndarray:
    """Normal inputs (n, 2), drawn again until the coefficients that n samples should fix are fixed well.

    Slow directions give theta_2 theta_3 time to grow; that is a matter of conditioning, not of the claim.
    """
    while True:
        x = rng.normal(size=(n, 2))
        features = np.column_stack([np.ones(n), x])[:, : min(max(n, 2), 3)]
        values = np.linalg.svd(features, compute_uv=False)
        if values[-1] > 0.4 and values[0] < 3 * values[-1]:
            return x


def any_inputs(rng, n: int) -> np.ndarray:
    return rng.normal(size=(n, 2))


def toy_cells():
    return [(name, n) for name in TOY_TARGETS for n in (1, 2, 3, 4)]


@lru_cache(maxsize=8)
def toy_errors(inputs, init_std: float, learning_rate: float, stop: float, steps: int, trials: int, seed: int) -> np.ndarray:
    """Mean square test error (cells, trials) over normal inputs: the squared distance of the coefficients.

    Kept, since a control judges the same runs by another prediction.
    """
    from numerics.train import train

    model, cells, rng = ProductModel(), toy_cells(), np.random.default_rng(seed)
    X = np.zeros((len(cells) * trials, 4, 2))
    weights = np.zeros(X.shape[:2])
    wanted = np.repeat([TOY_TARGETS[name] for name, _ in cells], trials, axis=0).astype(float)
    for k, (_, n) in enumerate(cells):
        for trial in range(k * trials, (k + 1) * trials):
            X[trial, :n], weights[trial, :n] = inputs(rng, n), 1 / n
    Y = wanted[:, None, :1] + X @ wanted[:, 1:, None]
    start = model.init(rng, scale=init_std, batch=(len(X),))
    trained = train(model, start, (X, Y), weights=weights, learning_rate=learning_rate, steps=steps, stop=stop)
    theta = trained.theta
    reached = np.column_stack([theta[:, :2], theta[:, 2] * theta[:, 3]])
    errors = np.where(trained.diverged, np.inf, ((reached - wanted) ** 2).sum(axis=1))
    return errors.reshape(len(cells), trials)


def check_toy(instance, *, rank, context) -> Outcome:
    """Rates of recovery for every target and n = 1 .. 4, with well-conditioned inputs and a small start."""
    trials, steps = instance
    errors = toy_errors(conditioned_inputs, 1e-6, 0.05, 1e-16, steps, trials, context.entropy())
    outcomes = []
    for (name, n), row in zip(toy_cells(), errors, strict=True):
        predicted, what = n >= rank(TOY_TARGETS[name]), f"f* = {name}, n = {n}"
        outcomes.append(decide(int((row < RECOVERED).sum()), trials, predicted, alpha=context.spend(len(errors)), what=what))
    return worst(outcomes, figures=[toy_figure("Test error of the product model", errors)])


def toy_figure(title, errors) -> Figure:
    medians = np.median(errors, axis=1).reshape(len(TOY_TARGETS), -1)
    sizes = np.arange(1, medians.shape[1] + 1)
    return error_figure(title, list(TOY_TARGETS), sizes, medians, marks={2: "R = 2", 3: "R = 3"}, y_label="target")


def check_published_toy(instance, *, rank, context) -> Outcome:
    """The printed hyperparameters and unconditioned inputs: no recovery below the predicted size; the rest is reported."""
    printed, steps = toy_experiment(), instance
    recipe = printed.init_std, printed.learning_rate, printed.stop, steps, printed.trials
    errors = toy_errors(any_inputs, *recipe, context.entropy())
    outcomes, rates = [], []
    for (name, n), row in zip(toy_cells(), errors, strict=True):
        predicted, recovered = rank(TOY_TARGETS[name]), int((row < RECOVERED).sum())
        if n < predicted:
            what = f"f* = {name}, n = {n}"
            outcomes.append(decide(recovered, printed.trials, False, alpha=context.spend(len(errors)), what=what))
        elif n == predicted:
            rates.append(f"{name}: {recovered / printed.trials:.2f}")
    figure = toy_figure(f"Published hyperparameters (at most {steps} steps)", errors)
    return worst(outcomes, figures=[figure], findings="rates of recovery at n = R: " + ", ".join(rates))


CLAIMS = [
    Claim(
        id="exp.toy",
        title="The product model is recovered from two samples, or three where x2 enters",
        kind="law",
        relation="tight",
        statement=r"P(\text{recovery}) \ge 0.8 \text{ for } n \ge R(f^*),\quad P(\text{recovery}) \le 0.2 \text{ for } n < R(f^*),"
        r"\quad f = \theta_0 + \theta_1 x_1 + \theta_2 \theta_3 x_2",
        assumptions=[
            Assumption("conditioned inputs", r"\sigma_{\min} > 0.4,\ \sigma_{\max} < 3 \sigma_{\min} \text{ for the features to be fixed}"),
        ],
        source=Source(RANK_STRATIFICATION, "Figure 1, Table 1, Figure 3a; 2307.08921v1, Figure 1"),
        depends_on=["toy.fNL", "rank.llr-condition"],
        refuted_by="A rate of recovery below 0.8 at or above the predicted size, or above 0.2 below it.",
        notes="Table 1 of the source prints one error as 2.3e4 where 2.3e-4 must be meant.",
        checks=[
            Check(
                "transition",
                evidence="training",
                covers="instances",
                scope="five targets, n = 1 .. 4, start 1e-6, learning rate 0.05",
                run=check_toy,
                instances=lambda context: [(context.by_level(quick=60, standard=100, full=200), 40_000)],
                distribution="normal inputs, drawn again until well conditioned",
                alpha=2e-5,
                parameters={"rank": toy_rank},
                controls=[
                    Control("two samples always suffice", rank=lambda coefficients: 2),
                    Control("three samples always needed", rank=lambda coefficients: 3),
                ],
            ),
            Check(
                "published-hyperparameters",
                evidence="training",
                covers="instances",
                scope="five targets, n = 1 .. 4, start 1e-4, learning rate 0.01, stop 1e-9, 100 trials; steps capped",
                run=check_published_toy,
                instances=lambda context: [context.by_level(quick=10_000, standard=100_000, full=400_000)],
                distribution="normal inputs, not conditioned",
                alpha=2e-5,
                parameters={"rank": toy_rank},
                controls=[Control("no recovery below five samples", rank=lambda coefficients: 5)],
            ),
        ],
    ),
]
