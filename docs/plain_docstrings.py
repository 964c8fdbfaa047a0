"""Docstrings of this project are plain text with roles (:class:`X`) and literals (``x``); the pages are Markdown. This translates."""

import re
from typing import Any

import griffe

#: A literal, a role, or one sign that Markdown would read as more than itself.
_MARKS = re.compile(r"``(?P<literal>.+?)``|:\w+:`~?(?P<role>[^`]+)`|(?P<sign>[\\`*_\[\]<>#|~$])", re.DOTALL)


def as_markdown(text: str) -> str:
    """``text`` as Markdown that shows it."""

    def mark(found: re.Match) -> str:
        if found["sign"]:
            return "&lt;" if found["sign"] == "<" else f"\\{found['sign']}"
        return f"`{found['literal'] or found['role']}`"

    return _MARKS.sub(mark, text)


class PlainDocstrings(griffe.Extension):
    """Translates the docstring of every object that is collected."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called by griffe for each object once."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)
