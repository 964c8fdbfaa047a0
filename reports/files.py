"""Writing into the directory of a run, which may come from a stranger: no symbolic link in it is followed, and no file is half written.

A link named ``index.html`` that leads to a file elsewhere is replaced, a link in place of a directory is refused.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Directory:
    """A directory that is written to, created where it is missing; it may itself be named by a link, what lies in it may not.

    :raises OSError: when it cannot be created or written, or a part of it is no directory.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._handles = {PurePosixPath("."): os.open(self.path, _DIRECTORY)}

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()

    def write(self, name: str, text: str) -> None:
        """Write ``text`` as the file ``name`` (a relative path without ``..``), in one step."""
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or not place.name:
            raise ValueError(f"name: expected a path inside the directory, got {name!r}")
        with self._named(place):
            folder = self._folder(place.parent)
            temporary = f".{secrets.token_hex(8)}.part"
            handle = os.open(temporary, _FILE, 0o644, dir_fd=folder)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                    file.write(text)
                os.replace(temporary, place.name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(temporary, dir_fd=folder)
                raise

    def _folder(self, place: PurePosixPath) -> int:
        """A handle of a folder in it, created where it is missing."""
        if place not in self._handles:
            above = self._folder(place.parent)
            with contextlib.suppress(FileExistsError):
                os.mkdir(place.name, dir_fd=above)
            self._handles[place] = os.open(place.name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
        return self._handles[place]

    @contextlib.contextmanager
    def _named(self, place: PurePosixPath) -> Iterator[None]:
        """Errors name the whole path, and what was expected where something else lies there."""
        try:
            yield
        except OSError as error:
            odd = isinstance(error, NotADirectoryError | IsADirectoryError) or error.strerror == "Too many levels of symbolic links"
            reason = f"expected real directories and files, no links ({error.strerror})" if odd else error.strerror
            raise OSError(error.errno, reason, str(self.path / place)) from error
