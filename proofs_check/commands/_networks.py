"""Trained networks with data and a loss, as ``inertia`` and ``certify`` take them; what cannot be used is told before any work is done."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands._inputs import FILE, real_numbers
from proofs_check.plain_data import in_one_step

if TYPE_CHECKING:
    import numpy as np

    from numerics.modules.deepening import Layers
    from numerics.modules.model import GraphModel
    from numerics.modules.trained import Network
    from theory.models import FullyConnected, TwoLayer

LOSSES = ("mse", "cross-entropy")
#: Hessians in balls take about a minute at as many parameters as these, and grow with the third power.
MOST_PARAMETERS = 200
#: Parameters times samples times the widest layer: numbers that a Hessian in balls holds at once, a hundred bytes each.
MOST_NUMBERS = 5_000_000
#: Seconds after which, and between which, a part of the work says that it goes on.
PATIENCE = 10.0


@dataclass(frozen=True, eq=False)
class Trained:
    """A network, or a module as one, at its parameters ``theta`` (P,) with inputs ``x`` (n, inputs), targets ``y`` (n, outputs) and a mean
    loss.
    """

    network: Network | GraphModel
    theta: np.ndarray
    x: np.ndarray
    y: np.ndarray
    loss: str

    @property
    def whole(self) -> bool:
        """Whether its Hessian can be taken whole in balls."""
        return not _too_large(self.network, len(self.x))

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """(x, y)."""
        return self.x, self.y

    @property
    def chain(self) -> TwoLayer | FullyConnected:
        """The network of theory.models that it is.

        :raises ValueError: where it is another module.
        """
        from theory.models import FullyConnected, TwoLayer

        if isinstance(self.network, TwoLayer | FullyConnected):
            return self.network
        raise ValueError(f"a split needs a Sequential of linear layers and one activation, got the module {self.network}")

    @property
    def graph(self) -> GraphModel | None:
        """The graph as which it is read where it is no network of theory.models."""
        from numerics.modules.model import GraphModel

        return self.network if isinstance(self.network, GraphModel) else None

    def parameter(self, place: int) -> str:
        """The parameter at a place of theta as its part and indices there, "W1[0, 2]"."""
        import numpy as np

        for name, indices in self.network.unpack(np.arange(self.network.n_params)).items():
            if len(found := np.argwhere(indices == place)):
                return f"{name}[{', '.join(map(str, found[0].tolist()))}]"
        raise IndexError(place)

    def __str__(self) -> str:
        from numerics.hessian import risk

        value = float(risk(self.network, self.theta, self.data, self.loss))
        return f"{self.network.n_params} parameters ({self.theta.dtype}), {len(self.x)} samples, {self.loss} {value:.6g}"


#: The two forms in which a command takes a network.
MODEL = click.argument("model", metavar="PATH.py:NAME|MODEL.safetensors")
ACTIVATION = click.option(
    "--activation", metavar="NAME", help="Activation between the layers of a MODEL.safetensors: tanh, relu, leaky:SLOPE ..."
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument and the options from which :func:`read` reads."""
    for option in (
        ACTIVATION,
        click.option(
            "--loss",
            type=click.Choice(LOSSES),
            default="mse",
            show_default=True,
            help="Mean over samples of |f(x) - y|^2, or of the cross-entropy.",
        ),
        click.option("--labels", required=True, type=FILE, help="Targets (n, outputs), for cross-entropy class numbers (n,); as --data."),
        click.option("--data", required=True, type=FILE, help="Inputs (n, inputs): .npy, .csv, or .safetensors with one tensor."),
        MODEL,
    ):
        command = option(command)
    return command


def read(model: str, data: Path, labels: Path, loss: str, activation: str | None, *, any_size: bool = False) -> Trained:
    """The network that ``model`` describes with its data; unless it may be of ``any_size``, one whose Hessian can be taken whole.

    :raises ValueError: when the network is not read, or too large; for numbers that are not finite, shapes that do not fit, and labels that
        are no class numbers where the loss is the cross-entropy.
    :raises TypeError: for what is no torch module.
    """
    from numerics.modules.trained import NoNetwork, check_outputs, network_of_module, network_of_state
    from proofs_check.commands._inputs import activation_called, load_object, load_samples, load_state

    module = None
    if is_stored(model, activation):
        network, theta = network_of_state(load_state(Path(model))[0], activation_called(str(activation)))
    else:
        module = load_object(model)
        try:
            network, theta = network_of_module(module)
        except NoNetwork:
            return _of_module(module, load_samples(data), load_samples(labels), loss, any_size=any_size)
    x = _inputs(load_samples(data), network.input_size)
    y = (_classes if loss == "cross-entropy" else _targets)(load_samples(labels), len(x), network.outputs)
    if not any_size and (problem := _too_large(network, len(x))):
        raise ValueError(problem)
    if module is not None:
        check_outputs(network, theta, module, x)
    _check_finite(found := Trained(network, theta, x, y, loss))
    return found


def _of_module(module: Any, x: np.ndarray, y: np.ndarray, loss: str, *, any_size: bool) -> Trained:
    """Any module that is read as a graph."""
    import numpy as np
    import torch

    from numerics.critical.modules import read_module

    model, theta, (rows, targets) = read_module(module, (x[:, None] if x.ndim == 1 else x, y), loss)
    if not any_size and (problem := _too_large(model, len(rows))):
        raise ValueError(problem)
    single = all(p.dtype == torch.float32 for p in module.parameters() if p.requires_grad)
    _check_finite(found := Trained(model, theta.astype(np.float32) if single else theta, rows, targets, loss))
    return found


@dataclass(frozen=True, eq=False)
class Stored:
    """The layers of a network, the prefix of the names of its tensors, the type of their numbers, and which of the layers have biases."""

    layers: Layers
    prefix: str
    dtype: str
    biased: tuple[bool, ...]

    def added_biases(self, written: Mapping[str, object]) -> str:
        """What to say where the tensors ``written`` hold biases and some layer of this network has none; empty otherwise."""
        without = [str(l) for l, biased in enumerate(self.biased, 1) if not biased]
        if not without or not any(name.endswith("bias") for name in written):
            return ""
        which = f"layer {without[0]} has" if len(without) == 1 else f"layers {', '.join(without)} have"
        return f"{which} no biases, what is written has biases everywhere: in these the gradient of a critical point need not vanish"


def read_layers(model: str, activation: str | None) -> Stored:
    """The layers that ``model`` describes in one of the two forms; raises as :func:`read` for what is not read."""
    from numerics.modules.deepening import layers_from_state, read_module
    from proofs_check.commands._inputs import activation_called, load_object, load_state

    if is_stored(model, activation):
        state, dtype = load_state(Path(model))
        prefix, layers = layers_from_state(state, activation_called(str(activation)))
        numbers = sorted(int(name[len(prefix) :].partition(".")[0]) for name in state if name.endswith(".weight"))
        return Stored(layers, prefix, dtype, tuple(f"{prefix}{number}.bias" in state for number in numbers))
    module = load_object(model)
    layers = read_module(module)
    kinds = {str(parameter.dtype).removeprefix("torch.") for parameter in module.parameters()}
    if not kinds <= {"float32", "float64"} or len(kinds) != 1:
        raise ValueError(f"expected weights of one type, float32 or float64, got {', '.join(sorted(kinds))}")
    return Stored(layers, "", kinds.pop(), tuple(step.bias is not None for step in module[::2]))


def write_tensors(file: Path, state: dict[str, np.ndarray]) -> None:
    """Write a state dict as .safetensors, in one step."""
    from safetensors.numpy import save

    with in_one_step(file) as opened:
        opened.write(save(state))


def is_stored(model: str, activation: str | None) -> bool:
    """Whether ``model`` is a MODEL.safetensors; ValueError where --activation is missing, or too much."""
    stored = model.endswith(".safetensors")
    if stored != (activation is not None):
        raise ValueError(
            "--activation is needed for a MODEL.safetensors" if stored else "--activation is of a MODEL.safetensors: a module has its own"
        )
    return stored


def _inputs(x: np.ndarray, width: int) -> np.ndarray:
    x = x[:, None] if x.ndim == 1 and width == 1 else x
    if x.ndim != 2 or x.shape[1] != width or not len(x):
        raise ValueError(f"data must have shape (n, {width}), a row of {width} for each sample of this network, got {x.shape}")
    return real_numbers("data", x)


def _targets(y: np.ndarray, samples: int, outputs: int) -> np.ndarray:
    y = y[:, None] if y.ndim == 1 and outputs == 1 else y
    if y.shape != (samples, outputs):
        raise ValueError(f"labels must have shape ({samples}, {outputs}), a row of outputs for each sample, got {y.shape}")
    return real_numbers("labels", y)


def _classes(y: np.ndarray, samples: int, outputs: int) -> np.ndarray:
    """Class numbers as the rows of the identity."""
    from numerics.hessian.losses import rows_of_classes

    if outputs < 2:
        raise ValueError("cross-entropy needs a network of two outputs or more, one for each class, got one output")
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.shape != (samples,):
        raise ValueError(f"labels must be {samples} class numbers, one for each sample, got shape {y.shape}")
    return rows_of_classes("labels", real_numbers("labels", y), outputs)


def _too_large(network: Network | GraphModel, samples: int) -> str:
    """Why the Hessian cannot be taken whole in balls; empty where it can."""
    size, widest = network.n_params, network.widest
    if size > MOST_PARAMETERS:
        return f"expected a network of at most {MOST_PARAMETERS} parameters, for its Hessian is taken in balls, got {size}"
    if size * samples * widest > MOST_NUMBERS:
        most = MOST_NUMBERS // (size * widest)
        return f"expected at most {most} samples for a network of {size} parameters (its Hessian is taken in balls), got {samples}"
    return ""


def _check_finite(trained: Trained) -> None:
    import numpy as np

    from numerics.hessian import gradient, gradient_and_hessian, risk

    with np.errstate(all="ignore"):
        arguments = trained.network, trained.theta, trained.data, trained.loss
        derivatives = gradient_and_hessian(*arguments) if trained.whole else (gradient(*arguments),)
        if not math.isfinite(float(risk(*arguments))) or not all(np.isfinite(part).all() for part in derivatives):
            raise ValueError("the loss or its derivatives leave the range of floats at these weights: scale the network or the data")


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Say on stderr, every ten seconds, that what a block does takes its time."""
    started, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(PATIENCE):
            print(f"proofs-check: {doing}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
