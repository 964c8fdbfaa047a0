"""Residues in machine integers against Python's integers, at moduli of all sizes up to the largest."""

import random

import numpy as np
import pytest

from numerics.arithmetic.exact import PRIMES
from numerics.arithmetic.residues import LARGEST, TILE, WINDOW, Residues, powers

MODULI = (2, 3, 7, 2**31 - 1, 2**31, PRIMES[0], PRIMES[0] - 1, PRIMES[2], 2**60, LARGEST - 2, LARGEST - 1)


def edges_and_draws(modulus, count, rng):
    edges = [0, 1, modulus - 1, modulus // 2, (modulus + 1) // 2, min(2**31, modulus - 1), min(2**31 - 1, modulus - 1)]
    return edges + [rng.randrange(modulus) for _ in range(count)]


@pytest.mark.parametrize("modulus", MODULI)
def test_arithmetic_is_that_of_integers(modulus):
    """Every pair of edges, and draws that fill several tiles."""
    rng = random.Random(modulus)
    edges = edges_and_draws(modulus, 60, rng)
    row, column = Residues(edges, modulus)[None, :], Residues(edges, modulus)[:, None]
    for operation in (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b):
        assert operation(column, row).tolist() == [[operation(a, b) % modulus for b in edges] for a in edges]
    a, b = ([rng.randrange(modulus) for _ in range(2 * TILE + 5)] for _ in range(2))
    assert (Residues(a, modulus) * Residues(b, modulus)).tolist() == [x * y % modulus for x, y in zip(a, b, strict=True)]
    assert (1 - 3 * Residues(edges, modulus)).tolist() == [(1 - 3 * a) % modulus for a in edges]
    assert (-Residues(edges, modulus)).tolist() == [-a % modulus for a in edges]
    assert (Residues(edges[1], modulus) * Residues(edges[2], modulus)).tolist() == edges[1] * edges[2] % modulus


@pytest.mark.parametrize("count", [0, 1, 2, 3, 1000, 2**WINDOW + 1])
def test_powers_and_inverses(count):
    prime, rng = PRIMES[0], random.Random(count)
    exponents = np.array([rng.randrange(prime - 1) for _ in range(count)], dtype=np.int64)
    found = powers(12345, exponents, prime)
    assert found.tolist() == [pow(12345, int(k), prime) for k in exponents]
    assert (1 / found).tolist() == [pow(12345, -int(k), prime) for k in exponents]
    assert powers(5, np.zeros((2, 3), dtype=np.int64), prime).tolist() == [[1] * 3] * 2


def test_what_has_no_inverse_or_no_meaning_is_refused():
    with pytest.raises(ZeroDivisionError, match="no inverse modulo 7"):
        1 / Residues([1, 0, 2], 7)
    a = Residues([1, 2, 3], 7)
    for operation in (
        lambda: a + np.array([1, 2, 3]),
        lambda: a * 0.5,
        lambda: a * Residues([1, 2, 3], 11),
        a.sum,
        lambda: a @ a,
        lambda: a**2,
    ):
        with pytest.raises(TypeError):
            operation()
    for modulus in (1, 0, -7, LARGEST):
        with pytest.raises(ValueError, match="modulus must lie between"):
            Residues([1], modulus)


def test_views_slices_and_targets_stay_residues():
    a = Residues(np.arange(6).reshape(2, 3), 7)
    target = np.empty_like(a, shape=(2, 3, 2))
    np.multiply(a, a, out=target[..., 0])
    target[..., 1] = 1
    assert type(target) is Residues and target.modulus == 7
    assert target[..., 0].tolist() == [[0, 1, 4], [2, 2, 4]] and type(target[:, 1:].reshape(-1) + 6) is Residues
