"""Ways in which a machine breaks runs, each with what must come of it: nothing stored is lost, no verdict is wrong, resuming completes.

``tests/engine/test_faults.py`` injects each fault once, ``benchmarks/faults.py`` many times.
"""

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
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from killed_runs import stored

from proofs_check import verify

HERE = Path(__file__).resolve().parent
MANY, TROUBLE = HERE / "claim_files" / "many.py", HERE / "claim_files" / "trouble.py"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
#: Seconds after which a command that does not end is a failure of its own.
PATIENCE = 300


@dataclass
class Row:
    """What one kind of fault came to: what the commands *told*, verdicts that came out *wrong*, findings that were *lost*."""

    fault: str
    injected: int = 0
    told: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    lost: int = 0

    def __str__(self) -> str:
        told = "; ".join(f"{text} ({count})" for text, count in self.told.most_common(4))
        return f"| {self.fault} | {self.injected} | {told} | {self.wrong} | {self.lost} |"


def kills(directory: Path, number: int, seed: int = 0, store: str = "sound") -> dict[str, int]:
    """Kill runs at random moments, anywhere between two writes or within one; what :mod:`killed_runs` counts."""
    directory.mkdir(parents=True)
    command = [sys.executable, str(HERE / "killed_runs.py"), str(MANY), str(directory), str(number), str(seed), store]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout)


def start(directory: Path, *options: str, file_size: int | None = None) -> subprocess.Popen:
    """``proofs-check verify`` of the many small claims into ``directory``, in a process of its own."""
    command = [sys.executable, "-m", "proofs_check", "verify", "--claims", str(MANY), "--out", str(directory), *options]

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background ignores interrupts
        if file_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=ENVIRONMENT, preexec_fn=prepare, **pipes)


def answer(process: subprocess.Popen, directory: Path) -> str:
    """The exit code and what was said last, up to the advice, without what belongs to this machine."""
    _, said = process.communicate(timeout=PATIENCE)
    last = (said.strip().splitlines() or [""])[-1].replace(str(directory), "DIR").strip().removeprefix("proofs-check: ")
    told = "how to go on" if "To go on:" in said else re.split(r"; | \(process", last)[0]
    return f"exit {process.returncode}" + (f": {told}" if told else "")


def verdicts_of(directory: Path) -> dict[str, str]:
    """The verdict of each claim in the results of a run."""
    results = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    return {claim["id"]: claim["verdict"] for claim in results["claims"]}


class Faults:
    """The faults, injected ``repeats`` times or a share of it, and what an undisturbed run says and takes."""

    def __init__(self, root: Path, repeats: int = 1, seed: int = 0) -> None:
        self.root, self.repeats, self.moments = root, repeats, random.Random(seed)
        self.whole = root / "undisturbed"
        started = time.perf_counter()
        answer(start(self.whole), self.whole)
        self.seconds = time.perf_counter() - started
        self.verdicts = verdicts_of(self.whole)

    def kinds(self) -> dict[str, Callable[[Row], None]]:
        """By its name, what injects each kind of fault and adds to the row what came of it."""
        return {
            "interrupt or request to end": self._interrupts,
            "worker killed": self._killed_workers,
            "worker ends itself": lambda row: self._troubles(row, "leaves"),
            "hang in native code": lambda row: self._troubles(row, "hangs"),
            "memory exhausted": lambda row: self._troubles(row, "grows"),
            "memory exhausted by children": lambda row: self._troubles(row, "grows-in-children"),
            "no room for the store": self._full_disk,
            "no room for results.json": self._no_room_for_results,
            "store locked for a second": lambda row: self._locked_store(row, longer=False),
            "store locked for good": lambda row: self._locked_store(row, longer=True),
            "report killed": self._killed_reports,
            "two runs in one directory": self._two_runs,
        }

    def inject(self, fault: str) -> Row:
        """All that is to be injected of one kind."""
        row = Row(fault)
        self.kinds()[fault](row)
        return row

    def _fresh(self, row: Row) -> Path:
        row.injected += 1
        return self.root / row.fault.replace(" ", "-") / str(row.injected)

    def _some(self, share: int = 1) -> range:
        return range(max(1, self.repeats // share))

    def _wait(self, process: subprocess.Popen, directory: Path) -> None:
        """Until a random moment of the run proper, which begins with the first finding."""
        while process.poll() is None and not stored(directory):
            time.sleep(0.005)
        time.sleep(self.moments.uniform(0, 0.08) * self.seconds)

    def _resume(self, row: Row, directory: Path) -> None:
        """Take the run up again: what was stored must still be there, and the verdicts those of the undisturbed run."""
        before = stored(directory)
        left = (directory / "run.lock").exists()  # a start that fails leaves nothing
        verdicts = verify(claims=MANY, out=directory, resume=left).verdicts
        after = stored(directory)
        again = ('"status": "error"', '"status": "timeout"')
        row.lost += sum(after.get(key) != kept for key, kept in before.items() if not any(mark in kept for mark in again))
        row.wrong += sum(verdicts.get(claim) != verdict for claim, verdict in self.verdicts.items())

    def _interrupts(self, row: Row) -> None:
        for number in self._some():
            directory = self._fresh(row)
            process = start(directory)
            self._wait(process, directory)
            process.send_signal((signal.SIGINT, signal.SIGTERM)[number % 2])
            row.told[answer(process, directory)] += 1
            self._resume(row, directory)

    def _killed_workers(self, row: Row) -> None:
        """What the worker was running is an error or, if it was a control, has refuted nothing; it runs again when resumed."""
        for _ in self._some():
            directory = self._fresh(row)
            process = start(directory)
            self._wait(process, directory)
            with contextlib.suppress(psutil.NoSuchProcess):  # the run may be over
                for child in psutil.Process(process.pid).children():
                    child.kill()
            answer(process, directory)
            disturbed = verdicts_of(directory)
            row.told[f"{sum(verdict == 'error' for verdict in disturbed.values())} claims in error"] += 1
            row.wrong += sum(disturbed[claim] not in (verdict, "error", "vacuous") for claim, verdict in self.verdicts.items())
            self._resume(row, directory)

    def _troubles(self, row: Row, name: str) -> None:
        """A claim that breaks its process, beside a sound one, which must stay untouched."""
        for _ in self._some(5):
            directory = self._fresh(row)
            patterns = ["trouble.sound", f"trouble.{name}"]
            run = verify(patterns, claims=TROUBLE, out=directory, timeout=1.0 if name == "hangs" else 60.0, memory=300 * 2**20, jobs=2)
            entries = {claim["id"]: claim for claim in run.results["claims"]}
            message = entries[f"trouble.{name}"]["checks"][0]["message"].splitlines()[0]
            row.told[re.sub(r"used \d+ MiB", "used too much", message)] += 1
            row.wrong += run.verdicts != {"trouble.sound": "certified", f"trouble.{name}": "error"}

    def _full_disk(self, row: Row) -> None:
        """No file may grow beyond a random size, which writing meets as it meets a full disk."""
        largest = (self.whole / "run.sqlite").stat().st_size
        for _ in self._some():
            directory = self._fresh(row)
            process = start(directory, file_size=self.moments.randrange(33_000, 12 * largest))  # opening it takes 32 kB
            row.told[answer(process, directory)] += 1
            row.wrong += process.returncode not in (1, 2)  # the undisturbed run exits with 1: some of its claims are false
            self._resume(row, directory)

    def _no_room_for_results(self, row: Row) -> None:
        """Everything is computed and stored, and the file that says so does not fit; the one of an earlier run stays whole."""
        size = (self.whole / "results.json").stat().st_size
        for number in self._some(5):
            directory = self._fresh(row)
            verify(claims=MANY, out=directory)
            results, before = directory / "results.json", stored(directory)
            if number % 2:
                results.unlink()
            earlier = results.read_bytes() if results.exists() else None
            process = start(directory, "--resume", file_size=self.moments.randrange(33_000, size))  # opening the store takes 32 kB
            row.told[answer(process, directory)] += 1
            row.wrong += process.returncode != 2 or (results.read_bytes() if results.exists() else None) != earlier
            row.lost += stored(directory) != before
            row.lost += len(list(directory.glob("*.part")))  # half a file must not stay behind
            self._resume(row, directory)

    def _locked_store(self, row: Row, *, longer: bool) -> None:
        """Another program writes to the store for a moment, or holds it for good."""
        for _ in self._some(10):
            directory = self._fresh(row)
            process = start(directory)
            while not stored(directory):
                time.sleep(0.005)
            other = sqlite3.connect(directory / "run.sqlite", isolation_level=None, timeout=60)
            other.execute("BEGIN IMMEDIATE")
            if not longer:
                time.sleep(1)
                other.execute("ROLLBACK")
            row.told[answer(process, directory)] += 1
            other.close()
            self._resume(row, directory)

    def _killed_reports(self, row: Row) -> None:
        """The report killed while it is written; written again it is the one it would have been."""
        results = self.whole / "results.json"
        program = f"from reports import html, results; html.write(results.read({str(results)!r}), __import__('sys').argv[1])"
        command, options = [sys.executable, "-c", program], {"cwd": self.root, "env": ENVIRONMENT}
        started, whole = time.perf_counter(), self.root / "report"
        subprocess.run([*command, str(whole)], check=True, **options)
        seconds = time.perf_counter() - started
        for _ in self._some():
            directory = self._fresh(row)
            process = subprocess.Popen([*command, str(directory)], **options)
            time.sleep(self.moments.uniform(0.4, 1) * seconds)
            process.kill()
            process.wait()
            row.told["some pages" if any(directory.rglob("*.html")) else "no page yet"] += 1
            subprocess.run([*command, str(directory)], check=True, **options)
            row.wrong += files_in(directory) != files_in(whole)

    def _two_runs(self, row: Row) -> None:
        """The second run in a directory is turned away; the first goes on."""
        for _ in self._some(5):
            directory = self._fresh(row)
            first = start(directory)
            while not (directory / "run.sqlite").exists():
                time.sleep(0.005)
            first.send_signal(signal.SIGSTOP)  # so that it is not done before the second has started
            second = start(directory)
            row.told[answer(second, directory)] += 1
            first.send_signal(signal.SIGCONT)
            row.wrong += second.returncode != 2
            first.communicate(timeout=PATIENCE)
            row.wrong += verdicts_of(directory) != self.verdicts
            row.lost += len(stored(self.whole).keys() - stored(directory).keys())


def files_in(directory: Path) -> dict[Path, bytes]:
    """What lies in ``directory``, byte by byte."""
    return {file.relative_to(directory): file.read_bytes() for file in directory.rglob("*") if file.is_file()}
