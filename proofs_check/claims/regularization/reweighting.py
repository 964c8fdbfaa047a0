r"""Datasets with the same solutions and other limits: a datum repeated."""

from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball, balls, working_precision
from numerics.flows.flow import gradient_flow
from numerics.flows.validated_flow import Field, descend, tail, tail_certificate
from proofs_check import Assumption, Outcome, axes, claim, exists, false
from proofs_check.judging import at_least, at_most, bounded, worst
from theory.expressions import activation_of
from theory.models import TwoLayer

from . import IMPOSSIBLE, OURS
from ._flows import LIMIT, one
from ._pictures import reweighted

REWEIGHT = claim(
    "regularization.two-point.reweight",
    "Repeating a datum moves the limit although the solutions stay the same",
    r"M_S \text{ does not see the weights of the data, } \Phi_S(\theta_0) \text{ does: for a tanh neuron from } (-\tfrac12, 0; \tfrac12)"
    r" \text{ on } ((\tfrac12, 0), 1), ((\tfrac12, -1), \tfrac14),\ \text{datum 1 once or four times, } 4.39 < |\Phi_S - \Phi_{S'}|"
    r" < 4.55",
    symbols=["M_S", "S", r"\Phi_S", r"\theta_0"],
    source=OURS,
    kind="counterexample",
    relation="existence",
    depends_on=["regularization.tail.PL", "regularization.criterion.acyclic"],
    refuted_by="Enclosures of the two limits that overlap; " + IMPOSSIBLE,
)

INPUTS, LABELS, START = [[0.5, 0.0], [0.5, -1.0]], [1.0, 0.25], [-0.5, 0.0, 0.5]
RUNS = (((1, 1), 20, 0.05), ((4, 1), 6, 0.05))


@cache
def enclosed(runs):
    """(enclosure, tail) of both runs, and their certificates."""
    model, ends, certificates = TwoLayer(2, 1), [], []
    with working_precision(200):
        for weights, time, reach in runs:
            field = Field(model, balls(INPUTS), balls(LABELS), balls(weights))
            end, _ = descend(field, START, time)
            rest = tail(field, end, reach=reach)
            ends.append((end, ball(rest.radius)))
            certificates.append(tail_certificate(field, START, time, end, rest.radius))
    return ends, certificates


@REWEIGHT.check(
    "certified",
    one(RUNS),
    covers="statement",
    because="the clause is about this one instance",
    scope="Taylor enclosures to times 20 and 6, then the tail bound",
)
@false("more than 5", low="5")
@false("more than 4.55", low="4.55")
@false("less than 4.39", high="4.39")
def validated_flow(runs, *, low="4.39", high="4.55", context):
    """Both limits in balls; their distance up to the tails."""
    try:
        ends, certificates = enclosed(runs)
    except NotCertified as error:
        return Outcome.inconclusive(str(error))
    with working_precision(200):
        (p, first), (q, second) = ends
        apart, left = sum((a - b) ** 2 for a, b in zip(p, q, strict=True)).sqrt(), first + second
        certificate = {"kind": "validated flows with tail bound", "activation": "tanh", "runs": certificates}
        bounds = [
            at_least("distance", apart - left, ball(low), attained=False),
            at_most("distance", apart + left, ball(high), attained=False),
        ]
        return worst(bounds, certificate=certificate, message=f"limits {apart.str(6)} apart, up to {left.str(2)}", figures=[reweighted()])


NETWORKS = claim(
    "regularization.two-point.reweight-networks",
    "Networks whose limits see the weights of the data",
    r"M_S \text{ does not see the weights of the data, } \Phi_S(\theta_0) \text{ does for tanh networks of one and two neurons and"
    r" for linear networks of"
    r" two neurons, not for linear networks balanced of rank one}",
    clauses={
        "seen": exists(r"\text{tanh networks of one and two neurons and linear networks of two neurons with } \Phi_S \neq \Phi_{S'}"),
        "balanced": r"\text{linear networks of two layers, balanced of rank one: } \Phi_S = \Phi_{S'}",
    },
    symbols=["M_S", "S", r"\Phi_S", r"\theta_0"],
    source=OURS,
    kind="extension",
    relation="existence",
    assumptions=[Assumption("bent quotient", r"\sigma/\sigma' \text{ is not affine, or there are two neurons}")],
    depends_on=["regularization.two-point.reweight", "regularization.p-family"],
    refuted_by="A balanced linear network of rank one whose limit moves with the weights of the data.",
)


def weighted_limits(model, theta0, x, y):
    return [gradient_flow(model, theta0, (x, y), weights=weights) for weights in ((1, 1), (1, 0.2))]


def network_data(cell, rng):
    """Several starts and datasets of two samples that are not solved at the start."""
    drawn = []
    for _ in range(3):
        model = TwoLayer(2, cell.neurons, activation=cell.sigma)
        theta0, x = rng.normal(0, 0.5, model.n_params), rng.normal(0, 1, (2, 2))
        theta0[2 * cell.neurons :] = np.abs(theta0[2 * cell.neurons :]) + 0.5
        drawn.append((theta0, x))
    return drawn


@NETWORKS.check(
    "property",
    network_data,
    axes(sigma=("tanh", "identity"), neurons=(1, 2), where=lambda sigma, neurons: sigma == "tanh" or neurons == 2, standard=4, full=10),
    clauses="seen",
    scope="random data of two samples, two inputs",
    distribution="normal starts and inputs, outputs above 1/2, labels 1.6 and 0.7 of the values at the start",
    tolerance="limits count as different beyond 1e-6, a hundred times the tolerance of a limit",
)
@false("exp, a strict G exists", activation="exp")
@false("a linear neuron", activation="identity")
def networks(cell, drawn, *, activation=None, context):
    """Two weightings of the same data: in one of three draws the limits differ, though never the solution set."""
    model = TwoLayer(2, cell.neurons, activation=activation_of(activation or cell.sigma))
    pairs = [weighted_limits(model, theta0, x, model(theta0, x)[:, 0] * np.array([1.6, 0.7])) for theta0, x in drawn]
    gaps = [float(np.linalg.norm(p.theta - q.theta)) for p, q in pairs if p.converged and q.converged]
    if not gaps:
        return Outcome.inconclusive("no flow converged")
    return at_least("largest gap of the limits", max(gaps), 100 * LIMIT, attained=False, gaps=gaps)


NETWORKS.without("bent quotient", networks, activation="exp")


def balanced(cell, rng):
    """Two linear layers of rank one with |a| = |W|: W = a w^T/|w| for one direction w."""
    a, w = rng.normal(size=2), rng.normal(size=3)
    W = np.outer(a, w / np.linalg.norm(w))
    x = rng.normal(size=(2, 3))
    theta0 = np.append(W.ravel(), a)
    return theta0, x, TwoLayer(3, 2, activation="identity")(theta0, x)[:, 0] * np.array([1.6, 0.7])


@NETWORKS.check(
    "property",
    balanced,
    axes(case=(0, 1), standard=5, full=20),
    clauses="balanced",
    scope="two neurons, three inputs, two samples",
    tolerance="2e-8: two limits, each within 1e-8 (regularization.linear has the rule)",
)
@false("an unbalanced start", moved=0.3)
def balanced_networks(cell, given, *, moved=0.0, context):
    """A balanced start of rank one stays balanced of rank one, as one neuron of degree 2: the two limits agree."""
    theta0, x, y = given
    start = theta0 + moved * np.array([1, 0, -1, 0, 1, 0, 0, 0])
    ends = weighted_limits(TwoLayer(3, 2, activation="identity"), start, x, y)
    if not all(end.converged for end in ends):
        return Outcome.inconclusive("; ".join(end.reason for end in ends))
    return bounded("distance of the limits", ends[0].theta - ends[1].theta, 2 * LIMIT, start=theta0, x=x)


@REWEIGHT.check(
    "property",
    one((1, "1.40635197 0.55040348 1.64913136"), (4, "-1.39695836 -0.54646866 -1.65727114")),
    scope="full-batch gradient descent by torch, steps 0.1 and 0.05",
    tolerance="errors halve with the step: c eta + O(eta^2), whose second part is at most 15 per cent at these steps",
    level="standard",
)
@false("datum 1 three times", weight=3)
def descent(given, *, weight=None, context):
    """The error of the end of training halves with the step."""
    import torch

    count, text = given
    x, y = (torch.tensor(values, dtype=torch.float64) for values in (INPUTS, LABELS))
    expected, errors = torch.tensor([float(part) for part in text.split()], dtype=torch.float64), []
    for step in (0.1, 0.05):
        theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        repeat = torch.tensor([float(weight or count), 1.0], dtype=torch.float64)
        optimizer = torch.optim.SGD([theta], lr=step)
        for _ in range(round(30 / step)):
            optimizer.zero_grad()
            (repeat * (theta[2] * torch.tanh(x @ theta[:2]) - y) ** 2).sum().mul(0.5).backward()
            optimizer.step()
        errors.append(float((theta.detach() - expected).norm()))
    return bounded("ratio of the errors", errors[0] / errors[1] - 2, 0.3, errors=errors)
