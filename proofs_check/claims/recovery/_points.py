"""What the claims about perfect minima share: standard branches, drawn inputs, ranks of tangents."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, float_rank
from numerics.recovery.minima import designs, flow
from theory.models import TwoLayer
from theory.recovery import Branch, branch_types, on_grid
from theory.recovery.genericity import shifted

PAPER = "arXiv:2309.00508v3"

#: The activation where one is enough, and those of the exact field that satisfy the assumption.
SIGMA = shifted("tanh")
RANKED = (SIGMA, shifted("sigmoid", "1/3"), "exp", shifted("lorentz"))

#: The target in two neurons, a lone free neuron, a free pair.
SPLIT, LONE, PAIR = Branch(((0, 1),), ()), Branch(((0,),), ((1,),)), Branch(((0,),), ((1, 2),))


def inputs(rng, n, d):
    """Uniform inputs on [-3/2, 3/2]^d as dyadic numbers (farther out the slopes of saturating neurons span too many orders), no two of
    them equal and none 0: on a grid both happen, once in a thousand draws for d = 1, and are no generic inputs.
    """
    while True:
        x = on_grid(rng.uniform(-1.5, 1.5, (n, d)))
        if len(np.unique(x, axis=0)) == n and x.any(axis=1).all():
            return x


def well_conditioned(branch: Branch, d: int, n: int, rng, *, tries: int = 10):
    """A model, a random point of the branch, and the best conditioned of ``tries`` designs of n inputs."""
    model, theta = TwoLayer(d, branch.width, activation=SIGMA), branch.random_point(d, rng)
    return model, theta, on_grid(designs(model, theta[None], n, branch.rank(d), rng=rng, tries=tries)[0])


def tangent_rank(sigma, theta, x, method="auto"):
    """Rank of the tangents of a network without bias, certified; a repeated sample adds nothing, so that equal inputs count once."""
    return empirical_rank(network(sigma, theta, x), theta, np.unique(x, axis=0), method)


def float_tangent_rank(sigma, theta, x):
    """The same read from singular values, and certified only where these show no clear gap."""
    found = float_rank(tangents(network(sigma, theta, x), theta, x)[1][:, 0])
    return tangent_rank(sigma, theta, x) if found.estimate is None else found


def network(sigma, theta, x) -> TwoLayer:
    """The network of one output and no bias whose parameters are ``theta`` (m (d + 1),), on inputs ``x`` (n, d)."""
    d = x.shape[1]
    return TwoLayer(d, len(theta) // (d + 1), activation=sigma)


def sizes(most):
    """All (m, m0) up to width ``most``."""
    return [(m, m0) for m in range(1, most + 1) for m0 in range(1, m + 1)]


def kinds(most):
    """Every kind of branch up to width ``most``, as values of an axis."""
    return tuple(branch for m, m0 in sizes(most) for branch in branch_types(m, m0))


@lru_cache(maxsize=64)
def _flow(model, *parts):
    start, x, y, times = (np.frombuffer(data).reshape(shape) for data, shape in parts)
    return flow(model, start, x, y, times)


def flow_once(model, *arrays):
    """The flow from the arrays (start, x, y, times), run once for a check and all its controls."""
    return _flow(model, *((np.ascontiguousarray(array, dtype=float).tobytes(), np.shape(array)) for array in arrays))
