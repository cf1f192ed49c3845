"""`ollama-vision ask`: one question about pictures, one answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llama_index.multi_modal_llms.ollama import OllamaMultiModal, OllamaServer
from llama_index.multi_modal_llms.ollama.errors import OllamaMultiModalError

from .arguments import STANDARD_INPUT, Question
from .extras import EMBEDDED, how_to_install, is_complete
from .models import NoModel, only_vision_model
from .screen import Screen, silence_output, telling

ANSWERED = 0
NO_ANSWER = 1


class NoAnswer(Exception):
    """There is nothing to show; the message says why and what to do."""


def ask(question: Question) -> int:
    """Ask, show the answer, and give the exit code."""
    with Screen() as screen, telling(screen):
        try:
            pictures = [read_picture(picture) for picture in question.pictures]
            with server_for(question, screen) as server:
                show_answer(question, pictures, server, screen)
        except (OllamaMultiModalError, ValueError, NoModel, NoAnswer) as error:
            # A ValueError is the client's word on an option that it does not send.
            screen.complain(str(error))
            return NO_ANSWER
        except BrokenPipeError:
            silence_output()
            return NO_ANSWER
    return ANSWERED


def read_picture(picture: str | Path) -> str | Path | bytes:
    """The picture as the client takes it: standard input is read here, the rest by the client."""
    if picture != STANDARD_INPUT:
        return picture
    if sys.stdin.isatty():
        raise NoAnswer('"-" means a picture that is piped in, as in: curl URL | ollama-vision ask - "What is this?"')
    return sys.stdin.buffer.read()


@dataclass(frozen=True)
class Server:
    """Where to ask, as settings that the client's objects share, and whom when nobody was named."""

    settings: dict[str, Any]
    model: str | None = None


@contextmanager
def server_for(question: Question, screen: Screen) -> Iterator[Server]:
    """The server that was named, or one with the demo model that lives as long as the question."""
    if not question.demo:
        settings: dict[str, Any] = {}
        if question.host is not None:
            settings["base_url"] = question.host
        if question.headers:
            settings["headers"] = dict(question.headers)
        if question.cacert is not None:
            settings["verify"] = str(question.cacert)
        try:
            OllamaServer(**settings)
        except ValueError as error:
            # Without --host the address comes from OLLAMA_HOST.
            raise NoAnswer(f"The server's address is not one: {error}.") from error
        yield Server(settings)
        return
    if not is_complete(EMBEDDED):
        raise NoAnswer(f"--demo needs more packages. Get them with: {how_to_install('embedded')}")
    from ollama_embedded import EmbeddedOllama

    screen.wait("Starting the demo model")
    with EmbeddedOllama() as embedded:
        yield Server({"base_url": embedded.url}, embedded.model)


def show_answer(question: Question, pictures: list[str | Path | bytes], server: Server, screen: Screen) -> None:
    """Put the question to the model and its answer on the screen; raises when there is no text in it."""
    model = question.model or server.model
    if model is None:
        screen.wait("Looking for a model that sees")
        there = OllamaServer(**server.settings)
        model = only_vision_model(there.models(), server=str(there.base_url))
    llm = OllamaMultiModal(model=model, **server.settings)
    keywords: dict[str, Any] = {"options": dict(question.options)}
    if question.format is not None:
        keywords["format"] = question.format
    if question.think is not None:
        keywords["think"] = question.think

    screen.wait(f"Asking {model}")
    text = ""
    if question.stream:
        with closing(llm.stream_complete(question.text, pictures, **keywords)) as answer:
            for item in answer:
                screen.say(item.delta or "")
                text = item.text
    else:
        text = llm.complete(question.text, pictures, **keywords).text
        screen.say(text)
    screen.end_answer()
    if not text.strip():
        raise NoAnswer(f"{model} answered with nothing. Ask in other words, or ask another model.")
