"""A formal check as a claim has it: its controls, what premises and axioms it shows, and a machine without Coq."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from proofs_check import load_claims
from proofs_check.adequacy import Comparison
from proofs_check.claim import Check, Claim, ClaimError, Control, Outcome, Source, Status
from proofs_check.engine.execution import run_part
from proofs_check.engine.finding import parts
from proofs_check.engine.verdict import verdict
from proofs_check.proving import CHANGED, coq, formal_check

needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason=f"coqc is not installed: {coq.HOW_TO_INSTALL}")

TWICE = """
Definition twice (n : nat) := n + n.
Theorem even : forall n, exists k, twice n = 2 * k.
Proof. intro n. exists n. unfold twice. simpl. rewrite <- plus_n_O. reflexivity. Qed.
Theorem control_even : ~ forall n, twice n = n.
Proof. intro H. discriminate (H 1). Qed.
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("PROOFS_CHECK_CACHE", str(tmp_path / "cache"))
    coq._axioms.cache_clear()
    path = tmp_path / "twice.v"
    path.write_text(TWICE)
    return path


def twice(file):
    """Values of ``twice`` in Coq beside 2 n."""
    numbers = (1, 4)
    return lambda rng: [
        Comparison(f"twice {n}", value, 2 * n) for n, value in zip(numbers, coq.values(file, [f"twice {n}" for n in numbers]), strict=True)
    ]


def exact_twin():
    def run(instance, *, factor, context):
        return Outcome.equal(factor * instance, instance + instance)

    return Check(
        "numbers",
        "exact",
        "instances",
        "1 .. 3",
        run,
        lambda context: (1, 2, 3),
        parameters={"factor": 2},
        controls=(Control("3 n", factor=3),),
    )


def claim_of(*checks):
    return Claim(id="numbers.twice", title="Twice a number", statement="2 n", source=Source("ours", "here"), checks=checks)


def findings(claim):
    return {part: run_part(claim, *part, level="quick") for part in parts(claim)}


@needs_coq
def test_a_proof_proves_the_clauses_that_it_covers(file):
    check = formal_check(str(file), "even", false="twice n = n", adequate=twice(file), premises=("numbers are natural",))
    claim = claim_of(exact_twin(), check)
    found = findings(claim)
    assert verdict(claim, found) == "proved"
    assert found["proof-even", "itself"].proof["axioms"] == []
    assert found["proof-even", "itself"].proof["premises"] == ["numbers are natural"]
    assert found["proof-even", "control:twice n = n"].refuted and found["proof-even", f"control:{CHANGED}"].refuted
    assert "premises: numbers are natural; no axiom" in check.scope


@needs_coq
def test_a_proof_of_a_part_proves_no_clause(file):
    claim = claim_of(formal_check(str(file), "even", false="twice n = n", adequate=twice(file), part="evenness"))
    assert verdict(claim, findings(claim)) == "certified"


@needs_coq
def test_definitions_that_mean_something_else_refute(file):
    """The theorem stands; its definitions are not ours."""
    halved = lambda rng: [Comparison("twice 3", *coq.values(file, ["twice 3"]), 3)]
    claim = claim_of(formal_check(str(file), "even", false="twice n = n", adequate=halved))
    assert verdict(claim, findings(claim)) == "refuted"


@needs_coq
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TWICE.replace("exists n. unfold", "exists 0. unfold"), "not accepted at line 4, in even"),
        (TWICE.replace("Theorem even", "Theorem odd"), "has no theorem even; it has odd, control_even"),
        ("Axiom false : False.\n" + TWICE.replace("discriminate (H 1)", "destruct false"), "even rests on twice.false"),
    ],
)
def test_what_coq_refuses_is_an_error(file, text, message):
    file.write_text(text)
    claim = claim_of(exact_twin(), formal_check(str(file), "even", false="twice n = n", adequate=lambda rng: [Comparison("", 1, 1)]))
    found = findings(claim)
    assert verdict(claim, found) == "error"
    assert message in found["proof-even", "itself"].message


def test_without_coq_a_claim_has_the_verdict_of_its_other_checks(file, monkeypatch):
    monkeypatch.setenv("PATH", "")
    check = formal_check(str(file), "even", false="twice n = n", adequate=twice(file))
    claim = claim_of(exact_twin(), check)
    found = findings(claim)
    assert verdict(claim, found) == verdict(claim_of(exact_twin()), found) == "certified"
    for part in ("itself", "control:twice n = n", f"control:{CHANGED}"):
        assert found["proof-even", part].status is Status.SKIPPED
        assert "coqc is not installed" in found["proof-even", part].message and "apt-get install coq" in found["proof-even", part].message
    assert verdict(claim_of(check), found) == "skipped"


@needs_coq
def test_a_compiled_proof_is_no_answer_without_coq(file, monkeypatch):
    """The cache holds what was compiled; whether to believe it, Coq is asked each time."""
    claim = claim_of(formal_check(str(file), "even", false="twice n = n", adequate=twice(file)))
    assert verdict(claim, findings(claim)) == "proved"
    monkeypatch.setenv("PATH", "")
    assert verdict(claim, findings(claim)) == "skipped"


@pytest.mark.parametrize(("wrong", "message"), [({"false": ""}, "false must say"), ({"theorem": "a b"}, "must be the name of a theorem")])
def test_bad_arguments(wrong, message):
    with pytest.raises(ClaimError, match=message):
        formal_check(**{"file": "a.v", "theorem": "t", "false": "f", "adequate": lambda rng: [], **wrong})


def test_the_page_lists_every_claim_with_a_theorem_and_its_premises():
    page = (Path(__file__).resolve().parents[2] / "docs" / "formal-proofs.md").read_text(encoding="utf-8")
    formal = [(claim.id, check) for claim in load_claims().values() for check in claim.checks if check.evidence == "formal"]
    for claim_id, check in formal:
        theorem = check.parameters["variant"]
        row = next((line for line in page.splitlines() if line.startswith(f"| `{claim_id}` |") and f"`{theorem}`" in line), None)
        assert row is not None, f"{claim_id}: {theorem} is missing"
        assert len(check.controls) == 2 and (("in part" in row) == (check.covers == "instances"))
        for premise in check.scope.partition("premises: ")[2].rpartition("; ")[0].split("\n"):
            assert premise in row
    assert len({claim_id for claim_id, _ in formal}) >= 50
