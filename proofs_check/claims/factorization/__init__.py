r"""Factorizations of matrices and tensors: model rank at a point and of a target, and what samples see of it.

The domain of a factorization is the finite set of its entries, so that the tangent functions are matrices or tensors and every rank is
exact. Up to changes of basis, which change no rank, chains of factors are finitely many (:mod:`theory.rank.chains`): all of them are met.
"""

from proofs_check import Assumption, Paper

STRATIFICATION = Paper("arXiv:2211.11623v1")
SEGRE = Paper("arXiv:math/0607191")

NOTATION = {
    "A": "the left factor, d_1 x m; of A A^T the only one, d x m",
    "B": "the right factor, m x d_2",
    "A_i": "the i-th of L factors, d_(i-1) x d_i",
    "L": "number of factors",
    "N": "number of axes of a tensor",
    "D": "product of the sizes but the largest",
    "R": r"model rank: dimension of the span of the tangents at theta; R(f^*) the least over \Theta^*",
    "M_I": "largest model rank over all theta",
    "R_S": "empirical rank: that of the tangents on the samples S",
    "S": "the sampled entries (i, j), or n measurements",
    "G_j": "a matrix: the sample j is <G_j, A B>, the sum of products of entries",
    "n": "number of samples",
    "f^*": "a matrix to be represented",
    r"\Theta^*": "all parameters that represent f^*",
    "m": "inner width",
    "d": "size of a square matrix; of a tensor the largest size",
    "d_1,d_2": "height and width of the matrix",
    "d_i": "size of the i-th axis or space",
    "a": r"\operatorname{rank} A",
    "b": r"\operatorname{rank} B",
    "r": r"\operatorname{rank} f^*; of tensors the number of rank-one terms",
    "p_i": r"\operatorname{rank} A_1 \cdots A_i, with p_0 = d_0 and p_L := 0",
    "s_i": r"\operatorname{rank} A_i \cdots A_L, with s_{L+1} = d_L",
    "I,J": "sets of rows and of columns, at least r of each",
}

#: Tolerance of the checks in floats.
FLOATS = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"

#: Distribution of points and measurements that stand for generic ones.
INTEGERS = "independent integers up to 10^6: a rank is too small with probability at most 2 R / 10^6 (Schwartz, Zippel)"

GENERIC = Assumption("generic", r"\text{generic factors or measurements}")
