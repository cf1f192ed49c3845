"""What LlamaIndex asks of an endpoint -> a call: its messages, blocks and documents, and the responses that it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse

from ollama_vision.model import (
    Call,
    Media,
    PlainQuestion,
    check_question,
    conversation_call,
    picture_call,
    refuse_empty,
    refuse_names_of_pictures,
    resolve_arguments,
    with_shown_headers,
)
from ollama_vision.protocol import Request, generate_request

from .blocks import turns_of
from .responses import ChatMaker, completion_maker
from .tool_calls import follow
from .tool_results import refuse_lost_pictures

if TYPE_CHECKING:
    from .settings import OllamaSettings


def chat_call(llm: OllamaSettings, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Call[ChatResponse]:
    _refuse_pictures_beside(kwargs, "chat")
    kwargs = {"keep_pictures": llm.keep_pictures, **with_shown_headers(kwargs)}
    arguments = resolve_arguments(llm, "chat", kwargs)
    turns = turns_of(messages)
    refuse_lost_pictures(turns, kwargs.get("tools") or ())

    def again(answer: str, words: str) -> Call[ChatResponse]:
        return chat_call(llm, follow(messages, answer, words), kwargs)

    return conversation_call(llm.model, turns, arguments, ChatMaker, again)


def complete_call(
    llm: OllamaSettings, prompt: str, image_documents: Any, kwargs: Mapping[str, Any], formatted: bool
) -> Call[CompletionResponse]:
    if isinstance(image_documents, bool):  # LLM.complete's second argument is `formatted`
        image_documents, formatted = None, image_documents
    if not formatted and llm.completion_to_prompt is not None:
        prompt = llm.completion_to_prompt(prompt)
    _refuse_pictures_beside(kwargs, "complete")
    kwargs = with_shown_headers(kwargs)
    arguments = resolve_arguments(llm, "generate", kwargs)
    if image_documents is not None and not prompt:
        refuse_empty("complete", "prompt")

    def request(media: Media) -> Request:
        return generate_request(llm.model, prompt, media, arguments)

    def go_on(pictures: Any, answer: str, words: str) -> Call[CompletionResponse]:
        return complete_call(llm, f"{prompt}\n\n{answer}\n\n{words}", pictures, kwargs, formatted=True)

    return picture_call(arguments, image_documents, request, completion_maker, go_on, where="image_documents")


def choice_question(question: str, image_documents: Any, kwargs: Mapping[str, Any]) -> PlainQuestion:
    """A question whose answer is one of some labels, without them."""
    _refuse_pictures_beside(kwargs, "choose")
    keywords = dict(with_shown_headers(kwargs))
    system = keywords.pop("system", None)
    check_question("choose", question, (), system, "question, labels")
    pictures = () if image_documents is None else image_documents
    return PlainQuestion(question, pictures, keywords, system)


def _refuse_pictures_beside(kwargs: Mapping[str, Any], verb: str) -> None:
    if verb == "chat" and "image_documents" in kwargs:
        raise TypeError(
            "chat takes no image_documents: put each picture into a message, as ImageBlock(path=...) in its blocks"
        )
    in_a_message = "Put each picture into a message, as ImageBlock(path=...) in its blocks."
    refuse_names_of_pictures(kwargs, verb, in_a_message if verb == "chat" else "Did you mean 'image_documents'?")
