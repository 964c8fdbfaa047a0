"""Critical embeddings of a narrow network into a wide one: affine maps that keep the output function and every critical point.

Sources: arXiv:2105.14573 (one-step splitting), arXiv:2111.15527 (null, splitting and general compatible embeddings). An embedding
T(theta) = A theta + c comes with the constant map M of gradients, grad R_wide(T theta) = M grad R_narrow(theta) for all data,
losses and theta, and A^T M = I; criticality and the monotone inertia of Hessians follow from these two identities.
"""

from theory.embedding.affine import Embedding as Embedding
from theory.embedding.affine import SparseMatrix as SparseMatrix
from theory.embedding.affine import compose as compose
from theory.embedding.compatible import IncompatibleError as IncompatibleError
from theory.embedding.compatible import Layer as Layer
from theory.embedding.compatible import compatible as compatible
from theory.embedding.compatible import draw_layers as draw_layers
from theory.embedding.compatible import three_fold as three_fold
from theory.embedding.compatible import two_fold_null as two_fold_null
from theory.embedding.congruence import copies_congruence as copies_congruence
from theory.embedding.congruence import null_congruence as null_congruence
from theory.embedding.congruence import split_congruence as split_congruence
from theory.embedding.graph import architecture_graph as architecture_graph
from theory.embedding.graph import embed_along as embed_along
from theory.embedding.graph import is_wider as is_wider
from theory.embedding.merging import merge as merge
from theory.embedding.merging import remove as remove
from theory.embedding.onestep import copies as copies
from theory.embedding.onestep import null as null
from theory.embedding.onestep import permutation as permutation
from theory.embedding.onestep import split as split
from theory.embedding.parallel import merge_parallel as merge_parallel
from theory.embedding.parallel import merging_error as merging_error
from theory.embedding.wiring import hidden_widths as hidden_widths
from theory.embedding.wiring import widened as widened
from theory.embedding.wiring import wiring as wiring
