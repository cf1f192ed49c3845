#!/usr/bin/env bash
# llm 0.36 keeps of a picture given with `-a photo.jpg` the path and a hash, not the picture. `llm -c`, which goes on
# with a conversation, sends the earlier pictures again, and reads that path anew: if the file has changed since (a
# camera's snapshot, a screenshot, an export under the same name), the earlier question goes out again with the new
# picture, beside the answer that was about the old one. The log still names the hash of the first; nothing compares it.
#
# Seen: "What colour?" with a red picture; the file becomes a blue one; `llm -c "Why?"` sends "What colour?" with the
# blue one, the answer "Red.", and "Why?". Under `attachments` the log has one row, the sha256 of the red file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check llm==0.36 llm-ollama==0.19.1 pillow==13.0.0
cd "$folder"
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 LLM_USER_PATH="$folder/llm" "$folder/venv/bin/python" - <<'PYTHON'
import base64
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

asked = []
MODEL = {"name": "eye:1b", "model": "eye:1b", "digest": "ab" * 32, "size": 1}


class Ollama(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"models": [MODEL]})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/show":
            return self.answer({"capabilities": ["completion", "vision"], "model_info": {}})
        asked.append(request["messages"])
        said = {"role": "assistant", "content": "Red."}
        self.answer({"model": "eye:1b", "message": said, "done": True, "done_reason": "stop"})

    def answer(self, reply):
        line = json.dumps(reply).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *ignored):
        pass


def llm(*words):
    program = Path(sys.executable).with_name("llm")
    subprocess.run([program, *words], check=True, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)


photo = Path("photo.jpg")
with ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["OLLAMA_HOST"] = f"http://127.0.0.1:{server.server_port}"
    Image.new("RGB", (64, 64), "red").save(photo)
    red = photo.read_bytes()
    llm("-m", "ollama/eye:1b", "-a", "photo.jpg", "What colour?")
    Image.new("RGB", (64, 64), "blue").save(photo)
    blue = photo.read_bytes()
    llm("-c", "Why?")
    server.shutdown()

colour = {base64.b64encode(red).decode(): "red", base64.b64encode(blue).decode(): "blue"}
told = [[(m["content"], [colour[i] for i in m.get("images") or ()]) for m in messages] for messages in asked]
logged = [row[0] for row in sqlite3.connect("llm/logs.db").execute("select id from attachments")]
print(told, "logged:", ["red" if id_ == hashlib.sha256(red).hexdigest() else id_ for id_ in logged])
assert told[0] == [("What colour?", ["red"])]
assert logged == [hashlib.sha256(red).hexdigest()]
assert told[1] == [("What colour?", ["blue"]), ("Red.", []), ("Why?", [])], "it keeps or checks the picture now"
PYTHON
