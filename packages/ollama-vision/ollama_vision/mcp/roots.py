"""Roots: the folders that agents may read, as a sandbox that no link, `..` or exchanged file leads out of.

A name is resolved, and what is opened is walked to from its root without following a link (openat, O_NOFOLLOW): a link
that was put in a folder's or file's place in between (TOCTOU) is refused, and not followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ollama_vision.errors import ImageError
from ollama_vision.pictures import sentence

_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
# Not waiting: a pipe that nobody writes into would be waited for for ever.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | _FOLDER | _NO_LINK
"""For a folder that is passed through; it may have no right to be listed."""


@dataclass(frozen=True)
class Roots:
    """Folders, each at its real path, and all that is below them."""

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, folders: Iterable[str | os.PathLike[str]]) -> Roots:
        """Raises ImageError for what is no folder, and without any."""
        real = tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in folders))
        for folder in real:
            if not folder.is_dir():
                raise ImageError(sentence(str(folder), "is no folder", "Name folders that agents may read."))
        if not real:
            raise ImageError("There is no root: name at least one folder that agents may read.")
        return cls(real)

    def __str__(self) -> str:
        return ", ".join(map(str, self.folders))

    def find(self, named: str) -> Path:
        """The real path of a file or folder, named by a path, absolute or from a root on, or by a file: URL.

        Whether it is there is told of what lies below a root alone. Raises ImageError.
        """
        if not named.strip():
            raise ImageError(f"The path is empty: name a picture or a folder below {self}.")
        text = _path_of_url(named) if named.lower().startswith("file:") else named
        if "\0" in text:
            raise self._refusal(named.replace("\0", "\\0"), "is not a path", "A path has no zero byte in it.")
        given = Path(text)
        candidates = [given] if given.is_absolute() else [folder / given for folder in self.folders]
        inside = [real for each in candidates if self._root_of(real := Path(os.path.realpath(each))) is not None]
        if not inside:
            raise self._elsewhere(named)
        there = list(dict.fromkeys(real for real in inside if os.path.lexists(real)))
        if not there:
            raise self._refusal(named, "does not exist", f"Paths begin at {self}, or are absolute.")
        if len(there) > 1:
            each = ", ".join(map(str, there))
            raise self._refusal(named, "stands for more than one", f"Name one by its whole path: {each}.")
        return there[0]

    def open(self, path: str, *, folder: bool = False) -> int:
        """See `Confinement`."""
        real = Path(os.path.realpath(path))
        root = self._root_of(real)
        if root is None:
            raise self._elsewhere(path)
        descriptor = self._walk(root, real, folder=folder) if _HAS_OPENAT else self._open_and_look(real)
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)):
            os.close(descriptor)
            what = "a folder" if stat.S_ISDIR(mode) else "a file" if folder else "a pipe or a device"
            raise self._refusal(path, f"is {what}", "Name a folder." if folder else "Name a file.")
        return descriptor

    def allows(self, path: str) -> bool:
        """See `Confinement`."""
        return self._root_of(Path(os.path.realpath(path))) is not None

    def _root_of(self, real: Path) -> Path | None:
        return next((folder for folder in self.folders if real == folder or folder in real.parents), None)

    def _walk(self, root: Path, real: Path, *, folder: bool) -> int:
        """From the root to it, step by step, and through no link: the real path had none a moment ago."""
        last = _READ | (_FOLDER if folder else 0) | _NO_LINK
        steps = real.relative_to(root).parts
        here = os.open(root, _PASS if steps else last)
        try:
            for at, step in enumerate(steps, 1):
                inner = os.open(step, last if at == len(steps) else _PASS, dir_fd=here)
                os.close(here)
                here = inner
        except OSError as error:
            os.close(here)
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise self._exchanged(real) from error
            raise
        return here

    def _open_and_look(self, real: Path) -> int:
        """Where a folder cannot be held open: opened by its name, and then looked at once more."""
        descriptor = os.open(real, _READ)
        if os.path.realpath(real) != str(real) or not os.path.samestat(os.fstat(descriptor), real.lstat()):
            os.close(descriptor)
            raise self._exchanged(real)
        return descriptor

    def _exchanged(self, real: Path) -> ImageError:
        problem = "was exchanged while it was opened: a link stands in its way now"
        return self._refusal(str(real), problem, "It is not followed. Try again when nobody changes the folder.")

    def _elsewhere(self, named: str) -> ImageError:
        way_out = f"Only what is below {self} may be read; find_pictures lists the pictures there."
        return self._refusal(named, "is not below the folders that may be read", way_out)

    @staticmethod
    def _refusal(named: str, problem: str, way_out: str) -> ImageError:
        return ImageError(sentence(named, problem, way_out), source=named)


_HAS_OPENAT = os.open in os.supports_dir_fd


def _path_of_url(url: str) -> str:
    """Of `file:///folder/photo.jpg`. Raises ImageError for a file of another machine."""
    parts = urlsplit(url)
    if parts.netloc.lower() not in ("", "localhost"):
        raise ImageError(sentence(url, "is a file of another machine", "Name one by file:///..., or by its path."))
    path = unquote(parts.path)
    return path[1:] if os.name == "nt" and path[:1] == "/" else path
