"""Lift a trained module and check the lift with torch alone.

    python examples/check_lift.py                      train a module, deepen it, check the pair
    python examples/check_lift.py SHALLOW.pt DEEP.pt DATA.pt AFTER    check a pair that lies in files (state dicts, ReLU networks; x and y)

The check needs torch alone: on every sample the outputs agree, every neuron of the new layer stays on one side of the kink, each
parameter that is not in the two layers around it is unchanged, and the gradient of the deep network is as small as the shallow one allows.
"""

from __future__ import annotations

import sys

import torch


def require(shown: bool, otherwise: str) -> None:
    """Refuse, for the reason ``otherwise``, unless ``shown``; an assert could be switched off."""
    if not shown:
        raise AssertionError(otherwise)


def network(state: dict[str, torch.Tensor]) -> torch.nn.Sequential:
    """A ReLU network of the shapes that the state dict "0.weight", "0.bias", "2.weight", ... has."""
    steps: list[torch.nn.Module] = []
    for key in sorted((key for key in state if key.endswith(".weight")), key=lambda key: int(key.split(".")[0])):
        rows, columns = state[key].shape
        steps += [torch.nn.Linear(columns, rows, dtype=torch.float64), torch.nn.ReLU()]
    module = torch.nn.Sequential(*steps[:-1])
    module.load_state_dict(state)
    return module


def gradient_norm(module: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    loss = ((module(x) - y) ** 2).sum() / len(x)
    return float(torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(module.parameters()))]).norm())


def check(shallow: torch.nn.Sequential, deep: torch.nn.Sequential, x: torch.Tensor, y: torch.Tensor, after: int) -> None:
    """Raise AssertionError where ``deep`` is no lift of ``shallow`` behind layer ``after`` on the data."""
    with torch.no_grad():
        difference = float((deep(x) - shallow(x)).abs().max())
        scale = float(shallow(x).abs().max())
    require(difference <= 1e-9 * scale, f"outputs differ by {difference}")
    z = deep[: 2 * after + 1](x)
    require(bool(((z > 0).all(0) | (z < 0).all(0)).all()), "a neuron of the new layer changes side on the data")
    for place in range(0, len(shallow), 2):
        if place != 2 * after:
            other = place + 2 * (place > 2 * after)
            same = [torch.equal(a, b) for a, b in zip(shallow[place].parameters(), deep[other].parameters(), strict=True)]
            require(all(same), f"layer {place} is not inherited")
    # grad_deep = (D pi)^T grad_shallow, and the norm of D pi is at most 1 + the size of the new weights and biases.
    new = torch.cat([p.flatten() for place in (2 * after, 2 * after + 2) for p in deep[place].parameters()])
    bound = (1 + float(new.norm())) * gradient_norm(shallow, x, y) + 1e-8
    found = gradient_norm(deep, x, y)
    require(found <= bound, f"gradient {found}, at most {bound} expected")
    print(f"outputs agree to {difference:.1e} of {scale:.2g}, gradient {found:.1e} (shallow {gradient_norm(shallow, x, y):.1e})")


def trained() -> tuple[torch.nn.Sequential, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    steps = torch.nn.Linear(2, 6), torch.nn.ReLU(), torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)
    module = torch.nn.Sequential(*steps).double()
    x = torch.randn(60, 2, dtype=torch.float64)
    y = torch.sin(2 * x[:, :1]) * x[:, 1:]
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(400):
        optimizer.zero_grad()
        ((module(x) - y) ** 2).mean().backward()
        optimizer.step()
    return module, x, y


def main(arguments: list[str]) -> None:
    if arguments:
        shallow, deep, data = (torch.load(file, weights_only=True) for file in arguments[:3])
        check(network(shallow), network(deep), data["x"], data["y"], int(arguments[3]))
        return
    sys.path.insert(0, __file__.rsplit("/", 2)[0])  # to run from a checkout that is not installed
    from numerics.modules.deepening import deepen_module

    module, x, y = trained()
    for after in range(3):
        check(module, deepen_module(module, x, after, width=6), x, y, after)


if __name__ == "__main__":
    main(sys.argv[1:])
