"""``proofs-check spectrum``: the error of a network by frequency, over its checkpoints, and the order in which bands have converged."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands._group import explained, told
from proofs_check.commands._inputs import FILE, finite

if TYPE_CHECKING:
    import numpy as np

    from numerics.dynamics.spectra import Band, Spectra

#: Names of checkpoints: a decimal number after the last separator, or after letters; exponents and other signs are not read.
STEP = re.compile(r"(?:.*(?<![-_])[-_])?[A-Za-z]*?((?:[0-9]+)(?:\.[0-9]+)?)", re.ASCII)
#: Frequencies drawn one by one, at most.
MOST_DRAWN = 64


@click.command(short_help="Errors of a network by frequency, over checkpoints.")
@click.argument("model", metavar="PATH.py:NAME|DIRECTORY")
@click.option(
    "--inputs", required=True, type=FILE, help="Inputs (n,), (n, 1), sorted, or (n, d): .npy, .csv, or .safetensors with one tensor."
)
@click.option("--labels", required=True, type=FILE, help="Targets (n,) or (n, outputs), likewise.")
@click.option(
    "--activation", metavar="NAME", help="Activation between the layers of checkpoints in a DIRECTORY: tanh, relu, leaky:SLOPE ..."
)
@click.option("--module", metavar="PATH.py:NAME", help="A torch module that takes the checkpoints, in place of --activation.")
@click.option("--bands", metavar="1,3,5-8", help="Frequencies by bands, in periods; 0, 1, 2-3, 4-7, ... by default.")
@click.option("--period", type=float, help="Period of the inputs; n (x_n - x_1)/(n - 1) by default.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.1,
    show_default=True,
    callback=finite,
    help="Relative error from which on a band has converged.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("spectrum"), show_default=True, help="Folder.")
@explained
def command(
    model: str, inputs: Path, labels: Path, activation: str | None, module: str | None, bands: str | None, period: float | None,
    threshold: float, out: Path,
) -> None:  # fmt: skip
    """Energies of the error of a network by frequency: of a trained torch module, or of all checkpoints in a DIRECTORY.

    Checkpoints are .safetensors files whose names end in the step, as in step-1500.safetensors. For each band of frequencies the
    interval of steps is given in which its relative error fell below the threshold for good; of two bands an order is known where
    these do not overlap. Several inputs are projected on their first principal component. OUT has spectrum.json, spectrum.csv and pictures.

    Example: proofs-check spectrum steps --module networks.py:line --inputs x.npy --labels y.npy
    """
    from numerics.dynamics.spectra import bands_of, dyadic, line, spectra
    from proofs_check.commands._inputs import load_samples
    from proofs_check.plain_data import write_json

    with told():
        x, y = _real("inputs", load_samples(inputs)), _real("labels", load_samples(labels))
        samples = line(x, period)
        chosen = bands_of(bands, samples.nyquist) if bands else dyadic(samples.nyquist)
        if len(y) != len(x):
            raise ValueError(f"expected as many labels as inputs, got {len(y)} and {len(x)}")
        columns = x[:, None] if x.ndim == 1 else x
        steps, outputs = _outputs(model, columns, activation, module)
        found = spectra(samples, y, outputs, steps)
        out.mkdir(parents=True, exist_ok=True)
    if columns.shape[1] > 1:
        click.echo(f"{columns.shape[1]} inputs, along their first principal component; frequencies are periods of its range.")
    rows = _tell(found, chosen, threshold)
    write_json(out / "spectrum.json", _data(found, rows, threshold, samples.period))
    _table(out / "spectrum.csv", found)
    for name, figure in _figures(found, chosen, threshold).items():
        _write(out / name, figure)
    click.echo(f"Written to {out}: spectrum.json, spectrum.csv, energies.svg, bands.svg")


def _real(name: str, values: np.ndarray) -> np.ndarray:
    import numpy as np

    if values.dtype.kind not in "fiu" or values.ndim not in (1, 2) or not len(values):
        raise ValueError(f"{name} must be real numbers (n,) or (n, columns), got {values.dtype} of shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got {values[~np.isfinite(values)][0]}")
    return values.astype(float)


def _outputs(model: str, x: np.ndarray, activation: str | None, module: str | None) -> tuple[list[float], list[np.ndarray]]:
    """Steps and outputs (n, m) of the module, or of each checkpoint."""
    from proofs_check.commands._inputs import load_module

    if not Path(model).is_dir():
        if ":" not in model and not Path(model).exists():
            raise ValueError(f"expected PATH.py:NAME or a directory of checkpoints, and {model} does not exist")
        if activation or module:
            raise ValueError(f"--activation and --module are for a directory of checkpoints, and {model} is none")
        return [0.0], [_of_module(load_module(model), x)]
    if (activation is None) == (module is None):
        raise ValueError("a directory of checkpoints needs --activation or --module, and not both")
    files = checkpoints(Path(model))
    answers = _of_states(files.values(), x, str(activation)) if activation else _of_loaded(files.values(), x, load_module(str(module)))
    return list(files), answers


def checkpoints(folder: Path) -> dict[float, Path]:
    """The .safetensors files of a folder by the number at the end of their names, in order.

    The number is all that stands after the last ``-`` or ``_`` (of a name without them its digits at the end): step-0.5 is step 0.5.

    :raises ValueError: where there is none, a name ends in no number, or two in the same one.
    """
    found: dict[float, Path] = {}
    for file in sorted(folder.glob("*.safetensors")):
        number = STEP.fullmatch(file.stem)
        if number is None:
            raise ValueError(f"names of checkpoints must end in the step, as step-1500.safetensors, got {file.name}")
        step = float(number[1])
        if step in found:
            raise ValueError(f"two checkpoints of one step: {found[step].name} and {file.name}")
        found[step] = file
    if not found:
        raise ValueError(f"{folder} holds no .safetensors file")
    return dict(sorted(found.items()))


def _of_states(files: Any, x: np.ndarray, activation: str) -> list[np.ndarray]:
    from numerics.modules.trained import network_of_state
    from proofs_check.commands._inputs import activation_called, load_state

    sigma, answers = activation_called(activation), []
    for file in files:
        network, theta = network_of_state(load_state(file)[0], sigma)
        if network.inputs != x.shape[1]:
            raise ValueError(f"{file.name} takes {network.inputs} inputs, got {x.shape[1]}")
        answers.append(network(theta.astype(float), x))
    return answers


def _of_loaded(files: Any, x: np.ndarray, module: Any) -> list[np.ndarray]:
    import torch

    from proofs_check.commands._inputs import load_tensors

    answers = []
    for file in files:
        state = {name: torch.tensor(tensor) for name, tensor in load_tensors(file).items()}
        try:
            module.load_state_dict(state)
        except (RuntimeError, AttributeError) as error:
            raise ValueError(f"{file.name} does not fit the module: {' '.join(str(error).split())}") from error
        answers.append(_of_module(module, x))
    return answers


def _of_module(module: Any, x: np.ndarray) -> np.ndarray:
    import torch

    kinds = [parameter.dtype for parameter in module.parameters() if parameter.is_floating_point()]
    module.eval()
    try:
        with torch.no_grad():
            answer = module(torch.tensor(x, dtype=kinds[0] if kinds else torch.float64))
    except Exception as error:  # the module is the user's: whatever it raises is told
        what = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"the module does not run on inputs of shape {x.shape}: {type(error).__name__}, {what}") from error
    if not isinstance(answer, torch.Tensor):
        raise ValueError(f"the module must return a tensor, got {type(answer).__name__}")
    if answer.is_complex():
        raise ValueError(f"the module must return real numbers, got {answer.dtype}")
    return answer.detach().cpu().double().numpy()


def _tell(found: Spectra, bands: list[Band], threshold: float) -> list[dict[str, Any]]:
    """Print a line for each band and the order; what is stored of them."""
    from numerics.dynamics.spectra import written

    several = len(found.steps) > 1
    rows, moments = [], []
    subject = f"{len(found.steps)} checkpoints" if several else "One network"
    converged = f", converged below {threshold:g}" if several else ""
    click.echo(f"{subject}, frequencies 0 to {int(found.frequencies[-1])} (Nyquist); relative errors{converged}:")
    for band in bands:
        relative = found.relative(band)
        if not math.isfinite(relative[0]):
            click.echo(f"  {band!s:>9}  the target has nothing here")
            rows.append({"band": str(band), "relative": None, "moment": None})
            continue
        moment = found.moment(band, threshold)
        change = f"{relative[0]:.3g} -> {relative[-1]:.3g}" if several else f"{relative[0]:.3g}"
        told = f"not converged by {written(moment.after)}" if moment.at is None else f"converged {moment}"
        click.echo(f"  {band!s:>9}  {change:>20}" + (f"  {told}" if several else ""))
        rows.append({"band": str(band), "relative": relative.tolist(), "moment": {"after": moment.after, "at": moment.at}})
        moments.append((band, moment))
    if several:
        _tell_order(moments)
    else:
        click.echo("An order needs checkpoints.")
    return rows


def _tell_order(moments: list) -> None:
    done = sorted((pair for pair in moments if pair[1].at is not None), key=lambda pair: (pair[1].at, pair[1].after or -math.inf))
    if not done:
        click.echo("Order: no band has converged.")
        return
    text = str(done[0][0])
    for (_, before), (band, moment) in zip(done, done[1:], strict=False):
        text += (" < " if before.before(moment) else " ? ") + str(band)
    open_ = [str(band) for band, moment in moments if moment.at is None]
    click.echo(
        f"Order: {text}"
        + (f"; not yet: {', '.join(open_)}" if open_ else "")
        + ("   (?: within the same checkpoints)" if "?" in text else "")
    )


def _data(found: Spectra, rows: list[dict[str, Any]], threshold: float, period: float) -> dict[str, Any]:
    return {
        "steps": found.steps.tolist(),
        "frequencies": found.frequencies.tolist(),
        "period": period,
        "energies": found.energies.tolist(),
        "target": found.target.tolist(),
        "threshold": threshold,
        "bands": rows,
    }


def _table(path: Path, found: Spectra) -> None:
    from numerics.dynamics.spectra import written

    lines = ["step,frequency,energy of the error,energy of the target"]
    for step, row in zip(found.steps.tolist(), found.energies, strict=True):
        lines += [
            f"{written(step)},{k},{e!r},{t!r}"
            for k, e, t in zip(found.frequencies.tolist(), row.tolist(), found.target.tolist(), strict=True)
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _figures(found: Spectra, bands: list[Band], threshold: float) -> dict[str, dict[str, Any]]:
    return {"energies.svg": _energies(found), "bands.svg": _by_band(found, bands, threshold)}


def _energies(found: Spectra) -> dict[str, Any]:
    """Energies of the error: of one network beside those of the target, of several by checkpoint."""
    import numpy as np

    from numerics.dynamics.spectra import written

    shown = min(len(found.frequencies), MOST_DRAWN)
    floor = 1e-16 * max(float(found.target.sum()), float(found.energies.max()), 1e-300)
    x, labels = found.frequencies[:shown].tolist(), {"title": "Energy of the error", "x_label": "frequency"}
    if len(found.steps) == 1:
        rows = (("error", found.energies[0]), ("target", found.target))
        series = [{"label": name, "x": x, "y": np.maximum(row[:shown], floor).tolist()} for name, row in rows]
        alt = "Energy by frequency of the error and of the target, on a logarithmic scale"
        return {**labels, "kind": "lines", "alt": alt, "data": {"series": series}, "y_label": "energy", "log_y": True}
    values = np.round(np.log10(np.maximum(found.energies[:, :shown], floor)), 3).tolist()
    alt = "Energy of the error by frequency (columns) and checkpoint (rows), logarithm to base 10; dark columns have converged"
    data = {"x": x, "y": [written(step) for step in found.steps.tolist()], "values": values, "value_label": "log10 energy"}
    return {**labels, "kind": "heatmap", "alt": alt, "data": data, "y_label": "step"}


def _by_band(found: Spectra, bands: list[Band], threshold: float) -> dict[str, Any]:
    """Relative errors: of one network as bars, of several over the checkpoints with the threshold."""
    import numpy as np

    kept = [(str(band), np.maximum(found.relative(band), 1e-16)) for band in bands if math.isfinite(found.relative(band)[0])]
    labels = {"title": "Relative errors by band", "y_label": "relative error", "log_y": True}
    if len(found.steps) == 1:
        series = [{"x": [name for name, _ in kept], "y": [float(relative[0]) for _, relative in kept]}]
        alt = "Relative error of each band of frequencies in which the target has something, on a logarithmic scale"
        return {**labels, "kind": "bars", "alt": alt, "data": {"series": series}, "x_label": "frequencies"}
    series = [{"label": name, "x": found.steps.tolist(), "y": relative.tolist()} for name, relative in kept]
    series.append({"label": "threshold", "x": [float(found.steps[0]), float(found.steps[-1])], "y": [threshold, threshold]})
    alt = "Relative errors of bands of frequencies over the checkpoints, with the threshold of convergence as a level line"
    return {**labels, "kind": "lines", "alt": alt, "data": {"series": series}, "x_label": "step"}


def _write(path: Path, figure: dict[str, Any]) -> None:
    from reports.figures import draw

    path.write_text(draw(figure), encoding="utf-8")
