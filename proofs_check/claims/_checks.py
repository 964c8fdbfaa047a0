"""Checks of several families in short, and how their findings are compared: exactly, or within what rounding can make of a sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs_check import Check, Outcome


def on_instances(name, run, drawn, parameters, controls, **more):
    """A check of the instances ``drawn``."""
    return Check(name, covers="instances", run=run, instances=drawn, parameters=parameters, controls=controls, **more)


def exactly(*check, **more):
    """One in exact arithmetic."""
    return on_instances(*check, evidence="exact", **more)


def in_floats(*check, **more):
    """One in floats, within a ``tolerance`` that is derived."""
    return on_instances(*check, evidence="property", **more)


def agree(place: Any, /, **pairs: tuple[Any, Any]) -> Outcome:
    """Holds when the two values of every pair (expected, observed) are equal, entry by entry, without tolerance."""
    for name, (expected, observed) in pairs.items():
        if not _same(expected, observed):
            message = f"{name.replace('_', ' ')}: expected {_brief(expected)}, observed {_brief(observed)}"
            return Outcome.fails(message, counterexample={"instance": place, "what": name, "expected": expected, "observed": observed})
    return Outcome.holds(len(pairs))


def _same(expected: Any, observed: Any) -> bool:
    """Equality of values or of arrays."""
    if isinstance(expected, np.ndarray) or isinstance(observed, np.ndarray):
        return np.shape(expected) == np.shape(observed) and bool(np.all(np.asarray(expected == observed)))
    return expected == observed


def _brief(value: Any) -> str:
    """A value for one line of a message."""
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else text[:97] + "..."


def rounding(terms: int, size: Any) -> Any:
    """64 units of rounding for each of ``terms`` terms of a sum of the given size."""
    return 64 * terms * np.finfo(float).eps * size


def within(place: Any, observed: Any, tolerance: Any, what: str) -> Outcome:
    """Holds when |observed| <= tolerance entry by entry; the margin is the smallest slack in units of the tolerance."""
    ratio = float(np.max(np.abs(observed) / tolerance))
    if ratio <= 1:
        return Outcome.holds(margin=1 - ratio)
    message = f"{what}: {ratio:.3g} times the tolerance"
    return Outcome.fails(message, margin=1 - ratio, counterexample={"instance": place, "what": what, "observed": observed})


def within_rounding(what: str, gap: float, bound: float, **shown: Any) -> Outcome:
    """Holds when ``gap`` is at most ``bound``; the margin is the slack in units of the bound."""
    if not gap <= bound:
        return Outcome.fails(f"{what} {gap:.3g}, rounding allows {bound:.3g}", counterexample=shown)
    return Outcome.holds(margin=(bound - gap) / bound)
