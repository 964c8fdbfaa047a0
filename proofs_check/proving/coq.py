"""Machine-checked proofs: Coq's kernel accepts a file, and separate generated files ask it for statements, axioms and values.

What a checked file prints is never read: a script can print anything. A proof counts when

1. `coqc` accepts the file, and the files of ours that it needs, under a limit of processor time;
2. a generated file finds the theorem under its full name, a proof of a proposition, with no axiom beyond the declared ones;
3. its control is a proof of `~ P`: the statement made false in one place is refuted, inside Coq. (A proof script that is rejected refutes
   nothing: scripts of true variants are rejected too.)

Compiled files are kept in a cache of the user, under a key that hashes the source, the sources it needs, and the versions of Coq and of its
libraries; so are the statements as Coq prints them, and values. The axioms are asked again in each process: of a file of one's own alone,
of the files that ship together where a run says which it comes to (:func:`expect`), else once it is clear that more are asked for, first of
their family, then all, because loading the libraries is what an answer costs.
At most two runs of coqc go on at once, over all processes of a user.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from proofs_check.claim import Unavailable

PROOFS = Path(__file__).resolve().parent.parent / "proofs"
LIBRARY, OWN = "ProofsCheck", "Own"  # logical names: of the proofs that ship, of the folder of a file of a user
WRITTEN_FOR = "8.16"
PACKAGES = ("coq", "libcoq-mathcomp-algebra", "libcoq-mathcomp-algebra-tactics", "libcoq-mathcomp-zify", "libcoq-coquelicot")
HOW_TO_INSTALL = f"proofs are written for Coq {WRITTEN_FOR} with MathComp 1.15 (Debian 12: apt-get install {' '.join(PACKAGES)})"
CLASSICAL_REALS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",  # through Coquelicot
    }
)
ALLOWED = {"none": frozenset(), "reals": CLASSICAL_REALS}

PROCESSOR_SECONDS = 120  # of one coqc: not wall time, machines are shared
AT_ONCE = 2
ALONE = 2  # shipped files that a process asks about one by one, before it asks about all that are left: see _axioms


class Refused(ValueError):
    """Coq, or a rule of this module, refuses; the message says what and where."""


@dataclass(frozen=True)
class Proof:
    """What Coq said of one theorem. ``status``: `proved`, `refused` or `skipped`, with a ``message`` unless proved.

    ``statement`` and ``control_statement`` are as Coq prints them, ``axioms`` those of the theorems of the file together where all are
    allowed, ``premises`` the author's words for hypotheses of the theorem that a reader could take for part of the logic, ``seconds`` the
    processor time of checking the file and what it needs, when that was done.
    """

    status: str
    file: str
    theorem: str
    message: str = ""
    control: str | None = None
    statement: str = ""
    control_statement: str = ""
    axioms: tuple[str, ...] = ()
    premises: tuple[str, ...] = ()
    seconds: float = 0.0
    lines: int = 0
    key: str = ""
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Toolchain:
    """``command``: the path of coqc; ``versions`` of Coq and its libraries where they are known; ``fingerprint`` of what is installed."""

    command: str
    versions: dict[str, str]
    fingerprint: str


@dataclass(frozen=True)
class Source:
    """A proof file: its ``path``, its ``logical`` name, its ``text`` without comments and the files of ours that it ``needs``."""

    path: Path
    logical: str
    text: str
    needs: tuple[Path, ...]

    @cached_property
    def theorems(self) -> tuple[str, ...]:
        """The names of its theorems and corollaries, in order."""
        return tuple(re.findall(r"^\s*(?:Theorem|Corollary)\s+(\w+)", self.text, re.MULTILINE))

    @cached_property
    def imports(self) -> str:
        """The lines that load libraries which are not ours: their notations make statements readable."""
        found = re.findall(rf"^\s*(From (?!{LIBRARY}|{OWN}\b)[\w.]+ Require[^.]*(?:\.\w+[^.]*)*\.)(?=\s)", self.text, re.MULTILINE)
        return "\n".join(" ".join(line.split()) for line in found)


@dataclass(frozen=True)
class Built:
    """A compiled file in the cache: ``logical`` name, ``file`` (.vo), what it ``needs``, its cost, the names of its ``theorems``, and the
    ``notations`` in which its statements are readable.
    """

    logical: str
    file: Path
    needs: tuple[Built, ...] = ()
    key: str = ""
    seconds: float = 0.0
    lines: int = 0
    theorems: tuple[str, ...] = ()
    notations: str = ""

    def closure(self) -> dict[str, Built]:
        """This file and all that it needs, by logical name."""
        found: dict[str, Built] = {self.logical: self}
        for need in self.needs:
            found |= need.closure()
        return found

    def has(self, theorem: str) -> None:
        """Raises Refused when the file has no theorem of that name."""
        if theorem not in self.theorems:
            raise Refused(f"{self.logical} has no theorem {theorem}; it has {', '.join(self.theorems) or 'none'}")


def check(
    file: str | Path,
    theorem: str,
    *,
    control: str | None = None,
    premises: Sequence[str] = (),
    axioms: str = "none",
) -> Proof:
    """Has Coq's kernel accepted ``theorem`` of ``file`` (below the folder `proofs`, or a path of a user's own)?

    ``control`` names a theorem of the same file that refutes the statement made false in one place. ``axioms``: `none`, or `reals` for the
    axioms of the classical reals of Coq's standard library. Raises ValueError for arguments that cannot be meant.
    """
    if axioms not in ALLOWED:
        raise ValueError(f"axioms: expected one of {', '.join(ALLOWED)}, got {axioms!r}")
    for name in (theorem, control):
        if name is not None and not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"theorem: expected the name of a Coq theorem, got {name!r}")
    shown = Path(file).name if Path(file).is_absolute() else str(file)
    answer = Proof("skipped", shown, theorem, control=control, premises=tuple(premises))
    try:
        tools = toolchain()
        built = build(file)
        for name in filter(None, (theorem, control)):
            built.has(name)
        statements, used = _statements(built), set(_axioms(built))
        statement, refuted = statements[theorem], "" if control is None else statements[control]
        if control is not None:
            _refutes_a_variant(built, theorem, statement, control, refuted)
        if used - ALLOWED[axioms]:  # of other theorems of the file, perhaps
            used = set(_axioms_of_each([(built, [name for name in (theorem, control) if name is not None])])[0])
        if forbidden := sorted(used - ALLOWED[axioms]):
            raise Refused(f"{theorem} rests on {', '.join(forbidden)}" + ("" if axioms == "none" else ", beyond the classical reals"))
    except Refused as refusal:
        return replace(answer, status="refused", message=str(refusal))
    except Unavailable as reason:
        return replace(answer, message=str(reason))
    return replace(
        answer,
        status="proved",
        statement=statement,
        control_statement=refuted,
        axioms=tuple(sorted(used)),
        seconds=round(sum(part.seconds for part in built.closure().values()), 2),
        lines=built.lines,
        key=built.key,
        versions=tools.versions,
    )


def values(files: str | Path | Sequence[str | Path], terms: Sequence[str]) -> list[Any]:
    """The values of closed ``terms`` over the definitions of one or more files, computed by Coq: numbers, truth values, tuples and lists.

    This is how definitions are compared with ours: what a term means is decided by the files, what it should be by the caller. Values are
    kept under the key of the files and the terms. Raises Refused or Unavailable.
    """
    files = [files] if isinstance(files, str | Path) else list(files)
    built = [build(file) for file in files]
    lines = [_libraries([read(built_path(file)) for file in files]), *(f"Require Import {part.logical}." for part in built), _WIDE]
    lines += [f'Redirect "v{k}" Eval vm_compute in ({term}).' for k, term in enumerate(terms)]
    text = "\n".join(lines)
    key = hashlib.sha256("\n".join([*(part.key for part in built), text]).encode()).hexdigest()
    kept = cache_folder() / f"{key}.values"
    if kept.exists():
        return json.loads(kept.read_text())
    answers = _ask(built, text, [f"v{k}" for k in range(len(terms))])
    found = [parse_value(answer) for answer in answers]
    _keep(kept, found)
    return found


def _keep(place: Path, found: Any) -> None:
    """Writes plain data to ``place``, whole or not at all."""
    staged = Path(f"{place}.{os.getpid()}")
    staged.write_text(json.dumps(found))
    staged.replace(place)


def _libraries(sources: Sequence[Source]) -> str:
    """The lines that load libraries which are not ours, each once."""
    return "\n".join(dict.fromkeys(line for source in sources for line in source.imports.splitlines()))


_WIDE = "Set Printing Width 1000000. Set Printing Depth 1000000."


def parse_value(answer: str) -> Any:
    """`     = [:: (1, true); (-2, false)] : seq (Z * bool)` as Python data; raises Refused for anything else."""
    shown = re.sub(r"%\w+", "", answer.split("=", 1)[-1].rsplit("\n     : ", 1)[0])
    tokens = re.findall(r"\[::|::|[\[\](),;]|-?\d+|\w+|\S", shown)
    words = {"true": True, "false": False, "nil": []}

    def item() -> Any:
        token = tokens.pop(0)
        if token in ("(", "[::", "["):
            closing, mark = (")", ",") if token == "(" else ("]", ";")
            items = [] if tokens[0] == closing else [chain()]
            while tokens[0] == mark:
                tokens.pop(0)
                items.append(chain())
            if tokens.pop(0) != closing:
                raise ValueError
            return items if closing == "]" or len(items) > 1 else items[0]
        return words[token] if token in words else int(token)

    def chain() -> Any:
        parts = [item()]
        while tokens and tokens[0] == "::":
            tokens.pop(0)
            parts.append(item())
        return parts[0] if len(parts) == 1 else [*parts[:-1], *parts[-1]]

    try:
        value = chain()
        if tokens:
            raise ValueError
        return value
    except (ValueError, IndexError, TypeError):
        raise Refused(f"Coq did not compute a value, but {' '.join(answer.split())[:200]}") from None


# ---- the toolchain ----


@lru_cache
def _toolchain(command: str | None) -> Toolchain | None:
    if command is None:
        return None
    version = subprocess.run([command, "--print-version"], capture_output=True, text=True, timeout=60).stdout.split()
    where = subprocess.run([command, "-where"], capture_output=True, text=True, timeout=60).stdout.strip()
    digest = hashlib.sha256(" ".join(version).encode())
    for compiled in sorted(Path(where, "user-contrib").glob("**/*.vo")):  # names and sizes: Coq itself refuses libraries that do not fit
        digest.update(f"{compiled.relative_to(where)} {compiled.stat().st_size}\n".encode())
    versions = {"coq": version[0] if version else "unknown"}
    if shutil.which("dpkg-query"):
        asked = ["dpkg-query", "--showformat", "${Package} ${Version}\n", "--show", *PACKAGES]
        for line in subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout.splitlines():
            package, _, number = line.partition(" ")
            if number and package != "coq":
                versions[package.removeprefix("libcoq-")] = number
    return Toolchain(command, versions, digest.hexdigest())


def toolchain() -> Toolchain:
    """The installed Coq; raises Unavailable, saying how to install one."""
    found = _toolchain(shutil.which("coqc"))
    if found is None:
        raise Unavailable(f"coqc is not installed: {HOW_TO_INSTALL}")
    return found


def cache_folder() -> Path:
    """Where compiled proofs are kept: $PROOFS_CHECK_CACHE, or proofs-check in the user's cache folder."""
    folder = Path(_cache_base(), "proofs")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _cache_base() -> Path:
    return Path(os.environ.get("PROOFS_CHECK_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "proofs-check"))


# ---- sources ----


def without_comments(text: str) -> str:
    """Coq source with its comments, which nest, replaced by spaces; strings are kept."""
    out, depth, position = [], 0, 0
    for token in re.finditer(r'\(\*|\*\)|"(?:[^"]|"")*"', text):
        if token.start() < position:
            continue
        if depth == 0:
            out.append(text[position : token.start()])
        position = token.start()
        if token[0] == "(*":
            depth += 1
        elif token[0] == "*)":
            depth = max(depth - 1, 0)
            position = token.end()
            out.append(" " if depth == 0 else "")
            continue
        elif depth == 0:
            out.append(token[0])
        position = token.end()
    if depth == 0:
        out.append(text[position:])
    return "".join(out)


_OUTSIDE = r"Load|Add\s+(?:Rec\s+)?(?:LoadPath|ML\s+Path)|Declare\s+ML\s+Module|Cd|Redirect|Drop"
_FORBIDDEN = re.compile(rf"^\s*(?:\w+ )*({_OUTSIDE})\b", re.MULTILINE)


def built_path(file: str | Path) -> Path:
    """Where a proof lies: ``file`` itself, or below the folder of the shipped proofs."""
    path = Path(file)
    return path if path.is_absolute() else PROOFS / path


def _shipped_name(path: Path) -> str:
    return ".".join((LIBRARY, *path.relative_to(PROOFS).with_suffix("").parts))


def read(path: Path) -> Source:
    """The proof file at ``path``; raises Refused when it is not there or reaches outside."""
    if not path.is_file():
        raise Refused(f"no proof file {path}")
    return _source(path, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _source(path: Path, content: str) -> Source:
    """The proof file at ``path`` with that ``content``, taken apart once for all that need it."""
    text = without_comments(content)
    if escape := _FORBIDDEN.search(text):
        raise Refused(f"{path.name} uses the command {escape[1]}, which reaches outside the file")
    shipped = path.is_relative_to(PROOFS)
    logical = _shipped_name(path) if shipped else f"{OWN}.{path.stem}"
    needs = []
    for library, inner, names in re.findall(rf"From ({LIBRARY}|{OWN})((?:\.\w+)*) Require (?:Import |Export )?([\w\s]+?)\.\s", text):
        folder = (PROOFS if library == LIBRARY else path.parent).joinpath(*inner.split(".")[1:])
        needs += [folder / f"{name}.v" for name in names.split()]
    return Source(path, logical, text, tuple(needs))


def fingerprint(file: str | Path) -> str:
    """sha256 over the sources of a proof file and of all that it needs, comments and blanks left out; raises Refused."""
    found: dict[Path, str] = {}
    waiting = [built_path(file)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            source = _read(path, path.stat().st_mtime_ns if path.exists() else 0)
            found[path] = " ".join(source.text.split())
            waiting += source.needs
    return hashlib.sha256("\n".join(found[path] for path in sorted(found)).encode()).hexdigest()


@lru_cache(maxsize=256)
def _read(path: Path, modified: int) -> Source:
    return read(path)


# ---- compiling and asking ----


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _turn() -> Iterator[None]:
    """One of the places at which coqc may run now."""
    handles = [open(cache_folder() / f"turn-{k}.lock", "w") for k in range(AT_ONCE)]
    try:
        while True:
            for handle in handles:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
            time.sleep(0.02)
    finally:
        for handle in handles:
            handle.close()


def _coqc(file: str, folder: Path) -> tuple[int, str, float]:
    """Exit status, output and processor seconds of coqc on ``file`` in ``folder``."""
    command = [toolchain().command, "-q", "-w", "-all", "-Q", LIBRARY, LIBRARY, "-Q", OWN, OWN, file]
    limited = ["/bin/sh", "-c", 'ulimit -t "$0"; exec "$@"', str(PROCESSOR_SECONDS), *command]
    for name in (LIBRARY, OWN):
        (folder / name).mkdir(exist_ok=True)
    with _turn(), open(folder / "coqc.out", "w+") as output:
        process = subprocess.Popen(limited, cwd=folder, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return process.returncode, output.read(), usage.ru_utime + usage.ru_stime


def _place(files: Iterable[Built], folder: Path) -> None:
    """Links compiled files, and all that they need, into ``folder`` under their logical names."""
    for built in {name: part for file in files for name, part in file.closure().items()}.values():
        target = folder.joinpath(*built.logical.split(".")).with_suffix(".vo")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(built.file)


def _refusal(source: Source, code: int, output: str) -> Exception:
    """Why coqc did not accept the file, as the exception to raise."""
    said = " ".join(output.split())
    missing = re.search(r"Cannot find a physical path bound to logical path ([\w.]+?)(?: with prefix ([\w.]+?))?\.?$", said)
    if missing and (missing[2] or missing[1]).split(".")[0] not in (LIBRARY, OWN):
        return Unavailable(f"{source.path.name} needs {missing[1]} of a library that is not installed: {HOW_TO_INSTALL}")
    if not toolchain().versions["coq"].startswith(WRITTEN_FOR):
        return Unavailable(f"{source.path.name} is not accepted by Coq {toolchain().versions['coq']}: {HOW_TO_INSTALL}")
    if code < 0 or code > 128:
        return Refused(f"{source.path.name} was not checked within {PROCESSOR_SECONDS} processor seconds")
    found = re.search(r"line (\d+), characters [\d-]+:\s+Error:\s*(.*)", output, re.DOTALL)
    if found is None:
        return Refused(f"{source.path.name} is not accepted: {said[-300:]}")
    line = int(found[1])
    above = "\n".join(source.path.read_text(encoding="utf-8").splitlines()[:line])
    names = re.findall(r"(?:Theorem|Lemma|Corollary|Definition|Fixpoint|Record|Example)\s+(\w+)", above)
    place = f"line {line}" + (f", in {names[-1]}" if names else "")
    return Refused(f"{source.path.name} is not accepted at {place}: {' '.join(found[2].split())[:300]}")


def build(file: str | Path) -> Built:
    """Compiles a proof file and what it needs, or finds them compiled. Raises Refused or Unavailable."""
    return _build(built_path(file), ())


#: Of this process: what was built, by source, toolchain and cache, as long as no file that it rests on is another.
_known: dict[tuple[Path, str, Path], tuple[dict[Path, Any], Built]] = {}


def _stamp(file: Path) -> tuple[int, ...] | None:
    """What tells a file from another in its place; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _build(path: Path, above: tuple[Path, ...], *, compiling: bool = True) -> Built:
    """As :func:`build`; without ``compiling``, Refused too for what is not compiled yet."""
    if path in above:
        raise Refused(f"{path.name} needs itself")
    place = lambda source: (source, toolchain().fingerprint, _cache_base())
    stamps, built = _known.get(place(path), ({}, None))
    if built is not None and all(_stamp(file) == stamp for file, stamp in stamps.items()):
        return built
    stamps = {path: _stamp(path)}  # before it is read: what changes meanwhile is read again
    source = read(path)
    needs = tuple(_build(need, (*above, path), compiling=compiling) for need in source.needs)
    content = path.read_bytes()
    parts = [toolchain().fingerprint, source.logical, hashlib.sha256(content).hexdigest(), *(need.key for need in needs)]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    home = cache_folder() / key
    record = _stored(home)
    if record is None and not compiling:
        raise Refused(f"{path.name} is not compiled")
    if record is None:
        with _locked(cache_folder() / f"{key}.lock"):
            record = _stored(home) or _compile(source, content, needs, home)
    lines = sum(1 for line in content.decode().splitlines() if line.strip())
    notations = "\n".join([source.imports, *(["Open Scope ring_scope."] if "ring_scope" in source.text else [])])
    built = Built(source.logical, home / "proof.vo", needs, key, record["seconds"], lines, source.theorems, notations)
    for need in source.needs:
        stamps |= _known[place(need)][0]
    _known[place(path)] = stamps | {file: _stamp(file) for file in (built.file, home / "record.json")}, built
    return built


def _stored(home: Path) -> dict[str, Any] | None:
    """The record of a compiled file, if it is whole."""
    try:
        record = json.loads((home / "record.json").read_text())
        if record["sha256"] == hashlib.sha256((home / "proof.vo").read_bytes()).hexdigest():
            return record
    except (OSError, ValueError, KeyError):
        pass
    return None


def _compile(source: Source, content: bytes, needs: tuple[Built, ...], home: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="proof-") as scratch:
        folder = Path(scratch)
        _place(needs, folder)
        target = folder.joinpath(*source.logical.split(".")).with_suffix(".v")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        code, output, seconds = _coqc(str(target.relative_to(folder)), folder)
        if code != 0:
            raise _refusal(source, code, output)
        staged = Path(tempfile.mkdtemp(prefix="staged-", dir=cache_folder()))
        shutil.copy(target.with_suffix(".vo"), staged / "proof.vo")
    digest = hashlib.sha256((staged / "proof.vo").read_bytes()).hexdigest()
    record = {"logical": source.logical, "seconds": seconds, "sha256": digest}
    (staged / "record.json").write_text(json.dumps(record))
    shutil.rmtree(home, ignore_errors=True)
    staged.rename(home)
    return record


def _ask(built: Sequence[Built], text: str, answers: Sequence[str]) -> list[str]:
    """What a generated file over compiled ones has Coq write into the files ``answers``."""
    with tempfile.TemporaryDirectory(prefix="asked-") as scratch:
        folder = Path(scratch)
        _place(built, folder)
        (folder / "asked.v").write_text(text)
        code, output, _ = _coqc("asked.v", folder)
        if code != 0:
            raise Refused(f"{', '.join(part.logical for part in built)} does not answer: {' '.join(output.split())[-300:]}")
        return [(folder / f"{name}.out").read_text() for name in answers]


def _tidy(text: str) -> str:
    return "\n".join(line.removeprefix("       ") for line in text.rstrip().splitlines())


def _statements(built: Built) -> dict[str, str]:
    """The statements of the theorems of one file, as Coq prints them in the notations of the libraries that the file loads.

    They are kept under the key of the file. That the theorems are there, and prove propositions, is asked with the axioms.
    """
    kept, names = cache_folder() / f"{built.key}.statements", built.theorems
    try:
        found = json.loads(kept.read_text())
        if list(found) == list(names):
            return found
    except (OSError, ValueError, TypeError):
        pass
    lines = [f"Require {built.logical}.", built.notations, "Set Printing Width 110."]
    lines += [f'Redirect "s{k}" Check @{built.logical}.{name}.' for k, name in enumerate(names)]
    shown = _ask([built], "\n".join(lines), [f"s{k}" for k in range(len(names))])
    found = {name: _tidy(text.split("     : ", 1)[-1]) for name, text in zip(names, shown, strict=True)}
    _keep(kept, found)
    return found


_answered: dict[str, tuple[str, ...]] = {}  # of this process: the axioms of files that ship, by their keys
_families: set[str] = set()  # of this process: the families that were asked about
_expected: set[str] = set()  # of this process: the files that ship and will be asked about, by logical name


def expect(files: Iterable[str]) -> None:
    """This process will be asked about these files below the folder `proofs`: those that are compiled are asked about at once."""
    _expected.update(_shipped_name(built_path(file)) for file in files)


@lru_cache
def _axioms(built: Built) -> tuple[str, ...]:
    """The axioms on which the theorems of one file rest, all together; that they are proofs of propositions is asked with them."""
    if not built.logical.startswith(f"{LIBRARY}."):
        return _axioms_of_each([(built, built.theorems)])[0]
    if built.key not in _answered:
        family = built.logical.rpartition(".")[0]
        again = family in _families
        others: list[Built] = []
        expected = built.logical in _expected
        if expected or again or len(_answered) >= ALONE:
            others = [other for other in _compiled_with_controls() if other.key not in _answered and other.key != built.key]
        if expected:
            others = [other for other in others if other.logical in _expected]
        elif again:  # of a family that is asked about again all, from the third question on all that are left
            others = [other for other in others if other.logical.startswith(f"{family}.")]
        for files in ([built, *others], [built]):
            with suppress(Refused) if len(files) > 1 else nullcontext():  # of one among them: each is asked about when its turn comes
                found = _axioms_of_each([(file, file.theorems) for file in files])
                _answered.update(zip((file.key for file in files), found, strict=True))
                break
        _families.add(family)
    return _answered[built.key]


def _axioms_of_each(asked: Sequence[tuple[Built, Sequence[str]]]) -> list[tuple[str, ...]]:
    """The axioms on which the named theorems of each file rest, those of a file together; one run of Coq, or two.

    Files without the reals are expected to rest on none, and are asked about at once: where they do rest on some, one by one.
    """
    with_reals = [any(re.search(r"\b(Reals|Coquelicot)\b", part.notations) for part in built.closure().values()) for built, _ in asked]
    groups = [[k for k, has in enumerate(with_reals) if not has], *([k] for k, has in enumerate(with_reals) if has)]
    groups = [group for group in groups if group]
    found = _axioms_of_groups([[asked[k] for k in group] for group in groups])
    if found[0] and len(groups[0]) > 1:
        groups = [[k] for k in range(len(asked))]
        found = _axioms_of_groups([[one] for one in asked])
    by_file = {k: axioms for group, axioms in zip(groups, found, strict=True) for k in group}
    return [by_file[k] for k in range(len(asked))]


def _axioms_of_groups(groups: Sequence[Sequence[tuple[Built, Sequence[str]]]]) -> list[tuple[str, ...]]:
    files = [built for group in groups for built, _ in group]
    lines = [f"Require {built.logical}." for built in files]
    for k, group in enumerate(groups):
        every = "I"
        for name in reversed([f"{built.logical}.{name}" for built, names in group for name in names]):
            every = f"conj (@{name}) ({every})"  # conj takes proofs of propositions and nothing else
        lines += [f"Definition every{k} := {every}.", f'Redirect "a{k}" Print Assumptions every{k}.']
    return [parse_axioms(answer) for answer in _ask(files, "\n".join(lines), [f"a{k}" for k in range(len(groups))])]


def _compiled_with_controls() -> list[Built]:
    """The files that ship, have a control among their theorems and lie compiled in the cache."""
    found = []
    for path in sorted(PROOFS.rglob("*.v")):
        with suppress(Refused):
            built = _build(path, (), compiling=False)
            if any(name.startswith("control_") for name in built.theorems):
                found.append(built)
    return found


def parse_axioms(shown: str) -> tuple[str, ...]:
    """The names in an answer of `Print Assumptions`; raises Refused for an answer in another form."""
    if shown.strip() == "Closed under the global context":
        return ()
    head, _, rest = shown.partition("Axioms:")
    entries = [line for line in rest.splitlines() if line.strip() and not line[0].isspace()]
    if head.strip() or not entries:
        raise Refused(f"Print Assumptions answered {' '.join(shown.split())[:200]!r}")
    return tuple(name[0] if (name := re.match(r"[\w.']+(?= :|$)", line)) else line.strip() for line in entries)


def _refutes_a_variant(built: Built, theorem: str, statement: str, control: str, stated: str) -> None:
    """A control proves a negation, and speaks of a definition of ours of which the theorem speaks too, where the theorem speaks of one."""
    if not re.match(r"(forall[^~]*,\s*)?~(?!\s*False\b)", stated):
        raise Refused(f"the control {control} is no negation, but {' '.join(stated.split())[:120]}")
    modules = "|".join(sorted(re.escape(name.rsplit(".", 1)[-1]) for name in built.closure()))
    subject, other = (set(re.findall(rf"\b(?:{modules})\.(\w+)", text)) for text in (statement, stated))
    if subject and not subject & other:
        raise Refused(f"the control {control} speaks of none of the definitions of {theorem} ({', '.join(sorted(subject))})")
