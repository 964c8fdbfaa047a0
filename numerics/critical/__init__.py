"""Critical points: found, certified, and followed through an embedding."""

from numerics.critical.search import certify, certify_split, find_critical_points, split_inertias

__all__ = [
    "certify",
    "certify_split",
    "find_critical_points",
    "split_inertias",
]
