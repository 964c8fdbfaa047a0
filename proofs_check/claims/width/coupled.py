r"""Neurons of adjacent layers copied with coupled coefficients: what no composition of splits sees of a minimum.

Neuron t of layer l + 1 and neuron s of layer l are copied; between the copies the weights are (\beta_j + u n_{ij}) W_{ts},
n = ((b, -b), (b - 1, 1 - b)), for any u: an embedding, and for u \ne 0 no composition of splits. With P_{ts} = E[e^{[l+2]} \sigma'_t
\sigma'_s h_-^\top], R_{ts} = E[(W_t \cdot e^{[l+2]}) \sigma''_t \sigma'_s h h_-^\top] and Q_{t,s,s'} = E[(W_t \cdot e^{[l+2]}) \sigma''_t
\sigma'_s \sigma'_{s'} h_- h_-^\top], h = (f^{[l]}, 1) and h_- = (f^{[l-1]}, 1), the errors act on \ker G^\top through these and through B
and S alone.
"""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.hessian import risk
from numerics.hessian.neuron_matrices import trace
from numerics.planting import NothingToPlant, cotangent_of
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal
from theory.embedding import Coupling, PathMatrices, coupled, coupled_block, coupled_directions

from . import JML, TWICE
from ._instances import FRACTIONS, fraction_of, minimum_at, place_in, some_place
from ._measures import hessians, inertias, transformed

COUPLED = claim(
    "embedding.truly-bad.paths",
    "Neurons of adjacent layers copied with coupled coefficients",
    r"H \succeq 0,\ B_s, S_s, B_t, S_t = 0:\ \text{some coupled copy of } t \text{ and } s \text{ is a strict saddle} \iff "
    r"P_{ts} \ne 0 \text{ or } Q_{t,s,s} \ne 0 \text{ or } R_{ts} \ne 0",
    clauses={
        "directions": r"\ker G^\top \text{ is spanned by } \gamma, \rho, \gamma_s, \delta_s \text{ and the changes of } u_s",
        "block": r"\text{at every } \theta\ H' \text{ is on } \ker G^\top \text{ the form } 2 \gamma^\top (B_t \rho + \sum_s u_s W_{ts} "
        r"P_{ts} \delta_s) + b(1-b) (\rho^\top S_t \rho + 2 \sum_s u_s W_{ts} \rho^\top R_{ts} \delta_s + \sum_{s,s'} u_s u_{s'} W_{ts} "
        r"W_{ts'} \delta_s^\top Q_{t,s,s'} \delta_{s'}) + \sum_s (2 \gamma_s^\top B_s \delta_s + a_s(1-a_s) \delta_s^\top S_s \delta_s)",
        "necessary": r"B, S = 0,\ P_{ts}, Q_{t,s,s'}, R_{ts} = 0 \text{ for all neurons } s, s' \text{ that are copied } \implies "
        r"\text{no coupled copy adds a negative eigenvalue}",
        "sufficient": r"B, S = 0 \text{ and one of } P_{ts}, Q_{t,s,s}, R_{ts} \ne 0 \implies \text{some coupled copy is a strict saddle}",
    },
    symbols={
        "H": "the Hessian of the risk, H' that of the wide network",
        "B_s, S_s, B_t, S_t": "second order of the single neurons, as in embedding.splitting.inertia",
        "s, s', t": "neurons of layer l, and one of layer l + 1",
        "P_{ts}": r"E[e^{[l+2]} \sigma'_t \sigma'_s h_-^\top], the errors along the path through s and t",
        "Q_{t,s,s'}": r"E[(W_t \cdot e^{[l+2]}) \sigma''_t \sigma'_s \sigma'_{s'} h_- h_-^\top]",
        "R_{ts}": r"E[(W_t \cdot e^{[l+2]}) \sigma''_t \sigma'_s h h_-^\top]",
        "G": r"the constant matrix with \nabla R(T\theta) = G \nabla R(\theta)",
        "u_s": "the coupling of the copies of t and of s",
        "a_s, b": "fractions of the copies of s and of t",
        r"\gamma, \rho": "outgoing and incoming weights of t, moved from one copy to the other",
        r"\gamma_s, \delta_s": "those of s",
        "W_{ts}": "the weight from s to t",
        r"\theta": "the parameters of the narrow network",
    },
    assumptions=[
        TWICE,
        Assumption(
            "semidefinite", r"\nabla R(\theta) = 0,\ H(\theta) \succeq 0", unprobed="without it the point is a strict saddle itself"
        ),
        Assumption("single neurons", r"B_s = S_s = 0,\ B_t = S_t = 0"),
        Assumption("linked", r"W_{ts} \ne 0"),
    ],
    kind="extension",
    source=JML.at("Section 5 defines these embeddings, Theorem 6.3 gives H2 = 0; the conditions are ours"),
    depends_on=["embedding.complement"],
    refuted_by="A coupled copy on whose complement the Hessian is another form.",
    notes="The change of u_s is in the kernel of H' at every point. Row t of B_s is W_t^T P_ts: behind a single output P vanishes with "
    "B_s, behind several it need not. Without B, S, P, Q and R of all neurons a minimum of three layers or "
    "more is not truly bad: single splits see B and S alone. Q of two different neurons counts where both are copied: (2,2,1,1) has minima "
    "at which all Q_{t,s,s} vanish and a copy coupled to both is a strict saddle.",
)


def drawn(cell, rng):
    """A place and a coupling of its layer; u = 0, shares of every kind and several lower neurons among them."""
    place = place_in(cell, rng)
    width, kinds = place.widths[cell.layer], iter(rng.permutation(FRACTIONS))
    lower = tuple(int(s) for s in rng.permutation(width)[: cell.copied])
    shares = tuple(fraction_of(str(next(kinds)), rng) for _ in lower)
    couplings = tuple(Fraction(int(k), 2) for k in rng.integers(-3, 4, len(lower)))
    upper = int(rng.integers(place.widths[cell.layer + 1]))
    return place, Coupling(cell.layer, upper, fraction_of(cell.alpha, rng), lower, shares, couplings)


ANYWHERE = axes(
    widths=by_level(
        ((1, 1, 2, 1), (2, 2, 2, 2), (1, 2, 1, 2, 1)),
        ((1, 1, 1, 1), (1, 1, 2, 1), (2, 2, 1, 2), (2, 2, 2, 2), (1, 2, 1, 2, 1), (2, 1, 2, 2, 2)),
    ),
    layer=(1, 2),
    copied=(1, 2),
    alpha=FRACTIONS,
    points=by_level(("edge",), ("generic", "edge")),
    where=lambda widths, layer, copied: layer + 1 < len(widths) - 1 and copied <= widths[layer],
    standard=2,
    full=10,
)


def matrices_of(place, coupling, data):
    """(B_t, S_t), all (B_s, S_s), and the matrices of paths."""
    found, cotangent = trace(place.model, place.theta, data[0]), cotangent_of(place.model, place.theta, data)
    of = lambda layer, neuron: (found.B(layer, neuron, cotangent), found.S(layer, neuron, cotangent))
    lower = [of(coupling.layer, s) for s in coupling.lower]
    return of(coupling.layer + 1, coupling.upper), lower, found.paths(coupling.layer, coupling.upper, coupling.lower, cotangent)


def without(**dropped):
    """The block with some matrices of paths set to 0."""
    zero = lambda values: [zero(value) for value in values] if isinstance(values, list) else 0 * values
    return lambda coupling, upper, lower, paths: coupled_block(
        coupling, upper, lower, replace(paths, **{name: zero(getattr(paths, name)) for name in dropped})
    )


def uncrossed(coupling, upper, lower, paths):
    """Without the terms of two different lower neurons."""
    second = [[value if j == k else 0 * value for j, value in enumerate(row)] for k, row in enumerate(paths.second)]
    return coupled_block(coupling, upper, lower, PathMatrices(paths.path, paths.mixed, second, paths.weights))


@COUPLED.check("exact", drawn, ANYWHERE, clauses=("directions", "block"), distribution="points that are not critical; u a multiple of 1/2")
@false("no path", block=without(path=True))
@false("no mixed term", block=without(mixed=True))
@false("no curvature of t", block=without(second=True))
@false("pairs of lower neurons forgotten", block=uncrossed)
@false("b for b (1 - b)", block=lambda place, *given: coupled_block(replace(place, share=_root(place.share)), *given))
def rational_networks(cell, instance, *, block=coupled_block, context):
    """The form on the basis, entry by entry; the basis lies in ker G^T and has its dimension."""
    place, coupling = instance
    embedding, basis, data = coupled(place.model, coupling), coupled_directions(place.model, coupling), place.data(3)
    _, wide = hessians(embedding, place.theta, data)
    image = (embedding.gradient_map.T @ basis).entries.values()
    return equal(
        form=(block(coupling, *matrices_of(place, coupling, data)), transformed(basis, wide)),
        in_the_kernel=(0, sum(abs(value) for value in image)),
        dimension=(embedding.wide.n_params - place.model.n_params, rank_rational(rationals(basis.dense(object)))),
        shown={"place": place, "coupling": coupling},
    )


def _root(share):
    """A share whose b (1 - b) is another: its half, or 1/2 for 0."""
    return share / 2 if share else Fraction(1, 2)


def flat_place(cell, rng, conditions, *, copied=1, single=True, unlinked=False):
    """A planted minimum of positive loss with B = S = 0 of neuron 0 of layer 2 and ``copied`` neurons of layer 1, and those of P, Q, R of
    these zero that are named; X is Q of two different ones.
    """
    inputs, first, second, outputs = cell.widths
    below, between, lower = inputs + 1, first + 1, tuple(range(copied))
    symmetric, crossed = below * (below + 1) // 2, between * below + below * (second + outputs)
    equations = copied * (2 * symmetric + crossed) + symmetric * (copied > 1) + between * (between + 1) // 2 + between * outputs
    while True:
        place = some_place(cell.widths, rng, layer=1)
        count = -(-(place.model.n_params + equations + 4) // outputs) - place.enough  # some more residuals than equations
        if unlinked:
            numerators = np.array(place.numerators)
            numerators[place.model.unpack(np.arange(place.model.n_params))["W2"][0, 0]] = 0
            place = place.at(numerators=tuple(numerators.tolist()))
        found = trace(place.model, place.theta, place.samples(place.enough + count))
        of_paths = {
            "P": lambda p: np.stack(p.path),
            "Q": lambda p: np.stack([row[s] for s, row in enumerate(p.second)]),
            "R": lambda p: np.stack(p.mixed),
            "X": lambda p: np.stack([row[s] for k, row in enumerate(p.second) for s in range(k)]),
        }
        forms = [lambda c, of=of_paths[name], found=found: of(found.paths(1, 0, lower, c)) for name in conditions]
        if single:
            places = [(2, 0), *((1, s) for s in lower)]
            forms += [lambda c, where=where, found=found: found.B(*where, c) for where in places]
            forms += [lambda c, where=where, found=found: found.S(*where, c) for where in places]
        rows = [found.linear_rows(form) for form in forms]
        try:
            met = minimum_at(place, rows, [np.zeros(len(row), dtype=int) for row in rows], extra=count)
        except NothingToPlant:
            continue
        if met is not None and risk(place.model, place.theta, met[0]) > 0:
            return place, met[0]


def saddles_near(place, data, copied=1):
    """Whether a copy of neuron 0 coupled to so many lower ones, b inside or outside (0, 1), u of either sign, is a strict saddle."""
    for b, u in product(map(Fraction, ("1/3", "2")), map(Fraction, ("1", "-2"))):
        coupling = Coupling(1, 0, b, tuple(range(copied)), (Fraction(1, 3),) * copied, (u,) * copied)
        if inertias(coupled(place.model, coupling), place.theta, data)[1][0] > 0:
            return True
    return False


FLAT = axes(widths=by_level(((1, 1, 1, 2),), ((1, 1, 1, 2), (1, 1, 2, 1), (1, 1, 2, 2))), standard=1, full=3)


@COUPLED.check("exact", lambda cell, rng: int(rng.integers(2**31)), FLAT, clauses="necessary", distribution="P, Q and R = 0 planted")
@false("Q and R suffice", conditions="QR")
@false("P and R suffice", conditions="PR")
@false("P and Q suffice", conditions="PQ")
def planted_flat(cell, seed, *, conditions="PQR", single=True, context):
    """Exact inertia of four coupled copies."""
    place, data = flat_place(cell, context.rng(seed), conditions, single=single)
    return equal(saddle=(False, saddles_near(place, data)), shown={"place": place, "data": data})


#: With one input Q of two different neurons follows from the others: partial fractions.
SEVERAL = axes(widths=((2, 2, 1, 1),), full=3)


@COUPLED.check(
    "exact", lambda cell, rng: int(rng.integers(2**31)), SEVERAL, clauses="necessary", level="standard", distribution="all pairs planted"
)
@false("Q of single neurons suffices (s)", conditions="PQR")
def planted_flat_of_two(cell, seed, *, conditions="PQRX", context):
    """Exact inertia of four copies coupled to two lower neurons."""
    place, data = flat_place(cell, context.rng(seed), conditions, copied=2)
    return equal(saddle=(False, saddles_near(place, data, 2)), shown={"place": place, "data": data})


COUPLED.without("single neurons", planted_flat, single=False)

#: Behind one output P vanishes with B_s, see the notes.
MISSING = axes(
    widths=by_level(((1, 1, 1, 2),), ((1, 1, 1, 2), (1, 1, 2, 1), (1, 1, 2, 2))),
    conditions=("PQ", "PR", "QR"),
    where=lambda widths, conditions: "P" in conditions or widths[-1] > 1,
    standard=1,
    full=3,
)


@COUPLED.check("exact", lambda cell, rng: int(rng.integers(2**31)), MISSING, clauses="sufficient", distribution="two of the three planted")
@false("single neurons suffice", saddle=False)
def one_missing(cell, seed, *, saddle=True, unlinked=False, context):
    """Where one of the three does not vanish, one of the four is a strict saddle."""
    place, data = flat_place(cell, context.rng(seed), cell.conditions, unlinked=unlinked)
    return equal(saddle=(saddle, saddles_near(place, data)), shown={"place": place, "data": data})


COUPLED.without("linked", one_missing, unlinked=True)
