"""What a claim costs to write and to read: lines of code by family, and the share of them that states rather than runs.

    python benchmarks/claim_lines.py [FAMILY ...]

A line counts where it is not blank. It states where it belongs to a docstring, a comment, a call ``claim(...)``, or to what such a call
refers to: papers, notation, assumptions. The other lines are checks, instances and imports. A family is a folder of
proofs_check/claims, its ``__init__`` and helper modules included.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path

CLAIMS = Path(__file__).resolve().parents[1] / "proofs_check" / "claims"

#: Calls whose arguments are what is claimed, and names that hold the letters of it.
STATING, NOTATION = {"claim", "Claim", "Paper", "Source", "Assumption", "Clause"}, "NOTATION"


@dataclass
class Count:
    """Lines of one or more files."""

    claims: int = 0
    lines: int = 0
    stating: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.claims + other.claims, self.lines + other.lines, self.stating + other.stating)


def counted(text: str) -> Count:
    """The lines of one file."""
    tree = ast.parse(text)
    stating = {token.start[0] for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT}
    claims = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in ("claim", "Claim"):
            claims += 1
        for part in said(node):
            stating |= set(range(part.lineno, part.end_lineno + 1))
    filled = {number for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    return Count(claims, len(filled), len(filled & stating))


def said(node: ast.AST) -> list[ast.AST]:
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


def families(names: list[str]) -> dict[str, Count]:
    """The counts of the families of these names, or of all."""
    folders = sorted(folder for folder in CLAIMS.iterdir() if (folder / "__init__.py").is_file() and (not names or folder.name in names))
    return {folder.name: sum((counted(file.read_text(encoding="utf-8")) for file in folder.glob("*.py")), Count()) for folder in folders}


def main(names: list[str]) -> None:
    """Print the table."""
    found = families(names)
    print(f"{'family':<16}{'claims':>8}{'lines':>8}{'a claim':>10}{'states':>9}")
    for name, count in [*found.items(), ("together", sum(found.values(), Count()))]:
        share = f"{count.stating / count.lines:.0%}" if count.lines else "-"
        print(f"{name:<16}{count.claims:>8}{count.lines:>8}{count.lines / max(count.claims, 1):>10.1f}{share:>9}")


if __name__ == "__main__":
    main(sys.argv[1:])
