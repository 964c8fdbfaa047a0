"""Check second derivatives of a torch module with python-flint alone: python check_module_point.py FILE

A certificate spells out a module as check_module.py reads it, with data and a loss, and fields along which the loss is constant
(constancy.py). Gradient and Hessian follow from the derivatives of the steps on numbers p + q t, t^2 = 0, one parameter moved at a time:
at the weights, where they bound the inertia, or over a box in which Krawczyk's test shows one critical point.
"""

import sys
from pathlib import Path

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

sys.path.insert(0, str(Path(__file__).parent))
from balls import boxed, exactly, precision  # noqa: E402
from check_box import inertia as certain_inertia  # noqa: E402
from check_inertia import inertia as exact_inertia  # noqa: E402
from check_module import Balls, Lines, RationalLines, backward, forward, rational, step_of  # noqa: E402
from constancy import check_constant  # noqa: E402
from referee import main, refusing, require, whole  # noqa: E402

LOSSES = ("mse", "quartic", "cross-entropy")
#: Parameters up to which a certificate is checked; the time grows with their square.
MOST = 400


class Problem:
    """A module with data and a loss."""

    def __init__(self, certificate):
        self.steps, self.theta = certificate["steps"], list(map(rational, certificate["theta"]))
        self.loss, self.held = certificate["loss"], [whole(k, 0, "a coordinate") for k in certificate["held"]]
        self.targets = [list(map(rational, y)) for y in certificate["targets"]]
        self.samples = [[list(map(rational, x)) for x in sample] for sample in certificate["samples"]]
        self.fields, size = certificate["fields"], len(self.theta)
        require(isinstance(self.steps, list) and self.steps[0]["kind"] == "parameters", "steps that do not begin with parameters")
        require(self.steps[0]["size"] == size <= MOST, "not as many numbers as parameters, or too many")
        require(len(self.samples) == len(self.targets) > 0, "no data, or not one target for each sample")
        require(all(len(y) == self.steps[-1]["size"] for y in self.targets), "a target of another length")
        require(self.loss in LOSSES, f"unknown loss {str(self.loss)[:40]}")
        require(len(set(self.held)) == len(self.held) and all(k < size for k in self.held), "no such coordinate, or one twice")
        require(len(self.held) == len(self.fields), "not one coordinate held for each field")
        self.free = [k for k in range(size) if k not in self.held]
        text = [[list(map(str, x)) for x in sample] for sample in self.samples]
        kinds = [step_of(self.steps, n) for n in range(len(self.samples[0]))]
        self.inputs = [[x[n] if kind == "input" else t[n] for n, kind in enumerate(kinds)] for x, t in zip(self.samples, text, strict=True)]

    def check_fields(self):
        """Along the fields the loss is constant; softmax does not see a number that is added to all outputs."""
        check_constant(self.steps, self.fields, self.loss == "cross-entropy")

    def slopes(self, theta, K):
        """The gradient of the mean loss, in the numbers of K."""
        n, total = len(self.samples), [K.number(fmpq(0))] * len(theta)
        for sample, y in zip(self.inputs, self.targets, strict=True):
            values, kept = forward(self.steps, theta, sample, K)
            pulled = backward(self.steps, values, kept, [slope / n for slope in self.cotangent(values[-1], y, K)], K)
            total = [p + q for p, q in zip(total, pulled, strict=True)]
        return total

    def cotangent(self, outputs, y, K):
        """The derivative of the loss of one sample by its outputs."""
        if self.loss == "cross-entropy":
            powers = [K.exp(f) for f in outputs]
            share = sum(y, fmpq(0)) / sum(powers[1:], powers[0])
            return [p * share - label for p, label in zip(powers, y, strict=True)]
        apart = [f - K.number(label) for f, label in zip(outputs, y, strict=True)]
        return [2 * d for d in apart] if self.loss == "mse" else [4 * d * d * d for d in apart]

    def hessian(self, theta, K, places):
        """The derivatives of the gradient on ``places`` by the parameters there, rows of numbers."""
        before, ctx.cap = ctx.cap, 2
        try:
            columns = []
            for j in places:
                moved = self.slopes([K.line(p) if k == j else p for k, p in enumerate(theta)], K)
                columns.append([K.slope(moved[k]) for k in places])
        finally:
            ctx.cap = before
        return [list(row) for row in zip(*columns, strict=True)]

    def along(self, theta):
        """The fields at balls, on the coordinates that are held: these stand for the fields where the matrix is invertible."""
        rows = []
        for field in self.fields:
            row = [arb(0)] * len(theta)
            for k, j, c in field["linear"]:
                row[k] = row[k] + theta[j] * rational(c)
            for k, c in field["constant"]:
                row[k] = row[k] + rational(c)
            rows.append([row[k] for k in self.held])
        return arb_mat(rows) if rows else arb_mat([[1]])


def least_inertia(rows, zeros):
    """Lower bounds of the numbers of negative, zero and positive eigenvalues, from pivots that have a sign, the largest first."""
    keep = [k for k, row in enumerate(rows) if not all(entry == 0 for entry in row)]  # of balls: exactly 0
    zeros, found = zeros + len(rows) - len(keep), [0, 0]
    rows = [[rows[i][j] for j in keep] for i in keep]
    while rows:
        k = max(range(len(rows)), key=lambda k: float(abs(rows[k][k]).lower()))
        pivot = rows[k][k]
        if pivot.contains(0):
            break
        found[pivot > 0] += 1
        rest = [i for i in range(len(rows)) if i != k]
        rows = [[rows[i][j] - rows[i][k] * rows[k][j] / pivot for j in rest] for i in rest]
    return [found[0], zeros, found[1]]


def check_inertia(certificate):
    """Bounds of the inertia of the Hessian at the weights."""
    problem, stated = Problem(certificate), [whole(count, 0, "a number of eigenvalues") for count in certificate["inertia"]]
    require(len(stated) == 3, "not three numbers")
    size = len(problem.theta)
    if "precision" not in certificate:
        require(not problem.held, "coordinates held where nothing is left open")
        found = exact_inertia(fmpq_mat(problem.hessian(problem.theta, RationalLines(), range(size))))
        require(found == stated, f"the inertia is {found}")
        return f"inertia {found} of the Hessian, exactly"
    precision(2 * whole(certificate["precision"], 2, "a precision"))
    problem.check_fields()
    theta = [arb(p) for p in problem.theta]
    slopes = problem.slopes(theta, Balls())
    for field in problem.fields:
        require(all(slopes[k] == 0 for k, _, _ in field["linear"]), "a field that turns where the gradient may not vanish")
    require(not problem.along(theta).det().contains(0), "fields that may be dependent on what is held")
    found = least_inertia(problem.hessian(theta, Lines(), problem.free), len(problem.held))
    require(all(a <= b for a, b in zip(stated, found, strict=True)), f"proved are {found} eigenvalues at least")
    return f"of {size} eigenvalues at least {stated[0]} negative, {stated[1]} zero, {stated[2]} positive"


def check_point(certificate):
    """One critical point near the weights, once the coordinates held have their values, and its inertia."""
    precision(2 * certificate["box"]["bits"])  # more than for the search: the box need not be wider for this script
    problem = Problem(certificate)
    problem.check_fields()
    weights, free = [arb(p) for p in problem.theta], problem.free

    def whole_of(values):
        found = list(weights)
        for k, value in zip(free, values, strict=True):
            found[k] = value
        return found

    slopes = lambda values: [problem.slopes(whole_of(values), Balls())[k] for k in free]
    curvature = lambda _, values: arb_mat(problem.hessian(whole_of(values), Lines(), free))
    require(len(certificate["box"]["centre"]) == len(free), "not one centre for each coordinate that is not held")
    point = boxed(slopes, certificate["box"], curvature)
    require(not problem.along(whole_of(point)).det().contains(0), "fields that may be dependent on what is held")
    away = max(abs(p - weights[k]).upper() for k, p in zip(free, point, strict=True))
    require(exactly(certificate["distance"]) >= away, f"the distance is {away.str(6)}")
    found = certain_inertia(curvature(None, point).tolist(), zeros=len(problem.held))
    require(certificate["inertia"] == found, f"the inertia is {found}")
    return f"one critical point within {float(certificate['distance']):.3g} of the weights, inertia {found}"


KINDS = {"inertia of a module": check_inertia, "critical point of a module": check_point}


@refusing
def check(certificate):
    """What is shown, in words; refused where it is not, and what is no certificate."""
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(check)
