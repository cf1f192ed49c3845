"""Replies as bytes, read in memory as the client reads them from a socket."""

from __future__ import annotations

import json
from typing import Any

from llama_index.multi_modal_llms.ollama.responses import ChatMaker, completion_maker
from ollama_vision import errors
from ollama_vision.http.lines import LineSplitter
from ollama_vision.protocol.error_context import ErrorContext
from ollama_vision.protocol.reply import Accumulator

ENDPOINTS = ("chat", "generate")


def accumulator(endpoint: Any = "chat", **settings: Any) -> Accumulator[Any]:
    make: Any = ChatMaker() if endpoint == "chat" else completion_maker()
    return Accumulator(endpoint, ErrorContext("http://localhost:11434", "m"), make, headers={}, **settings)


def read(endpoint: str, pieces: list[bytes], **settings: Any) -> list[Any]:
    """All items of a reply, as the client reads it."""
    splitter, reader, items = LineSplitter(), accumulator(endpoint, **settings), []
    lines = [line for piece in pieces for line in splitter.feed(piece)] + splitter.end()
    for line in lines:
        if (item := reader.add_line(line)) is not None:
            items.append(item)
    reader.end()
    return items


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def outcome(endpoint: str, pieces: list[bytes], **settings: Any) -> list[Any] | errors.OllamaMultiModalError:
    """The items, or the error of the tree; any other exception is a failed test."""
    try:
        return read(endpoint, pieces, **settings)
    except errors.OllamaMultiModalError as error:
        return error
