"""Claims as pytest items: one for each check, each control, and the cell controls of a check.

``pytest --claims PATH`` adds the claims of a file or directory to what is collected; ``--claims-match`` or ``--claims-level``
without it stands for the shipped claims; the setting ``claims`` names what a plain ``pytest`` collects. Items run in a worker
process, one pool for each pytest process, so that a claim that crashes or hangs fails alone. Holds passes, inconclusive is an
expected failure, and whatever keeps a claim from passing fails. With ``--claims-run=DIR``, what ``proofs-check verify --out DIR`` found
for the same claim, code, libraries, level and device is judged in place of being computed again.
"""

from __future__ import annotations

import fnmatch
import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from proofs_check.claim import LEVELS, Check, Claim, ClaimError, Status
from proofs_check.engine.finding import CELLS, ITSELF, Finding, parts
from proofs_check.engine.registry import SHIPPED, Registry, load_claims
from proofs_check.engine.shadows import shadowed

if TYPE_CHECKING:
    from proofs_check.engine.pool import Pool
    from proofs_check.engine.store import Store

_PLUGIN = "proofs-check-session"
#: Stands for the claims that ship with the package.
_SHIPPED = "shipped"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--claims``, ``--claims-match``, ``--claims-level``, ``--claims-run`` and the setting ``claims``."""
    group = parser.getgroup("proofs-check", "claims put under test")
    group.addoption("--claims", metavar="PATH", help=f"a claims file, a directory of them, or {_SHIPPED!r}")
    group.addoption("--claims-match", metavar="PATTERN", help="only claims whose id matches this glob")
    group.addoption("--claims-level", choices=LEVELS, metavar="LEVEL", help="quick (default), standard or full")
    group.addoption("--claims-run", metavar="DIR", help="judge what a run in this directory found for what has not changed since")
    parser.addini(
        "claims",
        f"what pytest collects when it is given no paths: a claims file, a directory of them (from the ini file's own), or {_SHIPPED!r}",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the claims where an option, or the setting in a run without paths, asks for them."""
    options, named = config.option, config.args_source is pytest.Config.ArgsSource.ARGS
    if not (options.claims or named) and (setting := config.getini("claims")):
        options.claims = setting if setting == _SHIPPED or config.inipath is None else str(config.inipath.parent / setting)
    if options.claims or options.claims_match or options.claims_level:
        if shadow := shadowed():
            raise pytest.UsageError(f"proofs-check: {shadow}")
        session = _Claims(config)
        config.pluginmanager.register(session, _PLUGIN)
        session.add_to_arguments()


class _Claims:
    """The claims of this pytest process, and the pool in which they run (started by the first item)."""

    def __init__(self, config: pytest.Config) -> None:
        options = config.option
        self.config = config
        own = options.claims not in (None, _SHIPPED)
        self.path = config.invocation_params.dir / options.claims if own else SHIPPED
        self.root = self.path.resolve()
        self.pattern = options.claims_match or "*"
        self.level = options.claims_level or "quick"
        self.registry = self._load()
        self._pool: Pool | None = None
        self.directory = config.invocation_params.dir / options.claims_run if options.claims_run else None
        if self.directory is not None and not (self.directory / "run.sqlite").is_file():
            raise pytest.UsageError(f"--claims-run: expected the directory of a run, found no run.sqlite in {self.directory}")

    def _load(self) -> Registry:
        if not self.root.exists():
            raise pytest.UsageError(f"--claims: expected a claims file or directory, found nothing at {self.path}")
        try:
            registry = load_claims(None if self.root == SHIPPED else self.root)
        except ClaimError as error:
            raise pytest.UsageError(f"--claims: {error}") from error
        if not any(fnmatch.fnmatchcase(claim_id, self.pattern) for claim_id in registry):
            raise pytest.UsageError(f"--claims-match: no claim of {self.path} matches {self.pattern!r}")
        return registry

    @functools.cached_property
    def device(self) -> str:
        from proofs_check.engine.runner import resolve_device

        return resolve_device("auto")

    @property
    def pool(self) -> Pool:
        if self._pool is None:
            from proofs_check.engine.pool import Pool

            self._pool = Pool(1)
        return self._pool

    @functools.cached_property
    def store(self) -> Store | None:
        from proofs_check.engine.store import Store

        return None if self.directory is None else Store(self.directory)

    def found(self, claim: Claim, check: Check, part: str) -> Finding:
        """What the part came to: skipped below the lowest level of its check, found by the run that was named, or computed now."""
        from proofs_check.engine.runner import below, make_job, stored

        if (finding := below(check, part, self.level)) is not None:
            return finding
        job = make_job(self.registry, claim, check, part, level=self.level, device=self.device)
        return (stored(self.store, check, job) if self.store else None) or self.pool.run_one(job)

    def add_to_arguments(self) -> None:
        """Collect the claims beside what else was asked for, unless some of them were named one by one."""
        named = (Path(self.config.invocation_params.dir, argument.partition("::")[0]) for argument in self.config.args)
        if not any(path.resolve().is_relative_to(self.root) for path in named):
            self.config.args.append(str(self.root))

    def holds_claims(self, file: Path) -> bool:
        file = file.resolve()
        return file in self.registry.files.values()

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> Iterator[None]:
        collectors = yield
        return [ClaimsFile.from_parent(parent, path=file_path)] if self.holds_claims(file_path) else collectors

    def pytest_unconfigure(self) -> None:
        if self._pool is not None:
            self._pool.close()
        if "store" in vars(self) and self.store is not None:
            self.store.close()


class ClaimsFile(pytest.File):
    """A file with ``CLAIMS``."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """A collector for every claim of this file whose id matches the pattern."""
        claims = cast(_Claims, self.config.pluginmanager.get_plugin(_PLUGIN))
        registry = claims.registry
        for claim in registry.values():
            if registry.files[claim.id] == self.path.resolve() and fnmatch.fnmatchcase(claim.id, claims.pattern):
                yield ClaimCollector.from_parent(self, name=claim.id, claim=claim)


class ClaimCollector(pytest.Collector):
    """One claim."""

    def __init__(self, *, claim: Claim, **details: Any) -> None:
        super().__init__(**details)
        self.claim = claim

    def collect(self) -> Iterable[pytest.Item]:
        """An item for every check and every control; probes show assumptions at work and are no tests."""
        for name, part in parts(self.claim):
            kind, _, control = part.partition(":")
            if kind != "probe":
                title = name if part == ITSELF else f"{name}[{control or CELLS}]"
                yield ClaimItem.from_parent(self, name=title, claim=self.claim, check=self.claim.check(name), part=part)


class Unmet(Exception):
    """A check or control did not come out as it must; the text is the whole report."""


class ClaimItem(pytest.Item):
    """One check of a claim, or one control of a check."""

    def __init__(self, *, claim: Claim, check: Check, part: str, **details: Any) -> None:
        super().__init__(**details)
        self.claim, self.check, self.part = claim, check, part

    def runtest(self) -> None:
        """Run the part and judge what it found."""
        claims = cast(_Claims, self.config.pluginmanager.get_plugin(_PLUGIN))
        finding = claims.found(self.claim, self.check, self.part)
        self.add_report_section("call", "claim", finding.log)
        self._judge(finding)

    def _judge(self, finding: Finding) -> None:
        status = finding.status
        if status is Status.SKIPPED:
            pytest.skip(finding.message)
        if self.part != ITSELF:
            if not finding.refuted:
                what = "predictions made false cell by cell" if self.part == CELLS else "the control"
                raise Unmet(self._told(finding, f"{what} came out {status.value}, expected fails"))
        elif status is Status.INCONCLUSIVE and finding.met:
            pytest.xfail(finding.message)
        elif status is not Status.HOLDS:
            raise Unmet(self._told(finding, f"the check came out {status.value}"))

    def _told(self, finding: Finding, headline: str) -> str:
        source = self.claim.source
        lines = [f"{headline}: {finding.message}", f"{self.claim.title} ({source.paper}, {source.where})"]
        if finding.counterexample is not None:
            lines.append(json.dumps(finding.counterexample, indent=1, ensure_ascii=False))
        return "\n".join(lines)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone where a claim did not come out as it must; a traceback for anything else."""
        return str(excinfo.value) if isinstance(excinfo.value, Unmet) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The claims file, and the claim with its check as the title of the report."""
        return self.path, None, f"{self.claim.id}, {self.name}"  # pytest rewrites the end of a node id that ends with the title
