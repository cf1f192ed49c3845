#!/usr/bin/env bash
# tifffile 2026.3.3, and imageio 2.38.1, which asks it: `imread` of a TIFF whose pages are not all of one size gives the
# pages that are as large as the first one and no others. Of a fax of three pages, the second longer, it gives pages 1
# and 3 as a stack of two; where all three differ, page 1 alone. No error, no warning: it is the first "series" of the
# file. Fax pages are as long as the paper was.
#
# Seen: tifffile (2, 100, 60) of greys [50, 150], imageio the same; the file has 3 pages, of 50, 100 and 150.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tifffile==2026.3.3 imageio==2.38.1 pillow==13.0.0 numpy==2.4.6
FOLDER=$folder "$folder/venv/bin/python" - <<'PYTHON'
import os

import imageio.v3
import tifffile
from PIL import Image

fax = os.path.join(os.environ["FOLDER"], "fax.tif")
first, *others = [Image.new("L", (60, height), grey) for height, grey in ((100, 50), (130, 100), (100, 150))]
first.save(fax, save_all=True, append_images=others)
with tifffile.TiffFile(fax) as file:
    pages = len(file.pages)
seen = {"tifffile": tifffile.imread(fax), "imageio": imageio.v3.imread(fax)}
seen = {name: (array.shape, [int(page.flat[0]) for page in array]) for name, array in seen.items()}
print(pages, seen)
assert pages == 3
assert seen["tifffile"] == seen["imageio"] == ((2, 100, 60), [50, 150]), "they give all pages, or say so, now"
PYTHON
