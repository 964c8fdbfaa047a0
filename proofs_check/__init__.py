"""Claims of the theory of neural-network loss landscapes, put under test.

``load_claims`` finds the claims, ``verify`` runs them; the rest is the vocabulary in which a claim is written.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from proofs_check.axes import axes, by_level
from proofs_check.claim import (
    Assumption,
    Check,
    Claim,
    ClaimError,
    Clause,
    Control,
    Figure,
    Outcome,
    Probe,
    Source,
    Status,
)
from proofs_check.declaration import Declaration, Paper, a_seed, claim, exists, false, nothing

if TYPE_CHECKING:
    from proofs_check.engine.reduction import reduce_instance
    from proofs_check.engine.registry import Registry, load_claims
    from proofs_check.engine.runner import Run, verify

#: Loaded on first use, so that writing a claim costs no more than its vocabulary.
_LAZY = {
    "Registry": "engine.registry",
    "Run": "engine.runner",
    "load_claims": "engine.registry",
    "reduce_instance": "engine.reduction",
    "verify": "engine.runner",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


__all__ = [
    "Assumption",
    "Check",
    "Claim",
    "ClaimError",
    "Clause",
    "Control",
    "Declaration",
    "Figure",
    "Outcome",
    "Paper",
    "Probe",
    "Registry",
    "Run",
    "Source",
    "Status",
    "a_seed",
    "axes",
    "by_level",
    "claim",
    "exists",
    "false",
    "load_claims",
    "nothing",
    "reduce_instance",
    "verify",
]
