"""Check a two-point counterexample again without any of our code: scipy integrates, the rest is plain arithmetic.

Usage: python recheck_counterexample.py counterexample.json

The file names an activation, a start, two samples and two limits. Gradient flow of (f(x) - y)^2 is integrated from the start on each sample
alone; its end must be the limit stated, and both limits must solve both samples. Exit code 0 when all of this holds within 1e-6.
"""

import ast
import json
import math
import sys

from scipy.integrate import solve_ivp

TOLERANCE = 1e-6
NAMED = {
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)) if z > -700 else 0.0,
    "softplus": lambda z: max(z, 0) + math.log1p(math.exp(-abs(z))),
    "gelu": lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2,
    "exp": math.exp,
    "erf": math.erf,
    "atan": math.atan,
    "arctan": math.atan,
    "sin": math.sin,
    "cos": math.cos,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "log": math.log,
    "sqrt": math.sqrt,
}
NAMED["silu"] = lambda z: z * NAMED["sigmoid"](z)
OPERATIONS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def evaluate(node, z):
    """The value at z of a parsed formula of numbers, z, + - * / ** and the functions above."""
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id == "z":
        return z
    if isinstance(node, ast.UnaryOp):
        value = evaluate(node.operand, z)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](evaluate(node.left, z), evaluate(node.right, z))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return NAMED[node.func.id](evaluate(node.args[0], z))
    raise ValueError(f"not a formula in z: {ast.dump(node)}")


def activation(name):
    if name in NAMED:
        return NAMED[name]
    tree = ast.parse(name, mode="eval").body
    return lambda z: evaluate(tree, z)


def midpoint(text):
    """ "[1.25 +/- 1e-20]" or "1.25" as a float."""
    return float(text.strip("[]").split()[0])


def main(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    if data["mechanism"] == "cycle":
        sys.exit("this script checks two-point and one-point counterexamples")
    sigma, m, d = activation(data["activation"]), data["neurons"], data["inputs"]
    theta0 = [midpoint(text) for text in data["theta0"]]
    samples = [([midpoint(text) for text in sample["x"]], midpoint(sample["y"])) for sample in data["samples"]]
    limits = [[midpoint(text) for text in limit] for limit in data["limits"]]

    def value(theta, x):
        pre = [sum(theta[k * d + j] * x[j] for j in range(d)) for k in range(m)]
        return sum(theta[m * d + k] * sigma(pre[k]) for k in range(m)), pre

    def slope(z, h=1e-5):
        return (sigma(z - 2 * h) - 8 * sigma(z - h) + 8 * sigma(z + h) - sigma(z + 2 * h)) / (12 * h)

    def flow(x, y):
        def field(_, theta):
            f, pre = value(theta, x)
            pull = -2 * (f - y)
            by_weights = [pull * theta[m * d + k] * slope(pre[k]) * x[j] for k in range(m) for j in range(d)]
            return by_weights + [pull * sigma(z) for z in pre]

        def solved(_, theta):
            return abs(value(theta, x)[0] - y) - 1e-10

        solved.terminal = True
        return solve_ivp(field, (0, 1e6), theta0, method="LSODA", rtol=1e-11, atol=1e-13, events=solved).y[:, -1]

    worst = 0.0
    for k, (x, y) in enumerate(samples):
        end = flow(x, y)
        gap = max(abs(a - b) for a, b in zip(end, limits[k], strict=True))
        print(f"sample {k + 1}: gradient flow ends within {gap:.1e} of the stated limit")
        worst = max(worst, gap)
    for limit in limits:
        for x, y in samples:
            worst = max(worst, abs(value(limit, x)[0] - y))
    print(f"distance of the limits: {math.dist(*limits):.6f}; largest defect: {worst:.1e}")
    distinct = data["mechanism"] == "one-point" or math.dist(*limits) > 1e3 * TOLERANCE
    return 0 if worst < TOLERANCE and distinct else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
