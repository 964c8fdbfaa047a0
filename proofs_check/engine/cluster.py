"""The same jobs on the workers of a dask.distributed cluster, each of which runs them in an isolated process of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from typing import Any

from proofs_check.claim import Status
from proofs_check.engine.answers import read
from proofs_check.engine.finding import Finding
from proofs_check.engine.job import Job
from proofs_check.engine.pool import Lost, Pool
from proofs_check.engine.provenance import other_versions, versions
from proofs_check.engine.sources import packages_hash

#: Seconds in which a scheduler must answer and a first worker must have joined it.
PATIENCE = 15.0


class ClusterError(RuntimeError):
    """A cluster that cannot be used; the message names its address and what was expected."""


class Cluster:
    """The workers of the scheduler at ``address``. A worker that is lost costs no job: the scheduler gives it to another.

    A job may use ``memory`` bytes (default: the share of one thread in what its worker may use).

    :raises ClusterError: when dask.distributed is not installed, nothing answers, or the workers cannot import this package.
    """

    def __init__(self, address: str, *, memory: int | None = None, patience: float = PATIENCE) -> None:
        self._memory, self._address = memory, address
        try:
            from distributed import Client
        except ImportError as error:
            raise ClusterError("--cluster needs dask.distributed: pip install 'proofs-check[cluster]'") from error
        try:
            self._client = Client(address, timeout=patience, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"cluster {address!r}: expected a dask scheduler such as tcp://host:8786, got no answer ({error})"
            ) from error
        try:
            self._check_workers(address, patience)
        except BaseException:
            self.close()
            raise

    def _check_workers(self, address: str, patience: float) -> None:
        try:
            self._client.wait_for_workers(1, timeout=patience)
        except TimeoutError as error:
            raise ClusterError(f"cluster {address!r}: expected at least one worker, none joined in {patience:g} s") from error
        answers: Any = self._client.run(_described, on_error="return")
        here = _described()
        for worker, answer in answers.items():
            if not isinstance(answer, dict):
                raise ClusterError(f"cluster {address!r}: worker {worker} cannot import proofs_check: {answer!r}")
            if differing := other_versions(here["versions"], answer["versions"]):
                raise ClusterError(f"cluster {address!r}: worker {worker} computes with other versions: {differing}")
            if answer["code"] != here["code"]:
                raise ClusterError(f"cluster {address!r}: the code of proofs_check, its kernels or its data differ on worker {worker}")

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; what it still runs for this client is dropped."""
        self._client.close()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Finding]]:
        """Yield each job with its finding, in the order in which they finish.

        :raises Lost: when the scheduler goes away.
        """
        from distributed import as_completed

        try:
            futures = {self._client.submit(run_isolated, job.to_data(), self._memory, pure=False): job for job in jobs}
            for future in as_completed(futures, loop=self._client.loop):
                yield futures.pop(future), self._finding(future)
        except (OSError, CancelledError, asyncio.CancelledError) as error:
            raise lost(self._address, error) from error

    def _finding(self, future: Any) -> Finding:
        error = future.exception()  # waits once more where the finding went with its worker and is computed again
        if future.status in ("cancelled", "lost"):
            raise lost(self._address, future.status)
        if error is None:
            return read(future.result())
        return Finding(Status.ERROR, message=f"the cluster gave the job up: {type(error).__name__}: {error}")


def lost(address: str, why: object) -> Lost:
    """The scheduler at ``address`` went away; ``why`` is told on one line (that of a cancelled future has several)."""
    return Lost(f"the scheduler {address} went away ({' '.join(str(why).split()) or 'connection lost'})")


def _described() -> dict[str, Any]:
    """The libraries and the code of this machine, as far as findings depend on them."""
    return {"versions": versions(), "code": packages_hash()}


_threads = threading.local()


def run_isolated(data: Mapping[str, Any], memory: int | None) -> dict[str, Any]:
    """Run one job in the pool of the calling thread (of a dask worker), which outlives it."""
    if not hasattr(_threads, "pool"):
        _threads.pool = Pool(1)
    _threads.pool.memory = memory or _share() or _threads.pool.memory
    return _threads.pool.run_one(Job.from_data(data)).to_data()


def _share() -> int | None:
    """This thread's share of what the dask worker may use, in bytes; ``None`` where it has no limit."""
    from distributed import get_worker

    worker = get_worker()
    limit = worker.memory_manager.memory_limit
    return limit // worker.state.nthreads if limit else None
