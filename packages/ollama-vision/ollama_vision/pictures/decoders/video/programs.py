"""What a transport stream says of its codecs on the way (PAT and PMT, the program map): FFmpeg reads it only once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_PACKET = 188
_SYNC = 0x47
_LENGTHS = (188, 192, 204)
"""Bytes from one packet to the next: plain, with a clock before each (AVCHD, Blu-ray), with check bytes behind."""
_LOOK = 4 << 20
"""Bytes in which a map has to come: it does every 0.1 to 0.5 s."""
_LONGEST = 1024
"""Bytes of a section."""
_CODECS = {
    0x01: "MPEG-2",  # MPEG-1, which the same decoder reads
    0x02: "MPEG-2",
    0x10: "MPEG-4",
    0x1B: "H.264",
    0x24: "HEVC",
    0x33: "VVC",
    0xD1: "Dirac",
    0xD2: "AVS2",
    0xD4: "AVS3",
    0x42: "AVS",
    0xEA: "VC-1",
}


class Coding(NamedTuple):
    """What a program map says of one stream."""

    place: int
    """Byte at which the file can be split before it: there the table of programs (PAT) stands."""
    codec: str


def codings(file: BinaryIO, place: int, stream: int) -> Iterator[Coding]:
    """What each program map from this byte on says of the stream with this number (PID)."""
    file.seek(place)
    data = file.read(_LOOK)
    table, maps = place, set[int]()
    for at, number, section in _sections(data):
        if number == 0 and section[:1] == b"\0":
            table = place + at
            maps |= set(_maps(section))
        elif number in maps and section[:1] == b"\2":
            kind = _kind(section, stream)
            if kind is not None:
                yield Coding(table, _CODECS.get(kind, f"stream type {kind:#04x}"))


def _sections(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where the packet begins, its PID, and the section that begins in it, of each that begins with one."""
    begin, length = _rhythm(data)
    before = 4 if length == 192 else 0
    parts: dict[int, tuple[int, bytes]] = {}
    for at in range(begin, len(data) - _PACKET + 1, length):
        head = data[at : at + 5]
        number = (head[1] & 0x1F) << 8 | head[2]
        starts = bool(head[1] & 0x40)
        if head[0] != _SYNC or not head[3] & 0x10 or not (starts or number in parts):
            continue
        skipped = 4 + (1 + head[4] if head[3] & 0x20 else 0)
        payload = data[at + skipped : at + _PACKET]
        if starts:
            # Of pictures and sound a packet begins with 0, 0, 1 (PES); of sections with how far off they begin.
            if payload[:3] == b"\0\0\1" or not payload:
                continue
            parts[number] = (max(at - before, 0), payload[1 + payload[0] :])
        else:
            first, part = parts[number]
            parts[number] = (first, part + payload)
        first, part = parts[number]
        end = 3 + (int.from_bytes(part[1:3], "big") & 0xFFF)
        if len(part) >= 3 and (len(part) >= end or len(part) > _LONGEST):
            del parts[number]
            yield first, number, part[: end - 4]  # without its check sum


def _rhythm(data: bytes) -> tuple[int, int]:
    """Where the first whole packet begins, and how far it is to the next."""
    for begin in range(min(max(_LENGTHS), len(data))):
        for length in _LENGTHS:
            marks = data[begin : begin + 5 * length : length]
            if marks == bytes([_SYNC]) * len(marks):
                return begin, length
    return len(data), _PACKET


def _maps(table: bytes) -> Iterator[int]:
    """PIDs of the program maps; program 0 is the network's."""
    for at in range(8, len(table) - 3, 4):
        if table[at : at + 2] != b"\0\0":
            yield int.from_bytes(table[at + 2 : at + 4], "big") & 0x1FFF


def _kind(section: bytes, stream: int) -> int | None:
    """The stream's type in the map."""
    at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
    while at + 5 <= len(section):
        if int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF == stream:
            return section[at]
        at += 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF)
    return None
