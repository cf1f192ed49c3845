"""JPEGs of many writers' ways, drawn by lot from a seed, and the places where it hurts most to cut one."""

from __future__ import annotations

import io
import random
import re
import struct
from collections.abc import Iterator

from PIL import Image

MODES = ("RGB", "RGB", "RGB", "L", "CMYK")
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
_AFTER_A_MARKER = re.compile(rb"\xff[^\x00\xff]")


def drawn(dice: random.Random) -> bytes:
    """Another picture each time: size, grain, quality, colours, one scan or many, restarts, tables, EXIF, comment."""
    width, height = dice.randrange(1, 100), dice.randrange(1, 100)
    mode = dice.choice(MODES)
    count = {"RGB": 3, "L": 1, "CMYK": 4}[mode]
    grain = Image.frombytes(mode, (width, height), dice.randbytes(width * height * count))
    flat = Image.new(mode, (width, height), tuple(dice.randbytes(count)) if count > 1 else dice.randrange(256))
    image = Image.blend(flat, grain, dice.choice((0.0, 0.1, 0.3, 1.0))) if mode != "CMYK" else grain
    options: dict[str, object] = {
        "quality": dice.choice((1, 5, 30, 75, 90, 100)),
        "progressive": dice.random() < 0.3,
        "optimize": dice.random() < 0.3,
    }
    if mode == "RGB":
        options["subsampling"] = dice.choice(SUBSAMPLINGS)
    if dice.random() < 0.3:
        options["restart_marker_blocks"] = dice.randrange(1, 9)
    if dice.random() < 0.3:
        options["comment"] = dice.randbytes(dice.randrange(1, 40)) + b"\xff\xd9"
    if dice.random() < 0.3:
        options["exif"] = with_thumbnail(image.convert("RGB"))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def with_thumbnail(image: Image.Image) -> bytes:
    """EXIF that holds a JPEG of its own, as cameras write it."""
    buffer = io.BytesIO()
    image.resize((16, 12)).save(buffer, "JPEG")
    thumbnail = buffer.getvalue()
    entries = struct.pack(">HHHII", 2, 0x0201, 4, 1, 44) + struct.pack(">HHII", 0x0202, 4, 1, len(thumbnail))
    return b"Exif\x00\x00MM\x00*" + struct.pack(">IHI", 8, 0, 14) + entries + bytes(4) + thumbnail


def places(data: bytes, dice: random.Random, count: int) -> list[int]:
    """Where to cut a JPEG that ends with its end marker: before and behind its markers, and anywhere."""
    marked = {at for found in _AFTER_A_MARKER.finditer(data) for at in (found.start(), found.start() + 1, found.end())}
    inside = sorted(at for at in marked if at < len(data))
    worst = dice.sample(inside, min(count // 2, len(inside)))
    ends = [found.end() for found in re.finditer(rb"\xff\xd9", data) if found.end() < len(data)]
    return [*ends[: count // 4], *worst, *(dice.randrange(len(data)) for _ in range(count))][:count]


def between_scans(data: bytes, body: bytes) -> Iterator[bytes]:
    """The same picture with a comment before each of its scans but the first."""
    for found in list(re.finditer(rb"\xff\xda", data))[1:]:
        yield data[: found.start()] + b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body + data[found.start() :]
