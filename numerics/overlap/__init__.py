"""Counterexamples to data-independent regularization: searched for, and certified."""

from numerics.overlap.find import (
    NotFound,
    Overlap,
    certify_two_point,
    find_contact_form,
    find_cycle,
    find_one_point_overlap,
    find_two_point_overlap,
    midpoints,
    smooth,
)
from numerics.overlap.shape import bending_place, elasticity_extremum, is_p_family

__all__ = [
    "NotFound",
    "Overlap",
    "bending_place",
    "certify_two_point",
    "elasticity_extremum",
    "find_contact_form",
    "find_cycle",
    "find_one_point_overlap",
    "find_two_point_overlap",
    "is_p_family",
    "midpoints",
    "smooth",
]
