"""Sum pooling against the unpooled network with equal output weights."""

import numpy as np
import pytest

from theory.models import TwoLayerCNN
from theory.models.pooling import PooledCNN


@pytest.mark.parametrize("sizes", [(5, 3, 2, 1), (7, 2, 1, 2), ((3, 4), (2, 2), 2, 1)])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_pooling_repeats_output_weights(sizes, batch):
    pooled, full = PooledCNN(*sizes), TwoLayerCNN(*sizes)
    rng = np.random.default_rng(1)
    theta, x = pooled.init(rng, batch=batch), rng.normal(size=(6, full.input_size))
    parts = pooled.unpack(theta)
    repeated = np.repeat(parts["output_weights"][..., None], len(full.patches), axis=-1)
    expected = full(full.pack(kernels=parts["kernels"], output_weights=repeated), x)
    np.testing.assert_allclose(pooled(theta, x), expected, rtol=1e-12)


def test_a_kernel_larger_than_the_input():
    with pytest.raises(ValueError, match="kernel must fit"):
        PooledCNN(3, 4, 1)
