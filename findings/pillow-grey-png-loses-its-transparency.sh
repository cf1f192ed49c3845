#!/usr/bin/env bash
# Pillow 13.0.0: a PNG that names one grey as transparent (tRNS), as optimizers write it, is read right with 1 and 8
# bits a pixel, and loses its transparency with 2, 4 and 16: the pixels are scaled to 8 bits and the transparent grey is
# not, or the other way round. `convert("RGBA")` shows the grey that should be gone, opaque. Where black is the
# transparent grey, 0 on either scale, nothing goes wrong, so that a test may pass. imagecodecs 2026.3.6 (libpng) has an
# alpha of 0 for each of them.
#
# Seen: alpha by bits, Pillow {1: 0, 2: 255, 4: 255, 8: 0, 16: 255}, imagecodecs 0 for all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct
import zlib

import imagecodecs
from PIL import Image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(bits, transparent, row):
    """Two greys side by side: the transparent one and 0."""
    header = struct.pack(">IIBBBBB", 2, 1, bits, 0, 0, 0, 0)
    chunks = (
        chunk(b"IHDR", header),
        chunk(b"tRNS", struct.pack(">H", transparent)),
        chunk(b"IDAT", zlib.compress(b"\0" + row)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


files = {
    1: png(1, 1, b"\x80"),
    2: png(2, 1, b"\x40"),
    4: png(4, 1, b"\x10"),
    8: png(8, 17, b"\x11\0"),
    16: png(16, 0x1122, b"\x11\x22\0\0"),
}
by_pillow, by_libpng = {}, {}
for bits, file in files.items():
    pixels = Image.open(io.BytesIO(file)).convert("RGBA")
    by_pillow[bits] = pixels.getpixel((0, 0))[3]
    by_libpng[bits] = int(imagecodecs.png_decode(file)[0, 0, 1])
    assert pixels.getpixel((1, 0))[3] == 255
print(by_pillow, by_libpng)
assert set(by_libpng.values()) == {0}
assert by_pillow == {1: 0, 2: 255, 4: 255, 8: 0, 16: 255}, "the transparent grey is found now"
PYTHON
