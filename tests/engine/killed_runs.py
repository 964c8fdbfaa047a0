"""Kills runs at random moments and resumes them; a program of its own, so that forking it is cheap and safe.

usage: killed_runs.py CLAIMS DIRECTORY KILLS SEED [STORE]; prints what was found as JSON. A run tells each finding that its store has
taken, so that what is missing afterwards is known to be lost. STORE is ``sound``, the engine's own (default), or one of two that are not.
"""

import hashlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

from proofs_check import Status, verify
from proofs_check.engine import store as storing
from proofs_check.engine.finding import parts
from proofs_check.engine.registry import load_claims
from proofs_check.engine.store import Store


class Late(Store):
    """Commits every tenth finding only: what came after is lost, though it was said to be stored."""

    def _open(self):
        super()._open()
        self._database.execute("BEGIN")
        self._count = 0

    def put(self, job, finding):
        super().put(job, finding)
        self._count += 1
        if self._count % 10 == 0:
            self._database.execute("COMMIT")
            self._database.execute("BEGIN")

    def close(self):
        self._database.execute("COMMIT")
        super().close()


class Mistaken(Store):
    """Gives refutations back as if the statement had held."""

    def get(self, job):
        finding = super().get(job)
        return replace(finding, status=Status.HOLDS) if finding and finding.status is Status.FAILS else finding


STORES = {"sound": Store, "late": Late, "mistaken": Mistaken}


def telling(store, pipe):
    """``store``, which also tells ``pipe`` what it has taken: the key and a digest of the finding."""

    class Telling(store):
        def put(self, job, finding):
            super().put(job, finding)
            told = [[job.claim, job.check, job.part], digest(json.dumps(finding.to_data(), allow_nan=False))]
            os.write(pipe, json.dumps(told).encode() + b"\n")

    return Telling


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def fork_run(claims, directory):
    """Start a resumed run in a child process; its process id, and the lines in which it tells what it stored."""
    told, pipe = os.pipe()
    child = os.fork()
    if child == 0:
        storing.Store = telling(storing.Store, pipe)
        verify(claims=claims, out=directory, resume=(directory / "run.lock").exists())
        os._exit(0)
    os.close(pipe)
    return child, os.fdopen(told)


def kill_run(claims, directory, moments, duration):
    """Start a run, kill it at a random moment (before, between or while findings are stored); what it told before."""
    child, told = fork_run(claims, directory)
    with told:
        wanted = moments.randrange(16)
        lines = list(islice(told, wanted))
        time.sleep(moments.uniform(0, 0.01 if wanted else duration))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return {tuple(key): text for key, text in map(json.loads, lines + told.readlines())}


def stored(directory):
    """The findings in the store of a run, as text by (claim, check, part)."""
    file = directory / "run.sqlite"
    if not file.exists():
        return {}
    database = sqlite3.connect(file)
    try:
        rows = database.execute('SELECT claim, "check", part, finding FROM findings').fetchall()
    except sqlite3.OperationalError:
        return {}  # killed before the table was made
    finally:
        database.close()
    return {row[:3]: row[3] for row in rows}


def main(claims, root, kills, seed, store="sound"):
    storing.Store = STORES[store]
    total = sum(len(parts(claim)) for claim in load_claims(claims).values())
    started = time.perf_counter()
    verdicts = verify(claims=claims).verdicts
    duration = time.perf_counter() - started
    moments = random.Random(seed)
    found = {"kills": kills, "stored": 0, "lost": 0, "wrong": 0, "interrupted": 0, "runs": 0}
    for number in range(kills):
        directory = root / str(found["runs"])
        before = stored(directory)
        told = kill_run(claims, directory, moments, duration)
        after = stored(directory)
        found["stored"] += len(told)
        found["lost"] += sum(after.get(key) != finding for key, finding in before.items())
        found["lost"] += sum(digest(after.get(key, "")) != text for key, text in told.items())
        found["interrupted"] += 0 < len(after) < total
        if number == kills - 1 or len(after) == total or moments.random() < 0.1:  # finish this run, and begin another
            found["wrong"] += verify(claims=claims, out=directory, resume=(directory / "run.lock").exists()).verdicts != verdicts
            found["lost"] += total - len(stored(directory))
            found["runs"] += 1
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
