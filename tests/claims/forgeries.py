"""Forgeries of every kind of certificate: changes of a genuine one after which it is false, or none.

For each kind two lists. ``ARGUMENT`` is written from the argument in docs/certificates.md: what it needs is taken away (a sign, a strict
inequality, a hypothesis, a part that the statement speaks of). ``FORMAT`` is written from the file alone: fields left out, exchanged or of
another type, balls where one number is meant, parts that are empty or once too many, numbers that cost too much, the name of another
kind. A change is (place, what becomes of what stands there); ``LEFT_OUT`` takes the field away.
"""

import copy
import json
import operator
from fractions import Fraction
from functools import reduce

LEFT_OUT = object()


def changed(certificate, place, change):
    """A copy in which what stands at the place is changed."""
    forged = copy.deepcopy(certificate)
    *way, last = place
    holder = reduce(lambda inner, key: inner[key], way, forged)
    value = change(holder.get(last) if isinstance(holder, dict) else holder[last])
    if value is LEFT_OUT:
        del holder[last]
    else:
        holder[last] = value
    assert json.dumps(forged) != json.dumps(certificate), place  # 3.0 is not 3
    return forged


# ---------------------------------------------------------------------------------------------------------------- changes


def moved(value):
    """Another number of the same type: about a thousandth away, or the next integer."""
    if isinstance(value, bool | int):
        return value + 1
    if isinstance(value, float):
        return value * 1.001 + 1e-6
    if "/" in value.replace("+/-", ""):
        p, q = value.split("/")
        return f"{int(p) + 1}/{q}"
    return repr(float(value.strip("[").split()[0]) * 1.001 + 1e-6)


def halved(value):
    return value / 2


def instead(value):
    return lambda _: value


def first_again(entries):
    """The first part twice, in place of the second one."""
    return [entries[0], *entries[:1], *entries[2:]]


def one_less(entries):
    return entries[:-1]


def one_more(entries):
    return [*entries, entries[-1]]


def exchanged(entries):
    return [entries[1], entries[0], *entries[2:]]


def another_activation(name):
    return "sigmoid" if name == "tanh" else "tanh"


left_out, emptied, nothing = instead(LEFT_OUT), instead([]), instead(None)
#: A ball in which anything lies, one of a hundredth, and numbers that would take all memory or all time.
anywhere, wide, huge, far = instead("[0 +/- 1e9]"), instead("[0.5 +/- 0.01]"), instead("1e999999999"), instead("1e9")
no_number, endless = instead("one"), instead(float("nan"))


def at(place, *changes):
    return [(place, change) for change in changes]


def within(prefix, forgeries):
    return [((*prefix, *place), change) for place, change in forgeries]


def each(change, *places):
    return [(place, change) for place in places]


NO_BOX = [
    *at(("box", "radius"), instead("1e-90"), instead("0"), instead("-1e-20"), anywhere, left_out),
    *at(("box", "centre"), one_less, one_more, emptied),
    *at(("box", "centre", 0), moved, wide, huge),
]
#: Whatever is neither a number of bits nor one that the memory holds.
NO_BITS = [instead(value) for value in (0, -64, 1e17, "many", float("nan"))]

# -------------------------------------------------------------------------------------------------------------- ranks

NETWORK = [
    *at(("layers",), emptied, one_less, nothing),
    *at(("layers", 0, "weights", 0, 0), instead(10**6), instead(-1), instead(1.0), instead(True), instead("0")),
    *at(("layers", 0, "biases"), one_less, emptied),
    *at(("layers", 0, "weights", 0), one_more),
    *at(("theta",), emptied, nothing),
    *at(("theta", 0), no_number, nothing),
    *at(("activation",), instead("relux"), nothing, emptied),
    *at(("rank",), moved, instead(0), instead(-3), instead("7"), instead(True), left_out),
]
MINOR = [
    *at(("rows",), first_again, emptied, one_less),
    *at(("columns",), one_less, emptied),
    *at(("columns", 0), instead(-1), instead(10**6), instead("0")),
    *at(("rows", 0), instead([0]), instead([-1, 0]), instead([10**6, 0]), instead([0, 1000]), instead([0, -1])),
    *at(("samples",), emptied),
    *at(("samples", 0), one_less, one_more),
]

# ---------------------------------------------------------------------------------------------------------- one neuron

#: Two starts, limits or samples for one, and what belongs to another neuron.
ONE_POINT_ARGUMENT = [
    *each(moved, ("start", 1), ("limit", 1), ("inputs", 0), ("transversality",), ("boxes", 1, "centre", 0)),
    *at(("boxes",), first_again),
    *at(("boxes", 0, "centre"), instead(["0"])),  # the sample 0, on which nothing moves
    *at(("activation",), instead("tanh"), instead("relu")),
    *at(("transversality",), instead("0")),
    *at(("limit",), lambda limit: [limit[0], "-" + limit[1] if limit[1][0] != "[" else "[-" + limit[1][1:]]),
    *at(("start",), instead(["0", "0"])),
]

#: What is said of fields along which a module is constant.
FALSE_FIELDS = [
    *at(("fields",), emptied, one_less, one_more, first_again),  # not one for each coordinate held; one twice
    *at(("fields", 0), lambda field: {**field, "linear": [], "constant": [[0, "1"]]}),  # a weight that matters
    *at(("fields", 0), lambda field: {**field, "linear": [[0, 0, "1/1"]], "constant": []}),
    *at(("fields", 0), lambda field: {**field, "linear": field["linear"][1:], "constant": field["constant"][1:]}),
    *at(("fields", 0), lambda field: {**field, "linear": [], "constant": []}),  # zero
    *at(("held",), emptied, one_less, one_more),
]

ARGUMENT = {
    "minor modulo a prime": [
        *at(("rows",), first_again),  # two equal rows
        *at(("columns",), first_again),
        *at(("prime",), instead(5 * 13), instead(7), instead(2), instead(2**61 - 1)),  # no field; no root of -1 for sin and cos
        *at(("unit",), instead(0)),
        *at(("denominator",), instead(1), nothing),  # no common denominator; no exponential
        *at(("theta",), lambda theta: ["0"] * len(theta)),
        *at(("samples",), lambda samples: [samples[0]] * len(samples)),
        *at(("rank",), moved),
        *at(("activation",), instead("relu"), instead("erf"), instead("softplus")),  # their values have no image modulo a prime
    ],
    "minor of a module": [
        *at(("rows",), first_again),  # two equal rows
        *at(("columns",), first_again),
        *at(("theta",), lambda theta: ["0"] * len(theta)),
        *at(("samples",), lambda samples: [samples[0]] * len(samples)),
        *at(("precision",), instead(2)),  # balls in which 0 lies
        *at(("prime",), instead(2147483647), instead(15)),  # a softmax has no residues
        *at(("steps",), lambda steps: [{**s, "kind": "add"} if s["kind"] == "matmul" else s for s in steps]),
        *at(("steps", -1, "sources"), lambda sources: [10**6, *sources[1:]]),  # a step before its source
        *at(("steps",), lambda steps: [{**s, "hidden": [1] * len(s["hidden"])} if s["kind"] == "softmax" else s for s in steps]),
        *at(("steps",), lambda steps: [{**s, "index": [k * 0 for k in s["index"]]} if s["kind"] == "gather" else s for s in steps]),
        *at(("steps",), lambda steps: [{**s, "kind": "tokens"} if s["kind"] == "input" else s for s in steps]),  # numbers choose rows
        *at(("steps", -1), lambda step: {**step, "kind": "function", "name": "log", "sources": step["sources"][:1]}),  # of negative numbers
    ],
    "ball minor": [
        *at(("rows",), first_again),
        *at(("columns",), first_again),
        *at(("radius",), instead(10.0), instead(-1), endless),  # a box that is too wide, or none
        *at(("theta",), lambda theta: ["0"] * len(theta)),
        *at(("samples",), lambda samples: [samples[0]] * len(samples), lambda samples: [["0"] * len(x) for x in samples]),  # kinks
        *at(("activation",), instead("sqrt(z*z)"), instead("identity"), instead("log(z - 1000)")),
        *at(("rank",), moved),
        *at(("precision",), instead(2)),
    ],
    "Taylor series modulo a prime": [
        *at(("rank",), moved),
        *at(("theta",), lambda theta: ["0"] * len(theta), lambda theta: ["1"] * len(theta)),
        *at(("layers",), lambda layers: [{**layers[0], "biases": [0] * len(layers[0]["biases"])}, *layers[1:]]),  # a bias that is a weight
        *at(("layers", 0, "weights"), lambda weights: [weights[0]] * len(weights)),  # one neuron, repeated
        *at(("activation",), instead("relu"), instead("power:3"), instead("lorentz"), instead("identity")),
        *at(("at",), instead("everywhere"), nothing, left_out),
    ],
    # --------------------------------------------------------------------------------------------------------- boxes
    "extremum of the elasticity": [
        *at(("centre", 0), moved, instead("0"), instead("-3")),
        *at(("radius",), instead("1e-90"), instead("0"), instead("-1e-50"), instead("3")),
        *at(("activation",), *map(instead, ("tanh", "exp", "identity", "relu", "z**2"))),  # constant, or no extremum
    ],
    "critical point behind a residual block": [
        *within(("box",), [*at(("centre", 0), moved), *at(("radius",), instead("1e-90"), instead("0"))]),
        *at(("y", 0, 0), moved),
        *at(("x", 0, 0), moved),
        *at(("shallow",), instead([1, 0, 8]), instead([0, 1, 8])),  # no strict minimum
        *at(("deep",), instead([0, 2, 13]), instead([2, 0, 13])),  # no negative direction; no kernel
        *at(("place", "activation"), instead("relu")),
        *at(("place", "after"), instead(0)),
        *at(("biases",), one_less, one_more),
    ],
    "critical point before a split": [
        *within(("box",), [*at(("centre", 0), moved), *at(("radius",), instead("1e-90"), instead("0"))]),
        *at(("data", 1, 0, 0), moved),
        *at(("data", 0, 0, 0), moved),
        *at(("inertia",), instead([5, 0, 8]), instead([0, 1, 12]), exchanged),
        *at(("alpha",), lambda text: "3/2" if 0 < Fraction(text) < 1 else "1/2", anywhere),  # beyond 0 and 1 another sign; no fraction
        *at(("widths",), instead([2, 3, 1]), instead([2, 1, 1]), lambda widths: [widths[0] + 1, *widths[1:]]),
    ],
    "critical point of a network": [
        *within(("box",), [*at(("centre", 0), moved), *at(("radius",), instead("1e-90"), instead("0"))]),
        *each(moved, ("data", 0, 0, 0), ("theta", 0), ("theta", 1)),  # the second is held
        *at(("data", 1, 0), exchanged),  # another class
        *at(("inertia",), instead([0, 0, 9]), instead([1, 3, 5]), instead([3, 0, 6])),
        *at(("distance",), instead("0"), instead(-1.0), instead(1e-30)),
        *at(
            ("held",), emptied, one_less, first_again, lambda held: [*held[:-1], next(k for k in range(9) if k not in held)], one_more
        ),  # no complement of the kernel
        *at(("loss",), instead("mse")),
        *at(("layers", 0, "weights"), exchanged),
    ],
    "critical point of a module": [
        *within(("box",), [*at(("centre", 0), moved), *at(("radius",), instead("1e-90"), instead("0"))]),
        *each(moved, ("theta", 0), ("theta", 1), ("theta", 2), ("theta", 3), ("samples", 0, 0, 0), ("targets", 0, 0)),
        *at(("inertia",), instead([0, 0, 8]), instead([0, 2, 6]), exchanged, lambda counts: counts[::-1]),
        *at(("distance",), instead("0"), instead(-1.0), instead(1e-30)),
        *at(("loss",), instead("quartic"), instead("cross-entropy")),
        *at(("steps",), lambda steps: [{**s, "kind": "add"} if s["kind"] == "matmul" else s for s in steps]),
        *at(("steps",), lambda steps: [{**s, "hidden": [1] * len(s["hidden"])} if s["kind"] == "softmax" else s for s in steps]),
        *FALSE_FIELDS,
    ],
    "inertia of a module": [
        *at(("inertia", 0), moved),
        *at(("inertia", 1), moved),
        *at(("inertia", 2), moved),
        *at(("inertia",), exchanged, lambda counts: counts[::-1]),
        *at(("samples",), lambda samples: [samples[0]] * len(samples)),
        *at(("theta",), lambda theta: ["0"] * len(theta)),
        *at(("precision",), instead(1)),  # balls in which 0 lies
        *at(("loss",), instead("cross-entropy")),
        *at(("steps",), lambda steps: [{**s, "name": "log"} if s["kind"] == "function" else s for s in steps]),  # of negative numbers
        *at(("steps",), lambda steps: [{**s, "kind": "tokens"} if s["kind"] == "input" else s for s in steps]),
        *at(("held", 0), moved),
        *FALSE_FIELDS,
    ],
    # ---------------------------------------------------------------------------------------------------- one neuron
    "contact form": [
        *each(moved, ("start", 0), ("start", 1), ("start", 2), ("limit", 0), ("limit", 2), ("D",), ("E",), ("x", 1)),
        *at(("limit", 1), instead("0")),
        *at(("activation",), instead("exp"), instead("relu")),
    ],
    "contact by contact form": [
        *each(moved, ("theta0", 0), ("limits", 0, 3), ("samples", 0, "y"), ("inputs",), ("neurons",)),
        *within(("certificates", 0), each(moved, ("start", 0), ("limit", 3), ("D",), ("E",), ("x", 1))),
        *at(("activation",), another_activation),
    ],
    "one-point overlap": ONE_POINT_ARGUMENT,
    "two-point overlap": [
        *each(moved, ("start", "a"), ("samples", 1, "x", 0), ("samples", 0, "y"), ("limits", 0, "a"), ("limits", 1, "w", 0)),
        *at(("formula from",), instead(1e3)),
        *at(("samples",), first_again, exchanged),
        *at(("limits",), first_again, exchanged),
        *at(("samples", 0, "x"), instead(["0"])),
        *at(("start", "a"), instead("0")),
        *at(("activation",), instead("exp"), instead("relu")),
    ],
    "two-point by first integrals": [
        *each(moved, ("theta0", 0), ("samples", 1, "x", 0), ("samples", 0, "y"), ("limits", 0, 0)),
        *within(("certificates", 1), each(moved, ("box", "centre", 2), ("labels", 0), ("limits", 1, 0))),
        *at(("certificates", 1, "box", "radius"), instead("1e-90"), instead("1e3")),
        *at(("samples",), first_again),
        *at(("limits",), first_again, exchanged),
        *at(("activation",), another_activation),
    ],
    "two-point by validated orbits": [
        *within(("certificates", 0), each(moved, ("box", "centre", 0), ("labels", 1), ("limits", 0, 1))),
        *at(("certificates", 0, "box", "radius"), instead("0"), instead("0.2")),
        *at(("certificates", 0, "box", "centre"), instead(["0", "0"]), exchanged),  # the start, twice
        *at(("samples",), first_again),
        *at(("certificates", 0, "limits"), first_again, exchanged),
        *at(("certificates", 0, "labels"), exchanged),
        *at(("activation",), another_activation),
    ],
    "one-point by first integrals": [
        *each(moved, ("theta0", 0), ("theta0", 1), ("limits", 1, 0), ("samples", 0, "x", 0), ("samples", 1, "y")),
        *within(("certificates", 0), each(moved, ("boxes", 1, "centre", 0), ("transversality",))),
        *at(("limits",), lambda limits: [[*limits[0][:-1], "0.6"]] * 2),
        *at(("samples",), first_again),
        *at(("certificates",), lambda proofs: [{**proofs[0], "boxes": [proofs[0]["boxes"][0]] * 2}]),
        *at(("certificates", 0, "boxes", 0, "centre"), instead(["0"])),  # the sample 0, on which nothing moves
        *at(("activation",), another_activation),
    ],
    "one-point by reflection": [
        *each(moved, ("theta0", 0), ("limits", 0, 0), ("limits", 1, 1), ("samples", 0, "y"), ("samples", 1, "x", 0)),
        *within(("certificates", 0), each(moved, ("transversality",))),
        *at(("samples",), first_again),
        *at(("limits",), lambda limits: [[*limits[0][:-1], limits[0][-1].lstrip("-")]] * 2),  # the start, not reflected
        *at(("samples", 0, "x"), instead(["0"])),
        *at(("certificates", 0, "columns"), instead([0, 0])),
        *at(("activation",), instead("sigmoid")),
    ],
    "two-point by zero label": [
        *each(moved, ("theta0", 0), ("theta0", 1), ("samples", 0, "x", 0), ("samples", 1, "y"), ("limits", 0, 0), ("limits", 1, 1)),
        *within(("certificates", 0), each(moved, ("start", 0), ("inputs", 0), ("weights", 1))),
        *within(("certificates", 0), at(("inputs",), first_again)),
        *at(("limits",), exchanged, first_again),
        *at(("activation",), instead("exp"), instead("tanh")),
    ],
    "two-point by closed form": [
        *within(("certificates", 0), each(moved, ("box", "centre", 0), ("labels", 1), ("limits", 0, 1))),
        *each(moved, ("theta0", 0), ("samples", 0, "x", 0)),
        *at(("certificates", 0, "box", "radius"), instead("0"), instead("0.5")),
        *at(("certificates", 0, "box", "centre"), instead(["0", "0"])),
        *at(("samples",), first_again),
        *at(("certificates", 0, "limits"), first_again, exchanged),
        *at(("activation",), instead("tanh"), instead("hinge3")),
    ],
    "reweight by tangents at a two-point overlap": [
        *each(moved, ("theta0", 0), ("samples", 0, "x", 0), ("samples", 1, "y"), ("limits", 0, 1)),
        *at(("samples",), first_again),
        *at(("limits",), first_again, exchanged),
        *at(("certificates", 0, "determinants"), instead(["0", "0"]), exchanged),
        *within(("certificates", 0, "overlap"), each(moved, ("box", "centre", 0), ("labels", 1))),
        *at(("certificates", 0, "overlap", "box", "centre"), instead(["0", "0"])),  # the start, twice
        *at(("certificates", 0, "overlap", "box", "radius"), instead("0")),
        *at(("activation",), another_activation),
    ],
    "reweight by validated flows with tail bound": [
        *each(moved, ("theta0", 0), ("samples", 0, "x", 0), ("samples", 1, "y")),
        *at(("limits",), first_again, exchanged),
        *within(("certificates", 0), each(moved, ("runs", 0, "labels", 0), ("runs", 1, "end", 0))),
        *at(("certificates", 0, "runs"), first_again),
        *at(("certificates", 0, "runs", 0, "radius"), instead(1e-9)),
        *at(("certificates", 0, "runs", 0, "weights"), instead(["-1", "1"])),
        *at(("certificates", 0, "steps", 0, "learning rate"), instead(0.1), instead(0.0)),
        *at(("certificates", 0, "steps", 0, "within"), instead([1e-9, 1e-9])),
        *at(("certificates", 0, "steps", 0, "momentum"), instead(1.0)),
    ],
    "4-cycle": [
        *each(moved, ("start", 1), ("first",), ("weights", 1), ("points", 2, 1), ("inputs", 3), ("labels", 0), ("box", "centre", 0)),
        *at(("box", "radius"), instead("1e-90")),
        *at(("weights",), first_again, exchanged),
        *at(("points",), exchanged),
        *at(("box", "centre", 0), instead("0")),  # the sample 0
        *at(("activation",), instead("exp")),
    ],
    "cycle": [
        *each(moved, ("start", "a"), ("first", "a"), ("weights", 1, 0), ("factors", 0), ("steps",), ("box", "centre", 1)),
        *at(("weights",), first_again, one_less),  # one corner twice; no loop
        *at(("factors", 0), instead("0"), anywhere),  # the sample 0; any
        *at(("start", "a"), instead("0")),  # from -a the same orbit leads through a, and the circle is the same
        *at(("box", "radius"), instead("0")),
    ],
    "cycle by first integrals": [
        *each(moved, ("theta0", 0), ("limits", 2, 1), ("samples", 3, "x", 0), ("samples", 0, "y")),
        *within(("certificates", 0), each(moved, ("first",), ("weights", 1), ("box", "centre", 0))),
        *at(("certificates", 0, "box", "radius"), instead("1e-90")),
        *at(("activation",), instead("tanh"), instead("identity")),
        *at(("limits",), exchanged),
        *at(("samples",), exchanged),
    ],
    "cycle by first integrals along a loop": [
        *each(moved, ("theta0", 0), ("limits", 0, 1)),
        *within(("certificates", 0), each(moved, ("a0",), ("weights", 1, 0), ("factors", 0), ("steps",), ("box", "centre", 1))),
        *at(("samples",), instead([{"x": ["1", "1"], "y": "1"}])),
        *at(("activation",), instead("exp")),
        *within(("certificates", 0), at(("weights",), first_again, one_less)),
        *within(("certificates", 0), at(("factors", 0), instead("0"))),
    ],
    "zero label": [
        *each(moved, ("start", 0), ("start", 1), ("inputs", 2), ("weights", 3)),
        *at(("inputs",), first_again, exchanged),
        *at(("inputs", 0), instead("0")),  # nothing moves
        *at(("weights",), exchanged, one_less),
        *at(("start", 1), instead("0")),  # on the limit set already
        *at(("start", 0), instead("[0.4 +/- 0.3]")),
        *at(("activation",), instead("sin"), instead("identity")),  # no limit, or sigma vanishes before a does
    ],
    # -------------------------------------------------------------------------------------------------------- flows
    "tail": [
        *at(("radius",), halved, instead(0), instead(-1.0), instead(100.0)),  # too small; around which J loses rank
        *at(("end", 0), moved),
        *at(("time",), instead(1e9), instead(-6), instead(0)),
        *at(("weights", 0), instead("0"), instead("-1")),
        *at(("labels", 0), moved),
        *at(("inputs",), first_again),
    ],
    "validated flows with tail bound": [
        *at(("runs",), first_again, lambda runs: [runs[1], runs[1]]),  # one weighting twice
        *each(moved, ("runs", 1, "labels", 0), ("runs", 1, "start", 0), ("runs", 1, "inputs", 0, 0)),  # not one dataset
        *at(("runs", 0, "end", 0), moved),
        *at(("runs", 1, "weights"), instead(["1", "1"])),  # one weighting twice
        *at(("runs", 0, "radius"), instead(100.0), instead(0), halved),
        *at(("runs", 1, "weights", 0), instead("0"), instead("-4")),
        *at(("runs", 0, "time"), instead(-20)),
    ],
    "tail of a flow near a solution": [
        *at(("limit within",), lambda way: way / 100, instead(0), instead(-1), instead(100.0)),
        *at(("start", 0), lambda value: value + 0.1),
        *at(("start", 1), operator.neg),
        *at(("theta", 0), moved),
        *at(("theta",), lambda theta: [-p for p in theta]),
        *at(("samples",), first_again, lambda samples: [*samples, *samples], lambda samples: [*samples, [0.3]]),  # more than parameters
        *at(("activation",), instead("identity")),
    ],
    "change of sign": [
        *at(("between",), instead(["7", "8"]), lambda ends: [ends[0], ends[0]], instead(["[-2 +/- 1]", "[-1 +/- 1]"])),
        *at(("samples", 0, 0), nothing),  # two entries move
        *at(("samples",), one_less, first_again),
        *at(("activation",), instead("1/z"), instead("relu"), instead("identity"), instead("exp")),
        *at(("terms",), first_again, one_less),
    ],
    # ----------------------------------------------------------------------------------------------------- inertias
    "exact inertia of a lift": [
        *each(moved, ("theta", 0), ("deep theta", 0), ("shallow", 1), ("deep", 2), ("x", 0, 1), ("y", 0, 0)),
        *at(("shallow",), instead([0, 4, 5])),
        *at(("deep",), instead([2, 4, 5])),
        *at(("place", "after"), instead(2), instead(-2), instead(0)),  # behind the outputs; the same place, by another name
        *at(("place", "activation"), instead("identity")),
        *at(("x", 0), instead(["0", "0"])),
    ],
    "definite form of a split neuron": [
        *at(("theta", 0), moved),
        *at(("theta", 2), moved),
        *at(("theta", 4), instead("0")),
        *at(("theta",), lambda theta: [*theta[:4], theta[4], "-" + theta[4] if theta[4][0] != "-" else theta[4][1:]]),  # a + b = 0
        *at(("inertia",), instead([1, 0, 1]), instead([0, 1, 1]), instead([0, 0, 3])),
        *at(("samples",), lambda samples: [*samples, ["1/3", "2/7"]], one_less, first_again),  # the codimension; other relations
        *at(("activation",), instead("identity"), instead("relu")),
    ],
    # -------------------------------------------------------------------------------------------- orientations
    "orientations of a small network": [
        *each(moved, ("x", 3, 0), ("c", 5), ("p",), ("orientations", 0, "direction", 1)),
        *at(("orientations", 1, "side"), operator.neg),
        *at(("orientations", 2, "growing"), operator.not_),
        *at(("orientations",), one_less, first_again, emptied),  # said to be all
        *at(("orientations",), lambda found: [one for one in found if one["side"] == 1]),  # of both sides
        *at(("c",), lambda c: ["0"] * len(c), lambda c: ["-" + entry if entry[0] != "-" else entry[1:] for entry in c]),
        *at(("orientations", 0), lambda one: {**one, "lower": one["upper"], "upper": one["lower"], "side": -one["side"], "growing": None}),
    ],
    # ------------------------------------------------------------------------------------------- Adam on x^k/k
    # more of these in tests/numerics/dynamics/test_optimizer_referees.py
    "contraction trap": [
        *at(("run", "beta2"), instead("0.5")),
        *at(("run", "beta1"), instead("0.99")),
        *at(("run", "rate"), instead("1e-6"), instead("-0.001")),
        *at(("run", "start"), instead("0"), instead("7")),
        *at(("run", "k"), instead(3), instead(6)),
        *at(("steps",), lambda steps: steps // 2 - 150, instead(-1)),
        *at(("norm",), instead("1"), instead("0.5"), instead("-0.9")),
        *at(("radius",), instead("1"), instead("0")),
        *at(("basis", 0), instead(["0", "0", "0"])),
        *at(("limit",), instead("2-cycle")),
        *at(("centre", 0), instead("1e-3")),
    ],
    "hitting times": [
        *at(("below", 0, 1), moved, lambda steps: steps - 1, instead(0)),
        *at(("below", 0, 0), instead("1e-21"), instead("0"), instead("-1"), instead("2")),
        *at(("run", "rate"), instead("0.1"), instead("0")),
        *at(("run", "beta1"), instead("1"), instead("0.91")),
        *at(("run", "k"), instead(5), instead(6)),
        *at(("run", "start"), instead("-2")),
    ],
    "cover of parameters": [
        *at(("tree",), *(lambda tree, a=a, b=b: tree.replace(a, b, 1) for a, b in ("-+", "+-", "?+", "?-"))),
        *at(("tree",), one_less, lambda tree: tree + "+", instead("?"), instead("")),
        *at(("positive",), instead("1"), instead("0")),
        *at(("k",), lambda k: k + 4, instead(2)),
        *at(("box", 1, 1), instead("2")),
        *at(("box", 0), lambda side: side[::-1]),
        *at(("coordinates",), instead("beta1, beta2")),
    ],
    "2-cycle of Adam": [
        *at(("verdict",), lambda verdict: "attracts" if verdict != "attracts" else "repels", instead("proved")),
        *each(moved, ("state", 0), ("state", 1), ("state", 2)),
        *at(("state", 1), lambda m: "-" + m),
        *at(("state", 2), lambda v: "-" + v, instead("0")),
        *at(("beta1",), instead("1/2"), instead("1")),
        *at(("beta2",), instead("1"), instead("-1")),
        *at(("rate",), instead("0"), instead("1/999")),
        *at(("k",), lambda k: k + 1, lambda k: k + 2),
    ],
}

MODULE = [
    *at(("steps",), emptied, one_less, nothing, lambda steps: steps[1:]),
    *at(("steps", -1, "kind"), instead("convolution"), instead("__class__"), nothing, left_out),
    *at(("steps", -1, "size"), moved, left_out),
    *at(("steps", 2, "sources"), emptied, instead([-1]), instead([0.0]), instead([10**6])),
    *at(("theta",), emptied, nothing, one_less, one_more),
    *at(("theta", 0), no_number, nothing, instead(1.5)),
    *at(("samples",), emptied, one_less, one_more),
    *at(("samples", 0), emptied),
    *at(("samples", 0, 0), one_less, one_more),
    *at(("targets",), emptied, one_less, one_more),
    *at(("targets", 0), one_less, one_more),
    *at(("targets", 0, 0), no_number, nothing),
    *at(("loss",), instead("hinge"), nothing, left_out),
    *at(("held",), nothing, left_out),
    *at(("held", 0), instead(-1), instead(10**6), instead("0"), instead(True)),
    *at(("fields",), nothing, left_out),
    *at(("fields", 0, "open"), nothing, left_out, instead(["0"])),
    *at(("fields", 0, "linear"), nothing, left_out, instead([[10**6, 0, "1"]]), instead([[0, -1, "1"]]), instead([[0, 0, 1.0]])),
    *at(("fields", 0, "constant"), nothing, instead([[10**6, "1"]]), instead([[0, "one"]])),
    *at(("inertia",), left_out, one_less, nothing),
    *at(("kind",), instead("minor of a module"), instead("ball minor")),
]

FORMAT = {
    "minor modulo a prime": [
        *NETWORK,
        *MINOR,
        *at(("prime",), instead(10**400 + 69), instead("13"), instead(13.0), instead(-13), left_out),
        *at(("unit",), instead("3"), instead(0.5), nothing),
        *at(("denominator",), instead("1"), instead(0.5)),
        *at(("kind",), instead("ball minor"), instead("tail")),
    ],
    "minor of a module": [
        *at(("rank",), moved, instead(0), instead("7"), instead(True), left_out),
        *at(("rows",), emptied, one_less),
        *at(("columns",), one_less, emptied),
        *at(("columns", 0), instead(-1), instead(10**6), instead("0"), instead(True)),
        *at(("rows", 0), instead([0]), instead([-1, 0]), instead([10**6, 0]), instead([0, 1000]), instead([0, -1])),
        *at(("samples",), emptied),
        *at(("samples", 0), emptied),
        *at(("samples", 0, 0), one_less, one_more),
        *at(("theta",), emptied, nothing, one_less, one_more),
        *at(("theta", 0), no_number, nothing, instead(1.5)),
        *at(("steps",), emptied, one_less, nothing, lambda steps: steps[1:]),
        *at(("steps", -1, "kind"), instead("convolution"), nothing, left_out),
        *at(("steps", -1, "size"), moved, left_out),
        *at(("steps", 2, "sources"), emptied, instead([-1]), instead([0.0])),
        *at(("kind",), instead("ball minor"), instead("tail")),
        *at(("precision",), *NO_BITS, left_out),
    ],
    "ball minor": [
        *NETWORK,
        *MINOR,
        *at(("precision",), instead(1e17), instead(0), instead("many"), left_out),
        *at(("radius",), instead("0"), instead([0])),
        *at(("theta", 0), anywhere),
        *at(("kind",), instead("minor modulo a prime"), instead("Taylor series modulo a prime")),
    ],
    "Taylor series modulo a prime": [
        *NETWORK,
        *at(("at",), instead(["point"]), instead("")),
        *at(("theta", 0), huge, instead("1/0"), instead(f"1/{2**61 - 1}")),
        *at(("kind",), instead("minor modulo a prime"), instead(["Taylor series modulo a prime"])),
    ],
    "extremum of the elasticity": [
        *at(("centre",), emptied, one_more, nothing, left_out),
        *at(("centre", 0), wide, huge, no_number),
        *at(("radius",), anywhere, huge, nothing, left_out),
        *at(("activation",), emptied, instead("open('x')"), left_out),
        *at(("bits",), *NO_BITS),
    ],
    "critical point behind a residual block": [
        *NO_BOX,
        *at(("x",), one_less, emptied),
        *at(("y", 0), emptied, one_more),
        *at(("x", 0, 0), wide, huge),
        *at(("place", "widths"), one_less, instead([2, -2, 1]), instead([2, "2", 1])),
        *at(("shallow",), instead("[0, 0, 9]"), left_out),
        *at(("box", "bits"), *NO_BITS),
    ],
    "critical point of a network": [
        *NO_BOX,
        *at(("data",), one_less, emptied, one_more),
        *at(("data", 0, 0, 0), wide, huge),
        *at(("data", 1, 0), instead([0, 0, 0]), instead([1, 1, 0]), instead([0.5, 0.5, 0]), one_less, one_more),
        *at(("layers",), emptied, nothing, one_more),
        *at(("layers", 0, "weights", 0, 0), instead(1), instead(-1), instead(10**6), instead(None), instead("0")),
        *at(("layers", 0, "biases"), one_less, lambda biases: [None, *biases[1:]]),
        *at(("theta",), one_less, one_more, emptied),
        *at(("held", 0), instead(-1), instead(9), instead("0")),
        *at(("loss",), instead("quartic"), left_out),
        *at(("activation",), instead("relux"), nothing, left_out),
        *at(("distance",), anywhere, left_out),
        *at(("inertia",), left_out, one_less),
        *at(("box", "bits"), *NO_BITS),
    ],
    "critical point of a module": [
        *NO_BOX,
        *MODULE,
        *at(("distance",), anywhere, left_out),
        *at(("box", "bits"), *NO_BITS),
    ],
    "inertia of a module": [
        *MODULE,
        *at(("inertia", 0), instead(-1), instead("0"), instead(1.0), instead(True)),
        *at(("precision",), *NO_BITS, instead(1e17)),
    ],
    "critical point before a split": [
        *NO_BOX,
        *at(("data",), one_less, emptied, one_more),
        *at(("data", 1, 0, 0), wide, huge),
        *at(("widths",), one_less, one_more, instead([2, 0, 1])),
        *at(("inertia",), left_out, one_less),
        *at(("box", "bits"), *NO_BITS),
    ],
    "contact form": [
        *at(("start",), one_less, one_more),
        *at(("limit",), one_less, one_more),
        *at(("x",), one_less, emptied),
        *at(("D",), anywhere, left_out),
        *at(("E",), anywhere, nothing),
        *at(("bits",), *NO_BITS),
    ],
    "contact by contact form": [
        *at(("samples",), emptied, one_more),
        *at(("limits",), emptied, one_more),
        *at(("certificates",), emptied),
        *at(("theta0",), one_less),
        *at(("samples", 0, "y"), wide, left_out),
        *within(("certificates", 0), at(("D",), anywhere, left_out)),
        *at(("bits",), *NO_BITS),
    ],
    "one-point overlap": [
        *at(("boxes",), one_less, one_more, emptied),
        *at(("inputs",), one_less, one_more, emptied, exchanged),
        *at(("inputs", 0), anywhere, huge),
        *at(("start",), one_less, one_more),
        *at(("start", 0), wide, far),
        *at(("limit", 1), wide),
        *at(("transversality",), anywhere, nothing, left_out),
        *at(("boxes", 0, "radius"), anywhere),
        *at(("bits",), *NO_BITS),
    ],
    "two-point overlap": [
        *at(("samples",), one_less, emptied, one_more),
        *at(("limits",), one_less, one_more),
        *at(("samples", 0, "y"), wide, left_out),
        *at(("limits", 0, "a"), wide, huge),
        *at(("start", "w"), emptied, one_more),
        *at(("start", "w", 0), far, wide),
        *at(("formula from",), anywhere, no_number, endless),
        *at(("bits",), *NO_BITS),
    ],
    "two-point by first integrals": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates", 1, "labels"), one_less, one_more),
        *at(("certificates", 1, "limits"), one_less, one_more, emptied),
        *at(("certificates", 1, "limits", 0, 0), anywhere),
        *at(("samples", 0, "y"), anywhere, left_out),
        *at(("theta0",), one_less, one_more),
        *at(("theta0", 0), wide, far),
        *at(("certificates",), emptied, lambda proofs: [proofs[1], proofs[1]], left_out),
        *at(("certificates", 1, "method"), instead("trust")),
        *at(("bits",), *NO_BITS),
    ],
    "two-point by validated orbits": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates", 0, "labels"), one_less, one_more, emptied),
        *at(("certificates", 0, "limits", 0, 0), anywhere, no_number),
        *at(("certificates", 0, "box", "centre", 0), wide, far),  # a ball for a time
        *at(("certificates", 0, "box", "radius"), anywhere, left_out),
        *at(("certificates", 0, "box", "centre"), one_less, one_more),
        *at(("theta0", 0), wide),
        *at(("certificates",), lambda proofs: [proofs[0], proofs[0]]),
        *at(("neurons",), nothing, instead("1")),
    ],
    "one-point by first integrals": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("limits",), one_less, one_more, emptied),
        *at(("samples",), one_less, one_more, emptied),
        *at(("samples", 0, "y"), anywhere, left_out),
        *at(("certificates", 0, "boxes"), one_less, emptied),
        *at(("theta0", 0), wide, far),
        *at(("bits",), *NO_BITS),
    ],
    "one-point by reflection": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("limits",), one_less, one_more, emptied),
        *at(("samples",), one_less, one_more, emptied),
        *at(("samples", 0, "y"), anywhere, left_out),
        *at(("theta0",), one_less, one_more),
        *at(("bits",), *NO_BITS),
    ],
    "two-point by zero label": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("limits",), one_less, one_more, emptied),
        *at(("samples",), one_less, one_more, emptied),
        *within(("certificates", 0), at(("weights",), one_less, emptied)),
        *at(("theta0",), one_less, one_more),
        *at(("bits",), *NO_BITS),
    ],
    "two-point by closed form": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("certificates", 0, "labels"), one_less, one_more, emptied),
        *at(("certificates", 0, "limits"), one_less, emptied),
        *at(("samples",), one_less, one_more, emptied),
        *at(("theta0",), one_less, one_more),
        *at(("bits",), *NO_BITS),
    ],
    "reweight by tangents at a two-point overlap": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("certificates", 0, "overlap"), left_out, lambda proof: {**proof, "method": "closed form"}),
        *at(("certificates", 0, "determinants"), one_less, one_more, emptied),
        *at(("limits",), one_less, one_more, emptied),
        *at(("limits", 0, 0), anywhere),
        *at(("samples",), one_less, one_more, emptied),
        *at(("bits",), *NO_BITS),
    ],
    "reweight by validated flows with tail bound": [
        *each(moved, ("neurons",), ("inputs",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("limits",), one_less, one_more, emptied),
        *at(("limits", 0, 0), anywhere),
        *at(("samples",), one_less, one_more, emptied),
        *within(("certificates", 0), at(("runs",), one_less, one_more, emptied)),
        *at(("certificates", 0, "steps", 0, "balls"), one_less, emptied),
        *at(("bits",), *NO_BITS),
    ],
    "4-cycle": [
        *NO_BOX,
        *at(("points",), one_less, one_more, emptied),
        *at(("inputs",), one_less, emptied),
        *at(("labels",), one_less, emptied),
        *at(("labels", 0), anywhere),
        *at(("weights",), one_less, one_more),
        *at(("start", 0), wide, huge),
    ],
    "cycle": [
        *at(("weights",), emptied, one_more),
        *at(("factors",), one_less, one_more, emptied),
        *at(("weights", 0), one_less),
        *at(("start", "w"), one_less, emptied),
        *at(("first", "a"), wide, huge, left_out),
        *at(("steps",), instead("66"), nothing),
        *at(("factors", 0), no_number),
        *at(("bits",), *NO_BITS),
    ],
    "cycle by first integrals": [
        *each(moved, ("inputs",), ("neurons",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("limits",), one_less, one_more, emptied),
        *at(("samples",), one_less, one_more, emptied),
        *at(("theta0",), one_less, one_more),
        *within(("certificates", 0), at(("points",), one_less, emptied)),
        *within(("certificates", 0), at(("labels", 0), anywhere)),
        *within(("certificates", 0), at(("box", "centre"), emptied, one_less)),
    ],
    "cycle by first integrals along a loop": [
        *each(moved, ("inputs",), ("neurons",)),
        *at(("certificates",), emptied, lambda proofs: proofs * 2, left_out),
        *at(("limits",), emptied, one_more),
        *at(("theta0",), one_less, one_more),
        *at(("samples",), nothing, left_out),
        *within(("certificates", 0), at(("factors",), one_less, emptied, one_more)),
        *within(("certificates", 0), at(("weights",), emptied, one_more)),
    ],
    "zero label": [
        *at(("inputs",), one_less, emptied, nothing),
        *at(("inputs", 0), wide, far, no_number),
        *at(("weights",), emptied, one_more),
        *at(("weights", 0), anywhere, nothing),
        *at(("start",), one_less, one_more, emptied),
        *at(("start", 1), wide, huge),
        *at(("bits",), *NO_BITS),
    ],
    "tail": [
        *at(("end",), one_less, one_more, emptied),
        *at(("end", 0), anywhere),
        *at(("time",), instead("[6 +/- 1]"), nothing, left_out),  # a ball for a time
        *at(("radius",), anywhere, endless, left_out),
        *at(("inputs",), emptied, one_less),
        *at(("labels",), one_more),
        *at(("weights",), one_less),
        *at(("start",), one_less, one_more),
        *at(("start", 0), wide),
        *at(("bits",), *NO_BITS),
    ],
    "validated flows with tail bound": [
        *at(("runs",), emptied, one_less, one_more, left_out),
        *at(("runs", 1, "activation"), instead("sigmoid")),
        *at(("runs", 0, "end"), one_less, emptied),
        *at(("runs", 0, "end", 0), anywhere),
        *at(("runs", 0, "time"), instead("[20 +/- 1]"), nothing, left_out),
        *at(("runs", 0, "radius"), anywhere, left_out),
        *at(("runs", 1, "weights"), emptied, one_more),
    ],
    "tail of a flow near a solution": [
        *at(("limit within",), anywhere, nothing, endless, left_out),
        *at(("samples",), emptied, nothing),
        *at(("samples", 0), emptied, one_more),
        *at(("theta",), one_less, one_more, emptied),
        *at(("start",), one_less, emptied),
        *at(("start", 0), wide, huge),
    ],
    "change of sign": [
        *at(("between",), one_less, one_more, emptied),
        *at(("between", 0), instead("[-1.444 +/- 0.01]"), nothing),
        *at(("samples",), emptied, one_more),
        *at(("terms",), emptied, one_more),
        *at(("terms", 0, "weight"), emptied, one_more),
        *at(("terms", 0, "slope"), instead(7), instead("0"), instead(-1), instead(True)),
        *at(("samples", 0, 0), wide, no_number),
    ],
    "exact inertia of a lift": [
        *at(("theta",), one_less, one_more, emptied),
        *at(("deep theta",), one_less, one_more),
        *at(("x",), emptied, one_less),
        *at(("y",), emptied, one_more),
        *at(("x", 0), one_less, one_more),
        *at(("y", 0), emptied, one_more),
        *at(("theta", 0), anywhere, huge),
        *at(("place", "width"), instead(-1), moved, instead("1")),
        *at(("shallow",), left_out, one_less),
    ],
    "definite form of a split neuron": [
        *at(("theta",), one_less, one_more, emptied),
        *at(("samples",), emptied, nothing),
        *at(("samples", 0), one_less, one_more, emptied),
        *at(("samples", 0, 0), anywhere, no_number, huge),
        *at(("inertia",), left_out, nothing, one_less),
        *at(("theta", 5), anywhere),
    ],
    "orientations of a small network": [
        *at(("orientations", 0, "direction"), emptied, one_less, one_more, exchanged),
        *at(("orientations", 0, "direction", 0), anywhere, nothing),
        *at(("orientations", 0, "lower"), huge, no_number, left_out),
        *at(("orientations", 0, "side"), instead(0), instead(2), instead("1"), left_out),
        *at(("orientations", 0, "growing"), instead("yes"), instead(1)),
        *at(("orientations", 0, "kind"), instead("minimum"), instead("inflection")),
        *at(("orientations", 0, "form", 0), moved),
        *at(("sides",), emptied, left_out, instead([1, 1]), instead([1])),
        *at(("complete",), instead("yes"), left_out),
        *at(("x",), one_less, emptied),
        *at(("p",), instead(3.0), instead("3"), instead(10**6), instead(0), instead(True)),
    ],
    "contraction trap": [
        *at(("basis",), one_less, one_more, emptied),
        *at(("basis", 0), one_less),
        *at(("centre",), emptied, one_less, one_more),
        *at(("norm",), anywhere, left_out),
        *at(("radius",), anywhere, instead("-0.003")),
        *at(("steps",), instead(10**9), instead("400"), instead(400.5)),
        *at(("limit",), instead("infinity"), nothing),
        *at(("run", "beta2"), anywhere, huge, left_out),
        *at(("bits",), *NO_BITS, left_out),
    ],
    "hitting times": [
        *at(("below",), emptied, nothing, left_out),
        *at(("below", 0), one_less, one_more, exchanged),
        *at(("below", 0, 0), anywhere, no_number),
        *at(("below", 0, 1), instead(10**9), instead("3384"), instead(3384.0), instead(-1)),
        *at(("run", "beta2"), anywhere, left_out),
        *at(("bits",), *NO_BITS, instead(60)),
    ],
    "cover of parameters": [
        *at(("tree",), nothing, lambda tree: tree.replace("+", "*", 1), instead("/" * 10**6), instead("/" * 1000)),
        *at(("box",), one_less, one_more, emptied),
        *at(("box", 0), one_less, exchanged),
        *at(("box", 0, 0), instead("-1"), anywhere, huge),
        *at(("open",), instead("1"), nothing, left_out),
        *at(("coordinates",), instead("x, y"), left_out),
        *at(("k",), instead("4"), instead(4.0), instead(10**6)),
    ],
    "2-cycle of Adam": [
        *at(("state",), one_less, one_more, emptied),
        *at(("state", 0), anywhere, no_number, instead("0")),
        *at(("verdict",), left_out, nothing),
        *at(("beta2",), anywhere, instead("1/0"), huge),
        *at(("k",), instead("4"), instead(4.0), instead(10**6), left_out),
        *at(("rate",), anywhere, left_out),
    ],
}
