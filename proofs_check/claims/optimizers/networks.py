r"""Two-layer tanh networks under Adam: what precedes a loss spike, and at which frequencies the sharpest direction lives."""

from functools import cache

import numpy as np

from numerics.derivatives.batched import loss_hessians, tangents
from numerics.dynamics.iterates import adam, at_rest, iterate
from numerics.dynamics.sharpness import adam_sharpness, preceded, spikes
from proofs_check import Figure, axes, by_level, claim, false
from proofs_check.judging import worst
from theory.models import TwoLayer

from . import PRECONDITIONERS, SPIKES

#: sin x + sin 4x on 64 points, as published; width, rate and steps are ours.
WIDTH, SAMPLES, RATE = 20, 64, 0.02


def setting(networks, rng):
    """(model, theta (networks, P), data)."""
    model = TwoLayer(1, WIDTH, bias=True, output_bias=True)
    x = -np.pi + 2 * np.pi * np.arange(SAMPLES)[:, None] / SAMPLES
    return model, np.stack([model.init(rng) for _ in range(networks)]), (x, np.sin(x) + np.sin(4 * x))


TRAINING = claim(
    "adam.training_spikes",
    "Spikes of a network under Adam follow a crossing of 2/eta by the preconditioned sharpness",
    r"\text{each spike of the loss (twofold over 100 steps) is preceded within 100 steps by } \lambda_{\max}(\hat H_t) > 2/\eta,"
    r"\ \hat H_t = \tfrac{1}{1-\beta_1^t}\tfrac{1-\beta_1}{1+\beta_1} P_t^{-1} H_t,"
    r"\ \text{while } \lambda_{\max}(H_t) < 2/\eta",
    clauses={
        "crossing": r"\text{at least 9 of 10 networks with spikes have all of them preceded by a crossing}",
        "eps": r"\varepsilon = 0.1:\ \text{at most 1 of 10 networks has a spike}",
    },
    symbols=["H", "P", r"\beta_1", r"\eta"],
    source=PRECONDITIONERS.at(
        "two-layer network on sin x + sin 4x (77 spikes, 1010 crossings of lambda_max; eps = 0.1 removes the spikes)"
    ),
    kind="law",
    depends_on=["adam.frozen_threshold"],
    refuted_by="Networks whose spikes come without a crossing.",
    notes="The curvature of H itself stays below 2/eta in nearly all of these networks: it announces nothing.",
)


@cache
def trained(entropy, networks, steps, eps, every):
    model, theta, data = setting(networks, np.random.default_rng(entropy))
    return adam_sharpness(model, theta, data, RATE, steps, eps=eps, every=every)


SIZES = axes(networks=by_level((2,), (40,), (120,)))
STEPS, EVERY = 4000, 10


@TRAINING.check(
    "training",
    lambda context: [context.by_level(quick=2, standard=40, full=120)],
    SIZES,
    cell=lambda networks: {"networks": networks},
    clauses="crossing",
    level="standard",
    alpha=1e-5,
    timeout=900.0,
)
@false("the Hessian itself", ratio="plain")
def crossing(networks, *, ratio="preconditioned", context):
    """Adam at rate 0.02 for 4000 steps; Hessians at every tenth step."""
    found = trained(context.entropy("networks"), networks, STEPS, 1e-8, EVERY)
    begins = [spikes(found.loss[:, b]) for b in range(networks)]
    spiking = [b for b in range(networks) if begins[b]]
    ratios = getattr(found, ratio)
    announced = sum(all(preceded(t, found.looked, ratios[:, b]) for t in begins[b]) for b in spiking)
    told = (
        f"spikes in a network {mean(map(len, begins))}, looks beyond 2/eta {mean((found.preconditioned > 1).sum(0))} of {len(found.looked)}"
    )
    rate = context.rate(announced, len(spiking), what="networks with every spike preceded", at_least=0.9, margin=0.4)
    return worst([rate], figures=[picture(found, spiking)], message=f"{rate.message}; {told}")


def mean(counts):
    """The mean of counts over networks with its 95 per cent interval (Student), as a text."""
    from scipy.stats import ttest_1samp

    found = ttest_1samp(list(counts), 0).confidence_interval(0.95)
    return f"{(found.low + found.high) / 2:.2f} ({found.low:.2f} to {found.high:.2f})"


@TRAINING.check(
    "training",
    lambda context: [context.by_level(quick=2, standard=40, full=100)],
    axes(networks=by_level((2,), (40,), (100,))),
    cell=lambda networks: {"networks": networks},
    clauses="eps",
    level="standard",
    alpha=1e-5,
    timeout=900.0,
)
@false("eps = 1e-8", eps=1e-8)
def large_eps(networks, *, eps=0.1, context):
    """The same with a large eps: whether any spike begins."""
    found = trained(context.entropy("networks"), networks, STEPS, eps, STEPS)
    spiking = sum(bool(spikes(found.loss[:, b])) for b in range(networks))
    return context.rate(spiking, networks, what="networks with a spike", at_most=0.1, margin=0.3)


def picture(found, spiking):
    """Loss and both ratios of one network around its first spike."""
    b = spiking[0] if spiking else 0
    begin = spikes(found.loss[:, b])[0] if spiking else found.loss.shape[0] // 2
    window = (found.looked > begin - 400) & (found.looked < begin + 200)
    steps = found.looked[window]
    series = [
        ("loss", found.loss[steps, b]),
        ("preconditioned over 2/eta", found.preconditioned[window, b]),
        ("Hessian over 2/eta", found.plain[window, b]),
    ]
    return Figure(
        kind="lines",
        title="A network before and at its first spike",
        alt="The preconditioned sharpness passes 1 some tens of steps before the loss rises; the sharpness of the Hessian stays below 1.",
        x_label="step",
        y_label="value",
        log_y=True,
        data={"series": [{"label": name, "x": steps.tolist(), "y": np.maximum(values, 1e-12).tolist()} for name, values in series]},
        marks=[{"label": "spike begins", "x": int(begin)}],
    )


LOW = claim(
    "spike.low_frequency",
    "The sharpest direction of a trained network changes its output at low frequencies",
    r"H v_1 = \lambda_{\max} v_1:\quad \text{at least } \tfrac34 \text{ of the energy of } (J v_1)(x_i) \text{ lies in } |k| \le 2",
    symbols={
        "H": "the Hessian of the loss of a network trained for 2000 steps of Adam",
        "J": "tangents (n, P) of its outputs on n = 64 equidistant points",
        "v_1": "unit eigenvector of the largest eigenvalue",
        "k": "frequency of the discrete Fourier transform on [-pi, pi)",
    },
    source=SPIKES.at("section 4 (law; the threshold is ours)"),
    kind="law",
    refuted_by="Networks whose sharpest direction moves the output at higher frequencies.",
    notes="For the 10th eigenvector the share is a few per cent.",
)


@cache
def low_shares(entropy, networks, steps):
    """Share of the energy in |k| <= 2 for each eigenvector (networks, P), the sharpest first."""
    model, theta, (x, y) = setting(networks, np.random.default_rng(entropy))

    def gradient(theta):
        f, J = tangents(model, theta, x)
        return 2 * np.einsum("bnt,bntp->bp", f - y, J) / len(x)

    for state in iterate(adam(0.01, 0.9, 0.999, eps=1e-8, bias_correction=True), gradient, at_rest(theta), steps):
        theta = state.point
    vectors = np.linalg.eigh(loss_hessians(model, theta, (x, y))[2])[1][:, :, ::-1]
    moves = np.einsum("bntp,bpv->bnv", tangents(model, theta, x)[1], vectors)
    energy = np.abs(np.fft.rfft(moves, axis=1)) ** 2
    energy[:, 1:-1] *= 2
    return energy[:, :3].sum(1) / energy.sum(1)


@LOW.check(
    "training",
    lambda context: [context.by_level(quick=2, standard=40, full=200)],
    axes(networks=by_level((2,), (40,), (200,))),
    cell=lambda networks: {"networks": networks},
    level="standard",
    alpha=1e-5,
    timeout=600.0,
)
@false("the 10th eigenvector", which=9)
def shares(networks, *, which=0, context):
    """Widths and data as in adam.training_spikes, rate 0.01."""
    found = low_shares(context.entropy("networks"), networks, 2000)[:, which]
    return context.rate(
        int((found >= 0.75).sum()), networks, what="networks with three quarters of the energy in |k| <= 2", at_least=0.9, margin=0.4
    )
