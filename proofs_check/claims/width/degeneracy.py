r"""Degeneracy: every added neuron with outgoing weights adds a zero eigenvalue, and the families of embeddings that make it so.

The compatible embeddings of one index map form a family of critical points through each embedded one; its tangents lie in the kernel of
the Hessian.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import agree
from proofs_check.claims.width._measures import inertias
from proofs_check.claims.width._places import FLOAT_INERTIA, JML, NEURIPS, PLANTED, exactly, in_floats
from proofs_check.claims.width._points import some_place
from theory.embedding import compatible, draw_layers, embed_along
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

# --------------------------------------------------------------------------------------------- embedding.degeneracy.K


def check_degeneracy(instance, *, least, context) -> Outcome:
    """K splits of neurons with non-zero outgoing weights: n_0 grows by K at least."""
    widths, steps, silent, replicate = instance
    rng = context.rng(replicate)
    place = some_place(widths, rng)
    theta = place.theta.copy()
    if silent:  # the neuron to be split sends nothing
        theta[wiring(place.model, 1).outgoing[0]] = 0 * theta[0]
    embedding = embed_along(place.model, [("split", layer, 0, Fraction(int(rng.integers(2, 7)), 7)) for layer in steps])
    before, after = inertias(embedding, theta, place.planted(theta))
    if after[1] >= before[1] + least(len(steps)):
        return Outcome.holds(message=f"{before} -> {after}")
    return agree(instance, zeros_at_least=(before[1] + least(len(steps)), after[1]))


def splits_in_turn(context):
    shapes = [((1, 1, 1), (1, 1)), ((2, 1, 2), (1, 1)), ((1, 1, 1, 1), (1, 2)), ((1, 2, 2), (1,)), ((1, 1, 1, 2), (2, 1))]
    count = context.by_level(quick=2, standard=15, full=80)
    return [(*shape, False, replicate) for replicate, shape in enumerate(shapes * count)]


def silent_neurons(context):
    return [((1, 2, 2), (1,), True, replicate) for replicate in range(4)]


def check_degeneracy_in_floats(instance, *, least, context) -> Outcome:
    from numerics.critical.embedded import planted_batch, split_counts

    widths, alpha, replicate = instance
    model = FullyConnected(widths)
    theta, data = planted_batch(model, 20, context.rng(replicate))
    found = split_counts(model, theta, data, 1, 0, alpha)
    missing = found.observed[:, 1] < least(1)
    if not missing.any():
        return Outcome.holds(len(theta))
    k = int(np.flatnonzero(missing)[0])
    return agree({"widths": widths, "theta": theta[k]}, zeros_at_least=(least(1), int(found.observed[k, 1])))


# ---------------------------------------------------------------------------- embedding.degeneracy.compatible-dimension


def check_family_dimension(instance, *, dimension, context) -> Outcome:
    """Exact rank of the tangents of all compatible embeddings with given copies; the Hessian vanishes on every one of them."""
    from numerics.arithmetic.exact import rank_rational
    from numerics.critical.compatible import tangent_directions
    from numerics.hessian import hessian

    narrow, wide, _ = instance
    place, parts = member_of_family(instance, context)
    directions = tangent_directions(place.model, parts, place.theta)
    embedding = compatible(place.model, parts)
    moved = directions @ hessian(embedding.wide, embedding(place.theta), place.planted())
    return agree(instance, dimension=(dimension(narrow, wide), rank_rational(directions)), flat=(0 * moved, moved))


def check_nullity(instance, *, dimension, context) -> Outcome:
    """The Hessian's nullity grows by that number exactly, all multipliers non-zero and rank B maximal."""
    narrow, wide, _ = instance
    place, parts = member_of_family(instance, context)
    before, after = inertias(compatible(place.model, parts), place.theta, place.planted())
    return agree(instance, nullity=(before[1] + dimension(narrow, wide), after[1]))


def member_of_family(instance, context):
    """A narrow place, and coefficients by which the first neuron of every layer gets the copies that the wide network has room for."""
    narrow, wide, replicate = instance
    place = some_place(narrow, context.rng(replicate))
    sources = [[*range(m), *([0] * (n - m))] for m, n in zip(narrow[1:-1], wide[1:-1], strict=True)]
    return place, draw_layers(place.model, sources, context.rng("layers", replicate), nonzero=True)


def degrees_of_freedom(narrow, wide):
    """K + sum over l >= 2 of K_l K_(l-1)."""
    extra = [b - a for a, b in zip(narrow[1:-1], wide[1:-1], strict=True)]
    return sum(extra) + sum(a * b for a, b in zip(extra, extra[1:], strict=False))


def extra_neurons(narrow, wide):
    return sum(wide) - sum(narrow)


def families(context):
    pairs = [
        ((1, 1, 1), (1, 3, 1)),
        ((2, 2, 1), (2, 4, 1)),
        ((1, 1, 1, 1), (1, 2, 2, 1)),
        ((1, 1, 1, 1), (1, 3, 2, 1)),
        ((2, 1, 2, 1), (2, 2, 3, 1)),
    ]
    pairs += context.by_level(
        quick=[], standard=[((1, 1, 1, 1, 1), (1, 2, 2, 2, 1)), ((1, 2, 2, 1), (1, 3, 3, 1))], full=[((1, 2, 2, 1), (1, 4, 4, 1))]
    )
    return [(*pair, replicate) for replicate, pair in enumerate(pairs)]


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.degeneracy.K",
        title="Every added neuron makes the critical point more degenerate",
        relation="lower",
        statement=r"W_{\cdot s} \ne 0 \text{ at each of } K \text{ splits} \implies n_0(T\theta) \ge n_0(\theta) + K",
        assumptions=[Assumption("outgoing weights", r"W_{\cdot s} \ne 0 \text{ for every split neuron}")],
        source=Source(NEURIPS, "Theorem 2; 2111.15527, Theorem 6.1 (there n_0 >= K)"),
        depends_on=["embedding.splitting.inertia"],
        refuted_by="Splits of neurons with outgoing weights that add fewer zeros.",
        checks=[
            exactly(
                "planted-rational",
                check_degeneracy,
                splits_in_turn,
                {"least": lambda K: K},
                [Control("one zero more", least=lambda K: K + 1)],
                scope="one and two splits, also in different layers, exact inertia",
            ),
            in_floats(
                "tanh-in-floats",
                check_degeneracy_in_floats,
                lambda context: [((2, 2, 2), Fraction(1, 3), 0), ((3, 2, 2), Fraction(-1, 2), 1), ((2, 3, 1), Fraction(2), 2)],
                {"least": lambda K: K},
                [Control("two zeros more", least=lambda K: K + 2)],
                scope="batches of planted tanh networks, one split",
                distribution="theta normal of deviation 1.2, inputs 1.3",
                tolerance=FLOAT_INERTIA,
            ),
        ],
        probes=[Probe(drops="outgoing weights", instances=silent_neurons)],
    ),
    Claim(
        id="embedding.degeneracy.compatible-dimension",
        title="Dimension of the family of compatible embeddings",
        kind="extension",
        statement=r"\dim = K + \sum_{l=2}^{L-1} K_l K_{l-1} \text{ for a fixed index map}",
        source=Source(JML, "Section 6.1 (heuristic there; the count is ours)"),
        depends_on=["embedding.compatible.criticality"],
        refuted_by="A pair of architectures whose family has another tangent dimension.",
        notes="With three layers or more the set is curved: alpha and beta are coupled.",
        checks=[
            exactly(
                "tangents",
                check_family_dimension,
                families,
                {"dimension": degrees_of_freedom},
                [Control("K alone", dimension=extra_neurons)],
                scope="five (standard: seven) pairs of architectures, two and three hidden layers; exact rank, the Hessian "
                "vanishes on the tangents",
            ),
            Check(
                "nullity",
                evidence="exact",
                covers="instances",
                scope="the nullity of the exact Hessian, all multipliers non-zero",
                run=check_nullity,
                instances=lambda context: families(context)[:3],
                distribution=PLANTED,
                parameters={"dimension": degrees_of_freedom},
                controls=[Control("K alone", dimension=extra_neurons)],
            ),
        ],
    ),
]
