"""Writer of results.jsonl, an append-only JSON Lines log: advisory file lock, repair, compaction by atomic replace."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from ollama_vision.atomic_replace import replacing, sync_folder
from ollama_vision.errors import ResultsInUseError

from .ledger import Ledger, encode

SECONDS_BETWEEN_SYNCS = 5.0
"""A killed process loses nothing, the system keeps what it wrote. A loss of power takes what came since the last sync:
at most so many seconds of answers, which are asked for again. A sync takes some 10 ms, and with one for each line a
fast model would wait for the disk."""
_BEYOND_THE_TEXT = 1 << 20


def real_path(results: Path) -> Path:
    """Of a link, where it leads: there are the file's lock and all else that lies beside it."""
    return Path(os.path.realpath(results)) if results.is_symlink() else results


class Sink(Protocol):
    """Where lines go."""

    def add(self, record: Mapping[str, Any]) -> None:
        """Write one line, whole, before it returns; raises OSError."""


class Nowhere:
    """Lines that are given and not kept."""

    def add(self, record: Mapping[str, Any]) -> None:
        pass


class StandardOutput:
    """Lines for the next program; they are no checkpoint."""

    def add(self, record: Mapping[str, Any]) -> None:
        sys.stdout.buffer.write(encode(record))
        sys.stdout.buffer.flush()


class ResultsFile:
    """A file that lines are added to."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        is_new = not path.exists()
        self._file = path.open("ab", buffering=0)
        if is_new:
            sync_folder(path)
        self._clock = clock
        self._synced = clock()

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, record: Mapping[str, Any]) -> None:
        """Add a line with one write, so that whoever reads meanwhile, or kills this, finds it whole or not at all."""
        data = encode(record)
        written = self._file.write(data)
        if written != len(data):
            # A full disk takes what fits.
            os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - (written or 0))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file.name))
        if self._clock() - self._synced >= SECONDS_BETWEEN_SYNCS:
            self.sync()

    def sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = self._clock()

    def close(self) -> None:
        if not self._file.closed:
            self.sync()
            self._file.close()


def repair(path: Path, ledger: Ledger) -> None:
    """Cut off a line that was broken off, and end one that has no newline."""
    if ledger.torn_bytes or not ledger.ended:
        with path.open("r+b") as file:
            file.truncate(ledger.end)
            file.seek(ledger.end)
            if not ledger.ended:
                file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())


def rewrite(path: Path, ledger: Ledger, without: Collection[int], more: Iterable[Mapping[str, Any]] = ()) -> None:
    """Take out the lines of these numbers and add `more`, in one step: until the new file is on the disk, the old one
    stands."""
    with replacing(path, is_locked=True) as new, path.open("rb") as old, new.open("wb") as file:
        for number, data in enumerate(old, start=1):
            if ledger.torn_bytes and old.tell() > ledger.end:
                break
            if number not in without:
                file.write(data if data.endswith(b"\n") else data + b"\n")
        file.writelines(map(encode, more))


def set_aside(path: Path) -> Path:
    """Give the file a name of its own, that no other has, and say which: hours of answers hang on a word typed."""
    numbers = iter(range(2, sys.maxsize))
    aside = path.with_name(path.name + ".old")
    while aside.exists():
        aside = path.with_name(f"{path.name}.old{next(numbers)}")
    path.rename(aside)
    sync_folder(path)
    return aside


class ResultsLock:
    """While it is held, no other process writes this file.

    The lock is one of the system's, on a file beside, and ends with the process however that ends; not on the results
    themselves, because rewriting puts another file in their place.
    """

    def __init__(self, results: Path) -> None:
        self._results = results
        real = real_path(results)
        self._path = real.with_name(real.name + ".lock")
        self._descriptor = -1

    def __enter__(self) -> ResultsLock:
        while True:
            try:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise ResultsInUseError(
                    f"Nothing can be written beside {self._results}: {self._path.name}: {error.strerror}. Name a "
                    "file in a folder that can be written to: out=."
                ) from error
            try:
                _lock(self._descriptor)
            except OSError as error:
                holder = os.read(self._descriptor, 20).decode(errors="replace").strip()
                os.close(self._descriptor)
                raise self._refusal(error, holder) from error
            if self._is_still_there():
                break
            # Its holder removed it between our opening and our locking.
            os.close(self._descriptor)
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform == "win32":
            os.close(self._descriptor)
            with suppress(OSError):
                self._path.unlink()
        else:
            # While it is locked: a file removed later might be another process's already.
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)

    def _is_still_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _refusal(self, error: OSError, holder: str) -> Exception:
        if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            process = f"process {holder}" if holder.isdigit() else "another process"
            return ResultsInUseError(
                f"{self._results} is being written by {process}. Wait for it, or name another file: out=."
            )
        return ResultsInUseError(
            f"{self._results} cannot be kept from being written twice: its file system has no locks "
            f"({error.strerror}). Name a file on another disk: out=."
        )


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Locked bytes cannot be read by others: not the first ones, where the process's number is.
        os.lseek(descriptor, _BEYOND_THE_TEXT, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
