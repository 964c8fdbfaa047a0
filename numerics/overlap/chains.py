"""Closed chains of limits, and the planes that make them close: what :mod:`numerics.overlap.cycles` and :mod:`numerics.overlap.contact`
prove, searched for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numerics.arithmetic.deadline import OutOfTime
from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.overlap import cycles
from numerics.overlap.contact import find_contact
from numerics.overlap.find import find_two_point_overlap
from numerics.overlap.first_integral import neuron_value
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
from numerics.overlap.loops import find_loop
from numerics.overlap.one_point import find_one_point_overlap
from numerics.overlap.shape import is_p_family
from numerics.overlap.two_point import BITS
from theory import arguments
from theory.activations import SmoothActivation

#: Sides of the chains of four that are tried, as shares of the weight. Where two solution curves cross transversally every chain that is
#: short enough closes; how short depends on how fast the inputs move along it (GELU and SiLU, whose sigma/sigma' tends to z: 1/400).
SHARES = (1 / 15, 1 / 40, 1 / 120, 1 / 400, 1 / 1200)


@np.errstate(all="ignore")  # sigma may have no value at some of the places that are tried
@arguments.checking(seed=arguments.seed, watch=a_watch)
def find_cycle(
    activation: Any,
    *,
    neurons: int = 1,
    inputs: int = 1,
    start: Sequence[Any] | None = None,
    seed: int = 0,
    time_limit: float = math.inf,
    watch: Watch | None = None,
) -> Overlap | NotFound:
    """A closed chain of limits, each in the solution set of the one before: no strict G, of any regularity, ranks them.

    One input: four limits near a one-point overlap; where there is none, two limits, which are a two-point overlap (at its level). More
    inputs: a loop of weights (:func:`numerics.overlap.loops.find_loop`). ``start`` (w_0, a_0) of one neuron is kept where it is given;
    ``neurons`` > 1: on the diagonal of equal ones, and two limits anywhere where sigma/sigma' is affine, which rules out one neuron only.
    """
    positive(neurons=neurons, inputs=inputs)
    if start is not None:
        decimals("start", start, inputs + 1)
    sigma, watch = smooth(activation), watch or Watch(time_limit)
    affine = bool(is_p_family(sigma))
    if affine and neurons == 1:
        return NotFound(f"{AFFINE.format(name=sigma.name)}; outside of that nothing was tried", proved=True, where=IN_THE_DOMAIN)
    with watch.proving():
        if affine:
            found: Overlap | NotFound = NotFound(f"{AFFINE.format(name=sigma.name)} for one neuron, hence for equal ones")
        elif inputs == 1:
            found = _quadrilateral(sigma, start, seed, watch)
        else:
            found = find_loop(sigma, inputs=inputs, start=start, seed=seed, watch=watch)
        if isinstance(found, Overlap):
            return repeated(found, neurons)
        if (inputs == 1 or affine) and not watch.expired:
            many = None if start is None else _copies(start, neurons)
            pair = find_two_point_overlap(sigma, neurons=neurons, inputs=inputs, start=many, seed=seed, watch=watch)
            if isinstance(pair, Overlap):
                note = f"a two-point overlap is a cycle of two; longer ones: {found.reason}"
                return replace(pair, notes=[*pair.notes, note])
            if affine:
                return replace(found, reason=f"{found.reason}; of two limits: {pair.reason}")
        if inputs > 1 and isinstance(find_contact_form(sigma, inputs=inputs), Overlap):
            return replace(found, reason=f"{found.reason}; that no strict G exists is proved all the same, by the mechanism contact")
    return found


def _copies(start: Sequence[Any], neurons: int) -> list[Any]:
    """The start of equal neurons."""
    return [*list(start[:-1]) * neurons, *[start[-1]] * neurons]


def find_contact_form(activation: Any, *, neurons: int = 1, inputs: int = 2) -> Overlap | NotFound:
    """One limit of one neuron near which the plane field of the solution sets is proved not to integrate: no G of any kind is strict.

    What this proves, and how, is said in :mod:`numerics.overlap.contact`. It takes a fraction of a second where a chain of limits takes
    minutes, and needs no closing chain in hand.
    """
    if inputs < 2:
        raise ValueError(
            f"inputs must be at least 2, got {inputs}: with one input solution sets are curves, and any field of lines integrates"
        )
    positive(neurons=neurons)
    sigma = smooth(activation)
    if is_p_family(sigma):
        return of_equal(NotFound(AFFINE.format(name=sigma.name), proved=True, where=IN_THE_DOMAIN), neurons)
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
    found = Overlap("contact", sigma.name, 1, inputs, proof["start"], samples, [proof["limit"]], "generic", [proof], [note])
    return repeated(found, neurons)


def _quadrilateral(sigma: SmoothActivation, start: Sequence[Any] | None, seed: int, watch: Watch) -> Overlap | NotFound:
    fold = find_one_point_overlap(sigma, start=start, seed=seed, watch=watch)
    if isinstance(fold, NotFound):
        return replace(fold, reason=f"no chain of four was tried, as it needs a limit that two inputs lead to: {fold.reason}", proved=False)
    if fold.kind == "reflected":
        return NotFound(f"no limit but the reflected start was found that two inputs lead to, near which chains of four close; {NO_PROOF}")
    (w0, a0), (w, a) = (tuple(map(float, point)) for point in (fold.theta0, fold.limits[0]))
    branches = [float(box["centre"][0]) for box in fold.certificates[0]["boxes"]]
    reasons = []
    for share in SHARES:
        watch.say(f"a chain of four with sides of {share:.3g} of the weight")
        try:
            proved = cycles.quadrilateral(sigma, w0, a0, (w, a), branches, share=share)
        except OutOfTime:
            return watch.spent(f"{len(reasons) + 1} chains of four were tried")
        except NotCertified as error:
            reasons.append(str(error))
            continue
        samples = [{"x": [x], "y": y} for x, y in zip(proved["inputs"], proved["labels"], strict=True)]
        certificate = {"method": "first integrals", **proved}
        return Overlap("cycle", sigma.name, 1, 1, fold.theta0, samples, proved["points"], "generic", [certificate])
    return NotFound(f"{len(reasons)} chains of four near a one-point overlap were tried: {'; '.join(reasons)}; {NO_PROOF}")
