r"""Quadratics: how sharp gradient descent, momentum and Adam with a frozen preconditioner bear it, and when one step raises the loss."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.dynamics.schur import determinants, is_schur
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.adequacy.optimizers import descent, frozen, step_on_a_quadratic
from proofs_check.judging import equal, vanishing, worst
from theory.dynamics.quadratic import (
    METHODS,
    change_of_loss,
    frozen_polynomial,
    frozen_step,
    gradient_curvature,
    sharpness_threshold,
)

from . import PRECONDITIONERS, SPIKES
from ._pictures import factors, steps

POSITIVE = Assumption("positive Hessian", r"H \succ 0")
GD, HEAVY_BALL, AVERAGE = METHODS

THRESHOLD = claim(
    "spike.gd_threshold",
    "Gradient descent on a quadratic: stable below 2/eta",
    r"x_t \to 0 \text{ for all } x_0 \iff \lambda_{\max}(H) < 2/\eta;\quad x_{t+1} = (1-\eta\lambda)\,x_t \text{ along an eigenvector}",
    clauses={
        "factor": r"x_{t+1} = (1-\eta\lambda) x_t,\ L(x_{t+1}) = (1-\eta\lambda)^2 L(x_t)",
        "threshold": r"x_t \to 0 \iff \lambda_{\max} < 2/\eta",
    },
    symbols=["x_t", r"\eta", r"\lambda", "H", "L"],
    assumptions=[POSITIVE],
    source=SPIKES.at("section 3 (classical)"),
    refuted_by="A quadratic on the wrong side of the threshold.",
    notes="At lambda = 2/eta the orbit alternates between x and -x.",
)


@THRESHOLD.check("symbolic", [None], clauses="factor", covers="statement", scope="every eta and lambda")
@false("1 - eta lambda/2", factor=lambda h: 1 - h / 2)
@false("|1 - eta lambda| for the loss", power=1)
def factor(_, *, factor=lambda h: 1 - h, power=2, context):
    import sympy as sp

    eta, curvature, x = sp.symbols("eta lambda x", positive=True)
    moved = x - eta * curvature * x
    f = factor(eta * curvature)
    return vanishing("differences", [sp.expand(moved - f * x), sp.expand(curvature * moved**2 / 2 - f**power * curvature * x**2 / 2)])


SIDES = axes(n=by_level((1, 2, 3), (1, 2, 3, 5)), side=("below", "in one step", "at", "above"), quick=3, standard=30, full=200)


def reflection(v):
    """A rational orthogonal matrix, symmetric."""
    return np.eye(len(v), dtype=object) - np.outer(v, v).astype(object) * Fraction(2, int(v @ v))


def spectrum(cell, rng):
    """(H, eta, top) with H = Q D Q^T, Q a rational reflection, top = max D; eta from the side of 2/top; "in one step": eta top = 1."""
    v = rng.integers(-3, 4, cell.n)
    v[0] += 4
    D = [Fraction(int(a), int(b)) for a, b in zip(rng.integers(1, 20, cell.n), rng.integers(1, 6, cell.n), strict=True)]
    Q, share = reflection(v), Fraction(int(rng.integers(1, 1000)), 1000)
    return (
        Q @ np.diag(np.array(D, dtype=object)) @ Q,
        {"below": 2 * share, "in one step": Fraction(1), "at": Fraction(2), "above": 2 + share}[cell.side] / max(D),
        max(D),
    )


def charpoly(matrix):
    from flint import fmpq_mat

    n = len(matrix)
    return fmpq_mat(n, n, rationals(matrix).ravel().tolist()).charpoly().coeffs()


@THRESHOLD.check("exact", spectrum, SIDES, clauses="threshold")
@false("1/eta", stable=lambda h: h < 1)
@false("4/eta", stable=lambda h: h < 4)
@false("at 2/eta too", stable=lambda h: h <= 2)
@false("not where one step reaches the minimum", stable=lambda h: h < 2 and h != 1)
def threshold(cell, instance, *, stable=lambda h: h < 2, context):
    """The Schur test of the characteristic polynomial of I - eta H over the rationals."""
    H, eta, top = instance
    found = is_schur(charpoly(np.eye(cell.n, dtype=object) - eta * H))
    outcome = equal(stable=(bool(stable(eta * top)), found), shown={"H": H, "eta": eta})
    return worst([outcome], figures=[factors((0.0,), 3.0)] if (cell.n, cell.side) == (1, "at") else ())


def not_positive(cell, rng):
    """One eigenvalue is 0 or negative."""
    _, eta, top = spectrum(cell, rng)
    D = np.array([top, *[Fraction(-int(rng.integers(0, 2)))] * cell.n][: max(cell.n, 2)], dtype=object)
    return np.diag(D[-cell.n :]), eta, top


THRESHOLD.formal(
    "optimizers/thresholds.v",
    "spike_gd_threshold",
    false="1/eta",
    adequate=descent,
    axioms="reals",
    clauses="threshold",
    part="along an eigenvector, any eta and lambda",
)

THRESHOLD.without("positive Hessian", threshold, not_positive)

FROZEN = claim(
    "adam.frozen_threshold",
    "Adam with a frozen preconditioner: stable below 2(1+beta_1)/((1-beta_1) eta)",
    r"m' = \beta_1 m + (1-\beta_1) H x,\ x' = x - \eta P^{-1} m':\quad x_t \to 0 \text{ from all } (x_0, m_0) \iff"
    r" \lambda_{\max}(P^{-1/2} H P^{-1/2}) < \frac{2(1+\beta_1)}{(1-\beta_1)\eta}",
    clauses={
        "one direction": r"h = \eta\lambda:\ \text{roots of } z^2 - (1+\beta_1 - h(1-\beta_1)) z + \beta_1"
        r" \text{ in the open unit disc} \iff 0 < h < 2(1+\beta_1)/(1-\beta_1)",
        "matrices": r"x_t \to 0 \text{ from all } (x_0, m_0) \iff \lambda_{\max}(P^{-1/2} H P^{-1/2}) < 2(1+\beta_1)/((1-\beta_1)\eta)",
        "bias correction": r"\hat H_t = \tfrac{1}{1-\beta_1^t}\tfrac{1-\beta_1}{1+\beta_1} P^{-1} H:\ \lambda_{\max}(\hat H_t) < 2/\eta",
    },
    symbols=[r"\beta_1", r"\eta", r"\lambda", "H", "P"],
    assumptions=[POSITIVE, Assumption("frozen", r"P \text{ does not change}")],
    source=PRECONDITIONERS.at("stability of the preconditioned Hessian, with and without bias correction"),
    depends_on=["spike.gd_threshold"],
    refuted_by="A Hessian, preconditioner and beta_1 on the wrong side of the threshold.",
    notes="At equality the orbit stays bounded and does not tend to 0: for beta_1 = 0 it alternates between x and -x.",
)


@FROZEN.check(
    "symbolic",
    [None],
    clauses="one direction",
    covers="statement",
    scope="every beta1 in [0, 1) and h > 0: the step's polynomial, and Jury's three numbers",
)
@false("beta1^2 in the determinant", polynomial=lambda b, h: [b * b, (1 - b) * h - 1 - b, 1])
@false("heavy ball", polynomial=lambda b, h: frozen_polynomial(HEAVY_BALL, b, h))
@false("threshold 2/eta", threshold=lambda b: 2)
@false("(1-b)/(1+b) inverted", threshold=lambda b: 2 * (1 - b) / (1 + b))
def direction(
    _, *, polynomial=lambda b, h: frozen_polynomial(AVERAGE, b, h), threshold=lambda b: sharpness_threshold(AVERAGE, b, 1), context
):
    """det = b < 1, 1 - tr + det = h (1-b) > 0, and 1 + tr + det = (1-b)(threshold - h) decide."""
    import sympy as sp

    b, h, z = sp.symbols("beta1 h z", positive=True)
    columns = [frozen_step(AVERAGE, b, 1, h, *unit) for unit in ((1, 0), (0, 1))]
    found = sp.Matrix(2, 2, lambda i, j: columns[j][i]).charpoly(z).all_coeffs()[::-1]
    det, negative_trace, _ = polynomial(b, h)
    trace = -negative_trace
    differences = [f - p for f, p in zip(found, polynomial(b, h), strict=True)]
    differences += [1 - trace + det - h * (1 - b), 1 + trace + det - (1 - b) * (threshold(b) - h), det - b]
    first, second = determinants([det, -trace, sp.Integer(1)])
    differences += [first - (1 - det) * (1 + det), second - (1 - det) ** 2 * (1 - trace + det) * (1 + trace + det)]
    return vanishing("differences", [sp.cancel(e) for e in differences])


BETAS = tuple(Fraction(n, 100) for n in (0, 30, 50, 90, 99))
MATRICES = axes(
    n=by_level((1, 2), (1, 2, 3)),
    beta1=BETAS,
    share=tuple(Fraction(n, 1000) for n in (500, 999, 1000, 1001, 2000)),
    step=("no correction", 1, 2, 3, 7),
    quick=1,
    standard=6,
    full=40,
)


def preconditioned(cell, rng):
    """(H, P, top): P^(-1/2) H P^(-1/2) = Q D Q^T with Q a rational reflection, top = max D; P has rational roots."""
    v = rng.integers(-3, 4, cell.n)
    v[0] += 4
    D = [Fraction(int(a), int(b)) for a, b in zip(rng.integers(1, 20, cell.n), rng.integers(1, 6, cell.n), strict=True)]
    root = np.diag(np.array([Fraction(int(a), 2) for a in rng.choice([1, 3, 4, 5, 7], cell.n)], dtype=object))
    Q = reflection(v)
    return root @ Q @ np.diag(np.array(D, dtype=object)) @ Q @ root, root @ root, max(D)


def block_step(beta1, M):
    """The matrix of (m, x) -> (beta1 m + (1-beta1) M x, x - m'), where M = eta P^-1 H and m stands for eta P^-1 m."""
    eye = np.eye(len(M), dtype=object)
    return np.block([[beta1 * eye, (1 - beta1) * M], [-beta1 * eye, eye - (1 - beta1) * M]])


def definite(matrix):
    """Whether a rational symmetric matrix is positive definite, by its leading minors."""
    from flint import fmpq_mat

    entries = rationals(matrix)
    return all(fmpq_mat(k, k, entries[:k, :k].ravel().tolist()).det() > 0 for k in range(1, len(matrix) + 1))


@FROZEN.check("exact", preconditioned, MATRICES, clauses=("matrices", "bias correction"), scope="with bias correction: t = 1, 2, 3, 7")
@false("2/eta", threshold=lambda b: Fraction(2))
@false("(s) inverted (right for beta1 = 0)", threshold=lambda b: 2 * (1 - b) / (1 + b))
@false("heavy ball", threshold=lambda b: 2 * (1 + b))
@false("largest eigenvalue of H", metric=lambda P: P * 0 + np.eye(len(P), dtype=object))
@false("P^2 for P", metric=lambda P: P @ P)
@false("bias correction left out", factor=lambda b, t: 1)
@false("beta1^(2t - 3), right at t = 3 alone", factor=lambda b, t: 1 - b ** (2 * t - 3) if b else 1)
@false("threshold 2 at beta1 = 1/2", threshold=lambda b: Fraction(2) if b == Fraction(1, 2) else sharpness_threshold(AVERAGE, b, 1))
def matrices(
    cell, instance, *, threshold=lambda b: sharpness_threshold(AVERAGE, b, 1), metric=lambda P: P, factor=lambda b, t: 1 - b**t, context
):
    """(threshold/eta) P - H is positive definite exactly where the Schur test of the step in all of (m, x) holds; eta from the share."""
    H, P, top = instance
    corrected = cell.step != "no correction"
    scale = 1 - cell.beta1**cell.step if corrected else 1
    eta = cell.share * 2 * (1 + cell.beta1) / ((1 - cell.beta1) * top) * scale
    found = is_schur(charpoly(block_step(cell.beta1, np.diag(eta / scale / np.diag(P)) @ H)))
    bound = threshold(cell.beta1) / eta * (factor(cell.beta1, cell.step) if corrected else 1)
    outcome = equal(stable=(definite(bound * metric(P) - H), found), shown={"H": H, "P": P, "eta": eta})
    return worst([outcome], figures=[factors((0.0, 0.5, 0.9), 60.0)] if (cell.n, cell.beta1, cell.share, cell.step) == (1, 0, 1, 1) else ())


def indefinite(cell, rng):
    """One eigenvalue is -1 or 0."""
    H, P, top = preconditioned(cell, rng)
    D = np.diag(H).copy()
    D[0] = Fraction(-int(rng.integers(0, 2)))
    return np.diag(D), P, top


FROZEN.formal(
    "optimizers/thresholds.v", "adam_frozen_threshold", false="inverted", adequate=frozen, axioms="reals", clauses="one direction"
)

FROZEN.without("positive Hessian", matrices, indefinite)

RISE = claim(
    "adam.grad_curvature",
    "One step raises a quadratic loss exactly where the curvature along it exceeds 2/eta",
    r"L(x - \eta u) - L(x) = -\eta\, g^T u + \tfrac{\eta^2}{2} u^T H u;"
    r"\quad \text{it rises} \iff \frac{u^T H u}{g^T u} > \frac2\eta \quad (g^T u > 0;\ u = g:\ \lambda_g = g^T H g/|g|^2)",
    symbols={
        "L": "a quadratic loss",
        "g": "its gradient at x",
        "u": "the direction of the step, P^(-1) g with P > 0",
        "H": "its Hessian",
        r"\eta": "learning rate, positive",
    },
    assumptions=[Assumption("descent", "g^T u > 0")],
    source=PRECONDITIONERS.at("gradient-directional curvature (stated as g^T P^-1 H g/|g|^2; exact form ours)"),
    refuted_by="A step on the wrong side.",
    notes="The stated form g^T P^-1 H g/|g|^2 agrees for P = c I or n = 1; with another P it is no exact criterion,"
    " and lambda_max is none either.",
)


@RISE.check(
    "symbolic",
    [2, 3],
    covers="statement",
    scope="2 and 3 dimensions, all entries symbols: the identity is one of quadratic forms, whose monomials name two coordinates",
)
@false("eta for eta/2", change=lambda H, g, u, eta: eta * eta * (u @ H @ u) - eta * (g @ u))
@false("the gradient for the direction", change=lambda H, g, u, eta: eta * eta * (g @ H @ g) / 2 - eta * (g @ u))
def identity(n, *, change=change_of_loss, context):
    import sympy as sp

    eta = sp.Symbol("eta", positive=True)
    symbols = lambda name: np.array(sp.symbols(f"{name}:{n}"), dtype=object)
    H = np.array([[sp.Symbol(f"h{min(i, j)}{max(i, j)}") for j in range(n)] for i in range(n)], dtype=object)
    x, u, b = symbols("x"), symbols("u"), symbols("b")
    loss = lambda y: (y @ H @ y) / 2 + b @ y
    g = H @ x + b
    return vanishing("difference", sp.expand(loss(x - eta * u) - loss(x) - change(H, g, u, eta)))


STEPS = axes(n=(1, 2, 3), preconditioner=("identity", "diagonal"), side=("below", "at", "above"), quick=4, standard=40, full=300)


def step_on_a_side(cell, rng):
    """(H, x, u, eta): integers, u = P^-1 g with g.u > 0 and curvature along u positive; eta from the side of 2 over that curvature."""
    while True:
        A = rng.integers(-3, 4, (cell.n, cell.n))
        H, x = (A + A.T).astype(object), rng.integers(-4, 5, cell.n).astype(object)
        P = rng.integers(2, 9, cell.n) if cell.preconditioner == "diagonal" else np.ones(cell.n, dtype=int)
        g = H @ x
        u = g * np.array([Fraction(1, int(p)) for p in P], dtype=object)
        bent, slope = u @ H @ u, g @ u
        if bent > 0 and slope > 0 and (cell.n == 1 or cell.preconditioner == "identity" or len(set(P)) > 1):
            share = Fraction(int(rng.integers(1, 1000)), 1000)
            return H, x, u, 2 * Fraction(slope) / bent * {"below": share, "at": 1, "above": 1 + share}[cell.side]


@RISE.check("exact", step_on_a_side, STEPS)
@false("lambda_max", curvature=lambda H, g, u: Fraction(max(np.linalg.eigvalsh(H.astype(float)))))
@false("(s) g^T P^-1 H g/|g|^2", curvature=lambda H, g, u: Fraction(u @ H @ g) / (g @ g))
@false("curvature along the gradient", curvature=lambda H, g, u: Fraction(g @ H @ g) / (g @ g))
@false("1/eta", over=1)
@false("not strict", strict=False)
def rises(cell, instance, *, curvature=gradient_curvature, over=2, strict=True, context):
    """Both losses over the rationals."""
    H, x, u, eta = instance
    loss = lambda y: (y @ H @ y) / Fraction(2)
    change = loss(x - eta * u) - loss(x)
    beyond = curvature(H, H @ x, u) * eta - over
    outcome = equal(rises=(bool(beyond > 0 if strict else beyond >= 0), bool(change > 0)), shown={"H": H, "x": x, "u": u, "eta": eta})
    return worst([outcome], figures=[steps()] if (cell.n, cell.side) == (2, "at") else ())


def ascent(cell, rng):
    """The same with u turned round, so that g.u < 0: every step rises, the ratio is negative."""
    H, x, u, eta = step_on_a_side(cell, rng)
    return H, x, -u, eta


RISE.without("descent", rises, ascent)

RISE.formal("optimizers/quadratic.v", "adam_grad_curvature", false="the threshold 1/eta", adequate=step_on_a_quadratic)
