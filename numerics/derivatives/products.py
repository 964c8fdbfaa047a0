"""Matrix products of object arrays through flint, where all entries are rationals, residues of one prime, or balls.

A multiplication and addition of objects takes numpy 120 ns (rationals), 70 (balls) or 40 (residues), and flint some 4; but every entry that
goes in or comes out costs it 100. So large products go through flint and small ones through numpy: rationals and residues come out the
same either way, and balls as enclosures of the same numbers.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

#: Multiplications for each entry in and out from which flint is the faster, by the kind of entries.
CONVERSION = {"fmpq": 1.6, "arb": 2.5, "nmod": 5.0}


def matmul(a: Any, b: Any) -> Any:
    """``a @ b`` for containers of any kind."""
    if type(a) is not type(b) or not isinstance(a, np.ndarray) or not a.dtype == b.dtype == object:
        return a @ b
    if type(a) is not np.ndarray:
        found = matmul(np.asarray(a), np.asarray(b)).view(type(a))
        found.__array_finalize__(a)  # what the container carries along
        return found
    if b.ndim == 2 and a.ndim >= 2:
        found = _product(a.reshape(-1, a.shape[-1]), b)
        return a @ b if found is None else found.reshape(*a.shape[:-1], b.shape[-1])
    if a.ndim == 2 and b.ndim == 3:
        count, inner, columns = b.shape
        found = _product(a, b.transpose(1, 0, 2).reshape(inner, count * columns))
        return a @ b if found is None else found.reshape(len(a), count, columns).transpose(1, 0, 2)
    return a @ b


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """The product of two matrices by flint; None where numpy serves as well."""
    (rows, inner), columns = a.shape, b.shape[1]
    flint = sys.modules.get("flint")  # without it there are no entries of its kinds
    if flint is None or b.shape[0] != inner or not rows * inner * columns:
        return None
    kind = type(a[0, 0])
    gain = rows * inner * columns / (rows * inner + inner * columns + rows * columns)
    if gain < CONVERSION.get(kind.__name__, np.inf):
        return None
    left, right = a.ravel().tolist(), b.ravel().tolist()
    if set(map(type, left)) | set(map(type, right)) != {kind}:
        return None
    if kind is flint.fmpq:
        made = flint.fmpq_mat(rows, inner, left) * flint.fmpq_mat(inner, columns, right)
    elif kind is flint.arb:
        made = flint.arb_mat(rows, inner, left) * flint.arb_mat(inner, columns, right)
    elif kind is flint.nmod:
        prime = left[0].modulus()
        made = flint.nmod_mat(rows, inner, left, prime) * flint.nmod_mat(inner, columns, right, prime)
    else:
        return None
    result = np.empty(rows * columns, dtype=object)
    result[:] = made.entries()
    return result.reshape(rows, columns)
