r"""Multiplicity two and more: the leading system blows up in finite time, and the neuron that is first leaves the others behind."""

from functools import lru_cache

import numpy as np

from numerics.train import GradientFlow, train
from proofs_check import Assumption, Figure, by_level, claim, false
from proofs_check.judging import equal, worst
from theory.dynamics.condensation import augmented
from theory.models import TwoLayer

from . import FLOW, INITIAL, SMALL
from ._draws import power_tanh

HIGH = Assumption("multiplicity", r"p \ge 2")

WINNER = claim(
    "condensation.winner",
    "For p >= 2 one neuron escapes first",
    r"w' = \kappa a \nabla V(w),\ a' = \kappa V(w):\quad (a, w)_{\varepsilon}(t) = \varepsilon\, (a, w)_1(\varepsilon^{p-1} t)",
    clauses={
        "scaling": r"\varepsilon\,(a, w)(\varepsilon^{p-1} t) \text{ solves the leading system if } (a, w)(t) \text{ does}",
        "conserved": r"p\, a^2 - |w|^2 \text{ is constant}",
        "blow-up": r"w = \sqrt p a u,\ a > 0,\ \nabla V(u) = p V(u) u,\ \lambda = \kappa V(u) > 0:\ a^{1-p} \text{ falls to } 0 "
        r"\text{ at the rate } (p-1) p^{p/2} \lambda",
        "one": r"\text{trained by gradient flow a single weight has more than } 0.3 \text{ of the largest norm as the loss begins to fall}",
    },
    symbols=["p", "\\kappa", "a_j", "w_j", "V", "u", "\\varepsilon"],
    assumptions=[HIGH, SMALL, FLOW],
    kind="extension",
    source=INITIAL.at("the weight maps of the experiments keep large weights only; derived here"),
    refuted_by="networks of multiplicity two or more in which several neurons grow together",
    notes="Statistics of directions must be weighed by norm for p >= 2: the bulk of the neurons has hardly moved. "
    "The blow-up needs a > 0: for p = 2 and a < 0 one has a' = 2 lambda a^2 > 0, and 1/a goes to minus infinity; such a neuron shrinks.",
)  # fmt: skip


@WINNER.check(
    "symbolic",
    ["a neuron"],
    clauses=("scaling", "conserved", "blow-up"),
    covers="statement",
    scope="all p >= 2 and all forms V of degree p, by Euler's identity u . grad V = p V and grad V of degree p - 1",
)
@false("time scale epsilon^-p", power=lambda p: p)
@false("a^2 - |w|^2 conserved", weight=lambda p: 1)
@false("the logarithm of a falls", exponent=lambda p: p)
def homogeneous(_, *, power=lambda p: p - 1, weight=lambda p: p, exponent=lambda p: p - 1, context):
    """Symbols: V and its gradient scale by epsilon^p and epsilon^(p-1); the derivatives of p a^2 - |w|^2 and of a^(1-p)."""
    import sympy

    a, V, kappa, epsilon, p, rate = sympy.symbols("a V kappa epsilon p lambda", positive=True)
    # a_eps'(t) = epsilon epsilon^power kappa V(w_1), to equal kappa V(epsilon w_1) = kappa epsilon^p V(w_1); likewise for w
    outputs = sympy.powsimp(epsilon * epsilon ** power(p) / epsilon**p)
    inputs = sympy.powsimp(epsilon * epsilon ** power(p) / (epsilon * epsilon ** (p - 1)))
    conserved = sympy.expand(weight(p) * 2 * a * kappa * V - 2 * kappa * a * p * V)  # w . w' = kappa a p V by Euler
    speed = rate * (sympy.sqrt(p) * a) ** p  # a' = kappa V(sqrt(p) a u)
    falls = sympy.simplify(sympy.diff(a ** (-exponent(p)), a) * speed / ((p - 1) * p ** (p / 2) * rate))
    return equal(outputs=(1, outputs), inputs=(1, inputs), conserved=(0, conserved), rate=(-1, sympy.powsimp(falls, force=True)))


X = np.linspace(-1, 1.5, 40)
Y = np.sin(3 * X) + np.sin(6 * X) / 2
SEEDS = by_level(40, 40, 100)


@WINNER.check(
    "training",
    [2, 3, 4],
    clauses="one",
    scope="40 points of sin 3x + sin(6x)/2 on [-1, 1.5], m = 30, weights of N(0, 10^-8), of N(0, 10^-6) for p >= 3, until the loss has "
    "fallen by half a percent",
    level="standard",
    alpha=1e-5,
)
@false("two of them", wanted=2)
@false("a third of the neurons", wanted=10)
def one_large_neuron(p, *, wanted=1, context):
    """The number of weights above 0.3 of the largest norm, seed by seed."""
    lengths, done = norms(context, p)
    large = (lengths[done] > 0.3).sum(axis=1)
    what = f"p = {p}: {wanted} large neuron{'s' * (wanted > 1)}"
    hits, open_ones = int((large == wanted).sum()), int((~done).sum())
    rate = context.rate(hits, len(done), what=what, at_least=0.9, margin=0.4, parts=4, undecided=open_ones)
    return worst([rate], figures=[sorted_norms(context)]) if p == 4 else rate


@lru_cache(maxsize=4)
def norms(context, p):
    """|w_j| over the largest, of every seed (seeds, m), and which of them got there."""
    model, x = TwoLayer(2, 30, activation=power_tanh(p)), augmented(X[:, None])
    scale = 1e-3 if p > 2 else 1e-4
    starts = np.array([model.init(context.rng((p, seed)), scale=scale) for seed in range(SEEDS.at(context.level))])
    halves, stop, flow = np.full(len(X), 0.5 / len(X)), 0.4975 * float((Y**2).mean()), GradientFlow(rtol=1e-6)
    trained = train(model, starts, (x, Y[:, None]), method=flow, steps=1000, stop=stop, check_every=1, weights=halves)
    lengths = np.linalg.norm(model.unpack(trained.theta)["input_weights"], axis=2)
    return lengths / lengths.max(axis=1, keepdims=True), trained.converged


def sorted_norms(context):
    falling = lambda p: np.sort(norms(context, p)[0][0])[::-1].tolist()
    return Figure(
        "lines",
        "Norms of the weights as the loss begins to fall, largest first",
        "For p = 1 the norms fall slowly from neuron to neuron; for p = 2, 3 and 4 the second is far below the first",
        {"series": [{"label": f"p = {p}", "x": list(range(1, 31)), "y": falling(p)} for p in (1, 2, 3, 4)]},
        x_label="neuron, by norm",
        y_label="norm over the largest",
        log_y=True,
    )


WINNER.without("multiplicity", one_large_neuron, [1])
