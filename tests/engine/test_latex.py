"""Broken LaTeX is refused when a claim is written, with the place; what no page can set, when a file of one's own is used."""

import pytest

from proofs_check import load_claims
from proofs_check.engine.latex import fault
from reports.mathematics import unknown


@pytest.mark.parametrize(
    "latex",
    [
        r"R(\theta) = \frac{1}{2}",
        r"\text{if $x$ and $y$ } \{ \} \$",
        r"\left( x \right] \leftarrow \rightarrow",
        r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}",
        "",
    ],
)
def test_whole_formulas_have_no_fault(latex):
    assert fault(latex) == ""


@pytest.mark.parametrize(
    ("latex", "problem"),
    [
        (r"R = \frac{1}{2", "} is missing for what opens there, at character 13: "),
        ("a}", "} closes nothing, at character 2: 'a}'"),
        (r"\left( x", r"\right is missing for what opens there, at character 1: "),
        (r"{x \right)", r"expected } for what opens at character 1, got \right, at character 4: "),
        (r"\begin{matrix} a \end{pmatrix}", r"expected \end{matrix} for what opens at character 1, got \end{pmatrix}, at character 18: "),
        (r"\text{for $x", "$ is missing for what opens there, at character 11: "),
        ("x\\", "nothing follows the last backslash, at character 2: "),
    ],
)
def test_a_part_without_its_other_side_is_named_with_its_place(latex, problem):
    assert fault(latex).startswith(problem)


def test_a_claim_with_broken_latex_is_refused(write_claims, proofs_check):
    file = write_claims("claim('own.a')")
    text = file.read_text()
    assert 'statement="1 = 1"' in text
    for statement, problem in ((r"\\frac{1}{2", "statement must be LaTeX: } is missing"), (r"\\fooo", r"the command \fooo at character 1")):
        file.write_text(text.replace('statement="1 = 1"', f'statement="{statement}"'))
        refused = proofs_check("verify", "--claims", file, expect=2)
        assert "claim 'own.a': " in refused.stderr and problem in refused.stderr and refused.stdout == ""


def test_all_shipped_statements_can_be_set():
    """Clauses, assumptions and symbols, too."""
    for claim in load_claims().values():
        texts = [claim.statement, *(part.statement for part in (*claim.clauses, *claim.assumptions))]
        assert [(claim.id, text, unknown(text)) for text in texts if unknown(text)] == []
