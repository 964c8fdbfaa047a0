"""Ranks of a user's own ``torch.nn.Module`` at its current parameters, between proved bounds.

A Sequential of linear layers and known activations is certified as the model that it is, in exact fields or balls
(:mod:`numerics.modules.reading`). Any other module is read as a graph (:mod:`numerics.modules.exporting`): a minor that balls prove not
to vanish bounds the rank from below, directions that are proved to change no output (:mod:`numerics.modules.symmetries`) from above. Both
speak of the module in real numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from numerics.arithmetic.exact import NoExactValue, UnluckyPrime, exact_text
from numerics.modules.arithmetics import SMALL_PRIMES, Residues
from numerics.modules.evaluating import OnKink, evaluate, tangents
from numerics.modules.reading import IN_DOUBLE, Chain, agrees, read, smooth_at
from numerics.modules.subjects import Subject, sample_numbers
from numerics.modules.symmetries import Search, Symmetries, usual_attempts
from numerics.modules.trial import check_slopes
from numerics.rank.ladder import METHODS, Rank, empirical_rank, float_rank, model_rank
from numerics.rank.minors import Minor, largest_minor, rows_and_columns_modulo

#: The largest size of a draw of inputs, in units of the rows that a full rank needs.
MOST_ROWS = 12
#: Rounding of an entry of float tangents, in units of the last place of the largest one; for estimates alone.
ROUNDING = 16
#: Seconds that the search for symmetries may take, before the lower bound is known and again once it leaves a gap.
SECONDS = 20.0


def module_rank(module: Any, inputs: Any, method: str = "auto") -> Rank:
    """Rank of the tangent matrix [d f_t(x_i) / d p_k] of ``module`` on ``inputs`` (n, ...), p all parameters with requires_grad.

    ``inputs``: real numbers or tokens (whole numbers), or a tuple of such arrays for a module of several inputs. ``method`` as in
    :func:`numerics.rank.empirical_rank`; exact needs a module that is rational on each piece, or a Sequential with exponentials of
    rationals.
    Raises TypeError for what is no module, ValueError, with the layer, for parameters or inputs that are not real and at least single
    precision, for what is random, depends on the batch, or is not read, for inputs on a kink, and where gradients are not those of the
    outputs.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    subject = _Ranked.of(module, inputs)
    if (chain := subject.chain) is not None and method != "float":
        return _chain_rank(chain, subject.theta, subject.inputs[0], method)
    if method == "float":
        # Single steps of torch bring no error bound: nothing is proved. The estimate takes for rounding what is as small as that of the
        # largest entry, or columns that should vanish (a bias that softmax does not see) would count.
        matrix = subject.float_tangents()
        noise = ROUNDING * np.finfo(float).eps * np.abs(matrix).max(initial=0.0)
        estimate = float_rank(np.where(np.abs(matrix) > noise, matrix, 0.0)).estimate
        return Rank(0, min(matrix.shape), False, "point", "float", estimate=estimate)
    if method == "exact":
        return subject.exact()
    return subject.ranked(subject.inputs, all_inputs=False)


def module_model_rank(module: Any, inputs: Any, *, seed: int = 0) -> Rank:
    """Dimension of the span of the tangent functions d f_t(.) / d p_k of ``module`` at its current parameters, over all inputs.

    ``inputs`` (n, ...), one sample or more, show the shape, and by whole numbers that they are tokens; what the rank is taken on is drawn
    from
    ``seed``, more until the bounds meet or more samples show no more. Each output t counts as a function of its own argument: the
    dimension is that of (t, x) -> d f_t(x)/d p. Errors as in :func:`module_rank`.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0 on, got {seed!r}")
    subject = _Ranked.of(module, inputs)
    graph, rng = subject.graph, np.random.default_rng(seed)
    count = math.ceil(1.3 * graph.n_params / graph.outputs) + 4
    found: Rank | None = None
    while True:
        drawn = subject.drawn(count, rng)
        try:
            before, found = found, subject.ranked(drawn, all_inputs=True)
        except OnKink:  # of a neuron behind dead ones, say: the others are as many inputs as are wanted
            before, found = found, subject.ranked(subject.beside_kinks(drawn), all_inputs=True)
        grown = before is None or found.lower > before.lower
        exhausted = count * graph.outputs > MOST_ROWS * graph.n_params or len(drawn[0]) < count
        if found.rank is not None or exhausted or not (grown or graph.piecewise):
            return found if found.rank is not None else subject.on_its_regions(found)
        count *= 2


def module_symmetries(module: Any, inputs: Any, *, enough: int | None = None, seconds: float = 3 * SECONDS) -> Symmetries:
    """Directions of parameter space that are proved to change no output of ``module`` at its current parameters, whatever its inputs.

    ``inputs`` as in :func:`module_model_rank`; the search ends with ``enough`` independent ones, or after ``seconds``. Errors as in
    :func:`module_rank`.
    """
    return _Ranked.of(module, inputs).search.until(enough, seconds)


def tangent_spectrum(module: Any, inputs: Any, *, all_inputs: bool = False, seed: int = 0) -> np.ndarray:
    """Singular values of the tangent matrix in floats, the largest first: on ``inputs``, or on about as many drawn ones as the rank needs.

    They prove nothing. Errors as in :func:`module_rank`.
    """
    subject = _Ranked.of(module, inputs)
    if all_inputs:
        graph = subject.graph
        subject.inputs = subject.drawn(math.ceil(1.3 * graph.n_params / graph.outputs) + 4, np.random.default_rng(seed))
    matrix = subject.float_tangents()
    return np.linalg.svd(np.where(np.isfinite(matrix), matrix, 0.0), compute_uv=False)


# ------------------------------------------------------------------------------------------------------------ subjects


@dataclass(eq=False)
class _Ranked(Subject):
    """A module of which ranks are asked."""

    @cached_property
    def chain(self) -> Chain | None:
        """The Sequential of known layers that the module is, if its outputs and gradients say so, too, and no sample is near a kink."""
        from numerics.derivatives.tape import tangents as model_tangents

        if len(self.inputs) > 1 or self.inputs[0].dtype.kind != "f":
            return None
        x = self.inputs[0]
        chain = read(self.module, x)
        if chain is None or not agrees(chain, dict(self.double.named_parameters()), x, self.outputs, IN_DOUBLE):
            return None
        if not smooth_at(chain, self.theta, x):
            return None  # the graph decides in balls
        check_slopes(self.double, [x], np.asarray(model_tangents(chain, self.theta, x)[1]).reshape(-1, len(self.theta)))
        return chain

    @cached_property
    def search(self) -> Search:
        """The search for directions that are proved to change no output."""
        return Search(self.graph, self.theta)

    @cached_property
    def symmetries(self) -> Symmetries:
        """Those that the usual attempts find."""
        return self.search.until(None, SECONDS, usual_attempts(self.graph))

    def ranked(self, inputs: Sequence[np.ndarray], *, all_inputs: bool) -> Rank:
        """The rank on ``inputs``, or where ``all_inputs`` that of the functions, of which these are samples."""
        graph = self.graph
        if not all_inputs:
            self.settle(inputs)
        exact = None if self.graph.transcendental else self._modulo(inputs)
        free = graph.n_params - self.symmetries.dimension
        upper = free if all_inputs else min(free, len(inputs[0]) * graph.outputs)
        if exact is not None and (exact[0].size == upper or graph.n_params > 400):
            minor, proof = exact
        else:
            floats = tangents(self.in_floats(graph, inputs)).reshape(-1, graph.n_params)
            minor = largest_minor(floats, lambda rows, bits: self.ball_rows(inputs, rows, bits), upper)
            proof = {"kind": "minor of a module", "precision": minor.bits} if minor else {}
        lower = minor.size if minor else 0
        if lower < upper == free:  # look further; what is found makes the upper bound smaller
            self.symmetries = self.search.until(graph.n_params - lower, SECONDS)
            upper = graph.n_params - self.symmetries.dimension
        if lower < upper and not all_inputs and graph.piecewise:
            upper = min(upper, graph.n_params - self._with_dead_parameters(inputs))
        certificate = partial(self._certificate, inputs, minor, proof) if minor else None
        method = "exact" if "prime" in proof else "ball"
        return Rank(lower, upper, lower == upper, "point", method, certificate, symmetries=self.symmetries)

    def on_its_regions(self, found: Rank) -> Rank:
        """``found``, or of a Sequential what its known layers prove, where weights leave all drawn inputs saturated or nearly linear."""
        uniform = self.chain and self.chain.uniform()
        if uniform is None:
            return found
        other = model_rank(uniform, self.theta)
        return other if other.upper - other.lower < found.upper - found.lower else found

    def exact(self) -> Rank:
        """The rank on the inputs by residues."""
        if self.chain is None and self.graph.transcendental:
            raise NoExactValue(
                f"method 'exact' needs a module that is rational on each piece, or a Sequential of linear layers and known activations, "
                f"got {type(self.module).__name__}"
            )
        return self.ranked(self.inputs, all_inputs=False)

    def _modulo(self, inputs: Sequence[np.ndarray]) -> tuple[Minor, dict[str, Any]] | None:
        """The largest minor modulo a prime, of a graph that is rational on each piece."""
        patterns: Any = []
        if self.graph.piecewise:
            arithmetic: Any = self.in_balls(inputs, 128).arithmetic
            patterns = arithmetic.patterns
        for prime in SMALL_PRIMES:
            try:
                residues = Residues(prime, patterns)
                numbers = [sample_numbers(residues, x) for x in inputs]
                tape = evaluate(self.graph, residues, residues.constant(self.theta), numbers)
            except UnluckyPrime:
                continue
            rows, columns = rows_and_columns_modulo(tangents(tape).reshape(-1, self.graph.n_params), prime)
            return (Minor(rows, columns, 0), {"kind": "minor of a module", "prime": prime}) if rows else None
        return None

    def _with_dead_parameters(self, inputs: Sequence[np.ndarray]) -> int:
        """The dimension of the symmetries with the parameters whose tangents vanish on all the inputs, as closed gates make them."""
        matrix = self.ball_rows(inputs, list(range(len(inputs[0]) * self.graph.outputs)), 64)
        dead = [k for k, column in enumerate(matrix.T) if all(entry == 0 for entry in column)]
        return self.symmetries.with_parameters(dead)

    def _certificate(self, inputs: Sequence[np.ndarray], minor: Minor, proof: dict[str, Any]) -> dict[str, Any]:
        """What a referee needs (examples/check_module.py): the steps, exact parameters and samples, and the minor."""
        outputs = self.graph.outputs
        used = sorted({row // outputs for row in minor.rows})
        samples = [[exact_text(v) for v in (x[i].ravel() for x in inputs)] for i in used]
        return {
            **proof,
            "model": type(self.module).__name__,
            "parameters": {p.name: list(p.shape) for p in self.graph.parameters},
            "steps": self.graph.to_data(),
            "theta": exact_text(self.theta),
            "samples": samples,
            "rows": [[used.index(row // outputs), row % outputs] for row in minor.rows],
            "columns": minor.columns,
            "rank": minor.size,
        }


# ------------------------------------------------------------------------------------------------------------ chains


def _chain_rank(chain: Chain, theta: np.ndarray, x: np.ndarray, method: str) -> Rank:
    uniform = chain.uniform()
    if uniform is not None:
        return empirical_rank(uniform, theta, x, method)
    if method == "exact":
        raise NoExactValue("the exact field needs one activation and biases in all hidden layers or in none")
    found = empirical_rank(chain, theta, x, "ball")
    if found.certificate is not None:
        steps = [list(step) if isinstance(step, tuple) else step.name for step in chain.steps]
        found.certificate["model"] = {"family": "Chain", "steps": steps}
    return replace(found)
