"""What families on ranks share: ranks in floats with the exact field behind, and the words for their tolerances."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Tolerance of a rank that is read from singular values alone.
FLOAT_GAP = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"

#: The same where what singular values leave open is decided in the exact field, see :func:`in_floats`.
FLOATS = "rank read across a gap of 1e6 in the singular values (noise max(shape) eps sigma_1, Weyl), else in the exact field"


def in_floats(model: Any, theta: Any) -> Any:
    """The Rank that singular values show across a clear gap, else the certified one."""
    from numerics.rank import model_rank

    found = model_rank(model, np.asarray(theta, float), "float")
    return found if found.estimate is not None else model_rank(model, theta)
