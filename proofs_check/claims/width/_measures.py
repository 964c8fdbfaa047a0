"""What the claims about embeddings in width measure: derivatives, spectra and inertia before and after an embedding."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.exact import fraction, rationals
from numerics.hessian import gradient, hessian
from numerics.hessian.inertias import exact_inertia
from numerics.hessian.neuron_matrices import neuron_matrices
from numerics.planting import cotangent_of
from theory.embedding.affine import Embedding, SparseMatrix
from theory.models import FullyConnected


def in_arithmetic_of(theta: np.ndarray, value: Fraction) -> Any:
    """A Fraction as a number of the kind that ``theta`` holds."""
    like = theta.flat[0]
    return (0 * like + value.numerator) / value.denominator


def as_floats(values: np.ndarray) -> np.ndarray:
    """An array of rationals in double precision."""
    return np.array([float(fraction(entry)) for entry in rationals(values).ravel()]).reshape(np.shape(values))


def gradients(embedding: Embedding, theta: Any, data: Any, loss: str = "mse") -> tuple[Any, Any]:
    """The gradient at ``theta`` and that of the wide network at its image."""
    return gradient(embedding.narrow, theta, data, loss), gradient(embedding.wide, embedding(theta), data, loss)


def hessians(embedding: Embedding, theta: Any, data: Any, loss: str = "mse") -> tuple[Any, Any]:
    """The Hessian at ``theta`` and that of the wide network at its image."""
    return hessian(embedding.narrow, theta, data, loss), hessian(embedding.wide, embedding(theta), data, loss)


def inertias(embedding: Embedding, theta: Any, data: Any, loss: str = "mse") -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Exact (n_-, n_0, n_+) of the two Hessians."""
    narrow, wide = hessians(embedding, theta, data, loss)
    return inertia_of(narrow), inertia_of(wide)


def spectra(embedding: Embedding, theta: Any, data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the two Hessians in floats, increasing."""
    narrow, wide = hessians(embedding, theta, data)
    return np.linalg.eigvalsh(narrow), np.linalg.eigvalsh(wide)


def inertia_of(matrix):
    """Exact (n_-, n_0, n_+) of a rational matrix."""
    return exact_inertia(matrix).counts


def transformed(basis: SparseMatrix, matrix: Any) -> Any:
    """C^T H C for a sparse C and a symmetric H."""
    return basis.T @ (basis.T @ matrix).T


def characteristic(matrix):
    """The characteristic polynomial of a rational matrix."""
    from flint import fmpq_mat

    return fmpq_mat(*matrix.shape, list(matrix.ravel())).charpoly()


def matrices(model: FullyConnected, theta: Any, data: Any, layer: int = 1, neuron: int = 0, loss: str = "mse") -> tuple[Any, Any]:
    """B_s and S_s of a neuron."""
    return neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data, loss), layer, neuron)


def rounding(terms: int, size: Any) -> Any:
    """64 units of rounding for each of ``terms`` terms of a sum of the given size."""
    return 64 * terms * np.finfo(float).eps * size
