#!/usr/bin/env bash
# TIFF whose zero is white (PhotometricInterpretation WhiteIsZero), as X-ray and fax scanners write it: with 8 bits a
# pixel Pillow 13.0.0 and OpenCV 5.0.0.93 (IMREAD_UNCHANGED) turn it round, so that white is 255; with 16 bits neither
# does, and the picture is a negative of itself. Nothing in what they return tells the one from the other. OpenCV's
# IMREAD_COLOR and ImageMagick 6.9.11 have both right.
#
# Seen: white and black of 8 bit: Pillow [255, 0], OpenCV [255, 0]; of 16 bit Pillow [0, 65535], OpenCV [0, 65535] and
# in colour [255, 0].
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pillow==13.0.0 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 numpy==2.4.6
FOLDER=$folder "$folder/venv/bin/python" - <<'PYTHON'
import os

import cv2
import numpy
import tifffile
from PIL import Image

seen = {}
for kind, most in (("uint8", 255), ("uint16", 65535)):
    sheet = numpy.zeros((16, 32), kind)  # white, for 0 is white
    sheet[:, 16:] = most
    file = os.path.join(os.environ["FOLDER"], f"{kind}.tif")
    tifffile.imwrite(file, sheet, photometric="miniswhite", metadata=None)
    image = Image.open(file)
    pixels = {"Pillow": numpy.asarray(image), "OpenCV": cv2.imread(file, cv2.IMREAD_UNCHANGED)}
    pixels["in colour"] = cv2.imread(file, cv2.IMREAD_COLOR)[..., 0]
    seen[kind] = {name: [int(array[8, x]) for x in (4, 28)] for name, array in pixels.items()}
    print(kind, image.mode, seen[kind])
assert all(both == [255, 0] for both in seen["uint8"].values()) and seen["uint16"]["in colour"] == [255, 0]
assert seen["uint16"]["Pillow"] == [0, 65535], "Pillow turns 16 bits round now"
assert seen["uint16"]["OpenCV"] == [0, 65535], "OpenCV turns 16 bits round now"
PYTHON
