"""What families on ranks share: ranks in floats with the exact field behind; what the old form still uses to compare a Rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from proofs_check import Check, Outcome

#: Tolerance of a rank that is read from singular values alone.
FLOAT_GAP = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"

#: The same where what singular values leave open is decided in the exact field, see :func:`in_floats`.
FLOATS = "rank read across a gap of 1e6 in the singular values (noise max(shape) eps sigma_1, Weyl), else in the exact field"


def in_floats(model: Any, theta: Any) -> Any:
    """The Rank that singular values show across a clear gap, else the certified one."""
    from numerics.rank import model_rank

    found = model_rank(model, np.asarray(theta, float), "float")
    return found if found.estimate is not None else model_rank(model, theta)


def float_twin(check: Check, *, run: Callable[..., Outcome], **changes: Any) -> Check:
    """The twin of ``check`` in floating point: decided by ``run``, a failing instance once more as ``check`` decides it."""
    twin = {"name": f"{check.name}-in-floats", "evidence": "property", "covers": "instances", "tolerance": FLOAT_GAP}
    return replace(check, **{**twin, "run": run, "replay": check.run, **changes})


def compared(expected: int, found: Any, **described: Any) -> Outcome:
    """Holds, fails or is open, by where ``expected`` lies against the proved bounds of a Rank."""
    if found.rank is None and found.lower <= expected <= found.upper:
        where = ", ".join(f"{name} = {value}" for name, value in described.items())
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}, expected {expected}, at {where}", cases=1)
    return Outcome.equal(expected, [found.lower, found.upper] if found.rank is None else found.rank, **described)


def compared_in_floats(expected: int, found: Any, **described: Any) -> Outcome:
    """A Rank read from singular values alone: without a clear gap nothing is decided."""
    if found.estimate is None:
        where = ", ".join(f"{name} = {value}" for name, value in described.items())
        return Outcome.inconclusive(f"no clear gap among the singular values at {where}", cases=1)
    return Outcome.equal(expected, found.estimate, **described)


def exact_tangent_matrix(model: Any, theta: Any, samples: Any) -> np.ndarray:
    """The tangent matrix (n, P) of a model with one output, in rationals."""
    from numerics.arithmetic.exact import rationals
    from numerics.derivatives.tape import tangents

    return tangents(model, rationals(theta), samples)[1][:, 0]
