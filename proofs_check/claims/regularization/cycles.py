r"""Chains of limits that close: each lies in the solution set of the dataset that leads to the one before, so that no G ranks them.

f(x) = a sigma(w . x), theta = (w, a), single samples. With one input four steps close where every point near by is the limit of two
datasets; with two inputs a walk round a circle of weights comes back with another output weight, and a detour makes up for it.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims.regularization._words import LIMITATION, OWN, one
from theory.expressions import activation_of, parse
from theory.regularization.constructions import SOFTSIGN_SIGMOID
from theory.regularization.criterion import membership_digraph, strict_exists


def check_quadrilateral(instance, *, branches, context) -> Outcome:
    """Four limits and four inputs in one Krawczyk box: p_1 -> p_2 -> p_3 -> p_4 -> p_1 (``branches``: which of the two inputs each
    corner takes).
    """
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.overlap.cycles import quadrilateral

    formula, start, corner, c = instance
    try:
        found = quadrilateral(parse(formula), *start, corner, [c[k] for k in branches])
    except NotCertified as error:
        if branches[0] == branches[1]:
            return Outcome.fails(f"along one branch alone the chain closes only trivially: {error}", counterexample={"branches": branches})
        return Outcome.inconclusive(str(error))
    return Outcome.holds(cases=4, certificate={"kind": "4-cycle", "activation": formula, **found}, figures=[chain_figure(found)])


def chain_figure(found) -> Figure:
    """The membership digraph of the four limits."""
    labels = [f"({float(w.strip('[').split()[0]):.4g}, {float(a.strip('[').split()[0]):.5g})" for w, a in found["points"]]
    nodes = [{"id": str(k), "label": label, "group": "limit"} for k, label in enumerate(labels)]
    edges = [(str(k), str((k + 1) % len(labels))) for k in range(len(labels))]
    return Figure(
        "graph",
        "Membership digraph of a 4-cycle",
        "Four limits in a circle: each lies in the solution set of the dataset that leads to the one before.",
        {"nodes": nodes, "edges": edges},
    )


RHOMBUS = (SOFTSIGN_SIGMOID, (0.0, 8.0), (3.0, 11.0), (2 / 9, 2.1201 / 2.8))


def check_digraph(instance, *, drop, context) -> Outcome:
    """The membership digraph of the chain has a cycle, hence no strict function (``drop`` leaves out the closing arrow)."""
    length = instance
    members = [{k, (k + 1) % length} if not (drop and k == length - 1) else {k} for k in range(length)]
    if strict_exists(membership_digraph(list(range(length)), members)):
        return Outcome.fails("a strict function exists: the topological rank", counterexample={"length": length})
    return Outcome.holds()


def check_small_squares(instance, *, second, context) -> Outcome:
    """Through a point of the open region short steps along both families close after four, in one Krawczyk box.

    Without ``second`` both steps are along one family.
    """
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.overlap.cycles import quadrilateral

    share = instance
    try:
        quadrilateral(parse(SOFTSIGN_SIGMOID), 0.0, 8.0, (3.0, 13.0), (0.0541, 1.35 if second else 0.0541), share=share)
    except NotCertified as error:
        return Outcome.fails(f"the square of share {share} does not close: {error}", counterexample={"share": share})
    return Outcome.holds()


def check_loop(instance, *, clockwise, context) -> Outcome:
    """A loop of 64 limits and a detour of two: the output weight returns exactly, in balls by mean value steps and one Krawczyk box."""
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.overlap.cycles import NoCycle, certify_loop, circle, closing_detour

    formula, steps = instance
    sigma = activation_of(formula)
    weights = circle((1.0, 1.2), 0.1, steps, clockwise=clockwise)
    try:
        h = closing_detour(sigma, 1.0, np.array([1.0, 0.0]), 2.0, np.array(weights, dtype=float))
        found = certify_loop(sigma, "1", ("1", "0"), "2", weights, h)
    except NoCycle as error:
        return Outcome.fails(f"the chain does not close: {error}", counterexample={"steps": steps, "clockwise": clockwise})
    except NotCertified as error:
        return Outcome.inconclusive(str(error))
    certificate = {
        "kind": "cycle",
        "activation": formula,
        "start": {"a": "1", "w": ["1", "0"]},
        "first": {"a": "2"},
        "weights": weights,
        **found,
    }
    return Outcome.holds(cases=steps + 2, message=f"detour {found['detour']}", certificate=certificate)


def check_holonomy(instance, *, activation, context) -> Outcome:
    """Walked in floats with finer and finer steps, the loop loses output weight; an integrable plane field (affine sigma/sigma')
    loses none.
    """
    from numerics.overlap.cycles import circle, transport

    sigma = activation_of(activation)
    drifts = []
    for steps in instance:
        weights = np.array(circle((1.0, 1.2), 0.1, steps), dtype=float)
        drifts.append(transport(sigma, 1.0, np.array([1.0, 0.0]), 2.0, weights)[0][-1] - 2)
    limit = 2 * drifts[1] - drifts[0]  # the discretization drifts by a multiple of 1/steps
    if limit < -1e-3:
        return Outcome.holds(message=f"extrapolated loss {limit:.5f}", margin=-limit / 1e-3)
    return Outcome.fails(f"the loop loses {-limit:.2g}, not more than 1e-3", counterexample={"drifts": drifts})


CLAIMS = [
    Claim(
        id="regularization.open-one-point",
        title="Where every point is reached by two datasets, no strict G exists",
        statement=r"\text{If every } p \in U \text{ open in } \mathbb{R}^2 \text{ is } \Phi_S(\theta_0) \text{ for two single"
        r" samples with transversal } M_S,"
        r" \text{ then closed 4-cycles run through } U;\ \text{no strict } G,\ \text{every weak } G(\cdot, \theta_0) \text{ is"
        r" constant on components of } U",
        source=Source(LIMITATION, "section 5; the paper announces a strengthened mechanism, the proof is ours"),
        kind="extension",
        relation="impossibility",
        assumptions=[
            Assumption("two parameters", "M = 2"),
            Assumption("transversal", "the two families of solution curves cross at an angle"),
        ],
        depends_on=["regularization.criterion.acyclic"],
        refuted_by="An open set with two transversal families in which small four-step paths do not close.",
        checks=[
            Check(
                "small-squares",
                evidence="certified",
                covers="instances",
                scope="squares of side 1/15 and 1/40 of the weight (quick), more below",
                run=check_small_squares,
                instances=lambda context: [1 / 15, 1 / 40, 1 / 100, 1 / 300][: context.by_level(quick=2, standard=4, full=4)],
                parameters={"second": True},
                controls=[Control("one family twice", second=False)],
            ),
            Check(
                "digraph",
                evidence="exact",
                covers="instances",
                scope="cycles of length 2 to 6",
                run=check_digraph,
                instances=lambda context: range(2, 7),
                parameters={"drop": False},
                controls=[Control("without the closing arrow", drop=True)],
            ),
        ],
        probes=[Probe(drops="transversal", check="small-squares", instances=one(1 / 15), parameters={"second": False})],
    ),
    Claim(
        id="regularization.one-point.4-cycle",
        title="Four limits in a circle",
        statement=r"\sigma(z) = \tfrac{1 + z}{2 + z},\ \theta_0 = (0, 8):\ (3, 11) \to (2.8, 11.1279\ldots) \to (2.6, 11.2192\ldots) \to"
        r" (2.8314\ldots, 11.0720\ldots) \to (3, 11),"
        r"\ \text{each in } M_S \text{ of the one before} \Rightarrow \text{no strict } G",
        source=OWN,
        kind="counterexample",
        relation="existence",
        depends_on=["regularization.criterion.acyclic", "regularization.open-one-point"],
        refuted_by="A hypothesis that does not vanish, tangent solution curves, or a flow that ends elsewhere.",
        checks=[
            Check(
                "krawczyk",
                evidence="certified",
                covers="statement",
                scope="the instance, one box for four inputs and the last weight",
                run=check_quadrilateral,
                instances=one(RHOMBUS),
                parameters={"branches": (0, 1)},
                controls=[Control("one family of curves only", branches=(0, 0))],
            ),
            Check(
                "digraph",
                evidence="exact",
                covers="instances",
                scope="the membership digraph of the chain",
                run=check_digraph,
                instances=one(4),
                parameters={"drop": False},
                controls=[Control("without the closing arrow", drop=True)],
            ),
        ],
    ),
    Claim(
        id="regularization.k-cycle.softplus-d2",
        title="Softplus with two inputs: a cycle of 66 limits",
        statement=r"\text{softplus},\ d = 2,\ \theta_0 = (1, 0; 1):\ \text{limits over a circle of 64 weights around } (1, 1.2),"
        r" \text{ clockwise, then a detour } w_2 \pm h,"
        r"\ h = 0.01067\ldots,\ \text{return to output weight } 2 \text{ exactly} \Rightarrow \text{no strict } G",
        source=OWN,
        kind="counterexample",
        relation="existence",
        depends_on=["regularization.criterion.acyclic", "regularization.classification.one-neuron"],
        refuted_by="A chain that does not close: counter-clockwise, or with 32 steps, it does not.",
        checks=[
            Check(
                "mean-value-chain",
                evidence="certified",
                covers="statement",
                scope="64 steps and a detour, 160 bits",
                run=check_loop,
                instances=one(("softplus", 64)),
                parameters={"clockwise": True},
                controls=[Control("counter-clockwise", clockwise=False)],
            ),
            Check(
                "holonomy",
                evidence="property",
                covers="instances",
                scope="the same circle in 32 and 64 steps, extrapolated",
                run=check_holonomy,
                instances=one((32, 64)),
                distribution="one circle",
                tolerance="1e-3: the second-order remainder of the extrapolation is below 1e-4 (from 64 and 128 steps)",
                parameters={"activation": "softplus"},
                controls=[Control("exp, integrable", activation="exp")],
            ),
        ],
    ),
]
