"""``proofs-check condense``: where the weights of a small network are going to point, proved from its data, and where they went."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE, finite

if TYPE_CHECKING:
    import numpy as np

    from numerics.dynamics.orientations import Prediction
    from theory.models import TwoLayer

#: A neuron is on an orientation from this cosine on, and is counted from this share of the largest norm on.
ALIGNED, LARGE = 0.95, 0.1
#: Weights count as small while no argument of an activation exceeds this: z - tanh z is then below 2 % of z.
SMALL = 0.25
#: Neurons and orientations named one by one, at most.
MOST = 12


@click.command(short_help="Predict where small weights condense, with proofs.")
@click.option("--inputs", required=True, type=FILE, help="Inputs (n, d) as .npy.")
@click.option("--labels", required=True, type=FILE, help="Labels (n,) or (n, 1) as .npy.")
@click.option("--activation", metavar="NAME|EXPR", help="A known activation, or a formula in z as in 'z**2*tanh(z)'.")
@click.option("--module", metavar="PATH.py:NAME", help="A torch Sequential of two linear layers at its start, in place of --activation.")
@click.option("--bias/--no-bias", default=True, show_default=True, help="Whether hidden neurons have biases.")
@click.option("--width", type=click.IntRange(min=1), default=100, show_default=True, help="Neurons of the network that is trained.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Deviation of its weights.",
    callback=finite,
)
@click.option("--optimizer", type=click.Choice(["flow", "adam"]), default="flow", show_default=True)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Of Adam.",
    callback=finite,
)
@click.option(
    "--steps", type=click.IntRange(min=0), default=500, show_default=True, help="At most; training ends when the loss has fallen by 2 %."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("condensation"), show_default=True, help="Folder.")
@explained
def command(
    inputs: Path, labels: Path, activation: str | None, module: str | None, bias: bool, width: int, scale: float, optimizer: str,
    learning_rate: float, steps: int, seed: int, out: Path,
) -> None:  # fmt: skip
    """Predict the orientations on which the hidden weights of a two-layer network condense, and train one to see.

    The orientations are maxima and minima of a form in the data, proved one by one; OUT/orientations.json holds the proofs, which
    examples/check_orientation.py repeats. The network is then trained from small weights and its neurons are laid over the prediction.

    Example: proofs-check condense --inputs x.npy --labels y.npy --activation tanh
    """
    import numpy as np

    from numerics.dynamics.orientations import predict_orientations
    from proofs_check.commands._inputs import load_array
    from proofs_check.plain_data import write_json

    if (activation is None) == (module is None):
        raise click.UsageError("give --activation or --module, and not both")
    with told():
        x, y = _data(load_array(inputs), load_array(labels))
        model, theta = _of_module(module, x) if module else _drawn(str(activation), x, bias, width, scale, seed)
        samples = np.concatenate([x, np.ones((len(x), 1))], axis=1) if model.inputs > x.shape[1] else x
        found = predict_orientations(model.activation, samples, y)
        _tell(found)
        for first, second in _repeated(samples):
            kind = "equal labels, which count twice" if y[first] == y[second] else "different labels, which count with their sum"
            click.echo(f"note: inputs {first} and {second} are equal with {kind}")
        largest = _largest_argument(model, theta, samples)
        if largest > SMALL:
            click.echo(f"note: the start is not small: |w_j . x_i| reaches {largest:.3g}, and the prediction is one for small arguments")
        weights = _trained(model, theta, samples, y, optimizer, learning_rate, steps)
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "orientations.json", found.to_data())
    _compare(found, weights[1])
    for name, figure in _figures(found, *weights).items():
        _write(out / name, figure)
    click.echo(f"Written to {out}: orientations.json, field.svg, neurons.svg" if found.form.dimension == 2 else f"Written to {out}.")


def _data(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    x = x[:, None] if x.ndim == 1 else x
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    for name, array in (("inputs", x), ("labels", y)):
        if array.dtype.kind not in "fiu":
            raise ValueError(f"{name} must be finite real numbers, got an array of {array.dtype}")
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            place = tuple(wrong[0].tolist())
            raise ValueError(
                f"{name} must be finite real numbers, got {array[place]} at {list(place)}, and {len(wrong)} such numbers in all"
            )
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(f"expected inputs (n, d) and labels (n,), got shapes {x.shape} and {y.shape}")
    return x.astype(float), y.astype(float)


def _drawn(name: str, x: np.ndarray, bias: bool, width: int, scale: float, seed: int) -> tuple[TwoLayer, np.ndarray]:
    """A network on the inputs, with the column of ones of a bias, and its start."""
    import numpy as np

    from theory.activations import activation, activation_names
    from theory.expressions import parse
    from theory.models import TwoLayer

    sigma = activation(name) if name in activation_names() or name.startswith("power:") else parse(name)
    model = TwoLayer(x.shape[1] + bias, width, activation=sigma)
    return model, model.init(np.random.default_rng(seed), scale=scale)


def _of_module(described: str, x: np.ndarray) -> tuple[TwoLayer, np.ndarray]:
    """The same of a torch module, its biases as the last column of its weights."""
    import numpy as np

    from numerics.modules.reading import read
    from proofs_check.commands._inputs import load_module
    from theory.models import TwoLayer

    module = load_module(described)
    chain = read(module, x)
    network = chain.uniform() if chain is not None else None
    if not isinstance(network, TwoLayer) or network.outputs != 1 or network.output_bias:
        raise ValueError(f"{described} must be a Sequential of two linear layers, one output and no output bias, and a known activation")
    theta = np.concatenate([p.detach().double().numpy().ravel() for p in module.parameters()])
    parts = network.unpack(theta)
    rows = parts["input_weights"]
    rows = np.concatenate([rows, parts["input_biases"][:, None]], axis=1) if network.bias else rows
    model = TwoLayer(rows.shape[1], network.width, activation=network.activation)
    return model, model.pack(input_weights=rows, output_weights=parts["output_weights"])


def _repeated(x: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of samples with equal inputs."""
    first: dict[bytes, int] = {}
    pairs = []
    for k, row in enumerate(x):
        other = first.setdefault((row + 0.0).tobytes(), k)  # -0.0 is 0.0
        if other != k:
            pairs.append((other, k))
    return pairs[:MOST]


def _largest_argument(model: TwoLayer, theta: np.ndarray, x: np.ndarray) -> float:
    """The largest |w_j . x_i| at the start; infinite where it overflows."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        largest = float(np.abs(x @ model.unpack(theta)["input_weights"].T).max())
    return largest if math.isfinite(largest) else math.inf


def _trained(
    model: TwoLayer, theta: np.ndarray, x: np.ndarray, y: np.ndarray, optimizer: str, learning_rate: float, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """The weights (m, D) at the start and after training on (1/2n) sum e^2."""
    import numpy as np

    from numerics.train import Adam, GradientFlow, train

    method, rate = (GradientFlow(rtol=1e-6), None) if optimizer == "flow" else (Adam(), learning_rate)
    halves = np.full(len(y), 0.5 / len(y))
    with np.errstate(over="ignore", invalid="ignore"):
        loss = float(halves @ (model(theta, x)[:, 0] - y) ** 2)
        if not math.isfinite(loss):
            raise ValueError("inputs and labels must be of a size whose loss at the start is finite: divide them by a common factor")
        found = train(
            model, theta, (x, y[:, None]), method=method, learning_rate=rate, steps=steps, stop=0.98 * loss, check_every=1, weights=halves
        )
    if not np.isfinite(found.theta).all():
        raise ValueError(
            "training left the range of floats: divide the inputs or the labels by a common factor, or take a smaller learning rate"
        )
    click.echo(f"Trained by {found.method} for {found.steps[0]} steps: loss {loss:.4g} -> {found.loss[0]:.4g} ({found.status[0]}).")
    return model.unpack(theta)["input_weights"], model.unpack(found.theta[0])["input_weights"]


def _tell(found: Prediction) -> None:
    kind = "all of them proved" if found.complete else "those proved are certain, others may exist"
    click.echo(
        f"Multiplicity {found.multiplicity}, weights of length {found.form.dimension}: {len(found.orientations)} orientations ({kind})."
    )
    if found.single_signed:
        click.echo("sigma(0) != 0: output weights first take the sign of the labels' mean, so orientations of one side remain;")
        click.echo("for that the network must be narrow: |mean label| >> neurons x |sigma(0)| x scale.")
    for k, orientation in enumerate(found.orientations[:MOST]):
        side = "a sigma^(p)(0) > 0" if orientation.side > 0 else "a sigma^(p)(0) < 0"
        grows = {True: "grows", False: "shrinks", None: "open"}[orientation.growing]
        entries = ", ".join(f"{entry:+.4f}" for entry in orientation.direction[:6]) + (", ..." if len(orientation.direction) > 6 else "")
        click.echo(f"  {k + 1:2d}  {side}  {grows:7}  {'proved' if orientation.certificate else 'not proved'}  ({entries})")


def _compare(found: Prediction, weights: np.ndarray) -> None:
    import numpy as np

    lengths = np.linalg.norm(weights, axis=1)
    large = lengths >= LARGE * lengths.max()
    cosine, which = found.closest(weights[large])
    click.echo(
        f"{large.sum()} of {len(weights)} neurons have at least {LARGE:.0%} of the largest norm; on an orientation (cosine {ALIGNED}):"
    )
    for k in range(min(len(found.orientations), MOST)):
        click.echo(f"  {k + 1:2d}  {int(((which == k) & (cosine >= ALIGNED)).sum())} neurons")
    click.echo(f"  none: {int((cosine < ALIGNED).sum())}")


def _figures(found: Prediction, before: np.ndarray, after: np.ndarray) -> dict[str, dict[str, Any]]:
    import numpy as np

    relative = lambda rows: (np.linalg.norm(rows, axis=1) / np.linalg.norm(rows, axis=1).max()).tolist()
    if found.form.dimension > 2:
        series = [
            {"label": name, "x": found.closest(rows)[0].tolist(), "y": relative(rows)}
            for name, rows in (("start", before), ("trained", after))
        ]
        alt = "Points of the start are spread over all cosines, points of the trained network lie near cosine 1"
        data = {"kind": "scatter", "title": "Neurons", "alt": alt, "data": {"series": series}}
        return {"neurons.svg": {**data, "x_label": "largest cosine with a predicted orientation", "y_label": "norm over the largest"}}
    degrees = lambda rows: (np.degrees(np.arctan2(rows[:, 1], rows[:, 0])) % 360).tolist()
    marks = [{"x": degrees(o.direction[None])[0], "label": str(k + 1)} for k, o in enumerate(found.orientations)]
    angle = np.linspace(0, 2 * np.pi, 721)
    u = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    # a common factor of inputs or labels changes V by a factor alone, and keeps it within the range of floats
    x, c = (values / max(abs(value) for value in values.ravel()) for values in (found.form.x, found.form.c))
    x, c = np.array([[_float(v) for v in row] for row in x]), np.array([_float(v) for v in c])
    V, slope = _on_circle(x, c, found.form.p, u)
    lines = [
        {"label": "V", "x": np.degrees(angle).tolist(), "y": (V / np.abs(V).max()).tolist()},
        {"label": "dV/dphi", "x": np.degrees(angle).tolist(), "y": (slope / np.abs(slope).max()).tolist()},
    ]
    alt = "V and its derivative along the circle; dashed lines at the predicted orientations, maxima and minima of V"
    field = {"kind": "lines", "title": "The leading field", "alt": alt, "data": {"series": lines}, "marks": marks}
    series = [{"label": name, "x": degrees(rows), "y": relative(rows)} for name, rows in (("start", before), ("trained", after))]
    alt = "Neurons by direction and norm; after training the large ones stand on dashed lines, the predicted orientations"
    neurons = {"kind": "scatter", "title": "Neurons", "alt": alt, "data": {"series": series}, "marks": marks}
    return {
        "field.svg": {**field, "x_label": "angle of (w, b) in degrees", "y_label": "over the largest value"},
        "neurons.svg": {**neurons, "x_label": "angle of (w, b) in degrees", "y_label": "norm over the largest"},
    }


def _float(value: Any) -> float:
    """A flint rational in floating point."""
    return int(value.p) / int(value.q)


def _on_circle(x: np.ndarray, c: np.ndarray, p: int, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """V and its derivative by the angle at unit vectors (k, 2)."""
    import numpy as np

    from theory.dynamics.condensation import LeadingForm

    form = LeadingForm(x, c, p)
    return form(u), (form.gradient(u) * np.stack([-u[:, 1], u[:, 0]], axis=1)).sum(axis=1)


def _write(path: Path, figure: dict[str, Any]) -> None:
    from reports.figures import draw

    path.write_text(draw(figure), encoding="utf-8")
