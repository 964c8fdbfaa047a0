r"""The nuclear norm as the price of a linear memory, and what it makes of facts that are chained with and without a bridge."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import working_precision
from numerics.dynamics.nuclear import (
    dual_bound,
    is_contraction,
    minimal_completion,
    nuclear_ball,
    nuclear_norm,
    rational_orthogonal,
    singular_values,
    solved,
)
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import at_most, equal, true, worst
from theory.dynamics.bridges import factor_cost, imbalance, pattern, scalar_completion, shift, squared_norm

from . import BRIDGE

BITS = 160

NOTATION = {
    "N": "number of facts of each kind",
    "W": "a matrix, the product of two factors",
    "A, B": "factors (rows, width), (columns, width) of W",
    "U, S, V": "singular value decomposition of W",
    "Q": "dual certificate, a matrix of the shape of W",
    "X": "block of the pairs (A_i, C_j), which are not taught",
    "Y": "the bridge, block of the pairs (B_i, B_j)",
    "x, y": "X = x I, Y = y I",
    "A_i, B_i, C_i": "tokens of the facts A_i -> B_i and B_i -> C_i",
}


def letters(*names):
    return {name: NOTATION[name] for name in names}


WIDE = Assumption("wide", r"\text{the inner width is at least } \operatorname{rank} W")

NUCLEAR = claim(
    "reason.nuclear_identity",
    "Weight decay on two factors is the nuclear norm of their product",
    r"\min_{A B^T = W} \tfrac{1}{2} \left( |A|_F^2 + |B|_F^2 \right) = |W|_*",
    clauses={
        "dual": r"\tfrac{1}{2}(|A|_F^2 + |B|_F^2) \ge \langle W, Q \rangle \text{ for every } Q \text{ of operator norm at most } 1",
        "attained": r"W = U S V^T: \; A = U S^{1/2}, B = V S^{1/2}, Q = U V^T \text{ give } \operatorname{tr} S = |W|_*"
        r" \text{ on both sides}",
        "balanced": r"\text{in a width of } \operatorname{rank} W \text{ the minimizers are the factors with } A^T A = B^T B",
    },
    symbols=letters("W", "A, B", "U, S, V", "Q"),
    assumptions=[WIDE],
    source=BRIDGE.at("Section 4, the norm that weight decay minimizes (its wording was not at hand)"),
    relation="tight",
    refuted_by="factors cheaper than the nuclear norm, or balanced ones that are dearer",
)


@NUCLEAR.check(
    "symbolic",
    ["square", "primal", "certificate", "balanced product", "converse"],
    clauses=("dual", "attained", "balanced"),
    covers="statement",
    scope="free entries; sums over rows, columns and inner indices of monomials in at most two of each; the balanced product by"
    " associativity alone, W W^T = A (B^T B) A^T = A (A^T A) A^T",
)
@false("half the cost", half=2)
def identities(part, *, half=1, context):
    """What the proof rests on.

    The cost less <A B^T, Q> is half of |A - Q B|^2 plus half of |B|^2 - |Q B|^2, so not negative where Q is a contraction, and zero iff
    A = Q B with |Q B| = |B|, which gives A^T A = B^T Q^T Q B = B^T B. At A = U T, B = V T, T^2 = S, both sides are tr S up to U^T U - I
    and V^T V - I. And where A^T A = B^T B, W W^T = (A A^T)^2, so that |W|_* = tr A A^T is the cost.
    """
    import sympy

    a, b, q, u, v, t = (np.array(sympy.symbols(f"{name}:4"), dtype=object).reshape(2, 2) for name in "abquvt")
    size = lambda matrix: (matrix * matrix).sum()
    if part == "square":
        left = (size(a) + size(b)) / (2 * half) - (a @ b.T * q).sum()
        return equal(square=(0, sympy.expand(left - (size(a - q @ b) + size(b) - size(q @ b)) / 2)))
    if part == "converse":  # Q^T Q = I - R: A = Q B is balanced up to B^T R B, which is zero where |Q B| = |B|
        return equal(
            rest=([0] * 4, [sympy.expand(e) for e in (half * imbalance(q @ b, b) - b.T @ (q.T @ q - np.eye(2, dtype=int)) @ b).flat])
        )
    if part == "balanced product":
        W = a @ b.T
        rest = half * (W @ W.T - a @ a.T @ a @ a.T) + a @ imbalance(a, b) @ a.T
        return equal(rest=([0] * 4, [sympy.expand(entry) for entry in rest.flat]))
    root = np.diag(t[0])
    A, B = u @ root, v @ root
    trace = lambda left, right: sum(t[0][r] ** 2 * (left.T @ left)[r, r] + t[0][r] ** 2 * (right.T @ right)[r, r] for r in range(2)) / 2
    if part == "primal":
        return equal(cost=(sympy.expand(trace(u, v)), sympy.expand(factor_cost(A, B) / half)))
    inner = sum(t[0][r] ** 2 * (u.T @ u)[r, s] * (v.T @ v)[r, s] for r in range(2) for s in range(2))
    return equal(dual=(sympy.expand(inner), sympy.expand((A @ B.T * (u @ v.T)).sum() / half)))


FACTORS = axes(
    rank=(1, 2, 3),
    more_rows=(0, 2),
    gauge=("orthogonal", "scaled", "any"),
    quick=2,
    standard=12,
    full=80,
)


def gauged(cell, rng):
    """Rational U, V with orthonormal columns, roots of S, and a gauge G: factors U T G, V T G^-T of W."""
    r, n = cell.rank, cell.rank + cell.more_rows
    U, V = rational_orthogonal(rng, n)[:, :r], rational_orthogonal(rng, r)
    T = np.array([Fraction(int(k), 2) for k in rng.choice(range(1, 9), r, replace=rng.random() < 0.3)], dtype=object)
    if cell.gauge == "orthogonal":
        return U, V, T, rational_orthogonal(rng, r)
    if cell.gauge == "scaled":
        return U, V, T, np.diag([Fraction(int(k), 4) for k in rng.integers(5, 9, r)])
    while True:
        G = np.array([[Fraction(int(k), 3) for k in row] for row in rng.integers(-4, 5, (r, r))], dtype=object)
        if _rank(G) == r:
            return U, V, T, G


def _rank(G):
    return int(sum(value > 0 for value in singular_values(G)))


def trace_of(T):
    return (T * T).sum()


@NUCLEAR.check(
    "exact",
    gauged,
    FACTORS,
    clauses=("attained", "balanced"),
    distribution="U, V by Cayley's transform, roots of singular values k/2, a third with repeats",
)
@false("the Frobenius norm, equal at rank one", norm=lambda T: (T**4).sum())
@false("the largest singular value, equal at rank one", norm=lambda T: max(T * T))
@false("three per cent more", norm=lambda T: Fraction(103, 100) * trace_of(T))
@false("one direction fewer than the rank", width=-1)
def rational_factors(cell, drawn, *, norm=trace_of, width=0, context):
    """Cost and dual bound at the factors of the decomposition; at gauged ones the cost is the norm exactly where they are balanced."""
    U, V, T, G = drawn
    keep = cell.rank + width
    A, B = (U * T)[:, :keep], (V * T)[:, :keep]
    W = (U * T**2) @ V.T
    other = (U * T) @ G, (V * T) @ solved(G, np.eye(cell.rank, dtype=int)).T
    balanced = bool((imbalance(*other) == 0).all())
    cost = factor_cost(*other)
    return equal(
        product=((A @ B.T).tolist(), W.tolist()),
        bounds=([norm(T)] * 2, [factor_cost(A, B), dual_bound(W, U @ V.T)]),
        gauged=((True, balanced), (bool(cost >= norm(T)), bool(cost == norm(T)))),
    )


NUCLEAR.without("wide", rational_factors, width=-1)

MATRICES = axes(n=by_level((2, 3), (2, 3, 5), (2, 3, 5, 9)), quick=3, standard=10, full=40)


def invertible(cell, rng):
    """Integer matrices of entries up to 5, invertible."""
    while True:
        W = rng.integers(-5, 6, (cell.n, cell.n))
        if abs(np.linalg.det(W)) > 0.5 and np.linalg.cond(W) < 1e6:
            return W.tolist()


@NUCLEAR.check("certified", invertible, MATRICES, clauses=("dual", "attained"), distribution="integer matrices of entries up to 5")
@false("the Frobenius norm", power=2)
@false("one per mille less", scale=(999, 1000))
def between_both_bounds(cell, W, *, power=1, scale=(1, 1), context):
    """The sum of the singular values, in balls, lies between an exact dual bound and the exact cost of factors, 1e-11 apart."""
    found = nuclear_norm(W)
    with working_precision(BITS):
        values = singular_values(W)
        total = (sum(values) if power == 1 else sum(value**2 for value in values).sqrt()) * scale[0] / scale[1]
        inside = (bool(total >= _arb(found.lower)) or None, bool(total <= _arb(found.upper)) or None)
        outside = bool(total < _arb(found.lower)) or bool(total > _arb(found.upper))
    near = at_most("gap of the bounds", found.upper - found.lower, Fraction(1, 10**11) * cell.n, attained=False)
    return worst([equal(between=((True, True), (False, False) if outside else inside)), near])


def _arb(value):
    from flint import arb, fmpq

    return arb(fmpq(value.numerator, value.denominator))


SHORT = Assumption("short bridge", r"|Y x| \le |x| \text{ for all } x")

COMPLETION = claim(
    "reason.bridge_nuclear",
    "The identity bridge makes the chained fact the unique completion of least nuclear norm",
    r"\underset{X}{\operatorname{argmin}} \left| \begin{pmatrix} I & X \\ Y & I \end{pmatrix} \right|_* = Y^T, \text{ of norm } 2N",
    clauses={
        "formula": r"X = xI, Y = yI: \; |W|_* = N \sqrt{4 + (x - y)^2} \text{ for } xy \le 1, \; N |x + y| \text{ beyond}",
        "unique": r"|Y| \le 1: \; |W|_* = 2N \text{ iff } X = Y^T, \text{ and it is larger for every other } X",
        "bridges": r"Y = I \text{ leads } A_i \text{ to } C_i; \; Y \text{ shifted by } s \text{ leads } A_i \text{ to } C_{i - s}",
        "no bridge": r"\text{with } Y \text{ free too, all } X = Y^T, |X| \le 1, \text{ have the least norm } 2N,"
        r" \; X = 0 \text{ among them}",
        "long": r"Y = yI, |y| > 1: \text{ among } X = xI \text{ the least norm is at } x = 1/y",
    },
    symbols=letters("W", "X", "Y", "N", "x, y", "A_i, B_i, C_i"),
    assumptions=[SHORT],
    source=BRIDGE.at("Section 4, the linear case; form and proof are ours"),
    kind="extension",
    refuted_by="another X of norm 2N, or a bridge Y whose least completion is not Y^T",
    notes="Blocks of W: rows A and B, columns B and C; the blocks A to B and B to C are facts, Y is the bridge, X what nobody taught."
    " The published theorem also averages over permutations of the facts and has margin constraints; this is the core without them.",
)


@COMPLETION.check(
    "symbolic",
    ["formula", "beyond", "trace", "permutation", "long"],
    clauses=("formula", "unique", "bridges", "no bridge", "long"),
    covers="statement",
    scope="free x, y; N facts are N copies. For free factors the trace is their cost less half of |A - B|^2",
)
@false("the sum in place of the difference", sign=1)
def by_symbols(part, *, sign=-1, context):
    """(s1 + s2)^2 = |M|_F^2 + 2 |det M|. And tr W = <W, I> is a dual bound: W = A B^T costs tr W exactly where A = B, that is where W is
    symmetric and positive semidefinite: X = Y^T, and Schur's complement I - Y^T Y is."""
    import sympy

    x, y = sympy.symbols("x y", real=True)
    M = sympy.Matrix([[1, x], [y, 1]])
    s1, s2 = sympy.symbols("s1 s2", nonnegative=True)
    frobenius = sum(entry**2 for entry in M)
    if part == "formula":  # det M = 1 - xy >= 0
        return equal(norm=(sympy.expand(4 + (x + sign * y) ** 2), sympy.expand(frobenius + 2 * M.det())))
    if part == "beyond":
        return equal(
            norm=(sympy.expand((x - sign * y) ** 2), sympy.expand(frobenius - 2 * M.det())),
            squares=(sympy.expand((s1 + s2) ** 2), s1**2 + s2**2 + 2 * s1 * s2),
        )
    if part == "trace":
        a, b = (np.array(sympy.symbols(f"{name}:4"), dtype=object).reshape(2, 2) for name in "ab")
        gap = factor_cost(a, b) - np.trace(a @ b.T)
        return equal(gap=(0, sympy.expand(gap - ((a + sign * b) ** 2).sum() / 2)))
    if part == "permutation":  # Y_ij = 1 iff j = i + s, so (Y^T)_ij = 1 iff j = i - s
        i, j, s = sympy.symbols("i j s", integer=True)
        bridge = lambda row, column: sympy.KroneckerDelta(column, row + s)
        return equal(led=(1, bridge(j, i).subs(j, i + sign * s)))
    # y > 1: below x = 1/y the norm falls (x < y there), beyond it rises; negative y by the sign of C
    falling = sympy.diff(4 + (x + sign * y) ** 2, x)
    return equal(
        falls=(sympy.expand(2 * (x - y)), sympy.expand(falling)),
        meet=(0, sympy.simplify(4 + (1 / y + sign * y) ** 2 - (1 / y - sign * y) ** 2)),
    )


BRIDGES = axes(
    N=by_level((1, 2, 3), (1, 2, 3, 5), (1, 2, 3, 5, 8)),
    bridge=("identity", "shifted", "contraction", "half", "zero"),
    where=lambda N, bridge: N > 1 or bridge not in ("shifted", "contraction"),
    quick=2,
    standard=6,
    full=20,
)


def a_bridge(cell, rng):
    """A bridge Y and another X: one entry or all entries away from Y^T."""
    N = cell.N
    one = np.array([[Fraction(int(i == j)) for j in range(N)] for i in range(N)], dtype=object)
    if cell.bridge == "shifted":
        Y = shift(N, int(rng.integers(1, N))) * Fraction(1)
    elif cell.bridge == "contraction":
        singular = [Fraction(int(k), 4) for k in rng.integers(0, 5, N)]
        Y = (rational_orthogonal(rng, N) * singular) @ rational_orthogonal(rng, N)
    else:
        Y = one * {"identity": 1, "half": Fraction(1, 2), "zero": 0}[cell.bridge]
    change = np.zeros((N, N), dtype=object)
    change[rng.integers(N), rng.integers(N)] = Fraction(int(rng.choice([-2, -1, 1, 2])), 8)
    if rng.random() < 0.5:
        change = change + np.array([[Fraction(int(k), 8) for k in row] for row in rng.integers(-2, 3, (N, N))], dtype=object)
    if not (change != 0).any():
        change[0, 0] = Fraction(1, 8)
    return Y, Y.T + change


@COMPLETION.check(
    "exact", a_bridge, BRIDGES, clauses=("unique", "no bridge"), distribution="Y = U S V^T, U, V by Cayley's transform, S of k/4, k <= 4"
)
@false("the bridge itself, equal where it is symmetric", completed=lambda Y: Y)
@false("nothing is completed, equal where there is no bridge", completed=lambda Y: 0 * Y)
@false("the norm N", facts=1)
@false("a completion one per cent shorter", completed=lambda Y: Y.T * Fraction(99, 100))
def certified_completion(cell, drawn, *, completed=lambda Y: Y.T, facts=2, stretch=1, context):
    """X = Y^T: symmetric and positive semidefinite, so of nuclear norm tr W = 2N, which the certificate Q = I bounds for every X."""
    Y, _ = drawn
    if not is_contraction(Y * stretch):  # outside the theorem: what it says of X = Y^T is then false
        W = pattern(completed(Y * stretch), Y * stretch)
        with working_precision(BITS):
            return true("norm 2N", bool(nuclear_ball(W) <= facts * cell.N))
    found = minimal_completion(Y)
    W = pattern(completed(Y), Y)
    return equal(
        least=(facts * cell.N, found.norm),
        bound=(facts * cell.N, dual_bound(W, found.certificate)),
        X=(completed(Y).tolist(), found.X.tolist()),
        shown={"Y": Y.tolist()},
    )


COMPLETION.without("short bridge", certified_completion, stretch=3)


@COMPLETION.check("certified", a_bridge, BRIDGES, clauses="unique", distribution="Y as before; X off Y^T by up to 3/8 in one entry or all")
@false("Y^T itself", other=lambda X, Y: Y.T)
def others_are_longer(cell, drawn, *, other=lambda X, Y: X, context):
    """The nuclear norm of another completion, in balls: larger than 2N."""
    Y, X = drawn
    with working_precision(BITS):
        norm = nuclear_ball(pattern(other(X, Y), Y))
        longer = True if norm > 2 * cell.N else False if abs(norm - 2 * cell.N) < Fraction(1, 10**30).__float__() else None
        return true("longer than 2N", longer, X=X.tolist(), Y=Y.tolist())


SCALARS = axes(x=("-2", "-1/2", "0", "1/2", "1", "4/3", "3"), y=("-3/2", "0", "1/3", "1", "2"), N=by_level((1, 2), (1, 2, 4)))


@COMPLETION.check("certified", lambda cell, rng: None, SCALARS, clauses="formula", distribution="a grid of x and y on both sides of xy = 1")
@false("the same formula beyond xy = 1", squared=lambda x, y: 4 + (x - y) ** 2)
@false("the sum", squared=lambda x, y: 4 + (x + y) ** 2)
@false("not N copies", copies=lambda N: 1)
def grid(cell, _, *, squared=squared_norm, copies=lambda N: N, context):
    """The squared norm of N copies, enclosed by balls from the characteristic polynomial of W^T W, against the formula."""
    x, y = Fraction(cell.x), Fraction(cell.y)
    one = np.array([[Fraction(int(i == j)) for j in range(cell.N)] for i in range(cell.N)], dtype=object)
    with working_precision(BITS):
        found = nuclear_ball(pattern(one * x, one * y))
        predicted = copies(cell.N) * _arb(Fraction(squared(x, y))).sqrt()
        return at_most("difference", abs(found - predicted).upper(), _arb(Fraction(1, 10**30)), attained=False)


@COMPLETION.check(
    "exact",
    lambda cell, rng: None,
    axes(N=by_level((3, 8), (3, 5, 8, 12)), step=(0, 1, 2)),
    clauses="bridges",
    scope="facts and shifts as tables: where the least completion sends each A_i",
)
@false("the bridge's own step", direction=1)
@false("one step further", direction=-2)
def shifted_bridges(cell, _, *, direction=-1, context):
    """Row i of the least completion has its one entry at i less the step, modulo N."""
    X = minimal_completion(shift(cell.N, cell.step)).X
    led = [[j for j in range(cell.N) if X[i, j] != 0] for i in range(cell.N)]
    return equal(led=([[(i + direction * cell.step) % cell.N] for i in range(cell.N)], led))


@COMPLETION.check(
    "exact",
    [Fraction(3, 2), Fraction(2), Fraction(5), Fraction(1, 2), Fraction(-3)],
    clauses="long",
    scope="bridges y = 3/2, 2, 5, 1/2, -3 and every x = k/30 between -4 and 4 but the minimizer",
)
@false("x = y", minimizer=lambda y: y)
@false("x = 1 whatever y is", minimizer=lambda y: Fraction(1))
def longer_bridges(y, *, minimizer=scalar_completion, context):
    """The squared norm over a grid of rational x that holds the minimizer: least there, alone."""
    grid = {Fraction(k, 30) for k in range(-120, 121)} | {scalar_completion(y)}
    values = {x: squared_norm(x, y) for x in grid}
    least = min(values.values())
    return worst(
        [equal(minimizer=([minimizer(y)], [x for x, value in values.items() if value == least]))],
        figures=[_valley()] if y == 2 else [],
    )


def _valley():
    x = np.linspace(-1.5, 3, 181)
    bridges = {"no bridge (y = 0)": 0.0, "half (y = 1/2)": 0.5, "identity (y = 1)": 1.0, "y = 2": 2.0}
    return Figure(
        "lines",
        "What the nuclear norm prefers",
        "Nuclear norm of one fact's pattern over x, a valley at 0, 1/2 and 1 for the bridges 0, 1/2 and 1, and at 1/2 for y = 2",
        {"series": [{"label": name, "x": x.tolist(), "y": [squared_norm(t, y) ** 0.5 for t in x]} for name, y in bridges.items()]},
        x_label="x, the untaught block",
        y_label="nuclear norm",
    )
