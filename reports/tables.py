"""The data of a figure as a table, for whoever wants the numbers and not the picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def table(figure: Mapping[str, Any]) -> str:
    """``figure`` as CSV: one row for each point, each cell of a heat map, each node of a graph.

    :raises KeyError, TypeError, IndexError: when its data are incomplete; :func:`reports.figures.draw` refuses such a figure.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([_safe(value) for value in row] for row in _rows(figure))
    return file.getvalue()


def _rows(figure: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    data, x, y = figure["data"], figure.get("x_label") or "x", figure.get("y_label") or "y"
    if figure["kind"] == "heatmap":
        yield x, y, data.get("value_label") or "value"
        for name, row in zip(data["y"], data["values"], strict=True):
            yield from ((column, name, value) for column, value in zip(data["x"], row, strict=True))
    elif figure["kind"] == "graph":
        edges = [tuple(edge) for edge in data["edges"]]
        yield "node", "label", "group", "leads to" if data.get("directed") else "joined to"
        for node in data["nodes"]:
            ends = " ".join(str(second) for first, second in edges if first == node["id"])
            yield node["id"], node.get("label", ""), node.get("group", ""), ends
    else:
        yield "series", x, y
        for series in data["series"]:
            yield from ((series.get("label", ""), *point) for point in zip(series["x"], series["y"], strict=True))


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe; a number stays what it is."""
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    return value if value.lstrip("-").replace("/", "", 1).isdigit() else f"'{value}"
