#!/usr/bin/env bash
# ExifTool 12.57 writes a caption into JSON without quotes where it looks like a number or a truth value, and
# PyExifTool 0.5.6 (`get_tags`), like any other program that reads `exiftool -j`, gives a number or a bool for what was
# written as text: "1.50" is 1.5, the number plate "5E3" is 5000.0, the answer "True" is True, of the keywords "1999",
# "Oslo" and "12E4" two are numbers. Written back they are other texts. "007" and "+12" stay as they are.
# Needs `exiftool` (Debian: libimage-exiftool-perl); without it exit status 77.
#
# Seen: {'1.50': 1.5, '5E3': 5000.0, 'True': True, '007': '007'}, keywords [1999, 'Oslo', 120000.0].
set -euo pipefail
if ! command -v exiftool >/dev/null; then
    echo "skipped: exiftool is not installed"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyexiftool==0.5.6 pillow==13.0.0
exiftool -ver
FOLDER=$folder "$folder/venv/bin/python" - <<'PYTHON'
import os

from exiftool import ExifToolHelper
from PIL import Image

picture = os.path.join(os.environ["FOLDER"], "picture.jpg")
Image.new("RGB", (8, 8)).save(picture)
CAPTION, KEYWORDS = "XMP-dc:Description", "XMP-dc:Subject"
written = ["-overwrite_original"]
with ExifToolHelper() as tool:
    seen = {}
    for caption in ("1.50", "5E3", "True", "007"):
        tool.set_tags([picture], {CAPTION: caption}, params=written)
        seen[caption] = tool.get_tags([picture], [CAPTION])[0]["XMP:Description"]
    tool.set_tags([picture], {KEYWORDS: ["1999", "Oslo", "12E4"]}, params=written)
    keywords = tool.get_tags([picture], [KEYWORDS])[0]["XMP:Subject"]
print(seen, keywords)
assert seen["007"] == "007"
assert seen["1.50"] == 1.5 and seen["5E3"] == 5000.0 and seen["True"] is True, "text stays text now"
assert keywords == [1999, "Oslo", 120000.0]
PYTHON
