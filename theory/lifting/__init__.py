"""Critical liftings in depth: a critical point of a network carried into a deeper one."""

from theory.lifting.lifts import (
    Condition,
    Lifting,
    as_fully_connected,
    deeper,
    features,
    inherited,
    lift,
    lift_with,
    lifting_conditions,
    merge,
    numbers,
    preactivations,
)

__all__ = [
    "Condition",
    "Lifting",
    "as_fully_connected",
    "deeper",
    "features",
    "inherited",
    "lift",
    "lift_with",
    "lifting_conditions",
    "merge",
    "numbers",
    "preactivations",
]
