"""What the claims about embeddings in width measure: derivatives, spectra and inertia before and after an embedding."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from theory.embedding.affine import Embedding, SparseMatrix
from theory.models import FullyConnected


def in_arithmetic_of(theta: np.ndarray, value: Fraction) -> Any:
    """A Fraction as a number of the kind that ``theta`` holds."""
    like = theta.flat[0]
    return (0 * like + value.numerator) / value.denominator


def as_floats(values: np.ndarray) -> np.ndarray:
    """An array of rationals in double precision."""
    from numerics.arithmetic.exact import fraction, rationals

    return np.frompyfunc(lambda entry: float(fraction(entry)), 1, 1)(rationals(values)).astype(float)


def gradients(embedding: Embedding, theta: Any, data: Any, loss: str = "mse") -> tuple[Any, Any]:
    """The gradient at ``theta`` and that of the wide network at its image."""
    from numerics.hessian import gradient

    return gradient(embedding.narrow, theta, data, loss), gradient(embedding.wide, embedding(theta), data, loss)


def hessians(embedding: Embedding, theta: Any, data: Any, loss: str = "mse") -> tuple[Any, Any]:
    """The Hessian at ``theta`` and that of the wide network at its image."""
    from numerics.hessian import hessian

    return hessian(embedding.narrow, theta, data, loss), hessian(embedding.wide, embedding(theta), data, loss)


def inertias(embedding: Embedding, theta: Any, data: Any) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Exact (n_-, n_0, n_+) of the two Hessians."""
    narrow, wide = hessians(embedding, theta, data)
    return inertia_of(narrow), inertia_of(wide)


def spectra(embedding: Embedding, theta: Any, data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the two Hessians in floats, increasing."""
    narrow, wide = hessians(embedding, theta, data)
    return np.linalg.eigvalsh(narrow), np.linalg.eigvalsh(wide)


def inertia_of(matrix: np.ndarray) -> tuple[int, int, int]:
    """Exact (n_-, n_0, n_+) of a rational matrix."""
    from numerics.hessian.inertias import exact_inertia

    return exact_inertia(matrix).counts


def transformed(basis: SparseMatrix, matrix: Any) -> Any:
    """C^T H C for a sparse C and a symmetric H."""
    return basis.T @ (basis.T @ matrix).T


def characteristic(matrix: np.ndarray) -> Any:
    """The characteristic polynomial of a rational matrix."""
    from flint import fmpq_mat

    return fmpq_mat(*matrix.shape, list(matrix.ravel())).charpoly()


def matrices(model: FullyConnected, theta: Any, data: Any, layer: int = 1, neuron: int = 0, loss: str = "mse") -> tuple[Any, Any]:
    """B_s and S_s of a neuron."""
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of

    return neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data, loss), layer, neuron)
