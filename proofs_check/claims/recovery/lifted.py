r"""Saddles that a silent neuron adds to a critical point of non-zero loss, and the sample sizes from which they exist."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims.recovery._points import inputs
from theory.activations import activation
from theory.models import TwoLayer
from theory.recovery import on_grid
from theory.recovery.genericity import shifted
from theory.recovery.silent_neuron import conditions, with_silent_neuron

PAPER = "arXiv:2505.13582"
SIGMA = shifted("lorentz")
NOT_PERFECT = Assumption("non-zero loss", r"R(\theta_{\text{narrow}}) \ne 0")


def planted(instance, context):
    """Narrow point, inputs, silent weight and a rational residual that makes the wide point critical; all exact."""
    from numerics.arithmetic.exact import nullspace_rational, rationals

    m, d, n, replicate, scale = instance
    rng, model = context.rng(replicate), TwoLayer(d, m, activation=SIGMA)
    theta = rationals(on_grid(np.concatenate([rng.normal(0, 1.2, m * d), rng.choice([-1, 1], m) * rng.uniform(0.5, 1.5, m)])))
    x, silent = rationals(inputs(rng, n, d)), rationals(on_grid(rng.normal(0, 1.2, d)))
    kernel = nullspace_rational(conditions(model, theta, x, silent))
    mixed = sum(
        int(weight) * np.array(vector, dtype=object) for weight, vector in zip(rng.integers(1, 4, len(kernel)), kernel, strict=True)
    )
    largest = max(abs(int(entry)) for entry in mixed)
    return model, theta, x, silent, rationals(mixed) * scale / largest


def check_lifted_saddle(instance, *, admits, context) -> Outcome:
    """Exact gradient 0 and inertia at (narrow; silent neuron); at other silent weights the gradient is not 0."""
    from numerics.arithmetic.exact import rationals
    from numerics.hessian import gradient, inertia

    model, theta, x, silent, residual = planted(instance, context)
    labels = model(theta, x) + residual[:, None]
    wide, point = with_silent_neuron(model, theta, silent)
    if gradient(wide, point, (x, labels)).any():
        return Outcome.inconclusive("the planted point is not critical", cases=1)
    elsewhere = with_silent_neuron(model, theta, silent + rationals([Fraction(1, 7)] * model.inputs))[1]
    isolated = bool(gradient(wide, elsewhere, (x, labels)).any())
    counts = inertia(wide, point, (x, labels), method="exact").counts
    if isolated and admits(counts):
        return Outcome.holds()
    message = f"inertia {counts}; another silent weight is {'not ' if isolated else ''}critical"
    return Outcome.fails(message, counterexample={"theta": theta, "silent": silent, "x": x, "labels": labels[:, 0]})


def is_saddle(counts) -> bool:
    return counts[0] > 0 and counts[2] > 0


def planted_sizes(extra, *, scale=1):
    """n = (d + 1) m + extra samples."""

    def instances(context):
        count = context.by_level(quick=3, standard=10, full=50)
        return [(m, d, (d + 1) * m + extra, k, scale) for m, d in [(1, 1), (1, 2), (2, 1), (2, 2)] for k in range(count)]

    return instances


# ------------------------------------------------------------------------------------------------- the printed toy case


#: wbar and x of the toy case; the printed residual is in the kernel to four digits only and is projected onto it.
TOY_WEIGHT, TOY_INPUTS, TOY_RESIDUAL = "1.0258", ("0.25", "1", "4", "16"), ("1", "-0.5835", "0.3", "-0.1")


def check_toy(_, *, expected, context) -> Outcome:
    """All zeros of Phi on |w| <= 6, proved in balls, against the expected ones with their multiplicities."""
    from numerics.arithmetic.isolation import isolate_zeros
    from numerics.arithmetic.krawczyk import ball, balls, working_precision

    with working_precision(200):
        jet, residual = toy_function(balls(list(TOY_INPUTS)), balls(list(TOY_RESIDUAL)), ball(TOY_WEIGHT))
        known = [ball(TOY_WEIGHT), -ball(TOY_WEIGHT)]
        zeros = isolate_zeros(jet, ball(-6), ball("6.1"), double=known)
    found = [(round(position, 4), multiplicity) for position, multiplicity in zeros]
    return Outcome.equal(expected, found, residual=[float(entry.mid()) for entry in residual])


def toy_function(x, printed, weight):
    """(Phi, Phi', Phi'') as functions of a ball, and the residual projected off sigma(wbar x), sigma'(wbar x) x."""
    tanh = activation("tanh")
    value, slope = tanh.jet(x * weight, 1)
    basis = [value, slope * x]
    gram = [[(p * q).sum() for q in basis] for p in basis]
    right = [(p * printed).sum() for p in basis]
    det = gram[0][0] * gram[1][1] - gram[0][1] * gram[1][0]
    first = (right[0] * gram[1][1] - gram[0][1] * right[1]) / det
    second = (gram[0][0] * right[1] - right[0] * gram[1][0]) / det
    residual = printed - first * basis[0] - second * basis[1]

    def jet(w):
        parts = tanh.jet(x * w, 2)
        return tuple((residual * part * x**k).sum() for k, part in enumerate(parts))

    return jet, residual


TOY_ZEROS = [(-1.0258, 2), (-0.1235, 1), (0.0, 1), (0.1235, 1), (1.0258, 2)]


# ------------------------------------------------------------------------------------------------------ sample sizes


def kernel_dimension(n: int, m: int, d: int) -> int:
    return max(0, n - (d + 1) * m - 1)


def check_kernel(instance, *, dimension, context) -> Outcome:
    """Residuals for which a given narrow and a given silent weight are critical, on generic inputs."""
    from numerics.arithmetic.exact import rank_rational, rationals

    m, d, n, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, m, activation=SIGMA)
    theta = rationals(on_grid(rng.normal(0, 1.2, m * (d + 1))))
    rows = conditions(model, theta, rationals(inputs(rng, n, d)), rationals(on_grid(rng.normal(0, 1.2, d))))
    return Outcome.equal(dimension(n, m, d), n - rank_rational(rows), width=m, inputs=d, samples=n)


def kernel_sizes(context):
    for m, d in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)]:
        most = (d + 1) * m + 4
        yield from ((m, d, n, k) for n in range(1, most) for k in range(context.by_level(quick=1, standard=5, full=20)))


def check_at_least_size(instance, *, missing, context) -> Outcome:
    """n = 1 + (d + 1) m: as one input moves, the square matrix of conditions changes sign, so it is singular somewhere between."""
    from flint import arb_mat

    from numerics.arithmetic.isolation import sign_change
    from numerics.arithmetic.krawczyk import balls, working_precision
    from numerics.rank.certificates import sign_certificate

    m, d, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, m, activation=shifted("tanh"))
    theta, silent = on_grid(rng.normal(0, 1.2, m * (d + 1))), on_grid(rng.normal(0, 1.2, d))
    x = inputs(rng, 1 + (d + 1) * m - missing, d)

    def determinant(moved):
        shifted_inputs = balls(x)
        shifted_inputs[0, 0] = moved
        rows = conditions(model, balls(theta), shifted_inputs, balls(silent))
        return arb_mat((rows.T @ rows if missing else rows).tolist()).det()  # fewer samples than conditions: the Gram matrix

    with working_precision(200):
        places = balls(on_grid(np.linspace(-3, 3, 25)))
        changes = [sign_change(determinant, a, b) for a, b in zip(places, places[1:], strict=False)]
    if any(changes):
        free = [[None if (i, j) == (0, 0) else c for j, c in enumerate(row)] for i, row in enumerate(x)]
        narrow, k = theta[: m * d].reshape(m, d), changes.index(True)
        terms = [*((w, s) for w in narrow for s in (None, *range(d))), (silent, None)]
        return Outcome.holds(certificate=sign_certificate(model.activation, free, terms, [float(end) for end in places[k : k + 2]]))
    if None in changes:
        return Outcome.inconclusive("a determinant is not told from 0", cases=1)
    return Outcome.fails("no residual but 0 is orthogonal to the conditions", counterexample={"theta": theta, "silent": silent, "x": x})


CLAIMS = [
    Claim(
        id="recovery.lifted-saddle",
        title="A silent neuron makes saddles, and only for few of its weights",
        statement=r"R(\theta_{\text{narrow}}) \ne 0 \text{ critical}:\ (\theta_{\text{narrow}}; w, a = 0) \text{ is critical} "
        r"\iff \Phi(w) = \sum_i e_i\, \sigma(w \cdot x_i) = 0, "
        r"\text{ a null set of } w, \text{ and a saddle where } \nabla \Phi(w) \ne 0",
        assumptions=[NOT_PERFECT],
        source=Source(PAPER, "lifted critical points, section 4; toy case"),
        checks=[
            Check(
                "planted",
                "exact",
                "instances",
                "rational networks with exact critical points, m, d <= 2, n = 3 + (d+1) m",
                check_lifted_saddle,
                planted_sizes(3),
                parameters={"admits": is_saddle},
                controls=[Control("local minima", admits=lambda counts: counts[0] == 0)],
            ),
            Check(
                "toy-case",
                "certified",
                "instances",
                "tanh, wbar = 1.0258, four inputs: all zeros of Phi on [-6, 6]; wbar is a double one",
                check_toy,
                lambda context: [None],
                parameters={"expected": TOY_ZEROS},
                controls=[Control("as sign scans see it", expected=TOY_ZEROS[1:4])],
            ),
        ],
        notes="At w = wbar of the toy case Phi has a double zero: the Hessian is degenerate there and decides nothing.",
        probes=[Probe("non-zero loss", planted_sizes(3, scale=0))],
    ),
    Claim(
        id="recovery.lifted-sample-dependent",
        title="Sample sizes from which lifted critical points exist",
        statement=r"\dim \{ e : \text{critical at } (\theta_{\text{narrow}}; w, 0) \} = \max(0,\, n - 1 - (d+1)\, m) "
        r"\text{ for generic inputs};\quad "
        r"\text{some inputs admit } e \ne 0 \text{ from } n = 1 + (d+1)\, m,\ \text{almost all from } n = 2 + (d+1)\, m \text{ (saddles)}",
        assumptions=[Assumption("generic inputs", r"x_i \text{ outside a null set}")],
        source=Source(PAPER, "existence of sample-dependent lifted critical points"),
        depends_on=["recovery.lifted-saddle", "recovery.lemma.LI1"],
        checks=[
            Check(
                "kernel",
                "exact",
                "instances",
                "m <= 3, d <= 2, n up to (d+1) m + 3, rational inputs",
                check_kernel,
                kernel_sizes,
                parameters={"dimension": kernel_dimension},
                controls=[
                    Control("the narrow conditions alone", dimension=lambda n, m, d: max(0, n - (d + 1) * m)),
                    Control("n less the parameters of the wide network", dimension=lambda n, m, d: max(0, n - (d + 1) * (m + 1))),
                ],
            ),
            Check(
                "saddles",
                "exact",
                "instances",
                "n = 2 + (d+1) m, m, d <= 2: exact saddles",
                check_lifted_saddle,
                planted_sizes(2),
                parameters={"admits": is_saddle},
                controls=[Control("local minima", admits=lambda counts: counts[0] == 0)],
            ),
            Check(
                "least-size",
                "certified",
                "instances",
                "m = d = 1, n = 3: the determinant of the conditions changes sign as one input moves",
                check_at_least_size,
                lambda context: [(1, 1, k) for k in (0, 1, 2)],
                parameters={"missing": 0},
                controls=[Control("one sample less", missing=1)],
            ),
        ],
    ),
]
