#!/usr/bin/env bash
# langchain 1.5.0: `SummarizationMiddleware` shortens an agent's long conversation by having the model sum up the older
# messages. What it shows the model of them is their text: a picture is left out, without a mark in its place, an error
# or a warning. The summary then takes the place of those messages, so the picture that the conversation is about is
# gone for good, and later questions about it are answered from what was said of it, if anything was.
#
# Seen: of [text "Here is the form.", image] the summing-up gets `<message type="human">Here is the form.</message>` and
# no picture; the question after it goes out with the summary and without any.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    langchain==1.5.0 langchain-core==1.8.3 langchain-ollama==1.1.0 pillow==13.0.0
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 LANGSMITH_TRACING=false "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langchain_ollama import ChatOllama
from PIL import Image

asked = []


class Ollama(BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"])
        said = {"role": "assistant", "content": "They greeted each other."}
        line = json.dumps({"model": "m", "message": said, "done": True, "done_reason": "stop"}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(line)))
        self.end_headers()
        self.wfile.write(line)

    def log_message(self, *ignored):
        pass


file = io.BytesIO()
Image.new("RGB", (64, 64), "red").save(file, "PNG")
picture = {"type": "image", "base64": base64.b64encode(file.getvalue()).decode(), "mime_type": "image/png"}
form = HumanMessage(content_blocks=[{"type": "text", "text": "Here is the form."}, picture])
talk = [form, AIMessage("Thank you."), HumanMessage("Wait."), AIMessage("Yes."), HumanMessage("What is in field 3?")]
with ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    llm = ChatOllama(model="m", base_url=f"http://127.0.0.1:{server.server_port}")
    create_agent(llm, tools=[]).invoke({"messages": talk})
    shorter = SummarizationMiddleware(model=llm, trigger=("messages", 4), keep=("messages", 1))
    create_agent(llm, tools=[], middleware=[shorter]).invoke({"messages": talk})
    server.shutdown()


def pictures(messages):
    return sum(len(message.get("images") or ()) for message in messages)


plain, summing_up, question = asked
of_form = [line for line in summing_up[0]["content"].splitlines() if "Here is the form." in line]
print(pictures(plain), of_form, pictures(summing_up), [message["content"] for message in question], pictures(question))
assert pictures(plain) == 1, "without the middleware it is sent"
assert "They greeted each other." in question[0]["content"]
assert question[-1]["content"] == "What is in field 3?"
assert of_form == ['<message type="human">Here is the form.</message>'], "the picture leaves a mark now"
assert (pictures(summing_up), pictures(question)) == (0, 0), "the picture is kept now"
PYTHON
