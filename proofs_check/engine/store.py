"""The results of a run, written to SQLite as they come, and the lock that keeps a second run out of its directory."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proofs_check.engine.answers import read
from proofs_check.engine.finding import Finding
from proofs_check.engine.job import Job

#: Version of the tables; stores of another version are refused.
VERSION = 2

_TABLE = """
CREATE TABLE IF NOT EXISTS findings (
    claim TEXT, "check" TEXT, part TEXT, source TEXT, level TEXT, seed TEXT, device TEXT, finding TEXT NOT NULL,
    PRIMARY KEY (claim, "check", part, source, level, seed, device)
) WITHOUT ROWID
"""


class StoreError(RuntimeError):
    """A run directory that cannot be used; the message names it, what was expected and what to do."""


class Store:
    """The findings in ``directory/run.sqlite`` (in memory without a directory), committed one by one."""

    def __init__(self, directory: Path | None) -> None:
        self.path = ":memory:" if directory is None else str(directory / "run.sqlite")
        with self._clear_errors():
            self._database = sqlite3.connect(self.path, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise

    def _open(self) -> None:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            lacks = "; its findings lack clauses and cells and cannot be reused" if version < VERSION else ""
            raise StoreError(f"run store {self.path}: expected version {VERSION}, got {version}{lacks}; choose another --out")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(_TABLE)
        self._database.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def put(self, job: Job, finding: Finding) -> None:
        """Keep what ``job`` came to; once this returns, it survives the end of the process."""
        text = json.dumps(finding.to_data(), allow_nan=False)
        with self._clear_errors():
            self._database.execute("INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*_key(job), text))

    def get(self, job: Job) -> Finding | None:
        """What the same job came to before: same claim, check, part, source, level, seed and kind of device."""
        query = (
            'SELECT finding FROM findings WHERE claim = ? AND "check" = ? AND part = ? AND source = ?'
            " AND level = ? AND seed = ? AND device = ?"
        )
        with self._clear_errors():
            row = self._database.execute(query, _key(job)).fetchone()
            return None if row is None else read(json.loads(row[0]))

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            advice = "what was stored before is kept: make room, or end what uses the file, and run again with --resume"
            raise StoreError(f"run store {self.path}: {error}; {advice}") from error
        except (sqlite3.DatabaseError, LookupError, TypeError, ValueError) as error:
            raise StoreError(
                f"run store {self.path}: expected a store of an earlier run, got something else or a damaged file ({error});"
                " move it away or choose another --out"
            ) from error


def _key(job: Job) -> tuple[str, ...]:
    return job.claim, job.check, job.part, job.source, job.level, str(job.seed), job.device


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other runs out of ``directory``; the lock ends with the process that holds it, however that ends.

    :raises StoreError: when another run holds it, or the directory cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = open(directory / "run.lock", "a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"output directory {directory}: expected one that can be written, got {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StoreError(
                f"output directory {directory} is in use by another run (process {holder}); wait for it or choose another --out"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
