"""Readers of what comes from outside accept or refuse, and never break. ``benchmarks/fuzz.py`` reads a million inputs."""

from dataclasses import replace

import fuzzing
import pytest
from fuzzing import TARGETS, fuzz, made


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_accepts_or_refuses(name):
    found = fuzz(made(name), "bytes", 60, seed=1)
    assert found.bugs == {}
    assert found.accepted + found.refused == found.examples == 60
    assert len(found.seen) >= 20


ONCE_BROKEN = [
    ("statements", "every width\\\\ $a$"),
    ("statements", r"\text{a \{ b}"),
    ("statements", r"\sqrt\text{^\frac \ge\{ $\end{matrix}~\\end{matrix}}"),
    ("networks", (b"", b"", "relu", 0)),
]


@pytest.mark.parametrize(("name", "given"), ONCE_BROKEN)
def test_what_once_broke_a_reader_does_so_no_more(name, given):
    tally = fuzzing.Tally()
    tally.meet(made(name), given)
    assert tally.bugs == {}


def test_a_search_by_hypothesis_finds_no_bug_either():
    found = fuzz(made("patterns"), "hypothesis", 60, seed=1)
    assert (found.examples, found.bugs) == (60, {})


def test_a_reader_that_breaks_is_found_out():
    target = made("results")
    (kind, *_) = fuzz(replace(target, refusals=()), "bytes", 20, seed=1).bugs
    assert kind.startswith("ResultsError at results.py:")


def test_a_reader_that_takes_too_long_is_found_out(monkeypatch):
    monkeypatch.setattr(fuzzing, "SLOW", 0.0)
    assert "slow" in fuzz(made("patterns"), "bytes", 5, seed=1).bugs
