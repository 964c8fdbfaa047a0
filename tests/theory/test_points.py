"""Points to test at: what each draw promises."""

import numpy as np
import pytest

from theory.draws import (
    distinct_moduli,
    distinct_rows,
    dyadic_normal,
    independent_columns,
    pack_known,
    separated_directions,
    signs,
    singular_point,
)
from theory.models import MatrixFactorization, TwoLayer
from theory.rank import matrix_rank, rank_at, up_to_sign


@pytest.mark.parametrize("seed", range(20))
def test_promises(seed):
    rng = np.random.default_rng(seed)
    assert np.abs(signs(rng, (3, 4))).min() >= 1
    assert len({up_to_sign(row) for row in distinct_rows(rng, 6, 2).tolist()}) == 6
    assert (dyadic_normal(rng, 50, bits=10) * 2**10 % 1 == 0).all()
    assert matrix_rank(independent_columns(rng, 5, 3)) == 3
    assert len(set(np.abs(distinct_moduli(TwoLayer(2, 3), rng)))) == 9
    x, y = separated_directions(rng, 8).T
    angles = np.sort(np.arctan2(y, x) % np.pi)
    assert np.diff([*angles, angles[0] + np.pi]).min() >= np.radians(18)


def test_singular_points_are_singular_sooner_or_later():
    rng = np.random.default_rng(0)
    for model, generic in ((TwoLayer(2, 3, bias=True, output_bias=True), 13), (MatrixFactorization(3, 3, 2), 8)):
        ranks = [rank_at(model, singular_point(model, rng)) for _ in range(20)]
        assert max(ranks) <= generic and min(ranks) < generic


def test_parts_that_a_model_lacks_are_left_out():
    theta = pack_known(TwoLayer(1, 1), input_weights=[[2]], input_biases=[3], output_weights=[[5]], output_bias=[7])
    assert theta.tolist() == [2, 5]
