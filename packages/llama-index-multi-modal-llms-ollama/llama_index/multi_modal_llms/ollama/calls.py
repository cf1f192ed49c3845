"""What LlamaIndex asks of an endpoint -> a call: its messages, blocks and documents, and the responses that it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse

from ollama_vision.model import (
    Call,
    Conversation,
    Pictures,
    Prompt,
    empty_question,
    resolve_arguments,
    with_newest_pictures,
)

from .blocks import turns_of
from .responses import ChatMaker, completion_maker
from .tool_calls import follow
from .tool_results import refuse_lost_pictures

if TYPE_CHECKING:
    from ollama_vision.model import PlainQuestion

    from .settings import OllamaSettings


_IN_A_MESSAGE = "Put each picture into a message, as ImageBlock(path=...) in its blocks."


def chat_call(llm: OllamaSettings, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Call[ChatResponse]:
    kwargs = {"keep_pictures": llm.keep_pictures, **kwargs}
    arguments = resolve_arguments(llm, "chat", kwargs, pictures_go=_IN_A_MESSAGE)
    turns = turns_of(messages)
    refuse_lost_pictures(turns, kwargs.get("tools") or ())
    if arguments.keep_pictures is not None:
        turns = with_newest_pictures(turns, arguments.keep_pictures)

    def again(answer: str, words: str) -> Call[ChatResponse]:
        return chat_call(llm, follow(messages, answer, words), kwargs)

    return Call(arguments, Conversation(turns), ChatMaker, again)


def complete_call(
    llm: OllamaSettings, prompt: str, image_documents: Any, kwargs: Mapping[str, Any], formatted: bool
) -> Call[CompletionResponse]:
    if isinstance(image_documents, bool):  # LLM.complete's second argument is `formatted`
        image_documents, formatted = None, image_documents
    if not formatted and llm.completion_to_prompt is not None:
        prompt = llm.completion_to_prompt(prompt)
    arguments = resolve_arguments(llm, "generate", kwargs, pictures_go="Did you mean 'image_documents'?")
    if image_documents is not None and not prompt:
        raise empty_question("complete", "prompt")
    pictures = None if image_documents is None else Pictures(image_documents, "image_documents")

    def again(answer: str, words: str) -> Call[CompletionResponse]:
        longer = f"{prompt}\n\n{answer}\n\n{words}"
        return complete_call(llm, longer, pictures.given if pictures else None, kwargs, formatted=True)

    return Call(arguments, Prompt(prompt, pictures), completion_maker, again)


def choice_question(question: str, image_documents: Any, kwargs: Mapping[str, Any]) -> PlainQuestion:
    """A question whose answer is one of some labels, without them."""
    from ollama_vision.model import PlainQuestion, check_question  # with the first choice

    keywords = dict(kwargs)
    system = keywords.pop("system", None)
    check_question("choose", question, (), system, "question, labels")
    pictures = None if image_documents is None else Pictures(image_documents, "image_documents")
    return PlainQuestion(question, pictures, keywords, system)
