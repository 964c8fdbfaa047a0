r"""Two-layer tanh networks with convolution: what sharing weights and local connections save.

f(x) = sum over kernels l and positions j of a_lj tanh(K_l . patch_j(x) [+ b_l]). The same function lives in the network with shared
kernels (CNN), without sharing (NS) and in the fully connected one (FNN). A kernel counts for a target
if some of its output weights is not 0.
"""

import numpy as np

from proofs_check import Assumption, Paper
from proofs_check.claims import _ranks

STRATIFICATION = Paper("arXiv:2211.11623v1")
OPTIMISTIC = Paper("arXiv:2307.08921v1")
RECOVERY = Paper("arXiv:2406.18035v1")

NOTATION = {
    "R": r"model rank: dimension of the span of the tangents; R(f^*) the least over all theta that represent f^*; neurons are tanh",
    "CNN,NS,FNN": "networks of tanh neurons with shared kernels, without sharing, and fully connected",
    "f^*": "a target: k kernels, each with an output weight that is not 0",
    "k": "number of kernels of the target",
    "d": "number of inputs in one dimension; |D| in any",
    "s": "kernel size in one dimension; |S| in any",
    "p": "number of positions of a kernel",
    "K_l": "kernel l",
    "a_l": "its output weights a_lj, one a position j",
    "m_null": "number of vanishing output weights of the k kernels",
    "m_K": r"number of classes \pm K_l with K_l not zero",
    "m_a": r"sum over these classes of the dimension of the span of their a_l",
    "x_j": "the inputs x_jt at position j of a kernel",
    "q": "number of distinct neurons up to sign",
}

NO_TRANSLATES = Assumption("no translates", r"K_l \neq 0, \text{ no kernel is } \pm \text{ a translate of another inside the grid}")


def in_floats(model, theta):
    """The rank at theta / 8 that singular values show across a clear gap, else the certified one."""
    return _ranks.in_floats(model, np.asarray(theta, float) / 8)
