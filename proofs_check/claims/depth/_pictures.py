"""Errors of the scaled lift of a tanh network as the inserted layer gets small."""

from functools import cache

import numpy as np

from numerics.hessian import gradient
from numerics.planting import plant
from proofs_check import Figure
from proofs_check.claims._curves import curves
from theory.lifting.smooth import scaled_lift
from theory.models import FullyConnected


@cache
def orders(biases: tuple[float, ...] = (0.0, 0.5)) -> Figure:
    """Output error and gradient of the lift of a planted critical point, over eps, with the inserted biases at c."""
    rng, model = np.random.default_rng(0), FullyConnected((2, 2, 1))
    theta = rng.normal(size=model.n_params)
    x, y = plant(model, theta, rng.normal(size=(24, 2)), size=1, seed=1)
    eps, drawn = 2.0 ** -np.arange(1, 13), {}
    for c in biases:
        lifts = [scaled_lift(model, theta, 1, float(one), bias=c) for one in eps]
        drawn[f"output error, c = {c:g}"] = eps, [np.linalg.norm(deep(point, x) - model(theta, x)) for deep, point in lifts]
        drawn[f"gradient, c = {c:g}"] = eps, [np.linalg.norm(gradient(deep, point, (x, y))) for deep, point in lifts]
    return curves(
        "The lift of a critical point through a small tanh layer",
        "Against eps: at the inflection, c = 0, the output error falls like eps^2 and the gradient like eps; at c = 1/2 the output error "
        "falls like eps and the gradient stays.",
        drawn,
        "eps",
        "size",
        log_x=True,
        log_y=True,
    )
