#!/usr/bin/env bash
# haystack-ai 3.4.1: `ImageContent.from_file_path(..., size=...)` and `ImageFileToImageContent(size=...)` drop EXIF data
# without turning the picture first, also of one that is smaller than `size` and needs no scaling. A photo that a phone
# took upright is stored lying, with a tag that says so; with `size` it is lying for good, and who gets it cannot know.
# Without `size` the file goes out as it is, tag and all.
#
# Seen: a photo of 400 x 200, stored as 200 x 400 with orientation 6: without `size` 200 x 400 and the tag; with
# size=(1000, 1000) 200 x 400 and no tag.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check haystack-ai==3.4.1 pillow==13.0.0
cd "$folder"
HAYSTACK_TELEMETRY_ENABLED=False "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import base64
import io

from haystack.components.converters.image import ImageFileToImageContent
from haystack.dataclasses import ImageContent
from PIL import Image, ImageOps

ORIENTATION = 0x0112
upright = Image.new("RGB", (400, 200), "white")
upright.paste("red", (0, 0, 200, 200))
turned = Image.Exif()
turned[ORIENTATION] = 6  # to be turned clockwise by a quarter
upright.rotate(90, expand=True).save("photo.jpg", quality=95, exif=turned)


def look(content):
    image = Image.open(io.BytesIO(base64.b64decode(content.base64_image)))
    shown = ImageOps.exif_transpose(image)
    left = tuple(channel > 128 for channel in shown.getpixel((shown.width // 4, shown.height // 4)))
    return image.size, image.getexif().get(ORIENTATION), "red left" if left == (True, False, False) else "not upright"


seen = {}
for size in (None, (1000, 1000), (100, 100)):
    (converted,) = ImageFileToImageContent(size=size).run(sources=["photo.jpg"])["image_contents"]
    seen[size] = look(converted), look(ImageContent.from_file_path("photo.jpg", size=size))
print(seen)
whole = (200, 400), 6, "red left"
assert seen[None] == (whole, whole)
for size, pixels in (((1000, 1000), (200, 400)), ((100, 100), (50, 100))):
    lying = pixels, None, "not upright"
    assert seen[size] == (lying, lying), "it is turned, or keeps the tag, now"
PYTHON
