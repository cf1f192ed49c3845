"""An answer's text, whichever endpoint it is of: read, and put in place of what stands around it."""

from __future__ import annotations

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse, TextBlock

from ._response import Response


def text_of(answer: Response) -> str:
    return (answer.message.content or "") if isinstance(answer, ChatResponse) else answer.text


def has_tool_calls(answer: Response) -> bool:
    return bool(answer.additional_kwargs.get("tool_calls"))


def with_text(answer: Response, text: str) -> Response:
    """The same answer with the JSON that was found in its text; `raw` stays what the server said."""
    if text == text_of(answer):
        return answer
    if isinstance(answer, CompletionResponse):
        return answer.model_copy(update={"text": text, "delta": text})
    blocks = [block for block in answer.message.blocks if not isinstance(block, TextBlock)]
    message = answer.message.model_copy(update={"blocks": [*blocks, TextBlock(text=text)]})
    return answer.model_copy(update={"message": message, "delta": text})
