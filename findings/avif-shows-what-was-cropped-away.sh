#!/usr/bin/env bash
# An AVIF may be cropped by a property beside its pixels, the clean aperture (clap), and whoever shows it has to apply
# that (MIAF). Pillow 13.0.0, OpenCV 5.0.0.93 and imagecodecs 2026.3.6, all of which decode with libavif, give all of
# the stored picture, with what its owner cut off, and none tells that there is an aperture. Chromium 156 and libheif's
# heif-convert show the part, and pillow-heif crops a HEIC with the same property.
#
# Seen: the aperture is 32x64, the left half, blue; Pillow (64, 64), right red; OpenCV and imagecodecs (64, 64, 3).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 opencv-python-headless==5.0.0.93 imagecodecs==2026.3.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct

import cv2
import imagecodecs
import numpy
from PIL import Image

SIDE = 64


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def versioned(kind, version, flags, *parts):
    return box(kind, bytes([version]) + flags.to_bytes(3, "big"), *parts)


def boxes(bytes_):
    at = 0
    while at < len(bytes_):
        size, kind = struct.unpack_from(">I4s", bytes_, at)
        yield kind, bytes_[at + 8 : at + size]
        at += size


def cropped(image, width, height, right, down):
    """An AVIF of it whose aperture has that size, its middle so far from the picture's own."""
    file = io.BytesIO()
    image.save(file, "AVIF", quality=100, subsampling="4:4:4")
    top = dict(boxes(file.getvalue()))
    properties = dict(boxes(dict(boxes(dict(boxes(top[b"meta"][4:]))[b"iprp"]))[b"ipco"]))
    aperture = struct.pack(">II II iI iI", width, 1, height, 1, right, 1, down, 1)

    def head(at):
        parts = (
            versioned(b"ispe", 0, 0, struct.pack(">II", *image.size)),
            box(b"pixi", properties[b"pixi"]),
            box(b"av1C", properties[b"av1C"]),
            box(b"clap", aperture),
        )
        uses = struct.pack(">IHBBBBB", 1, 1, 4, 1, 2, 0x83, 0x84)
        meta = (
            versioned(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            versioned(b"pitm", 0, 0, struct.pack(">H", 1)),
            versioned(b"iloc", 0, 0, b"\x44\0", struct.pack(">HHHHII", 1, 1, 0, 1, at, len(top[b"mdat"]))),
            versioned(b"iinf", 0, 0, struct.pack(">H", 1), versioned(b"infe", 2, 0, b"\0\1\0\0av01\0")),
            box(b"iprp", box(b"ipco", *parts), versioned(b"ipma", 0, 0, uses)),
        )
        return box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf") + versioned(b"meta", 0, 0, *meta)

    return head(len(head(0)) + 8) + box(b"mdat", top[b"mdat"])


picture = Image.new("RGB", (SIDE, SIDE), "blue")
picture.paste("red", (SIDE // 2, 0, SIDE, SIDE))
file = cropped(picture, SIDE // 2, SIDE, -SIDE // 4, 0)
opened = Image.open(io.BytesIO(file))
seen = {
    "Pillow": (opened.size, opened.convert("RGB").getpixel((SIDE - 5, 5))),
    "OpenCV": cv2.imdecode(numpy.frombuffer(file, "uint8"), cv2.IMREAD_COLOR).shape,
    "imagecodecs": imagecodecs.avif_decode(file).shape,
}
print(seen, sorted(opened.info))
assert seen["Pillow"][0] == (SIDE, SIDE) and seen["Pillow"][1][0] > 240, "Pillow crops now"
assert seen["OpenCV"] == seen["imagecodecs"] == (SIDE, SIDE, 3), "OpenCV or imagecodecs crops now"
PYTHON
