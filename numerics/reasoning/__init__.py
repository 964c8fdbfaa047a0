"""Symbolic multi-step reasoning: how far information reaches, and what trained transformers reach."""
