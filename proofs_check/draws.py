"""Instances that meet the edge sets by design, for authors of claims (:mod:`theory.draws`)."""

from theory.draws import SPECIAL, chain, enough, fraction, matrix, nonzero, of_rank, parameters, rows

__all__ = ["SPECIAL", "chain", "enough", "fraction", "matrix", "nonzero", "of_rank", "parameters", "rows"]
