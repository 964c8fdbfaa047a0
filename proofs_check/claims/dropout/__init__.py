r"""Dropout: the mean of its loss and gradient, the covariance of its noise, and what its mean prefers (2207.05952, 2305.15850, 2111.01022).

Neurons of the last hidden layer are kept with probability p, independently, and scaled by 1/p; one mask serves all samples of a step.
Contributions, errors and gradients are those of ``theory.dynamics.dropout``. The first paper was read as arXiv v2 and in its journal
version (TPAMI 46(6), 10.1109/TPAMI.2024.3357172), which differ in Theorem 1.
"""

from proofs_check import Assumption
from proofs_check.declaration import Paper

IMPLICIT = Paper("arXiv:2207.05952v2")
EQUATIONS = Paper("arXiv:2305.15850v1")
STRUCTURE = Paper("arXiv:2111.01022v1")

NOTATION = {
    "p": "probability of keeping a neuron, in (0, 1]",
    "v": "(1 - p)/p, the variance of a mask",
    "n": "number of samples",
    "m": "number of neurons in the last hidden layer",
    r"\xi_j": "mask of neuron j: 1/p with probability p, else 0",
    "a_j": "output weights of neuron j, a vector for several outputs",
    "h_{ij}": "output of neuron j of the last hidden layer on sample i",
    "s_{ij}": "contribution a_j h_{ij} of neuron j to the output on sample i",
    "e_i": "error f(x_i) - y_i without dropout",
    "g_{ik}": "gradient of s_{ik} in the parameters",
    "R_S": "loss without dropout, (1/2n) sum of squared errors",
    r"R^{\xi}": "loss of the mask xi",
    "R_1": "penalty v/(2n) times the sum of squared contributions",
    "L": "mean loss R_S + R_1",
    r"\Sigma": "covariance of the gradient of the loss over masks",
    r"\eta": "learning rate",
}

LAST = Assumption("last hidden layer", r"\text{dropout acts on the last hidden layer, behind which the network is linear}")
SQUARE = Assumption("square loss", r"\text{the loss is half the mean of the squared errors}")
INDEPENDENT = Assumption("independent masks", r"\xi_1, \dots, \xi_m \text{ are independent}")
THROUGH = Assumption(
    "through contributions",
    r"\text{every parameter acts on } f \text{ through the } s_{ij} \text{ alone (no output bias)}",
    unprobed="an output bias is no part of the arrays s, g that are drawn; with one, n = 1, s = (1, 2), y = 0, p = 1/2: Var(dR/db) = 5",
)
