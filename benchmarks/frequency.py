"""Processor time of the exact parts of the frequency principle, of its batched trainings, and of the claims that rest on them.

    python benchmarks/frequency.py [--level quick|standard|full ...] [--claims 'fprinciple.*' ...] [--runs FOLDER]

Without a level the parts alone are timed. Each claim is a process of its own, whose start counts; a row of benchmarks/results/frequency.md
is written as soon as its claim has ended, others stay. With ``--runs`` the reports are kept there.
"""

import argparse
import fnmatch
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.dominance import Neuron, exceptional_share
from numerics.dynamics.fourier import band_limited_energy, fourier_integral, nudft, samples_of
from numerics.dynamics.limits import interpolant
from numerics.dynamics.line_networks import Target, even_points, fit_samples, initial, train_on_line
from theory.dynamics.frequency import output_kernel

PAGE = Path(__file__).parent / "results" / "frequency.md"
FAMILIES = ("fprinciple.*", "reason.*", "pde.*")
LEVELS = ("quick", "standard", "full")
ROWS: dict[str, str] = {}


def timed(what, function, *arguments, **options):
    started = time.process_time()
    result = function(*arguments, **options)
    ROWS[what] = f"{time.process_time() - started:.3f}"
    print(f"{what}: {ROWS[what]} s of processor time", flush=True)
    return result


def integrals() -> None:
    with working_precision(120):
        slope = lambda x: 1 / (ball(Fraction(3, 2)) * x + ball(Fraction(1, 3))).cosh() ** 2
        tail = 4 * ball(-64).exp()
        timed("a certified Fourier integral, 120 bits", fourier_integral, slope, Fraction(2), ends=(-22, 22), tail=tail)


def energies() -> None:
    rng = np.random.default_rng(0)
    for d, cutoff in ((1, 20_000), (2, 60), (3, 14)):
        x = [[Fraction(int(v), 16) for v in row] for row in rng.integers(0, 96, (3, d))]
        timed(f"least energy of 3 points, d = {d}, cut-off {cutoff}", band_limited_energy, x, [1, 2, -1], Fraction(1), cutoff)


def dominance() -> None:
    pairs = (Fraction(1), Fraction(1, 3)), (Fraction(1), Fraction(-1, 2))
    neuron = Neuron(Fraction(1), Fraction(1, 2), (Fraction(1), Fraction(2)), *pairs)
    for inverse in (8, 32):
        timed(f"exceptional weights at delta = 1/{inverse}, three parameters", exceptional_share, neuron, Fraction(1, inverse))


def samples() -> None:
    x = np.sort(np.random.default_rng(0).uniform(0, 1, 2000))
    timed("transform of 2,000 uneven samples at 1,001 frequencies", nudft, samples_of(x), np.sin(x), np.arange(1001))
    nodes = [Fraction(k, 2) for k in range(9)]
    timed(
        "limit of an interpolant of nine nodes",
        interpolant,
        output_kernel,
        nodes,
        [k * k % 5 for k in range(9)],
        Fraction(7, 4),
        degree=3,
        first=5,
    )


def training() -> None:
    import torch

    torch.set_num_threads(1)
    target = Target((1, 3, 5), (1.0, 1.0, 1.0), even_points(64))
    train_on_line(initial(np.random.default_rng(0), 1, (2,)), target, steps=1, learning_rate=2e-3)  # the optimizer's imports
    for order in (0, 2):
        start = initial(np.random.default_rng(0), 40, (50, 50))
        timed(
            f"100 steps of 40 networks 1-50-50-1, loss of order {order}",
            train_on_line,
            start,
            target,
            order=order,
            steps=100,
            learning_rate=2e-3,
        )
    x = np.tile(even_points(65), (40, 1))
    start = initial(np.random.default_rng(0), 40, (50, 50))
    timed(
        "100 steps of 40 networks on 65 samples of their own", fit_samples, start, x, np.sin(6 * x), at=x[0], steps=100, learning_rate=2e-3
    )


def claims(patterns):
    found = json.loads(subprocess.run([sys.executable, "-m", "proofs_check", "list", "--json"], capture_output=True, check=True).stdout)
    ids = [claim["id"] for claim in (found["claims"] if isinstance(found, dict) else found)]
    return [name for name in ids if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def verified(claim, level, folder):
    """Verdict, processor time of the process and of its workers, and the slowest check."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "proofs_check", "verify", claim, "--level", level, "--out", str(folder)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = json.loads((folder / "results.json").read_text())["claims"][0]
    slowest = max(found["checks"], key=lambda check: check["seconds"])["name"]
    return found["verdict"], after.ru_utime - before.ru_utime, slowest


def kept() -> dict[str, dict[str, str]]:
    """Tables of the page: by title, rows by their first cell."""
    tables: dict[str, dict[str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []:
        if line.startswith("## "):
            tables[line[3:]] = {}
        elif line.startswith("| ") and not line.startswith(("| claim", "| part")):
            first, rest = line[2:].split(" | ", 1)
            tables[list(tables)[-1]][first] = rest.removesuffix(" |")
    return tables


def write(tables: dict[str, dict[str, str]]) -> None:
    lines = ["# Frequencies, reasoning, differential equations", ""]
    lines += [f"Seconds of processor time (user), {os.cpu_count()} cores, one process each; written by benchmarks/frequency.py.", ""]
    for title in ("parts", *LEVELS):
        if rows := tables.get(title, {}):
            head = (
                "| part | seconds |\n|---|---|" if title == "parts" else "| claim | verdict | seconds | slowest check |\n|---|---|---|---|"
            )
            lines += [f"## {title}", "", head, *(f"| {first} | {rest} |" for first, rest in sorted(rows.items())), ""]
            if title != "parts":
                total = sum(float(rest.split(" | ")[1]) for rest in rows.values())
                lines += [f"All {len(rows)}: {total:.0f} s.", ""]
    PAGE.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", nargs="*", choices=LEVELS, default=[])
    parser.add_argument("--claims", nargs="*", default=list(FAMILIES))
    parser.add_argument("--runs", type=Path)
    options = parser.parse_args()
    if not options.level:
        for part in (integrals, energies, dominance, samples, training):
            part()
        write({**kept(), "parts": ROWS})
    for level in options.level:
        for claim in claims(options.claims):
            with tempfile.TemporaryDirectory() as folder:
                place = options.runs / f"{level}-{claim}" if options.runs else Path(folder)
                verdict, seconds, slowest = verified(claim, level, place)
            print(f"{level} {claim}: {verdict}, {seconds:.1f} s", flush=True)
            tables = kept()
            tables.setdefault(level, {})[claim] = f"{verdict} | {seconds:.1f} | {slowest}"
            write(tables)


if __name__ == "__main__":
    main()
