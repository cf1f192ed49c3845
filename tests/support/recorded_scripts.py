"""The script of a recording: what its lines say, as replies of a scripted engine."""

from __future__ import annotations

import json
from typing import Any

from ollama_embedded import Ending, Piece, Reply, ToolCall


def said_in(text: str) -> Reply:
    """The reply that a recording shows."""
    objects = [json.loads(line) for line in text.split("\n") if line]
    *lines, last = [*objects, None] if not objects[-1]["done"] else objects
    if last is None:
        return Reply([piece_of(line) for line in lines], unfinished=True)
    ending = Ending(
        reason=last["done_reason"],
        prompt_tokens=last.get("prompt_eval_count", 0),
        prompt_duration=last.get("prompt_eval_duration", 0),
        answer_tokens=last.get("eval_count", 0),
        answer_duration=last.get("eval_duration", 0),
        load_duration=last.get("load_duration", 0),
        context=tuple(last.get("context", ())),
        piece=piece_of(last),
    )
    return Reply([piece_of(line) for line in lines], ending=ending)


def piece_of(line: dict[str, Any]) -> Piece:
    said = line.get("message", line)
    calls = said.get("tool_calls", ())
    return Piece(
        content=said.get("content", line.get("response", "")),
        thinking=said.get("thinking", ""),
        tool_calls=tuple(
            ToolCall(call["function"]["name"], call["function"]["arguments"], call["id"]) for call in calls
        ),
        logprobs=tuple(line.get("logprobs", ())),
    )


def exact(line: str) -> Any:
    """A line with everything but the clock's values; a mapping keeps its order here."""
    if not line:
        return line
    fields = json.loads(line)
    return [(name, value) for name, value in fields.items() if name not in ("created_at", "total_duration")]
