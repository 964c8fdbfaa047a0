r"""A step of dropout against flows and diffusions: the modified loss of one mask, and the stochastic modified equations."""

from fractions import Fraction

from numerics.arithmetic.exact import rational, rationals
from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.masks import mask_moments
from numerics.dynamics.noise import scalar_descent, scalar_diffusion
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import at_least, at_most, equal, vanishing, worst
from theory.dynamics.dropout import covariance_factors, expected_gradient, expected_loss
from theory.dynamics.modified_equations import RandomLoss, flow_defects

from . import EQUATIONS, IMPLICIT, INDEPENDENT, LAST, SQUARE
from ._draws import arrays, generic, product_of_pulls

SMOOTH = Assumption("smooth", r"R^\xi \text{ has continuous derivatives of the orders that occur}")

MODIFIED = claim(
    "dropout.backward_error",
    "A step of gradient descent on one mask follows the flow of a modified loss, whose mean has one term more",
    r"\dot\theta = -\nabla \big(R^\xi + \tfrac{\eta}{4} |\nabla R^\xi|^2\big) \text{ misses a step by } O(\eta^3);"
    r"\quad \mathbb{E}_\xi \big(R^\xi + \tfrac{\eta}{4} |\nabla R^\xi|^2\big) = R_S + R_1"
    r" + \tfrac{\eta}{4} (|\nabla L|^2 + \operatorname{tr} \Sigma)",
    clauses={
        "step": r"\theta - \eta \nabla R^\xi(\theta) = \Phi_\eta(\theta) + O(\eta^3), \; \Phi_\eta \text{ the time-} \eta"
        r" \text{ flow of } R^\xi + \tfrac{\eta}{4} |\nabla R^\xi|^2",
        "mean": r"\mathbb{E}_\xi |\nabla R^\xi|^2 = |\nabla L|^2 + \operatorname{tr} \Sigma"
        r" = |\nabla L|^2 + v \sum_k |A_k|^2 + v^2 \sum_{j < k} |B_{jk}|^2",
    },
    symbols={
        r"\eta": "learning rate",
        r"R^{\xi}": "loss of the mask xi",
        r"\Phi_\eta": r"the flow of the loss with its addition, over the time \eta",
        "L": "mean loss R_S + R_1",
        r"\Sigma": "covariance of grad R^xi",
        "A_k, B_{jk}": "the factors of dropout.covariance",
    },
    assumptions=[SMOOTH, LAST, SQUARE, INDEPENDENT],
    source=IMPLICIT.at("Equations 5, 6 and Appendix B.2"),
    depends_on=["dropout.expectation", "dropout.covariance"],
    refuted_by="another coefficient of eta^2, or a network with another mean",
    notes="The mean is one of losses, not of paths: the flow of the averaged modified loss misses the mean step by"
    " -(eta^2/4) grad tr Sigma (dropout.sme_order).",
)


@MODIFIED.check(
    "symbolic",
    [()],
    clauses="step",
    covers="statement",
    scope="a generic loss of two parameters: no coefficient couples more directions, so the expansion is that of all P",
)
@false("the other sign", factor=Fraction(-1, 4))
@false("one half", factor=Fraction(1, 2))
@false("the plain flow", factor=Fraction(0))
def expanded(_, *, factor=Fraction(1, 4), context):
    """Coefficients of eta and eta^2 of a step less the flow, as polynomials in free derivatives of the loss."""
    return vanishing("coefficients of eta and eta^2", flow_defects(factor))


STEPS = axes(keep=("1/2", "3/4", "1"), halvings=by_level((4, 8), (3, 4, 6, 8, 12), (3, 4, 6, 8, 12, 16, 24)))


@MODIFIED.check(
    "certified",
    lambda cell, rng: Fraction(int(rng.integers(-8, 9)), 4),
    STEPS,
    clauses="step",
    distribution="f = a, target 1, the mask 1/p; starts k/4, |k| <= 8; eta p^-2 = 2^-halvings",
)
@false("the other sign", factor=Fraction(-1, 4))
@false("one half", factor=Fraction(1, 2))
def one_mask(cell, start, *, factor=Fraction(1, 4), context):
    """R = (xi a - 1)^2/2: with u = eta xi^2 the flow multiplies a - 1/xi by exp(-u - 2 factor u^2), the step by 1 - u; they differ
    by at most u^3/2 for u <= 1/2, by the exponential series."""
    xi = 1 / Fraction(cell.keep)
    u = Fraction(1, 2**cell.halvings)
    distance = Fraction(start) - 1 / xi
    with working_precision(200):  # u^3 is 2^-72 at the smallest step
        missed = abs(ball(distance) * ((-ball(u + 2 * factor * u * u)).exp() - ball(1 - u)))
        return at_most("difference of flow and step", missed, ball(abs(distance) * u**3 / 2), attained=False)


@MODIFIED.check(
    "symbolic",
    [(0, 0), (0, 1)],
    clauses="mean",
    covers="statement",
    scope="four neurons, two samples, free symbols: parameters of their own and, by the product of two pulls, shared ones; all m and n",
)
@false("the noise left out", noise=0)
@false("v^2 replaced by v", pairs=lambda v: v)
def generic_symbols(pair, *, noise=1, pairs=lambda v: v * v, context):
    """E of a product of two pulls: the product of the means and the entry of the covariance."""
    import sympy

    (k, r), v = pair, sympy.Symbol("v")
    s, y, g, _ = generic(4, 2)
    g = g[..., sorted({k, r})]  # the parameters of these two neurons
    mean, (single, double) = expected_gradient(s, y, g, v), covariance_factors(s, y, g, v)
    spread = v * (single[:, 0] @ single[:, -1]) + pairs(v) * (double[:, 0] @ double[:, -1])
    return equal(product=(sympy.expand(mean[0] * mean[-1] + noise * spread), product_of_pulls(k, r)[0]))


ARRAYS = axes(m=(1, 2, 4), n=(1, 3), outputs=(1, 2), keep=("1", "1/2", "1/3", "9/10"), quick=1, full=5)


@MODIFIED.check("exact", arrays, ARRAYS, clauses="mean", distribution="contributions, targets and gradients k/6, |k| <= 12")
@false("the noise left out", noise=0)
@false("pairs of neurons left out", pairs=0)
def every_mask(cell, drawn, *, noise=1, pairs=1, context):
    """The mean of |grad R|^2 over all masks."""
    s, y, g = map(rationals, drawn)
    p = Fraction(cell.keep)
    v, found = rational((1 - p) / p), mask_moments(s, y, g, p)
    size = lambda rows: (rows * rows).sum()
    single, double = covariance_factors(s, y, g, v)
    predicted = size(expected_gradient(s, y, g, v)) + noise * (v * size(single) + pairs * v * v * size(double))
    observed = size(found.gradient) + sum(found.covariance.diagonal())
    return equal(mean_square=(predicted, observed), mean_loss=(expected_loss(s, y, v), found.loss))


WEAK = claim(
    "dropout.sme_order",
    "Stochastic modified equations of dropout, of weak orders one and two",
    r"d\Theta = -\nabla L\, dt + \sqrt{\eta}\, \Sigma^{1/2} dW \text{ has weak order } 1, \quad"
    r" d\Theta = -\nabla \big(L + \tfrac{\eta}{4} |\nabla L|^2\big) dt + \sqrt{\eta}\, \Sigma^{1/2} dW \text{ weak order } 2",
    clauses={
        "first": r"\mathbb{E} \varphi(\theta - \eta \nabla R^\xi) - \mathbb{E} \varphi(\Theta_\eta) = O(\eta^2) \text{ for the first}",
        "second": r"\mathbb{E} \varphi(\theta - \eta \nabla R^\xi) - \mathbb{E} \varphi(\Theta_\eta) = O(\eta^3) \text{ for the second}",
    },
    symbols=[r"\eta", "L", r"\Sigma", r"R^{\xi}"],
    assumptions=[SMOOTH, Assumption("noise", r"\text{the diffusion has the covariance } \eta \Sigma"), LAST, SQUARE, INDEPENDENT],
    source=EQUATIONS.at("the theorem on orders 1 and 2, given informally"),
    refuted_by="an observable whose coefficient of eta (or eta^2) differs",
    notes="With Milstein's theorem the local orders give the global ones, for losses with bounded derivatives.",
)


def squared_mean(model):
    return model.squared_gradient(model.mean_loss)


def none(model):
    return model.ring(0)


@WEAK.check(
    "symbolic",
    ["first", "second"],
    clauses=("first", "second"),
    covers="statement",
    scope="a generic observable, a gradient of two values with generic losses of two parameters: orders up to two see the law"
    " through its mean and covariance alone and couple two directions at most",
)
@false("the drift with E |grad R|^2", correction=lambda model: model.mean(model.squared_gradient))
@false("twice the correction", correction=lambda model: 2 * squared_mean(model))
@false("the drift uncorrected", correction=none)
def by_orders(order, *, correction=squared_mean, noise=1, context):
    """Coefficients of E phi after a step less those of the diffusion, by its generator."""
    model = RandomLoss()
    count, term = (2, none(model)) if order == "first" else (3, correction(model))
    return vanishing(f"coefficients below eta^{count}", model.defects(term, noise=noise * model.noise)[:count])


WEAK.without("noise", by_orders, ["second"], noise=0)


@WEAK.check(
    "symbolic",
    [()],
    clauses="second",
    scope="the same generic losses; ours: what E |grad R|^2 in the drift misses",
)
@false("the other sign", factor=Fraction(-1, 4))
@false("one half", factor=Fraction(1, 2))
def missed_by_the_other_drift(_, *, factor=Fraction(1, 4), context):
    """The eta^2 coefficient that E |grad R|^2 misses is (1/4) grad tr Sigma . grad phi, not zero."""
    model = RandomLoss()
    trace = model.noise[0, 0] + model.noise[1, 1]
    along = (model.gradient(trace) * model.gradient(model.test_function)).sum()
    found = model.defects(model.mean(model.squared_gradient))[2]
    return equal(coefficient=(model.at_origin(model.scaled(factor, along)), found))


ORDERS = axes(order=(1, 2), moment=(1, 2), keep=("1/2", "4/5"), quick=1)
CORRECTIONS = {1: "none", 2: "mean"}


@WEAK.check(
    "certified",
    lambda cell, rng: Fraction(int(rng.integers(1, 4)), 3),
    ORDERS,
    clauses=("first", "second"),
    distribution="a_0 = 1/3, 2/3, 1",
)
@false("the drift with E |grad R|^2", corrections={1: "none", 2: "square"})
@false("one order more", more=1)
def one_neuron(cell, start, *, corrections=CORRECTIONS, more=0, context):
    """f = a, target 1: moments after 1/eta steps, exact, against those of the diffusion in balls, at three step sizes. The ratio of
    errors comes to 2^order within a tenth."""
    keep = Fraction(cell.keep)
    sizes = [Fraction(1, 2**k) for k in context.by_level(quick=(6, 7), standard=(6, 7, 8), full=(6, 7, 8, 9))]
    found = []
    for step in sizes:
        exact = scalar_descent(keep, step, int(1 / step), start)[cell.moment - 1]
        diffusion = scalar_diffusion(keep, step, Fraction(1), corrections[cell.order], start)[cell.moment - 1]
        found.append(abs(diffusion - rational(exact)))
    ratios = [first / second for first, second in zip(found, found[1:], strict=False)]
    wanted = 2 ** (cell.order + more)
    return worst(
        judge("ratio of errors", ratio, wanted * (10 + side) / 10, attained=False)
        for ratio in ratios
        for judge, side in ((at_least, -1), (at_most, 1))
    )
