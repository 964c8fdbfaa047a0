"""The linear stage in balls against the singular value decomposition and the closed solution of a single input column."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from numerics.arithmetic.block_exponential import block_exponential, linear_stage
from theory.dynamics.condensation.linear import linear_flow

floats = np.vectorize(lambda entry: float(entry.mid()), otypes=[float])


@pytest.mark.parametrize("shape", [(1, 1), (2, 4), (4, 2), (3, 3)])
def test_singular_components_grow_hyperbolically(shape):
    rng = np.random.default_rng(0)
    z, w, a, t = rng.normal(size=shape), rng.normal(size=(5, shape[0])), rng.normal(size=(5, shape[1])), 1.25
    u, s, v = np.linalg.svd(z, full_matrices=False)
    weights, outgoing = linear_stage(z, w, a, t)
    along = (w @ u) * np.cosh(s * t) + (a @ v.T) * np.sinh(s * t)
    np.testing.assert_allclose(floats(weights), along @ u.T + w - (w @ u) @ u.T, rtol=1e-10, atol=1e-10)
    along = (a @ v.T) * np.cosh(s * t) + (w @ u) * np.sinh(s * t)
    np.testing.assert_allclose(floats(outgoing), along @ v + a - (a @ v.T) @ v, rtol=1e-10, atol=1e-10)
    assert all(entry.rad() < 1e-30 for entry in weights.ravel())


def test_a_column_is_the_flow_of_a_fully_connected_network():
    z, w, a = np.array([[3.0], [4.0]]), np.array([[0.1, -0.2]]), np.array([[0.3]])
    weights, outgoing = linear_stage(z, w, a, Fraction(1, 5))
    expected = linear_flow(a[:, 0], w, z[:, 0], 0.2)
    np.testing.assert_allclose(floats(outgoing)[:, 0], expected[0])
    np.testing.assert_allclose(floats(weights), expected[1])


def test_time_adds_up_and_bad_shapes_are_named():
    z = [[Fraction(1, 3), 2], [0, -1]]
    product, whole = block_exponential(z, 1) @ block_exponential(z, Fraction(1, 2)), block_exponential(z, "1.5")
    assert all(a.overlaps(b) and isinstance(a, arb) for a, b in zip(product.ravel(), whole.ravel(), strict=True))
    with pytest.raises(ValueError, match=r"matrix must have shape \(K, L\)"):
        block_exponential([1, 2], 1)
