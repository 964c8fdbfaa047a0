r"""Multiplicity two: in any dimension four orientations, the extreme eigenvectors of a matrix of the data."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import fraction, nullspace_rational, rationals
from numerics.arithmetic.real_roots import real_roots
from numerics.hessian.inertias import eliminated_inertia, exact_inertia
from proofs_check import Assumption, axes, by_level, claim, false, nothing
from proofs_check.judging import equal
from theory.dynamics.condensation import LeadingForm

from . import INITIAL, SMALL
from ._draws import fractions

EXTREME = Assumption("simple extreme eigenvalues", r"\text{the largest and the smallest eigenvalue of } M \text{ are simple}")

QUADRATIC = claim(
    "condensation.p2_any_dim",
    "Multiplicity two: four orientations in any dimension",
    r"\pm v_{\max}(M) \text{ attract if } a_j \sigma''(0) > 0,\ \pm v_{\min}(M) \text{ if } < 0,\qquad M = \sum_i c_i x_i x_i^T",
    clauses={
        "attracting": r"D \ge 2:\ \text{exactly } \pm v_{\max} \text{ and } \pm v_{\min}",
        "at rest": r"2D \text{ directions are at rest if all eigenvalues are simple: } \pm \text{ every eigenvector}",
        "flow": r"\dot u = 2 \kappa a_j (M u - (u \cdot M u)\, u) \text{ for } u = w_j/|w_j| \text{ (Oja)}",
    },
    symbols=["M", "D", "u", "w_j", "a_j", "x_i", "c_i", "\\kappa", "\\sigma"],
    assumptions=[EXTREME, SMALL],
    source=INITIAL.at("Section 5 treats p = 1 and D = 2; this case is ours"),
    kind="extension",
    refuted_by="data whose leading form has another number of strict maxima and minima on the sphere",
)  # fmt: skip


def orthogonal(rng, dimension):
    """A rational orthogonal matrix by Cayley's transform, its last row without zeros."""
    while True:
        skew = fractions(rng, dimension, dimension, size=4, denominator=2)
        skew = skew - skew.T
        one = np.array([[Fraction(int(i == j)) for j in range(dimension)] for i in range(dimension)], dtype=object)
        q = solve(one + skew, one - skew)
        if all(value != 0 for value in q[-1]):
            return q


def solve(left, right):
    """left^-1 right in rationals."""
    from flint import fmpq_mat

    n = len(left)
    matrix = lambda m: fmpq_mat(n, n, rationals(m).ravel().tolist())
    return np.array([fraction(value) for value in matrix(left).solve(matrix(right)).entries()], dtype=object).reshape(n, n)


def spectra(cell, rng):
    """(q, eigenvalues): q_k/q_kD are inputs whose last entry is 1, with labels l_k q_kD^2 they give M = sum_k l_k q_k q_k^T."""
    values = rng.choice(np.arange(-9, 10), cell.D, replace=False)
    if cell.spectrum == "a repeated middle one":
        values = np.array([9, -9, *[int(values[0] % 5)] * (cell.D - 2)])
    return orthogonal(rng, cell.D), [Fraction(int(value), 2) for value in rng.permutation(values)]


def leading(q, values):
    x, last = (q / q[-1]).T, q[-1]
    return LeadingForm(x, np.array(values, dtype=object) * last**2, 2)


def along_the_sphere(form, v, inertia=exact_inertia):
    """(n_-, n_0, n_+) of the Hessian on the sphere at the rational direction v, exactly."""
    basis = np.array(nullspace_rational(v[None]), dtype=object)
    return inertia(basis @ form.sphere_hessian(v) @ basis.T)


def kinds(form, directions, inertia=exact_inertia):
    """How many of the directions (with their opposites) are at rest, strict maxima and strict minima."""
    found = {"at rest": 0, "maxima": 0, "minima": 0}
    for v in directions:
        gradient = form.gradient(v)
        if any(v[i] * gradient[j] != v[j] * gradient[i] for i in range(len(v)) for j in range(i)):
            continue
        counts = along_the_sphere(form, v, inertia)
        found["at rest"] += 1
        found["maxima"] += counts.negative == len(v) - 1
        found["minima"] += counts.positive == len(v) - 1
    return found


def both_signs(counts):
    return {name: 2 * count for name, count in counts.items()}


SPECTRA = axes(
    D=by_level((2, 3, 4, 5, 7), tuple(range(2, 9))),
    spectrum=("all simple", "a repeated middle one"),
    quick=1,
    standard=3,
    full=20,
    where=lambda D, spectrum: D > 3 or spectrum == "all simple",
)


@QUADRATIC.check(
    "exact",
    spectra,
    SPECTRA,
    clauses="attracting",
)
@false("four at D = 4", attracting=lambda D: 4 if D == 4 else 2)
@false("all directions at rest attract (s)", attracting=lambda D: D)
@false("one sign has all four", attracting=lambda D: 4)
def extreme_eigenvectors(cell, drawn, *, attracting=lambda D: 2, context):
    """Inertia of the Hessian on the sphere at every rational eigenvector of data with a planted spectrum, by two exact algorithms."""
    q, values = drawn
    form = leading(q, values)
    order = sorted(range(cell.D), key=lambda k: values[k])
    found = [both_signs(kinds(form, q.T, inertia)) for inertia in (exact_inertia, eliminated_inertia)]
    expected = {"at rest": 2 * cell.D, "maxima": attracting(cell.D), "minima": attracting(cell.D)}
    extreme = [along_the_sphere(form, q[:, order[k]]).counts for k in (-1, 0)]
    return equal(counts=(expected, found[0]), again=(found[0], found[1]), extreme=([(cell.D - 1, 0, 0), (0, 0, cell.D - 1)], extreme))


def repeated(cell, rng):
    """The largest eigenvalue twice."""
    q, values = spectra(cell, rng)
    order = sorted(range(cell.D), key=lambda k: values[k])
    values[order[-2]] = values[order[-1]]
    return q, values


QUADRATIC.without("simple extreme eigenvalues", extreme_eigenvectors, repeated)


@QUADRATIC.check(
    "exact",
    spectra,
    axes(D=by_level((2, 3, 4, 5), tuple(range(2, 9))), spectrum=("all simple",), quick=1, standard=3, full=20),
    clauses="at rest",
)
@false("at most 2p = 4 directions at rest (s)", at_rest=lambda D: 4)
def eigenvectors(cell, drawn, *, at_rest=lambda D: 2 * D, context):
    """Directions at rest are the eigenvectors: D simple roots of the characteristic polynomial, each with a line."""
    from flint import fmpq_mat

    q, values = drawn
    M = leading(q, values).hessian(np.array([Fraction(0)] * cell.D, dtype=object)) / 2
    roots = real_roots(fmpq_mat(cell.D, cell.D, rationals(M).ravel().tolist()).charpoly())
    return equal(directions=(at_rest(cell.D), 2 * sum(root.multiplicity == 1 for root in roots)))


@QUADRATIC.check(
    "symbolic",
    nothing,
    axes(D=(2, 3, 4)),
    clauses=("attracting", "flow"),
    covers="statement",
    scope="any D: in the eigenbasis of M the equations couple u_k with the sum over l of l_l u_l^2 alone, which D = 4 shows in full",
)
@false("half the rate", rate=lambda a: a)
@false("without the projection", projection=0)
def oja(cell, _, *, rate=lambda a: 2 * a, projection=1, context):
    """d(w/|w|)/dt for w' = kappa a grad V(w) in the eigenbasis; and H - 2V I at e_k is 2 diag(l_l - l_k)."""
    import sympy

    a = sympy.Symbol("a")
    w = sympy.symbols(f"w:{cell.D}", real=True)
    values = sympy.symbols(f"l:{cell.D}", real=True)
    square = sum(entry**2 for entry in w)
    norm = sympy.sqrt(square)
    speed = [2 * a * value * entry for value, entry in zip(values, w, strict=True)]
    turned = [sum(sympy.diff(w[k] / norm, w[j]) * speed[j] for j in range(cell.D)) * norm for k in range(cell.D)]
    energy = sum(value * entry**2 for value, entry in zip(values, w, strict=True)) / square
    expected = [rate(a) * (values[k] - projection * energy) * w[k] for k in range(cell.D)]
    V = sum(value * entry**2 for value, entry in zip(values, w, strict=True))
    pole = {entry: int(k == 0) for k, entry in enumerate(w)}
    hessian = [sympy.diff(V, w[k], 2) - 2 * V.subs(pole) for k in range(1, cell.D)]
    return equal(flow=(expected, [sympy.simplify(entry) for entry in turned]), hessian=([2 * (v - values[0]) for v in values[1:]], hessian))
