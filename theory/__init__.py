"""The symbolic side: activations, models, formulas and constructions, in any arithmetic."""
