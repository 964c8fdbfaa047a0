"""Model rank and optimistic sample size of any model."""
