"""Figures: every kind is drawn, follows the theme, keeps text as text, and refuses data that make no picture."""

import re
from xml.etree import ElementTree

import pytest
from synthetic_results import FIGURES, figure

from reports.figures import COLOURS, FigureError, draw, drawn
from reports.heatmap import Cells

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", FIGURES)
def test_each_kind_is_drawn(kind):
    svg = draw(figure(kind))
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    texts = " ".join(text.strip() for text in root.itertext())
    for label in (FIGURES[kind].get("x_label", ""), FIGURES[kind].get("y_label", "")):
        assert label in texts
    for mark in FIGURES[kind].get("marks", ()):
        assert mark["label"] in texts
    assert "prefers-color-scheme:dark" in svg
    light, _, dark = svg.partition("@media (prefers-color-scheme:dark)")
    used = re.findall(r"\.(?:fill|stroke)-(\w+)\{", light)
    assert used and all(COLOURS[name][0] in light and COLOURS[name][1] in dark for name in used)


def test_the_same_data_make_the_same_file():
    assert all(draw(figure(kind)) == draw(figure(kind)) for kind in FIGURES)


def test_errors_over_decades_get_a_logarithmic_scale():
    assert Cells.read(FIGURES["heatmap"]["data"]).logarithmic
    assert not Cells.read({"values": [[0.0, 1.0]], "x": [1, 2], "y": [1]}).logarithmic
    assert not Cells.read({"values": [[1.0, 2.0]], "x": [1, 2], "y": [1]}).logarithmic


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"values": [[None, None], [None, 1.0]], "x": [1, 2], "y": ["a", "b"]}, "marks": []},
        {"data": {"values": [[1.0]], "x": [1], "y": [1]}},
        {"marks": [{"label": "steps", "x": list(range(1, 17)) + [16] * 4}]},
        {"data": {"values": [[0.5] * 200] * 200, "x": list(range(200)), "y": list(range(200))}},
    ],
)
def test_unusual_heat_maps(changes):
    ElementTree.fromstring(draw(figure("heatmap", **changes)))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_diagonal_leaves_the_scale_to_the_data(scale):
    """Its two points, (1, 1) and (2, 2), counted as data: small numbers were one dot."""
    points = {"diagonal": True, "series": [{"x": [scale, 2 * scale, 3 * scale], "y": [scale, 2 * scale, 3 * scale]}]}
    svg = draw(figure("scatter", data=points, marks=[]))
    places = sorted(float(place) for place in re.findall(r'<use [^>]*x="([^"]+)"', svg))
    assert len(places) == 3 and places[-1] - places[0] > 250  # of a picture of 461 points


def test_bars_on_a_logarithmic_axis_are_seen():
    """Such an axis has no 0: bars that begin there were left out."""
    bars = figure("bars", data={"series": [{"x": ["a", "b"], "y": [0.02, 3.0]}]}, marks=[], log_y=True)
    boxes = [box for box in ElementTree.fromstring(draw(bars)).iter(f"{SVG}rect") if "series0" in box.get("class", "")]
    heights = [float(box.get("height")) for box in boxes]
    assert len(heights) == 2 and 5 < heights[0] < heights[1]


@pytest.mark.parametrize("kind", ["lines", "scatter", "bars"])
@pytest.mark.parametrize("values", [[None, None], [0, -1], ["1/3", "2/3"], ["inf", 1.0]])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_unusual_values(kind, values, logarithmic):
    data = {"series": [{"label": "a_b $x$", "x": [1, 2], "y": values}]}
    ElementTree.fromstring(draw(figure(kind, data=data, marks=[], log_x=logarithmic, log_y=logarithmic)))


@pytest.mark.parametrize(
    "bad",
    [
        figure("lines", data={}),
        figure("lines", data={"series": []}),
        figure("lines", data={"series": [{"x": [1], "y": [1, 2]}]}),
        figure("heatmap", data={"values": [[1]], "x": [1, 2], "y": [1]}),
        figure("heatmap", data={"values": [["?"]], "x": [1], "y": [1]}),
        figure("heatmap", data={"values": [[1, 2]], "x": ["a", "b"], "y": [1]}),
        figure("graph", data={"nodes": [{"id": 1}], "edges": [[1, 2]]}),
        figure("graph", data={"nodes": [{}], "edges": []}),
    ],
)
def test_data_that_make_no_picture_are_refused(bad):
    with pytest.raises(FigureError):
        draw(bad)


def test_hostile_labels_stay_text():
    hostile = "</text><script>alert(1)</script> $\\frac{1$ ]]>"
    svg = draw(figure("lines", x_label=hostile, marks=[{"label": hostile, "x": 3}]))
    assert "<script" not in svg
    assert hostile in " ".join(ElementTree.fromstring(svg).itertext())


def test_every_colour_has_a_dark_twin():
    assert all(light != dark for light, dark in COLOURS.values())


def test_what_cannot_be_drawn_says_why():
    assert drawn(figure("lines")) == (draw(figure("lines")), "")
    content, problem = drawn(figure("lines", data={}))
    assert content == "" and problem.startswith("a lines figure cannot be drawn from its data")


def test_texts_of_any_length_are_cut():
    long = figure("lines", x_label="x" * 1_000_000, y_label="y" * 1_000_000)
    long["data"]["series"][0]["label"] = "z" * 1_000_000
    assert len(draw(long)) < 100_000


def test_a_long_fraction_is_a_number():
    plain = figure("scatter", data={"series": [{"label": "a", "x": [1, 2], "y": ["1" * 300 + "/" + "1" * 300, "2"]}]})
    assert draw(plain).count("<use") >= 2


def arrows(svg):
    return svg.count('data-kind="arrow"')


def test_directed_paths_have_an_arrow_half_way():
    data = {"series": [{"label": "flow", "x": [0, 1, 2, None], "y": [0, 1, 4, 9]}, {"label": "limit", "x": [2], "y": [4]}]}
    assert arrows(draw(figure("lines", data=data))) == 0
    directed = {"series": [{**series, "directed": True} for series in data["series"]]}
    assert arrows(draw(figure("lines", data=directed))) == 1  # a single point has no direction


@pytest.mark.parametrize("directed", [False, True])
def test_nodes_with_places_are_drawn_in_their_plane(directed):
    nodes = [{"id": "p", "at": [2.0, 11.0]}, {"id": "q", "at": [3.0, "25/2"]}, {"id": "r", "at": [2.5, 12.0]}]
    data = {"nodes": nodes, "edges": [("p", "q"), ("q", "r"), ("r", "p")], "directed": directed}
    svg = draw(figure("graph", data=data, x_label="input weight", y_label="output weight", marks=[]))
    texts = " ".join(text.strip() for text in ElementTree.fromstring(svg).itertext())
    assert "input weight" in texts and "12.5" in texts
    assert arrows(svg) == (3 if directed else 0)
    unplaced = {**data, "nodes": [{"id": node["id"]} for node in nodes]}
    assert "input weight" not in draw(figure("graph", data=unplaced, x_label="input weight", y_label="output weight", marks=[]))


def test_long_names_of_columns_are_thinned():
    names = [round(0.01 + 0.02 * k, 2) for k in range(49)]
    data = {"values": [[1.0] * 49], "x": names, "y": ["row"]}
    texts = [text.strip() for text in ElementTree.fromstring(draw(figure("heatmap", data=data, marks=[]))).itertext()]
    assert 2 < sum(text in map(str, names) for text in texts) <= 11
