"""The object: its fields and what it refuses, its copies, also in other processes and on other loops, what it shows."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import json
import multiprocessing
import pickle
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.constants import DEFAULT_CONTEXT_WINDOW, DEFAULT_NUM_OUTPUTS
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.multi_modal_llms import MultiModalLLM, MultiModalLLMMetadata
from PIL import Image
from pydantic import ValidationError

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal
from tests.support.serving import Serve

SETTINGS: dict[str, Any] = {
    "temperature": 0.5,
    "context_window": 2048,
    "request_timeout": None,
    "deadline": 30.0,
    "additional_kwargs": {"seed": 7, "stop": ["x"]},
    "keep_alive": "5m",
    "thinking": "low",
    "json_mode": True,
    "max_retries": 1,
    "max_validation_retries": 2,
    "check_capabilities": False,
    "is_function_calling_model": False,
    "keep_pictures": 3,
    "image_options": ImageOptions(max_pixels=50_000, pages=(1, 2)),
    "verify": False,
    "system_prompt": "Look well.",
}
"""Every field with another value than its default."""

ways = pytest.mark.parametrize(
    "again",
    [
        lambda llm: pickle.loads(pickle.dumps(llm)),
        copy.copy,
        copy.deepcopy,
        lambda llm: llm.model_copy(),
        lambda llm: llm.model_copy(deep=True),
        lambda llm: OllamaMultiModal.from_dict(llm.to_dict()),
        lambda llm: OllamaMultiModal.from_json(llm.to_json()),
        lambda llm: OllamaMultiModal.model_validate(llm.model_dump()),
        lambda llm: OllamaMultiModal.model_validate_json(llm.model_dump_json()),
        lambda llm: OllamaMultiModal.model_validate(json.loads(json.dumps(llm.to_dict()))),
    ],
    ids=["pickle", "copy", "deepcopy", "model_copy", "deep model_copy", "dict", "json", "dump", "dump_json", "plain"],
)
"""One test over all ways of making the same object again."""


def test_the_bases() -> None:
    assert OllamaMultiModal.__bases__[-2:] == (FunctionCallingLLM, MultiModalLLM)  # before them its own parts
    assert isinstance(OllamaMultiModal(model="m"), LLM)
    assert not OllamaMultiModal.__abstractmethods__


def test_the_fields_of_the_known_class() -> None:
    llm = OllamaMultiModal(model="llava")
    assert llm.model == "llava"
    assert llm.temperature == 0.75
    assert llm.context_window == DEFAULT_CONTEXT_WINDOW == 3900
    assert llm.additional_kwargs == {}
    assert llm.request_timeout == 600.0
    assert llm.class_name() == "Ollama_multi_modal_llm"


def test_the_address_is_what_was_said_by_the_caller_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
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
    payload = OllamaMultiModal(model="m", base_url="http://host:1234/sub/", temperature=0.5).to_payload()
    assert payload["model"] == "m"
    assert payload["temperature"] == 0.5
    assert "host" not in str(payload)


def test_making_one_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    llm = OllamaMultiModal(model="m", base_url="http://192.0.2.1")
    assert llm.metadata.model_name == "m"
    assert llm.to_payload()["model"] == "m"


@ways
def test_every_setting_survives(again: Callable[[OllamaMultiModal], OllamaMultiModal]) -> None:
    llm = OllamaMultiModal(model="m", base_url="http://host:1/sub/", **SETTINGS)
    changed = {
        name for name, value in llm.model_dump().items() if value != OllamaMultiModal(model="m").model_dump()[name]
    }
    assert changed == {*SETTINGS, "base_url"}
    made = again(llm)
    assert made.model_dump() == llm.model_dump()
    assert made.image_options == ImageOptions(max_pixels=50_000, pages=(1, 2))


@ways
@pytest.mark.parametrize("loop", [False, True])
def test_what_is_made_of_a_used_object_works(
    serve: Serve, again: Callable[[OllamaMultiModal], OllamaMultiModal], loop: bool
) -> None:
    serving = serve("Fine.")
    question = [ChatMessage(content="How is it?")]

    async def use() -> None:
        assert (await serving.llm.achat(question)).message.content == "Fine."
        assert (await again(serving.llm).achat(question)).message.content == "Fine."

    serving.llm.chat(question)
    if loop:
        asyncio.run(use())
    assert again(serving.llm).chat(question).message.content == "Fine."
    assert serving.llm.chat(question).message.content == "Fine."


def test_a_pickle_keeps_the_headers_and_a_dump_does_not() -> None:
    llm = OllamaMultiModal(model="m", headers={"Authorization": "Bearer secret"})
    assert pickle.loads(pickle.dumps(llm)).headers == copy.deepcopy(llm).headers == llm.headers
    assert "headers" not in llm.to_dict()
    for dumped in (llm.to_dict(), llm.model_dump(), llm.to_json(), repr(llm), str(llm), llm.to_payload()):
        assert "secret" not in str(dumped)


@pytest.mark.parametrize("how", ["copy", "assignment"])
def test_another_address_is_another_server(serve: Serve, how: str) -> None:
    one, other = serve("One."), serve("Other.")
    llm = one.llm
    llm.chat([ChatMessage(content="Hello")])
    if how == "copy":
        llm = llm.model_copy(update={"base_url": other.server.url})
    else:
        llm.base_url = other.server.url
    assert llm.chat([ChatMessage(content="Hello")]).message.content == "Other."
    assert len(one.asked) == 1


def test_use_changes_nothing(serve: Serve) -> None:
    serving = serve("Fine.")
    before = serving.llm.to_dict()
    serving.llm.chat([ChatMessage(content="Hello")], temperature=0.1, keep_alive=3, seed=1)
    serving.llm.complete("Hello", options={"seed": 2})
    assert serving.llm.metadata
    assert serving.llm.to_dict() == before


def test_many_event_loops(serve: Serve) -> None:
    llm = serve("Fine.").llm

    async def use() -> str | None:
        return str((await llm.achat([ChatMessage(content="Hello")])).message.content)

    assert [asyncio.run(use()) for _ in range(3)] == ["Fine."] * 3


async def test_sync_calls_inside_a_running_loop(serve: Serve) -> None:
    assert serve("Fine.").llm.chat([ChatMessage(content="Hello")]).message.content == "Fine."


def describe(llm: OllamaMultiModal, picture: str) -> str:
    return llm.complete("Describe the image.", picture).text


def test_in_another_process(demo: OllamaMultiModal, scene: Image.Image, tmp_path: Path) -> None:
    scene.save(tmp_path / "scene.png")
    demo.capabilities()
    here = describe(demo, str(tmp_path / "scene.png"))
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        assert pool.submit(describe, demo, str(tmp_path / "scene.png")).result() == here


def test_the_json_schema() -> None:
    schema = OllamaMultiModal.model_json_schema()
    assert {"model", "base_url", "temperature", "image_options", "keep_pictures"} <= set(schema["properties"])
    assert schema["properties"]["temperature"]["anyOf"] == [{"minimum": 0.0, "type": "number"}, {"type": "null"}]
    assert schema["properties"]["model"]["description"]
    assert json.dumps(schema)


def test_a_class_of_the_users_own(serve: Serve) -> None:
    class Shy(OllamaMultiModal):
        @classmethod
        def class_name(cls) -> str:
            return "shy_multi_modal_llm"

    serving = serve("Fine.")
    shy = Shy(model="m", base_url=serving.server.url)
    assert shy.chat([ChatMessage(content="Hello")]).message.content == "Fine."
    assert Shy.from_dict(shy.to_dict()).base_url == serving.server.url
