#!/usr/bin/env bash
# Cameras append a preview to their JPEG ("large thumbnail", listed in an MPF segment). Pillow 13.0.0 opens such a file
# as MPO with two frames, and `save(..., save_all=True)` then makes a PDF or TIFF of two pages, the photograph and its
# own preview; img2pdf 0.6.3 does so without being asked. Whoever sends or reads "all pages" has each photograph twice,
# the second time small. The list says of the second image that it is a thumbnail of the first, and Pillow's `mpinfo`
# has that, but frames are counted without it. A gain map (HDR) that says so in ISO 21496-1 alone becomes a page as
# well.
#
# Seen: MPO, frames of (64, 48) and (32, 24), "Large Thumbnail (VGA Equivalent)" and "Undefined"; 2 pages by both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 pypdfium2==5.15.2 img2pdf==0.6.3
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct

import img2pdf
import pypdfium2
from PIL import Image, ImageSequence

PRIMARY, LARGE_THUMBNAIL, UNDEFINED = 0x20030000, 0x10001, 0
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)


def coded(size, colour):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()


def segment(body):
    return b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body


def listing(*images):
    """A Multi-Picture Format index of (attribute, size, offset)."""
    entries = b"".join(struct.pack("<IIIHH", kind, size, at, 0, 0) for kind, size, at in images)
    tags = (
        struct.pack("<HHI4s", 0xB000, 7, 4, b"0100"),
        struct.pack("<HHII", 0xB001, 4, 1, len(images)),
        struct.pack("<HHII", 0xB002, 7, len(entries), 8 + 2 + 3 * 12 + 4),
    )
    return segment(b"MPF\0II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + b"".join(tags) + bytes(4) + entries)


def camera_file(kind, extra=b""):
    photograph, preview = coded((64, 48), "red"), coded((32, 24), "red")
    start = photograph[:2] + extra
    size = len(start) + len(listing((0, 0, 0), (0, 0, 0))) + len(photograph) - 2
    offsets_from = len(start) + 8  # behind the marker, its length and "MPF"
    return start + listing((PRIMARY, size, 0), (kind, len(preview), size - offsets_from)) + photograph[2:] + preview


def pages(pdf):
    return len(pypdfium2.PdfDocument(pdf))


seen = {}
for name, file in {
    "preview": camera_file(LARGE_THUMBNAIL),
    "gain map": camera_file(UNDEFINED, segment(ISO_GAIN_MAP)),
}.items():
    image = Image.open(io.BytesIO(file))
    kinds = [entry["Attribute"]["MPType"] for entry in image.mpinfo[0xB002]]
    sizes = [frame.size for frame in ImageSequence.Iterator(image)]
    pdf = io.BytesIO()
    Image.open(io.BytesIO(file)).save(pdf, "PDF", save_all=True)
    seen[name] = (image.format, sizes, kinds[1], pages(pdf.getvalue()), pages(img2pdf.convert(file)))
    print(name, seen[name])
assert all(made[:2] == ("MPO", [(64, 48), (32, 24)]) for made in seen.values()), "they are no frames now"
assert seen["preview"][2] == "Large Thumbnail (VGA Equivalent)"
assert all(made[3:] == (2, 2) for made in seen.values()), "they are no pages now"
PYTHON
