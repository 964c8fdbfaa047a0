"""Mutation testing: change the formulas of theory/ and the checkers in one place at a time, and see that a test notices.

    python benchmarks/mutation.py [--modules theory/rank/closed_forms.py ...] [--per-module 30] [--seed 0] [--jobs 1] [--again | --report]

cosmic-ray (extra ``mutation``) enumerates and applies the mutants, in a copy of the repository. A mutant is killed when the tests named
for its module in ``KILLERS`` fail, or a claim named there gets another verdict. Rows go to ``results/mutation.json``, which keeps those of
modules not run now, and from there to ``results/mutation.md``. Survivors are explained in ``mutation_survivors.json``, by module, line
before and line after. ``--again`` tries only stored survivors without one, ``--report`` writes the page and runs nothing.

Tests run in a process forked from one that holds the libraries and nothing of the project, so a mutant costs its tests and no start.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import gc
import importlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "benchmarks" / "results" / "mutation.json"
PAGE = ROOT / "benchmarks" / "results" / "mutation.md"
EXPLANATIONS = ROOT / "benchmarks" / "mutation_survivors.json"
COPIED = ("theory", "numerics", "proofs_check", "reports", "examples", "tests", "docs", "pyproject.toml", "README.md", "constraints.txt")
PACKAGES = ("theory", "numerics", "proofs_check", "reports")

#: Loaded once before forking. Nothing of the project is among them: it must be read after the mutation.
LIBRARIES = """pytest _pytest.pytester hypothesis hypothesis.strategies hypothesis.extra.numpy numpy scipy.linalg scipy.special scipy.stats
scipy.optimize scipy.integrate torch sympy networkx flint jsonschema click rich.console array_api_compat.numpy"""

#: Replacements that end in a TypeError on the numbers at hand, or compare small integers by identity: kills for free, or no change.
UNINFORMATIVE = re.compile(
    r"core/(ReplaceBinaryOperator_(Add|Sub|Mul|Div|FloorDiv|Mod|Pow)_(BitOr|BitAnd|BitXor|LShift|RShift)"
    r"|ReplaceUnaryOperator_USub_Invert|ReplaceComparisonOperator_(Eq|NotEq|Lt|LtE|Gt|GtE)_(Is|IsNot))$"
)

#: A mutant may take this many times the processor time of the unchanged module, and this much more (seconds).
PATIENCE, GRACE = 4, 5.0
#: Bytes of address space for the tests of one mutant, which may ask for any amount.
MEMORY = 12 << 30


@dataclass(frozen=True)
class Killers:
    """What must notice a mutant: test files (or single tests), then claims at level quick."""

    tests: tuple[str, ...]
    claims: tuple[str, ...] = ()


def killers(tests: str, claims: str = "") -> Killers:
    """Test files below tests/ and globs over claim ids, separated by blanks."""
    return Killers(tuple(f"tests/{name}" for name in tests.split()), tuple(claims.split()))


_LIFTING = killers("theory/lifting/test_lifting_margins.py theory/lifting/test_lifting.py")
_RESIDUAL = killers("theory/lifting/test_residual.py theory/lifting/test_lifting.py")
_REGULARIZATION = killers("theory/regularization/test_regularization.py theory/regularization/test_regularization_oracles.py")
_EMBEDDING = killers("theory/embedding/test_sparse_maps.py theory/embedding/test_embedding.py")
_CONGRUENCES = killers(
    "theory/embedding/test_congruences.py", "embedding.splitting.congruence embedding.multicopy.inertia embedding.null.congruence"
)

#: The formulas that claims predict with, and what decides whether they hold; cheap tests first.
KILLERS: dict[str, Killers] = {
    "theory/activations.py": killers("theory/test_activations.py"),
    "theory/lifting/pieces.py": killers("theory/lifting/test_pieces.py theory/lifting/test_lifting.py"),
    "theory/rank/completion.py": killers("theory/rank/test_completion_formulas.py"),
    "theory/embedding/affine.py": _EMBEDDING,
    "theory/embedding/blocks.py": _CONGRUENCES,
    "theory/embedding/compatible.py": _EMBEDDING,
    "theory/embedding/congruence.py": _CONGRUENCES,
    "theory/embedding/graph.py": _EMBEDDING,
    "theory/embedding/merging.py": _EMBEDDING,
    "theory/embedding/onestep.py": _EMBEDDING,
    "theory/embedding/symbolic.py": killers(
        "theory/embedding/test_symbolic.py",
        "embedding.splitting.congruence embedding.null.congruence embedding.irreversibility embedding.compatible.criticality",
    ),
    "theory/embedding/wiring.py": _EMBEDDING,
    "theory/lifting/factoring.py": killers("theory/lifting/test_factoring.py theory/lifting/test_lifting.py"),
    "theory/models/factorizations.py": killers("theory/models/test_factorizations.py"),
    "theory/rank/generators.py": killers(
        "theory/rank/test_generators.py theory/rank/test_closed_forms.py numerics/rank/test_sample_bound.py"
    ),
    "theory/recovery/genericity.py": killers("theory/recovery/test_genericity.py theory/recovery/test_recovery.py"),
    "theory/recovery/silent_neuron.py": killers("theory/models/test_model_formulas.py theory/recovery/test_recovery.py"),
    "theory/lifting/lifts.py": _LIFTING,
    "theory/models/networks.py": killers("theory/models/test_model_formulas.py theory/models/test_models.py"),
    "theory/models/normalization.py": _RESIDUAL,
    "theory/models/pooling.py": killers("theory/models/test_model_formulas.py theory/models/test_pooling.py"),
    **dict.fromkeys(
        ("theory/rank/closed_forms.py", "theory/rank/independence.py", "theory/rank/optimistic.py", "theory/rank/targets.py"),
        killers(
            "theory/rank/test_rank_formulas.py theory/rank/test_closed_forms.py theory/rank/test_targets.py"
            " theory/models/test_factorizations.py"
        ),
    ),
    "theory/recovery/branches.py": killers("theory/recovery/test_branches.py theory/recovery/test_recovery.py"),
    "theory/regularization/constructions.py": _REGULARIZATION,
    "theory/regularization/criterion.py": _REGULARIZATION,
    "theory/regularization/first_integrals.py": _REGULARIZATION,
    "theory/regularization/mechanisms.py": _REGULARIZATION,
    "theory/regularization/regularizers.py": _REGULARIZATION,
    "theory/lifting/residual.py": _RESIDUAL,
    "theory/lifting/smooth.py": _LIFTING,
    "theory/rank/strata.py": killers("theory/rank/test_strata.py theory/rank/test_rank_formulas.py"),
    "theory/models/toy.py": killers("theory/models/test_toy.py", "toy.*"),
    "numerics/rank/certificates.py": killers("numerics/rank/test_referee_minors.py numerics/rank/test_rank.py"),
    "numerics/arithmetic/exact.py": killers("numerics/arithmetic/test_exact.py numerics/rank/test_rank.py"),
    "numerics/hessian/inertias.py": killers("numerics/hessian/test_inertia.py"),
    "numerics/arithmetic/isolation.py": killers("numerics/arithmetic/test_isolation.py"),
    "numerics/arithmetic/krawczyk.py": killers("numerics/arithmetic/test_krawczyk.py numerics/arithmetic/test_isolation.py"),
    "numerics/rank/modules.py": killers("numerics/modules/test_module_steps.py numerics/rank/test_module_rank.py"),
    "numerics/rank/ladder.py": killers("numerics/rank/test_rank.py numerics/rank/test_series.py"),
    "numerics/statistics.py": killers("numerics/test_statistics_formulas.py numerics/test_statistics.py"),
    "proofs_check/engine/reduction.py": killers("engine/test_reduction_steps.py engine/test_reduction.py"),
    "proofs_check/engine/verdict.py": killers("engine/test_verdict.py"),
    "examples/balls.py": killers("numerics/arithmetic/test_referee_balls.py"),
    "examples/check_minor.py": killers("numerics/rank/test_referee_minors.py"),
}


@dataclass
class Survivor:
    """A mutant that no test noticed: where, by which operator, and the line before and after."""

    line: int
    operator: str
    before: str
    after: str


@dataclass
class Row:
    """What the mutants of one module came to; ``seconds`` is the processor time of its tests without a mutation.

    ``later`` counts those of ``killed`` that survived the sample first and were killed by tests added because of them.
    """

    module: str
    mutants: int
    tested: int
    seed: int
    seconds: float
    killed: int = 0
    later: int = 0
    timed_out: int = 0
    survivors: list[Survivor] = field(default_factory=list)


class Broken(RuntimeError):
    """The tests of a module fail without a mutation."""


# -- one run of the tests -----------------------------------------------------------------------------------------------------------


def noticed(copy: Path, which: Killers) -> bool:
    """Whether a test fails or a claim does not pass. To be called in a process that has read nothing of the project."""
    import hypothesis
    import pytest

    sys.path.insert(0, str(copy))
    os.chdir(copy)
    # The same examples for every mutant, none remembered; a slow machine notices nothing.
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutation")
    options = ["-q", "-x", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:randomly"]
    if which.tests and pytest.main([*options, *which.tests]) != 0:
        return True
    for name in PACKAGES:
        if name in sys.modules and not Path(sys.modules[name].__file__).is_relative_to(copy):
            raise RuntimeError(f"{name} was read from {sys.modules[name].__file__}, not from the copy")
    return bool(which.claims) and not claims_pass(which.claims)


def claims_pass(patterns: tuple[str, ...]) -> bool:
    """Whether every claim that matches keeps a good verdict at level quick, in this process."""
    from proofs_check.engine.execution import run_part
    from proofs_check.engine.finding import parts
    from proofs_check.engine.registry import load_claims
    from proofs_check.engine.runner import below
    from proofs_check.engine.verdict import BAD, verdict

    for claim in load_claims().select(patterns):
        findings = {}
        for name, part in parts(claim):
            finding = below(claim.check(name), part, "quick")
            findings[name, part] = finding or run_part(claim, name, part, level="quick", seed=0, device="cpu")
        found = verdict(claim, findings)
        print(claim.id, found)
        if found in (*BAD, "inconclusive", "skipped"):
            return False
    return True


@dataclass(frozen=True)
class Attempt:
    """How the tests ended: ``passed``, ``noticed`` or ``timed out``, after how much processor and wall time (seconds)."""

    end: str
    processor: float
    wall: float


def attempt(copy: Path, which: Killers, log: Path, *, processor: float = 1e4, wall: float = 1800) -> Attempt:
    """Run the tests in a forked process of their own, within limits."""
    start = time.monotonic()
    if (child := os.fork()) == 0:
        _child(lambda: noticed(copy, which), log, processor)
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done or time.monotonic() - start > wall:
            break
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):  # what the tests started ends with them
        os.killpg(child, signal.SIGKILL)
    if not done:
        _, status, usage = os.wait4(child, 0)
    late = not done or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL))
    end = "timed out" if late else "passed" if os.waitstatus_to_exitcode(status) == 0 else "noticed"
    return Attempt(end, usage.ru_utime + usage.ru_stime, time.monotonic() - start)


def _child(run: Callable[[], bool], log: Path, processor: float) -> None:
    """End this process with 0 when ``run`` says False, 1 when it says True, 2 when it raises."""
    code = 2
    try:
        os.setsid()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (int(processor) + 1, int(processor) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.dont_write_bytecode = True  # a stale one would hide the next mutant
        code = int(run())
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


# -- the mutants of one module ------------------------------------------------------------------------------------------------------


def without_effect(source: str) -> list[tuple[int, int, int, int]]:
    """Where a mutation changes annotations (never evaluated here) or the words of a raised message: first and last line and column."""
    places: list[ast.AST] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            places.append(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            places.append(node.returns)
        elif isinstance(node, ast.Raise):
            places += (inner for inner in ast.walk(node) if isinstance(inner, ast.JoinedStr))
    return [(place.lineno, place.col_offset, place.end_lineno or 0, place.end_col_offset or 0) for place in places]


def enumerated(copy: Path, module: str, session: Path) -> list:
    """The mutations of cosmic-ray that can change what a module computes, in the order of the source."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB, use_db

    source = (copy / module).read_text()
    idle = without_effect(source)
    with use_db(str(session), WorkDB.Mode.create) as database:
        init([copy / module], database, {})
        every = [mutation for item in database.work_items for mutation in item.mutations]
    outside = lambda mutation: not any(place[:2] <= mutation.start_pos < place[2:] for place in idle)
    chosen = [mutation for mutation in every if outside(mutation) and not UNINFORMATIVE.match(mutation.operator_name)]
    return sorted(chosen, key=lambda mutation: (mutation.start_pos, mutation.operator_name, mutation.occurrence))


def changed_lines(before: str, after: str) -> tuple[int, str, str]:
    """The first line that differs, counted from 1, and the lines before and after, blanks joined."""
    old, new = before.split("\n"), after.split("\n")
    changes = [block for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if block[0] != "equal"]
    (_, old_from, _, new_from, _), (_, _, old_to, _, new_to) = changes[0], changes[-1]
    joined = lambda lines: " ".join(" ".join(lines).split())
    return old_from + 1, joined(old[old_from:old_to]), joined(new[new_from:new_to])


def tested(module: str, per_module: int | None, seed: int, before: Row | None = None) -> Row:
    """Every mutant of ``module``, or a random sample of them, against the tests named for it; of a row ``before`` its survivors again."""
    for library in LIBRARIES.split():
        importlib.import_module(library)
    gc.freeze()  # or every child would search the libraries for garbage, which is most of what a short test costs
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        copy, log = Path(scratch) / "copy", Path(scratch) / "log"
        snapshot(copy)
        plain = attempt(copy, KILLERS[module], log)
        print(f"{module}: {plain.processor:.1f} s ({plain.wall:.1f} s of wall time) without a mutation", flush=True)
        if plain.end != "passed":
            raise Broken(f"{module}: its tests fail without a mutation\n{log.read_text()[-3000:]}")
        mutants = enumerated(copy, module, Path(scratch) / "session.sqlite")
        if before is None:
            chosen = list(mutants)
            random.Random(f"{seed} {module}").shuffle(chosen)  # a larger sample contains the smaller ones
            del chosen[per_module:]
            row = Row(module, len(mutants), len(chosen), seed, round(plain.processor, 2))
        else:
            chosen = [found for survivor in before.survivors if (found := located(survivor, mutants, (copy / module).read_text()))]
            if len(chosen) != len(before.survivors):
                raise Broken(f"{module}: has changed since its survivors were listed")
            row = replace(before, survivors=[], seconds=round(plain.processor, 2))
        for mutant in chosen:
            with mutated(mutant) as survivor:
                end = attempt(copy, KILLERS[module], log, processor=GRACE + PATIENCE * plain.processor, wall=60 + 20 * plain.wall).end
            if end == "passed":
                row.survivors.append(survivor)
                print(f"survived {module}:{survivor.line} {survivor.before}  =>  {survivor.after}", flush=True)
            row.killed += end == "noticed"
            row.later += end != "passed" and before is not None
            row.timed_out += end == "timed out"
        return row


def located(survivor: Survivor, mutants: list, source: str) -> Any:
    """The mutant that changed this line in this way, the nearest where a line occurs twice, or None."""
    lines = [" ".join(line.split()) for line in source.split("\n")]
    for mutation in sorted(mutants, key=lambda mutation: abs(mutation.start_pos[0] - survivor.line)):
        if mutation.operator_name == f"core/{survivor.operator}" and lines[mutation.start_pos[0] - 1] in survivor.before:
            with mutated(mutation) as found:
                if (found.before, found.after) == (survivor.before, survivor.after):
                    return mutation
    return None


@contextlib.contextmanager
def mutated(mutation: Any) -> Iterator[Survivor]:
    """The file changed inside, and what that looks like."""
    from cosmic_ray.mutating import use_mutation
    from cosmic_ray.plugins import get_operator

    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    with use_mutation(mutation.module_path, operator, mutation.occurrence) as (old, new):
        line, before, after = changed_lines(old, new)
        yield Survivor(line, mutation.operator_name.removeprefix("core/"), before, after)


def snapshot(copy: Path) -> None:
    """Copy what the tests need, with bytecode that is checked against the source itself: a mutant may keep its size and its second."""
    import compileall
    from py_compile import PycInvalidationMode

    ignore = shutil.ignore_patterns("__pycache__", ".hypothesis", "*.pyc")
    copy.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignore)
        elif source.exists():
            shutil.copy2(source, copy / name)
    for name in PACKAGES:
        compileall.compile_dir(copy / name, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


# -- the page -----------------------------------------------------------------------------------------------------------------------


def interval(survived: int, tested: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval for the share that survives."""
    from scipy.stats import beta

    tail = (1 - confidence) / 2
    low = beta.ppf(tail, survived, tested - survived + 1) if survived else 0.0
    high = beta.ppf(1 - tail, survived + 1, tested - survived) if survived < tested else 1.0
    return float(low), float(high)


def explanation(known: dict, module: str, survivor: Survivor) -> str | None:
    """What is known of a survivor, or None."""
    return known.get(module, {}).get(survivor.before, {}).get(survivor.after)


def page(rows: list[Row], known: dict) -> str:
    """The report in Markdown."""
    return "\n".join([*_table(rows, known), "", *_survivors(rows, known)]) + "\n"


def _table(rows: list[Row], known: dict) -> Iterator[str]:
    total = Counter()
    yield from HEAD.strip().split("\n")
    yield ""
    yield "| module | mutants | tested | seed | killed | of these later | timed out | survived | explained | surviving, 95 % | tests, s |"
    yield "|---|" + "---:|" * 10
    for row in sorted(rows, key=lambda row: row.module):
        survived = len(row.survivors)
        explained = sum(explanation(known, row.module, survivor) is not None for survivor in row.survivors)
        low, high = interval(survived + row.later, row.tested)
        share = f"{low:.0%} to {high:.0%}" if row.tested < row.mutants else f"{(survived + row.later) / max(1, row.tested):.0%}, all"
        numbers = (row.mutants, row.tested, row.killed, row.later, row.timed_out, survived, explained)
        total.update(dict(zip("mtkaosx", numbers, strict=True)))
        cells = [*numbers[:2], row.seed, *numbers[2:], share, f"{row.seconds:.1f}"]
        yield f"| `{row.module}` | " + " | ".join(map(str, cells)) + " |"
    cells = [total["m"], total["t"], "", *(total[key] for key in "kaosx"), "", ""]
    yield "| all | " + " | ".join(map(str, cells)) + " |"
    if missing := [f"`{module}`" for module in KILLERS if module not in {row.module for row in rows}]:
        yield from ("", f"Not run yet: {', '.join(missing)}.")


def _survivors(rows: list[Row], known: dict) -> Iterator[str]:
    yield "## Survivors"
    for row in sorted(rows, key=lambda row: row.module):
        if row.survivors:
            yield from ("", f"### {row.module}", "")
        for survivor in sorted(row.survivors, key=lambda survivor: (survivor.line, survivor.after)):
            told = explanation(known, row.module, survivor) or "**unexplained**"
            yield f"- line {survivor.line}, {survivor.operator}: `{survivor.before}` became `{survivor.after}`. {told}"


HEAD = """
# Mutation testing

Written by `benchmarks/mutation.py`. A mutant is one small change of a module (an operator, a number, a comparison, an empty loop); it is
*killed* when a test named for the module fails or a claim named there does not pass, *timed out* when the tests take more than four
times as long, and *survives* otherwise. Left out: changes of annotations and of the words of a raised message, arithmetic
replaced by bit operations, numbers compared by identity.

Where fewer mutants were tested than there are, they are a random sample (uniform, without replacement, by module and seed). *Of these
later* were killed only by tests that were added because they had survived; the share surviving (Clopper and Pearson's interval) counts
them as survivors, and those that are explained too. So it speaks of the tests before the additions, and says little where few were tested.
"""


def main() -> int:
    """Command line; exit code 1 where a survivor has no explanation."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--modules", nargs="+", choices=KILLERS, default=list(KILLERS), metavar="MODULE")
    parser.add_argument("--per-module", type=int, help="a random sample of this size for each module; all mutants without")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="only the stored survivors without an explanation, after tests were added")
    parser.add_argument("--report", action="store_true", help="run nothing, write the page again")
    options = parser.parse_args()
    stored = json.loads(ROWS.read_text()) if ROWS.exists() else []
    rows = {row["module"]: Row(**{**row, "survivors": [Survivor(**found) for found in row["survivors"]]}) for row in stored}
    rows = {module: row for module, row in rows.items() if module in KILLERS}
    known = json.loads(EXPLANATIONS.read_text()) if EXPLANATIONS.exists() else {}
    told = lambda row, survivor: explanation(known, row.module, survivor) is not None
    broken = False
    if not options.report:
        open_ones = {row.module: replace(row, survivors=[one for one in row.survivors if not told(row, one)]) for row in rows.values()}
        again = {module: row for module, row in open_ones.items() if row.survivors} if options.again else {}
        modules = [module for module in options.modules if not options.again or module in again]
        with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as workers:
            pending = [workers.submit(tested, module, options.per_module, options.seed, again.get(module)) for module in modules]
            for done in as_completed(pending):
                try:
                    row = done.result()
                except Broken as error:
                    print(error, file=sys.stderr)
                    broken = True
                    continue
                if options.again:
                    row.survivors += [one for one in rows[row.module].survivors if told(row, one)]
                rows[row.module] = row
                ROWS.write_text(json.dumps([asdict(rows[module]) for module in sorted(rows)], indent=1) + "\n")
                print(f"{row.module}: {row.tested} of {row.mutants}, {len(row.survivors)} survived", flush=True)
    PAGE.write_text(page(list(rows.values()), known))
    return int(broken or not all(told(row, survivor) for row in rows.values() for survivor in row.survivors))


if __name__ == "__main__":
    sys.exit(main())
