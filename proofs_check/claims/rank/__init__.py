r"""The model rank in general: its largest value, samples that see it, maps that keep it, and how it varies over parameters.

R(theta) is the dimension of the span of the tangent functions at theta, R_S that of their values on samples S, R(f^*) the least R over
the parameters that represent f^*.
"""

from proofs_check import Paper

STRATIFICATION = Paper("arXiv:2211.11623v1")
OPTIMISTIC = Paper("arXiv:2307.08921v1")
RECOVERY = Paper("arXiv:2406.18035v1")
STRUCTURE = Paper("arXiv:2309.00508v3")

NOTATION = {
    "R": r"model rank: dimension of the span of the tangents; R(f^*) the least over \Theta^*",
    "R_S": "rank of the tangents on the samples S",
    "S": "the samples",
    "X": "inputs x_1, ..., x_n",
    "n": "number of samples",
    "M": "number of parameters",
    "M_I": "largest model rank over all theta",
    "O": "optimistic sample size: the least n with local linear recovery from some n samples at some representative",
    r"\theta": "the parameters",
    r"\Theta^*": "all parameters that represent f^*",
    "f": "the model",
    "f^*": "a target",
    r"\varphi_i": "features of a linear model",
    "d": "number of inputs; size of a square matrix",
    "y_j": "labels",
}

#: Tolerance of the checks in floats.
FLOATS = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"
