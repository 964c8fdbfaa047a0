"""Implicit regularization that no data-independent function describes."""
