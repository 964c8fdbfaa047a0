r"""The noise of dropout beside the landscape: contributions of neurons, alignment of Hessian and covariance, moments of a scalar model.

Losses here are those of ``theory.dynamics.dropout``: R_S = (1/2n) sum |f(x_i) - y_i|^2.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from numerics.derivatives.batched import loss_hessians
from theory.dynamics.dropout import check_contributions, covariance, noise_variance
from theory.models import TwoLayer


def contributions_and_gradients(model: TwoLayer, theta: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """s (n, m, outputs), the output weight of each neuron times its hidden output, and ds/dtheta (n, m, outputs, P), at ``theta`` (P,).

    Any container; the activation needs one derivative. Raises TypeError for models that are no TwoLayer.
    """
    if type(model) is not TwoLayer:
        raise TypeError(f"model must be a TwoLayer, got {model}")
    parts, x = model.unpack(np.asarray(theta)), np.asarray(x)
    z = x @ parts["input_weights"].T
    if model.bias:
        z = z + parts["input_biases"]
    value, slope = model.activation.jet(z, 1)
    a, (n, m), outputs = parts["output_weights"], value.shape, model.outputs
    s = value[:, :, None] * a.T[None]
    names = {name: np.zeros((n, m, outputs, *shape), dtype=s.dtype) for name, shape in model.shapes.items()}
    for k in range(m):
        names["input_weights"][:, k, :, k] = (slope[:, k, None] * a[:, k])[..., None] * x[:, None, :]
        if model.bias:
            names["input_biases"][:, k, :, k] = slope[:, k, None] * a[:, k]
        for o in range(outputs):
            names["output_weights"][:, k, o, o, k] = value[:, k]
    gradients = np.concatenate([part.reshape(n, m, outputs, -1) for part in names.values()], axis=-1)
    return check_contributions(s), gradients


def targets_without_bias(model: TwoLayer, theta: Any, y: Any) -> np.ndarray:
    """The targets (n, outputs) less the output bias, which dropout does not touch."""
    return np.asarray(y) - (model.unpack(np.asarray(theta))["output_bias"] if model.output_bias else 0)


def hessian_and_noise(model: TwoLayer, theta: np.ndarray, data: tuple[Any, Any], keep: float) -> tuple[np.ndarray, np.ndarray]:
    """(Hess R_S, Sigma), each (P, P), in floats."""
    x, y = (np.asarray(part, dtype=float) for part in data)
    s, g = contributions_and_gradients(model, theta, x)
    sigma = covariance(s, targets_without_bias(model, theta, y), g, noise_variance(keep))
    _, _, hessians = loss_hessians(model, np.asarray(theta, dtype=float)[None], (x, y))
    return hessians[0] / 2, sigma


def alignment(first: np.ndarray, second: np.ndarray) -> float:
    """The cosine of two symmetric matrices in the Frobenius inner product. Raises ValueError where one is 0."""
    if not (np.any(first) and np.any(second)):
        raise ValueError("matrices must not be 0: an angle to 0 is not defined")
    return float((first * second).sum() / (np.linalg.norm(first) * np.linalg.norm(second)))


def rotated_alignments(first: np.ndarray, second: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """The null model: :func:`alignment` after ``count`` uniformly random rotations of ``second``, whose spectrum they keep."""
    found = []
    for _ in range(count):
        rotation, triangle = np.linalg.qr(rng.normal(size=second.shape))
        rotation = rotation * np.sign(np.diag(triangle))
        found.append(alignment(first, rotation @ second @ rotation.T))
    return np.array(found)


def flatness_and_variance(hessian: np.ndarray, sigma: np.ndarray, *, share: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the Hessian above ``share`` of the largest, falling, and the variance of the noise along their eigenvectors."""
    values, vectors = np.linalg.eigh(hessian)
    variances = np.einsum("pk,pq,qk->k", vectors, sigma, vectors)
    chosen = values > share * values[-1]
    return values[chosen][::-1], variances[chosen][::-1]


def log_slope(x: np.ndarray, y: np.ndarray) -> float:
    """The least-squares slope of log y against log x. Raises ValueError for numbers that are not positive, and fewer than two places."""
    if len(np.unique(x)) < 2 or not (np.min(x) > 0 and np.min(y) > 0):
        raise ValueError(
            f"x and y must be positive, with two different x at least, got {np.asarray(x).tolist()[:8]} and {np.asarray(y).tolist()[:8]}"
        )
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def effective_ratio(weights: np.ndarray, cosine: float = 0.95) -> float:
    """The share of different orientations among the rows of ``weights``: 1 unless they condense (2207.05952 counts likewise).

    Rows are taken greedily; one whose cosine with a taken one is above ``cosine`` in absolute value is no new orientation. Raises
    ValueError for no rows, and for a row of zeros, which has none.
    """
    if not len(weights) or not np.any(weights, axis=1).all():
        raise ValueError(f"weights must be one row at least, none of them 0, got shape {np.shape(weights)}")
    units = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    taken: list[np.ndarray] = []
    for unit in units:
        if not any(abs(unit @ other) > cosine for other in taken):
            taken.append(unit)
    return len(taken) / len(units)


def scalar_descent(keep: Fraction, step: Fraction, steps: int, start: Fraction = Fraction(0)) -> tuple[Fraction, Fraction]:
    """E a and E a^2, exactly, after ``steps`` steps of a <- a - step xi (xi a - 1): one neuron of hidden output 1, target 1."""
    v = Fraction(noise_variance(Fraction(keep)))
    first, second = Fraction(start), Fraction(start) ** 2
    square, cube, fourth = (1 + v), (1 + v) ** 2, (1 + v) ** 3  # E xi^2, E xi^3, E xi^4
    for _ in range(steps):
        first, second = (
            first * (1 - step * square) + step,
            second * (1 - 2 * step * square + step**2 * fourth) + first * (2 * step - 2 * step**2 * cube) + step**2 * square,
        )
    return first, second


def scalar_diffusion(keep: Fraction, step: Fraction, time: Fraction, correction: str, start: Fraction = Fraction(0)) -> tuple[Any, Any]:
    """E a and E a^2 at ``time``, as balls, of da = -(L + (step/4) C)' dt + sqrt(step Sigma) dW for the model of :func:`scalar_descent`.

    ``correction`` C: "none" (0), "mean" (|E g|^2, which gives weak order 2) or "square" (E |g|^2, which does not). All drifts are affine in
    a and Sigma quadratic, so the moments (1, E a, E a^2) obey a linear equation, solved by the exponential of its matrix.
    """
    from flint import arb_mat, fmpq

    v = Fraction(noise_variance(Fraction(keep)))
    square, cube, fourth = (1 + v), (1 + v) ** 2, (1 + v) ** 3
    slope, offset = -square, Fraction(1)  # the drift: offset + slope a
    if correction == "mean":
        slope, offset = slope - step / 2 * square**2, offset + step / 2 * square
    elif correction == "square":
        slope, offset = slope - step / 2 * fourth, offset + step / 2 * cube
    elif correction != "none":
        raise ValueError(f"correction must be none, mean or square, got {correction!r}")
    noise = (square - 1, -2 * cube + 2 * square, fourth - square**2)  # Sigma = E g^2 - (E g)^2 by powers of a
    matrix = [[0, 0, 0], [offset, slope, 0], [step * noise[0], 2 * offset + step * noise[1], 2 * slope + step * noise[2]]]
    exact = lambda value: fmpq(Fraction(value).numerator, Fraction(value).denominator)
    moments = arb_mat([[exact(entry * time) for entry in row] for row in matrix]).exp() * arb_mat([[1], [exact(start)], [exact(start**2)]])
    return moments[1, 0], moments[2, 0]
