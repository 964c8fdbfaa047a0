"""Exact fields, residues, balls: the numbers that measurements are made of."""
