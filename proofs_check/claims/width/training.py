r"""What training sees of embedded critical points: plateaus, escape from saddles, and searches that meet the losses of narrower networks.

One-dimensional data y = tanh(x + 0.4) + 0.12 sin(3 x + 0.5), thirty points on [-3, 3], tanh networks; the real data are Fisher's irises.
Every statement here says that a configuration exists; other targets or large initial weights show no plateau.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._checks import agree, on_instances, within
from proofs_check.claims.width._measures import matrices
from proofs_check.claims.width._places import JML, NEURIPS, in_floats
from theory.embedding import split
from theory.embedding.blocks import plus
from theory.models import FullyConnected, TwoLayer

#: No chance is involved, seeds are fixed: an alarm would need a platform on which rounding changes the course of a whole run.
DETERMINISTIC = 1e-6

# ------------------------------------------------------------------------------------------------ training.escape-rate


def check_escape_rate(alpha, *, rate, context) -> Outcome:
    """Gradient flow from T^alpha(theta_c) + 1e-6 v_min: the exponential rate along v_min, against |lambda_min|."""
    from scipy.integrate import solve_ivp

    from numerics.critical import find_critical_points
    from numerics.datasets import wave
    from numerics.hessian import gradient, hessian

    narrow, data = FullyConnected((1, 1, 1)), wave()
    point = find_critical_points(narrow, data, starts=40, minima=True)[0]
    embedding = split(narrow, 1, 0, alpha)
    start = embedding(point.theta)
    values, vectors = np.linalg.eigh(hessian(embedding.wide, start, data))
    direction, expected = vectors[:, 0], rate(-values[0])
    first, last = 1e-6, 1e-4
    end = np.log(last / first) / -values[0]
    # The displacement is integrated, not theta: relative to theta it is lost in the integrator's tolerance.
    away = lambda _, displacement: -gradient(embedding.wide, start + displacement, data)
    flow = solve_ivp(away, (0, end), first * direction, method="LSODA", rtol=1e-10, atol=1e-13)
    measured = np.log(abs(direction @ flow.y[:, -1]) / first) / end
    # Along the way the curvature differs from lambda_min by at most about its change at the end; some hundred steps, each within 1e-13 of
    # an amplitude of at least 1e-6, move its logarithm by 1e-5.
    bend = max(abs(direction @ hessian(embedding.wide, start + s * last * direction, data) @ direction - values[0]) for s in (-2, 2))
    return within({"alpha": alpha, "measured": measured}, measured - expected, bend + 1e-5 * abs(values[0]), "escape rate")


def escaping(context):
    return [Fraction(1, 2), Fraction(1, 5), Fraction(-1, 2), Fraction(3, 2)]


# --------------------------------------------------------------------------------------------------- training.plateau


@lru_cache(maxsize=4)
def trained(scale: float, seeds: tuple[int, ...]):
    """Gradient descent of width-50 networks from normal weights of deviation ``scale``: (model, steps, losses, gradient norms, thetas)."""
    from numerics.datasets import wave
    from numerics.hessian import gradient
    from numerics.train import train

    model, (x, y) = TwoLayer(1, 50, 1, bias=True, output_bias=True), wave()
    theta = np.stack([model.init(np.random.default_rng(seed), scale=scale) for seed in seeds])
    run = train(model, theta, (x, y), learning_rate=0.03, steps=100_000, check_every=500, record=("loss", "theta"))
    thetas = run.history["theta"]
    batch = np.broadcast_to(x, (len(thetas), *x.shape)), np.broadcast_to(y, (len(thetas), *y.shape))
    norms = [np.linalg.norm(gradient(model, thetas[:, k], batch), axis=-1) for k in range(len(seeds))]
    return model, run.history["step"], run.history["loss"], np.stack(norms, axis=1), thetas


def narrow_losses():
    from numerics.critical import find_critical_points
    from numerics.datasets import wave

    return {
        width: [p.loss for p in find_critical_points(FullyConnected((1, width, 1)), wave(), starts=60, minima=True)] for width in (1, 2)
    }


def plateaus(norms):
    """Checks at which the gradient norm has a local minimum, after the first 5 per cent of the run."""
    return [k for k in range(len(norms) // 20, len(norms) - 1) if norms[k] < norms[k - 1] and norms[k] < norms[k + 1]]


def check_plateau(seeds, *, scale, context) -> Outcome:
    """A local minimum of |grad| within 5 per cent of a critical loss of width 1 or 2, two orientations holding 90 per cent."""
    from numerics.recovery.condensation import orientations

    model, steps, losses, norms, thetas = trained(scale, seeds)
    critical, cases = [loss for found in narrow_losses().values() for loss in found], []
    for k in range(len(seeds)):
        near = [
            t
            for t in plateaus(norms[:, k])
            if min(abs(losses[t, k] / loss - 1) for loss in critical) <= 0.05
            and sum(share for share, _ in orientations(model, thetas[t, k])[:2]) >= 0.9
        ]
        if not near:
            message = f"seed {seeds[k]}: no plateau near a narrow critical loss"
            return Outcome.fails(message, counterexample={"seed": seeds[k], "scale": scale}, cases=len(seeds))
        cases.append(f"seed {seeds[k]}: loss {losses[near[0], k]:.6f} at step {int(steps[near[0]])}")
    return Outcome.holds(len(seeds), message="; ".join(cases), figures=[_course(steps, losses, critical)])


def _course(steps, losses, critical):
    series = [{"label": f"width 50, run {k + 1}", "x": steps[1:].tolist(), "y": losses[1:, k].tolist()} for k in range(losses.shape[1])]
    series += [{"label": f"critical loss {loss:.5f}", "x": [int(steps[1]), int(steps[-1])], "y": [loss, loss]} for loss in critical]
    alt = "training loss against steps of three wide networks, with the critical losses of widths 1 and 2 as horizontal lines"
    return Figure("lines", "Training slows down at losses of narrower networks", alt, {"series": series}, "step", "loss", log_y=True)


# ------------------------------------------------------------------------------------ training.newton-finds-embedded


def check_search(width, *, added, context) -> Outcome:
    """Every critical loss found at width - 1 is found again at ``width``, with the inertia that an embedding predicts."""
    from numerics.critical import find_critical_points
    from numerics.datasets import wave
    from numerics.hessian import hessian

    data = wave()
    model = FullyConnected((1, width - 1, 1))
    starts = context.by_level(quick=100, standard=200, full=1000)
    narrow = find_critical_points(model, data, starts=starts, scale=1.5)
    wide = find_critical_points(FullyConnected((1, width, 1)), data, starts=starts, scale=1.5)
    for point in narrow:
        same = [other for other in wide if abs(other.loss - point.loss) <= 1e-7]
        if not same:
            return Outcome.fails(f"loss {point.loss:.7f} is not met at width {width}", counterexample={"loss": point.loss, "width": width})
        curvatures = [matrices(model, point.theta, data, 1, s)[1] for s in range(width - 1)]
        narrow_counts = float_inertia_counts(hessian(model, point.theta, data))
        allowed = {plus(narrow_counts, extra) for S in curvatures for extra in added(S)}
        observed = same[0].inertia.counts if same[0].inertia else None
        if observed not in allowed:
            message = f"loss {point.loss:.7f}: inertia {observed}, predicted one of {sorted(allowed)}"
            return Outcome.fails(message, counterexample={"loss": point.loss, "width": width})
    losses = ", ".join(f"{point.loss:.7f}" for point in narrow)
    return Outcome.holds(len(narrow), message=f"width {width} meets {losses}")


def float_inertia_counts(matrix):
    from numerics.hessian.inertias import float_counts

    return tuple(map(int, float_counts(np.linalg.eigvalsh(matrix))[0]))


def embedded_extra(S):
    """Splits with 0 < alpha < 1 and outside, and alpha in {0, 1} or null neurons (C_l and B_s vanish together with their correlation)."""
    negative, zero, positive = float_inertia_counts(S)
    return [(negative, 1 + zero, positive), (positive, 1 + zero, negative), (0, 1 + len(S), 0), (1, len(S) - 1, 1)]


# -------------------------------------------------------------------------------------- training.condense-and-reduce


def check_reduction(seeds, *, scale, context) -> Outcome:
    """At the plateau merge neurons by orientation, two at most remain; Levenberg-Marquardt then finds a critical point of that loss."""
    from numerics.critical import find_critical_points
    from numerics.datasets import wave
    from numerics.recovery.condensation import condensed

    model, _, losses, norms, thetas = trained(scale, seeds)
    for k in range(len(seeds)):
        flat = plateaus(norms[:, k])
        t = flat[0] if flat else len(norms) // 2
        narrow, theta = condensed(model, thetas[t, k], 2)
        refined = find_critical_points(narrow, wave(), starts=theta[None], minima=True, tolerance=1e-12)
        if not refined or abs(refined[0].loss / losses[t, k] - 1) > 0.05:
            found = f"{refined[0].loss:.6f}" if refined else "no critical point"
            message = f"seed {seeds[k]}: plateau loss {losses[t, k]:.6f}, after reduction {found}"
            return Outcome.fails(message, counterexample={"seed": seeds[k], "scale": scale}, cases=len(seeds))
    return Outcome.holds(len(seeds), message=f"width 50 to {narrow.width}: loss {losses[t, k]:.6f} against {refined[0].loss:.6f}")


# ------------------------------------------------------------------------------------------------------- Fisher's irises


def check_irises(widths, *, shift, context) -> Outcome:
    """Critical points on the 150 irises, certified; n_- and n_+ of their splits, predicted and directly, in balls."""
    from numerics.critical import certify, certify_split, find_critical_points
    from numerics.datasets import iris

    model, data, found = FullyConnected(widths), iris(), []
    for candidate in find_critical_points(model, data, starts=context.by_level(quick=16, standard=16, full=60), steps=150, seed=1):
        if candidate.inertia is None or candidate.inertia.zero:
            continue  # degenerate: itself an embedded point
        point = certify(model, candidate.theta, data)
        predicted, observed = certify_split(model, point, data, 1, 0, Fraction(1, 2))
        expected = predicted.negative + shift, predicted.positive
        if expected != (observed.negative, observed.positive):
            return agree({"widths": widths, "theta": point.theta}, signs=(expected, (observed.negative, observed.positive)))
        found.append(f"{point.inertia} at loss {candidate.loss:.6f}, split {observed}")
    if not found:
        return Outcome.inconclusive("the search met no non-degenerate critical point", cases=1)
    return Outcome.holds(len(found), message="; ".join(found))


def alarm(*check, **more):
    """A check by training whose seeds are fixed."""
    return on_instances(*check, evidence="training", distribution="fixed seeds", alpha=DETERMINISTIC, level="standard", **more)


def three_seeds(context):
    return [context.by_level(quick=(0,), standard=(0, 1, 2), full=tuple(range(10)))]


SMALL = Assumption("small initial weights", r"\theta_0 \sim N(0, 10^{-6})")

CLAIMS = [
    Claim(
        id="training.escape-rate",
        title="Training leaves an embedded saddle at the rate of its negative eigenvalue",
        kind="extension",
        relation="equality",
        statement=r"\dot\theta = -\nabla R(\theta),\ \theta(0) = T^\alpha\theta_c + \varepsilon v_{\min}:\quad "
        r"|v_{\min} \cdot (\theta(t) - T^\alpha\theta_c)| \sim \varepsilon e^{|\lambda_{\min}| t}",
        source=Source(NEURIPS, "Section 5 (escape is observed; the rate is ours)"),
        depends_on=["embedding.splitting.classification"],
        refuted_by="An embedded saddle that is left at another exponential rate.",
        checks=[
            in_floats(
                "gradient-flow",
                check_escape_rate,
                escaping,
                {"rate": lambda value: value},
                [Control("half the rate", rate=lambda value: value / 2)],
                scope="the width-1 minimum split at four alphas, amplitudes 1e-6 to 1e-4",
                distribution="the minimum of lowest loss that a search from 40 starts meets",
                tolerance="change of the curvature over twice the final amplitude, plus 1e-5 |lambda_min|",
                level="standard",
            ),
            Check(
                "irises",
                evidence="certified",
                covers="instances",
                scope="150 irises, one and two tanh neurons: signs of the split's Hessian, proved lower bounds of n_- and "
                "n_+ on both sides",
                run=check_irises,
                instances=lambda context: [(4, 1, 3), (4, 2, 3)],
                distribution="all non-degenerate critical points that the search meets",
                parameters={"shift": 0},
                controls=[Control("one negative direction fewer", shift=-1)],
                level="standard",
            ),
        ],
    ),
    Claim(
        id="training.plateau",
        title="A wide network stagnates near the critical point of a narrow one",
        kind="law",
        relation="existence",
        statement=r"\exists t: |\nabla R(\theta_t)| \text{ has a local minimum, } R(\theta_t) \text{ is within } 5\,\% "
        r"\text{ of a critical loss of width } \le 2, "
        r"\text{ two orientations carry } 90\,\%",
        assumptions=[SMALL],
        source=Source(NEURIPS, "Figure 1"),
        depends_on=["embedding.principle"],
        refuted_by="No such configuration: here three of three seeds show it.",
        checks=[
            alarm(
                "gradient-descent",
                check_plateau,
                three_seeds,
                {"scale": 1e-3},
                [Control("large initial weights", scale=1.0)],
                scope="width 50, 100,000 steps of full-batch gradient descent, three seeds (full: ten)",
            )
        ],
        probes=[Probe(drops="small initial weights", instances=three_seeds, parameters={"scale": 1.0})],
    ),
    Claim(
        id="training.newton-finds-embedded",
        title="A search for saddles meets all losses of narrower networks",
        kind="law",
        relation="existence",
        statement=r"\text{critical losses found at width } m - 1 \text{ are found at width } m, \text{ with the inertia of an embedding}",
        source=Source(JML, "Section 7 (searches are ours)"),
        depends_on=["embedding.splitting.inertia"],
        refuted_by="A narrow critical loss that the search of this size does not meet, or meets with an inertia that no embedding has.",
        checks=[
            alarm(
                "widths-2-and-3",
                check_search,
                lambda context: [2, 3],
                {"added": embedded_extra},
                [Control("zeros only", added=lambda S: [(0, 1 + len(S), 0)])],
                scope="one-dimensional data, widths 2 and 3, 200 starts each",
            )
        ],
    ),
    Claim(
        id="training.condense-and-reduce",
        title="A condensed network reduces to the narrow critical point",
        kind="law",
        relation="existence",
        statement=r"\text{at the plateau, neurons merged by orientation and refined give a narrow critical point of the same loss (5\,\%)}",
        assumptions=[SMALL],
        source=Source(NEURIPS, "Figure 5"),
        depends_on=["training.plateau", "embedding.reduction.criticality"],
        refuted_by="A plateau whose merged network refines to another loss.",
        checks=[
            alarm(
                "merge-and-refine",
                check_reduction,
                three_seeds,
                {"scale": 1e-3},
                [Control("large initial weights", scale=1.0)],
                scope="width 50 to width 2, three seeds (full: ten)",
            )
        ],
        probes=[Probe(drops="small initial weights", instances=three_seeds, parameters={"scale": 1.0})],
    ),
]
