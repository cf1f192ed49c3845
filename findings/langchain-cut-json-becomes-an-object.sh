#!/usr/bin/env bash
# langchain-core 1.8.3 with langchain-ollama 1.1.0: an answer that ran into `num_predict` in the middle of its JSON is
# closed and parsed as if it were whole. `with_structured_output` asks Ollama for a receipt, the server says
# `"done_reason": "length"` behind `..."total": 12` (of 1250.00), and the caller gets a validated object whose total is
# 12.0: a number or a list that was cut is another valid one. No error, no warning. (Its PydanticOutputParser parses
# partial JSON for whole answers as for streams, and nobody looks at `done_reason`.)
#
# Seen: json_schema and json_mode Receipt(shop='Corner', items=['tea', 'jam'], total=12.0), JsonOutputParser total 12.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    langchain-core==1.8.3 langchain-ollama==1.1.0 ollama==0.6.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from langchain_core.output_parsers import JsonOutputParser
from langchain_ollama import ChatOllama
from pydantic import BaseModel

CUT = '{"shop": "Corner", "items": ["tea", "jam"], "total": 12'


class Receipt(BaseModel):
    shop: str
    items: list[str]
    total: float


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": CUT}
        line = json.dumps({"model": "m", "message": message, "done": True, "done_reason": "length"}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *ignored):
        pass


with HTTPServer(("127.0.0.1", 0), Answer) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, local = f"http://127.0.0.1:{server.server_port}", {"trust_env": False, "timeout": 30}
    chat = ChatOllama(model="m", base_url=url, num_predict=20, client_kwargs=local)
    seen = {how: chat.with_structured_output(Receipt, method=how).invoke("?") for how in ("json_schema", "json_mode")}
    seen["JsonOutputParser"] = (chat | JsonOutputParser()).invoke("?")
    reason = chat.invoke("?").response_metadata["done_reason"]
    server.shutdown()
print(reason, seen)
assert reason == "length"
assert seen["json_schema"] == seen["json_mode"] == Receipt(shop="Corner", items=["tea", "jam"], total=12), "cut noticed"
assert seen["JsonOutputParser"]["total"] == 12, "JsonOutputParser notices the cut now"
PYTHON
