"""Architectures that theorems speak of, as torch modules with drawn parameters: attention, convolutions, recurrent cells, polynomial
networks.

Parameters are multiples of 1/1024 of size about 1, so that exact numbers stay short and coincidences are rare; none is at the value at
which training starts (gains
of 1, biases
of 0), which are special points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def drawn(module: Any, seed: int) -> Any:
    """``module`` in evaluation mode and double precision with parameters k/1024, 384 <= |k| <= 1536; running variances from 1/2 to 3/2."""
    import torch

    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            size = rng.integers(384, 1537, tuple(parameter.shape)) * rng.choice([-1, 1], tuple(parameter.shape))
            parameter.copy_(torch.as_tensor(size / 1024))
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.as_tensor(rng.integers(-8, 9, tuple(buffer.shape)) / 16))
            if name.endswith("running_var"):
                buffer.copy_(torch.as_tensor(rng.integers(8, 25, tuple(buffer.shape)) / 16))
    return module.eval().double()


def multi_head_attention(width: int, heads: int, bias: bool) -> Any:
    """Self-attention of torch on sequences (n, tokens, width): queries, keys, values and outputs of ``heads`` heads."""
    from torch import nn

    class SelfAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(width, heads, bias=bias, batch_first=True)

        def forward(self, x: Any) -> Any:
            return self.attention(x, x, x, need_weights=False)[0]

    return SelfAttention()


def attention_layers(width: int, keys: int, layers: int, softmax: bool) -> Any:
    """Single-head layers x -> A(x) x V^T with A = (x Q^T)(x K^T)^T, through a softmax or not ("lightning"), one after another."""
    import torch
    from torch import nn

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.Q, self.K = nn.Parameter(torch.zeros(keys, width)), nn.Parameter(torch.zeros(keys, width))
            self.V = nn.Parameter(torch.zeros(width, width))

        def forward(self, x: Any) -> Any:
            scores = (x @ self.Q.T) @ (x @ self.K.T).transpose(-1, -2)
            return (torch.softmax(scores, -1) if softmax else scores) @ (x @ self.V.T)

    return nn.Sequential(*(Layer() for _ in range(layers)))


def convolutional(channels: int, kernel: int, size: int, outputs: int, pooling: str, normalized: bool) -> Any:
    """A convolution of images (1, size, size), a batch normalization or none, ReLU, pooling ("max", "average", "none") by 2, a linear
    layer.
    """
    from torch import nn

    side = size - kernel + 1
    pools = {"max": [nn.MaxPool2d(2)], "average": [nn.AvgPool2d(2)], "none": []}[pooling]
    left = side // 2 if pools else side
    norm = [nn.BatchNorm2d(channels)] if normalized else []
    return nn.Sequential(nn.Conv2d(1, channels, kernel), *norm, nn.ReLU(), *pools, nn.Flatten(), nn.Linear(channels * left * left, outputs))


def layer_normalized(inputs: int, width: int, outputs: int, affine: bool) -> Any:
    """A linear layer, a layer normalization with gains and biases or without, tanh, a linear layer."""
    from torch import nn

    return nn.Sequential(nn.Linear(inputs, width), nn.LayerNorm(width, elementwise_affine=affine), nn.Tanh(), nn.Linear(width, outputs))


def recurrent(cell: str, inputs: int, hidden: int) -> Any:
    """A recurrent layer ("rnn", "gru", "lstm") on sequences (n, steps, inputs) and a linear layer on its last state."""
    from torch import nn

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            kind: Any = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
            self.layer, self.last = kind(inputs, hidden, batch_first=True), nn.Linear(hidden, 1)

        def forward(self, x: Any) -> Any:
            return self.last(self.layer(x)[0][:, -1])

    return Recurrent()


def relu_network(widths: Sequence[int]) -> Any:
    """Linear layers with biases of ``widths`` (inputs, hidden ..., outputs) and ReLU between them."""
    return _alternating(widths, True, lambda nn: nn.ReLU())


def polynomial_network(widths: Sequence[int], degree: int) -> Any:
    """Linear layers without biases and z -> z^degree between them."""
    from torch import nn

    class Power(nn.Module):
        def forward(self, x: Any) -> Any:
            return x**degree

    return _alternating(widths, False, lambda _: Power())


def _alternating(widths: Sequence[int], bias: bool, between: Any) -> Any:
    from torch import nn

    steps: list[Any] = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        steps += [nn.Linear(inputs, outputs, bias=bias), between(nn)]
    return nn.Sequential(*steps[:-1])


def linear_convolutions(kernels: Sequence[int]) -> Any:
    """Convolutions of one channel in one dimension with kernels of these sizes, stride one, no biases, nothing between them."""
    from torch import nn

    return nn.Sequential(*(nn.Conv1d(1, 1, kernel, bias=False) for kernel in kernels))
