r"""The frequency principle: networks learn low frequencies first, why, and where not.

Transforms of neurons and the dominance of low frequencies are from 1901.06523 (Communications in Computational Physics 28(5)), as quoted by
the overview 2201.07395; the critical decay from 2105.11675; aliasing as a reason for grokking from 2405.17479; losses with derivatives from
2405.03095. Of the last three, published summaries and extracts were at hand; what is ours is said at each claim.
"""

from proofs_check import Assumption
from proofs_check.declaration import Paper

PRINCIPLE = Paper("arXiv:1901.06523v5")
OVERVIEW = Paper("arXiv:2201.07395v3")
DECAY = Paper("arXiv:2105.11675v1")
GROKKING = Paper("arXiv:2405.17479v1")
JUMP = Paper("arXiv:2405.03095v1")

NOTATION = {
    "F": "Fourier transform, F[f](k) = int f(x) e^(-ikx) dx",
    "k": "angular frequency",
    "C": "a number that does not depend on delta",
    "U": "U(a, b): the uniform distribution on [a, b]",
    "k_1": "the lower frequency",
    "k_2": "the higher frequency, k_2 > k_1 > 0",
    "w": "input weight of a neuron",
    "b": "bias of a neuron",
    "a": "output weight of a neuron",
    "T": "F[tanh(wx + b)]",
    "D": "F of the network less F of the target",
    "L": "L(k) = |D(k)|^2/2",
    r"\delta": "radius of the ball of input weights",
    r"B_\delta": "ball of radius delta around 0 in R^m",
    r"\mu": "Lebesgue measure",
    "h": "F of the target",
    r"\theta": "a parameter: w, b or a of any neuron",
    "m": "number of neurons",
    "n": "number of samples",
    "d": "dimension of the input",
    "M": "frequency cut-off",
    "N": "number of points of the whole domain",
    "x_i": "samples",
    "y_i": "values at the samples",
    r"\alpha": "exponent of the penalty",
    r"\langle k \rangle": "sqrt(1 + |k|^2)",
    "K_M": "the sum of e^(ikx) over frequencies up to M, each divided by its weight in the penalty",
    "E_M": "least energy under the values with frequencies up to M",
    "B": "range of biases, [-B, B]",
    "s": "order of the derivative in the loss",
}

LOW_FIRST = Assumption("ordered", r"k_2 > k_1 > 0")
SEEN = Assumption("both present", r"h(k_1), h(k_2) \ne 0", unprobed="without an error at one of them there is nothing to compare")
