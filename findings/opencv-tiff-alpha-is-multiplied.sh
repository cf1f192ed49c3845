#!/usr/bin/env bash
# OpenCV 5.0.0.93: `imread(..., IMREAD_UNCHANGED)` gives the colours of a transparent PNG as they are stored, and those
# of a TIFF multiplied by its alpha, although the file says that they are not (ExtraSamples: unassociated alpha). The
# same picture is bright from one and dark from the other; read from TIFF and written as PNG it is darkened for good,
# and laid on a ground it is multiplied twice. Pillow 13.0.0 and tifffile give the stored colours of both.
#
# Seen: stored (200, 120, 40, 128); OpenCV PNG (200, 120, 40, 128), TIFF (100, 60, 20, 128); Pillow the stored ones.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
FOLDER=$folder "$folder/venv/bin/python" - <<'PYTHON'
import os

import cv2
from PIL import Image

STORED = (200, 120, 40, 128)
UNASSOCIATED = 2
seen = {}
for kind in ("png", "tif"):
    file = os.path.join(os.environ["FOLDER"], f"glass.{kind}")
    Image.new("RGBA", (16, 16), STORED).save(file)
    blue, green, red, alpha = cv2.imread(file, cv2.IMREAD_UNCHANGED)[8, 8].tolist()
    with Image.open(file) as image:
        seen[kind] = {"OpenCV": (red, green, blue, alpha), "Pillow": image.getpixel((8, 8))}
        if kind == "tif":
            assert image.tag_v2[338] == (UNASSOCIATED,)
print(seen)
assert all(both["Pillow"] == STORED for both in seen.values()) and seen["png"]["OpenCV"] == STORED
assert seen["tif"]["OpenCV"] == (100, 60, 20, 128), "a TIFF's colours are as stored now"
PYTHON
