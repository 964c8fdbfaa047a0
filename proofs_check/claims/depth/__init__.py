r"""Critical liftings in depth: a layer is inserted, and outputs on the data and critical points are kept.

The new layer lies behind layer q; its neurons stay in open affine pieces of \sigma on the data, with slopes \Lambda and offsets \mu:
W' \Lambda \hat W = W^{[q+1]}, W' (\Lambda \hat b + \mu) + b' = b^{[q+1]}. The definitions are those of the paper's abstract, in our words.
"""

from proofs_check import Paper

LIFTING = Paper("arXiv:2205.13283v4")
EARLY = Paper("arXiv:2205.13283v1")

NOTATION = {
    "R": "risk, over the data S",
    "M": "number of parameters of the shallow network; deep: of the deep one",
    "S": "the data, finitely many samples",
    r"\theta": "a point of the shallow network; deep: of the deep one",
    "q": "the layer behind which one is inserted, 0 the inputs",
    "m_q": "width of layer q",
    r"\hat m": "width of the inserted layer",
    r"\hat W,\hat b": "weights and biases of the inserted layer",
    "W',b'": "weights and biases of the next layer",
    "W^{[q+1]}": "weights of the shallow network between layers q and q+1",
    r"\sigma": "the activation",
    r"\Lambda,\mu": "slopes and offsets of the affine pieces",
    "H": "Hessian of R",
    "B_s,S_s,C_{q+1}": r"E[e \sigma' h^\top], E[(W_s \cdot e) \sigma'' h h^\top], E[e h^\top] of the inserted layer",
    "e^{[q+1]}": "errors of layer q+1",
    "f^{[q]}": "features of layer q",
    "v": "outgoing weights of a neuron",
    "E": "mean over the samples",
    "n": "number of samples",
    r"\hat u": "normalized pre-activations of a batch",
    r"\gamma,\beta": "scale and shift of batch normalization",
    r"\pi": "the collapse of the inserted layer into the next one",
    "n_-,n_0,n_+": "numbers of negative, zero and positive eigenvalues",
}
