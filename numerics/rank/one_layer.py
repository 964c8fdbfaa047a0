"""The tangents of large networks of one hidden layer modulo a prime, in arrays of machine integers.

The numbers are those of :func:`numerics.rank.modular_tangents`; pre-activations are rationals inside flint, and from their exponentials on
nothing is a Python object before flint takes the matrix.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from numerics.arithmetic.exact import ExponentialField, UnluckyPrime, residues_in_arrays
from numerics.arithmetic.residues import LARGEST, Residues
from numerics.derivatives.tape import one_layer_jacobian
from theory.models import AbstractModel, TwoLayer

#: Entries of the tangent matrix from which arrays of machine integers are the faster.
MANY_ENTRIES = 6_000


def one_layer_residues(model: AbstractModel, theta: np.ndarray, x: np.ndarray, field: ExponentialField) -> np.ndarray | None:
    """The tangents (n, outputs, P) at rational ``theta`` (P,) on ``x`` (n, inputs), both fmpq; None where another way serves.

    Raises UnluckyPrime where a denominator vanishes.
    """
    if type(model) is not TwoLayer or len(x) * model.n_params < MANY_ENTRIES or field.prime >= LARGEST:
        return None
    if not hasattr(model.activation, "state"):  # pieces need an order
        return None
    parts, image = model.unpack(theta), lambda values: residues_in_arrays(values, field.prime)
    try:
        value, slope = model.activation.jet(_PreActivations(x, parts, field), 1)
    except TypeError:  # a function of more than z, such as exp(-z^2), or of no exact value
        return None
    except ZeroDivisionError as error:
        raise UnluckyPrime(f"a denominator of the model vanishes modulo {field.prime}") from error
    return one_layer_jacobian(model, image(x), image(parts["output_weights"]), value, slope, value)


class _PreActivations:
    """z = W x [+ b] of all samples (n, width), as an activation asks for it: functions of z, and z itself in sums and products."""

    __array_ufunc__ = None  # let numpy hand `array * z` and `array + z` over to z

    def __init__(self, x: np.ndarray, parts: dict[str, np.ndarray], field: ExponentialField) -> None:
        from flint import fmpq, fmpq_mat

        weights = parts["input_weights"]
        if "input_biases" in parts:
            x = np.column_stack([x, np.full(len(x), fmpq(1), dtype=object)])
            weights = np.column_stack([weights, parts["input_biases"]])
        matrix = lambda values: fmpq_mat(len(values), values.shape[1], values.ravel().tolist())
        numerators, common = (matrix(x) * matrix(weights.T)).numer_denom()
        self._numerators, self._common = numerators, int(common)
        self.field, self.shape = field, (len(x), len(weights))

    @cached_property
    def _powers(self) -> np.ndarray:
        return self.field.exponentials(self._numerators, self._common).reshape(self.shape)

    @cached_property
    def _itself(self) -> np.ndarray:
        from flint import nmod_mat

        numerators = Residues.of(nmod_mat(self._numerators, self.field.prime).entries(), self.field.prime)
        return (numerators / self._common).reshape(self.shape)

    def elementary(self, name: str) -> np.ndarray:
        """The function ``name`` of every entry, as the field knows it."""
        return self.field.of_exponentials(name, lambda: self._powers)

    def __mul__(self, other: Any) -> np.ndarray:
        return self._itself * other

    def __add__(self, other: Any) -> np.ndarray:
        return self._itself + other

    def __sub__(self, other: Any) -> np.ndarray:
        return self._itself - other

    def __rsub__(self, other: Any) -> np.ndarray:
        return other - self._itself

    def __neg__(self) -> np.ndarray:
        return -self._itself

    __rmul__, __radd__ = __mul__, __add__
