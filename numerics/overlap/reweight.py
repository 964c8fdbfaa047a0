"""Two weightings of one dataset with other limits: the solutions do not see the weights, so that the limits are a two-point overlap.

Any activation that is smooth, any number of neurons, inputs and samples; linear networks of two neurons, too. It is an open condition, and
survives finite steps: :mod:`numerics.overlap.finite_steps` proves up to which learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import OutOfTime
from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.flows.flow import Limit, gradient_flow, value_and_jacobian
from numerics.flows.validated_flow import Field, descend, tail, tail_certificate
from numerics.overlap.finite_steps import step_bounds
from numerics.overlap.found import AFFINE, NO_PROOF, NotFound, Overlap, Watch, positive, smooth
from numerics.overlap.shape import is_p_family
from theory.models import TwoLayer

#: Precision of the validated flows, and the longest that are worth one.
BITS, LONGEST = 128, 60.0
#: Pairs of weightings: the first datum once and four times, or a fifth; the others once.
WEIGHTS = (("1", "4"), ("1", "0.2"), ("1", "10"))
#: Limits closer than this are not tried to be told apart.
LEAST_GAP = 0.002


@dataclass(frozen=True)
class Case:
    """A start and data, the weights of the first datum in the two runs, the times at which the tails are bounded, their reach, the gap."""

    theta0: np.ndarray
    x: np.ndarray
    y: np.ndarray
    weights: tuple[str, str]
    times: tuple[float, float]
    reach: float
    gap: float


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

    ``start`` and ``samples`` (pairs (x, y), two or more) are taken where they are given, otherwise drawn. With ``steps`` a learning
    rate up to which
    gradient descent, and one up to which it with ``momentum``, ends at two solutions as well is proved besides.
    """
    positive(neurons=neurons, inputs=inputs, candidates=candidates, count=count)
    model, watch = TwoLayer(inputs + bias, neurons, activation=smooth(activation)), watch or Watch(time_limit)
    if neurons == 1 and is_p_family(smooth(activation)):
        return NotFound(AFFINE.format(name=model.activation.name), proved=True)
    given_start, given = _given(model, bias, start, samples)
    if count < 2 and given is None:
        raise ValueError(f"count must be at least 2: the weight of a single sample is a change of time, got {count}")
    cases, looked, reasons = [], 0, []
    tried = lambda: f"{looked} pairs of flows were compared, {len(reasons)} of them tried to prove"
    # Momentum needs a shorter tail: its way there is up to 2/(1 - momentum) times as long.
    shorter = (1 - momentum) / 4 if steps else 1.0
    for case in _cases(model, bias, given_start, given, count, candidates, seed, watch, shorter):
        looked += 1
        watch.say(tried())
        if case is not None:
            cases.append(case)
        if len(cases) >= 3 or looked == candidates:
            break
    if watch.expired:
        return watch.spent(tried())
    with watch.proving():
        for case in sorted(cases, key=lambda case: sum(case.times)):
            watch.say(f"validated flows up to the times {case.times[0]:.3g} and {case.times[1]:.3g}")
            try:
                return _proved(model, bias, case, momentum if steps else None)
            except OutOfTime:
                return watch.spent(tried())
            except NotCertified as error:
                reasons.append(str(error))
    last = f"; the last reason: {reasons[-1]}" if reasons else f"; no two limits were more than {LEAST_GAP} apart"
    return NotFound(f"{tried()}{last}; {NO_PROOF}")


def _given(
    model: TwoLayer, bias: bool, start: Sequence[Any] | None, samples: Sequence[tuple[Sequence[Any], float]] | None
) -> tuple[np.ndarray | None, tuple[np.ndarray, np.ndarray] | None]:
    theta0 = None if start is None else np.array([float(value) for value in start])
    if theta0 is not None and len(theta0) != model.n_params:
        raise ValueError(f"start must have {model.n_params} entries, got {list(start or ())!r}")
    if samples is None:
        return theta0, None
    x = [[*(float(value) for value in np.atleast_1d(np.asarray(row, dtype=object))), *[1.0] * bias] for row, _ in samples]
    if len(x) < 2 or any(len(row) != model.inputs for row in x) or not all(map(any, x)):
        raise ValueError(
            f"samples must be two or more pairs (x, y) with {model.inputs - bias} entries in x, not all 0, got {list(samples)!r}"
        )
    return theta0, (np.array(x), np.array([float(y) for _, y in samples]))


def _cases(
    model: TwoLayer, bias: bool, start: Any, given: Any, count: int, candidates: int, seed: int, watch: Watch, shorter: float
) -> Any:
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
            yield _case(model, theta0, x, y, weights, shorter)
            if start is None or given is None:
                break


def _case(model: TwoLayer, theta0: np.ndarray, x: np.ndarray, y: np.ndarray, weights: tuple[str, str], shorter: float) -> Case | None:
    with np.errstate(all="ignore"):
        flows = [gradient_flow(model, theta0, (x, y), weights=_weights(w, len(y)).astype(float), time=4 * LONGEST) for w in weights]
    if not all(flow.converged for flow in flows):
        return None
    gap = float(np.linalg.norm(flows[0].theta - flows[1].theta))
    if gap < LEAST_GAP:
        return None
    reach = min(0.05, gap / 8) * shorter
    times = [_time(model, theta0, x, y, _weights(w, len(y)).astype(float), flow, reach) for w, flow in zip(weights, flows, strict=True)]
    if max(times) > LONGEST:
        return None
    return Case(theta0, x, y, weights, (times[0], times[1]), reach, gap)


def _weights(first: str, count: int) -> np.ndarray:
    return np.array([first, *["1"] * (count - 1)], dtype=object)


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
        for first, time in zip(case.weights, case.times, strict=True):
            field = Field(model, balls(texts), balls(labels), balls(_weights(first, len(labels))))
            end, pieces = descend(field, theta0, time, bits=BITS)
            rest = tail(field, end, reach=case.reach)
            ends.append(end)
            radii.append(rest.radius)
            data = {"inputs": texts, "labels": labels, "weights": _weights(first, len(labels)).tolist(), "start": theta0}
            certificates.append({**tail_certificate(field, theta0, time, end, rest.radius), **data})
            runs.append((field, pieces, end, rest.radius))
        squared: Any = sum(((a - b) ** 2 for a, b in zip(*ends, strict=True)), ball(0))
        between = squared.sqrt()
        if not between - ball(radii[0]) - ball(radii[1]) > 0:
            raise NotCertified(f"the limits are {between.str(5)} apart up to {sum(radii):.2g}")
        limits = [[_widened(entry, radius) for entry in end] for end, radius in zip(ends, radii, strict=True)]
        notes = [f"the first datum with weight {case.weights[0]} leads to limit 1, with weight {case.weights[1]} to limit 2"]
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
    return Overlap(
        "reweight", model.activation.name, model.width, model.inputs, theta0, samples, limits, "generic", [proof], notes, bias=bias
    )


def _widened(entry: Any, radius: float) -> str:
    from flint import arb

    return (entry + arb(0, radius * 1.01 + 1e-12)).str(15, more=True)
