"""The models that the claims speak of, each written once as plain array code."""

from theory.models.convolutional import Convolutional
from theory.models.factorizations import (
    CPFactorization,
    DeepFactorization,
    EntryModel,
    MatrixFactorization,
    SymmetricFactorization,
    one_hot,
)
from theory.models.networks import (
    AbstractModel,
    AbstractNetwork,
    FullyConnected,
    Shape,
    TwoLayer,
    TwoLayerCNN,
    as_container,
    check_size,
    keep_sizes,
)

__all__ = [
    "AbstractModel",
    "AbstractNetwork",
    "CPFactorization",
    "Convolutional",
    "DeepFactorization",
    "EntryModel",
    "FullyConnected",
    "MatrixFactorization",
    "Shape",
    "SymmetricFactorization",
    "TwoLayer",
    "TwoLayerCNN",
    "as_container",
    "check_size",
    "keep_sizes",
    "one_hot",
]
