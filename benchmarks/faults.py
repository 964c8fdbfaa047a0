"""Break runs in every way that a machine can, and see that no result is lost, no verdict is wrong, and resuming completes.

    python benchmarks/faults.py [--kills 1000] [--repeats 20] [--seed 0]

Prints a table. A fault is injected ``repeats`` times at random moments, or with random limits: *told* says what the command answered,
*wrong* counts verdicts that differ after resuming (or, where nothing can be resumed, from those expected), *lost* findings that were
stored and are no longer. Exit code 1 unless both are 0 everywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from proofs_check import verify

ROOT = Path(__file__).resolve().parents[1]
ENGINE = ROOT / "tests" / "engine"
MANY, TROUBLE = ENGINE / "claim_files" / "many.py", ENGINE / "claim_files" / "trouble.py"

sys.path.append(str(ENGINE))
from killed_runs import stored  # noqa: E402  (a program of the tests, not a package)


@dataclass
class Row:
    """What one kind of fault came to."""

    fault: str
    injected: int = 0
    told: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    lost: int = 0

    def __str__(self) -> str:
        told = "; ".join(f"{text} ({count})" for text, count in self.told.most_common(4))
        return f"| {self.fault} | {self.injected} | {told} | {self.wrong} | {self.lost} |"


def start(directory: Path, *options: str, preexec: Callable[[], None] | None = None) -> subprocess.Popen:
    """``proofs-check verify`` of the many small claims into ``directory``, in a process of its own."""
    command = [sys.executable, "-m", "proofs_check", "verify", "--claims", str(MANY), "--out", str(directory), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, preexec_fn=preexec, **pipes)


def answer(process: subprocess.Popen, directory: Path) -> str:
    """The exit code and what was said last, up to the advice, without what belongs to this machine."""
    _, said = process.communicate(timeout=300)
    last = (said.strip().splitlines() or [""])[-1].replace(str(directory), "DIR").strip().removeprefix("proofs-check: ")
    told = "how to go on" if process.returncode == 130 else re.split(r"; | \(process", last)[0]
    return f"exit {process.returncode}" + (f": {told}" if told else "")


class Bench:
    """The faults, with what an undisturbed run says and takes."""

    def __init__(self, root: Path, repeats: int, seed: int) -> None:
        self.root, self.repeats, self.moments = root, repeats, random.Random(seed)
        started = time.perf_counter()
        directory = root / "undisturbed"
        answer(start(directory), directory)
        self.seconds = time.perf_counter() - started
        self.verdicts = self._verdicts(directory)
        self.whole = stored(directory)

    @staticmethod
    def _verdicts(directory: Path) -> dict[str, str]:
        results = json.loads((directory / "results.json").read_text(encoding="utf-8"))
        return {claim["id"]: claim["verdict"] for claim in results["claims"]}

    def _fresh(self, row: Row) -> Path:
        row.injected += 1
        return self.root / row.fault.replace(" ", "-").replace(",", "") / str(row.injected)

    def _wait(self, process: subprocess.Popen, directory: Path) -> None:
        """Until a random moment of the run proper, which begins with the first finding."""
        while process.poll() is None and not stored(directory):
            time.sleep(0.002)
        time.sleep(self.moments.uniform(0, 0.08) * self.seconds)

    def _resume(self, row: Row, directory: Path) -> None:
        before = stored(directory)
        verdicts = verify(claims=MANY, out=directory, resume=True).verdicts
        after = stored(directory)
        again = ('"status": "error"', '"status": "timeout"')
        row.lost += sum(after.get(key) != kept for key, kept in before.items() if not any(mark in kept for mark in again))
        row.wrong += sum(verdicts.get(claim) != verdict for claim, verdict in self.verdicts.items())

    def stops(self, kills: int, seed: int) -> Row:
        """The whole run killed at random moments, by the program that the tests use with fewer."""
        program, directory = ENGINE / "killed_runs.py", self.root / "killed"
        directory.mkdir()
        command = [sys.executable, str(program), str(MANY), str(directory), str(kills), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        found = json.loads(done.stdout)
        told = Counter({f"{found['interrupted']} between two writes, {found['runs']} runs completed": 1})
        return Row("stop between any two writes", kills, told, found["wrong"], found["lost"])

    def interrupts(self) -> Row:
        """An interrupt from the keyboard, or a polite request to end."""
        row = Row("interrupt or request to end")
        for number in range(self.repeats):
            directory = self._fresh(row)
            process = start(directory)
            self._wait(process, directory)
            process.send_signal((signal.SIGINT, signal.SIGTERM)[number % 2])
            row.told[answer(process, directory)] += 1
            self._resume(row, directory)
        return row

    def killed_workers(self) -> Row:
        """The worker process killed from outside; its part is an error, and runs again when resumed."""
        row = Row("worker killed")
        for _ in range(self.repeats):
            directory = self._fresh(row)
            process = start(directory)
            self._wait(process, directory)
            with contextlib.suppress(psutil.NoSuchProcess):  # the run may be over
                for child in psutil.Process(process.pid).children():
                    child.kill()
            answer(process, directory)
            disturbed = self._verdicts(directory)
            row.told[f"{sum(verdict == 'error' for verdict in disturbed.values())} claims in error"] += 1
            row.wrong += sum(disturbed[claim] not in (verdict, "error") for claim, verdict in self.verdicts.items())
            self._resume(row, directory)
        return row

    def troubles(self) -> list[Row]:
        """Claims that end, hang or fill their process, each beside a sound one, which must stay untouched."""
        rows = []
        for fault, name in (("worker ends itself", "leaves"), ("hang in native code", "hangs"), ("memory exhausted", "grows")):
            row = Row(fault)
            for _ in range(max(1, self.repeats // 5)):
                directory = self._fresh(row)
                patterns = ["trouble.sound", f"trouble.{name}"]
                run = verify(patterns, claims=TROUBLE, out=directory, timeout=1.0 if name == "hangs" else 60.0, memory=300 * 2**20, jobs=2)
                entries = {claim["id"]: claim for claim in run.results["claims"]}
                message = entries[f"trouble.{name}"]["checks"][0]["message"].splitlines()[0]
                row.told[re.sub(r"used \d+ MiB", "used too much", message)] += 1
                row.wrong += run.verdicts != {"trouble.sound": "certified", f"trouble.{name}": "error"}
            rows.append(row)
        return rows

    def full_disk(self) -> Row:
        """No file may grow beyond a random size, so that the store or results.json cannot be written to the end."""
        row = Row("disk full")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # inherited: writing then fails as it does on a full disk
        for _ in range(self.repeats):
            directory = self._fresh(row)
            size = self.moments.randrange(33_000, 900_000)  # the store's own bookkeeping takes 32 kB
            process = start(directory, preexec=lambda size=size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
            row.told[answer(process, directory)] += 1
            row.wrong += process.returncode not in (1, 2)  # the undisturbed run itself exits with 1: some of its claims are false
            self._resume(row, directory)
        return row

    def locked_store(self, *, longer: bool) -> Row:
        """Another program writes to the store for a moment, or holds it for good."""
        row = Row("store locked for good" if longer else "store locked for a second")
        for _ in range(max(1, self.repeats // 10)):
            directory = self._fresh(row)
            process = start(directory)
            while not (directory / "run.sqlite").exists() or not stored(directory):
                time.sleep(0.005)
            other = sqlite3.connect(directory / "run.sqlite", isolation_level=None, timeout=60)
            other.execute("BEGIN IMMEDIATE")
            if not longer:
                time.sleep(1)
                other.execute("ROLLBACK")
            row.told[answer(process, directory)] += 1
            other.close()
            self._resume(row, directory)
        return row

    def interrupted_reports(self) -> Row:
        """The report killed while it is written; written again it is the one it would have been."""
        row = Row("interrupted report")
        results = self.root / "undisturbed" / "results.json"
        program = f"from reports import html, results; html.write(results.read({str(results)!r}), __import__('sys').argv[1])"
        command, options = [sys.executable, "-c", program], {"cwd": self.root, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
        started, whole = time.perf_counter(), self.root / "report"
        subprocess.run([*command, str(whole)], check=True, **options)
        seconds = time.perf_counter() - started
        pages = {file.relative_to(whole): file.read_bytes() for file in whole.rglob("*") if file.is_file()}
        for _ in range(self.repeats):
            directory = self._fresh(row)
            process = subprocess.Popen([*command, str(directory)], **options)
            time.sleep(self.moments.uniform(0.4, 1) * seconds)
            process.kill()
            process.wait()
            row.told["some pages" if (directory / "index.html").exists() or any(directory.glob("*/*")) else "no page yet"] += 1
            subprocess.run([*command, str(directory)], check=True, **options)
            row.wrong += {file.relative_to(directory): file.read_bytes() for file in directory.rglob("*") if file.is_file()} != pages
        return row

    def two_runs(self) -> Row:
        """A second run in the directory of the first is turned away; the first goes on."""
        row = Row("two runs in one directory")
        for _ in range(max(1, self.repeats // 5)):
            directory = self._fresh(row)
            first = start(directory)
            while not (directory / "run.sqlite").exists():
                time.sleep(0.005)
            first.send_signal(signal.SIGSTOP)  # so that it is not done before the second has started
            second = start(directory)
            row.told[answer(second, directory)] += 1
            first.send_signal(signal.SIGCONT)
            row.wrong += second.returncode != 2
            first.communicate(timeout=300)
            row.wrong += self._verdicts(directory) != self.verdicts
            row.lost += len(self.whole.keys() - stored(directory).keys())
        return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), options.repeats, options.seed)
        rows = [
            bench.stops(options.kills, options.seed),
            bench.interrupts(),
            bench.killed_workers(),
            *bench.troubles(),
            bench.full_disk(),
            bench.locked_store(longer=False),
            bench.locked_store(longer=True),
            bench.interrupted_reports(),
            bench.two_runs(),
        ]
    print("| fault | injected | told | wrong | lost |\n|---|---:|---|---:|---:|", *rows, sep="\n")
    return int(any(row.wrong or row.lost for row in rows))


if __name__ == "__main__":
    sys.exit(main())
