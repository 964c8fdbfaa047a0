"""Theorems for all sizes: what Coq's kernel says of a proof file (`coq`), and the check that a claim makes of it (`check`)."""

from proofs_check.proving.check import ADEQUACY, CHANGED, PROOF, ProofFile, formal_check

__all__ = ["ADEQUACY", "CHANGED", "PROOF", "ProofFile", "formal_check"]
