"""What a worker is asked to do, as plain data: never a function, so that it can be sent to any machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from proofs_check.claim import Claim, ClaimError
from proofs_check.engine.execution import run_case, run_part
from proofs_check.engine.finding import Finding
from proofs_check.engine.provenance import other_versions
from proofs_check.engine.registry import SHIPPED, load_file, shipped
from proofs_check.engine.sources import closure, source_hash

_SHIPPED = "shipped:"


@dataclass(frozen=True, slots=True)
class Job:
    """One part of one check of one claim, at a level, with a seed, on a kind of device.

    ``file`` is the path of the claims file (``shipped:NAME`` inside the package), ``source`` the hash of its code, ``libraries``
    the versions of what it computes with; ``timeout`` is in seconds. With a ``case``, only that instance is run, and the finding shows it.
    Of a formal check, ``proofs`` are the proof files below the folder `proofs` that the run asks about.
    """

    file: str
    source: str
    claim: str
    check: str
    part: str
    level: str
    seed: int
    device: str
    timeout: float
    case: int | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    proofs: Sequence[str] = ()

    def to_data(self) -> dict[str, Any]:
        """As JSON data; :meth:`from_data` reads it back."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Job:
        """The job that :meth:`to_data` wrote."""
        return cls(**data)

    @property
    def title(self) -> str:
        """How the job is called in messages."""
        return f"{self.claim} {self.check} {self.part}"

    @property
    def shared(self) -> bool:
        """Whether its process may run claims of other files."""
        return self.file.startswith(_SHIPPED)

    @property
    def company(self) -> str:
        """The jobs with which this one may share a process: all that ship with the package, else those of the same claims file."""
        return _SHIPPED if self.shared else f"{self.file} {self.source}"

    @property
    def group(self) -> tuple[str, str]:
        """The parts that share what a process keeps, and so go to one worker: those of its check, or all that ask Coq about what ships."""
        return ("", "formal") if self.proofs else (self.claim, self.check)

    @property
    def key(self) -> str:
        """One hash of the code and the libraries."""
        return hashlib.sha256(json.dumps([self.source, dict(self.libraries)], sort_keys=True).encode()).hexdigest()

    @property
    def path(self) -> Path:
        """The claims file on this machine."""
        return SHIPPED / self.file.removeprefix(_SHIPPED) if self.shared else Path(self.file)

    def load(self) -> Claim:
        """The claim, as this machine has it.

        :raises ClaimError: when the claims file is missing or does not import, or it or the libraries differ from those of the job.
        """
        if self.libraries and (differing := other_versions(self.libraries)):
            raise ClaimError(f"the worker computes with other versions: {differing}")
        return _loaded_file(self.file, self.path, self.source).claims[self.claim]

    @property
    def reached(self) -> frozenset[str]:
        """The files that its source covers, once it is loaded."""
        return _loaded_file(self.file, self.path, self.source).reached

    def run(self) -> Finding:
        """Run it here and now, with the claims of this machine.

        :raises ClaimError: as :meth:`load`.
        """
        if self.proofs:
            from proofs_check.proving.coq import expect

            expect(self.proofs)
        run = {"level": self.level, "seed": self.seed, "device": self.device, "folder": self.path.parent}
        if self.case is not None:
            return run_case(self.load(), self.check, self.part, self.case, **run)
        return run_part(self.load(), self.check, self.part, **run)


def portable(file: Path) -> str:
    """The claims file as a job names it."""
    return _SHIPPED + file.relative_to(SHIPPED).as_posix() if shipped(file) else str(file)


@dataclass(frozen=True, slots=True)
class _Loaded:
    source: str
    claims: Mapping[str, Claim]
    reached: frozenset[str]


_loaded: dict[str, _Loaded] = {}  # one per worker process, emptied with it


def _loaded_file(name: str, file: Path, source: str) -> _Loaded:
    """The claims of a file, loaded once per process and hash."""
    if name in _loaded and _loaded[name].source == source:
        return _loaded[name]
    if not file.is_file():
        raise ClaimError(f"claims file {file}: expected on the worker too, found nothing there")
    if (here := source_hash(file)) != source:
        raise ClaimError(
            f"claims file {file}, something it reaches or an environment variable it names differs on the worker:"
            f" expected sha256 {source[:12]}, got {here[:12]}"
        )
    claims = {claim.id: claim for claim in load_file(file)}
    _loaded[name] = _Loaded(source, claims, frozenset(map(str, closure(file.resolve()))))
    return _loaded[name]
