"""Statements of the papers that are false as printed."""
