"""What remains beside the narrow Hessian: congruences in exact arithmetic, and inertias against eigenvalues."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rationals
from numerics.hessian import hessian
from theory.embedding import copies, copies_congruence, null, null_congruence, split_congruence
from theory.embedding.blocks import bordered, copies_block, direct_sum, flat_copies_inertia, kkt_inertia, plus, split_block
from theory.models import FullyConnected

NET = FullyConnected((2, 2, 3, 2), "ratsig4")


def inertia(matrix):
    values = np.linalg.eigvalsh(np.asarray(matrix, float))
    return tuple(int(n) for n in ((values < -1e-9).sum(), (abs(values) <= 1e-9).sum(), (values > 1e-9).sum()))


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def symmetric(rng, size):
    matrix = rng.integers(-5, 6, (size, size))
    return matrix + matrix.T


def test_blocks_are_laid_out_as_written(rng):
    B, Q = rng.integers(1, 9, (2, 3)), symmetric(rng, 3)
    whole = bordered(B, Q)
    assert whole.shape == (5, 5) and not whole[:2, :2].any()
    assert (whole[:2, 2:] == B).all() and (whole[2:, :2] == B.T).all() and (whole[2:, 2:] == Q).all()
    assert (bordered(np.stack([B, -B]), np.stack([Q, Q]))[1] == bordered(-B, Q)).all()
    diagonal = direct_sum(Q, B[:, :2], np.array([[7]]))
    assert diagonal.shape == (6, 6) and np.count_nonzero(diagonal) == np.count_nonzero(Q) + 4 + 1
    assert (diagonal[:3, :3] == Q).all() and (diagonal[3:5, 3:5] == B[:, :2]).all() and diagonal[5, 5] == 7


@pytest.mark.parametrize(("outputs", "inputs", "rank"), [(1, 2, 1), (2, 3, 1), (3, 2, 2), (3, 3, 0), (4, 2, 1)])
def test_inertias_of_bordered_matrices(outputs, inputs, rank, rng):
    B = rng.integers(1, 5, (outputs, rank)) @ rng.integers(-4, 5, (rank, inputs)) if rank else np.zeros((outputs, inputs), int)
    assert np.linalg.matrix_rank(B) == rank
    Q = symmetric(rng, inputs)
    kernel = np.linalg.svd(B)[2][rank:]
    assert kkt_inertia(outputs, rank, inertia(kernel @ Q @ kernel.T) if len(kernel) else (0, 0, 0)) == inertia(bordered(B, Q))
    assert flat_copies_inertia(outputs, inputs, rank) == inertia(bordered(B, 0 * Q))
    assert plus(inertia(Q), inertia(-Q), (1, 2, 3)) == tuple(np.add(np.add(inertia(Q), inertia(-Q)), (1, 2, 3)))


def of_copies(layer, neuron, coefficients, theta, data):
    """C, and C^T H_wide C."""
    basis = copies_congruence(NET, layer, neuron, coefficients)
    embedding = copies(NET, layer, neuron, coefficients)
    return basis, basis.T @ (basis.T @ hessian(embedding.wide, embedding(theta), data)).T


@pytest.mark.parametrize(("layer", "neuron"), [(1, 1), (2, 0)])
def test_copies_leave_the_block_that_is_stated(layer, neuron, rng):
    """B_s and S_s are read off one split; three copies must then show the block made of them."""
    theta, data = rationals(rng.integers(-3, 4, NET.n_params)), (rationals([[1, 2], [-1, 3]]), rationals([[1, -1], [2, 0]]))
    narrow, size = hessian(NET, theta, data), NET.n_params
    half = [Fraction(1, 2)] * 2
    basis, found = of_copies(layer, neuron, half, theta, data)
    assert basis == split_congruence(NET, layer, neuron, Fraction(1, 2))
    outputs = NET.widths[layer + 1]
    B, S = found[size : size + outputs, size + outputs :], found[size + outputs :, size + outputs :] * 4
    assert B.any() and S.any()
    assert (found == direct_sum(narrow, split_block(B, S, *rationals([Fraction(1, 2)])))).all()
    for coefficients in ([Fraction(1, 3), Fraction(-1), Fraction(5, 3)], [Fraction(2), Fraction(-1)], [Fraction(1)]):
        basis, found = of_copies(layer, neuron, coefficients, theta, data)
        block = copies_block(B, S, rationals(coefficients)) if len(coefficients) > 1 else np.zeros((0, 0), dtype=object)
        assert basis.shape == found.shape and abs(round(np.linalg.det(basis.dense(float)))) == 1
        assert (found == direct_sum(narrow, block)).all()


@pytest.mark.parametrize("layer", [1, 2])
def test_a_null_neuron_leaves_a_bordered_zero(layer, rng):
    """sigma'(b) C_l: the same C_l for every b, seen at two of them."""
    theta, data = rationals(rng.integers(-3, 4, NET.n_params)), (rationals([[1, 2], [-1, 3]]), rationals([[1, -1], [2, 0]]))
    narrow, size, outputs = hessian(NET, theta, data), NET.n_params, NET.widths[layer + 1]
    seen = []
    for bias in (Fraction(0), Fraction(2, 3)):
        basis, embedding = null_congruence(NET, layer, bias), null(NET, layer, bias)
        assert abs(round(np.linalg.det(basis.dense(float)))) == 1
        found = basis.T @ (basis.T @ hessian(embedding.wide, embedding(theta), data)).T
        block = found[size : size + outputs, size + outputs :]
        assert (found == direct_sum(narrow, bordered(block, np.zeros((block.shape[1],) * 2, dtype=object)))).all()
        seen.append(block)
    slope = NET.activation.jet(rationals([[Fraction(2, 3)]]), 1)[1][0, 0]
    assert seen[0].any() and (seen[0] * slope == seen[1]).all()  # sigma'(0) = 1
