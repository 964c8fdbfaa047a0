"""What came of running one part of a check: itself, one of its controls, its cell controls, or a probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from proofs_check.claim import Check, Claim, Status

#: The part of a check that tests the claim itself; the others are :data:`CELLS`, ``control:NAME`` and ``probe:NUMBER``.
ITSELF = "itself"
#: The part in which the engine makes predictions false, in one cell at a time.
CELLS = "cells"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcomes of all instances together.

    ``cases`` counts what was decided, ``met`` the instances that were decided: a check that met none decided nothing. ``skipped``
    counts those it passed over, ``rejected`` those outside the hypotheses. ``cells`` is the number of cells met, ``missed`` names the
    others. ``pairs`` are (relation, predicted, measured) of the numbers that were compared, each once. ``margin`` is the smallest one met.
    ``spent`` is the probability of a false alarm that was used up, ``confirmed`` says how a ``witness`` was. ``proof`` is what a proof
    checker said of a theorem. ``cell_controls`` are {"cell", "refuted", "message"}. ``versions`` are those of the libraries that computed
    it. ``log`` is what the part printed, cut to a bounded length. ``reads`` and ``variables`` are digests of the files and environment
    variables on which it rests beside its code (``None``: not there).
    """

    status: Status
    cases: int = 0
    met: int = 0
    margin: float | None = None
    message: str = ""
    counterexample: Mapping[str, Any] | None = None
    certificates: Sequence[Any] = ()
    detectable: float | None = None
    figures: Sequence[Any] = ()
    pairs: Sequence[tuple[str, float, float]] = ()
    seconds: float = 0.0
    log: str = ""
    skipped: int = 0
    rejected: int = 0
    cells: int = 0
    missed: Sequence[str] = ()
    spent: float | None = None
    witness: Any = None
    confirmed: str = ""
    proof: Mapping[str, Any] | None = None
    cell_controls: Sequence[Mapping[str, Any]] = ()
    versions: Mapping[str, str] | None = None
    reads: Mapping[str, str | None] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        """As JSON data; :func:`proofs_check.engine.answers.read` reads it back."""
        return {name: getattr(self, name) for name in _FIELDS} | {"status": self.status.value}

    @property
    def refuted(self) -> bool | None:
        """Read as a control: whether it came out ``fails``; ``None`` where it did not run to an answer."""
        if self.status in (Status.ERROR, Status.TIMEOUT, Status.SKIPPED):
            return None
        return self.status is Status.FAILS


#: What a finding holds is JSON data as it stands; copies of all of it, as asdict makes them, take longer than writing it.
_FIELDS = tuple(one.name for one in fields(Finding))

#: All findings of one claim by (name of the check, part).
Findings = Mapping[tuple[str, str], Finding]


def parts(claim: Claim) -> list[tuple[str, str]]:
    """(name of the check, part) of everything that testing ``claim`` runs, the checks themselves first."""
    checks = [(check.name, ITSELF) for check in claim.checks]
    cells = [(check.name, CELLS) for check in claim.checks if has_cell_controls(check)]
    controls = [(check.name, f"control:{control.name}") for check in claim.checks for control in check.controls]
    probes = [(claim.probed(probe).name, f"probe:{number}") for number, probe in enumerate(claim.probes)]
    return checks + controls + cells + probes


def has_cell_controls(check: Check) -> bool:
    """Whether the engine makes predictions of ``check`` false: not where comparisons escape it, nor trains once more for one cell."""
    return check.judged and check.evidence != "formal" and (check.evidence != "training" or check.axes is not None)
