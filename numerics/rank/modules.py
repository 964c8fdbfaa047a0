"""Model rank of a user's own ``torch.nn.Module`` at its current parameters, on given inputs.

What :mod:`numerics.modules.reading` reads as a model of this package is certified in exact fields or balls. Any other module is
differentiated by torch.func, and its rank read from singular values, which certifies nothing: without a clear gap the bounds stay apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.arithmetic.exact import NoExactValue
from numerics.modules.reading import Chain, agrees, checked_inputs, checked_parameters, flat, outputs_of, read
from numerics.rank.ladder import METHODS, Rank, empirical_rank, float_rank


def module_rank(module: Any, inputs: Any, method: str = "auto") -> Rank:
    """Rank of the tangent matrix [d f_t(x_i) / d p_k] of ``module`` on ``inputs`` (n, ...), p all parameters with requires_grad.

    ``method`` as in :func:`numerics.rank.empirical_rank`; exact and ball need a Sequential of linear layers and known
    activations. Raises TypeError for what is no module, ValueError for parameters or inputs that are not real and at least
    single precision, for layers whose output is random or depends on the batch (dropout, batch normalization in training
    mode), and for inputs that the module does not take.
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, got {type(module).__name__}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    parameters = checked_parameters(module)
    x = checked_inputs(inputs)
    outputs = outputs_of(module, parameters, x)
    chain = read(module, x)
    if chain is not None and method != "float" and agrees(chain, parameters, x, outputs):
        return _certified(chain, parameters, x, method)
    if method in ("exact", "ball"):
        raise NoExactValue(f"method {method!r} needs a Sequential of linear layers and known activations, got {type(module).__name__}")
    return _in_floats(module, parameters, x, outputs)


def _certified(chain: Chain, parameters: dict[str, Any], x: np.ndarray, method: str) -> Rank:
    theta, uniform = flat(parameters), chain.uniform()
    if uniform is not None:
        return empirical_rank(uniform, theta, x, method)
    if method == "exact":
        raise NoExactValue("the exact field needs one activation and biases in all hidden layers or in none")
    found = empirical_rank(chain, theta, x, "ball")
    if found.certificate is not None:
        steps = [list(step) if isinstance(step, tuple) else step.name for step in chain.steps]
        found.certificate["model"] = {"family": "Chain", "steps": steps}
    return found


# ------------------------------------------------------------------------------------------------------------ floats


def _in_floats(module: Any, parameters: dict[str, Any], x: np.ndarray, outputs: np.ndarray) -> Rank:
    import copy

    import torch

    double = copy.deepcopy(module).double()
    values = {name: parameter.detach() for name, parameter in double.named_parameters() if name in parameters}
    samples = torch.as_tensor(x)

    def rows(parameters: dict[str, Any]) -> Any:
        return torch.func.functional_call(double, parameters, (samples,)).reshape(-1)

    jacobian = torch.func.jacrev(rows)(values)
    matrix = torch.cat([block.reshape(outputs.size, -1) for block in jacobian.values()], dim=1).numpy()
    # Single steps of torch bring no error bound: nothing is proved.
    return Rank(0, min(matrix.shape), False, "point", "float", estimate=float_rank(matrix).estimate)
