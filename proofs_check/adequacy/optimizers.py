"""Thresholds and fixed points of optimizers: optimizers/*.v, at rational numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, integer, listed, rationals

FILE = "optimizers/evaluation.v"


def _rational(value: Fraction) -> str:
    return f"(Qmake ({value.numerator})%Z {value.denominator}%positive)"


def _parts(value: Fraction) -> list[int]:
    return [value.numerator, value.denominator]


def _drawn(rng: np.random.Generator) -> Fraction:
    """A fraction in (0, 1)."""
    denominator = int(rng.integers(2, 30))
    return Fraction(int(rng.integers(1, denominator)), denominator)


def frozen(rng: np.random.Generator) -> list[Comparison]:
    """Trace and determinant of a step with a frozen preconditioner, and its threshold."""
    from theory.dynamics.quadratic import frozen_polynomial, sharpness_threshold

    rows = []
    for _ in range(6):
        beta1, h = _drawn(rng), 4 * _drawn(rng)
        determinant, minus_trace, _ = frozen_polynomial("moving average", beta1, h)
        arguments = f"{_rational(beta1)} {_rational(h)}"
        rows.append((f"trace at {beta1}, {h}", f"parts (xfrozen_trace {arguments})", _parts(-minus_trace)))
        rows.append((f"determinant at {beta1}, {h}", f"parts (xfrozen_det {arguments})", _parts(determinant)))
        threshold = sharpness_threshold("moving average", beta1, Fraction(1))
        rows.append((f"threshold at {beta1}", f"parts (xfrozen_threshold {_rational(beta1)})", _parts(threshold)))
    return compare(FILE, rows)


def descent(rng: np.random.Generator) -> list[Comparison]:
    """Runs of gradient descent along an eigenvector, and its threshold 2."""
    from theory.dynamics.quadratic import frozen_step, sharpness_threshold

    rows = [("threshold", "parts (xfrozen_threshold 0)", _parts(sharpness_threshold("gradient descent", 0, Fraction(1))))]
    for steps in (1, 2, 5):
        h, start = 4 * _drawn(rng), _drawn(rng)
        x = start
        for _ in range(steps):
            x = frozen_step("gradient descent", 0, Fraction(1), h, Fraction(0), x)[1]
        rows.append((f"{steps} steps at {h}", f"parts (xdescent {_rational(h)} {steps} {_rational(start)})", _parts(x)))
    return compare(FILE, rows)


def adam(rng: np.random.Generator) -> list[Comparison]:
    """Steps in the limit x -> 0; existence and stability of the fixed point over drawn (k, beta1, rho), k = 3 .. 9; trace, determinant."""
    from theory.dynamics.adam import exists, is_stable, reduced_step, trace_determinant

    rows = []
    for _ in range(12):
        k, rho = int(rng.integers(3, 10)), _drawn(rng)
        beta1 = _drawn(rng) * rho ** int(rng.integers(k - 2, k + 1))  # on both sides of the boundaries
        arguments = f"{k - 3} {_rational(beta1)} {_rational(rho)}"
        what = f"k = {k}, beta1 = {beta1}, rho = {rho}"
        w, l, eta = (_drawn(rng) for _ in range(3))
        state = f"{_rational(eta)} {_rational(w)} {_rational(l)}"
        moved_w, moved_l, ratio = reduced_step(k, beta1, rho, w, l, eta)
        rows.append((f"w after a step at {what}", f"parts (xFw {k - 3} {_rational(beta1)} {state})", _parts(moved_w)))
        term = f"parts (xFl {k - 3} {_rational(eta)} {_rational(rho)} {_rational(w)} {_rational(l)})"
        rows.append((f"l after a step at {what}", term, _parts(moved_l)))
        rows.append((f"ratio at {what}", f"parts (xratio {state})", _parts(ratio)))
        rows.append((f"existence at {what}", f"xexists {arguments}", exists(k, beta1, rho)))
        if exists(k, beta1, rho):
            rows.append((f"stability at {what}", f"xstable {arguments}", is_stable(k, beta1, rho)))
        trace, determinant = trace_determinant(k, beta1, rho)
        rows.append((f"trace at {what}", f"parts (xtrace {arguments})", _parts(trace)))
        rows.append((f"determinant at {what}", f"parts (xdet {arguments})", _parts(determinant)))
    return compare(FILE, rows)


def two_cycle(rng: np.random.Generator) -> list[Comparison]:
    """The amplitude of the 2-cycle, and for beta1 = 0 the coefficients of its characteristic polynomial."""
    from theory.dynamics.adam_cycle import amplitude, cycle_polynomial

    rows = []
    for _ in range(6):
        beta1, eta, beta2, j = _drawn(rng), 3 * _drawn(rng), _drawn(rng), int(rng.integers(1, 5))
        rows.append(
            (f"amplitude at {beta1}, {eta}", f"parts (xamplitude {_rational(beta1)} {_rational(eta)})", _parts(amplitude(beta1, eta)))
        )
        k = 2 * j + 2
        _, c1, c2, _ = cycle_polynomial(k, Fraction(0), beta2)
        for name, value in (("xcycle_trace", -c2), ("xcycle_det", c1)):
            rows.append((f"{name} at k = {k}, beta2 = {beta2}", f"parts ({name} {j} {_rational(beta2)})", _parts(value)))
    return compare(FILE, rows)


def step_on_a_quadratic(rng: np.random.Generator) -> list[Comparison]:
    """Twice the loss, the gradient, twice the change along a step, and both parts of the curvature along it, at whole numbers."""
    from theory.dynamics.quadratic import change_of_loss, gradient_curvature

    rows = []
    for n in (1, 2, 3):
        entries = rng.integers(-3, 4, (n, n))
        hessian, (b, x, u) = rationals(entries + entries.T), rationals(rng.integers(-3, 4, (3, n)))
        eta, c = (Fraction(int(value)) for value in rng.integers(1, 4, 2))
        gradient = hessian @ x + b
        while gradient @ u == 0:
            u = rationals(rng.integers(-3, 4, n))
            b[0] += 1
            gradient = hessian @ x + b
        matrix = f"(fun i j => nth 0%zz (nth [::] {listed(hessian)} i) j : ZZ)"
        vector = lambda values: f"(fun i => nth 0%zz {listed(values)} i : ZZ)"
        at = f"{n} {matrix} {vector(b)}"
        twice_loss = x @ hessian @ x + 2 * (b @ x) + 2 * c
        rows.append((f"2 L, n = {n}", f"xloss {at} ({integer(c)} : ZZ) {vector(x)} : Z", twice_loss))
        term = f"[seq (xgradient {at} {vector(x)} i : Z) | i <- iota 0 {n}]"
        rows.append((f"gradient, n = {n}", term, gradient))
        change = 2 * change_of_loss(hessian, gradient, u, eta)
        rows.append((f"2 (L(x - eta u) - L(x)), n = {n}", f"xchange {at} {vector(u)} ({integer(eta)} : ZZ) {vector(x)} : Z", change))
        slope = gradient @ u
        curvature = gradient_curvature(hessian, gradient, u)
        rows.append((f"u^T H u, n = {n}", f"xbent {n} {matrix} {vector(u)} : Z", curvature * slope))
        rows.append((f"g . u, n = {n}", f"xslope {at} {vector(x)} {vector(u)} : Z", slope))
    return compare(["common/integers.v", "common/matrices.v", "optimizers/quadratic_evaluation.v"], rows)
