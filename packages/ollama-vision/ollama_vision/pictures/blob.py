"""The bytes of one input, in memory or in a file that must not change, and the ImageErrors that name it."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple, cast

from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.extras import install_hint

from .error_words import image_error, message, missing_path_hint
from .formats.data_urls import BadEncoding
from .formats.kinds import Kind
from .formats.sniff import sniff_file
from .formats.unwrap import unwrap
from .sandbox import CONFINEMENT, opener

_BINARY = getattr(os, "O_BINARY", 0)
"""On Windows alone."""


class FileStamp(NamedTuple):
    """The identity and version of a file: the same stamp, the same content."""

    size: int
    modified_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, descriptor: int) -> FileStamp:
        status = os.fstat(descriptor)
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)


@dataclass(frozen=True, repr=False)
class Blob:
    """The bytes of one input, in memory or in a file: opened as often as needed, the same each time."""

    where: str
    """Its place in the call, such as `image_documents[2]`; empty when there is only one."""
    source: str
    """Where it came from: a path, a URL without its secrets, "bytes", "base64"."""
    data: bytes | None = None
    path: str | None = None
    stamp: FileStamp | None = None

    @classmethod
    def of_bytes(cls, data: bytes, *, where: str, source: str) -> Blob:
        """Of bytes as they are, base64 or a `data:` URL, unwrapped. Raises ImageError."""
        try:
            return cls(where, source, data=unwrap(data))
        except BadEncoding as error:
            way_out = "Build it as data:image/png;base64,<base64>."
            raise image_error(where, source, f"is {error}", way_out) from error

    @classmethod
    def of_file(cls, path: str | os.PathLike[str], *, where: str, hint: str = "", most_in_memory: int = 0) -> Blob:
        """Of a file as it is now, which is not read yet, unless it has no more bytes than `most_in_memory`.

        `hint` is the way out when it is not there. Raises ImageError.
        """
        name = os.fspath(path)
        try:
            if CONFINEMENT.get() is not None:
                return cls._of_regular_file(name, where, most_in_memory)
            mode = os.stat(name).st_mode  # noqa: PTH116 - a Path costs 4 us, of 90 that a PNG of 1 MP takes
            if stat.S_ISREG(mode):
                return cls._of_regular_file(name, where, most_in_memory)
        except ImageError:
            raise
        except FileNotFoundError as error:
            raise image_error(where, name, "does not exist", hint or missing_path_hint(name)) from error
        except PermissionError as error:
            way_out = f"Make it readable for you (`chmod u+r`), or leave it out.{f' {hint}' if hint else ''}"
            raise image_error(where, name, f"cannot be read: {error.strerror or error}", way_out) from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise image_error(where, f"{name[:80]}...", "is too long for a file name", hint) from error
            raise image_error(where, name, f"cannot be read: {error.strerror or error}", hint) from error
        except ValueError as error:  # a NUL character in it
            raise image_error(where, repr(name[:80]), "is not a file name", hint) from error
        if stat.S_ISDIR(mode):
            raise image_error(where, name, "is a folder", "Name the files in it.")
        # A pipe could keep the call waiting for ever, a device could fill the memory.
        raise image_error(where, name, "is a pipe or a device", "Pass its bytes, or an open file.")

    @classmethod
    def _of_regular_file(cls, path: str, where: str, most_in_memory: int) -> Blob:
        guard = CONFINEMENT.get()
        descriptor = os.open(path, os.O_RDONLY | _BINARY) if guard is None else guard.open(path)
        try:
            stamp = FileStamp.of(descriptor)
            if 0 < stamp.size <= most_in_memory:
                # One byte more than there are, for a file that grows meanwhile; a signal may leave some of them out.
                data = os.read(descriptor, stamp.size + 1)
                if len(data) == stamp.size and FileStamp.of(descriptor) == stamp:
                    return cls(where, path, data=data)
            return cls(where, path, path=path, stamp=stamp)
        finally:
            os.close(descriptor)

    def __len__(self) -> int:
        return len(self.data) if self.data is not None else cast(FileStamp, self.stamp).size

    def open(self) -> BinaryIO:
        """A reader from the first byte on. Raises ImageError when the file is gone or has changed, also while
        it is read."""
        if self.data is not None:
            return io.BytesIO(self.data)
        try:
            watched = _WatchedFile(self)
        except OSError as error:
            raise self.changed(f"cannot be opened any more: {error.strerror or error}") from error
        # Larger reads go past the buffer, straight to their place; a look at the head reads no more than this.
        return io.BufferedReader(watched, 32 * 1024)

    def chunks(self, size: int) -> Iterator[memoryview]:
        """All of it, so many bytes at a time, in one place: each is there until the next one is asked for.

        For each new place the kernel would have to find memory. Raises ImageError as a reader of `open` does.
        """
        with self.open() as reader, memoryview(bytearray(min(size, len(self)))) as room:
            while count := cast(io.BufferedIOBase, reader).readinto(room):
                yield room[:count]

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """A plain reader for who looks at all of it: whether it is what it was is told at the end, not at each read.

        What was found meanwhile counts for nothing when it is not: raises ImageError.
        """
        if self.data is not None:
            yield io.BytesIO(self.data)
            return
        try:
            # A Path costs 4 us; closed below.
            file = open(cast(str, self.path), "rb", opener=opener() if CONFINEMENT.get() else None)  # noqa: SIM115
        except OSError as error:
            raise self.changed(f"cannot be opened any more: {error.strerror or error}") from error
        with file:
            try:
                yield file
            except OSError as error:
                raise self._unreadable(error) from error
            finally:
                self._check_unchanged(file.fileno())

    def kind(self) -> Kind:
        """What it is, by its first bytes."""
        return self._kind

    @cached_property
    def _kind(self) -> Kind:
        with self.open() as file:
            return sniff_file(file)

    @cached_property
    def found(self) -> dict[Any, Any]:
        """What was found by looking at all of it, such as a video's scenes: kept as long as it is."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        # A kind is known by its identity, which no copy has.
        return {name: value for name, value in self.__dict__.items() if name not in ("_kind", "found")}

    def error(self, problem: str, way_out: str = "", kind: Kind | None = None) -> ImageError:
        """The error to raise: which input and what it is, the problem, and what to do."""
        return image_error(self.where, self.source, problem, way_out, kind.name if kind else "")

    def changed(self, problem: str) -> ImageError:
        """The error for a file that is no longer what it was."""
        return self.error(problem, "It was looked at before; it must stay as it is until the call has sent it.")

    def missing_extra(self, kind: Kind) -> MissingExtraError:
        """The error to raise when the package that reads it is not installed."""
        assert kind.extra is not None, kind.name  # noqa: S101
        extra = kind.extra.name
        problem = f"is {kind.phrase}, and the package {kind.extra.package} is not there"
        text = message(self.where, self.source, problem, f"Install the extra: {install_hint(extra)}.")
        return MissingExtraError(text, where=self.where, source=self.source, kind=kind.name, extra=extra)

    def _unreadable(self, error: OSError) -> ImageError:
        """A disk that fails, or is no longer there, in mid-file."""
        return self.error(f"cannot be read: {error.strerror or error}", "Is its disk still there?")

    def _check_unchanged(self, descriptor: int) -> None:
        if FileStamp.of(descriptor) != self.stamp:
            raise self.changed("has changed on disk since it was prepared")


class _WatchedFile(io.FileIO):
    """A file that raises ImageError when it is not, or no longer, the file that was looked at."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        super().__init__(cast(str, blob.path), "rb", opener=opener() if CONFINEMENT.get() else None)
        try:
            self._check()
        except ImageError:
            self.close()
            raise

    def readinto(self, buffer: Any, /) -> int:
        try:
            count = super().readinto(buffer) or 0
        except OSError as error:
            raise self._blob._unreadable(error) from error
        # At the end the content has been handed out: now it must still be the same file.
        if count == 0 or self.tell() >= len(self._blob):
            self._check()
        return count

    def read(self, size: int | None = -1, /) -> bytes:
        return self.readall() if size is None or size < 0 else self._checked(super().read, size)

    def readall(self) -> bytes:
        return self._checked(super().readall)

    def _checked(self, read: Callable[..., bytes | None], *size: int) -> bytes:
        try:
            data = read(*size) or b""
        except OSError as error:
            raise self._blob._unreadable(error) from error
        if not data or self.tell() >= len(self._blob):
            self._check()
        return data

    def _check(self) -> None:
        self._blob._check_unchanged(self.fileno())
