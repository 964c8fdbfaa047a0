"""What the engine costs: overhead of a check, speed of two workers against one, and listing the claims.

    python benchmarks/engine.py

prints what one more check (and its control) costs in milliseconds (wanted: at most 5), from runs of 20 and of 220 checks that do nothing,
and the seconds that a run takes to start; the ratio of one worker's time to that of two on 40 equal parts (wanted: at least 1.7 on two idle
cores); and the seconds of ``proofs-check list`` (wanted: below 0.5 for small claims). Best of three each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from proofs_check import load_claims, verify

CLAIMS = """
import time
from proofs_check import Check, Claim, Control, Outcome, Source

def check(instance, *, expected, context):
    finish = time.process_time() + instance
    while time.process_time() < finish:
        pass
    return Outcome.equal(1, expected)

def claim(number):
    only = Check("only", evidence="exact", covers="instances", scope="0", run=check, instances=lambda context: [{seconds}],
                 parameters={{"expected": 1}}, controls=[Control("two", expected=2)])
    return Claim(id=f"equal.c{{number}}", title="Equal", statement="1", source=Source("arXiv:0000.00000v1", "0"), checks=[only])

CLAIMS = [claim(number) for number in range({count})]
"""


def best(run: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of several times, in seconds."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def seconds_of_run(directory: Path, *, seconds: float, jobs: int, count: int = 20) -> float:
    """Time of a stored run of ``count`` equal checks and their controls."""
    file = directory / f"equal{count}.py"
    file.write_text(CLAIMS.format(seconds=seconds, count=count))
    registry = load_claims(file)
    return best(lambda: verify(claims=registry, jobs=jobs, out=tempfile.mkdtemp(dir=directory)))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        few, many = (seconds_of_run(directory, seconds=0.0, jobs=1, count=count) for count in (20, 220))
        overhead = (many - few) / 200
        one, two = (seconds_of_run(directory, seconds=0.1, jobs=jobs) for jobs in (1, 2))
    listing = best(lambda: subprocess.run([sys.executable, "-m", "proofs_check", "list"], stdout=subprocess.DEVNULL, check=True))
    figures = {
        "overhead_ms_per_check": round(1000 * overhead, 2),
        "start_seconds": round(few - 20 * overhead, 3),
        "one_worker_over_two": round(one / two, 3),
        "list_seconds": round(listing, 3),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
