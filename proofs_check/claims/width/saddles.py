r"""Minima and saddles: which minima some embedding turns into strict saddles, and which points no embedding does.

H^{(2)} = \sum_i E[\partial_i \ell] \nabla^2 (f_\theta)_i is the part of the Hessian that carries the residuals. A point is truly bad when
it is critical and neither it nor any of its embeddings is a strict saddle.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Source
from proofs_check.claims._checks import agree
from proofs_check.claims.width._measures import inertia_of, inertias, spectra
from proofs_check.claims.width._places import JML, PLANTED, Place, exactly, in_floats
from proofs_check.claims.width._points import definite_minimum, some_place
from theory.embedding import compatible, embed_along, null, split, three_fold
from theory.embedding.compatible import Layer
from theory.models import FullyConnected

# ----------------------------------------------------------------------------------------- embedding.strict-saddle.H2


def check_three_fold(instance, *, embed, context) -> Outcome:
    """A planted minimum (H >= 0, H2 != 0): its three-fold global split has a negative eigenvalue."""
    widths, replicate = instance
    place, data = planted_minimum(widths, context.rng(replicate))
    narrow, wide = inertias(embed(place), place.theta, data)
    return agree(instance, narrow_is_minimum=(0, narrow[0]), wide_is_saddle=(True, wide[0] > 0))


def planted_minimum(widths: tuple[int, ...], rng: np.random.Generator) -> tuple[Place, Any]:
    """A planted critical point with positive definite Hessian and S_s = c I, c > 0, of the first neuron (hence H2 != 0)."""
    if widths[-1] == 1:
        place, data, _ = definite_minimum(widths, 1, rng)
        return place, data
    from numerics.hessian import hessian

    while True:
        place = some_place(widths, rng)
        for size in (Fraction(1, 10**k) for k in (1, 2, 3, 4)):
            data = place.planted(size=size)
            if inertia_of(hessian(place.model, place.theta, data))[0] == 0:
                return place, data


def the_three_fold(place):
    return three_fold(place.model)


def half_split_of_definite(place):
    return split(place.model, 1, 0, Fraction(1, 2))


def minima(context):
    count = context.by_level(quick=1, standard=6, full=30)
    return [(widths, replicate) for replicate, widths in enumerate([(1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2)] * count)]


def check_three_fold_in_floats(instance, *, embed, context) -> Outcome:
    from numerics.hessian import hessian
    from numerics.planting import plant

    widths, replicate = instance
    rng, model = context.rng(replicate), FullyConnected(widths)
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(3 * model.n_params, widths[0]))
    for size in (1e-1, 1e-2, 1e-3, 1e-4):
        data = plant(model, theta, x, size=size, seed=replicate)
        narrow = np.linalg.eigvalsh(hessian(model, theta, data))
        if narrow[0] > 0:
            break
    else:
        return Outcome.skipped("no minimum in floats at any residual tried: outside the hypotheses")
    _, wide = spectra(embed(model), theta, data)
    noise = 64 * len(wide) * np.finfo(float).eps * wide[-1]
    if abs(wide[0]) <= 1e3 * noise and wide[0] < 0:
        return Outcome.inconclusive("the smallest eigenvalue is too near the rounding level", cases=1)
    return agree(instance, wide_is_saddle=(True, bool(wide[0] < -noise)))


# -------------------------------------------------------------------------------------- embedding.truly-bad.conditions


def check_truly_bad(instance, *, conditions, context) -> Outcome:
    """[2, 2, 1] with positive loss: inertia of all one-step embeddings with the named conditions planted."""
    from numerics.hessian import risk

    place, data, narrow = flat_point(conditions, context.rng(instance))
    found = one_step_inertias(place, data)
    saddle = any(counts[0] for counts in found.values())
    loss = risk(place.model, place.theta, data)
    return agree(instance, narrow=((0, 0, 9), narrow), positive_loss=(True, bool(loss > 0)), saddle=(False, saddle))


def flat_point(conditions: tuple[str, ...], rng: np.random.Generator) -> tuple[Place, Any, tuple[int, int, int]]:
    """[2, 2, 1], a strict minimum of positive loss with S_s = 0 for all s ("S") and E[e x^T] = 0 ("C") imposed; with its inertia."""
    from numerics.arithmetic.exact import rationals
    from numerics.hessian import hessian
    from numerics.hessian.neuron_matrices import trace

    while True:
        place = some_place((2, 2, 1), rng)
        found = trace(place.model, place.theta, place.samples(26))
        forms = [lambda c, s=s, found=found: found.S(1, s, c) for s in range(2)] if "S" in conditions else []
        forms += [lambda c, found=found: found.C(1, c)] if "C" in conditions else []
        rows = [found.linear_rows(form) for form in forms]
        for size in (Fraction(1, 10**k) for k in (1, 3, 5)):
            imposed = [(row, rationals([0] * len(row))) for row in rows]
            data = place.planted(size=size, conditions=imposed, extra=26 - place.enough)
            counts = inertia_of(hessian(place.model, place.theta, data))
            if counts == (0, 0, 9):
                return place, data, counts


def one_step_inertias(place, data) -> dict[str, tuple[int, int, int]]:
    """Exact inertia at every split (four alphas) and at two null neurons."""
    steps = {f"split {s} {alpha}": split(place.model, 1, s, alpha) for s in range(2) for alpha in map(Fraction, ("1/2", "-1", "2", "0"))}
    steps |= {f"null {bias}": null(place.model, 1, bias) for bias in (Fraction(0), Fraction(1, 2))}
    return {name: inertias(step, place.theta, data)[1] for name, step in steps.items()}


def check_links(instance, *, conditions, context) -> Outcome:
    """Four layers: chains of null neurons with non-zero links, the smallest eigenvalue against the noise of the planting."""
    narrow, wide = null_chain(conditions, context.rng(instance))
    smallest = wide[0] / wide[-1]
    if narrow[0] < -1e-12 * narrow[-1]:
        return Outcome.skipped(f"the narrow point is no minimum, outside the hypotheses: smallest eigenvalue {narrow[0]:.3g}")
    if smallest >= -1e-12:
        return Outcome.holds(message=f"smallest eigenvalue {smallest:.3g} of the largest")
    if smallest > -1e-9:
        return Outcome.inconclusive(f"smallest eigenvalue {smallest:.3g} of the largest: between noise and sign", cases=1)
    message = f"a chain of null neurons is a saddle: {wide[0]:.3g} of {wide[-1]:.3g}"
    return Outcome.fails(message, counterexample={"seed": instance, "link": 1.5, "spectrum": wide})


def null_chain(conditions: tuple[str, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """[2, 2, 2, 2, 2] in floats: single null neurons uncorrelated ("single"), and E[e^[3] x^T] = 0 besides ("chain").

    The spectra of the Hessian, before and after two null neurons, in layers 1 and 2, with a link 3/2 between them are put in.
    """
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import plant

    model = FullyConnected((2, 2, 2, 2, 2))
    theta, x = rng.normal(size=model.n_params), rng.normal(size=(150, 2))
    found = trace(model, theta, x)
    forms = [lambda c, l=l: found.C(l, c) for l in (1, 2, 3)]
    forms += [lambda c, l=l, s=s: found.B(l, s, c) for l in (1, 2, 3) for s in range(2)]
    forms += [lambda c, l=l, s=s: found.S(l, s, c) for l in (1, 2, 3) for s in range(2)]
    forms += [lambda c: found.correlation(3, 0, c)] if "chain" in conditions else []
    rows = np.concatenate([found.linear_rows(form) for form in forms])
    data = plant(model, theta, x, size=0.05, seed=int(rng.integers(2**16)), conditions=[(rows, np.zeros(len(rows)))])
    one, none = Fraction(1), np.zeros(3, dtype=object)
    plain = np.array([[one, one, 0], [one, one, 0], [0, 0, 0]], dtype=object)
    linked = plain.copy()
    linked[2, 2] = Fraction(3, 2)
    constant = Fraction(float(np.tanh(0.5)))
    first = Layer((0, 1, None), np.array([[one, one], [one, one], [0, 0]], dtype=object), np.array([0, 0, Fraction(1, 2)], dtype=object))
    second = Layer((0, 1, None), linked, np.array([0, 0, Fraction(1, 2) - Fraction(3, 2) * constant], dtype=object))
    third = Layer((0, 1), plain[:2], none[:2])
    embedding = compatible(model, [first, second, third, Layer((0, 1), plain[:2, :2], none[:2])])
    return spectra(embedding, theta, data)


# -------------------------------------------------------------------------------------------------------- the claims

CLAIMS = [
    Claim(
        id="embedding.strict-saddle.H2",
        title="A minimum with H2 != 0 embeds into a strict saddle",
        relation="lower",
        statement=r"H \succeq 0,\ H^{(2)} \ne 0 \implies \text{the three-fold global split of } \theta \text{ is a strict saddle}",
        assumptions=[Assumption("semidefinite", r"H(\theta) \succeq 0")],
        source=Source(JML, "Lemmas 6.1 and 6.2, Theorem 6.3"),
        depends_on=["embedding.three-fold-global"],
        refuted_by="A minimum with H2 != 0 whose three-fold split has no negative eigenvalue.",
        notes="Copies d1, d2, d3 with d1 + d2 = d3 see H2(d1, d1) + H2(d2, d2) - H2(d3, d3) = -2 H2(d1, d2).",
        checks=[
            exactly(
                "planted-minima",
                check_three_fold,
                minima,
                {"embed": the_three_fold},
                [Control("every embedding is a saddle", embed=half_split_of_definite)],
                scope="two-layer networks of one to three neurons, three copies; exact inertia of up to 21 parameters",
                distribution=PLANTED + ", the residual reduced until the Hessian is positive semidefinite",
            ),
            in_floats(
                "tanh-in-floats",
                check_three_fold_in_floats,
                lambda context: [
                    (w, k) for k, w in enumerate([(1, 2, 1), (2, 2, 1), (2, 2, 2)] * context.by_level(quick=2, standard=10, full=50))
                ],
                {"embed": three_fold},
                [Control("nothing added", embed=lambda model: embed_along(model, []))],
                scope="tanh networks of two and three layers at planted minima",
                distribution="theta and inputs normal",
                tolerance="an eigenvalue below -64 P eps lambda_max is negative; within a thousand times that it is inconclusive",
            ),
        ],
    ),
    Claim(
        id="embedding.truly-bad.conditions",
        title="Which minima of two-layer networks no embedding turns into saddles",
        kind="extension",
        statement=r"L = 2,\ H \succeq 0:\ \text{no composition of splits and null neurons is a strict saddle} \iff B_s = 0,\ S_s = 0 "
        r"\text{ for all } s,\ E[e x^\top] = 0",
        source=Source(JML, "Theorem 6.3 gives H2 = 0 as necessary; sufficiency fails there, see the controls (ours)"),
        depends_on=["embedding.splitting.inertia", "embedding.null.congruence"],
        refuted_by="A point with all conditions that embeds into a saddle, or one without them that does not.",
        notes="With more layers further conditions are necessary, E[e^[k] f^[j]T] = 0 for all j < k among them; sufficiency "
        "is not claimed.",
        checks=[
            exactly(
                "planted-flat",
                check_truly_bad,
                lambda context: range(context.by_level(quick=1, standard=6, full=30)),
                {"conditions": ("S", "C")},
                [Control("H2 = 0 suffices", conditions=("S",)), Control("uncorrelated errors suffice", conditions=("C",))],
                scope="[2, 2, 1], positive loss: every neuron split with four alphas, null neurons with two biases, exact inertia",
                distribution="weights +-1/2 .. +-2, 30 samples",
            ),
            in_floats(
                "null-chains",
                check_links,
                lambda context: range(context.by_level(quick=1, standard=4, full=10)),
                {"conditions": ("single", "chain")},
                [Control("single null neurons suffice", conditions=("single",))],
                scope="[2, 2, 2, 2, 2]: two null neurons with a link, with and without E[e^[3] x^T] = 0",
                distribution="tanh, theta normal, 150 samples",
                tolerance="eigenvalues below -1e-9 |lambda|_max are negative, above -1e-12 |lambda|_max none: planting leaves 1e-14",
            ),
        ],
    ),
]
