"""Whether a module is constant along vector fields v(theta) = A theta + c at all parameters and inputs: python-flint alone.

Parameters and inputs are free symbols, and so is what a non-linear step makes of values that do not move (equal arguments, equal symbols;
the weights of a softmax add up to one, normalized values to zero). A gate is a symbol that multiplies. So slopes along a field are
polynomials in symbols, and where all vanish, so they do whatever the symbols stand for. What enters a closed step must not move; of a
softmax and a normalization it may move by one number in each row.
"""

import sys
from pathlib import Path

from flint import fmpq

sys.path.insert(0, str(Path(__file__).parent))
from referee import require, whole  # noqa: E402

#: Products of terms that may be taken.
MOST = 40_000_000
STILL = "a field along which a closed step moves"


def constant(value):
    return {(): fmpq(value)} if value != 0 else {}


def minus(a):
    return {m: -c for m, c in a.items()}


def key(a):
    return frozenset((m, int(c.p), int(c.q)) for m, c in a.items())


class Polynomials:
    """{sorted numbers of symbols: coefficient}; one symbol for each key."""

    def __init__(self):
        self.known, self.cost = {}, 0

    def symbol(self, *name):
        return {(self.known.setdefault(name, len(self.known)),): fmpq(1)}

    def sum(self, terms):
        found = {}
        for term in terms:
            self.cost += len(term)
            for m, c in term.items():
                found[m] = found[m] + c if m in found else c
        require(self.cost < MOST, "a proof that is too long")
        return {m: c for m, c in found.items() if c != 0}

    def product(self, a, b):
        self.cost += len(a) * len(b)
        require(self.cost < MOST, "a proof that is too long")
        found = {}
        for m, c in a.items():
            for k, d in b.items():
                n = tuple(sorted(m + k))
                found[n] = found[n] + c * d if n in found else c * d
        return {m: c for m, c in found.items() if c != 0}


class Slopes:
    """Values and slopes of all steps along fields at once: each is multiplied by a symbol of its own."""

    def __init__(self, steps, fields, opened, products):
        self.steps, self.fields, self.opened, self.products = steps, fields, opened, products
        self.P, self.values, self.slopes, self.fed = Polynomials(), [], [], []

    def run(self):
        """The slopes of the last step."""
        for number, step in enumerate(self.steps):
            self.fed.append(step["kind"] in ("input", "tokens") or any(self.fed[k] for k in step["sources"]))
            value, slope = getattr(self, f"of_{step['kind']}")(step, number, *step["sources"])
            slope = slope if slope and any(slope) else None
            if slope is None and self.fed[number]:
                value = [self.P.symbol("value", key(z)) if any(len(m) > 1 for m in z) else z for z in value]
            self.values.append(value)
            self.slopes.append(slope)
        return self.slopes[-1] or []

    def moving(self, number):
        """The slopes of a value, zeros where it is still."""
        return self.slopes[number] or [{}] * len(self.values[number])

    def closed(self, number, *sources):
        """Whether a step is closed; then what enters it must be still."""
        if number in self.opened or not self.fed[number]:
            return False
        require(not any(any(self.moving(k)) for k in sources), STILL)
        return True

    # ------------------------------------------------------------------------------------------------ linear steps

    def of_parameters(self, step, number):
        theta = [self.P.symbol("theta", k) for k in range(step["size"])]
        slopes = [[] for _ in theta]
        for place, field in enumerate(self.fields):
            along = self.P.symbol("along", place)
            for k, j, c in field:
                slopes[k].append(self.P.product(along, self.P.product(constant(c), constant(1) if j is None else theta[j])))
        return theta, [self.P.sum(parts) for parts in slopes]

    def of_input(self, step, number):
        return [self.P.symbol("input", step["number"], k) for k in range(step["size"])], None

    of_tokens = of_input

    def of_constant(self, step, number):
        return [constant(fmpq(*map(int, v.split("/")))) for v in step["values"]], None

    def linear(self, function, *sources):
        return function(*(self.values[k] for k in sources)), function(*map(self.moving, sources))

    def of_gather(self, step, number, source):
        return self.linear(lambda a: [a[k] if k >= 0 else {} for k in step["index"]], source)

    def of_join(self, step, number, *sources):
        return self.linear(lambda *parts: [z for part in parts for z in part], *sources)

    def of_add(self, step, number, *sources):
        return self.linear(lambda a, b: [self.P.sum(pair) for pair in zip(a, b, strict=True)], *sources)

    def of_scale(self, step, number, source):
        factor = constant(fmpq(*map(int, step["factor"].split("/"))))
        return self.linear(lambda a: [self.P.product(z, factor) for z in a], source)

    def of_sum(self, step, number, source):
        length = step["length"]
        return self.linear(lambda a: [self.P.sum(a[k : k + length]) for k in range(0, len(a), length)], source)

    # ---------------------------------------------------------------------------------------------------- products

    def bilinear(self, number, pairs, a, b):
        """Sums of products of entries (i, j) of two values, with their slopes."""
        total = lambda x, y: [self.P.sum(self.P.product(x[i], y[j]) for i, j in row if x[i] and y[j]) for row in pairs]
        value = total(self.values[a], self.values[b])
        if self.fed[a] and self.fed[b] and not self.products and self.closed(number, a, b):
            return value, None
        parts = total(self.moving(a), self.values[b]), total(self.values[a], self.moving(b))
        return value, [self.P.sum(pair) for pair in zip(*parts, strict=True)]

    def of_mul(self, step, number, a, b):
        return self.bilinear(number, [[(k, k)] for k in range(step["size"])], a, b)

    def of_matmul(self, step, number, a, b):
        batch, rows, inner, columns = (step[name] for name in ("batch", "rows", "inner", "columns"))
        places = [(k, i, j) for k in range(batch) for i in range(rows) for j in range(columns)]
        pairs = [[((k * rows + i) * inner + m, (k * inner + m) * columns + j) for m in range(inner)] for k, i, j in places]
        return self.bilinear(number, pairs, a, b)

    def of_lookup(self, step, number, table, tokens):
        """Rows of the table, each times a symbol; of one token these add up to one."""
        width, entries = step["width"], self.values[table]
        count, value, moved = len(entries) // width, [], []
        for token in self.values[tokens]:
            hot = [self.P.symbol("token", key(token), v) for v in range(count - 1)]
            hot.append(self.P.sum([constant(1), *map(minus, hot)]))
            for k in range(width):
                rows = range(k, count * width, width)
                value.append(self.P.sum(self.P.product(h, entries[r]) for h, r in zip(hot, rows, strict=True)))
                moved.append(self.P.sum(self.P.product(h, self.moving(table)[r]) for h, r in zip(hot, rows, strict=True)))
        return value, moved

    # --------------------------------------------------------------------------------------------- non-linear steps

    def of_function(self, step, number, source):
        """A symbol for each value, and one for each derivative, but those that the value gives."""
        value = [self.P.symbol("function", step["name"], key(z)) for z in self.values[source]]
        if self.closed(number, source):
            return value, None
        moved = []
        for v, z, dz in zip(value, self.values[source], self.moving(source), strict=True):
            square = self.P.product(v, v)
            slope = {
                "exp": v,
                "reciprocal": minus(square),
                "root": self.P.product(self.P.product(square, v), constant(fmpq(-1, 2))),
            }.get(step["name"], self.P.symbol("slope", step["name"], key(z)))
            moved.append(self.P.product(slope, dz))
        return value, moved

    def of_relu(self, step, number, source):
        """Positive multiples of one value share their gate."""
        closed, value, moved = self.closed(number, source), [], []
        for z, dz in zip(self.values[source], self.moving(source), strict=True):
            size = abs(z[min(z)]) if z else fmpq(1)
            ray = key({m: c / size for m, c in z.items()})
            gate = self.P.symbol("gate", ray)
            value.append(self.P.product(constant(size), self.P.symbol("relu", ray)) if closed else self.P.product(gate, z))
            moved.append({} if closed else self.P.product(gate, dz))
        return value, moved

    def of_greatest(self, step, number, source):
        length, z, dz = step["length"], self.values[source], self.moving(source)
        closed, value, moved = self.closed(number, source), [], []
        for start in range(0, len(z), length):
            row, name = range(start, start + length), tuple(key(entry) for entry in z[start : start + length])
            first = [self.P.symbol("first", name, k) for k in range(length)]
            value.append(self.P.sum(self.P.product(c, z[k]) for c, k in zip(first, row, strict=True)))
            moved.append({} if closed else self.P.sum(self.P.product(c, dz[k]) for c, k in zip(first, row, strict=True)))
        return value, moved

    def of_softmax(self, step, number, source):
        """Closed but for one number in each row; the last weight is what the others leave of one."""
        length, z, dz, value = step["length"], self.values[source], self.moving(source), [{}] * step["size"]
        for start in range(0, len(z), length):
            *others, last = [k for k in range(start, start + length) if not step["hidden"][k]]
            apart = lambda a, k, last=last: self.P.sum([a[k], minus(a[last])])
            require(not any(apart(dz, k) for k in others), STILL)
            name = tuple(key(apart(z, k)) for k in others)
            for k in others:
                value[k] = self.P.symbol("softmax", name, k - start)
            value[last] = self.P.sum([constant(1), *(minus(value[k]) for k in others)])
        return value, None

    def of_normalize(self, step, number, source):
        """Closed but for one number in each row; the last value is what the others leave of zero."""
        length, z, dz, value = step["length"], self.values[source], self.moving(source), [{}] * step["size"]
        for start in range(0, len(z), length):
            apart = lambda a, k, last=start + length - 1: self.P.sum([a[k], minus(a[last])])
            require(not any(apart(dz, k) for k in range(start, start + length)), STILL)
            name = (step["eps"], tuple(key(apart(z, k)) for k in range(start, start + length)))
            for k in range(start, start + length - 1):
                value[k] = self.P.symbol("normalized", name, k - start)
            value[start + length - 1] = minus(self.P.sum(value[start : start + length - 1]))
        return value, None


def check_constant(steps, fields, shifts):
    """Refuse fields along which the outputs of the steps are not constant at all parameters; with ``shifts`` up to one number added to all.

    A field is {"linear": [[k, j, A_kj] ...], "constant": [[k, c_k] ...], "open": steps, "products": whether products of two values that
    depend on inputs may move}.
    """
    size = steps[0]["size"]
    if shifts:
        outputs = steps[-1]["size"]
        steps = [*steps, {"kind": "softmax", "sources": [len(steps) - 1], "size": outputs, "length": outputs, "hidden": [0] * outputs}]
    groups = {}
    for field in fields:
        entries = [*field["linear"], *([k, None, c] for k, c in field["constant"])]
        for k, j, _ in entries:
            require(whole(k, 0, "an entry") < size and (j is None or whole(j, 0, "an entry") < size), "a field of other parameters")
        attempt = tuple(whole(k, 0, "a step") for k in field["open"]), field["products"] is True
        groups.setdefault(attempt, []).append([(k, j, fmpq(*map(int, c.split("/")))) for k, j, c in entries])
    for (opened, products), group in groups.items():
        require(not any(Slopes(steps, group, opened, products).run()), "a field along which outputs move")
