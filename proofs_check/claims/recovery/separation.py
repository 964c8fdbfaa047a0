r"""How many samples set a branch of perfect minima apart from imperfect ones near by, and with it make the branch stable."""

from __future__ import annotations

import numpy as np

from proofs_check import Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims.recovery._points import (
    GENERIC,
    INPUTS,
    LONE,
    PAIR,
    PAPER,
    POINT,
    SIGMA,
    SPLIT,
    decided,
    inputs,
    kinds_up_to,
    tangent_rank,
)
from theory.models import TwoLayer
from theory.recovery import Branch, branch_types, random_target

#: Share of perturbed starts that end at an imperfect minimum: at most 0.05 where the branch is separated (so that 0.25 is excluded), at
#: least 0.95 where the zero set is larger than the branch (so that 0.75 is excluded).
FEW, MANY, MARGIN = 0.05, 0.95, 0.2


def decided_by_projection(cell, *, separated: bool, in_words, alpha, context, figures=()) -> Outcome:
    """From perturbed random points of a branch to the nearest zero-loss points: few are imperfect where it is ``separated``, else most.

    A cell is (branch, d, n), its ``alpha`` a share of that of the check (a 32nd or a 24th, for 21 cells); ``in_words`` makes a message of
    two numbers, the imperfect ones and all.
    """
    from numerics.recovery.minima import designs, nearby_zero_loss
    from numerics.statistics import decide_rate_at_least, decide_rate_at_most

    branch, d, n = cell
    rng, trials = context.rng(branch, d, n), context.by_level(quick=240, standard=500, full=2000)
    model = TwoLayer(d, branch.width, activation=SIGMA)
    theta = np.stack([branch.random_point(d, rng) for _ in range(trials)])
    nearby = nearby_zero_loss(model, theta, designs(model, theta, n, branch.rank(d), rng=rng), rng=rng)
    count = int(nearby.imperfect.sum())
    rule, level = (decide_rate_at_most, FEW) if separated else (decide_rate_at_least, MANY)
    decision = rule(count, trials, threshold=level, margin=MARGIN, alpha=alpha)
    return decided(decision, in_words(count, trials), figures=figures)


def check_codimension_reached(instance, *, size, context) -> Outcome:
    """On Morse-Bott branches the rank reaches the codimension at the threshold and not one sample before."""
    branch, d = instance
    rng, n = context.rng(), size(branch, d)
    theta, x = branch.random_point(d, rng), inputs(rng, n, d)
    ranks = [tangent_rank(SIGMA, theta, x[: n - short]).rank for short in (0, 1)]
    return Outcome.equal([branch.codimension(d), branch.codimension(d) - 1], ranks, branch=str(branch), theta=theta, x=x)


def morse_bott_kinds(context):
    return [(branch, d) for branch, d in kinds_up_to(4)(context) if branch.morse_bott]


def check_projection(cell, *, size, context) -> Outcome:
    """Imperfect minima are found near the branch below ``size`` samples and not from there on."""
    branch, d, n = cell
    in_words = lambda count, trials: f"{branch}, d = {d}, n = {n}: {count} of {trials} starts end at imperfect minima"
    return decided_by_projection(cell, separated=n >= size(branch, d), in_words=in_words, alpha=context.spend(32), context=context)


def projection_cells(context):
    """Morse-Bott branches just below and at the codimension, the others at the codimension."""
    for m, m0, d in [(2, 1, 1), (2, 1, 2), (3, 1, 1), (3, 1, 2), (3, 2, 1)]:
        for branch in branch_types(m, m0):
            n = branch.codimension(d)
            yield from ((branch, d, k) for k in ((n - 1, n) if branch.morse_bott else (n,)))


def check_ladder(_, *, separation, context) -> Outcome:
    """Test error of the nearest zero-loss point at distance eps: of order eps below the rank, eps^2 below separation, then none."""
    from numerics.rank.slope import best_conditioned, slope_test

    series, cases, d = [], 0, 2
    for branch in (SPLIT, LONE):
        model, slopes, sizes_drawn = TwoLayer(d, 2, activation=SIGMA), [], range(2, 7)
        for n in sizes_drawn:
            rng, trials = context.rng(branch, n), context.by_level(quick=41, standard=101, full=401)
            theta = np.stack([branch.random_point(d, rng) for _ in range(trials)])
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


#: m = 2, m0 = 1 as printed in arXiv:2405.13787v1, by the dimension of the weights (with the bias): optimistic size, separation of the lone
#: free neuron, of the split target, number of parameters.
PRINTED_SIZES = {2: (3, 4, 5, 6), 4: (5, 6, 9, 10)}


def check_printed_sizes(d, *, printed, context) -> Outcome:
    """Least rank by certified tangents, separation sizes as codimensions by rational equations."""
    from numerics.arithmetic.exact import rank_rational

    rng = context.rng()
    target, model = random_target(1, d, rng), TwoLayer(d, 2)
    ranks = [tangent_rank(SIGMA, b.sample(target, rng), inputs(rng, model.n_params + 2, d)).rank for b in (SPLIT, LONE)]
    if None in ranks:
        return Outcome.inconclusive("a rank is not certified", cases=1)
    lone, split = (rank_rational(branch.constraints(target)[0]) for branch in (LONE, SPLIT))
    return Outcome.equal(printed[d], (min(ranks), lone, split, model.n_params), inputs=d)


def determinant_sign(form) -> bool:
    return bool(np.linalg.det(form) > 0)


def check_definite_form(chunk, *, criterion, context) -> Outcome:
    """d = 2, n = 4 on a split target: the form of the one null direction of J^T decides which designs separate."""
    from numerics.rank.slope import batched_tangents
    from numerics.recovery.minima import curvature_form, designs, nearby_zero_loss
    from numerics.statistics import decide_rate_at_least

    model, agreements, undecided, kinds = TwoLayer(2, 2, activation=SIGMA), 0, 0, [0, 0]
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
    decision = decide_rate_at_least(agreements, trials - undecided, threshold=0.95, margin=0.2, alpha=context.spend(1))
    return decided(decision, f"{agreements} of {trials - undecided} designs agree ({kinds[1]} definite, {undecided} undecided)")


def check_signature(instance, *, definite, context) -> Outcome:
    """Inertia of sum a_i delta_i^2 on sum a_i delta_i = 0: by Sylvester that of diag(a) less the sign of abar = sum a_i."""
    from numerics.arithmetic.exact import nullspace_rational, rationals
    from numerics.hessian.inertias import exact_inertia

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


def literal_stability(branch: Branch, n: int, d: int) -> str:
    """As printed: unstable whenever n is at most the rank, also where it is the codimension."""
    return "unstable" if n <= branch.rank(d) else branch.stability(n, d)


def check_stability(instance, *, verdict, context) -> Outcome:
    """Stable where the certified rank is the codimension; unstable where it is n below the codimension (the zero set is larger there)."""
    branch, d = instance
    rng, cases = context.rng(), 0
    theta, most = branch.random_point(d, rng), branch.codimension(d) + 1
    x = inputs(rng, most, d)
    for n in range(1, most + 1):
        found = tangent_rank(SIGMA, theta, x[:n])
        if found.rank is None:
            return Outcome.inconclusive(str(found), cases=1)
        proved = "stable" if found.rank == branch.codimension(d) else "unstable" if found.rank == n else None
        if proved is not None and verdict(branch, n, d) != proved:
            message = f"n = {n}: claimed {verdict(branch, n, d)}, but rank {found.rank} proves it {proved}"
            return Outcome.fails(message, counterexample={"branch": str(branch), "theta": theta, "x": x[:n]})
        cases += proved is not None
    return Outcome.holds(cases)


def check_stability_by_projection(cell, *, verdict, context) -> Outcome:
    """Perturbed perfect points and their nearest zero-loss points, at every n, against the verdict; drawn as a table."""
    branch, d, n = cell
    expected = verdict(branch, n, d)
    in_words = lambda count, trials: f"{branch}, d = {d}, n = {n}, {expected}: {count} of {trials} imperfect"
    figures = [stability_figure(3, 1, 2)] if cell == (SPLIT, 1, 1) else ()
    return decided_by_projection(
        cell, separated=expected == "stable", in_words=in_words, alpha=context.spend(24), context=context, figures=figures
    )


def stability_cells(context):
    """Every n up to one beyond the codimension where the theorem decides."""
    for branch, d in [(SPLIT, 1), (LONE, 1), (LONE, 2), (PAIR, 1), (SPLIT, 2)]:
        for n in range(1, branch.codimension(d) + 2):
            # At n = rank on a degenerate branch imperfect points are closer than any cut-off: of second order in the perturbation.
            if branch.stability(n, d) != "sample-dependent" and (branch.morse_bott or n != branch.rank(d)):
                yield branch, d, n


def stability_figure(m: int, m0: int, d: int) -> Figure:
    kinds = branch_types(m, m0)
    largest_size = max(branch.codimension(d) for branch in kinds) + 1
    value = {"unstable": 0.0, "sample-dependent": 0.5, "stable": 1.0}
    return Figure(
        "heatmap",
        f"Stability of each kind of branch against the sample size (m = {m}, m0 = {m0}, d = {d}; 0 unstable, 1/2 by the sample, 1 stable)",
        "Each row is a kind of branch, from the split target below to all weights distinct above; stability begins earliest where "
        "all weights are distinct and latest where no neuron is free.",
        data={
            "values": [[value[b.stability(n, d)] for n in range(1, largest_size + 1)] for b in kinds],
            "x": list(range(1, largest_size + 1)),
            "y": [f"r = {b.distinct}: {b}" for b in kinds],
        },
        x_label="samples n",
        y_label="branch",
    )


CLAIMS = [
    Claim(
        id="recovery.separation",
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
                parameters={"size": Branch.codimension},
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
                parameters={"size": Branch.codimension},
                controls=[
                    Control("one sample less", size=lambda b, d: b.codimension(d) - 1),
                    Control("one sample more", size=lambda b, d: b.codimension(d) + 1),
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
                parameters={"separation": Branch.codimension},
                controls=[Control("separated at the rank", separation=Branch.rank)],
                tolerance="slopes within 0.25 of 1 and 2; exact where most errors are below 1e-3 eps^2",
            ),
        ],
    ),
    Claim(
        id="recovery.separation.deficient",
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
        id="recovery.stability",
        title="Which sample sizes make a branch stable",
        statement=r"\theta^* \in Q^r_{P,\pi} \text{ stable a.e. for } n \ge \operatorname{codim};\quad "
        r"\text{unstable everywhere for } n \le r + (r-l)\,d \text{ and } n < \operatorname{codim};\quad "
        r"\text{all of } Q^* \text{ stable for } n > N",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "Thm 5.4, Table 2, corrected where the printed ranges overlap"),
        depends_on=["recovery.separation", "recovery.rank"],
        checks=[
            Check(
                "ranks",
                "exact",
                "instances",
                "all kinds of branches, m <= 3, d <= 2, n up to the codimension + 1",
                check_stability,
                kinds_up_to(3),
                parameters={"verdict": Branch.stability},
                controls=[
                    Control("printed ranges", verdict=literal_stability),
                    Control("stable from the rank on", verdict=lambda b, n, d: "stable" if n >= b.rank(d) else "unstable"),
                ],
            ),
            Check(
                "projection",
                "training",
                "instances",
                "perturbations of 0.005, m <= 3: at most 5% imperfect where stable (25% excluded), at least 95% where unstable (75% "
                "excluded)",
                check_stability_by_projection,
                stability_cells,
                parameters={"verdict": Branch.stability},
                controls=[
                    Control("always stable", verdict=lambda b, n, d: "stable"),
                    Control("never stable", verdict=lambda b, n, d: "unstable"),
                ],
                alpha=1e-5,
                tolerance="test error 1e-11, as for the separation",
            ),
        ],
    ),
]
