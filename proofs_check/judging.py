"""The one place that compares: what a claim predicts against what is measured, in any arithmetic of the house.

Every function returns an :class:`~proofs_check.claim.Outcome` with expected and observed. Where nothing is decided (an open rank, balls
that overlap, ``None``) the outcome is inconclusive. As all comparisons pass here, the engine can make a prediction false
(:func:`proofs_check.comparing.followed`) and see whether the check notices: off by one where values are counted, the other way round
where they are ordered, beyond the tolerance where they are measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from proofs_check.claim import ClaimError, Figure, Outcome, Status
from proofs_check.comparing import (
    agree,
    another,
    as_ball,
    brief,
    compared,
    entries_of,
    exact_number,
    is_ball,
    is_masked,
    is_rank,
    is_symbolic,
    nested,
    noted,
    plain_number,
    shown_value,
)

#: Share of the trials that may end without a decision (not converged, say) before their rate is not decided at all.
UNDECIDED_SHARE = 0.1


# ------------------------------------------------------------------------------------------------------------ equality


def equal(
    *, shown: Mapping[str, Any] | None = None, certificate: Any = None, witness: Any = None, message: str = "", **pairs: tuple[Any, Any]
) -> Outcome:
    """Holds when the two values of every pair ``name=(expected, observed)`` are equal, entry by entry and without tolerance.

    Numbers of all exact types agree with each other (int, Fraction, numpy, sympy, flint, residues), lists with tuples and arrays. Pairs
    with ``None``, an open rank or an inexact ball that is not apart are not decided. ``shown`` is added to a counterexample.

    :raises ClaimError: without any pair.
    """
    if not pairs:
        raise ClaimError("equal: expected at least one pair name=(expected, observed), got none")
    return _equal({name.replace("_", " "): pair for name, pair in pairs.items()}, shown, certificate, witness, message)


def _equal(
    pairs: Mapping[str, tuple[Any, Any]], shown: Mapping[str, Any] | None, certificate: Any = None, witness: Any = None, message: str = ""
) -> Outcome:
    open_pair = ""
    for name, (expected, observed) in pairs.items():
        if compared(expected, observed):
            expected = another(expected)
        noted("equal", expected, observed)
        same = agree(expected, observed)
        if same:
            continue  # no words for what agrees: formulas take long to write
        text = f"{'' if name == 'value' else name + ': '}expected {brief(expected)}, observed {brief(observed)}"
        if same is False:
            more = {} if name == "value" else {"what": name}
            return Outcome.fails(text, counterexample={**(shown or {}), **more, "expected": expected, "observed": observed})
        open_pair = open_pair or text
    if open_pair:
        return Outcome.inconclusive(open_pair + ", which is not decided", cases=1, counterexample=dict(shown or {}) or None)
    return Outcome.holds(len(pairs), certificate=certificate, witness=witness, message=message)


def different(what: str, first: Any, second: Any, **shown: Any) -> Outcome:
    """Holds when the two values differ in some entry; read falsely, it expects them equal."""
    expected = "one value" if compared(first, second) else "two values"
    same = agree(first, second)
    text = f"{what}: expected {expected}, observed {brief(first)} and {brief(second)}"
    if same is None:
        return Outcome.inconclusive(text + ", which is not decided", cases=1)
    if same is (expected == "two values"):
        return Outcome.fails(text, counterexample={**shown, "what": what, "first": first, "second": second})
    return Outcome.holds()


def true(what: str, fact: bool | None, **shown: Any) -> Outcome:
    """Holds when ``fact`` is true; None is not decided.

    :raises ClaimError: for anything but a truth value of any library: a text, a list or a NaN would count as true.
    """
    truth = None if fact is None else exact_number(fact)
    if fact is not None and truth not in (0, 1):
        raise ClaimError(f"true: expected True, False or None for {what!r}, got {brief(fact)}")
    return _equal({what: (True, None if truth is None else bool(truth))}, shown)


def vanishing(what: str, observed: Any, **shown: Any) -> Outcome:
    """Holds when every entry of ``observed`` is zero, in exact arithmetic."""
    return _equal({what: (_zeros_like(observed), observed)}, shown)


def _zeros_like(observed: Any) -> Any:
    entries = entries_of(observed)
    return 0 if entries is None else [_zeros_like(entry) for entry in entries]


# ------------------------------------------------------------------------------------------------ bounds and tolerances


def bounded(what: str, observed: Any, bound: Any, **shown: Any) -> Outcome:
    """Holds when |observed| <= ``bound`` entry by entry, floats or balls; the margin is the least slack in units of the bound.

    ``bound`` is a derived tolerance, so a false prediction is one that lies four bounds away.
    An infinite one, which everything keeps, decides nothing, and neither does a NaN or a masked entry: nothing was measured.
    Balls count whole, with their radius: one that holds values on either side of the bound decides nothing.

    :raises ClaimError: for a bound below 0, and for values that are no numbers or do not fit the bounds.
    """
    import numpy as np

    (values, radii), (bounds, blur) = _measured(what, observed), _measured(what, bound)
    if np.iscomplexobj(bounds):
        raise ClaimError(f"bounded: expected a real bound for {what}, got {brief(bound)}")
    try:
        np.broadcast_shapes(values.shape, bounds.shape)
    except ValueError:
        raise ClaimError(f"bounded: expected one bound or one for each entry of {what}, got {bounds.shape} for {values.shape}") from None
    if (bounds < 0).any():
        raise ClaimError(f"bounded: expected a bound of at least 0 for {what}, got {brief(bound)}")
    if not np.isfinite(bounds).all():
        told = "everything keeps an infinite bound" if np.isposinf(bounds).any() else "a bound is not a number"
        return Outcome.inconclusive(f"{what}: {told}", cases=1, counterexample=dict(shown) or None)

    false = compared(values)
    middles = np.abs(values - (4 * bounds if false else 0))
    sizes, smallest = middles + radii, np.maximum(middles - radii, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(sizes == 0, 0.0, sizes / np.maximum(bounds - blur, 0))
        surely = np.where(smallest == 0, 0.0, smallest / (bounds + blur))
    ratio = float(np.nanmax(ratios, initial=0.0))
    if ratio > 0:
        worst_place = int(np.nanargmax(ratios))
        noted("at most", float(np.broadcast_to(bounds, ratios.shape).flat[worst_place]), float(sizes.flat[worst_place]))
    if ratio <= 1 and np.isnan(ratios).any():
        return Outcome.inconclusive(f"{what}: not a number where a size was to be measured", cases=1, counterexample=dict(shown) or None)
    if ratio <= 1:
        return Outcome.holds(margin=1 - ratio)
    if not (surely > 1).any():
        return Outcome.inconclusive(f"{what}: a ball lies on both sides of what is allowed", cases=1, counterexample=dict(shown) or None)
    return Outcome.fails(
        f"{what}: {ratio:.3g} times what is allowed",
        margin=1 - ratio,
        counterexample={**shown, "what": what, "observed": observed, "bound": bound},
    )


def _measured(what: str, observed: Any) -> tuple[Any, Any]:
    """Numbers as arrays of floats (complex ones stay), and how far each may lie from its float: the radius of a ball, else 0."""
    import numpy as np

    if is_masked(observed):
        observed = np.ma.asarray(observed, float if np.ma.asarray(observed).dtype.kind in "biu" else None).filled(np.nan)
    try:
        values = np.asarray(nested(observed))
        if values.dtype.kind in "USMm" or any(isinstance(one, str | bytes) for one in (values.flat if values.dtype.kind == "O" else ())):
            raise TypeError
        radii = np.zeros(values.shape)
        if values.dtype.kind == "O" and any(map(is_ball, values.flat)):
            middles = [_middle(one) for one in values.flat]
            values, radii = (np.reshape(parts, values.shape) for parts in zip(*middles, strict=True))
        return (values if values.dtype.kind == "c" else values.astype(float)), radii
    except (TypeError, ValueError, OverflowError):
        raise ClaimError(f"bounded: expected numbers for {what}, got {brief(observed)}") from None


def _middle(value: Any) -> tuple[Any, float]:
    """The float in the middle of a ball, and a float that no number of the ball lies further from it than."""
    if not is_ball(value):
        return value if isinstance(value, complex) else float(value), 0.0
    middle = complex(value) if type(value).__name__ == "acb" else float(value)
    furthest = float((value - middle).abs_upper())
    return middle, furthest and math.nextafter(furthest, math.inf)


def at_most(what: str, observed: Any, bound: Any, *, attained: bool = True, **shown: Any) -> Outcome:
    """Holds when ``observed`` <= ``bound``, exact numbers, balls or open ranks (whose proved upper bound is taken).

    ``attained`` says that the bound is reached in every cell, so that the next smaller integer must be refuted there; a bound that need
    not be reached is made false below what was observed.
    """
    return _ordered(what, observed, bound, attained=attained, up=True, shown=shown)


def at_least(what: str, observed: Any, bound: Any, *, attained: bool = True, **shown: Any) -> Outcome:
    """Holds when ``observed`` >= ``bound``: see :func:`at_most`."""
    return _ordered(what, observed, bound, attained=attained, up=False, shown=shown)


def _ordered(what: str, observed: Any, bound: Any, *, attained: bool, up: bool, shown: Mapping[str, Any]) -> Outcome:
    low, high = (observed.lower, observed.upper) if is_rank(observed) else (observed, observed)
    if compared(observed, bound):
        step = -1 if up else 1
        bound = (bound if attained else (low if up else high)) + step
    noted("at most" if up else "at least", bound, observed)
    kept, broken = (_less_equal(high, bound), _less(bound, low)) if up else (_less_equal(bound, low), _less(high, bound))
    if kept and not _infinite(bound, low, high):
        return Outcome.holds()
    sign = "at most" if up else "at least"
    text = f"{what}: expected {sign} {brief(bound)}, observed {brief(observed)}"
    if kept:
        return Outcome.inconclusive(text + ", which is kept by infinity alone", cases=1)
    if broken:
        return Outcome.fails(text, counterexample={**shown, "what": what, "bound": bound, "observed": shown_value(observed)})
    return Outcome.inconclusive(text + ", which is not decided", cases=1)


def _infinite(*values: Any) -> bool:
    """Whether one of these is infinite, in floats, balls or symbols, and keeps bounds without having been computed."""
    return any(_is_infinite(value) for value in values)


def _is_infinite(value: Any) -> bool:
    if is_symbolic(value):
        return bool(value.is_infinite)
    if is_ball(value):
        return not value.is_finite()
    value = plain_number(value)
    return isinstance(value, float) and math.isinf(value)


def _less_equal(first: Any, second: Any) -> bool:
    """Whether first <= second is certain."""
    return _ordered_surely(first, second, strict=False)


def _less(first: Any, second: Any) -> bool:
    """Whether first < second is certain."""
    return _ordered_surely(first, second, strict=True)


def _ordered_surely(first: Any, second: Any, *, strict: bool) -> bool:
    if first is None or second is None:
        return False
    low, high = exact_number(first), exact_number(second)
    if low is not None and high is not None:
        return low < high if strict else low <= high
    if is_ball(first) or is_ball(second):
        first, second = (value if number is None else as_ball(number) for value, number in ((first, low), (second, high)))
    for value in (first, second):
        if entries_of(value) is not None or isinstance(value, str | complex | Mapping | Set):
            raise ClaimError(f"expected two numbers that can be ordered, got {brief(first)} and {brief(second)}")
    try:
        found = first < second if strict else first <= second
    except TypeError as problem:  # NaN in sympy, or types that know no order
        if "NaN" in str(problem):
            return False
        raise ClaimError(f"expected two numbers that can be ordered, got {brief(first)} and {brief(second)}") from None
    return False if is_symbolic(found) and exact_number(found) is None else bool(found)


def order(what: str, values: Sequence[Any], *, strict: bool = True, **shown: Any) -> Outcome:
    """Holds when ``values`` grow from each to the next (``strict``) or do not fall; falsely read, they are expected the other way round.

    An infinity, which every number is beside, decides nothing.

    :raises ClaimError: for fewer than two values, for a set or a mapping, which list nothing in order, and for what is no number.
    """
    if values is None or isinstance(values, Set | Mapping | str) or not isinstance(values, Iterable):
        raise ClaimError(f"order: expected a list of values of {what}, got {brief(values)}")
    listed = list(values)
    if len(listed) < 2:
        raise ClaimError(f"order: expected at least two values of {what}, got {len(listed)}")
    if compared(*listed):
        listed, strict = listed[::-1], True
    pairs = list(zip(listed, listed[1:], strict=False))
    kept = [_less(a, b) if strict else _less_equal(a, b) for a, b in pairs]
    broken = [_less_equal(b, a) if strict else _less(b, a) for a, b in pairs]
    text = f"{what}: expected {'increasing' if strict else 'non-decreasing'} values, observed {brief(listed)}"
    if all(kept) and _infinite(*listed):
        return Outcome.inconclusive(text + ", which is kept by infinity alone", cases=1)
    if all(kept):
        return Outcome.holds(len(pairs))
    if any(broken):
        return Outcome.fails(text, counterexample={**shown, "what": what, "values": listed})
    return Outcome.inconclusive(text + ", which is not decided", cases=1)


# ------------------------------------------------------------------------------------------------------ ranks and inertia


def rank_is(expected: int, found: Any, *, keep: bool = False, **shown: Any) -> Outcome:
    """A Rank with its proved bounds against ``expected``: within open bounds nothing is decided but by an estimate in floats.

    With ``keep`` its certificate is kept. An estimate counts as a float: exact evidence may not rest on one.

    :raises ClaimError: for anything but a Rank, and an expected rank that is no whole number.
    """
    if not is_rank(found):
        raise ClaimError(f"rank_is: expected a Rank with its bounds, got {brief(found)}")
    number = exact_number(expected)
    if number is None or number.denominator > 1:
        raise ClaimError(f"rank_is: expected a whole number to compare with, got {brief(expected)}")
    in_floats = getattr(found, "method", "") == "float" or not getattr(found, "certified", True)
    if compared(0.5 if in_floats else found):
        expected = another(expected)
    noted("equal", expected, found)
    estimate = getattr(found, "estimate", None) if found.rank is None else None
    if estimate is not None and expected != estimate:
        return Outcome.fails(
            f"expected {expected}, estimated {estimate}", counterexample={**shown, "expected": expected, "observed": [estimate]}
        )
    if not found.lower <= expected <= found.upper:
        shown_rank = found.rank if found.rank is not None else f"between {found.lower} and {found.upper}"
        return Outcome.fails(
            f"expected {expected}, observed {shown_rank}",
            counterexample={**shown, "expected": expected, "observed": [found.lower, found.upper]},
        )
    if found.rank is None and estimate is None:
        where = "".join(f", {name} = {brief(value)}" for name, value in shown.items())
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}, expected {expected}{where}", cases=1)
    return Outcome.holds(certificate=found.certificate if keep else None)


def inertia_is(expected: Sequence[int], found: Any, **shown: Any) -> Outcome:
    """(n_-, n_0, n_+) of an Inertia, or of a triple, against ``expected``; an undecided count decides nothing.

    :raises ClaimError: for anything but an Inertia and triples.
    """
    counts = (
        tuple(found) if isinstance(found, tuple | list) else tuple(getattr(found, name, ...) for name in ("negative", "zero", "positive"))
    )
    if ... in counts or len(counts) != 3 or not isinstance(expected, Sequence) or len(expected) != 3:
        raise ClaimError(f"inertia_is: expected two triples (n_-, n_0, n_+), got {brief(expected)} and {brief(found)}")
    return equal(inertia=(tuple(expected), counts), shown=shown)


# --------------------------------------------------------------------------------------------------------------- rates


def rate_is(
    successes: int,
    trials: int,
    *,
    what: str,
    at_least: float | None = None,
    at_most: float | None = None,
    margin: float,
    alpha: float,
    undecided: int = 0,
) -> Outcome:
    """The exact binomial decision of :meth:`proofs_check.context.Context.rate`, which is what a check calls: there alpha is booked.

    A false prediction is the opposite one: at most ``at_least - margin``, at least ``at_most + margin``.
    """
    from numerics.statistics import Answer, decide_rate_at_least, decide_rate_at_most, min_detectable_drop

    counts = [exact_number(count) for count in (successes, trials, undecided)]
    if any(count is None or count.denominator > 1 for count in counts) or undecided < 0:
        raise ClaimError(f"rate of {what}: expected whole numbers of trials, got {successes} of {trials}, {undecided} undecided")
    if (at_least is None) == (at_most is None):
        raise ClaimError(f"rate of {what}: expected at_least or at_most, got {'both' if at_least is not None else 'neither'}")
    upward = at_least is not None
    threshold = at_least if at_least is not None else at_most or 0.0
    if compared(0.5):
        threshold += -margin if upward else margin
        upward, margin = not upward, margin / 2  # half of it keeps the opposite threshold and its margin between 0 and 1
    rule = decide_rate_at_least if upward else decide_rate_at_most
    worst_case, best_case = (successes, successes + undecided) if upward else (successes + undecided, successes)
    against, for_it = (rule(count, trials, threshold=threshold, margin=margin, alpha=alpha) for count in (worst_case, best_case))
    sign = "at least" if upward else "at most"
    text = f"{what}: {successes} of {trials}" + (f" ({undecided} undecided)" if undecided else "") + f", {sign} {threshold:g} expected"
    slack = (worst_case / trials - threshold) / margin * (1 if upward else -1)
    measured: dict[str, Any] = {
        "margin": slack,
        "detectable": min_detectable_drop(trials, threshold=threshold if upward else 1 - threshold, alpha=alpha),
    }
    if undecided > UNDECIDED_SHARE * trials:
        return Outcome.inconclusive(f"{text}: more than {UNDECIDED_SHARE:.0%} ended undecided", cases=trials, **measured)
    if for_it.answer is Answer.REFUTED:
        counterexample = {"successes": successes, "trials": trials, "undecided": undecided, "case": what}
        return Outcome.fails(text, counterexample=counterexample, **measured)
    if against.answer is Answer.ESTABLISHED:
        return Outcome.holds(trials, message=text, **measured)
    return Outcome.inconclusive(text, cases=trials, **measured)


# ---------------------------------------------------------------------------------------------------------- together


def worst(outcomes: Iterable[Outcome], *, figures: Sequence[Figure] = (), message: str = "", certificate: Any = None) -> Outcome:
    """One outcome for several: the first that fails, else the first undecided or skipped, else all hold with the least margin.

    ``message`` replaces theirs unless one fails.

    :raises ClaimError: without any outcome, and for what is none.
    """
    found = list(outcomes)
    if not found:
        raise ClaimError("worst: expected at least one outcome, got none")
    for outcome in found:
        if not isinstance(outcome, Outcome):
            raise ClaimError(f"worst: expected outcomes, got {brief(outcome)}")
    for status in (Status.FAILS, Status.INCONCLUSIVE, Status.SKIPPED):
        for outcome in found:
            if outcome.status is status:
                told = outcome.message if status is Status.FAILS else message or outcome.message
                return replace(outcome, figures=[*outcome.figures, *figures], message=told)
    margins = [outcome.margin for outcome in found if outcome.margin is not None]
    effects = [outcome.detectable for outcome in found if outcome.detectable is not None]
    closest = min((one for one in found if one.margin is not None), key=lambda one: one.margin or 0.0, default=found[0])
    kept = next((one.certificate for one in found if one.certificate is not None), None)
    return Outcome.holds(
        sum(outcome.cases for outcome in found),
        margin=min(margins, default=None),
        message=message or closest.message,
        detectable=max(effects, default=None),
        certificate=certificate if certificate is not None else kept,
        witness=next((one.witness for one in found if one.witness is not None), None),
        figures=[*(figure for outcome in found for figure in outcome.figures), *figures],
    )
