"""The same jobs on a dask.distributed cluster of two worker processes, one of them killed mid-run."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from proofs_check import verify

pytest.importorskip("distributed", reason="needs the extra cluster")

ROOT = str(Path(__file__).resolve().parents[2])


@pytest.fixture
def cluster(tmp_path, request):
    """The address of a scheduler with two workers, the worker processes, and that of the scheduler."""
    file = tmp_path / "scheduler.json"
    processes = []

    def start(*arguments, root=ROOT):
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file)]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        with open(tmp_path / f"dask-{len(processes)}.log", "wb") as log:
            processes.append(subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log))
        return processes[-1]

    start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    root = getattr(request, "param", ROOT)
    if callable(root):
        root = root(tmp_path)
    workers = [start("worker", "--no-nanny", "--nthreads", "1", "--no-dashboard", root=root) for _ in range(2)]
    try:
        while not file.exists() or not file.read_text():
            assert processes[0].poll() is None, (tmp_path / "dask-0.log").read_text()
            time.sleep(0.02)
        yield json.loads(file.read_text())["address"], workers, processes[0]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_killed_worker_costs_nothing(cluster, claim_files):
    address, workers, _ = cluster
    finished = []

    def kill_one(claim):
        finished.append(claim)
        if len(finished) == 3:
            time.sleep(2)  # others finish meanwhile: their findings lie on the worker that goes, and are lost with it
            workers[1].send_signal(signal.SIGSTOP)  # nobody computes them again before they are asked for
            workers[0].send_signal(signal.SIGKILL)
            threading.Timer(3, workers[1].send_signal, [signal.SIGCONT]).start()
            time.sleep(1)

    found = verify(claims=claim_files / "many.py", cluster=address, progress=kill_one)
    assert found.verdicts == verify(claims=claim_files / "many.py").verdicts
    assert workers[0].wait(10) == -signal.SIGKILL
    assert workers[1].poll() is None


def test_claims_that_break_are_isolated_there_too(cluster, claim_files):
    address, workers, _ = cluster
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

    address, workers, _ = cluster
    for worker in workers:
        worker.kill()
        worker.wait()
    with pytest.raises(ClusterError, match="expected at least one worker, none joined in 0.5 s"):
        Cluster(address, patience=0.5)


def test_what_is_lost_is_told_on_one_line():
    from distributed.client import FutureCancelledError

    from proofs_check.engine.cluster import lost

    reasons = {"": "connection lost", FutureCancelledError("key", "scheduler gone", "Message of\n\nseveral lines"): "several lines"}
    for reason, expected in reasons.items():
        told = str(lost("tcp://127.0.0.1:9", reason))
        assert "\n" not in told and told.endswith(f"{expected})")


def with_another_kernel(folder):
    """A copy of the packages in which a comment was added to one kernel."""
    for name in ("theory", "numerics", "proofs_check"):
        shutil.copytree(Path(ROOT) / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    with open(folder / "numerics" / "train" / "kernels" / "update.h", "a") as file:
        file.write("// changed\n")
    return folder


@pytest.mark.parametrize("cluster", [with_another_kernel], indirect=True, ids=["another kernel"])
def test_a_worker_with_another_kernel_is_refused(cluster, claim_files):
    from proofs_check.engine.cluster import ClusterError

    with pytest.raises(ClusterError, match="the code of proofs_check, its kernels or its data differ on worker tcp"):
        verify(claims=claim_files / "many.py", cluster=cluster[0])


def test_a_scheduler_that_goes_away_leaves_a_run_that_can_be_resumed(cluster, claim_files, proofs_check, tmp_path):
    address, _, scheduler = cluster
    command = [
        sys.executable,
        "-m",
        "proofs_check",
        "verify",
        "--claims",
        str(claim_files / "many.py"),
        "--out",
        "run",
        "--cluster",
        address,
    ]
    environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert any(line.startswith(("certified", "refuted")) for line in process.stdout)
    scheduler.kill()
    _, told = process.communicate(timeout=120)
    assert process.returncode == 2 and "Traceback" not in told.split("Stopped:")[-1]
    assert re.search(r"Stopped: the scheduler tcp://\S+ went away \(.*\)\. \d+ of 80 parts are done and stored\. To go on:\n", told)
    again = shlex.split(told.strip().splitlines()[-1])
    assert "--resume" in again
    finished = proofs_check(*(one for one in again[1:] if not one.startswith("--cluster")), expect=1)
    assert "4 refuted" in finished.stdout
