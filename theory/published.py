"""Numbers as printed in the source papers, misprints included: matrices, sampling orders, hyperparameters.

From arXiv:2211.11623v1, appendix C. Entries are decimal fractions, hence exact rationals; indices count from 1 as in the paper and
from 0 here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class MatrixExperiment:
    """The matrix completion experiments: printed ``targets`` M1 .. M8 (4 x 4, Fractions), orders, patterns, hyperparameters.

    ``orders`` are the six orders of figure 4, ``patterns`` the index sets of figure 5 by size, both (row, column) from 0.
    """

    targets: MappingProxyType[str, np.ndarray]
    orders: tuple[np.ndarray, ...]
    patterns: MappingProxyType[int, np.ndarray]
    init_std: float
    learning_rate: float
    stop: float
    trials: int


@lru_cache(maxsize=1)
def _printed() -> dict[str, Any]:
    return json.loads(files("theory").joinpath("data", "published_experiments.json").read_text(encoding="utf-8"))


def matrix_experiment() -> MatrixExperiment:
    """What is printed about the matrix experiments."""
    printed = _printed()
    parameters = printed["published_hyperparameters"]
    targets = {name: np.array([[Fraction(v) for v in row] for row in rows], object) for name, rows in printed["targets"].items()}
    patterns = {int(n): np.array(entries) - 1 for n, entries in printed["printed_patterns_figure_5"].items()}
    return MatrixExperiment(
        targets=MappingProxyType(targets),
        orders=tuple(np.array(order) - 1 for order in printed["printed_order_figure_4"]),
        patterns=MappingProxyType(patterns),
        init_std=parameters["init_std"],
        learning_rate=parameters["matrix_learning_rate"],
        stop=parameters["stop_training_error"],
        trials=parameters["trials_matrix"],
    )


@dataclass(frozen=True)
class ToyExperiment:
    """Hyperparameters of the experiment with theta_0 + theta_1 x_1 + theta_2 theta_3 x_2."""

    init_std: float
    learning_rate: float
    stop: float
    trials: int


def toy_experiment() -> ToyExperiment:
    """What is printed about the toy experiment."""
    parameters = _printed()["published_hyperparameters"]
    return ToyExperiment(
        parameters["init_std"], parameters["toy_learning_rate"], parameters["stop_training_error"], parameters["trials_toy"]
    )


@dataclass(frozen=True)
class NetworkExperiment:
    """The target sum_p tanh(kernel . patch_p) on ``inputs`` inputs with unit output weights, and the size of its test set."""

    inputs: int
    kernel: tuple[Fraction, ...]
    output_weights: tuple[int, ...]
    test_size: int


def network_experiment() -> NetworkExperiment:
    """What is printed about the tanh experiments."""
    target = _printed()["tanh_target"]
    kernel = tuple(Fraction(value) for value in target["kernel"])
    return NetworkExperiment(target["inputs"], kernel, tuple(target["output_weights"]), target["test_size"])


#: Figure 4: the number of sampled entries from which each order recovers the rank-one target.
FIGURE_4_SIZES = MappingProxyType({1: 8, 2: 9, 3: 10, 4: 11, 5: 12, 6: 13})


def rows_of(name: str) -> str:
    """A printed target as a text, row by row."""
    return "; ".join(" ".join(f"{float(entry):g}" for entry in row) for row in matrix_experiment().targets[name])


def entries_of(entries: np.ndarray) -> str:
    """Sampled entries (n, 2), from 0, as a text: row and column from 1."""
    return " ".join(f"{row}{column}" for row, column in (entries + 1).tolist())


def printed_order(number: int) -> np.ndarray:
    """Order ``number`` (from 1) of figure 4: sixteen pairs (row, column) from 0."""
    return matrix_experiment().orders[number - 1]


def corrected_order(number: int) -> np.ndarray:
    """The same without the misprint: order 3 names (3, 3) twice and (3, 2) never, so that its tenth entry must be (3, 2)."""
    order = printed_order(number).copy()
    if number == 3:
        order[9] = (2, 1)
    return order
