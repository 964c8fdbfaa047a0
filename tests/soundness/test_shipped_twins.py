"""Twins of shipped claims, wrong in one place: the claims' own checks refute each of them."""

import pytest
from dynamics_edge_twins import TWINS as EDGES
from rank_edge_twins import TWINS as RANK_EDGES
from shipped_twins import TWINS as TWINS_OF_ALL
from shipped_twins import refuted

from proofs_check import load_claims

CLAIMS = load_claims()
TWINS = TWINS_OF_ALL + EDGES + RANK_EDGES


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: f"{twin.claim}, {twin.parameter}: {twin.what}")
def test_the_claim_does_not_survive_its_twin(twin):
    caught, told = refuted(twin, CLAIMS[twin.claim])
    assert caught, told


def test_twins_are_different_and_speak_of_checks():
    assert len({(twin.claim, twin.parameter, twin.what, twin.checks) for twin in TWINS}) == len(TWINS)
    for twin in TWINS:
        named = {check.name for check in CLAIMS[twin.claim].checks if twin.applies(check)}
        assert named and set(twin.checks) <= named
