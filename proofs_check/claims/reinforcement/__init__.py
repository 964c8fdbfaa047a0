r"""Temporal difference against residual gradient: what each minimizes, how fast, and what a small residual says (2205.12770).

delta = Q(s, a) - r - gamma Q(s', a'). The paper compares both in experiments with neural networks; what is exact about them is derived
here. Tables: V* is the fixed point, P the transition matrix.
"""

from proofs_check.declaration import Paper

COMPARISON = Paper("arXiv:2205.12770v1")

NOTATION = {
    "\\gamma": "discount, in [0, 1)",
    "\\delta": r"Q(s, a) - r - \gamma Q(s', a')",
    "Q": "action value",
    "V": "value of the states, (n,)",
    "V^\\pi": "the solution of (I - gamma P) V = r",
    "s, a": "state and action",
    "s', a'": "next state and action",
    "\\theta": "parameters of Q",
    "r": "reward",
    "n": "number of states",
    "P": "transition matrix (n, n)",
    "C": "cyclic permutation of n states",
    "\\operatorname{Var}": "variance over the next state",
    "E": "mean over the next state",
    "Q^*": "the optimal action value",
}
