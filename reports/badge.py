"""A status badge: the run in three words, as a small SVG."""

from __future__ import annotations

from html import escape

from reports.results import Results
from reports.wording import ALARMING, tally

_COLOURS = {"good": "#2f7d57", "open": "#a06a00", "bad": "#b3312c", "none": "#6b727b"}
#: Width of a character of the badge's font at 11 px, on average; texts are stretched to the width computed with it.
_CHARACTER = 6.4


def badge(results: Results, label: str = "claims") -> str:
    """The badge of a run: how many claims are refuted, vacuous or in error, or else how many hold."""
    text, mood = _message(results)
    left, right = (round(len(part) * _CHARACTER) + 14 for part in (label, text))
    title = escape(f"{label}: {text}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="4"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left}" height="20" fill="#3d434a"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[mood]}"/></g>'
        '<g fill="#fff" font-family="system-ui,Verdana,\'DejaVu Sans\',sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14" textLength="{left - 14}">{escape(label)}</text>'
        f'<text x="{left + right / 2}" y="14" textLength="{right - 14}">{escape(text)}</text></g></svg>\n'
    )


def _message(results: Results) -> tuple[str, str]:
    counts = tally(results["claims"])
    if not counts:
        return "none run", "none"
    for verdict in ALARMING:
        if verdict in counts:
            return f"{counts[verdict]} {'in error' if verdict == 'error' else verdict}", "bad"
    held = sum(counts.get(verdict, 0) for verdict in ("proved", "certified", "supported"))
    total = len(results["claims"])
    return (f"{held} hold", "good") if held == total else (f"{held} of {total} hold", "open" if held else "none")
