"""The cells of a heat map: test error against sample size, one row per trial, as the papers of the field draw it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.canvas import Canvas
from reports.scales import Scale, Ticks, over

#: Positive values that span this factor are shown on a logarithmic colour scale.
_LOGARITHMIC_SPAN = 1e3
#: Up to so many cells hold their number, where all are whole.
_WRITTEN = 80
#: More cells than this are drawn as pixels: a vector file of them would be slow to open.
_VECTOR_LIMIT = 4000
#: The colour map cividis (Nunez, Anderton and Renslow 2018), which reads the same without colour vision, at 17 equidistant places.
_CIVIDIS = (
    "00224e 002e6a 1a386f 32436d 434e6c 535a6d 61656f 6f7073 7d7c78 8c8878 9b9476 aba072 bcae6c cdbb63 dec958 f0d846 fee838"
).split()
#: Width of the scale of colours and its distance from the cells, in points.
SCALE_WIDTH, SCALE_GAP = 12.0, 10.0


@dataclass(frozen=True, slots=True)
class Cells:
    """``values[i][j]`` at column ``x[j]`` and row ``y[i]``; NaN where nothing was measured."""

    values: Sequence[Sequence[float]]
    x: Sequence[Any]
    y: Sequence[Any]
    label: str
    logarithmic: bool

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Cells:
        """The cells of a figure's data; :class:`ValueError` names lengths that do not fit."""
        rows = [[_finite(value) for value in row] for row in data["values"]]
        x, y = list(data["x"]), list(data["y"])
        if len(rows) != len(y) or any(len(row) != len(x) for row in rows):
            lengths = sorted({len(row) for row in rows})
            raise ValueError(f"expected {len(y)} rows of {len(x)} values, got {len(rows)} rows of {lengths}")
        return cls(rows, x, y, str(data.get("value_label", data.get("label", ""))), _spans(_known(rows), data))

    @property
    def known(self) -> list[float]:
        """What was measured."""
        return _known(self.values)

    @property
    def count(self) -> int:
        """How many cells there are."""
        return len(self.x) * len(self.y)

    @property
    def whole(self) -> bool:
        """Whether all that was measured are whole numbers, and not long ones."""
        return all(value == round(value) and abs(value) < 1000 for value in self.known)

    @property
    def scale(self) -> Scale:
        """From values to parts of the colour map."""
        return over(self.known, logarithmic=self.logarithmic, margin=0.0)

    def ticks(self) -> Ticks:
        """Values of the scale with their names; none where nothing was measured."""
        return self.scale.ticks(7, whole=self.whole) if self.known else []

    def paint(self, canvas: Canvas, across: Scale, down: Scale) -> None:
        """Draw cell (i, j) as the unit square around (j, i), with its number where there are few and all are whole."""
        left, top = across.at(-0.5), down.at(len(self.y) - 0.5)
        width, height = across.at(len(self.x) - 0.5) - left, down.at(-0.5) - top
        canvas.box(left, top, width, height, "#9aa0a6", opacity=0.35)  # shows through where nothing was measured
        if not self.known:
            return
        scale = self.scale
        colours = [[_colour(scale.at(value)) if math.isfinite(value) else "" for value in row] for row in self.values]
        if self.count > _VECTOR_LIMIT:
            canvas.pixels(left, top, width, height, colours[::-1])
            return
        side, up = width / len(self.x), height / len(self.y)
        written = self.whole and self.count <= _WRITTEN
        for i, row in enumerate(colours):
            for j, colour in enumerate(row):
                if colour:  # a little larger than its place, so that no line shows between two
                    x, y = left + j * side, top + height - (i + 1) * up
                    canvas.box(x, y, side + 0.3 * (j + 1 < len(row)), up + 0.3 * (i > 0), colour)
                if colour and written:
                    dark = _light(colour) > 0.5
                    canvas.text(x + side / 2, y + up / 2 + 3, f"{self.values[i][j]:.0f}", size=9, colour="#16181b" if dark else "#ffffff")

    def explain(self, canvas: Canvas, x: float, top: float, bottom: float) -> None:
        """The scale of the colours beside the cells, its ticks to the right."""
        stops = "".join(f'<stop offset="{n / 16:g}" stop-color="#{colour}"/>' for n, colour in enumerate(_CIVIDIS))
        fill = canvas.define("values", f'<linearGradient id="values" x1="0" x2="0" y1="1" y2="0">{stops}</linearGradient>')
        canvas.box(x, top, SCALE_WIDTH, bottom - top, fill)
        places = self.scale.between(bottom, top)
        for value, name in self.ticks():
            canvas.line([(x + SCALE_WIDTH, places.at(value)), (x + SCALE_WIDTH + 3.5, places.at(value))], "ink", 0.8)
            canvas.text(x + SCALE_WIDTH + 7, places.at(value) + 4, name, anchor="start")


def _finite(value: Any) -> float:
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan


def _known(rows: Sequence[Sequence[float]]) -> list[float]:
    return [value for row in rows for value in row if math.isfinite(value)]


def _spans(known: Sequence[float], data: Mapping[str, Any]) -> bool:
    if not known or min(known) <= 0:
        return False
    return bool(data.get("log_values", max(known) >= _LOGARITHMIC_SPAN * min(known)))


def _colour(part: float) -> str:
    """The colour at a part of the map, from 0 to 1."""
    place = min(max(part, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    below = min(int(place), len(_CIVIDIS) - 2)
    pairs = zip(bytes.fromhex(_CIVIDIS[below]), bytes.fromhex(_CIVIDIS[below + 1]), strict=True)
    return "#" + "".join(f"{round(one + (other - one) * (place - below)):02x}" for one, other in pairs)


def _light(colour: str) -> float:
    red, green, blue = bytes.fromhex(colour[1:])
    return (0.3 * red + 0.6 * green + 0.1 * blue) / 255
