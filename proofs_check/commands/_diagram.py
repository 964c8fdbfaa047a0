"""The phase diagram of two-layer networks as a picture: regimes, their lines, the printed slopes, and where a network lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLOURS = {"linear": "#9ecae1", "condensed": "#fdae6b"}


def check_picture(path: Path) -> Path:
    """``path`` itself. Raises ValueError for a name that does not end in .svg, .png or .pdf, or a folder that is not there."""
    if path.suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"diagram must be a file .svg, .png or .pdf, got {path}")
    if not path.resolve().parent.is_dir():
        raise ValueError(f"diagram must lie in a folder that exists, got {path}")
    return path


def draw(path: Path, place: tuple[float, float], predicted: float, measured: float | None) -> None:
    """Write the picture to ``path``; ``place`` is marked with both slopes. Raises ValueError as :func:`check_picture`."""
    from matplotlib.figure import Figure

    from theory.dynamics.phase_diagram import PUBLISHED_SLOPES

    check_picture(path)
    left, right = min(0.0, place[0] - 0.5), max(2.5, place[0] + 0.5)
    high = max(1.5, abs(place[1]) + 0.5, right - 1)
    picture = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = picture.add_subplot()
    axes.axvspan(left, right, color=COLOURS["linear"], label="linear")
    axes.fill([1, 1, right, right], [-high, 0, right - 1, -high], color=COLOURS["condensed"], label="condensed")
    axes.plot([1, 1, right], [-high, 0, right - 1], color="#22262b", linewidth=1.6, label="critical")
    for gamma, slope in PUBLISHED_SLOPES.items():
        axes.plot(float(gamma), 0.0, "s", color="#22262b", markersize=5)
        axes.annotate(f"{slope:g}", (float(gamma), 0.0), textcoords="offset points", xytext=(6, -12), fontsize=8)
    axes.plot([], [], "s", color="#22262b", markersize=5, label="printed slopes")
    told = f"asked: predicted {predicted:.3g}" + (f", measured {measured:.3f}" if measured is not None else "")
    axes.plot(*place, "o", color="#b5568f", markersize=9, label=told)
    axes.set(xlim=(left, right), ylim=(-high, high), xlabel="gamma", ylabel="gamma'", title="Slopes of the input weights' distance")
    axes.legend(loc="lower left", fontsize=9)
    options: dict[str, Any] = {"metadata": {"Date": None}} if path.suffix == ".svg" else {}
    picture.savefig(path, **options)
