"""The object itself: copied, pickled, dumped and made again, in other processes and on other loops."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import json
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.multi_modal_llms.base import MultiModalLLM, MultiModalLLMMetadata
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal
from ollama_embedded import EmbeddedOllama
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


@ways
def test_every_setting_survives(again: Callable[[OllamaMultiModal], OllamaMultiModal]) -> None:
    llm = OllamaMultiModal(model="m", base_url="http://host:1", **SETTINGS)
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


def test_what_it_is(demo_server: EmbeddedOllama) -> None:
    llm = OllamaMultiModal(model="m")
    assert isinstance(llm, LLM)
    assert isinstance(llm, FunctionCallingLLM)
    assert isinstance(llm, MultiModalLLM)
    assert isinstance(llm.metadata, MultiModalLLMMetadata)
    assert llm.class_name() == "Ollama_multi_modal_llm"
    assert not OllamaMultiModal.__abstractmethods__


def test_a_class_of_the_users_own(serve: Serve) -> None:
    class Shy(OllamaMultiModal):
        @classmethod
        def class_name(cls) -> str:
            return "shy_multi_modal_llm"

    serving = serve("Fine.")
    shy = Shy(model="m", base_url=serving.server.url)
    assert shy.chat([ChatMessage(content="Hello")]).message.content == "Fine."
    assert Shy.from_dict(shy.to_dict()).base_url == serving.server.url
