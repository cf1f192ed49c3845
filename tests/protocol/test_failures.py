"""The tree of errors: each survives pickle and copy, and says what was asked, what there is, and what to do."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModalError
from ollama_vision import errors
from ollama_vision.protocol.error_context import ErrorContext
from ollama_vision.protocol.failures import error_for_reply, server_message
from ollama_vision.protocol.gateways import describe_non_ollama

ASKED = ErrorContext("http://localhost:11434", "gemma3:4b", media_bytes=80_000_000)


def tree(cls: type[Any] = OllamaMultiModalError) -> Iterator[type[OllamaMultiModalError]]:
    yield cls
    for each in cls.__subclasses__():
        yield from tree(each)


TREE = list(tree())


def details_of(cls: type[Any]) -> dict[str, Any]:
    """A value for each detail that a class has."""
    names = {
        name: default
        for each in reversed(cls.__mro__)
        if issubclass(each, OllamaMultiModalError)
        for name, default in vars(each).items()
        if not name.startswith("_")
    }
    values: dict[type, Any] = {
        str: "x",
        bool: True,
        int: 3,
        float: 1.5,
        tuple: ("vision",),
        MappingProxyType: {"prompt_tokens": 7},
        type(None): 7,
    }
    return {name: values[type(default)] for name, default in names.items()}


@pytest.mark.parametrize("cls", TREE)
@pytest.mark.parametrize(
    "copied",
    [lambda error: pickle.loads(pickle.dumps(error)), copy.deepcopy, copy.copy],
    ids=["pickle", "deepcopy", "copy"],
)
def test_each_error_survives_with_its_details(cls: type[Any], copied: Callable[[Any], Any]) -> None:
    details = details_of(cls)
    again = copied(cls("what to do", **details))
    assert type(again) is cls
    assert str(again) == "what to do"
    assert {name: getattr(again, name) for name in details} == details
    assert "partial_text" in details


@pytest.mark.parametrize("cls", TREE)
def test_each_error_needs_no_argument_and_knows_its_details(cls: type[Any]) -> None:
    assert str(cls()) == ""
    with pytest.raises(TypeError, match="no detail named 'colour'"):
        cls("x", colour="red")


def test_the_tree_is_drawn_as_it_is() -> None:
    assert errors.__doc__ is not None
    assert {cls.__name__ for cls in TREE} == {name for name in vars(errors) if name.endswith("Error")}
    for cls in TREE:
        assert cls.__name__ in errors.__doc__


@pytest.mark.parametrize(
    ("cls", "known_as"),
    [
        (errors.ImageError, ValueError),
        (errors.ImageFetchError, ValueError),
        (errors.MissingExtraError, ImportError),
        (errors.ConnectionFailedError, ConnectionError),
        (errors.SilenceTimeoutError, TimeoutError),
        (errors.DeadlineError, TimeoutError),
    ],
)
def test_errors_are_also_what_python_calls_them(cls: type[Exception], known_as: type[Exception]) -> None:
    assert issubclass(cls, known_as)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error":"plain"}', "plain"),
        (b'{"error":"{\\"error\\":{\\"message\\":\\"inner\\"}}"}', "inner"),
        (b'{"error":{"message":"object"}}', "object"),
        (b'{"error":{"error":{"message":"twice"}}}', "twice"),
        (b'{"error":"{not json"}', "{not json"),
        (b'{"error":"x map[code:500 message:a b type:server_error] y"}', "a b"),
        (b'{"error":""}', ""),
        (b'{"error":null}', "None"),
        (b'{"error":[1]}', "[1]"),
        (b'{"error":{"a":1}}', "{'a': 1}"),
    ],
)
def test_the_innermost_message_is_found(body: bytes, text: str) -> None:
    message = server_message(body)
    assert message is not None
    assert message.text == text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"detail":"x"}', b"\xff", b'"error"'])
def test_what_is_no_error_object_has_no_message(body: bytes) -> None:
    assert server_message(body) is None


def test_nesting_without_end_is_given_up() -> None:
    text = "deep"
    for _ in range(9):
        text = json.dumps({"error": text})
    message = server_message(text.encode())
    assert message is not None
    assert "deep" in message.text


def test_too_much_media_says_how_much_was_sent() -> None:
    error = error_for_reply(413, {}, b'{"error":""}', ASKED)
    assert isinstance(error, errors.MediaTooLargeError)
    assert error.bytes_sent == 80_000_000
    assert "80,000,000 bytes of pictures" in str(error)


def test_a_long_body_is_cut() -> None:
    error = error_for_reply(500, {}, json.dumps({"error": "x" * 50_000}).encode(), ASKED)
    assert isinstance(error, errors.ServerError)
    assert len(error.body) == 10_000


@pytest.mark.parametrize(
    ("headers", "shown", "words"),
    [
        (
            {"content-type": "text/html; charset=utf-8", "server": "nginx"},
            "<title>\n Log  in</title>",
            "text/html from nginx saying 'Log in'",
        ),
        ({}, "", "no content type, and empty"),
        (
            {"location": "https://x.example/?token=1"},
            "",
            "no content type, which points to https://x.example/, and empty",
        ),
        ({"content-type": "text/plain"}, "a " * 200, "text/plain saying 'a a"),
    ],
)
def test_what_answered_instead_of_ollama_is_described(headers: dict[str, str], shown: str, words: str) -> None:
    described = describe_non_ollama(headers, shown)
    assert described.startswith(words)
    assert len(described) < 300


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("2.5", 2.5), ("-1", 0.0), ("soon", None), (None, None), ("nan", None), ("inf", None)],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    error = error_for_reply(503, {} if value is None else {"retry-after": value}, b"", ASKED)
    assert isinstance(error, errors.ServerBusyError)
    assert error.retry_after == seconds
