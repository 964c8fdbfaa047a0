"""False twins of the one-step embeddings: maps that are wrong in one place each, for the controls of the claims in width."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from theory.embedding.onestep import constant_neuron, null, split, unchecked_copies
from theory.embedding.wiring import wiring

# --------------------------------------------------------------------------------------------------------- of the split


def duplicate(model, layer, neuron, alpha):
    """Both copies keep all of the outgoing weights."""
    return unchecked_copies(model, layer, neuron, (Fraction(1), Fraction(1)))


def sum_not_one(model, layer, neuron, alpha):
    """Outgoing fractions alpha and alpha, whatever they add up to (2/3 in place of 1/2)."""
    alpha = Fraction(2, 3) if 2 * alpha == 1 else alpha
    return unchecked_copies(model, layer, neuron, (alpha, alpha))


def without_bias(model, layer, neuron, alpha):
    """The copy does not get the neuron's bias."""
    return _input_changed(model, layer, neuron, alpha, -1, Fraction(0))


def perturbed_input(model, layer, neuron, alpha):
    """The copy's first weight is off by one per cent."""
    return _input_changed(model, layer, neuron, 1 if alpha == 0 else alpha, 0, Fraction(101, 100))


def _input_changed(model, layer, neuron, alpha, place, factor):
    embedding = split(model, layer, neuron, alpha or Fraction(1, 3))
    new, old = wiring(embedding.wide, layer), wiring(model, layer)
    return embedding.with_matrix({(int(new.incoming[-1, place]), int(old.incoming[neuron, place])): factor})


def alpha_by_target(model, layer, neuron, alpha):
    """Another alpha for every neuron of the next layer: alpha, alpha + 1, ..."""
    embedding = split(model, layer, neuron, alpha)
    new, old = wiring(embedding.wide, layer), wiring(model, layer)
    changes = {}
    for t, weight in enumerate(old.outgoing[neuron]):
        changes[int(new.outgoing[neuron, t]), int(weight)] = 1 - alpha - t
        changes[int(new.outgoing[-1, t]), int(weight)] = alpha + t
    return embedding.with_matrix(changes)


def multipliers_unshared(model, layer, neuron, alpha):
    """The gradient map with multipliers (1, alpha) in place of (1 - alpha, alpha)."""
    embedding = split(model, layer, neuron, alpha)
    old, new = wiring(model, layer), wiring(embedding.wide, layer)
    changes = {(int(i), int(j)): Fraction(1) for i, j in zip(new.incoming[neuron], old.incoming[neuron], strict=True)}
    return embedding.with_gradient_map(changes if alpha else {place: Fraction(1, 2) for place in changes})


def roles_swapped(model, layer, neuron, alpha):
    """The gradient map with the roles of incoming and outgoing weights exchanged."""
    embedding = split(model, layer, neuron, alpha)
    old, new = wiring(model, layer), wiring(embedding.wide, layer)
    changes = {}
    for row, factor in ((neuron, 1 - alpha), (new.width - 1, alpha)):
        changes |= {(int(i), int(j)): Fraction(1) for i, j in zip(new.incoming[row], old.incoming[neuron], strict=True)}
        changes |= {(int(i), int(j)): factor for i, j in zip(new.outgoing[row], old.outgoing[neuron], strict=True)}
    return embedding.with_gradient_map(changes)


# ---------------------------------------------------------------------------------------------------------- of the null


def with_incoming_weights(model, layer, bias):
    """A new neuron with arbitrary incoming weights and zero outgoing ones."""
    embedding = null(model, layer, bias)
    weights = wiring(embedding.wide, layer).incoming[-1, :-1]
    return replace(embedding, offset={**embedding.offset, **{int(k): Fraction(3, 7) for k in weights}})


def with_outgoing_weights(model, layer, bias):
    """A constant neuron with non-zero outgoing weights, compensated in the next bias."""
    return constant_neuron(model, layer, bias, [Fraction(2 + t, 3) for t in range(wiring(model, layer).outgoing.shape[1])])
