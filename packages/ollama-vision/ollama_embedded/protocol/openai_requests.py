"""OpenAI's chat completions, translated into requests to /api/chat as Ollama translates them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import gojson
from .go_types import anything, flag, hold, integer, list_of, number, struct_of, text
from .gojson import GoError
from .requests import RequestError
from .tool_types import TOOLS

_FUNCTION = 'struct { Name string "json:\\"name\\""; Arguments string "json:\\"arguments\\"" }'
_TOOL_CALL = struct_of(
    "openai.ToolCall",
    {
        "id": text,
        "index": integer,
        "type": text,
        "function": struct_of(_FUNCTION, {"name": text, "arguments": text}),
    },
)
_MESSAGE = struct_of(
    "openai.Message",
    {
        "role": text,
        "content": anything,
        "reasoning": text,
        "tool_calls": list_of(_TOOL_CALL, "[]openai.ToolCall"),
        "name": text,
        "tool_call_id": text,
    },
)
_RESPONSE_FORMAT = struct_of(
    "openai.ResponseFormat", {"type": text, "json_schema": struct_of("openai.JsonSchema", {"schema": anything})}
)
_REQUEST_TYPE = "openai.ChatCompletionRequest"
_REQUEST = struct_of(
    _REQUEST_TYPE,
    {
        "model": text,
        "messages": list_of(_MESSAGE, "[]openai.Message"),
        "stream": flag,
        "stream_options": struct_of("openai.StreamOptions", {"include_usage": flag}),
        "max_tokens": integer,
        "seed": integer,
        "stop": anything,
        "temperature": number,
        "frequency_penalty": number,
        "presence_penalty": number,
        "top_p": number,
        "response_format": _RESPONSE_FORMAT,
        "tools": TOOLS,
        "reasoning": struct_of("openai.Reasoning", {"effort": text}),
        "reasoning_effort": text,
        "logprobs": flag,
        "top_logprobs": integer,
        "_debug_render_only": flag,
    },
)
"""What Ollama knows of OpenAI's request; it ignores the rest, `n` and `max_completion_tokens` among it."""

_PICTURE_TYPES = ("jpeg", "jpg", "png", "webp")
_EFFORTS: Mapping[str, bool | str] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "ultra": "max",
    "max": "max",
}
_EFFORT_NAMES = '"minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none"'
_GO_KINDS = {"null": "<nil>", "bool": "bool", "number": "float64", "object": "map[string]interface {}"}
_BAD_FORMAT = "invalid message format"
_BAD_PICTURE = "invalid image input"

_Fields = Mapping[str, Any]
"""A JSON object of which the names are in lower case, and the types known to be right."""


@dataclass(frozen=True)
class ChatCompletion:
    """A request for a chat completion."""

    chat: Mapping[str, Any]
    """The body of the request to /api/chat that it comes to."""
    stream: bool
    include_usage: bool
    """Whether a stream ends with a chunk that counts the tokens."""


def parse_chat_completion(body: bytes) -> ChatCompletion:
    """Read the body of /v1/chat/completions, or refuse it as the real server does."""
    try:
        if not body.strip():
            raise GoError("EOF")
        given = gojson.loads_object(body, _REQUEST_TYPE)
        hold(given, _REQUEST)
        request = _fields(given)
        messages = [_fields(message) for message in request.get("messages") or ()]
        if not messages:
            raise GoError("[] is too short - 'messages'")
        stream = bool(request.get("stream"))
        chat = {
            "model": request.get("model"),
            "messages": _messages(messages),
            "stream": stream,
            "options": _options(request),
            "format": _format(_fields(request.get("response_format"))),
            "tools": request.get("tools"),
            "think": _think(request),
            "logprobs": request.get("logprobs"),
            "top_logprobs": request.get("top_logprobs"),
            "_debug_render_only": request.get("_debug_render_only"),
        }
        include_usage = bool(_fields(request.get("stream_options")).get("include_usage"))
        said = {name: value for name, value in chat.items() if value is not None}
        return ChatCompletion(said, stream, include_usage)
    except GoError as fault:
        raise RequestError(400, str(fault)) from None


def _fields(value: Mapping[str, Any] | None) -> _Fields:
    return {name.lower(): item for name, item in (value or {}).items()}


def _messages(given: Sequence[_Fields]) -> list[dict[str, Any]]:
    """Each text and each picture of a message becomes a message of its own."""
    messages: list[dict[str, Any]] = []
    for message in given:
        role, content = message.get("role") or "", message.get("content")
        calls = _tool_calls(message)
        said = {"thinking": message.get("reasoning") or "", "tool_calls": calls}
        answered = {"tool_name": _tool_name(message, given), "tool_call_id": message.get("tool_call_id") or ""}
        if isinstance(content, str):
            messages.append({"role": role, "content": content, **said, **answered})
        elif isinstance(content, list):
            messages += [{"role": role, **_part(part)} for part in content]
            if messages and calls:
                messages[-1] |= {**said, **answered}
        elif message.get("tool_calls") is None:
            raise GoError(f"invalid message content type: {_GO_KINDS[gojson.kind_of(content)]}")
        else:
            messages.append({"role": role, **said, "tool_call_id": answered["tool_call_id"]})
    return messages


def _part(part: Any) -> dict[str, Any]:
    """One part of a content that is a list."""
    if not isinstance(part, Mapping):
        raise GoError(_BAD_FORMAT)
    kind = part.get("type")
    if kind == "text":
        return {"content": _text(part.get("text"))}
    if kind == "image_url":
        place = part.get("image_url")
        return {"images": [_picture(_text(place.get("url") if isinstance(place, Mapping) else place))]}
    if kind == "input_audio":
        return {"images": [_audio(part.get("input_audio"))]}
    raise GoError(_BAD_FORMAT)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise GoError(_BAD_FORMAT)
    return value


def _picture(url: str) -> str:
    """The base64 of a data URL. Its label decides, whatever the bytes are."""
    if url.startswith(("http://", "https://")):
        raise GoError("image URLs are not currently supported, please use base64 encoded data instead")
    labels = ("data:;base64,", *(f"data:image/{each};base64," for each in _PICTURE_TYPES))
    label = next((each for each in labels if url.startswith(each)), None)
    if label is None:
        raise GoError(_BAD_PICTURE)
    encoded = url[len(label) :]
    try:
        gojson.decode_base64(encoded)
    except GoError:
        raise GoError(_BAD_PICTURE) from None
    return encoded


def _audio(value: Any) -> str:
    if not isinstance(value, Mapping):
        raise GoError("invalid input_audio format")
    encoded = value.get("data")
    if not isinstance(encoded, str):
        raise GoError("invalid input_audio format: missing data")
    try:
        gojson.decode_base64(encoded)
    except GoError as fault:
        raise GoError(f"invalid input_audio base64 data: {fault}") from None
    return encoded


def _tool_calls(message: _Fields) -> list[dict[str, Any]]:
    """Arguments come as a text that holds JSON, and go on as an object."""
    calls = []
    for call in map(_fields, message.get("tool_calls") or ()):
        function = _fields(call.get("function"))
        try:
            arguments = json.loads(function.get("arguments") or "")
        except (ValueError, RecursionError):
            raise GoError("invalid tool call arguments") from None
        if not isinstance(arguments, dict | None):
            raise GoError("invalid tool call arguments")
        named = {"name": function.get("name") or "", "arguments": arguments or {}}
        calls.append({"id": call.get("id") or "", "function": named})
    return calls


def _tool_name(message: _Fields, given: Sequence[_Fields]) -> str:
    """The tool that a message is the result of: named there, or by the last call of its id."""
    called = message.get("tool_call_id")
    if (message.get("role") or "").lower() != "tool":
        return ""
    if message.get("name") or not called:
        return str(message.get("name") or "")
    for other in reversed(given):
        for call in map(_fields, other.get("tool_calls") or ()):
            if call.get("id") == called:
                return str(_fields(call.get("function")).get("name") or "")
    return ""


def _options(request: _Fields) -> dict[str, Any]:
    """Where the request says nothing, temperature and top_p are OpenAI's defaults, not those of the model."""
    stop = request.get("stop")
    texts = [each for each in stop if isinstance(each, str)] if isinstance(stop, list) else [stop]
    given = {
        "stop": texts if isinstance(stop, str | list) and texts else None,
        "num_predict": request.get("max_tokens"),
        "temperature": _or_default(request.get("temperature"), 1.0),
        "seed": request.get("seed"),
        "frequency_penalty": request.get("frequency_penalty"),
        "presence_penalty": request.get("presence_penalty"),
        "top_p": _or_default(request.get("top_p"), 1.0),
    }
    return {name: value for name, value in given.items() if value is not None}


def _or_default(value: Any, default: float) -> Any:
    return default if value is None else value


def _format(given: _Fields) -> Any:
    kind = str(given.get("type") or "").strip().lower()
    if kind == "json_object":
        return "json"
    return _fields(given.get("json_schema")).get("schema") if kind == "json_schema" else None


def _think(request: _Fields) -> bool | str | None:
    reasoning = request.get("reasoning")
    effort = request.get("reasoning_effort") if reasoning is None else _fields(reasoning).get("effort")
    if not effort:
        return None
    if effort not in _EFFORTS:
        shown = json.dumps(effort, ensure_ascii=False)
        raise GoError(f"invalid reasoning value: {shown} (must be {_EFFORT_NAMES})")
    return _EFFORTS[effort]
