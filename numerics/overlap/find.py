"""Finding overlaps of gradient flow and proving them: counterexamples to every data-independent strict G, for any smooth activation.

Two-point: screen many initializations, refine the best crossings and prove the first that can be
proved (:mod:`numerics.overlap.two_point`).
One-point: two inputs that lead from one start to one point, where elasticity has an extremum. Cycle: a chain of limits, each
in the solution set of the one before, that closes although no two of them form a two-point overlap.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.flows.flow import FlowDiverged, orbit, value_and_jacobian
from numerics.overlap import cycles
from numerics.overlap.contact import find_contact
from numerics.overlap.first_integral import Reach, neuron_value
from numerics.overlap.screening import Candidate, counts, draw, screen
from numerics.overlap.shape import MONOTONE, is_p_family
from numerics.overlap.two_point import BITS, proofs, refine
from theory.activations import SmoothActivation, smooth_activation
from theory.expressions import activation_of
from theory.models import TwoLayer

#: Sides of the chains of four that are tried, as shares of the weight. Where two solution curves cross transversally every chain that is
#: short enough closes; how short depends on how fast the inputs move along it (GELU and SiLU, whose sigma/sigma' tends to z: 1/400).
SHARES = (1 / 15, 1 / 40, 1 / 120, 1 / 400, 1 / 1200)
#: Proofs of one-point overlaps that are tried before the search gives up, and how far w . x may move on an orbit that is worth one: a
#: quadrature takes up to some tenth of a second for each unit of it, and a proof needs about ten of them.
ATTEMPTS, LONGEST_WAY = 20, 16.0


#: What an affine sigma/sigma' rules out, and where.
AFFINE = "{name}: sigma/sigma' = p z + q is proved affine, so while a and p z + q keep their signs a strict G exists and nothing closes"


@dataclass(frozen=True)
class Overlap:
    """A certified overlap, as plain data (numbers as decimal strings; balls as "[midpoint +/- radius]").

    theta is flat: input weights, then output weights. ``samples`` are {"x", "y"}; ``limits`` the points that gradient flow from
    ``theta0`` reaches, in the order of the samples; ``kind`` as :func:`numerics.overlap.screening.classify` says;
    ``certificates`` what a referee repeats.
    """

    mechanism: str
    activation: str
    neurons: int
    inputs: int
    theta0: Sequence[str]
    samples: Sequence[Mapping[str, Any]]
    limits: Sequence[Sequence[str]]
    kind: str
    certificates: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    screened: Mapping[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> np.ndarray:
        """The labels of the samples in double precision (samples,)."""
        return midpoints(sample["y"] for sample in self.samples)

    def to_data(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def midpoints(balls: Iterable[str]) -> np.ndarray:
    """The midpoints of balls printed as "[midpoint +/- radius]", or of plain decimals, in double precision."""
    return np.array([float(text.strip("[").split()[0]) for text in balls])


@dataclass(frozen=True)
class NotFound:
    """No certified overlap: the ``reason``, and how many candidates of each kind were ``screened``."""

    reason: str
    screened: Mapping[str, int] = field(default_factory=dict)


def smooth(name: Any) -> SmoothActivation:
    """The activation called ``name`` (or the formula), which must be smooth; ValueError otherwise."""
    return smooth_activation(activation_of(name))


def find_two_point_overlap(
    activation: Any,
    *,
    neurons: int = 1,
    inputs: int = 1,
    start: Sequence[Any] | None = None,
    samples: Sequence[tuple[Sequence[Any], float]] | None = None,
    candidates: int = 1000,
    refined: int = 30,
    seed: int = 0,
    device: str = "cpu",
    time_limit: float = math.inf,
) -> Overlap | NotFound:
    """A certified two-point overlap of a network with one hidden layer.

    ``start`` (theta_0) and ``samples`` (two pairs (x, y)) given together are reported for what they are, and the exact overlap near them is
    returned; otherwise ``candidates`` random starts are screened and up to ``refined`` crossings are refined. After ``time_limit`` seconds
    no further crossing is taken up.
    """
    model = TwoLayer(inputs, neurons, activation=smooth(activation))
    if (start is None) != (samples is None):
        raise ValueError("start and samples must be given together, or neither")
    if start is not None and samples is not None:
        return _near_given(model, start, samples)
    for name, number in (("candidates", candidates), ("refined", refined)):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")
    theta0, x = draw(model, np.random.default_rng(seed), candidates)
    with np.errstate(all="ignore"):
        found = screen(model, theta0, x, device=device)
    tally = counts(found)
    generic = sorted((c for c in found if c.kind == "generic"), key=_promise, reverse=True)[:refined]
    failures, deadline = [], time.monotonic() + time_limit
    for number, candidate in enumerate(generic):
        if time.monotonic() > deadline:
            return NotFound(
                f"{number} of {len(generic)} crossings that looked generic were tried in {time_limit:g} s; this proves nothing", tally
            )
        try:
            return replace(certify_two_point(model, refine(model, candidate)), screened=tally)
        except (NotCertified, FlowDiverged, ArithmeticError) as error:
            failures.append(str(error))
    return NotFound(_why_none(model, generic, failures, candidates), tally)


def _promise(candidate: Candidate) -> float:
    """Far apart and of moderate size is easy to certify."""
    size = max(np.abs(candidate.limits).max(), np.abs(candidate.inputs).max(), np.abs(candidate.theta0).max())
    return min(candidate.distance, 1.0) / max(size, 3.0)


def _why_none(model: TwoLayer, generic: Sequence[Candidate], failures: Sequence[str], candidates: int) -> str:
    if generic:
        reason = f"{len(generic)} crossings looked generic but none was certified; the last reason: {failures[-1]}"
    else:
        reason = f"no generic crossing among {candidates} starts"
    name = model.activation.name
    sigma = smooth_activation(model.activation)
    if model.width == 1 and is_p_family(sigma):
        return f"{reason}; {AFFINE.format(name=name)}; at label 0 overlaps may exist"
    if model.width == model.inputs == 1 and (name in MONOTONE or name.startswith("power:")):
        return f"{reason}; the elasticity z sigma'/sigma of {name} is proved monotone: at y != 0 solution curves meet once, up to sign"
    return f"{reason}; that none was found proves nothing"


def certify_two_point(model: TwoLayer, candidate: Candidate) -> Overlap:
    """The overlap near a refined candidate, proved; raises :class:`NotCertified`."""
    theta0 = [_exact(value) for value in candidate.theta0]
    x = [[_exact(value) for value in row] for row in candidate.inputs]
    certificates, notes = proofs(model, theta0, x, candidate)
    best = certificates[-1]
    samples = [{"x": row, "y": label} for row, label in zip(x, best["labels"], strict=True)]
    return Overlap(
        "two-point", model.activation.name, model.width, model.inputs, theta0, samples, best["limits"], candidate.kind, certificates, notes
    )


def _exact(value: Any) -> str:
    """A decimal that reads back as exactly this number (given decimals stay as they are)."""
    return value if isinstance(value, str) else format(value, "f") if not isinstance(value, float | np.floating) else repr(float(value))


def _near_given(model: TwoLayer, start: Sequence[Any], samples: Sequence[tuple[Sequence[Any], float]]) -> Overlap | NotFound:
    if len(start) != model.n_params or len(samples) != 2:
        raise ValueError(f"start must have {model.n_params} entries and samples two pairs (x, y), got {start!r} and {samples!r}")
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
    try:
        close = refine(model, Candidate(theta0, x, labels, np.stack(reached), "given"))
        found = certify_two_point(model, close)
    except (NotCertified, FlowDiverged) as error:
        return NotFound(f"no certified overlap near the given data: {error}; {note}")
    return replace(found, notes=[note, *found.notes])


def find_one_point_overlap(
    activation: Any, *, inputs: int = 1, seed: int = 0, candidates: int = 200, time_limit: float = math.inf
) -> Overlap | NotFound:
    """Two samples from which one neuron, started at one theta_0, has the same limit, their solution curves crossing transversally there.

    Searched where c -> 2 (G(c B) - G(c A))/c^2 (see :class:`numerics.overlap.first_integral.Reach`) takes a value twice: on both
    sides of an extremum, or between different zeros of sigma', which no orbit passes (sin: tan(z)/z takes every value on each branch
    behind the first).
    The reflected start (w_0, -a_0), the limit of many inputs for every sigma, is left aside. Certified by Krawczyk in each input.
    At most ``candidates`` starts and directions are looked at and :data:`ATTEMPTS` proofs tried, none after ``time_limit`` seconds.
    """
    sigma = smooth(activation)
    if is_p_family(sigma):
        return NotFound(f"{AFFINE.format(name=sigma.name)}: one input leads to a point, or all solution curves through it coincide")
    rng, reasons, deadline = np.random.default_rng(seed), [], time.monotonic() + time_limit
    for k in range(candidates):
        if time.monotonic() > deadline:
            return NotFound(f"{k} starts and directions and {len(reasons)} proofs were tried in {time_limit:g} s; this proves nothing")
        w0 = [0.0] * inputs if k == 0 else np.round(rng.normal(0, 1, inputs), 2).tolist()
        w = [1.0] + [0.5] * (inputs - 1) if k == 0 else np.round(rng.normal(0, 1.5, inputs), 2).tolist()
        if w == w0:
            continue
        a0 = 1.0 if k < candidates // 2 else 3.0
        for a, roots in _shared_levels(sigma, a0, w0, w):
            try:
                return _certified_one_point(sigma, w0, a0, w, a, roots)
            except NotCertified as error:
                reasons.append(str(error))
            if time.monotonic() > deadline:
                break
            if len(reasons) == ATTEMPTS:
                return NotFound(f"{ATTEMPTS} proofs were tried and none succeeded; the last reason: {reasons[-1]}")
    if reasons:
        return NotFound(f"{len(reasons)} proofs were tried for {candidates} starts and directions; the last reason: {reasons[-1]}")
    return NotFound(f"for {candidates} starts and directions no two inputs were seen to lead to one point but the reflected start")


def _shared_levels(sigma: SmoothActivation, a0: float, w0: Sequence[float], w: Sequence[float]):
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
        rows = [
            value_and_jacobian(TwoLayer(len(end), 1, activation=sigma), np.array([*end, a_end], dtype=object), balls([x]))[1] for x in xs
        ]
        minor = rows[0][0][-1] * rows[1][0][0] - rows[0][0][0] * rows[1][0][-1]  # of (sigma, a sigma' x)
        if minor.contains(0):
            raise NotCertified("the solution curves were not proved transversal")
        certificate = {
            "method": "first integrals",
            "equation": "(a^2 - a0^2) c^2 D/2 = G(c B) - G(c A), x = c (w - w0)",
            "boxes": [box.certificate() for box in boxes],
            "transversality": minor.str(30),
        }
        samples = [{"x": [entry.str(30) for entry in x], "y": y.str(30)} for x, y in zip(xs, values, strict=True)]
        return Overlap("one-point", sigma.name, 1, len(end), texts[0], samples, [texts[1], texts[1]], "one-point", [certificate])


def find_cycle(activation: Any, *, inputs: int = 1, seed: int = 0) -> Overlap | NotFound:
    """A closed chain of limits of one neuron, each in the solution set of the one before: no strict G, of any regularity, ranks them."""
    sigma = smooth(activation)
    if is_p_family(sigma):
        return NotFound(f"{AFFINE.format(name=sigma.name)}; outside of that nothing was tried")
    try:
        return _quadrilateral(sigma, seed) if inputs == 1 else _loop(sigma, inputs)
    except (cycles.NoCycle, NotCertified) as error:
        proved = inputs > 1 and isinstance(find_contact_form(sigma, inputs=inputs), Overlap)
        hint = "; that no strict G exists is proved all the same, by the mechanism contact" if proved else "; this proves nothing"
        return NotFound(f"{error}{hint}")


def find_contact_form(activation: Any, *, inputs: int = 2) -> Overlap | NotFound:
    """One limit of one neuron near which the plane field of the solution sets is proved not to integrate: no G of any kind is strict.

    What this proves, and how, is said in :mod:`numerics.overlap.contact`. It takes a fraction of a second where a chain of limits takes
    minutes, and needs no closing chain in hand.
    """
    if inputs < 2:
        raise ValueError(
            f"inputs must be at least 2, got {inputs}: with one input solution sets are curves, and any field of lines integrates"
        )
    sigma = smooth(activation)
    if is_p_family(sigma):
        return NotFound(AFFINE.format(name=sigma.name))
    try:
        contact = find_contact(sigma)
    except NotCertified as error:
        return NotFound(f"{error}; that none was found proves nothing")
    proof = contact.certificate(inputs)
    with working_precision(BITS):
        label = (contact.a * neuron_value(sigma, ball(1), [ball(1)], [ball(contact.u)])).str(30)
    samples = [{"x": proof["x"], "y": label}]
    note = (
        "near this limit every point is one; round small loops of opposite sense the output weight changes oppositely, so some chain closes"
    )
    return Overlap("contact", sigma.name, 1, inputs, proof["start"], samples, [proof["limit"]], "generic", [proof], [note])


def _quadrilateral(sigma: SmoothActivation, seed: int) -> Overlap | NotFound:
    fold = find_one_point_overlap(sigma, seed=seed)
    if isinstance(fold, NotFound):
        return fold
    (w0, a0), (w, a) = (tuple(map(float, point)) for point in (fold.theta0, fold.limits[0]))
    branches = [float(box["centre"][0]) for box in fold.certificates[0]["boxes"]]
    reasons = []
    for share in SHARES:
        try:
            proved = cycles.quadrilateral(sigma, w0, a0, (w, a), branches, share=share)
        except NotCertified as error:
            reasons.append(str(error))
            continue
        samples = [{"x": [x], "y": y} for x, y in zip(proved["inputs"], proved["labels"], strict=True)]
        certificate = {"method": "first integrals", **proved}
        return Overlap("cycle", sigma.name, 1, 1, fold.theta0, samples, proved["points"], "generic", [certificate])
    return NotFound("; ".join(reasons))


def _loop(sigma: SmoothActivation, inputs: int) -> Overlap:
    proved = cycles.loop(sigma, inputs=inputs)
    theta0 = [*proved["w0"], proved["a0"]]
    note = f"a chain of {proved['steps']} limits: the loop of weights in the certificate, then a detour of {proved['detour']}"
    certificate = {"method": "first integrals along a loop", **proved}
    first = [*proved["weights"][0], proved["a"]]
    return Overlap("cycle", sigma.name, 1, inputs, theta0, [], [first], "generic", [certificate], [note])
