"""What the claims on implicit regularization share: sources, tolerances, and outcomes of identities, bounds and flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from proofs_check import Outcome, Source

LIMITATION = "arXiv:2201.12198"
OWN = Source(LIMITATION, "ours, after sections 5 and 6")

IMPOSSIBLE = "no strict G of any kind describes the limits; a weak one exists (a constant), so weak characterization is not refuted."

#: Limits from adaptive integration: residual 1e-11 over the smallest singular value met (above 1e-2), plus a global error below 1e-9.
LIMIT_TOLERANCE = 1e-8
LIMIT_RULE = "1e-8: residual 1e-11 divided by the least singular value of the tangents, plus the integrator's global error"


def one(*instances: Any) -> Callable:
    """These instances at every level."""
    return lambda context: list(instances)


def all_vanish(expressions: Mapping[str, Any], is_zero: Callable[[Any], bool] = lambda e: e == 0, **details: Any) -> Outcome:
    """Holds when every named expression is zero."""
    for name, expression in expressions.items():
        if not is_zero(expression):
            text = str(expression)[:200]
            return Outcome.fails(f"{name} is {text}, expected 0", counterexample={"identity": name, "value": text}, cases=len(expressions))
    return Outcome.holds(cases=len(expressions), **details)


def at_most(
    observed: float, bound: float, what: str, *, cases: int = 1, counterexample: Mapping[str, Any] | None = None, **details: Any
) -> Outcome:
    """Holds when ``observed`` <= ``bound``, with the margin in units of the bound."""
    margin = float((bound - observed) / bound) if np.isfinite(observed) else -1.0
    if observed <= bound:
        return Outcome.holds(cases=cases, margin=margin, **details)
    return Outcome.fails(
        f"{what}: {observed:.3g}, expected at most {bound:.3g}",
        counterexample={**(counterexample or {}), "observed": observed},
        cases=cases,
        margin=margin,
    )


def ends_at(model, start, samples, limits, what: str, *, figures: Callable[[Any], list] = lambda flows: []) -> Outcome:
    """Adaptive integration of gradient flow on each of the ``samples`` (x, y) alone ends at the limit named for it.

    ``what`` calls the distance by a name, ``figures`` draws the flows.
    """
    from numerics.flows.flow import gradient_flow

    flows = [gradient_flow(model, start, ([x], [y])) for x, y in samples]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows))
    off = max(flow.distance(limit) for flow, limit in zip(flows, limits, strict=True))
    ends = [flow.theta for flow in flows]
    return at_most(off, LIMIT_TOLERANCE, what, cases=len(flows), counterexample={"ends": ends}, figures=figures(flows))
