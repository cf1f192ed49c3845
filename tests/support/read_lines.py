"""The lines that `ollama-vision read` leaves, and how often a model was asked for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ollama_embedded import EmbeddedOllama

Line = dict[str, Any]


def lines(file: str = "text/pages.jsonl") -> list[Line]:
    """By document and page: they are written as answers come."""
    told = [json.loads(line) for line in Path(file).read_bytes().splitlines()]
    return sorted(told, key=lambda line: (line["path"], line["page"] or 0))


def questions(server: EmbeddedOllama) -> int:
    return sum(request.path == "/api/generate" for request in server.asked)
