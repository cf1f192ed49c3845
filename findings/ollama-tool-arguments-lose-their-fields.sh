#!/usr/bin/env bash
# ollama 0.6.3 (the Python package) knows only `type`, `items`, `description` and `enum` of a tool's argument, and drops
# the rest of its schema without a word; langchain-ollama 1.1.0 sends its tools through it. So a model is told that
# `box` is an object, and not that it has `left` and `top`; an optional string or a union of types arrives as {}; no
# default and no type of a dict's values arrives at all. The call that comes back then lacks the fields, or invents
# them. Ollama's server itself (source of August 2026) takes `properties`, `required` and `anyOf` there.
#
# Seen: box {'type': 'object'}, label {}, size {}; made by LangChain with properties and anyOf.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    ollama==0.6.3 langchain-core==1.8.3 langchain-ollama==1.1.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from langchain_core.tools import tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_ollama import ChatOllama
from pydantic import BaseModel

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


class Box(BaseModel):
    left: int
    top: int


@tool
def crop(box: Box, size: int | str, label: str | None = None) -> str:
    """Crop the picture."""
    return ""


made = convert_to_openai_tool(crop)["function"]["parameters"]["properties"]
with HTTPServer(("127.0.0.1", 0), Answer) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, local = f"http://127.0.0.1:{server.server_port}", {"trust_env": False, "timeout": 30}
    ChatOllama(model="m", base_url=url, client_kwargs=local).bind_tools([crop]).invoke("?")
    server.shutdown()
[sent] = asked[0]["tools"]
sent = sent["function"]["parameters"]["properties"]
print("made", made)
print("sent", sent)
assert set(made["box"]["properties"]) == {"left", "top"} and "anyOf" in made["label"] and "anyOf" in made["size"]
assert sent == {"box": {"type": "object"}, "size": {}, "label": {}}, "more of the arguments is sent now"
PYTHON
