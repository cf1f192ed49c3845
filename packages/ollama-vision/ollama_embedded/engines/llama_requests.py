"""Translates an Ollama request into the JSON of llama.cpp's server. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..protocol import gojson
from ..protocol.options import PENALTIES
from ..protocol.requests import ChatRequest, GenerateRequest, Message, Request
from .media import content_part, encoded, readable

ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
_SAME_NAME = (*PENALTIES, "temperature", "top_k", "top_p", "min_p", "typical_p", "repeat_last_n", "seed", "stop")
_MOST_CONTEXTS = 10


def sampling(options: Mapping[str, Any], context_length: int) -> dict[str, Any]:
    """Ollama's options under llama.cpp's names."""
    body = {name: options[name] for name in _SAME_NAME if name in options}
    if "stop" in body:
        body["stop"] = list(body["stop"])
    limit = _MOST_CONTEXTS * context_length
    wanted = options.get("num_predict", -1)
    body["max_tokens"] = limit if wanted < 0 or wanted > limit else wanted
    body["cache_prompt"] = True
    return body


def chat_body(request: ChatRequest, messages: Sequence[Message], options: Mapping[str, Any], context: int) -> Any:
    """The body of /v1/chat/completions."""
    body: dict[str, Any] = {
        **rendering(request, [_chat_message(message) for message in messages]),
        **sampling(options, context),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    # llama.cpp asked for no tokens makes one; Ollama's native path has the same habit.
    body["max_tokens"] = max(body["max_tokens"], 1)
    if request.logprobs:
        body["logprobs"] = True
        body["top_logprobs"] = max(request.top_logprobs, 1)
    return body


def rendering(request: Request, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """What the chat template sees; also the body of /apply-template."""
    body: dict[str, Any] = {"messages": messages}
    if isinstance(request, ChatRequest) and request.tools:
        body["tools"] = list(request.tools)
    if request.format == "json":
        body["response_format"] = {"type": "json_object"}
    elif request.format is not None:
        schema = {"name": "response", "strict": True, "schema": request.format}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.think is not None:
        body["chat_template_kwargs"] = {"enable_thinking": bool(request.think)}
        if isinstance(request.think, str):
            body["chat_template_kwargs"]["reasoning_effort"] = request.think
    return body


def completion_body(
    request: GenerateRequest, prompt: str, options: Mapping[str, Any], context: int, marker: str
) -> dict[str, Any]:
    """The body of /completion, the pictures' tags turned to llama.cpp's own markers."""
    body: dict[str, Any] = {
        **sampling(options, context),
        "stream": True,
        "n_keep": options.get("num_keep", 4),
    }
    limit = body.pop("max_tokens")
    # Ollama leaves a zero out, and llama.cpp then writes without a limit.
    body["n_predict"] = limit or -1
    if request.images:
        for index in range(len(request.images)):
            prompt = prompt.replace(tag(index), marker, 1)
        media = [encoded(readable(image)) for image in request.images]
        body["prompt"] = {"prompt_string": prompt, "multimodal_data": media}
    else:
        body["prompt"] = prompt
    if request.format is not None:
        body["json_schema"] = ANY_OBJECT if request.format == "json" else request.format
    if request.logprobs:
        body["n_probs"] = max(request.top_logprobs, 1)
    return body


def tag(index: int) -> str:
    """The place of a picture in a prompt."""
    return f"[img-{index}]"


def generate_messages(request: GenerateRequest) -> list[dict[str, Any]]:
    """A prompt as a chat: pictures in front."""
    places = "".join(tag(index) for index in range(len(request.images)))
    messages = [{"role": "system", "content": request.system}] if request.system else []
    return [*messages, {"role": "user", "content": places + request.prompt}]


def logprobs(entries: Sequence[Mapping[str, Any]], top: int) -> tuple[Mapping[str, Any], ...]:
    """Ollama's form of llama.cpp's probabilities; the runners-up only when asked for."""
    kept = []
    for entry in entries:
        shown = _probability(entry)
        if top:
            shown["top_logprobs"] = [_probability(other) for other in entry.get("top_logprobs", ())]
        kept.append(shown)
    return tuple(kept)


def _probability(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("token", "logprob", "bytes")}


def _chat_message(message: Message) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.images:
        # Text first, then the pictures: so does Ollama for a model with its own template.
        text = [{"type": "text", "text": message.content}] if message.content else []
        sent["content"] = [*text, *(content_part(image) for image in message.images)]
    if message.thinking:
        sent["reasoning_content"] = message.thinking
    if message.tool_calls:
        sent["tool_calls"] = [_tool_call(call, index) for index, call in enumerate(message.tool_calls)]
    if message.tool_name:
        sent["name"] = message.tool_name
    if message.tool_call_id:
        sent["tool_call_id"] = message.tool_call_id
    return sent


def _tool_call(call: Mapping[str, Any], index: int) -> dict[str, Any]:
    function = call.get("function") or {}
    arguments = gojson.dumps(function.get("arguments") or {}).decode()
    return {
        "id": call.get("id") or f"call_{index}",
        "type": "function",
        "function": {"name": function.get("name", ""), "arguments": arguments},
    }
