"""The page of a module whose rank was bounded: its layers, the directions that change nothing, the spectrum with the proved cut."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports import html
from reports.figures import draw
from reports.files import Directory

#: The smallest singular value that a picture shows, relative to the largest: zeros have no logarithm.
FLOOR = 1e-18


def write(data: Mapping[str, Any], directory: str | Path) -> Path:
    """Write ``index.html`` with its picture and files into ``directory`` and return it.

    ``data``: ``module`` (a name), ``inputs`` (what the rank is over, in words), ``parameters``, ``lower``, ``upper``, ``certified``,
    ``method``; ``layers``, each with ``name``, ``kind``, ``shapes`` (name and shape in words), ``parameters``, ``minor`` (columns of
    the minor among them, or None), ``inside`` and ``moved`` (dimensions of the directions within it, and as they move it); ``groups``
    of ``parameters`` and their ``dimension``; ``directions``, ``on_inputs``, ``left_out``; ``spectrum``, singular values; ``certificate``
    or None.

    :raises OSError: when ``directory`` cannot be written, or holds links where directories should be.
    """
    picture = spectrum(data)
    with Directory(directory) as place:
        for name, text in html.assets():
            place.write(name, text)
        if picture:
            place.write("spectrum.svg", draw(picture))
        if data["certificate"] is not None:
            place.write("certificate.json", json.dumps(data["certificate"], allow_nan=False) + "\n")
        rest = {key: value for key, value in data.items() if key != "certificate"}
        place.write("rank.json", json.dumps(rest, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
        place.write("index.html", html.page_alone("module.html", f"Rank of {data['module']}", found=data, picture=picture))
    return place.path / "index.html"


def spectrum(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The figure of the singular values, relative to the largest, with the proved bounds as cuts; None where there is no value but 0."""
    values = data["spectrum"]
    if not values or not values[0] > 0:
        return None
    lower, upper = data["lower"], data["upper"]
    marks = [{"label": f"rank {lower}" if lower == upper else f"at least {lower}", "x": lower + 0.5}]
    marks += [{"label": f"at most {upper}", "x": upper + 0.5}] if lower < upper else []
    points = {
        "label": "singular values, in floats",
        "x": list(range(1, len(values) + 1)),
        "y": [max(v / values[0], FLOOR) for v in values],
    }
    cut = f"between {lower} and {lower + 1}" if lower == upper else f"after {lower} (at least) and after {upper} (at most)"
    return {
        "kind": "scatter",
        "title": "Spectrum of the tangent matrix",
        "alt": f"{len(values)} singular values relative to the largest, on a logarithmic axis; the proved rank cuts {cut}",
        "data": {"series": [points]},
        "x_label": "number",
        "y_label": "relative to the largest",
        "log_y": True,
        "marks": marks,
    }
