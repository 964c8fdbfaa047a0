"""The same jobs on a dask.distributed cluster of two worker processes, one of them killed mid-run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proofs_check import verify

pytest.importorskip("distributed", reason="needs the extra cluster")

ROOT = str(Path(__file__).resolve().parents[2])


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler with two workers, and the worker processes."""
    file = tmp_path / "scheduler.json"
    processes = []

    def start(*arguments):
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file)]
        environment = {**os.environ, "PYTHONPATH": ROOT}
        with open(tmp_path / f"dask-{len(processes)}.log", "wb") as log:
            processes.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log))
        return processes[-1]

    start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    workers = [start("worker", "--no-nanny", "--nthreads", "1", "--no-dashboard") for _ in range(2)]
    try:
        while not file.exists() or not file.read_text():
            assert processes[0].poll() is None, (tmp_path / "dask-0.log").read_text()
            time.sleep(0.02)
        yield json.loads(file.read_text())["address"], workers
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_killed_worker_costs_nothing(cluster, claim_files):
    address, workers = cluster
    finished = []

    def kill_one(claim):
        finished.append(claim)
        if len(finished) == 3:
            workers[0].send_signal(signal.SIGKILL)

    found = verify(claims=claim_files / "many.py", cluster=address, progress=kill_one)
    assert found.verdicts == verify(claims=claim_files / "many.py").verdicts
    assert workers[0].wait(10) == -signal.SIGKILL
    assert workers[1].poll() is None


def test_claims_that_break_are_isolated_there_too(cluster, claim_files):
    address, workers = cluster
    names = ["trouble.leaves", "trouble.hangs", "trouble.sound", "trouble.grows"]
    found = verify(names, claims=claim_files / "trouble.py", cluster=address, timeout=5, memory=300 * 2**20)
    messages = {claim["id"]: claim["checks"][0]["message"] for claim in found.results["claims"]}
    assert "ended with exit code 3" in messages["trouble.leaves"]
    assert "no answer within 5 s" in messages["trouble.hangs"]
    assert "MiB of memory, allowed are 300 MiB" in messages["trouble.grows"]
    assert found.verdicts["trouble.sound"] == "certified"
    assert all(worker.poll() is None for worker in workers)


def test_an_address_that_does_not_answer_is_named(proofs_check, write_claims, monkeypatch):
    from proofs_check.engine.cluster import Cluster, ClusterError

    for address in ("tcp://127.0.0.1:9", "nonsense://host:1"):
        with pytest.raises(ClusterError, match=f"cluster '{address}': expected a dask scheduler"):
            Cluster(address, patience=0.5)


def test_a_scheduler_without_workers_is_named(tmp_path, cluster):
    from proofs_check.engine.cluster import Cluster, ClusterError

    address, workers = cluster
    for worker in workers:
        worker.kill()
        worker.wait()
    with pytest.raises(ClusterError, match="expected at least one worker, none joined in 0.5 s"):
        Cluster(address, patience=0.5)
