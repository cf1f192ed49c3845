"""JPEG 2000 in a PDF (JPXDecode, ISO 15444-1, annex A): its tile-parts, and that a coder wrote what is in them.

Decoders make of damaged data what they can, and say nothing. A few bytes in them that were changed nothing tells.
"""

from __future__ import annotations

import re
import struct

from ...formats.header import DamagedFile
from .jbig2 import LONGEST_ZEROS, RUBBISH

_SOC, _SIZ, _COD, _SOT, _SOD, _EOC = 0xFF4F, 0xFF51, 0xFF52, 0xFF90, 0xFF93, 0xFFD9
_OWN_PRECINCTS, _BYPASS, _HIGH_THROUGHPUT = 1, 1, 0x40
_NEVER = re.compile(rb"(?<!\xff\x91\x00\x04)(?<!\xff\x91\x00\x04.)\xff(?!\x91\x00\x04)[\x90\x91\x93-\xff]", re.DOTALL)
"""Neither coded pixels nor packet headers hold a marker, but for those around a packet (SOP with a number, EPH)."""
_MOST_LEVELS = 32
_CUT = "is cut short: it ends inside its picture data"


def check_jpx(data: bytes) -> None:
    """Raises DamagedFile."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0:
        raise DamagedFile("is no JPEG 2000" if data else "is empty")
    at, tiles, expected, components, zeros = start + 2, set(), 1, 0, 0
    while at + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == _SIZ and at + 40 <= len(data):
            right, bottom, _, _, across, down, left, top, components = struct.unpack_from(">8IH", data, at + 6)
            if across and down:
                expected = -(-(right - left) // across) * -(-(bottom - top) // down)
        elif marker == _COD:
            zeros = _longest_zeros(data[at + 4 : at + 14], components)
        if marker != _SOT:
            if marker == _EOC or length < 2:
                break
            at += 2 + length
            continue
        if at + 12 > len(data):
            break
        tile, length = struct.unpack_from(">HI", data, at + 4)
        tiles.add(tile)
        stop = at + length
        if length == 0:  # to the end
            stop = len(data.rstrip(b"\x00\r\n "))
            stop = stop - 2 if data[stop - 2 : stop] == b"\xff\xd9" else len(data) + 1
        if stop <= len(data):
            _check_body(data, at + 12, stop, zeros)
        at = stop
        if length == 0:
            break
    if at > len(data) or len(tiles) < expected:
        raise DamagedFile(_CUT)


def _longest_zeros(style: bytes, components: int) -> int:
    """Bytes of zeros that may stand in a tile-part at most: one for each empty packet; 0 when that cannot be told."""
    if len(style) < 10 or style[0] & _OWN_PRECINCTS or style[8] & (_BYPASS | _HIGH_THROUGHPUT):
        return 0
    return LONGEST_ZEROS + int.from_bytes(style[2:4], "big") * (_MOST_LEVELS + 1) * components


def _check_body(data: bytes, at: int, stop: int, zeros: int) -> None:
    """That a tile-part holds no markers but those of its own header, and no long run of zeros."""
    while at + 4 <= stop:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == _SOD:
            break
        at += 2 + length
    if _NEVER.search(data, at + 2, stop) or (zeros and data.find(bytes(zeros), at + 2, stop) >= 0):
        raise DamagedFile(RUBBISH)
