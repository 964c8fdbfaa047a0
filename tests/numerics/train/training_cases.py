"""Cases and the oracle for the training tests: one network at a time, torch's own optimizers, nothing batched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from numerics.train import Adam, GradientDescent, Momentum, Trained
from theory.models import (
    AbstractModel,
    CPFactorization,
    DeepFactorization,
    EntryModel,
    FullyConnected,
    MatrixFactorization,
    SymmetricFactorization,
    TwoLayer,
    TwoLayerCNN,
)
from theory.models.factorizations import MeasuredFactorization
from theory.models.toy import DeepDiagonal, SquareDifference

UNIT_ROUNDOFF = 2.0**-53

MODELS: dict[str, AbstractModel] = {
    "two-layer tanh": TwoLayer(3, 4),
    "two-layer sigmoid, biases, two outputs": TwoLayer(2, 3, 2, "sigmoid", bias=True, output_bias=True),
    "two-layer leaky, two outputs": TwoLayer(2, 3, 2, "leaky", bias=True),
    "two-layer relu": TwoLayer(3, 5, 1, "relu", bias=True, output_bias=True),
    "two-layer linear": TwoLayer(3, 2, 1, "identity"),
    "two-layer softplus": TwoLayer(2, 3, 1, "softplus", bias=True),
    "cnn": TwoLayerCNN(5, 3, 2, bias=True),
    "cnn on a grid, stride 2, not shared": TwoLayerCNN((4, 5), (2, 3), 2, stride=(2, 1), sharing=False, bias=True, output_bias=True),
    "cnn on a grid": TwoLayerCNN((3, 3), (2, 2), 2, activation="sigmoid"),
    "deep": FullyConnected((2, 3, 3, 1)),
    "factorization": MatrixFactorization(4, 3, 2),
}


class Residual(FullyConnected):
    """x + V tanh(W x + b): a model of a user's own, with a sum of two ways."""

    def __call__(self, theta, x):
        return x + super().__call__(theta, x) * 0.5


#: Models that only paths for any model train.
OTHERS: dict[str, AbstractModel] = {
    **{f"deep {name}": FullyConnected((2, 4, 3, 2), name) for name in ("gelu", "sin", "cos", "erf", "silu", "softplus", "atan")},
    **{
        f"deep {name}": FullyConnected((2, 3, 1), name) for name in ("exp", "ratsig", "ratsig4", "lorentz", "power:3", "hinge3", "hardtanh")
    },
    "wide enough for loops": FullyConnected((3, 17, 18, 1)),
    "many units, two outputs": TwoLayer(3, 19, 2, "sigmoid", bias=True, output_bias=True),
    "many kernels": TwoLayerCNN(5, 3, 9, bias=True),
    "deep and wide gelu": FullyConnected((2, 9, 11, 12, 2), "gelu"),
    "residual": Residual((2, 5, 2)),
    "product of three": DeepFactorization((3, 2, 4, 3)),
    "symmetric factorization": SymmetricFactorization(3, 2),
    "sum of rank-one tensors": CPFactorization((3, 2, 2), 3),
    "measured factorization": MeasuredFactorization(2, 3, 2),
    "diagonal layers": DeepDiagonal(3, 3),
    "difference of squares": SquareDifference(3),
}
#: Networks that classify, trained on the cross-entropy.
CLASSIFIERS: dict[str, AbstractModel] = {
    "two classes": TwoLayer(3, 4, 2, "tanh", bias=True),
    "five classes, deep": FullyConnected((2, 9, 11, 5), "gelu"),
    "three classes, relu": TwoLayer(2, 9, 3, "relu", bias=True, output_bias=True),
}
METHODS = {
    "gradient descent": GradientDescent(),
    "heavy ball": Momentum(0.8),
    "nesterov": Momentum(0.7, nesterov=True),
    "adam": Adam(0.8, 0.95),
}


@dataclass(frozen=True)
class Case:
    """A batch with data, weights and learning rates of its own for every network."""

    model: AbstractModel
    theta: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray
    learning_rate: np.ndarray
    loss: str = "mse"

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        return self.X, self.Y

    def take(self, networks: np.ndarray) -> Case:
        """The batch of these networks."""
        own = {name: getattr(self, name)[networks] for name in ("theta", "X", "Y", "weights", "learning_rate")}
        return Case(self.model, **own, loss=self.loss)


@lru_cache(maxsize=64)
def case(name: str, *, networks: int = 11, samples: int = 6) -> Case:
    """The batch of the model called ``name``; factorizations see entries of their own, one of them twice, and a masked one."""
    model, rng = {**MODELS, **OTHERS, **CLASSIFIERS}[name], np.random.default_rng(len(name))
    if isinstance(model, EntryModel):
        X = np.stack([rng.permutation(model.entries())[[0, *range(samples - 1)]] for _ in range(networks)])
    else:
        X = rng.normal(size=(networks, samples, model.input_size))
    weights = rng.uniform(0.1, 0.3, (networks, samples))
    weights[:, 1] = 0
    return Case(
        model,
        model.init(rng, scale=0.5, batch=(networks,)),
        X,
        rng.dirichlet(np.ones(model.outputs), (networks, samples))
        if name in CLASSIFIERS
        else rng.normal(size=(networks, samples, model.outputs)),
        weights,
        rng.uniform(0.01, 0.05, networks),
        "cross-entropy" if name in CLASSIFIERS else "mse",
    )


def plain_loop(case: Case, b: int, method: object, steps: int, *, noise: np.ndarray | None = None) -> np.ndarray:
    """theta of network ``b`` before and after each step of torch.optim, (steps + 1, P); ``noise`` is added to the gradients."""
    import torch

    theta = torch.tensor(case.theta[b], requires_grad=True)
    rate = float(case.learning_rate[b])
    match method:
        case Momentum():
            optimizer = torch.optim.SGD([theta], rate, momentum=method.momentum, nesterov=method.nesterov)
        case Adam():
            optimizer = torch.optim.Adam([theta], rate, betas=(method.beta1, method.beta2), eps=method.eps)
        case _:
            optimizer = torch.optim.SGD([theta], rate)
    loss, way = one_loss(case, b), [case.theta[b]]
    for step in range(steps):
        optimizer.zero_grad()
        loss(theta).backward()
        if noise is not None:
            theta.grad += torch.tensor(noise[step])
        optimizer.step()
        way.append(theta.detach().numpy().copy())
    return np.array(way)


def one_loss(case: Case, b: int) -> Callable:
    """The loss of network ``b`` as a function of theta (P,), summed sample by sample."""
    import torch

    outputs, Y, weights = model_outputs(case, b), torch.tensor(case.Y[b]), case.weights[b]
    if case.loss == "cross-entropy":
        one = torch.nn.functional.cross_entropy
        return lambda theta: sum(w * one(f[None], y[None], reduction="sum") for w, f, y in zip(weights, outputs(theta), Y, strict=True))
    return lambda theta: sum(w * ((f - y) ** 2).sum() for w, f, y in zip(weights, outputs(theta), Y, strict=True))


def model_outputs(case: Case, b: int) -> Callable:
    """The outputs (n, outputs) of network ``b`` as a function of theta (P,)."""
    import torch

    X = case.X[b] if isinstance(case.model, EntryModel) else torch.tensor(case.X[b])
    return lambda theta: case.model(theta, X)


def gradient_error(case: Case, b: int, theta: np.ndarray) -> np.ndarray:
    """What rounding may do to the gradient at theta (P,), entry by entry.

    Backward error: an evaluation with K operations per output is one with every parameter, output and target changed by at most
    K u of itself, to first order, hence the gradient g changes by at most K u (|H| |theta| + sum_i 2 w_i (|f| + |y|) |J| + |g|). The slope
    of the cross-entropy is p - y: rounding f - max f changes p by (1 + 2 max |f|) K u p, which takes the place of |f| + |y|.
    """
    import torch

    operations = case.model.n_params + case.X.shape[1] + 30  # 30 covers an activation and its slope
    outputs, Y, weights = model_outputs(case, b), torch.tensor(case.Y[b]), torch.tensor(case.weights[b])[:, None]
    gradient_of = torch.func.grad(one_loss(case, b))
    at = torch.tensor(theta)
    H, J, f, g = torch.func.jacrev(gradient_of)(at), torch.func.jacrev(outputs)(at), outputs(at), gradient_of(at)
    squares = case.loss == "mse"
    slopes = 2 * (f.abs() + Y.abs()) if squares else torch.softmax(f, -1) * (1 + 2 * f.abs().amax(-1, keepdim=True)) + Y
    bound = H.abs() @ at.abs() + torch.einsum("it,itp->p", weights * slopes, J.abs()) + g.abs()
    return operations * UNIT_ROUNDOFF * bound.numpy()


@lru_cache(maxsize=256)
def oracle(name: str, b: int, method: str, steps: int) -> tuple[np.ndarray, float, float]:
    """theta and loss of network ``b`` of a case after ``steps`` steps, and how far another float64 training may drift from that theta.

    The bound for one gradient is sent through the method's own dynamics: four runs add it with random signs to every gradient. Signs
    that conspire could do more than random ones, by at most a factor of order sqrt(steps * P); 20 covers it for the short runs
    here. Storing theta costs one rounding a step.
    """
    import torch

    batch, rule = case(name), METHODS[method]
    way = plain_loop(batch, b, rule, steps)
    errors = np.array([gradient_error(batch, b, theta) for theta in way[:-1]])
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (4, *errors.shape))
    drift = max(np.abs(plain_loop(batch, b, rule, steps, noise=sign * errors)[-1] - way[-1]).max() for sign in signs)
    bound = 20 * drift + 2 * steps * UNIT_ROUNDOFF * np.abs(way[-1]).max()
    return way[-1], float(one_loss(batch, b)(torch.tensor(way[-1]))), float(bound)


def assert_near_plain_loop(trained: Trained, name: str, method: str, steps: int) -> None:
    """Two networks of a trained case end where :func:`oracle` does, within its bound."""
    for b in (0, 10):
        theta, loss, bound = oracle(name, b, method, steps)
        assert np.abs(trained.theta[b] - theta).max() <= bound, (b, bound)
        # the loss moves with theta by at most its gradient, and is itself a sum of n rounded terms
        assert abs(trained.loss[b] - loss) <= 100 * bound * max(1.0, loss)
