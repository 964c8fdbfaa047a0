"""Optimizers followed in any arithmetic, and what is proved about where they go (formulas: :mod:`theory.optimizers`)."""
