"""Nothing that lies elsewhere in every process (an address in the text of a function) seeds a draw or names a stored result."""

import functools
import json
import os
import re
import subprocess
import sys

import pytest

from proofs_check.axes import shown
from proofs_check.context import Context
from proofs_check.plain_data import to_data
from theory.activations import activation
from theory.recovery.genericity import shifted

#: What every check seeds its draws with and is stored under: the data of its cells, its axes as text and its body.
TOLD = """
import json
from proofs_check import load_claims
from proofs_check.engine.bodies import body_hash
from proofs_check.plain_data import to_data

told = {}
for claim in load_claims().claims.values():
    for check in claim.checks:
        cells = [to_data(cell) for cell in check.axes.cells("quick")] if check.axes else []
        told[f"{claim.id}/{check.name}"] = [cells, check.axes.text() if check.axes else "", body_hash(check)]
print(json.dumps(told))
"""


def in_a_process_of_its_own(code, seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout


class Plain:
    """An object without a text of its own."""


def test_every_check_says_the_same_in_another_process():
    said = [in_a_process_of_its_own(TOLD, seed) for seed in ("1", "2")]
    first, second = map(json.loads, said)
    assert len(first) > 500
    assert [name for name in first if first[name] != second[name]] == []
    assert not re.search(r"\b0x[0-9a-f]{6,}", said[0])


@pytest.mark.parametrize(
    "value",
    [activation("tanh"), shifted("sigmoid", "3/10"), functools.partial(print, 1), Plain(), [Plain], {Plain(): 1}, {"a": (Plain(),)}],
    ids=lambda value: type(value).__name__,
)
def test_data_of_a_value_name_no_place_in_memory(value):
    assert "0x" not in json.dumps(to_data(value))
    assert "0x" not in shown(value)


def test_a_partial_function_is_what_it_calls_with_what():
    data = to_data(functools.partial(int, "12", base=3))
    assert data == {"type": "partial", "func": "int", "args": ["12"], "keywords": {"base": 3}}


def test_draws_for_an_activation_do_not_depend_on_where_its_functions_lie():
    context = Context(level="quick", seed=0, device="cpu", claim="a.claim", check="check")
    one, other = (functools.partial(print, "sigma") for _ in range(2))
    assert context.entropy(one) == context.entropy(other)
    assert context.entropy(shifted("tanh")) != context.entropy(shifted("sigmoid"))
