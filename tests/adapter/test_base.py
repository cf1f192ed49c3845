"""The object: its fields and what it refuses, its copies, what it shows of itself."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from llama_index.core.constants import DEFAULT_CONTEXT_WINDOW, DEFAULT_NUM_OUTPUTS
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.multi_modal_llms import MultiModalLLM, MultiModalLLMMetadata
from pydantic import ValidationError

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal


def full() -> OllamaMultiModal:
    return OllamaMultiModal(
        model="m",
        base_url="http://host:1234/sub/",
        temperature=0.5,
        context_window=8192,
        additional_kwargs={"seed": 3},
        keep_alive="5m",
        thinking="low",
        image_options=ImageOptions(max_pixels=None, format="png"),
        deadline=9.0,
    )


def settings(llm: OllamaMultiModal) -> dict[str, Any]:
    return llm.model_dump(exclude={"callback_manager"})


def test_the_bases() -> None:
    assert OllamaMultiModal.__bases__[-2:] == (FunctionCallingLLM, MultiModalLLM)  # before them its own parts
    assert isinstance(full(), LLM)


def test_the_fields_of_the_known_class() -> None:
    llm = OllamaMultiModal(model="llava")
    assert llm.model == "llava"
    assert llm.temperature == 0.75
    assert llm.context_window == DEFAULT_CONTEXT_WINDOW == 3900
    assert llm.additional_kwargs == {}
    assert llm.request_timeout == 600.0
    assert llm.class_name() == "Ollama_multi_modal_llm"


def test_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert OllamaMultiModal(model="m").base_url == "http://localhost:11434"
    monkeypatch.setenv("OLLAMA_HOST", "box:4000")
    assert OllamaMultiModal(model="m").base_url == "http://box:4000"
    assert OllamaMultiModal(model="m", base_url="http://other").base_url == "http://other"


def test_metadata() -> None:
    metadata = OllamaMultiModal(model="m").metadata
    assert isinstance(metadata, MultiModalLLMMetadata)
    assert metadata.context_window == 3900
    assert metadata.num_output == DEFAULT_NUM_OUTPUTS
    assert metadata.model_name == "m"
    assert metadata.is_chat_model
    assert metadata.is_function_calling_model


@pytest.mark.parametrize(
    "kwargs",
    [
        {"temperature": -0.1},
        {"context_window": 0},
        {"request_timeout": 0},
        {"deadline": -1},
        {"max_retries": -1},
        {"model": ""},
        {"base_url": "ftp://host"},
        {"base_url": 5},
    ],
)
def test_values_out_of_range(kwargs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        OllamaMultiModal(**{"model": "m", **kwargs})


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"nonsense": 1}, "no argument 'nonsense'"),
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"think": True}, "Did you mean 'thinking'"),
        ({"host": "x"}, "Did you mean 'base_url'"),
        ({"max_tokens": 1, "num_predict": 1}, "the same thing"),
        ({"context_window": 4096, "num_ctx": 8192}, "the same thing"),
        ({"max_new_tokens": 100}, "Did you mean 'max_tokens'"),
        ({"prompt_key": "prompt"}, "Leave it out"),
        ({"num_ctxx": 4096}, "Did you mean 'num_ctx'"),
        ({"max_new_token": 100}, "Did you mean 'max_tokens'"),
        ({"url": "http://a"}, "Did you mean 'base_url'"),
        ({"system": "Be brief."}, "Did you mean 'system_prompt'"),
        ({"api_key": "secret"}, "Did you mean 'headers'"),
        ({"client": None}, "no argument 'client'.$"),
    ],
)
def test_arguments_that_nobody_knows(kwargs: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        OllamaMultiModal(model="m", **kwargs)


def test_the_same_window_under_both_names() -> None:
    assert OllamaMultiModal(model="m", context_window=4096, num_ctx=4096).metadata.context_window == 4096


@pytest.mark.parametrize("temperature", [1.5, 7, None])
def test_temperatures_that_the_server_takes(temperature: float | None) -> None:
    llm = OllamaMultiModal(model="m", temperature=temperature)
    assert llm.metadata.temperature == temperature
    assert OllamaMultiModal.from_dict(llm.to_dict()).temperature == temperature


def test_the_model_is_required() -> None:
    with pytest.raises(ValidationError, match="model"):
        OllamaMultiModal()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "copied",
    [
        lambda llm: pickle.loads(pickle.dumps(llm)),
        copy.deepcopy,
        copy.copy,
        lambda llm: llm.model_copy(deep=True),
        lambda llm: OllamaMultiModal.from_dict(llm.to_dict()),
        lambda llm: OllamaMultiModal.from_json(llm.to_json()),
        lambda llm: OllamaMultiModal.model_validate(llm.model_dump()),
        lambda llm: OllamaMultiModal.model_validate_json(llm.model_dump_json()),
    ],
    ids=["pickle", "deepcopy", "copy", "model_copy", "to_dict", "to_json", "model_validate", "json"],
)
def test_copies_are_equal(copied: Any) -> None:
    llm = full()
    assert settings(copied(llm)) == settings(llm)


def test_a_pickle_keeps_the_headers_that_a_dump_leaves_out() -> None:
    llm = OllamaMultiModal(model="m", headers={"Authorization": "Bearer secret"})
    assert pickle.loads(pickle.dumps(llm)).headers == llm.headers
    assert "headers" not in llm.to_dict()


def test_credentials_in_the_address_become_a_header() -> None:
    llm = OllamaMultiModal(model="m", base_url="https://me:secret@host/ollama")
    assert llm.base_url == "https://host/ollama"
    assert llm.headers == {"Authorization": "Basic bWU6c2VjcmV0"}
    assert "secret" not in repr(llm)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"base_url": "http://me:secret@host:99999"},
        {"temperature": -5, "base_url": "http://me:secret@host"},
        {"temperature": -5, "headers": {"Authorization": "Bearer secret"}},
        {"headers": {"Authorization": "Bearer secret\n"}},
        {"headers": {"Authorization": "Bearer secret\u2713"}},
        {"headers": "Bearer secret"},
    ],
)
def test_a_refusal_shows_no_secret(kwargs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"base_url|temperature|header") as caught:
        OllamaMultiModal(model="m", **kwargs)
    assert "secret" not in str(caught.value)


def test_events_see_model_and_temperature_and_no_address() -> None:
    payload = full().to_payload()
    assert payload["model"] == "m"
    assert payload["temperature"] == 0.5
    assert "host" not in str(payload)


def test_making_one_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*args: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    llm = OllamaMultiModal(model="m", base_url="http://192.0.2.1")
    assert llm.metadata.model_name == "m"
    assert llm.to_payload()["model"] == "m"
