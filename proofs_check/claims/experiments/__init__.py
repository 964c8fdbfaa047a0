r"""The published experiments: what gradient descent from a small start recovers, and from how many samples.

R is the model rank: local linear recovery of first order. That training reaches the target at n = R is an observation, tested with the
start small enough; the published hyperparameters stand beside it, reported for what they give.
"""

from proofs_check import Assumption, Paper

STRATIFICATION = Paper("arXiv:2211.11623v1")
RECOVERY = Paper("arXiv:2406.18035v1")

NOTATION = {
    "R": "model rank; R(f^*) its least value over the parameters that represent f^*",
    "P": "probability over targets, samples and starts",
    "n": "number of samples",
    "r": "rank of the target matrix",
    "d_1, d_2": "sides of the target matrix",
    r"\theta": "the parameters",
    r"\theta^*": "parameters of zero loss",
    "f^*": "the target",
}

VANISHING = Assumption("vanishing start", r"\text{factors start at standard deviation } 10^{-32}")
