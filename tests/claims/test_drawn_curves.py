"""Pictures tell the truth: points of drawn curves satisfy the equations that their titles and words name."""

import math
import re
from itertools import islice

import numpy as np
import pytest

from numerics.dynamics.iterates import adam, iterate, warm
from proofs_check.claims.attention import _pictures as attention
from proofs_check.claims.condensation import _pictures as condensation
from proofs_check.claims.convolution import _pictures as convolution
from proofs_check.claims.deep import _pictures as deep
from proofs_check.claims.depth import _pictures as depth
from proofs_check.claims.errata import _pictures as errata
from proofs_check.claims.factorization import _pictures as factorization
from proofs_check.claims.modules import _pictures as modules
from proofs_check.claims.networks import _pictures as networks
from proofs_check.claims.optimizers import _pictures as optimizers
from proofs_check.claims.pde import _pictures as pde
from proofs_check.claims.phase import _pictures as phase
from proofs_check.claims.regularization import _pictures as regularization
from proofs_check.claims.toy import _pictures as toy
from proofs_check.claims.width import _pictures as width
from theory.dynamics.attention import entropy, focusing_rate
from theory.dynamics.quadratic import METHODS, sharpness_threshold
from theory.models import FullyConnected
from theory.rank import cnn_function_rank, factorization_rank


def drawn(figure):
    """(x, y) by label, without gaps."""
    found = {}
    for series in figure.data["series"]:
        x, y = (np.array([math.nan if value is None else value for value in series[name]], float) for name in "xy")
        seen = np.isfinite(x) & np.isfinite(y)
        assert seen.any(), series["label"]
        found[series["label"]] = x[seen], y[seen]
    return found


def cells(figure):
    """(row, column, value) of a heat map, values that are drawn."""
    data = figure.data
    return [
        (row, column, value)
        for row, values in zip(data["y"], data["values"], strict=True)
        for column, value in zip(data["x"], values, strict=True)
        if value is not None
    ]


def slope(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)[0]


# --- toy models ---------------------------------------------------------------------------------------------------


def test_products_are_level_sets():
    found = drawn(toy.products())
    for label, c in (("c = 1", 1), ("c = 0.25", 0.25), ("c = 0: rank 3 on the arms", 0)):
        x, y = found[label]
        assert x * y == pytest.approx(c)
    assert any(value is None for value in toy.products().data["series"][0]["y"])  # the pole is a gap


def test_sums_and_squares_are_level_sets():
    for p in (1, 2, 3):
        x, y = drawn(toy.sums())[f"p = {p}"]
        assert y + x**p == pytest.approx(1)
    for label, c in (("c = 1", 1), ("c = -1", -1), ("c = 0: rank 1 on the arms", 0)):
        a, b = drawn(toy.squares())[label]
        assert a * a - b * b == pytest.approx(c, abs=1e-12)


# --- optimizers ---------------------------------------------------------------------------------------------------


def test_factors_pass_one_at_the_threshold():
    h, factor = drawn(optimizers.factors((0.0,), 3.0))["beta1 = 0"]
    assert factor == pytest.approx(abs(1 - h))
    for b in (0.5, 0.9):
        h, factor = drawn(optimizers.factors((0.0, 0.5, 0.9), 60.0))[f"beta1 = {b:g}"]
        threshold = sharpness_threshold(METHODS[2], b, 1)
        assert (factor[h < threshold] < 1).all() and (factor[h > threshold * (1 + 1e-9)] > 1).all()


def test_a_step_gains_nothing_at_twice_the_curvature():
    for x, y in drawn(optimizers.steps()).values():
        assert y[np.isclose(x, 2)] == pytest.approx(0, abs=1e-12) and x[np.argmin(y)] == pytest.approx(1)


def test_orbits_end_on_the_cycle_or_at_the_minimum():
    found = drawn(optimizers.two_ends())
    _, exact = found["from 0.5 eta"]
    assert exact == pytest.approx(0.5 * (-1.0) ** np.arange(31))
    assert abs(found["from 0.55 eta"][1][-1]) == pytest.approx(0.5, abs=1e-3)
    assert abs(found["from 3 eta"][1][-1]) < 0.01


def test_the_valley_spikes_beyond_the_threshold_alone():
    steep, flat = (y for _, y in drawn(optimizers.down_the_valley()).values())
    assert (np.diff(flat) < 0).all() and (np.diff(steep) > 0).any()
    assert 5 * int(np.argmax(np.diff(steep) > 0)) == pytest.approx(550, abs=5)  # first rise at 552, proved


def test_the_second_moment_falls_by_beta2_a_step():
    found = drawn(optimizers.left_behind())
    _, v = found["v"]
    assert (v[-1] / v[-2]) ** (1 / 20) == pytest.approx(0.999, abs=1e-4)
    assert (np.diff(v / found["g^2"][1]) > 0).all()


def test_orbits_of_adam_fall_for_good_on_one_side_alone():
    """Against steps of Adam itself, while nothing underflows; and the slope of the line."""
    found = drawn(optimizers.falls())
    for label, (_, log) in found.items():
        if label.startswith("beta2"):
            states = iterate(adam(1e-3, 0.9, float(label.rpartition(" ")[2])), optimizers.cube, warm(1.0, optimizers.cube), 1201)
            points = [math.log(abs(state.point)) for state in islice(states, 0, 1201, 20)]
            assert log[: len(points)] == pytest.approx(points, abs=1e-6), label
    t, line = found["slope ln rho, 0.91"]
    assert np.diff(line) / np.diff(t) == pytest.approx(math.log(0.91) / 4)
    times, log = found["beta2 = 0.91"]
    assert log[times >= 2000] == pytest.approx(line[t >= 2000], abs=0.05)
    _, spiking = found["beta2 = 0.898"]
    assert spiking.min() < -100 and spiking[-1] > -30 and found["beta2 = 0.5"][1].min() > -20


def test_edges_of_existence():
    for k in (4, 6, 10, 20):
        beta2, beta1 = drawn(optimizers.edges())[f"k = {k}"]
        assert beta1 ** (2 * (k - 2)) == pytest.approx(beta2 ** (k - 1))


# --- implicit regularization ---------------------------------------------------------------------------------------


def test_mirror_flows_move_their_dual_along_the_input():
    found = drawn(regularization.projections())
    duals = {"|theta|^2/2": lambda p: p, "entropy": np.log, "Burg": lambda p: -1 / p}
    for name, dual in duals.items():
        x, y = found[f"flow of {name}"]
        assert x[-1] + 2 * y[-1] == pytest.approx(4, abs=1e-5)
        assert dual(y[-1]) - dual(0.4) == pytest.approx(2 * (dual(x[-1]) - dual(0.3)), abs=1e-5)


def test_diagonal_networks_end_at_the_minimum_of_the_entropy():
    found = drawn(regularization.scales())
    for alpha in (1.0, 0.1, 0.01):
        first, second = (values[-1] for values in found[f"alpha = {alpha:g}"])
        assert first + 2 * second == pytest.approx(2, abs=1e-5)
        assert np.arcsinh(second / (2 * alpha**2)) == pytest.approx(2 * np.arcsinh(first / (2 * alpha**2)), rel=1e-4)


def test_flows_follow_their_first_integral():
    for label, (w, a) in drawn(regularization.integral_curves()).items():
        level = float(label.removeprefix("I = ")) if label.startswith("I") else 1.125
        assert a * a / 2 - np.sinh(w) ** 2 / 2 == pytest.approx(level, abs=1e-6)


def test_balances_stay():
    for label, (_, values) in drawn(regularization.balances()).items():
        assert (np.ptp(values) < 0.01) == label.startswith("a^2"), label


def test_the_way_left_is_within_its_bound():
    for _, share in drawn(regularization.tails()).values():
        assert (share <= 1 + 1e-6).all() and (share > 0).all()


def test_mutual_solutions_cross_where_the_flows_end():
    found = drawn(regularization.mutual_solutions())
    for x, limit in ((0.5, (-1, 1.5)), (2.0, (1, -1.5))):
        w, a = found[f"solutions of x = {x:g}"]
        assert a * np.tanh(w * x) == pytest.approx(-1.5 * math.tanh(x))
        flow = found[f"flow on x = {x:g}"]
        other = 2.5 - x
        assert flow[1][-1] * math.tanh(flow[0][-1] * other) == pytest.approx(-1.5 * math.tanh(other), abs=0.05)
        assert (flow[0][-1], flow[1][-1]) == pytest.approx(limit, abs=0.05)


def test_solution_curves_cross_at_the_common_limit():
    sigma = lambda z: (1 + z) / (2 + z)
    for name, x in (("2/3", 2 / 3), ("1", 1.0)):
        w, a = drawn(regularization.crossing_solutions())[f"solutions of x = {name}"]
        assert a * sigma(w * x) == pytest.approx(3 * sigma(11 * x))


@pytest.mark.parametrize(("members", "told"), [([[0, 1], [1, 2], [2]], "without a cycle"), ([[0, 1], [1, 2], [2, 0]], "with a cycle")])
def test_membership_is_told_from_the_graph(members, told):
    figure = regularization.membership([0, 1, 2], members)
    assert told in figure.title and len(figure.data["edges"]) == sum(len(row) - 1 for row in members)


# --- ranks ----------------------------------------------------------------------------------------------------------


def test_ranks_over_strata():
    assert all(value == factorization_rank(3, 4, a, b) for a, b, value in cells(factorization.ranks()))
    target = {(a, b): value for a, b, value in cells(factorization.ranks(3, 3, 3, 1))}
    assert set(target) == {(a, b) for a in (1, 2, 3) for b in (1, 2, 3) if a + b <= 4}
    assert target == {(a, b): factorization_rank(3, 3, a, b) for a, b in target}


def test_measurements_see_min_of_number_and_rank():
    for label, (n, rank) in drawn(factorization.seen_ranks()).items():
        assert rank.tolist() == np.minimum(n, int(label.rpartition(" ")[2])).tolist()


def test_ranks_over_classes():
    assert all(value == idle + 3 * active for active, idle, value in cells(networks.classes()))


def test_ranks_of_three_architectures():
    found = drawn(convolution.by_zeros())
    for one, name in convolution.NAMES.items():
        zeros, ranks = found[name]
        assert ranks.tolist() == [cnn_function_rank(5, 3, 3, 2, architecture=one, zeros=int(count)) for count in zeros]


# --- width, depth, condensation --------------------------------------------------------------------------------------


def test_signs_of_the_split_point():
    found = np.array([y for _, y in drawn(width.over_fractions()).values()])
    alpha = np.linspace(-1, 2, 91)
    inside, outside = (alpha > 0.01) & (alpha < 0.99), (alpha < -0.01) | (alpha > 1.01)
    assert (abs(found[:2, inside]) < 1e-9).all() and (found[2:, inside] > 1e-4).all()
    assert (found[0, outside] < -1e-4).all() and (abs(found[1:3, outside]) < 1e-9).all()


def test_orders_of_the_lift():
    found = drawn(depth.orders())
    for label, order in (("output error, c = 0", 2), ("gradient, c = 0", 1), ("output error, c = 0.5", 1), ("gradient, c = 0.5", 0)):
        x, y = found[label]
        assert slope(x[-6:], y[-6:]) == pytest.approx(order, abs=0.1), label


def test_drawn_neurons_follow_the_law():
    """Within five standard deviations of a share of 400."""
    found = drawn(condensation.shares())
    for delta in ("0.1", "0.001"):
        law, share = found[f"law, delta = {delta}"][1], found[f"400 drawn neurons, delta = {delta}"][1]
        assert (abs(law - share) <= 5 * np.sqrt(law * (1 - law) / 400) + 1 / 400).all()


def test_orbits_of_the_leading_flow_are_hyperbolas():
    """a^2 - s^2 stays, and (s, a) follows s' = a, a' = s."""
    for s, a in drawn(condensation.hyperbolas()).values():
        assert a * a - s * s == pytest.approx(a[0] ** 2 - s[0] ** 2, abs=1e-12)
        step = 2 / (len(s) - 1)
        assert np.gradient(s, step)[1:-1] == pytest.approx(a[1:-1], abs=1e-3 * abs(a).max())
        assert np.sign(s[-1]) == (np.sign(a[0] + s[0]) or np.sign(s[0]))


def test_the_smallest_eigenvalue_lies_under_its_bound():
    """kappa lambda(S), with S = E[e sigma''(w x) x x^T] summed here over the four samples."""
    found = drawn(width.under_the_bound())
    (alpha, least), (_, bound) = found["smallest eigenvalue"], found["bound kappa lambda(S)"]
    w, a = width.POINT[:2], width.POINT[2]
    values = np.exp(width.INPUTS @ w)
    S = sum(2 * (a * f - y) * a * f * np.outer(x, x) for f, y, x in zip(values, width.LABELS[:, 0], width.INPUTS, strict=True))
    kappa, extremes = alpha * (1 - alpha) / (alpha**2 + (1 - alpha) ** 2), np.linalg.eigvalsh(S)
    assert bound == pytest.approx(np.where(kappa > 0, kappa * extremes[0], kappa * extremes[-1]))
    assert (least <= bound + 1e-12).all() and (bound[(alpha < -0.01) | (alpha > 1.01)] < -1e-3).all()


# --- attention, errata, transforms ------------------------------------------------------------------------------------


def test_the_loss_rests_at_the_entropy_while_attention_grows():
    times, losses, sizes = attention.flow()
    rests = (times >= 100) & (times <= 300)
    pi = np.array(attention.LAW)
    assert losses[rests] == pytest.approx(float(entropy(pi)), abs=1e-3) and losses[-1] < losses[rests].min() - 0.05
    # Growing and falling parts, cosh-like: slower than 2c at first, faster once the plateau is left.
    slopes, until = np.diff(np.log(sizes)) / np.diff(times), times[1:]
    rate = 2 * float(focusing_rate(pi, attention.LAM))
    assert slopes[until <= 120].max() < rate < slopes[(until >= 260) & (until <= 400)].min()


def test_penalties_are_the_closed_excess():
    """12 R_1/v = 19 + (s (26 - 16 s - 19 u) + u (44 - 16 u - 19 s))/(1 - s - u)^2."""
    moves = {"left intercept moved": (1, 0), "right intercept moved": (0, 1), "each moved by half": (0.5, 0.5)}
    for label, (left, right) in moves.items():
        x, y = drawn(errata.penalties())[label]
        s, u = left * x, right * x
        assert y == pytest.approx(19 + (s * (26 - 16 * s - 19 * u) + u * (44 - 16 * u - 19 * s)) / (1 - x) ** 2)
        assert (np.diff(y) > 0).all()


def test_scaled_transforms_keep_their_area():
    for _, (k, y) in drawn(pde.bells((0.5, 1.0))).items():
        assert np.trapezoid(y, k) == pytest.approx(2 * math.pi, rel=1e-4)  # 2 pi f(0)


def test_the_determinant_changes_its_sign_at_one_weight_alone():
    (w, determinant), x = drawn(errata.singular_branch())["determinant"], np.array([0.8218, -1.3813, -2.7542])
    columns = lambda one: np.column_stack([np.tanh(0.9 * x + 0.5), x / np.cosh(0.9 * x + 0.5) ** 2, np.tanh(one * x + 0.5)])
    assert determinant == pytest.approx([np.linalg.det(columns(one)) for one in w], abs=1e-12)
    (change,) = np.flatnonzero(np.diff(np.sign(determinant[w < 0.5])))
    assert w[change] <= -2.44 <= w[change + 1]
    assert (determinant[(w > -2.4) & (w < 2.01)] < 1e-12).all()  # it touches 0 at the weight of the target


def test_two_neurons_meet_at_the_samples():
    found = drawn(errata.two_neurons())
    (target, other), (x, y) = [curve for name, curve in found.items() if name != "samples"], found["samples"]
    sigmoid = lambda z: 1 / (1 + np.exp(-z - 0.3))
    assert target[1] == pytest.approx(sigmoid(2 * target[0])) and y == pytest.approx(sigmoid(2 * x))
    name = next(name for name in found if "sigma" in name)
    factor, weight = map(float, re.findall(r"\d+\.\d+", name))
    assert other[1] == pytest.approx(factor * sigmoid(weight * other[0]), abs=1e-3)
    gap = (other[1] - target[1])[~np.isin(target[0], x)]
    assert len(np.flatnonzero(np.diff(np.sign(gap)))) == 2
    assert factor * sigmoid(weight * x) == pytest.approx(y, abs=1e-3)


def test_the_corrected_input_leads_to_the_target():
    """On a^2/2 - w/x of the start; the data are fitted at the target, and with the printed input at the end that is drawn."""
    found = drawn(errata.orbits_of_inputs())
    for name, end in (("corrected, x = 0.4", "target"), ("printed, x = 1.2", "end, as printed")):
        x, (w, a) = float(name.rpartition(" ")[2]), found[name]
        assert a**2 / 2 - w / x == pytest.approx(0.5 - 0.5 / x)
        (w,), (a,) = found[end]
        assert a**2 / 2 - w / x == pytest.approx(0.5 - 0.5 / x) and a * np.exp(w * x) == pytest.approx(2 * np.exp(1.1 * x))
    assert [round(float(value[0]), 3) for value in found["end, as printed"]] == [1.319, 1.538]


def test_flows_to_labels_that_are_never_reached():
    for w, a in drawn(errata.never_reached()).values():
        assert a * a / 2 - np.exp(w) == pytest.approx(1, abs=1e-7)


# --- further pictures --------------------------------------------------------------------------------------------------


def test_ranks_of_recurrent_layers():
    parameters, ranks = modules.recurrent_ranks().data["series"]
    assert [p - r for p, r in zip(parameters["y"], ranks["y"], strict=True)] == [1, 2, 4]


def test_generic_ranks_of_deep_networks_are_their_parameters():
    assert all(value == FullyConnected((2, first, second, 1), "tanh", True).n_params for first, second, value in cells(deep.generic()))


def test_places_lie_where_their_regimes_are():
    found = drawn(phase.places())
    for label, (gamma, prime) in found.items():
        if label != "critical line":
            on_the_line = gamma[0] == 1 if prime[0] <= 0 else prime[0] == gamma[0] - 1
            assert on_the_line == ("mean-field" in label), label


def test_limits_of_reweighted_data_solve_them():
    found = drawn(regularization.reweighted())
    once, four = found["datum 1 counted once"], found["datum 1 counted four times"]
    assert (once[0][-1], once[1][-1]) == pytest.approx((1.40635, 0.55040), abs=1e-2)
    assert (four[0][-1], four[1][-1]) == pytest.approx((-1.39696, -0.54647), abs=1e-2)


def test_a_sample_switches_off_at_its_line():
    found = drawn(regularization.switched_off())
    for label, second in (("sample 1 alone", -2 * math.sqrt(6) / 3), ("both samples", -(2**0.9) * 3**0.7 / 4 - math.sqrt(6) / 3)):
        w1, w2 = found[label]
        assert w2[-1] == pytest.approx(second, abs=1e-3) and w1[-1] == pytest.approx(1, abs=0.01)
    x, y = found["w . x_2 = 0"]
    assert x + math.sqrt(1.5) * y == pytest.approx(0)


def test_log_periodic_solution_curves_meet_again():
    sigma = lambda z: z * np.exp(np.sin(2 * np.pi * np.log2(z)) / 10)
    found = drawn(regularization.repeating())
    for name, x in (("1", 1.0), ("sqrt 2", math.sqrt(2))):
        w, a = found[f"solutions of x = {name}"]
        assert a * sigma(w * x) == pytest.approx(0.05 * sigma(x)) and 0.025 * sigma(2 * x) == pytest.approx(0.05 * sigma(x))
