r"""Networks with one hidden layer: model rank at a point and of a function, for tanh and for other activations.

f(x) = sum_i a_i sigma(w_i . x [+ b_i]) [+ c]. The tangents are sigma(z_i), a_i sigma'(z_i) x_t [and a_i sigma'(z_i), 1].
"""

from proofs_check import Assumption, Paper

STRATIFICATION = Paper("arXiv:2211.11623v1")
OPTIMISTIC = Paper("arXiv:2307.08921v1")
RECOVERY = Paper("arXiv:2406.18035v1")

NOTATION = {
    "R": r"model rank: dimension of the span T of the tangents at theta; R(f^*) the least over \Theta^*",
    "T": "span of the tangents at a point",
    "c": "a constant function",
    r"\Theta^*": "all parameters that represent f^*",
    "f^*": "a target",
    r"\sigma": "the activation",
    "d": "number of inputs",
    "m": "number of neurons",
    "k": "number of neurons of the target",
    "q": "number of outputs",
    "w_i,b_i,a_i": "input weights, bias and output weights of neuron i",
    "x_t": "the t-th input",
    "m_w": r"number of classes \pm w_i (\pm (w_i, b_i) with biases) with w_i not zero",
    "m_a": r"number of these classes in which some a_i is not zero",
    "M": "number of parameters",
    "D": "d + 1 without, d + 2 with hidden biases",
}

TANH = Assumption("tanh", r"\sigma = \tanh")
REDUCED = Assumption("reduced target", r"a^*_i \ne 0,\ w^*_i \ne 0,\ w^*_i \ne \pm w^*_j \text{ (with biases: } (w^*_i, b^*_i)\text{)}")
