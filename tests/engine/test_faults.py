"""Runs broken in every way that a machine can: nothing is lost, no verdict is wrong, and resuming completes.

``benchmarks/faults.py`` injects the same faults many times. The harness can find: stores that lose or mistake findings are found out.
"""

import re

import pytest
from fault_injection import Faults, kills

TOLD = {
    "interrupt or request to end": r"exit 130: how to go on",
    "worker killed": r"\d+ claims in error",
    "worker ends itself": r"the worker process ended with exit code 3 before an answer",
    "hang in native code": r"no answer within 1 s",
    "memory exhausted": r"used too much of memory, allowed are 300 MiB",
    "memory exhausted by children": r"used too much of memory, allowed are 300 MiB",
    "no room for the store": r"exit 1|exit 2: (run store DIR/run\.sqlite: |.*File too large).*",
    "no room for results.json": r"exit 2: .*File too large.*DIR/results\.json.*",
    "store locked for a second": r"exit 1",
    "store locked for good": r"exit 2: run store DIR/run\.sqlite: database is locked",
    "report killed": r"some pages|no page yet",
    "two runs in one directory": r"exit 2: output directory DIR is in use by another run",
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    return Faults(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("fault", TOLD)
def test_a_fault_is_told_and_costs_nothing(faults, fault):
    row = faults.inject(fault)
    assert (row.injected, row.wrong, row.lost) == (1, 0, 0), row
    (told,) = row.told
    assert re.fullmatch(TOLD[fault], told)


def test_every_fault_is_injected(faults):
    assert list(faults.kinds()) == list(TOLD)


def test_fifty_random_kills_lose_nothing(tmp_path):
    found = kills(tmp_path / "runs", 50)
    assert (found["wrong"], found["lost"]) == (0, 0), found
    assert found["interrupted"] >= 25 and found["stored"] >= 100, "the kills must fall into the runs, not before or after them"


@pytest.mark.parametrize(("store", "found"), [("late", "lost"), ("mistaken", "wrong")])
def test_a_store_that_loses_or_mistakes_findings_is_found_out(tmp_path, store, found):
    assert kills(tmp_path / "runs", 4, store=store)[found] > 0
