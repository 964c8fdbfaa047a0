"""What is wrong with a formula in LaTeX, and where: braces, dollar signs, delimiters and environments without their other side."""

from __future__ import annotations

import re

#: Characters of a formula that a message shows around a place.
_AROUND = 24
#: What opens something, with what closes it: the parts of a formula that come in pairs, and all other commands and escaped characters.
_TOKEN = re.compile(
    r"\\(?P<kind>begin|end)\s*\{(?P<name>[^{}]*)\}|\\(?P<side>left|right)(?![A-Za-z])|\\(?:[A-Za-z]+|.)|(?P<sign>[{}$])", re.DOTALL
)
_CLOSED_BY = {"{": "}", r"\left": r"\right", "$": "$"}


def fault(latex: str) -> str:
    """What of ``latex`` has no other side, with its place (characters count from 1); empty where nothing does."""
    if re.search(r"(?<!\\)(?:\\\\)*\\\Z", latex):
        return _told(latex, len(latex) - 1, "nothing follows the last backslash")
    waiting: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(latex):
        text = token[0]
        if token["kind"]:
            opens, closes = token["kind"] == "begin", rf"\end{{{token['name']}}}"
        elif token["side"] or token["sign"]:
            opens, closes = text in ("{", r"\left") or (text == "$" and "$" not in [sign for sign, _ in waiting]), _CLOSED_BY.get(text, "")
        else:
            continue
        if opens:
            waiting.append((closes, token.start()))
            continue
        wanted, start = waiting.pop() if waiting else ("", 0)
        if wanted == text or (token["kind"] and wanted == closes):
            continue
        if not wanted:
            return _told(latex, token.start(), f"{text} closes nothing")
        return _told(latex, token.start(), f"expected {wanted} for what opens at character {start + 1}, got {text}")
    if waiting:
        wanted, start = waiting[-1]
        return _told(latex, start, f"{wanted} is missing for what opens there")
    return ""


def _told(latex: str, place: int, problem: str) -> str:
    return f"{problem}, at character {place + 1}: {latex[max(0, place - _AROUND) : place + _AROUND]!r}"
