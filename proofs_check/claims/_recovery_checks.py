"""What the claims about perfect minima share: assumptions, inputs, certified tangent ranks, decisions, standard branches."""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Outcome
from theory.genericity import shifted
from theory.models import TwoLayer
from theory.recovery import Branch, branch_types, on_grid

PAPER = "arXiv:2309.00508v3"
GENERIC = Assumption(
    "generic activation", r"\sigma \text{ analytic}, \sigma(0) \ne 0, \text{ infinitely many odd and even Taylor coefficients not } 0"
)
INPUTS = Assumption("generic inputs", r"x_1, \dots, x_n \text{ outside a null set}")
POINT = Assumption("generic point", r"\theta^* \text{ outside a null set of its branch}")
FLOAT_GAP = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl); no gap: decided exactly"

#: Activations of the exact field that satisfy the assumption.
RANKED = (shifted("tanh"), shifted("sigmoid", "1/3"), "exp", shifted("lorentz"))

#: The target in two neurons, a lone free neuron, a free pair.
SPLIT, LONE, PAIR = Branch(((0, 1),), ()), Branch(((0,),), ((1,),)), Branch(((0,),), ((1, 2),))

#: Share of perturbed starts that end at an imperfect minimum: at most 0.05 where the branch is separated (so that 0.25 is excluded), at
#: least 0.95 where the zero set is larger than the branch (so that 0.75 is excluded).
FEW, MANY, MARGIN = 0.05, 0.95, 0.2


def inputs(rng, n, d):
    """Uniform inputs on [-3/2, 3/2]^d as dyadic numbers (farther out the slopes of saturating neurons span too many orders)."""
    return on_grid(rng.uniform(-1.5, 1.5, (n, d)))


def tangent_rank(sigma, branch: Branch, theta, x, method="auto"):
    """Rank of the tangents, certified; a repeated sample adds nothing, so that equal inputs count once."""
    from numerics.rank import empirical_rank

    return empirical_rank(TwoLayer(x.shape[1], branch.width, activation=sigma), theta, np.unique(x, axis=0), method)


def compare_rank(expected: int, found, **described) -> Outcome:
    """A certified rank against the expected one; bounds that do not meet leave it open."""
    if found.rank is None and found.lower <= expected <= found.upper:
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}, expected {expected}", cases=1)
    return Outcome.equal(expected, found.lower if found.rank is None else found.rank, **described)


def decided(decision, message, Answer, **details) -> Outcome:
    """A statistical decision as an outcome."""
    if decision.answer is Answer.UNDECIDED:
        return Outcome.inconclusive(message, cases=decision.trials)
    if decision.answer is Answer.ESTABLISHED:
        return Outcome.holds(decision.trials, message=message, **details)
    counts = {"successes": decision.successes, "trials": decision.trials}
    return Outcome.fails(message, counterexample=counts, cases=decision.trials, **details)


def sizes(most):
    """All (m, m0) up to width ``most``."""
    return lambda context: [(m, m0) for m in range(1, most + 1) for m0 in range(1, m + 1)]


def kinds_up_to(most):
    """Every kind of branch, d = 1, 2; one width more at standard, two at full."""

    def instances(context):
        widest = context.by_level(quick=most, standard=most + 1, full=most + 2)
        return [(branch, d) for m, m0 in sizes(widest)(context) for branch in branch_types(m, m0) for d in (1, 2)]

    return instances


def drawn_branches(context):
    """(branch, d, n, seed) with m <= 4, d <= 3, n <= 15."""
    from hypothesis import strategies as st

    kinds = [branch for m, m0 in [(1, 1), (2, 1), (3, 1), (4, 1), (3, 2), (4, 2)] for branch in branch_types(m, m0)]
    return st.tuples(st.sampled_from(kinds), st.integers(1, 3), st.integers(1, 15), st.integers(0, 2**20))
