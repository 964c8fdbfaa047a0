"""Which activations have which counterexamples: every cell certified, proved impossible, or open with what was tried.

python benchmarks/counterexamples.py [--out benchmarks/results/counterexamples.md] [--seeds 0] [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from numerics.overlap import NotFound, Watch, find_contact_form, find_cycle, find_one_point_overlap, find_reweighted, find_two_point_overlap

ACTIVATIONS = ("tanh", "sigmoid", "gelu", "silu", "cos", "sin", "softplus", "erf", "atan", "exp")
SEARCHES = {
    "two-point": find_two_point_overlap,
    "one-point": find_one_point_overlap,
    "cycle": find_cycle,
    "contact": find_contact_form,
    "reweight": find_reweighted,
}
SECONDS = 60.0


def search(mechanism, activation, inputs, seed):
    """(what was found, processor seconds)."""
    options = {} if mechanism == "contact" else {"seed": seed, "watch": Watch(SECONDS)}
    started = time.process_time()
    return SEARCHES[mechanism](activation, inputs=inputs, **options), time.process_time() - started


def cell(found) -> str:
    """What the table says."""
    if isinstance(found, NotFound):
        return "impossible" if found.proved else "open"
    if found.level == "parameter":
        return f"certified, parameters ({found.kind})"
    return "certified" + (f" ({found.kind})" if found.kind == "reflected" else "")


def checked(found) -> str:
    """What the referee's scripts say of it."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
    import check_certificate

    return check_certificate.check(json.loads(json.dumps(found.to_data())))


def table(inputs: int, seeds: list[int], check: bool) -> tuple[list[str], list[str]]:
    """The lines of the table for so many inputs, and the reasons of its cells that are not certified."""
    columns = [name for name in SEARCHES if inputs > 1 or name != "contact"]
    lines = [f"| {inputs} input{'s' * (inputs > 1)} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    reasons = []
    for activation in ACTIVATIONS:
        cells = []
        for mechanism in columns:
            for seed in seeds:
                found, seconds = search(mechanism, activation, inputs, seed)
                print(f"{activation} d={inputs} {mechanism} seed {seed}: {cell(found)}, {seconds:.1f} s", file=sys.stderr, flush=True)
                if check and not isinstance(found, NotFound):
                    checked(found)
                if seed == seeds[0]:
                    cells.append(f"{cell(found)}, {seconds:.1f} s")
                    if isinstance(found, NotFound):
                        reasons.append(f"- {activation}, {inputs} input{'s' * (inputs > 1)}, {mechanism}: {cell(found)}: {found.reason}")
        lines.append(f"| {activation} | " + " | ".join(cells) + " |")
    return lines, reasons


HEAD = """# Counterexamples by activation and mechanism

One neuron, quick settings, seed 0, processor seconds; a search ends after 60 s of the clock. *certified*: a file that
`examples/check_certificate.py` accepts; *parameters*: the limits are one function; *reflected*: the limit is the start with the output
weight's sign changed; *impossible*: proved, as said below; *open*: neither was proved.
`python benchmarks/counterexamples.py --check --out benchmarks/results/counterexamples.md`
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--check", action="store_true", help="check every certificate as a referee would")
    arguments = parser.parse_args()
    lines, reasons = [HEAD], []
    for inputs in (1, 2):
        rows, why = table(inputs, arguments.seeds, arguments.check)
        lines += [*rows, ""]
        reasons += why
    text = "\n".join([*lines, *reasons]) + "\n"
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
