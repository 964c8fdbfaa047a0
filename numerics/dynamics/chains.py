r"""Small masked transformers trained to follow a chain of pairs: what training finds, beside the reach of set propagation.

A sequence is the shuffled pairs of a chain of distinct tokens and its first token as query; the label is the token a fixed number of
steps on. The network has one head a layer, residual connections, layer normalization and a causal mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from numerics.dynamics.reach import reaches
from numerics.train.general import torch_threads
from theory.dynamics.propagation import check_layers


@dataclass(frozen=True)
class Chains:
    """N chains: ``sequences`` (N, 2 s + 1), ``orders`` (N, s) of their pairs, ``tokens`` (N, s + 1) along the chain."""

    sequences: np.ndarray
    orders: np.ndarray
    tokens: np.ndarray


def draw_chains(number: int, pairs: int, vocabulary: int, rng: np.random.Generator) -> Chains:
    """Chains of ``pairs`` pairs over ``vocabulary`` tokens, in uniform orders. Raises ValueError for too few tokens."""
    if vocabulary <= pairs:
        raise ValueError(f"vocabulary must hold more tokens than pairs, got {vocabulary} for {pairs}")
    tokens = rng.permuted(np.broadcast_to(np.arange(vocabulary), (number, vocabulary)), axis=1)[:, : pairs + 1]
    orders = rng.permuted(np.broadcast_to(np.arange(pairs), (number, pairs)), axis=1)
    row = np.arange(number)[:, None]
    shuffled = np.stack([tokens[row, orders], tokens[row, orders + 1]], axis=2).reshape(number, 2 * pairs)
    return Chains(np.hstack([shuffled, tokens[:, :1]]), orders, tokens)


@dataclass(frozen=True)
class Followed:
    """What a trained network does on fresh chains: ``right`` (N,), and the ``reach`` (N,) of each order in as many layers."""

    right: np.ndarray
    reach: np.ndarray

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(self.right.mean())


@cache
def train_on_chains(
    steps: int,
    *,
    layers: int = 3,
    pairs: int = 5,
    vocabulary: int = 20,
    width: int = 64,
    updates: int = 1500,
    batch: int = 128,
    seed: int = 0,
) -> Followed:
    """Train a network of ``layers`` layers to answer the token ``steps`` steps on (1 .. pairs), AdamW at 2e-3, and test it on 1000 chains.

    Deterministic in its arguments; runs on one CPU thread. Raises ValueError for steps beyond the chain.
    """
    import torch

    check_layers(layers)
    if not 1 <= steps <= pairs:
        raise ValueError(f"steps must lie in 1 .. {pairs}, the pairs of the chain, got {steps}")
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    with torch_threads(1):
        network = _network(layers, 2 * pairs + 1, vocabulary, width, generator)
        optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
        for _ in range(updates):
            chains = draw_chains(batch, pairs, vocabulary, rng)
            logits = network(torch.as_tensor(chains.sequences))
            loss = torch.nn.functional.cross_entropy(logits, torch.as_tensor(chains.tokens[:, steps]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        fresh = draw_chains(1000, pairs, vocabulary, rng)
        with torch.no_grad():
            answers = network(torch.as_tensor(fresh.sequences)).argmax(dim=1).numpy()
    return Followed(answers == fresh.tokens[:, steps], reaches(fresh.orders, layers))


def _network(layers: int, length: int, vocabulary: int, width: int, generator):
    import torch

    def linear(inputs, outputs, bias=False):
        made = torch.nn.Linear(inputs, outputs, bias=bias)
        with torch.no_grad():
            made.weight.normal_(0, inputs**-0.5, generator=generator)
            if bias:
                made.bias.zero_()
        return made

    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value, self.out = (linear(width, width) for _ in range(4))
            self.before, self.between = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
            self.feed = torch.nn.Sequential(linear(width, 2 * width, True), torch.nn.ReLU(), linear(2 * width, width, True))

        def forward(self, h):
            u = self.before(h)
            attended = torch.nn.functional.scaled_dot_product_attention(self.query(u), self.key(u), self.value(u), is_causal=True)
            h = h + self.out(attended)
            return h + self.feed(self.between(h))

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = torch.nn.Parameter(torch.randn(vocabulary, width, generator=generator))
            self.places = torch.nn.Parameter(0.02 * torch.randn(length, width, generator=generator))
            self.layers = torch.nn.ModuleList(Layer() for _ in range(layers))
            self.last, self.read = torch.nn.LayerNorm(width), linear(width, vocabulary, True)

        def forward(self, x):
            h = self.tokens[x] + self.places
            for layer in self.layers:
                h = layer(h)
            return self.read(self.last(h[:, -1]))

    return Network()
