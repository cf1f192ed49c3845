#!/usr/bin/env bash
# litellm 1.110.2: every answer of a model named `ollama/...` has the finish reason "stop", also one that Ollama cut off
# at `num_predict` and marked with `"done_reason": "length"`. `ollama_chat/...` hands the reason on. What looks at it,
# as Instructor does before it raises IncompleteOutputException, is blind under the first name: half an answer goes on
# as a whole one.
#
# Seen: {'ollama/m': ('stop', 'stop'), 'ollama_chat/m': ('length', 'length')}, whole and streamed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm


class Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        said = "A red circle and a"
        reply = {"model": "m", "done": True, "done_reason": "length", "prompt_eval_count": 9, "eval_count": 5}
        if self.path == "/api/generate":
            reply["response"] = said
        else:
            reply["message"] = {"role": "assistant", "content": said}
        line = json.dumps(reply).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *ignored):
        pass


def reasons(model):
    how = {"model": model, "api_base": url, "messages": [{"role": "user", "content": "?"}], "timeout": 30}
    whole = litellm.completion(**how).choices[0].finish_reason
    *_, last = litellm.completion(**how, stream=True)
    return whole, last.choices[0].finish_reason


with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    seen = {model: reasons(model) for model in ("ollama/m", "ollama_chat/m")}
    server.shutdown()
print(seen)
assert seen["ollama_chat/m"] == ("length", "length")
assert seen["ollama/m"] == ("stop", "stop"), "the reason is handed on now"
PYTHON
