"""The one place that compares: what a claim predicts against what is measured, in any arithmetic of the house.

Every function returns an :class:`~proofs_check.claim.Outcome` with expected and observed. Where nothing is decided (an open rank, balls
that overlap, ``None``) the outcome is inconclusive. As all comparisons pass here, the engine can make a prediction false
(:func:`followed`) and see whether the check notices: off by one where values are counted, the other way round where they are ordered,
beyond the tolerance where they are measured.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from proofs_check.claim import ClaimError, Figure, Outcome, Status

#: Characters of a value in a message.
BRIEF = 100


@dataclass
class Trail:
    """What was compared while an instance was decided: how often, in which arithmetic, with predictions made false or not."""

    false: bool = False
    comparisons: int = 0
    arithmetic: set[str] = field(default_factory=set)


_TRAIL: ContextVar[Trail | None] = ContextVar("trail", default=None)


@contextmanager
def followed(*, false: bool = False) -> Iterator[Trail]:
    """Record the comparisons in a block; with ``false`` every prediction in it is made false first."""
    trail = Trail(false)
    token = _TRAIL.set(trail)
    try:
        yield trail
    finally:
        _TRAIL.reset(token)


def _compared(*values: Any) -> bool:
    """Count one comparison; whether its prediction is to be made false."""
    trail = _TRAIL.get()
    if trail is None:
        return False
    trail.comparisons += 1
    for value in values:
        trail.arithmetic.update(_arithmetic(value))
    return trail.false


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
    open_pair = ""
    for name, (expected, observed) in pairs.items():
        if _compared(expected, observed):
            expected = another(expected)
        same = agree(expected, observed)
        text = f"{'' if name == 'value' else name.replace('_', ' ') + ': '}expected {brief(expected)}, observed {brief(observed)}"
        if same is False:
            more = {} if name == "value" else {"what": name.replace("_", " ")}
            return Outcome.fails(text, counterexample={**(shown or {}), **more, "expected": expected, "observed": observed})
        open_pair = open_pair or (text if same is None else "")
    if open_pair:
        return Outcome.inconclusive(open_pair + ", which is not decided", cases=1, counterexample=dict(shown or {}) or None)
    return Outcome.holds(len(pairs), certificate=certificate, witness=witness, message=message)


def different(what: str, first: Any, second: Any, **shown: Any) -> Outcome:
    """Holds when the two values differ in some entry; read falsely, it expects them equal."""
    expected = "one value" if _compared(first, second) else "two values"
    same = agree(first, second)
    text = f"{what}: expected {expected}, observed {brief(first)} and {brief(second)}"
    if same is None:
        return Outcome.inconclusive(text + ", which is not decided", cases=1)
    if same is (expected == "two values"):
        return Outcome.fails(text, counterexample={**shown, "what": what, "first": first, "second": second})
    return Outcome.holds()


def true(what: str, fact: bool | None, **shown: Any) -> Outcome:
    """Holds when ``fact`` is true; None is not decided."""
    return equal(**{what.replace(" ", "_"): (True, None if fact is None else bool(fact))}, shown=shown)


def vanishing(what: str, observed: Any, **shown: Any) -> Outcome:
    """Holds when every entry of ``observed`` is zero, in exact arithmetic."""
    expected = _zeros_like(observed)
    return equal(**{what.replace(" ", "_"): (expected, observed)}, shown=shown)


def agree(expected: Any, observed: Any) -> bool | None:
    """Whether two values are equal, None where that is not decided: see :func:`equal`."""
    if expected is None or observed is None:
        return None
    if _is_rank(observed) or _is_rank(expected):
        rank, other = (observed, expected) if _is_rank(observed) else (expected, observed)
        return _agrees_with_rank(other, rank)
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        if set(expected) != set(observed):
            return False
        return _all(agree(value, observed[name]) for name, value in expected.items())
    if isinstance(expected, set | frozenset) and isinstance(observed, set | frozenset):
        return expected == observed
    listed = [_entries(value) for value in (expected, observed)]
    if None not in listed:
        first, second = listed
        return len(first) == len(second) and _all(map(agree, first, second))
    if listed != [None, None]:
        return False
    return _same(expected, observed)


def another(value: Any) -> Any:
    """A value that differs from ``value``: the next integer, the other truth value, a list or array with one other entry."""
    if value is None or isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + " (another)"
    if _is_rank(value):
        return another(value.rank)
    if isinstance(value, Mapping):
        names = list(value)
        return {**value, names[0]: another(value[names[0]])} if names else {"another": 1}
    if isinstance(value, set | frozenset):
        return set(value) ^ {"another"}
    if _is_array(value) and value.ndim:
        changed = value.astype(object) if value.size else value
        if not value.size:
            return [1]
        changed = changed.copy()
        changed.flat[0] = another(value.flat[0])
        return changed
    entries = _entries(value)
    if entries is not None:
        return [another(entries[0]), *entries[1:]] if entries else [1]
    if isinstance(value, float):
        return value + 1 + abs(value)
    if type(value).__module__.partition(".")[0] == "numpy":
        return not value if value.dtype.kind == "b" else value + type(value)(1)
    try:
        return value + 1
    except TypeError:
        return ("anything but", str(value))


def _same(expected: Any, observed: Any) -> bool | None:
    """Equality of two single values."""
    first, second = _exact(expected), _exact(observed)
    if first is not None and second is not None:
        return first == second
    if any(map(_is_ball, (expected, observed))):
        return _balls_agree(expected, observed)
    residues = [value for value in (expected, observed) if type(value).__name__ in ("nmod", "fmpz_mod", "fq_default")]
    if residues:
        return bool(expected == observed)
    if any(map(_is_symbolic, (expected, observed))):
        return _symbolically(expected, observed)
    if any(isinstance(value, float) and math.isnan(value) for value in (expected, observed)):
        return None
    return bool(expected == observed)


def _exact(value: Any) -> Fraction | None:
    """A rational number of any kind as a Fraction, None for anything else; an infinity or NaN is none."""
    if isinstance(value, str | bytes):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if type(value).__name__ in ("fmpz", "fmpq"):
        return Fraction(int(value.p), int(value.q)) if hasattr(value, "q") else Fraction(int(value))
    if getattr(value, "is_Rational", False) is True:  # sympy
        return Fraction(int(value.p), int(value.q))
    if isinstance(value, float) or type(value).__module__.partition(".")[0] == "numpy":
        kind = "f" if isinstance(value, float) else value.dtype.kind
        if kind in "iub":
            return Fraction(int(value))
        if kind == "f" and math.isfinite(value):
            return Fraction(*value.as_integer_ratio())
    return None


def _balls_agree(expected: Any, observed: Any) -> bool | None:
    from flint import acb, arb

    first, second = (acb(*_parts(value)) if not isinstance(value, acb) else value for value in (expected, observed))
    if not first.overlaps(second):
        return False
    exact = all(isinstance(part, arb) and part.is_exact() for value in (first, second) for part in (value.real, value.imag))
    return True if exact else None


def _parts(value: Any) -> tuple:
    from flint import arb, fmpq

    exact = _exact(value)
    return (value if exact is None else arb(fmpq(exact.numerator, exact.denominator)),)


def _symbolically(expected: Any, observed: Any) -> bool | None:
    """Equality of expressions: as they stand, else as rational functions of their symbols, else as sympy can tell."""
    import sympy

    difference = sympy.sympify(expected) - sympy.sympify(observed)
    if difference == 0:
        return True
    reduced = sympy.cancel(sympy.together(sympy.expand(difference)))
    if reduced == 0:
        return True
    if reduced.is_rational_function() and not reduced.has(sympy.I):
        return False
    return reduced.equals(0)


def _zeros_like(observed: Any) -> Any:
    entries = _entries(observed)
    return 0 if entries is None else [_zeros_like(entry) for entry in entries]


# ------------------------------------------------------------------------------------------------ bounds and tolerances


def bounded(what: str, observed: Any, bound: Any, **shown: Any) -> Outcome:
    """Holds when |observed| <= ``bound`` entry by entry, both floats; the margin is the least slack in units of the bound.

    ``bound`` is a derived tolerance, so a false prediction is one that lies four bounds away.
    """
    import numpy as np

    false = _compared(np.asarray(observed, float))
    sizes = np.abs(np.asarray(observed, float) - (4 * np.asarray(bound, float) if false else 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where((sizes == 0) & np.isfinite(bound), 0.0, sizes / bound)
    ratio = float(ratios.max(initial=0.0))
    if ratio <= 1:  # NaN keeps no bound
        return Outcome.holds(margin=1 - ratio)
    return Outcome.fails(
        f"{what}: {ratio:.3g} times what is allowed",
        margin=1 - ratio,
        counterexample={**shown, "what": what, "observed": observed, "bound": bound},
    )


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
    low, high = (observed.lower, observed.upper) if _is_rank(observed) else (observed, observed)
    if _compared(observed, bound):
        step = -1 if up else 1
        bound = (bound if attained else (low if up else high)) + step
    kept, broken = (_less_equal(high, bound), _less(bound, low)) if up else (_less_equal(bound, low), _less(high, bound))
    sign = "at most" if up else "at least"
    text = f"{what}: expected {sign} {brief(bound)}, observed {brief(observed)}"
    if broken:
        return Outcome.fails(text, counterexample={**shown, "what": what, "bound": bound, "observed": _plain(observed)})
    return Outcome.holds() if kept else Outcome.inconclusive(text + ", which is not decided", cases=1)


def _less_equal(first: Any, second: Any) -> bool:
    """Whether first <= second is certain."""
    return first is not None and second is not None and bool(first <= second)


def _less(first: Any, second: Any) -> bool:
    """Whether first < second is certain."""
    return first is not None and second is not None and bool(first < second)


def order(what: str, values: Sequence[Any], *, strict: bool = True, **shown: Any) -> Outcome:
    """Holds when ``values`` grow from each to the next (``strict``) or do not fall; falsely read, they are expected the other way round."""
    listed = list(values)
    if len(listed) < 2:
        raise ClaimError(f"order: expected at least two values of {what}, got {len(listed)}")
    if _compared(*listed):
        listed, strict = listed[::-1], True
    pairs = list(zip(listed, listed[1:], strict=False))
    kept = [_less(a, b) if strict else _less_equal(a, b) for a, b in pairs]
    broken = [_less_equal(b, a) if strict else _less(b, a) for a, b in pairs]
    text = f"{what}: expected {'increasing' if strict else 'non-decreasing'} values, observed {brief(listed)}"
    if any(broken):
        return Outcome.fails(text, counterexample={**shown, "what": what, "values": listed})
    return Outcome.holds(len(pairs)) if all(kept) else Outcome.inconclusive(text + ", which is not decided", cases=1)


# ------------------------------------------------------------------------------------------------------ ranks and inertia


def rank_is(expected: int, found: Any, *, keep: bool = False, **shown: Any) -> Outcome:
    """A Rank with its proved bounds against ``expected``: within open bounds nothing is decided; with ``keep`` its certificate is kept."""
    if _compared(found if getattr(found, "certified", True) else 0.5):
        expected = another(expected)
    if not found.lower <= expected <= found.upper:
        shown_rank = found.rank if found.rank is not None else f"between {found.lower} and {found.upper}"
        return Outcome.fails(
            f"expected {expected}, observed {shown_rank}",
            counterexample={**shown, "expected": expected, "observed": [found.lower, found.upper]},
        )
    if found.rank is None:
        where = "".join(f", {name} = {brief(value)}" for name, value in shown.items())
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}, expected {expected}{where}", cases=1)
    return Outcome.holds(certificate=found.certificate if keep else None)


def inertia_is(expected: Sequence[int], found: Any, **shown: Any) -> Outcome:
    """(n_-, n_0, n_+) of an Inertia, or of a triple, against ``expected``; an undecided count decides nothing."""
    counts = tuple(found) if isinstance(found, tuple | list) else (found.negative, found.zero, found.positive)
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
    from proofs_check.context import UNDECIDED_SHARE

    if (at_least is None) == (at_most is None):
        raise ClaimError(f"rate of {what}: expected at_least or at_most, got {'both' if at_least is not None else 'neither'}")
    if _compared(0.5):
        at_least, at_most = (None, at_least - margin) if at_least is not None else (at_most + margin, None)
        margin /= 2  # keeps the opposite threshold and its margin between 0 and 1
    threshold, upward = (at_least, True) if at_least is not None else (at_most, False)
    rule = decide_rate_at_least if upward else decide_rate_at_most
    worst_case, best_case = (successes, successes + undecided) if upward else (successes + undecided, successes)
    against, for_it = (rule(count, trials, threshold=threshold, margin=margin, alpha=alpha) for count in (worst_case, best_case))
    sign = "at least" if upward else "at most"
    text = f"{what}: {successes} of {trials}" + (f" ({undecided} undecided)" if undecided else "") + f", {sign} {threshold:g} expected"
    slack = (worst_case / trials - threshold) / margin * (1 if upward else -1)
    measured = {"margin": slack, "detectable": min_detectable_drop(trials, threshold=threshold if upward else 1 - threshold, alpha=alpha)}
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

    :raises ClaimError: without any outcome.
    """
    found = list(outcomes)
    if not found:
        raise ClaimError("worst: expected at least one outcome, got none")
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


# ---------------------------------------------------------------------------------------------------------------- kinds


def brief(value: Any) -> str:
    """A value for one line of a message."""
    text = " ".join(str(_plain(value)).split())
    return text if len(text) <= BRIEF else text[: BRIEF - 3] + "..."


def _plain(value: Any) -> Any:
    if _is_rank(value):
        return value.rank if value.rank is not None else [value.lower, value.upper]
    return value.tolist() if _is_array(value) and value.size <= BRIEF else value


def _all(answers: Iterable[bool | None]) -> bool | None:
    """False if one is, else None if one is, else True."""
    found: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        found = None if answer is None else found
    return found


def _is_rank(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("lower", "upper", "rank")) and not _is_ball(value)


def _agrees_with_rank(other: Any, rank: Any) -> bool | None:
    if _is_rank(other):
        return None if other.rank is None or rank.rank is None else other.rank == rank.rank
    if rank.rank is None:
        return None if rank.lower <= other <= rank.upper else False
    return bool(rank.rank == other)


def _is_array(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in ("numpy", "torch", "cupy") and hasattr(value, "ndim") and hasattr(value, "reshape")


def _entries(value: Any) -> list | None:
    """The entries of a list, tuple, array or matrix; None for a single value."""
    if isinstance(value, list | tuple | range):
        return list(value)
    if _is_array(value):
        return list(value) if value.ndim else None
    if type(value).__name__.endswith(("_mat", "Matrix", "DenseMatrix")) and hasattr(value, "tolist"):
        return value.tolist()
    return None


def _is_ball(value: Any) -> bool:
    return type(value).__name__ in ("arb", "acb")


def _is_symbolic(value: Any) -> bool:
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(value, sympy.Basic)


def _arithmetic(value: Any) -> set[str]:
    """The kinds of numbers in a value: float, ball, symbol, exact."""
    if isinstance(value, Mapping):
        return {kind for entry in value.values() for kind in _arithmetic(entry)}
    if _is_array(value) and str(value.dtype) != "object":
        return {"float"} if "float" in str(value.dtype) or "complex" in str(value.dtype) else {"exact"}
    entries = _entries(value)
    if entries is not None:
        return {kind for entry in entries for kind in _arithmetic(entry)}
    if isinstance(value, float | complex):
        return {"float"}
    if _is_ball(value):
        return {"ball"}
    return {"symbol"} if _is_symbolic(value) and _exact(value) is None else {"exact"}
