"""The run store: what is put is kept, what differs is not reused, and two runs keep out of each other's way."""

import multiprocessing
import sqlite3
from dataclasses import replace

import pytest

from proofs_check import Status
from proofs_check.engine.finding import ITSELF, Finding
from proofs_check.engine.job import Job
from proofs_check.engine.store import Store, StoreError, _checksum, locked

JOB = Job("own.py", "s" * 64, "own.a", "only", ITSELF, "quick", 2**40, "cpu", 10.0)
FINDING = Finding(Status.FAILS, cases=3, met=2, margin=-0.5, message="no", counterexample={"x": [1]}, certificates=({"n": 1},), log="é")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    yield store
    store.close()


def test_a_finding_comes_back_as_it_was(store, tmp_path):
    store.put(JOB, FINDING)
    assert store.get(JOB) == FINDING
    again = Store(tmp_path)
    assert again.get(JOB) == FINDING
    again.close()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "t" * 64),
        ("claim", "own.b"),
        ("check", "other"),
        ("part", "control:x"),
        ("level", "full"),
        ("seed", 1),
        ("device", "cuda"),
    ],
)
def test_another_job_is_not_answered(store, field, value):
    store.put(JOB, FINDING)
    assert store.get(replace(JOB, **{field: value})) is None


@pytest.mark.parametrize(("field", "value"), [("timeout", 99.0), ("file", "elsewhere/own.py")])
def test_the_time_limit_and_the_place_of_the_file_do_not_matter(store, field, value):
    store.put(JOB, FINDING)
    assert store.get(replace(JOB, **{field: value})) == FINDING


def test_something_else_in_place_of_the_store_is_named(tmp_path):
    (tmp_path / "run.sqlite").write_bytes(b"not a database, but longer than its header of a hundred bytes" * 20)
    with pytest.raises(StoreError, match=r"run\.sqlite: expected a store of an earlier run.*--out"):
        Store(tmp_path)


def test_a_damaged_store_is_named(tmp_path):
    store = Store(tmp_path)
    for number in range(200):
        store.put(replace(JOB, claim=f"own.a{number}"), FINDING)
    store.close()
    file = tmp_path / "run.sqlite"
    text = bytearray(file.read_bytes())
    text[4096:] = b"\xa5" * (len(text) - 4096)
    file.write_bytes(text)
    store = None
    try:
        with pytest.raises(StoreError, match="damaged"):
            store = Store(tmp_path)
            store.get(JOB)
    finally:
        if store is not None:
            store.close()


@pytest.mark.parametrize("text", ["", "{", "{}", "null", "[]", '{"status": "maybe", "certificates": [], "figures": []}'])
def test_a_finding_that_cannot_be_read_is_named(store, text):
    store.put(JOB, FINDING)
    store._database.execute("UPDATE findings SET finding = ?, checksum = ?", (text, _checksum(JOB, text)))
    with pytest.raises(StoreError, match="damaged"):
        store.get(JOB)


def test_a_store_of_another_version_is_refused(tmp_path):
    database = sqlite3.connect(tmp_path / "run.sqlite")
    database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(StoreError, match="expected version 3, got 7; choose another --out"):
        Store(tmp_path)


def test_a_locked_store_is_named(store, tmp_path):
    store._database.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "run.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked.*--resume"):
        store.put(JOB, FINDING)
    other.execute("ROLLBACK")
    other.close()
    store.put(JOB, FINDING)


def test_a_full_disk_is_named_and_what_was_stored_stays(store):
    store.put(JOB, FINDING)
    (pages,) = store._database.execute("PRAGMA page_count").fetchone()
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full; what was stored before is kept: make room"):
        store.put(replace(JOB, claim="own.b"), replace(FINDING, log="x" * 10**6))
    assert store.get(JOB) == FINDING


def test_a_second_run_in_a_directory_is_refused(tmp_path):
    with locked(tmp_path / "run"):
        with pytest.raises(StoreError, match=r"in use by another run \(process \d+\)"):
            with locked(tmp_path / "run"):
                pass
    with locked(tmp_path / "run"):
        pass


def _hold(directory, held):
    with locked(directory):
        held.set()
        held.wait(60)
        multiprocessing.Event().wait(60)


def test_the_lock_dies_with_its_process(tmp_path):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held))
    process.start()
    assert held.wait(30)
    with pytest.raises(StoreError, match=f"process {process.pid}"):
        with locked(tmp_path):
            pass
    process.kill()
    process.join()
    with locked(tmp_path):
        pass


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="expected one that can be written, got Not a directory"):
        with locked(tmp_path / "file" / "run"):
            pass
