"""Fuzz what reads data from outside: stored results, patterns over claim ids, formulas of activations, and certificates.

    python benchmarks/fuzz.py [--examples 1000000] [--seed 0] [--only results patterns ...]

Hypothesis draws the inputs: valid ones with some places replaced, and text from the alphabet of each language. A reader may accept or
refuse with its own error; anything else is a bug, printed in full with the input. Prints a table as JSON; exit code 1 with a bug.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import importlib.util
import json
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[1]

#: Integers stay small where a certificate asks for a precision or a power, which cost what they say.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5000),
    st.floats(),
    st.sampled_from(["", "1/0", "0/1", "tanh", "itself", "power:3", "power:x", "\ud800", "[1 +/- 2]"]),
    st.text(max_size=6),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=3), SCALARS, max_size=2))


@dataclass(frozen=True)
class Target:
    """A reader under test: ``read`` accepts, or raises one of ``refusals``."""

    inputs: st.SearchStrategy
    read: Callable[[Any], Any]
    refusals: tuple[type[Exception], ...]


def places(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value inside a JSON document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(document: Any) -> st.SearchStrategy:
    """``document`` with one to three places replaced, removed or doubled."""
    paths = list(places(document))
    change = st.tuples(st.sampled_from(paths), st.sampled_from(["replace", "remove", "double"]), VALUES)

    def apply(changes: list) -> Any:
        result = copy.deepcopy(document)
        for path, what, value in changes:
            with contextlib.suppress(LookupError, TypeError):  # an earlier change took the place away
                parent = result
                for key in path[:-1]:
                    parent = parent[key]
                if what == "remove":
                    del parent[path[-1]]
                elif what == "double" and isinstance(parent, list):
                    parent.append(copy.deepcopy(parent[path[-1]]))
                else:
                    parent[path[-1]] = value
        return result

    return st.lists(change, min_size=1, max_size=3).map(apply)


def damaged(text: str) -> st.SearchStrategy:
    """``text`` cut short, with a piece taken out, or with something put in between."""
    position = st.integers(0, len(text))
    cut = position.map(lambda end: text[:end])
    hole = st.tuples(position, st.integers(1, 40)).map(lambda at: text[: at[0]] + text[sum(at) :])
    patch = st.tuples(position, st.text(alphabet='{}[]",:0123456789.eE+-nulltrfasINy\\u \ud800', max_size=12))
    return st.one_of(cut, hole, patch.map(lambda at: text[: at[0]] + at[1] + text[at[0] :]))


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
    inputs = st.one_of(changed(document), changed(base), damaged(json.dumps(document)), st.text(max_size=30), VALUES)
    return Target(inputs, read, (ResultsError,))


def patterns_target() -> Target:
    """Globs over claim ids."""
    from proofs_check import ClaimError, load_claims

    registry = load_claims()
    words = st.sampled_from(["*", "?", "[", "]", "!", "-", "\\", ".", "mf", "strata", "[a-z]", "[!", "[z-a]", "**", "\n", "\0", "\ud800"])
    found = st.sampled_from(["mf.*", "*strata", "rank.[a-m]*", "fnn.?e*", *registry])
    globs = st.one_of(found, st.lists(words, max_size=12).map("".join), st.text(max_size=12))
    return Target(st.lists(globs, max_size=2), registry.select, (ClaimError,))


def expressions_target() -> Target:
    """Formulas: what is read is evaluated, with two derivatives, at three places."""
    from theory.expressions import FUNCTIONS, ExpressionError, parse

    at = np.array([-1.5, 0.0, 2.0])
    tokens = [
        *FUNCTIONS,
        *"z+-*/()., \n#=:[]{}@&|~^%<>'\"\\",
        "**",
        "//",
        "0.1",
        "2",
        "1e9",
        "1e999",
        "0x1f",
        "1j",
        "_",
        "1_0",
        "lambda",
        "\0",
    ]
    tokens += ["if", "else", "not", "and", "None", "True", "...", "é", "\ud800", "９", "00", "-1", "**-1", "**0.5", "f'{z}'", "z.real"]
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

    return Target(
        st.one_of(grown, st.lists(st.sampled_from(tokens), max_size=15).map("".join), st.text(max_size=15)), read, (ExpressionError,)
    )


def certificates_target() -> Target:
    """Rank certificates, of a network and of a factorization, through the referee's script."""
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
    return Target(st.one_of(*map(changed, found), VALUES), check, (AssertionError, *malformed))


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
    return Target(st.one_of(changed(extremum), changed(network), VALUES), check, (AssertionError,))


def example(name: str) -> Callable[[Any], Any]:
    """The function ``check`` of a script in examples/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.check


TARGETS = {
    "results": results_target,
    "patterns": patterns_target,
    "expressions": expressions_target,
    "certificates": certificates_target,
    "boxes": boxes_target,
}


def fuzz(target: Target, examples: int, seed: int) -> dict[str, Any]:
    """Counts of accepted and refused inputs, and each kind of bug once with the first input that shows it."""
    counts, bugs = {"examples": 0, "accepted": 0, "refused": 0}, {}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        database=None,
        deadline=None,
    )
    @hypothesis.given(target.inputs)
    def search(given: Any) -> None:
        counts["examples"] += 1
        try:
            target.read(given)
            counts["accepted"] += 1
        except target.refusals:
            counts["refused"] += 1
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            bugs.setdefault(kind, {"message": str(error)[:200], "input": repr(given)[:2000]})

    started = time.perf_counter()
    search()
    return {**counts, "seconds": round(time.perf_counter() - started, 1), "bugs": bugs}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=10**6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS))
    options = parser.parse_args()
    found = {name: fuzz(TARGETS[name](), options.examples, options.seed) for name in options.only}
    print(json.dumps(found, indent=1, ensure_ascii=True))
    return int(any(entry["bugs"] for entry in found.values()))


if __name__ == "__main__":
    sys.exit(main())
