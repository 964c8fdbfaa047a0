"""``proofs-check stability``: whether an optimizer is stable at given parameters, with the proof."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofs_check.commands._group import explained, told

if TYPE_CHECKING:
    from numerics.dynamics.stability import Stability

#: What the command calls the methods of theory.dynamics.quadratic; with a frozen preconditioner Adam is a moving average.
QUADRATIC = {
    "gd": "gradient descent",
    "heavy-ball": "heavy ball",
    "ema": "moving average",
    "adam": "moving average",
    "rmsprop": "moving average",
}


class _Beta(click.ParamType):
    name = "NUMBER|LOW:HIGH"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        try:
            parts = [Fraction(part) for part in str(value).split(":")]
        except (ValueError, ZeroDivisionError):
            self.fail(f"expected a number or LOW:HIGH, got {value!r}", param, context)
        if len(parts) > 2:
            self.fail(f"expected a number or LOW:HIGH, got {value!r}", param, context)
        return (parts[0], parts[1]) if len(parts) == 2 else parts[0]


class _Numbers(click.ParamType):
    name = "NUMBER,..."

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        try:
            return tuple(Fraction(part) for part in str(value).split(","))
        except (ValueError, ZeroDivisionError):
            self.fail(f"expected numbers with commas between them, got {value!r}", param, context)


@click.command(short_help="Decide whether an optimizer is stable, with the proof.")
@click.option("--optimizer", type=click.Choice(list(QUADRATIC)), default="adam", show_default=True)
@click.option("--beta1", type=_Beta(), help="Memory of the first moment, or momentum (default 0.9; 0 for gd and rmsprop).")
@click.option("--beta2", type=_Beta(), default="0.999", show_default=True, help="Memory of the second moment.")
@click.option("--k", type=int, help="The loss is x^k/k, k >= 4 even: adam and rmsprop, for every learning rate.")
@click.option("--eigenvalues", type=_Numbers(), help="The loss is a quadratic whose (preconditioned) Hessian has these eigenvalues.")
@click.option("--eta", type=_Beta(), help="Learning rate, with --eigenvalues.")
@click.option(
    "--run", "start", metavar="X0", help="Prove too where the run from X0 with m = g, v = g^2 at rate --eta ends (default rate 0.001)."
)
@click.option("--plane", type=click.Path(dir_okay=False, path_type=Path), help="Draw the (beta1, beta2) plane, .svg, .png or .pdf.")
@click.option(
    "--certificate", type=click.Path(dir_okay=False, path_type=Path), help="Write what was proved, for examples/check_certificate.py."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@explained
def command(**given: Any) -> None:
    """Say whether an optimizer is stable: on x^k/k (the fixed point of linear convergence) or on a quadratic with given eigenvalues.

    Numbers are taken exactly. A range LOW:HIGH asks about all of it. Stable means that all eigenvalues of a step lie inside the unit
    circle, unstable that one lies outside; open (on a quadratic: marginal), that one lies on the circle or that a range holds both, and it
    is said which number vanishes. On a quadratic adam and rmsprop are taken with a frozen preconditioner.

    Exits with 0 when stable, with 1 when not, with 2 when the parameters cannot be used.

    Example: proofs-check stability --optimizer adam --beta1 .9 --beta2 .999 --k 4
    """
    if (given["k"] is None) == (given["eigenvalues"] is None):
        raise click.UsageError("give either --k or --eigenvalues: the loss is x^k/k or a quadratic")
    with told():
        answer = _on_a_power(**given) if given["k"] is not None else _on_a_quadratic(**given)
    if given["as_json"]:
        click.echo(json.dumps(answer, indent=1))
    else:
        click.echo("\n".join(answer["text"]))
    sys.exit(answer["verdict"] != "stable")


def _on_a_power(
    optimizer: str, beta1: Any, beta2: Any, k: int, eta: Any, start: str | None, plane: Path | None, certificate: Path | None, **_: Any
) -> dict[str, Any]:
    from numerics.dynamics.stability import cycle_stability, degenerate_stability

    if optimizer not in ("adam", "rmsprop"):
        raise ValueError(f"optimizer must be adam or rmsprop with --k (the others fall like a power of the step), got {optimizer}")
    for name, file in (("--plane", plane), ("--certificate", certificate)):
        if file is not None and not file.parent.is_dir():
            raise ValueError(f"{name}: there is no folder {file.parent}")
    if eta is not None and not (min(eta) if isinstance(eta, tuple) else eta) > 0:
        raise ValueError(f"--eta must be positive, got {_shown(eta)}")
    if start is not None:
        try:
            Fraction(start)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"--run must be a number, got {start!r}") from None
    beta1 = _first_beta(optimizer, beta1, "rmsprop")
    found, proved = degenerate_stability(k, beta1, beta2), []
    text = [f"{optimizer} on x^{k}/{k}, beta1 = {_shown(beta1)}, beta2 = {_shown(beta2)}, every learning rate", _verdict(found)]
    if isinstance(beta1, Fraction) and isinstance(beta2, Fraction):
        if found.verdict == "stable":
            text.append(f"  x'/x -> beta2^(1/{2 * (k - 2)}) = {float(beta2) ** (1 / (2 * (k - 2))):.8g}, from all starts close enough")
        cycle = cycle_stability(k, beta1, beta2).verdict
        does = {"stable": "attracts too: not all starts converge", "unstable": "repels", "open": "is marginal"}[cycle]
        text.append(f"  the 2-cycle |x| = (eta/2)(1-beta1)/(1+beta1) {does}")
    if start is not None:
        proved += _run(k, beta1, beta2, eta, start, text)
    if certificate is not None:
        _write(certificate, [*_cover(k, found), *_cycle(k, beta1, beta2), *proved], text)
    if plane is not None:
        from proofs_check.commands._plane import draw

        draw(plane, k, beta1, beta2)
        text.append(f"{plane} written: where the fixed point attracts, in boxes that are decided, and the curves")
    return {"optimizer": optimizer, "k": k, **_data(found), "text": text}


def _on_a_quadratic(
    optimizer: str, beta1: Any, beta2: Any, eigenvalues: Any, eta: Any, plane: Any, start: Any, certificate: Any, **_: Any
) -> dict[str, Any]:
    from numerics.dynamics.stability import quadratic_stability
    from theory.dynamics.quadratic import sharpness_threshold

    beta1 = _first_beta(optimizer, beta1, "gd", "rmsprop")
    for name, value in (("--plane", plane), ("--run", start), ("--certificate", certificate)):
        if value is not None:
            raise ValueError(f"{name} goes with --k, got it with --eigenvalues")
    if isinstance(beta2, tuple) or not 0 <= beta2 < 1:
        raise ValueError(f"--beta2 must be in [0, 1), got {_shown(beta2)}")
    if not isinstance(eta, Fraction) or not isinstance(beta1, Fraction):
        raise ValueError(f"--eta and --beta1 must be single numbers with --eigenvalues, got {_shown(eta)} and {_shown(beta1)}")
    found = quadratic_stability(QUADRATIC[optimizer], eigenvalues, eta, beta1)
    threshold = sharpness_threshold(QUADRATIC[optimizer], beta1, eta)
    text = [f"{optimizer} on a quadratic, beta1 = {_shown(beta1)}, eta = {_shown(eta)}", _verdict(found)]
    text.append(
        f"  stable for eigenvalues between 0 and {_shown(threshold)}; these lie in {_shown(min(eigenvalues))} .. {_shown(max(eigenvalues))}"
    )
    return {"optimizer": optimizer, "threshold": str(threshold), **_data(found), "text": text}


def _first_beta(optimizer: str, beta1: Any, *without: str) -> Any:
    if optimizer in without and beta1 not in (None, 0):
        raise ValueError(f"--beta1 must be 0 or left out for {optimizer}, got {_shown(beta1)}")
    return Fraction(9, 10) if beta1 is None and optimizer not in without else Fraction(0) if beta1 is None else beta1


def _verdict(found: Stability) -> str:
    values = "".join(f"\n  {name} = {value}" for name, value in found.values.items())
    shares = ""
    if found.cover is not None:
        parts = (("stable", found.cover.positive), ("unstable", found.cover.negative), ("open", found.cover.open))
        shares = "\n  of the range " + ", ".join(f"{float(share):.2%} {name}" for name, share in parts)
    return f"{found.verdict}: {found.reason}{values}{shares}"


def _data(found: Stability) -> dict[str, Any]:
    return {"verdict": found.verdict, "reason": found.reason, "values": dict(found.values), "signs": dict(found.signs)}


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " .. ".join(map(_shown, value))
    if not isinstance(value, Fraction):
        return str(value)
    decimal = f"{float(value):.10g}"
    return decimal if Fraction(decimal) == value else str(value)


def _run(k: int, beta1: Any, beta2: Any, eta: Any, start: str, text: list[str]) -> list[dict[str, Any]]:
    """The proof of where one run ends, told in ``text``."""
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.dynamics.adam_runs import Cycle, Minimum, Run, trap_certificate, trapped

    rate = Fraction(1, 1000) if eta is None else eta
    if not all(isinstance(value, Fraction) for value in (beta1, beta2, rate)):
        raise ValueError("--run needs single numbers for --beta1, --beta2 and --eta, got a range")
    run, reasons = Run(k, str(beta1), str(beta2), str(rate), str(Fraction(start))), []
    for limit in (Minimum, Cycle):
        try:
            found = trapped(run, limit)
        except NotCertified as error:
            reasons.append(f"{limit.limit}: {error}")
            continue
        how = f"trapped after {found.steps} steps, contraction by {found.norm:.6g}"
        text.append(f"the run from {start} at rate {_shown(rate)} ends at the {limit.limit}: {how}")
        return [trap_certificate(run, found, limit)]
    text.append(f"the run from {start} at rate {_shown(rate)}: nothing proved ({'; '.join(reasons)})")
    return []


def _cover(k: int, found: Stability) -> list[dict[str, Any]]:
    if found.cover is None or len(found.cover.box) < 2:
        return []
    return [{"kind": "cover of parameters", "k": k, "coordinates": "beta1, beta2", **found.cover.certificate()}]


def _cycle(k: int, beta1: Any, beta2: Any) -> list[dict[str, Any]]:
    from numerics.dynamics.stability import cycle_certificate

    return [cycle_certificate(k, beta1, beta2, Fraction(1, 1000))] if isinstance(beta1, Fraction) and isinstance(beta2, Fraction) else []


def _write(path: Path, proved: list[dict[str, Any]], text: list[str]) -> None:
    from proofs_check.plain_data import write_json

    if not proved:  # the verdict is said all the same
        text.append(f"{path} not written: nothing was proved that a certificate holds; give single betas, two ranges or --run")
        return
    write_json(path, proved)
    text.append(f"{path} written: {len(proved)} certificate{'s' * (len(proved) > 1)} for examples/check_certificate.py")
