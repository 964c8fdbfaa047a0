r"""Embeddings start to move along the probability signatures of their tokens."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.derivatives.dual import jacobian_of
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import at_most, bounded, equal, worst
from theory.dynamics.random_layers import chi_square_above
from theory.dynamics.signatures import addition_cosine, check_data, cosines, drive, first_digit, joint, loss, remainder, signatures

from . import SIGNATURES

BITS = 160

SMALL = Assumption("small start", r"E = e E_1, \; U = e U_1, \; e \to 0")
SUMS = Assumption(
    "sums", r"\text{the model adds embeddings and reads them by } U \text{ alone}", unprobed="the letters are those of this model"
)

SIGNATURE = claim(
    "reason.signature",
    "Embeddings start along the probability signatures of their tokens",
    r"-\frac{\partial \mathcal{L}}{\partial E_x} = p(x) \left( P(\cdot | x) - \tfrac{1}{V} \right) U + O(e^3)",
    clauses={
        "drive": r"-\partial \mathcal{L}/\partial E_x = p(x) (P(\cdot|x) - \tfrac{1}{V}) U \text{ where } E = 0, \text{ whatever } U",
        "outputs": r"-\partial \mathcal{L}/\partial U_y = \sum_x p(x) (P(y|x) - \tfrac{1}{V}) E_x + O(e^3)",
        "remainder": r"\text{logits within } \zeta: \; |\tfrac{\partial \mathcal{L}}{\partial E_x} + p(x) (P(\cdot|x) - \tfrac{1}{V}) U|"
        r" \le p(x) \tfrac{e^{2 \zeta} - 1}{V} \sum_y |U_y| \text{ entry by entry}",
        "cosines": r"U \text{ of } V \times h \text{ normal entries}: \text{ cosines of the velocities are those of the signatures"
        r" within } \tfrac{2 \delta}{1 - \delta}, \; \delta = 2 \sqrt{t/h} + 2t/h < 1,"
        r" \text{ but for a probability of } 8 e^{-t} \text{ a pair; signatures that do not vanish}",
        "addition": r"y = a + b, \; a, b \text{ uniform on } q \text{ digits}: \text{ digits } k \text{ apart have signatures of cosine }"
        r" 1 - \tfrac{k V}{q (V - q)}",
    },
    symbols={
        "E_x": "embedding of token x, (h,)",
        "U": "output matrix, (V, h)",
        r"\mathcal{L}": "the loss: mean cross-entropy of the label",
        "e": "scale of the start",
        "V": "number of labels",
        "h": "width",
        "p(x)": "mean number of times that x stands in a sample",
        "P(y|x)": "share of label y among the occurrences of x",
        r"\zeta": "the largest absolute value of a logit",
        "q, k": "number of digits, at least 2; distance of two digits, 0 .. q - 1",
        r"t, \delta": "a number t > 0, and the deviation of chi-square that it allows",
    },
    assumptions=[SMALL, SUMS],
    source=SIGNATURES.at("Propositions 1, 2; arXiv:2502.04375v1, Propositions 1-3"),
    relation="equality",
    depends_on=["reason.buffer"],
    refuted_by="a sample whose first velocities are others, or a pair of digits of another cosine",
    notes="The first velocities alone. The papers' statements on attention averages and on trained models are not part of this claim.",
)


@SIGNATURE.check(
    "symbolic",
    ["label", "other label", "even orders", "addition"],
    clauses=("drive", "outputs", "addition"),
    covers="statement",
    scope="any number V of labels: the derivative by one logit; samples add up; q, k and V free",
)
@false("the share of all labels but one", offset=1)
def by_symbols(part, *, offset=0, context):
    """The derivative of log(sum of e^z) - z_y by its own logit and by another, the other logits 0; it is even in the scale of e^2 z.

    For sums: at distance k two digits share q - k of the sums, each of probability 1/q in a signature.
    """
    import sympy

    V, z, u, e = sympy.symbols("V z u e", positive=True)
    at_zero = lambda expression: sympy.simplify(expression.subs({z: 0, u: 0}))
    cost = sympy.log(sympy.exp(z) + sympy.exp(u) + V - 2) - z
    if part == "label":
        return equal(slope=(0, sympy.simplify(1 / (V - offset) - 1 - at_zero(sympy.diff(cost, z)))))
    if part == "other label":
        return equal(slope=(0, sympy.simplify(1 / (V - offset) - at_zero(sympy.diff(cost, u)))))
    if part == "even orders":  # E = e E_1, U = e U_1: z = e^2 c E_1, so the slope by E is e^(1 + offset) times a function of e^2
        E, U = sympy.symbols("E U")
        slope = sympy.diff(cost.subs(z, E * U), E).subs({E: e * E, U: e * U})
        turned = slope.subs(e, -e)
        return equal(odd=(0, sympy.simplify(slope + (-1) ** offset * turned)))
    q, k = sympy.symbols("q k", positive=True)
    inner = (q - k) / q**2 - 1 / (V - offset)
    square = 1 / q - 1 / (V - offset)
    return equal(cosine=(0, sympy.simplify(inner / square - addition_cosine(q, k, V))))


CORPORA = axes(V=by_level((2, 4), (2, 3, 5, 9)), repeats=(False, True), scale=("0", "1/10", "1/1000"), quick=1, standard=4, full=15)


def corpus(cell, rng):
    """Up to six samples of one to three of four tokens, each token somewhere; some tokens twice in a sample where the cell says so."""
    while True:
        n = int(rng.integers(4, 7))
        counts = np.zeros((n, 4), dtype=int)
        for i in range(n):
            for token in rng.choice(4, int(rng.integers(1, 4)), replace=False):
                counts[i, token] += 1 + int(cell.repeats and rng.random() < 0.5)
        if counts.sum(axis=0).all() and (counts > 1).any() == cell.repeats:
            break
    entries = lambda shape: np.array([Fraction(int(k), 7) for k in rng.integers(-9, 10, shape).ravel()], dtype=object).reshape(shape)
    data = check_data(counts, rng.integers(cell.V, size=n), cell.V)
    return data, entries((4, 2)), entries((cell.V, 2))


def once(data):
    """The drive of data in which a repeated token counts once: the same without repeats."""
    return drive(data._replace(counts=np.minimum(data.counts, 1)))


def without_mean(data):
    return joint(data)


def bare_mean(data):
    """P(y) - 1/V in place of P(y|x) - 1/V."""
    whole = joint(data)
    share = whole.sum(axis=1, keepdims=True)
    return share * (whole.sum(axis=0) / whole.sum() - Fraction(1, data.outputs))


@SIGNATURE.check(
    "certified",
    corpus,
    CORPORA,
    clauses=("drive", "outputs", "remainder"),
    distribution="four tokens, up to six samples, entries k/7, |k| <= 9, times the scale; E = 0 where it is 0",
)
@false("without 1/V", velocities=without_mean)
@false("a repeated token counts once", velocities=once)
@false("the law of labels whatever the token", velocities=bare_mean)
@false("3 % more", velocities=lambda data: drive(data) * Fraction(103, 100))
@false("e^zeta - 1", room=lambda size, outputs: remainder(size / 2, outputs))
@false("four per cent less room", room=lambda size, outputs: remainder(size, outputs) * 96 / 100)
@false("V + 2 labels", room=lambda size, outputs: remainder(size, outputs + 2))
def first_velocities(cell, drawn, *, velocities=drive, room=remainder, moved=0, context):
    """Both gradients of the loss by forward duals in balls, against the signatures: equal at E = 0, else within the remainder."""
    data, E1, U1 = drawn
    scale = Fraction(cell.scale)
    with working_precision(BITS):
        E, U = balls(E1 * (scale + moved)), balls(U1 * (scale or 1))
        size = E.size
        whole = jacobian_of(lambda theta: [loss(theta[:size].reshape(E.shape), theta[size:].reshape(U.shape), data)])
        slopes = whole(np.concatenate([E.ravel(), U.ravel()]))[0]
        predicted = balls(velocities(data))
        off_E = absolute(slopes[:size].reshape(E.shape) + predicted @ U)
        off_U = absolute(slopes[size:].reshape(U.shape) + predicted.T @ E)
        if not scale:
            return at_most("difference of velocities", largest(off_E, off_U), _tiny(), attained=False)
        off = room(largest(absolute((data.counts @ E) @ U.T)), data.outputs)
        share = balls(joint(data).sum(axis=1))
        allowed_E = off * np.multiply.outer(share, absolute(U).sum(axis=0))
        allowed_U = off * (share[:, None] * absolute(E)).sum(axis=0)  # every sample adds its tokens
        inside = lambda distance, allowed: largest(distance - allowed)
        outcomes = [
            at_most(what, inside(distance, allowed), _tiny(), attained=False)
            for what, distance, allowed in (("beyond the remainder, E", off_E, allowed_E), ("beyond it, U", off_U, allowed_U))
        ]
        return worst([*outcomes, *(nearly_attained(room) if (cell.V, cell.scale, cell.repeats) == (2, "1/10", False) else [])])


def nearly_attained(room):
    """One token and 64 labels, of logit 1/4 the first, which alone reads the first entry, and -1/4 the others: 63/(63 + e^(1/2)), or
    0.974, of the remainder."""
    V, zeta, data = 64, Fraction(1, 4), check_data([[1]], [1], 64)
    U = balls(np.array([[2 if y == 0 else 0, -1] for y in range(V)], dtype=object))
    slopes = jacobian_of(lambda E: [loss(E.reshape(1, 2), U, data)])(balls([zeta, zeta]))[0]
    distance = abs(slopes[0] + (balls(drive(data)) @ U)[0, 0])
    return [at_most("distance where one label is likely", distance, 2 * room(ball(zeta), V), attained=False)]


def absolute(values):
    return np.frompyfunc(abs, 1, 1)(values)


def largest(*arrays):
    """The largest upper bound of the balls."""
    return max((entry.upper() for array in arrays for entry in np.ravel(array)), key=float)


def _tiny():
    return ball(Fraction(1, 10**30))


SIGNATURE.without("small start", first_velocities, moved=1)

WIDTHS = axes(h=by_level((4000,), (1000, 4000), (1000, 4000, 16000)), data=("addition", "drawn"), quick=1, standard=3, full=10)


@SIGNATURE.check(
    "symbolic",
    ["inner product", "quotient"],
    clauses="cosines",
    covers="statement",
    scope="unit signatures a, b of any length; the deviations of chi-square are those of reason.buffer, allowed to each of four squares",
)
@false("the bound with one delta", deviations=1)
def from_squares_to_cosines(part, *, deviations=2, context):
    """4 <aU, bU> = |(a + b) U|^2 - |(a - b) U|^2 is off by at most delta (|a + b|^2 + |a - b|^2) = 4 delta; and (c + u)/(1 + w) differs
    from c by (u - c w)/(1 + w), at most (delta + delta)/(1 - delta) for |u|, |w| <= delta, |c| <= 1."""
    import sympy

    a, b = (np.array(sympy.symbols(f"{name}:2"), dtype=object) for name in "ab")
    c, delta = sympy.symbols("c delta")
    square = lambda vector: (vector * vector).sum()
    if part == "inner product":
        twice = deviations * (square(a) + square(b))  # 4 for unit vectors
        return equal(
            inner=(sympy.expand(4 * (a * b).sum()), sympy.expand(square(a + b) - square(a - b))),
            spread=(sympy.expand(twice), sympy.expand(square(a + b) + square(a - b))),
        )
    # the extreme: u = delta, w = -delta, c = 1
    worst_case = (c + delta) / (1 - delta) - c
    return equal(quotient=(0, sympy.simplify(worst_case.subs(c, 1) - deviations * delta / (1 - delta))))


def labelled(cell, rng):
    """The digits of an addition, or 12 tokens with 3 to 20 samples each of random labels out of 19."""
    if cell.data == "addition":
        return first_digit(10)
    sizes = rng.integers(3, 21, 12)
    tokens = np.repeat(np.arange(12), sizes)
    return check_data(np.eye(12, dtype=int)[tokens], rng.integers(19, size=len(tokens)), 19)


def shuffled(data, rng):
    """The signatures of the tokens in another order."""
    return cosines(signatures(data)[np.roll(np.arange(data.counts.shape[1]), 1 + int(rng.integers(3)))] * _ramp(data))


def _ramp(data):
    return np.linspace(0.2, 1.8, data.outputs)


@SIGNATURE.check(
    "property",
    labelled,
    WIDTHS,
    clauses="cosines",
    tolerance="2 delta/(1 - delta) with t = log(8 T^2 10^9): the bound of the clause fails with probability below 1e-9 (Laurent, Massart)",
    distribution="normal U of the widths named; addition of ten digits, and random labels",
)
@false("labels counted with weights from 0.2 to 1.8, tokens shifted", predicted=shuffled)
@false("without 1/V", predicted=lambda data, rng: cosines(joint(data)))
def velocities_of_wide_networks(cell, data, *, predicted=lambda data, rng: cosines(signatures(data)), context):
    """Cosines of the first velocities under a drawn U, against those of the signatures."""
    rng = context.rng(cell, data.labels)
    T = data.counts.shape[1]
    U = rng.normal(size=(data.outputs, cell.h))
    found = cosines(drive(data).astype(float) @ U)
    # for unit signatures a, b the squares of a U, b U, (a + b) U, (a - b) U are chi-square, each off on one of two sides by e^(-t)
    t = float(np.log(8 * T**2 * 1e9))
    delta = chi_square_above(cell.h, t) / cell.h - 1
    return worst(
        [bounded("cosines", found - predicted(data, rng), 2 * delta / (1 - delta), h=cell.h)],
        figures=[_heat(found, "velocities under a drawn U")] if cell.data == "addition" else [],
    )


def _heat(values, what):
    ticks = list(range(len(values)))
    return Figure(
        "heatmap",
        f"Cosines of {what}: the digits of an addition",
        "A matrix that falls from 1 on the diagonal to -0.9 in the corners: digits far apart start in opposite directions",
        {"values": values.tolist(), "x": ticks, "y": ticks},
        x_label="digit",
        y_label="digit",
    )


@SIGNATURE.check(
    "exact",
    lambda cell, rng: None,
    axes(q=by_level((2, 3, 10), (2, 3, 5, 10, 17)), more=(0, 1, 10)),
    clauses="addition",
    scope="all pairs of q digits; V = 2q - 1 labels and more",
)
@false("as if all labels were sums of equal chance", cosine=lambda q, k, V: 1 - Fraction(k, q))
@false("V = 2q", cosine=lambda q, k, V: addition_cosine(q, k, V + 1))
def digits(cell, _, *, cosine=addition_cosine, context):
    """Inner products of signatures of all pairs of digits, counted from the data, as multiples of their square."""
    V = 2 * cell.q - 1 + cell.more
    rows = signatures(first_digit(cell.q, V))
    gram = rows @ rows.T
    predicted = [[cosine(cell.q, abs(a - b), V) for b in range(cell.q)] for a in range(cell.q)]
    return equal(cosines=(predicted, (gram / gram[0, 0]).tolist()), squares=([gram[0, 0]] * cell.q, list(np.diag(gram))))
