r"""Parallel neurons: merged into one exactly where the activation allows it, with a bound where they are nearly parallel."""

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, axes, claim, false, nothing
from proofs_check.adequacy.condensation import parallel_neurons
from proofs_check.judging import bounded, equal
from theory.activations import activation
from theory.embedding import merging_error
from theory.embedding.merging import unchecked_merge
from theory.embedding.parallel import outgoing_factor
from theory.embedding.wiring import wiring
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

from . import REDUCTION
from ._draws import fractions, not_zero

POSITIVE = Assumption("positive factor", r"l_j > 0")
LIPSCHITZ = Assumption("slope at most one", r"|\sigma(y) - \sigma(z)| \le |y - z|")

MERGE = claim(
    "reduce.merge",
    "Parallel neurons merge into one",
    r"\sum_j a_j \sigma(l_j u \cdot x) = \Big(\sum_j a_j l_j\Big) \sigma(u \cdot x) \quad (\text{ReLU},\ l_j > 0)",
    clauses={
        "homogeneous": r"\text{ReLU, leaky ReLU: } \sigma(l z) = l\, \sigma(z),\ l > 0 \text{; so neurons } l_j u "
        r"\text{ merge, in any layer and in CNNs}",
        "symmetric": r"\text{odd and even } \sigma: l_j = -1 \text{ with weight } \mp a_j",
        "tanh": r"\tanh(l z) = c \tanh z \text{ for all } z \text{ only if } l = c \in \{0, 1, -1\}",
        "bound": r"\big|\textstyle\sum_j a_j \sigma(w_j \cdot x) - \sum_j a_j \sigma(|w_j|\, u \cdot x)\big| \le "
        r"\textstyle\sum_j |a_j| |w_j| |x| \sqrt{2 - 2\cos(w_j, u)},\ w_j \neq 0",
    },
    symbols=["a_j", "w_j", "l_j", "u", "x_i", "\\sigma"],
    notes="The bound compares with parallel neurons |w_j| u, which are one neuron for ReLU; for tanh a single neuron of weight "
    "sum_j a_j |w_j| is another function: w = 2u, a = 1, u . x = 1 gives |tanh 2 - 2 tanh 1| > 0.55 where the bound is 0.",
    assumptions=[POSITIVE, LIPSCHITZ],
    source=REDUCTION.at("the reduction by condensation; exact conditions and bound derived here"),
    refuted_by="parallel neurons whose merger changes an output, or changes it by more than the bound",
)

MODELS = {
    "two layers": lambda sigma: TwoLayer(2, 3, activation=sigma, bias=True),
    "two outputs": lambda sigma: TwoLayer(2, 3, outputs=2, activation=sigma),
    "deep, first layer": lambda sigma: FullyConnected((2, 3, 2, 1), activation=sigma),
    "deep, second layer": lambda sigma: FullyConnected((2, 2, 3, 1), activation=sigma),
    "CNN": lambda sigma: TwoLayerCNN(4, 2, 3, activation=sigma, bias=True),
}


def parallel(cell, rng, ratio):
    """Rational parameters whose last neuron of a layer has ``ratio`` times the incoming weights of its first, and inputs."""
    model, layer = MODELS[cell.model](cell.sigma), 2 if "second" in cell.model else 1
    theta = not_zero(rng, model.n_params)
    places = wiring(model, layer).incoming
    theta[places[-1]] = theta[places[0]] * ratio
    return model, layer, theta, fractions(rng, 8, model.input_size), ratio


def merged(model, layer, theta, ratio, factor):
    """The narrower model and its parameters after the last neuron of the layer was merged into its first."""
    places, theta = wiring(model, layer), theta.copy()
    last = len(places.incoming) - 1
    theta[places.outgoing[last]] = theta[places.outgoing[last]] * factor(model.activation, ratio)
    return unchecked_merge(model, theta, layer, (0, last))


def outputs_agree(drawn, factor):
    model, layer, theta, x, ratio = drawn
    narrow, after = merged(model, layer, theta, ratio, factor)
    widths = [wiring(one, layer).width for one in (model, narrow)]
    return equal(outputs=(narrow(after, x), model(theta, x)), neurons=(widths[0] - 1, widths[1]))


PIECEWISE = axes(sigma=("relu", "leaky"), model=tuple(MODELS), factor=("small", "one", "large"), quick=1, standard=4, full=20)


def positive(cell, rng):
    """A factor l > 0: 1, or from 3/2 to about 1000, evenly by its logarithm, or the inverse of such a number."""
    large = Fraction(round(4 * 1.5 * 650 ** rng.random()), 4)
    return {"small": 1 / large, "one": Fraction(1), "large": large}[cell.factor]


@MERGE.check("exact", lambda cell, rng: parallel(cell, rng, positive(cell, rng)), PIECEWISE, clauses="homogeneous")
@false("weights added without their factors (s)", factor=lambda sigma, ratio: 1)
@false("without them from l = 3 on", factor=lambda sigma, ratio: ratio if ratio < 3 else 1)
@false("factors inverted (s)", factor=lambda sigma, ratio: 1 / ratio)
def homogeneous(cell, drawn, *, factor=outgoing_factor, context):
    """Outputs of the network and of the merged one at eight inputs, exactly."""
    return outputs_agree(drawn, factor)


def opposite(cell, rng):
    return parallel(cell, rng, -positive(cell, rng))


MERGE.without("positive factor", homogeneous, opposite, factor=lambda sigma, ratio: ratio)


@MERGE.check(
    "symbolic",
    nothing,
    axes(side=(1, -1)),
    clauses="homogeneous",
    covers="statement",
    scope="all l > 0 and z of either sign; a neuron reaches the next layer through a_j sigma(l_j (u . x + b)) alone, whatever is below",
)
@false("without the factor", factor=lambda l: 1)
@false("its square", factor=lambda l: l**2)
def one_neuron(cell, _, *, factor=lambda l: l, context):
    """sigma(l z) and l sigma(z) for the slopes 1 of positive z and any slope s of negative z: 0 of ReLU, 1/2 of leaky ReLU."""
    import sympy

    l, size, s = sympy.symbols("l size s", positive=True)
    sigma = lambda z: z if z.is_positive else s * z
    z = cell.side * size
    return equal(value=(sympy.expand(factor(l) * sigma(z)), sympy.expand(sigma(l * z))))


@MERGE.check(
    "exact",
    lambda cell, rng: parallel(cell, rng, Fraction(-1)),
    axes(
        sigma=("ratsig", "power:3", "lorentz", "power:2"),
        model=("two layers", "deep, second layer", "CNN"),
        quick=2,
        standard=10,
        full=50,
    ),
    clauses="symmetric",
)
@false("always odd (s)", factor=lambda sigma, ratio: -1)
@false("always even (s)", factor=lambda sigma, ratio: 1)
def symmetric(cell, drawn, *, factor=outgoing_factor, context):
    """The same for opposite neurons under odd and even rational activations."""
    return outputs_agree(drawn, factor)


@MERGE.check(
    "symbolic", ["series of tanh"], clauses="tanh", covers="statement", scope="all real l and c, by the coefficients of z, z^3 and z^5"
)
@false("linear part alone", orders=(1,))
@false("also l = 2", solutions=(-2, -1, 0, 1, 2))
def tanh_alone(_, *, orders=(1, 3, 5), solutions=(-1, 0, 1), context):
    """Real l for which the coefficients of tanh(l z) and c tanh z agree, with c = l from the first one."""
    import sympy

    l = sympy.Symbol("l", real=True)
    coefficients = [
        sympy.series(sympy.tanh(sympy.Symbol("z")), sympy.Symbol("z"), 0, 7).removeO().coeff(sympy.Symbol("z"), k) for k in orders
    ]
    equations = [sympy.factor(c * (l**k - l)) for c, k in zip(coefficients, orders, strict=True)]
    common = sympy.gcd_list([equation for equation in equations if equation != 0] or [sympy.Integer(0)])
    roots = sorted(sympy.real_roots(common)) if common.has(l) else ["all"]
    return equal(solutions=(list(solutions), roots))


@MERGE.check(
    "symbolic",
    ["one neuron"],
    clauses="bound",
    covers="statement",
    scope="all d, m and x: |sigma(w . x) - sigma(|w| u . x)| <= |w - |w| u| |x| by the slope and Cauchy and Schwarz; |w| = r, w . u = r c",
)
@false("2 - 2 cos^2", square=lambda r, c: r**2 * (2 - 2 * c**2))
def distance(_, *, square=lambda r, c: r**2 * (2 - 2 * c), context):
    """|w - |w| u|^2 expanded."""
    import sympy

    r, c = sympy.symbols("r c", real=True)
    return equal(square=(sympy.expand(square(r, c)), sympy.expand(r**2 - 2 * r * (r * c) + r**2)))


ERRORS = axes(
    sigma=("relu", "leaky", "tanh", "sin", "softplus"),
    spread=(0.0, 1e-6, 0.1, 2.0),
    place=("anywhere", "where it is largest"),
    where=lambda sigma, spread, place: place == "anywhere" or sigma in ("tanh", "sin") and spread >= 0.1,
    quick=5,
    standard=40,
    full=400,
)


def nearly_parallel(cell, rng):
    """Weights |w_j| u turned by ``spread``, output weights, a unit vector, inputs; or l_j w, a_j > 0 and small inputs along w/|w| - u."""
    u = rng.normal(size=3)
    u /= np.linalg.norm(u)
    w = rng.exponential(size=(4, 1)) * u + cell.spread * rng.normal(size=(4, 3))
    if cell.place == "anywhere":
        return w, rng.normal(size=4), u, 3 * rng.normal(size=(6, 3))
    # of slope 1 at 0, where every term is as large as Cauchy and Schwarz allow and all have one sign; the large ones together
    w, a = w[:1] * np.sort(rng.exponential(size=(4, 1)), axis=0), np.sort(rng.exponential(size=4))
    return w, a, u, 1e-3 * rng.normal(size=(6, 1)) / max(1, np.abs(w).max()) * (w[:1] / np.linalg.norm(w[0]) - u)


@MERGE.check("property", nearly_parallel, ERRORS, clauses="bound", tolerance="64 roundings of each term, eps sum |a_j| (1 + |w_j| |x|)")
@false(
    "2 - 2 cos in place of its root (s)",
    bound=lambda a, w, u, x: np.linalg.norm(x, axis=1) * (np.abs(a) * lengths(w) * distances(w, u) ** 2).sum(),
)
@false("0.99 of the bound", bound=lambda a, w, u, x: 0.99 * merging_error(a, w, u, x))
@false("the mean of the |a_j| in place of each", bound=lambda a, w, u, x: merging_error(0 * a + np.abs(a).mean(), w, u, x))
@false("without |x|", bound=lambda a, w, u, x: merging_error(a, w, u, x / np.linalg.norm(x, axis=1, keepdims=True)))
def error(cell, drawn, *, bound=merging_error, slope=1, context):
    """The change of the output of slope sigma at six inputs against the bound."""
    w, a, u, x = drawn
    sigma = activation(cell.sigma)
    difference = slope * (sigma(x @ w.T) @ a - sigma(np.outer(x @ u, lengths(w))) @ a)
    rounding = 64 * np.finfo(float).eps * (np.abs(a) * (1 + np.outer(np.linalg.norm(x, axis=1), lengths(w)))).sum(axis=1)
    return bounded("change of the output", difference, bound(a, w, u, x) + rounding)


def lengths(w):
    return np.linalg.norm(w, axis=1)


def distances(w, u):
    return np.linalg.norm(w / lengths(w)[:, None] - u, axis=1)


MERGE.without("slope at most one", error, slope=10)

SEEN = "a layer of parallel neurons as the layer above sees it"
MERGE.formal(
    "condensation/merging.v",
    "reduce_merge",
    false="weights added without their factors",
    adequate=parallel_neurons,
    clauses="homogeneous",
    part=SEEN,
)
MERGE.formal(
    "condensation/merging.v",
    "reduce_merge_symmetric",
    false="an odd activation taken for an even one",
    adequate=parallel_neurons,
    clauses="symmetric",
    part=SEEN,
)
