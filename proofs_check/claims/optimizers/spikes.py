r"""Loss spikes whose cause is the optimizer, or the landscape: a quadratic under Adam, and a valley that gets sharper as it descends."""

from functools import cache
from itertools import islice

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.crossing import crossing_time
from numerics.dynamics.iterates import adam, at_rest, iterate
from proofs_check import Assumption, Figure, axes, claim, false
from proofs_check.judging import at_least, at_most, equal, vanishing, worst
from theory.dynamics.quadratic import eps_for_all_steps, sufficient_eps
from theory.dynamics.sharpening import Sharpening

from . import PRECONDITIONERS, SPIKES
from ._pictures import down_the_valley

SPIKE = claim(
    "adam.quadratic_spike",
    "Adam spikes on a quadratic of constant curvature",
    r"L = x^2/2,\ x_0 = 1:"
    r"\quad \frac{1-\beta_1}{(1+\beta_1)(1-\beta_1^t)\sqrt{\hat v_t}} \text{ exceeds } 2/\eta"
    r" \text{ for the first time at } t = 2862, 1007, 378,"
    r"\ \text{ and } |x| \text{ grows; } \varepsilon \ge \frac{\eta\lambda}{2(1+\beta_1)} \text{ forbids it}",
    clauses={
        "crossing": r"t = 2862\ (.9, .99, 10^{-3}),\ 1007\ (0, .99, 10^{-2}),\ 378\ (.9, .95, 10^{-2}),\ 13255\ (.9, .999, 10^{-2})",
        "spike": r"\text{within } 80 \text{ steps of the crossing } |x| \text{ grows more than twentyfold;"
        r" gradient descent with the same } \eta \text{ is monotone}",
        "eps": r"\varepsilon \ge \frac{\eta\lambda}{2} \frac{1-\beta_1}{(1+\beta_1)(1-\beta_1^t)}"
        r" \Rightarrow \frac{1-\beta_1}{(1+\beta_1)(1-\beta_1^t)} \frac{\lambda}{\sqrt{\hat v_t} + \varepsilon} \le \frac2\eta;"
        r"\ \varepsilon \ge \frac{\eta\lambda}{2(1+\beta_1)} \text{ is enough for all } t \ge 1",
    },
    symbols=["L", r"\beta_1", r"\beta_2", r"\eta", "v_t", r"\lambda", r"\varepsilon"],
    assumptions=[Assumption("bias correction", r"\hat m = m/(1-\beta_1^t),\ \hat v = v/(1-\beta_2^t),\ m_0 = v_0 = 0")],
    source=PRECONDITIONERS.at("one-dimensional quadratic (the steps are ours)"),
    depends_on=["adam.frozen_threshold"],
    refuted_by="Another step of the crossing, or a run without a spike after it.",
    notes="For k = 2 no ratio x'/x below 1 is kept: v falls like beta_2^t at most, so that 1/sqrt(v) grows until the step is unstable."
    " eta lambda (1 - beta_1)/(2 (1 + beta_1)) forbids it in the limit only: (.9, .95), eta = 5, eps = .131579 is beyond 2/eta at t = 1.",
)
CROSSINGS = {("0.9", "0.99", "0.001"): 2862, ("0", "0.99", "0.01"): 1007, ("0.9", "0.95", "0.01"): 378}
SLOW = {("0.9", "0.999", "0.01"): 13255}
crossing = cache(crossing_time)


@SPIKE.check("certified", lambda cell, rng: cell.run, axes(run=tuple(CROSSINGS)), clauses="crossing")
@false("one step earlier", steps=lambda run: CROSSINGS[run] - 1)
@false("counted from 0", steps=lambda run: CROSSINGS[run] + 1)
def crossings(cell, run, *, steps=CROSSINGS.get, correction=True, context):
    """Every comparison with 2/eta in balls of 2000 bits."""
    return equal(step=(steps(run), crossing(*run, correction=correction)))


@SPIKE.check("certified", lambda cell, rng: cell.run, axes(run=tuple(SLOW)), clauses="crossing", level="full", timeout=600.0)
@false("one step earlier", steps=lambda run: SLOW[run] - 1)
def slow_crossing(cell, run, *, steps=SLOW.get, context):
    """The same in balls of 20,000 bits."""
    return equal(step=(steps(run), crossing(*run, bits=20_000)))


SPIKE.without("bias correction", crossings, correction=False)


@cache
def sizes(run, bits=2000, after=80):
    """|x| at the crossing and at the ``after`` steps that follow, in balls."""
    step = crossing(*run) or 0  # 0 only where there is none, and then nothing grows
    with working_precision(bits):
        beta1, beta2, eta = map(ball, run)
        orbit = iterate(adam(eta, beta1, beta2, bias_correction=True), lambda x: x, at_rest(ball(1)))
        return [abs(state.point) for state in islice(orbit, step, step + after + 1)]


@SPIKE.check("certified", lambda cell, rng: cell.run, axes(run=tuple(CROSSINGS)), clauses="spike")
@false("gradient descent spikes too", factor=lambda run: 1 / (1 - ball(run[2])))
@false("a thousandfold within 80 steps everywhere", growth=10**12)
def grows(cell, run, *, growth=20, factor=lambda run: 1 - ball(run[2]), context):
    """The largest |x| of the next 80 steps over that at the crossing; gradient descent multiplies x by 1 - eta."""
    found = sizes(run)
    with working_precision(2000):
        largest = found[0]
        for size in found[1:]:
            largest = size if size > largest else largest
    with working_precision(64):
        return worst(
            [
                at_least("growth of |x|", largest / found[0], growth, attained=False),
                at_most("factor of gradient descent", factor(run), ball(1), attained=False),
            ],
            figures=[picture(run)],
        )


def picture(run):
    """The loss and the effective curvature over 2/eta in floats, from the start to past the spike."""
    beta1, beta2, eta = map(float, run)
    x, m, v, losses, ratios = 1.0, 0.0, 0.0, [], []
    for t in range(1, CROSSINGS[run] + 400):
        m, v = beta1 * m + (1 - beta1) * x, beta2 * v + (1 - beta2) * x * x
        root = np.sqrt(v / (1 - beta2**t))
        ratios.append(eta / 2 * (1 - beta1) / ((1 + beta1) * (1 - beta1**t) * root))
        x -= eta * m / (1 - beta1**t) / root
        losses.append(x * x / 2)
    every = slice(None, None, max(1, len(losses) // 800))
    steps = list(range(1, len(losses) + 1))[every]
    return Figure(
        kind="lines",
        title=f"Adam on x^2/2, beta1 = {run[0]}, beta2 = {run[1]}, eta = {run[2]}",
        alt="The loss falls over many powers of ten until the curvature passes 1, then it rises sharply.",
        x_label="step",
        y_label="value",
        log_y=True,
        data={
            "series": [
                {"label": "loss", "x": steps, "y": losses[every]},
                {"label": "effective curvature over 2/eta", "x": steps, "y": ratios[every]},
            ]
        },
        marks=[{"label": "crossing, proved", "x": CROSSINGS[run]}],
    )


@SPIKE.check(
    "symbolic", [None], clauses="eps", covers="statement", scope="every beta1, eta, lambda, t and v >= 0: 1/(sqrt(v) + eps) <= 1/eps"
)
@false("half of it", least=lambda b, eta, curvature, X: sufficient_eps(b, eta, curvature) / (1 - X) / 2)
@false("(1+b)/(1-b)", least=lambda b, eta, curvature, X: eta * curvature * (1 + b) / (2 * (1 - b) * (1 - X)))
@false("without the bias correction", least=lambda b, eta, curvature, X: sufficient_eps(b, eta, curvature))
@false("(1-b) left in for all t", always=lambda b, eta, curvature: sufficient_eps(b, eta, curvature))
def eps(_, *, least=lambda b, eta, curvature, X: sufficient_eps(b, eta, curvature) / (1 - X), always=eps_for_all_steps, context):
    """With X = beta1^t: the curvature at v = 0 is 2/eta exactly, its slope in s = sqrt(v) is negative; for all t the room left is
    (2/eta) (b - X)/(1 - X), and X <= b."""
    import sympy as sp

    b, eta, curvature, s, X = sp.symbols("beta1 eta lambda s X", positive=True)
    seen = lambda small, s: (1 - b) / ((1 + b) * (1 - X)) * curvature / (s + small)
    small = least(b, eta, curvature, X)
    slope = sp.diff(seen(small, s), s) + seen(small, s) / (s + small)
    room = 2 / eta - seen(always(b, eta, curvature), 0) - 2 / eta * (b - X) / (1 - X)
    return vanishing("differences", [sp.cancel(seen(small, 0) - 2 / eta), sp.cancel(slope), sp.cancel(room)])


LLAS = claim(
    "spike.llas",
    "The lower the loss the sharper: a valley that leads gradient descent beyond 2/eta",
    r"L = \tfrac12 (a + b y) x^2 + \tfrac c2 (y - y^*)^2,\ b > 0:\quad \text{from } y_0 < y^*,\ \eta c < 1 \text{ down the valley}"
    r"\ \lambda = a + b y \text{ grows; for } a = b = 1,\ c = .02,\ y^* = 4 \text{ from } (10^{-3}, 0) \text{ the loss spikes with}"
    r"\ \eta = .5,\ \lambda(y^*) > 2/\eta, \text{ and not in 2000 steps with } \eta = .39,\ \lambda(y^*) < 2/\eta",
    clauses={
        "sharper": r"x = 0,\ y_0 < y^*,\ \eta c < 1:\ L \text{ falls and } \lambda \text{ grows at every step}",
        "factor": r"x_{t+1} = (1 - \eta\lambda(y_t)) x_t",
        "spikes": r"a = b = 1,\ c = .02,\ y^* = 4,\ (x_0, y_0) = (10^{-3}, 0):"
        r"\ \eta = .5:\ \text{first rise of the loss at } t = 552;"
        r"\ \eta = .39: \text{ none in 2000 steps}",
    },
    symbols={
        "L": "the loss of x and y",
        r"\lambda": "a + b y, the curvature across the valley",
        r"\eta": "learning rate",
        "y^*": "the lowest point of the valley",
        "a": "positive",
        "b": "positive",
        "c": "positive",
    },
    assumptions=[
        Assumption("sharper downwards", "b > 0"),
        Assumption("off the valley's floor", r"x_t \ne 0"),
        Assumption("from below", "y_0 < y^*"),
        Assumption("slow valley", r"\eta c < 1"),
    ],
    source=SPIKES.at("lower-loss-as-sharper; the toy is ours"),
    depends_on=["spike.gd_threshold"],
    refuted_by="A run on the wrong side of 2/eta.",
    notes="For other starts lambda(y*) alone decides nothing: a = b = 1, c = .02, eta = .5, y* = 1, (x_0, y_0) = (1e-3, 10) rises at t = 3"
    " though lambda(y*) = 2 < 4, and c = 5, y* = 1/2, y_0 = 0 at t = 1."
    " With 1 - eta lambda(y_t) = 0 at some step x is 0 from then on, and there is no spike whatever lambda(y*) is.",
)


@LLAS.check(
    "symbolic",
    [None],
    clauses=("sharper", "factor"),
    covers="statement",
    scope="every a, b, c, y*: changes on the floor, and the factor of x",
)
@false("b < 0", sign=-1)
@false("1 - eta lambda/2", factor=lambda h: 1 - h / 2)
def valley(_, *, sign=1, factor=lambda h: 1 - h, context):
    """With e = y* - y > 0: lambda gains eta b c e, the loss loses c e^2 (1 - (1 - eta c)^2)/2, x is multiplied by 1 - eta lambda."""
    import sympy as sp

    a, b, c, target, eta, e, x = sp.symbols("a b c t eta e x", positive=True)
    toy, y = Sharpening(a, sign * b, c, target), target - e
    moved = y - eta * toy.gradient(0, y)[1]
    differences = [
        toy.sharpness(moved) - toy.sharpness(y) - eta * b * c * e,
        toy.loss(0, y) - toy.loss(0, moved) - c * e**2 * (1 - (1 - eta * c) ** 2) / 2,
        x - eta * toy.gradient(x, y)[0] - factor(eta * toy.sharpness(y)) * x,
    ]
    return vanishing("differences", [sp.expand(d) for d in differences])


RATES = {"0.5": 552, "0.39": None}
STEPS = 2000


def follow(rate, start=("0.001", "0"), slope="1", c="0.02", target="4", steps=STEPS, bits=300):
    """The first step at which the loss is larger than before (None: at none), every comparison in balls.

    The step is taken as x' = (1 - eta lambda) x and e' = (1 - eta c) e - eta b x^2/2, e = y - y*, where balls stay narrow.
    """
    with working_precision(bits):
        toy, eta = Sharpening(ball(1), ball(slope), ball(c), ball(target)), ball(rate)
        x, e = ball(start[0]), ball(start[1]) - toy.target
        loss = toy.loss(x, toy.target + e)
        for t in range(1, steps + 1):
            x, e = (1 - eta * toy.sharpness(toy.target + e)) * x, (1 - eta * toy.c) * e - eta * toy.b * x * x / 2
            after = toy.loss(x, toy.target + e)
            if after > loss:
                return t
            if not after <= loss:
                raise ArithmeticError(f"the losses after {t - 1} and {t} steps are not told apart in {bits} bits")
            loss = after
    return None


first_rise = cache(follow)


@LLAS.check(
    "certified",
    lambda cell, rng: cell.rate,
    axes(rate=tuple(RATES)),
    clauses="spikes",
    covers="statement",
    because="the two runs are all that it names",
)
@false("spikes where lambda(y*) < 2/eta", first=lambda rate: 552)
@false("one step earlier", first=lambda rate: RATES[rate] and RATES[rate] - 1)
def rises(cell, rate, *, first=RATES.get, start=("0.001", "0"), slope="1", c="0.02", context):
    """Gradient descent in balls of 300 bits, loss against loss."""
    found = first_rise(rate, start=start, slope=slope, c=c)
    return worst([equal(first_rise=(first(rate) or "none", found or "none"))], figures=[down_the_valley()])


LLAS.without("off the valley's floor", rises, start=("0", "0"))
LLAS.without("sharper downwards", rises, slope="-0.1")
LLAS.without("from below", rises, start=("0.001", "10"))
LLAS.without("slow valley", rises, c="6")
