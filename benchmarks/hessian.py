"""The ends of a Hessian's spectrum: this package, torch.func and curvlinops on one network, one after the other in one run.

    OMP_NUM_THREADS=1 python benchmarks/hessian.py [--samples N] [--count K] [--hidden M] [--dense]
    OMP_NUM_THREADS=1 python benchmarks/hessian.py --inertia

Prints a table: a product with the Hessian, the K eigenvalues of largest size by ARPACK with each product, and whether the signs are proved;
with --dense the whole Hessian in place of these. Times are of the processor.
curvlinops (Dangel and others) is met where it is installed; it stands beside, since nobody needs it here.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from numerics.datasets import digits
from numerics.hessian import hessian, hessian_product, inertia_along
from numerics.modules.trained import network_of_module

#: Parameters up to which the form is proved in balls, about half a minute.
LARGEST_IN_BALLS = 20_000


def timed(action, repeat: int = 5) -> tuple[float, object]:
    """The least time of some repetitions, after one that is not counted, and what came of it."""
    found, times = action(), []
    for _ in range(repeat):
        started = time.process_time()
        found = action()
        times.append(time.process_time() - started)
    return min(times), found


def classifier(x, y, hidden: int):
    """A tanh network 64-``hidden``-10 in double precision after some steps of Adam."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(64, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 10)).double()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(torch.tensor(x)), torch.tensor(y)).backward()
        optimizer.step()
    return net


def with_torch(net, x, y):
    """Forward over reverse by torch.func on the flat parameters: (a product, the whole Hessian)."""
    import torch
    from torch.func import functional_call, grad, hessian, jvp

    names, parts = zip(*net.named_parameters(), strict=True)
    sizes = [part.numel() for part in parts]
    images, classes = torch.tensor(x), torch.tensor(y)

    def risk(flat):
        pieces = [piece.reshape(part.shape) for piece, part in zip(flat.split(sizes), parts, strict=True)]
        return torch.nn.functional.cross_entropy(functional_call(net, dict(zip(names, pieces, strict=True)), (images,)), classes)

    theta = torch.cat([part.detach().reshape(-1) for part in parts])
    return lambda v: jvp(grad(risk), (theta,), (torch.tensor(v),))[1].numpy(), lambda: hessian(risk)(theta).numpy()


def with_curvlinops(net, x, y):
    """The product of curvlinops; None where it is not installed."""
    try:
        from curvlinops import HessianLinearOperator
    except ImportError:
        return None
    import torch

    data = [(torch.tensor(x), torch.tensor(y))]
    parameters = dict(net.named_parameters())
    try:
        operator = HessianLinearOperator(net, torch.nn.CrossEntropyLoss(), parameters, data, check_deterministic=False)
    except (TypeError, AttributeError):  # before version 3: a list
        operator = HessianLinearOperator(net, torch.nn.CrossEntropyLoss(), list(parameters.values()), data, check_deterministic=False)
    return lambda v: (operator @ torch.tensor(v)).detach().numpy()


def leading(times, size: int, count: int) -> np.ndarray:
    """The eigenvalues of largest size, by ARPACK."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    start = np.random.default_rng(0).normal(size=size)
    operator = LinearOperator((size, size), matvec=lambda v: times(v.reshape(-1)), dtype=float)
    return np.sort(eigsh(operator, k=count, which="LM", v0=start, tol=1e-7)[0])


def inertia_against_determinant(sizes: tuple[int, ...] = (60, 200, 340)) -> None:
    """The inertia of symmetric matrices of balls beside flint's determinant of the same balls, processor time (wanted: at most 2 times)."""
    from flint import arb_mat

    from numerics.arithmetic.krawczyk import balls
    from numerics.hessian.inertias import ball_inertia

    print("| matrix of balls | inertia, s | flint's determinant, s | ratio | inertia found |\n|---|---|---|---|---|")
    for size, zeros in [(size, 0) for size in sizes] + [(200, 20)]:
        rng = np.random.default_rng(0)
        basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
        values = rng.normal(size=size) * 10.0 ** rng.uniform(-4, 1, size)
        values[:zeros] = 0.0
        matrix = balls(basis @ np.diag(values) @ basis.T)
        matrix = (matrix + matrix.T) / 2
        own = arb_mat(size, size, matrix.ravel().tolist())
        times = []
        for action in (lambda matrix=matrix: ball_inertia(matrix), own.det):
            seconds = []
            for _ in range(5):
                started = time.process_time()
                found = action()
                seconds.append(time.process_time() - started)
            times.append((min(seconds), found))
        (inertia, counts), (determinant, _) = times
        name = f"{size} x {size}" + (f", {zeros} eigenvalues of the size of rounding" if zeros else "")
        print(f"| {name} | {inertia:.3f} | {determinant:.3f} | {inertia / determinant:.2f} | {counts} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inertia", action="store_true", help="only the inertia of balls beside flint's determinant")
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=30)
    parser.add_argument("--dense", action="store_true")
    options = parser.parse_args()
    if options.inertia:
        return inertia_against_determinant()
    x, y = (np.resize(array, (options.samples, *array.shape[1:])) for array in digits())
    net = classifier(x, y, options.hidden)
    model, theta = network_of_module(net)
    data = x, np.eye(10)[y]
    product_of_torch, hessian_of_torch = with_torch(net, x, y)
    if options.dense:
        found = {
            "this package": timed(lambda: hessian(model, theta, data, "cross-entropy"), repeat=2),
            "torch.func.hessian": timed(hessian_of_torch, repeat=2),
        }
        print(f"{model.n_params} parameters, {len(x)} samples, cross-entropy, float64\n\n| | whole Hessian, s |\n|---|---|")
        for name, (seconds, _) in found.items():
            print(f"| {name} | {seconds:.2f} |")
        first, second = (matrix for _, matrix in found.values())
        print(f"\nLargest difference {np.abs(first - second).max():.1g}, largest entry {np.abs(first).max():.3g}.")
        return
    ours = lambda v: hessian_product(model, theta, data, v[None], "cross-entropy")[0]
    rows = {"this package": ours, "torch.func, jvp of grad": product_of_torch, "curvlinops": with_curvlinops(net, x, y)}
    v = np.random.default_rng(1).normal(size=model.n_params)
    print(f"{model.n_params} parameters, {len(x)} samples, cross-entropy, float64, the {options.count} eigenvalues of largest size\n")
    print("| | product, ms | eigenvalues, s | largest | off this package's |\n|---|---|---|---|---|")
    known = None
    for name, times in rows.items():
        if times is None:
            print(f"| {name} | not installed | | | |")
            continue
        product, _ = timed(lambda times=times: times(v))
        seconds, values = timed(lambda times=times: leading(times, model.n_params, options.count), repeat=2)
        known = values if known is None else known
        print(f"| {name} | {1e3 * product:.2f} | {seconds:.2f} | {values[-1]:.10g} | {np.abs(values - known).max():.1g} |")
    if model.n_params > LARGEST_IN_BALLS:
        return
    vectors = np.random.default_rng(2).normal(size=(options.count, model.n_params))
    seconds, found = timed(lambda: inertia_along(model, theta, data, vectors, "cross-entropy"), repeat=1)
    print(f"\nSigns of the form on {options.count} directions proved in balls: {seconds:.2f} s ({found}); the others prove nothing.")


if __name__ == "__main__":
    main()
