"""Curves as figures, with gaps where they leave the window or pass a pole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from proofs_check import Figure


def curves(
    title: str, alt: str, drawn: Mapping[str, tuple[Any, Any]], x_label: str, y_label: str, *, directed: Sequence[str] = (), **more: Any
) -> Figure:
    """``drawn`` holds (x, y) by label; those whose label is ``directed`` get an arrow. A value that is not finite is a gap."""
    series = []
    for label, (x, y) in drawn.items():
        y = [float(value) if np.isfinite(value) else None for value in np.asarray(y, float)]
        one = {"label": label, "x": [value if isinstance(value, int) else float(value) for value in x], "y": y}
        series.append({**one, "directed": True} if label in directed else one)
    return Figure("lines", title, alt, {"series": series}, x_label, y_label, **more)


def within(y: Any, low: float, high: float) -> np.ndarray:
    """``y`` where it lies in the window, else NaN."""
    y = np.asarray(y, float)
    return np.where((y >= low) & (y <= high), y, np.nan)


def joined(*pieces: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Pieces (x, y) of one curve with gaps between them."""
    first, second = (np.concatenate([part for piece in pieces for part in (np.asarray(piece[k], float), [np.nan])]) for k in (0, 1))
    return first[:-1], second[:-1]
