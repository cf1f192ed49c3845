#!/usr/bin/env bash
# Pillow 13.0.0: a TIFF of 16-bit RGB that stores one plane a colour (PlanarConfiguration separate), not compressed, as
# microscopes and satellite software write it, is read as if each value had 8 bits: the upper half of the picture fills
# it, each row broken in two and each value into its two bytes; what was below is gone. No error. tifffile
# 2026.3.3 and ImageMagick 6.9.11 are right, and so is Pillow with the same picture in LZW.
#
# Seen at the top and at the bottom: stored (200, 20, 10) and (10, 20, 200); Pillow (200, 20, 10) twice, with LZW both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6
FOLDER=$folder "$folder/venv/bin/python" - <<'PYTHON'
import os

import numpy
import tifffile
from PIL import Image

WIDTH, HEIGHT = 64, 32
scene = numpy.empty((HEIGHT, WIDTH, 3), "uint16")
scene[: HEIGHT // 2] = (200 * 257, 20 * 257, 10 * 257)
scene[HEIGHT // 2 :] = (10 * 257, 20 * 257, 200 * 257)
planes = numpy.moveaxis(scene, 2, 0)
seen = {}
for compression in (None, "lzw"):
    file = os.path.join(os.environ["FOLDER"], f"{compression}.tif")
    tifffile.imwrite(file, planes, photometric="rgb", planarconfig="separate", compression=compression, metadata=None)
    assert (tifffile.imread(file) == planes).all()
    image = Image.open(file).convert("RGB")
    seen[compression] = [image.getpixel((WIDTH // 2, y)) for y in (4, HEIGHT - 4)]
print(seen)
assert seen["lzw"] == [(200, 20, 10), (10, 20, 200)]
assert seen[None] == [(200, 20, 10), (200, 20, 10)], "planes of 16 bits are read otherwise now"
PYTHON
