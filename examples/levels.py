"""What a pair of limits says beside its proof, with python-flint alone: that the two differ as functions, and where biases are."""

from balls import activation, number, precision, rational
from flint import arb
from referee import Refused, require, whole


def require_level(certificate):
    """Refuse a certificate of two limits whose level is not shown, or whose biases have an input other than 1."""
    if certificate.get("mechanism") not in ("two-point", "reweight") or "level" not in certificate:
        return
    level, bias = certificate["level"], certificate["bias"]
    require(level in ("function", "parameter") and (level == "function") == (certificate["kind"] == "generic"), "a kind of another level")
    require(type(bias) is bool, "a bias that is neither there nor not")
    require(not bias or all(rational(sample["x"][-1]) == 1 for sample in certificate["samples"]), "a bias whose input is not 1")
    if level == "parameter":
        return
    precision(128)
    sigma, d = activation(certificate["activation"]), whole(certificate["inputs"], 1, "the number of inputs")
    p, q = ([number(entry) for entry in limit] for limit in certificate["limits"])
    for k in range(64):  # inputs of sizes from 0.1 to 40
        x = [arb((k * (2 * j + 3) + 5 * j + 1) % 17 - 8) * arb("0.05") * arb("1.1") ** k for j in range(d)]
        if bias:
            x[-1] = arb(1)
        try:
            if not (value(sigma, p, x) - value(sigma, q, x)).contains(0):
                return
        except (Refused, ValueError):  # a place at which sigma has no value, or a kink
            continue
    raise Refused("limits that were not shown to differ as functions")


def value(sigma, theta, x):
    """The network at x: input weights neuron by neuron, then output weights."""
    neurons = len(theta) // (len(x) + 1)
    inside = [sum((w * u for w, u in zip(theta[k * len(x) : (k + 1) * len(x)], x, strict=True)), arb(0)) for k in range(neurons)]
    return sum((a * sigma(z) for a, z in zip(theta[neurons * len(x) :], inside, strict=True)), arb(0))
