"""What a claim costs to write and to read: lines of code by family, and the share of them that states rather than runs.

    python benchmarks/claim_lines.py [FAMILY ...]

A line counts where it is not blank. It states where it belongs to a docstring, a comment, a call ``claim(...)``, or to what such a call
refers to: papers, notation, assumptions. The other lines are checks, instances and imports. A family is a folder of
proofs_check/claims, its ``__init__`` and helper modules included. A claim that says more has more clauses, checks and controls: lines for
each of these tell whether the form, and not the content, costs them.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from proofs_check import load_claims
from proofs_check.claim import Claim as Declared

CLAIMS = Path(__file__).resolve().parents[1] / "proofs_check" / "claims"

#: Calls whose arguments are what is claimed, and names that hold the letters of it.
STATING, NOTATION = {"claim", "Claim", "Paper", "Source", "Assumption", "Clause"}, "NOTATION"


@dataclass
class Count:
    """Lines of one or more files."""

    claims: int = 0
    lines: int = 0
    stating: int = 0
    clauses: int = 0
    checks: int = 0
    controls: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*map(sum, zip(astuple(self), astuple(other), strict=True)))


def counted(text: str) -> Count:
    """The lines of one file."""
    tree = ast.parse(text)
    stating = {token.start[0] for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT}
    claims = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in ("claim", "Claim"):
            claims += 1
        for part in said(node):
            stating |= set(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    filled = {number for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    return Count(claims, len(filled), len(filled & stating))


def said(node: ast.AST) -> list[ast.stmt | ast.expr]:
    """The parts of ``node`` that say what is claimed: a docstring, a declaration, of a whole ``Claim`` all but its checks and probes."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return [node]
    if isinstance(node, ast.Assign):
        named = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return [node] if NOTATION in named or called(node.value) in STATING - {"Claim"} else []
    if isinstance(node, ast.Call) and called(node) == "Claim":
        return [keyword.value for keyword in node.keywords if keyword.arg not in ("checks", "probes")]
    return []


def called(node: ast.AST) -> str:
    """The name of the function that a call calls."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def declared(claims: Iterable[Declared]) -> Count:
    """What the claims of one folder declare; a statement that is not divided is one clause."""
    found = Count()
    for one in claims:
        found.clauses += max(len(one.clauses), 1)
        found.checks += len(one.checks)
        found.controls += sum(len(check.controls) for check in one.checks) + len(one.probes)
    return found


def families(names: list[str]) -> dict[str, Count]:
    """The counts of the families of these names, or of all."""
    folders = sorted(folder for folder in CLAIMS.iterdir() if (folder / "__init__.py").is_file() and (not names or folder.name in names))
    registry = load_claims()
    return {
        folder.name: sum((counted(file.read_text(encoding="utf-8")) for file in folder.glob("*.py")), Count())
        + declared(one for one in registry.values() if folder in Path(registry.files[one.id]).parents)
        for folder in folders
    }


def main(names: list[str]) -> None:
    """Print the table."""
    found = families(names)
    columns = "claims", "lines", "a claim", "states", "clauses", "checks", "controls", "a check", "a control"
    print(f"{'family':<16}" + "".join(f"{column:>10}" for column in columns))
    for name, count in [*found.items(), ("together", sum(found.values(), Count()))]:
        each = [f"{count.lines / max(number, 1):.1f}" for number in (count.claims, count.checks, count.controls)]
        cells = (
            count.claims,
            count.lines,
            each[0],
            f"{count.stating / max(count.lines, 1):.0%}",
            count.clauses,
            count.checks,
            count.controls,
        )
        print(f"{name:<16}" + "".join(f"{cell:>10}" for cell in (*cells, *each[1:])))


if __name__ == "__main__":
    main(sys.argv[1:])
