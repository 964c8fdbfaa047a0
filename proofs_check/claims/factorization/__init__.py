"""Matrix and tensor factorizations."""
