r"""Structure near the global minima of two-layer networks: branches of perfect minima, and what samples and gradient flow make of them.

g(theta, x) = sum_{k <= m} a_k sigma(w_k . x) is to represent f* = sum_{j <= m0} abar_j sigma(wbar_j . x), with the loss
R = sum_i (g - f*)^2(x_i) (no 1/n, no 1/2), so that Hess R = 2 J^T J on the zero set. Neurons that share a weight form a block; a branch
Q^r_{P, pi} of r blocks says which blocks carry which target, and l of its other blocks are single neurons.
"""

from dataclasses import replace

from proofs_check import Assumption, Paper

GEOMETRY = Paper("arXiv:2309.00508v3")
LIFTED = Paper("arXiv:2505.13582")

NOTATION = {
    "g": "the network, m neurons without bias",
    r"\sigma": "the activation",
    "m": "number of neurons",
    "m_0": "number of target neurons, at most m: distinct weights, none without an output",
    "d": "number of inputs",
    "n": "number of samples",
    "N": "m (d + 1), the number of parameters",
    "r": "number of distinct input weights of a branch",
    "l": "number of free blocks of one neuron, whose output weight is 0",
    "Q^*": "perfect minima: all theta with g = f^*",
    r"Q^r_{P,\pi}": r"the branch of a partition P into r blocks of which \pi carry the targets",
    "S(m,b)": "number of partitions of m neurons into b blocks",
    "R": "the loss, sum of squares over the samples",
    r"R^{-1}\{0\}": "points of zero loss",
    "J": "tangents (gradients of g at the samples) as rows",
    r"\theta^*": "a perfect minimum",
    r"\bar\theta": "the target",
    r"\gamma": "a gradient flow of R",
    r"\theta_\infty": "its limit",
    r"\lambda": r"smallest non-zero eigenvalue of \operatorname{Hess} R(\theta_\infty)",
    "U": "an open set, one around almost every point of the branch",
    "w_k": "input weight of neuron k",
    "a_k": "output weight of neuron k",
    r"\bar w": "input weight of a target",
    r"\bar a": "output weight of a target",
    "x_i": "the i-th input",
    "e": "residuals, labels less values",
    r"\Phi": r"\sum_i e_i \sigma(w \cdot x_i), a function of the weight w of a silent neuron",
    "c": r"a vector in \ker J^T",
    "t": "time",
    "b": "number of blocks",
    "P": "a partition of the neurons into blocks",
}

GENERIC = Assumption(
    "generic activation", r"\sigma \text{ analytic}, \sigma(0) \ne 0, \text{ infinitely many odd and even Taylor coefficients not } 0"
)
INPUTS = Assumption("generic inputs", r"x_1, \dots, x_n \text{ outside a null set}")
MOVING = Assumption("moving at zero", r"\sigma'(0) \ne 0 \text{ or all } \bar w_j \ne 0")
POINT = Assumption("generic point", r"\theta^* \text{ outside a null set of its branch}")

#: What claims on the zero set and its flows rest on, probed where ranks are claimed.
HYPOTHESES = [
    replace(one, unprobed="dropped in recovery.rank and recovery.morse-bott, on which this rests")
    for one in (GENERIC, INPUTS, MOVING, POINT)
]

#: Tolerance of ranks in floats.
FLOAT_GAP = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl); no gap: decided exactly"
