"""Gradient flow, approximated and enclosed."""
