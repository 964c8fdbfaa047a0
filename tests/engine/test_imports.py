"""Listing claims and writing them costs no heavy import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["torch", "cupy", "sympy", "hypothesis", "flint", "scipy", "matplotlib", "networkx"]


def loaded_after(code):
    """Which heavy modules a fresh interpreter holds after ``code``."""
    report = f"""
import json, sys
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60)
    return json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize(
    "code",
    [
        "import proofs_check",
        "import proofs_check.pytest_plugin",
        "import proofs_check.commands._group, proofs_check.commands.verify",
        "import proofs_check.engine.worker, proofs_check.engine.pool, proofs_check.engine.runner",
        "from proofs_check import load_claims; load_claims()",
        "from proofs_check.commands._group import main; main(['list', '--json'], standalone_mode=False)",
    ],
)
def test_no_heavy_module_is_imported(code):
    assert loaded_after(code) == []


def test_unknown_attributes_of_the_package_are_refused():
    import proofs_check

    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = proofs_check.no_such_name
    assert all(getattr(proofs_check, name) is not None for name in proofs_check.__all__)
