"""Whatever a claim does to its worker process costs that claim alone."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from proofs_check import Status, load_claims
from proofs_check.engine.finding import ITSELF
from proofs_check.engine.job import Job
from proofs_check.engine.pool import LOG, Pool, _Waiting
from proofs_check.engine.processes import family
from proofs_check.engine.runner import make_job

MEMORY = 300 * 2**20


@pytest.fixture(scope="module")
def pool():
    with Pool(1, memory=MEMORY) as pool:
        yield pool


@pytest.fixture
def trouble(pool, claim_files):
    """Runs one of the troublesome claims; its finding."""
    registry = load_claims(claim_files / "trouble.py")

    def run(name, part=ITSELF, timeout=60.0):
        claim = registry[f"trouble.{name}"]
        return pool.run_one(make_job(registry, claim, claim.checks[0], part, level="quick", timeout=timeout))

    return run


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", "ArithmeticError: the third root is gone"),
        ("leaves", "the worker process ended with exit code 3 before an answer\nabout to leave"),
        ("is-killed", "the worker process was killed by SIGKILL before an answer"),
        ("exits", "SystemExit: enough"),
        ("returns-nothing", "check must return an Outcome, got NoneType"),
    ],
)
def test_a_claim_that_breaks_is_an_error_and_the_next_one_runs(trouble, name, message):
    finding = trouble(name)
    assert finding.status is Status.ERROR
    assert message in finding.message
    assert trouble("sound").status is Status.HOLDS
    assert trouble(name, "control:fails").refuted is True


def test_a_hang_in_native_code_is_a_timeout_that_says_where(trouble):
    finding = trouble("hangs", timeout=0.5)
    assert finding.status is Status.TIMEOUT
    assert finding.message.startswith("no answer within 0.5 s")
    assert "in hangs" in finding.log
    assert 0.5 <= finding.seconds < 10
    assert trouble("sound").status is Status.HOLDS


@pytest.mark.parametrize("name", ["grows", "grows-in-children", "grows-in-another-session"])
def test_memory_is_limited(trouble, name):
    finding = trouble(name)
    assert finding.status is Status.ERROR
    assert "MiB of memory, allowed are 300 MiB" in finding.message
    assert trouble("sound").status is Status.HOLDS


def test_memory_that_children_share_counts_once(trouble):
    assert trouble("shares-with-children").status is Status.HOLDS


def test_what_a_job_leaves_behind_is_not_held_against_the_next_one(trouble, pool):
    trouble("sound")
    before = pool._workers[0].process.pid
    assert trouble("abandons-a-child").status is Status.HOLDS
    assert trouble("shares-with-children").status is Status.HOLDS
    assert family(before) == []


def test_a_process_left_in_another_session_ends_with_the_worker(trouble, pool):
    trouble("sound")
    before = pool._workers[0].process.pid
    assert trouble("abandons-another-session").status is Status.HOLDS
    assert trouble("sound").status is Status.HOLDS
    assert pool._workers[0].process.pid != before
    assert not [process for process in psutil.process_iter(["cmdline"]) if "os.setsid(); time.sleep(60)" in str(process.info["cmdline"])]


def test_megabytes_of_output_are_cut_to_both_ends(trouble):
    finding = trouble("prints")
    assert finding.status is Status.HOLDS
    assert finding.log.startswith("first line\n") and finding.log.endswith("last line\n")
    assert "bytes left out" in finding.log
    assert len(finding.log) < 2 * LOG + 100


def test_output_that_was_closed_is_open_for_the_next_claim(trouble):
    assert trouble("closes-output").status is Status.HOLDS
    assert trouble("prints").log.startswith("first line")


def test_a_worker_that_cannot_be_heard_any_more_is_ended(trouble):
    finding = trouble("cuts-its-pipes")
    said = finding.message.splitlines()[0]  # what the worker said last stands below
    assert (finding.status, said) == (Status.ERROR, "the worker process was killed by SIGKILL before an answer")
    assert trouble("sound").status is Status.HOLDS


def test_something_else_in_the_pipe_of_answers_is_an_error(trouble):
    finding = trouble("writes-into-the-pipe")
    assert (finding.status, finding.message.splitlines()[0]) == (
        Status.ERROR,
        "the answer of the worker is unreadable: something else wrote into its pipe",
    )
    assert trouble("sound").status is Status.HOLDS


def test_a_worker_that_dies_between_jobs_is_replaced(trouble, pool):
    trouble("sound")
    os.kill(pool._workers[0].process.pid, signal.SIGKILL)
    assert trouble("sound").status is Status.HOLDS


def test_a_stopped_worker_is_ended_from_outside(claim_files):
    """The worker cannot keep its own time limit when it does not run at all."""
    registry = load_claims(claim_files / "trouble.py")
    claim = registry["trouble.hangs"]
    job = make_job(registry, claim, claim.checks[0], ITSELF, level="quick", timeout=0.3)
    with Pool(1) as pool:
        worker = pool._workers[0]
        while not worker.ready:
            pool._collect()
        worker.send(job)
        os.kill(worker.process.pid, signal.SIGSTOP)
        ((_, finding),) = pool.run([])
    assert finding.status is Status.TIMEOUT


def test_a_changed_claims_file_is_refused_by_a_new_worker(write_claims):
    registry = load_claims(write_claims("claim('own.a')"))
    claim = registry["own.a"]
    job = make_job(registry, claim, claim.checks[0], ITSELF, level="quick")
    write_claims("claim('own.a', expected=5)")
    with Pool(1) as pool:
        finding = pool.run_one(job)
    assert finding.status is Status.ERROR
    assert "differs on the worker" in finding.message


def test_workers_end_with_their_pool():
    with Pool(2) as pool:
        processes = [psutil.Process(worker.process.pid) for worker in pool._workers]
    assert psutil.wait_procs(processes, timeout=5)[1] == []


@pytest.mark.parametrize("thread", [False, True], ids=["by-the-kernel", "by-a-watchdog"])
@pytest.mark.parametrize("name", ["sleeps", "hangs"])
def test_workers_end_when_their_pool_is_killed(claim_files, name, thread):
    """At once, though native code holds the interpreter and the time limit is far: by the kernel, or where it cannot by a watchdog."""
    run = f"verify('trouble.{name}', claims={str(claim_files / 'trouble.py')!r}, timeout=600)"
    program = f"import threading\nfrom proofs_check import verify\nrun = lambda: {run}\n"
    program += "threading.Thread(target=run).start()" if thread else "run()"
    root = str(claim_files.parents[2])
    process = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": root})
    parent = psutil.Process(process.pid)
    while not (workers := parent.children()):
        assert process.poll() is None
    while workers[0].num_threads() < 3:  # the watchdog of the running job makes three
        assert process.poll() is None
    family = [*workers, *workers[0].children()]
    process.kill()
    process.wait()
    assert len(family) == 1 + thread
    assert psutil.wait_procs(family, timeout=20)[1] == []


def test_a_pool_says_what_runs(claim_files):
    registry = load_claims(claim_files / "many.py")
    jobs = [make_job(registry, claim, claim.checks[0], ITSELF, level="quick") for claim in list(registry.values())[:6]]
    seen = []
    with Pool(2, watch=seen.append) as pool:
        assert len(list(pool.run(jobs))) == 6
    assert len(seen) == 6 and {job.title for running in seen for job in running} == {job.title for job in jobs}
    assert all(1 <= len(running) <= 2 for running in seen)


def test_two_workers_share_the_jobs(claim_files):
    registry = load_claims(claim_files / "trouble.py")
    claim = registry["trouble.sound"]
    jobs = [make_job(registry, claim, claim.checks[0], ITSELF, level="quick") for _ in range(200)]
    with Pool(2) as pool:
        found = list(pool.run(jobs))
        assert all(worker.ready for worker in pool._workers)
    assert len(found) == 200 and {finding.status for _, finding in found} == {Status.HOLDS}


def test_the_overhead_of_a_check_is_small(claim_files, pool):
    """Wanted are less than 20 ms a check; benchmarks/engine.py measures it. Here a bound that a busy machine meets."""
    registry = load_claims(claim_files / "trouble.py")
    claim = registry["trouble.sound"]
    job = make_job(registry, claim, claim.checks[0], ITSELF, level="quick")
    list(pool.run([job]))
    started = time.perf_counter()
    list(pool.run([job] * 100))
    assert (time.perf_counter() - started) / 100 < 0.1


def test_a_pool_without_workers_is_refused():
    with pytest.raises(ValueError, match="jobs must be at least 1, got 0"):
        Pool(0)


def test_the_parts_of_a_check_stay_on_one_worker_while_there_are_others():
    waiting, last, took = _Waiting(), {}, []
    for check, part in [("one", "itself"), ("one", "cells"), ("two", "itself"), ("one", "control:x"), ("two", "control:x")]:
        waiting.append(Job("shipped:a.py", "", "a", check, part, "quick", 0, "cpu", 1.0))
    for worker, other in [(1, 2), (2, 1), (2, 1), (1, 2), (2, 1)]:
        job = waiting.take(last.get(worker), {last[other]} if other in last else set())
        last[worker] = job.group
        took.append((job.check, job.part))
    assert took[:3] == [("one", "itself"), ("two", "itself"), ("two", "control:x")]
    assert took[3:] == [("one", "cells"), ("one", "control:x")]  # nothing else is left: no worker waits for another
    assert not waiting


def test_what_asks_coq_goes_to_one_worker():
    """Loading its libraries is what an answer costs, and each process asks."""
    waiting = _Waiting()
    for claim in ("a", "b", "c"):
        for check, proofs in (("proof", ["a.v", "b.v", "c.v"]), ("other", [])):
            waiting.append(Job("shipped:a.py", "", claim, check, "itself", "quick", 0, "cpu", 1.0, proofs=proofs))
    first = waiting.take(None, set())
    assert [waiting.take(None, {first.group}).check for _ in range(3)] == ["other"] * 3
    assert [first.claim, *(waiting.take(first.group, set()).claim for _ in range(2))] == ["a", "b", "c"] and not waiting


def test_a_job_that_comes_back_is_the_next_one():
    waiting = _Waiting()
    jobs = [Job("shipped:a.py", "", "a", check, "itself", "quick", 0, "cpu", 1.0) for check in ("one", "two")]
    for job in jobs:
        waiting.append(job)
    waiting.put_back(job := waiting.take(("a", "two"), set()))
    assert job is jobs[1] and waiting.take(None, set()) is job and len(waiting) == 1
