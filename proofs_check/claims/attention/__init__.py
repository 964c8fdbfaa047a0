r"""How attention learns a Markov chain: it condenses, focuses on the frequent token, and dilutes (2605.01199).

The population model is that of ``theory.dynamics.attention``. The paper itself was not at hand: its statements are taken from published
summaries with numbers of theorems, and derived here.
"""

from fractions import Fraction

import numpy as np

from proofs_check import Assumption
from proofs_check.declaration import Paper

FOCUS = Paper("arXiv:2605.01199v1")

NOTATION = {
    "d": "number of tokens",
    r"\pi": "stationary law of the tokens",
    r"\lambda": "probability that a token stays: P = lambda I + (1 - lambda) 1 pi^T",
    "M": "W_0 W_1, (d, d)",
    r"\Phi": "W_0 W_Q W_K^T W_0^T, (d, d), the logits of attention",
    "W_0": "embedding (d, width)",
    "W_1": "projection (width, d)",
    "W_Q": "query weights (width, key)",
    "W_K": "key weights (width, key)",
    r"\gamma": "g pi, with g > 0 and g^2 = |log pi - mean|/|pi|^3",
    r"\beta": "(log pi - mean)/(g |pi|^2), the mean being over tokens",
    r"\alpha": "a unit vector of the width",
    "c": "lambda Cov_pi(gamma, beta) Var_pi(gamma)",
    "H": "entropy",
    r"\mathcal{L}": "the loss: mean cross-entropy of the next token",
}

MOVING = Assumption(
    "moving",
    r"\lambda < 1",
    unprobed="at lambda = 1 a sequence holds one token: its average is that token and not pi, and attention has no slope at all",
)
LONG = Assumption("long sequences", r"\text{the length of sequences and their number tend to infinity}")
PERSISTENT = Assumption("persistent", r"\lambda > 0")
OCCUR = Assumption("every token occurs", r"\pi_v > 0", unprobed="log pi is not there for a token that never occurs")
UNEVEN = Assumption("uneven", r"\pi \text{ is not uniform}")

#: The law of the published experiments, and others, as rationals: nearly uniform, nearly a point, with equal rare tokens.
LAWS = {
    "published": (Fraction(75, 100), Fraction(19, 100), Fraction(5, 100), Fraction(1, 100)),
    "two tokens": (Fraction(2, 3), Fraction(1, 3)),
    "equal rare tokens": (Fraction(3, 5), Fraction(1, 5), Fraction(1, 5)),
    "nearly uniform": (Fraction(34, 100), Fraction(33, 100), Fraction(33, 100)),
    "five tokens": (Fraction(8, 16), Fraction(4, 16), Fraction(2, 16), Fraction(1, 16), Fraction(1, 16)),
}
UNIFORM = (Fraction(1, 3),) * 3


def drawn_law(rng, d):
    """A rational law of ``d`` tokens, of numerators 1 .. 20, no two of them equal."""
    weights = rng.choice(range(1, 21), d, replace=False)
    return tuple(sorted((Fraction(int(k), int(weights.sum())) for k in weights), reverse=True))


def symbolic_law(d):
    """Free weights of all tokens but the last, which has the rest of 1, and lambda: identities become polynomial ones."""
    import sympy

    weights = sympy.symbols(f"w:{d - 1}")
    return np.array([*weights, 1 - sum(weights)], dtype=object), sympy.Symbol("lam")
