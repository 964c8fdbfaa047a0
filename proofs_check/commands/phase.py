"""``proofs-check phase``: where a network lies in the phase diagram, how far its layers move with the width, and how far they moved."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE

if TYPE_CHECKING:
    import numpy as np

    from numerics.dynamics.width_slopes import WidthSlopes

#: The loss at which a network counts as fitted, in units of that of the zero function.
FITTED = 1e-2
#: Widest network that is trained to measure.
WIDEST = 200_000
#: Sizes of the weights of networks that are trained: squares of theirs, and products with slopes, are floats.
LEAST_SIZE, LARGEST_SIZE = 1e-100, 1e100
#: Widest three-layer network that is trained: its middle layer has the square of it as parameters.
WIDEST_OF_THREE = 1600


@dataclass(frozen=True)
class Asked:
    """What is predicted of a network, and ``start(width, rng)`` for the same kind of network at other widths."""

    width: int
    place: tuple[float, ...]
    regimes: dict[str, str]
    exponents: dict[str, float]
    start: Callable[[int, Any], tuple[Any, Any]]
    zero_output: str


def _numbers(_: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        found = tuple(float(part) for part in value.split(","))
    except ValueError:
        found = ()
    if len(found) != 3 or not all(map(math.isfinite, found)):
        raise click.BadParameter(f"must be three numbers separated by commas, got {value!r}", param=parameter)
    return found


@click.command(short_help="Place a ReLU network in the phase diagram.")
@click.option("--width", type=click.IntRange(min=2), help="Neurons m of the hidden layer, or of both.")
@click.option("--init", metavar="NAME", help="lecun, he, xavier, mean-field or ntk.")
@click.option("--gamma", type=float, help="kappa = m^-gamma, with --gamma-prime.")
@click.option("--gamma-prime", type=float, help="kappa' = m^-gamma'.")
@click.option("--scaling", metavar="ALPHA,BETA1,BETA2", callback=_numbers, help="Output factor, deviations of output and input weights.")
@click.option("--exponents", metavar="G1,G2,G3", callback=_numbers, help="Three layers with deviations m^-G.")
@click.option(
    "--module",
    metavar="PATH.py:NAME",
    help="A torch Sequential of two or three linear layers with ReLU, at its start; biases are left out.",
)
@click.option("--inputs", type=FILE, help="Inputs (n, d) as .npy to train on; by default four numbers and a constant.")
@click.option("--labels", type=FILE, help="Labels (n,) as .npy; by default they lie on a line.")
@click.option("--seeds", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--measure/--no-measure", default=True, show_default=True, help="Whether networks are trained at three widths.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--diagram", type=click.Path(dir_okay=False, path_type=Path), help="Draw the phase diagram (.svg, .png, .pdf).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@explained
def command(
    width: int | None, init: str | None, gamma: float | None, gamma_prime: float | None, scaling: tuple[float, ...] | None,
    exponents: tuple[float, ...] | None, module: str | None, inputs: Path | None, labels: Path | None, seeds: int, measure: bool, seed: int,
    diagram: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Where a ReLU network lies in the phase diagram, with which power of the width its layers move, and a measurement of it.

    Two layers (arXiv:2007.07497): --init, --gamma and --gamma-prime, or --scaling, with --width; or --module. Three layers: --exponents.
    Networks start in pairs (w, a), (w, -a), so that their output is zero, and are trained by gradient flow at the width asked for, a
    fourth and a sixteenth of it; below width 256 at 16, 64 and 256. Three layers are known with all of G1, G2, G3 at least 1/2, or with
    G1 = 0 and G2 or G3 from 0 on. Exit code 1 where no network was fitted.

    Example: proofs-check phase --width 1000 --init he
    """
    given = {"--init": init, "--gamma": gamma, "--scaling": scaling, "--exponents": exponents, "--module": module}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1 or (gamma is None) != (gamma_prime is None):
        raise click.UsageError("give one of --init, --gamma with --gamma-prime, --scaling, --exponents and --module")
    if (width is None) == (module is None):
        raise click.UsageError("give --width, but with --module, whose width is its own")
    if (inputs is None) != (labels is None):
        raise click.UsageError("give --inputs and --labels together")
    with told():
        if diagram is not None:
            from proofs_check.commands._diagram import check_picture

            check_picture(diagram)
        data = _data(inputs, labels)
        asked = _asked(width, init, gamma, gamma_prime, scaling, exponents, module, data[0])
        if diagram is not None and len(asked.place) != 2:
            raise ValueError("diagram shows two-layer networks, and this one has three layers")
        found = _measured(asked, data, seeds, seed) if measure else None
    _tell(asked, found, as_json)
    if diagram is not None:
        from proofs_check.commands._diagram import draw

        place = asked.place[0], asked.place[1]
        median = found.median(0) if found is not None and found.fitted.any() else None
        draw(diagram, place, next(iter(asked.exponents.values())), median)
        if not as_json:
            click.echo(f"Written to {diagram}.")
    if found is not None and not found.fitted.any():
        sys.exit(1)


def _data(inputs: Path | None, labels: Path | None) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    from proofs_check.commands._inputs import load_array

    if inputs is None or labels is None:
        x = np.array([-1.0, -0.4, 0.3, 1.0])
        return np.stack([x, np.ones(4)], axis=1), 0.8 * x + 0.3
    x, y = load_array(inputs), load_array(labels)
    x = x[:, None] if x.ndim == 1 else x
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    for name, array in (("inputs", x), ("labels", y)):
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite real numbers, got an array of {array.dtype} with others")
    if x.ndim != 2 or y.shape != x.shape[:1] or not len(y):
        raise ValueError(f"expected inputs (n, d) and labels (n,), got shapes {x.shape} and {y.shape}")
    if not x.any():
        raise ValueError("inputs must not all be 0: a ReLU network without biases is 0 there")
    if not y.any():
        raise ValueError("labels must not all be 0: networks that start with zero output have nothing to learn")
    return x.astype(float), y.astype(float)


def _asked(
    width: int | None,
    init: str | None,
    gamma: float | None,
    gamma_prime: float | None,
    scaling: tuple[float, ...] | None,
    exponents: tuple[float, ...] | None,
    module: str | None,
    x: np.ndarray,
) -> Asked:
    from theory.dynamics.phase_diagram import Scaling, initialization

    inputs = x.shape[1]
    if module is not None:
        return _of_module(module, x)
    assert width is not None  # asked for above
    if exponents is not None:
        return _three(width, exponents, inputs)
    if init is not None:
        named = initialization(init)
        place = float(named.gamma), float(named.gamma_prime)
        return _two(width, place, inputs, lambda m: named.scaling(m, inputs, math.sqrt))
    if scaling is not None:
        return _two(width, Scaling(*scaling).place(width), inputs)
    assert gamma is not None and gamma_prime is not None
    return _two(width, (gamma, gamma_prime), inputs)


def _two(width: int, place: tuple[float, float], inputs: int, law: Callable[[int], Any] | None = None) -> Asked:
    """A two-layer network at ``place``; ``law(m)`` gives its scaling at width m, by default alpha = 1 and powers of m."""
    from numerics.dynamics.scaled_flow import paired_start
    from theory.dynamics.phase_diagram import distance_exponent, output_distance_exponent, regime, scaling_at
    from theory.models import TwoLayer

    def start(m: int, rng: Any) -> tuple[Any, Any]:
        model = TwoLayer(inputs, m, activation="relu")
        return model, paired_start(model, law(m) if law else scaling_at(*place, m), rng)

    exponents = {"input weights": float(distance_exponent(*place)), "output weights": float(output_distance_exponent(*place))}
    return Asked(width, place, {"input weights": regime(*place), "output weights": regime(place[0], -place[1])}, exponents, start, "pairs")


def _three(width: int, place: tuple[float, ...], inputs: int) -> Asked:
    from numerics.dynamics.scaled_flow import three_layer_start
    from theory.dynamics.phase_diagram import three_layer_exponents, upper_exponents

    first, second, third = place
    names: tuple[str, ...] = ("first layer", "second layer", "third layer")
    if first == 0:
        found = [float(S) for S in upper_exponents(second, third)]
    else:
        found = [float(S) for S in three_layer_exponents(first, second, third)]
    exponents: dict[str, float] = dict(zip(names[3 - len(found) :], found, strict=True))
    regimes = {name: "linear" if S < 0 else "condensed" if S > 0 else "critical" for name, S in exponents.items()}
    start = lambda m, rng: three_layer_start((first, second, third), inputs, m, rng)
    return Asked(width, place, regimes, exponents, start, "subtract")


def _of_module(described: str, x: np.ndarray) -> Asked:
    """The place of a torch module from the root mean squares of its weights; biases are not counted.

    Raises ValueError for other modules, and for three layers of which one has weights above m^(-1/2), such as the first one of torch's
    default initialization: whether such a layer has weights of order one, one module does not tell.
    """
    import numpy as np

    from numerics.modules.reading import read
    from proofs_check.commands._inputs import load_module
    from theory.dynamics.phase_diagram import Scaling
    from theory.models import FullyConnected, TwoLayer

    module = load_module(described)
    weights = [p.detach().double().numpy() for p in module.parameters()]
    samples = x[:, : weights[0].shape[1]] if weights and weights[0].ndim == 2 else x
    if samples is not x and samples.shape[1] < weights[0].shape[1]:
        raise ValueError(f"{described} has {weights[0].shape[1]} inputs, and the data {x.shape[1]}: give --inputs and --labels that fit it")
    chain = read(module, samples)
    network = chain.uniform() if chain is not None else None
    layers = [array for array in weights if array.ndim == 2]
    fits = isinstance(network, TwoLayer | FullyConnected) and len(layers) in (2, 3) and network.activation.name == "relu"
    if not fits or layers[-1].shape[0] != 1 or len({array.shape[0] for array in layers[:-1]}) != 1:
        raise ValueError(f"{described} must be a Sequential of two or three linear layers with ReLU between them, of one width, one output")
    sizes = [float(np.sqrt((array**2).mean())) for array in layers]
    if not np.isfinite(sizes).all():
        raise ValueError(f"{described} must have finite weights, got root mean squares {sizes}")
    if not all(sizes):
        raise ValueError(f"{described} must have weights that are not all zero in every layer, got root mean squares {sizes}")
    width, inputs = layers[0].shape[0], x.shape[1]
    if width < 2:
        raise ValueError(f"{described} must have at least 2 neurons a layer, got {width}")
    if len(layers) == 2:
        return _two(width, Scaling(1.0, sizes[1], sizes[0]).place(width), inputs)
    place = tuple(-math.log(size) / math.log(width) for size in sizes)
    if min(place) < 0.5:
        told = ", ".join(f"{gamma:.3g}" for gamma in place)
        raise ValueError(
            f"{described} has three layers and weights of size m^-gamma with gamma = {told}: those of a module must all be at least 1/2;"
            f" where the first layer has weights of order one, as by default in torch, give --width and --exponents 0,G2,G3"
        )
    return _three(width, place, inputs)


def _measured(asked: Asked, data: tuple[np.ndarray, np.ndarray], seeds: int, seed: int) -> WidthSlopes:
    import numpy as np

    from numerics.dynamics.width_slopes import width_slopes

    widest = WIDEST if asked.zero_output == "pairs" else WIDEST_OF_THREE
    top = min(max(asked.width, 256), widest)
    widths = [2 * max(1, m // 2) for m in (top // 16, top // 4, top)]
    _check_sizes(asked, widths[-1])  # powers of the width: there they are largest or smallest
    stop = FITTED * float((data[1] ** 2).mean() / 2)
    return width_slopes(
        asked.start, data, widths=widths, seeds=seeds, rng=np.random.default_rng(seed), stop=stop, zero_output=asked.zero_output
    )


def _check_sizes(asked: Asked, width: int) -> None:
    import numpy as np

    model, theta = asked.start(width, np.random.default_rng(0))
    sizes = [float(np.abs(part).max()) for part in model.unpack(theta).values()]
    if not all(LEAST_SIZE <= size <= LARGEST_SIZE for size in sizes):
        raise ValueError(
            f"weights must be of sizes between {LEAST_SIZE:g} and {LARGEST_SIZE:g} to be trained in floats,"
            f" got {', '.join(f'{size:.3g}' for size in sizes)} at width {width}: --no-measure predicts without training"
        )


def _layers(asked: Asked) -> dict[str, int]:
    """Which array of theta a layer with a prediction is."""
    return {name: k + (len(asked.place) - len(asked.exponents)) for k, name in enumerate(asked.exponents)}


def _tell(asked: Asked, found: WidthSlopes | None, as_json: bool) -> None:
    names = ("gamma", "gamma'") if len(asked.place) == 2 else ("gamma1", "gamma2", "gamma3")
    slopes = {}
    if found is not None and found.fitted.any():
        for name, layer in _layers(asked).items():
            values = found.slopes[found.fitted, layer]
            slopes[name] = {"median": found.median(layer), "least": float(values.min()), "largest": float(values.max())}
    if as_json:
        data = {
            "width": asked.width,
            "place": dict(zip(names, asked.place, strict=True)),
            "regimes": asked.regimes,
            "predicted": asked.exponents,
            "measured": slopes or None,
            "widths": None if found is None else list(found.widths),
            "stalled": None if found is None else found.stalled,
        }
        click.echo(json.dumps(data, indent=1))
        return
    place = ", ".join(f"{name} = {value:.4g}" for name, value in zip(names, asked.place, strict=True))
    click.echo(f"width {asked.width}: {place}")
    for name, S in asked.exponents.items():
        click.echo(f"  {name}: {asked.regimes[name]}, relative distance of order m^{S:.4g}")
    if found is None:
        return
    widths = ", ".join(map(str, found.widths))
    click.echo(f"measured at m = {widths}, {len(found.fitted)} seeds, {found.stalled} of them stalled above the loss and left out:")
    for name, slope in slopes.items():
        click.echo(f"  {name}: slope {slope['median']:.3f} in the median, {slope['least']:.3f} .. {slope['largest']:.3f}")
    if not slopes:
        click.echo("  no slope: no seed was fitted at every width")
