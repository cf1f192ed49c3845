#!/usr/bin/env bash
# llama-index-core 0.14.25: an ImageBlock given base64 with line breaks, as MIME, mails and `base64.encodebytes` have
# it, takes it for the picture itself and encodes it once more. What a client sends is then the text of the base64,
# without a media type; the same without the line breaks is the picture. llama-index-llms-ollama 0.11.0 sends that text.
#
# Seen: with lines it resolves to bytes that begin with b'iVBORw0KGg', media type None; in one line
# b'\x89PNG\r\n\x1a\n', image/png.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check llama-index-core==0.14.25
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import base64
import io

from llama_index.core.base.llms.types import ImageBlock
from PIL import Image

file = io.BytesIO()
Image.new("RGB", (64, 64), "red").save(file, "PNG")
seen = {}
for name, encode in (("lines", base64.encodebytes), ("one line", base64.b64encode)):
    block = ImageBlock(image=encode(file.getvalue()))
    seen[name] = (block.resolve_image().read()[:10], block.image_mimetype)
print(seen)
assert seen["one line"][0] == file.getvalue()[:10]
assert seen["lines"][0] == base64.b64encode(file.getvalue())[:10], "line breaks are taken for base64 now"
PYTHON
