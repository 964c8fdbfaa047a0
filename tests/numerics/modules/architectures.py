"""Twenty small architectures of users, with the shape of a sample and the number of tokens (0: real inputs)."""

import functools
import math

import torch
import torch.nn.functional as F
from torch import nn


class ResidualMLP(nn.Module):
    def __init__(self, inputs=3, width=5):
        super().__init__()
        self.first, self.block, self.last = nn.Linear(inputs, width), nn.Linear(width, width), nn.Linear(width, 1)

    def forward(self, x):
        h = torch.tanh(self.first(x))
        return self.last(h + torch.tanh(self.block(h)))


class LayerNormMLP(nn.Module):
    def __init__(self, inputs=3, width=6):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(inputs, width), nn.LayerNorm(width), nn.Linear(width, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.norm(self.first(x))))


class Head(nn.Module):
    def __init__(self, d=4, keys=2):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(d, keys, bias=False) for _ in range(3))
        self.o = nn.Linear(keys, d, bias=False)

    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(-1, -2) / math.sqrt(self.q.out_features)
        return self.o(torch.softmax(scores, -1) @ self.v(x))


class Attention(nn.Module):
    def __init__(self, d=4, heads=2, **options):
        super().__init__()
        self.m = nn.MultiheadAttention(d, heads, batch_first=True, **options)

    def forward(self, x):
        return self.m(x, x, x, need_weights=False)[0]


class Bag(nn.Module):
    """A mean of embedded tokens, and two layers."""

    def __init__(self, tokens=5):
        super().__init__()
        self.table, self.hidden, self.last = nn.Embedding(tokens, 3), nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.hidden(self.table(x).mean(1))))


class Unrolled(nn.Module):
    """A recurrent cell over the steps of a sample."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.last = cell(2, 3), nn.Linear(3, 1)

    def forward(self, x):
        h = x.new_zeros(x.shape[0], 3)
        c = h
        for t in range(x.shape[1]):
            if isinstance(self.cell, nn.LSTMCell):
                h, c = self.cell(x[:, t], (h, c))
            else:
                h = self.cell(x[:, t], h)
        return self.last(h)


class Recurrent(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.last = layer(2, 3, batch_first=True), nn.Linear(3, 1)

    def forward(self, x):
        return self.last(self.layer(x)[0][:, -1])


class TiedAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.W, self.b, self.c = nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(4))

    def forward(self, x):
        return F.linear(torch.tanh(F.linear(x, self.W, self.b)), self.W.t(), self.c)


class DeepSets(nn.Module):
    def __init__(self):
        super().__init__()
        self.each = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3))
        self.all = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))

    def forward(self, x):
        return self.all(self.each(x).sum(1))


class GraphConvolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mixing", torch.full((5, 5), 0.125) + torch.eye(5) / 4 + torch.eye(5).roll(1, 0) / 8)
        self.first, self.last = nn.Linear(2, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.last(self.mixing @ torch.relu(self.first(self.mixing @ x)))


class BasicBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(2, 3, 3, 1, 1, bias=False), nn.BatchNorm2d(3)
        self.conv2, self.bn2 = nn.Conv2d(3, 3, 3, 1, 1, bias=False), nn.BatchNorm2d(3)
        self.down = nn.Sequential(nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3))
        self.relu, self.pool, self.fc = nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Linear(3, 2)

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + self.down(x)
        return self.fc(torch.flatten(self.pool(self.relu(y)), 1))


class Vision(nn.Module):
    """A small vision transformer."""

    def __init__(self):
        super().__init__()
        self.patches, self.block = nn.Conv2d(1, 4, 2, 2), encoder(norm_first=True, activation="gelu")
        self.cls, self.positions = nn.Parameter(torch.randn(1, 1, 4)), nn.Parameter(torch.randn(1, 5, 4))
        self.norm, self.last = nn.LayerNorm(4), nn.Linear(4, 2)

    def forward(self, x):
        z = self.patches(x).flatten(2).transpose(1, 2)
        z = torch.cat([self.cls.expand(z.shape[0], -1, -1), z], 1) + self.positions
        return self.last(self.norm(self.block(z))[:, 0])


class Language(nn.Module):
    """A small causal transformer with the table of tokens tied to the last layer."""

    def __init__(self, tokens=5, length=4, d=4):
        super().__init__()
        self.table, self.positions, self.qkv, self.out = (
            nn.Embedding(tokens, d),
            nn.Embedding(length, d),
            nn.Linear(d, 3 * d),
            nn.Linear(d, d),
        )
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, 8), nn.GELU(), nn.Linear(8, d))
        self.last = nn.Linear(d, tokens, bias=False)
        self.last.weight = self.table.weight

    def forward(self, x):
        z = self.table(x) + self.positions(torch.arange(x.shape[1]))
        heads = lambda t: t.view(x.shape[0], x.shape[1], 2, -1).transpose(1, 2)
        q, k, v = map(heads, self.qkv(self.norm1(z)).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        z = z + self.out(mixed.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1))
        return self.last(self.norm3(z + self.mlp(self.norm2(z))))


def encoder(**options):
    return nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True, **options)


def convolutional(pool):
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), pool(2), nn.Flatten(), nn.Linear(12, 2))


def batch_normalized():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))


tanh_gelu = functools.partial(F.gelu, approximate="tanh")
#: name -> (maker, shape of a sample, tokens)
ARCHITECTURES = {
    "residual MLP": (ResidualMLP, (3,), 0),
    "average pooling": (lambda: convolutional(nn.AvgPool2d), (1, 6, 6), 0),
    "max pooling": (lambda: convolutional(nn.MaxPool2d), (1, 6, 6), 0),
    "batch normalization": (batch_normalized, (1, 6, 6), 0),
    "layer normalization": (LayerNormMLP, (3,), 0),
    "head": (Head, (3, 4), 0),
    "attention": (Attention, (3, 4), 0),
    "encoder": (encoder, (3, 4), 0),
    "encoder, norm first": (lambda: encoder(norm_first=True, activation=tanh_gelu), (3, 4), 0),
    "embedding": (Bag, (3,), 5),
    "GRU cell": (lambda: Unrolled(nn.GRUCell), (3, 2), 0),
    "LSTM cell": (lambda: Unrolled(nn.LSTMCell), (3, 2), 0),
    "RNN cell": (lambda: Unrolled(nn.RNNCell), (3, 2), 0),
    "GRU": (lambda: Recurrent(nn.GRU), (2, 2), 0),
    "LSTM": (lambda: Recurrent(nn.LSTM), (2, 2), 0),
    "tied autoencoder": (TiedAutoencoder, (4,), 0),
    "deep sets": (DeepSets, (4, 2), 0),
    "graph convolution": (GraphConvolution, (5, 2), 0),
    "basic block": (BasicBlock, (2, 4, 4), 0),
    "vision transformer": (Vision, (1, 4, 4), 0),
    "language model": (Language, (4,), 5),
}


def made(name):
    """The module in evaluation mode with drawn parameters, and two samples (n, ...)."""
    make, shape, tokens = ARCHITECTURES[name]
    torch.manual_seed(0)
    module = make().eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # biases and gains too: at their usual starts they are special points
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.7)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator) / 4)
            if name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    inputs = torch.randint(0, tokens, (2, *shape), generator=generator) if tokens else torch.randn(2, *shape, generator=generator)
    return module, inputs.numpy()
