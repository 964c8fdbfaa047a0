r"""Initial condensation: the hidden weights of a network that starts small gather on few directions, known from the data alone.

The loss is R = (1/2n) sum_i e_i^2 with e_i = f(x_i) - y_i, f(x) = sum_j a_j sigma(w_j . x), the bias folded into x; all parameters are of
size epsilon. D is the length of w_j, and p the multiplicity of sigma.
"""

from proofs_check import Assumption, Paper

INITIAL = Paper("arXiv:2105.11686v6")
CONVOLUTION = Paper("arXiv:2305.09947v2")
REDUCTION = Paper("arXiv:2405.01041v1")

NOTATION = {
    "p": r"multiplicity of \sigma: \sigma^{(p)}(0) is its first derivative at 0 that is not 0, p \ge 1",
    "g": r"gap to the next derivative: \sigma^{(p+g)}(0) \neq 0",
    "q": "a positive integer",
    "C_b": "a constant of kernel b, from its start",
    r"\Phi": "the distribution function of the normal distribution of deviation 1",
    r"\alpha_t": "a number, any for each step",
    "r": "number of real lines on which T vanishes",
    "\\sigma": "activation",
    "\\varepsilon": "size of all parameters at the start",
    "w_j": "weight of hidden neuron j, its bias included",
    "a_j": "output weight of hidden neuron j",
    "m": "number of hidden neurons",
    "n": "number of samples",
    "D": "length of a weight, the bias included",
    "x_i": "input of sample i, a last entry 1 included",
    "y_i": "label of sample i",
    "e_i": "error f(x_i) - y_i",
    "z": r"\frac{1}{n} \sum_i y_i x_i",
    "V": r"leading form \sum_i c_i (u \cdot x_i)^p with c_i = -e_i",
    "u": "unit direction",
    "M": r"\sum_i c_i x_i x_i^T \text{ with } c_i = -e_i",
    "c_i": "minus the error of sample i",
    "\\kappa": r"\sigma^{(p)}(0)/(p!\, n)",
    "S": "a set of coordinates that is not empty",
    "L": "number of weight matrices",
    "W^{[k]}": "weight matrix of layer k",
    "x_i^{[k]}": "output of layer k on sample i, x_i^{[0]} = x_i",
    "W_b": "kernel b, of length K",
    "A_b": "output weights of kernel b, one a position",
    "X_i": "patches of sample i as columns",
    "Z": r"\tfrac{\sigma'(0)}{n} \sum_i y_i X_i",
    "K": "length of a kernel",
    "s_k": "singular values of Z, the largest first",
    "u_k": "left singular vectors of Z",
    "v_k": "right singular vectors of Z",
    "l_j": "length of w_j in units of u",
    "\\tau": r"time in units of the growth rate, |z| t",
}

SMOOTH = Assumption("smooth at 0", r"\sigma \text{ has derivatives at } 0 \text{, not all of them zero}")
SMALL = Assumption("small weights", r"|\theta(0)| = O(\varepsilon),\ \varepsilon \to 0")
NOT_CONSTANT = Assumption("V not constant", r"V \neq \mathrm{const} \cdot |u|^p \text{ on the circle}")
PLANE = Assumption("one input", r"D = 2 \text{: one input and a bias}")
LINEAR_PART = Assumption("linear part", r"z = \tfrac1n \sum_i y_i x_i \neq 0")
CENTRED = Assumption("no offset", r"\sigma(0) = 0")
FLOW = Assumption("gradient flow", r"\text{training by gradient flow (or small steps of gradient descent)}")
GAUSSIAN = Assumption("Gaussian start", r"a_j(0) \text{ and the entries of } w_j(0) \text{ are independent } N(0, \varepsilon^2)")
