"""One seed, one run: instances, decisions and verdicts do not depend on workers, order, company or hash randomisation."""

import json
from dataclasses import replace

import pytest

from proofs_check import load_claims, verify

CLAIMS = ["mf.strata", "toy.*", "fnn.strata"]
#: What a run may say differently each time: when it was, how long it took, and where it lies.
VOLATILE = {"id", "started", "finished", "seconds", "reproduce"}


def steady(entry):
    """``entry`` of results.json without what may differ from run to run; ids of claims are kept."""
    if isinstance(entry, list):
        return [steady(value) for value in entry]
    if not isinstance(entry, dict):
        return entry
    volatile = VOLATILE - {"id"} if "statement_hash" in entry else VOLATILE
    return {key: steady(value) for key, value in entry.items() if key not in volatile}


def told(directory):
    """All that a run says of its claims, by id, and its certificates, which spell the instances out, byte for byte."""
    results = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    certificates = {file.name: file.read_bytes() for file in sorted((directory / "certificates").glob("*"))}
    return {claim["id"]: steady(claim) for claim in results["claims"]}, steady(results["run"]), certificates


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    directory = tmp_path_factory.mktemp("determinism")
    verify(CLAIMS, device="cpu", out=directory, seed=7)
    return told(directory)


def test_the_comparison_looks_at_instances(reference):
    claims, _, certificates = reference
    assert set(claims) == {"mf.strata", "fnn.strata", "toy.fNL", "toy.redundant", "toy.deep-diag", "toy.a2-b2"}
    assert all(claim["verdict"] in ("proved", "certified") for claim in claims.values())
    assert certificates.keys() == {"fnn.strata.strata.json"}


def test_neither_workers_nor_hash_randomisation_matter(reference, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "12345")  # sets of text are walked in another order
    verify(CLAIMS, device="cpu", out=tmp_path, seed=7, jobs=2)
    assert told(tmp_path) == reference


def test_the_order_of_the_claims_does_not_matter(reference, tmp_path):
    registry = load_claims()
    backwards = replace(registry, claims=dict(reversed(registry.claims.items())))
    run = verify(CLAIMS, device="cpu", out=tmp_path, seed=7, claims=backwards)
    assert list(run.verdicts) == list(reference[0])[::-1]
    assert told(tmp_path) == reference


def test_a_claim_alone_says_what_it_says_in_company(reference, tmp_path):
    verify("fnn.strata", device="cpu", out=tmp_path, seed=7)
    claims, run, certificates = told(tmp_path)
    assert (claims, run, certificates) == ({"fnn.strata": reference[0]["fnn.strata"]}, *reference[1:])


def test_another_seed_draws_other_instances(reference, tmp_path):
    verify("fnn.strata", device="cpu", out=tmp_path, seed=8)
    claims, run, certificates = told(tmp_path)
    assert certificates != reference[2]
    assert (run["seed"], claims["fnn.strata"]["verdict"]) == (8, reference[0]["fnn.strata"]["verdict"])
