"""``proofs-check inertia``: whether a trained network is at a critical point, the inertia of its Hessian, and what a split does to it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands import _networks
from proofs_check.commands._group import explained, told
from proofs_check.commands._networks import progress

if TYPE_CHECKING:
    from numerics.critical.search import CertifiedPoint
    from numerics.critical.weights import RoundedGradient
    from numerics.hessian import Inertia
    from numerics.hessian.products import Extremes
    from numerics.modules.fields import Fields
    from proofs_check.commands._networks import Trained

#: The wide Hessian grows with alpha^2, and must keep within the range of floats.
LARGEST_ALPHA = 1e50
#: Parameters times samples times directions that are followed in balls: about a minute and a half.
MOST_PRODUCTS = 300_000_000


@click.command(short_help="Gradient and Hessian's inertia of a trained network.")
@_networks.options
@click.option("--layer", type=int, help="Hidden layer, from 1, in which a neuron is split.")
@click.option("--neuron", type=int, help="The neuron to split, from 0.")
@click.option("--alpha", type=float, help="Fraction of the outgoing weights that the copy gets; any number.")
@click.option(
    "--count",
    type=click.IntRange(1, 100),
    default=6,
    show_default=True,
    help="Eigenvalues to look for at each end, where the Hessian is too large to be taken whole.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for the certificate of a module read as a graph.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@explained
def command(
    model: str, data: Path, labels: Path, loss: str, activation: str | None, layer: int | None, neuron: int | None, alpha: float | None,
    count: int, out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Gradient and inertia of the Hessian of the loss of a trained network, with proofs, at its weights as they are.

    The network is a torch module NAME in PATH.py (or a function that makes one), or the state dict of a Sequential of linear layers and
    activations in MODEL.safetensors. Of such a Sequential all weights and data that round to the given floats are meant at once: an
    eigenvalue that rounding could take to either sign is undecided. Any other module that torch exports is read as a graph, its weights
    and data as the exact numbers that they are; OUT is a certificate of it for examples/check_certificate.py.

    With --layer, --neuron and --alpha: the inertia after this neuron of a Sequential was split, by the block
    [[0, B], [B^T, alpha (1 - alpha) S]] (2105.14573) and of the wide Hessian itself.

    Beyond 200 parameters the Hessian is met by its products alone: Lanczos iteration finds the ends of its spectrum in floats, and the
    form on the directions found proves how many eigenvalues are negative, and positive, at least.

    Example: proofs-check inertia trained.safetensors --activation tanh --data x.npy --labels y.npy
    """
    from numerics.critical.modules import graph_inertia
    from numerics.critical.weights import gradient_at, inertia_at
    from proofs_check.commands._inputs import check_writable
    from proofs_check.plain_data import write_json

    place = layer, neuron, alpha
    if any(value is None for value in place) != all(value is None for value in place):
        raise click.UsageError("give --layer, --neuron and --alpha together, or none of them")
    with told():
        if out is not None:
            check_writable(out)
        trained = _networks.read(model, data, labels, loss, activation, any_size=alpha is None)
        if alpha is not None:
            _check_split(trained, *place)
        if out is not None and (trained.graph is None or not trained.whole):
            raise ValueError("--out is for modules that are read as a graph, of at most 200 parameters: for others certify writes one")
        if not trained.whole:
            _tell_large(model, trained, count, as_json)
            return
        with progress("gradient in balls"):
            slope = gradient_at(trained.network, trained.theta, trained.data, loss)
        exact = None
        with progress("Hessian in balls"):
            if trained.graph is not None:
                exact = graph_inertia(trained.graph, trained.theta, trained.data, loss)
            found = exact.inertia if exact is not None else inertia_at(trained.network, trained.theta, trained.data, loss)
        after = _split(trained, slope, found, *place) if alpha is not None else None
    if as_json:
        data_of_graph = {} if exact is None else {"weights": "exact", "zeros from fields": exact.zeros, "fields": exact.fields.groups}
        click.echo(json.dumps(_data(trained, slope, found, after) | data_of_graph, indent=1))
    else:
        click.echo(f"{model}: {trained}")
        click.echo(f"gradient: {gradient_in_words(trained, slope)}")
        at = " at these weights exactly" if exact is not None else ""
        click.echo(f"Hessian{at}: {inertia_in_words(found)}")
        if exact is not None and exact.fields.fields:
            click.echo(fields_in_words(exact.fields, exact.zeros))
        if after is not None:
            _tell_split(place, *after)
    if exact is not None and out is not None:
        write_json(out, exact.certificate)
        click.echo(f"{out} written: a certificate for examples/check_certificate.py", err=as_json)
    if after is not None and _contradict(*after[1:]):
        click.echo("the two contradict each other: an error of this program, or of the theory", err=True)
        sys.exit(1)


def _tell_large(model: str, trained: Trained, count: int, as_json: bool) -> None:
    """Gradient, ends of the spectrum, and what is proved of the inertia of a network whose Hessian is too large to be taken whole."""
    import numpy as np

    from numerics.critical.weights import gradient_at
    from numerics.hessian import gradient
    from numerics.hessian.products import extremes, inertia_along

    arguments = trained.network, trained.theta, trained.data, trained.loss
    directions = MOST_PRODUCTS // (trained.network.n_params * len(trained.x)) - 1
    slope, proved = None, None
    if directions > 0:  # the gradient is met twice in balls
        with progress("gradient in balls"):
            slope = gradient_at(*arguments)
    with progress("Lanczos iteration"):
        ends = extremes(*arguments, count=min(count, trained.network.n_params - 1))
    if directions > 0:
        rest = np.argsort(-np.abs(ends.values[1:])) + 1
        chosen = np.concatenate([[0], rest])[:directions]  # the least first, for it tells a saddle; then the largest in size
        with progress("Hessian along the directions found, in balls"):
            proved = inertia_along(trained.network, trained.theta, trained.data, ends.vectors[chosen], trained.loss)
    in_floats = gradient(*arguments) if slope is None else slope.middle
    if as_json:
        click.echo(json.dumps(_large_data(trained, in_floats, slope, ends, proved), indent=1))
        return
    click.echo(f"{model}: {trained}")
    if slope is not None:
        click.echo(f"gradient: {gradient_in_words(trained, slope)}")
    else:
        k = int(np.argmax(np.abs(in_floats)))
        click.echo(f"gradient: largest entry {abs(in_floats[k]):.2g} at {trained.parameter(k)}, in floats (too large for balls)")
    click.echo(f"Hessian: {extremes_in_words(ends)}")
    if proved is None:
        click.echo("Hessian: nothing proved, the network with these data is too large for balls")
    else:
        (negative, _), _, (positive, _) = proved.bounds
        size = trained.network.n_params
        click.echo(f"Hessian: negative >= {negative}, positive >= {positive} of {size} (proved, by the form on the directions found)")


def extremes_in_words(ends: Extremes) -> str:
    """The ends of a spectrum, with how far off they may be."""
    middle = len(ends.values) // 2
    low, high = (", ".join(f"{value:.5g}" for value in part) for part in (ends.values[:middle], ends.values[middle:]))
    settled = "" if ends.complete else "; not all had settled"
    return f"least eigenvalues {low}; largest {high} (Lanczos, in floats, residuals up to {ends.residuals.max():.1g}{settled})"


def _large_data(trained: Trained, in_floats: Any, slope: RoundedGradient | None, ends: Extremes, proved: Inertia | None) -> dict[str, Any]:
    import numpy as np

    k = slope.largest if slope is not None else int(np.argmax(np.abs(in_floats)))
    gradient = {"largest": abs(float(in_floats[k])), "at": trained.parameter(k)}
    if slope is not None:
        gradient["rounding"] = float(slope.rounding[k])
    return {
        "critical within rounding": None if slope is None else slope.vanishes,
        "gradient": gradient,
        "extremes": {"values": ends.values.tolist(), "residuals": ends.residuals.tolist(), "complete": ends.complete},
        "inertia": None if proved is None else _bounds(proved),
    }


def gradient_in_words(trained: Trained, slope: RoundedGradient) -> str:
    """Whether the point is critical, as far as rounding can tell."""
    k = slope.largest
    size = f"largest entry {abs(slope.middle[k]):.2g} at {trained.parameter(k)}, where rounding explains up to {slope.rounding[k]:.2g}"
    if slope.vanishes:
        return f"critical within rounding ({size})"
    return f"not critical ({size}; {len(slope.certain)} of {len(slope.middle)} entries are proved not to vanish)"


def fields_in_words(fields: Fields, zeros: int) -> str:
    """What is known of directions along which the loss is constant."""
    names = "; ".join(f"{k} of {', '.join(parameters)}" for parameters, k in fields.groups[:6])
    more = "; ..." if len(fields.groups) > 6 else ""
    return (
        f"the loss is constant along {len(fields.fields)} fields ({names}{more}): as many zeros at a critical point, {zeros} of them here"
    )


def inertia_in_words(found: Inertia) -> str:
    """Bounds of the three numbers, and how many eigenvalues are undecided."""
    (negative, _), (zero, most), (positive, _) = found.bounds
    size = negative + zero + positive + found.undecided
    if not found.undecided:
        return f"negative = {negative}, zero = {zero}, positive = {positive} (proved, none of {size} undecided)"
    zeros = f"zero <= {most}" if not zero else f"{zero} <= zero <= {most}"
    return f"negative >= {negative}, {zeros}, positive >= {positive} (proved; {found.undecided} of {size} eigenvalues undecided)"


def _check_split(trained: Trained, layer: Any, neuron: Any, alpha: Any) -> None:
    from theory.embedding.wiring import check_place

    if not abs(alpha) <= LARGEST_ALPHA:  # nan among them
        raise ValueError(f"alpha must be a number of size at most {LARGEST_ALPHA:g}, got {alpha}")
    if len(trained.chain.shapes) <= 2 and "W1" in trained.chain.shapes:
        raise ValueError("a network of one linear layer has no hidden neuron to split")
    check_place(trained.chain, layer, neuron)


def _split(
    trained: Trained, slope: RoundedGradient, found: Inertia, layer: Any, neuron: Any, alpha: Any
) -> tuple[CertifiedPoint | None, Inertia, Inertia]:
    """(the critical point at which the split is taken, None for the weights as they are; predicted and observed inertia)."""
    from numerics.arithmetic.krawczyk import NotCertified, working_precision
    from numerics.critical import certify
    from numerics.critical.search import in_balls
    from numerics.critical.splits import split_bounds
    from numerics.hessian import rounded

    network, loss, point = trained.chain, trained.loss, None
    if slope.vanishes:
        with progress("critical point in balls"):
            try:
                point = certify(network, trained.theta, trained.data, loss, invariances=True)
            except (NotCertified, ValueError):  # degenerate, or at a kink: the weights as they are, then
                point = None
    with progress("split in balls"), working_precision(128):
        if point is not None:
            exact = in_balls(network, trained.data)
            return point, *split_bounds(network, point.box.enclosure, point.inertia, exact, layer, neuron, alpha, loss, critical=True)
        theta, x, y = rounded(network, trained.theta, trained.data)
        return None, *split_bounds(network, theta, found, (x, y), layer, neuron, alpha, loss)


def _tell_split(place: tuple[Any, Any, Any], point: CertifiedPoint | None, predicted: Inertia, observed: Inertia) -> None:
    layer, neuron, alpha = place
    where = "at these weights" if point is None else f"at the critical point that was proved beside these weights, inertia {point.inertia}"
    click.echo(f"split of neuron {neuron} in layer {layer} with alpha {alpha:g}, {where}:")
    click.echo(f"  by the block: {inertia_in_words(predicted)}")
    click.echo(f"  of the wide Hessian: {inertia_in_words(observed)}")
    if predicted.certified and observed.certified and predicted.counts == observed.counts:
        click.echo("  they agree")
    elif not _contradict(predicted, observed):
        click.echo("  they do not contradict each other; what is undecided is not compared")


def _contradict(predicted: Inertia, observed: Inertia) -> bool:
    """Whether no inertia lies within both bounds."""
    return any(a > d or c > b for (a, b), (c, d) in zip(predicted.bounds, observed.bounds, strict=True))


def _data(trained: Trained, slope: RoundedGradient, found: Inertia, after: Any) -> dict[str, Any]:
    k = slope.largest
    gradient = {"largest": abs(float(slope.middle[k])), "at": trained.parameter(k), "rounding": float(slope.rounding[k])}
    data = {"critical within rounding": slope.vanishes, "gradient": gradient, "inertia": _bounds(found)}
    if after is not None:
        point, predicted, observed = after
        at = "weights" if point is None else "critical point"
        data["split"] = {"at": at, "predicted": _bounds(predicted), "observed": _bounds(observed)}
    return data


def _bounds(one: Inertia) -> dict[str, Any]:
    return dict(zip(("negative", "zero", "positive"), map(list, one.bounds), strict=True)) | {"undecided": one.undecided}
