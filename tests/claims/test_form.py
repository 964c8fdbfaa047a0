"""The form of the shipped claims: what docs/writing-a-claim.md asks of an author, held by the families that have moved to it."""

import ast
import inspect

import pytest

from proofs_check import load_claims
from proofs_check.engine.registry import SHIPPED

#: Families still in the old form. A family that moves leaves this list; none is added.
NOT_YET_MOVED = {"convolution", "deep", "depth", "errata", "experiments", "networks", "rank", "recovery", "regularization", "width"}

#: Families in which some assumptions have neither a probe nor a word why none can exist: the page of what is not verified lists them.
UNPROBED = {"attention", "condensation", "dropout", "optimizers", "reasoning"}

#: Libraries that are imported inside functions, so that listing claims stays quick.
HEAVY = {"cupy", "flint", "hypothesis", "networkx", "scipy", "sympy", "torch"}

FAMILIES = sorted(folder.name for folder in SHIPPED.iterdir() if (folder / "__init__.py").is_file())
MOVED = [family for family in FAMILIES if family not in NOT_YET_MOVED]
FILES = {f"{family}/{file.name}": file for family in MOVED for file in sorted((SHIPPED / family).glob("*.py"))}
REGISTRY = load_claims()
CLAIMS = {claim_id: claim for claim_id, claim in REGISTRY.items() if REGISTRY.files[claim_id].parent.name in MOVED}


def nodes(file, kind):
    return [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, kind)]


@pytest.mark.parametrize("family", sorted(NOT_YET_MOVED))
def test_the_list_of_families_in_the_old_form_shrinks(family):
    written = [assigned(file) for file in (SHIPPED / family).glob("*.py")]
    assert any("CLAIMS" in names for names in written), f"{family} has moved: take it off the list"


def assigned(file):
    return {target.id for node in nodes(file, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("name", FILES)
def test_outcomes_come_out_of_judging_and_claims_are_declared(name):
    accesses = {f"{ast.unparse(node.value)}.{node.attr}" for node in nodes(FILES[name], ast.Attribute)}
    assert not accesses & {"Outcome.fails", "Outcome.holds", "Outcome.equal"}
    assert "CLAIMS" not in assigned(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_only_heavy_libraries_are_imported_inside_functions(name):
    inside = set()
    for function in nodes(FILES[name], ast.FunctionDef | ast.Lambda):
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                inside |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                inside.add((node.module or ".").partition(".")[0])
    assert inside <= HEAVY


@pytest.mark.parametrize("name", FILES)
def test_heavy_libraries_are_not_imported_at_the_top(name):
    top = ast.parse(FILES[name].read_text(encoding="utf-8")).body
    names = {alias.name.partition(".")[0] for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {(node.module or "").partition(".")[0] for node in top if isinstance(node, ast.ImportFrom)}
    assert not names & HEAVY


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_the_letters_of_a_statement_have_meanings(claim_id):
    symbols = CLAIMS[claim_id].symbols
    assert symbols and all(meaning.strip() for meaning in symbols.values())


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_a_check_has_axes_or_says_why_not(claim_id):
    for check in CLAIMS[claim_id].checks:
        words = " ".join((inspect.getdoc(check.run) or "").split())
        assert check.axes is not None or check.scope != words, f"{check.name}: give axes, or a scope"


@pytest.mark.parametrize("claim_id", [claim_id for claim_id in CLAIMS if REGISTRY.files[claim_id].parent.name not in UNPROBED])
def test_an_assumption_is_dropped_by_a_probe_or_says_why_it_cannot_be(claim_id):
    claim = CLAIMS[claim_id]
    probed = {probe.drops for probe in claim.probes}
    assert {assumption.name for assumption in claim.assumptions if not assumption.unprobed} == probed


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_a_claim_says_what_would_refute_it(claim_id):
    assert CLAIMS[claim_id].refuted_by
