"""Figures as data, drawn as SVG: readable in the dark, without colour vision, and without the picture (alt text)."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.canvas import COLOURS, DASHES, HEIGHT, WIDTH, Canvas, Point
from reports.heatmap import SCALE_GAP, SCALE_WIDTH, Cells
from reports.scales import Scale, Ticks, over
from reports.wording import number

__all__ = ["COLOURS", "LONGEST", "FigureError", "draw", "drawn"]

#: Lines of at most so many points have marks at them; more points than this are small, and many more are drawn once a point of the picture.
_MARKED, _SMALL, _CROWDED = 60, 300, 4000
#: Widths of a character and heights of a line, in points: of labels and ticks at 11 points, and of a legend at 9.
_CHARACTER, _LINE, _LEGEND_CHARACTER, _LEGEND_LINE = 6.4, 17.0, 5.3, 16.0
#: Width of a character at the nodes of a graph; around everything; between axes and tick labels; the length of a tick.
_NODE_CHARACTER, _PAD, _TICK, _TICK_LENGTH = 4.7, 8.0, 7.0, 3.5
#: What a legend needs beside a name; radii of marks at points and at nodes.
_HANDLE, _POINT, _NODE = 40.0, 2.6, 5.2
#: Characters in a line at a node, at most.
_NODE_LINE = 20


class FigureError(ValueError):
    """The data of a figure do not make the picture that its kind asks for."""


def draw(figure: Mapping[str, Any]) -> str:
    """``figure`` (an entry of ``figures`` in results.json) as an SVG document.

    :raises FigureError: when its data are incomplete or of unequal lengths.
    """
    figure = _with_short_texts(figure)
    try:
        return _KINDS[figure["kind"]](figure)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, FigureError):
            raise
        raise FigureError(f"a {figure['kind']} figure cannot be drawn from its data: {type(error).__name__} {error}") from error


def drawn(figure: Mapping[str, Any]) -> tuple[str, str]:
    """``figure`` as (SVG, ""), or ("", why it cannot be drawn)."""
    try:
        return draw(figure), ""
    except FigureError as error:
        return "", str(error)


#: Characters of a text in a picture.
LONGEST = 200


def _with_short_texts(node: Any) -> Any:
    """The data with their texts cut; a long fraction is a number, not a text."""
    if isinstance(node, str):
        return node if len(node) <= LONGEST or node.lstrip("-").replace("/", "", 1).isdigit() else node[: LONGEST - 1] + "…"
    if isinstance(node, Mapping):
        return {key: _with_short_texts(value) for key, value in node.items()}
    return [_with_short_texts(value) for value in node] if isinstance(node, list) else node


# --- axes ---------------------------------------------------------------------------------------------------------

#: The name of an entry of a legend, and what draws its sign from a point on.
_Entry = tuple[str, Callable[[Canvas, float, float], None]]


@dataclass(frozen=True, slots=True)
class _Plot:
    """A canvas with its scales in place, and where the axes end."""

    canvas: Canvas
    x: Scale
    y: Scale

    def place(self, x: float, y: float) -> Point:
        """Where a point lies."""
        return self.x.at(x), self.y.at(y)

    def points(self, series: Mapping[str, Any]) -> list[Point]:
        """Where the points of a series lie."""
        return [self.place(x, y) for x, y in zip(_numbers(series["x"]), _numbers(series["y"]), strict=True)]

    def mark(self, label: str, x: float) -> None:
        """A predicted value as a dashed line from top to bottom, its label above."""
        place = self.x.at(x)
        self.canvas.line([(place, self.y.start), (place, self.y.stop)], "ink", 1.1, "4.4 3.3")
        self.above(label, place)

    def level(self, label: str, y: float) -> None:
        """A predicted value as a dashed line from left to right, its label at the right."""
        place = self.y.at(y)
        self.canvas.line([(self.x.start, place), (self.x.stop, place)], "ink", 1.1, "4.4 3.3")
        self.canvas.text(self.x.stop, place - 3, label, "end", 9)

    def above(self, label: str, place: float) -> None:
        """A label over the axes, inside the picture."""
        half = _LEGEND_CHARACTER * len(label) / 2
        self.canvas.text(min(max(place, half), WIDTH - half), self.y.stop - 3, label, size=9)


def _plot(figure: Mapping[str, Any], x: Scale, y: Scale, ticks: tuple[Ticks | None, Ticks], legend: Sequence[_Entry], *, scale: float = 0.0,
          grid: bool = True) -> _Plot:  # fmt: skip
    """Axes with ticks (``None``: as many as there is room for), labels and legend, ``scale`` points left free to the right of them."""
    canvas = Canvas()
    along, up = ticks
    x_label, y_label = figure.get("x_label", ""), figure.get("y_label", "")
    left = _PAD + _TICK + _CHARACTER * max((len(name) for _, name in up), default=0) + _LINE * bool(y_label)
    right = scale or _PAD + 2 * _CHARACTER  # half of the last tick label
    under = _TICK + _LINE + _LINE * bool(x_label)
    left, right, bottom, top = _inside(left, right, _PAD + under + _legend_height(legend), _PAD + _LINE)
    plot = _Plot(canvas, x.between(left, right), y.between(bottom, top))
    along = _fitting(plot.x, figure) if along is None else along
    for value, _ in along if grid else ():
        canvas.line([(plot.x.at(value), bottom), (plot.x.at(value), top)], "grid", 0.6)
    for value, _ in up if grid else ():
        canvas.line([(left, plot.y.at(value)), (right, plot.y.at(value))], "grid", 0.6)
    if grid:
        canvas.line([(left, top), (left, bottom), (right, bottom)], "faint", 0.8)
    for value, name in along:
        place = plot.x.at(value)
        canvas.line([(place, bottom), (place, bottom + _TICK_LENGTH)], "ink", 0.8)
        canvas.text(place, bottom + _TICK + 8, name)
    for value, name in up:
        place = plot.y.at(value)
        canvas.line([(left, place), (left - _TICK_LENGTH, place)], "ink", 0.8)
        canvas.text(left - _TICK, place + 4, name, "end")
    canvas.text((left + right) / 2, bottom + _TICK + _LINE + 8, x_label) if x_label else None
    canvas.text(_PAD + 8, (bottom + top) / 2, y_label, turned=True) if y_label else None
    _legend(canvas, legend, (left + right) / 2, bottom + under)
    return plot


def _inside(left: float, right: float, below: float, above: float) -> tuple[float, float, float, float]:
    """The sides of axes with these margins, which never take more than three quarters of the picture."""
    across, down = min(1.0, 0.75 * WIDTH / (left + right)), min(1.0, 0.75 * HEIGHT / (below + above))
    return across * left, WIDTH - across * right, HEIGHT - down * below, down * above


def _fitting(scale: Scale, figure: Mapping[str, Any]) -> Ticks:
    """As many ticks as stand side by side."""
    whole = _whole(figure, "x")
    for most in (8, 6, 5, 4, 3):
        ticks = scale.ticks(most, whole=whole)
        if sum(_CHARACTER * (len(name) + 1.5) for _, name in ticks) <= scale.stop - scale.start:
            break
    return ticks


def _whole(figure: Mapping[str, Any], coordinate: str) -> bool:
    """Whether all values are whole numbers, so that no tick belongs at 2.5."""
    return all(value is None or isinstance(value, int) for series in figure["data"]["series"] for value in series[coordinate])


def _legend(canvas: Canvas, entries: Sequence[_Entry], centre: float, top: float) -> None:
    """Names under the axes, below their label, in columns."""
    columns = _columns(entries)
    rows = [entries[start : start + columns] for start in range(0, len(entries), columns)]
    widths = [
        _HANDLE + _LEGEND_CHARACTER * max(len(row[at][0]) for row in rows if at < len(row)) for at in range(min(columns, len(entries)))
    ]
    start = max(_PAD, min(centre - sum(widths) / 2, WIDTH - _PAD - sum(widths)))
    for line, row in enumerate(rows):
        x, y = start, top + _PAD + _LEGEND_LINE * line
        for (name, sign), width in zip(row, widths, strict=False):
            sign(canvas, x, y)
            canvas.text(x + 28, y + 3, name, "start", 9)
            x += width


def _legend_height(entries: Sequence[_Entry]) -> float:
    return _LEGEND_LINE * math.ceil(len(entries) / _columns(entries)) + _PAD if entries else 0.0


def _columns(entries: Sequence[_Entry]) -> int:
    """As many columns, at most three, as the longest name leaves room for."""
    room = WIDTH / (_HANDLE + _LEGEND_CHARACTER * max((len(name) for name, _ in entries), default=0))
    return max(1, min(3, len(entries), int(room)))


def _named(entries: Sequence[_Entry]) -> list[_Entry]:
    """Those that a legend shows."""
    return [(name, sign) for name, sign in entries if name and not name.startswith("_")]


# --- kinds --------------------------------------------------------------------------------------------------------


def _lines(figure: Mapping[str, Any]) -> str:
    def sign(series: int, marked: bool) -> Callable[[Canvas, float, float], None]:
        def draw(canvas: Canvas, x: float, y: float) -> None:
            canvas.line([(x, y), (x + 22, y)], f"series{series}", 1.6, DASHES[series])
            if marked:
                canvas.marks([(x + 11, y)], series, _POINT)

        return draw

    all_series = _series(figure)
    plot = _numeric(figure, [(_name(series), sign(place % 6, len(series["x"]) <= _MARKED)) for place, series in enumerate(all_series)])
    for place, series in enumerate(all_series):
        points = plot.points(series)
        plot.canvas.line(points, f"series{place % 6}", 1.6, DASHES[place % 6])
        if len(points) <= _MARKED:
            plot.canvas.marks(points, place % 6, _POINT)
        if series.get("directed"):
            _half_way(plot.canvas, points, f"series{place % 6}")
    return _marked(plot, figure)


def _half_way(canvas: Canvas, points: Sequence[Point], colour: str) -> None:
    """The head of an arrow in the middle of a path, as far as the eye sees its length."""
    known = [point for point in points if math.isfinite(point[0]) and math.isfinite(point[1])]
    steps = list(itertools.accumulate(itertools.starmap(math.dist, itertools.pairwise(known))))
    if steps and steps[-1] > 0:
        middle = next(place for place, length in enumerate(steps) if 2 * length >= steps[-1])
        canvas.arrow(known[middle], known[middle + 1], colour)


def _scatter(figure: Mapping[str, Any]) -> str:
    all_series = _series(figure)

    def sign(series: int) -> Callable[[Canvas, float, float], None]:
        return lambda canvas, x, y: canvas.marks([(x + 11, y)], series, _POINT)

    plot = _numeric(figure, [(_name(series), sign(place % 6)) for place, series in enumerate(all_series)])
    if figure["data"].get("diagonal"):
        low, high = max(plot.x.low, plot.y.low), min(plot.x.high, plot.y.high)
        if low < high:
            plot.canvas.line([plot.place(low + (high - low) * n / 32, low + (high - low) * n / 32) for n in range(33)], "faint", 0.8)
    for place, series in enumerate(all_series):
        points = plot.points(series)
        if len(points) > _CROWDED:
            points = list(dict.fromkeys((round(x), round(y)) for x, y in points if math.isfinite(x) and math.isfinite(y)))
        many = len(points) > _SMALL
        plot.canvas.marks(points, place % 6, _POINT / 2 if many else _POINT, 0.6 if many else 0.85)
    return _marked(plot, figure)


def _numeric(figure: Mapping[str, Any], entries: Sequence[_Entry]) -> _Plot:
    """Axes over all values of the series and the marks on them."""
    values = {"x": [_float(mark["x"]) for mark in figure.get("marks", ()) if "x" in mark], "y": _levels(figure)}
    for series in figure["data"]["series"]:
        for coordinate, found in values.items():
            found += _numbers(series[coordinate])
    x, y = (over(values[coordinate], logarithmic=bool(figure.get(f"log_{coordinate}"))) for coordinate in "xy")
    return _plot(figure, x, y, (None, y.ticks(6, whole=_whole(figure, "y"))), _named(entries))


def _levels(figure: Mapping[str, Any]) -> list[float]:
    """The predicted values that are drawn from left to right."""
    return [_float(mark["y"]) for mark in figure.get("marks", ()) if _is_level(mark)]


def _is_level(mark: Mapping[str, Any]) -> bool:
    return "y" in mark and "x" not in mark


def _marked(plot: _Plot, figure: Mapping[str, Any], across: Callable[[float], float] = lambda x: x) -> str:
    """The picture, with its predicted values; ``across`` says where one lies on the axis."""
    for mark in figure.get("marks", ()):
        if _is_level(mark):
            plot.level(str(mark["label"]), _float(mark["y"]))
        else:
            plot.mark(str(mark["label"]), across(_float(mark["x"])))
    return plot.canvas.document()


def _bars(figure: Mapping[str, Any]) -> str:
    all_series = _series(figure)
    names = list(dict.fromkeys(itertools.chain.from_iterable(series["x"] for series in all_series)))
    if all(isinstance(name, int | float) for name in names):
        names.sort()
    width = 0.8 / len(all_series)
    heights = [_numbers(series["y"]) for series in all_series]
    shown = [*itertools.chain.from_iterable(heights), *_levels(figure)]
    logarithmic = bool(figure.get("log_y"))
    y = over([*shown, *(_decade_below(shown) if logarithmic else ())], logarithmic=logarithmic, base=0.0)
    x = over([-0.4, len(names) - 0.6])

    def sign(series: int) -> Callable[[Canvas, float, float], None]:
        return lambda canvas, x, y: canvas.box(x + 3, y - 4, 18, 8, _hatched(canvas, series))

    entries = _named([(_name(series), sign(place % 6)) for place, series in enumerate(all_series)])
    plot = _plot(figure, x, y, (_thinned(names), y.ticks(6, whole=_whole(figure, "y"))), entries)
    foot = plot.y.start if y.logarithmic else plot.y.at(0.0)
    for place, (series, values) in enumerate(zip(all_series, heights, strict=True)):
        for name, value in zip(series["x"], values, strict=True):
            top = plot.y.at(value)
            if math.isfinite(top):
                left = plot.x.at(names.index(name) + (place - len(all_series) / 2) * width)
                fill = _hatched(plot.canvas, place % 6)
                plot.canvas.box(left, min(top, foot), plot.x.at(width) - plot.x.at(0.0), abs(foot - top), fill)
    places = [float(name) if isinstance(name, int | float) else math.nan for name in names]
    return _marked(plot, figure, lambda x: _between(places, x))


def _decade_below(values: Sequence[float]) -> list[float]:
    """Where bars on a logarithmic axis begin, which has no 0: at the power of ten below the least of them."""
    positive = [value for value in values if 0 < value < math.inf]
    return [10.0 ** (math.ceil(math.log10(min(positive))) - 1)] if positive else []


#: White lines over the bars of the second series and those that follow.
_HATCHES = ("", "M-1 7L7-1", "M2 3h2", "M-1-1L7 7", "M-1 7L7-1M-1-1L7 7", "M3 0V6M0 3H6")


def _hatched(canvas: Canvas, number: int) -> str:
    """What to fill the bars of a series with: its colour, with lines of its own from the second series on."""
    if not _HATCHES[number]:
        return f"series{number}"
    colour = COLOURS[f"series{number}"][0]
    lines = f'<rect width="6" height="6" fill="{colour}"/><path d="{_HATCHES[number]}" stroke="#fff" stroke-width="1.2"/>'
    return canvas.define(f"h{number}", f'<pattern id="h{number}" width="6" height="6" patternUnits="userSpaceOnUse">{lines}</pattern>')


def _heatmap(figure: Mapping[str, Any]) -> str:
    cells = Cells.read(figure["data"])
    x, y = over([-0.5, len(cells.x) - 0.5], margin=0.0), over([-0.5, len(cells.y) - 0.5], margin=0.0)
    values = cells.ticks()
    beside = (
        SCALE_GAP + SCALE_WIDTH + _TICK + _CHARACTER * max((len(name) for _, name in values), default=0) + _PAD + _LINE * bool(cells.label)
    )
    plot = _plot(figure, x, y, (_thinned(cells.x), _thinned(cells.y, side_by_side=False)), (), scale=beside if values else 0.0, grid=False)
    cells.paint(plot.canvas, plot.x, plot.y)
    if values:
        cells.explain(plot.canvas, plot.x.stop + SCALE_GAP, plot.y.stop, plot.y.start)
        plot.canvas.text(WIDTH - _PAD, (plot.y.start + plot.y.stop) / 2, cells.label, turned=True) if cells.label else None
    columns = [_float(value) for value in cells.x]
    for mark in figure.get("marks", ()):
        if "x" in mark:
            _transition(plot, mark, columns, len(cells.y))
    return plot.canvas.document()


def _transition(plot: _Plot, mark: Mapping[str, Any], columns: Sequence[float], rows: int) -> None:
    """A predicted transition on a heat map, before the first column beyond it: one place for all rows, or one for each."""
    at = mark["x"] if isinstance(mark["x"], list) else [mark["x"]] * rows
    places = [_between(columns, _float(value)) - 0.5 for value in at]
    points = [plot.place(place, row + side) for row, place in enumerate(places) for side in (-0.5, 0.5)]
    plot.canvas.line(points, "#ffffff", 2.6)
    plot.canvas.line(points, "#16181b", 1.2, "4.8 3.6")
    plot.above(str(mark["label"]), points[-1][0])


def _graph(figure: Mapping[str, Any]) -> str:
    data = figure["data"]
    nodes = {node["id"]: node for node in data["nodes"]}
    for first, second in data["edges"]:
        if not {first, second} <= nodes.keys():
            raise FigureError(f"the edge {first!r}, {second!r} joins a node that the figure does not have")
    groups = _groups(nodes)
    located = all(node.get("at") is not None for node in nodes.values())
    columns = [] if located else _layers(groups, data["edges"])
    if located:
        places: Mapping[Any, Point] = {key: (_float(node["at"][0]), _float(node["at"][1])) for key, node in nodes.items()}
    else:
        places = _in_columns(columns) if columns else _held_by_springs(nodes, data["edges"])
    x = over((place[0] for place in places.values()), margin=0.0 if columns else 0.12)
    y = over((place[1] for place in places.values()), margin=0.12)

    def sign(series: int) -> Callable[[Canvas, float, float], None]:
        return lambda canvas, x, y: canvas.marks([(x + 11, y)], series, _NODE)

    entries = _named([(str(group), sign(place % 6)) for place, group in enumerate(groups)]) if len(groups) > 1 else []
    room = min(_NODE_LINE, int(WIDTH / (_NODE_CHARACTER * max(1, len(columns))) - 1))  # columns of labels stand side by side
    texts = {
        key: textwrap.wrap(str(node.get("label", key)).replace("\N{NO-BREAK SPACE}", " "), room, break_on_hyphens=False)
        for key, node in nodes.items()
        if len(nodes) <= _MARKED
    }
    if located:
        plot = _plot(figure, x, y, (x.ticks(6), y.ticks(6)), entries)
    else:
        side = _PAD + _NODE_CHARACTER / 2 * max((len(line) for lines in texts.values() for line in lines), default=0)
        left, right, bottom, top = _inside(side, side, _PAD + _legend_height(entries), _PAD + _LINE)
        plot = _Plot(Canvas(), x.between(left, right), y.between(bottom, top))
        _legend(plot.canvas, entries, (left + right) / 2, bottom)
    at = {key: plot.place(*place) for key, place in places.items()}
    for first, second in data["edges"]:
        if data.get("directed"):
            plot.canvas.arrow(at[first], at[second], "series5", gap=7)
        else:
            plot.canvas.line([at[first], at[second]], "faint")
    for place, members in enumerate(groups.values()):
        plot.canvas.marks([at[key] for key in members], place % 6, _NODE)
    for key, lines in texts.items():
        for height, line in enumerate(reversed(lines)):
            plot.canvas.text(at[key][0], at[key][1] - 9 - 9.5 * height, line, size=8)
    return plot.canvas.document()


def _groups(nodes: Mapping[Any, Mapping[str, Any]]) -> dict[Any, list[Any]]:
    """The nodes by group, groups in the order of their numbers or else as they come."""
    groups: dict[Any, list[Any]] = {}
    for key, node in nodes.items():
        groups.setdefault(node.get("group", 0), []).append(key)
    numeric = all(isinstance(group, int | float) for group in groups)
    return dict(sorted(groups.items())) if numeric else groups


def _layers(groups: Mapping[Any, list[Any]], edges: Sequence[Any]) -> list[list[Any]]:
    """The groups as columns, in the order of their names, where there are several and no edge stays within one; else none."""
    group_of = {key: group for group, members in groups.items() for key in members}
    if len(groups) < 2 or any(group_of[first] == group_of[second] for first, second in edges):
        return []
    return [groups[group] for group in (sorted(groups) if all(isinstance(group, str) for group in groups) else groups)]


def _in_columns(columns: Sequence[Sequence[Any]]) -> dict[Any, Point]:
    """Places of nodes in columns side by side, the first of each on top."""
    places = (
        (key, (float(across), (len(members) - 1) / 2 - row)) for across, members in enumerate(columns) for row, key in enumerate(members)
    )
    return dict(places)


def _held_by_springs(nodes: Mapping[Any, Any], edges: Sequence[Any]) -> dict[Any, Point]:
    """Places of nodes as springs along the edges hold them."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(map(tuple, edges))
    return {key: (float(x), float(y)) for key, (x, y) in networkx.spring_layout(graph, seed=0).items()}


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "lines": _lines, "scatter": _scatter, "bars": _bars, "heatmap": _heatmap, "graph": _graph,
}  # fmt: skip


# --- parts --------------------------------------------------------------------------------------------------------


def _series(figure: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    all_series = figure["data"]["series"]
    if not all_series:
        raise FigureError("the figure has no series")
    for series in all_series:
        if len(series["x"]) != len(series["y"]):
            raise FigureError(f"series {series.get('label', '')!r}: expected as many x as y, got {len(series['x'])} and {len(series['y'])}")
    return all_series


def _name(series: Mapping[str, Any]) -> str:
    return str(series.get("label", ""))


def _numbers(values: Sequence[Any]) -> list[float]:
    """Numbers, with NaN for what is not finite; exact values written ``p/q`` count."""
    return [_float(value) for value in values]


def _float(value: Any) -> float:
    from fractions import Fraction

    if value is None or isinstance(value, bool):
        return math.nan
    try:
        found = float(Fraction(value) if isinstance(value, str) and "/" in value else value)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def _thinned(names: Sequence[Any], limit: int = 14, *, side_by_side: bool = True) -> Ticks:
    """Names at 0, 1, 2, ..., thinned where there are many; side by side, long ones need room."""
    texts = [number(name) if isinstance(name, int | float) else str(name) for name in names]
    if side_by_side:
        limit = max(2, min(limit, int(0.83 * WIDTH / (_CHARACTER * (1.5 + max(map(len, texts), default=0))))))
    step = max(1, math.ceil(len(texts) / limit))
    return [(float(place), texts[place]) for place in range(0, len(texts), step)]


def _between(names: Sequence[float], value: float) -> float:
    """Where ``value`` lies on an axis whose places 0, 1, 2, ... carry increasing ``names``."""
    if not names or any(math.isnan(name) for name in names):
        raise FigureError("a mark needs a numeric axis")
    if not names[0] < value:
        return 0.0
    above = next((place for place, name in enumerate(names) if value <= name), None)
    if above is None:
        return float(len(names) - 1)
    return above - (names[above] - value) / (names[above] - names[above - 1])
