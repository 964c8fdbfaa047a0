r"""Training experiments beyond completion from random patterns: designed sampling orders, the size of the start, tanh networks, slopes.

Wide networks trained by plain gradient descent do not recover at n = R: that is not claimed. What is claimed is crisp (slopes near the
target, at the published size 7 / 15 / 21) or an honest law (the order of the architectures).
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims.experiments import RECOVERED, decide, error_figure, worst
from proofs_check.claims.rank_recovery import decide_half
from theory.factorizations import MeasuredFactorization
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.rank import cnn_function_rank, function_rank

RANK_STRATIFICATION = "arXiv:2211.11623v1"
LOCAL_RECOVERY = "arXiv:2406.18035v1"
ARCHITECTURES = {"CNN": "shared", "NS": "unshared", "FNN": "fully-connected"}


# ------------------------------------------------------------------------------------------------- exp.slope, exp.tanh


def published_network(architecture: str, kernels: int):
    """The three students of the published target on five inputs, with hidden biases; FNN has a neuron for every position."""
    if architecture == "FNN":
        return TwoLayer(5, 3 * kernels, bias=True)
    return TwoLayerCNN(5, 3, kernels, sharing=architecture == "CNN", bias=True)


def published_points(architecture: str, kernels: int, batch: int, rng) -> np.ndarray:
    """Optimal representatives (batch, P) of sum_q tanh(K . patch_q): copies of the kernel that share its output weights."""
    from theory.published import network_experiment

    model, K = published_network(architecture, kernels), np.array([float(value) for value in network_experiment().kernel])
    shares = rng.dirichlet(np.full(kernels, 3.0), batch)
    if architecture == "FNN":
        w = np.zeros((3, 5))
        for q in range(3):
            w[q, q : q + 3] = K
        weights = np.broadcast_to(np.tile(w, (kernels, 1)), (batch, 3 * kernels, 5))
        outputs = np.repeat(shares, 3, axis=1)[:, None]
        return model.pack(input_weights=weights, input_biases=np.zeros((batch, 3 * kernels)), output_weights=outputs)
    own = () if architecture == "CNN" else (3,)
    copies = np.broadcast_to(K, (batch, kernels, *own, 3))
    outputs = np.repeat(shares[:, :, None], 3, axis=2)
    return model.pack(kernels=copies, biases=np.zeros((batch, kernels, *own)), output_weights=outputs)


def published_rank(architecture: str) -> int:
    """7, 15, 21: one kernel of three entries at three positions on five inputs, with biases."""
    return cnn_function_rank(5, 3, 3, 1, architecture=ARCHITECTURES[architecture], bias=True)


def split_points(model: TwoLayer, k: int, batch: int, rng) -> np.ndarray:
    """k normal neurons; the others are copies that share output weights."""
    w = rng.normal(size=(batch, model.width, model.inputs))
    w *= 1.5 / np.linalg.norm(w, axis=2, keepdims=True)
    b, a = 0.7 * rng.normal(size=(batch, model.width)), rng.uniform(0.5, 1.5, (batch, 1, model.width))
    for i in range(k, model.width):
        w[:, i], b[:, i] = w[:, i % k], b[:, i % k]
    parts = {"input_weights": w, "output_weights": a}
    return model.pack(**parts, input_biases=b) if model.bias else model.pack(**parts)


def factor_points(model: MeasuredFactorization, r: int, batch: int, rng) -> np.ndarray:
    """Balanced factors of rank r, padded by zeros: the optimal stratum."""
    left, right = np.zeros((batch, model.d1, model.width)), np.zeros((batch, model.width, model.d2))
    left[:, :, :r], right[:, :r] = rng.normal(size=(batch, model.d1, r)), rng.normal(size=(batch, r, model.d2))
    return model.pack(left=left, right=right)


def deep_points(narrow: FullyConnected, wide: FullyConnected, batch: int, rng) -> np.ndarray:
    """Points of a deep network reached from a normal narrow one by proportional splits."""
    from proofs_check.claims.networks_deep import split

    points = []
    for _ in range(batch):
        model, theta = narrow, 1.2 * rng.normal(size=narrow.n_params)
        for layer in range(1, narrow.depth):
            while model.widths[layer] < wide.widths[layer]:
                share = rng.uniform(0.3, 0.7)
                model, theta = split(model, theta, layer, model.widths[layer] - narrow.widths[layer], [share] * model.widths[layer + 1])
        points.append(theta)
    return np.array(points)


#: name: (model, points(batch, rng), size R, tries for a well-conditioned design)
def slope_families():
    families = {}
    for r in (1, 2, 3):
        model = MeasuredFactorization(4, 4, 4)
        families[f"4 x 4 matrix of rank {r}"] = (model, lambda b, g, m=model, r=r: factor_points(m, r, b, g), function_rank(r, 4, 4), 20)
    for d, k, bias in ((1, 1, False), (2, 1, False), (2, 2, True), (3, 2, False), (5, 1, False)):
        model = TwoLayer(d, k + 2, bias=bias)
        label = f"{k} tanh neuron{'s' * (k > 1)} on {d} inputs{' with bias' * bias}"
        families[label] = (model, lambda b, g, m=model, k=k: split_points(m, k, b, g), k * (d + 1 + bias), 40)
    for architecture in ARCHITECTURES:
        model = published_network(architecture, 4)
        points = lambda b, g, a=architecture: published_points(a, 4, b, g)
        families[f"published target, {architecture}"] = (model, points, published_rank(architecture), 30)
    narrow, wide = FullyConnected((2, 2, 2, 1), bias=False), FullyConnected((2, 4, 4, 1), bias=False)
    families["deep [2,2,2,1] in [2,4,4,1]"] = (wide, lambda b, g: deep_points(narrow, wide, b, g), narrow.n_params, 300)
    return families


def check_slope(instance, *, size, context) -> Outcome:
    """Rates of slope one below the rank, and of slope two or no error from the rank on."""
    from numerics.slope import best_conditioned, slope_test

    name, offset, trials = instance
    model, points, rank, tries = slope_families()[name]
    n, rng = size(rank) + offset, context.rng(list(slope_families()).index(name) * 10 + offset + 5)
    theta = best_points(model, points, trials, rank, rng) if name.startswith("deep") else points(trials, rng)
    draws = rng.normal(size=(trials, tries, n, model.input_size))
    x = best_conditioned(model, theta, draws, min(rank, n))
    found = slope_test(model, theta, x, rng.normal(size=(200, model.input_size)), rng=rng)
    what = f"{name}, n = {n}"
    if offset < 0:
        return decide(int((found.converged & ~found.first_order).sum()), trials, True, alpha=context.alpha / 32, what=f"{what}: slope one")
    return decide(int(found.first_order.sum()), trials, True, alpha=context.alpha / 32, what=f"{what}: slope two or exact")


def best_points(model, points, trials: int, rank: int, rng) -> np.ndarray:
    """Of many points the best conditioned ones on generic inputs: deep targets are often nearly degenerate."""
    from numerics.slope import batched_tangents

    theta = points(10 * trials, rng)
    x = np.broadcast_to(rng.normal(size=(4 * rank, model.input_size)), (len(theta), 4 * rank, model.input_size))
    values = np.linalg.svd(batched_tangents(model, theta, x)[1], compute_uv=False)
    return theta[np.argsort(values[:, rank - 1] / values[:, 0])[-trials:]]


def slope_cells(names):
    def instances(context):
        trials = context.by_level(quick=60, standard=120, full=300)
        offsets = context.by_level(quick=(-1, 0), standard=(-1, 0, 1), full=(-2, -1, 0, 1, 2))
        # f(x) with all samples cannot be exceeded: 16 measurements see a 4 x 4 matrix
        return [
            (name, offset, trials) for name in names() for offset in offsets if slope_families()[name][2] + offset <= most_samples(name)
        ]

    return instances


def most_samples(name: str) -> int:
    return 16 if "matrix" in name else 10**6


def general_families():
    return [name for name in slope_families() if not name.startswith("published")]


def published_families():
    return [name for name in slope_families() if name.startswith("published")]


def check_published_ranks(instance, *, expected, context) -> Outcome:
    """Certified model rank of the published target at an optimal point of each student."""
    from numerics.rank import model_rank

    architecture, kernels = instance
    model, rng = published_network(architecture, kernels), context.rng(kernels)
    theta = np.round(published_points(architecture, kernels, 1, rng)[0] * 2**12) / 2**12
    found = model_rank(model, theta)
    if found.rank is None:
        return Outcome.inconclusive(str(found), cases=1)
    return Outcome.equal(expected[architecture], found.rank, architecture=architecture, kernels=kernels, parameters=model.n_params)


def published_students(context):
    kernels = context.by_level(quick=(1, 3), standard=(1, 3, 10), full=(1, 3, 10, 34))
    return [(architecture, N) for architecture in ARCHITECTURES for N in kernels]


@lru_cache(maxsize=4)
def tanh_errors(kernels: int, sizes: tuple[int, ...], datasets: int, steps: int, init_std: float, seed: int) -> dict[str, np.ndarray]:
    """Mean square test errors (sizes, data sets) of the three students after gradient descent, kept for the controls."""
    from numerics.train import train
    from theory.published import network_experiment

    rng, printed = np.random.default_rng(seed), network_experiment()
    teacher = TwoLayerCNN(5, 3, 1)
    target = teacher.pack(kernels=[[float(v) for v in printed.kernel]], output_weights=[[float(v) for v in printed.output_weights]])
    most = max(sizes)
    X, test = rng.normal(size=(datasets, most, 5)), rng.normal(size=(printed.test_size, 5))
    Y, wanted = teacher(target, X), teacher(target, test)
    weights = np.concatenate([np.repeat((np.arange(most) < n)[None] / n, datasets, 0) for n in sizes])
    inputs, labels = np.tile(X, (len(sizes), 1, 1)), np.tile(Y, (len(sizes), 1, 1))
    errors = {}
    for architecture in ARCHITECTURES:
        model = published_network(architecture, kernels)
        start = model.init(rng, scale=init_std, batch=(len(inputs),))
        trained = train(model, start, (inputs, labels), weights=weights, learning_rate=0.1, steps=steps, stop=1e-9)
        by_run = ((model(trained.theta, test) - wanted) ** 2).mean(axis=(1, 2))
        errors[architecture] = np.where(trained.diverged, np.inf, by_run).reshape(len(sizes), datasets)
    return errors


def check_ordering(instance, *, order, context) -> Outcome:
    """At sizes between the ranks and far below the parameters: how often the first student of a pair generalizes better."""
    kernels, sizes, datasets, steps = instance
    errors = tanh_errors(kernels, tuple(sizes), datasets, steps, 1e-10, context.entropy())
    outcomes = []
    for first, second, n, often in order:
        if n in sizes:
            row = list(sizes).index(n)
            wins = int((errors[first][row] < errors[second][row]).sum())
            what = f"{kernels} kernels, n = {n}: {first} generalizes better than {second}"
            rule = decide_half if often == 0.5 else partial(decide, predicted=True)
            outcomes.append(rule(wins, datasets, alpha=context.alpha / 8, what=what))
    figure = error_figure(
        f"Test error of the three students with {kernels} kernels (start 1e-10, at most {steps} steps)",
        list(errors),
        np.array(sizes),
        np.array([np.median(rows, axis=1) for rows in errors.values()]),
        marks=[{"label": f"R = {published_rank(a)} ({a})", "x": published_rank(a)} for a in ARCHITECTURES],
        y_label="student",
    )
    return worst(outcomes, figures=[figure])


def tanh_runs(context):
    return context.by_level(
        quick=[],
        standard=[(3, [7, 10, 14, 21, 28, 40], 60, 20_000)],
        full=[(N, [4, 6, 7, 8, 10, 12, 14, 15, 16, 18, 21, 24, 28, 32, 40, 48, 63], 40, 60_000) for N in (1, 3, 10)],
    )


#: (better student, other student, n, least rate): sharing is far ahead; no sharing beats full connection more often than not.
ORDER = (("CNN", "NS", 14, 0.8), ("CNN", "FNN", 14, 0.8), ("CNN", "FNN", 28, 0.8), ("NS", "FNN", 28, 0.5))


# ---------------------------------------------------------------------------------------------------------- exp.fig4


def recovery_point(number: int) -> int:
    from proofs_check.claims.published_matrices import corrected_order, recovery_size

    return recovery_size(corrected_order(number))


def check_order_transition(instance, *, size, context) -> Outcome:
    """Completion of M1 along a designed order, entry by entry: recovery at the announced size and not one below."""
    from numerics.completion import VANISHING_INIT, complete
    from proofs_check.claims.published_matrices import corrected_order
    from theory.published import matrix_experiment

    number, trials = instance
    rng, order = context.rng(number), corrected_order(number)
    M1 = matrix_experiment().targets["M1"].astype(float)
    sizes = np.arange(4, 17)
    masks = np.zeros((len(sizes), 4, 4))
    for k, n in enumerate(sizes):
        masks[k][tuple(np.asarray(order[:n]).T)] = 1
    targets = np.broadcast_to(M1 / np.linalg.norm(M1, 2), (len(sizes) * trials, 4, 4))
    errors = complete(targets, np.repeat(masks, trials, 0), recipe=VANISHING_INIT, rng=rng).reshape(len(sizes), trials)
    n, outcomes = size(number), []
    for at, predicted in ((n - 1, False), (n, True)):
        recovered = int((errors[at - sizes[0]] < RECOVERED).sum())
        outcomes.append(decide(recovered, trials, predicted, alpha=context.alpha / 16, what=f"order {number}, n = {at}"))
    figure = error_figure(
        f"Test error along designed order {number}",
        ["median"],
        sizes,
        np.median(errors, axis=1)[None],
        [{"label": f"n = {n}", "x": n}],
        "start",
    )
    return worst(outcomes, figures=[figure])


def check_order_ranks(instance, *, sizes, context) -> Outcome:
    """Exact: the first n at which the entries of the order decide the rank-one target."""
    return Outcome.equal(sizes[instance], recovery_point(instance), order=instance)


ANNOUNCED = {1: 8, 2: 9, 3: 10, 4: 11, 5: 12, 6: 13}


# ---------------------------------------------------------------------------------------------------------- exp.fig5


@lru_cache(maxsize=4)
def completions(name: str, init_std: float, trials: int, seed: int):
    """Singular values (sizes, trials, 4) of completions of a printed target on the printed patterns, and which runs converged."""
    from numerics.train import train
    from theory.published import matrix_experiment

    printed, rng, model = matrix_experiment(), np.random.default_rng(seed), MatrixFactorization(4, 4, 4)
    target = printed.targets[name].astype(float)
    target /= np.linalg.norm(target, 2)
    sizes = sorted(printed.patterns)
    masks = np.zeros((len(sizes), 4, 4))
    for k, n in enumerate(sizes):
        masks[k][tuple(printed.patterns[n].T)] = 1
    weights = np.repeat(masks.reshape(len(sizes), 16), trials, 0)
    start = model.init(rng, scale=init_std, batch=(len(weights),))
    trained = train(model, start, (model.entries(), target.reshape(16, 1)), weights=weights, learning_rate=0.15, steps=60_000, stop=1e-20)
    values = np.linalg.svd(model.product(trained.theta), compute_uv=False)
    return sizes, values.reshape(len(sizes), trials, 4), trained.converged.reshape(len(sizes), trials)


def check_completed_ranks(instance, *, ranks, init_std, name, context) -> Outcome:
    """How often the completion has the announced numerical rank: the next singular value below 1e-6 of the largest."""
    trials = instance
    sizes, values, converged = completions(name, init_std, trials, context.entropy())
    outcomes = []
    for n, row, good in zip(sizes, values, converged, strict=True):
        rank = (row > 1e-6 * row[:, :1]).sum(axis=1)
        hits = int((good & (rank == ranks[n])).sum())
        outcomes.append(decide(hits, trials, True, alpha=context.alpha / 8, what=f"{name}, n = {n}: completion of rank {ranks[n]}"))
    series = [{"label": f"n = {n}", "x": [1, 2, 3, 4], "y": np.median(row, axis=0).tolist()} for n, row in zip(sizes, values, strict=True)]
    figure = Figure(
        "lines",
        f"Singular values of completions of {name}",
        "median singular values of the completed matrix by index, one line for each number of sampled entries; logarithmic",
        {"series": series},
        x_label="index",
        y_label="singular value",
        log_y=True,
    )
    return worst(outcomes, figures=[figure])


def check_pattern_ranks(instance, *, ranks, context) -> Outcome:
    """Exact: on the printed pattern of n entries a generic matrix of the announced rank is decided, of one rank more it is not."""
    from numerics.exact import rank_rational, rationals
    from numerics.tape import tangents
    from theory.published import matrix_experiment

    n = instance
    rng, decided = context.rng(n), []
    for r in (ranks[n], ranks[n] + 1):
        model = MatrixFactorization(4, 4, r)
        J = tangents(model, rationals(rng.integers(1, 1000, model.n_params)), matrix_experiment().patterns[n])[1][:, 0]
        decided.append(rank_rational(J) == function_rank(r, 4, 4))
    return Outcome.equal([True, False], decided, n=n, rank=ranks[n])


# ------------------------------------------------------------------------------------------------------ exp.init-scale


@lru_cache(maxsize=2)
def recoveries(scales: tuple[float, ...], trials: int, seed: int) -> dict[float, int]:
    """Recovered runs at n = 7 on connected patterns of rank-one 4 x 4 targets, for every size of the start; the same problems for each."""
    from dataclasses import replace

    from numerics.completion import VANISHING_INIT, complete, conditioned_problems

    targets, masks = conditioned_problems(np.random.default_rng(seed), trials, 4, 1, 7)
    found = {}
    for scale in scales:
        recipe = replace(VANISHING_INIT, init_std=scale)
        errors = complete(targets, masks, recipe=recipe, rng=np.random.default_rng(seed + 1))
        found[scale] = int((errors < RECOVERED).sum())
    return found


def check_init_scale(instance, *, recovers, context) -> Outcome:
    """Rates of recovery by the size of the start, and their order."""
    scales, trials = instance
    found = recoveries(tuple(scales), trials, context.entropy())
    outcomes = []
    for scale, hits in found.items():
        if recovers(scale) is not None:
            outcomes.append(decide(hits, trials, recovers(scale), alpha=context.alpha / 8, what=f"start {scale:g}"))
    figure = Figure(
        "lines",
        "Recovery by the size of the start",
        "fraction of recovered rank-one 4 x 4 targets at n = 7 against the standard deviation of the start; falls as the start grows",
        {"series": [{"label": "n = 7", "x": list(found), "y": [hits / trials for hits in found.values()]}]},
        x_label="standard deviation of the start",
        y_label="fraction recovered",
        log_x=True,
    )
    return worst(outcomes, figures=[figure])


def by_size(scale: float):
    """Recovery from 1e-16 down, none from 1e-2 up; in between it is reported."""
    return True if scale <= 1e-16 else False if scale >= 1e-2 else None


CLAIMS = [
    Claim(
        id="exp.slope",
        family="experiments",
        title="Slope test: what the samples see to first order near an optimal point",
        kind="law",
        relation="tight",
        statement=r"\text{nearest zero-loss point to } \theta^* + \varepsilon \xi:\ \text{test error } \sim \varepsilon "
        r"\text{ for } n < R(f^*),"
        r"\ O(\varepsilon^2) \text{ for } n \ge R(f^*)",
        assumptions=[Assumption("optimal", r"R(\theta^*) = R(f^*),\ \text{well-conditioned design}")],
        source=Source(LOCAL_RECOVERY, "Theorems 1 and 2 are the statement of first order; the test: ours"),
        depends_on=["rank.llr-condition", "rank.phase-transition-ae"],
        refuted_by="A family where the slope changes at another sample size.",
        notes="Factorizations, two-layer and deep networks; the published architectures are in exp.tanh.",
        checks=[
            Check(
                "slopes",
                evidence="training",
                covers="instances",
                scope="4 x 4 matrices of rank 1 to 3 by generic measurements, five two-layer tanh families, a deep one; n = "
                "R - 1, R (quick), R + 1",
                run=check_slope,
                instances=slope_cells(general_families),
                distribution="60 (quick), 120, 300 points, best of 20 to 300 normal designs each; minimum-norm Gauss-Newton",
                alpha=1e-5,
                parameters={"size": lambda rank: rank},
                controls=[
                    Control("one sample later", size=lambda rank: rank + 1),
                    Control("one sample earlier", size=lambda rank: rank - 1),
                ],
            ),
        ],
    ),
    Claim(
        id="exp.tanh",
        family="experiments",
        title="The published tanh target: 7, 15 and 21 samples, and the order of the architectures",
        kind="law",
        relation="tight",
        statement=r"R_{\mathrm{CNN}} = 7,\ R_{\mathrm{NS}} = 15,\ R_{\mathrm{FNN}} = 21 \text{ for any number of kernels; "
        r"local recovery changes there;}"
        r"\text{ trained from a small start CNN generalizes from fewer samples than NS, NS than FNN}",
        assumptions=[Assumption("small start", r"\text{standard deviation } 10^{-10}")],
        source=Source(RANK_STRATIFICATION, "Figure 6; 2307.08921v1, Figure 4; 2406.18035v1, Figure 3"),
        depends_on=["cnn.shared", "cnn.noshare", "cnn.fnn"],
        refuted_by="A student whose rank or whose slope changes elsewhere, or a reversed order of the architectures.",
        notes="No claim that plain gradient descent recovers at n = R: for several kernels the papers report later "
        "transitions, and so do we.",
        checks=[
            Check(
                "ranks",
                evidence="certified",
                covers="instances",
                scope="1, 3 (quick), 10, 34 kernels, hidden biases",
                run=check_published_ranks,
                instances=published_students,
                distribution="copies of the kernel with random shares of the output weights",
                parameters={"expected": {"CNN": 7, "NS": 15, "FNN": 21}},
                controls=[
                    Control("without biases", expected={"CNN": 6, "NS": 12, "FNN": 18}),
                    Control("the number of parameters of three kernels", expected={"CNN": 21, "NS": 45, "FNN": 63}),
                ],
            ),
            Check(
                "slopes",
                evidence="training",
                covers="instances",
                scope="the published target in students of four kernels (28, 60 and 84 parameters); n = 6, 7 / 14, 15 / 20, 21",
                run=check_slope,
                instances=slope_cells(published_families),
                distribution="60 (quick), 120, 300 optimal points, best of 30 normal designs each; minimum-norm Gauss-Newton",
                alpha=1e-5,
                parameters={"size": lambda rank: rank},
                controls=[
                    Control("one sample later", size=lambda rank: rank + 1),
                    Control("one sample earlier", size=lambda rank: rank - 1),
                ],
            ),
            Check(
                "order",
                evidence="training",
                covers="instances",
                scope="3 kernels, n = 7 .. 40, 60 data sets, 20 000 steps (standard); 1, 3, 10 kernels, 60 000 steps (full)",
                run=check_ordering,
                instances=tanh_runs,
                level="standard",
                distribution="normal inputs, gradient descent with learning rate 0.1",
                alpha=1e-5,
                timeout=900,
                parameters={"order": ORDER},
                controls=[Control("reversed", order=tuple((second, first, n, rate) for first, second, n, rate in ORDER))],
            ),
        ],
    ),
    Claim(
        id="exp.fig4",
        family="experiments",
        title="Designed orders of sampling delay the recovery of a rank-one matrix",
        kind="law",
        relation="tight",
        statement=r"M^*_1 \text{ is recovered at } n_t = 8, 9, 10, 11, 12, 13 \text{ along the six designed orders, not at } n = R = 7",
        assumptions=[Assumption("vanishing start", r"\text{factors start at standard deviation } 10^{-32}")],
        source=Source(RANK_STRATIFICATION, "Figure 4 (order 3 as corrected, see errata)"),
        depends_on=["mf.entry-sampling"],
        refuted_by="An order along which recovery comes earlier or later.",
        checks=[
            Check(
                "ranks",
                evidence="exact",
                covers="instances",
                scope="the six orders: first n at which the tangent matrix of the sampled entries has rank 7",
                run=check_order_ranks,
                instances=lambda context: list(ANNOUNCED),
                parameters={"sizes": ANNOUNCED},
                controls=[
                    Control("at the rank always", sizes=dict.fromkeys(ANNOUNCED, 7)),
                    Control("order 3 as printed", sizes={**ANNOUNCED, 3: 12}),
                ],
            ),
            Check(
                "trainings",
                evidence="training",
                covers="instances",
                scope="the six orders, every n = 4 .. 16; 60 (quick), 100, 400 starts; at most 60 000 steps",
                run=check_order_transition,
                instances=lambda context: [(number, context.by_level(quick=60, standard=100, full=400)) for number in ANNOUNCED],
                distribution="starts of standard deviation 1e-32",
                alpha=1e-5,
                parameters={"size": ANNOUNCED.__getitem__},
                controls=[
                    Control("at the rank always", size=lambda number: 7),
                    Control("one sample later", size=lambda number: ANNOUNCED[number] + 1),
                ],
            ),
        ],
    ),
    Claim(
        id="exp.fig5",
        family="experiments",
        title="A full-rank target sampled at 7, 12 and 15 entries is completed at rank 1, 2 and 3",
        kind="law",
        relation="tight",
        statement=r"M^*_8 \text{ on the printed patterns: completions of rank } 1, 2, 3 \text{ from } n = 7, 12, 15 \text{ entries}",
        assumptions=[Assumption("vanishing start", r"\text{factors start at standard deviation } 10^{-32}")],
        source=Source(RANK_STRATIFICATION, "Figure 5 (the target is M8, see errata)"),
        depends_on=["mf.function-rank", "rank.implicit-bias"],
        refuted_by="Completions of another numerical rank.",
        notes="A tendency, not a theorem: for M7 the completion from twelve entries has rank 3, and random targets behave either way.",
        checks=[
            Check(
                "patterns",
                evidence="exact",
                covers="instances",
                scope="the printed patterns: which generic ranks they decide",
                run=check_pattern_ranks,
                instances=lambda context: [7, 12, 15],
                distribution="integer factors below 1000",
                parameters={"ranks": {7: 1, 12: 2, 15: 3}},
                controls=[Control("one rank less", ranks={7: 1, 12: 1, 15: 2})],
            ),
            Check(
                "trainings",
                evidence="training",
                covers="instances",
                scope="printed target and patterns; 60 (quick), 100, 400 starts; at most 60 000 steps",
                run=check_completed_ranks,
                instances=lambda context: [context.by_level(quick=60, standard=100, full=400)],
                distribution="starts of standard deviation 1e-32",
                alpha=1e-5,
                parameters={"ranks": {7: 1, 12: 2, 15: 3}, "init_std": 1e-32, "name": "M8"},
                controls=[
                    Control("the same for M7", name="M7"),
                    Control("a start of size 1e-2", init_std=1e-2),
                    Control("rank 2 from 15 entries", ranks={7: 1, 12: 2, 15: 2}),
                ],
            ),
        ],
    ),
    Claim(
        id="exp.init-scale",
        family="experiments",
        title="The smaller the start, the likelier the recovery",
        kind="law",
        statement=r"P(\text{recovery at } n = R = 7) \ge 0.8 \text{ from starts of at most } 10^{-16},\ \le 0.2 \text{ from "
        r"starts of at least } 10^{-2}",
        relation="tight",
        assumptions=[
            Assumption("recoverable pattern", r"\text{connected, well-conditioned patterns of a rank-one } 4 \times 4 \text{ target}")
        ],
        source=Source(RANK_STRATIFICATION, "Figure 3b; 2307.08921v1, Figure 3b"),
        depends_on=["exp.mf"],
        refuted_by="Recovery from large starts as often as from small ones.",
        notes="The published start 1e-4 lies in between: about a fifth of the runs recover.",
        checks=[
            Check(
                "rates",
                evidence="training",
                covers="instances",
                scope="starts 1e-1 to 1e-32, n = 7; 80 (quick), 200, 1000 problems, the same for every start; at most 60 000 steps",
                run=check_init_scale,
                instances=lambda context: [
                    ([1e-32, 1e-16, 1e-8, 1e-4, 1e-2, 1e-1], context.by_level(quick=80, standard=200, full=1000)),
                ],
                distribution="rank-one targets with factor entries of modulus 0.6 to 1.4",
                alpha=1e-5,
                parameters={"recovers": by_size},
                controls=[
                    Control("the size does not matter", recovers=lambda scale: True),
                    Control("the other way round", recovers=lambda scale: None if by_size(scale) is None else not by_size(scale)),
                ],
            ),
        ],
    ),
]
