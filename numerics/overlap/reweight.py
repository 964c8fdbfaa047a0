"""Two weightings of one dataset with other limits: the solutions do not see the weights, so that the limits are a two-point overlap.

Any activation that is smooth, any number of neurons, inputs and samples; linear networks of two neurons, too. It is an open condition, and
survives finite steps: :mod:`numerics.overlap.finite_steps` proves up to which learning rate.

Where samples leave no room, as two of them do for one neuron with one input, the limits must be two crossings of their solution sets: on a
two-point overlap a large weight of either sample leads near the limit of this sample alone, which solves the other, too.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import OutOfTime
from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.flows.flow import FlowDiverged, Limit, gradient_flow, value_and_jacobian, without_warnings_of_lsoda
from numerics.flows.validated_flow import Field, descend, tail, tail_certificate
from numerics.overlap.finite_steps import step_bounds
from numerics.overlap.found import AFFINE, IN_THE_DOMAIN, NO_PROOF, NotFound, Overlap, Watch, a_watch, decimals, positive, smooth
from numerics.overlap.screening import Candidate, screened
from numerics.overlap.shape import MONOTONE, is_p_family
from numerics.overlap.two_point import by_orbits, differ_as_functions, kind_and_level, refine
from theory import arguments
from theory.models import TwoLayer

#: Precision of the validated flows, and the longest that are worth one.
BITS, LONGEST = 128, 60.0
#: Pairs of weightings: how often the first datum and each of the others are counted.
WEIGHTS = ((("1", "1"), ("4", "1")), (("1", "1"), ("0.2", "1")), (("1", "1"), ("10", "1")))
#: Those of the two samples of a two-point overlap, and so many of them that are tried.
OPPOSITE, CROSSINGS = tuple(((large, "1"), ("1", large)) for large in ("4", "20", "100")), 12
#: Starts that are screened for them.
SCREENED = 1000
#: What validated flows may cost (see :class:`Case`): dearer ones take a referee more than his 2000 steps.
DEAREST = 600
#: So many provable cases are looked for before the cheapest is proved.
CASES = 3
#: How often the reach of a tail is divided by four before the case is given up.
REACHES = 4
#: Limits closer than this are not tried to be told apart.
LEAST_GAP = 0.002


@dataclass(frozen=True)
class Case:
    """A start and data, the weights of the data in the two runs, the times at which the tails are bounded, their reach, the gap, and what
    the validated flows will cost: times over the time scale of the fastest direction at the limits.
    """

    theta0: np.ndarray
    x: np.ndarray
    y: np.ndarray
    weights: tuple[np.ndarray, np.ndarray]
    times: tuple[float, float]
    reach: float
    gap: float
    cost: float


@np.errstate(all="ignore")  # sigma may have no value at some of the places that are tried
@arguments.checking(seed=arguments.seed, bias=arguments.switch, steps=arguments.switch, watch=a_watch)
def find_reweighted(
    activation: Any,
    *,
    neurons: int = 1,
    inputs: int = 2,
    bias: bool = False,
    start: Sequence[Any] | None = None,
    samples: Sequence[tuple[Sequence[Any], float]] | None = None,
    count: int = 2,
    candidates: int = 60,
    seed: int = 0,
    steps: bool = False,
    momentum: float = 0.9,
    time_limit: float = math.inf,
    watch: Watch | None = None,
) -> Overlap | NotFound:
    """A dataset of ``count`` samples whose first datum, repeated, moves the limit: certified by validated flows and a bound on the tails.

    ``start`` and ``samples`` (pairs (x, y), two or more) are taken where they are given, otherwise drawn, and last from two-point overlaps.
    With ``steps`` a learning rate up to which gradient descent, and one up to which it with ``momentum``, ends at two solutions as well is
    proved besides. Limits that are not proved to differ as functions are reported at level "parameter".
    """
    positive(neurons=neurons, inputs=inputs, candidates=candidates, count=count)
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must lie in [0, 1), got {momentum}")
    model, watch = TwoLayer(inputs + bias, neurons, activation=smooth(activation)), watch or Watch(time_limit)
    straight = neurons == 1 and bool(is_p_family(smooth(activation)))  # weights choose nothing, unless the flow leaves p z + q > 0
    given_start, given = _given(model, bias, start, samples)
    if count < 2 and given is None:
        raise ValueError(f"count must be at least 2: the weight of a single sample is a change of time, got {count}")
    looked, reasons = 0, []
    tried = lambda: f"{looked} pairs of flows were compared, {len(reasons)} of them tried to prove"
    # Momentum needs a shorter tail: its way there is up to 2/(1 - momentum) times as long.
    shorter = (1 - momentum) / 4 if steps else 1.0
    sources = _sources(model, bias, given_start, given, count, candidates, seed, watch, shorter)
    for source, crossings in itertools.islice(sources, 1) if straight else sources:
        cases: list[Case] = []
        for case in source:
            looked += 1
            watch.say(tried())
            if case is not None:
                cases.append(case)
            if len(cases) >= (1 if crossings else CASES) or looked % candidates == 0:
                break
        if watch.expired:
            break
        with watch.proving():
            for case in sorted(cases, key=lambda case: case.cost):
                watch.say(f"validated flows up to the times {case.times[0]:.3g} and {case.times[1]:.3g}")
                try:
                    return _proved(model, bias, case, momentum if steps else None)
                except OutOfTime:
                    return watch.spent(tried())
                except NotCertified as error:
                    reasons.append(str(error))
            if crossings and not steps:
                try:
                    return _of_large_weights(model, bias, crossings[:CROSSINGS], watch)
                except OutOfTime:
                    return watch.spent(tried())
                except NotCertified as error:
                    reasons.append(str(error))
    if straight:
        return NotFound(f"{tried()}; {AFFINE.format(name=model.activation.name)}", proved=True, where=IN_THE_DOMAIN)
    if watch.expired:
        return watch.spent(tried())
    if neurons == model.inputs == 1 and model.activation.name in MONOTONE:
        reason = (
            f"the elasticity z sigma'/sigma of {model.activation.name} is proved monotone: with a label other than 0 all data have one"
            " solution, up to sign, or are one sample, whose weight is a change of time; at label 0 all solutions are one function"
        )
        return NotFound(f"{tried()}; {reason}", proved=True, where="with limits that differ as functions")
    last = f"; the last reason: {reasons[-1]}" if reasons else f"; no two limits were more than {LEAST_GAP} apart"
    return NotFound(f"{tried()}{last}; {NO_PROOF}")


def _sources(
    model: TwoLayer, bias: bool, start: Any, given: Any, count: int, candidates: int, seed: int, watch: Watch, shorter: float
) -> Iterator[tuple[Iterator[Case | None], Sequence[Candidate]]]:
    """Where cases come from, one after the other, with the two-point overlaps of each: data that leave room, then crossings."""
    if count < model.n_params or given is not None:  # otherwise two solutions are no neighbours
        yield _cases(model, bias, start, given, count, candidates, seed, watch, shorter), ()
    if count == 2 and given is None:
        found, _ = screened(model, start, bias, SCREENED, seed, watch)
        for kind in ("generic", "symmetric"):
            crossings = _by_angle(model, [crossing for crossing in found if crossing.kind == kind])
            yield _at_crossings(model, crossings, watch, shorter), crossings


def _given(
    model: TwoLayer, bias: bool, start: Sequence[Any] | None, samples: Sequence[tuple[Sequence[Any], float]] | None
) -> tuple[np.ndarray | None, tuple[np.ndarray, np.ndarray] | None]:
    theta0 = None if start is None else np.array(decimals("start", start, model.n_params))
    if samples is None:
        return theta0, None
    rows = [decimals("each x in samples", x, model.inputs - bias) for x, _ in samples]
    if len(rows) < 2 or not all(map(any, rows)):
        raise ValueError(f"samples must be two or more pairs (x, y), no x 0, got {list(samples)!r}")
    return theta0, (
        np.array([[*row, *[1.0] * bias] for row in rows]),
        np.array([decimals("each y in samples", [y], 1)[0] for _, y in samples]),
    )


def _cases(
    model: TwoLayer, bias: bool, start: Any, given: Any, count: int, candidates: int, seed: int, watch: Watch, shorter: float
) -> Iterator[Case | None]:
    """One case, or None, for each start and dataset that is looked at."""
    rng = np.random.default_rng(seed)
    for _ in range(candidates):
        theta0 = np.round(rng.normal(0, 0.8, model.n_params), 2)
        x = np.round(rng.normal(0, 1, (count, model.inputs)), 2)
        if bias:
            x[:, -1] = 1.0
        theta0, x = theta0 if start is None else start, x if given is None else given[0]
        if not x.any(axis=1).all():
            continue
        y = np.round(value_and_jacobian(model, theta0, x)[0] + rng.normal(0, 0.7, count), 2) if given is None else given[1]
        for weights in WEIGHTS:
            if watch.expired:
                return
            yield _case(model, theta0, x, y, _weights(weights, len(y)), shorter)
            if start is None or given is None:
                break
        else:
            return  # the next start and data would be the same


def _by_angle(model: TwoLayer, crossings: Sequence[Candidate]) -> list[Candidate]:
    """The two-point overlaps, those first whose solution sets cross at the largest angles."""

    def angle(crossing: Candidate) -> float:
        tangents = [value_and_jacobian(model, p, crossing.inputs)[1] for p in crossing.limits]
        return min(float(np.linalg.eigvalsh(rows @ rows.T)[0]) for rows in tangents)

    return sorted(crossings, key=angle, reverse=True)


def _at_crossings(model: TwoLayer, crossings: Sequence[Candidate], watch: Watch, shorter: float) -> Iterator[Case | None]:
    """One case, or None, for each of the first two-point overlaps, the smallest weights first: large ones make the flows stiff."""
    for weights in OPPOSITE:
        for crossing in crossings[:CROSSINGS]:
            if watch.expired:
                return
            labels = np.round(crossing.labels, 6)
            yield _case(model, crossing.theta0, crossing.inputs, labels, _weights(weights, 2), shorter)


def _of_large_weights(model: TwoLayer, bias: bool, crossings: Sequence[Candidate], watch: Watch) -> Overlap:
    """A two-point overlap whose solution sets cross transversally at both limits: each is what the limit under a growing weight of its
    sample tends to.

    With weights (1, c), c -> 0, the flow stays near that of sample 1 alone for longer and longer, hence comes as near as one likes to
    p_1, where the other residual vanishes, too; from there the way left is at most E/sqrt(lambda), lambda of order c where the tangents
    are independent, E^2 = r_1^2 + c r_2^2, and r_1 is exponentially small by then. Raises :class:`NotCertified`.
    """
    from flint import arb

    reasons = ["no crossing was refined"]
    for crossing in crossings:
        watch.say("a crossing of two solution sets, for weights in the limit")
        try:
            close = refine(model, crossing)
            theta0, x = ([repr(float(v)) for v in close.theta0], [[repr(float(v)) for v in row] for row in close.inputs])
            orbits = by_orbits(model, theta0, x, close)
            with working_precision(BITS):
                rows = [value_and_jacobian(model, np.array([arb(v) for v in limit]), balls(x))[1] for limit in orbits["limits"]]
                determinants = [(J @ J.T)[0, 0] * (J @ J.T)[1, 1] - (J @ J.T)[0, 1] ** 2 for J in rows]
            if not all(determinant > 0 for determinant in determinants):
                raise NotCertified("the solution sets were not proved transversal")
        except (NotCertified, FlowDiverged) as error:
            reasons.append(str(error))
            continue
        samples = [{"x": row, "y": label} for row, label in zip(x, orbits["labels"], strict=True)]
        proof = {"method": "tangents at a two-point overlap", "overlap": orbits, "determinants": [d.str(12) for d in determinants]}
        notes = ["a weight of datum 1 that is large enough leads as near to limit 1 as one likes, one of datum 2 to limit 2"]
        kind, level = kind_and_level(model, orbits["limits"], bias=bias)
        return Overlap(
            "reweight",
            model.activation.name,
            model.width,
            model.inputs,
            theta0,
            samples,
            orbits["limits"],
            kind,
            [proof],
            notes,
            level=level,
            bias=bias,
        )
    raise NotCertified(reasons[-1])


def _case(
    model: TwoLayer, theta0: np.ndarray, x: np.ndarray, y: np.ndarray, weights: tuple[np.ndarray, np.ndarray], shorter: float
) -> Case | None:
    with np.errstate(all="ignore"):
        flows = [gradient_flow(model, theta0, (x, y), weights=w.astype(float), time=4 * LONGEST) for w in weights]
    if not all(flow.converged for flow in flows):
        return None
    gap = float(np.linalg.norm(flows[0].theta - flows[1].theta))
    if gap < LEAST_GAP:
        return None
    reach = _reach(model, x, y, weights, [flow.theta for flow in flows], min(0.05, gap / 8) * shorter)
    if reach is None:
        return None
    times = [_time(model, theta0, x, y, w.astype(float), flow, reach) for w, flow in zip(weights, flows, strict=True)]
    if max(times) > LONGEST:
        return None
    rows = [value_and_jacobian(model, flow.theta, x)[1] for flow in flows]
    fastest = [float(np.linalg.eigvalsh(J.T @ (w.astype(float)[:, None] * J))[-1]) for w, J in zip(weights, rows, strict=True)]
    cost = sum(time * max(rate, 1.0) for time, rate in zip(times, fastest, strict=True))
    if cost > DEAREST:
        return None
    return Case(theta0, x, y, weights, (times[0], times[1]), reach, gap, cost)


def _reach(
    model: TwoLayer, x: np.ndarray, y: np.ndarray, weights: Sequence[np.ndarray], limits: Sequence[np.ndarray], reach: float
) -> float | None:
    """The largest of ``reach`` and its fourth parts in which the eigenvalues at both limits are bounded; None where none of them is."""
    for part in range(REACHES):
        try:
            with working_precision(BITS):
                for c, limit in zip(weights, limits, strict=True):
                    tail(Field(model, balls(x), balls(y), balls(c)), balls(limit), reach=reach / 4**part)
        except (NotCertified, ValueError):
            continue
        return reach / 4**part
    return None


def _weights(pair: Sequence[tuple[str, str]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each run the weight of the first datum, then that of the others, for ``count`` data."""
    first, second = (np.array([one, *[more] * (count - 1)], dtype=object) for one, more in pair)
    return first, second


@without_warnings_of_lsoda
def _time(model: TwoLayer, theta0: np.ndarray, x: np.ndarray, y: np.ndarray, c: np.ndarray, flow: Limit, reach: float) -> float:
    """A time of theta' = -grad R/2 at which E/sqrt(lambda) is below a third of ``reach``, infinite where none is seen."""
    from scipy.integrate import solve_ivp

    root = np.sqrt(c)
    jacobian = value_and_jacobian(model, flow.theta, x)[1] * root[:, None]
    least = float(np.linalg.eigvalsh(jacobian @ jacobian.T)[0])
    if least < 1e-6:
        return math.inf

    def field(_: float, theta: np.ndarray) -> np.ndarray:
        value, slopes = value_and_jacobian(model, theta, x)
        return -(c * (value - y)) @ slopes

    def near(_: float, theta: np.ndarray) -> float:
        left = root * (value_and_jacobian(model, theta, x)[0] - y)
        return float(np.log(np.linalg.norm(left) / np.sqrt(least) / (reach / 4) + 1e-300)) + max(
            0.0, float(np.abs(theta - flow.theta).max()) - reach
        )

    near.terminal = True
    run = solve_ivp(field, (0, 2 * LONGEST), theta0, method="LSODA", rtol=1e-9, atol=1e-11, events=near)
    return math.ceil(8 * float(run.t[-1])) / 8 if run.status == 1 else math.inf


def _proved(model: TwoLayer, bias: bool, case: Case, momentum: float | None) -> Overlap:
    theta0, texts = [repr(float(v)) for v in case.theta0], [[repr(float(v)) for v in row] for row in case.x]
    labels = [repr(float(v)) for v in case.y]
    ends, radii, certificates, runs = [], [], [], []
    with working_precision(BITS):
        for weights, time in zip(case.weights, case.times, strict=True):
            field = Field(model, balls(texts), balls(labels), balls(weights))
            end, pieces = descend(field, theta0, time, bits=BITS)
            rest = tail(field, end, reach=case.reach)
            ends.append(end)
            radii.append(rest.radius)
            data = {"inputs": texts, "labels": labels, "weights": weights.tolist(), "start": theta0}
            certificates.append({**tail_certificate(field, theta0, time, end, rest.radius), **data})
            runs.append((field, pieces, end, rest.radius))
        squared: Any = sum(((a - b) ** 2 for a, b in zip(*ends, strict=True)), ball(0))
        between = squared.sqrt()
        if not between - ball(radii[0]) - ball(radii[1]) > 0:
            raise NotCertified(f"the limits are {between.str(5)} apart up to {sum(radii):.2g}")
        wide = [
            [entry + ball(0).union(ball(radius)).union(-ball(radius)) for entry in end] for end, radius in zip(ends, radii, strict=True)
        ]
        apart_as_functions = differ_as_functions(model, *wide, bias=bias)
        limits = [[_widened(entry, radius) for entry in end] for end, radius in zip(ends, radii, strict=True)]
        said = [f"weights {', '.join(weights)} of the data lead to limit {k}" for k, weights in enumerate(case.weights, start=1)]
        notes = ["; ".join(said)]
        proof: dict[str, Any] = {"method": "validated flows with tail bound", "runs": certificates}
        if momentum is not None:
            apart = float(between.lower()) * (1 - 1e-12)
            proof["steps"] = []
            for beta in dict.fromkeys((0.0, momentum)):
                found = step_bounds(runs, apart, momentum=beta)
                proof["steps"].append(found)
                what = f"momentum {beta:g}" if beta else "gradient descent"
                notes.append(f"{what} ends at two solutions as well, for every learning rate up to {found['learning rate']:.3g}")
    samples = [{"x": row, "y": label} for row, label in zip(texts, labels, strict=True)]
    if bias:
        notes.append("hidden biases: the last input is the constant 1, its weights are the biases")
    name, level = model.activation.name, "function" if apart_as_functions else "parameter"
    kind = "generic" if apart_as_functions else "symmetric"
    return Overlap("reweight", name, model.width, model.inputs, theta0, samples, limits, kind, [proof], notes, level=level, bias=bias)


def _widened(entry: Any, radius: float) -> str:
    from flint import arb

    return (entry + arb(0, radius * 1.01 + 1e-12)).str(15, more=True)
