"""Deep networks: ranks and the neurons added to them."""
