"""The results of a run, written to SQLite as they come, and the lock that keeps a second run out of its directory."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proofs_check.engine.answers import read
from proofs_check.engine.finding import Finding
from proofs_check.engine.job import Job
from proofs_check.engine.provenance import unchanged

#: Version of the tables; stores of another version are refused.
VERSION = 3
#: What the findings of earlier versions lack.
_LACKS = {1: "clauses, cells and the libraries they were computed with", 2: "checksums and the libraries and files they rest on"}

_TABLE = """
CREATE TABLE IF NOT EXISTS findings (
    claim TEXT, "check" TEXT, part TEXT, key TEXT, level TEXT, seed TEXT, device TEXT, finding TEXT NOT NULL, checksum TEXT NOT NULL,
    PRIMARY KEY (claim, "check", part, key, level, seed, device)
) WITHOUT ROWID
"""
#: What the run was asked for, so that another one does not take its place.
_REQUEST = "CREATE TABLE IF NOT EXISTS request (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


class StoreError(RuntimeError):
    """A run directory that cannot be used; the message names it, what was expected and what to do."""


class Store:
    """The findings in ``directory/run.sqlite`` (in memory without a directory), committed one by one."""

    def __init__(self, directory: Path | None) -> None:
        self.path = ":memory:" if directory is None else str(directory / "run.sqlite")
        self.kept = False  # whether it stays though nothing was stored: a run that was stopped is taken up again
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
            raise StoreError(f"run store {self.path}: expected version {VERSION}, got {version}{self._lost(version)}; choose another --out")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(_TABLE)
        self._database.execute(_REQUEST)
        self._database.execute(f"PRAGMA user_version = {VERSION}")

    def _lost(self, version: int) -> str:
        """What of a store of an earlier version cannot be reused."""
        if version not in _LACKS:
            return ""
        (count,) = self._database.execute("SELECT count(*) FROM findings").fetchone()
        return f": none of its {count} findings can be reused, they lack {_LACKS[version]}"

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @property
    def empty(self) -> bool:
        """Whether no finding is stored."""
        with self._clear_errors():
            return self._database.execute("SELECT 1 FROM findings LIMIT 1").fetchone() is None

    def claim_for(self, request: Mapping[str, Any]) -> None:
        """Note what the run is asked for: patterns, level, seed and the like.

        :raises StoreError: when another run was stored here, which was asked for something else.
        """
        wanted = {name: json.dumps(value, sort_keys=True) for name, value in request.items()}
        with self._clear_errors():
            stored = dict(self._database.execute("SELECT name, value FROM request").fetchall())
            if differing := [name for name in wanted if stored and stored.get(name) != wanted[name]]:
                shown = ", ".join(f"{name} {stored.get(name, 'unknown')} (now {wanted[name]})" for name in differing)
                raise StoreError(f"run store {self.path} holds another run: {shown}; choose another --out, or remove it")
            rows = [part for pair in wanted.items() for part in pair]  # in one statement, so that a kill leaves all of it or nothing
            self._database.execute(f"INSERT OR REPLACE INTO request VALUES {', '.join(['(?, ?)'] * len(wanted))}", rows)

    def put(self, job: Job, finding: Finding) -> None:
        """Keep what ``job`` came to; once this returns, it survives the end of the process."""
        text = json.dumps(finding.to_data(), allow_nan=False)
        with self._clear_errors():
            row = (*_key(job), text, _checksum(job, text))
            self._database.execute("INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def get(self, job: Job) -> Finding | None:
        """What the same job came to before: same claim, check, part, code, libraries, level, seed, kind of device, and files read.

        :raises StoreError: when the finding is not the one that was stored.
        """
        query = (
            'SELECT finding, checksum FROM findings WHERE claim = ? AND "check" = ? AND part = ? AND key = ?'
            " AND level = ? AND seed = ? AND device = ?"
        )
        with self._clear_errors():
            row = self._database.execute(query, _key(job)).fetchone()
            if row is None:
                return None
            if row[1] != _checksum(job, row[0]):
                raise StoreError(f"run store {self.path}: the finding of {job.title} was changed after it was stored; choose another --out")
            finding = read(json.loads(row[0]))
        return finding if unchanged(finding.reads, finding.variables) else None

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
    return job.claim, job.check, job.part, job.key, job.level, str(job.seed), job.device


def _checksum(job: Job, text: str) -> str:
    return hashlib.sha256("\n".join([*_key(job), text]).encode()).hexdigest()


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other runs out of ``directory``, which is made; the lock ends with the process that holds it, however that ends.

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


#: What a run leaves in its directory from its first moment on.
_FILES = ("run.lock", "run.sqlite", "run.sqlite-wal", "run.sqlite-shm")


@contextmanager
def opened(directory: Path | None, request: Mapping[str, Any], *, resume: bool) -> Iterator[Store]:
    """The store of a run in ``directory``, which is locked meanwhile. A run that fails before anything is stored leaves nothing behind.

    :raises StoreError: when the directory is in use or holds another run, or there is none to ``resume``.
    """
    if directory is None:
        store = Store(None)
        try:
            yield store
        finally:
            store.close()
        return
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    fresh = not (directory / "run.sqlite").exists()
    if resume and fresh and not (directory / "run.lock").exists():
        beside = sorted(file.parent.name for file in directory.resolve().parent.glob("*/run.sqlite"))[-5:]
        known = f"; beside it there are {', '.join(beside)}" if beside else ""
        raise StoreError(f"output directory {directory}: expected a run to take up again, found none{known}")
    if fresh and (directory / "results.json").exists():
        raise StoreError(f"output directory {directory} holds the results of another run; choose another --out, or remove it")
    with locked(directory):
        store = Store(directory)
        try:
            store.claim_for(request)
            yield store
        except BaseException:
            if fresh and not store.kept and store.empty:
                store.close()
                _remove(directory, made)
            raise
        finally:
            store.close()


def _remove(directory: Path, made: list[Path]) -> None:
    for name in _FILES:
        (directory / name).unlink(missing_ok=True)
    for folder in made:
        with contextlib.suppress(OSError):
            folder.rmdir()
