"""The path through numba: kernels without a C++ compiler."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from numerics.train.lanes import Block
from numerics.train.methods import Adam, GradientDescent, Method, Momentum
from numerics.train.shapes import Entries, Shape


def reason_against() -> str | None:
    """Why numba cannot run here, or None."""
    return None if find_spec("numba") else "numba is not installed"


class NumbaKernel:
    """The numba kernel of one shape; see numerics/train/jit_kernels.py."""

    def __init__(self, shape: Shape, method: Method) -> None:
        from numerics.train import jit_kernels

        self.lanes, self.shape, self.kernels = jit_kernels.LANES, shape, jit_kernels
        self.method = (GradientDescent, Momentum, Adam).index(type(method))

    def run(self, first: int, last: int, n: int, steps: int, block: Block) -> None:
        """Train the blocks ``first`` .. ``last`` - 1 of ``block`` in place, on ``n`` samples, for ``steps`` steps."""
        out = (block.theta, block.state, block.loss, block.parameters)
        shape = self.shape
        if isinstance(shape, Entries):
            sizes = (shape.d1, shape.d2, shape.width)
            self.kernels.descend_entries(first, last, steps, self.method, *sizes, block.rate, block.y, block.weight, *out)
            return
        sizes = (shape.kernels, shape.outputs, shape.inputs, shape.sharing, shape.bias, shape.output_bias)
        sizes = (*map(int, sizes), self.kernels.CODES[shape.activation])
        data = (block.rate, block.x, block.y, block.weight)
        self.kernels.descend_patches(first, last, n, steps, self.method, sizes, np.array(shape.seen), *data, *out)
