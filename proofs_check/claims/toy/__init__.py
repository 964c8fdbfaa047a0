r"""Small models whose model rank is known at every point: the first pictures of rank stratification.

They are affine in x with polynomial coefficients, so that the tangents are vectors of coefficients and every rank is exact.
"""

from proofs_check import Paper

STRATIFICATION = Paper("arXiv:2211.11623v1")
OPTIMISTIC = Paper("arXiv:2307.08921v1")

NOTATION = {
    "f": "the model, affine in x",
    "x_j": "the j-th of d inputs",
    r"\theta": "the parameters, real",
    "M": "number of parameters",
    "M_I": "largest model rank over all theta",
    "R": r"model rank: dimension of the span of the tangents at theta; R(f^*) the least over all theta that represent f^*",
    "f^*": "a target; k-sparse: with k non-zero coefficients",
    "a_j": r"the L entries a_j^{[1]}, \dots, a_j^{[L]} of coordinate j, or one entry",
    "b_j": "entry j of b",
    "L": "depth",
    "k": "number of non-zero coefficients of f^*",
}

#: Tolerance of the checks in floats.
FLOATS = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"
