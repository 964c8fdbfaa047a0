"""What the house costs: cell controls beside the rest of a run, and listing many claims.

    python benchmarks/house.py [RUN_DIRECTORY]
    python benchmarks/house.py --parts PATTERN...

The first prints the seconds that the cell controls of a stored run took and their share of the rest (wanted: at most 0.6 at quick), the
rooms, floors and circles of each package, and the seconds of ``proofs-check list`` over 300 claims (wanted: below 0.5). The second prints
the processor time of every part of the claims that fit at level quick, run one after the other in this process, the dearest first: what
checks cost without the start of workers, the pages and Coq.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import networkx

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "engine"))
from test_house import PACKAGES, plan, rooms  # noqa: E402

CLAIM = """
X{number} = claim("many.c{number}", "Equal", "n = n", source=Source("arXiv:0000.00000v1", "0"))

@X{number}.check("exact", lambda cell, rng: cell.n, axes(n=(1, 2, 3)))
@false("another", formula=lambda n: n + 1)
def equal_{number}(cell, n, *, formula=abs, context):
    '''A number against itself.'''
    return equal(n=(formula(n), n))
"""


def seconds_by_part(directory: Path) -> Counter[str]:
    """Seconds of a stored run by kind of part: itself, control, cells, probe."""
    seconds: Counter[str] = Counter()
    with sqlite3.connect(directory / "run.sqlite") as store:
        for part, finding in store.execute("SELECT part, finding FROM findings"):
            seconds[part.partition(":")[0]] += json.loads(finding)["seconds"]
    return seconds


def listing_seconds(claims: int) -> float:
    """The best of three times of listing that many claims, in files of ten."""
    head = "from proofs_check import Source, axes, claim, false\nfrom proofs_check.judging import equal\n"
    with tempfile.TemporaryDirectory() as name:
        for start in range(0, claims, 10):
            text = head + "".join(CLAIM.format(number=number) for number in range(start, start + 10))
            (Path(name) / f"many{start}.py").write_text(text)
        times = []
        for _ in range(3):
            started = time.perf_counter()
            command = [sys.executable, "-m", "proofs_check", "list", "--claims", name]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - started)
    return min(times)


def parts_by_cost(patterns: list[str]) -> list[tuple[float, str]]:
    """Processor seconds and title of every part, at level quick; what parts of one check share is shared, as on one worker."""
    from proofs_check.engine.finding import parts
    from proofs_check.engine.registry import load_claims
    from proofs_check.engine.runner import below, make_job
    from proofs_check.engine.state import start_random_numbers

    found, registry = [], load_claims()
    for claim in registry.select(patterns):
        for name, part in parts(claim):
            check = claim.check(name)
            if below(check, part, "quick") is not None:
                continue
            job = make_job(registry, claim, check, part, level="quick")
            start_random_numbers(f"{job.seed}/{job.claim}/{job.check}")
            started = time.process_time()
            finding = job.run()
            found.append((time.process_time() - started, f"{job.title}: {finding.status.value}"))
    return sorted(found, reverse=True)


def main() -> None:
    if sys.argv[1:2] == ["--parts"]:
        found = parts_by_cost(sys.argv[2:] or ["*"])
        print(f"{sum(seconds for seconds, _ in found):.2f} s of processor time in {len(found)} parts")
        return print("\n".join(f"{seconds:.3f} {title}" for seconds, title in found[:40]))
    figures = {}
    if sys.argv[1:]:
        seconds = seconds_by_part(Path(sys.argv[1]))
        figures["seconds"] = {part: round(spent, 2) for part, spent in seconds.items()}
        figures["cell_controls_over_the_rest"] = round(seconds["cells"] / (seconds.total() - seconds["cells"]), 3)
    for package in PACKAGES:
        graph = plan(package)
        circles = [circle for circle in networkx.strongly_connected_components(graph) if len(circle) > 1]
        floors = None if circles else networkx.dag_longest_path_length(graph) + 1
        figures[package] = {"rooms": len(rooms(package)), "floors": floors, "circles": len(circles)}
    figures["list_300_claims_seconds"] = round(listing_seconds(300), 3)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
