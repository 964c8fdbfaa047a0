"""Critical points: found, certified, and followed through an embedding; of models and of torch modules."""

from numerics.critical.modules import certify_module, module_inertia
from numerics.critical.search import certify, certify_split, find_critical_points, split_inertias

__all__ = [
    "certify",
    "certify_module",
    "certify_split",
    "find_critical_points",
    "module_inertia",
    "split_inertias",
]
