r"""Multi-step reasoning: how far information propagates through layers, and the exact cores of papers whose subject is trained models.

The process of propagation is that of ``theory.dynamics.propagation`` (2509.23178). Where the paper leaves it open, the union over all
matching positions is taken: with a single source the lower bound fails and the ternary order falls short. Beside it stand what weight
decay prefers (2509.24653), what the first instant of training makes of the data (2502.04375, 2509.20124), what pair data identify
(2401.08309, 2405.05409), and how a random buffer keeps several tokens apart (2405.15302). What large models do is not claimed.
"""

from proofs_check import Assumption
from proofs_check.declaration import Paper

LIMIT = Paper("arXiv:2509.23178v1")
BRIDGE = Paper("arXiv:2509.24653v1")
ANCHORS = Paper("arXiv:2401.08309v1")
COMPOSITES = Paper("arXiv:2405.05409v1")
BIAS = Paper("arXiv:2502.04375v1")
SIGNATURES = Paper("arXiv:2509.20124v1")
BUFFER = Paper("arXiv:2405.15302v1")

NOTATION = {
    "L": "number of layers, at least 1",
    "N": "reach: the largest m with t_0, ..., t_m in the query's set after L layers",
    "s": "number of pairs of the chain t_0 -> ... -> t_s",
}

UNION = Assumption("union", r"\text{a position becomes the union of itself and of all earlier positions whose set meets its own}")
ADJACENT = Assumption("adjacent", r"\text{the first layer merges the two positions of every pair}")
CAUSAL = Assumption("causal", r"\text{only earlier positions send}")
