"""Falsehoods about embeddings in width and their true twins: each pair is one claim with two formulas, written before it was run.

Most of the false ones hold on part of their domain: for one output, alpha = 1/2, two hidden layers, an odd activation.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from drawn_twins import Pair, claim_of, drawn_check
from referee_twins import CONSTANT, DROPPED, OFF_BY_ONE, SMALL

from proofs_check import Claim, Control, Outcome

PAPER = "arXiv:2105.14573v3"


@dataclass(frozen=True)
class Twin(Pair):
    """``observe(rng, law)`` returns (expected by ``law``, observed).

    ``false`` and ``true`` are the two laws, ``control`` a third, wrong one.
    """

    observe: Any
    false: Any
    true: Any
    control: Any
    draws: int = 40


def check(replicate, *, law, observe, context):
    expected, observed = observe(context.rng(replicate), law)
    return Outcome.equal(expected, observed, replicate=replicate)


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    return [_claim(twin, side) for twin in TWINS]


def _claim(twin: Twin, side: str) -> Claim:
    parameters = {"law": getattr(twin, side), "observe": twin.observe}
    drawn = drawn_check(check, twin.draws, "exact", "rational networks", parameters, Control("another law", law=twin.control))
    return claim_of(twin, side, drawn, family="twins", paper=PAPER)


# ------------------------------------------------------------------------------------------------------- instances

ALPHAS = [Fraction(1, 2), Fraction(1, 2), Fraction(0), Fraction(1, 3), Fraction(-2), Fraction(5, 3)]


def draw_network(rng, shapes, activation="ratsig4", *, bias=True):
    from numerics.arithmetic.exact import rationals
    from theory.models import FullyConnected

    model = FullyConnected(shapes[int(rng.integers(len(shapes)))], activation, bias=bias)
    return model, rationals([Fraction(int(k), 2) for k in rng.integers(1, 5, model.n_params) * rng.choice([-1, 1], model.n_params)])


def draw_inputs(rng, model, n):
    from numerics.arithmetic.exact import rationals

    d = model.inputs
    return rationals([[Fraction(int(k) // 41**axis % 41 - 20, 2) for axis in range(d)] for k in rng.choice(41**d, n, replace=False)])


def draw_data(rng, model, n=2):
    from numerics.arithmetic.exact import rationals

    return draw_inputs(rng, model, n), rationals(rng.integers(-5, 6, (n, model.outputs)))


def draw_critical(rng, model, theta):
    from numerics.planting import plant

    return plant(model, theta, draw_inputs(rng, model, model.n_params // model.outputs + 3), seed=int(rng.integers(2**16)))


def draw_alpha(rng):
    return ALPHAS[int(rng.integers(len(ALPHAS)))]


def counts(model, theta, data):
    from numerics.hessian import inertia

    return inertia(model, theta, data).counts


# ------------------------------------------------------------------------------------------------------------ pairs


def new_zeros(rng, law):
    from theory.embedding import split

    model, theta = draw_network(rng, [(1, 1, 1), (1, 1, 2), (2, 1, 2), (1, 1, 3), (1, 1, 4)])
    data, embedding = draw_critical(rng, model, theta), split(model, 1, 0, Fraction(1, 3))
    zeros = counts(embedding.wide, embedding(theta), data)[1] - counts(model, theta, data)[1]
    return law(model.widths), zeros


def half_trace(rng, law):
    from numerics.hessian import hessian
    from theory.embedding import split
    from theory.embedding.wiring import wiring

    model, theta = draw_network(rng, [(1, 2, 1), (2, 2, 2), (1, 1, 2, 1)])
    data, alpha = draw_data(rng, model), draw_alpha(rng)
    embedding = split(model, 1, 0, alpha)
    narrow, lines = np.diag(hessian(model, theta, data)), wiring(model, 1)
    inwards, outwards = narrow[lines.incoming[0]].sum(), narrow[lines.outgoing[0]].sum()
    wide = np.trace(hessian(embedding.wide, embedding(theta), data))
    a = theta[0] * 0 + alpha.numerator
    a = a / alpha.denominator
    return law(narrow.sum(), inwards, outwards, a) + _curvature(model, theta, data, a), wide


def _curvature(model, theta, data, a):
    """What sigma'' contributes to the trace: ((1 - a) + a - (1 - a)^2 - a^2) tr S."""
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of

    _, S = neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data), 1, 0)
    return 2 * a * (1 - a) * np.trace(S)


def shares_by_target(rng, law):
    from numerics.hessian import gradient
    from theory.embedding import split
    from theory.embedding.wiring import wiring

    model, theta = draw_network(rng, [(1, 2, 1), (2, 2, 1), (2, 1, 2)])
    data, embedding = draw_critical(rng, model, theta), split(model, 1, 0, Fraction(0))
    point, lines = embedding(theta), wiring(embedding.wide, 1)
    for t, (old, new) in enumerate(zip(lines.outgoing[0], lines.outgoing[-1], strict=True)):
        share = point[old] * (t + 2) / 5
        point[old], point[new] = point[old] - share, share
    return law(model.widths), bool((gradient(embedding.wide, point, data) == 0).all())


def unbiased_null(rng, law):
    from numerics.hessian import gradient
    from theory.embedding.onestep import unchecked_null

    name = ("ratsig4", "ratsig", "lorentz")[int(rng.integers(3))]
    model, theta = draw_network(rng, [(2, 2, 1), (2, 1, 1)], name, bias=False)
    data, embedding = draw_critical(rng, model, theta), unchecked_null(model, 1, Fraction(0))
    return law(name), bool((gradient(embedding.wide, embedding(theta), data) == 0).all())


def positive_copies(rng, law):
    from theory.embedding import copies

    model, theta = draw_network(rng, [(1, 1, 1), (2, 1, 1)])
    data, n = draw_critical(rng, model, theta), int(rng.integers(2, 4))
    embedding = copies(model, 1, 0, [Fraction(1, n)] * n)
    curvature = _inertia_of_S(model, theta, data)
    added = np.subtract(counts(embedding.wide, embedding(theta), data), counts(model, theta, data))
    return law(n, curvature), (int(added[0]), int(added[2]))


def _inertia_of_S(model, theta, data):
    from numerics.hessian.inertias import exact_inertia
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of

    return exact_inertia(neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data), 1, 0)[1]).counts


def family_dimension(rng, law):
    from numerics.arithmetic.exact import rank_rational
    from numerics.critical.compatible import tangent_directions
    from theory.embedding import draw_layers

    shapes = [(1, 1, 1, 1), (1, 1, 1, 1, 1)]
    model, theta = draw_network(rng, shapes)
    extra = [int(k) for k in rng.integers(1, 3, len(model.widths) - 2)]
    parts = draw_layers(model, [[0] * (1 + k) for k in extra], rng, nonzero=True)
    return law(extra), rank_rational(tangent_directions(model, parts, theta))


def smallest_eigenvalue(rng, law):
    """Whether H minus kappa times an eigenvalue bound of S is indefinite, over rationals; S is 1 x 1 (no bias)."""
    from numerics.arithmetic.exact import rationals
    from numerics.hessian import hessian
    from numerics.hessian.inertias import exact_inertia
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of
    from theory.embedding import split

    model, theta = draw_network(rng, [(1, 1, 1)], bias=False)
    theta = theta * rationals([0, Fraction(1, 50)]) + rationals([Fraction(int(rng.integers(1, 4)), 2), Fraction(1, 50)])
    data, alpha = draw_data(rng, model, 3), draw_alpha(rng)
    embedding = split(model, 1, 0, alpha)
    S = neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data), 1, 0)[1][0, 0]
    wide = hessian(embedding.wide, embedding(theta), data)
    bound = rationals([law(alpha)])[0] * S
    if not bound < 0:
        return True, True
    shifted = wide - (bound * Fraction_to(theta, Fraction(999_999, 1_000_000))) * rationals(np.eye(len(wide), dtype=int))
    return True, exact_inertia(shifted).negative >= 1


def Fraction_to(theta, value):
    return (theta[0] * 0 + value.numerator) / value.denominator


def block_factor(rng, law):
    from numerics.hessian import hessian
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of
    from theory.embedding import split, split_congruence
    from theory.embedding.blocks import bordered, direct_sum

    model, theta = draw_network(rng, [(1, 2, 1), (2, 2, 2), (1, 1, 2, 1)])
    data, alpha = draw_data(rng, model), draw_alpha(rng)
    embedding, basis = split(model, 1, 0, alpha), split_congruence(model, 1, 0, alpha)
    wide = hessian(embedding.wide, embedding(theta), data)
    B, S = neuron_matrices(model, theta, data[0], cotangent_of(model, theta, data), 1, 0)
    expected = direct_sum(hessian(model, theta, data), bordered(B, S * Fraction_to(theta, law(alpha))))
    return True, bool((basis.T @ (basis.T @ wide).T == expected).all())


def multipliers(rng, law):
    from numerics.hessian import gradient
    from theory.embedding import split
    from theory.embedding.wiring import wiring

    model, theta = draw_network(rng, [(1, 2, 1), (2, 2, 2), (1, 1, 2, 1)])
    data, alpha = draw_data(rng, model), draw_alpha(rng)
    embedding = split(model, 1, 0, alpha)
    slope, lines = gradient(embedding.wide, embedding(theta), data), wiring(embedding.wide, 1)
    narrow = gradient(model, theta, data)[wiring(model, 1).incoming[0]]
    shares = [Fraction_to(theta, value) for value in law(alpha)]
    return [list(share * narrow) for share in shares], [list(slope[lines.incoming[0]]), list(slope[lines.incoming[-1]])]


def flipped_copy(rng, law):
    from theory.embedding import split
    from theory.embedding.wiring import wiring

    name = ("ratsig4", "ratsig", "lorentz", "hinge3")[int(rng.integers(4))]
    model, theta = draw_network(rng, [(1, 2, 1), (2, 2, 2)], name)
    embedding = split(model, 1, 0, Fraction(1, 3))
    point, lines = embedding(theta), wiring(embedding.wide, 1)
    for line in (lines.incoming[-1], lines.outgoing[-1]):
        point[line] = -point[line]
    x = draw_inputs(rng, model, 4)
    return law(name), bool((embedding.wide(point, x) == model(theta, x)).all())


TWINS = [
    Twin(
        "new-zeros",
        SMALL,
        r"\text{a split adds exactly one zero eigenvalue}",
        r"\text{a split with generic } B_s, S_s \text{ adds } m_{l+1} - \min(m_{l+1} - 1, d_l) \text{ zeros}",
        new_zeros,
        false=lambda widths: 1,
        true=lambda widths: widths[2] - min(widths[2] - 1, widths[0] + 1),
        control=lambda widths: widths[2],
        draws=25,
    ),
    Twin(
        "trace-at-a-split",
        DROPPED,
        r"\operatorname{tr} H_{wide} = \operatorname{tr} H_{narrow} - \tfrac12 t_{in} + t_{out} \text{ up to curvature, at every alpha}",
        r"\operatorname{tr} H_{wide} = \operatorname{tr} H_{narrow} + (\alpha^2 + (1-\alpha)^2 - 1) t_{in} + t_{out} \text{ "
        r"up to curvature}",
        half_trace,
        false=lambda total, inwards, outwards, a: total - inwards / 2 + outwards,
        true=lambda total, inwards, outwards, a: total + (a * a + (1 - a) * (1 - a) - 1) * inwards + outwards,
        control=lambda total, inwards, outwards, a: total + inwards + outwards,
    ),
    Twin(
        "shares-by-target",
        SMALL,
        r"\text{shares } \alpha_t \text{ of the targets may differ}",
        r"\text{shares } \alpha_t \text{ may differ only where there is one target}",
        shares_by_target,
        false=lambda widths: True,
        true=lambda widths: widths[2] == 1,
        control=lambda widths: False,
    ),
    Twin(
        "null-without-bias",
        DROPPED,
        r"\text{a neuron with zero weights is critical in a network without biases}",
        r"\text{a neuron with zero weights is critical in a network without biases if } \sigma(0) = 0",
        unbiased_null,
        false=lambda name: True,
        true=lambda name: name != "lorentz",
        control=lambda name: False,
    ),
    Twin(
        "positive-copies",
        OFF_BY_ONE,
        r"p \text{ positive copies add } p s_- \text{ negative and } p s_+ \text{ positive eigenvalues}",
        r"p \text{ positive copies add } (p-1) s_- \text{ negative and } (p-1) s_+ \text{ positive eigenvalues}",
        positive_copies,
        false=lambda p, s: (p * s[0], p * s[2]),
        true=lambda p, s: ((p - 1) * s[0], (p - 1) * s[2]),
        control=lambda p, s: (0, 0),
        draws=20,
    ),
    Twin(
        "family-dimension",
        SMALL,
        r"\dim = K + \prod_l K_l",
        r"\dim = K + \sum_l K_l K_{l-1}",
        family_dimension,
        false=lambda extra: sum(extra) + int(np.prod(extra)),
        true=lambda extra: sum(extra) + sum(a * b for a, b in zip(extra, extra[1:], strict=False)),
        control=lambda extra: sum(extra),
        draws=20,
    ),
    Twin(
        "smallest-eigenvalue",
        CONSTANT,
        r"\lambda_{\min}(H_{wide}) \le 4 \alpha (1 - \alpha) \lambda(S_s)",
        r"\lambda_{\min}(H_{wide}) \le \alpha (1 - \alpha) / (\alpha^2 + (1 - \alpha)^2) \lambda(S_s)",
        smallest_eigenvalue,
        false=lambda alpha: 4 * alpha * (1 - alpha),
        true=lambda alpha: alpha * (1 - alpha) / (alpha**2 + (1 - alpha) ** 2),
        control=lambda alpha: 100 * alpha * (1 - alpha),
    ),
    Twin(
        "block-factor",
        CONSTANT,
        r"\text{the block carries } \alpha^2 S_s",
        r"\text{the block carries } \alpha (1 - \alpha) S_s",
        block_factor,
        false=lambda alpha: alpha**2,
        true=lambda alpha: alpha * (1 - alpha),
        control=lambda alpha: alpha + 1,
    ),
    Twin(
        "gradient-multipliers",
        CONSTANT,
        r"\text{the gradients of old and new copy are } \alpha g \text{ and } (1 - \alpha) g",
        r"\text{the gradients of old and new copy are } (1 - \alpha) g \text{ and } \alpha g",
        multipliers,
        false=lambda alpha: (alpha, 1 - alpha),
        true=lambda alpha: (1 - alpha, alpha),
        control=lambda alpha: (Fraction(1), Fraction(1)),
    ),
    Twin(
        "flipped-copy",
        DROPPED,
        r"\text{a copy with all signs flipped keeps the output}",
        r"\text{a copy with all signs flipped keeps the output for odd } \sigma",
        flipped_copy,
        false=lambda name: True,
        true=lambda name: name in ("ratsig4", "ratsig"),
        control=lambda name: False,
    ),
]
