r"""Generic ranks of the architectures that are used: attention, convolutions, normalizations, recurrent cells, ReLU and polynomial
networks.

The rank R at parameters theta is the dimension of the span of the tangent functions d f_t(.)/d theta_k over all inputs. A symmetry, a
flow of
parameters that changes no output, takes one dimension; at generic parameters the statements say that nothing else does.
"""

from proofs_check import Assumption
from proofs_check.declaration import Paper

LIGHTNING = Paper("arXiv:2408.17221v1")
FUNCTIONAL = Paper("arXiv:2209.04036v1")
POLYNOMIAL = Paper("arXiv:1905.12207v1")
CONVOLUTIONS = Paper("arXiv:2304.05752v1")

NOTATION = {
    "R": "rank: dimension of the span of the tangent functions, over all inputs",
    "P": "number of parameters",
    "d": "width of a token; number of inputs",
    "h": "number of heads; of hidden neurons",
    "k": "size of keys, values and queries of a head; of a kernel",
    "l": "number of layers",
    "c": "number of channels",
    "r": "degree of the activation",
    "T": "number of tokens, or of steps",
}

GENERIC = Assumption("generic parameters", r"\theta \text{ outside a set of measure } 0")
