"""One-point overlaps: several inputs that lead one neuron from one start to one limit, where their solution sets cross transversally.

Two kinds: on both sides of an extremum of the elasticity, or on two branches between zeros of sigma', where c -> 2 (G(c B) - G(c
A))/c^2 takes
a value twice (:class:`numerics.overlap.first_integral.Reach`); and the reflected start (w_0, -a_0), which all inputs share whose orbits
get there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import OutOfTime
from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.flows.flow import value_and_jacobian
from numerics.overlap.first_integral import Reach, joined, neuron_value
from numerics.overlap.found import (
    AFFINE,
    IN_THE_DOMAIN,
    NO_PROOF,
    NotFound,
    Overlap,
    Watch,
    a_watch,
    decimals,
    of_equal,
    positive,
    repeated,
    smooth,
)
from numerics.overlap.shape import MONOTONE, is_p_family
from numerics.overlap.two_point import BITS
from theory import arguments
from theory.activations import SmoothActivation
from theory.models import TwoLayer

#: Proofs that are tried before the search gives up, and how far w . x may move on an orbit that is worth one: a quadrature takes up to
#: some tenth of a second for each unit of it, and a proof needs about ten of them.
ATTEMPTS, LONGEST_WAY = 20, 16.0


@np.errstate(all="ignore")  # sigma may have no value at some of the places that are tried
@arguments.checking(seed=arguments.seed, watch=a_watch)
def find_one_point_overlap(
    activation: Any,
    *,
    neurons: int = 1,
    inputs: int = 1,
    start: Sequence[Any] | None = None,
    seed: int = 0,
    candidates: int = 200,
    time_limit: float = math.inf,
    watch: Watch | None = None,
) -> Overlap | NotFound:
    """Two samples from which a network of equal neurons, started at one theta_0, has the same limit, their solution curves crossing there.

    Searched where c -> 2 (G(c B) - G(c A))/c^2 (see :class:`numerics.overlap.first_integral.Reach`) takes a value twice: on both
    sides of an extremum, or between different zeros of sigma', which no orbit passes (sin: tan(z)/z takes every value on each branch
    behind the first). Certified by Krawczyk in each input.
    At most ``candidates`` starts and directions are looked at (``start`` fixes (w_0, a_0) of one neuron) and :data:`ATTEMPTS` proofs tried,
    none after ``time_limit`` seconds (``watch`` in its place also tells how far the search is). Where that ends empty, the reflected start
    (w_0, -a_0) is tried, to which all inputs lead whose orbits get there (kind "reflected"). ``neurons`` > 1: on the diagonal.
    """
    positive(neurons=neurons, inputs=inputs, candidates=candidates)
    sigma, watch = smooth(activation), watch or Watch(time_limit)
    given = None if start is None else _numbers(start, inputs)
    with watch.proving():
        found = _turning(sigma, inputs, given, seed, candidates, watch)
        if isinstance(found, Overlap):
            return repeated(found, neurons)
        mirrored = None if watch.expired or is_p_family(sigma) else reflected(sigma, inputs, given, seed)
    if mirrored is None:
        return of_equal(found, neurons)
    return repeated(replace(mirrored, notes=[*mirrored.notes, f"other limits than the reflected start: {found.reason}"]), neurons)


def _numbers(start: Sequence[Any], inputs: int) -> list[float]:
    values = decimals("start", start, inputs + 1)
    if values[-1] == 0:
        raise ValueError("start must have an output weight a_0 != 0: at 0 no input weight moves at first")
    return values


def _turning(
    sigma: SmoothActivation, inputs: int, given: Sequence[float] | None, seed: int, candidates: int, watch: Watch
) -> Overlap | NotFound:
    """Overlaps between monotone stretches of c -> 2 (G(c B) - G(c A))/c^2."""
    if is_p_family(sigma):
        reason = f"{AFFINE.format(name=sigma.name)}: one input leads to a point, or all solution curves through it coincide"
        reason += "; behind a = 0 all inputs share the reflected start, at which the gradient of that G vanishes as well"
        return NotFound(reason, proved=True, where=IN_THE_DOMAIN)
    if sigma.name in MONOTONE:
        kind = "even" if sigma.reflection and sigma.reflection.parity == -1 and sigma.reflection.pure else "monotone on the whole line"
        return NotFound(
            f"the elasticity of {sigma.name} is proved to have no extremum where z > 0, and is {kind}: "
            "no two inputs lead to one point but to a reflection of the start, with different solution sets",
            proved=True,
            where="but at a reflection of the start",
        )
    rng, reasons = np.random.default_rng(seed), []
    tried = lambda k: f"{k} starts and directions and {len(reasons)} proofs were tried"
    for k in range(candidates):
        if watch.expired:
            return watch.spent(tried(k))
        watch.say(tried(k))
        w0 = [0.0] * inputs if k == 0 else np.round(rng.normal(0, 1, inputs), 2).tolist()
        w = [1.0] + [0.5] * (inputs - 1) if k == 0 else np.round(rng.normal(0, 1.5, inputs), 2).tolist()
        a0 = 1.0 if k < candidates // 2 else 3.0
        if given is not None:
            *w0, a0 = given
        if w == w0:
            continue
        for a, roots in _shared_levels(sigma, a0, w0, w):
            try:
                return _certified_one_point(sigma, w0, a0, w, a, roots)
            except OutOfTime:
                return watch.spent(tried(k + 1))
            except NotCertified as error:
                reasons.append(str(error))
            if watch.expired:
                return watch.spent(tried(k + 1))
            if len(reasons) == ATTEMPTS:
                return NotFound(f"{ATTEMPTS} proofs were tried and none succeeded; the last reason: {reasons[-1]}; {NO_PROOF}")
    if reasons:
        return NotFound(
            f"{len(reasons)} proofs were tried for {candidates} starts and directions; the last reason: {reasons[-1]}; {NO_PROOF}"
        )
    return NotFound(
        f"for {candidates} starts and directions no two inputs were seen to lead to one point but the reflected start; {NO_PROOF}"
    )


def reflected(sigma: SmoothActivation, inputs: int, given: Sequence[float] | None = None, seed: int = 0) -> Overlap | None:
    """The reflected start (w_0, -a_0) as the limit on two samples (x, -a_0 sigma(w_0 . x)); None where no proof succeeds.

    It has the first integral of the start on every input, and is the limit where a falls to 0 before sigma does; the solution curves cross
    where the elasticity differs.
    """
    rng = np.random.default_rng(seed)
    for k in range(24):
        w0 = [0.3] * inputs if k == 0 else np.round(rng.normal(0, 0.7, inputs), 2).tolist()
        a0 = (1.0, 0.5, 0.25)[k % 3]
        if given is not None:
            *w0, a0 = given
        xs = [np.round(rng.normal(0, 1, inputs), 2).tolist() for _ in range(2)] if k else [[0.6] * inputs, [1.4] * inputs]
        with working_precision(BITS):
            start, end = [ball(_exact(value)) for value in w0], [*(ball(_exact(value)) for value in w0), -ball(_exact(a0))]
            rows = [[ball(_exact(value)) for value in x] for x in xs]
            values = [neuron_value(sigma, end[-1], start, x) for x in rows]
            try:
                if not all(_reaches_reflection(sigma, start, -end[-1], x) for x in rows):
                    continue
                minor, columns = _transversality(sigma, end, rows, range(inputs))
            except NotCertified:
                continue
            theta0 = [*(_exact(value) for value in w0), _exact(a0)]
            limit = [*theta0[:-1], _exact(-a0)]
            samples = [{"x": [_exact(c) for c in x], "y": y.str(30)} for x, y in zip(xs, values, strict=True)]
            certificate = {"method": "reflection", "columns": list(columns), "transversality": minor.str(30)}
            note = "the reflected start, the limit of all inputs whose orbits get there"
            return Overlap("one-point", sigma.name, 1, inputs, theta0, samples, [limit, limit], "reflected", [certificate], [note])
    return None


def _reaches_reflection(sigma: SmoothActivation, w0: Sequence[Any], a0: Any, x: Sequence[Any]) -> bool:
    square, u = sum((c * c for c in x), 0 * x[0]), sum((a * b for a, b in zip(w0, x, strict=True)), 0 * x[0])
    return bool(square > 0) and joined(sigma, a0, u, -a0, u, square)


def _exact(value: float) -> str:
    return repr(float(value))


def _shared_levels(sigma: SmoothActivation, a0: float, w0: Sequence[float], w: Sequence[float]) -> Iterator[tuple[float, list[float]]]:
    """Output weights a > 0 that two positive c share, with both c: levels of 2 (G(c B) - G(c A))/(c^2 D) on two monotone stretches."""
    c = np.linspace(0.05, 8, 400)
    reach = Reach(sigma, a0, w0, a0, w)
    with np.errstate(all="ignore"):
        gain = -reach.psi_float(c) / (c * c * sum((p - q) ** 2 for p, q in zip(w, w0, strict=True)) / 2)
        defined = np.isfinite(gain) & (np.abs(gain) < 1e3) & _defined(reach, c)
    stretches = _monotone(gain, defined)
    # Neighbours first: the two sides of one extremum.
    for i, j in sorted(combinations(range(len(stretches)), 2), key=lambda pair: (pair[1] - pair[0], pair)):
        ends = [sorted(gain[stretch[[0, -1]]]) for stretch in (stretches[i], stretches[j])]
        low, high = max(end[0] for end in ends), min(end[1] for end in ends)
        if high - low < 1e-3:  # the output weight is rounded to four decimals
            continue
        # From the extremum, which is an end of the common range, where there is one.
        base, room = (low, high - low) if gain[stretches[i][-1]] < gain[stretches[i][0]] else (high, low - high)
        for share in (0.5, 0.2, 0.05):
            square = a0**2 + base + share * room
            if square <= 0:
                continue
            a = float(np.round(math.sqrt(square), 4))
            there = replace(reach, a=a)
            roots = [_crossing(there, c[stretch], gain[stretch] - (a * a - a0 * a0)) for stretch in (stretches[i], stretches[j])]
            if all(map(np.isfinite, roots)):
                yield a, roots


def _defined(reach: Reach, c: np.ndarray) -> np.ndarray:
    """For each c whether G is seen to be defined on the way from c A to c B, and the way no longer than :data:`LONGEST_WAY`.

    A zero of sigma' between (on no orbit, and a pole of sigma/sigma') shows where two orders of the quadrature disagree.
    """
    start, end = reach.ends(c)
    fine, coarse = reach.psi_float(c), reach.psi_float(c, nodes=40)
    return (np.abs(end - start) <= LONGEST_WAY) & (np.abs(fine - coarse) <= 1e-6 * np.maximum(np.abs(fine), 1e-3))


def _monotone(values: np.ndarray, defined: np.ndarray) -> list[np.ndarray]:
    """The indices of each longest stretch of at least three on which ``values`` are defined and strictly monotone, from left to right."""
    steps = np.where(defined[1:] & defined[:-1], np.sign(np.diff(np.where(defined, values, 0))), 0)
    cuts = np.flatnonzero(np.diff(steps)) + 1
    return [np.arange(run[0], run[-1] + 2) for run in np.split(np.arange(len(steps)), cuts) if steps[run[0]] and len(run) > 1]


def _crossing(reach: Reach, c: np.ndarray, gap: np.ndarray) -> float:
    """The zero of psi where ``gap`` changes its sign, by Newton's method in floats; NaN where it leaves that piece of the grid."""
    places = np.flatnonzero(gap[:-1] * gap[1:] < 0)
    if not len(places):
        return math.nan
    left, right = c[places[0]], c[places[0] + 1]
    root = reach.factor(float(left + right) / 2)
    return root if left <= root <= right else math.nan


def _certified_one_point(sigma: SmoothActivation, w0: Any, a0: float, w: Any, a: float, roots: Sequence[float]) -> Overlap:
    with working_precision(BITS):
        texts = [_exact(value) for value in (*w0, a0)], [_exact(value) for value in (*w, a)]
        (*start, a_start), (*end, a_end) = ([ball(text) for text in point] for point in texts)
        reach = Reach(sigma, a_start, start, a_end, end)
        boxes = [reach.root(guess, bits=BITS) for guess in roots]
        cs = [box.enclosure[0] for box in boxes]
        if cs[0].overlaps(cs[1]) or not all(c > 0 for c in cs):
            raise NotCertified("the two inputs were not told apart")
        if not all(reach.connected(c) for c in cs):
            raise NotCertified("the point was not proved to lie on the orbits of the start")
        xs = [reach.input(c) for c in cs]
        values = [neuron_value(sigma, a_end, end, x) for x in xs]
        minor, _ = _transversality(sigma, [*end, a_end], xs, [0])
        certificate = {
            "method": "first integrals",
            "equation": "(a^2 - a0^2) c^2 D/2 = G(c B) - G(c A), x = c (w - w0)",
            "boxes": [box.certificate() for box in boxes],
            "transversality": minor.str(30),
        }
        samples = [{"x": [entry.str(30) for entry in x], "y": y.str(30)} for x, y in zip(xs, values, strict=True)]
        return Overlap("one-point", sigma.name, 1, len(end), texts[0], samples, [texts[1], texts[1]], "one-point", [certificate])


def _transversality(
    sigma: SmoothActivation, end: Sequence[Any], xs: Sequence[Sequence[Any]], coordinates: Iterable[int]
) -> tuple[Any, tuple[int, int]]:
    """A minor of the conormals (a sigma' x, sigma) of the two solution sets that is proved not to vanish, and its two columns: sigma and
    one of the ``coordinates``.

    Raises :class:`NotCertified`.
    """
    model, theta = TwoLayer(len(end) - 1, 1, activation=sigma), np.array(list(end), dtype=object)
    p, q = (value_and_jacobian(model, theta, balls([x]))[1][0] for x in xs)
    i = len(end) - 1
    for j in coordinates:
        minor = p[i] * q[j] - p[j] * q[i]
        if not minor.contains(0):
            return minor, (i, j)
    raise NotCertified("the solution curves were not proved transversal")
