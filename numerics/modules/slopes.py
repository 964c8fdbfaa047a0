"""The tangent matrix of a torch module in double precision, by torch: one reverse pass for each output, many samples at a time.

Differentiating a whole batch at once (torch.func.jacrev of all outputs) keeps a batch of activations for every row of the matrix: memory
and time grow with
the square of the samples. A gradient for each sample, vectorized over the samples, takes what the matrix takes.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

#: Numbers of the matrix that one chunk of samples fills, 8 bytes each; intermediate values take a few times as much.
CHUNK = 4_000_000


def module_tangents(double: Any, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """[d f_t(x_i) / d p_k], (n outputs, P), of a module in double precision at ``inputs`` (n, ...); p: what has requires_grad.

    Raises RuntimeError where torch cannot vectorize the module.
    """
    import torch

    values = {name: p.detach() for name, p in double.named_parameters() if p.requires_grad}
    fixed = {name: p.detach() for name, p in double.named_parameters() if not p.requires_grad}
    buffers = {name: b.clone() for name, b in double.named_buffers()}
    tensors = tuple(torch.as_tensor(x) for x in inputs)

    def outputs(parameters: dict[str, Any], *sample: Any) -> Any:
        batch = tuple(x.unsqueeze(0) for x in sample)
        return torch.func.functional_call(double, (parameters, fixed, buffers), batch).reshape(-1)

    with torch.no_grad():
        rows = len(outputs(values, *(x[0] for x in tensors)))
    size = sum(v.numel() for v in values.values())
    n = len(tensors[0])
    chunk = max(1, CHUNK // max(1, rows * size))
    first = lambda parameters, *sample: outputs(parameters, *sample)[0]
    rowwise: Any = torch.func.jacrev(outputs) if rows > 1 else torch.func.grad(first)
    each = torch.func.vmap(rowwise, in_dims=(None, *(0,) * len(tensors)))
    matrix = torch.empty((n, rows, size), dtype=torch.float64)
    for start in range(0, n, chunk):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where torch cannot vectorize an operation it says that it is slow
            blocks = each(values, *(x[start : start + chunk] for x in tensors))
        place = 0
        for name, value in values.items():
            k = value.numel()
            block = blocks[name].detach()
            matrix[start : start + chunk, :, place : place + k] = block.reshape(len(block), rows, k)
            place += k
    return matrix.reshape(n * rows, size).numpy()
