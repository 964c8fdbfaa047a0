"""What the claims about model ranks share: an exact rank at a constructed point against a formula.

An instance is ``(model, facts, replicate)``: ``point(model, facts, rng)`` builds theta, ``formula(model, theta, facts)`` predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from proofs_check import Outcome

FLOAT_RULE = "rank read across a gap of 1e6 in the singular values (noise max(shape) eps sigma_1, Weyl), else in the exact field"


def check_formula(instance, *, formula, point, context) -> Outcome:
    """The certified model rank (a non-zero minor below, identities among the tangents above) against the formula."""
    from numerics.rank import model_rank

    model, facts, replicate = instance
    theta = point(model, facts, context.rng(replicate))
    return compared(formula(model, theta, facts), model_rank(model, theta), model, theta, facts, certify=replicate == 0)


def check_formula_in_floats(instance, *, formula, point, context) -> Outcome:
    """The same from singular values; what they leave open is decided exactly."""
    from numerics.rank import model_rank

    model, facts, replicate = instance
    theta = point(model, facts, context.rng(replicate))
    found = model_rank(model, np.asarray(theta, float), "float")
    if found.rank is None:
        found = model_rank(model, theta)
    return compared(formula(model, theta, facts), found, model, theta, facts)


def check_series(instance, *, formula, point, context) -> Outcome:
    """The lower bound of Taylor series modulo a prime, for points where it meets the proved upper bound, against the formula."""
    from numerics.series import series_rank

    model, facts, replicate = instance
    theta = point(model, facts, context.rng(replicate))
    observed, at = series_rank(model, theta)
    return Outcome.equal(formula(model, theta, facts), observed, model=str(model), theta=theta, **facts, at=at)


def compared(expected: int, found: Any, model: Any, theta: Any, facts: Mapping[str, Any], *, certify: bool = False) -> Outcome:
    """Holds, fails or is open, by where ``expected`` lies against the bounds of a Rank."""
    described = dict(model=str(model), theta=theta, **facts)
    if found.rank is not None and found.rank == expected:
        return Outcome.holds(certificate=found.certificate if certify else None)
    if found.lower <= expected <= found.upper:
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}, expected {expected}, at {theta}", cases=1)
    observed = found.rank if found.rank is not None else [found.lower, found.upper]
    return Outcome.fails(
        f"expected {expected}, observed {observed}", counterexample={**described, "expected": expected, "observed": observed}
    )


def drawn(models: Callable[..., Any], facts: Callable[..., Any] | None = None) -> Callable:
    """Instances for a property check: a strategy over models, over facts of a model, and over seeds."""

    def instances(context):
        from hypothesis import strategies as st

        chosen = models(st)
        if facts is None:
            return st.tuples(chosen, st.just({}), st.integers(0, 2**20))
        return chosen.flatmap(lambda model: st.tuples(st.just(model), facts(st, model), st.integers(0, 2**20)))

    return instances


def distinct_rows(rng, rows: int, columns: int, *, least: int = 1) -> np.ndarray:
    """Integer rows, none zero and no two equal up to sign (the first entries are least, least + 1, ...)."""
    weights = rng.integers(-4, 5, (rows, columns))
    weights[:, 0] = least + np.arange(rows)
    return weights


def signs(rng, shape) -> np.ndarray:
    """Non-zero integers from -4 to 4."""
    return rng.choice([-4, -3, -2, -1, 1, 2, 3, 4], shape)
