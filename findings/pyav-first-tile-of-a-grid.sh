#!/usr/bin/env bash
# PyAV 18.1.0, and imageio 2.38.1 with `plugin="pyav"`: of an AVIF that is a grid of tiles, as HEIC from phones and
# large AVIF are, `decode(video=0)` gives the first tile as if it were the picture: of 128x64 pixels, 64x64, one frame,
# no error. Each tile is a stream of its own there, and what puts them together is left to the caller. Pillow, OpenCV
# and imagecodecs give the whole. The upper left of a photograph, 512 pixels wide, looks enough like a picture to go
# unseen.
#
# Seen: Pillow (128, 64) red and blue; PyAV 2 streams, (64, 64) red; imageio plugin="pyav" (1, 64, 64, 3).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    av==18.1.0 imageio==2.38.1 pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct

import av
import imageio.v3
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


def coded(colour):
    """Properties of a picture that Pillow has written, and its AV1."""
    file = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), colour).save(file, "AVIF", quality=100, subsampling="4:4:4")
    top = dict(boxes(file.getvalue()))
    properties = dict(boxes(dict(boxes(top[b"meta"][4:]))[b"iprp"]))
    return dict(boxes(properties[b"ipco"])), top[b"mdat"]


def grid(properties, *tiles):
    """An AVIF of tiles side by side: item 1 is the grid, the others are its tiles."""
    items = [bytes([0, 0, 0, len(tiles) - 1]) + struct.pack(">HH", SIDE * len(tiles), SIDE), *tiles]
    numbers = range(2, len(items) + 1)

    def head(at):
        kinds = [versioned(b"infe", 2, 0, struct.pack(">HH4s", 1, 0, b"grid"), b"\0")]
        kinds += [versioned(b"infe", 2, 1, struct.pack(">HH4s", number, 0, b"av01"), b"\0") for number in numbers]
        places = []
        for number, item in enumerate(items, 1):
            places.append(struct.pack(">HHHII", number, 0, 1, at, len(item)))
            at += len(item)
        uses = struct.pack(">HBBB", 1, 2, 1, 3) + b"".join(struct.pack(">HBBBB", n, 3, 2, 3, 0x84) for n in numbers)
        parts = (
            versioned(b"ispe", 0, 0, struct.pack(">II", SIDE * len(tiles), SIDE)),
            versioned(b"ispe", 0, 0, struct.pack(">II", SIDE, SIDE)),
            box(b"pixi", properties[b"pixi"]),
            box(b"av1C", properties[b"av1C"]),
        )
        meta = (
            versioned(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            versioned(b"pitm", 0, 0, struct.pack(">H", 1)),
            versioned(b"iloc", 0, 0, b"\x44\0", struct.pack(">H", len(items)), *places),
            versioned(b"iinf", 0, 0, struct.pack(">H", len(items)), *kinds),
            versioned(b"iref", 0, 0, box(b"dimg", struct.pack(f">{2 + len(tiles)}H", 1, len(tiles), *numbers))),
            box(b"iprp", box(b"ipco", *parts), versioned(b"ipma", 0, 0, struct.pack(">I", len(items)), uses)),
        )
        return box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf") + versioned(b"meta", 0, 0, *meta)

    return head(len(head(0)) + 8) + box(b"mdat", *items)


(properties, red), (_, blue) = coded("red"), coded("blue")
file = grid(properties, red, blue)
whole = Image.open(io.BytesIO(file)).convert("RGB")
with av.open(io.BytesIO(file)) as container:
    streams = len(container.streams.video)
    frames = [frame.to_image() for frame in container.decode(video=0)]
shape = imageio.v3.imread(file, plugin="pyav").shape
print(whole.size, whole.getpixel((5, 5)), whole.getpixel((SIDE + 5, 5)))
print(streams, [(frame.size, frame.getpixel((5, 5))) for frame in frames], shape)
assert whole.size == (2 * SIDE, SIDE) and whole.getpixel((5, 5))[0] > 240 < whole.getpixel((SIDE + 5, 5))[2]
assert streams == 2 and [frame.size for frame in frames] == [(SIDE, SIDE)], "a grid is put together now"
assert shape == (1, SIDE, SIDE, 3)
PYTHON
