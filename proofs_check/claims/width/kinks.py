r"""ReLU and its kin at their kinks: the first-order statements hold with any number in the place of \sigma', if it is one number.

The two copies of a neuron have one pre-activation, and so meet a kink on the same samples.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.hessian import gradient
from numerics.planting import plant
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal, true, vanishing, worst
from theory.activations import activation
from theory.elementary import entrywise
from theory.embedding import null, split
from theory.embedding.wiring import layers
from theory.models import FullyConnected

from . import NEURIPS
from ._instances import FRACTIONS, inner, place_in

KINKS = claim(
    "embedding.splitting.subgradient",
    "At kinks one fixed subgradient serves",
    r"\sigma'(z_0) := c \text{ at every kink } z_0:\quad \nabla R(T\theta) = G \nabla R(\theta) \text{ for splits and null neurons, "
    r"any } c",
    clauses={
        "image": r"\nabla R(T\theta) = G \nabla R(\theta), \text{ with } c \text{ in the place of } \sigma' \text{ at kinks}",
        "critical": r"\text{points whose gradient vanishes for that } c \text{ are mapped to such points}",
    },
    symbols={
        r"\sigma": "ReLU or leaky ReLU",
        "c": "any number, the subgradient that is taken",
        "T": "a split or a null neuron, with matrix A and gradient map G",
        "R": "the risk; its gradient is that of backpropagation",
        r"\theta": "the parameters of the narrow network",
    },
    assumptions=[Assumption("one subgradient", r"c \text{ is the same in both networks, for all neurons}")],
    source=NEURIPS.at("Theorem 1, assumption (iv)"),
    depends_on=["embedding.splitting.gradient-image"],
    refuted_by="A network with samples on kinks, and a number c, for which a gradient is not mapped by G.",
    notes="What the Hessian does off the kinks is in embedding.splitting.inertia; at kinks there is none.",
)


@dataclass(frozen=True)
class WithSubgradient:
    """A piecewise linear ``base`` with ``choice`` as its slope at the kink 0."""

    base: Any
    choice: Fraction
    reflection = None
    degree = 1
    rational = True
    exponential = False

    @property
    def name(self) -> str:
        """The name of the base and the choice."""
        return f"{self.base.name} with slope {self.choice} at 0"

    def __call__(self, z: Any) -> Any:
        return z.activate(self) if hasattr(z, "activate") else self.base(z)

    def jet(self, z: Any, order: int) -> tuple[Any, ...]:
        """(sigma, sigma', ...) with the choice at 0."""
        value, *slopes = self.base.jet(z, order)
        pick = lambda entry, slope: (0 * entry + self.choice.numerator) / self.choice.denominator if entry == 0 else slope
        return (value, *(entrywise(pick, z, slope) for slope in slopes[:1]), *slopes[1:])


#: The subgradients that are tried: both slopes of ReLU, one between them and one that is none.
CHOICES = {"0": Fraction(0), "1": Fraction(1), "1/3": Fraction(1, 3), "outside": Fraction(-5, 2)}


def on_kinks(cell, rng):
    """A place whose hidden neurons each meet their kink on a sample, and as many samples as planting needs."""
    place = place_in(cell, rng)
    theta, x = place.theta.copy(), place.samples(place.enough)
    features = x
    for weights, biases in layers(place.model)[:-1]:
        z = features @ theta[weights].T
        met = rng.integers(len(x), size=len(biases))
        theta[biases] = -z[met, np.arange(len(biases))]
        features = activation(cell.base)(z + theta[biases])
    return place, theta, x


ANYWHERE = axes(
    widths=by_level(((2, 2, 2), (1, 2, 1, 2)), ((1, 2, 1), (2, 2, 2), (1, 2, 1, 2), (2, 2, 2, 1), (1, 1, 2, 1, 2))),
    layer=(1, 2, 3),
    alpha=FRACTIONS,
    base=by_level(("relu",), ("relu", "leaky")),
    choice=tuple(CHOICES),
    where=lambda widths, layer: inner(widths, layer),
    full=5,
)


@KINKS.check(
    "exact",
    on_kinks,
    ANYWHERE,
    clauses=("image", "critical"),
    distribution="every hidden neuron meets its kink on some sample; targets drawn, and planted",
)
@false("another subgradient in the wide network", wide_choice=lambda c: c + 1)
@false("the other subgradient of two", wide_choice=lambda c: 1 - c)
def rational_networks(cell, instance, *, wide_choice=lambda c: c, context):
    """Gradients of backpropagation, entry by entry, of a split and of a null neuron of bias 0 or alpha."""
    place, theta, x = instance
    chosen = CHOICES[cell.choice]
    narrow, other = (WithSubgradient(activation(cell.base), c) for c in (chosen, wide_choice(chosen)))
    model, found = FullyConnected(cell.widths, narrow), []
    anywhere = x[:4], rationals(context.rng(str(place)).integers(-5, 6, (4, model.outputs)))
    planted = plant(model, theta, x, seed=place.seed)
    for data in (anywhere, planted):
        slope = gradient(model, theta, data)
        for embedding in (split(model, cell.layer, place.neuron, place.alpha), null(model, cell.layer, Fraction(0))):
            wide = FullyConnected(embedding.wide.widths, other)
            found.append((embedding.gradient_map.apply(slope), gradient(wide, embedding(theta), data)))
    weights, biases = layers(model)[0]
    critical = gradient(model, theta, planted)
    return worst(
        [
            equal(image=([image for image, _ in found], [slope for _, slope in found]), shown={"place": place, "theta": theta}),
            vanishing("the gradient at the planted point", critical, place=place),
            true("a sample lies on a kink", bool((x @ theta[weights].T + theta[biases] == 0).any()), place=place),
        ]
    )


KINKS.without("one subgradient", rational_networks, wide_choice=lambda c: c + 1)
