"""Zero-loss points from far away: where training ends, how well that generalizes, and which other networks fit the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.arithmetic.bracketing import root_between
from theory import arguments
from theory.models import TwoLayer
from theory.recovery import Target, branches

#: The mean squared residual at which training counts as exact.
ZERO_LOSS = 1e-24
#: Other interpolants are looked for among |w| up to the first, on a grid of the second size; roots nearer than the third are the target.
WIDEST, GRID_SIZE, SAME_WEIGHT = 40.0, 4001, 1e-6
#: A root is known to 1e-14, so that values there err by some 1e-12 of the largest; another network off by this much is told apart.
AGREES = 1e-8


def a_target(name: str, value: Any) -> None:
    """Raises ValueError unless ``value`` is a :class:`theory.recovery.Target`."""
    if not isinstance(value, Target):
        raise ValueError(f"{name} must be a Target, got {value!r:.100}")


@arguments.checking(
    width=arguments.between(1, 10**6),
    x=arguments.array(3),
    starts=arguments.between(1, 10**6),
    rng=arguments.generator,
)
def fit(
    activation: Any, targets: Sequence[Target], *, width: int, x: np.ndarray, starts: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg-Marquardt from N(0, 1.5^2) on the labels of each target at its inputs ``x`` (targets, n, d), all at once.

    Returns theta (targets, starts, P) and where the loss is zero (targets, starts).
    """
    from numerics.train import train

    model = TwoLayer(x.shape[-1], width, activation=activation)
    labels = np.stack([_target_values(activation, target, inputs) for target, inputs in zip(targets, x, strict=True)])
    start = model.init(rng, scale=1.5, batch=(len(targets) * starts,))
    data = np.repeat(x, starts, axis=0), np.repeat(labels, starts, axis=0)
    trained = train(model, start, data, method="levenberg-marquardt", steps=400, stop=ZERO_LOSS)
    shape = len(targets), starts
    return trained.theta.reshape(*shape, -1), trained.converged.reshape(shape)


@arguments.checking(target=a_target, theta=arguments.array(2))
def generalization(activation: Any, target: Target, theta: np.ndarray) -> np.ndarray:
    """Root-mean-square error (batch,) of the networks ``theta`` (batch, P) on a fixed set of inputs over [-2, 2]^d."""
    inputs = target.inputs
    model = TwoLayer(inputs, theta.shape[1] // (inputs + 1), activation=activation)
    test = np.random.default_rng(0).uniform(-2, 2, (200, inputs))
    return np.sqrt(np.mean((model(theta, test) - _target_values(activation, target, test)) ** 2, axis=(1, 2)))


def _target_values(activation: Any, target: Target, x: np.ndarray) -> np.ndarray:
    model = TwoLayer(target.inputs, target.neurons, activation=activation)
    return model(model.pack(input_weights=target.weights, output_weights=target.outputs[None]), x)


@arguments.checking(target=a_target, theta=arguments.array(2))
def distance_to_branches(target: Target, width: int, theta: np.ndarray) -> np.ndarray:
    """Distance (batch,) of ``theta`` (batch, P) to the nearest closure of a branch of ``target``."""
    distances = []
    for branch in branches(width, target.neurons):
        matrix, values = (part.astype(float) for part in branch.constraints(target))
        distances.append(np.linalg.norm((theta @ matrix.T - values) @ np.linalg.pinv(matrix).T, axis=1))
    return np.min(distances, axis=0)


@arguments.checking(weight=arguments.number, x=arguments.array(1, 2))
def other_interpolants(activation: Any, weight: float, x: np.ndarray) -> list[float]:
    """Weights w != ``weight`` for which some a sigma(w x) agrees with sigma(``weight`` x) on all samples ``x`` (n,), n >= 2.

    Roots of sigma(w x_1) sigma(wbar x_2) = sigma(w x_2) sigma(wbar x_1) are bracketed on a grid; then the best multiple of sigma(w x) must
    agree with sigma(wbar x) on all samples, to :data:`AGREES` of its largest value.

    :raises ValueError: for fewer than two samples, or the first two equal, where every w would do.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or len(x) < 2 or x[0] == x[1]:
        raise ValueError(f"x must hold at least two samples, the first two different, got {x.tolist()}")
    value = lambda w: activation(np.multiply.outer(w, x))
    known = value(weight)
    mismatch = lambda w: value(w)[..., 1] * known[0] - value(w)[..., 0] * known[1]
    grid = np.linspace(-WIDEST, WIDEST, GRID_SIZE)
    sign = np.sign(mismatch(grid))
    changes = np.flatnonzero(sign[1:] * sign[:-1] < 0)
    roots = [root_between(lambda w: float(mismatch(w)), grid[k], grid[k + 1], tolerance=1e-14) for k in changes]

    def agrees(w: float) -> bool:
        here = value(w)
        square = float(here @ here)
        if not square > 0:
            return False
        return bool(np.abs(here * (here @ known) / square - known).max() < AGREES * np.abs(known).max())

    return [w for w in roots if abs(w - weight) > SAME_WEIGHT and agrees(w)]
