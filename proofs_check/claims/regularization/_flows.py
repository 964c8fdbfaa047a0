"""Gradient flows of the claims on implicit regularization: where they end, within a derived tolerance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numerics.flows.flow import gradient_flow
from proofs_check import Outcome
from proofs_check.judging import bounded, worst

#: Limits from adaptive integration: residual 1e-11 over the smallest singular value met (above 1e-2), plus a global error below 1e-9.
LIMIT = 1e-8
LIMIT_RULE = "1e-8: residual 1e-11 divided by the least singular value of the tangents, plus the integrator's global error"


def one(*instances: Any) -> list[Any]:
    """These instances at every level."""
    return list(instances)


def ends_at(
    model: Any, start: Any, samples: Iterable[tuple[Any, Any]], limits: Sequence[Any], *, figures: Callable[[list], list] | None = None
) -> Outcome:
    """Gradient flow of ``model`` from ``start`` on each of the ``samples`` (x, y) alone ends at the limit named for it.

    ``figures`` draws the flows. A flow that does not converge decides nothing.
    """
    flows = [gradient_flow(model, start, ([x], [y])) for x, y in samples]
    if not all(flow.converged for flow in flows):
        return Outcome.inconclusive("; ".join(flow.reason for flow in flows if not flow.converged))
    off = [flow.distance(limit) for flow, limit in zip(flows, limits, strict=True)]
    outcome = bounded("distance of the flow's end from the limit", off, LIMIT, ends=[flow.theta for flow in flows])
    return worst([outcome], figures=figures(flows) if figures else [])
