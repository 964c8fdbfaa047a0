"""Figures as data, drawn as SVG: readable in the dark, without colour vision, and without the picture (alt text).

Text stays text and takes the reader's fonts. Colours are CSS variables with the light value as fallback, so that one file
serves light pages, dark pages and programs that know no CSS variables.
"""

from __future__ import annotations

import io
import itertools
import math
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from reports.heatmap import Cells

#: Light and dark value of every colour; the series follow Okabe and Ito, whose order survives colour blindness.
COLOURS = {
    "ink": ("#22262b", "#e4e2dc"),
    "faint": ("#8a8f98", "#8d939c"),
    "grid": ("#dcdad3", "#3a3f46"),
    "series0": ("#0072b2", "#5cb3e8"),
    "series1": ("#d55e00", "#f08a3c"),
    "series2": ("#009e73", "#3cc9a0"),
    "series3": ("#b5568f", "#e09ac4"),
    "series4": ("#9a7d00", "#e3c94b"),
    "series5": ("#56606b", "#b5bdc7"),
}
_MARKERS = "osD^vP"
_DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (8, 3)), (0, (3, 1, 1, 1)))
#: More cells or points than this are drawn as pixels: a vector file of them would be slower to open than to compute.
_VECTOR_LIMIT = 4000
_WIDTH, _HEIGHT = 6.4, 3.9  # inches


class FigureError(ValueError):
    """The data of a figure do not make the picture that its kind asks for."""


def draw(figure: Mapping[str, Any]) -> str:
    """``figure`` (an entry of ``figures`` in results.json) as an SVG document.

    :raises FigureError: when its data are incomplete or of unequal lengths.
    """
    figure = _with_short_texts(figure)
    try:
        with _canvas(figure) as (axes, finish):
            _KINDS[figure["kind"]](axes, figure)
            return finish()
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, FigureError):
            raise
        raise FigureError(f"a {figure['kind']} figure cannot be drawn from its data: {type(error).__name__} {error}") from error


#: Characters of a text in a picture; the time that setting one takes grows with the square of its length.
LONGEST = 200


def _with_short_texts(node: Any) -> Any:
    """The data with their texts cut; a long fraction is a number, not a text."""
    if isinstance(node, str):
        return node if len(node) <= LONGEST or node.lstrip("-").replace("/", "", 1).isdigit() else node[: LONGEST - 1] + "…"
    if isinstance(node, Mapping):
        return {key: _with_short_texts(value) for key, value in node.items()}
    return [_with_short_texts(value) for value in node] if isinstance(node, list) else node


@contextmanager
def _canvas(figure: Mapping[str, Any]) -> Iterator[tuple[Axes, Callable[[], str]]]:
    import matplotlib
    from cycler import cycler
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    ink, faint = COLOURS["ink"][0], COLOURS["faint"][0]
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "proofs-check",
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "font.size": 11,
        "text.color": ink,
        "axes.edgecolor": faint,
        "axes.labelcolor": ink,
        "axes.prop_cycle": cycler(color=[COLOURS[f"series{number}"][0] for number in range(6)]),
        "xtick.color": ink,
        "ytick.color": ink,
        "grid.color": COLOURS["grid"][0],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "legend.frameon": False,
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph that no font here has, a legend without room: nothing a run can mend
        picture = Figure(figsize=(_WIDTH, _HEIGHT))
        canvas = FigureCanvasSVG(picture)
        picture.patch.set_alpha(0)
        axes = picture.add_subplot()
        axes.patch.set_alpha(0)

        def finish() -> str:
            _fit(picture)
            file = io.StringIO()
            canvas.print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
            return _themed(file.getvalue())

        yield axes, finish


#: Widths of a character and heights of a line, in points: of labels and ticks at 11 points, and of a legend at 9.
_CHARACTER, _LINE, _LEGEND_CHARACTER, _LEGEND_LINE = 6.4, 17.0, 5.3, 16.0
#: Width of a character at the nodes of a graph; around everything; between axes and tick labels.
_NODE_CHARACTER, _PAD, _TICK = 4.7, 8.0, 7.0


def _fit(picture: Figure) -> None:
    """Give labels, legend and scale the room they take, by their lengths: measuring them takes longer than drawing everything."""
    first, *scales = picture.axes
    left = right = _PAD + _NODE_CHARACTER / 2 * max((len(line) for text in first.texts for line in text.get_text().split("\n")), default=0)
    below, above = _PAD, _PAD + _LINE
    if first.axison:
        left = _PAD + _TICK + _widest(first.yaxis) + _LINE * bool(first.get_ylabel())
        right = _PAD + _CHARACTER * 2  # half of the last tick label
        below += _under(first)
    for scale in scales:
        right = _PAD + _TICK + _widest(scale.yaxis) + _LINE * bool(scale.get_ylabel())
    if labels := _named(first)[1]:
        below += _LEGEND_LINE * math.ceil(len(labels) / _columns(labels)) + _PAD
    width, height = 72 * _WIDTH, 72 * _HEIGHT
    across, down = min(1.0, 0.75 * width / (left + right)), min(1.0, 0.75 * height / (below + above))
    picture.subplots_adjust(
        left=across * left / width, right=1 - across * right / width, bottom=down * below / height, top=1 - down * above / height
    )


def _widest(axis: Any) -> float:
    """The width of the longest tick label, in points."""
    return _CHARACTER * max(map(len, axis.get_major_formatter().format_ticks(axis.get_major_locator()())), default=0)


def _under(axes: Axes) -> float:
    """The height of tick labels and label under the axes, in points."""
    return _TICK + _LINE + _LINE * bool(axes.get_xlabel())


def _themed(svg: str) -> str:
    """The document from its ``<svg`` on, with colours as variables and the reader's fonts."""
    svg = svg[svg.index("<svg") :]
    for name, (light, _) in COLOURS.items():
        svg = svg.replace(light, f"var(--{name}, {light})")
    for family in ("'DejaVu Sans', 'Bitstream Vera Sans'", "'DejaVu Sans'"):
        svg = svg.replace(family, "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans'")
    light, dark = ("".join(f"--{name}:{pair[side]};" for name, pair in COLOURS.items()) for side in (0, 1))
    style = f"<style>svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    head, _, body = svg.partition(">")
    return f"{head}>{style}{body}"


# --- kinds --------------------------------------------------------------------------------------------------------


def _lines(axes: Axes, figure: Mapping[str, Any]) -> None:
    for number, series in enumerate(_series(figure)):
        few = len(series["x"]) <= 60
        axes.plot(
            _numbers(series["x"]),
            _numbers(series["y"]),
            linestyle=_DASHES[number % 6],
            marker=_MARKERS[number % 6] if few else None,
            markersize=4,
            linewidth=1.6,
            label=str(series.get("label", "")),
        )
        if series.get("directed"):
            _half_way(axes, _numbers(series["x"]), _numbers(series["y"]), COLOURS[f"series{number % 6}"][0])
    _finish(axes, figure)


def _arrow(axes: Axes, tail: Any, head: Any, colour: str, gap: float = 0.0) -> None:
    """An arrow that ends ``gap`` points before ``head``."""
    style = {"arrowstyle": "-|>,head_width=0.28,head_length=0.55", "color": colour, "linewidth": 1, "shrinkA": gap, "shrinkB": gap}
    axes.annotate("", xy=(head[0], head[1]), xytext=(tail[0], tail[1]), arrowprops=style, zorder=1)


def _half_way(axes: Axes, x: Sequence[float], y: Sequence[float], colour: str) -> None:
    """The head of an arrow in the middle of a path, as far as the eye sees its length."""
    import numpy

    points = numpy.array([x, y]).T
    points = points[numpy.isfinite(points).all(axis=1)]
    steps = numpy.linalg.norm(numpy.diff(points, axis=0) / (numpy.ptp(points, axis=0) + 1e-300), axis=1) if len(points) > 1 else []
    if numpy.sum(steps) > 0:
        middle = int(numpy.searchsorted(numpy.cumsum(steps), numpy.sum(steps) / 2))
        _arrow(axes, points[middle], points[middle + 1], colour)


def _scatter(axes: Axes, figure: Mapping[str, Any]) -> None:
    for number, series in enumerate(_series(figure)):
        many = len(series["x"]) > 300
        axes.scatter(
            _numbers(series["x"]),
            _numbers(series["y"]),
            marker=_MARKERS[number % 6],
            s=8 if many else 20,
            alpha=0.6 if many else 0.85,
            linewidths=0,
            label=str(series.get("label", "")),
            rasterized=len(series["x"]) > _VECTOR_LIMIT,
        )
    if figure["data"].get("diagonal"):
        limits = axes.dataLim.frozen()
        axes.axline((1, 1), (2, 2), color=COLOURS["faint"][0], linewidth=0.8, zorder=0)
        axes.dataLim.set(limits)  # the line passes through (2, 2), which are no data
    _finish(axes, figure)


def _bars(axes: Axes, figure: Mapping[str, Any]) -> None:
    all_series = _series(figure)
    names = list(dict.fromkeys(itertools.chain.from_iterable(series["x"] for series in all_series)))
    if all(isinstance(name, int | float) for name in names):
        names.sort()
    width, foot = 0.8 / max(1, len(all_series)), _foot(all_series) if figure.get("log_y") else 0.0
    for number, series in enumerate(all_series):
        places = [names.index(name) + (number - (len(all_series) - 1) / 2) * width for name in series["x"]]
        hatch = ("", "///", "...", "\\\\\\", "xxx", "+++")[number % 6]
        values = [value - foot for value in _numbers(series["y"])]
        label = str(series.get("label", ""))
        axes.bar(places, values, width, foot, label=label, hatch=hatch, edgecolor="#ffffff", linewidth=0)
    _ticks(axes.xaxis, names)
    _finish(axes, figure, places=[float(name) if isinstance(name, int | float) else math.nan for name in names])


def _foot(all_series: Sequence[Mapping[str, Any]]) -> float:
    """Where bars on a logarithmic axis begin, which has no 0: at the power of ten below the least of them."""
    values = [value for series in all_series for value in _numbers(series["y"]) if 0 < value < math.inf]
    return 10.0 ** (math.ceil(math.log10(min(values))) - 1) if values else 0.0


def _heatmap(axes: Axes, figure: Mapping[str, Any]) -> None:
    from reports.heatmap import Cells

    cells = Cells.read(figure["data"])
    cells.paint(axes, rasterized=cells.count > _VECTOR_LIMIT)
    _ticks(axes.xaxis, cells.x)
    _ticks(axes.yaxis, cells.y)
    axes.spines[:].set_visible(False)
    _label(axes, figure)
    _mark_cells(axes, figure, cells)


def _graph(axes: Axes, figure: Mapping[str, Any]) -> None:
    import networkx

    graph = networkx.DiGraph() if figure["data"].get("directed") else networkx.Graph()
    for node in figure["data"]["nodes"]:
        graph.add_node(node["id"], label=str(node.get("label", node["id"])), group=node.get("group", 0), at=node.get("at"))
    known, located = set(graph), all(place is not None for _, place in graph.nodes(data="at"))
    for first, second in figure["data"]["edges"]:
        if not {first, second} <= known:
            raise FigureError(f"the edge {first!r}, {second!r} joins a node that the figure does not have")
        graph.add_edge(first, second)
    groups = _groups(graph)
    layered = len(groups) > 1 and all(graph.nodes[a]["group"] != graph.nodes[b]["group"] for a, b in graph.edges)
    columns = {group: members[::-1] for group, members in groups.items()}  # the first node on top
    if located:
        places: Mapping[Any, Any] = {node: tuple(_numbers(entry["at"])) for node, entry in graph.nodes(data=True)}
    else:
        places = networkx.multipartite_layout(graph, columns) if layered else networkx.spring_layout(graph, seed=0)
    for first, second in graph.edges:
        if graph.is_directed():
            _arrow(axes, places[first], places[second], COLOURS["series5"][0], gap=7)
        else:
            axes.plot(*zip(places[first], places[second], strict=True), color=COLOURS["faint"][0], linewidth=1, zorder=1)
    for number, (group, members) in enumerate(groups.items()):
        label = str(group) if len(groups) > 1 else ""
        points = [places[node] for node in members]
        axes.scatter(*zip(*points, strict=True), marker=_MARKERS[number % 6], s=110, label=label, zorder=2, linewidths=0)
    if len(graph) <= 60:
        for node in graph:
            across, up = places[node]
            axes.annotate(
                textwrap.fill(graph.nodes[node]["label"], 20),
                (across, up),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                fontsize=8,
            )
    axes.margins(0.12)
    if located:
        axes.grid(True, linewidth=0.6)
        _label(axes, figure)
    else:
        axes.axis("off")
    _legend(axes)


def _groups(graph: networkx.Graph) -> dict[Any, list[Any]]:
    """The nodes by group, groups in the order of their numbers or else as they come."""
    groups: dict[Any, list[Any]] = {}
    for node, group in graph.nodes(data="group"):
        groups.setdefault(group, []).append(node)
    numeric = all(isinstance(group, int | float) for group in groups)
    return dict(sorted(groups.items())) if numeric else groups


_KINDS = {"lines": _lines, "scatter": _scatter, "bars": _bars, "heatmap": _heatmap, "graph": _graph}


# --- parts --------------------------------------------------------------------------------------------------------


def _series(figure: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    all_series = figure["data"]["series"]
    if not all_series:
        raise FigureError("the figure has no series")
    for series in all_series:
        if len(series["x"]) != len(series["y"]):
            raise FigureError(f"series {series.get('label', '')!r}: expected as many x as y, got {len(series['x'])} and {len(series['y'])}")
    return all_series


def _numbers(values: Sequence[Any]) -> list[float]:
    """Numbers, with NaN for what is not finite; exact values written ``p/q`` count."""
    return [_float(value) for value in values]


def _float(value: Any) -> float:
    from fractions import Fraction

    if value is None or isinstance(value, bool):
        return math.nan
    try:
        number = float(Fraction(value) if isinstance(value, str) and "/" in value else value)
    except (ValueError, ZeroDivisionError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _finish(axes: Axes, figure: Mapping[str, Any], places: Sequence[float] | None = None) -> None:
    axes.grid(True, linewidth=0.6)
    if figure.get("log_x") and places is None:
        _logarithmic(axes.set_xscale, axes.xaxis, axes.dataLim.intervalx)
    if figure.get("log_y"):
        _logarithmic(axes.set_yscale, axes.yaxis, axes.dataLim.intervaly)
    _whole_numbers(axes, figure, places)
    _label(axes, figure)
    for mark in figure.get("marks", ()):
        _mark(axes, mark, places)
    _legend(axes)


def _whole_numbers(axes: Axes, figure: Mapping[str, Any], places: Sequence[float] | None) -> None:
    """No tick at 2.5 where all values are whole."""
    from matplotlib.ticker import MaxNLocator

    for coordinate, axis, skip in (("x", axes.xaxis, places is not None or figure.get("log_x")), ("y", axes.yaxis, figure.get("log_y"))):
        values = [value for series in figure["data"]["series"] for value in series[coordinate]]
        if not skip and all(value is None or isinstance(value, int) for value in values):
            axis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))


def _logarithmic(set_scale: Callable[..., None], axis: Any, interval: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if not interval[1] > 0:
        return  # nothing positive to show on a logarithmic axis
    set_scale("log", nonpositive="mask")
    if 0 < interval[0] and interval[1] < 100 * interval[0]:  # hardly a power of ten in view
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axis.set_minor_locator(NullLocator())  # ticks without a name take longer than all else


def _short(value: Any) -> str:
    from reports.wording import number

    return number(value) if isinstance(value, int | float) else str(value)


def _label(axes: Axes, figure: Mapping[str, Any]) -> None:
    axes.set_xlabel(figure.get("x_label", ""))
    axes.set_ylabel(figure.get("y_label", ""))


def _legend(axes: Axes) -> None:
    """Names under the axes, below their label."""
    from matplotlib.transforms import ScaledTranslation

    handles, labels = _named(axes)
    if labels:
        under = _under(axes) if axes.axison else _PAD
        place = axes.transAxes + ScaledTranslation(0, -under / 72, axes.figure.dpi_scale_trans)
        axes.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=place, ncols=_columns(labels), fontsize=9)


def _named(axes: Axes) -> tuple[list[Any], list[str]]:
    """What a legend shows, and how it is called."""
    handles, labels = axes.get_legend_handles_labels()
    named = [(handle, label) for handle, label in zip(handles, labels, strict=True) if label and not label.startswith("_")]
    return [handle for handle, _ in named], [label for _, label in named]


def _columns(labels: Sequence[str]) -> int:
    """As many columns, at most three, as the longest name leaves room for."""
    room = 72 * _WIDTH / (40 + _LEGEND_CHARACTER * max(map(len, labels)))
    return max(1, min(3, len(labels), int(room)))


def _ticks(axis: Any, names: Sequence[Any], limit: int = 14) -> None:
    """Names at 0, 1, 2, ..., thinned where there are many."""
    texts = [_short(name) for name in names]
    if axis.axis_name == "x":  # side by side, so that long ones need room
        limit = max(2, min(limit, int(60 * _WIDTH / (_CHARACTER * (1.5 + max(map(len, texts), default=0))))))
    step = max(1, math.ceil(len(names) / limit))
    axis.set_ticks(list(range(0, len(names), step)), texts[::step])


def _mark(axes: Axes, mark: Mapping[str, Any], places: Sequence[float] | None) -> None:
    """A predicted value as a dashed line with its label."""
    line = {"color": COLOURS["ink"][0], "linewidth": 1.1, "linestyle": (0, (4, 3))}
    if "y" in mark and "x" not in mark:
        axes.axhline(_float(mark["y"]), **line)
        axes.annotate(str(mark["label"]), (1, _float(mark["y"])), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=9)
        return
    x = _float(mark["x"]) if places is None else _between(places, _float(mark["x"]))
    axes.axvline(x, **line)
    axes.annotate(str(mark["label"]), (x, 1.01), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=9)


def _mark_cells(axes: Axes, figure: Mapping[str, Any], cells: Cells) -> None:
    """Predicted transitions on a heat map, before the first column beyond them: one place for all rows, or one for each."""
    white = {"color": "#ffffff", "linewidth": 2.6}
    dark = {"color": "#16181b", "linewidth": 1.2, "linestyle": (0, (4, 3))}
    columns = [_float(value) for value in cells.x]
    for mark in figure.get("marks", ()):
        if "x" not in mark:
            continue
        rows = mark["x"] if isinstance(mark["x"], list) else [mark["x"]] * len(cells.y)
        places = [_between(columns, _float(value)) - 0.5 for value in rows]
        xs = [place for place in places for _ in range(2)]
        ys = [row + side for row in range(len(places)) for side in (-0.5, 0.5)]
        for line in (white, dark):
            axes.plot(xs, ys, solid_capstyle="butt", **line)
        axes.annotate(str(mark["label"]), (xs[-1], 1.01), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=9)


def _between(names: Sequence[float], value: float) -> float:
    """Where ``value`` lies on an axis whose places 0, 1, 2, ... carry increasing ``names``."""
    import numpy

    if not names or any(math.isnan(name) for name in names):
        raise FigureError("a mark needs a numeric axis")
    return float(numpy.interp(value, names, range(len(names))))
