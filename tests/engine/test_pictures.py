"""A claim whose author drew nothing is shown by what was predicted against what was measured."""

import numpy as np
import pytest
from flint import arb

from proofs_check import Figure, verify
from proofs_check.claim import ClaimError
from proofs_check.comparing import followed, noted

CLAIM = '''
from proofs_check import Figure, Paper, axes, claim, false, nothing
from proofs_check.judging import at_most, equal, worst

SQUARE = claim("own.square", "Squares", "n^2", symbols={{"n": "a number"}}, source=Paper("arXiv:0000.00000v1").at("0"))

@SQUARE.check("exact", nothing, axes(n=(1, 2, 3, 4, 5)))
@false("cubes", power=3)
def squares(cell, _, *, power=2, context):
    """n^2 as a sum of odd numbers."""
    found = {found}
    return worst([found], figures={figures})
'''
EQUAL, BOUND = "equal(value=(cell.n**power, sum(range(1, 2 * cell.n, 2))))", 'at_most("half", sum(range(1, 2 * cell.n, 2)), cell.n**power)'
DRAWN = '[Figure("lines", "Own", "own", {"series": [{"label": "n", "x": [1, 2], "y": [1, 4]}]}, "n", "n^2")]'


@pytest.fixture
def figures(tmp_path):
    def run(found, figures="[]"):
        (tmp_path / "own.py").write_text(CLAIM.format(found=found, figures=figures))
        (entry,) = verify(claims=tmp_path / "own.py", device="cpu").results["claims"]
        return [figure for check in entry["checks"] for figure in check["figures"]]

    return run


def test_predictions_lie_on_the_diagonal_and_those_of_controls_do_not(figures):
    (figure,) = figures(EQUAL)
    assert figure["kind"] == "scatter" and figure["data"]["diagonal"] is True
    claim, controls = figure["data"]["series"]
    assert claim["x"] == claim["y"] == [1, 4, 9, 16, 25]
    assert controls["x"] == [8] and controls["y"] == [4]
    assert "all of them lie on the diagonal; 1 of false variants do not" in figure["alt"]


def test_a_bound_is_drawn_as_one(figures):
    (figure,) = figures(BOUND.replace("cell.n**power", "cell.n**power if power == 2 else 0"))
    assert figure["x_label"] == "allowed" and "none of them lies above the diagonal; 1 of false variants do" in figure["alt"]


def test_what_the_author_drew_stands_alone(figures):
    assert {figure["title"] for figure in figures(EQUAL, DRAWN)} == {"Own"}


def test_what_is_told_by_a_sentence_is_not_drawn(figures):
    assert figures(EQUAL.replace("cell.n**power, sum(range(1, 2 * cell.n, 2))", "power, 2")) == []


@pytest.mark.parametrize(
    ("predicted", "measured", "pairs"),
    [
        (3, arb(3), [(3, 3)]),
        ([1, [2, 3]], np.array([1, 2, 3]), [(1, 1), (2, 2), (3, 3)]),
        (list(range(9)), list(range(9)), [(0, 0), (1, 1), (2, 2), (3, 3)]),
        (True, True, []),
        ("a", "b", []),
        (1e9, 1e9, []),
        (float("nan"), 1.0, []),
        ([1, 2], [1], []),
    ],
)
def test_numbers_are_noted_and_nothing_else(predicted, measured, pairs):
    with followed() as trail:
        noted("equal", predicted, measured)
    assert trail.pairs == [("equal", *pair) for pair in pairs]


@pytest.mark.parametrize(
    ("labels", "alt", "words"), [(("n", ""), "own", "y_label must name"), (("", ""), "own", "axes"), (("n", "m"), "", "alt must describe")]
)
def test_a_picture_without_words_is_refused(labels, alt, words):
    with pytest.raises(ClaimError, match=words):
        Figure("lines", "Own", alt, {"series": []}, *labels)


def test_a_graph_has_no_axes():
    Figure("graph", "Own", "two nodes", {"nodes": [], "edges": []})
