"""Where the claims about embeddings in width are tested: a network at an exact point, a neuron in it, an alpha; and the words they share.

Nothing here judges a claim. Networks are written (inputs, hidden ..., outputs); exact ones use sigma(z) = z / (1 + z^4), which is rational,
analytic, no polynomial, and solves no linear differential equation of second order (so that curvature matrices can have any sign).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from proofs_check import Assumption, Check, Source, draws
from proofs_check.claims._checks import on_instances
from proofs_check.claims.width._measures import matrices
from theory.embedding.wiring import wiring
from theory.models import FullyConnected

NEURIPS, JML = "arXiv:2105.14573v3", "arXiv:2111.15527v1"

ONE_OUTPUT = Assumption("one output", r"m_{l+1} = 1,\ W_{\cdot s} \ne 0")
CRITICAL = Assumption("critical", r"\nabla R(\theta) = 0")
SECOND_ORDER = Source(NEURIPS, "Theorem 2 counts zeros; the identity is ours")

#: Two-layer networks of few parameters, where exact inertia costs milliseconds; two outputs or more let B_s be non-zero.
SHALLOW = ((1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 1), (1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2), (1, 1, 3), (2, 1, 3))
#: Deeper ones, small enough for exact inertia.
DEEP = ((1, 1, 1, 1), (1, 1, 1, 2))
#: Any, for identities that need no eigenvalues.
ANY = (*SHALLOW, *DEEP, (2, 3, 2), (3, 2, 3), (1, 1, 2, 1), (1, 2, 1, 2), (2, 2, 2, 1), (1, 2, 1, 2, 1), (1, 1, 2, 1, 2))

#: One neuron with undefined activation in an undefined network, see theory.embedding.symbolic.
ANY_NETWORK = (
    "undefined sigma and loss, symbolic parameters and alpha; one neuron with two inputs and two outputs, the rest of the network "
    "being an arbitrary function of two further parameters: every pattern of indices of any depth and width"
)
DISTRIBUTION = (
    "widths from a list; weights +-1/2 .. +-2, or, in half of the draws, of proofs_check.draws.parameters with its edge sets; "
    "distinct inputs k/2, |k| <= 15, alpha = p/q with |p| <= 18, q <= 6, or 0, 1, 1/2"
)
PLANTED = DISTRIBUTION + "; targets for which theta is critical: a short vector of ker J^T as residual, l1 norm 1"
#: What checks on points anywhere share: they are cheap.
ANYWHERE = {"distribution": DISTRIBUTION, "examples": {"quick": 50, "standard": 300, "full": 2000}}
BACKWARD = "64 (P + n) eps times the largest product of weights and inputs along a path through the network"
SUMS_OF_MODULI = "64 (P + n) eps times the sum of moduli that enter: every entry is a sum of that many products, rounded"
FLOAT_INERTIA = "eigenvalues within 64 P eps |lambda|_max are zero; those within a thousand times that are decided in balls"

# ------------------------------------------------------------------------------------------------------------- instances


@dataclass(frozen=True)
class Place:
    """A network at an exact point, a neuron in it, an alpha; ``seed`` draws samples and targets."""

    widths: tuple[int, ...]
    layer: int
    neuron: int
    alpha: Fraction
    numerators: tuple[int, ...]
    seed: int = 0
    activation: str = "ratsig4"
    off_kinks: bool = False

    @cached_property
    def model(self) -> FullyConnected:
        return FullyConnected(self.widths, self.activation)

    @cached_property
    def theta(self) -> np.ndarray:
        from numerics.arithmetic.exact import rationals

        theta = rationals([Fraction(k, 2) for k in self.numerators])
        if self.off_kinks:  # samples and weights are multiples of 1/2, so that a bias shifted by 1/7 keeps every sample off 0
            biases = wiring(self.model, 1).incoming[:, -1]
            theta[biases] = theta[biases] + rationals([Fraction(1, 7)])
        return theta

    def samples(self, n: int) -> np.ndarray:
        """``n`` distinct inputs."""
        from numerics.arithmetic.exact import rationals

        width, rng = self.widths[0], np.random.default_rng(self.seed)
        numbers = rng.choice(31**width, n, replace=False)
        return rationals([[Fraction(int(k) // 31**axis % 31 - 15, 2) for axis in range(width)] for k in numbers])

    def data(self, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """Samples with arbitrary targets: theta is not critical."""
        from numerics.arithmetic.exact import rationals

        rng = np.random.default_rng([self.seed, 1])
        return self.samples(n), rationals([[Fraction(int(k), 2) for k in row] for row in rng.integers(-9, 10, (n, self.widths[-1]))])

    @property
    def enough(self) -> int:
        """Samples with more outputs than parameters."""
        return self.model.n_params // self.widths[-1] + 2

    def planted(self, theta: Any = None, *, extra: int = 0, **more: Any) -> tuple[np.ndarray, np.ndarray]:
        """Data for which theta (its own or another) is an exact critical point of the square loss, of non-zero loss."""
        from numerics.planting import plant

        theta = self.theta if theta is None else theta
        return plant(self.model, theta, self.samples(self.enough + extra), seed=self.seed, **more)

    def matrices(self, data: Any, loss: str = "mse") -> tuple[Any, Any]:
        """B_s and S_s of the neuron."""
        return matrices(self.model, self.theta, data, self.layer, self.neuron, loss)

    def neuron_of(self) -> tuple[FullyConnected, int, int, Fraction]:
        """(model, layer, neuron, alpha), the arguments of ``split``."""
        return self.model, self.layer, self.neuron, self.alpha

    def at(self, **changes: Any) -> Place:
        """The same with another layer, neuron, alpha, ..."""
        return replace(self, **changes)


def places(shapes=ANY, *, alphas: Any = None, edges: bool = True):
    """A hypothesis strategy of :class:`Place` over the given widths; with ``edges`` half of the points are drawn with their edge sets."""
    from hypothesis import strategies as st

    @st.composite
    def place(draw):
        widths = draw(st.sampled_from(shapes))
        layer = draw(st.integers(1, len(widths) - 2))
        neuron = draw(st.integers(0, widths[layer] - 1))
        alpha = draw(
            st.sampled_from([Fraction(1, 3), Fraction(0), Fraction(1), Fraction(1, 2)]) | fractions() if alphas is None else alphas
        )
        size = FullyConnected(widths).n_params
        numerators = st.lists(st.sampled_from((1, -1, 2, -2, 3, -3, 4, -4)), min_size=size, max_size=size)
        if edges:
            numerators |= st.integers(0, 2**16).map(lambda seed: at_edges(FullyConnected(widths), seed))
        numerators = draw(numerators)
        return Place(widths, layer, neuron, alpha, tuple(numerators), draw(st.integers(0, 2**16)))

    def fractions():
        return st.builds(Fraction, st.integers(-18, 18), st.integers(1, 6))

    def at_edges(model, seed):
        return draws.parameters(np.random.default_rng(seed), model).tolist()

    return place()


def symbolic(context):
    """One instance, in which everything is a symbol."""
    return [None]


def small_or_deep(context):
    """Places whose exact inertia costs little, shallow ones twice as often."""
    return places(SHALLOW + SHALLOW + DEEP)


# ---------------------------------------------------------------------------------------------------------- checks, in short


def exactly(*check, examples=15, distribution=PLANTED, **more):
    """An exact check, by default at planted points; eight times as many ``examples`` at standard, forty times at full, or as given."""
    return on_instances(*check, evidence="exact", examples=_by_level(examples), distribution=distribution, **more)


def in_floats(*check, examples=15, tolerance=BACKWARD, distribution="normal weights and inputs from the check's seed", **more):
    """The same in floats, within a derived tolerance."""
    declared = {"tolerance": tolerance, "distribution": distribution, **more}
    return on_instances(*check, evidence="property", examples=_by_level(examples), **declared)


def _by_level(examples):
    return examples if isinstance(examples, dict) else {"quick": examples, "standard": 8 * examples, "full": 40 * examples}


def for_any_network(run, parameters, controls, *, scope=ANY_NETWORK, covers="statement"):
    """A proof with undefined activation and loss, everything else a symbol."""
    return Check(
        "undefined-activation",
        evidence="symbolic",
        covers=covers,
        scope=scope,
        run=run,
        instances=symbolic,
        parameters=parameters,
        controls=controls,
    )
