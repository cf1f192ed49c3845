#!/usr/bin/env bash
# Pillow 13.0.0 draws an APNG's first frame over the default image, though that image is no part of the animation
# (no fcTL before IDAT): the APNG specification begins with a fully transparent canvas. And where a frame is blended
# OVER, its alpha is mixed as a colour is: blue at 128 over opaque red comes out with an alpha of 191, so what lies
# below shines through a picture that hides it. FFmpeg 5.1 gives (0, 0, 255, 128) for the first frame; source-over on
# red would have an alpha of 255.
#
# Seen: default image (255, 0, 0, 255), first frame (127, 0, 128, 191).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct
import zlib

from PIL import Image

SIDE, OVER, KEEP = 2, 1, 0


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixels(*rgba):
    return zlib.compress((b"\0" + bytes(rgba) * SIDE) * SIDE)


def control(number):
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, SIDE, SIDE, 0, 0, 1, 1, KEEP, OVER))


file = b"".join((
    b"\x89PNG\r\n\x1a\n",
    chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)),
    chunk(b"acTL", struct.pack(">II", 1, 0)),
    chunk(b"IDAT", pixels(255, 0, 0, 255)),
    control(0),
    chunk(b"fdAT", struct.pack(">I", 1) + pixels(0, 0, 255, 128)),
    chunk(b"IEND", b""),
))
image = Image.open(io.BytesIO(file))
seen = []
for frame in range(image.n_frames):
    image.seek(frame)
    seen.append(image.convert("RGBA").getpixel((0, 0)))
print(seen)
assert seen == [(255, 0, 0, 255), (127, 0, 128, 191)], "the first frame is drawn otherwise now"
PYTHON
