"""Checks whose evidence is a proof for all sizes: a theorem that Coq's kernel accepts, its control, and the adequacy of its definitions.

A theorem is worth what its definitions say. A formal check has two instances: the proof (accepted, its axioms asked of a separate file)
and the adequacy (the definitions behind it, evaluated beside ours). It has two controls: the statement made false in one place, whose
negation is a theorem of the same file, and one value of the definitions changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from proofs_check.claim import LONGEST_NAME, Check, ClaimError, Control, Outcome, Unavailable
from proofs_check.comparing import another
from proofs_check.judging import equal, true, worst
from proofs_check.proving import coq

if TYPE_CHECKING:
    from proofs_check.adequacy import Comparison
    from proofs_check.context import Context

#: The two instances of a formal check.
PROOF, ADEQUACY = "proof", "adequacy"
#: The name of the control that changes one value of the definitions.
CHANGED = "one value of the definitions changed"

Adequate = Callable[[Any], "Sequence[Comparison]"]


class ProofFile:
    """A proof file; its text, when it is asked for, is the hash of its source and of all that it needs, comments left out."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = path.rsplit("/", 1)[-1] if path.startswith("/") else path

    def __repr__(self) -> str:

        return coq.fingerprint(self.path)


def formal_check(
    file: str,
    theorem: str,
    *,
    false: str,
    adequate: Adequate,
    premises: Sequence[str] = (),
    axioms: str = "none",
    clauses: Sequence[str] = (),
    control: str = "",
    part: str = "",
    name: str = "",
) -> Check:
    """The check that ``theorem`` of ``file`` (in `proofs_check/proofs`, or a path of one's own) is proved and speaks of what we mean.

    ``false`` says in words what the theorem ``control`` (default: control_ and the theorem) makes false; ``adequate(rng)`` compares the
    definitions with ours; ``premises`` are hypotheses that a reader could take for part of the logic, shown beside the verdict. ``part``
    says which part of its clauses the theorem proves where it is not the whole: it then counts as exact evidence, not as a proof of them.

    :raises ClaimError: for an empty ``false`` or a theorem that is no name.
    """
    name = name or f"proof-{theorem.lower().replace('_', '-')}"[:LONGEST_NAME]
    if not false:
        raise ClaimError(f"formal check {name!r}: false must say what the control makes false, got an empty text")
    if not theorem.isidentifier():
        raise ClaimError(f"formal check {name!r}: theorem must be the name of a theorem, got {theorem!r}")
    refuter, source = control or f"control_{theorem}", ProofFile(file)

    def run(instance: str, *, variant: str, shift: int, context: Context) -> Outcome:
        if instance == ADEQUACY:
            return _adequacy(adequate, context, changed=shift != 0)
        return _proof(source.path, theorem, refuter, premises, axioms, as_stated=variant == theorem)

    vars(run)["proof"] = file  # a run tells its workers which files it comes to
    given = "; ".join(filter(None, [f"premises: {', '.join(premises)}" if premises else "", _axioms_in_words(axioms)]))
    return Check(
        name,
        evidence="formal",
        covers="instances" if part else "statement",
        scope=f"{part or 'all sizes'}: theorem {theorem} of {source.name}" + (f" ({given})" if given else ""),
        run=run,
        instances=lambda context: (PROOF, ADEQUACY),
        parameters={"variant": theorem, "shift": 0},
        controls=(Control(false, variant=refuter), Control(CHANGED, shift=1)),
        clauses=tuple(clauses),
        judged=True,
    )


def _axioms_in_words(axioms: str) -> str:
    return {"none": "no axiom", "reals": "the axioms of the classical reals"}.get(axioms, axioms)


def _proof(file: str, theorem: str, refuter: str, premises: Sequence[str], axioms: str, *, as_stated: bool) -> Outcome:
    """Whether Coq proves the theorem; read falsely, whether it proves the variant whose negation it proves."""

    found = coq.check(file, theorem, control=refuter, premises=premises, axioms=axioms)
    if found.status == "skipped":
        raise Unavailable(found.message)
    if found.status != "proved":
        raise ValueError(found.message)
    if not as_stated:
        return true("the statement made false in one place is a theorem", False, refuted_by=refuter, negation=found.control_statement)
    outcome = true(f"Coq {found.versions['coq']} accepts {theorem}", True)
    return Outcome.holds(outcome.cases, message=_summary(found), proof=asdict(found))


def _summary(proof: Any) -> str:
    rests = f"axioms {', '.join(proof.axioms)}" if proof.axioms else "no axiom"
    return f"accepted by the kernel of Coq {proof.versions['coq']}, {rests}; {proof.lines} lines, {proof.seconds:.1f} s when it was checked"


def _adequacy(adequate: Adequate, context: Context, *, changed: bool) -> Outcome:
    """Whether the definitions have the values of ours; with ``changed`` the first of them is another."""

    comparisons = list(adequate(_shared_rng(adequate, context)))
    if not comparisons:
        raise ClaimError("adequate: expected at least one comparison of the definitions with ours, got none")
    outcomes = []
    for number, found in enumerate(comparisons):
        observed = another(found.coq) if changed and number == 0 else found.coq
        outcomes.append(equal(value=(found.ours, observed), shown={"definition": found.what}))
    return worst(outcomes, message=f"{len(comparisons)} values of the definitions agree with ours")


def _shared_rng(adequate: Adequate, context: Context) -> Any:
    """The generator of one adequacy check in this run: claims that rest on the same definitions compare the same values, once."""
    import numpy

    name = f"{context.seed}/{adequate.__module__}.{getattr(adequate, '__qualname__', adequate)}"
    return numpy.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:16]))
