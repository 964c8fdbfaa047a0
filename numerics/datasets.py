"""Data sets that ship with the package, and the synthetic ones of the source papers."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np

SPECIES = ("setosa", "versicolor", "virginica")


def iris(*, standardized: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Fisher's irises (1936): X (150, 4), of mean 0 and deviation 1 unless not ``standardized``, and one-hot Y (150, 3)."""
    lines = (files("numerics") / "data" / "iris.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    x = np.array([[float(value) for name, value in row.items() if name != "species"] for row in rows])
    y = np.array([[float(row["species"] == species) for species in SPECIES] for row in rows])
    return ((x - x.mean(axis=0)) / x.std(axis=0) if standardized else x), y


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits (Alpaydin, Kaynak 1998): X (500, 64) in 0 .. 1, images of 8 x 8 row by row, and the digits (500,)."""
    lines = (files("numerics") / "data" / "digits.csv").read_text(encoding="utf-8").splitlines()
    rows = np.array([[int(value) for value in line.split(",")] for line in lines if not line.startswith("#")])
    return rows[:, :-1] / 16, rows[:, -1]


def wave(n: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """One-dimensional data (n, 1): y = tanh(x + 0.4) + 0.12 sin(3 x + 0.5) for x from -3 to 3; narrow tanh networks fit it step by step."""
    x = np.linspace(-3, 3, n)[:, None]
    return x, np.tanh(x + 0.4) + 0.12 * np.sin(3 * x + 0.5)
