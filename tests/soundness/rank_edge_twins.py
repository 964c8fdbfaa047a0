"""Twins of claims on ranks, wrong where two edges meet: gaps and grids with masks, tensors of four axes, narrow ReLU networks."""

from __future__ import annotations

from shipped_twins import Twin, instead, off

from theory.rank import cp_expected_rank, cp_format


def _gaps(cell, *_):
    return cell.shape[3] > 1


def _grid(cell, *_):
    return not isinstance(cell.shape[0], int)


def _three_axes_only(truth, sizes, r):
    return cp_expected_rank(sizes, r) if len(sizes) > 3 and cp_format(sizes, r) == "unbalanced" else truth(sizes, r)


TWINS = (
    Twin("cnn.mnull", "formula", "one more for masks on grids", off(lambda cell, _: _grid(cell) and cell.zeros > 0)),
    Twin("cnn.mnull", "formula", "one more for masks with gaps", off(lambda cell, _: _gaps(cell) and cell.zeros > 0)),
    Twin("cnn.order", "order", "with gaps sharing costs nothing", instead(lambda t, cell: (True,) * 3 if _gaps(cell) else t(cell))),
    Twin(
        "cnn.order",
        "order",
        "on grids masks make sharing dear",
        instead(lambda t, cell: (*t(cell)[:2], t(cell)[2] and not (_grid(cell) and cell.zeros))),
    ),
    Twin("mf.cp", "formula", "no unbalanced formats of four axes", instead(_three_axes_only), ("at-a-point",)),
    Twin("mf.cp", "formula", "(3, n, n) up to n = 5", off(lambda sizes, r: sorted(sizes) == [3, 7, 7] and r == 10), ("at-a-point",)),
    Twin("mf.cp", "formula", "(2, 2, n, n) up to n = 4", off(lambda sizes, r: sorted(sizes) == [2, 2, 5, 5] and r == 9), ("at-a-point",)),
    Twin(
        "deep.null",
        "cost",
        "one in the last layer of deep networks, whatever the outputs",
        instead(lambda t, cell: 1 if len(cell.widths) == 4 and cell.layer == 2 else t(cell)),
        ("costs-the-fan-out",),
    ),
    Twin(
        "fnn.relu",
        "formula",
        "an idle neuron opposite to a single one for nothing",
        off(lambda cell: cell.opposed == "single", -1),
        ("at-directions",),
    ),
    Twin(
        "fnn.relu",
        "formula",
        "two opposite idle neurons count two",
        off(lambda cell: cell.opposed == "idle" and cell.p > 0),
        ("at-directions",),
    ),
    Twin("fnn.relu", "dimension", "one more from five layers of one neuron on", off(lambda d, layers: layers >= 5)),
    Twin("fnn.relu", "outputs", "two outputs after a layer of one neuron", instead(lambda t, widths: min(2, t(widths)))),
)
