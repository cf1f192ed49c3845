"""A plain question with its pictures -> a call of /api/generate or /api/chat; a conversation that goes on uses chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ollama_vision import pictures as _images
from ollama_vision.protocol import (
    Accumulator,
    Endpoint,
    Request,
    WireMessage,
    chat_request,
    escape_image_markers,
    generate_request,
)

from .answer import Answer, answer_of
from .arguments import Arguments, Settings, resolve
from .call import Call, Media
from .keywords import GENERATE_NAMES

_ONLY_OF_PROMPTS = GENERATE_NAMES - {"system"}
"""Keywords of /api/generate for which a chat has no place."""


@dataclass(frozen=True)
class PlainQuestion:
    """What is asked, before any picture is read."""

    text: str
    pictures: Sequence[Any] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    """Of the call: Ollama's options by name, `think`, `format`, ..."""
    system: str | None = None
    endpoint: Endpoint = "generate"
    turns: tuple[tuple[str, str], ...] = ()
    """What followed: each an answer, and the words that were said to it. Of chat alone."""

    def follow(self, answer: str, words: str) -> PlainQuestion:
        """The question that goes on with further words after an answer."""
        if self.endpoint == "generate" and any(self.keywords.get(name) is not None for name in _ONLY_OF_PROMPTS):
            return replace(self, text=f"{self.text}\n\n{answer}\n\n{words}")
        keywords = {name: value for name, value in self.keywords.items() if name not in _ONLY_OF_PROMPTS}
        return replace(self, keywords=keywords, endpoint="chat", turns=(*self.turns, (answer, words)))


def plain_call(settings: Settings, question: PlainQuestion, verb: str = "ask") -> Call[Answer]:
    """The call that asks it.

    Args:
        verb: how errors name it.

    Raises:
        TypeError, ValueError: a keyword that no call takes or not so, or nothing is asked about the pictures.
    """
    keywords = dict(question.keywords)
    if question.endpoint == "generate":
        keywords["system"] = question.system
    arguments = resolve(settings, question.endpoint, keywords, verb)
    if question.pictures and not question.text:
        raise ValueError(
            f"{verb}() was given pictures but an empty question: the server would load the model and ignore the "
            "pictures. Ask something about them."
        )
    pictures = question.pictures

    def build() -> tuple[Request, Media]:
        nonlocal pictures  # one that is asked about again is read and prepared once
        if pictures:
            pictures = _images.prepare_documents(list(pictures), arguments.image_options, where="pictures")
        if question.endpoint == "generate":
            return generate_request(settings.model, question.text, pictures, arguments), pictures
        return chat_request(settings.model, _messages(question, pictures), arguments), pictures

    def again(answer: str, words: str) -> Call[Answer]:
        return plain_call(settings, replace(question, pictures=pictures).follow(answer, words), verb)

    return Call(arguments, _needs(arguments, bool(pictures)), build, _maker, again)


def _maker() -> Callable[[Accumulator[Answer]], Answer]:
    return answer_of


def _messages(question: PlainQuestion, media: Media) -> list[WireMessage]:
    said = [("user", question.text)]
    for answer, words in question.turns:
        said += [("assistant", answer), ("user", words)]
    system = question.system or ""
    if system.strip():  # even an empty one would displace the model's own
        said.insert(0, ("system", system))
    asked = 1 if system.strip() else 0
    return [
        WireMessage(
            {"role": role, "content": escape_image_markers(text) if media else text},
            tuple(media) if index == asked else (),
        )
        for index, (role, text) in enumerate(said)
    ]


def _needs(arguments: Arguments, has_pictures: bool) -> frozenset[str]:
    needs = {
        "vision": has_pictures,
        "thinking": arguments.wants_thinking,
        "insert": bool(arguments.fields.get("suffix")),
    }
    return frozenset(ability for ability, needed in needs.items() if needed)
