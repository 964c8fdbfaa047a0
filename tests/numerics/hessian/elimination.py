"""Inertia by symmetric elimination (Lagrange's reduction to a sum of squares): a second opinion on the characteristic polynomial."""

from numerics.arithmetic import exact


def counts_by_elimination(matrix):
    """(negative, zero, positive) of a symmetric matrix of rationals."""
    a = [list(row) for row in exact.rationals(matrix)]
    negative = positive = 0
    while a:
        n = len(a)
        pivot = next((k for k in range(n) if a[k][k] != 0), None)
        if pivot is None:
            pair = next(((i, j) for i in range(n) for j in range(i) if a[i][j] != 0), None)
            if pair is None:
                break
            _add_line(a, *pair)  # x_j -> x_j + x_i makes the diagonal entry 2 a_ij
            pivot = pair[0]
        square = a[pivot][pivot]
        positive, negative = positive + (square > 0), negative + (square < 0)
        a = _schur(a, pivot)
    return negative, len(matrix) - negative - positive, positive


def _add_line(a, i, j):
    a[i] = [x + y for x, y in zip(a[i], a[j], strict=True)]
    for row in a:
        row[i] = row[i] + row[j]


def _schur(a, pivot):
    """What is left after the square of ``pivot`` is split off."""
    rest = [k for k in range(len(a)) if k != pivot]
    factors = {k: a[k][pivot] / a[pivot][pivot] for k in rest}
    return [[a[i][j] - factors[i] * a[pivot][j] for j in rest] for i in rest]
