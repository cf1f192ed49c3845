"""TIFF files of any kind, written tag by tag: what Pillow cannot write, and mostly cannot read either."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image

BYTE, ASCII, SHORT, LONG, RATIONAL, FLOAT = 1, 2, 3, 4, 5, 11
_LETTERS = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "I", RATIONAL: "I", FLOAT: "f", 16: "Q"}
Tags = Mapping[int, tuple[int, Sequence[float]]]


@dataclass(frozen=True)
class Page:
    """A directory and the strips or tiles that belong to it; `None` for one that was never written."""

    width: int
    height: int
    blocks: Sequence[bytes | None]
    bits: int = 8
    samples: int = 1
    photometric: int = 1
    tile: tuple[int, int] | None = None
    rows: int | None = None
    """Of a strip; all of them."""
    planar: bool = False
    compression: int = 1
    tags: Tags = field(default_factory=dict)
    """Further ones, or others in the place of those that follow from the rest; without values a tag is left out."""


def tiff(*pages: Page, order: str = "<", big: bool = False, behind: bytes = b"") -> bytes:
    """The file; `behind` follows the last block."""
    word, width = ("Q", 8) if big else ("I", 4)
    out = bytearray(b"II" if order == "<" else b"MM")
    out += struct.pack(f"{order}HHHQ", 43, 8, 0, 0) if big else struct.pack(f"{order}HI", 42, 0)
    link = len(out) - width
    for page in pages:
        offsets, counts = [], []
        for block in page.blocks:
            offsets.append(len(out) if block is not None else 0)
            counts.append(len(block or b""))
            out += (block or b"") + b"\0" * (len(block or b"") % 2)
        out += behind
        entries = sorted((tag, *value) for tag, value in _tags(page, offsets, counts, big).items() if value[1])
        struct.pack_into(f"{order}{word}", out, link, len(out))
        table, head = bytearray(struct.pack(f"{order}{'Q' if big else 'H'}", len(entries))), len(out)
        end = head + len(table) + len(entries) * (20 if big else 12) + width
        values = b""
        for tag, kind, numbers in entries:
            data = struct.pack(f"{order}{len(numbers)}{_LETTERS[kind]}", *numbers)
            count = len(numbers) // 2 if kind == RATIONAL else len(numbers)
            table += struct.pack(f"{order}HH{word}", tag, kind, count)
            table += (
                data.ljust(width, b"\0") if len(data) <= width else struct.pack(f"{order}{word}", end + len(values))
            )
            values += data + b"\0" * (len(data) % 2) if len(data) > width else b""
        out += table
        link = len(out)
        out += bytes(width) + values
    return bytes(out)


def _tags(
    page: Page, offsets: Sequence[int], counts: Sequence[int], big: bool
) -> dict[int, tuple[int, Sequence[float]]]:
    where = 16 if big else LONG
    made: dict[int, tuple[int, Sequence[float]]] = {
        256: (LONG, [page.width]), 257: (LONG, [page.height]), 258: (SHORT, [page.bits] * page.samples),
        259: (SHORT, [page.compression]), 262: (SHORT, [page.photometric]), 277: (SHORT, [page.samples]),
        284: (SHORT, [2 if page.planar else 1]),
    }  # fmt: skip
    if page.tile:
        made |= {322: (LONG, [page.tile[0]]), 323: (LONG, [page.tile[1]]), 324: (where, offsets), 325: (LONG, counts)}
    else:
        made |= {273: (where, offsets), 278: (LONG, [page.rows or page.height]), 279: (LONG, counts)}
    return made | dict(page.tags)


def text(words: str) -> tuple[int, Sequence[float]]:
    return ASCII, [*words.encode(), 0]


def wide(data: bytes, order: str = "<") -> bytes:
    """Samples of 8 bits as 16: 255 becomes 65535."""
    return struct.pack(f"{order}{len(data)}H", *(value * 257 for value in data))


def deflated(data: bytes) -> bytes:
    return zlib.compress(data)


def differences(data: bytes, row: int, samples: int) -> bytes:
    """Horizontal predictor: each sample less the one before it in its row."""
    out = bytearray(data)
    for start in range(0, len(data), row):
        for at in range(start + row - 1, start + samples - 1, -1):
            out[at] = (data[at] - data[at - samples]) & 0xFF
    return bytes(out)


def packed_12(values: Sequence[int]) -> bytes:
    """An even number of 12-bit values, one after the other."""
    out = bytearray()
    for one, other in zip(values[::2], values[1::2], strict=True):
        out += bytes((one >> 4, (one & 15) << 4 | other >> 8, other & 255))
    return bytes(out)


def tiles(image: Image.Image, side: int, pack: Callable[[bytes], bytes] = bytes) -> list[bytes]:
    """Square tiles, row by row, those at the edges filled up with zeros."""
    return [
        pack(image.crop((left, top, left + side, top + side)).tobytes())
        for top in range(0, image.height, side)
        for left in range(0, image.width, side)
    ]
