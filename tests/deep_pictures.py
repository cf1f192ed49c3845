"""PNG and TIFF of any bit depth, sample by sample: Pillow writes hardly any of them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from picture_corpus import png_chunk

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


def apng_with_default(default: Rows, first: Rows, depth: int, colour_type: int, at: tuple[int, int] = (0, 0)) -> bytes:
    """An APNG of one more frame than it says to other viewers: they show `default`, which is no part of it.

    `first` comes twice, at an offset, blended over nothing.
    """
    header = struct.pack(">IIBBBBB", len(default[0]), len(default), depth, colour_type, 0, 0, 0)

    def frame(number: int) -> bytes:
        control = struct.pack(">5I2H2B", number, len(first[0]), len(first), *at, 1, 10, 0, 1)
        body = struct.pack(">I", number + 1) + _scanlines(first, depth)
        return png_chunk(b"fcTL", control) + png_chunk(b"fdAT", body)

    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"acTL", struct.pack(">II", 2, 0))
        + png_chunk(b"IDAT", _scanlines(default, depth))
        + frame(0)
        + frame(2)
        + png_chunk(b"IEND", b"")
    )


def tiff(rows: Rows, *, order: str = "<", compressed: bool = False, extra: int | None = None) -> bytes:
    """16 bits a sample, one strip; `order` as in struct, `extra` what a fourth sample is (ExtraSamples)."""
    width, height, count = len(rows[0]), len(rows), len(rows[0][0])
    samples = [sample for row in rows for pixel in row for sample in pixel]
    body = struct.pack(f"{order}{len(samples)}H", *samples)
    body = zlib.compress(body) if compressed else body
    bits = struct.pack(f"{order}{count}H", *[16] * count)
    entries = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, count, 16 if count == 1 else 8),
        (259, 3, 1, 8 if compressed else 1), (262, 3, 1, 1 if count == 1 else 2), (273, 4, 1, 16), (277, 3, 1, count),
        (278, 3, 1, height), (279, 4, 1, len(body)), *([(338, 3, 1, extra)] if extra is not None else []),
    ]  # fmt: skip
    table = struct.pack(f"{order}H", len(entries))
    for tag, kind, number, value in entries:
        inline = struct.pack(f"{order}HH", value, 0) if kind == 3 and number == 1 else struct.pack(f"{order}I", value)
        table += struct.pack(f"{order}HHI", tag, kind, number) + inline
    start = 16 + len(body)
    magic = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", start)
    return magic + bits.ljust(8, b"\x00") + body + table + b"\x00" * 4
