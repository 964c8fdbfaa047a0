r"""The critical points of the first stages: the origin, from which embeddings condense, and the condensed point, which only attention
leaves."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.derivatives.dual import jacobian_of
from numerics.dynamics.attention_flow import attention_hessian
from proofs_check import axes, by_level, claim, false
from proofs_check.judging import at_most, equal, order, worst
from theory.dynamics.attention import (
    MarkovAttention,
    condensation_rate,
    condensed_norm,
    condensed_ray,
    covariance,
    entropy,
    focusing_rate,
    slopes,
)

from . import FOCUS, LAWS, LONG, MOVING, OCCUR, PERSISTENT, UNEVEN, UNIFORM, _pictures, drawn_law, symbolic_law

BITS = 256
#: What is left of 256 bits after a few thousand operations on numbers of moderate size.
SMALL = Fraction(1, 10**50)

CONDENSING = claim(
    "attention.stage1",
    "Stage I: embeddings condense along pi while attention rests, to a plateau at the entropy of pi",
    r"W_0 \to \gamma \alpha^T \text{ at the rate } |\pi|\, |\pi - \tfrac{1}{d}|,"
    r" \text{ with } \nabla_\Phi \mathcal{L} = 0, \text{ to loss } H(\pi)",
    clauses={
        "drive": r"\partial \mathcal{L}/\partial M = \pi (\tfrac{1}{d} - \pi)^T, \; \partial \mathcal{L}/\partial \Phi = 0 \text{ at } 0",
        "ray": r"\partial \mathcal{L}/\partial M = \pi\, (\operatorname{softmax}(\pi^T M) - \pi)^T \text{ wherever } \Phi = 0:"
        r" \; W_0 = \gamma \alpha^T, \gamma \propto \pi \text{ is kept}",
        "rate": r"\text{at } 0 \text{ the flow has eigenvalues } \pm |\pi|\, |\pi - \tfrac{1}{d}|, \text{ of the width's multiplicity}",
        "plateau": r"\text{the ray ends at a critical point of loss } H(\pi), \; |W_0| = |W_1| = \sqrt{|\log \pi - \text{mean}|/|\pi|}",
    },
    symbols=[r"\pi", r"\lambda", "d", "M", r"\Phi", "W_0", "W_1", r"\gamma", r"\alpha", "H", r"\mathcal{L}"],
    assumptions=[LONG, MOVING, UNEVEN, OCCUR],
    source=FOCUS.at("Theorems 3.2, 3.3"),
    refuted_by="a law whose gradient, eigenvalues or plateau differ",
)


@CONDENSING.check(
    "symbolic",
    [2, 3],
    axes(d=(2, 3)),
    cell=lambda d: {"d": d},
    clauses=("drive", "ray"),
    covers="statement",
    scope="free weights of the tokens and free predictions: an entry couples two tokens and one query, and queries add up",
)
@false("the query's weight left out", weighted=False)
@false("attention drives too", offset=1)
def by_symbols(d, *, weighted=True, offset=0, context):
    """The slopes with attention pi: at M = 0, and at any M with predictions p that are the same for every query."""
    import sympy

    pi, lam = symbolic_law(d)
    p = np.array(sympy.symbols(f"p:{d}"), dtype=object)
    M = np.array(sympy.symbols(f"M:{d * d}"), dtype=object).reshape(d, d)
    rows = lambda row: np.stack([row] * d)
    at_origin = slopes(pi, lam, 0 * M, rows(pi), rows(np.array([sympy.Rational(1, d)] * d, dtype=object)))
    along = slopes(pi, lam, M, rows(pi), rows(p))
    law = pi if weighted else np.array([sympy.Integer(1)] * d, dtype=object)
    drive = np.multiply.outer(law, sympy.Rational(1, d) - pi)
    # p sums to 1: write its last entry by the others
    whole = lambda matrix: [sympy.expand(entry.subs(p[-1], 1 - sum(p[:-1]))) for entry in np.asarray(matrix).ravel()]
    return equal(
        drive=(whole(drive), whole(at_origin.M)),
        rest=([sympy.Integer(offset)] * d * d, whole(at_origin.Phi)),
        ray=(whole(np.multiply.outer(law, p - pi)), whole(along.M)),
    )


MODELS = axes(
    law=by_level(("drawn",), ("published", "two tokens", "nearly uniform", "five tokens", "drawn")),
    width=by_level((2,), (1, 2)),
    lam=("1/4", "9/10"),
    quick=1,
    standard=2,
    full=5,
)


def laws(cell, rng):
    return LAWS[cell.law] if cell.law in LAWS else drawn_law(rng, 3)


def in_balls(law, lam):
    return balls(list(law)), ball(Fraction(lam))


def _small():
    return ball(SMALL)


def apart(first, second):
    """The largest difference of two arrays of balls, as a ball."""
    found = [abs(p - q) for p, q in zip(np.ravel(np.asarray(first, dtype=object)), np.ravel(np.asarray(second, dtype=object)), strict=True)]
    return max((entry.upper() for entry in found), key=float)


@CONDENSING.check(
    "certified", laws, MODELS, clauses=("drive", "rate"), distribution="published and drawn rational laws, width 1 and 2, one key"
)
@false("|pi - 1/d| without |pi|", rate=lambda pi: condensation_rate(pi) ** 2 / (pi * pi).sum())
@false("twice the rate", rate=lambda pi: 4 * condensation_rate(pi) ** 2)
def at_the_origin(cell, law, *, rate=lambda pi: condensation_rate(pi) ** 2, context):
    """J = -Hess at 0 in balls: J^3 = mu^2 J, and tr J^2 = 2 width mu^2, so mu and -mu are eigenvalues as often as the width."""
    with working_precision(BITS):
        pi, lam = in_balls(law, cell.lam)
        model = MarkovAttention(len(law), cell.width, 1)
        zero = np.array([pi[0] * 0] * model.n_params, dtype=object)
        J, square = -attention_hessian(model, zero, pi, lam), rate(pi)
        gradient = apart(model.gradient(zero, pi, lam), zero)
        cubed = apart(J @ J @ J, square * J)
        trace = apart([np.trace(J @ J)], [2 * cell.width * square])
        return worst(
            at_most(what, size, _small(), attained=False)
            for what, size in (("gradient at 0", gradient), ("J^3 - mu^2 J", cubed), ("tr J^2 - 2 width mu^2", trace))
        )


@CONDENSING.check("certified", laws, MODELS, clauses="plateau", distribution="published and drawn rational laws, width 1 and 2")
@false("the plateau at log d", plateau=lambda pi: ball(len(pi)).log())
@false("|W_0| without the root", norm=lambda pi: condensed_norm(pi) ** 2)
def condensed(cell, law, *, plateau=entropy, norm=condensed_norm, context):
    """Gradient, loss and norms at the condensed point, in balls."""
    with working_precision(BITS):
        pi, lam = in_balls(law, cell.lam)
        model = MarkovAttention(len(law), cell.width, 1)
        theta = model.condensed_point(pi)
        parts = model.unpack(theta)
        sizes = [(parts[name] * parts[name]).sum() for name in ("embedding", "projection")]
        differences = {
            "gradient": apart(model.gradient(theta, pi, lam), 0 * theta),
            "loss - H": apart([model.loss(theta, pi, lam)], [plateau(pi)]),
            "|W|^2": apart(sizes, [norm(pi) ** 2] * 2),
        }
        outcomes = [at_most(what, size, _small(), attained=False) for what, size in differences.items()]
    return worst(outcomes, figures=[_pictures.plateau()])


@CONDENSING.check("certified", laws, MODELS, clauses="drive", distribution="published and drawn laws; theta of entries k/7, |k| <= 6")
@false("the sign of the attention gradient", sign=-1)
def closed_form(cell, law, *, sign=1, context):
    """The closed-form gradient against forward duals over the loss, at a drawn point: what all claims of this family rest on."""
    with working_precision(BITS):
        pi, lam = in_balls(law, cell.lam)
        model = MarkovAttention(len(law), cell.width, 1)
        theta = balls([Fraction(int(k), 7) for k in context.rng(cell, law).integers(-6, 7, model.n_params)])
        by_duals = jacobian_of(lambda point: [model.loss(point, pi, lam)])(theta)[0]
        predicted = model.gradient(theta, pi, lam)
        keys = model.n_params - 2 * cell.width
        predicted[keys:] = sign * predicted[keys:]
        return at_most("difference of gradients", apart(by_duals, predicted), _small(), attained=False)


FOCUSING = claim(
    "attention.stage2",
    "Stage II: the condensed point is left by attention alone, at the rate c",
    r"\dot W_Q = c\, \alpha \alpha^T W_K, \quad \dot W_K = c\, \alpha \alpha^T W_Q, \quad"
    r" c = \lambda \operatorname{Cov}_\pi(\gamma, \beta) \operatorname{Var}_\pi(\gamma) > 0",
    clauses={
        "attention": r"\text{at the condensed point } \gamma^T \frac{\partial \mathcal{L}}{\partial \Phi} \gamma"
        r" = -\lambda \operatorname{Cov}_\pi(\gamma, \beta) \operatorname{Var}_\pi(\gamma) = -c",
        "blocks": r"\text{the Hessian there is positive semidefinite (Gauss-Newton) in } (W_0, W_1),"
        r" \; -c\, \alpha \alpha^T \text{ between } W_Q \text{ and } W_K, \text{ and zero elsewhere}",
        "positive": r"c > 0 \text{ iff } \lambda > 0 \text{ and } \pi \text{ is not uniform}",
    },
    symbols=["c", r"\lambda", r"\pi", r"\gamma", r"\beta", r"\alpha", "W_Q", "W_K", "W_0", "W_1", r"\Phi", r"\mathcal{L}"],
    assumptions=[LONG, MOVING, PERSISTENT, UNEVEN, OCCUR],
    source=FOCUS.at("Theorems 3.4, 3.5"),
    depends_on=["attention.stage1"],
    refuted_by="a law whose Hessian has another block, or a rate that is not c",
    notes="So |W_Q| and |W_K| grow like e^(ct) and |W_Q W_K^T| like e^(2ct).",
)


def both(pi, lam, gamma, beta):
    return lam * covariance(pi, gamma, beta) * covariance(pi, gamma, gamma)


@FOCUSING.check(
    "symbolic",
    [2, 4],
    axes(d=(2, 4)),
    cell=lambda d: {"d": d},
    clauses="attention",
    covers="statement",
    scope="free weights, gamma and beta, softmax = pi: with the weights' sum cleared no monomial has over four tokens, so all d",
)
@false("without lambda", rate=lambda pi, lam, gamma, beta: both(pi, 1, gamma, beta))
@false(
    "a variance without weights, equal where pi is uniform",
    rate=lambda pi, lam, gamma, beta: (
        lam * covariance(pi, gamma, beta) * ((gamma * gamma).sum() / len(gamma) - (gamma.sum() / len(gamma)) ** 2)
    ),
)
@false("2c", rate=lambda pi, lam, gamma, beta: 2 * both(pi, lam, gamma, beta))
def by_symbols_too(d, *, rate=both, context):
    """gamma^T dL/dPhi gamma where attention and predictions are pi and M = gamma beta^T."""
    import sympy

    pi, lam = symbolic_law(d)
    gamma, beta = (np.array(sympy.symbols(f"{name}:{d}"), dtype=object) for name in ("g", "b"))
    rows = np.stack([pi] * d)
    by = slopes(pi, lam, np.multiply.outer(gamma, beta), rows, rows)
    return equal(form=(sympy.expand(-rate(pi, lam, gamma, beta)), sympy.expand(gamma @ by.Phi @ gamma)))


@FOCUSING.check(
    "symbolic",
    [2, 3],
    axes(d=(2, 3)),
    cell=lambda d: {"d": d},
    clauses="positive",
    covers="statement",
    scope="free weights; a covariance couples two tokens, so all d; Var(gamma) > 0 unless all gamma agree",
)
@false("each pair twice", times=2)
def by_pairs(d, *, times=1, context):
    """Cov_pi(pi, log pi) = sum over pairs of pi_u pi_v (pi_u - pi_v)(log pi_u - log pi_v): every term is positive where the two differ, as
    the logarithm rises; gamma and beta are positive multiples of pi and log pi up to a constant."""
    import sympy

    pi, _ = symbolic_law(d)
    logs = np.array(sympy.symbols(f"l:{d}"), dtype=object)
    pairs = sum(pi[u] * pi[v] * (pi[u] - pi[v]) * (logs[u] - logs[v]) for v in range(d) for u in range(v))
    return equal(covariance=(sympy.expand(times * pairs), sympy.expand(covariance(pi, pi, logs))))


def predicted_hessian(model, pi, c):
    """Gauss-Newton J^T (diag pi - pi pi^T) J of z = pi^T W0 W1 in (W0, W1), -c alpha alpha^T between WQ and WK, zero elsewhere."""
    ray, size = condensed_ray(pi), model.n_params
    zero = pi[0] * 0
    d, h, k = model.tokens, model.width, model.key
    J = np.full((d, size), zero)
    for q in range(d):
        J[:, q * h] = pi[q] * ray.beta
    for u in range(d):
        J[u, d * h + u] = (pi * ray.gamma).sum()  # row alpha of W1
    spread = np.diag(pi) - np.multiply.outer(pi, pi)
    H = J.T @ spread @ J
    for a in range(k):
        row, column = 2 * d * h + a, 2 * d * h + h * k + a
        H[row, column] = H[column, row] = -c
    return H


@FOCUSING.check("certified", laws, MODELS, clauses="blocks", distribution="published and drawn rational laws, width 1 and 2, one key")
@false("without lambda", rate=lambda pi, lam: focusing_rate(pi, 1 + 0 * lam))
@false("2c", rate=lambda pi, lam: 2 * focusing_rate(pi, lam))
@false("the other sign", rate=lambda pi, lam: -focusing_rate(pi, lam))
def whole_hessian(cell, law, *, rate=focusing_rate, context):
    """All entries of the Hessian, by duals in balls, against the three blocks."""
    with working_precision(BITS):
        pi, lam = in_balls(law, cell.lam)
        model = MarkovAttention(len(law), cell.width, 1)
        found = attention_hessian(model, model.condensed_point(pi), pi, lam)
        return at_most("difference of Hessians", apart(found, predicted_hessian(model, pi, rate(pi, lam))), _small(), attained=False)


@FOCUSING.check("certified", laws, MODELS, clauses="positive", distribution="published and drawn rational laws")
@false("the other sign", sign=-1)
def rates(cell, law, *, sign=1, persist=1, context):
    """c > 0 in balls; for the uniform law, where the ray has length 0, c is 0."""
    with working_precision(BITS):
        pi, lam = in_balls(law, cell.lam)
        c = focusing_rate(pi, lam * persist) if len(set(law)) > 1 else ball(0)
        return worst([order("0 and c", [ball(0), sign * c])], figures=[_pictures.growth()])


FOCUSING.without("persistent", rates, persist=0)
FOCUSING.without("uneven", rates, lambda cell, rng: UNIFORM)
CONDENSING.without("uneven", at_the_origin, lambda cell, rng: UNIFORM, rate=lambda pi: ball(1))
