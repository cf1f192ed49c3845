"""results.jsonl.sidecars.sqlite, an undo log: what each sidecar was before it was changed, so that it can be again.

Each entry is on the disk before its sidecar is changed. A sidecar is put back only while it is what was made of it; one
that was changed since is left and named.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ollama_vision.atomic_replace import replacing
from ollama_vision.errors import SidecarError

from .file import real_path

_TABLE = """
CREATE TABLE IF NOT EXISTS sidecars (
    path TEXT PRIMARY KEY, picture TEXT NOT NULL, request TEXT NOT NULL, answer BLOB NOT NULL,
    first BLOB, previous BLOB, after BLOB NOT NULL
)
"""


def undo_path(results: Path) -> Path:
    real = real_path(results)
    return real.with_name(real.name + ".sidecars.sqlite")


def absolute(path: Path) -> str:
    """A name that is right in every working folder; links stay as they are."""
    return os.path.abspath(path)  # noqa: PTH100


def digest(data: bytes | None) -> bytes:
    return b"" if data is None else sha256(data).digest()


@dataclass(frozen=True)
class Change:
    """What was made of a sidecar, last of all."""

    path: Path
    picture: str
    request: str
    answer: bytes
    """Digest of the words that were written."""
    first: bytes | None
    """What it was before anything was made of it, by whatever request; `None`: it was not there."""
    previous: bytes | None
    """What it was before this answer."""
    after: bytes
    """Digest of what it is since; empty where it is not there again."""

    def is_another_answer(self, request: str, answer: bytes) -> bool:
        """Whether this is of the same question, and says something else."""
        return self.request == request and self.answer != answer


class UndoFile:
    """The log of one file of results; made by the first entry, gone with the last."""

    def __init__(self, results: Path) -> None:
        self.path = undo_path(results)
        self._open: sqlite3.Connection | None = None

    @contextmanager
    def held(self) -> Iterator[sqlite3.Connection]:
        """Opened once for all that is done within; raises SidecarError."""
        if self._open is not None:
            yield self._open
            return
        try:
            with closing(sqlite3.connect(self.path, check_same_thread=False)) as self._open:
                # With the folder of its journal on the disk as well: an entry outlives a loss of power.
                self._open.execute("PRAGMA synchronous = EXTRA")
                self._open.execute(_TABLE)
                yield self._open
        except sqlite3.Error as error:
            raise SidecarError(
                f"The file {self.path}, which keeps what sidecars were before, cannot be used: {error}. Make room, or "
                "move it away, and then what was changed so far cannot be undone."
            ) from error
        finally:
            self._open = None

    def last(self, path: Path) -> Change | None:
        if not self.path.exists():
            return None
        with self.held() as there:
            row = there.execute(f"{_SELECT} WHERE path = ?", (absolute(path),)).fetchone()
        return None if row is None else _change(row)

    def add(self, change: Change) -> None:
        """Write it down; when this returns it is on the disk."""
        with self.held() as there, there:
            there.execute(
                "INSERT OR REPLACE INTO sidecars VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    absolute(change.path),
                    change.picture,
                    change.request,
                    change.answer,
                    change.first,
                    change.previous,
                    change.after,
                ),
            )

    def changes(self) -> Iterator[Change]:
        if not self.path.exists():
            return
        with self.held() as there:
            for row in there.execute(f"{_SELECT} ORDER BY path"):
                yield _change(row)

    def forget(self, paths: list[Path]) -> None:
        with self.held() as there:
            with there:
                there.executemany("DELETE FROM sidecars WHERE path = ?", [(absolute(path),) for path in paths])
            (left,) = there.execute("SELECT count(*) FROM sidecars").fetchone()
        if not left:
            self.path.unlink(missing_ok=True)


_SELECT = "SELECT path, picture, request, answer, first, previous, after FROM sidecars"


def _change(row: tuple[str, str, str, bytes, bytes | None, bytes | None, bytes]) -> Change:
    return Change(Path(row[0]), *row[1:])


@dataclass
class Undone:
    """What came of undoing."""

    restored: int = 0
    """So many sidecars are what they were; those that were not there are gone again."""
    left: list[tuple[Path, str]] = field(default_factory=list)
    """Sidecars that stay as they are, and why."""
    moved: list[Path] = field(default_factory=list)
    """Sidecars that are not where they were made, nor are their pictures: they stay as they are, wherever they are."""


def undo(results: Path, is_meant: Callable[[str], bool] = lambda picture: True) -> Undone:
    """Bring back, byte for byte, what was there before runs into `results` changed it.

    Args:
        is_meant: whether this picture's sidecar is, by its absolute path.
    """
    log, undone, done = UndoFile(results), Undone(), []
    for change in log.changes():
        meant = is_meant(change.picture)
        if _is_away(change) and not (meant and change.first):
            undone.moved.append(change.path)
            continue
        if not meant:
            continue
        try:
            now = read_sidecar(change.path)
            if now != change.first:
                if digest(now) != change.after:
                    undone.left.append((change.path, "was changed since" if now is not None else "is gone"))
                    continue
                put(change.path, change.first)
                undone.restored += 1
        except UnreadableSidecarError as error:
            undone.left.append((change.path, f"was changed since: it {error}"))
            continue
        except OSError as error:
            undone.left.append((change.path, f"cannot be read or written: {error.strerror or error}"))
            continue
        done.append(change.path)
    if done:
        log.forget(done)
    return undone


def _is_away(change: Change) -> bool:
    """Whether a sidecar is gone with its picture: what a folder's new name does to both."""
    return not os.path.lexists(change.path) and not os.path.lexists(change.picture)


class UnreadableSidecarError(Exception):
    """What is there is no XMP that could be merged with; the message says why, after "it"."""


def read_sidecar(path: Path) -> bytes | None:
    """`None` where there is none.

    Raises:
        UnreadableSidecarError: it is no plain file. A pipe would be waited for without end, and what takes a link's
            place parts it from its file.
        OSError: it cannot be read.
    """
    try:
        what = path.lstat()
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(what.st_mode):
        raise UnreadableSidecarError(f"is a link to {path.readlink()}")
    if not stat.S_ISREG(what.st_mode):
        raise UnreadableSidecarError("is a folder, a pipe or a device")
    if what.st_size > _LARGEST:
        raise UnreadableSidecarError(f"has more than {_LARGEST // 1_000_000} MB")
    return path.read_bytes()


_LARGEST = 64_000_000
"""Bytes. Of sidecars with masks and long histories, some reach megabytes."""


def put(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as new:
        new.write_bytes(data)
