r"""Powers as activations: the model rank is the dimension of a secant variety, by the theorem of Alexander and Hirschowitz."""

from __future__ import annotations

from itertools import product
from math import comb

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, check_formula_in_floats, composed, float_twin
from theory.models import TwoLayer

#: Formats in which forms of degree p are no sum of the expected number of powers (Alexander and Hirschowitz), as (p, d, k).
EXCEPTIONS = {(4, 3, 5): 14, (4, 4, 9): 34, (4, 5, 14): 69, (3, 5, 7): 34}


def expected_power_rank(p: int, d: int, k: int) -> int:
    return min(k * d, comb(d + p - 1, p))


def power_rank(p: int, d: int, k: int) -> int:
    if p == 2:
        r = min(d, k)
        return d * r - r * (r - 1) // 2
    return EXCEPTIONS.get((p, d, k), expected_power_rank(p, d, k))


def power_point(model, facts, rng):
    shape = (model.width, model.inputs)
    return model.pack(input_weights=rng.integers(-99, 100, shape), output_weights=rng.integers(1, 9, (1, model.width)))


def power_instances(context):
    most = context.by_level(quick=4, standard=6, full=8)
    formats = {*EXCEPTIONS, *product((2, 3, 4), (2, 3, 4), range(1, most + 1)), (3, 5, 6), (3, 5, 8), (4, 3, 4), (4, 3, 6)}
    for p, d, k in sorted(formats):
        for replicate in range(context.by_level(quick=1, standard=20 if d < 5 else 2, full=60 if d < 5 else 4)):
            yield TwoLayer(d, k, activation=f"power:{p}"), {"power": p}, replicate


def check_power(instance, *, formula, context) -> Outcome:
    predicted = lambda model, theta, facts: formula(facts["power"], model.inputs, model.width)
    return check_formula(instance, formula=predicted, point=power_point, context=context)


def check_power_in_floats(instance, *, formula, context) -> Outcome:
    predicted = lambda model, theta, facts: formula(facts["power"], model.inputs, model.width)
    return check_formula_in_floats(instance, formula=predicted, point=power_point, context=context)


@composed
def drawn_powers(draw, st):
    d, k, p, replicate = (draw(st.integers(*range)) for range in ((2, 4), (1, 5), (2, 3), (0, 2**20)))
    return TwoLayer(d, k, activation=f"power:{p}"), {"power": p}, replicate


def check_span(instance, *, formula, context) -> Outcome:
    """The dimension of {l_i^(p-1) x_t}: multinomial coefficients of forms modulo a prime, without any network code."""
    from flint import nmod_mat

    p, d, k, replicate = instance
    prime, rng = 2**61 - 1, context.rng(replicate)
    exponents = lambda degree: [e for e in product(range(degree + 1), repeat=d) if sum(e) == degree]
    place, rows = {e: i for i, e in enumerate(exponents(p))}, []
    for w in rng.integers(1, 10**6, (k, d)).tolist():
        for t in range(d):
            row = [0] * len(place)
            for e in exponents(p - 1):
                coefficient, left = 1, p - 1
                for power, entry in zip(e, w, strict=True):
                    coefficient, left = coefficient * comb(left, power) * entry**power % prime, left - power
                row[place[tuple(v + (i == t) for i, v in enumerate(e))]] = coefficient
            rows.append(row)
    observed = nmod_mat(len(rows), len(place), [v for row in rows for v in row], prime).rank()
    return Outcome.equal(formula(p, d, k), observed, power=p, d=d, k=k)


def power_formats(context):
    small = list(product((2, 3, 4), (2, 3, 4), range(1, context.by_level(quick=5, standard=8, full=12))))
    return [(p, d, k, 0) for p, d, k in [*small, (4, 3, 5), (4, 4, 9), (3, 5, 7)]]


POWER_CONTROLS = [
    Control("no exceptions", formula=expected_power_rank),
    Control("as tanh", formula=lambda p, d, k: k * (d + 1)),
]

CLAIMS = [
    Claim(
        id="fnn.poly",
        title="Powers as activations: the theorem of Alexander and Hirschowitz",
        kind="extension",
        statement=r"\sigma = z^p:\ R = \min\left(k d, \tbinom{d + p - 1}{p}\right) \text{ except } p = 2:\ d k - \tbinom{k}{2}\ (k \le d),"
        r"\ (p, d, k) = (4,3,5), (4,4,9), (4,5,14), (3,5,7):\ 14, 34, 69, 34",
        assumptions=[Assumption("generic", r"w_1, \dots, w_k \text{ generic}")],
        source=Source(
            RANK_STRATIFICATION, "Definition 3 for powers, by the theorem of Alexander and Hirschowitz (J. Algebraic Geom. 4, 1995): ours"
        ),
        refuted_by="A format with another generic rank.",
        checks=[
            tangents := Check(
                "tangents",
                evidence="exact",
                covers="instances",
                scope="p, d = 2 .. 4, k = 1 .. 4 (quick), 6, 8, and all exceptions",
                run=check_power,
                instances=power_instances,
                distribution="integer weights of modulus below 100",
                parameters={"formula": power_rank},
                controls=POWER_CONTROLS,
            ),
            Check(
                "forms",
                evidence="exact",
                covers="instances",
                scope="p, d = 2 .. 4, k = 1 .. 5 (quick), 8, 12, exceptions with d < 5; coefficients of l^(p-1) x_t, no network code",
                run=check_span,
                instances=power_formats,
                distribution="residues modulo 2^61 - 1 below 10^6",
                parameters={"formula": power_rank},
                controls=POWER_CONTROLS,
            ),
            float_twin(
                tangents,
                run=check_power_in_floats,
                scope="p = 2, 3, d = 2 .. 4, k = 1 .. 5",
                instances=drawn_powers,
                distribution="integer weights from a drawn seed",
            ),
        ],
    ),
]
