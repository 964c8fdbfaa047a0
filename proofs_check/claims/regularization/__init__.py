r"""Implicit regularization that no data-independent function describes, and the models in which one does.

Gradient flow from theta_0 on a dataset S ends at Phi_S(theta_0) in M_S, the solutions of S. A function G(theta, theta_0) is *strict*
when the limit is its only minimizer on M_S for every S, *weak* when it is a minimizer (constants are). One neuron is f(x) = a sigma(w .
x) with theta = (w, a), and P = sigma/sigma', G its integral. Two datasets that share two solutions, each the limit on one of them, are a
two-point overlap: no G is strict. Many datasets with one limit are a one-point overlap: the gradient of every weak G vanishes there.
"""

from proofs_check import Assumption, Paper

LIMITATION_PAPER = Paper("arXiv:2201.12198")
OURS = LIMITATION_PAPER.at("ours, after sections 5 and 6")

NOTATION = {
    "G": r"a function G(\theta, \theta_0) that does not see the data; in first integrals the integral of sigma/sigma'",
    r"\Phi_S": r"limit of gradient flow from \theta_0 on the dataset S",
    "M_S": "solutions of the dataset S (zero loss)",
    "W": "Lambert's function: W(x) e^{W(x)} = x",
    r"\ell": "a loss of outputs",
    "v, b": "input and output weight at the second of two points",
    "S": "a dataset; S_i = (x_i, y_i) a single sample",
    r"\theta_0": "the start: (w_0, a_0) of one neuron",
    r"\theta^*": "a limit of gradient flow",
    "p_i": r"\Phi_{S_i}(\theta_0)",
    "D": "digraph on limits: from p_i to every other limit in M_(S_i)",
    r"\sigma": "the activation",
    "P": r"\sigma/\sigma'",
    "f": r"the model; one neuron: a\,\sigma(w \cdot x)",
    "w": "input weights",
    "a": "output weight",
    "w_0": "initial input weights",
    "a_0": "initial output weight",
    "x": "an input",
    "y": "a label",
    "d": "number of inputs",
    "n": "number of samples",
    "M": "number of parameters",
    "I_x": "first integral of one neuron on one input x",
    "h": r"elasticity z\,\sigma'(z)/\sigma(z)",
    "z": "a pre-activation",
    "t": "time, or w x where a formula of one input says so",
    "A": "an output weight",
}

POSITIVE = Assumption("positive and increasing", r"\sigma > 0,\ \sigma' > 0")

#: What refutes a counterexample besides its own hypotheses.
IMPOSSIBLE = "no strict G of any kind describes the limits; a weak one exists (a constant), so weak characterization is not refuted."
