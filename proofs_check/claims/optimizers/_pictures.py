"""How iterates grow or fall: factors against the learning rate, losses along a step, orbits in time."""

from functools import cache
from itertools import islice

import numpy as np

from numerics.dynamics.adam_orbits import many_orbits
from numerics.dynamics.iterates import adam, iterate, warm
from proofs_check import Figure
from proofs_check.claims._curves import curves, within
from theory.dynamics.quadratic import METHODS, change_of_loss, frozen_polynomial, gradient_curvature, sharpness_threshold
from theory.dynamics.sharpening import Sharpening

AVERAGE = METHODS[2]


def cube(x: float) -> float:
    """The gradient of x^4/4."""
    return x * x * x


@cache
def factors(betas: tuple[float, ...], highest: float) -> Figure:
    """The largest modulus of a root of the step, gradient descent (beta1 = 0) or averaged momentum, against h = eta lambda."""
    h = np.geomspace(0.02, highest, 160)
    drawn = {
        f"beta1 = {b:g}": (h, within([np.abs(np.roots(frozen_polynomial(AVERAGE, b, one)[::-1])).max() for one in h], 0, 2)) for b in betas
    }
    marks = [{"label": f"{sharpness_threshold(AVERAGE, b, 1):.4g}", "x": sharpness_threshold(AVERAGE, b, 1)} for b in betas]
    return curves(
        "Factor of |x| per step",
        f"The factor by which an iterate shrinks or grows against eta lambda, beta1 = {', '.join(f'{b:g}' for b in betas)}: it passes 1 at "
        "the threshold, which is marked.",
        drawn,
        "eta lambda",
        "factor per step, in the long run",
        log_x=True,
        marks=[*marks, {"label": "1", "y": 1}],
    )


@cache
def steps() -> Figure:
    """The change of L = x^T H x/2 over one step along g and along P^-1 g, against eta times the curvature along it."""
    H, x, P = np.diag([1.0, 10.0]), np.array([3.0, 1.0]), np.array([1.0, 4.0])
    g, shares, drawn = H @ x, np.linspace(0, 3, 61), {}
    for name, u in (("u = g", g), ("u = P^-1 g, P = diag(1, 4)", g / P)):
        drawn[name] = shares, [change_of_loss(H, g, u, share / gradient_curvature(H, g, u)) for share in shares]
    return curves(
        "Change of the loss over one step",
        "Two parabolas that fall from 0, have their least value where eta times the curvature is 1 and are 0 again where it is 2.",
        drawn,
        "eta times the curvature along the step",
        "L(x - eta u) - L(x)",
        marks=[{"label": "2", "x": 2}],
    )


@cache
def two_ends() -> Figure:
    """RMSProp on x^4/4 with beta2 = 1/8 from three starts, v_0 = g_0^2: two end on the cycle of x = +-eta/2, one at the minimum."""
    drawn = {}
    for start in (0.5, 0.55, 3.0):
        orbit = iterate(adam(1.0, 0.0, 1 / 8), cube, warm(start, cube))  # in units of eta, as Adam does not see the size of gradients
        drawn[f"from {start:g} eta"] = range(31), [state.point for state in islice(orbit, 31)]
    return curves(
        "RMSProp on x^4/4, beta2 = 1/8",
        "From eta/2 the iterate changes its sign at every step for ever, from 0.55 eta it comes to do so, from 3 eta it falls to 0.",
        drawn,
        "step",
        "x/eta",
    )


@cache
def down_the_valley(rates: tuple[float, ...] = (0.5, 0.39), last: int = 900) -> Figure:
    """The loss of gradient descent in the valley of the claim, from (10^-3, 0)."""
    toy, drawn = Sharpening(1.0, 1.0, 0.02, 4.0), {}
    for eta in rates:
        x, y, losses = 1e-3, 0.0, []
        for _ in range(last):
            losses.append(toy.loss(x, y))
            along_x, along_y = toy.gradient(x, y)
            x, y = x - eta * along_x, y - eta * along_y
        drawn[f"eta = {eta:g}, 2/eta = {2 / eta:.3g}"] = list(range(0, last, 5)), losses[::5]
    return curves(
        "Loss along the valley, whose curvature grows to 5",
        "With eta = 0.39 the loss falls throughout; with eta = 0.5 it falls until the curvature has passed 2/eta = 4 for long enough, and "
        "then rises by several powers of ten.",
        drawn,
        "step",
        "loss",
        log_y=True,
    )


@cache
def left_behind(k: int = 4, beta1: float = 0.9, beta2: float = 0.999, eta: float = 0.001, last: int = 4000) -> Figure:
    """Second moment and squared gradient of Adam on x^k/k from x_0 = 1, without bias correction."""
    gradient, every = lambda x: x ** (k - 1), range(0, last, 20)
    states = list(islice(iterate(adam(eta, beta1, beta2), gradient, warm(1.0, gradient)), 0, last, 20))
    return curves(
        f"Second moment and squared gradient on x^{k}/{k}",
        "Both fall; from some step on the second moment falls by beta2 a step, a straight line, and the squared gradient faster.",
        {"v": (every, [state.second for state in states]), "g^2": (every, [gradient(state.point) ** 2 for state in states])},
        "step",
        "value",
        log_y=True,
    )


@cache
def edges(powers: tuple[int, ...] = (4, 6, 10, 20)) -> Figure:
    """beta1 = beta2^((k-1)/(2(k-2))): below it there is a fixed point with l > 0."""
    beta2 = np.linspace(0.01, 0.99, 99)
    return curves(
        "Where the fixed point of linear convergence exists: below the curve of k",
        "Curves beta1 = rho^(k-1) over beta2 for k = 4, 6, 10, 20: from 0 at beta2 = 0 to 1 at beta2 = 1, higher for larger k.",
        {f"k = {k}": (beta2, beta2 ** ((k - 1) / (2 * (k - 2)))) for k in powers},
        "beta2",
        "beta1",
    )


@cache
def falls(betas: tuple[float, ...] = (0.91, 0.898, 0.5), steps: int = 8000, every: int = 20) -> Figure:
    """ln|x| of Adam with beta1 = 0.9 on x^4/4 from x_0 = 1000 eta, and the line of slope ln rho that ends where the first beta2 ends."""
    history, t = many_orbits(4, 0.9, betas, steps=steps, every=every).history, np.arange(0, steps + 1, every)
    line = history[-1, 0] + np.log(betas[0]) / 4 * (t - steps)
    return curves(
        "Adam on x^4/4 with beta1 = 0.9 falls for good only where beta2 is larger",
        "ln|x| over 8000 steps: for beta2 = 0.91 a straight line of slope ln rho; for 0.898 it falls too, until near step 6500 a spike "
        "brings it back from -135 to -13; for 0.5 it hovers near -8.",
        {**{f"beta2 = {b:g}": (t, history[:, k]) for k, b in enumerate(betas)}, f"slope ln rho, {betas[0]:g}": (t, within(line, -1000, 0))},
        "step t",
        "ln|x|",
    )
