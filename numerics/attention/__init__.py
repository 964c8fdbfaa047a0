"""Attention that learns a Markov chain: its gradient flow, enclosed and followed, and training on sampled sequences."""
