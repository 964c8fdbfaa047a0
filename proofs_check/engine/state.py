"""What a part of a check may leave behind in its process, and whether it did.

Claims that ship with the package share worker processes. What one of them would change for the next (precision, number type, errstate,
environment, a function of ours replaced) is compared after every part with what it was before; a process that was changed is used no more.
Global random numbers are not compared: they start anew with every part, from a seed of its own.
"""

from __future__ import annotations

import decimal
import gc
import hashlib
import importlib.abc
import importlib.machinery
import operator
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

#: Packages whose attributes are compared, names within them included.
OURS = ("theory", "numerics", "proofs_check")
#: Modules of others whose own attributes are compared where they are loaded.
THEIRS = ("builtins", "math", "operator", "numpy", "numpy.linalg", "scipy.linalg", "flint", "sympy")
#: What the interpreter adds to modules and classes by itself.
_ADDED = frozenset({"__annotations__", "__warningregistry__", "__builtins__", "__doc__", "__abstractmethods__", "__path__"})
#: Changes that a message names.
NAMED = 4


@dataclass(frozen=True, slots=True)
class _Setting:
    """Something that a process has one of: how to read it once ``library`` is loaded, what it is when nobody has touched it."""

    name: str
    read: Callable[[], Any]
    library: str = "builtins"
    untouched: Any = None
    instead: str = ""


def _torch(read: Callable[[Any], Any]) -> Callable[[], Any]:
    return lambda: read(sys.modules["torch"])


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "one that is gone"


def _environment() -> dict[str, str]:
    """All variables but those in which torch's compiler tells itself, once it is imported, where its cache lies."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TORCHINDUCTOR_", "TRITON_"))}


def _threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate())


_SETTINGS = (
    _Setting("the working directory", _directory),
    _Setting("the environment", _environment),
    _Setting("the path of imports", lambda: list(sys.path)),
    _Setting("the recursion limit", sys.getrecursionlimit),
    _Setting("the longest integer that is written out", sys.get_int_max_str_digits),
    _Setting("the handler of SIGALRM", lambda: signal.getsignal(signal.SIGALRM)),
    _Setting("the handler of SIGINT", lambda: signal.getsignal(signal.SIGINT)),
    _Setting("threads", _threads),
    _Setting("whether garbage is collected", gc.isenabled),
    _Setting("the precision of decimal", lambda: decimal.getcontext().prec),
    _Setting(
        "numpy's errstate",
        lambda: {**sys.modules["numpy"].geterr(), "call": sys.modules["numpy"].geterrcall()},
        "numpy",
        {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn", "call": None},
        "with numpy.errstate(...)",
    ),
    _Setting("flint's precision", lambda: sys.modules["flint"].ctx.prec, "flint", 53, "with flint.ctx.workprec(...)"),
    _Setting("flint's length of series", lambda: sys.modules["flint"].ctx.cap, "flint", 10),
    _Setting("flint's threads", lambda: sys.modules["flint"].ctx.threads, "flint", 1),
    _Setting("mpmath's precision", lambda: sys.modules["mpmath"].mp.prec, "mpmath", 53, "with mpmath.workprec(...)"),
    _Setting("torch's default type", _torch(lambda torch: str(torch.get_default_dtype())), "torch", "torch.float32", "dtype=..."),
    _Setting("torch's default device", _torch(lambda torch: str(torch.get_default_device())), "torch", "cpu", "device=..."),
    _Setting("torch's threads", _torch(lambda torch: torch.get_num_threads()), "torch", 1),
    _Setting("whether torch keeps gradients", _torch(lambda torch: torch.is_grad_enabled()), "torch", True, "with torch.no_grad()"),
    _Setting("torch's deterministic mode", _torch(lambda torch: torch.are_deterministic_algorithms_enabled()), "torch", False),
    _Setting("torch's precision of products", _torch(lambda torch: torch.get_float32_matmul_precision()), "torch", "highest"),
)


class Modules:
    """The loaded modules of ours, and some of others, as they are: what is replaced in them later is found."""

    def __init__(self) -> None:
        self._modules: dict[str, _Module] = {}
        self._functions: set[int] = set()
        self._assigned = False
        sys.addaudithook(self._hear)
        self.keep()

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        # Only after such an assignment can a function do something else; asking all of them is slow, as each answer is an audit event too.
        # Libraries make functions of their own in the same way (hypothesis in every part): the ids tell which are ours.
        if event in ("object.__setattr__", "object.__delattr__") and arguments[1] in _BODY_NAMES and id(arguments[0]) in self._functions:
            self._assigned = True

    def keep(self) -> None:
        """Take all of them as they stand."""
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in OURS or name in THEIRS:
                self.note(module)

    def note(self, module: ModuleType) -> None:
        """Take ``module`` as it stands."""
        self._modules[module.__name__] = taken = _Module(module)
        self._functions.update(id(function) for _, function in taken.functions)

    def changes(self) -> list[str]:
        """The names of what is no longer as it was taken."""
        return [change for module in self._modules.values() for change in module.changes(bodies=self._assigned)]


class Watch:
    """The settings and modules of this process as they were; one for each process that runs claims."""

    def __init__(self) -> None:
        self._settings: dict[str, Any] = {}
        self._modules = Modules()
        sys.meta_path.insert(0, _Finder(self._modules))
        self.keep()

    def keep(self) -> None:
        """Take everything as it stands."""
        self._settings = {setting.name: setting.read() for setting in _SETTINGS if setting.library in sys.modules}
        self._modules.keep()

    def changes(self) -> list[str]:
        """What is no longer as it was taken, each in a few words; modules that are new were taken as their import left them."""
        found = []
        for setting in _SETTINGS:
            if setting.library in sys.modules:
                before, now = self._settings.setdefault(setting.name, setting.untouched), setting.read()
                if before != now:
                    advice = f" (instead: {setting.instead})" if setting.instead else ""
                    found.append(f"{setting.name}: {_difference(before, now)}{advice}")
        return found + self._modules.changes()


def _difference(before: Any, now: Any) -> str:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        return ", ".join(f"{name} was {_short(before.get(name))}, is {_short(now.get(name))}" for name in names[:NAMED])
    if isinstance(before, list) and isinstance(now, list):
        more, less = [one for one in now if one not in before], [one for one in before if one not in now]
        parts = [f"{word} {_short(found)}" for word, found in (("new", more), ("gone", less)) if found]
        return ", ".join(parts) or "in another order"
    return f"was {_short(before)}, is {_short(now)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _Module:
    """The names of a module, those of its classes, and what its functions do, by identity."""

    def __init__(self, module: ModuleType) -> None:
        ours = module.__name__.partition(".")[0] in OURS
        self.spaces: list[tuple[str, Any, dict[str, Any]]] = [(module.__name__, module, dict(vars(module)))]
        self.functions: list[tuple[str, FunctionType]] = []
        self.containers: list[tuple[str, Any, Any]] = []
        for name, value in self.spaces[0][2].items() if ours else ():
            if isinstance(value, type) and value.__module__ == module.__name__:
                self.spaces.append((f"{module.__name__}.{name}", value, dict(vars(value))))
            elif isinstance(value, dict | list | set) and name.isupper() and not name.startswith("__"):
                self.containers.append((f"the entries of {module.__name__}.{name}", value, value.copy()))
        for owner, _, names in self.spaces if ours else ():
            self.functions += [(f"{owner}.{name}", one) for name, value in names.items() for one in _within(value, module.__name__)]
        self.bodies = [_BODY(function) for _, function in self.functions]
        # Entries are replaced in place, which no event tells.
        defaults = [(name, body[2]) for (name, _), body in zip(self.functions, self.bodies, strict=True) if body[2]]
        self.containers += [(f"the keyword defaults of {name}", value, value.copy()) for name, value in defaults]

    def changes(self, *, bodies: bool) -> list[str]:
        """The names of what was replaced, removed or, in what is ours, added; where ``bodies`` may differ, they are asked for."""
        found = []
        for owner, holder, before in self.spaces:
            if not _same(before, vars(holder)):
                found += [f"{owner}.{name} was {how}" for name, how in self._renamed(owner, before, vars(holder))]
        if bodies and not _same(self.bodies, [_BODY(function) for _, function in self.functions]):
            pairs = zip(self.functions, self.bodies, strict=True)
            found += [f"{name} does something else" for (name, function), before in pairs if not _same(before, _BODY(function))]
        found += [f"{name} were changed" for name, value, before in self.containers if not _same(value, before)]
        return found

    def _renamed(self, owner: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str]]:
        ours = owner.partition(".")[0] in OURS
        replaced = [(name, "replaced") for name in before if name in now and now[name] is not before[name] and name not in _ADDED]
        removed = [(name, "removed") for name in before if name not in now and name not in _ADDED]
        added = [(name, "added") for name in now if ours and name not in before and not _grown(owner, name, now[name])]
        return replaced + removed + added


def _within(value: Any, module: str) -> list[FunctionType]:
    """The functions of ``module`` that ``value`` is or calls: methods, properties and what a decorator has wrapped included."""
    parts = (
        [getattr(value, name, None) for name in ("__func__", "__wrapped__", "func", "fget", "fset", "fdel")]
        if callable(value) or hasattr(type(value), "__get__")
        else []
    )
    return [one for one in (value, *parts) if isinstance(one, FunctionType) and one.__module__ == module]


def _grown(owner: str, name: str, value: Any) -> bool:
    """Whether a new name is one that imports, or the interpreter, add."""
    return name in _ADDED or (isinstance(value, ModuleType) and value.__name__ == f"{owner}.{name}")


#: What a function does when it is called.
_BODY_NAMES = ("__code__", "__defaults__", "__kwdefaults__")
_BODY = operator.attrgetter(*_BODY_NAMES)


def _same(first: Any, second: Any) -> bool:
    """Whether two containers hold the same. Equality looks for identity first, so it is quick where nothing has changed."""
    try:
        return bool(first == second)
    except Exception:
        return False  # entries that do not compare are others


class _Finder(importlib.abc.MetaPathFinder):
    """Has each module of ours taken as its import leaves it, before anyone can change it."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] not in OURS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Noting(spec.loader.name, spec.loader.path)
            spec.loader.modules = self._modules
        return spec


class _Noting(importlib.machinery.SourceFileLoader):
    modules: Modules

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self.modules.note(module)


def start_random_numbers(name: str) -> None:
    """Seed every global generator that is loaded by ``name``, so that no part draws on what others left."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    random.seed(seed)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def described(changes: Sequence[str]) -> str:
    """The changes in one line."""
    more = [f"and {len(changes) - NAMED} more"] if len(changes) > NAMED else []
    return "; ".join([*changes[:NAMED], *more])
