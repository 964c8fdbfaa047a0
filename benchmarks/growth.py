"""How the engine grows with the number of claims: synthetic ones that compute nothing, in ten files, at several sizes.

    python benchmarks/growth.py [COUNT ...]

prints for each count (default 500, 1000, 2000) the processor seconds of the process that runs them and of its workers, a part (a check
or its control) in milliseconds; the largest memory of that process in MiB; the megabytes of the store and of the results; and the processor
seconds of the pages (``proofs-check report``), of ``list`` and of pytest's collection. The last line gives each as a power of the count:
log(last / first) / log(count / count), 1 being linear; what a start costs makes it smaller. Processor time, so that a loaded machine tells
about the same.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from engine import CLAIMS

FILES = 10


def processor_seconds(*arguments: str) -> tuple[float, float]:
    """Seconds of a command, children included, and its own largest memory in MiB."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


#: Runs the claims of a folder, and says what the process itself took and what its workers did.
RUN = """
import resource, sys
from proofs_check import verify
run = verify(claims=sys.argv[1], out=sys.argv[2])
own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime, own.ru_maxrss / 1024, len(run.verdicts))
"""


def measured(count: int, folder: Path) -> dict[str, float]:
    """The figures of ``count`` claims."""
    claims, out = folder / f"claims{count}", folder / f"run{count}"
    claims.mkdir()
    for k in range(FILES):
        text = CLAIMS.format(seconds=0.0, count=count // FILES).replace("equal.c", f"equal{k}.c")
        (claims / f"equal{k}.py").write_text(text)
    run = subprocess.run([sys.executable, "-c", RUN, str(claims), str(out)], capture_output=True, text=True, check=True)
    own, workers, memory, verdicts = map(float, run.stdout.split())
    if verdicts != count:
        raise RuntimeError(f"expected {count} claims, got {verdicts:g}")
    size = lambda pattern: sum(file.stat().st_size for file in out.glob(pattern)) / 1e6
    pages, _ = processor_seconds("proofs_check", "report", str(out / "results.json"), "--out", str(folder / f"pages{count}"))
    listing, _ = processor_seconds("proofs_check", "list", "--claims", str(claims))
    collection, _ = processor_seconds("pytest", "-q", "--collect-only", "--claims", str(claims), "-p", "no:cacheprovider", str(claims))
    parts = 2 * count
    return {
        "own ms a part": 1000 * own / parts,
        "workers ms a part": 1000 * workers / parts,
        "own s": own,
        "workers s": workers,
        "MiB": memory,
        "store MB": size("run.sqlite*"),
        "results MB": size("results.json"),
        "report s": pages,
        "list s": listing,
        "collection s": collection,
    }


def main() -> None:
    counts, rows = sorted(map(int, sys.argv[1:])) or [500, 1000, 2000], []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            rows.append(row := measured(count, Path(folder)))
            if len(rows) == 1:
                print("| claims | " + " | ".join(row) + " |\n" + "|---" * (len(row) + 1) + "|")
            print(f"| {count} | " + " | ".join(f"{value:.3g}" for value in row.values()) + " |", flush=True)
    names = list(rows[0])
    if len(rows) > 1:
        span = math.log(counts[-1] / counts[0])
        print("| power | " + " | ".join(f"{math.log(rows[-1][name] / rows[0][name]) / span:.2f}" for name in names) + " |")


if __name__ == "__main__":
    main()
