"""JBIG2 in a PDF (ISO 14492): its segments, proven to be there and to end where their coder ended them.

Decoders draw what they can of data that end too early or hold what no coder writes, and say nothing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ...formats.header import DamagedFile

_PAGE, _PAGE_END, _FILE_END = 48, 49, 51
_SYMBOLS, _PATTERNS = 0, 16
_TEXT, _HALFTONE, _GENERIC, _REFINEMENT = (4, 6, 7), (20, 22, 23), (36, 38, 39), (40, 42, 43)
_REGIONS = {*_TEXT, *_HALFTONE, *_GENERIC, *_REFINEMENT}
_ABOUT_REGION = 17
"""Bytes: width, height, place and how it is combined."""
_UNKNOWN_LENGTH = 0xFFFFFFFF
LONGEST_ZEROS = 64
"""Bytes: the arithmetic coder writes no such run, which lost blocks of a disk or of a transfer become."""
RUBBISH = "is damaged: its picture data hold what no coder writes"
_MARK = re.compile(rb"\xff[\x90-\xff]")
"""What the arithmetic coder writes nowhere but at its end (E.2.10): decoders stop there."""


@dataclass(frozen=True)
class _Segment:
    number: int
    kind: int
    refers_to: tuple[int, ...]
    body: bytes


def check_jbig2(data: bytes, shared: bytes | None) -> str | None:
    """What may be wrong with it; `None` when nothing is. `shared` are its JBIG2Globals. Raises DamagedFile."""
    known: set[int] = set()
    doubt, regions, has_page = None, 0, False
    for segment in (*_segments(shared or b""), *_segments(data)):
        if not known.issuperset(segment.refers_to):
            raise DamagedFile("is cut short: a part that it refers to is missing")
        known.add(segment.number)
        has_page |= segment.kind == _PAGE
        regions += segment.kind in _REGIONS
        doubt = doubt or _doubt(segment)
    if not has_page:
        raise DamagedFile("is no JBIG2" if data else "is empty")
    return doubt or (None if regions else "may be cut short: nothing is drawn in it")


def _segments(data: bytes) -> Iterator[_Segment]:
    """As they stand in a PDF: without the header of a file."""
    at = 0
    while at + 11 <= len(data):
        number, flags, referred = struct.unpack_from(">IBB", data, at)
        count = referred >> 5
        at += 6
        if count == 7:
            if at + 3 > len(data):
                break
            count = struct.unpack_from(">I", data, at - 1)[0] & 0x1FFFFFFF
            at += 3 + (count + 8) // 8
        size = 1 if number <= 256 else 2 if number <= 65536 else 4
        start, at = at, at + count * size
        refers_to = tuple(int.from_bytes(data[place : place + size], "big") for place in range(start, at, size))
        at += 4 if flags & 0x40 else 1
        if at + 4 > len(data):
            at += 4
            break
        length = struct.unpack_from(">I", data, at)[0]
        kind, at = flags & 0x3F, at + 4
        if kind in (_PAGE_END, _FILE_END):
            return
        if length == _UNKNOWN_LENGTH:
            yield _Segment(number, kind, refers_to, b"")
            return
        if at + length > len(data):
            at += length
            break
        yield _Segment(number, kind, refers_to, data[at : at + length])
        at += length
    if at > len(data):
        raise DamagedFile("is cut short: it ends inside its picture data")


def _doubt(segment: _Segment) -> str | None:
    body, start = segment.body, _start_of_arithmetic(segment)
    if start is None or start >= len(body):
        return None
    mark = _MARK.search(body, start)
    end = mark.start() if mark else len(body)
    if body.find(bytes(LONGEST_ZEROS), start, end) >= 0 or (mark and body[mark.end() :].strip(b"\0")):
        raise DamagedFile(RUBBISH)
    # There is one encoder that leaves out the mark's second byte.
    return None if mark or body.endswith(b"\xff") else "may be cut short: its data have no end mark"


def _start_of_arithmetic(segment: _Segment) -> int | None:
    """Where arithmetic-coded data begin that go on to the segment's end; `None` where pixels are coded otherwise."""
    body, kind = segment.body, segment.kind
    if kind in _REGIONS and len(body) > _ABOUT_REGION + 1:
        flags = body[_ABOUT_REGION]
        if kind in _GENERIC and not flags & 1:
            pixels = (24 if flags & 0b10000 else 8) if flags >> 1 & 3 == 0 else 2
            return _ABOUT_REGION + 1 + pixels
        if kind in _REFINEMENT:
            return _ABOUT_REGION + 1 + (0 if flags & 1 else 4)
        if kind in _HALFTONE and not flags & 1:
            return _ABOUT_REGION + 21
        if kind in _TEXT and not body[_ABOUT_REGION + 1] & 1:
            about = flags << 8 | body[_ABOUT_REGION + 1]
            return _ABOUT_REGION + 2 + (4 if about & 2 and not about & 0x8000 else 0) + 4
    elif kind == _SYMBOLS and len(body) > 2 and not body[1] & 1:
        about = body[0] << 8 | body[1]
        pixels = 8 if about >> 10 & 3 == 0 else 2
        return 2 + pixels + (4 if about & 2 and not about & 0x1000 else 0) + 8
    elif kind == _PATTERNS and body and not body[0] & 1:
        return 7
    return None
