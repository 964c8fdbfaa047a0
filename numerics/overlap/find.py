"""Two-point overlaps of gradient flow, found and proved: counterexamples to every data-independent strict G, for any activation.

Screen many initializations, refine the best crossings and prove the first that can be proved (:mod:`numerics.overlap.two_point`).
Where none
differs as a function, one that differs as a parameter: a symmetric pair, or two limits for the label 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import OutOfTime
from numerics.arithmetic.krawczyk import NotCertified
from numerics.flows.flow import FlowDiverged, orbit, value_and_jacobian
from numerics.overlap.found import AFFINE, IN_THE_DOMAIN, NotFound, Overlap, Watch, a_device, a_watch, decimals, positive
from numerics.overlap.screening import Candidate, screened
from numerics.overlap.shape import MONOTONE, is_p_family
from numerics.overlap.two_point import kind_and_level, proofs, refine
from numerics.overlap.zero_label import find_zero_label
from theory import arguments
from theory.activations import PiecewiseActivation, SmoothActivation, smooth_activation
from theory.expressions import activation_of
from theory.models import TwoLayer


@np.errstate(all="ignore")  # sigma may have no value at some of the places that are tried
@arguments.checking(seed=arguments.seed, bias=arguments.switch, device=a_device, watch=a_watch)
def find_two_point_overlap(
    activation: Any,
    *,
    neurons: int = 1,
    inputs: int = 1,
    bias: bool = False,
    start: Sequence[Any] | None = None,
    samples: Sequence[tuple[Sequence[Any], float]] | None = None,
    candidates: int = 1000,
    refined: int = 30,
    seed: int = 0,
    device: str = "cpu",
    time_limit: float = math.inf,
    watch: Watch | None = None,
) -> Overlap | NotFound:
    """A certified two-point overlap of a network with one hidden layer; sigma is smooth, ReLU or leaky.

    ``start`` (theta_0: input weights with, under ``bias``, the bias behind them, neuron by neuron, then output weights) and ``samples``
    (two pairs (x, y)) given together are reported for what they are, and the exact overlap near them is returned; otherwise ``candidates``
    starts (random, or the given one with random inputs) are screened and up to ``refined`` crossings are refined. After ``time_limit``
    seconds no further crossing is taken up; ``watch`` in its place also tells how far the search is. Crossings with a label other than 0
    whose limits differ as functions come first, then pairs of one function, then limits for the label 0; ``level`` says which.
    """
    positive(neurons=neurons, inputs=inputs, candidates=candidates, refined=refined)
    model, watch = TwoLayer(inputs + bias, neurons, activation=_usable(activation)), watch or Watch(time_limit)
    if samples is not None and start is None:
        raise ValueError("samples must be given together with a start")
    if start is not None:
        decimals("start", start, model.n_params)
    if start is not None and samples is not None:
        with watch.proving():
            return _biased(
                _near_given(model, start, [([*np.atleast_1d(np.asarray(x, dtype=object)), *["1"] * bias], y) for x, y in samples]), bias
            )
    found, tally = screened(model, start, bias, candidates, seed, watch, device=device)
    if watch.expired:
        return replace(watch.spent(f"{candidates} starts were to be screened, {len(found)} crossings were seen"), screened=tally)
    with watch.proving():
        pairs: list[Overlap] = []
        outcome = _best(model, bias, found, refined, candidates, watch, pairs)
        if isinstance(outcome, NotFound) and not watch.expired:
            outcome = _as_parameters(model, found, outcome, bias, start, pairs)
    return _biased(replace(outcome, screened=tally), bias)


def _usable(activation: Any) -> SmoothActivation | PiecewiseActivation:
    """The activation, which must be smooth or linear on both sides of a kink at 0."""
    found = activation_of(activation)
    if isinstance(found, PiecewiseActivation) and found.degree != 1:
        raise ValueError(
            f"activation must be differentiable everywhere, or ReLU or leaky, got {found.name!r} with kinks at {list(found.breaks)}"
        )
    return found if isinstance(found, PiecewiseActivation) else smooth_activation(found)


def _biased(found: Overlap | NotFound, bias: bool) -> Overlap | NotFound:
    if not bias or isinstance(found, NotFound):
        return found
    return replace(found, bias=True, notes=[*found.notes, "hidden biases: the last input is the constant 1, its weights are the biases"])


def _best(
    model: TwoLayer, bias: bool, screened: Sequence[Candidate], refined: int, candidates: int, watch: Watch, pairs: list[Overlap]
) -> Overlap | NotFound:
    """The first generic crossing that is proved; ``pairs`` gets those that are proved but for the difference of the functions."""
    generic = sorted((c for c in screened if c.kind == "generic"), key=_promise, reverse=True)[:refined]
    failures: list[str] = []
    for number, candidate in enumerate(generic):
        if watch.expired:
            return watch.spent(f"{number} of {len(generic)} crossings that looked generic were tried")
        watch.say(f"crossing {number + 1} of {len(generic)}")
        try:
            close = refine(model, candidate)
            if close.kind == "symmetric" and pairs:
                failures.append("a pair of one function")
                continue
            found = certify_two_point(model, close, bias=bias)
            if found.level == "function":
                return found
            pairs.append(found)
            failures.append("the limits were not proved to differ as functions")
        except OutOfTime:
            return watch.spent(f"{number + 1} of {len(generic)} crossings that looked generic were tried")
        except (NotCertified, FlowDiverged, ArithmeticError) as error:
            failures.append(str(error))
    return _why_none(model, generic, failures, candidates)


def _as_parameters(
    model: TwoLayer, found: Sequence[Candidate], why: NotFound, bias: bool, start: Sequence[Any] | None, pairs: Sequence[Overlap]
) -> Overlap | NotFound:
    """Where no pair differs as a function: one of one function, or of the label 0; otherwise ``why`` none was found."""
    sigma = model.activation
    note = f"the limits differ as parameters, not as functions; as functions: {why.reason}"
    if pairs:
        return replace(pairs[0], notes=[*pairs[0].notes, note])
    for candidate in sorted((c for c in found if c.kind == "symmetric"), key=_promise, reverse=True)[:8]:
        try:
            pair = certify_two_point(model, refine(model, candidate), bias=bias)
        except (NotCertified, FlowDiverged, ArithmeticError):
            continue
        return replace(pair, notes=[*pair.notes, note])
    if model.width == 1 and not bias and isinstance(sigma, SmoothActivation):
        zero = find_zero_label(sigma, inputs=model.inputs, start=None if start is None else [_exact(v) for v in start])
        if zero is not None:
            return replace(zero, notes=[*zero.notes, note])
    return why


def affine(sigma: SmoothActivation | PiecewiseActivation) -> bool:
    """Whether sigma/sigma' is proved affine where it is defined: for ReLU and leaky it is z on each side of the kink."""
    return sigma.degree == 1 if isinstance(sigma, PiecewiseActivation) else bool(is_p_family(sigma))


def _promise(candidate: Candidate) -> float:
    """Far apart and of moderate size is easy to certify."""
    size = max(np.abs(candidate.limits).max(), np.abs(candidate.inputs).max(), np.abs(candidate.theta0).max())
    return min(candidate.distance, 1.0) / max(size, 3.0)


def _why_none(model: TwoLayer, generic: Sequence[Candidate], failures: Sequence[str], candidates: int) -> NotFound:
    if generic:
        reason = f"{len(generic)} crossings looked generic but none was certified; the last reason: {failures[-1]}"
    else:
        reason = f"no generic crossing among {candidates} starts"
    name, sigma = model.activation.name, model.activation
    assert isinstance(sigma, SmoothActivation | PiecewiseActivation)
    if model.width == 1 and affine(sigma):
        return NotFound(f"{reason}; {AFFINE.format(name=name)}", proved=True, where=IN_THE_DOMAIN)
    if model.width == model.inputs == 1 and (name in MONOTONE or name.startswith("power:")):
        return NotFound(
            f"{reason}; the elasticity z sigma'/sigma of {name} is proved monotone: at y != 0 solution curves meet once, up to sign",
            proved=True,
            where="with labels other than 0 and limits that differ as functions",
        )
    return NotFound(f"{reason}; that none was found proves nothing")


def certify_two_point(model: TwoLayer, candidate: Candidate, *, bias: bool = False) -> Overlap:
    """The overlap near a refined candidate, proved; at the level of functions where these are proved to differ (``bias``: at inputs whose
    last entry is 1). Raises :class:`NotCertified`.
    """

    theta0 = [_exact(value) for value in candidate.theta0]
    x = [[_exact(value) for value in row] for row in candidate.inputs]
    certificates, notes = proofs(model, theta0, x, candidate)
    best = certificates[-1]
    samples = [{"x": row, "y": label} for row, label in zip(x, best["labels"], strict=True)]
    kind, level = kind_and_level(model, best["limits"], bias=bias)
    name = model.activation.name
    return Overlap(
        "two-point", name, model.width, model.inputs, theta0, samples, best["limits"], kind, certificates, notes, level=level, bias=bias
    )


def _exact(value: Any) -> str:
    """A decimal that reads back as exactly this number (given decimals stay as they are)."""
    return value if isinstance(value, str) else format(value, "f") if not isinstance(value, float | np.floating) else repr(float(value))


def _near_given(model: TwoLayer, start: Sequence[Any], samples: Sequence[tuple[Sequence[Any], float]]) -> Overlap | NotFound:
    if len(samples) != 2:
        raise ValueError(f"samples must be two pairs (x, y), got {samples!r}")
    for x, y in samples:
        decimals("each x in samples", x, model.inputs)
        decimals("each y in samples", [y], 1)
    x_text = [
        [value if isinstance(value, str) else repr(value) for value in np.atleast_1d(np.asarray(x, dtype=object))] for x, _ in samples
    ]
    x = np.array([[float(value) for value in row] for row in x_text])
    theta0, labels = np.array([float(value) for value in start]), (float(samples[0][1]), float(samples[1][1]))
    try:
        reached = [orbit(model, theta0, x[i], labels[i]).theta for i in (0, 1)]
    except FlowDiverged as error:
        return NotFound(f"the given data have no limits: {error}")
    cross = [float(value_and_jacobian(model, reached[i], x)[0][j] - labels[j]) for i, j in ((0, 1), (1, 0))]
    note = f"the data as given: limits {np.round(reached, 8).tolist()}, cross residuals {cross[0]:.2e} and {cross[1]:.2e}"
    note += "; no overlap to double precision" if max(map(abs, cross)) > 1e-12 else ""
    sigma = model.activation
    if labels == (0.0, 0.0) and model.n_params == 2 and isinstance(sigma, SmoothActivation):
        zero = find_zero_label(sigma, start=[_exact(v) for v in start], pairs=[(x_text[0][0], x_text[1][0])])
        if zero is not None:
            return replace(zero, notes=[note, "the limits differ as parameters, not as functions"])
    try:
        close = refine(model, Candidate(theta0, x, labels, np.stack(reached), "given"))
        found = certify_two_point(model, close)
    except (NotCertified, FlowDiverged) as error:
        return NotFound(f"no certified overlap near the given data: {error}; {note}")
    return replace(found, notes=[note, *found.notes])
