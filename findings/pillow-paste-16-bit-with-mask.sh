#!/usr/bin/env bash
# Pillow 13.0.0: `Image.paste` of one 16-bit grey picture (mode I;16) into another through an 8-bit mask changes only
# the left half of the columns. A mask of 255 everywhere, so a plain copy, leaves the right half as it was, without
# an error; the same mask in mode "1" copies all. Depth maps and slices of microscopes put together so are half lost.
#
# Seen: ('L', [3000, 3000, 1000, 1000]) and ('1', [3000, 3000, 3000, 3000]).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
from PIL import Image

seen = {}
for mode, all_of_it in (("L", 255), ("1", 1)):
    ground = Image.new("I;16", (4, 1), 1000)
    ground.paste(Image.new("I;16", (4, 1), 3000), (0, 0), Image.new(mode, (4, 1), all_of_it))
    seen[mode] = [ground.getpixel((x, 0)) for x in range(4)]
    print((mode, seen[mode]))
assert seen["1"] == [3000] * 4, "the mask of one bit no longer copies all"
assert seen["L"] == [3000, 3000, 1000, 1000], "the 8-bit mask no longer leaves out the right half"
PYTHON
