"""What has come of a reply -> LlamaIndex's responses, one for each item that the caller gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LogProb,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from ollama_vision.protocol import Accumulator


def completion_maker() -> Callable[[Accumulator[Any]], CompletionResponse]:
    """What makes the items of one answer of complete."""
    return lambda so_far: CompletionResponse(text=so_far.text, **_shared(so_far))


class ChatMaker:
    """What makes the items of one answer of chat, each tool call into a block once."""

    def __init__(self) -> None:
        self._blocks: list[ToolCallBlock] = []

    def __call__(self, so_far: Accumulator[Any]) -> ChatResponse:
        return ChatResponse(message=self._message(so_far), **_shared(so_far))

    def _message(self, so_far: Accumulator[Any]) -> ChatMessage:
        blocks: list[Any] = [ThinkingBlock(content=so_far.thinking)] if so_far.thinking else []
        blocks.append(TextBlock(text=so_far.text))
        calls = so_far.calls
        for call in calls[len(self._blocks) :]:
            function = call["function"]
            self._blocks.append(
                ToolCallBlock(tool_call_id=call["id"], tool_name=function["name"], tool_kwargs=function["arguments"])
            )
        blocks += self._blocks
        # Core's streaming programs look only here; readers of blocks look only there.
        extra = {"tool_calls": calls} if calls else {}
        # All was made here, and needs no validation, which tries each kind of block: 2 us in place of 5.
        return ChatMessage.model_construct(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs=extra)


def _shared(so_far: Accumulator[Any]) -> dict[str, Any]:
    """What both kinds of responses hold."""
    return {
        "delta": so_far.piece,
        "raw": so_far.reply,
        "additional_kwargs": so_far.fields(),
        "logprobs": _logprobs(so_far) if so_far.logprobs else None,
    }


def _logprobs(so_far: Accumulator[Any]) -> list[list[LogProb]]:
    try:
        return [[_logprob(each) for each in ranked] for ranked in so_far.alternatives()]
    except ValueError as cause:
        raise so_far.malformed("log probabilities of another form") from cause


def _logprob(item: dict[str, Any]) -> LogProb:
    return LogProb(token=item.get("token", ""), logprob=item.get("logprob", 0.0), bytes=item.get("bytes") or [])
