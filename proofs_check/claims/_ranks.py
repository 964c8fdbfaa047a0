"""What the claims about model ranks share: ranks at constructed points against formulas, and drawn instances.

Most instances are ``(model, facts, replicate)``: ``point(model, facts, rng)`` builds theta, ``formula(model, theta, facts)`` predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from proofs_check import Check, Outcome

#: Tolerances: a rank read from singular values alone, or with the exact field behind it.
FLOAT_GAP = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"
FLOAT_RULE = "rank read across a gap of 1e6 in the singular values (noise max(shape) eps sigma_1, Weyl), else in the exact field"


def check_formula(instance, *, formula, point, context, certificates=1) -> Outcome:
    """The certified model rank (a non-zero minor below, identities among the tangents above) against the formula.

    The first ``certificates`` replicates keep theirs.
    """
    from numerics.rank import model_rank

    model, facts, replicate = instance
    theta = point(model, facts, context.rng(replicate))
    keep = replicate < certificates
    return compared(formula(model, theta, facts), model_rank(model, theta), certify=keep, model=str(model), theta=theta, **facts)


def check_formula_in_floats(instance, *, formula, point, context) -> Outcome:
    """The same from singular values; what they leave open is decided exactly."""
    model, facts, replicate = instance
    theta = point(model, facts, context.rng(replicate))
    return compared(formula(model, theta, facts), ladder_rank(model, theta), model=str(model), theta=theta, **facts)


def check_series(instance, *, formula, point, context) -> Outcome:
    """The lower bound of Taylor series modulo a prime, for points where it meets the proved upper bound, against the formula."""
    from numerics.rank.certificates import series_certificate
    from numerics.rank.series import series_rank

    model, facts, replicate = instance
    theta = point(model, facts, context.rng(replicate))
    observed, at = series_rank(model, theta)
    expected = formula(model, theta, facts)
    if observed == expected and replicate == 0:
        return Outcome.holds(certificate=series_certificate(model, theta, observed, at))
    return Outcome.equal(expected, observed, model=str(model), theta=theta, **facts, at=at)


def float_twin(check: Check, *, run: Callable[..., Outcome] = check_formula_in_floats, **changes: Any) -> Check:
    """The twin of ``check`` in floating point: decided by ``run``, a failing instance once more as ``check`` decides it."""
    twin = {"name": f"{check.name}-in-floats", "evidence": "property", "covers": "instances", "tolerance": FLOAT_RULE}
    return replace(check, **{**twin, "run": run, "replay": check.run, **changes})


def ladder_rank(model: Any, theta: Any) -> Any:
    """The Rank that singular values show across a clear gap, else the certified one."""
    from numerics.rank import model_rank

    found = model_rank(model, np.asarray(theta, float), "float")
    return found if found.estimate is not None else model_rank(model, theta)


def compared(expected: int, found: Any, *, certify: bool = False, **described: Any) -> Outcome:
    """Holds, fails or is open, by where ``expected`` lies against the bounds of a Rank."""
    value = found.rank if found.rank is not None else found.estimate
    if value is not None and value == expected:
        return Outcome.holds(certificate=found.certificate if certify else None)
    if value is None and found.lower <= expected <= found.upper:
        where = ", ".join(f"{name} = {value}" for name, value in described.items())
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}, expected {expected}, at {where}", cases=1)
    return Outcome.equal(expected, [found.lower, found.upper] if value is None else value, **described)


def compared_least(expected: int, found: Sequence[Any], **described: Any) -> Outcome:
    """The least of several Ranks against ``expected``; inconclusive where one of them is open."""
    ranks = [one.rank for one in found]
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {ranks}", cases=1)
    return Outcome.equal(expected, min(ranks), **described, ranks=ranks)


def compared_in_floats(expected: int, found: Any, **described: Any) -> Outcome:
    """A Rank read from singular values alone: without a clear gap nothing is decided."""
    if found.estimate is None:
        where = ", ".join(f"{name} = {value}" for name, value in described.items())
        return Outcome.inconclusive(f"no clear gap among the singular values at {where}", cases=1)
    return Outcome.equal(expected, found.estimate, **described)


def tangent_matrix(model: Any, theta: Any, samples: Any) -> np.ndarray:
    """The tangent matrix (n, P) of a model with one output, in the arithmetic of ``theta`` and ``samples``."""
    from numerics.derivatives.tape import tangents

    return tangents(model, theta, samples)[1][:, 0]


def exact_tangent_matrix(model: Any, theta: Any, samples: Any = None) -> np.ndarray:
    """The same in rationals; of a factorization on all its entries by default."""
    from numerics.arithmetic.exact import rationals

    if not hasattr(model, "entries"):
        samples = rationals(samples)
    return tangent_matrix(model, rationals(theta), model.entries() if samples is None else samples)


def judged(good: bool, message: str, /, **counterexample: Any) -> Outcome:
    """Holds where ``good``, else fails with ``message``."""
    return Outcome.holds() if good else Outcome.fails(message, counterexample=counterexample)


def related(relation: Callable[..., bool], ranks: Sequence[int | None], message: str, /, **counterexample: Any) -> Outcome:
    """Whether certified ``ranks`` stand in a relation; inconclusive where one of them is open."""
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {ranks}", cases=1)
    return judged(relation(*ranks), message, **counterexample, ranks=ranks)


# ------------------------------------------------------------------------------------ instances of property checks


def seeded(parts: Callable[[Any], tuple]) -> Callable:
    """Tuples of what the strategies ``parts(st)`` draw, and of a seed."""

    def instances(context):
        from hypothesis import strategies as st

        return st.tuples(*parts(st), st.integers(0, 2**20))

    return instances


def composed(build: Callable[[Any, Any], Any]) -> Callable:
    """What ``build(draw, st)`` makes of the values that it draws."""

    def instances(context):
        from hypothesis import strategies as st

        return st.composite(lambda draw: build(draw, st))()

    return instances


def integer_matrix(draw: Any, st: Any, rows: int, columns: int, *, largest: int) -> np.ndarray:
    """A drawn matrix of integers of modulus up to ``largest``."""
    row = st.lists(st.integers(-largest, largest), min_size=columns, max_size=columns)
    return np.array(draw(st.lists(row, min_size=rows, max_size=rows)))


def drawn(models: Callable[..., Any], facts: Callable[..., Any] | None = None) -> Callable:
    """(model, facts, replicate): a strategy over models, over facts of a model, and over seeds."""
    if facts is None:
        return seeded(lambda st: (models(st), st.just({})))

    def instances(context):
        from hypothesis import strategies as st

        return models(st).flatmap(lambda model: st.tuples(st.just(model), facts(st, model), st.integers(0, 2**20)))

    return instances
