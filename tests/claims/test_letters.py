"""Every letter of a statement or clause is explained: by the symbols of the claim, in place, or among the conventions of all pages."""

import re

import pytest

from proofs_check import load_claims
from reports.conventions import EVERYWHERE

CLAIMS = load_claims()
GREEK = set(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau upsilon phi varphi chi"
    " psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega ell".split()
)
NESTED = r"(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*"
WORDS = re.compile(rf"\\(?:text|mathrm|operatorname\*?|mathbb|textrm|textit|textbf|begin|end)\s*\{{({NESTED})\}}")
TRANSPOSED = re.compile(r"\^\s*\{?\s*(?:\\mathsf\s*\{?\s*T\s*\}?|\\top(?![A-Za-z])|T(?![A-Za-z]))\}?")
NAMES = re.compile(r"_\{?\\(?:text|mathrm|operatorname)\{[^{}]*\}\}?|_\{[A-Za-z]{3,}\}")
FONT = r"\\(?:mathcal|mathfrak|mathsf|mathbf)\s*\{?\s*([A-Za-z])\}?"
LETTER = re.compile(rf"{FONT}|\\([A-Za-z]+)|([A-Za-z])")
#: A letter with what hangs on it, and several of them before a sign by which they are defined, taken or drawn.
HUNG = rf"(?:\s*[_^]\s*(?:\{{{NESTED}\}}|\\?[A-Za-z]+|.)|'|\s*\((?:[^()]|\([^()]*\))*\))*"
DRESSED = r"\\(?:mathcal|mathfrak|mathsf|mathbf|hat|tilde|bar|dot)\s*\{?\s*[A-Za-z]\}?"
ONE = rf"(?:{DRESSED}|\\(?:{'|'.join(sorted(GREEK))})(?![A-Za-z])|(?<![A-Za-z\\])[A-Za-z](?![A-Za-z]))"
DEFINED = re.compile(rf"((?:{ONE}{HUNG}\s*,?\s*(?:\\[,;! ]\s*)*)+)(?::?=|\\in(?![A-Za-z])|\\mapsto|\\equiv(?![A-Za-z]))")
BINDS = r"\\(?:sum|prod|int|max|min|sup|inf|bigcup|bigcap|bigoplus|lim|forall|exists|underset)"
BOUND = re.compile(rf"{BINDS}\s*(?:\\[,;! ])*\s*(?:_\s*)?(\{{{NESTED}\}}|\\?[A-Za-z]+)")
INSERTED = re.compile(r"\$([^$]*)\$")
DIFFERENTIAL = re.compile(r"d\s*(\\?[A-Za-z]+)(?![A-Za-z])")


def formula(latex):
    """The formulas of ``latex``: without its words, names lowered at letters, and signs of transposition."""
    latex = NAMES.sub("", TRANSPOSED.sub(" ", latex))
    return WORDS.sub(lambda found: f" {' '.join(INSERTED.findall(found[1]))} ", latex)


def letters(latex):
    found = set()
    for match in LETTER.finditer(formula(latex)):
        command, letter = match[2], match[1] or match[3]
        found |= {letter} if letter else {"\\" + command} if command in GREEK else set()
    return found


def defined_in_place(latex):
    """Letters that stand before =, or an element sign, or belong to a sum, a maximum, a quantifier or a differential."""
    text = formula(latex)
    matches = (match[1] for pattern in (DEFINED, BOUND, DIFFERENTIAL) for match in pattern.finditer(text))
    return set().union(*map(letters, matches))


def explained(symbols):
    """Letters of symbols, and of the formulas within their meanings, spelled out or not."""
    found = set()
    for symbol, meaning in symbols.items():
        both = f"{symbol} {meaning}"
        found |= letters(symbol) | letters(meaning) | set(re.findall(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", both))
        found |= {"\\" + word for word in re.findall("[A-Za-z]+", both) if word in GREEK}
    return found


def unexplained(texts, symbols, assumptions=()):
    used = set().union(*map(letters, texts))
    known = set().union(*map(defined_in_place, texts), *map(letters, (*assumptions, *EVERYWHERE)))
    return used - known - explained(symbols)


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_every_letter_is_explained(claim_id):
    claim = CLAIMS[claim_id]
    texts = [claim.statement, *(part.statement for part in claim.clauses)]
    assert unexplained(texts, claim.symbols, [part.statement for part in claim.assumptions]) == set()


@pytest.mark.parametrize(
    ("latex", "missing"),
    [
        (r"R(Q) \le r", {"R", "Q", "r"}),
        (r"\text{the rank of $Q$}", {"Q"}),
        (r"q = 2:\ q \le \kappa \sum_s a_s", {r"\kappa", "a"}),
        (r"\text{for all } \mathcal{G} \in A^T", {"A"}),
        (r"\theta \mapsto f(\theta, x)", set()),
    ],
)
def test_a_letter_without_meaning_is_found(latex, missing):
    assert unexplained([latex], {}) == missing
    assert unexplained([latex], {", ".join(missing): "something"} if missing else {}) == set()
