r"""Masked transformers trained on chains: how many steps a few layers learn, beside what propagation of sets can reach (2509.23178).

A sequence holds s pairs (t_k, t_(k+1)) of a random chain in a random order and last the query t_0; the answer is t_m, m steps on. Tokens
are drawn afresh for every sequence, so nothing can be memorized.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.dynamics.arguments import above, integer


@dataclass(frozen=True)
class ChainRun:
    """Test ``accuracy`` (T,) at ``times`` (T,) in steps, of a transformer trained on questions ``asked`` steps ahead."""

    asked: int
    times: np.ndarray
    accuracy: np.ndarray


def chains(rng: np.random.Generator, count: int, *, pairs: int, asked: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` sequences (count, 2 pairs + 1) and their answers (count,).

    Raises ValueError where the question leaves the chain, or the chain needs more tokens than there are, and for no sequences.
    """
    integer("count", count, 1)
    integer("asked", asked, 1)
    if not 1 <= asked <= pairs:
        raise ValueError(f"asked must lie in 1 .. {pairs}, the steps of the chain, got {asked}")
    if tokens < pairs + 1:
        raise ValueError(f"tokens must be at least {pairs + 1} for a chain of {pairs} pairs, got {tokens}")
    chain = rng.random((count, tokens)).argsort(axis=1)[:, : pairs + 1]
    order = rng.random((count, pairs)).argsort(axis=1)
    first, second = np.take_along_axis(chain, order, axis=1), np.take_along_axis(chain, order + 1, axis=1)
    listed = np.stack([first, second], axis=-1).reshape(count, 2 * pairs)
    return np.concatenate([listed, chain[:, :1]], axis=1), chain[:, asked]


def build(tokens: int, length: int, *, layers: int, width: int) -> Any:
    """A causal transformer with one head a layer and learned positions, as a torch module: (batch, length) to logits at the last place."""
    import torch

    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
            self.qkv, self.out = torch.nn.Linear(width, 3 * width, bias=False), torch.nn.Linear(width, width, bias=False)
            self.inner = torch.nn.Sequential(torch.nn.Linear(width, 2 * width), torch.nn.ReLU(), torch.nn.Linear(2 * width, width))

        def forward(self, x: Any) -> Any:
            q, k, v = self.qkv(self.first(x)).chunk(3, dim=-1)
            x = x + self.out(torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True))
            return x + self.inner(self.second(x))

    class Chain(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.token, self.place = torch.nn.Embedding(tokens, width), torch.nn.Embedding(length, width)
            self.layers = torch.nn.ModuleList([Layer() for _ in range(layers)])
            self.norm, self.read = torch.nn.LayerNorm(width), torch.nn.Linear(width, tokens, bias=False)

        def forward(self, x: Any) -> Any:
            hidden = self.token(x) + self.place(torch.arange(x.shape[1]))
            for layer in self.layers:
                hidden = layer(hidden)
            return self.read(self.norm(hidden[:, -1]))

    return Chain()


def train_on_chains(
    asked: int,
    *,
    seed: int,
    pairs: int = 6,
    tokens: int = 20,
    layers: int = 3,
    width: int = 64,
    steps: int = 4000,
    batch: int = 128,
    rate: float = 1e-3,
    every: int = 500,
) -> ChainRun:
    """One transformer, trained on fresh chains by AdamW with a warm-up of a tenth, tested on 2000 others. Global generators are kept.

    Raises ValueError as :func:`chains` does, and for sizes below 1 or a rate that is not positive.
    """
    import torch

    for name, value in (("layers", layers), ("width", width), ("steps", steps), ("batch", batch), ("every", every)):
        integer(name, value, 1)
    above("rate", rate, 0)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        model = build(tokens, 2 * pairs + 1, layers=layers, width=width)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    draw = lambda count: map(torch.from_numpy, chains(rng, count, pairs=pairs, asked=asked, tokens=tokens))
    tests, right = draw(2000)
    times, accuracy = [], []
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, 10 * step / steps)
        x, y = draw(batch)
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % every == 0 or step == steps:
            with torch.no_grad():
                times.append(step)
                accuracy.append(float((model(tests).argmax(dim=1) == right).double().mean()))
    return ChainRun(asked, np.array(times), np.array(accuracy))
