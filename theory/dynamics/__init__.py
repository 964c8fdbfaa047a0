"""How parameters move: optimizers near a minimum, and what is predicted of their orbits."""
