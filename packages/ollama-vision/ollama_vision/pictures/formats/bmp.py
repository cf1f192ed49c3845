"""BMP's ICC profile, which its longest header (BITMAPV5HEADER) may embed and Pillow does not read."""

from __future__ import annotations

import struct
from typing import BinaryIO

_V5_SIZE = 124
_EMBEDDED = b"DEBM"
"""PROFILE_EMBEDDED; the other colour spaces say sRGB, or chromaticities that Chromium 156 ignores as well."""
_LONGEST_PROFILE = 4_000_000


def bmp_profile(file: BinaryIO) -> bytes | None:
    """`None` when it has none, or one that lies outside of the file. The file is left where it was."""
    start = file.tell()
    header = file.read(14 + _V5_SIZE)
    try:
        if len(header) < 14 + _V5_SIZE or header[14 + 56 : 14 + 60] != _EMBEDDED:
            return None
        offset, length = struct.unpack_from("<II", header, 14 + 112)
        if header[14:18] != struct.pack("<I", _V5_SIZE) or length > _LONGEST_PROFILE:
            return None
        file.seek(start + 14 + offset)
        profile = file.read(length)
        return profile if len(profile) == length > 0 else None
    finally:
        file.seek(start)
