"""Any torch module with data and a loss: proved bounds of the inertia of its Hessian, and the critical point beside its weights.

The module is read as a graph (:mod:`numerics.modules.exporting`) and taken as a model (:mod:`numerics.modules.model`), every weight and
number of the data as the rational that it is. Zero eigenvalues are proved by fields along which the loss is constant at all parameters
(:mod:`numerics.modules.fields`): grad R . v = 0 for v = A theta + c gives Hess R v = -A^T grad R, which is 0 at critical points, and
where the entries of the gradient that A meets are exactly 0, for constant fields everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from numerics.arithmetic.exact import exact_text, rationals
from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
from numerics.critical.certificates import distance
from numerics.critical.invariances import are_independent, fields_under, independent, quotient_inertia
from numerics.critical.search import CertifiedPoint, certify
from numerics.hessian import Data, gradient_and_hessian
from numerics.hessian.gradients import PRECISIONS, has_rational_values
from numerics.hessian.inertias import Inertia, exact_inertia
from numerics.hessian.losses import Loss, rows_of_classes
from numerics.hessian.losses import loss as loss_named
from numerics.modules.fields import Fields
from numerics.modules.model import GraphModel
from numerics.modules.subjects import Subject

#: Parameters up to which the inertia of a module that is rational on each piece is decided exactly, by a characteristic polynomial.
MOST_EXACT = 60


@dataclass(frozen=True, eq=False)
class ModuleInertia:
    """Bounds of the ``inertia`` of the Hessian at the weights.

    ``fields``: those that look independent there, as many zero eigenvalues as a critical point has; ``zeros`` of them are proved here.
    ``gradient``: a proved bound of its largest entry.
    """

    inertia: Inertia
    zeros: int
    fields: Fields
    gradient: float
    make_certificate: Callable[[], dict[str, Any]] = field(repr=False)

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data from which a referee proves the bounds again (examples/check_module_point.py)."""
        return self.make_certificate()


@dataclass(frozen=True, eq=False)
class ModulePoint:
    """A certified critical ``point``, ``distance`` (proved, in the largest coordinate) from the weights; ``fields`` are its zeros."""

    point: CertifiedPoint
    distance: float
    fields: Fields
    make_certificate: Callable[[], dict[str, Any]] = field(repr=False)

    @property
    def inertia(self) -> Inertia:
        """The inertia of the Hessian at the point."""
        return self.point.inertia

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Plain data from which a referee proves all of it again (examples/check_module_point.py)."""
        return self.make_certificate()


def module_inertia(module: Any, data: Data, loss: str | Loss = "mse") -> ModuleInertia:
    """Proved bounds of the inertia of the Hessian of the mean loss of ``module`` at its weights, in all parameters with requires_grad.

    ``data``: inputs (n, ...), or a tuple of such for several inputs, whole numbers that are tokens; and targets, of the shape of the
    outputs, for the cross-entropy class numbers (n,) of outputs (n, classes). Weights and data are read as the rational numbers
    that their floats are; what stays undecided is counted. Raises TypeError for what is no module and ValueError, with the layer, for
    modules that are not read, inputs on a kink, values that are not finite, and targets that do not fit.
    """
    model, theta, numbers = read_module(module, data, loss)
    return graph_inertia(model, theta, numbers, loss)


def certify_module(module: Any, data: Data, loss: str | Loss = "mse", *, radius: float = 1e-2, bits: int = 128) -> ModulePoint:
    """The critical point of the mean loss of ``module`` near its weights: a box that holds exactly one, and the inertia there, proved.

    ``data`` and errors as in :func:`module_inertia`. Along the fields that are found the loss is constant: one coordinate for each is held
    at its weight. Raises :class:`numerics.arithmetic.krawczyk.NotCertified` at a degenerate point, and where the point lies farther than
    ``radius`` from the weights, in the largest coordinate.
    """
    if not 0 < radius < math.inf:
        raise ValueError(f"radius must be a positive number, got {radius}")
    model, theta, numbers = read_module(module, data, loss)
    found = graph_point(model, theta, numbers, loss, bits=bits)
    if found.distance > radius:
        raise NotCertified(
            f"the critical point to which Newton's method leads lies {found.distance:.2g} away, beyond the radius {radius:g}"
        )
    return found


def read_module(module: Any, data: Data, loss: str | Loss = "mse") -> tuple[GraphModel, np.ndarray, Data]:
    """A module as a model, its parameters (P,) in double precision, and its data as rows: inputs (n, entries), targets (n, outputs).

    Errors as in :func:`module_inertia`.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        size = f" of {len(data)}" if isinstance(data, tuple | list) else ""
        raise ValueError(f"data must be a pair (inputs, targets), got {type(data).__name__}{size}")
    inputs, given = data
    subject = Subject.of(module, inputs)
    subject.settle(subject.inputs)
    kinds = {x.dtype.kind for x in subject.inputs}
    rows = [x.reshape(len(x), -1) for x in subject.inputs]
    x = np.concatenate(rows if len(kinds) == 1 else [row.astype(object) for row in rows], axis=1)
    y = _targets(given, len(x), subject.output_shape, loss_named(loss))
    return GraphModel(subject.graph, type(module).__name__), subject.theta, (x, y)


def graph_inertia(model: GraphModel, theta: np.ndarray, data: Data, loss: str | Loss = "mse") -> ModuleInertia:
    """:func:`module_inertia` of a module that was read."""
    law, fields = loss_named(loss), fields_under(model, loss)
    if has_rational_values(model, law) and model.n_params <= MOST_EXACT:
        slope, curvature = gradient_and_hessian(model, rationals(theta), (rationals(data[0]), rationals(data[1])), law)
        found, bits, held, chosen = exact_inertia(curvature), 0, [], []
    else:
        found, bits, held, chosen, slope = _in_balls(model, theta, data, law, fields)
    largest = float(max(abs(entry).upper() if hasattr(entry, "upper") else abs(entry) for entry in slope))
    least = [low for low, _ in found.bounds]
    state = partial(_stated, "inertia of a module", model, theta, data, law, fields.only(chosen), held)
    extra = {"inertia": least, **({"precision": bits} if bits else {})}
    here, _ = _held_fields(model, theta, loss)
    return ModuleInertia(found, len(held), here, largest, lambda: {**state(), **extra})


def _in_balls(
    model: GraphModel, theta: np.ndarray, data: Data, loss: Loss, fields: Fields
) -> tuple[Inertia, int, list[int], list[int], np.ndarray]:
    """(inertia, bits, coordinates that stand for known zeros, their fields, gradient), with more bits while these decide more."""
    best: Any = None
    for bits in PRECISIONS:
        with working_precision(bits):
            at = balls(theta)
            slope, curvature = gradient_and_hessian(model, at, (balls(data[0]), balls(data[1])), loss)
            known = [k for k, one in enumerate(fields.fields) if all(slope[place] == 0 for place, source in one if source is not None)]
            kernel = fields.at(at)[known]
            rows, held = independent(kernel) if known else ([], [])
            if not are_independent(kernel[rows], held):
                rows, held = [], []
            found = quotient_inertia(curvature, kernel[rows])
        if best is not None and found.undecided >= best[0].undecided:
            return best
        best = found, bits, sorted(held), [known[k] for k in rows], slope
        if found.certified:
            break
    return best


def graph_point(model: GraphModel, theta: np.ndarray, data: Data, loss: str | Loss = "mse", *, bits: int = 128) -> ModulePoint:
    """:func:`certify_module` of a module that was read, however far the point lies."""
    point = certify(model, theta, data, loss, bits=bits, invariances=True)
    certificate = partial(graph_certificate, model, point, theta, data, loss)
    return ModulePoint(point, distance(point, theta), _held_fields(model, theta, loss)[0], certificate)


def _held_fields(model: GraphModel, theta: np.ndarray, loss: str | Loss) -> tuple[Fields, list[int]]:
    """The fields for which :func:`numerics.critical.certify` holds coordinates, and these."""
    fields = fields_under(model, loss)
    rows, held = independent(fields.at(theta.astype(float))) if fields.fields else ([], [])
    return fields.only(rows), held


def graph_certificate(model: GraphModel, point: CertifiedPoint, theta: np.ndarray, data: Data, loss: str | Loss = "mse") -> dict[str, Any]:
    """Plain data from which it is shown again that the box of ``point``, certified by its invariances, holds one critical point."""
    fields, _ = _held_fields(model, theta, loss)
    free = [k for k in range(model.n_params) if k not in point.held]
    box = {**point.box.certificate(), "centre": [point.box.centre[k] for k in free]}
    stated = _stated("critical point of a module", model, theta, data, loss_named(loss), fields, list(point.held))
    return {**stated, "box": box, "distance": distance(point, theta), "inertia": list(point.inertia.counts)}


def _stated(kind: str, model: GraphModel, theta: np.ndarray, data: Data, loss: Loss, fields: Fields, held: list[int]) -> dict[str, Any]:
    """What certificates of both kinds hold: the steps, exact parameters and data, the fields and the coordinates that stand for them."""
    graph, ends = model.graph, np.cumsum([0, *model.input_sizes])
    return {
        "kind": kind,
        "model": model.name,
        "parameters": {p.name: list(p.shape) for p in graph.parameters},
        "steps": graph.to_data(),
        "theta": exact_text(theta),
        "samples": [[exact_text(row[a:b]) for a, b in zip(ends, ends[1:], strict=False)] for row in data[0]],
        "targets": [exact_text(row) for row in data[1]],
        "loss": loss.name,
        "fields": fields.to_data(),
        "held": held,
    }


def _targets(given: Any, samples: int, shape: tuple[int, ...], loss: Loss) -> np.ndarray:
    """Targets (n, outputs) of outputs of ``shape`` each; classes as rows of the identity."""
    y = np.asarray(given.detach().cpu().numpy() if hasattr(given, "detach") else given)
    if y.dtype.kind not in "fiu" or not np.isfinite(y).all():
        raise ValueError(f"targets must be finite real numbers, got {y.dtype}")
    size = int(np.prod(shape))
    if loss.name == "cross-entropy" and y.shape in ((samples,), (samples, 1)):
        if len(shape) != 1 or size < 2:
            raise ValueError(f"cross-entropy needs outputs (n, classes), one for each of two classes or more, got (n, *{shape})")
        return rows_of_classes("targets", y.reshape(-1), size)
    if len(y) != samples or y.size != samples * size or y.ndim > 1 and y.shape[1:] not in (shape, (size,)) or y.ndim == 1 and size > 1:
        raise ValueError(f"targets must have shape ({samples}, {', '.join(map(str, shape))}), one for each output, got {y.shape}")
    y = y.reshape(samples, size)
    return y.astype(float) if y.dtype.kind == "f" else y.astype(int)
