"""Ranks of models and tangent matrices with proved bounds: floats, balls, residues, Taylor series."""

from numerics.rank.ladder import (
    Rank,
    empirical_rank,
    float_rank,
    model_rank,
    modular_tangents,
    sample_points,
    structural_upper_bound,
)
from numerics.rank.modules import module_model_rank, module_rank, module_symmetries

__all__ = [
    "Rank",
    "empirical_rank",
    "float_rank",
    "model_rank",
    "module_model_rank",
    "module_rank",
    "module_symmetries",
    "modular_tangents",
    "sample_points",
    "structural_upper_bound",
]
