r"""How many samples set a branch of perfect minima apart from imperfect ones, near by and globally."""

from __future__ import annotations

import math

import numpy as np

from proofs_check import Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims._recovery_checks import (
    FEW,
    GENERIC,
    INPUTS,
    LONE,
    MANY,
    MARGIN,
    PAPER,
    POINT,
    RANKED,
    SPLIT,
    decided,
    inputs,
    kinds_up_to,
    tangent_rank,
)
from theory.genericity import shifted
from theory.models import TwoLayer
from theory.recovery import (
    Branch,
    branch_types,
    branches,
    random_target,
    separation_size,
)

# ------------------------------------------------------------------------------------------------- recovery.separation


def threshold(branch: Branch, d: int) -> int:
    return separation_size(branch.distinct, branch.width, branch.targets, d)


def check_codimension_reached(instance, *, size, context) -> Outcome:
    """On Morse-Bott branches the rank reaches the codimension at the threshold and not one sample before."""
    branch, d = instance
    rng, n = context.rng(), size(branch, d)
    theta, x = branch.sample(random_target(branch.targets, d, rng), rng), inputs(rng, n, d)
    ranks = [tangent_rank(RANKED[0], branch, theta, x[: n - short]).rank for short in (0, 1)]
    return Outcome.equal([branch.codimension(d), branch.codimension(d) - 1], ranks, branch=str(branch), theta=theta, x=x)


def morse_bott_kinds(context):
    return [(branch, d) for branch, d in kinds_up_to(4)(context) if branch.morse_bott]


def check_projection(cell, *, size, context) -> Outcome:
    """From perturbed points of the branch to the nearest zero-loss point: imperfect ones are found below ``size`` and not from it on."""
    from numerics.minima import designs, nearby_zero_loss
    from numerics.statistics import Answer, decide_rate_at_least, decide_rate_at_most

    branch, d, n = cell
    rng, model = context.rng(n), TwoLayer(d, branch.width, activation=shifted("tanh"))
    trials = context.by_level(quick=240, standard=500, full=2000)
    theta = np.stack([branch.sample(random_target(branch.targets, d, rng), rng) for _ in range(trials)])
    nearby = nearby_zero_loss(model, theta, designs(model, theta, n, branch.rank(d), rng=rng), rng=rng)
    separated, count = n >= size(branch, d), int(nearby.imperfect.sum())
    rule, level = (decide_rate_at_most, FEW) if separated else (decide_rate_at_least, MANY)
    decision = rule(count, trials, threshold=level, margin=MARGIN, alpha=context.alpha / CELLS)
    return decided(decision, f"{branch}, d = {d}, n = {n}: {count} of {trials} starts end at imperfect minima", Answer)


def projection_cells(context):
    """Morse-Bott branches just below and at the codimension, the others at the codimension."""
    for m, m0, d in [(2, 1, 1), (2, 1, 2), (3, 1, 1), (3, 1, 2), (3, 2, 1)]:
        for branch in branch_types(m, m0):
            n = branch.codimension(d)
            yield from ((branch, d, k) for k in ((n - 1, n) if branch.morse_bott else (n,)))


CELLS = 32


def check_ladder(_, *, separation, context) -> Outcome:
    """Test error of the nearest zero-loss point at distance eps: of order eps below the rank, eps^2 below separation, then none."""
    from numerics.slope import best_conditioned, slope_test

    series, cases, d = [], 0, 2
    for branch in (SPLIT, LONE):
        model, slopes, sizes_drawn = TwoLayer(d, 2, activation=shifted("tanh")), [], range(2, 7)
        for n in sizes_drawn:
            rng, trials = context.rng(n), context.by_level(quick=41, standard=101, full=401)
            theta = np.stack([branch.sample(random_target(1, d, rng), rng) for _ in range(trials)])
            x = best_conditioned(model, theta, rng.normal(0, 1.3, (trials, 25, n, d)), branch.rank(d))
            found = slope_test(model, theta, x, rng.normal(0, 1.3, (100, d)), rng=rng)
            order = 0 if n >= separation(branch, d) else 2 if n >= branch.rank(d) else 1
            exact = float(found.exact[found.converged].mean())
            observed = 0 if exact > 0.5 else float(np.nanmedian(found.slope))
            slopes.append(observed)
            cases += trials
            if abs(observed - order) > SLOPE_TOLERANCE:
                message = f"{branch}, n = {n}: median slope {observed:.2f} ({exact:.0%} exact), expected {order or 'no error'}"
                return Outcome.fails(message, counterexample={"branch": str(branch), "n": n, "slope": observed, "exact": exact})
        series.append(
            {"label": f"{branch}: R = {branch.rank(d)}, separated from {branch.codimension(d)}", "x": list(sizes_drawn), "y": slopes}
        )
    return Outcome.holds(cases, figures=[ladder_figure(series)])


#: m = 2, m0 = 1 as printed in arXiv:2405.13787v1, by the dimension of the weights (with the bias): optimistic size, separation of the lone
#: free neuron, of the split target, number of parameters.
PRINTED_SIZES = {2: (3, 4, 5, 6), 4: (5, 6, 9, 10)}


def check_printed_sizes(d, *, printed, context) -> Outcome:
    """Least rank by certified tangents, separation sizes as codimensions by rational equations."""
    from numerics.exact import rank_rational

    rng = context.rng()
    target, model = random_target(1, d, rng), TwoLayer(d, 2)
    ranks = [tangent_rank(RANKED[0], b, b.sample(target, rng), inputs(rng, model.n_params + 2, d)).rank for b in (SPLIT, LONE)]
    if None in ranks:
        return Outcome.inconclusive("a rank is not certified", cases=1)
    lone, split = (rank_rational(branch.constraints(target)[0]) for branch in (LONE, SPLIT))
    return Outcome.equal(printed[d], (min(ranks), lone, split, model.n_params), inputs=d)


#: The median of the slopes over eps in 1e-3 ... 1e-4; the next order in eps moves a slope by a few eps over the smallest singular value.
SLOPE_TOLERANCE = 0.25


def ladder_figure(series) -> Figure:
    return Figure(
        "lines",
        "Order of the test error against the sample size (m = 2, m0 = 1, d = 2; 0: exact recovery)",
        "Two ladders. The branch with a lone free neuron falls from slope 1 to exact recovery at n = 4; the split target "
        "has slope 1 at n = 2, slope 2 at n = 3 and 4, and is recovered exactly from n = 5.",
        data={"series": series},
        x_label="samples n",
        y_label="d log(test error) / d log(eps)",
    )


# --------------------------------------------------------------------------------------- recovery.separation.deficient


def determinant_sign(form) -> bool:
    return bool(np.linalg.det(form) > 0)


def check_definite_form(chunk, *, criterion, context) -> Outcome:
    """d = 2, n = 4 on a split target: the form of the one null direction of J^T decides which designs separate."""
    from numerics.minima import curvature_form, designs, nearby_zero_loss
    from numerics.slope import batched_tangents
    from numerics.statistics import Answer, decide_rate_at_least

    model, agreements, undecided, kinds = TwoLayer(2, 2, activation=shifted("tanh")), 0, 0, [0, 0]
    trials = context.by_level(quick=80, standard=300, full=2000)
    for replicate in range(trials):
        rng = context.rng(replicate)
        target = random_target(1, 2, rng)
        theta = SPLIT.sample(target, rng)
        x = designs(model, theta[None], 4, 3, rng=rng)[0]
        kernel = np.linalg.svd(batched_tangents(model, theta[None], x[None])[1][0].T)[2][-1]
        separated = criterion(curvature_form(model, target.weights[0], x, kernel))
        starts = np.repeat(theta[None], 12, axis=0)
        nearby = nearby_zero_loss(model, starts, np.repeat(x[None], 12, axis=0), rng=rng)
        if not nearby.converged.any():
            undecided += 1  # nearly degenerate forms: the projection creeps
            continue
        kinds[separated] += 1
        agreements += separated != (nearby.imperfect.sum() > 0.5 * nearby.converged.sum())
    decision = decide_rate_at_least(agreements, trials - undecided, threshold=0.95, margin=0.2, alpha=context.alpha)
    return decided(decision, f"{agreements} of {trials - undecided} designs agree ({kinds[1]} definite, {undecided} undecided)", Answer)


def check_signature(instance, *, definite, context) -> Outcome:
    """Inertia of sum a_i delta_i^2 on sum a_i delta_i = 0: by Sylvester that of diag(a) less the sign of abar = sum a_i."""
    from numerics.exact import nullspace_rational, rationals
    from numerics.inertia import exact_inertia

    a = np.array(instance, dtype=object)
    basis = np.array(nullspace_rational(rationals(a[None])), dtype=object)
    counts = exact_inertia(basis @ np.diag(a) @ basis.T).counts
    with_sign = int(sum(np.sign(entry) == np.sign(a.sum()) for entry in a))
    return Outcome.equal(definite(with_sign, len(a)), counts[0] == 0 or counts[2] == 0, outputs=instance, inertia=counts)


def integer_splits(context):
    rng = context.rng()
    for m in range(2, 7):
        for _ in range(context.by_level(quick=30, standard=200, full=1000)):
            a = rng.choice([-3, -2, -1, 1, 2, 3], m)
            if a.sum():
                yield a.tolist()


# ------------------------------------------------------------------------------------ recovery.global, recovery.unique


def check_global(replicate, *, extra, context) -> Outcome:
    """m = d = 1: besides abar sigma(wbar x) no a sigma(w x) passes through N + extra samples (all roots of a ratio are scanned)."""
    from numerics.minima import other_interpolants

    rng, sigma = context.rng(replicate), shifted("sigmoid", "3/10")
    w, a = rng.normal(0, 1.2, 2)
    x = rng.normal(0, 1.3, 2 + extra)
    others = other_interpolants(sigma, w, x)
    if not others:
        return Outcome.holds()
    return Outcome.fails(f"w = {others[0]:.6g} interpolates as well", counterexample={"wbar": w, "abar": a, "x": x, "others": others})


def many_data_sets(context):
    return range(context.by_level(quick=300, standard=1500, full=10000))


def check_global_by_training(_, *, extra, context) -> Outcome:
    """Zero-loss points found from random starts on N + extra samples represent f* elsewhere too (m = 2, m0 = 1, d = 1)."""
    from numerics.minima import fit, generalization

    sigma = shifted("tanh")
    perfect = lambda points, target: (generalization(sigma, target, points) < PERFECT).all()
    return all_zeros(fit, context, neurons=1, samples=4 + extra, are=perfect)


def all_zeros(fit, context, *, neurons: int, samples: int, are) -> Outcome:
    """Over independent targets (width 2, d = 1, four starts each): how often all zero-loss points that training finds ``are`` right."""
    from numerics.statistics import Answer, decide_rate_at_least

    rng, count = context.rng(), context.by_level(quick=90, standard=250, full=1000)
    targets = [random_target(neurons, 1, rng) for _ in range(count)]
    theta, found = fit(shifted("tanh"), targets, width=2, x=rng.normal(0, 1.5, (count, samples, 1)), starts=4, rng=rng)
    right = [bool(are(theta[k][found[k]], target)) for k, target in enumerate(targets) if found[k].any()]
    if len(right) < LEAST_FOUND:
        return Outcome.inconclusive(f"training reached zero loss for {len(right)} of {count} targets")
    decision = decide_rate_at_least(sum(right), len(right), threshold=0.95, margin=0.2, alpha=context.alpha)
    return decided(decision, f"{sum(right)} of {len(right)} targets have only the zero-loss points claimed", Answer)


#: With fewer targets not even unanimity excludes a rate of 75% at the level of the check.
LEAST_FOUND = 45
#: Root-mean-square error off the samples. Loss 1e-24 leaves residuals of 1e-12, enlarged by the inverse of the least singular value.
PERFECT = 1e-5


def check_isolated(m0, *, count, context) -> Outcome:
    """At width m0 the branches are points: the permutations of the target, each with a Hessian of full rank at n = N + 1."""
    listed, d = list(branches(m0, m0)), 2
    for k, branch in enumerate(listed):
        rng = context.rng(k)
        theta = branch.sample(random_target(m0, d, rng), rng)
        found = tangent_rank(RANKED[0], branch, theta, inputs(rng, m0 * (d + 1) + 1, d))
        if branch.dimension(d) or found.rank != m0 * (d + 1):
            return Outcome.fails("a perfect minimum is not isolated", counterexample={"branch": str(branch), "rank": str(found)})
    return Outcome.equal(count(m0), len(listed), targets=m0)


def check_unique_by_training(_, *, same, context) -> Outcome:
    """All zero-loss points of width m0 = 2 on N + 1 samples are the target, by ``same``."""
    from numerics.minima import fit

    are = lambda points, target: all(same(point, target) for point in points)
    return all_zeros(fit, context, neurons=2, samples=5, are=are)


def up_to_permutation(theta, target) -> bool:
    return any(identical(np.concatenate([theta[list(order)], theta[2:][list(order)]]), target) for order in ((0, 1), (1, 0)))


def identical(theta, target) -> bool:
    return bool(np.abs(theta - np.concatenate([target.weights[:, 0], target.outputs])).max() < SAME)


#: Residuals of 1e-12 over a least singular value of at least 1e-8 or so.
SAME = 1e-3


CLAIMS = [
    Claim(
        id="recovery.separation",
        family="recovery",
        title="Sample size that separates a branch",
        statement=r"n \ge r + (m + m_0 - r)\, d \implies U \cap R^{-1}\{0\} = U \cap Q^r_{P,\pi};\quad "
        r"\text{least threshold } m + m_0 d\ (r = m),"
        r"\text{ largest } m_0 + m d\ (r = m_0)",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "Lemma 4.2(b), Thm 2.1; the ladder: arXiv:2405.13787v1"),
        relation="tight",
        depends_on=["recovery.morse-bott", "recovery.strata"],
        checks=[
            Check(
                "codimension-reached",
                "exact",
                "instances",
                "Morse-Bott branches, m <= 4, d <= 2: constant rank there makes the zero set the branch",
                check_codimension_reached,
                morse_bott_kinds,
                parameters={"size": threshold},
                controls=[
                    Control("as printed in Thm 5.3", size=lambda b, d: b.width + (b.width + b.targets - b.distinct) * d),
                    Control("optimistic size", size=lambda b, d: b.targets * (d + 1)),
                ],
            ),
            Check(
                "projection",
                "training",
                "instances",
                "nearest zero-loss points from distance 0.005, m <= 3: at most 5% imperfect from the threshold on (25% excluded), at "
                "least 95% one sample below on Morse-Bott branches (75% excluded)",
                check_projection,
                projection_cells,
                parameters={"size": threshold},
                controls=[
                    Control("one sample less", size=lambda b, d: threshold(b, d) - 1),
                    Control("one sample more", size=lambda b, d: threshold(b, d) + 1),
                ],
                alpha=1e-5,
                tolerance="test error 1e-11: above what residuals of 1e-14 leave, below the square of the distance times a curvature",
                distribution="targets and branch points as sampled; best conditioned of ten normal designs",
            ),
            Check(
                "printed-sizes",
                "exact",
                "instances",
                "the sizes printed for m = 2, m0 = 1 with weights of dimension 2 and 4",
                check_printed_sizes,
                lambda context: list(PRINTED_SIZES),
                parameters={"printed": PRINTED_SIZES},
                controls=[Control("separated at the optimistic size", printed={2: (3, 3, 3, 6), 4: (5, 5, 5, 10)})],
            ),
            Check(
                "ladder",
                "property",
                "instances",
                "m = 2, m0 = 1, d = 2, n = 2 ... 6, split target and lone free neuron, median over 41 designs",
                check_ladder,
                lambda context: [None],
                parameters={"separation": threshold},
                controls=[Control("separated at the rank", separation=Branch.rank)],
                tolerance="slopes within 0.25 of 1 and 2; exact where most errors are below 1e-3 eps^2",
            ),
        ],
    ),
    Claim(
        id="recovery.separation.deficient",
        family="recovery",
        title="Between rank and codimension the sample decides",
        statement=r"m = 2,\ m_0 = r = 1,\ n = d + 2,\ c \in \ker J^{\mathsf T}:\ \theta^* \text{ separated} "
        r"\iff \sum_i c_i\, \sigma''(\bar w \cdot x_i)\, x_i x_i^{\mathsf T} \text{ definite};"
        r"\quad d = 1:\ \sum a_i \delta_i^2 \big|_{\sum a_i \delta_i = 0} \text{ definite} \iff \#\{a_i \bar a > 0\} \in \{1, m\}",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "sharpens Thm 2.1; ours"),
        kind="extension",
        depends_on=["recovery.separation"],
        checks=[
            Check(
                "definite-form",
                "training",
                "instances",
                "d = 2, n = 4, 80 designs with 12 starts each; at least 95% agree (75% excluded)",
                check_definite_form,
                lambda context: [0],
                parameters={"criterion": determinant_sign},
                controls=[
                    Control("indefinite separates", criterion=lambda form: not determinant_sign(form)),
                ],
                alpha=1e-5,
            ),
            Check(
                "signature",
                "exact",
                "instances",
                "random integer splits, 2 <= m <= 6",
                check_signature,
                integer_splits,
                parameters={"definite": lambda k, m: k in (1, m)},
                controls=[Control("all of one sign", definite=lambda k, m: k == m)],
            ),
        ],
    ),
    Claim(
        id="recovery.global",
        family="recovery",
        title="More samples than parameters leave only perfect minima",
        statement=r"n > N = m(d+1) \implies R^{-1}\{0\} = Q^* \text{ for almost all } x_1, \dots, x_n",
        assumptions=[GENERIC, INPUTS],
        source=Source(PAPER, "Lemma 4.3(b), Cor. 3.4"),
        depends_on=["recovery.strata"],
        checks=[
            Check(
                "one-neuron",
                "property",
                "instances",
                "m = d = 1, n = 3, sigmoid(z + 3/10); all interpolants with |w| <= 40",
                check_global,
                many_data_sets,
                parameters={"extra": 1},
                controls=[Control("n = N", extra=0)],
                tolerance="roots bracketed by sign changes on a grid of 4000 weights; the third sample must agree to 1e-8",
            ),
            Check(
                "two-neurons",
                "training",
                "instances",
                "m = 2, m0 = 1, d = 1, n = N + 1: for at least 95% of the targets all zero-loss points found are perfect (75% excluded)",
                check_global_by_training,
                lambda context: [None],
                parameters={"extra": 1},
                controls=[Control("n = N - 2", extra=-2)],
                alpha=1e-5,
                tolerance="test error 1e-5 at loss 1e-24",
            ),
        ],
    ),
    Claim(
        id="recovery.unique",
        family="recovery",
        title="At the width of the target it is the only global minimum, up to permutation",
        statement=r"m = m_0,\ n > N:\quad R^{-1}\{0\} = \{\text{permutations of } \bar\theta\},\ "
        r"\text{all } m_0! \text{ of them isolated and non-degenerate}",
        assumptions=[GENERIC, INPUTS],
        source=Source(PAPER, "Prop. 4.1, corrected"),
        depends_on=["recovery.global", "recovery.rank"],
        checks=[
            Check(
                "isolated-points",
                "exact",
                "instances",
                "m0 <= 4, d = 2",
                check_isolated,
                lambda context: range(1, 5),
                parameters={"count": math.factorial},
                controls=[Control("a single one", count=lambda m0: 1)],
            ),
            Check(
                "training",
                "training",
                "instances",
                "m0 = 2, d = 1, n = 5: for at least 95% of the targets all zero-loss points found are the target (75% excluded)",
                check_unique_by_training,
                lambda context: [None],
                parameters={"same": up_to_permutation},
                controls=[Control("not up to permutation", same=identical)],
                alpha=1e-5,
                tolerance="parameters to 1e-3 at loss 1e-24",
            ),
        ],
    ),
]
