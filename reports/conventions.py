"""Letters that mean the same in every statement, and are not explained again on its page."""

from __future__ import annotations

#: Symbols in LaTeX with their meaning; a claim that means another thing by one of them says so.
EVERYWHERE = {
    r"\theta": "the parameters of a network, all of them in one vector",
    "f": "the output of a network, a function of its input and parameters",
    "x": "an input",
    "z": "the argument of an activation",
    "t": "time or a step",
    "i, j, k": "indices; what a sum or a maximum is over",
    "d": "in front of a variable: the differential",
    "D": "in front of a map: the derivative",
    "e": "the base of the natural logarithm",
    r"\pi": "the circle number",
    r"\Gamma": "the gamma function",
    "I": "the identity matrix",
    "T": "raised: the transposed matrix",
    r"\lambda": r"with \min or \max: the least or largest eigenvalue of a symmetric matrix",
    "F": "lowered, at a norm: the root of the sum of squares of all entries",
    "C": "raised to k: differentiable k times, with continuous derivatives",
    "O": "O(g): at most a constant times g",
    "P": "the probability of an event",
    "N": r"N(\mu, \sigma^2): the normal distribution",
}
