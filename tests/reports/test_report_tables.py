"""The data of figures as CSV: every point, cell and node is a row, and texts are no formulas."""

import csv
import io

import pytest

from reports.tables import table


def rows(figure):
    return list(csv.reader(io.StringIO(table(figure))))


@pytest.mark.parametrize("kind", ["lines", "scatter", "bars"])
def test_points(kind):
    data = {"series": [{"label": "measured", "x": [1, 2], "y": [0.5, None]}, {"label": "predicted", "x": [1], "y": ["1/3"]}]}
    found = rows({"kind": kind, "data": data, "x_label": "n", "y_label": "rate"})
    assert found == [["series", "n", "rate"], ["measured", "1", "0.5"], ["measured", "2", ""], ["predicted", "1", "1/3"]]


def test_cells():
    data = {"x": [1, 2], "y": ["a"], "values": [[3, 4]], "value_label": "rank"}
    assert rows({"kind": "heatmap", "data": data, "x_label": "n", "y_label": "kind"}) == [
        ["n", "kind", "rank"],
        ["1", "a", "3"],
        ["2", "a", "4"],
    ]


def test_nodes():
    data = {"nodes": [{"id": 0, "label": "start"}, {"id": 1, "group": 2}], "edges": [(0, 1)], "directed": True}
    assert rows({"kind": "graph", "data": data}) == [["node", "label", "group", "leads to"], ["0", "start", "", "1"], ["1", "", "2", ""]]


@pytest.mark.parametrize(("value", "kept"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-1/3", "-1/3"), (-2, "-2"), ("-", "'-")])
def test_a_text_is_no_formula(value, kept):
    assert rows({"kind": "lines", "data": {"series": [{"label": value, "x": [0], "y": [0]}]}})[1][0] == kept
