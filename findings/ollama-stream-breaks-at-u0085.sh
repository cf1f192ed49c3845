#!/usr/bin/env bash
# ollama 0.6.3 (the Python package) cuts the lines of a streamed answer at more than newlines: httpx 0.28.1's
# `iter_lines` splits as `str.splitlines` does, so a U+0085, U+2028 or U+2029 inside a JSON string, where JSON allows
# it as it is and Go's encoder leaves U+0085 so, ends the line in its middle, and the answer in a JSONDecodeError.
# The same answer, not streamed, arrives whole.
#
# Seen: not streamed "one\x85two"; streamed JSONDecodeError for U+0085, U+2028 and U+2029, and "one\ttwo" for a tab.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ollama==0.6.3 httpx==0.28.1
"$folder/venv/bin/python" - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import ollama

said = ""


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": said}
        line = json.dumps({"model": "m", "message": message, "done": True}, ensure_ascii=False).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *ignored):
        pass


def outcome(**how):
    question = [{"role": "user", "content": "?"}]
    try:
        reply = client.chat("m", question, **how)
        return "".join(part.message.content for part in reply) if how else reply.message.content
    except json.JSONDecodeError:
        return "JSONDecodeError"


with HTTPServer(("127.0.0.1", 0), Answer) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = ollama.Client(f"http://127.0.0.1:{server.server_port}", trust_env=False, timeout=30)
    seen = {}
    for said in ("one\ttwo", "one\x85two", "one\u2028two", "one\u2029two"):
        seen[said] = (outcome(), outcome(stream=True))
    server.shutdown()
print(seen)
assert seen.pop("one\ttwo") == ("one\ttwo", "one\ttwo")
assert all(both == (text, "JSONDecodeError") for text, both in seen.items()), "a stream is cut at newlines alone now"
PYTHON
