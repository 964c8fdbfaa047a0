"""The (beta1, beta2) plane of Adam on x^k/k: boxes in which it is decided what attracts, and the curves between them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

COLOURS = {"+": "#9ecae1", "-": "#f0f0ea", "?": "#d55e00"}
MEANINGS = {"+": "the minimum attracts", "-": "it does not", "?": "not decided"}


def draw(path: Path, k: int, beta1: Any, beta2: Any, depth: int = 16) -> None:
    """Write the picture to ``path``; beta1 and beta2, numbers or pairs, are marked in it.

    Raises ValueError for a name that does not end in .svg, .png or .pdf.
    """
    if path.suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"plane must be a file .svg, .png or .pdf, got {path}")
    from matplotlib.collections import PatchCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Rectangle

    from numerics.dynamics.stability import plane

    picture = Figure(figsize=(6.4, 6), layout="constrained")
    axes = picture.add_subplot()
    leaves = plane(k, depth=depth).leaves()
    for letter, colour in COLOURS.items():
        boxes = [Rectangle((float(a), float(c)), float(b - a), float(d - c)) for ((a, b), (c, d)), found in leaves if found == letter]
        axes.add_collection(PatchCollection(boxes, facecolor=colour, edgecolor="#ffffff", linewidth=0.2))
    for name, (x, y, style) in curves(k).items():
        axes.plot(x, y, style, color="#22262b", linewidth=1.4, label=name)
    betas, lower, upper = both(k)
    axes.fill_between(betas, lower, upper, facecolor="none", edgecolor="#22262b", hatch="///", linewidth=0, label="both attract")
    low, high = [side if isinstance(side, tuple) else (side, side) for side in (beta1, beta2)]
    corner, size = (float(low[0]), float(high[0])), (float(low[1] - low[0]), float(high[1] - high[0]))
    if any(size):
        axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor="#b5568f", linewidth=2))
    else:
        axes.plot(*corner, "o", color="#b5568f", label="asked")
    patches = [Patch(facecolor=COLOURS[letter], label=meaning) for letter, meaning in MEANINGS.items()]
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles=[*patches, *handles], labels=[*MEANINGS.values(), *labels], loc="lower right", fontsize=9)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="beta1", ylabel="beta2", title=f"Adam on x^{k}/{k}")
    picture.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def curves(k: int) -> dict[str, tuple[list[float], list[float], str]]:
    """(beta1, beta2, line style) along equations 8 and 9 and along the edge below which the 2-cycle attracts."""
    from theory.dynamics.adam import largest_beta1, least_beta1
    from theory.dynamics.adam_cycle import cycle_margin

    rhos = [n / 400 for n in range(1, 400)]
    order = 2 * (k - 2)
    nine = [rho for rho in rhos if 0 <= least_beta1(k, rho) < largest_beta1(k, rho)]
    betas = [n / 100 / (2 * k - 1) for n in range(101)]
    return {
        "equation 8": ([largest_beta1(k, rho) for rho in rhos], [rho**order for rho in rhos], "-"),
        "equation 9": ([least_beta1(k, rho) for rho in nine], [rho**order for rho in nine], "--"),
        "2-cycle attracts below": (betas, [_edge(lambda b2, b=b: cycle_margin(k, b, b2)) for b in betas], ":"),
    }


def both(k: int) -> tuple[list[float], list[float], list[float]]:
    """beta1, and the beta2 between which both the minimum and the 2-cycle attract, on a fine grid."""
    from theory.dynamics.adam import is_stable, ratio_of
    from theory.dynamics.adam_cycle import cycle_margin

    found = []
    for beta1 in (n / 200 / (2 * k - 1) for n in range(201)):
        top = _edge(lambda b2, b=beta1: cycle_margin(k, b, b2))
        inside = [beta2 for beta2 in (top * n / 400 for n in range(1, 401)) if is_stable(k, beta1, ratio_of(k, beta2))]
        if inside:
            found.append((beta1, inside[0], top))
    return [row[0] for row in found], [row[1] for row in found], [row[2] for row in found]


def _edge(margin: Any) -> float:
    """Where a margin that falls in beta2 vanishes, by bisection; 0 where it is negative from the start."""
    low, high = Fraction(0), Fraction(1)
    if margin(0.0) <= 0:
        return 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if margin(float(middle)) > 0 else (low, middle)
    return float(low)
