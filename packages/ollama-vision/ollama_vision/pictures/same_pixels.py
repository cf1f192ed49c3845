"""Cache busting: the same picture in other bytes, by a random comment (PNG tEXt, JPEG COM). No pixel is decoded."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import replace

from .blob import Blob
from .prepared import PreparedImage

_PNG_HEADER = 33
"""Bytes of PNG's signature and IHDR; a tEXt may stand anywhere behind them, a comment of JPEG before any segment."""
_APP0, _APP15 = 0xE0, 0xEF


def with_other_bytes(picture: PreparedImage) -> PreparedImage:
    """What a server that knows pictures by their bytes takes for another. Raises ImageError when its file changed."""
    data = picture.read()
    words = os.urandom(8).hex().encode("ascii")
    place, comment = _in_png(words) if picture.format == "png" else _in_jpeg(data, words)
    content = Blob(picture.content.where, picture.content.source, data=b"".join((data[:place], comment, data[place:])))
    step = "a comment put into its file, pixels as they were: the server had lost this picture in its cache"
    return replace(picture, content=content, steps=(*picture.steps, step))


def _in_png(words: bytes) -> tuple[int, bytes]:
    body = b"tEXtComment\x00" + words
    return _PNG_HEADER, struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _in_jpeg(data: bytes, words: bytes) -> tuple[int, bytes]:
    """Behind the first APPn segments: JFIF and Exif want to be the first ones."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and _APP0 <= data[place + 1] <= _APP15:
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return place, b"\xff\xfe" + struct.pack(">H", 2 + len(words)) + words
