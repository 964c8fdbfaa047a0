"""Derivatives of a model in any arithmetic: reverse tape, forward duals, batches."""
