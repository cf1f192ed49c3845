#!/usr/bin/env bash
# ollama 0.6.3 and langchain-ollama 1.1.0 take a stream for whole that ended without its last line ("done": true): the
# connection was closed in good order after two pieces, as a gateway's time limit or a stopped server does. No error,
# no warning; what there was of the answer is the answer.
#
# Seen: ollama ['A red', ' circle and'] with done [False, False]; LangChain "A red circle and", finish reason None.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ollama==0.6.3 langchain-ollama==1.1.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import ollama
from langchain_ollama import ChatOllama

PIECES = ("A red", " circle and")


class Cut(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in PIECES:
            message = {"role": "assistant", "content": piece}
            line = json.dumps({"model": "m", "message": message, "done": False}).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *ignored):
        pass


with ThreadingHTTPServer(("127.0.0.1", 0), Cut) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, local = f"http://127.0.0.1:{server.server_port}", {"trust_env": False, "timeout": 30}
    parts = list(ollama.Client(url, **local).chat("m", [{"role": "user", "content": "?"}], stream=True))
    said = ChatOllama(model="m", base_url=url, client_kwargs=local).invoke("?")
    server.shutdown()
print([(part.message.content, part.done) for part in parts], (said.text, said.response_metadata.get("done_reason")))
assert [(part.message.content, part.done) for part in parts] == [(piece, False) for piece in PIECES]
assert (said.text, said.response_metadata.get("done_reason")) == ("".join(PIECES), None), "it says now that it was cut"
PYTHON
