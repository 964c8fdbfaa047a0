r"""Nuclear norms with proofs: from below by a dual certificate over Q, from above by factors, in between by balls.

|W|_* = max <W, Q> over |Q| <= 1 (operator norm), = min (|A|_F^2 + |B|_F^2)/2 over A B^T = W. Either side is checked exactly: that
I - Q^T Q is positive semidefinite by its inertia over Q, that A B^T = W by multiplication.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball
from numerics.hessian.inertias import exact_inertia
from theory.dynamics.bridges import factor_cost, pattern
from theory.rationals import fractions


def _as_flint(matrix: np.ndarray) -> Any:
    from flint import fmpq, fmpq_mat

    rows, columns = matrix.shape
    return fmpq_mat(rows, columns, [fmpq(entry.numerator, entry.denominator) for entry in matrix.flat])


def solved(left: Any, right: Any) -> np.ndarray:
    """left^-1 right of square rational matrices, Fractions. Raises ZeroDivisionError where ``left`` is singular."""
    left, right = fractions("left", left), fractions("right", right)
    entries = _as_flint(left).solve(_as_flint(right)).entries()
    return np.array([Fraction(int(entry.p), int(entry.q)) for entry in entries], dtype=object).reshape(right.shape)


def rational_orthogonal(rng: np.random.Generator, n: int) -> np.ndarray:
    """A rational orthogonal matrix (n, n) by Cayley's transform of a skew one of entries k/2, with columns of random signs."""
    skew = np.array([[Fraction(int(k), 2) for k in row] for row in rng.integers(-4, 5, (n, n))], dtype=object).reshape(n, n)
    skew = skew - skew.T
    one = np.eye(n, dtype=int)
    return solved(one + skew, one - skew) * rng.choice([-1, 1], n)


def is_contraction(Q: Any) -> bool:
    """Whether |Q x| <= |x| for all x: I - Q^T Q has no negative eigenvalue, decided over the rationals. ``Q`` (rows, columns)."""
    Q = fractions("Q", Q)
    if Q.ndim != 2:
        raise ValueError(f"Q must be a matrix, got shape {Q.shape}")
    return exact_inertia(np.eye(Q.shape[1], dtype=int) - Q.T @ Q).negative == 0


def dual_bound(matrix: Any, certificate: Any) -> Fraction:
    """The exact lower bound <W, Q> of |W|_* that the ``certificate`` Q proves; both of one shape, rational.

    Raises ValueError for a Q of another shape, and for one whose operator norm exceeds 1: it proves nothing.
    """
    W, Q = fractions("matrix", matrix), fractions("certificate", certificate)
    if W.shape != Q.shape:
        raise ValueError(f"certificate must have the shape {W.shape} of the matrix, got {Q.shape}")
    if not is_contraction(Q):
        raise ValueError("certificate must have operator norm at most 1, got one that lengthens some vector")
    return (W * Q).sum()


def factor_bound(matrix: Any, A: Any, B: Any) -> Fraction:
    """The exact upper bound (|A|_F^2 + |B|_F^2)/2 of |W|_* that rational factors prove.

    Raises ValueError unless A B^T is the matrix.
    """
    W, A, B = fractions("matrix", matrix), fractions("A", A), fractions("B", B)
    cost = factor_cost(A, B)
    product = A @ B.T
    if product.shape != W.shape or not (product == W).all():
        raise ValueError("A and B must satisfy A B^T = matrix exactly, got another product")
    return cost


@dataclass(frozen=True)
class NuclearNorm:
    """Proved bounds ``lower`` <= |W|_* <= ``upper``, with the dual certificate and the factors that prove them."""

    lower: Fraction
    upper: Fraction
    certificate: np.ndarray
    factors: tuple[np.ndarray, np.ndarray]


#: Denominator of the rational numbers near the floats of a singular value decomposition.
_GRID = 2**50


def nuclear_norm(matrix: Any) -> NuclearNorm:
    """Exact bounds of the nuclear norm of an invertible rational matrix (n, n), a few units of 1e-13 apart.

    Both come from a floating singular value decomposition U S V^T and are then proved: Q near U V^T, shrunk until it is a contraction;
    A near U sqrt(S), with B^T = A^-1 W so that the product is exact. Raises ValueError for a matrix that is not square or is singular.
    """
    W = fractions("matrix", matrix)
    if W.ndim != 2 or W.shape[0] != W.shape[1] or not W.size:
        raise ValueError(f"matrix must be square, of one row or more, got shape {W.shape}")
    if max(abs(entry) for entry in W.flat) > 10**150:
        raise ValueError("matrix must have entries of size at most 1e150: its singular values are sought in floats")
    U, S, Vt = np.linalg.svd(W.astype(float))
    if not S[0] > 1e-9:
        raise ValueError(f"matrix must have a singular value above 1e-9, or none can be told from rounding, got {S[0]}: scale it")
    if not S[-1] > 1e-9 * S[0]:
        raise ValueError(f"matrix must be invertible, well away from singular, got singular values {S.tolist()}")
    near = lambda array: np.vectorize(lambda entry: Fraction(round(entry * _GRID), _GRID), otypes=[object])(array)
    Q = near(U @ Vt * (1 - 2.0**-44))  # n roundings of 2^-51 in every row move the norm by less than n 2^-51
    A = near(U * np.sqrt(S))
    B = solved(A, W).T
    return NuclearNorm(dual_bound(W, Q), factor_bound(W, A, B), Q, (A, B))


def singular_values(matrix: Any) -> list[Any]:
    """The singular values of a rational matrix as balls, at the working precision: roots of the eigenvalues of W^T W.

    Exact arithmetic up to the characteristic polynomial of W^T W, whose roots are isolated in balls; multiple roots count as often
    as they are. Raises ValueError for what is no matrix of rationals.
    """
    W = fractions("matrix", matrix)
    if W.ndim != 2:
        raise ValueError(f"matrix must have two axes, got shape {W.shape}")
    values = []
    _, factors = _as_flint(W.T @ W).charpoly().numer().factor()
    for factor, times in factors:  # all roots are real and not negative; 0 is a root of the factor x alone, so exact
        values += [root.real.sqrt() if root.real > 0 else ball(0) for root, _ in factor.complex_roots()] * times
    return values


def nuclear_ball(matrix: Any) -> Any:
    """|W|_* of a rational matrix as a ball."""
    return sum(singular_values(matrix), start=ball(0))


@dataclass(frozen=True)
class Completion:
    """The unique X of least nuclear norm in [[I, X], [Y, I]], its norm, and the dual certificate (2N, 2N), zero on the block of X."""

    X: np.ndarray
    norm: Fraction
    certificate: np.ndarray


def minimal_completion(Y: Any) -> Completion:
    """What the least nuclear norm makes of the bridge ``Y`` (N, N), rational, of operator norm at most 1: X = Y^T, of norm 2N.

    Raises ValueError for a bridge that lengthens some vector: then the minimizer is another one.
    """
    Y = fractions("Y", Y)
    whole = pattern(Y.T, Y)
    if not is_contraction(Y):
        raise ValueError("Y must have operator norm at most 1, got a bridge that lengthens some vector")
    Q = np.eye(len(whole), dtype=int)
    lower = dual_bound(whole, Q)
    if exact_inertia(whole).negative:  # cannot be for a contraction: Schur's complement is I - Y^T Y
        raise ArithmeticError("the completed pattern is not positive semidefinite")
    return Completion(Y.T, lower, Q)
