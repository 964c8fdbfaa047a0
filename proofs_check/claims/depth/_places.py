"""Where the claims on lifting in depth are tested: places to insert a layer at; and the words they share."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from proofs_check import Assumption
from theory.models import FullyConnected

DEPTH = "arXiv:2205.13283v4"
#: Activations with an affine piece of non-zero slope; hinge3 = z + max(z, 0)^3 is twice differentiable, so it has Hessians everywhere.
PIECEWISE = ("hinge3", "leaky", "relu")
#: Residuals of this size (l1 norm of the cotangent) leave the Hessian positive definite at most planted points; ONE makes saddles.
SMALL, ONE = Fraction(1, 1000), Fraction(1)

LINEARIZED = Assumption(
    "linearized layer",
    r"\hat W_j f^{[q]}(x_i) + \hat b_j \in (a_j, b_j) \text{ open for all } i, j, \text{ where } \sigma(z) = \lambda_j z + \mu_j",
)
CRITICAL = Assumption("critical", r"\nabla R(\theta) = 0")
REGULAR = Assumption(
    "regular",
    r"\operatorname{rank} W' \Lambda = m_{q+1} \text{ or } \operatorname{rank} \Lambda \hat W = m_q, \text{ where } "
    r"\Lambda = \operatorname{diag}(\lambda_j)",
)
BIASES = Assumption("biases behind", r"\text{layer } q+1 \text{ has biases}")


@dataclass(frozen=True)
class Place:
    """A network of ``widths`` and where it is deepened: a layer of ``width`` behind layer ``after``; ``replicate`` numbers the draw."""

    widths: tuple[int, ...]
    activation: str
    after: int
    width: int
    replicate: int = 0

    @property
    def model(self) -> FullyConnected:
        return FullyConnected(self.widths, self.activation)


# ------------------------------------------------------------------------------------------------------ places, in turn


def places(context, activations=PIECEWISE):
    """Positions first, middle and last, widths from the smaller neighbour to one more than the wider."""
    most = context.by_level(quick=1, standard=6, full=30)
    shapes = [(2, 2, 1), (1, 2, 2), (2, 1, 2), (1, 2, 2, 1)]
    for widths, activation, replicate in product(shapes, activations, range(most)):
        for after in range(len(widths) - 1):
            low, high = sorted(widths[after : after + 2])
            yield from (Place(widths, activation, after, width, replicate) for width in (low, high + 1))


def drawn_places(context):
    from hypothesis import strategies as st

    @st.composite
    def place(draw):
        widths = tuple(draw(st.lists(st.integers(1, 4), min_size=2, max_size=5)))
        after = draw(st.integers(0, len(widths) - 2))
        width = draw(st.integers(min(widths[after : after + 2]), max(widths[after : after + 2]) + 2))
        return Place(widths, draw(st.sampled_from((*PIECEWISE, "hardtanh"))), after, width, draw(st.integers(0, 2**20)))

    return place()


def minima_places(context):
    """Twice differentiable places at which strict minima are soon planted."""
    return [place for place in places(context, ("hinge3",)) if place.widths != (2, 1, 2)]


def saddles_at_zero(context):
    """Places for :func:`zero_weights`, with the size of the residuals."""
    shapes = (((2, 2, 1), 1), ((1, 2, 2), 1), ((2, 2, 2), 1), ((1, 2, 2, 1), 2))
    draws = context.by_level(quick=2, standard=10, full=50)
    return [(Place(widths, "hinge3", after, widths[after], k), ONE) for widths, after in shapes for k in range(draws)]


def rng_of(place: Place, context):
    """The generator of a place, the same in every process."""
    return context.rng(place)
