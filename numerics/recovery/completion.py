"""Matrix completion by gradient descent on both factors, many problems in one batch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.train import train
from theory.models import MatrixFactorization
from theory.rank import function_rank


@dataclass(frozen=True)
class Recipe:
    """How completion is trained: standard deviation of the start, learning rate, stop (mean square error) and limit of steps.

    ``loss``: "mean" or "sum" of the squares over the sampled entries, which the learning rate refers to.
    """

    init_std: float
    learning_rate: float
    stop: float
    steps: int
    loss: str = "mean"


#: A start so small that the directions beyond the target's rank stay at round-off until the others have converged; the step is 0.3 on
#: half the sum of squares of a target of spectral norm one, whatever n.
VANISHING_INIT = Recipe(init_std=1e-32, learning_rate=0.15, stop=1e-16, steps=60_000, loss="sum")


def low_rank_targets(rng: np.random.Generator, count: int, shape: tuple[int, int], rank: int) -> np.ndarray:
    """``count`` matrices of ``shape`` (d1, d2), of the given rank and spectral norm one, entries of comparable size.

    Factors have entries of modulus 0.6 to 1.4 and random signs.
    """
    entries = lambda *shape: rng.choice([-1.0, 1.0], shape) * rng.uniform(0.6, 1.4, shape)
    targets = entries(count, shape[0], rank) @ entries(count, rank, shape[1])
    return targets / np.linalg.norm(targets, 2, axis=(1, 2))[:, None, None]


def recovering(model: MatrixFactorization, theta: np.ndarray) -> tuple[list[tuple[int, ...]], set[tuple[int, ...]]]:
    """All patterns of R = r (d1 + d2 - r) entries, r the width of ``model``, and those on which the tangents at ``theta`` have rank R.

    Entries are flat indices; ``theta`` (P,) holds integers, and ranks are exact.
    """
    from flint import fmpz_mat

    R, rows = function_rank(model.width, model.d1, model.d2), tangents(model, theta, model.entries())[1][:, 0].tolist()
    patterns = list(combinations(range(len(rows)), R))
    return patterns, {pattern for pattern in patterns if fmpz_mat([rows[entry] for entry in pattern]).rank() == R}


def random_masks(rng: np.random.Generator, count: int, shape: tuple[int, int], n: int) -> np.ndarray:
    """``count`` patterns of ``shape`` (d1, d2) with n sampled entries, as 0/1."""
    order = rng.random((count, shape[0] * shape[1])).argsort(axis=1)
    return (order < n).astype(float).reshape(count, *shape)


def conditioning(targets: np.ndarray, masks: np.ndarray, rank: int) -> np.ndarray:
    """sigma_R / sigma_1 of the tangent matrix on the sampled entries at balanced factors, R = r (d1 + d2 - r); zero without recovery.

    ``targets`` and ``masks`` (B, d1, d2). With f* = U S V^T the balanced factors are U S^(1/2) and S^(1/2) V^T; a small ratio means
    a badly conditioned target or a pattern that barely decides.
    """
    B, d1, d2 = targets.shape
    U, S, Vt = np.linalg.svd(targets)
    roots = np.sqrt(S[:, None, :rank])
    left, right = U[:, :, :rank] * roots, Vt.swapaxes(1, 2)[:, :, :rank] * roots
    columns = np.einsum("bik,jl->bijkl", left, np.eye(d2)).reshape(B, d1 * d2, -1)
    rows = np.einsum("bjk,il->bijkl", right, np.eye(d1)).reshape(B, d1 * d2, -1)
    tangents = np.concatenate([columns, rows], axis=2) * masks.reshape(B, -1, 1)
    values = np.linalg.svd(tangents, compute_uv=False)
    R = function_rank(rank, d1, d2)
    return values[:, R - 1] / values[:, 0]


def conditioned_problems(rng: np.random.Generator, count: int, shape: tuple[int, int], rank: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` targets of ``shape`` (d1, d2) and masks with n entries, conditioned: sigma_R / sigma_1 > 0.1 on the pattern where n >= R,
    else on all entries.
    """
    enough, targets, masks = n >= function_rank(rank, *shape), [], []
    while sum(map(len, targets)) < count:
        drawn, pattern = low_rank_targets(rng, 4 * count, shape, rank), random_masks(rng, 4 * count, shape, n)
        good = conditioning(drawn, pattern if enough else np.ones_like(pattern), rank) > 0.1
        targets.append(drawn[good])
        masks.append(pattern[good])
    return np.concatenate(targets)[:count], np.concatenate(masks)[:count]


def unconditioned_problems(
    rng: np.random.Generator, count: int, shape: tuple[int, int], rank: int, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` targets of ``shape`` (d1, d2) and uniform masks with n entries, whether or not the pattern decides."""
    return low_rank_targets(rng, count, shape, rank), random_masks(rng, count, shape, n)


def pattern_mask(entries: Any, size: int) -> np.ndarray:
    """The pattern (size, size) of the sampled ``entries``, pairs (row, column) from 0, as 0/1."""
    mask = np.zeros((size, size))
    mask[tuple(np.asarray(entries).T)] = 1
    return mask


@dataclass(frozen=True)
class Completions:
    """What training ended at: the ``matrices`` (B, d1, d2), and which runs ``converged`` or ``diverged``, each (B,)."""

    matrices: np.ndarray
    converged: np.ndarray
    diverged: np.ndarray


def descend(targets: np.ndarray, masks: np.ndarray, *, recipe: Recipe, rng: np.random.Generator, width: int | None = None) -> Completions:
    """Train on the sampled entries of ``targets``, with ``masks`` 0/1, both (B, d1, d2); ``width`` by default the larger side."""
    B, d1, d2 = targets.shape
    model = MatrixFactorization(d1, d2, width or max(d1, d2))
    normalization = masks.sum(axis=(1, 2)) if recipe.loss == "mean" else np.ones(B)
    trained = train(
        model,
        model.init(rng, scale=recipe.init_std, batch=(B,)),
        (model.entries(), targets.reshape(B, -1, 1)),
        weights=masks.reshape(B, -1) / normalization[:, None],
        learning_rate=recipe.learning_rate,
        steps=recipe.steps,
        stop=recipe.stop * masks.sum(axis=(1, 2)) / normalization,
    )
    return Completions(model.product(trained.theta), trained.converged, trained.diverged)


def complete(targets: np.ndarray, masks: np.ndarray, *, recipe: Recipe, rng: np.random.Generator, width: int | None = None) -> np.ndarray:
    """Mean square error over all entries (B,) after :func:`descend`; inf where training diverged."""
    found = descend(targets, masks, recipe=recipe, rng=rng, width=width)
    return np.where(found.diverged, np.inf, ((found.matrices - targets) ** 2).mean(axis=(1, 2)))


def recovery_size(target: np.ndarray, order: Any) -> int | None:
    """Least n such that the first n entries of ``order`` (pairs from 0) give local linear recovery of a rank-one ``target``.

    Exact, at the optimal factors of a rational matrix (d1, d2) whose first entry is not 0; None where even all entries do not.
    """
    d1, d2 = target.shape
    model = MatrixFactorization(d1, d2, 1)
    theta = model.pack(left=target[:, :1], right=target[:1] / target[0, 0])
    J = tangents(model, rationals(theta), np.asarray(order))[1][:, 0]
    ranks, R = [rank_rational(J[:n]) for n in range(1, len(J) + 1)], function_rank(1, d1, d2)
    return ranks.index(R) + 1 if R in ranks else None
