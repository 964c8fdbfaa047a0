"""The problem of every network in a batch, checked and brought to plain float64 arrays.

loss_b = sum_i weight_bi loss(f(x_bi; theta_b), y_bi), the loss one of numerics.train.losses. Arrays that all networks share keep no
batch axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics.train.losses import CROSS_ENTROPY, MSE, check_loss, least_loss, probabilities
from theory.models import AbstractModel, MatrixFactorization, one_hot


@dataclass(frozen=True)
class Problem:
    """B networks of one model. X (n, ...) or (B, n, ...), Y (n, outputs) or (B, n, outputs), weights (n,) or (B, n); rest (B, ...).

    ``measures`` says that X holds measurement matrices (of a factorization), ``index`` (..., n, 2) keeps index pairs as they
    were given (else None). ``numbers`` are the places of the networks in the caller's batch.
    """

    model: Any
    theta: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    learning_rate: np.ndarray
    stop: np.ndarray
    seed: np.ndarray
    steps: np.ndarray
    numbers: np.ndarray
    index: np.ndarray | None = None
    measures: bool = False
    loss: str = MSE

    @property
    def least_loss(self) -> np.ndarray:
        """What the loss of each network (B,) cannot fall below."""
        return np.broadcast_to(least_loss(self.loss, self.Y, self.weights), self.networks)

    @property
    def networks(self) -> int:
        """B, the number of networks."""
        return len(self.theta)

    @property
    def samples(self) -> int:
        """n, the number of samples of each network."""
        return self.Y.shape[-2]

    @property
    def batched(self) -> dict[str, bool]:
        """Which of the data have a batch axis."""
        return {"X": self.X_batched, "Y": self.Y.ndim == 3, "weights": self.weights.ndim == 2}

    @property
    def X_batched(self) -> bool:
        """Whether every network has its own inputs."""
        return _is_batched(self.X, self.model, self.measures, self.Y.shape[-2], self.networks)

    @property
    def forward(self) -> Callable:
        """f(theta, X) as the model computes it on X as it is stored here."""
        return self.model.measure if self.measures else self.model

    @property
    def is_theory_model(self) -> bool:
        """Whether theta may have leading batch axes in one call."""
        return isinstance(self.model, AbstractModel)

    def take(self, networks: Any) -> Problem:
        """The problem of some of the networks (an index array or slice)."""
        batched = self.batched
        data = {name: getattr(self, name)[networks] for name, has_batch in batched.items() if has_batch}
        if self.index is not None and self.index.ndim == 3:
            data["index"] = self.index[networks]
        own = {name: getattr(self, name)[networks] for name in ("theta", "learning_rate", "stop", "seed", "steps", "numbers")}
        return replace(self, **data, **own)


def _is_batched(X: np.ndarray, model: Any, measures: bool, samples: int, networks: int) -> bool:
    if isinstance(model, AbstractModel):
        return X.ndim == (4 if measures else 3)
    return X.ndim >= 2 and X.shape[:2] == (networks, samples)


def pose(model: Any, theta0: Any, data: Any, *, weights: Any, learning_rate: Any, stop: Any, seed: Any, loss: str = MSE) -> Problem:
    """Check everything the caller gave and return the Problem. Raises ValueError naming the argument that is wrong."""
    theta = _finite("theta0", theta0)
    if theta.ndim not in (1, 2) or theta.size == 0:
        raise ValueError(f"theta0 must have shape (B, P) or (P,), none of them empty, got {theta.shape}")
    if isinstance(model, AbstractModel) and theta.shape[-1] != model.n_params:
        raise ValueError(f"theta0 must have {model.n_params} entries per network for {model}, got shape {theta.shape}")
    if not callable(model):
        raise ValueError(f"model must be a model of theory.models or a callable f(theta, x), got {model!r}")
    X, Y, index, measures = _data(model, data, check_loss(loss), theta)
    networks = _networks(model, theta, X, Y, index, measures, weights, learning_rate, stop, seed)
    theta = np.array(np.broadcast_to(theta, (networks, theta.shape[-1])))
    samples = Y.shape[-2]
    batched = _is_batched(X, model, measures, samples, networks)
    if X.shape[1 if batched else 0] != samples:
        raise ValueError(f"data X and Y must hold as many samples, got shapes {X.shape} and {Y.shape}")
    return Problem(
        model=model,
        theta=theta,
        X=X,
        Y=Y,
        weights=_weights(weights, samples, networks),
        learning_rate=_per_network("learning_rate", learning_rate, networks, positive=True),
        stop=_stop(stop, networks),
        seed=_seeds(seed, networks),
        steps=np.zeros(networks, dtype=np.int64),
        numbers=np.arange(networks),
        index=index,
        measures=measures,
        loss=loss,
    )


def _finite(name: str, values: Any) -> np.ndarray:
    try:
        array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
        if np.iscomplexobj(array):
            raise TypeError("complex numbers")
        array = np.array(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers, got {type(values).__name__}: {error}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {np.count_nonzero(~np.isfinite(array))} NaN or infinite entries")
    return array


def _data(model: Any, data: Any, loss: str, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, bool]:
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError(f"data must be a pair (X, Y), got {type(data).__name__}")
    X, Y = _finite("data X", data[0]), _finite("data Y", data[1])
    if loss == CROSS_ENTROPY:
        outputs = model.outputs if isinstance(model, AbstractModel) else _outputs(model, X, Y, theta)
        Y = probabilities(Y, outputs, whole=_is_whole(data[1]))
    if Y.ndim not in (2, 3) or 0 in Y.shape:
        raise ValueError(f"data Y must have shape (n, outputs) or (B, n, outputs), none of them 0, got {Y.shape}")
    if not isinstance(model, AbstractModel):
        return X, Y, None, False
    if Y.shape[-1] != model.outputs:
        raise ValueError(f"data Y must have {model.outputs} outputs for {model}, got shape {Y.shape}")
    if isinstance(model, MatrixFactorization):
        return _factorization_data(model, X, Y, integers=np.asarray(data[0]).dtype.kind in "iu")
    if X.ndim not in (2, 3) or X.shape[-1] != model.input_size:
        raise ValueError(f"data X must have shape (n, {model.input_size}) or (B, n, {model.input_size}) for {model}, got {X.shape}")
    return X, Y, None, False


def _is_whole(values: Any) -> bool:
    """Whether the numbers are whole by their type."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values).dtype.kind in "iu"


def _outputs(model: Any, X: np.ndarray, Y: np.ndarray, theta: np.ndarray) -> int:
    """The outputs of a functional model: what it returns for one network."""
    import torch

    samples = Y.shape[1] if Y.ndim == 3 or (Y.ndim == 2 and X.shape[:2] == Y.shape) else len(Y)
    one = X[0] if X.ndim > 2 and X.shape[1] == samples else X
    with torch.no_grad():
        return int(model(torch.as_tensor(theta.reshape(-1, theta.shape[-1])[0]), torch.as_tensor(one)).shape[-1])


def _factorization_data(model: MatrixFactorization, X: np.ndarray, Y: np.ndarray, *, integers: bool):
    """Measurement matrices as they are, index pairs as indicator matrices; integers with a last axis of 2 are index pairs."""
    sizes = (model.d1, model.d2)
    if X.ndim in (3, 4) and X.shape[-2:] == sizes and not (integers and X.shape[-1] == 2 and X.ndim == 3):
        return X, Y, None, True
    if X.ndim not in (2, 3) or X.shape[-1] != 2:
        raise ValueError(
            f"data X must hold index pairs (..., n, 2) or measurement matrices (..., n, {model.d1}, {model.d2}) for {model}, "
            f"got shape {X.shape}"
        )
    return one_hot(X, sizes, X).astype(float), Y, X.astype(np.int64), True


def _networks(model, theta, X, Y, index, measures, *per_network) -> int:
    """The batch size that all arguments agree on."""
    weights, learning_rate, stop, seed = per_network
    found = {}
    if theta.ndim == 2:
        found["theta0"] = theta.shape[0]
    if Y.ndim == 3:
        found["data Y"] = Y.shape[0]
    if isinstance(model, AbstractModel) and X.ndim == (4 if measures else 3):
        found["data X"] = X.shape[0]
    if weights is not None and np.ndim(weights) == 2:
        found["weights"] = np.shape(weights)[0]
    for name, value in (("learning_rate", learning_rate), ("stop", stop), ("seed", seed)):
        if value is not None and np.ndim(value) == 1:
            found[name] = len(value)
    if len(set(found.values())) > 1:
        sizes = ", ".join(f"{name} {size}" for name, size in found.items())
        raise ValueError(f"batch sizes must agree, got {sizes}")
    return next(iter(found.values()), 1)


def _weights(weights: Any, samples: int, networks: int) -> np.ndarray:
    if weights is None:
        return np.full(samples, 1 / samples)
    array = _finite("weights", weights)
    if array.shape not in ((samples,), (networks, samples)):
        raise ValueError(f"weights must have shape ({samples},) or ({networks}, {samples}), got {array.shape}")
    if (array < 0).any():
        raise ValueError(f"weights must not be negative, got {array.min()}")
    return array


def _per_network(name: str, value: Any, networks: int, *, positive: bool) -> np.ndarray:
    array = _finite(name, value)
    if array.ndim > 1 or (positive and not (array > 0).all()):
        raise ValueError(f"{name} must be a positive number or {networks} of them, got {value!r}")
    return np.array(np.broadcast_to(array, networks))


def _stop(stop: Any, networks: int) -> np.ndarray:
    """Thresholds for the loss; without one a network stops by the loss never (a loss is not negative)."""
    if stop is None:
        return np.full(networks, -1.0)
    array = _finite("stop", stop)
    if array.ndim > 1 or (array < 0).any():
        raise ValueError(f"stop must be a loss threshold of at least 0, or {networks} of them, got {stop!r}")
    return np.array(np.broadcast_to(array, networks))


def _seeds(seed: Any, networks: int) -> np.ndarray:
    array = np.asarray(seed)
    if array.dtype.kind not in "iu" or array.ndim > 1 or (array < 0).any():
        raise ValueError(f"seed must be a non-negative integer, or {networks} of them, got {seed!r}")
    if array.ndim == 1:
        return array.astype(np.uint64)
    return np.random.SeedSequence(int(array)).generate_state(networks, np.uint64)
