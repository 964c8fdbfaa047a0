"""The claim file that ``proofs-check new`` writes: it runs as it stands."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from proofs_check.claim import ClaimError

TEMPLATE = '''"""@NAME@: one published statement under test. Replace the statement, the instances and the two formulas.

A check compares what the statement predicts with what is observed, on one instance after another. Its control puts a false
prediction in place of the true one; the same code must refute it, or the check could not have failed.
"""

from fractions import Fraction

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source


def triangular(count):
    """What the statement predicts."""
    return Fraction(count * (count + 1), 2)


def check_sum(instance, *, formula, context):
    """What is observed, exactly, against the prediction."""
    first, count = instance
    return Outcome.equal(formula(count), Fraction(sum(range(first, first + count))), first=first, count=count)


def small_counts(context):
    """Every count up to a bound that grows with the level."""
    return [(1, count) for count in range(context.by_level(quick=50, standard=500, full=5000))]


def other_starts(context):
    """Sums that start elsewhere than at 1, which the statement does not cover."""
    return [(first, 3) for first in (0, 2, 5)]


def drawn_counts(context):
    """Counts far apart, drawn by hypothesis; a failing one is shrunk."""
    from hypothesis import strategies

    return strategies.tuples(strategies.just(1), strategies.integers(0, 10_000))


CLAIMS = [
    Claim(
        id="@NAME@.sum",
        title="Sum of the first integers",
        statement=r"\\sum_{k=1}^{n} k = \\frac{n (n + 1)}{2}",
        assumptions=[Assumption("starts at one", r"k \\ge 1")],
        source=Source("arXiv:0000.00000v1", "Eq. (1)"),
        checks=[
            Check(
                "small",
                evidence="exact",
                covers="instances",
                scope="every n below 50 (quick), 500 (standard), 5000 (full)",
                run=check_sum,
                instances=small_counts,
                parameters={"formula": triangular},
                controls=[Control("without the half", formula=lambda count: Fraction(count * (count + 1)))],
            ),
            Check(
                "drawn",
                evidence="property",
                covers="instances",
                scope="n up to 10000",
                run=check_sum,
                instances=drawn_counts,
                parameters={"formula": triangular},
                tolerance="0: integers",
                distribution="n as hypothesis draws integers from 0 to 10000",
                controls=[Control("one too few", formula=lambda count: triangular(count - 1))],
            ),
        ],
        probes=[Probe(drops="starts at one", instances=other_starts)],
        refuted_by="one n whose sum differs",
    )
]
'''


def write_template(name: str, directory: Path) -> Path:
    """Write ``directory/name.py``, the claims file of a family called ``name``; its path.

    :raises ClaimError: when the name is no lower-case Python identifier without underscores, or the file exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*", name) or keyword.iskeyword(name):
        raise ClaimError(f"NAME must be lower-case letters and digits, as it begins the claim ids, got {name!r}")
    file = directory / f"{name}.py"
    try:
        with open(file, "x", encoding="utf-8") as out:
            out.write(TEMPLATE.replace("@NAME@", name))
    except FileExistsError:
        raise ClaimError(f"{file} exists already; choose another NAME") from None
    return file
