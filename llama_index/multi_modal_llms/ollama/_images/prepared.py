"""What is ready to leave: a picture or a sound, read in pieces, never shown in a repr."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, cast

from ..errors import ImageError
from .mapping import BoxConvention, BoxMapping, Size


@dataclass(frozen=True)
class FileStamp:
    """By what a file is known again: the same stamp, the same content."""

    size: int
    modified_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, descriptor: int) -> FileStamp:
        status = os.fstat(descriptor)
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)


@dataclass(frozen=True, repr=False)
class Content:
    """Bytes in memory, or a file that must not change: opened as often as needed, the same each time."""

    where: str
    source: str
    data: bytes | None = None
    path: str | None = None
    stamp: FileStamp | None = None

    @classmethod
    def of_file(cls, path: str, *, where: str, source: str) -> Content:
        """The file as it is now. Raises OSError when it cannot be opened."""
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            return cls(where, source, path=path, stamp=FileStamp.of(descriptor))
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

    def changed(self, what: str) -> ImageError:
        return self.refuse(f"{what}. It was looked at before; it must stay as it is until the call has sent it.")

    def refuse(self, words: str) -> ImageError:
        name = f"{self.where} ({self.source})" if self.where else self.source
        return ImageError(f"{name} {words}", where=self.where, source=self.source)


class _WatchedFile(io.FileIO):
    """A file that raises ImageError when it is not, or no longer, the file that was looked at."""

    def __init__(self, content: Content) -> None:
        self._content = content
        super().__init__(cast(str, content.path), "rb")
        try:
            self._check()
        except ImageError:
            self.close()
            raise

    def readinto(self, buffer: Any, /) -> int:
        try:
            count = super().readinto(buffer) or 0
        except OSError as error:
            raise self._unreadable(error) from error
        # At the end the content has been handed out: now it must still be the same file.
        if count == 0 or self.tell() >= len(self._content):
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
            raise self._unreadable(error) from error
        if not data or self.tell() >= len(self._content):
            self._check()
        return data

    def _unreadable(self, error: OSError) -> ImageError:
        """A disk that fails, or is no longer there, in mid-file."""
        return self._content.refuse(f"cannot be read: {error.strerror or error}. Is its disk still there?")

    def _check(self) -> None:
        if FileStamp.of(self.fileno()) != self._content.stamp:
            raise self._content.changed("has changed on disk since it was prepared")


@dataclass(frozen=True, repr=False)
class PreparedImage:
    """A picture as it leaves: upright, opaque, 8-bit RGB or grey, JPEG or PNG.

    Holds the encoded bytes, or, when the file goes out byte for byte, only its path and what it was known by.
    """

    format: Literal["jpeg", "png"]
    mapping: BoxMapping
    steps: tuple[str, ...]
    """What was done to it, in order; empty when it leaves byte for byte as it was given."""
    content: Content
    page: int | None = None
    """The page of a document, or the frame of an animation or video, counted from 1; else `None`."""
    seconds: float | None = None
    """Where in the video the frame was, in seconds from its start."""

    @property
    def media_type(self) -> str:
        return f"image/{self.format}"

    @property
    def size(self) -> Size:
        """Width and height as sent."""
        return self.mapping.sent_size

    @property
    def original_size(self) -> Size:
        """Width and height as stored in the file, before EXIF turns it; for a PDF page, in points."""
        return self.mapping.original_size

    @property
    def size_in_bytes(self) -> int:
        return len(self.content)

    @property
    def source(self) -> str:
        """Where it came from: a path, a URL without its secrets, "bytes", "base64"."""
        return self.content.source

    def open(self) -> BinaryIO:
        """A reader of the encoded bytes; raises ImageError when the file behind it changes under way."""
        return self.content.open()

    def read(self) -> bytes:
        with self.open() as file:
            return file.read()

    def to_original(self, box: Sequence[float], convention: BoxConvention = "pixels") -> tuple[int, int, int, int]:
        """A box that a model gave for this picture, as (left, top, right, bottom) in the original's pixels.

        `convention`: `"pixels"` of the sent picture, `"0-1000"` (Qwen3-VL), `"0-1000 yx"` (Gemma, PaliGemma:
        top, left, bottom, right), `"0-1"`. Undoes scaling and EXIF rotation, so that
        `PIL.Image.open(path).crop(prepared.to_original(box))` is what the box shows.
        """
        return self.mapping.to_original(box, convention)

    def describe(self) -> dict[str, Any]:
        """What was sent, as plain JSON without the bytes."""
        description: dict[str, Any] = {
            "source": self.source,
            "format": self.format,
            "media_type": self.media_type,
            "size": list(self.size),
            "original_size": list(self.original_size),
            "bytes": self.size_in_bytes,
            "steps": list(self.steps),
            "mapping": self.mapping.describe(),
        }
        if self.page is not None:
            description["page"] = self.page
        if self.seconds is not None:
            description["seconds"] = round(self.seconds, 3)
        return description

    def __repr__(self) -> str:
        done = f", {', '.join(self.steps)}" if self.steps else ""
        width, height = self.size
        shown = f"{self.format} {width}x{height}, {self.size_in_bytes:,} bytes, {self.source}{done}"
        return f"<PreparedImage {shown}>"


@dataclass(frozen=True, repr=False)
class PreparedAudio:
    """A sound as it leaves, byte for byte as it was given."""

    format: Literal["wav", "mp3"]
    content: Content

    @property
    def media_type(self) -> str:
        return "audio/wav" if self.format == "wav" else "audio/mpeg"

    @property
    def size_in_bytes(self) -> int:
        return len(self.content)

    @property
    def source(self) -> str:
        return self.content.source

    def open(self) -> BinaryIO:
        return self.content.open()

    def read(self) -> bytes:
        with self.open() as file:
            return file.read()

    def describe(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "format": self.format,
            "media_type": self.media_type,
            "bytes": self.size_in_bytes,
        }

    def __repr__(self) -> str:
        return f"<PreparedAudio {self.format}, {self.size_in_bytes:,} bytes, {self.source}>"
