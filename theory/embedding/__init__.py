"""Critical embeddings of a narrow network into a wide one: affine maps that keep the output function and every critical point.

Sources: arXiv:2105.14573 (one-step splitting), arXiv:2111.15527 (null, splitting and general compatible embeddings). An embedding
T(theta) = A theta + c comes with the constant map M of gradients, grad R_wide(T theta) = M grad R_narrow(theta) for all data,
losses and theta, and A^T M = I; criticality and the monotone inertia of Hessians follow from these two identities.
"""

from theory.embedding.affine import Embedding, SparseMatrix, compose
from theory.embedding.compatible import IncompatibleError, Layer, compatible, draw_layers, three_fold, two_fold_null
from theory.embedding.congruence import copies_congruence, null_congruence, split_congruence
from theory.embedding.coupled import Coupling, PathMatrices, coupled, coupled_block, coupled_directions
from theory.embedding.graph import architecture_graph, embed_along, is_wider
from theory.embedding.merging import merge, remove
from theory.embedding.onestep import copies, null, permutation, split
from theory.embedding.parallel import merge_parallel, merging_error
from theory.embedding.wiring import hidden_widths, widened, wiring

__all__ = [
    "Coupling",
    "Embedding",
    "IncompatibleError",
    "Layer",
    "PathMatrices",
    "SparseMatrix",
    "architecture_graph",
    "compatible",
    "compose",
    "copies",
    "copies_congruence",
    "coupled",
    "coupled_block",
    "coupled_directions",
    "draw_layers",
    "embed_along",
    "hidden_widths",
    "is_wider",
    "merge",
    "merge_parallel",
    "merging_error",
    "null",
    "null_congruence",
    "permutation",
    "remove",
    "split",
    "split_congruence",
    "three_fold",
    "two_fold_null",
    "widened",
    "wiring",
]
