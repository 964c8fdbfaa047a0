"""Counterexamples to data-independent regularization: searched for, and certified."""

from numerics.overlap.chains import find_contact_form, find_cycle
from numerics.overlap.find import certify_two_point, find_two_point_overlap
from numerics.overlap.found import NotFound, Overlap, Watch, midpoints, smooth
from numerics.overlap.one_point import find_one_point_overlap
from numerics.overlap.reweight import find_reweighted
from numerics.overlap.shape import bending_place, elasticity_extremum, is_p_family

__all__ = [
    "NotFound",
    "Overlap",
    "Watch",
    "bending_place",
    "certify_two_point",
    "elasticity_extremum",
    "find_contact_form",
    "find_cycle",
    "find_one_point_overlap",
    "find_reweighted",
    "find_two_point_overlap",
    "is_p_family",
    "midpoints",
    "smooth",
]
