r"""Multi-step reasoning: how far information propagates through layers of symbolic matching (2509.23178).

The process is that of ``theory.dynamics.propagation``. Where the paper leaves it open, the union over all matching positions is taken:
with a single source the lower bound fails and the ternary order falls short.
"""

from proofs_check import Assumption
from proofs_check.declaration import Paper

LIMIT = Paper("arXiv:2509.23178v1")

NOTATION = {
    "L": "number of layers, at least 1",
    "N": "reach: the largest m with t_0, ..., t_m in the query's set after L layers",
    "s": "number of pairs of the chain t_0 -> ... -> t_s",
}

UNION = Assumption("union", r"\text{a position becomes the union of itself and of all earlier positions whose set meets its own}")
ADJACENT = Assumption("adjacent", r"\text{the first layer merges the two positions of every pair}")
CAUSAL = Assumption("causal", r"\text{only earlier positions send}")
