"""The cells of a heat map: test error against sample size, one row per trial, as the papers of the field draw it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    from matplotlib.axes import Axes

#: Positive values that span this factor are shown on a logarithmic colour scale.
_LOGARITHMIC_SPAN = 1e3
#: Up to so many cells hold their number, where all are whole.
_WRITTEN = 80


@dataclass(frozen=True, slots=True)
class Cells:
    """``values[i, j]`` at column ``x[j]`` and row ``y[i]``; NaN where nothing was measured."""

    values: numpy.ndarray
    x: Sequence[Any]
    y: Sequence[Any]
    label: str
    logarithmic: bool

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Cells:
        """The cells of a figure's data; :class:`ValueError` names lengths that do not fit."""
        import numpy

        rows = [[math.nan if value is None else float(value) for value in row] for row in data["values"]]
        x, y = list(data["x"]), list(data["y"])
        if len(rows) != len(y) or any(len(row) != len(x) for row in rows):
            lengths = sorted({len(row) for row in rows})
            raise ValueError(f"expected {len(y)} rows of {len(x)} values, got {len(rows)} rows of {lengths}")
        values = numpy.array(rows, dtype=float).reshape(len(y), len(x))
        values[~numpy.isfinite(values)] = numpy.nan
        return cls(values, x, y, str(data.get("value_label", data.get("label", ""))), _spans(values, data))

    @property
    def count(self) -> int:
        """How many cells there are."""
        return self.values.size

    def paint(self, axes: Axes, *, rasterized: bool) -> None:
        """Draw cell (i, j) as the unit square around (j, i), with the scale of its colours beside."""
        import numpy
        from matplotlib.colors import LogNorm

        norm = LogNorm() if self.logarithmic else None
        edges = (numpy.arange(len(self.x) + 1) - 0.5, numpy.arange(len(self.y) + 1) - 0.5)
        axes.set_facecolor("#9aa0a6")  # shows through where nothing was measured
        axes.patch.set_alpha(0.35)
        masked = numpy.ma.masked_invalid(self.values)
        mesh = axes.pcolormesh(*edges, masked, cmap="cividis", norm=norm, rasterized=rasterized, edgecolors="face", linewidth=0.3)
        if masked.count():
            self._scale(axes, mesh)
            if self.whole and self.count <= _WRITTEN:
                self._write(axes, mesh)

    @property
    def whole(self) -> bool:
        """Whether all that was measured are whole numbers, and not long ones."""
        import numpy

        known = self.values[numpy.isfinite(self.values)]
        return bool((known == known.round()).all() and (abs(known) < 1000).all())

    def _write(self, axes: Axes, mesh: Any) -> None:
        """The number in every cell, dark on light and light on dark."""
        for (i, j), value in _measured(self.values):
            red, green, blue, _ = mesh.cmap(mesh.norm(value))
            dark = 0.3 * red + 0.6 * green + 0.1 * blue > 0.5
            axes.annotate(f"{value:.0f}", (j, i), ha="center", va="center", fontsize=9, color="#16181b" if dark else "#ffffff")

    def _scale(self, axes: Axes, mesh: Any) -> None:
        from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

        from reports.wording import number

        scale = axes.figure.colorbar(mesh, ax=axes, label=self.label, pad=0.02)
        scale.outline.set_visible(False)
        if self.whole and not self.logarithmic:
            scale.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        scale.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        scale.ax.yaxis.set_minor_formatter(NullFormatter())


def _measured(values: numpy.ndarray) -> Iterator[tuple[tuple[int, int], float]]:
    import numpy

    return ((place, value) for place, value in numpy.ndenumerate(values) if math.isfinite(value))


def _spans(values: numpy.ndarray, data: Mapping[str, Any]) -> bool:
    import numpy

    known = values[numpy.isfinite(values)]
    if not known.size or known.min() <= 0:
        return False
    return bool(data.get("log_values", known.max() >= _LOGARITHMIC_SPAN * known.min()))
