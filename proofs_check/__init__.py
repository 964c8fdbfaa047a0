"""Claims of the theory of neural-network loss landscapes, put under test.

``load_claims`` finds the claims, ``verify`` runs them; the rest is the vocabulary in which a claim is written.
"""

from proofs_check.claim import (
    Assumption,
    Check,
    Claim,
    ClaimError,
    Control,
    Figure,
    Outcome,
    Probe,
    Source,
    Status,
)

__all__ = [
    "Assumption",
    "Check",
    "Claim",
    "ClaimError",
    "Control",
    "Figure",
    "Outcome",
    "Probe",
    "Source",
    "Status",
]
