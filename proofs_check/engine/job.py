"""What a worker is asked to do, as plain data: never a function, so that it can be sent to any machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from proofs_check.claim import Claim, ClaimError
from proofs_check.engine.execution import run_case, run_part
from proofs_check.engine.finding import Finding
from proofs_check.engine.registry import SHIPPED, load_file, shipped
from proofs_check.engine.sources import source_hash

_SHIPPED = "shipped:"


@dataclass(frozen=True, slots=True)
class Job:
    """One part of one check of one claim, at a level, with a seed, on a kind of device.

    ``file`` is the path of the claims file (``shipped:NAME`` inside the package), ``source`` the hash of its code;
    ``timeout`` is in seconds. With a ``case``, only that instance is run, and the finding shows it.
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

    def to_data(self) -> dict[str, Any]:
        """As JSON data; :meth:`from_data` reads it back."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Job:
        """The job that :meth:`to_data` wrote."""
        return cls(**data)

    @property
    def title(self) -> str:
        """How the job is called in messages."""
        return f"{self.claim} {self.check} {self.part}"

    def run(self) -> Finding:
        """Run it here and now, with the claims of this machine.

        :raises ClaimError: when the claims file is missing, does not import or differs from the one the job was made for.
        """
        claim = _claims(self.file, self.source)[self.claim]
        run = {"level": self.level, "seed": self.seed, "device": self.device}
        if self.case is not None:
            return run_case(claim, self.check, self.part, self.case, **run)
        return run_part(claim, self.check, self.part, **run)


def portable(file: Path) -> str:
    """The claims file as a job names it."""
    return _SHIPPED + file.relative_to(SHIPPED).as_posix() if shipped(file) else str(file)


_loaded: dict[str, tuple[str, dict[str, Claim]]] = {}  # one per worker process, emptied with it


def _claims(name: str, source: str) -> dict[str, Claim]:
    """The claims of a file, loaded once per process and hash."""
    if name in _loaded and _loaded[name][0] == source:
        return _loaded[name][1]
    file = SHIPPED / name.removeprefix(_SHIPPED) if name.startswith(_SHIPPED) else Path(name)
    if not file.is_file():
        raise ClaimError(f"claims file {file}: expected on the worker too, found nothing there")
    if (here := source_hash(file)) != source:
        raise ClaimError(f"claims file {file} or a module it imports differs on the worker: expected sha256 {source[:12]}, got {here[:12]}")
    _loaded[name] = (source, {claim.id: claim for claim in load_file(file)})
    return _loaded[name][1]
