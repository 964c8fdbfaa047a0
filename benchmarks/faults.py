"""Break runs in every way that a machine can, and see that no result is lost, no verdict is wrong, and resuming completes.

    python benchmarks/faults.py [--kills 1000] [--repeats 20] [--seed 0] [--jobs 2] [--minutes N] [--out benchmarks/results/faults.md]

Writes a table. Faults are injected at random moments, or with random limits, ``repeats`` times (a fifth or a tenth of it where moments
do not matter); runs are killed meanwhile in ``jobs`` processes, no more once the minutes are over. Exit code 1 unless nothing was wrong
and nothing lost.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "engine"))
from fault_injection import Faults, Row, kills  # noqa: E402  (what the tests inject once, no package)

PAGE = """# Faults

Written by `benchmarks/faults.py --kills {kills} --repeats {repeats} --seed {seed}` on {cores} cores, load average {load:.1f} at the
start, in {minutes:.0f} minutes. *Told*: what the command answered; the undisturbed run exits with 1, as some of its claims are false.
*Wrong*: verdicts that differ after resuming, or answers other than expected; *lost*: findings that were told to be stored and are not, or
not any more.

| fault | injected | told | wrong | lost |
|---|---:|---|---:|---:|
{rows}

"0 claims in error" are workers killed after the last finding, or between two jobs. Room is limited by the largest file that may be
written, at random; "exit 1" there means that all files stayed below it.
"""


#: Kills of one process, which begins with a run of its own that nothing disturbs.
BATCH = 50


def killed(batches: Iterable[dict[str, int] | None]) -> Row:
    """One row of what the batches found that were not left out."""
    found: Counter[str] = sum((Counter(batch) for batch in batches if batch), Counter())
    told = f"{found['interrupted']} with some findings but not all, {found['stored']} findings told, {found['runs']} runs completed"
    return Row("killed at any moment", found["kills"], Counter({told: 1}), found["wrong"], found["lost"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--out", type=Path, help="default: print the page")
    options = parser.parse_args()
    started, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(options.jobs) as pool:
        root = Path(name)

        def batch(first: int) -> dict[str, int] | None:
            if time.monotonic() - started > 60 * options.minutes:
                return None
            return kills(root / f"killed-{first}", min(BATCH, options.kills - first), options.seed + first)

        batches = pool.map(batch, range(0, options.kills, BATCH))
        faults = Faults(root, options.repeats, options.seed)
        rows = [faults.inject(fault) for fault in faults.kinds()]
        rows.insert(0, killed(batches))
    minutes = (time.monotonic() - started) / 60
    given = {"kills": options.kills, "repeats": options.repeats, "seed": options.seed, "cores": os.cpu_count()}
    page = PAGE.format(**given, load=load, minutes=minutes, rows="\n".join(map(str, rows)))
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    else:
        print(page, end="")
    return int(any(row.wrong or row.lost for row in rows))


if __name__ == "__main__":
    sys.exit(main())
