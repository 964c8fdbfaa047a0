"""Scales and ticks, and pictures read back: what is drawn lies where its axes say."""

import math
import re
from xml.etree import ElementTree

import pytest
from synthetic_results import figure

from reports.figures import draw
from reports.heatmap import Cells
from reports.scales import over

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("values", "options", "names"),
    [
        ([0, 10], {}, ["0", "2", "4", "6", "8", "10"]),
        ([0.0, 1.0], {}, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([1.0001, 1.0003], {}, ["1.00010", "1.00015", "1.00020", "1.00025", "1.00030"]),
        ([-3, 3], {}, ["−3", "−2", "−1", "0", "1", "2", "3"]),
        ([1e-3, 1e3], {"logarithmic": True}, ["0.001", "0.01", "0.1", "1", "10", "100", "1\u202f000"]),
        ([1, 30], {"logarithmic": True}, ["1", "2", "5", "10", "20"]),
        ([1e-300, 1], {"logarithmic": True}, ["10⁻³⁰⁰", "10⁻²⁵⁰", "10⁻²⁰⁰", "10⁻¹⁵⁰", "10⁻¹⁰⁰", "10⁻⁵⁰", "1"]),
        ([2e6, 4e6], {}, ["2 × 10⁶", "2.5 × 10⁶", "3 × 10⁶", "3.5 × 10⁶", "4 × 10⁶"]),
    ],
)
def test_ticks_are_those_that_a_reader_would_choose(values, options, names):
    assert [name for _, name in over(values, **options).ticks(7)] == names


def test_whole_numbers_have_whole_ticks():
    assert [name for _, name in over([1, 3]).ticks(7, whole=True)] == ["1", "2", "3"]


@pytest.mark.parametrize("values", [[], [0.0], [5e-324], [1.7e308, -1.7e308], [math.nan], [7, 7], [1e15, 1e15 + 1], [-1e-9, 1e-9]])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_every_range_has_a_scale(values, logarithmic):
    scale = over(values, logarithmic=logarithmic)
    ticks = scale.ticks(7)
    assert 2 <= len(ticks) <= 16 and len({name for _, name in ticks}) == len(ticks)
    places = [scale.at(value) for value, _ in ticks]
    assert places == sorted(places) and all(-1e-6 <= place <= 1 + 1e-6 for place in places)


def axes(svg):
    """From a place in the picture to the values there, by the ticks of both axes, as a reader takes them."""
    texts = [text for text in ElementTree.fromstring(svg).iter(f"{SVG}text") if text.get("x") and "font-size" not in text.attrib]
    number = re.compile(r"−?[\d.]+")
    ticks = {
        anchor: [text for text in texts if text.get("text-anchor") == anchor and number.fullmatch(text.text)]
        for anchor in ("middle", "end")
    }
    lines = []
    for anchor, coordinate, shift in (("middle", "x", 0), ("end", "y", -4)):
        pairs = [(float(text.get(coordinate)) + shift, float(text.text.replace("−", "-"))) for text in ticks[anchor]]
        lines.append((pairs[0], pairs[-1]))
    return lines


def read(line, place, logarithmic=False):
    (first, low), (last, high) = line
    if logarithmic:
        low, high = math.log(low), math.log(high)
    value = low + (high - low) * (place - first) / (last - first)
    return math.exp(value) if logarithmic else value


@pytest.mark.parametrize(("log_x", "log_y"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_drawn_curve_satisfies_its_equation(log_x, log_y):
    x = [0.5 + n / 10 for n in range(100)]
    data = {"series": [{"label": "", "x": x, "y": [value**2 for value in x]}]}
    svg = draw(figure("lines", data=data, marks=[], log_x=log_x, log_y=log_y))
    across, up = axes(svg)
    path = next(node.get("d") for node in ElementTree.fromstring(svg).iter(f"{SVG}path") if node.get("class") == "stroke-series0")
    points = [tuple(map(float, point.split())) for point in path[1:].split("L")]
    assert len(points) == 100
    for (left, top), drawn in zip(points, x, strict=True):
        found = read(across, left, log_x)
        assert found == pytest.approx(drawn, abs=0.01)
        assert read(up, top, log_y) == pytest.approx(found**2, abs=0.02 * (1 + 2 * found))


def test_points_lie_on_the_diagonal_where_prediction_and_measurement_agree():
    values = [3, 14, 15, 92, 65]
    svg = draw(figure("scatter", data={"series": [{"label": "a", "x": values, "y": values}], "diagonal": True}, marks=[]))
    across, up = axes(svg)
    uses = [(float(use.get("x")), float(use.get("y"))) for use in ElementTree.fromstring(svg).iter(f"{SVG}use")][
        1:
    ]  # the first one explains
    assert [(round(read(across, x)), round(read(up, y))) for x, y in uses] == [(value, value) for value in values]
    line = next(
        node.get("d")
        for node in ElementTree.fromstring(svg).iter(f"{SVG}path")
        if node.get("stroke-width") == "0.8" and node.get("d").count("L") == 32
    )
    for point in line[1:].split("L"):
        x, y = map(float, point.split())
        assert read(across, x) == pytest.approx(read(up, y), abs=0.2)


@pytest.mark.parametrize(("shape", "kind"), [((3, 4), "rect"), ((80, 60), "image")])
def test_cells_have_the_colours_of_their_values(shape, kind):
    rows, columns = shape
    values = [[float(i * columns + j) for j in range(columns)] for i in range(rows)]
    values[0][0] = None
    data = {"values": values, "x": list(range(columns)), "y": list(range(rows))}
    root = ElementTree.fromstring(draw(figure("heatmap", data=data, marks=[])))
    if kind == "image":
        (image,) = root.iter(f"{SVG}image")
        assert image.get("href").startswith("data:image/png;base64,")
        assert pixels(image.get("href")) == [list(map(tuple, row)) for row in expected(values)]
    else:
        boxes = [box for box in root.iter(f"{SVG}rect") if re.fullmatch("#.{6}", box.get("fill", "")) and not box.get("fill-opacity")]
        assert len(boxes) == rows * columns - 1
        top = {box.get("fill") for box in boxes if float(box.get("y")) == min(float(other.get("y")) for other in boxes)}
        assert "#fee838" in top  # the largest value, in the uppermost row


def expected(values):
    """Red, green, blue and whether it is there, the last row on top."""
    from reports.heatmap import _colour

    scale = Cells.read({"values": values, "x": values[0], "y": values}).scale
    colour = {value: tuple(bytes.fromhex(_colour(scale.at(value))[1:])) + (255,) for row in values for value in row if value is not None}
    return [[colour.get(value, (0, 0, 0, 0)) for value in row] for row in values[::-1]]


def pixels(address):
    """The pixels of a PNG with transparency that uses no filter."""
    import base64
    import zlib

    data = base64.b64decode(address.partition(",")[2])
    width, height = (int.from_bytes(data[place : place + 4]) for place in (16, 20))
    start = data.index(b"IDAT")
    raw = zlib.decompress(data[start + 4 : start + 4 + int.from_bytes(data[start - 4 : start])])
    rows = [raw[row * (4 * width + 1) + 1 : (row + 1) * (4 * width + 1)] for row in range(height)]
    return [[tuple(row[place : place + 4]) for place in range(0, 4 * width, 4)] for row in rows]
