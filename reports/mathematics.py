"""LaTeX as MathML that wraps on a narrow screen, works without JavaScript, and never shows a backslash.

latex2mathml converts formulas. Around it this module separates words from formulas (``\\text{...}``, ``$...$``, and
plain words with inline formulas such as ``every width m \\ge r``), breaks long statements where a reader would, and mends
what the converter gets wrong: operators tagged as identifiers, names spelled as single letters, alphabets set by
attributes that browsers do not know.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree

#: Symbols that latex2mathml tags as identifiers although they are operators, and what spaces them.
_OPERATORS = frozenset(";:…⋯⌈⌉⌊⌋⟨⟩∖⧵⟺⟹⟸⇔⇒⇐↔→←↦⊥∣∥#!|‖∎")
#: What a formula may consist of; anything else (links, styles, pictures) is refused.
_TAGS = frozenset(
    "math mrow mi mo mn mtext mspace ms msub msup msubsup munder mover munderover mmultiscripts mprescripts mfrac msqrt mroot "
    "mtable mtr mtd mpadded mphantom mstyle menclose none".split()
)
_ATTRIBUTES = frozenset(
    "accent accentunder columnalign columnspacing depth displaystyle fence form height largeop linethickness lspace maxsize "
    "mathvariant minsize movablelimits rowspacing rspace scriptlevel separator stretchy symmetric width display".split()
)
_FENCES = frozenset("⌈⌉⌊⌋⟨⟩|‖")
#: A relation before which a long formula may break.
_RELATIONS = re.compile(
    r"(?:=|<|>|:=|\\(?:leq?|geq?|neq?|equiv|approx|sim|to|iff|implies|Rightarrow|Leftrightarrow|Longrightarrow|in|subseteq|cong)"
    r"(?![A-Za-z]))"
)
_SPACES = re.compile(r"\\(?:qq?uad(?![A-Za-z])|[,;:!> ])|~")
_WORD = re.compile(r"[(\"“]?(?:[A-Za-z]{2,}(?:[-'’][A-Za-z]+)*|[A-Za-z]-th)[)\"”]?[.,;:?!]*")
#: Short words that are also letters of formulas are words only beside other words.
_ARTICLES = frozenset({"a", "A", "I"})
#: Short words that are no product of letters.
_SHORT = frozenset("and at by for if in is of on or the to".split())
#: A formula this long (in characters of LaTeX) may break before a relation.
_LONG = 36

Piece = tuple[str, str]  # ("math" | "text" | "break", content)


#: Longer statements are shown as plain text, cut: setting them would take time and help nobody.
LONGEST = 4000


def render_math(latex: str) -> str:
    """``latex`` as HTML: MathML for its formulas, escaped text for its words.

    What cannot be set (an unknown command, unbalanced braces, more than :data:`LONGEST` characters) appears as plain text in
    ``<code class="unset">``, without backslashes; nothing is raised.
    """
    if len(latex) > LONGEST:
        return _unset(f"{latex[:LONGEST]} …")
    return _rendered(latex)


@functools.lru_cache(maxsize=8192)
def _rendered(latex: str) -> str:
    source = " ".join(latex.split())
    try:
        return _joined(_set(piece) for piece in _pieces(source))
    except _CannotSet:
        return _unset(source)


def _unset(latex: str) -> str:
    plain = html.escape(readable(latex))
    return f'<code class="unset" title="This formula could not be set as mathematics">{plain}</code>'


def unknown(latex: str) -> str:
    """Why ``latex`` cannot be set as mathematics, with the first command that is not known and its place; empty where it can."""
    from latex2mathml import commands
    from latex2mathml.symbols_parser import convert_symbol

    if 'class="unset"' not in render_math(latex):
        return ""
    constants = [value for name, value in vars(commands).items() if name.isupper()]
    known = {entry for value in constants for entry in ([value] if isinstance(value, str) else value) if isinstance(entry, str)}
    for command in re.finditer(r"\\[A-Za-z]+", latex):
        meant = _prepared(command[0]).split("{")[0].strip()
        if meant and meant not in known and convert_symbol(meant) is None and not meant.startswith((r"\text", r"\operatorname")):
            return f"the command {command[0]} at character {command.start() + 1} is not known"
    return "it cannot be set as mathematics"


def readable(latex: str) -> str:
    """``latex`` as one line of plain text without backslashes or braces, for titles, alt texts and badges; cut where it is very long."""
    latex = latex[: 2 * LONGEST]
    text = re.sub(r"\\(?:text|operatorname|mathrm|mathbf|mathbb|mathcal|mathsf)\*?\s*", "", latex)
    text = re.sub(r"\\([A-Za-z]+)", lambda found: f" {_PLAIN.get(found[1], found[1])} ", text)
    text = re.sub(r"\\([{}#%&$_])", r"\1", text.replace("\\\\", " "))
    text = re.sub(r"\\.", " ", text).replace("\\", " ").replace("$", "")
    text = re.sub(r"([_^])\s*\{\s*([^{}\s]+)\s*\}", r"\1\2", text)
    text = re.sub(r"[{}]", "", text)
    return re.sub(r"\s+([,.;:)\]_^])", r"\1", " ".join(text.split()))


_PLAIN = {
    "ge": "≥", "geq": "≥", "le": "≤", "leq": "≤", "ne": "≠", "neq": "≠", "to": "→", "iff": "⟺", "implies": "⟹", "in": "∈",
    "cdot": "·", "times": "×", "infty": "∞", "sum": "Σ", "theta": "θ", "Theta": "Θ", "alpha": "α", "beta": "β", "sigma": "σ",
    "epsilon": "ε", "varepsilon": "ε", "lambda": "λ", "eta": "η", "quad": "", "qquad": "", "left": "", "right": "",
}  # fmt: skip


class _CannotSet(Exception):
    """The formula is beyond the converter."""


# --- words and formulas -------------------------------------------------------------------------------------------


def _pieces(source: str) -> Iterator[Piece]:
    """Words and formulas of ``source`` in order."""
    _balanced(source)
    if r"\text" in source or r"\begin" in source:
        yield from _formula(source)
    elif "$" in source.replace(r"\$", ""):
        yield from _dollars(source)
    elif _has_words(source):
        yield from _prose(source)
    else:
        yield from _formula(source)


def _balanced(source: str) -> None:
    depth = 0
    for token in re.findall(r"\\.|[{}]", source):
        depth += (token == "{") - (token == "}")
        if depth < 0:
            break
    if depth or source.endswith("\\"):
        raise _CannotSet


def _dollars(source: str) -> Iterator[Piece]:
    parts = re.split(r"(?<!\\)\$+", source)
    if len(parts) % 2 == 0:
        raise _CannotSet
    for number, part in enumerate(parts):
        if number % 2:
            yield from _formula(part)
        elif part:
            yield "text", _unescaped(part)


def _has_words(source: str) -> bool:
    """Whether bare words stand in it; a formula has only letters and short products of letters outside commands."""
    return any((len(token) >= 4 and _WORD.fullmatch(token)) or token in _SHORT for token in _tokens(source))


def _tokens(source: str) -> list[str]:
    """Split at spaces outside braces."""
    tokens, depth, current = [], 0, ""
    for character in source:
        depth += (character == "{") - (character == "}")
        if character == " " and depth == 0:
            tokens.append(current)
            current = ""
        else:
            current += character
    return [token for token in [*tokens, current] if token]


def _prose(source: str) -> Iterator[Piece]:
    """Runs of words as text, runs of other tokens as formulas; punctuation after a formula belongs to the sentence."""
    tokens = _tokens(source)
    words = [bool(_WORD.fullmatch(token)) for token in tokens]
    for number, token in enumerate(tokens):
        if token in _ARTICLES:
            after = number + 1 < len(tokens) and words[number + 1]
            words[number] = after and (number == 0 or words[number - 1] or tokens[number - 1][-1] in ").,;:")
    run: list[str] = []
    for number, token in enumerate(tokens):
        if words[number]:
            yield from _flush(run)
            yield "text", f" {token} "
            continue
        run.append(token)
        if re.search(r"[^\\][,.;:]$", token):
            yield from _flush(run)
    yield from _flush(run)


def _flush(run: list[str]) -> Iterator[Piece]:
    text = " ".join(run)
    mark = text[-1:] if re.search(r"(?<!\\)[.,;:]\Z", text) else ""
    formula = text.removesuffix(mark)
    if formula:
        yield from _formula(formula)
    if mark:
        yield "text", f"{mark} "
    run.clear()


def _formula(source: str) -> Iterator[Piece]:
    """A formula, split at its top level into pieces that may stand on different lines."""
    start = position = depth = 0
    while position < len(source):
        if depth == 0 and (text := _text_at(source, position)):
            yield from _stretch(source[start:position])
            yield from _words(text[0])
            start = position = text[1]
            continue
        token = _token(source, position)
        depth += _opens(token, source[position:])
        position += len(token)
        if depth == 0 and token in (",", ";", r"\quad", r"\qquad", r"\\") and _breaks(source, position):
            yield from _stretch(source[start : position - len(token)] + token * (token in ",;"))
            yield "break", token
            start = position
    yield from _stretch(source[start:])


def _token(source: str, position: int) -> str:
    r"""The command, the escaped or the plain character at ``position``."""
    found = re.compile(r"\\[A-Za-z]+|\\.").match(source, position)
    return found[0] if found else source[position]


def _text_at(source: str, position: int) -> tuple[str, int] | None:
    """The words of the ``\\text{...}`` that starts at ``position``, and where it ends."""
    opening = re.match(r"\\text(?:rm|normal|it|bf)?\s*\{", source[position:])
    if opening is None:
        return None
    start = end = position + opening.end()
    depth = 1
    while depth:
        token = re.compile(r"\\?.").match(source, end)
        if token is None:
            raise _CannotSet
        depth += (token[0] == "{") - (token[0] == "}")
        end = token.end()
    return source[start : end - 1], end


def _words(text: str) -> Iterator[Piece]:
    if "$" in text:
        yield from _dollars(text)
    else:
        yield "text", _unescaped(text)


def _unescaped(text: str) -> str:
    """Words of LaTeX as plain text."""
    if re.search(r"\\[A-Za-z]", text):
        raise _CannotSet
    return re.sub(r"\\(.)", r"\1", text.replace(r"\\", " ").replace("~", "\N{NO-BREAK SPACE}").replace("--", "–"))


def _opens(token: str, rest: str) -> int:
    if token in ("(", "[", "{", r"\{", r"\left", r"\begin", r"\lfloor", r"\lceil", r"\langle"):
        return 1
    if token in (")", "]", "}", r"\}", r"\right", r"\end", r"\rfloor", r"\rceil", r"\rangle"):
        return -1
    return 0


def _breaks(source: str, position: int) -> bool:
    """A comma between two short letters, as in ``i, j \\le n``, is no place to break."""
    return len(source) > _LONG or source[position - 1] != ","


def _stretch(source: str) -> Iterator[Piece]:
    """One stretch of formula, broken before its relations where it is long; spaces at its ends become breaks."""
    source = source.lstrip()
    if (prime := re.match(r"'+", source)) is not None:  # of a word before: \text{hidden}'
        yield "text", "′" * len(prime[0])
        source = source[prime.end() :]
    if (mark := re.match(r"[,;.:](?!=)\s*", source)) is not None:
        yield "text", f"{mark[0].strip()} "
        source = source[mark.end() :]
    while (leading := _SPACES.match(source)) is not None:
        yield "break", leading[0]
        source = source[leading.end() :].lstrip()
    trailing = source != (source := re.sub(rf"(?:\s|{_SPACES.pattern})+$", "", source))
    trailing = trailing or bool(re.search(r"\\[A-Za-z]+$|[=<>:+-]$", source))
    if source:
        for number, part in enumerate(_at_relations(source)):
            if number:
                yield "break", "relation"
            yield "math", part
    if trailing:
        yield "break", " "


def _at_relations(source: str) -> list[str]:
    if len(source) <= _LONG:
        return [source]
    parts, start, position, depth = [], 0, 0, 0
    while position < len(source):
        relation = _RELATIONS.match(source, position) if depth == 0 else None
        if relation and position - start > _LONG // 3 and len(source) - position > 3:
            parts.append(source[start:position])
            start = position
        token = relation[0] if relation else _token(source, position)
        depth += 0 if relation else _opens(token, source[position:])
        position += len(token)
    return [*parts, source[start:]]


# --- setting ------------------------------------------------------------------------------------------------------


def _set(piece: Piece) -> str:
    kind, content = piece
    if kind == "break":
        return " "
    if kind == "text":
        return html.escape(content)
    return _mathml(content)


def _joined(parts: Iterable[str]) -> str:
    return re.sub(r"\s+([,.;:])(?=\s|$)", r"\1", re.sub(r"[ \n]+", " ", "".join(parts))).strip()


@functools.lru_cache(maxsize=8192)
def _mathml(formula: str) -> str:
    from latex2mathml.converter import convert_to_element

    openings = len(re.findall(r"\\left(?![A-Za-z])", formula))
    if openings != len(re.findall(r"\\right(?![A-Za-z])", formula)):
        raise _CannotSet
    try:
        root = convert_to_element(_prepared(formula))
    except (Exception, RecursionError) as error:  # its own errors share no base class, and it raises IndexError too
        raise _CannotSet from error
    root.attrib.clear()
    _mend(root)
    rendered = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    if "\\" in rendered:
        raise _CannotSet
    return rendered


#: Names of functions and maps that theorems use as commands and the converter does not know.
_NAMES = re.compile(r"\\(arg|argmin|argmax|tr|Tr|rank|sgn|sign|diag|span|supp|Var|Cov|conv)(?![A-Za-z])")
#: What the converter does not know, as what it does.
_SYNONYMS = (
    (_NAMES, r"\\operatorname{\1}"),
    (re.compile(r"\\operatorname\*"), r"\\operatorname"),
    (re.compile(r"\\not\s*=|\\not\s*\\eq(?![A-Za-z])"), r"\\neq "),
    (re.compile(r"\\not\s*\\in(?![A-Za-z])"), r"\\notin "),
    (re.compile(r"\\dots[bcmio]?(?![A-Za-z])"), r"\\ldots "),
    (re.compile(r"\\middle(?![A-Za-z])"), ""),
    (re.compile(r"\\math(?:rel|bin|ord|op)\s*\{([^{}]*)\}"), r"{\1}"),
)


def _prepared(formula: str) -> str:
    for known, meant in _SYNONYMS:
        formula = known.sub(meant, formula)
    return formula


def _mend(node: ElementTree.Element) -> None:
    for child in list(node):
        if child.tag == "mo" and child.get("fence") and not child.text:
            node.remove(child)  # the invisible side of \\left. ... \\right|
        else:
            _mend(child)
    tag, text = node.tag, html.unescape(node.text or "").replace("⧵", "∖").replace("⧸", "/")
    node.text = text = "∗" if text == "*" else text  # the sign of an operation: the other one is raised already
    if tag not in _TAGS:
        raise _CannotSet
    for attribute in node.attrib.keys() - _ATTRIBUTES:
        del node.attrib[attribute]
    variant = node.attrib.pop("mathvariant", None)  # browsers know the value "normal" only
    if tag == "mrow":
        _merge_upright(node)
    elif tag in ("mi", "mo", "mn"):
        _mend_token(node, text, variant)


def _mend_token(node: ElementTree.Element, text: str, variant: str | None) -> None:
    if not text.strip():
        raise _CannotSet  # an empty operator: the converter lost something
    if node.tag == "mi" and all(character in _OPERATORS for character in text):
        node.tag = "mo"
        if text in _FENCES:
            node.set("stretchy", "false")
        if text in "#!":
            node.set("lspace", "0")
            node.set("rspace", "0")
    elif node.tag == "mo" and len(text) > 1 and text.isalpha():  # \operatorname{rank}, \lim
        node.set("lspace", "0.08em")
        node.set("rspace", "0.12em")
    elif node.tag == "mi" and len(text) == 1 and variant in ("normal", "sans-serif", "monospace"):
        node.set("mathvariant", "normal")


def _merge_upright(row: ElementTree.Element) -> None:
    """``\\mathrm{Null}`` comes as four letters; one identifier of four letters is upright by itself."""
    letters = list(row)
    upright = [letter.tag == "mi" and letter.get("mathvariant") == "normal" and len(letter.text or "") == 1 for letter in letters]
    if len(letters) < 2 or not all(upright):
        return
    letters[0].text = "".join(letter.text or "" for letter in letters)
    del letters[0].attrib["mathvariant"]
    for letter in letters[1:]:
        row.remove(letter)
