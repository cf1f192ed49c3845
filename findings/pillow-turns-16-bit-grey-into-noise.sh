#!/usr/bin/env bash
# Pillow 13.0.0: `rotate` and `transform` of a 16-bit grey picture (mode I;16) with BILINEAR or BICUBIC mix single bytes
# and not the numbers that two of them make: a ramp of 1,000 to 1,510 moved by half a pixel comes out as 117, 6, 7, 24,
# and so on, without an error. Modes I and F give 1,017, 1,051, ...; NEAREST, and `resize` with any filter, are right.
# Scans, X-rays and depth maps that are straightened so are spoilt.
#
# Seen: I;16 [117, 6, 7, 24, 24, 41, 41, 58], I [1017, 1051, 1085, 1119, 1153, 1187, 1221, 1255].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
from PIL import Image

WIDTH, HEIGHT, MIDDLE = 16, 8, 4
HALF_A_PIXEL = (1, 0, 0.5, 0, 1, 0)
seen = {}
for mode in ("I;16", "I"):
    ramp = Image.new(mode, (WIDTH, HEIGHT))
    for x in range(WIDTH):
        for y in range(HEIGHT):
            ramp.putpixel((x, y), 1000 + 34 * x)
    moved = ramp.transform(ramp.size, Image.Transform.AFFINE, HALF_A_PIXEL, Image.Resampling.BILINEAR)
    turned = ramp.rotate(1e-3, Image.Resampling.BICUBIC)
    seen[mode] = [moved.getpixel((x, MIDDLE)) for x in range(8)]
    print(mode, seen[mode], [turned.getpixel((x, MIDDLE)) for x in range(4, 8)])
assert seen["I"] == [1017, 1051, 1085, 1119, 1153, 1187, 1221, 1255]
assert seen["I;16"] == [117, 6, 7, 24, 24, 41, 41, 58], "16-bit greys are interpolated otherwise now"
PYTHON
