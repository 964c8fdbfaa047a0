"""Two-layer networks."""
