"""The recorded exchanges of a real server, in `transcripts/`: their names, and their requests sent again."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx2

FOLDER = Path(__file__).resolve().parents[1] / "transcripts"
OPENAI = FOLDER / "openai"
"""Those of the routes that are made like OpenAI's."""
EMBEDDINGS = FOLDER / "embeddings"
OTHER_ROUTES = FOLDER / "other-routes"
"""Older completions, and what the embedded server leaves out."""
CHOOSING = FOLDER / "choosing"
"""Choices among labels, each request of them; with its pictures, so that it can be replayed."""
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
CLIENT = httpx2.Client(trust_env=False, timeout=60)


def send(url: str, request: dict[str, Any]) -> httpx2.Response:
    body = with_pictures(request["body"])
    content = body if isinstance(body, str) else None if body is None else json.dumps(body)
    # "$SELF" stands for the server's own address.
    headers = {name: text.replace("$SELF", url) for name, text in request.get("headers", {}).items()}
    return CLIENT.request(request["method"], url + request["path"], content=content, headers=headers)


def with_pictures(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"$picture"}:
        return base64.b64encode((FOLDER / "pictures" / value["$picture"]).read_bytes()).decode()
    if isinstance(value, dict) and "$uri" in value:
        return f"data:{value.get('mime', 'image/png')};base64,{with_pictures({'$picture': value['$uri']})}"
    if isinstance(value, dict) and set(value) == {"$literal"}:
        return value["$literal"]
    if isinstance(value, dict):
        return {name: with_pictures(item) for name, item in value.items()}
    return [with_pictures(item) for item in value] if isinstance(value, list) else value
