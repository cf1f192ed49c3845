"""A plain question with its pictures -> a call of /api/generate or /api/chat; a conversation that goes on uses chat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ollama_vision.protocol import Accumulator, Endpoint, Turn

from .answer import Answer, answer_of
from .arguments import Arguments, Settings, empty_question, resolve_arguments
from .call import Asked, Call, Pictures, Prompt
from .conversation import Conversation
from .keywords import GENERATE_NAMES

_ONLY_OF_PROMPTS = GENERATE_NAMES - {"system"}
"""Keywords of /api/generate for which a chat has no place."""


@dataclass(frozen=True)
class Exchange:
    """A question that was asked before, its answer, and the pictures that it was about."""

    question: str
    answer: str
    pictures: Sequence[Any] = ()
    """In the forms that a question takes; they are sent again."""


@dataclass(frozen=True)
class PlainQuestion:
    """What is asked, before any picture is read."""

    text: str
    pictures: Pictures | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    """Of the call: Ollama's options by name, `think`, `format`, ..."""
    system: str | None = None
    endpoint: Endpoint = "generate"
    earlier: tuple[tuple[str, Pictures | None, str], ...] = ()
    """What went before: questions, their pictures, and the answers. Of chat alone."""
    turns: tuple[tuple[str, str], ...] = ()
    """What followed: each an answer, and the words that were said to it. Of chat alone."""

    def follow(self, answer: str, words: str) -> PlainQuestion:
        """The question that goes on with further words after an answer."""
        if self.endpoint == "generate" and any(self.keywords.get(name) is not None for name in _ONLY_OF_PROMPTS):
            return replace(self, text=f"{self.text}\n\n{answer}\n\n{words}")
        keywords = {name: value for name, value in self.keywords.items() if name not in _ONLY_OF_PROMPTS}
        return replace(self, keywords=keywords, endpoint="chat", turns=(*self.turns, (answer, words)))


def going_on(earlier: Sequence[Exchange]) -> dict[str, Any]:
    """What makes a `PlainQuestion` one that goes on: asked by /api/chat, after what went before.

    Raises:
        TypeError, ValueError: what is no exchange, or holds what is no text.
    """
    for index, each in enumerate(earlier):
        if not isinstance(each, Exchange):
            raise TypeError(f"earlier[{index}] is {_kind_of(each)}; it must be an Exchange(question, answer, pictures)")
        for name, said, pictures in (("question", each.question, each.pictures), ("answer", each.answer, ())):
            try:
                check_question("ask", said, pictures, None)
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"earlier[{index}]: {str(error).replace('question', name, 1)}") from None
    if not earlier:
        return {}
    abouts = [Pictures(list(each.pictures), f"earlier[{at}].pictures") for at, each in enumerate(earlier)]
    return {
        "endpoint": "chat",
        "earlier": tuple(
            (each.question, about if each.pictures else None, each.answer)
            for each, about in zip(earlier, abouts, strict=True)
        ),
    }


def check_question(verb: str, text: Any, pictures: Sequence[Any], system: Any, before: str = "question") -> None:
    """Refuse what is no question with pictures after it, before anything is read or sent.

    Raises:
        TypeError: a question or system prompt that is no text; a list of pictures, or none, in a picture's place.
        ValueError: text that cannot be sent.
    """
    last = before.rpartition(" ")[2]
    one_by_one = f"Pictures follow the {last} one by one: {verb}({before}, *pictures)"
    if not isinstance(text, str):
        raise TypeError(f"question is {_kind_of(text)}; it must be text. {one_by_one}")
    if system is not None and not isinstance(system, str):
        raise TypeError(f"system is {_kind_of(system)}; it must be text")
    for name, said in (("question", text), ("system", system or "")):
        try:
            said.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{name} is no valid text: character {error.start + 1} is {said[error.start]!a}, half of a surrogate"
                " pair or a byte that was not decoded. Decode it anew, or replace that character."
            ) from None
    for index, picture in enumerate(pictures):
        if picture is None:
            raise TypeError(f"pictures[{index}] is None; leave it out. {one_by_one}")
        if isinstance(picture, (list, tuple, set, frozenset, Iterator)) and not hasattr(picture, "read"):
            raise TypeError(f"pictures[{index}] is {_kind_of(picture)}. {one_by_one}")


def _kind_of(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def plain_call(
    settings: Settings, question: PlainQuestion, verb: str = "ask", arguments: Arguments | None = None
) -> Call[Answer]:
    """The call that asks it.

    Args:
        verb: how errors name it.
        arguments: what settings and keywords come to, where that is known: of many pictures it is the same.

    Raises:
        TypeError, ValueError: a keyword that no call takes or not so, or nothing is asked about the pictures.
    """
    if arguments is None:
        system = {"system": question.system} if question.endpoint == "generate" else {}
        arguments = resolve_arguments(settings, question.endpoint, {**question.keywords, **system}, verb)
    if question.pictures is not None and not question.text:
        raise empty_question(verb, "question")
    pictures = question.pictures
    asked: Asked = Prompt(question.text, pictures)
    if question.endpoint == "chat":
        asked = Conversation(_turns(question, pictures))

    def again(answer: str, words: str) -> Call[Answer]:
        return plain_call(settings, question.follow(answer, words), verb)

    return Call(arguments, asked, _maker, again)


def _maker() -> Callable[[Accumulator[Answer]], Answer]:
    return answer_of


def _turns(question: PlainQuestion, pictures: Pictures | None) -> list[Turn]:
    beside = () if pictures is None else (pictures,)
    turns = [Turn("system", (question.system or "",))]
    for words, about, answer in question.earlier:
        turns += [Turn("user", (words, *(() if about is None else (about,)))), Turn("assistant", (answer,))]
    turns.append(Turn("user", (question.text, *beside)))
    for answer, words in question.turns:
        turns += [Turn("assistant", (answer,)), Turn("user", (words,))]
    return turns
