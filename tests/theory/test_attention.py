"""The population loss of attention on a Markov chain: against long sequences, finite differences and symbols."""

from fractions import Fraction

import numpy as np
import pytest

from theory.dynamics import attention
from theory.dynamics.attention import MarkovAttention

PI, LAM = np.array([0.75, 0.19, 0.05, 0.01]), 0.5


def test_the_population_loss_is_the_limit_of_sequences():
    """Attention over 4 * 10^5 drawn tokens: the counts leave pi by O(1/sqrt(s)), and the logits are smooth in them."""
    rng, model = np.random.default_rng(0), MarkovAttention(4, 3, 2)
    theta = model.init(rng, scale=0.7)
    tokens, stay = rng.choice(4, 400_000, p=PI), rng.random(400_000) < LAM
    for k in range(1, len(tokens)):
        if stay[k]:
            tokens[k] = tokens[k - 1]
    parts = model.unpack(theta)
    embedded = parts["embedding"][tokens]
    for q in range(4):
        scores = np.exp(embedded @ parts["key_weights"] @ (parts["query"].T @ parts["embedding"][q]))
        logits = (scores / scores.sum()) @ embedded @ parts["projection"]
        assert np.abs(logits - model.logits(theta, PI)[q]).max() < 0.02


def test_the_gradient_in_closed_form():
    model = MarkovAttention(4, 3, 2)
    theta = model.init(np.random.default_rng(1), scale=0.7)
    step = 1e-6 * np.eye(model.n_params)
    numeric = [(model.loss(theta + h, PI, LAM) - model.loss(theta - h, PI, LAM)) / 2e-6 for h in step]
    assert np.abs(model.gradient(theta, PI, LAM) - numeric).max() < 1e-8


def test_the_gradient_in_balls():
    """Forward duals over the loss against the closed form, at exact numbers."""
    from numerics.arithmetic.krawczyk import ball, balls, working_precision
    from numerics.derivatives.dual import jacobian_of

    model = MarkovAttention(3, 2, 2)
    with working_precision(200):
        pi, lam = balls([Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]), ball(Fraction(2, 5))
        theta = balls([Fraction(int(k), 7) for k in np.random.default_rng(4).integers(-6, 7, model.n_params)])
        by_duals = jacobian_of(lambda point: [model.loss(point, pi, lam)])(theta)[0]
        difference = by_duals - model.gradient(theta, pi, lam)
        assert all(entry.contains(0) and float(entry.rad()) < 1e-50 for entry in difference)


def test_the_condensed_point_is_critical_and_balanced():
    model = MarkovAttention(4, 3, 2)
    theta = model.condensed_point(PI)
    assert np.abs(model.gradient(theta, PI, LAM)).max() < 1e-15
    assert abs(model.loss(theta, PI, LAM) - attention.entropy(PI)) < 1e-15
    parts = model.unpack(theta)
    norms = [np.linalg.norm(parts[name]) for name in ("embedding", "projection")]
    assert np.allclose(norms, attention.condensed_norm(PI), rtol=1e-14)
    assert abs(norms[0] - 2.0308) < 5e-5  # as measured for the published law


def test_rates_of_the_published_law():
    assert abs(attention.condensation_rate(PI) - 0.459501) < 1e-6
    assert abs(attention.focusing_rate(PI, LAM) - 0.079785) < 1e-6


def test_redistribution_is_the_derivative_in_the_size_of_attention():
    ray, rates = attention.condensed_ray(PI), attention.redistribution_rates(PI, LAM)
    assert (np.diff(rates[::-1]) > 0).all()  # in the order of the frequencies

    def ratios(kappa):
        return attention.rank_one_flow(attention.RankOne(ray.gamma, ray.beta, kappa**0.5, kappa**0.5), PI, LAM).gamma / PI

    slope = (ratios(1e-6) - ratios(0.0)) / 1e-6
    assert np.abs((slope - slope[0]) - (rates - rates[0])).max() < 1e-4


def test_the_sign_of_the_drive_follows_that_of_gamma():
    ray, rates = attention.condensed_ray(PI), attention.redistribution_rates(PI, LAM)
    turned = [attention.rank_one_flow(attention.RankOne(-ray.gamma, -ray.beta, q, q), PI, LAM).gamma / PI for q in (0.0, 1e-3)]
    slope = (turned[1] - turned[0]) / 1e-6
    assert np.abs((slope - slope[0]) + (rates - rates[0])).max() < 1e-4


def test_a_chain_that_never_moves_has_another_slope():
    """At lambda = 1 a sequence holds one token, drawn from pi: at 0 the slope in M is diag(pi) (1/d - I), no limit of those below."""
    tokens = np.random.default_rng(0).choice(4, 20_000, p=PI)
    hot = np.eye(4)[tokens]
    constant = hot.T @ (0.25 - hot) / len(tokens)  # the mean of a sequence of v is e_v, its next token v
    assert np.abs(constant - PI[:, None] * (0.25 - np.eye(4))).max() < 0.02
    near = attention.slopes(PI, 1 - 1e-12, np.zeros((4, 4)), np.stack([PI] * 4), np.full((4, 4), 0.25)).M
    assert np.allclose(near, np.outer(PI, 0.25 - PI)) and np.abs(near - constant).max() > 0.1


def test_the_rank_one_flow_is_the_flow():
    model, rng = MarkovAttention(4, 3, 2), np.random.default_rng(2)
    unit = lambda size: (lambda v: v / np.linalg.norm(v))(rng.normal(size=size))
    alpha, a = unit(3), unit(2)
    point = attention.RankOne(rng.normal(size=4), rng.normal(size=4), 0.7, -0.4)
    theta = model.pack(
        embedding=np.outer(point.gamma, alpha),
        projection=np.outer(alpha, point.beta),
        query=point.query * np.outer(alpha, a),
        key_weights=point.key * np.outer(alpha, a),
    )
    speed, by_ray = model.unpack(-model.gradient(theta, PI, LAM)), attention.rank_one_flow(point, PI, LAM)
    assert np.allclose(speed["embedding"], np.outer(by_ray.gamma, alpha), atol=1e-14)
    assert np.allclose(speed["projection"], np.outer(alpha, by_ray.beta), atol=1e-14)
    assert np.allclose(speed["query"], by_ray.query * np.outer(alpha, a), atol=1e-14)
    assert np.allclose(speed["key_weights"], by_ray.key * np.outer(alpha, a), atol=1e-14)


def test_entropies():
    half = np.array([0.5, 0.5])
    assert abs(attention.entropy(half) - np.log(2)) < 1e-15
    assert abs(attention.conditional_entropy(half, 0.0) - np.log(2)) < 1e-15
    assert abs(attention.conditional_entropy(PI, LAM) - 0.5536) < 5e-5


def test_a_call_gives_the_logits_of_query_tokens():
    model = MarkovAttention(3, 2, 1)
    theta = model.init(np.random.default_rng(3))
    assert np.allclose(model(theta, [[2], [0]]), model.logits(theta, np.full(3, 1 / 3))[[2, 0]])


def test_bad_input():
    for pi in ([0.5, 0.4], [1.5, -0.5], [0.5, 0.5, 0.0], [Fraction(1, 2), Fraction(1, 3)]):
        with pytest.raises(ValueError, match="pi must be a stationary law, positive with sum 1"):
            attention.entropy(pi)
    with pytest.raises(ValueError, match="pi must hold at least two probabilities"):
        attention.entropy([1.0])
    with pytest.raises(ValueError, match=r"lam must lie in \[0, 1\], got 1.5"):
        attention.transition(PI, 1.5)
    with pytest.raises(ValueError, match="pi must not be uniform"):
        attention.condensed_ray(np.full(4, 0.25))
    with pytest.raises(ValueError, match="tokens must be an integer of at least 2"):
        MarkovAttention(1, 2, 2)


def test_a_token_of_average_frequency_has_a_rate_in_balls():
    """(7/18, 1/3, 5/18): the middle one is 1/3 of three, and a ball around 0 has no square root of its square."""
    from flint import arb

    law = [Fraction(7, 18), Fraction(1, 3), Fraction(5, 18)]
    rate = attention.condensation_rate(np.array([arb(int(p.numerator)) / int(p.denominator) for p in law], dtype=object))
    assert rate.overlaps(arb(float(attention.condensation_rate(np.array(law, dtype=float))), 1e-15)) and float(rate.rad()) < 1e-12


def test_large_scores_and_logits_do_not_overflow():
    assert attention.weights([0.5, 0.5], [[1000.0, 0.0], [0.0, 0.0]]).tolist() == [[1, 0], [0.5, 0.5]]
    model = MarkovAttention(2, 1, 1)
    far = model.pack(embedding=[[30.0], [-30.0]], projection=[[30.0, -30.0]], query=[[0.0]], key_weights=[[0.0]])
    # attention is at rest, so both queries have the logits +-900 (2 pi_1 - 1): the loss is 360 times the share of the other token
    assert model.loss(far, np.array([0.6, 0.4]), 0.0) == pytest.approx(0.4 * 360, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: attention.conditional_entropy(PI, 1), "lam must be below 1"),
        (lambda: attention.redistribution_rates(PI, 5), r"lam must lie in \[0, 1\], got 5"),
        (lambda: attention.focusing_rate(PI, np.float32(2)), r"lam must lie in \[0, 1\], got 2.0"),
    ],
)
def test_persistence_outside_is_refused(call, told):
    with pytest.raises(ValueError, match=told):
        call()
