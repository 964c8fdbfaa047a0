"""Whether the definitions behind a formal theorem say what ours say: both evaluated on the same instances.

Each function takes a random generator and returns :class:`Comparison` values: what Coq computes from the definitions of the proof file, and
what `theory` and `numerics` say. Where definitions do not reduce (sums and matrices of MathComp), the file holds an executable form with a
proof that it is equal to the definition, and that form is evaluated.
"""

from proofs_check.adequacy.comparison import Comparison, compare, integer, listed, numbers

__all__ = ["Comparison", "compare", "integer", "listed", "numbers"]
