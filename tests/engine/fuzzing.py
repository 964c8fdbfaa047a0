"""Readers of what comes from outside, the inputs that they are fuzzed with, and the ways in which inputs are drawn.

``tests/engine/test_fuzzing.py`` reads a few hundred inputs each, ``benchmarks/fuzz.py`` a million.
"""

import contextlib
import hashlib
import importlib
import json
import os
import pickle
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import hypothesis
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]

#: Processor seconds beyond which a single input counts as a bug: whoever reads what others wrote cannot wait for ever.
SLOW = 10.0

#: Integers stay small where a certificate asks for a precision or a power, which cost what they say.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5000),
    st.floats(),
    st.sampled_from(["", "1/0", "0/1", "tanh", "itself", "power:3", "power:x", "\ud800", "[1 +/- 2]", float("nan"), float("inf"), 10**400]),
    st.text(max_size=6),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=3), SCALARS, max_size=2))


@dataclass(frozen=True)
class Target:
    """A reader under test: ``read`` accepts, or raises one of ``refusals``. ``inputs`` draws lists of inputs that are made from the same
    pieces, as drawing costs more than most readers do.
    """

    inputs: st.SearchStrategy
    read: Callable[[Any], Any]
    refusals: tuple[type[Exception], ...]


@dataclass
class Tally:
    """What became of the inputs of one target; each kind of bug once, with the first input that shows it."""

    examples: int = 0
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    bugs: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)

    def meet(self, target: Target, given: Any) -> None:
        """Let ``target`` read one input."""
        self.examples += 1
        self.seen.add(hashlib.blake2b(repr(given).encode(errors="surrogatepass"), digest_size=8).digest())
        started = time.process_time()
        try:
            target.read(given)
            self.accepted += 1
        except target.refusals:
            self.refused += 1
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self._note(f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}", str(error), given)
        if (seconds := time.process_time() - started) > SLOW:
            self._note("slow", f"{seconds:.0f} s", given)

    def _note(self, kind: str, message: str, given: Any) -> None:
        self.bugs.setdefault(kind, {"message": message[:200], "input": repr(given)[:2000]})

    def add(self, other: "Tally") -> None:
        """What another search over the same target found."""
        self.examples += other.examples
        self.accepted += other.accepted
        self.refused += other.refused
        self.seconds += other.seconds
        self.seen |= other.seen
        self.bugs = other.bugs | self.bugs


def fuzz(target: Target, draw: str, examples: int, seed: int) -> Tally:
    """Read inputs drawn by ``hypothesis`` itself, built by its strategies from random ``bytes`` (several times as fast), or from bytes
    that atheris chooses by the ``coverage`` of the reader.
    """
    tally = Tally()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        database=None,
        deadline=None,
    )
    @hypothesis.given(target.inputs)
    def search(given: list) -> None:
        for one in given:
            if tally.examples < examples:
                tally.meet(target, one)

    started = time.process_time()
    if draw == "coverage":
        return guided(search.hypothesis.fuzz_one_input, tally, examples, seed)
    if draw == "hypothesis":
        search()
    source = random.Random(seed)
    while draw == "bytes" and tally.examples < examples:  # too few bytes give no input
        search.hypothesis.fuzz_one_input(source.randbytes(2 ** source.randrange(6, 11)))
    tally.seconds = time.process_time() - started
    return tally


def guided(read: Callable[[bytes], Any], tally: Tally, examples: int, seed: int) -> Tally:
    """Let atheris choose the bytes, in a child process: libFuzzer does not return."""
    import atheris

    answer, end = os.pipe()
    child = os.fork()
    if child == 0:
        started = time.process_time()

        def one(given: bytes) -> None:
            read(given)
            if tally.examples >= examples:
                tally.seconds = time.process_time() - started
                with os.fdopen(end, "wb") as pipe:
                    pickle.dump(tally, pipe)
                os._exit(0)

        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        atheris.Setup([sys.argv[0], f"-seed={seed + 1}", "-max_len=1024", "-len_control=0", "-verbosity=0", "-rss_limit_mb=0"], one)
        atheris.Fuzz()
    os.close(end)
    with os.fdopen(answer, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(said)


def made(name: str, draw: str = "bytes") -> Target:
    """The target called ``name``; for coverage its modules are instrumented as they are imported."""
    if draw != "coverage":
        return TARGETS[name]()
    import atheris

    with contextlib.redirect_stderr(open(os.devnull, "w")), atheris.instrument_imports(include=[*INSTRUMENTED]):
        return TARGETS[name]()


INSTRUMENTED = ("reports", "theory", "proofs_check", "numerics", "balls", "check_certificate", "check_minor", "check_box", "latex2mathml")


def places(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value inside a JSON document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(document: Any) -> st.SearchStrategy:
    """``document`` with some of its places replaced, removed or doubled: drawn changes one by one, two by two, and all together."""
    paths, text = list(places(document)), json.dumps(document)
    change = st.tuples(st.sampled_from(paths), st.sampled_from(["replace", "remove", "double"]), VALUES)

    def apply(changes: Sequence) -> Any:
        result = json.loads(text)
        for path, what, value in changes:
            with contextlib.suppress(LookupError, TypeError):  # an earlier change took the place away
                parent = result
                for key in path[:-1]:
                    parent = parent[key]
                if what == "remove":
                    del parent[path[-1]]
                elif what == "double" and isinstance(parent, list):
                    parent.append(parent[path[-1]])
                else:
                    parent[path[-1]] = value
        return result

    def combined(changes: list) -> list:
        chosen = [(one,) for one in changes] + list(combinations(changes, 2))
        return [apply(some) for some in [*chosen, changes]]

    return st.lists(change, min_size=1, max_size=8).map(combined)


def damaged(content: Any, patches: st.SearchStrategy) -> st.SearchStrategy:
    """``content`` (text or bytes) cut short, with a piece taken out, and with something put in between or in place."""

    def variants(drawn: tuple[int, int, Any]) -> list:
        at, length, patch = drawn
        before, after = content[:at], content[at:]
        return [before, before + after[length:], before + patch + after, before + patch + after[len(patch) :]]

    return st.tuples(st.integers(0, len(content)), st.integers(1, 40), patches).map(variants)


def joined(words: st.SearchStrategy, size: int) -> st.SearchStrategy:
    """Up to ``size`` words in a row: every beginning, and the whole without any one of them."""

    def variants(drawn: list[str]) -> list[str]:
        beginnings = ["".join(drawn[: k + 1]) for k in range(len(drawn))]
        return beginnings + ["".join(drawn[:k] + drawn[k + 1 :]) for k in range(len(drawn) - 1)]

    return st.lists(words, min_size=1, max_size=size).map(variants)


def alone(inputs: st.SearchStrategy) -> st.SearchStrategy:
    """One input at a time."""
    return inputs.map(lambda one: [one])


def results_target() -> Target:
    """results.json and baselines, from damaged text and from valid JSON with wrong fields."""
    from reports import baseline
    from reports.results import ResultsError, parse, validate

    sys.path.append(str(ROOT / "tests" / "reports"))
    from synthetic_results import small

    document = small()
    document["claims"] = document["claims"][:2]

    def read(given: Any) -> None:
        parsed = parse(given if isinstance(given, str) else json.dumps(given))
        validate(baseline.complete(parsed))

    base = baseline.make(document, "to be damaged")
    patches = st.text(alphabet='{}[]",:0123456789.eE+-nulltrfasINy\\u \ud800', max_size=12)
    inputs = st.one_of(changed(document), changed(base), damaged(json.dumps(document), patches), alone(st.text(max_size=30)), alone(VALUES))
    return Target(inputs, read, (ResultsError,))


def patterns_target() -> Target:
    """Globs over claim ids."""
    from proofs_check import ClaimError, load_claims

    registry = load_claims()
    words = st.sampled_from(["*", "?", "[", "]", "!", "-", "\\", ".", "mf", "strata", "[a-z]", "[!", "[z-a]", "**", "\n", "\0", "\ud800"])
    found = st.sampled_from(["mf.*", "*strata", "rank.[a-m]*", "fnn.?e*", *registry])
    globs = st.one_of(alone(found), joined(words, 12), alone(st.text(max_size=12)))
    inputs = st.tuples(globs, globs).map(lambda pair: [[], *([glob] for glob in pair[0]), *map(list, zip(*pair, strict=False))])
    return Target(inputs, registry.select, (ClaimError,))


def statements_target() -> Target:
    """Statements in LaTeX: whatever they are, the page shows well-formed markup without a backslash."""
    from reports.mathematics import readable, render_math

    words = r"""\frac \sum_{k=1} \text{ \operatorname{rank} \left( \right) \begin{matrix} \end{matrix} \\ & { } $ $$ ^ _ a theta \theta
        every_width \ge 1 < \ ~ ' \quad \sqrt \mathbb{R} \href{x} \color{red} \lim \limits \overline % # é \not \|""".split()
    texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=16)  # what a page can hold

    def read(latex: str) -> None:
        page = render_math(latex)
        assert "\\" not in page + readable(latex)
        ElementTree.fromstring(f"<p>{page}</p>".encode())

    return Target(st.one_of(joined(st.sampled_from([*words, " ", "every width", "\n"]), 16), alone(texts)), read, ())


def expressions_target() -> Target:
    """Formulas: what is read is evaluated, with two derivatives, at three places."""
    import numpy as np

    from theory.expressions import FUNCTIONS, ExpressionError, parse

    at = np.array([-1.5, 0.0, 2.0])
    tokens = [*FUNCTIONS, *"z+-*/()., \n#=:[]{}@&|~^%<>'\"\\\0\ud800é９"]
    tokens += "** // 0.1 2 1e9 1e999 0x1f 1j _ 1_0 lambda if else not and None True ... 00 -1 **-1 **0.5 f'{z}' z.real".split()
    grown = st.recursive(
        st.sampled_from(["z", "1", "0", "0.5", "3", "-2", "z/2", "1e-9"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
            st.tuples(inner, st.sampled_from(["2", "-1", "0.5", "17", "z", "1/3"])).map(lambda t: f"({t[0]})**({t[1]})"),
            st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda t: f"{t[0]}({t[1]})"),
        ),
        max_leaves=8,
    )

    def read(formula: str) -> None:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            sigma = parse(formula)
            sigma(at)
            sigma.jet(at, 2)

    inputs = st.one_of(alone(grown), joined(st.sampled_from(tokens), 15), alone(st.text(max_size=15)))
    return Target(inputs, read, (ExpressionError,))


def certificates_target() -> Target:
    """Rank certificates, of networks and of a factorization, through the referee's script."""
    import numpy as np

    from numerics.rank import model_rank
    from theory.models import FullyConnected, MatrixFactorization, TwoLayer

    check = example("check_certificate")
    small = [
        (TwoLayer(1, 2, activation="tanh"), np.array([0.5, -1.25, 2.0, 1.0]), "exact"),
        (TwoLayer(1, 2, activation="sin"), np.array([0.5, -1.25, 2.0, 1.0]), "exact"),
        (FullyConnected((1, 2, 1), "softplus"), np.array([0.5, -1.25, 2.0, 1.0, 0.75, -1.0, 0.25]), "ball"),
        (MatrixFactorization(2, 2, 1), np.array([1.0, 2.0, 0.5, 1.0]), "exact"),
    ]
    found = [json.loads(json.dumps(model_rank(model, theta, method=method).certificate, default=str)) for model, theta, method in small]
    for certificate in found:
        check(certificate)
    # A hundred lines for a referee to read: what is no certificate at all ends in whatever ordinary exception it leads to.
    malformed = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
    return Target(st.one_of(*map(changed, found), alone(VALUES)), check, (AssertionError, *malformed))


def boxes_target() -> Target:
    """Krawczyk boxes, through the referee's script: of an extremum, and of a network whose box holds no critical point."""
    extremum = {"kind": "extremum of the elasticity", "activation": "exp(atan(z))", "centre": ["1.0"], "radius": "1e-9", "bits": 64}
    network = {
        "widths": [1, 1, 1],
        "x": [[1], [-0.5], [2], [0.25]],
        "y": [[-1], [0.5], [0.75], [1]],
        "place": {"activation": "tanh", "widths": [1, 1, 1]},
    }
    network["box"] = {"centre": ["0.5", "0.25", "1.5", "-1"], "radius": "1e-9", "bits": 64}
    check = example("check_box")
    check(extremum)
    return Target(st.one_of(changed(extremum), changed(network), alone(VALUES)), check, (AssertionError,))


def stores_target() -> Target:
    """Run stores, byte by byte."""
    from proofs_check import Status
    from proofs_check.engine.finding import Finding
    from proofs_check.engine.job import Job
    from proofs_check.engine.store import Store, StoreError

    directory = Path(tempfile.mkdtemp())
    file = directory / "run.sqlite"
    job = Job("own.py", "s" * 64, "own.a", "only", "itself", "quick", 0, "cpu", 10.0)
    store = Store(directory)
    for name in ("own.a", "own.b"):
        store.put(replace(job, claim=name), Finding(Status.FAILS, met=1, margin=-0.5, message="no", counterexample={"x": [1]}))
    store.close()
    content = file.read_bytes()
    used = [place for place, byte in enumerate(content) if byte]  # most of a page is empty

    def put(changes: list[tuple[int, bytes]]) -> bytes:
        found = bytearray(content)
        for place, text in changes:
            found[place : place + len(text)] = text
        return bytes(found)

    def read(given: bytes) -> None:
        for beside in ("-wal", "-shm"):
            (directory / f"run.sqlite{beside}").unlink(missing_ok=True)
        file.write_bytes(given)
        store = Store(directory)
        try:
            store.get(job)
        finally:
            store.close()

    texts = st.one_of(st.binary(min_size=1, max_size=4), st.sampled_from([b'"', b"{", b"}", b"null", b"NaN", b"holds", b"\xff"]))
    inputs = st.lists(st.tuples(st.sampled_from(used), texts), min_size=1, max_size=3).map(put)
    return Target(st.one_of(alone(inputs), damaged(content, texts)), read, (StoreError,))


def networks_target() -> Target:
    """Networks and samples in files, and names of activations, as ``proofs-check lift`` reads them."""
    import numpy as np
    from safetensors.numpy import save

    from numerics.modules.deepening import deepen
    from proofs_check.commands._group import UNUSABLE
    from proofs_check.commands._inputs import load_samples
    from proofs_check.commands._networks import read_layers

    directory = Path(tempfile.mkdtemp())
    module, samples = directory / "module.safetensors", directory / "samples.npy"
    rng = np.random.default_rng(0)
    state = {"0.weight": rng.normal(size=(2, 1)), "0.bias": rng.normal(size=2), "2.weight": rng.normal(size=(1, 2)), "2.bias": np.zeros(1)}
    tensors = save(state)
    np.save(samples, np.array([[0.5], [1.0], [2.0]]))
    array = samples.read_bytes()
    patches = st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [b'"F32"', b"[2,1]", b"[0]", b"[99999999999]", b"1.weight", b"'<f4'", b"'|O'", b"(3,)", b"(10000000000, 1)", b"-1", b"\xff"]
        ),
    )
    names = st.one_of(
        st.sampled_from(["relu", "leaky:1/3", "leaky:x", "leaky:1/0", "hardtanh", "tanh", "power:x", ""]), st.text(max_size=6)
    )

    def read(given: tuple[bytes, bytes, str, int]) -> None:
        first, second, name, after = given
        module.write_bytes(first)
        samples.write_bytes(second)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            deepen(read_layers(str(module), name).layers, load_samples(samples), after)

    files = st.one_of(
        damaged(tensors, patches).map(lambda variants: [(one, array) for one in variants]),
        damaged(array, patches).map(lambda variants: [(tensors, one) for one in variants]),
    )
    inputs = st.tuples(files, names, st.integers(-1, 3)).map(lambda drawn: [(*pair, *drawn[1:]) for pair in drawn[0]])
    return Target(inputs, read, (*UNUSABLE, OSError))


def example(name: str) -> Callable[[Any], Any]:
    """The function ``check`` of a script in examples/."""
    if str(ROOT / "examples") not in sys.path:
        sys.path.append(str(ROOT / "examples"))
    return importlib.import_module(name).check


TARGETS = {
    "results": results_target,
    "patterns": patterns_target,
    "statements": statements_target,
    "expressions": expressions_target,
    "certificates": certificates_target,
    "boxes": boxes_target,
    "stores": stores_target,
    "networks": networks_target,
}
