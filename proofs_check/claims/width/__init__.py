r"""The embedding principle in width: networks contain the critical points of narrower ones, and what their Hessians become there.

A network has L layers, f^{[l]} = \sigma(W^{[l]} f^{[l-1]} + b^{[l]}), risk R = E \ell(f, y) and errors
e^{[l]} = \partial \ell / \partial p^{[l]}. Layers count from 1, as the papers do; B_s, S_s and C_l carry all of the second order.
"""

from proofs_check import Assumption, Paper

NEURIPS = Paper("arXiv:2105.14573v3")
JML = Paper("arXiv:2111.15527v1")
LOCAL = Paper("arXiv:2505.13582")
GEOMETRY = Paper("arXiv:2405.17501")
HIERARCHY = Paper("doi:10.1016/S0893-6080(00)00009-5")

NOTATION = {
    r"\theta": "the parameters of the narrow network",
    r"\theta_c": "a critical point of the narrow network",
    "f": "the output function",
    "x": "an input",
    "y": "a target",
    "S": "the data, any finite set of samples",
    r"\ell": "the loss of a sample",
    "R": r"the risk, E \ell(f, y)",
    r"\sigma": "the activation",
    "E": "the mean over the samples",
    "L": "number of layers, the last one linear",
    "l": "a hidden layer, from 1",
    "s": "a neuron of layer l",
    "m_l": "width of layer l; m_0 inputs, m_L outputs",
    "d_l": r"m_{l-1} + 1, number of incoming parameters of a neuron (with its bias)",
    "M": "number of parameters of the narrow network",
    "M'": "number of parameters of the wide network",
    "K": "number of neurons added, K_l of them in layer l",
    "f^{[l]}": "features of layer l",
    "p_s": "pre-activation of neuron s",
    "e^{[l]}": r"errors, \partial \ell / \partial p^{[l]}",
    r"h": r"(f^{[l-1]}, 1)",
    "W_s": "outgoing weights of neuron s",
    "w,b,v": "incoming weights, bias and outgoing weights of a new neuron",
    "T": "an embedding, an affine map with matrix A",
    r"T^\alpha": r"the split of neuron s of layer l: its copy takes the fraction \alpha of its outgoing weights",
    r"\alpha": "a real number",
    r"\beta": "coefficients of copies, of sum 1; multipliers of neurons",
    "A": "the matrix of an embedding",
    "G": "the constant matrix by which gradients map",
    "I(i)": "the narrow neuron that neuron i stands for",
    "H": "Hessian of R; of the wide network H'",
    "B_s": r"E[e^{[l+1]} \sigma'(p_s) h^\top], m_{l+1} x d_l",
    "S_s": r"E[(W_s \cdot e^{[l+1]}) \sigma''(p_s) h h^\top], d_l x d_l",
    "C_l": r"E[e^{[l+1]} h^\top]",
    "C": r"a matrix with |\det C| = 1",
    "In": r"inertia (n_-, n_0, n_+): numbers of negative, zero and positive eigenvalues",
    "n_-,n_0,n_+": "numbers of negative, zero and positive eigenvalues",
    "r": "rank of B_s, or of C_l",
}

CRITICAL = Assumption("critical", r"\nabla R(\theta) = 0")
OUTGOING = Assumption("outgoing weights", r"W_s \ne 0")
ONE_OUTPUT = Assumption("one target", r"m_{l+1} = 1")
ANY_SIGMA = Assumption(
    "differentiable",
    r"\sigma, \ell \text{ differentiable}",
    unprobed="the gradient is not defined without it; at a kink one fixed choice of subgradient serves as derivative",
)
TWICE = Assumption("twice differentiable", r"\sigma, \ell \in C^2", unprobed="the Hessian is not defined without it")

#: What a proof with undefined activation and loss covers, see theory.embedding.symbolic.
ANY_NETWORK = (
    "undefined sigma and loss, symbolic parameters and alpha; one neuron with two inputs and two outputs, the rest of the network "
    "being an arbitrary function of two further parameters: every pattern of indices of any depth and width"
)
#: Tolerances of checks in floats, each derived.
BACKWARD = "64 (P + n) eps times the largest product of weights and inputs along a path through the network"
SUMS_OF_MODULI = "64 (P + n) eps times the sum of moduli that enter: every entry is a sum of that many products, rounded"
FLOAT_INERTIA = "eigenvalues within 64 P eps |lambda|_max are zero; those within a thousand times that are decided in balls"
