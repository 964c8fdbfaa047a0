"""``proofs-check certify``: a proof that a true critical point of the loss lies near the weights of a trained network."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands import _networks
from proofs_check.commands._group import explained, told
from proofs_check.commands._networks import progress
from proofs_check.commands.inertia import gradient_in_words, inertia_in_words

if TYPE_CHECKING:
    from numerics.critical.search import CertifiedPoint
    from numerics.critical.weights import RoundedGradient
    from proofs_check.commands._networks import Trained

#: An eigenvalue below this share of the largest is named as the reason when nothing was proved.
NEARLY_SINGULAR = 1e-8


@click.command(short_help="Prove that a critical point lies near given weights.")
@_networks.options
@click.option(
    "--radius", type=float, default=1e-2, show_default=True, help="How far from the weights, in the largest coordinate, the point may lie."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for the certificate (JSON).")
@explained
def command(
    model: str, data: Path, labels: Path, loss: str, activation: str | None, radius: float, out: Path | None
) -> None:  # fmt: skip
    """Prove that a critical point of the loss lies near the weights of a trained network, and the inertia of its Hessian.

    The network is given as to the command inertia: any torch module, of at most 200 parameters. Newton's method leads to the point, and
    Krawczyk's test in balls proves that a small box around it holds exactly one; weights and data are read as the rationals that their
    floats are. Where the loss is constant along directions whatever the data (softmax does not see a shift of all outputs, a positively
    homogeneous neuron can be rescaled, attention has a gauge), one weight for each of these stays as it is given. OUT is checked again by
    examples/check_certificate.py, with python-flint alone.

    Exits with 1 when nothing was proved; the reason is printed.

    Example: proofs-check certify trained.safetensors --activation tanh --data x.npy --labels y.npy
    """
    from numerics.critical.certificates import distance
    from numerics.critical.weights import gradient_at
    from proofs_check.commands._inputs import check_writable
    from proofs_check.plain_data import write_json
    from theory.lifting.residual import ResidualNetwork

    with told():
        if not (math.isfinite(radius) and radius > 0):
            raise ValueError(f"radius must be a positive number, got {radius}")
        if out is not None:
            check_writable(out)
        trained = _networks.read(model, data, labels, loss, activation)
        network = trained.network
        if out is not None and isinstance(network, ResidualNetwork):
            raise ValueError("--out: a certificate is of a network without a residual block; without --out the point is certified as it is")
        with progress("gradient in balls"):
            slope = gradient_at(trained.network, trained.theta, trained.data, loss)  # first, for it refuses kinks
        point = _point(trained, slope)
        away = math.inf if isinstance(point, str) else distance(point, trained.theta)
    click.echo(f"{model}: {trained}")
    if isinstance(point, str):
        _refuse(point)
    elif away > radius:
        _refuse(
            f"not converged: the critical point to which Newton's method leads is proved, but lies {away:.2g} away, beyond the radius "
            f"{radius:g}; gradient at the weights: {gradient_in_words(trained, slope)}"
        )
    else:
        _tell(point, away)
        if out is not None:
            write_json(out, _certificate(trained, point))
            click.echo(f"{out} written: a certificate for examples/check_certificate.py")


def _certificate(trained: Trained, point: CertifiedPoint) -> dict[str, Any]:
    from numerics.critical.certificates import point_certificate
    from numerics.critical.modules import graph_certificate

    arguments = point, trained.theta, trained.data, trained.loss
    return graph_certificate(trained.graph, *arguments) if trained.graph is not None else point_certificate(trained.chain, *arguments)


def _point(trained: Trained, slope: RoundedGradient) -> CertifiedPoint | str:
    """The critical point near the weights, at which the gradient is ``slope``, or why none was proved."""
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.critical import certify

    try:
        with progress("Newton's method and Krawczyk's test in balls"):
            return certify(trained.network, trained.theta, trained.data, trained.loss, invariances=True)
    except NotCertified as error:
        reason = str(error)
    except ValueError as error:  # Newton's method, or the box, met a kink
        reason = str(error)
    singular = _singular(trained)
    if not slope.vanishes:
        nearly = f"; {singular}" if singular else ""
        words = gradient_in_words(trained, slope)
        return f"{words}; from here Newton's method leads to no critical point that could be proved{nearly} ({reason})"
    degenerate = "degenerate: the point is critical within rounding, but "
    if singular:
        causes = "as at an embedded point or with neurons that are inactive or alike"
        return f"{degenerate}{singular}, {causes}; Krawczyk's test needs an invertible Hessian"
    return f"the point is critical within rounding, but Krawczyk's test failed: {reason}"


def _singular(trained: Trained) -> str:
    """What is known of eigenvalues near 0 beside those that the invariances of the loss explain; "" where there are none."""
    import numpy as np

    from numerics.critical.invariances import independent, invariant_directions
    from numerics.hessian import hessian

    _, held = independent(invariant_directions(trained.network, trained.theta.astype(float), trained.loss))
    free = [k for k in range(trained.network.n_params) if k not in held]
    sizes = np.abs(np.linalg.eigvalsh(hessian(trained.network, trained.theta, trained.data, trained.loss)[np.ix_(free, free)]))
    small = int((sizes <= NEARLY_SINGULAR * sizes.max(initial=0.0)).sum())
    return f"{small} of {len(free)} eigenvalues of the Hessian are below {NEARLY_SINGULAR:g} of the largest" if small else ""


def _tell(point: CertifiedPoint, away: float) -> None:
    click.echo(f"certified: a critical point lies within {away:.2g} of the weights, the only one in a box of radius {point.box.radius}")
    if point.held:
        click.echo(f"(the loss is constant along {len(point.held)} directions whatever the data; as many weights are held at their values)")
    click.echo(f"Hessian there: {inertia_in_words(point.inertia)}: {_kind(point)}")


def _kind(point: CertifiedPoint) -> str:
    negative, _, positive = point.inertia.counts
    beside = " up to the directions along which the loss is constant" if point.held else ""
    return "a saddle" if negative and positive else f"a strict local {'maximum' if negative else 'minimum'}{beside}"


def _refuse(reason: Any) -> None:
    click.echo(f"not certified: {reason}")
    sys.exit(1)
