"""Exact arithmetic and ball arithmetic: fields, series, matrices and roots of polynomials without rounding."""
