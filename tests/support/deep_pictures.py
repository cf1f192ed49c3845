"""PNG, APNG and TIFF of any bit depth, sample by sample: Pillow writes hardly any of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from tests.support.picture_corpus import png_chunk

Rows = Sequence[Sequence[Sequence[int]]]
"""Rows of pixels of samples."""

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def _packed(samples: Sequence[int], depth: int) -> bytes:
    bits = "".join(f"{sample:0{depth}b}" for sample in samples)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _scanlines(rows: Rows, depth: int, *, interlaced: bool = False) -> bytes:
    lines = bytearray()
    for left, top, right, down in _ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for row in rows[top::down]:
            if pixels := row[left::right]:
                lines += b"\x00" + _packed([sample for pixel in pixels for sample in pixel], depth)
    return zlib.compress(bytes(lines))


def png(
    rows: Rows, depth: int, colour_type: int, *, transparent: Sequence[int] = (), interlaced: bool = False
) -> bytes:
    """`transparent` are the samples of the tRNS chunk."""
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), depth, colour_type, 0, 0, int(interlaced))
    chunk = png_chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)) if transparent else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + chunk
        + png_chunk(b"IDAT", _scanlines(rows, depth, interlaced=interlaced))
        + png_chunk(b"IEND", b"")
    )


@dataclass(frozen=True)
class Frame:
    """A frame of an APNG; `then` and `blend` as in the format: keep, clear, bring back; instead, over."""

    rows: Rows
    at: tuple[int, int] = (0, 0)
    then: int = 0
    blend: int = 0


def apng(
    frames: Sequence[Frame],
    depth: int,
    colour_type: int,
    *,
    default: Rows | None = None,
    transparent: Sequence[int] = (),
) -> bytes:
    """With `default`, a picture for viewers without animation, which is no part of it."""
    still = default or frames[0].rows
    number = count()

    def control(frame: Frame) -> bytes:
        size, place = (len(frame.rows[0]), len(frame.rows)), frame.at
        body = struct.pack(">5I2H2B", next(number), *size, *place, 1, 10, frame.then, frame.blend)
        return png_chunk(b"fcTL", body)

    chunks = [
        png_chunk(b"IHDR", struct.pack(">IIBBBBB", len(still[0]), len(still), depth, colour_type, 0, 0, 0)),
        png_chunk(b"acTL", struct.pack(">II", len(frames), 1)),
        png_chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)) if transparent else b"",
        b"" if default else control(frames[0]),
        png_chunk(b"IDAT", _scanlines(still, depth)),
    ]
    for frame in frames if default else frames[1:]:
        chunks.append(control(frame))
        chunks.append(png_chunk(b"fdAT", struct.pack(">I", next(number)) + _scanlines(frame.rows, depth)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + png_chunk(b"IEND", b"")


def tiff(rows: Rows, *, order: str = "<", compressed: bool = False, extra: int | None = None) -> bytes:
    """16 bits a sample, one strip; `order` as in struct, `extra` what a fourth sample is (ExtraSamples)."""
    width, height, channels = len(rows[0]), len(rows), len(rows[0][0])
    samples = [sample for row in rows for pixel in row for sample in pixel]
    body = struct.pack(f"{order}{len(samples)}H", *samples)
    body = zlib.compress(body) if compressed else body
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, channels, 16 if channels == 1 else 8),
        (259, 3, 1, 8 if compressed else 1), (262, 3, 1, 1 if channels == 1 else 2), (273, 4, 1, 16),
        (277, 3, 1, channels),
        (278, 3, 1, height), (279, 4, 1, len(body)), *([(338, 3, 1, extra)] if extra is not None else []),
    ]  # fmt: skip
    table = struct.pack(f"{order}H", len(entries))
    for tag, kind, number, value in entries:
        inline = struct.pack(f"{order}HH", value, 0) if kind == 3 and number == 1 else struct.pack(f"{order}I", value)
        table += struct.pack(f"{order}HHI", tag, kind, number) + inline
    start = 16 + len(body)
    magic = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", start)
    return magic + bits.ljust(8, b"\x00") + body + table + b"\x00" * 4
