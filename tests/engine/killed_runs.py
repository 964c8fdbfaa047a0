"""Kills runs at random moments and resumes them; a program of its own, so that forking it is cheap and safe.

usage: killed_runs.py CLAIMS DIRECTORY KILLS SEED; prints what was found as JSON.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from proofs_check import verify


def fork_run(claims, directory):
    """Start a resumed run in a child process that leads its own group; its process id."""
    child = os.fork()
    if child == 0:
        verify(claims=claims, out=directory, resume=True)
        os._exit(0)
    return child


def stored(directory):
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


def main(claims, root, kills, seed):
    started = time.perf_counter()
    verdicts = verify(claims=claims).verdicts
    duration = time.perf_counter() - started
    moments = random.Random(seed)
    lost, interrupted, wrong, runs = 0, 0, 0, 0
    for _ in range(kills):
        directory = root / str(runs)
        before = stored(directory)
        child = fork_run(claims, directory)
        time.sleep(moments.uniform(0, duration / 2))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        after = stored(directory)
        lost += sum(after.get(key) != finding for key, finding in before.items())
        interrupted += 0 < len(after) < 80
        if len(after) > 40:  # late enough: finish this one, and begin another
            wrong += verify(claims=claims, out=directory, resume=True).verdicts != verdicts
            runs += 1
    wrong += verify(claims=claims, out=root / str(runs), resume=True).verdicts != verdicts
    found = {"lost": lost, "wrong": wrong, "interrupted": interrupted, "runs": runs + 1, "verdicts": verdicts}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
