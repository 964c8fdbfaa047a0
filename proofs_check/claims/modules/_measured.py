"""Ranks of torch modules as the claims of this family measure them: certified, or in floats."""

from functools import lru_cache

import numpy as np

from numerics.modules.architectures import drawn
from numerics.rank import module_model_rank, module_rank

#: Samples in floats: as many rows as twice the parameters.
FLOATS = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"


@lru_cache(maxsize=512)
def measured(maker, sizes, shape, seed, method="ball", change=None):
    """The Rank over all inputs of ``maker(*sizes)`` with drawn parameters, changed by ``change``; controls ask for the same again.

    ``shape``: that of one sample. With the method "float" the estimate on drawn samples.
    """
    module = drawn(maker(*sizes), seed)
    if change is not None:
        change(module)
    if method != "float":
        return module_model_rank(module, np.zeros((1, *shape)), seed=seed)
    rows = 2 * sum(parameter.numel() for parameter in module.parameters())
    return module_rank(module, np.random.default_rng(seed).normal(size=(rows, *shape)) * 2, "float")
