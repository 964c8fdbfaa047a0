"""Proofs of convergence: maps with known limits, published runs of Adam, and what must not be certified."""

from itertools import islice

import numpy as np
import pytest

from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.dynamics.adam_runs import Cycle, Minimum, Run, hitting_times, settled, trap_certificate, trapped
from numerics.dynamics.iterates import Undecided, adam, iterate, warm
from numerics.dynamics.trapping import contracted, norm_at_most, trap
from theory.dynamics.adam_cycle import amplitude


def rotation(z):
    """Contraction by 0.9 with a rotation, and a quadratic term: the fixed point is 0."""
    return [z[0] * ball("0.54") - z[1] * ball("0.72") + z[0] * z[0], z[0] * ball("0.72") + z[1] * ball("0.54")]


def jordan(z):
    return [z[0] / 2 + z[1] * 20, z[1] / 2]


def orbit(step, start):
    z = balls(start)
    while True:
        yield z
        z = np.array(list(step(z)), dtype=object)


def test_a_rotation_is_trapped_within_its_norm():
    with working_precision(100):
        found = trap(rotation, orbit(rotation, ["0.05", "0.1"]), ["0", "0"], bits=100, most=1000)
    assert 0.9 < found.norm < 0.93 and found.steps % 16 == 0
    region = contracted(rotation, ["0", "0"])
    assert float(region.radius) > 0.001 and region.certificate()["radius"] == region.radius


def test_a_jordan_block_has_a_norm_below_one_too():
    with working_precision(100):
        assert contracted(jordan, ["0", "0"]).norm < "0.7"


def test_the_region_is_mapped_into_itself():
    """Points of the region's edge, one step on, against the norm stated."""
    with working_precision(100):
        region, rng = contracted(rotation, ["0", "0"]), np.random.default_rng(0)
        for angle in rng.uniform(0, 2 * np.pi, 50):
            y = balls([float(np.cos(angle)), float(np.sin(angle))]) * ball(region.radius)
            z = balls(region.basis) @ y
            after = region.coordinates(np.array(rotation(z), dtype=object))
            assert sum(float(v) ** 2 for v in after) ** 0.5 <= float(region.norm) * float(region.radius) * (1 + 1e-12)
            assert all(h.contains(v) for h, v in zip(region.hull(), z, strict=True))


@pytest.mark.parametrize(
    ("step", "centre", "reason"),
    [
        (lambda z: [z[0] * 2], ["0"], "does not attract: the spectral radius is 2"),
        (lambda z: [-z[0]], ["0"], "does not attract"),
        (lambda z: [z[0] / 2 + 1], ["0"], "does not contract"),  # the fixed point is 2
    ],
)
def test_what_is_no_attracting_fixed_point(step, centre, reason):
    with pytest.raises(NotCertified, match=reason):
        contracted(step, centre)


def test_norms_of_ball_matrices():
    with working_precision(64):
        A = balls([["3", "0"], ["4", "0"]])
        assert norm_at_most(A, ball("5.0001")) and not norm_at_most(A, ball("4.9999"))
        assert not norm_at_most(A + ball("0.1"), ball("5.01"))


PUBLISHED = [(4, "0.9", "0.93"), (6, "0.9", "0.93"), (8, "0.9", "0.93"), (4, "0.9", "0.91"), (4, "0.9", "0.99"), (4, "0", "0.93")]


@pytest.mark.parametrize(("k", "beta1", "beta2"), PUBLISHED)
def test_published_runs_end_at_the_minimum(k, beta1, beta2):
    found = trapped(Run(k, beta1, beta2))
    assert 0.9 < found.norm < 1 and found.steps < 4000


def test_published_runs_that_do_not():
    with pytest.raises(NotCertified, match="does not attract"):
        trapped(Run(4, "0.9", "0.895"))
    with pytest.raises(NotCertified, match="did not enter"):
        trapped(Run(4, "0.9", "0.93"), most=500)


def test_the_maps_are_adam_in_other_coordinates():
    """One step of the definition, then the coordinates, is the coordinates, then one step of the map."""
    for run, limit in (
        (Run(4, "0.9", "0.93"), Minimum),
        (Run(6, "0.5", "0.8", "0.01", "-2", ("1/2", "3")), Minimum),
        (Run(6, "0.2", "0.3", "0.1", "0.04"), Cycle),
    ):
        with working_precision(300):
            near, states = limit(run), list(islice(run.states(), 5))
            for before, after in zip(states, states[1:], strict=False):
                expected, found = near.point(after), near.step(near.point(before))
                if limit is Cycle and (before.point > 0) == (after.point > 0):
                    continue  # outside the frame that alternates
                assert all(abs(a - b) < 1e-60 for a, b in zip(expected, found, strict=True))


def test_both_limits_attract_at_the_same_parameters():
    """k = 4, beta1 = 0, beta2 = 1/8 lies between 1/16 and 1/5: two starts, two ends."""
    assert trapped(Run(4, "0", "1/8")).steps < 2000
    found = trapped(Run(4, "0", "1/8", start="0.00051"), Cycle)
    run = Run(4, "0", "1/8", start="0.00051")
    with working_precision(600):  # the balls grow about eightfold at every step
        states = list(islice(run.states(), found.steps + 40))[-4:]
        expected = amplitude(0, ball("0.001"))
        assert [state.point > 0 for state in states] in ([True, False] * 2, [False, True] * 2)
        assert all(abs(abs(state.point) / expected - 1) < 1e-3 for state in states)
    with pytest.raises(NotCertified, match="did not enter"):
        trapped(run, most=3000)


def test_another_factor_has_the_same_limit():
    assert trapped(Run(4, "0.9", "0.93", factor=("3/4", "3/2"))).norm == trapped(Run(4, "0.9", "0.93")).norm
    with pytest.raises(ValueError, match="factor must be empty"):
        trapped(Run(4, "0", "1/8", factor=("1",)), Cycle)


@pytest.mark.parametrize("k", [4, 6])
def test_hitting_times_lie_between_their_bounds(k):
    run = Run(k, "0.9", "0.93")
    found = settled(run, trapped(run, radius="1e-6"))
    times = hitting_times(run, ["1e-20", "1e-30"])
    assert times[0] == {4: 3384, 6: 5818}[k]
    for bound, steps in zip(("1e-20", "1e-30"), times, strict=True):
        low, high = found.first_below(bound)
        assert low <= steps <= high <= low + 2
    with pytest.raises(ValueError, match="below"):
        found.first_below("0.5")


def test_hitting_times_that_are_not_reached_or_not_decided():
    with pytest.raises(ValueError, match="within 100 steps"):
        hitting_times(Run(4, "0.9", "0.93"), ["1e-20"], most=100)
    with pytest.raises(Undecided):
        hitting_times(Run(4, "0.9", "0.93"), ["1e-20"], bits=60)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"k": 5}, "k must"),
        ({"beta1": "1"}, "beta1"),
        ({"beta2": "0"}, "beta2 must be positive"),
        ({"beta2": "1.5"}, "beta2"),
        ({"rate": "-1"}, "rate"),
        ({"start": "0"}, "start"),
    ],
)
def test_runs_that_are_refused(changed, name):
    with pytest.raises(ValueError, match=name):
        Run(**({"k": 4, "beta1": "0.9", "beta2": "0.93"} | changed))


def test_a_certificate_holds_what_a_referee_needs():
    run = Run(4, "0.9", "0.93")
    data = trap_certificate(run, trapped(run))
    assert data["kind"] == "contraction trap" and data["run"] == {"k": 4, "beta1": "0.9", "beta2": "0.93", "rate": "0.001", "start": "1"}
    assert {"limit", "steps", "bits", "centre", "basis", "radius", "norm"} < set(data)


def test_the_run_is_the_optimizer_of_the_other_modules():
    run = Run(4, "0.9", "0.93")
    with working_precision(100):
        optimizer = adam(ball("0.001"), ball("0.9"), ball("0.93"))
        expected = next(islice(iterate(optimizer, lambda x: x**3, warm(ball(1), lambda x: x**3)), 50, None))
        assert next(islice(run.states(), 50, None)).point.overlaps(expected.point)
