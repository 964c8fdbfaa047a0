r"""Phase diagrams of wide networks: which layers move, and how far, as a power of the width (2007.07497, 2303.06561, 2205.12101).

Two layers: f(x) = (1/alpha) sum_j a_j sigma(w_j . x), a_j ~ N(0, beta1^2), w_j ~ N(0, beta2^2 I_d), R_S = (1/2n) sum_i (f(x_i) - y_i)^2,
trained by gradient flow. After normalization a/beta1, w/beta2, t/(beta1 beta2) the numbers kappa and kappa' decide; with kappa = m^-gamma,
kappa' = m^-gamma' a network is a place in the plane. RD(w) = sup_t |w(t) - w(0)|/|w(0)| over all input weights together.
"""

from proofs_check import Assumption, Paper

DIAGRAM = Paper("arXiv:2007.07497v2")
INITIAL = Paper("arXiv:2303.06561v2")
THREE = Paper("arXiv:2205.12101v1")

NOTATION = {
    "m": "number of hidden neurons",
    "n": "number of samples",
    "d": "length of an input, its last entry 1 included",
    "x_i": "input of sample i",
    "y_i": "label of sample i",
    "e_i": "f(x_i) - y_i",
    "a_j": "output weight of neuron j, divided by beta_1",
    "w_j": "input weights of neuron j, divided by beta_2",
    "a": "all output weights, divided by beta_1",
    "w": "all input weights, divided by beta_2",
    "\\alpha": r"f = \tfrac{1}{\alpha} \sum_j a_j \sigma(w_j \cdot x)",
    "\\beta_1": "standard deviation of the output weights at the start",
    "\\beta_2": "standard deviation of the input weights at the start",
    "\\kappa": r"\beta_1 \beta_2/\alpha",
    "\\kappa'": r"\beta_1/\beta_2",
    "\\gamma": r"-\lim \ln \kappa/\ln m",
    "\\gamma'": r"-\lim \ln \kappa'/\ln m",
    "\\tau": r"time t/(\beta_1 \beta_2)",
    "h": "learning rate in units of tau",
    "\\sigma": "activation",
    "R_S": r"\tfrac{1}{2n} \sum_i e_i^2",
    "RD": r"\sup_t |w(t) - w(0)|/|w(0)|",
    "S": r"\text{exponent: } RD \text{ is of order } m^S",
    "S_a": "the same of the output weights",
    "Q": r"\gamma - 1 - |\gamma'|",
    "T": "a time of training",
    "K_a": r"E\, \sigma(w \cdot x_i)\, \sigma(w \cdot x_k),\ w \sim N(0, I)",
    "K_w": r"x_i \cdot x_k\, E\, \sigma'(w \cdot x_i)\, \sigma'(w \cdot x_k)",
    "\\lambda": r"\min(\lambda_{\min} K_a, \lambda_{\min} K_w)",
}

HOMOGENEOUS = Assumption("homogeneous", r"\sigma(c z) = c\, \sigma(z) \text{ for } c > 0 \text{, as for ReLU}")
RELU = Assumption("ReLU", r"\sigma \text{ is the ReLU}", unprobed="other activations have no kappa and kappa': phase2.similarity drops it")
ZERO_OUTPUT = Assumption("zero output", r"f = 0 \text{ at the start (neurons in pairs } (w, a), (w, -a)\text{)}")
FITTED = Assumption("fitted", r"R_S(T) \le \tfrac{1}{32 n},\ \max_i y_i \ge \tfrac12")
CUBE = Assumption("unit cube", r"x_i \in [0, 1]^d,\ (x_i)_d = 1")
