"""The claim file that ``proofs-check new`` writes: it runs as it stands."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from proofs_check.claim import ClaimError

TEMPLATE = '''"""@TITLE@: one published statement under test. Replace the statement, the instances and the two formulas.

The statement comes first. A check under it compares what the statement predicts (a keyword with its true value) with what is observed.
Each line @false is a control: the same code with that keyword made false, which has to be refuted.
"""

from fractions import Fraction

from proofs_check import Assumption, Source, axes, by_level, claim, false
from proofs_check.judging import bounded, equal

SUM = claim(
    "@NAME@.sum",
    "Sum of the first integers",
    r"\\sum_{k=1}^{n} k = \\frac{n (n + 1)}{2}",
    symbols={"n": "how many integers are added, n >= 0"},
    assumptions=[Assumption("starts at one", r"k \\ge 1")],
    source=Source("arXiv:0000.00000v1", "Eq. (1)"),
    refuted_by="one n whose sum differs",
)


def triangular(n):
    return Fraction(n * (n + 1), 2)


#: The domain: every cell is met, and in every cell the engine makes the prediction false once.
COUNTS = axes(n=by_level(quick=range(50), standard=range(500), full=range(5000)))


def terms(cell, rng):
    return range(1, cell.n + 1)


@SUM.check("exact", terms, COUNTS)
@false("without the half", formula=lambda n: Fraction(n * (n + 1)))
@false("one too few", formula=lambda n: triangular(n - 1))
def summed(cell, numbers, *, formula=triangular, context):
    """The sum in integers against the formula."""
    return equal(sum=(formula(cell.n), sum(numbers)))


def large_terms(context):
    import numpy as np

    sizes = context.rng("sizes").integers(1000, 10_000, context.by_level(quick=5, standard=50, full=500))
    return [np.arange(1, n + 1, dtype=float) for n in sizes]


@SUM.check("property", large_terms, tolerance="n eps times the sum: n - 1 roundings", distribution="n uniform between 1000 and 10000")
@false("one too few", formula=lambda n: triangular(n - 1))
def summed_in_floats(numbers, *, formula=triangular, context):
    """The sum in floats, large n."""
    n, total = len(numbers), float(formula(len(numbers)))
    return bounded("error of the sum", numbers.sum() - total, n * 2.0**-52 * total, n=n)


def other_starts(cell, rng):
    return range(2, cell.n + 2)


SUM.without("starts at one", summed, other_starts)
'''


def write_template(name: str, directory: Path) -> Path:
    """Write ``directory/name.py``, the claims file of a family called ``name``; its path.

    :raises ClaimError: when the name is no lower-case Python identifier, or the file exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise ClaimError(f"NAME must be lower-case letters, digits and underscores, as it names a file, got {name!r}")
    file = directory / f"{name}.py"
    try:
        with open(file, "x", encoding="utf-8") as out:
            out.write(TEMPLATE.replace("@NAME@", name.replace("_", "-")).replace("@TITLE@", name.capitalize().replace("_", " ")))
    except FileExistsError:
        raise ClaimError(f"{file} exists already; choose another NAME") from None
    return file
