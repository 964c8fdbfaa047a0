"""Small claims, files of claims, and the command line, for the tests of the engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def claim_files():
    """Where the claims files lie that tests hand to the engine from outside."""
    return Path(__file__).parent / "claim_files"


def is_below(instance, *, bound, context):
    return Outcome.holds() if instance < bound else Outcome.fails(f"{instance} >= {bound}", counterexample={"x": instance})


@pytest.fixture
def make_check():
    """Builds a check that integers from 0 to 9 are below ``bound``; its control says that they are below 0."""

    def build(name="below", **details):
        given = {
            "evidence": "exact",
            "covers": "instances",
            "scope": "integers from 0 to 9",
            "run": is_below,
            "instances": lambda context: range(10),
            "parameters": {"bound": 10},
            "controls": [Control("below zero", bound=0)],
            "tolerance": "1e-9" if details.get("evidence") == "property" else None,
            "alpha": 1e-6 if details.get("evidence") == "training" else None,
        }
        return Check(name, **{**given, **details})

    return build


@pytest.fixture
def make_claim(make_check):
    """Builds a claim with the given checks (default: one)."""

    def build(claim_id="test.claim", *checks, **details):
        given = {
            "title": "A test",
            "statement": "x < 10",
            "source": Source("arXiv:0000.00000v1", "nowhere"),
            "assumptions": [Assumption("integer", r"x \in \mathbb{Z}")],
            "checks": checks or [make_check()],
        }
        return Claim(id=claim_id, **{**given, **details})

    return build


CLAIM_FILE = """
from proofs_check import Check, Claim, Control, Outcome, Source

{before}

def check(instance, *, expected, context):
    return Outcome.equal(expected, instance)

def claim(claim_id, *, expected=1, **details):
    only = Check(
        "only", evidence="exact", covers="instances", scope="one", run=check, instances=lambda context: [1],
        parameters={{"expected": expected}}, controls=[Control("two", expected=2)],
    )
    return Claim(id=claim_id, title="Test", statement="1 = 1", source=Source("arXiv:0000.00000v1", "0"), checks=[only], **details)

CLAIMS = [{claims}]
"""


@pytest.fixture
def write_claims(tmp_path):
    """Writes a claims file: ``claims`` are calls of ``claim(id, expected=..., depends_on=...)``; its path."""

    def write(*claims, name="own.py", before="", directory=None):
        file = (directory or tmp_path) / name
        file.write_text(CLAIM_FILE.format(before=before, claims=", ".join(claims)), encoding="utf-8")
        return file

    return write


@pytest.fixture
def proofs_check(tmp_path):
    """Runs the command line in a process of its own, in a directory outside the package."""

    def run(*arguments, expect=0, cwd=tmp_path, **environment):
        command = [sys.executable, "-m", "proofs_check", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == expect, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run
