r"""Powers as activations: the model rank is the dimension of a secant variety, by the theorem of Alexander and Hirschowitz."""

from itertools import product
from math import comb

import numpy as np

from numerics.rank import model_rank
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.claims._ranks import FLOATS, in_floats
from proofs_check.judging import equal, rank_is
from theory.models import TwoLayer

from . import STRATIFICATION

POWERS = claim(
    "fnn.poly",
    "Powers as activations: the theorem of Alexander and Hirschowitz",
    r"\sigma = z^p, \text{ no biases: } R = \min\left(k d, \tbinom{d + p - 1}{p}\right) \text{ but for the exceptions}",
    clauses={
        "regular": r"R = \min\left(k d, \tbinom{d + p - 1}{p}\right) \text{ for } p \ge 3 \text{ but for four formats}",
        "squares": r"p = 2: R = d r - \tbinom{r}{2},\ r = \min(d, k)",
        "exceptions": r"(p, d, k) = (4,3,5), (4,4,9), (4,5,14), (3,5,7):\ R = 14, 34, 69, 34, \text{ one less}",
    },
    symbols={r"\sigma": "the activation", "R": "generic model rank", "k, d": "neurons and inputs", "p": "the power"},
    assumptions=[Assumption("generic", r"w_1, \dots, w_k \text{ generic}")],
    kind="extension",
    source=STRATIFICATION.at("Definition 3 for powers, by the theorem of Alexander and Hirschowitz (J. Algebraic Geom. 4, 1995): ours"),
    refuted_by="A format with another generic rank.",
    notes="With hidden biases d + 1 stands for d: these are forms in d + 1 variables at x_0 = 1.",
)

#: Formats in which forms of degree p are no sum of the expected number of powers.
EXCEPTIONS = ((4, 3, 5), (4, 4, 9), (4, 5, 14), (3, 5, 7))
SMALL = (*product((2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4, 5)), *EXCEPTIONS)
MORE = (*SMALL, *product((2, 3, 4, 5), (1, 2, 3, 4), range(1, 9)), (3, 5, 6), (3, 5, 8), (4, 4, 10))
FORMATS = axes(format=by_level(*(tuple(dict.fromkeys(formats)) for formats in (SMALL, MORE))), standard=2)


def expected(p, d, k):
    return min(k * d, comb(d + p - 1, p))


def power_rank(p, d, k):
    if p == 2:
        r = min(d, k)
        return d * r - r * (r - 1) // 2
    return expected(p, d, k) - ((p, d, k) in EXCEPTIONS)


def weights(cell, rng):
    _, d, k = cell.format
    return rng.integers(1, 10**6, (k, d)) * rng.choice([-1, 1], (k, d))


@POWERS.check("exact", weights, FORMATS, clauses=("regular", "squares", "exceptions"), distribution="integers up to 10^6")
@false("no exceptions", formula=expected)
@false("exceptions of quartics alone", formula=lambda p, d, k: power_rank(p, d, k) + ((p, d, k) == (3, 5, 7)))
@false("as tanh", formula=lambda p, d, k: k * (d + 1))
def at_weights(cell, w, *, formula=power_rank, rank=model_rank, repeated=False, context):
    """The rank at random integer weights, by monomials, which are independent."""
    p, d, k = cell.format
    model = TwoLayer(d, k, activation=f"power:{p}")
    w = np.repeat(w[:1], k, axis=0) if repeated else w
    theta = model.pack(input_weights=w, output_weights=np.ones((1, k), int))
    return rank_is(formula(p, d, k), rank(model, theta), keep=k == 3, theta=theta)


POWERS.without("generic", at_weights, repeated=True)
POWERS.twin(at_weights, "property", changed={"rank": lambda model, theta: in_floats(model, theta / 2**20)}, tolerance=FLOATS)


@POWERS.check("exact", weights, FORMATS, clauses=("regular", "squares", "exceptions"), distribution="integers up to 10^6")
@false("no exceptions", formula=expected)
@false("as tanh", formula=lambda p, d, k: k * (d + 1))
def forms(cell, w, *, formula=power_rank, context):
    """The dimension of {l_i^(p-1) x_t} from multinomial coefficients of forms modulo a prime, without any network code."""
    from flint import nmod_mat

    (p, d, k), prime = cell.format, 2**61 - 1
    exponents = lambda degree: [e for e in product(range(degree + 1), repeat=d) if sum(e) == degree]
    place, rows = {e: i for i, e in enumerate(exponents(p))}, []
    for line, t in product(w.tolist(), range(d)):
        row = [0] * len(place)
        for e in exponents(p - 1):
            coefficient, left = 1, p - 1
            for power, entry in zip(e, line, strict=True):
                coefficient, left = coefficient * comb(left, power) * entry**power % prime, left - power
            row[place[tuple(v + (i == t) for i, v in enumerate(e))]] = coefficient
        rows += row
    return equal(dimension=(formula(p, d, k), nmod_mat(k * d, len(place), rows, prime).rank()))
