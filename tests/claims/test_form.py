"""The form of the shipped claims: what docs/writing-a-claim.md asks of an author."""

import ast
import inspect

import pytest

from proofs_check import load_claims
from proofs_check.engine.registry import SHIPPED

#: Families in which some assumption has no probe and no word on why none can exist.
NOT_YET_PROBED = {"attention", "condensation", "dropout", "optimizers"}

#: Libraries that are imported inside functions, so that listing claims stays quick.
HEAVY = {"cupy", "flint", "hypothesis", "networkx", "scipy", "sympy", "torch"}

FAMILIES = sorted(folder.name for folder in SHIPPED.iterdir() if (folder / "__init__.py").is_file())
FILES = {f"{family}/{file.name}": file for family in FAMILIES for file in sorted((SHIPPED / family).glob("*.py"))}
REGISTRY = load_claims()
CLAIMS = dict(REGISTRY.items())


def nodes(file, kind):
    return [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, kind)]


def assigned(file):
    return {target.id for node in nodes(file, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("name", FILES)
def test_outcomes_come_out_of_judging_and_claims_are_declared(name):
    accesses = {f"{ast.unparse(node.value)}.{node.attr}" for node in nodes(FILES[name], ast.Attribute)}
    assert not accesses & {"Outcome.fails", "Outcome.holds", "Outcome.equal"}
    assert "CLAIMS" not in assigned(FILES[name])


def imported_inside(file):
    """The packages that functions of a file import."""
    for function in nodes(file, ast.FunctionDef | ast.Lambda):
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "proofs_check").partition(".")[0]


def test_our_own_packages_are_imported_at_the_top():
    late = {name for name, file in FILES.items() if {"theory", "numerics", "proofs_check"} & set(imported_inside(file))}
    assert not late


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


def unspanned(claim):
    """The checks that have neither axes nor a scope of their own: their scope is their docstring."""
    words = lambda check: " ".join((inspect.getdoc(check.run) or "").split())
    return {check.name for check in claim.checks if check.axes is None and check.scope == words(check)}


def unprobed(claim):
    """The assumptions that no probe drops and that do not say why none can."""
    return {assumption.name for assumption in claim.assumptions if not assumption.unprobed} - {probe.drops for probe in claim.probes}


@pytest.mark.parametrize(("fault", "known"), [(unspanned, set()), (unprobed, NOT_YET_PROBED)])
def test_a_check_says_where_and_an_assumption_is_dropped(fault, known):
    """A check has axes, or a scope that says why not; an assumption is dropped by a probe, or says why it cannot be."""
    found = {claim_id: names for claim_id, claim in CLAIMS.items() if (names := fault(claim))}
    assert {REGISTRY.files[claim_id].parent.name for claim_id in found} == known, found


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_a_claim_says_what_would_refute_it(claim_id):
    assert CLAIMS[claim_id].refuted_by
