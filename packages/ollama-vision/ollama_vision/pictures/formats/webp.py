"""WebP's chunks (RIFF), walked by their lengths: how its first picture is coded, and where its canvas shows through."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST_CHUNKS = 1 << 16
_ALPHA, _DISPOSED = 0x10, 0x01
_FRAME_HEADER = 16


@dataclass(frozen=True)
class WebP:
    lossless: bool
    bare_canvas: bool
    """Whether an animation that says it has no alpha leaves a part of its canvas without a picture, now or later."""


def webp_of(file: BinaryIO) -> WebP:
    """What the chunks say. What is broken in them is for the decoder to judge. Leaves the file at its start."""
    size = file.seek(0, 2)
    flags, canvas, codec, bare = 0, b"", b"", False
    for name, start, length in _chunks(file, 12, size):
        if name == b"VP8X":
            head = file.read(10).ljust(10, b"\x00")
            flags, canvas = head[0], head[4:10]
        elif name in (b"VP8 ", b"VP8L"):
            codec = codec or name
        elif name == b"ANMF":
            head = file.read(_FRAME_HEADER)
            bare |= len(head) < _FRAME_HEADER or bool(head[15] & _DISPOSED)
            if not codec:
                bare |= head[:6] != bytes(6) or head[6:12] != canvas
                inner = _chunks(file, start + _FRAME_HEADER, min(start + length, size))
                codec = next((inside for inside, _, _ in inner if inside in (b"VP8 ", b"VP8L")), b"")
    file.seek(0)
    return WebP(lossless=codec == b"VP8L", bare_canvas=bare and not flags & _ALPHA)


def with_alpha(file: BinaryIO) -> BinaryIO:
    """The same file, saying that it has alpha: only then does Pillow keep what is transparent in a bare canvas."""
    data = bytearray(file.read())
    at = data.find(b"VP8X", 12, 16)
    if at == 12:
        data[at + 8] |= _ALPHA
    return io.BytesIO(data)


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of each; the file stands at its body."""
    for _ in range(_MOST_CHUNKS):
        file.seek(start)
        head = file.read(8)
        if start + 8 > end or len(head) < 8:
            return
        name, length = struct.unpack("<4sI", head)
        yield name, start + 8, length
        start += 8 + length + (length & 1)
