"""Ollama's replies in OpenAI's form: chat completions and their chunks, models, errors."""

from __future__ import annotations

import calendar
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any

from . import gojson
from .names import ModelName

DONE = b"data: [DONE]\n\n"
_ERROR_TYPES = {400: "invalid_request_error", 404: "not_found_error"}
_NOTHING_SAID = "something went wrong, please see the ollama server logs for details"
FINGERPRINT = "fp_ollama"
ZERO_TIME = "0001-01-01T00:00:00Z"


def error(message: str, status: int) -> dict[str, Any]:
    """An error of a status."""
    kind = _ERROR_TYPES.get(status, "api_error")
    return {"error": {"message": message or _NOTHING_SAID, "type": kind, "param": None, "code": None}}


def model_list(tags: Mapping[str, Any]) -> dict[str, Any]:
    """The reply of /v1/models, from that of /api/tags."""
    listed = [_model(each["model"], each["modified_at"]) for each in tags["models"]]
    return {"object": "list", "data": listed or None}


def model(name: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """The reply of /v1/models/NAME, from that of /api/show."""
    return _model(name, shown["modified_at"])


def _model(name: str, modified_at: str) -> dict[str, Any]:
    owner = ModelName.parse(name).namespace
    return {"id": name, "object": "model", "created": seconds(modified_at), "owned_by": owner}


class ChatCompletionReply:
    """One answer of /api/chat, whole or line by line, as a chat completion or its chunks."""

    def __init__(self, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._id = f"chatcmpl-{secrets.randbelow(999)}"
        self._created: int | None = None
        self._has_calls = False

    def whole(self, reply: Mapping[str, Any]) -> dict[str, Any]:
        message, reason = reply.get("message") or {}, reply.get("done_reason")
        calls = _tool_calls(message)
        if reason == "stop" and calls:
            reason = "tool_calls"
        said: dict[str, Any] = {"role": message.get("role", ""), "content": message.get("content", "")}
        said |= {"reasoning": message["thinking"]} if message.get("thinking") else {}
        said |= {"tool_calls": calls} if calls else {}
        choice = {"index": 0, "message": said, "finish_reason": reason, **_logprobs(reply)}
        debug = {"_debug_info": reply["_debug_info"]} if "_debug_info" in reply else {}
        head = self._head("chat.completion", reply.get("model", ""), seconds(reply.get("created_at", ZERO_TIME)))
        return {**head, "choices": [choice], "usage": usage(reply), **debug}

    def events(self, line: Mapping[str, Any]) -> bytes:
        """What one line of /api/chat is as server-sent events: none for a last line that only counts, or several."""
        chunks = list(self._chunks(line))
        return b"".join(b"data: " + gojson.dumps(chunk) + b"\n\n" for chunk in chunks) + (DONE if _ends(line) else b"")

    def _chunks(self, line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        is_first = self._created is None
        if self._created is None:
            # OpenAI gives all chunks one time.
            self._created = seconds(line["created_at"]) if "created_at" in line else int(time.time())
        message = line.get("message") or {}
        # Go has a zero value for each field of a line, and so an error line becomes an empty chunk.
        content, thinking = message.get("content", ""), message.get("thinking", "")
        calls, logprobs = _tool_calls(message), _logprobs(line)
        self._has_calls = self._has_calls or bool(calls)
        role = {"role": "assistant"} if is_first else {}
        called = {"tool_calls": calls} if calls else {}
        if thinking and (content or calls):
            yield self._chunk(line, {**role, "reasoning": thinking}, **logprobs)
            yield self._chunk(line, {"content": content, **called})
        elif content or thinking or calls or logprobs or is_first or not _ends(line):
            thought = {"reasoning": thinking} if thinking else {}
            yield self._chunk(line, {**role, "content": content, **thought, **called}, **logprobs)
        if _ends(line):
            reason = line.get("done_reason") or "stop"
            last = self._chunk(line, {}, "tool_calls" if reason == "stop" and self._has_calls else reason)
            yield last
            if self._include_usage:
                yield {**last, "choices": [], "usage": usage(line)}

    def _chunk(
        self, line: Mapping[str, Any], delta: Mapping[str, Any], reason: str | None = None, **logprobs: Any
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, **logprobs}
        return {**self._head("chat.completion.chunk", line.get("model", ""), self._created), "choices": [choice]}

    def _head(self, kind: str, model: str, created: int | None) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": created, "model": model, "system_fingerprint": FINGERPRINT}


def _ends(line: Mapping[str, Any]) -> bool:
    return bool(line.get("done"))


def _tool_calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Arguments are a text that holds JSON here."""
    return [
        {
            "id": call.get("id", ""),
            "index": call["function"].get("index", 0),
            "type": "function",
            "function": {
                "name": call["function"]["name"],
                "arguments": gojson.dumps(call["function"]["arguments"]).decode("utf-8", "surrogatepass"),
            },
        }
        for call in message.get("tool_calls") or ()
    ]


def _logprobs(reply: Mapping[str, Any]) -> dict[str, Any]:
    return {"logprobs": {"content": reply["logprobs"]}} if reply.get("logprobs") else {}


def usage(reply: Mapping[str, Any]) -> dict[str, int]:
    """How many tokens were read and written."""
    prompt, answer = reply.get("prompt_eval_count", 0), reply.get("eval_count", 0)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def seconds(timestamp: str) -> int:
    """Since 1970, of one of Ollama's times, which are UTC here."""
    return calendar.timegm(time.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S"))
