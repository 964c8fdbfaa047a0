"""Nonsense for arguments of public functions: one sentence, ValueError or TypeError, that names the argument; no other error, no answer."""

import math

import numpy as np
import pytest

from numerics.critical import certify, find_critical_points, split_inertias
from numerics.hessian import Inertia, extremes, gradient, hessian, inertia, inertia_along, rounded_gradient
from numerics.overlap import find_cycle, find_one_point_overlap, find_two_point_overlap
from numerics.rank import modular_tangents
from numerics.recovery import minima
from numerics.train import Adam, LevenbergMarquardt, train
from theory.embedding import merge, merge_parallel
from theory.lifting import features, lifting_conditions, preactivations
from theory.models import Convolutional, DeepFactorization, FullyConnected, TwoLayer, TwoLayerCNN
from theory.recovery import Target, branch_count, random_target, stirling

MODEL = TwoLayer(2, 2)
THETA = np.array([1, -0.5, 0.25, 0.75, 0.5, -1])
X, Y = np.array([[0.5, -1], [1, 2], [0.25, 1], [2, -0.5]]), np.array([[1.0], [0], [0.5], [2]])
DATA = X, Y
NEURON, POINT = TwoLayer(1, 1), np.array([0.5, 1.0])
LINE, VALUES = np.array([[-1.0], [0.5], [2]]), np.array([0.5, 1, 0])
RNG = np.random.default_rng(0)
TARGET = Target(np.array([[1.0]]), np.array([0.5]))
DEEP = FullyConnected((2, 2, 1))
NUMBERS = [math.nan, math.inf, "abc", None, 1j, [], {}, object()]
NO_SWITCH = [math.nan, "abc", 2, 1j, 10**30]
NO_MODEL = [math.nan, "abc", None, 3, object()]
NO_ARRAY = ["abc", None, 1j, {}, object(), 1.0, [math.nan]]
NO_PAIR = [None, 3, "ab", [1], {}, (1, 2, 3)]

CASES = [
    (gradient, {"model": MODEL, "theta": THETA, "data": DATA}, {"model": NO_MODEL, "data": NO_PAIR, "loss": [[], {}, "abc", 3]}),
    (hessian, {"model": MODEL, "theta": THETA, "data": DATA}, {"model": NO_MODEL, "data": NO_PAIR, "loss": [[], None]}),
    (inertia, {"model": MODEL, "theta": THETA, "data": DATA}, {"model": NO_MODEL, "data": NO_PAIR, "zeros": NUMBERS, "method": [[], 3]}),
    (rounded_gradient, {"model": MODEL, "theta": THETA, "data": DATA}, {"data": NO_PAIR, "bits": [*NUMBERS, 10**30, 0]}),
    (extremes, {"model": MODEL, "theta": THETA, "data": DATA, "count": 2}, {"model": NO_MODEL, "data": NO_PAIR, "seed": [*NUMBERS, -1]}),
    (
        inertia_along,
        {"model": MODEL, "theta": THETA, "data": DATA, "directions": np.eye(6)[:2]},
        {"model": NO_MODEL, "data": NO_PAIR, "bits": NUMBERS, "directions": NO_ARRAY},
    ),
    (
        certify,
        {"model": MODEL, "theta": THETA, "data": DATA},
        {"model": NO_MODEL, "theta": NO_ARRAY, "data": NO_PAIR, "bits": NUMBERS, "invariances": NO_SWITCH},
    ),
    (
        find_critical_points,
        {"model": MODEL, "data": DATA, "starts": 1},
        {
            "model": NO_MODEL,
            "data": NO_PAIR,
            "starts": [-1, 10**30],
            "seed": [*NUMBERS, -1],
            "scale": [*NUMBERS, 0],
            "minima": NO_SWITCH,
            "steps": NUMBERS,
            "tolerance": [*NUMBERS, 0],
        },
    ),
    (
        split_inertias,
        {"model": MODEL, "theta": THETA, "narrow": Inertia(1, 0, 5), "data": DATA, "layer": 1, "neuron": 0, "alpha": 0.5},
        {"narrow": NO_MODEL, "data": NO_PAIR},
    ),
    (
        find_two_point_overlap,
        {"activation": "sigmoid"},
        {
            "neurons": [*NUMBERS, 0, 10**30],
            "inputs": [*NUMBERS, 0, 10**30],
            "candidates": [*NUMBERS, 10**30],
            "bias": NO_SWITCH,
            "seed": [*NUMBERS, -1],
            "device": ["moon", 3, []],
            "time_limit": [math.nan, "abc", -1, 1j],
            "watch": [3, "abc"],
        },
    ),
    (find_one_point_overlap, {"activation": "sigmoid"}, {"neurons": [10**30], "seed": [-1], "watch": [3], "time_limit": ["abc"]}),
    (find_cycle, {"activation": "sigmoid"}, {"neurons": [10**30], "inputs": [10**30], "seed": [-1], "watch": [3], "time_limit": ["abc"]}),
    (modular_tangents, {"model": MODEL, "theta": THETA, "x": X, "prime": 101, "unit": 3}, {"prime": [0, -7, 4, math.inf, "abc", 10**30]}),
    (
        minima.flow,
        {"model": NEURON, "theta0": POINT, "x": LINE, "y": VALUES, "times": np.linspace(0, 1, 3)},
        {"model": NO_MODEL, "theta0": NO_ARRAY, "x": NO_ARRAY, "y": NO_ARRAY, "times": NO_ARRAY, "direction": [0, 2, 1e200, "abc"]},
    ),
    (minima.hessian_eigenvalues, {"model": NEURON, "theta": POINT, "x": LINE}, {"model": NO_MODEL, "theta": NO_ARRAY, "x": NO_ARRAY}),
    (
        minima.residual_and_tangents,
        {"model": NEURON, "theta": POINT, "x": LINE, "y": VALUES},
        {"model": NO_MODEL, "theta": NO_ARRAY, "x": NO_ARRAY, "y": NO_ARRAY},
    ),
    (
        minima.certified_least_eigenvalue,
        {"model": NEURON, "theta": POINT, "x": LINE, "reach": 1e-7},
        {"model": NO_MODEL, "theta": NO_ARRAY, "x": NO_ARRAY, "reach": [*NUMBERS, 0]},
    ),
    (minima.other_interpolants, {"activation": np.tanh, "weight": 1.0, "x": [1.0, 2.0]}, {"weight": NUMBERS, "x": NO_ARRAY}),
    (
        minima.distance_to_branches,
        {"target": TARGET, "width": 1, "theta": POINT[None]},
        {"target": NO_MODEL, "theta": NO_ARRAY, "width": [10**30, 0, "abc"]},
    ),
    (random_target, {"neurons": 1, "inputs": 1, "rng": RNG}, {"neurons": [0, 1.5, "a"], "inputs": [0, 1.5], "rng": [3, None]}),
    (branch_count, {"width": 2, "targets": 1}, {"width": [10**30, 0, "a"], "targets": [0, "a"]}),
    (stirling, {"n": 2, "k": 1}, {"n": [10**30, -1, "a"], "k": [-1, "a", 0.5]}),
    (features, {"model": DEEP, "theta": np.ones(9), "x": X, "layer": 1}, {"layer": [*NUMBERS, -1, 3]}),
    (preactivations, {"model": DEEP, "theta": np.ones(9), "x": X, "layer": 1}, {"layer": [*NUMBERS, 0, 3]}),
    (
        merge_parallel,
        {"model": DEEP, "theta": np.ones(9), "layer": 1, "neurons": (0, 1)},
        {"theta": [*NO_ARRAY, np.ones((2, 9))], "neurons": [3, None, (0,), (0, 0), "ab"]},
    ),
    (merge, {"model": DEEP, "theta": np.ones(9), "layer": 1, "neurons": (0, 1)}, {"neurons": [3, None, (0,), (0, 0), "ab"]}),
    (Adam, {}, {"beta1": [*NUMBERS, 1], "beta2": [*NUMBERS, 1], "eps": [*NUMBERS, -1]}),
    (LevenbergMarquardt, {}, {"damping": [*NUMBERS, 0], "increase": [*NUMBERS, 1], "decrease": [*NUMBERS, 1]}),
    (
        train,
        {"model": MODEL, "theta0": THETA[None], "data": DATA, "method": "gradient-descent", "learning_rate": 0.01, "steps": 1},
        {"theta0": [[[1j] * 6], "abc", None], "device": ["moon", [], 3], "path": ["moon", [], 3]},
    ),
    (
        lifting_conditions,
        {"shallow": DEEP, "theta": np.ones(9), "deep": FullyConnected((2, 2, 2, 1)), "deep_theta": np.ones(15), "x": X, "after": 1},
        {"shallow": NO_MODEL, "deep": NO_MODEL, "x": NO_ARRAY, "after": [*NUMBERS, -1], "tolerance": [math.nan, "abc", -1, 1j]},
    ),
    (TwoLayer, {"inputs": 1, "width": 1}, {"bias": NO_SWITCH, "output_bias": NO_SWITCH}),
    (TwoLayerCNN, {"inputs": 3, "kernel": 2, "kernels": 1}, {"bias": NO_SWITCH, "output_bias": NO_SWITCH, "sharing": NO_SWITCH}),
    (FullyConnected, {"widths": (1, 1)}, {"widths": [3, "abc", None, (1, 1.5)], "bias": NO_SWITCH, "output_bias": NO_SWITCH}),
    (Convolutional, {"inputs": (1, 3), "channels": (1,), "kernels": (2,)}, {"inputs": [3, "ab"], "channels": [3, None], "kernels": [3]}),
    (DeepFactorization, {"sizes": (2, 2, 2)}, {"sizes": [3, "abc", None, (2, 0.5)]}),
]
NAMED = [(f"{function.__name__}-{name}", function, right, name, wrong) for function, right, names in CASES for name, wrong in names.items()]


@pytest.mark.parametrize(("function", "right"), [case[:2] for case in CASES], ids=lambda one: getattr(one, "__name__", ""))
def test_what_is_right_is_taken(function, right):
    try:
        function(**right)
    except Exception as error:  # a saddle that is none, a search that ends empty
        assert type(error).__name__ in ("NotCertified", "ValueError"), error
        assert "must be" not in str(error)


@pytest.mark.parametrize(("function", "right", "name", "wrong"), [case[1:] for case in NAMED], ids=[case[0] for case in NAMED])
def test_nonsense_is_told_by_its_name(function, right, name, wrong):
    for value in wrong:
        with pytest.raises((ValueError, TypeError)) as told:
            function(**{**right, name: value})
        said = str(told.value)
        assert name in said or {"y": "targets", "layer": "neuron"}.get(name, name) in said, (value, said)
