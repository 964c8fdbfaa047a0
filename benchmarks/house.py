"""What the house costs: cell controls beside the rest of a run, and listing many claims.

    python benchmarks/house.py [RUN_DIRECTORY]

prints the seconds that the cell controls of a stored run took and their share of the rest (wanted: at most 0.6 at quick), the rooms,
floors and circles of each package, and the seconds of ``proofs-check list`` over 300 claims (wanted: below 0.5).
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


def main() -> None:
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
