"""``verify``: claims in, a :class:`Run` out. What is computed is stored at once, and survives whatever happens next."""

from __future__ import annotations

import ctypes
import datetime
import hashlib
import json
import math
import platform
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from proofs_check.claim import ALPHA_BUDGET, LEVELS, Check, Claim, ClaimError, Status
from proofs_check.engine.finding import CELLS, ITSELF, Finding, parts
from proofs_check.engine.job import Job, portable
from proofs_check.engine.pool import Lost, Pool
from proofs_check.engine.provenance import versions
from proofs_check.engine.registry import Registry, load_claims
from proofs_check.engine.results import SCHEMA, RunPlace, claim_result, sealed
from proofs_check.engine.store import Store, opened
from proofs_check.engine.verdict import BAD, dead_probes, undermined_by
from proofs_check.plain_data import legible, write_json

#: Seconds that one part of a check may take when neither the check nor the caller says so.
TIMEOUTS = {"quick": 300.0, "standard": 1800.0, "full": 86400.0}

#: Called with each claim's entry of the results as the claim finishes.
Progress = Callable[[Mapping[str, Any]], None]
#: Called whenever a part starts: with the ids of the claims of which parts run, and how many of all parts are done, and are there.
Running = Callable[[list[str], int, int], None]


class Executor(Protocol):
    """What runs jobs: the pool of this machine, or a cluster."""

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Finding]]:
        """Each job with its finding, in the order in which they end."""
        ...


class Interrupted(Exception):
    """The run was stopped from outside, or what ran its jobs went away (``reason``); ``done`` of ``total`` parts are stored in
    ``directory``.

    ``results`` are those of the claims that were finished, the others being skipped: enough for pages, no results of a run.
    """

    def __init__(self, done: int, total: int, directory: Path | None, results: Mapping[str, Any] | None = None, reason: str = "") -> None:
        super().__init__(f"stopped after {done} of {total} parts" + (f": {reason}" if reason else ""))
        self.done, self.total, self.directory, self.results, self.reason = done, total, directory, results, reason


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: ``results`` as results.json holds them, ``directory`` where they lie (``None``: not written)."""

    results: Mapping[str, Any]
    directory: Path | None

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each claim by its id."""
        return {claim["id"]: claim["verdict"] for claim in self.results["claims"]}

    @property
    def tested(self) -> bool:
        """Whether anything was tested at all, rather than skipped."""
        return any(verdict != "skipped" for verdict in self.verdicts.values())

    def passed(self, *, strict: bool = False) -> bool:
        """Whether nothing is refuted, vacuous or in error (``strict``: nor inconclusive, no probe is dead, and something was tested)."""
        bad = (*BAD, "inconclusive") if strict else BAD
        if any(verdict in bad for verdict in self.verdicts.values()):
            return False
        return not strict or (self.tested and not any(dead_probes(claim) for claim in self.results["claims"]))


def verify(
    patterns: str | Iterable[str] | None = None,
    level: str = "quick",
    *,
    device: str = "auto",
    jobs: int = 1,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    timeout: float | None = None,
    claims: str | Path | Iterable[str | Path] | Registry | None = None,
    cluster: str | None = None,
    memory: int | None = None,
    progress: Progress | None = None,
    running: Running | None = None,
) -> Run:
    """Run the claims whose ids match ``patterns`` (globs) and write ``out/results.json`` where ``out`` is given.

    ``jobs`` worker processes share the work, each limited to ``memory`` bytes; or the workers of the dask scheduler at
    ``cluster``. ``timeout`` limits each part of a check, in seconds. ``resume`` reuses what an earlier run in ``out`` stored for
    the same claim, code, libraries, level, seed and device kind; errors and timeouts run again. ``progress`` is called as claims finish,
    ``running`` as their parts start (on this machine). A directory belongs to one run: it is
    taken up again, or repeated, by the same patterns, level, seed, device and claims only.

    :raises ClaimError: when the claims do not load, nothing matches, or an argument is out of range.
    :raises StoreError: when ``out`` is in use, cannot be written, holds another run, or is to be resumed and holds none.
    :raises Interrupted: on an interrupt from the keyboard, or the loss of the cluster; what was computed is stored.
    """
    _validate(level, jobs, seed, timeout, resume, out)
    registry = claims if isinstance(claims, Registry) else load_claims(claims)
    patterns = [patterns] if isinstance(patterns, str) else list(patterns or ["*"])
    selected = registry.select(patterns)
    device = resolve_device(device)
    place = RunPlace(None if out is None else Path(out), registry.paths)
    own = [str(path) for path in registry.paths]
    request = {
        "patterns": sorted(set(patterns)),
        "level": level,
        "seed": seed,
        "device": device,
        "claims": own[0] if len(own) == 1 else own or None,
    }
    started, clock = _now(), time.perf_counter()

    def results(entries: list[dict[str, Any]]) -> dict[str, Any]:
        header = {
            "id": place.directory.resolve().name if place.directory else new_run_id(),
            "started": started,
            "finished": _now(),
            "seconds": round(time.perf_counter() - clock, 3),
            "seed": seed,
            "level": level,
            "device": device,
            "alpha": ALPHA_BUDGET,
            "versions": {**versions(), "platform": platform.platform()},
        }
        return sealed({"schema": SCHEMA, "run": header, "claims": entries})

    with opened(place.directory, request, resume=resume) as store:
        work = _Work(registry, selected, place, store, progress)
        try:
            todo = work.plan(level=level, seed=seed, device=device, timeout=timeout, resume=resume)
            if todo:
                with _executor(min(jobs, len(todo)), memory, cluster, work.watch(running)) as executor:
                    work.execute(executor, todo)
        except (KeyboardInterrupt, Lost) as error:
            store.kept = True
            reason = str(error) if isinstance(error, Lost) else ""
            raise Interrupted(work.count, work.total, place.directory, results(work.so_far()), reason) from error
        run = Run(results(work.entries()), place.directory)
        if place.directory is not None:
            write_json(place.directory / "results.json", run.results)
    return run


class _Work:
    """The parts of the selected claims: which are to be run, which are done, and what they come to."""

    def __init__(self, registry: Registry, claims: Sequence[Claim], place: RunPlace, store: Store, progress: Progress | None) -> None:
        self.registry, self.place, self.store, self.progress = registry, place, store, progress
        self.claims = {claim.id: claim for claim in claims}
        self.findings: dict[str, dict[tuple[str, str], Finding]] = {claim_id: {} for claim_id in self.claims}
        self.done: dict[str, dict[str, Any]] = {}

    @property
    def total(self) -> int:
        """How many parts there are."""
        return sum(len(parts(claim)) for claim in self.claims.values())

    @property
    def count(self) -> int:
        """How many of them have their finding."""
        return sum(map(len, self.findings.values()))

    def plan(self, *, level: str, seed: int, device: str, timeout: float | None, resume: bool) -> list[Job]:
        """The jobs to run, after what is skipped at this level and what is reused."""
        todo = []
        for claim in self.claims.values():
            for name, part in parts(claim):
                check = claim.check(name)
                job = make_job(self.registry, claim, check, part, level=level, seed=seed, device=device, timeout=timeout)
                finding = below(check, part, level) or (stored(self.store, check, job) if resume else None)
                if finding is None:
                    todo.append(job)
                else:
                    self._put(job, finding)
        return self._told_of_proofs(todo)

    def _told_of_proofs(self, jobs: list[Job]) -> list[Job]:
        """The jobs; those of formal checks that ship say which files all of them ask Coq about."""
        proof = lambda job: getattr(self.claims[job.claim].check(job.check).run, "proof", None) if job.shared else None
        proofs = tuple(sorted({file for job in jobs if (file := proof(job)) is not None}))
        return [replace(job, proofs=proofs) if proof(job) is not None else job for job in jobs]

    def watch(self, running: Running | None) -> Callable[[list[Job]], None] | None:
        """What tells ``running`` which claims a pool is at."""
        if running is None:
            return None
        return lambda jobs: running(list(dict.fromkeys(job.claim for job in jobs)), self.count, self.total)

    def execute(self, executor: Executor, todo: list[Job]) -> None:
        """Run the jobs, and store each finding as it comes."""
        for job, finding in executor.run(todo):
            self.store.put(job, finding)
            self._keep_log(job, finding)
            self._put(job, finding)

    def _put(self, job: Job, finding: Finding) -> None:
        claim, found = self.claims[job.claim], self.findings[job.claim]
        found[job.check, job.part] = finding
        if len(found) == len(parts(claim)):
            self.done[claim.id] = self._entry(claim, found)
            if self.progress:
                self.progress(self.done[claim.id])

    def _entry(self, claim: Claim, found: Mapping[tuple[str, str], Finding]) -> dict[str, Any]:
        """The entry of a claim in the results; where it cannot be made, one that says so: a claim costs itself alone."""
        try:
            entry = claim_result(claim, found, self.place, self.registry)
            json.dumps(entry, allow_nan=False)
        except (Exception, RecursionError) as error:
            if isinstance(error, OSError):
                raise  # no room for a certificate
            broken = Finding(Status.ERROR, message=f"its findings cannot be told: {type(error).__name__}: {legible(str(error))}")
            entry = claim_result(claim, dict.fromkeys(found, broken), self.place, self.registry)
        return entry

    def _keep_log(self, job: Job, finding: Finding) -> None:
        if not finding.log or self.place.directory is None:
            return
        file = self.place.directory / "logs" / log_name(job)
        file.parent.mkdir(exist_ok=True)
        file.write_text(finding.log, encoding="utf-8")

    def entries(self) -> list[dict[str, Any]]:
        """The claims of the results, in the order of the registry."""
        return self._finished(self.done)

    def so_far(self) -> list[dict[str, Any]]:
        """The claims of a run that was stopped: those that are not finished are skipped, but for a refutation that is there already."""
        skipped = Finding(Status.SKIPPED, message="not run: the run was stopped before")

        def kept(part: str, finding: Finding | None) -> Finding:
            return finding if finding is not None and part == ITSELF and finding.status is Status.FAILS else skipped

        done = dict(self.done)
        for claim in self.claims.values():
            if claim.id not in done:
                found = self.findings[claim.id]
                done[claim.id] = self._entry(claim, {(name, part): kept(part, found.get((name, part))) for name, part in parts(claim)})
        return self._finished(done)

    def _finished(self, done: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
        undermined = undermined_by(self.registry, {claim_id: entry["verdict"] for claim_id, entry in done.items()})
        entries = [{**done[claim_id], "undermined_by": undermined[claim_id]} for claim_id in self.claims]
        here = versions()
        for check in (check for entry in entries for check in entry["checks"]):
            check["versions"] = None if check["versions"] == here else check["versions"]  # told where others computed it
        return entries


#: Longest name of a log file, in bytes.
LOG_NAME = 200


def log_name(job: Job) -> str:
    """The file that holds what a part printed, of a length that file systems take."""
    part = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in job.part)
    name = f"{job.claim}.{job.check}.{part}"
    if len(name) > LOG_NAME:
        name = f"{name[: LOG_NAME - 20]}-{hashlib.sha256(job.title.encode()).hexdigest()[:16]}"
    return f"{name}.log"


def make_job(
    registry: Registry,
    claim: Claim,
    check: Check,
    part: str,
    *,
    level: str,
    seed: int = 0,
    device: str = "cpu",
    timeout: float | None = None,
) -> Job:
    """The job that runs ``part`` of ``check``; the time limit of the check comes before ``timeout``."""
    file, source = portable(registry.files[claim.id]), registry.source(claim.id)
    limit = check.timeout or timeout or TIMEOUTS[level]
    return Job(file, source, claim.id, check.name, part, level, seed, device, limit, libraries=versions())


def below(check: Check, part: str, level: str) -> Finding | None:
    """The finding of a check that does not run at this ``level``; ``None`` for one that does."""
    if LEVELS.index(check.level) <= LEVELS.index(level):
        if part == CELLS and check.evidence == "training" and level == "quick":
            return Finding(Status.SKIPPED, message="trainings are repeated with false predictions from level standard on")
        return None
    what = "runs" if part == ITSELF else "not run: its check runs"
    return Finding(Status.SKIPPED, message=f"{what} from level {check.level} on")


def stored(store: Store, check: Check, job: Job) -> Finding | None:
    """What the same job came to in an earlier run; ``None`` where it has to run: errors, timeouts, and what Coq said on another day."""
    finding = None if check.evidence == "formal" else store.get(job)
    return None if finding is None or finding.status in (Status.ERROR, Status.TIMEOUT) else finding


def _executor(jobs: int, memory: int | None, cluster: str | None, watch: Callable[[list[Job]], None] | None = None) -> Any:
    if cluster is None:
        return Pool(jobs, memory=memory, watch=watch)
    from proofs_check.engine.cluster import Cluster

    return Cluster(cluster, memory=memory)


def _validate(level: str, jobs: int, seed: int, timeout: float | None, resume: bool, out: str | Path | None) -> None:
    if level not in LEVELS:
        raise ClaimError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")
    if jobs < 1:
        raise ClaimError(f"jobs must be at least 1, got {jobs}")
    if not isinstance(seed, int) or seed < 0:
        raise ClaimError(f"seed must be an integer from 0 on, got {seed!r}")
    if timeout is not None and not (0 < timeout < math.inf):
        raise ClaimError(f"timeout must be a positive number of seconds, got {timeout}")
    if resume and out is None:
        raise ClaimError("resume needs out, the directory of the run to take up again, got none")


def resolve_device(device: str) -> str:
    """``cuda`` or ``cpu``: ``auto`` is ``cuda`` where torch can use one.

    :raises ClaimError: when ``cuda`` is asked for and there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ClaimError(f"device must be auto, cpu or cuda, got {device!r}")
    if device == "cpu" or not _has_cuda():
        if device == "cuda":
            raise ClaimError("device is cuda, expected a CUDA device that torch can use, found none")
        return "cpu"
    return "cuda"


def _has_cuda() -> bool:
    """Ask the driver first, as importing torch takes seconds."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        count = ctypes.c_int(0)
        if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
            return False
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()


def new_run_id() -> str:
    """The time and a few random letters."""
    return f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
