"""Recovery of a target network: pairs on branches, separation, decay and training."""

from __future__ import annotations

import math

import numpy as np
from referee_twins import (
    AT_EDGES,
    CONSTANT,
    DROPPED,
    EDGE,
    FLOAT,
    OFF_BY_ONE,
    RANK_PAPER,
    RECOVERY_PAPER,
    SMALL,
    Pair,
    Side,
    agreed,
    numbered,
    sides,
    within,
)

from proofs_check import Outcome, Source, draws

SIZES = [(1, 1), (2, 1), (3, 1), (3, 2)]


def shifted_tanh():
    from theory.recovery.genericity import shifted

    return shifted("tanh")


# ----------------------------------------------------------------------------------------------------------- branches


def check_branch_rank(instance, *, claimed, domain, context):
    from numerics.rank import empirical_rank
    from theory.models import TwoLayer
    from theory.recovery import branches, on_grid, random_target

    rng = context.rng(instance)
    d, (m, m0) = int(rng.integers(1, 3)), SIZES[int(rng.integers(len(SIZES)))]
    choices = list(branches(m, m0))
    branch = choices[int(rng.integers(len(choices)))]
    model, n = TwoLayer(d, m, activation=shifted_tanh()), int(rng.integers(1, m * (d + 1) + 4))
    theta = branch.sample(random_target(m0, d, rng), rng)
    found = empirical_rank(model, theta, on_grid(rng.normal(0, 1.3, (n, d))))
    expected = claimed(branch.distinct, branch.deficient, d, n)
    if found.lower <= expected <= found.upper and found.rank is None:
        return Outcome.inconclusive(str(found))
    return agreed(expected, expected if found.lower <= expected <= found.upper else found.lower, branch=str(branch), theta=theta, n=n)


def triples(context):
    largest = context.by_level(quick=4, standard=5, full=6)
    return [(m, m0, r) for m in range(1, largest + 1) for m0 in range(1, m + 1) for r in range(m0, m + 1)]


def check_least_deficient(instance, *, claimed, domain, context):
    from theory.recovery import branches

    m, m0, r = instance
    least = min(branch.deficient for branch in branches(m, m0) if branch.distinct == r)
    return agreed(claimed(m, m0, r), least, m=m, m0=m0, r=r)


def check_branch_count(instance, *, claimed, domain, context):
    from theory.recovery import branches, stirling

    m, m0, _ = instance
    expected = sum(stirling(m, b) * claimed(b, m0) for b in range(m0, m + 1))
    return agreed(expected, sum(1 for _ in branches(m, m0)), m=m, m0=m0)


def check_definite(instance, *, claimed, domain, context):
    from numerics.hessian.inertias import exact_inertia

    rng = context.rng(instance)
    a = draws.nonzero(rng, 3, 9)
    while a.sum() == 0:
        a = draws.nonzero(rng, 3, 9)
    basis = np.array([[a[1], -a[0], 0], [a[2], 0, -a[0]]])  # spans sum a_i delta_i = 0
    form = basis @ np.diag(a) @ basis.T
    counts = exact_inertia(form.astype(object)).counts
    same = int((np.sign(a) == np.sign(a.sum())).sum())
    return agreed(bool(claimed(same)), counts in ((2, 0, 0), (0, 0, 2)), a=a)


# --------------------------------------------------------------------------------------------------------- separation


def check_separation(instance, *, claimed, domain, context):
    from numerics.recovery.minima import designs, nearby_zero_loss
    from theory.models import TwoLayer
    from theory.recovery import Branch, random_target

    rng = context.rng(instance)
    d = 1 + instance % 2
    branch = Branch(((0,),), ((1,),))
    model = TwoLayer(d, 2, activation=shifted_tanh())
    theta = np.stack([branch.sample(random_target(1, d, rng), rng) for _ in range(6)])
    n = claimed(branch.codimension(d))
    x = designs(model, theta, n, branch.rank(d), rng=rng, tries=30)
    found = nearby_zero_loss(model, theta, x, rng=rng)
    imperfect = int(found.imperfect.sum())
    if imperfect:
        return Outcome.fails(f"{imperfect} imperfect zero-loss points nearby", counterexample={"d": d, "n": n, "errors": found.errors})
    if not found.converged.any():
        return Outcome.inconclusive("no start converged")
    return Outcome.holds(int(found.converged.sum()), margin=0.0)


def check_interpolants(instance, *, claimed, domain, context):
    from fractions import Fraction

    from numerics.recovery.minima import other_interpolants
    from theory.recovery.genericity import shifted

    rng = context.rng(instance)
    weight = float(rng.normal(0, 1.2))
    x = claimed(rng)
    others = other_interpolants(shifted("sigmoid", Fraction(3, 10)), weight, x)
    if not others:
        return Outcome.holds(margin=0.0)
    return Outcome.fails(f"{len(others)} other interpolants", counterexample={"weight": weight, "x": x, "others": others})


def normal_inputs(n):
    return lambda rng: rng.normal(0, 1.3, n)


def one_repeated(rng):
    x = rng.normal(0, 1.3, 3)
    x[2] = x[1]
    return x


def check_independence(instance, *, claimed, domain, context):
    from numerics.rank import float_rank

    rng = context.rng(instance)
    k = int(rng.integers(2, 4))
    while True:
        w = draws.rows(rng, k, 2, largest=2)
        keys = {tuple(row) for row in w.tolist()}
        opposite = any(tuple(-c for c in key) in keys for key in keys)
        if w.any(axis=1).all() and len(keys) == k and not (domain and opposite):
            break
    found = float_rank(np.tanh(rng.normal(size=(60, 2)) @ w.T))
    if found.estimate is None:
        return Outcome.inconclusive(str(found))
    return agreed(claimed(k), found.estimate, weights=w)


def check_merging(instance, *, claimed, domain, context):
    from numerics.derivatives.tape import tangents
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    d, gap = int(rng.integers(1, 3)), 2.0 ** -int(rng.integers(18, 31))
    w = np.round(rng.normal(size=d) * 16) / 16 + 1 / 32
    model = TwoLayer(d, 2)
    theta = model.pack(input_weights=np.stack([w, w + gap]), output_weights=draws.nonzero(rng, (1, 2)).astype(float))
    jacobian = tangents(model, theta, rng.normal(size=(60, d)))[1][:, 0]
    values = np.linalg.svd(jacobian, compute_uv=False)
    found, expected = model_rank(model, theta), int(claimed(values, d))
    if found.rank is None:
        return Outcome.inconclusive(str(found))
    return agreed(expected, found.rank, theta=theta)


# ---------------------------------------------------------------------------------------------------- decay and training


def check_decay(instance, *, claimed, domain, context):
    from numerics.recovery.minima import decay_rate, flow, hessian_eigenvalues
    from theory.models import TwoLayer
    from theory.recovery import random_target

    rng = context.rng(instance)
    model = TwoLayer(1, 1, activation=shifted_tanh())
    while True:
        target, x = random_target(1, 1, rng), rng.normal(0, 1.3, (4, 1))
        theta = np.concatenate([target.weights.ravel(), target.outputs]).astype(float)
        values = hessian_eigenvalues(model, theta, x)
        if len(values) == 2 and values[0] > 5e-3 and values[1] > 2 * values[0]:
            break
    decay = flow(model, theta + 0.02 * rng.normal(size=2), x, model(theta, x)[:, 0], np.linspace(0, 28 / values[0], 400))
    rate = decay_rate(decay, largest=1e-11, smallest=1e-19)
    return within(abs(rate / values[0] - claimed), 0.1, "rate of the loss over lambda", theta=theta, x=x)


def check_completion(instance, *, claimed, domain, context):
    from numerics.recovery.completion import VANISHING_INIT, complete, low_rank_targets, random_masks
    from numerics.statistics import Answer, decide_rate_at_least
    from theory.rank.completion import connected

    rng, trials = context.rng(instance), 40
    masks = random_masks(rng, 20 * trials, (4, 4), claimed)
    if domain and claimed >= 7:
        masks = np.array([mask for mask in masks if connected(4, 4, np.flatnonzero(mask).tolist())])
    masks, targets = masks[:trials], low_rank_targets(rng, trials, (4, 4), 1)
    recovered = int((complete(targets, masks, recipe=VANISHING_INIT, rng=rng) < 1e-6).sum())
    decision = decide_rate_at_least(recovered, trials, threshold=0.9, margin=0.4, alpha=context.spend(1))
    if decision.answer is Answer.ESTABLISHED:
        return Outcome.holds(trials)
    if decision.answer is Answer.REFUTED:
        return Outcome.fails(f"{recovered} of {trials} recovered", counterexample={"recovered": recovered, "trials": trials, "n": claimed})
    return Outcome.inconclusive(f"{recovered} of {trials} recovered")


PAIRS = [
    Pair(
        id="referee.branch-rank",
        title="The rank of the tangents on a branch",
        difficulty=EDGE,
        source=Source(RECOVERY_PAPER, "Lemma 4.2"),
        scope="up to three neurons and two targets, d up to 2, shifted tanh",
        run=check_branch_rank,
        instances=numbered(15, 80),
        true=Side(statement=r"\min(n, r + (r-l)d)", claimed=lambda r, l, d, n: min(n, r + (r - l) * d)),
        false=Side(statement=r"\min(n, r(d+1))", claimed=lambda r, l, d, n: min(n, r * (d + 1))),
        control=("all samples", lambda r, l, d, n: n),
    ),
    Pair(
        id="referee.least-deficient",
        title="The least number of lone free neurons",
        difficulty=EDGE,
        source=Source(RECOVERY_PAPER, "Lemma 3.6"),
        scope="all branches of up to five neurons",
        run=check_least_deficient,
        instances=triples,
        true=Side(statement=r"\max(0, 2r - m - m_0)", claimed=lambda m, m0, r: max(0, 2 * r - m - m0)),
        false=Side(statement=r"2r - m - m_0", claimed=lambda m, m0, r: 2 * r - m - m0),
        control=("none", lambda m, m0, r: 0),
    ),
    Pair(
        id="referee.branch-count",
        title="The number of branches",
        difficulty=SMALL,
        source=Source(RECOVERY_PAPER, "Definition 3.3"),
        scope="up to five neurons",
        run=check_branch_count,
        instances=triples,
        true=Side(statement=r"\sum_b S(m, b)\, b!/(b - m_0)!", claimed=math.perm),
        false=Side(statement=r"\sum_b S(m, b) \binom{b}{m_0}", claimed=math.comb),
        control=("partitions", lambda b, m0: 1),
    ),
    Pair(
        id="referee.definite-form",
        title="When three copies of a target neuron make the leading form definite",
        difficulty=EDGE,
        source=Source(RECOVERY_PAPER, "Lemma 4.2"),
        scope="three non-zero integers up to 9 with a sum that is not 0",
        run=check_definite,
        instances=numbered(40, 200),
        true=Side(statement=r"\text{one or three } a_i \text{ have the sign of the sum}", claimed=lambda same: same in (1, 3)),
        false=Side(statement=r"\text{all } a_i \text{ have one sign}", claimed=lambda same: same == 3),
        control=("always", lambda same: True),
    ),
    Pair(
        id="referee.separation",
        title="From how many samples on no imperfect minimum is near",
        difficulty=OFF_BY_ONE,
        source=Source(RECOVERY_PAPER, "Theorem 2.1"),
        scope="two neurons for one target, d up to 2, best of thirty designs",
        run=check_separation,
        instances=numbered(4, 20),
        evidence="property",
        relation="upper",
        tolerance="test errors above 1e-11: residuals 1e-14 over the least singular value of the designs; imperfect minima err by 1e-5",
        true=Side(statement=r"n = r + (m + m_0 - r)d", claimed=lambda codimension: codimension),
        false=Side(statement=r"n = r + (m + m_0 - r)d - 1", claimed=lambda codimension: codimension - 1),
        control=("two less", lambda codimension: codimension - 2),
    ),
    Pair(
        id="referee.interpolants",
        title="From how many samples on the target is the only interpolant",
        difficulty=OFF_BY_ONE,
        source=Source(RECOVERY_PAPER, "Lemma 4.3(b)"),
        scope="one shifted sigmoid neuron on the line",
        run=check_interpolants,
        instances=numbered(20, 150),
        evidence="property",
        tolerance="roots to 1e-14, agreement on further samples to 1e-8",
        true=Side(statement=r"n > N = 2", claimed=normal_inputs(3)),
        false=Side(statement=r"n \ge N = 2", claimed=normal_inputs(2)),
        control=("three samples, one of them repeated", one_repeated),
    ),
    Pair(
        id="referee.independent-neurons",
        title="Tanh neurons are independent",
        difficulty=DROPPED,
        source=Source(RANK_PAPER, "Proposition 2"),
        scope="two or three neurons on two inputs, integer weights up to 2",
        run=check_independence,
        instances=AT_EDGES,
        evidence="property",
        tolerance="singular values across a gap of 1e6 over max(shape) eps s_1",
        true=Side(statement=r"w_i \neq \pm w_j,\ w_i \neq 0", claimed=lambda k: k, domain=True),
        false=Side(statement=r"w_i \neq w_j,\ w_i \neq 0", claimed=lambda k: k, domain=False),
        control=("one less", lambda k: k - 1),
    ),
    Pair(
        id="referee.merging-weights",
        title="The rank where two weights nearly agree",
        difficulty=FLOAT,
        source=Source(RECOVERY_PAPER, "Lemma 4.2"),
        scope="two tanh neurons, d up to 2, weights apart by 1e-9 to 4e-6",
        run=check_merging,
        instances=numbered(10, 50),
        true=Side(statement=r"R = 2(d+1)", claimed=lambda values, d: 2 * (d + 1)),
        false=Side(
            statement=r"R = \#\{s_i > 60\,\varepsilon\,s_1\}",
            claimed=lambda values, d: (values > 60 * np.finfo(float).eps * values[0]).sum(),
        ),
        control=("one neuron", lambda values, d: d + 1),
    ),
    Pair(
        id="referee.decay",
        title="The rate at which the loss vanishes",
        difficulty=CONSTANT,
        source=Source(RECOVERY_PAPER, "Theorem 5.3(a)"),
        scope="one shifted tanh neuron, four samples, losses from 1e-11 to 1e-19",
        run=check_decay,
        instances=numbered(3, 20),
        evidence="property",
        tolerance="0.1: the larger eigenvalue, twice this one, has died out by 1e-11; higher orders are below 1e-5",
        true=Side(statement=r"R \sim e^{-2\lambda t}", claimed=2.0),
        false=Side(statement=r"R \sim e^{-\lambda t}", claimed=1.0),
        control=("four", 4.0),
    ),
    Pair(
        id="referee.completion-training",
        title="Gradient descent from a vanishing start completes rank-one matrices",
        difficulty=DROPPED,
        source=Source(RANK_PAPER, "Figure 2"),
        scope="4 x 4, seven entries, forty patterns",
        run=check_completion,
        instances=lambda context: [0],
        evidence="training",
        alpha=1e-8,
        relation="lower",
        true=Side(statement=r"P \ge 0.9 \text{ on connected patterns}", claimed=7, domain=True),
        false=Side(statement=r"P \ge 0.9", claimed=7, domain=False),
        control=("six entries", 6),
    ),
]


def claims(side):
    """The claims of one side."""
    return sides(PAIRS, side)
