"""Critical embeddings in width."""
