r"""How many samples set a branch of perfect minima apart from imperfect ones near by, and with it make the branch stable."""

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.hessian.inertias import exact_inertia
from numerics.rank.slope import batched_tangents, best_conditioned, slope_test
from numerics.recovery.minima import curvature_form, designs, nearby_zero_loss
from proofs_check import Figure, Outcome, axes, by_level, claim, false, nothing
from proofs_check.judging import bounded, equal, rank_is, worst
from theory.models import TwoLayer
from theory.recovery import Branch, branch_types, random_target

from . import GEOMETRY, HYPOTHESES, NOTATION
from ._points import LONE, PAIR, SIGMA, SPLIT, inputs, kinds, tangent_rank

SEPARATION = claim(
    "recovery.separation",
    "Sample size that separates a branch",
    r"n \ge r + (m + m_0 - r)\, d \implies U \cap R^{-1}\{0\} = U \cap Q^r_{P,\pi};\quad \text{least threshold } m + m_0 d\ (r = m),"
    r"\text{ largest } m_0 + m d\ (r = m_0)",
    clauses={
        "from the threshold": r"n \ge r + (m + m_0 - r)\, d \implies U \cap R^{-1}\{0\} = U \cap Q^r_{P,\pi}",
        "not before": r"\text{on Morse-Bott branches not for one sample less}",
        "extremes": r"\text{least threshold } m + m_0 d\ (r = m), \text{ largest } m_0 + m d\ (r = m_0)",
        "printed": r"m = 2, m_0 = 1:\ \text{optimistic size, separation of both branches, parameters } 3, 4, 5, 6\ (d = 2),\ 5, 6, 9,"
        r" 10\ (d = 4)",
    },
    symbols=["n", "r", "m", "m_0", "d", "U", r"R^{-1}\{0\}", r"Q^r_{P,\pi}"],
    assumptions=HYPOTHESES,
    source=GEOMETRY.at("Lemma 4.2(b), Thm 2.1; the ladder: arXiv:2405.13787v1"),
    relation="tight",
    depends_on=["recovery.morse-bott", "recovery.strata"],
    refuted_by="A generic point of a branch with imperfect zero-loss points near by from the threshold on.",
)

MORSE_BOTT = tuple(branch for branch in kinds(4) if branch.morse_bott)
REACHED = axes(branch=by_level(tuple(branch for branch in kinds(3) if branch.morse_bott), MORSE_BOTT), d=(1, 2))


def point_and_samples(cell, rng):
    """A random point of the branch, and samples one beyond the codimension."""
    return cell.branch.random_point(cell.d, rng), inputs(rng, cell.branch.codimension(cell.d) + 1, cell.d)


@SEPARATION.check(
    "exact",
    point_and_samples,
    REACHED,
    clauses=("from the threshold", "not before"),
    scope="Morse-Bott branches: constant rank makes the zero set the branch",
)
@false("as printed in Thm 5.3", size=lambda b, d: b.width + (b.width + b.targets - b.distinct) * d)
@false("optimistic size", size=lambda b, d: b.targets * (d + 1))
@false("one sample less", size=lambda b, d: b.codimension(d) - 1)
def codimension_reached(cell, given, *, size=Branch.codimension, context):
    """The rank reaches the codimension at the threshold and not one sample before."""
    theta, x = given
    n, reached = size(cell.branch, cell.d), cell.branch.codimension(cell.d)
    ranks = [tangent_rank(SIGMA, theta, x[:k]) for k in (n, n - 1) if 0 < k <= len(x)]
    return worst([rank_is(reached - short, rank, branch=str(cell.branch), theta=theta, x=x) for short, rank in enumerate(ranks)])


@SEPARATION.check("exact", nothing, axes(m=(1, 2, 3, 4, 5), m0="1..m", d=(1, 2, 3)), clauses="extremes")
@false("equal for all branches", largest=lambda m, m0, d: m + m0 * d)
def extremes(cell, _, *, largest=lambda m, m0, d: m0 + m * d, context):
    """The least and the largest threshold over all kinds of branches."""
    found = {branch.codimension(cell.d): branch.distinct for branch in branch_types(cell.m, cell.m0)}
    shown = {branch.distinct: branch.codimension(cell.d) for branch in branch_types(cell.m, cell.m0)}
    expected = (cell.m + cell.m0 * cell.d, largest(cell.m, cell.m0, cell.d))
    return equal(extremes=(expected, (min(found), max(found))), places=(expected, (shown[cell.m], shown[cell.m0])))


#: Share of perturbed starts that end at an imperfect minimum: at most 0.05 where the branch is separated (so that 0.25 is excluded), at
#: least 0.95 where the zero set is larger than the branch (so that 0.75 is excluded).
FEW, MANY, MARGIN = 0.05, 0.95, 0.2


def by_projection(place, *, separated: bool, parts: int, context, figures=()) -> Outcome:
    """From perturbed random points of a branch to the nearest zero-loss points: few are imperfect where it is ``separated``, else most.

    ``place`` is (branch, d, n); ``parts`` decisions share the alpha of the check.
    """
    branch, d, n = place
    rng, trials = context.rng(branch, d, n), context.by_level(quick=240, standard=500, full=2000)
    model = TwoLayer(d, branch.width, activation=SIGMA)
    theta = np.stack([branch.random_point(d, rng) for _ in range(trials)])
    nearby = nearby_zero_loss(model, theta, designs(model, theta, n, branch.rank(d), rng=rng), rng=rng)
    what = f"imperfect from {branch}, d = {d}, n = {n}"
    bound = {"at_most": FEW} if separated else {"at_least": MANY}
    outcome = context.rate(int(nearby.imperfect.sum()), trials, what=what, margin=MARGIN, parts=parts, **bound)
    return worst([outcome], figures=list(figures))


PROJECTED = tuple(
    (branch, d, n)
    for m, m0, d in [(2, 1, 1), (2, 1, 2), (3, 1, 1), (3, 1, 2), (3, 2, 1), (2, 2, 1)]
    for branch in branch_types(m, m0)
    for n in ([branch.codimension(d) - 1] if branch.morse_bott else []) + [branch.codimension(d)]
)


@SEPARATION.check(
    "training",
    PROJECTED,
    clauses=("from the threshold", "not before"),
    scope="nearest zero-loss points from distance 0.005, m <= 3, Morse-Bott branches just below and at the codimension, others at it:"
    " at most 5%"
    " imperfect from the threshold on (25% excluded), at least 95% one sample below (75% excluded)",
    alpha=1e-5,
    tolerance="test error 1e-11: above what residuals of 1e-14 leave, below the square of the distance times a curvature",
    distribution="targets and branch points as sampled; best conditioned of ten normal designs",
)
@false("one sample less", size=lambda b, d: b.codimension(d) - 1)
@false("one sample more", size=lambda b, d: b.codimension(d) + 1)
@false("branches that are not Morse-Bott one sample earlier", size=lambda b, d: b.codimension(d) + (0 if b.morse_bott else 1))
def projection(place, *, size=Branch.codimension, context):
    """Imperfect minima are found near the branch below ``size`` samples and not from there on."""
    branch, d, n = place
    return by_projection(place, separated=n >= size(branch, d), parts=len(PROJECTED), context=context)


#: m = 2, m0 = 1 as printed in arXiv:2405.13787v1, by the dimension of the weights (with the bias): optimistic size, separation of the lone
#: free neuron, of the split target, number of parameters.
PRINTED_SIZES = {2: (3, 4, 5, 6), 4: (5, 6, 9, 10)}


@SEPARATION.check("exact", lambda cell, rng: random_target(1, cell.d, rng), axes(d=(2, 4)), clauses="printed", scope="m = 2, m0 = 1")
@false("separated at the optimistic size", printed={2: (3, 3, 3, 6), 4: (5, 5, 5, 10)})
def printed_sizes(cell, target, *, printed=PRINTED_SIZES, context):
    """Least rank by certified tangents, separation sizes as codimensions by rational equations."""
    rng, model = context.rng(cell, "points"), TwoLayer(cell.d, 2)
    ranks = [tangent_rank(SIGMA, b.sample(target, rng), inputs(rng, model.n_params + 2, cell.d)).rank for b in (SPLIT, LONE)]
    lone, split = (rank_rational(branch.constraints(target)[0]) for branch in (LONE, SPLIT))
    least = None if None in ranks else min(ranks)
    expected = printed[cell.d]
    return equal(optimistic=(expected[0], least), separations=(expected[1:3], (lone, split)), parameters=(expected[3], model.n_params))


#: The median of the slopes over eps in 1e-3 ... 1e-4; the next order in eps moves a slope by a few eps over the smallest singular value.
SLOPE_TOLERANCE = 0.25


@SEPARATION.check(
    "property",
    [None],
    clauses=("from the threshold", "not before"),
    scope="m = 2, m0 = 1, d = 2, n = 2 ... 6, split target and lone free neuron, median over 41 designs",
    tolerance="slopes within 0.25 of 1 and 2; exact where most errors are below 1e-3 eps^2",
)
@false("separated at the rank", separation=Branch.rank)
def ladder(_, *, separation=Branch.codimension, context):
    """Test error of the nearest zero-loss point at distance eps: of order eps below the rank, eps^2 below separation, then none."""
    series, outcomes, d = [], [], 2
    for branch in (SPLIT, LONE):
        model, slopes = TwoLayer(d, 2, activation=SIGMA), []
        for n in range(2, 7):
            rng, trials = context.rng(branch, n), context.by_level(quick=41, standard=101, full=401)
            theta = np.stack([branch.random_point(d, rng) for _ in range(trials)])
            x = best_conditioned(model, theta, rng.normal(0, 1.3, (trials, 25, n, d)), branch.rank(d))
            found = slope_test(model, theta, x, rng.normal(0, 1.3, (100, d)), rng=rng)
            order = 0 if n >= separation(branch, d) else 2 if n >= branch.rank(d) else 1
            exact = float(found.exact[found.converged].mean())
            slopes.append(0.0 if exact > 0.5 else float(np.nanmedian(found.slope)))
            outcomes.append(bounded(f"slope less {order} for {branch}, n = {n}", slopes[-1] - order, SLOPE_TOLERANCE, exact=exact))
        label = f"{branch}: R = {branch.rank(d)}, separated from {branch.codimension(d)}"
        series.append({"label": label, "x": list(range(2, 7)), "y": slopes})
    return worst(outcomes, figures=[ladder_figure(series)])


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


DEFICIENT = claim(
    "recovery.separation.deficient",
    "Between rank and codimension the sample decides",
    r"m = 2,\ m_0 = r = 1,\ n = d + 2,\ c \in \ker J^{\mathsf T}:\ \theta^* \text{ separated} "
    r"\iff \sum_i c_i\, \sigma''(\bar w \cdot x_i)\, x_i x_i^{\mathsf T} \text{ definite};"
    r"\quad d = 1:\ \sum a_i \delta_i^2 \big|_{\sum a_i \delta_i = 0} \text{ definite} \iff \#\{a_i \bar a > 0\} \in \{1, m\}",
    clauses={
        "definite form": r"\theta^* \text{ separated} \iff \sum_i c_i\, \sigma''(\bar w \cdot x_i)\, x_i x_i^{\mathsf T} \text{ definite}",
        "signature": r"\sum a_i \delta_i^2 \big|_{\sum a_i \delta_i = 0} \text{ definite} \iff \#\{a_i \bar a > 0\} \in \{1, m\}",
    },
    symbols=["m", "m_0", "r", "n", "d", "c", "J", r"\theta^*", r"\bar w", "x_i", "a_k", r"\bar a", r"\sigma"],
    assumptions=HYPOTHESES,
    source=GEOMETRY.at("sharpens Thm 2.1; ours"),
    kind="extension",
    depends_on=["recovery.separation"],
    refuted_by="A design with a definite form and imperfect minima near by, or the converse.",
)


def determinant_sign(form) -> bool:
    return bool(np.linalg.det(form) > 0)


@DEFICIENT.check(
    "training",
    [0],
    clauses="definite form",
    scope="d = 2, n = 4, 80 designs with 12 starts each; at least 95% agree (75% excluded)",
    alpha=1e-5,
)
@false("indefinite separates", criterion=lambda form: not determinant_sign(form))
def definite_form(chunk, *, criterion=determinant_sign, context):
    """d = 2, n = 4 on a split target: the form of the one null direction of J^T decides which designs separate."""
    model, agreements, undecided = TwoLayer(2, 2, activation=SIGMA), 0, 0
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
        agreements += bool(separated != (nearby.imperfect.sum() > 0.5 * nearby.converged.sum()))
    return context.rate(agreements, trials, what="designs that agree", at_least=0.95, margin=0.2, undecided=undecided)


def integer_split(cell, rng):
    """m outputs of which k have the sign of their sum."""
    while True:
        # Large enough that k entries can outweigh the others.
        a = np.concatenate([rng.integers(1, 4 + 3 * (cell.m - cell.k), cell.k), -rng.integers(1, 4, cell.m - cell.k)]) * int(
            rng.choice([-1, 1])
        )
        if a.sum() and int((np.sign(a) == np.sign(a.sum())).sum()) == cell.k:
            return rng.permutation(a).tolist()


@DEFICIENT.check("exact", integer_split, axes(m=(2, 3, 4, 5), k="1..m", quick=8, standard=40, full=200), clauses="signature")
@false("all of one sign", definite=lambda k, m: k == m)
@false("one of them", definite=lambda k, m: k == 1)
def signature(cell, a, *, definite=lambda k, m: k in (1, m), context):
    """Inertia of sum a_i delta_i^2 on sum a_i delta_i = 0: by Sylvester that of diag(a) less the sign of abar = sum a_i."""
    outputs = np.array(a, dtype=object)
    basis = np.array(nullspace_rational(rationals(outputs[None])), dtype=object)
    counts = exact_inertia(basis @ np.diag(outputs) @ basis.T).counts
    return equal(definite=(bool(definite(cell.k, cell.m)), counts[0] == 0 or counts[2] == 0), shown={"outputs": a, "inertia": counts})


STABILITY = claim(
    "recovery.stability",
    "Which sample sizes make a branch stable",
    r"\theta^* \in Q^r_{P,\pi} \text{ stable a.e. for } n \ge \operatorname{codim};\quad "
    r"\text{unstable everywhere for } n \le r + (r-l)\,d \text{ and } n < \operatorname{codim};\quad \text{all of } Q^* \text{ stable"
    r" for } n > N",
    clauses={
        "stable": r"\theta^* \in Q^r_{P,\pi} \text{ stable a.e. for } n \ge \operatorname{codim}",
        "unstable": r"\text{unstable everywhere for } n \le r + (r-l)\,d \text{ and } n < \operatorname{codim}",
        "all": r"\text{every kind of branch is stable for } n > N",
    },
    symbols={
        **{name: NOTATION[name] for name in (r"\theta^*", r"Q^r_{P,\pi}", "n", "r", "l", "d", "Q^*", "N")},
        "stable": r"has a neighbourhood U with U \cap R^{-1}\{0\} = U \cap Q^*: what fits the samples near by is perfect",
    },
    assumptions=HYPOTHESES,
    source=GEOMETRY.at("Thm 5.4, Table 2, corrected where the printed ranges overlap"),
    depends_on=["recovery.separation", "recovery.rank", "recovery.global"],
    refuted_by="A branch and a sample size with the other behaviour.",
)


def literal_stability(branch: Branch, n: int, d: int) -> str:
    """As printed: unstable whenever n is at most the rank, also where it is the codimension."""
    return "unstable" if n <= branch.rank(d) else branch.stability(n, d)


@STABILITY.check(
    "exact",
    lambda cell, rng: (cell.branch.random_point(cell.d, rng), inputs(rng, cell.branch.width * (cell.d + 1) + 1, cell.d)),
    axes(branch=by_level(kinds(2), kinds(3)), d=(1, 2)),
    clauses=("stable", "unstable", "all"),
    scope="every n up to N + 1 at which a rank proves something",
)
@false("printed ranges", verdict=literal_stability)
@false("stable from the rank on", verdict=lambda b, n, d: "stable" if n >= b.rank(d) else "unstable")
@false("stable one sample later", verdict=lambda b, n, d: b.stability(n - 1, d) if n > 1 else "unstable")
def ranks(cell, given, *, verdict=Branch.stability, context):
    """Stable where the certified rank is the codimension; unstable where it is n below the codimension (the zero set is larger there)."""
    branch, (theta, x), expected, proved = cell.branch, given, [], []
    for n in range(1, len(x) + 1):
        rank = tangent_rank(SIGMA, theta, x[:n]).rank
        fact = None if rank is None else "stable" if rank == branch.codimension(cell.d) else "unstable" if rank == n else ""
        if fact != "":
            expected.append(verdict(branch, n, cell.d))
            proved.append(fact)
    return equal(stability=(expected, proved), shown={"branch": str(branch), "theta": theta})


STABLE_PLACES = tuple(
    (branch, d, n)
    for branch, d in [(SPLIT, 1), (LONE, 1), (LONE, 2), (PAIR, 1), (SPLIT, 2)]
    for n in range(1, branch.codimension(d) + 2)
    # At n = rank on a degenerate branch imperfect points are closer than any cut-off: of second order in the perturbation.
    if branch.stability(n, d) != "sample-dependent" and (branch.morse_bott or n != branch.rank(d))
)


@STABILITY.check(
    "training",
    STABLE_PLACES,
    clauses=("stable", "unstable"),
    scope="perturbations of 0.005, m <= 3, every n up to codimension + 1: at most 5% imperfect where stable (25% excluded), at least"
    " 95% where"
    " unstable (75% excluded)",
    alpha=1e-5,
    tolerance="test error 1e-11, as for the separation",
)
@false("always stable", verdict=lambda b, n, d: "stable")
@false("never stable", verdict=lambda b, n, d: "unstable")
def perturbed(place, *, verdict=Branch.stability, context):
    """Perturbed perfect points and their nearest zero-loss points against the verdict; drawn as a table."""
    branch, d, n = place
    figures = [stability_figure(3, 1, 2)] if place == STABLE_PLACES[0] else []
    return by_projection(place, separated=verdict(branch, n, d) == "stable", parts=len(STABLE_PLACES), context=context, figures=figures)


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
