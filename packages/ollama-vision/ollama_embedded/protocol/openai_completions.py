"""OpenAI's older completions (/v1/completions), translated into requests to /api/generate and back.

A whole reply is recorded; the form of a stream is that of Ollama's source (`openai/openai.go`, August 2026).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import gojson
from .go_types import anything, flag, hold, integer, number, struct_of, text
from .gojson import GoError
from .openai_replies import DONE, FINGERPRINT, ZERO_TIME, seconds, usage
from .requests import RequestError

_REQUEST_TYPE = "openai.CompletionRequest"
_REQUEST = struct_of(
    _REQUEST_TYPE,
    {
        "model": text,
        "prompt": text,
        "frequency_penalty": number,
        "max_tokens": integer,
        "presence_penalty": number,
        "seed": integer,
        "stop": anything,
        "stream": flag,
        "stream_options": struct_of("openai.StreamOptions", {"include_usage": flag}),
        "temperature": number,
        "top_p": number,
        "suffix": text,
        "logprobs": integer,
        "_debug_render_only": flag,
    },
)
_GO_TYPES = {"null": "<nil>", "bool": "bool", "number": "float64", "array": "[]interface {}"}


@dataclass(frozen=True)
class Completion:
    """A request for a completion."""

    generate: Mapping[str, Any]
    """The body of the request to /api/generate that it comes to."""
    stream: bool
    include_usage: bool


def parse_completion(body: bytes) -> Completion:
    """Read the body of /v1/completions, or refuse it as the real server does."""
    try:
        if not body.strip():
            raise GoError("EOF")
        given = gojson.loads_object(body, _REQUEST_TYPE)
        hold(given, _REQUEST)
        fields = {name.lower(): value for name, value in given.items() if value is not None}
        options = _options(fields)
    except GoError as fault:
        raise RequestError(400, str(fault)) from None
    stream, top = bool(fields.get("stream")), fields.get("logprobs", 0)
    generate: dict[str, Any] = {"model": fields.get("model", ""), "prompt": fields.get("prompt", "")}
    generate |= {"stream": stream, "options": options}
    for name in ("suffix", "_debug_render_only"):
        if name in fields:
            generate[name] = fields[name]
    generate |= {"logprobs": True, "top_logprobs": top} if top > 0 else {}
    asked = {name.lower(): value for name, value in (fields.get("stream_options") or {}).items()}
    return Completion(generate, stream, bool(asked.get("include_usage")))


def _options(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Where the request says nothing, they are OpenAI's defaults, not those of the model."""
    options = {
        "temperature": fields.get("temperature", 1.0),
        "top_p": fields.get("top_p") or 1.0,
        "frequency_penalty": fields.get("frequency_penalty", 0),
        "presence_penalty": fields.get("presence_penalty", 0),
    }
    for name, called in (("max_tokens", "num_predict"), ("seed", "seed")):
        if name in fields:
            options[called] = fields[name]
    stop = fields.get("stop")
    if isinstance(stop, str | list):
        options["stop"] = [stop] if isinstance(stop, str) else stop
        for each in options["stop"]:
            if not isinstance(each, str):
                kind = _GO_TYPES.get(gojson.kind_of(each), "map[string]interface {}")
                raise GoError(f"invalid type for 'stop' field: {kind}")
    return options


class CompletionReply:
    """One answer of /api/generate, whole or line by line, as a completion or its chunks."""

    def __init__(self, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._id = f"cmpl-{secrets.randbelow(999)}"

    def whole(self, reply: Mapping[str, Any]) -> dict[str, Any]:
        created = seconds(reply.get("created_at", ZERO_TIME))
        return {**self._head(created), **_named(reply), "choices": [_choice(reply)], "usage": usage(reply)}

    def events(self, line: Mapping[str, Any]) -> bytes:
        """What one line of /api/generate is as server-sent events."""
        chunk = {**self._head(int(time.time())), "choices": [_choice(line)], **_named(line)}
        chunks = [{**chunk, "usage": usage({})} if self._include_usage else chunk]
        if not line.get("done"):
            return _events(chunks)
        if self._include_usage:
            chunks.append({**chunk, "choices": [], "usage": usage(line)})
        return _events(chunks) + DONE

    def _head(self, created: int) -> dict[str, Any]:
        return {"id": self._id, "object": "text_completion", "created": created}


def _events(chunks: list[dict[str, Any]]) -> bytes:
    return b"".join(b"data: " + gojson.dumps(chunk) + b"\n\n" for chunk in chunks)


def _named(reply: Mapping[str, Any]) -> dict[str, Any]:
    return {"model": reply.get("model", ""), "system_fingerprint": FINGERPRINT}


def _choice(reply: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": reply.get("response", ""), "index": 0, "finish_reason": reply.get("done_reason") or None}
