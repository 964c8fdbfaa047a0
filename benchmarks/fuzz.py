"""Fuzz what reads data from outside: stored results, run stores, patterns, statements, formulas, certificates, files of networks.

    python benchmarks/fuzz.py [--examples 1000000] [--coverage 0] [--jobs 2] [--minutes N] [--only results ...] [--out FILE]

Inputs come from hypothesis: valid documents with some places replaced, damaged text and bytes, words of each language. One in a hundred is
drawn by hypothesis itself, the others are built by its strategies from random bytes; ``--coverage N`` adds N whose bytes atheris chooses by
the coverage of the reader (extra ``fuzz``). A reader may accept, or refuse with its own error; anything else is a bug, as is an input that
takes ten seconds. Writes a table with every kind of bug and an input that shows it; exit code 1 with a bug.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "engine"))
from fuzzing import TARGETS, Tally, fuzz, made  # noqa: E402  (what the tests fuzz with fewer inputs, no package)

#: Of all inputs; the dear readers get fewer.
SHARES = {
    "results": 0.12,
    "patterns": 0.2,
    "statements": 0.28,
    "certificates": 0.25,
    "boxes": 0.12,
    "stores": 0.01,
    "networks": 0.01,
    "expressions": 0.01,
}
#: Inputs of one task: enough to outweigh its start, few enough to stop in time.
CHUNK = 2000

PAGE = """# Fuzzing

Written by `benchmarks/fuzz.py {arguments}` on {cores} cores: {total} inputs, {bugs} bugs.
Inputs come from hypothesis: by its own search (*hypothesis*), built by its strategies from random bytes (*bytes*), or from bytes that
atheris chooses by the coverage of the reader (*coverage*). *Different* counts inputs that differ in their text; *refused* were turned down
with the reader's own error. The seconds are the processor's.

| reader | inputs drawn by | inputs | different | accepted | refused | bugs | seconds |
|---|---|---:|---:|---:|---:|---:|---:|
{rows}
{list}"""

Task = tuple[str, str, int, int]


def tasks(names: list[str], examples: int, coverage: int, seed: int) -> Iterator[Task]:
    """(target, way to draw, inputs, seed), so that all targets advance together."""
    wanted = {}
    for name in names:
        number = round(examples * SHARES[name] / sum(SHARES[name] for name in names))
        wanted[name, "hypothesis"], wanted[name, "bytes"] = number // 100, number - number // 100
        wanted[name, "coverage"] = round(coverage * SHARES[name] / sum(SHARES[name] for name in names))
    steps = max(1, max(wanted.values()) // CHUNK)
    for step in range(steps):
        for place, ((name, draw), number) in enumerate(wanted.items()):
            chunk = number * (step + 1) // steps - number * step // steps
            if draw != "bytes":
                chunk = 0 if step else number  # these searches build on what they have met
            if chunk:
                yield name, draw, chunk, seed + 1000 * step + place


target = functools.cache(made)


def work(task: Task) -> Tally:
    name, draw, examples, seed = task
    return fuzz(target(name, draw), draw, examples, seed)


def run(waiting: Iterator[Task], jobs: int, deadline: float) -> dict[tuple[str, str], Tally]:
    """What ``jobs`` processes find until the tasks or the time run out; readers instrumented for coverage have a process of their own."""
    found: dict[tuple[str, str], Tally] = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn) as plain, ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as guided:
        running = {}
        while time.monotonic() < deadline:
            while len(running) < 2 * jobs and (task := next(waiting, None)):
                running[(guided if task[1] == "coverage" else plain).submit(work, task)] = task
            if not running:
                break
            for future in wait(running, timeout=10, return_when=FIRST_COMPLETED).done:
                name, draw, *_ = running.pop(future)
                found.setdefault((name, draw), Tally()).add(future.result())
        for future in running:
            future.cancel()
    return found


def page(found: dict[tuple[str, str], Tally], arguments: list[str]) -> str:
    rows, bugs = [], {}
    for (name, draw), tally in sorted(found.items()):
        counts = (tally.examples, len(tally.seen), tally.accepted, tally.refused, len(tally.bugs), round(tally.seconds))
        rows.append(f"| {name} | {draw} | " + " | ".join(map(str, counts)) + " |")
        bugs |= {f"{name}: {kind}": bug for kind, bug in tally.bugs.items()}
    entries = [f"- {kind}: {bug['message']}\n  on `{bug['input'][:300]}`\n" for kind, bug in bugs.items()]
    total = sum(tally.examples for tally in found.values())
    given = {"arguments": " ".join(arguments), "cores": os.cpu_count(), "total": total, "bugs": len(bugs)}
    return PAGE.format(**given, rows="\n".join(rows), list="\n" + "".join(entries) if entries else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=10**6)
    parser.add_argument("--coverage", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--out", type=Path, help="default: print the page")
    options = parser.parse_args()
    if options.coverage and importlib.util.find_spec("atheris") is None:
        parser.error("--coverage needs atheris: pip install 'proofs-check[fuzz]'")
    waiting = tasks(options.only, options.examples, options.coverage, options.seed)
    found = run(waiting, options.jobs, time.monotonic() + 60 * options.minutes)
    written = page(found, [argument for argument in sys.argv[1:] if argument not in ("--out", str(options.out))])
    if options.out:
        options.out.write_text(written, encoding="utf-8")
    else:
        print(written, end="")
    return int(any(tally.bugs for tally in found.values()))


if __name__ == "__main__":
    sys.exit(main())
