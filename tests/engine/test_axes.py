"""The domain of a check as data."""

import pickle

import pytest

from proofs_check import ClaimError, axes, by_level
from proofs_check.axes import Cell


def test_cells_are_all_combinations_with_later_axes_bounded_by_earlier_ones():
    shapes = axes(d=(1, 2), m=(1, 3), rank="0..min(d, m)")
    assert [tuple(cell.values()) for cell in shapes.cells("quick")] == [
        *((1, 1, 0), (1, 1, 1), (1, 3, 0), (1, 3, 1)),
        *((2, 1, 0), (2, 1, 1), (2, 3, 0), (2, 3, 1), (2, 3, 2)),
    ]


def test_cells_may_grow_with_the_level_and_leave_out_what_is_no_instance():
    shapes = axes(d=by_level((1,), (1, 2), (1, 2, 3)), bias=(False, True), where=lambda d, bias: d > 1 or not bias)
    assert [len(shapes.cells(level)) for level in ("quick", "standard", "full")] == [1, 3, 5]
    assert shapes.text() == "d = 1, later 1, 2, later 1, 2, 3; bias = no, yes; where d > 1 or not bias"


def test_the_scope_is_written_from_the_axes():
    shapes = axes(d=(1, 2), rank="0..d", quick=1, full=5)
    assert shapes.scope() == "d = 1, 2; rank = 0..d (quick 5 cells, standard 5 cells, full 5 cells of 5 draws)"


def test_a_cell_is_read_by_name_and_travels():
    cell = Cell({"d": 2, "bias": True})
    assert (cell.d, cell["bias"], repr(cell)) == (2, True, "d = 2, bias = yes")
    assert pickle.loads(pickle.dumps(cell)) == cell and hash(cell) == hash(Cell({"d": 2, "bias": True}))
    with pytest.raises(AttributeError, match="no axis 'm', expected one of"):
        _ = cell.m


def test_an_instance_outside_the_axes_is_named():
    shapes = axes(d=(1, 2), bias=(False, True))
    with pytest.raises(ClaimError, match=r"cell \(d = 3, bias = no\) lies outside the axes d = 1, 2; bias = no, yes"):
        shapes.locate({"d": 3, "bias": False}, "quick")
    with pytest.raises(ClaimError, match="names the axes .*expected"):
        shapes.locate({"d": 1}, "quick")
    assert shapes.locate({"bias": True, "d": 1}, "quick").d == 1


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: axes(), "at least one axis"),
        (lambda: axes(d=()), "d expected a tuple of values"),
        (lambda: axes(d=3), "d expected a tuple of values"),
        (lambda: axes(d=(1, 1)), "names a value twice"),
        (lambda: axes(d="0-3"), "low..high"),
        (lambda: axes(d="0..m").cells("quick"), "expected integers, axes before it"),
        (lambda: axes(d="0..__import__('os').getpid()").cells("quick"), "expected integers, axes before it"),
        (lambda: axes(d=(1,), quick=0), "at least one draw"),
        (lambda: axes(d=(1, 2), where=lambda d: d > 2).cells("quick"), "no cell at level quick"),
        (lambda: axes(d=range(1000), m=range(1000)).cells("quick"), "more than 100000 cells"),
    ],
)
def test_malformed_axes_are_refused(build, told):
    with pytest.raises(ClaimError, match=told):
        build()


def test_long_axes_are_told_by_their_first_and_last_values():
    long = axes(size=tuple(range(1, 40, 2)), bias=(False, True))
    assert long.text(most=4) == "size = 1, 3, ..., 39 (20 values); bias = no, yes"
    assert "5, 7" in long.text() and long.text() in long.scope()
