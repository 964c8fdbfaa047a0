"""How parameters move: orbits in any arithmetic, and what is proved about where they go."""
