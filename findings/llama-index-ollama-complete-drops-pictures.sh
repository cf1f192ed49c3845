#!/usr/bin/env bash
# llama-index-llms-ollama 0.11.0: `complete(prompt, image_documents=[...])`, the call that LlamaIndex's multimodal
# classes share and its examples show, takes the pictures and sends none; `chat` takes `temperature`, `options` and any
# other keyword, a misspelt one too, and sends none of them. No error, no warning: the model describes a picture
# that it never got.
#
# Seen: complete: 0 pictures sent of 1; chat(temperature=0, options={"seed": 1}): options {'temperature': None,
# 'num_ctx': 4096}.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    llama-index-core==0.14.25 llama-index-llms-ollama==0.11.0 ollama==0.6.3
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from llama_index.core.llms import ChatMessage
from llama_index.core.schema import ImageDocument
from llama_index.llms.ollama import Ollama
from PIL import Image

asked = []


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        message = {"role": "assistant", "content": "ok"}
        line = json.dumps({"model": "m", "message": message, "done": True, "done_reason": "stop"}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *ignored):
        pass


file = io.BytesIO()
Image.new("RGB", (64, 64), "red").save(file, "PNG")
document = ImageDocument(image=base64.b64encode(file.getvalue()).decode())
with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    llm = Ollama(model="m", base_url=f"http://127.0.0.1:{server.server_port}", context_window=4096, request_timeout=30)
    llm.complete("What is in the picture?", image_documents=[document])
    llm.chat([ChatMessage("?")], temperature=0, options={"seed": 1}, no_such_keyword=True)
    server.shutdown()
pictures = sum(len(message.get("images") or []) for message in asked[0]["messages"])
print(pictures, asked[1]["options"], "no_such_keyword" in json.dumps(asked[1]))
assert pictures == 0, "complete sends its pictures now"
assert asked[1]["options"] == {"temperature": None, "num_ctx": 4096}, "chat sends its options now"
PYTHON
