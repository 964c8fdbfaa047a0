"""What a check does, as a hash: thresholds, tolerances, instances and true values count, words do not."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial

import pytest

from proofs_check import load_claims
from proofs_check.engine.bodies import _value, body_hash

FILE = '''
"""Words."""
from proofs_check import Check, Claim, Control, Outcome, Source

LEAST = 0.8
TOLERANCE = 1e-3

def allowed(rate):
    """Words."""
    return rate >= LEAST

def check(instance, *, formula, context):
    """Words."""
    return Outcome.equal(True, allowed(formula(instance)))

def cases(context):
    return [0.9, 0.95]

CLAIMS = [Claim(
    id="own.rate", title="A rate", statement="r", source=Source("arXiv:0000.00000v1", "0"),
    checks=[Check("rate", evidence="exact", covers="instances", scope="two", run=check, instances=cases,
                  parameters={"formula": lambda r: r}, controls=[Control("half", formula=lambda r: r / 2)])],
)]
'''


@pytest.fixture
def hashed(tmp_path):
    """The hash of the check of the file with one text replaced, each in a directory of its own."""

    def build(old="", new=""):
        assert old in FILE
        directory = tmp_path / str(len(list(tmp_path.iterdir())))
        directory.mkdir()
        (directory / "own.py").write_text(FILE.replace(old, new) if old else FILE)
        return body_hash(load_claims(directory / "own.py")["own.rate"].check("rate"))

    return build


def test_words_do_not_count(hashed):
    assert hashed() == hashed('    """Words."""\n', '    """Other words."""\n') == hashed("LEAST = 0.8", "LEAST = 0.8  # reached")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LEAST = 0.8", "LEAST = 0.5"),
        ("rate >= LEAST", "rate > LEAST - 1"),
        ("Outcome.equal(True, allowed(formula(instance)))", "Outcome.holds()"),
        ("[0.9, 0.95]", "[0.95]"),
        ("lambda r: r}", "lambda r: 1}"),
        ("lambda r: r / 2", "lambda r: -r"),
    ],
)
def test_what_weakens_a_check_does(hashed, old, new):
    assert hashed() != hashed(old, new)


def test_what_the_check_does_not_use_does_not_count(hashed):
    assert hashed() == hashed("TOLERANCE = 1e-3", "TOLERANCE = 3e-3")


def test_every_shipped_check_has_a_body_of_its_own_that_stays():
    told = "import json; from proofs_check import load_claims; from proofs_check.engine.bodies import body_hash; "
    told += "print(json.dumps([body_hash(check) for claim in load_claims().values() for check in claim.checks]))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}  # another process has other addresses, and walks sets in another order
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, env=environment, timeout=60)
    assert json.loads(done.stdout) == [body_hash(check) for claim in load_claims().values() for check in claim.checks]


@dataclass(frozen=True)
class Held:
    rule: object
    n: int = 1


def rule(z):
    return z + 1


def other(z):
    return z - 1


@pytest.mark.parametrize("hold", [lambda f: {"a": f}, lambda f: [1, (f,)], Held, lambda f: partial(max, f), lambda f: {"a": [Held(f)]}])
def test_functions_in_what_a_parameter_holds_count(hold):
    assert _value(hold(rule)) == _value(hold(rule)) != _value(hold(other))
    assert "0x" not in repr(_value(hold(rule)))
