#!/usr/bin/env bash
# litellm 1.110.2 turns a WebP or GIF for `ollama/...` into JPEG before it sends it, and lays what is transparent on
# nothing: the colour that is stored under it shows, mostly black. A drawing in black on a transparent ground is sent
# as a picture that is black all over; the model answers about that, and nobody hears of it. A PNG, and every picture
# for `ollama_chat/...`, is sent as it is.
#
# Seen: ollama/m sends ('JPEG', [(0, 0, 0)]) for WebP and GIF, a picture of the one colour; ollama_chat/m the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2 pillow==13.0.0
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm
from PIL import Image

sent = []


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for part in (asked, *asked.get("messages", ())):
            sent.extend(part.get("images") or ())
        reply = {"model": "m", "done": True, "done_reason": "stop", "response": "ok"}
        reply["message"] = {"role": "assistant", "content": "ok"}
        line = json.dumps(reply).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *ignored):
        pass


drawing = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
drawing.paste((0, 0, 0, 255), (16, 16, 48, 48))
files = {}
for kind, settings in (("WEBP", {"lossless": True, "exact": True}), ("GIF", {}), ("PNG", {})):
    file = io.BytesIO()
    drawing.save(file, kind, **settings)
    files[kind] = file.getvalue()
seen = {}
with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    for model in ("ollama/m", "ollama_chat/m"):
        for kind, file in files.items():
            picture = {"url": f"data:image/{kind.lower()};base64,{base64.b64encode(file).decode()}"}
            parts = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": picture}]
            litellm.completion(model=model, api_base=url, messages=[{"role": "user", "content": parts}], timeout=30)
            bytes_ = base64.b64decode(sent.pop().split(",")[-1])
            image = Image.open(io.BytesIO(bytes_))
            colours = [colour for _, colour in image.convert("RGB").getcolors()]
            seen[model, kind] = "the file" if bytes_ == file else (image.format, colours)
    server.shutdown()
print(seen)
assert all(seen["ollama_chat/m", kind] == "the file" for kind in files) and seen["ollama/m", "PNG"] == "the file"
assert seen["ollama/m", "WEBP"] == seen["ollama/m", "GIF"] == ("JPEG", [(0, 0, 0)]), "it keeps the drawing now"
PYTHON
