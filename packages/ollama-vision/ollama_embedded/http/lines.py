"""An engine's answer as the NDJSON lines and JSON objects that Ollama sends."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from typing import Any

from ..engines.base import Ending, Piece, Rendered, ToolCall
from ..protocol import gojson
from ..protocol.requests import ChatRequest, Request

_NEVER = "0001-01-01T00:00:00Z"
_CALL_ID = string.ascii_lowercase + string.digits


class ReplyBuilder:
    """Turns the events of one answer into reply objects; it numbers the tool calls on the way."""

    def __init__(self, request: Request) -> None:
        self._chat = isinstance(request, ChatRequest)
        self._model = request.model
        self._calls = 0

    def chunk(self, piece: Piece) -> dict[str, Any]:
        """A line that is not the last."""
        return self._object(piece, done=False)

    def last(self, ending: Ending, total_duration: int) -> dict[str, Any]:
        """The line with `done: true` and the metrics."""
        return self._object(ending.piece, done=True, ending=ending, total_duration=total_duration)

    def whole(self, pieces: Sequence[Piece], ending: Ending | None, total_duration: int) -> dict[str, Any]:
        """All of an answer in one object. Without an ending it is `done: false`, under status 200."""
        if ending is None and not pieces:
            return self._zero_reply()
        said = [*pieces, *([ending.piece] if ending else [])]
        merged = Piece(
            content="".join(piece.content for piece in said),
            thinking="".join(piece.thinking for piece in said),
            tool_calls=tuple(call for piece in said for call in piece.tool_calls),
            logprobs=tuple(entry for piece in said for entry in piece.logprobs),
        )
        return self._object(merged, done=ending is not None, ending=ending, total_duration=total_duration)

    def marker(self, reason: str) -> dict[str, Any]:
        """The reply to a request that only loads or unloads."""
        return self._object(Piece(), done=True) | {"done_reason": reason}

    def rendered(self, prompt: Rendered) -> dict[str, Any]:
        """The reply to `_debug_render_only`."""
        reply = self._object(Piece(), done=False)
        if self._chat:
            reply["message"]["role"] = ""
        return reply | {"_debug_info": {"rendered_template": prompt.prompt, "image_count": prompt.pictures}}

    def _object(
        self, piece: Piece, *, done: bool, ending: Ending | None = None, total_duration: int = 0
    ) -> dict[str, Any]:
        calls = [self._tool_call(call) for call in piece.tool_calls]
        reply: dict[str, Any] = {"model": self._model, "created_at": gojson.timestamp()}
        if self._chat:
            message: dict[str, Any] = {"role": "assistant", "content": piece.content}
            message |= {"thinking": piece.thinking} if piece.thinking else {}
            message |= {"tool_calls": calls} if calls else {}
            reply["message"] = message
        else:
            reply["response"] = piece.content
            reply |= {"thinking": piece.thinking} if piece.thinking else {}
        reply["done"] = done
        logprobs = {"logprobs": [dict(entry) for entry in piece.logprobs]} if piece.logprobs else {}
        metrics = _metrics(ending, total_duration) if ending else {}
        if ending:
            reply["done_reason"] = ending.reason
        # The order of the fields is Ollama's, which differs between the two endpoints.
        if self._chat:
            return reply | logprobs | metrics
        context = {"context": list(ending.context)} if ending and ending.context else {}
        return reply | context | metrics | ({"tool_calls": calls} if calls else {}) | logprobs

    def _zero_reply(self) -> dict[str, Any]:
        """Go's zero value: what a whole reply is when the model said nothing and did not end."""
        said: dict[str, Any] = {"message": {"role": "", "content": ""}} if self._chat else {"response": ""}
        return {"model": "", "created_at": _NEVER, **said, "done": False}

    def _tool_call(self, call: ToolCall) -> dict[str, Any]:
        index = self._calls
        self._calls += 1
        function = {"index": index, "name": call.name, "arguments": dict(call.arguments)}
        return {"id": call.id or new_call_id(), "function": function}


def _metrics(ending: Ending, total_duration: int) -> dict[str, int]:
    metrics = {
        "total_duration": total_duration,
        "load_duration": ending.load_duration,
        "prompt_eval_count": ending.prompt_tokens,
        "prompt_eval_duration": ending.prompt_duration,
        "eval_count": ending.answer_tokens,
        "eval_duration": ending.answer_duration,
    }
    return {name: value for name, value in metrics.items() if value}


def new_call_id() -> str:
    """An id in the form that Ollama's own parsers make."""
    return "call_" + "".join(secrets.choice(_CALL_ID) for _ in range(8))


def line(reply: Any) -> bytes:
    """One line of a stream."""
    return gojson.dumps(reply) + b"\n"
