#!/usr/bin/env bash
# ImageHash 4.3.2 hashes a transparent picture by the colours that are stored, whatever is visible of them: Pillow's
# `convert("L")` leaves the alpha out. Logos, signatures, icons and line drawings in black on a transparent ground are
# black all over then: each has the same hash as each other one and as an empty sheet, by every one of its functions.
# A run that throws near-duplicates away keeps one of them.
#
# Seen: distance of a disc, a stroke and nothing at all 0 by average_hash, phash, dhash, whash and colorhash; on white
# phash gives 26 for disc and stroke.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check imagehash==4.3.2 pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import imagehash
from PIL import Image, ImageDraw

BLACK = (0, 0, 0, 255)
nothing, disc, stroke = (Image.new("RGBA", (128, 128), (0, 0, 0, 0)) for _ in range(3))
ImageDraw.Draw(disc).ellipse((10, 10, 118, 118), fill=BLACK)
ImageDraw.Draw(stroke).line((0, 0, 128, 128), fill=BLACK, width=30)
hashes = ("average_hash", "phash", "dhash", "whash", "colorhash")
seen = {}
for name in hashes:
    hashed = [getattr(imagehash, name)(image) for image in (disc, stroke, nothing)]
    seen[name] = (int(hashed[0] - hashed[1]), int(hashed[0] - hashed[2]))
sheets = []
for drawing in (disc, stroke):
    sheet = Image.new("RGBA", drawing.size, "white")
    sheet.alpha_composite(drawing)
    sheets.append(imagehash.phash(sheet.convert("RGB")))
print(seen, int(sheets[0] - sheets[1]))
assert sheets[0] - sheets[1] > 10
assert set(seen.values()) == {(0, 0)}, "the alpha counts now"
PYTHON
