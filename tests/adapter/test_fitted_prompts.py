"""Pictures beside a prompt template are scaled, where they are, to a size that the model's server leaves alone."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.prompts import PromptTemplate
from PIL import Image
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision import ModelCapabilities
from tests.support import shown_models as models
from tests.support.picture_corpus import card

SIZES = ModelCapabilities.from_show(models.QWEN25_VL).server_sizes
PROMPT = PromptTemplate("What is it?")


class Thing(BaseModel):
    name: str


async def _all(stream: Any) -> list[Any]:
    return [item async for item in await stream]


WAYS: dict[str, Callable[[OllamaMultiModal, Any], Any]] = {
    "predict": lambda llm, picture: llm.predict(PROMPT, image_documents=picture),
    "stream": lambda llm, picture: list(llm.stream(PROMPT, image_documents=picture)),
    "apredict": lambda llm, picture: asyncio.run(llm.apredict(PROMPT, image_documents=picture)),
    "astream": lambda llm, picture: asyncio.run(_all(llm.astream(PROMPT, image_documents=picture))),
    "structured_predict": lambda llm, picture: llm.structured_predict(Thing, PROMPT, image_documents=picture),
    "stream_structured_predict": lambda llm, picture: list(
        llm.stream_structured_predict(Thing, PROMPT, image_documents=picture)
    ),
    "astructured_predict": lambda llm, picture: asyncio.run(
        llm.astructured_predict(Thing, PROMPT, image_documents=picture)
    ),
    "astream_structured_predict": lambda llm, picture: asyncio.run(
        _all(llm.astream_structured_predict(Thing, PROMPT, image_documents=picture))
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("checked", [True, False], ids=["what it can do is asked", "nothing is asked"])
def test_what_is_scaled_is_left_alone_by_the_server(way: str, checked: bool) -> None:
    with EmbeddedOllama(engine=ScriptedEngine('{"name": "card"}', model="m", **models.QWEN25_VL)) as server:
        llm = OllamaMultiModal(model="m", base_url=server.url, check_capabilities=checked)
        WAYS[way](llm, card((2400, 1800)))
        ((data,),) = (request.pictures for request in server.asked)
    with Image.open(io.BytesIO(data)) as sent:
        assert SIZES is not None
        assert (sent.size in SIZES) is checked, sent.size
