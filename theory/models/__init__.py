"""The models that the claims speak of, each written once as plain array code."""

from theory.models.factorizations import CPFactorization, DeepFactorization, SymmetricFactorization
from theory.models.networks import (
    AbstractModel,
    FullyConnected,
    MatrixFactorization,
    Shape,
    TwoLayer,
    TwoLayerCNN,
    as_container,
    check_size,
    one_hot,
)

__all__ = [
    "AbstractModel",
    "CPFactorization",
    "DeepFactorization",
    "FullyConnected",
    "MatrixFactorization",
    "Shape",
    "SymmetricFactorization",
    "TwoLayer",
    "TwoLayerCNN",
    "as_container",
    "check_size",
    "one_hot",
]
