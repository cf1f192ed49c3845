#!/usr/bin/env bash
# openai-agents 0.24.0 with `OpenAIChatCompletionsModel`, which is what asks Ollama, keeps of a tool's output the text
# alone. A tool that gives a picture together with a text, as one for a camera or a screen does ("Camera 3, 14:05." and
# the picture), loses the picture without an error, a warning or a placeholder: the model answers from the caption. A
# picture with nothing beside it is replaced by "[tool output omitted]", and a warning is logged.
#
# Seen: of [ToolOutputText, ToolOutputImage] the tool message holds {"type": "text", "text": "Camera 3, 14:05."} and
# nothing is logged; of the image alone "[tool output omitted]", logged once. In a user's message the picture arrives.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai-agents==0.24.0 pillow==13.0.0
NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import asyncio
import base64
import io
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from agents import Agent, OpenAIChatCompletionsModel, Runner, ToolOutputImage, ToolOutputText
from agents import function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from PIL import Image

set_tracing_disabled(True)
logged = []
handler = logging.Handler()
handler.emit = lambda record: logged.append(record.getMessage())
logging.getLogger("openai.agents").addHandler(handler)
asked = []


class Ollama(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked.append(request["messages"])
        message = {"role": "assistant", "content": "ok"}
        if not any(told["role"] == "tool" for told in request["messages"]):
            function = {"name": request["tools"][0]["function"]["name"], "arguments": "{}"}
            message = {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored):
        pass


file = io.BytesIO()
Image.new("RGB", (64, 64), "red").save(file, "PNG")
encoded = base64.b64encode(file.getvalue()).decode()
picture = f"data:image/png;base64,{encoded}"


@function_tool
def with_caption():
    """Look through the camera."""
    return [ToolOutputText(text="Camera 3, 14:05."), ToolOutputImage(image_url=picture)]


@function_tool
def picture_alone():
    """Look through the camera."""
    return ToolOutputImage(image_url=picture)


seen = {}
with ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = AsyncOpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
    model = OpenAIChatCompletionsModel("m", client)
    text = {"type": "input_text", "text": "What do you see?"}
    question = [{"role": "user", "content": [text, {"type": "input_image", "image_url": picture}]}]
    for tool in (with_caption, picture_alone):
        logged.clear()
        asyncio.run(Runner.run(Agent("a", model=model, tools=[tool]), question))
        user, result = asked[-1][0], asked[-1][-1]
        assert encoded in json.dumps(user), "a user's picture arrives"
        seen[tool.name] = result["content"], encoded in json.dumps(result), len(logged)
    server.shutdown()
print(seen)
assert seen["picture_alone"] == ("[tool output omitted]", False, 1)
caption = [{"type": "text", "text": "Camera 3, 14:05."}]
assert seen["with_caption"] == (caption, False, 0), "it sends the picture, or says that it does not"
PYTHON
