"""A choice asked through each of its doors, and what it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_vision import Choice, VisionModel
from tests.support.serving import Serving

DOORS = ("choose", "achoose", "class choose", "class achoose")
each_door = pytest.mark.parametrize("door", DOORS)
DOT = Image.new("RGB", (8, 8), "red")
YES_NO = ["yes", "no"]


def choose(door: str, url: str, model: str, question: Any, labels: Any, picture: Any = DOT, **keywords: Any) -> Choice:
    name = door.rpartition(" ")[2]
    if door.startswith("class"):
        method = getattr(OllamaMultiModal(model=model, base_url=url), name)
        given = {} if picture is None else {"image_documents": picture}
        result = method(question, labels, **given, **keywords)
    else:
        given_pictures = () if picture is None else (picture,)
        result = getattr(VisionModel(model, url), name)(question, labels, *given_pictures, **keywords)
    choice: Choice = asyncio.run(_awaited(result)) if name == "achoose" else result
    return choice


async def _awaited(result: Any) -> Any:
    return await result


def put(serving: Serving, door: str, labels: Any = YES_NO, question: Any = "Is it red?", **keywords: Any) -> Choice:
    return choose(door, serving.server.url, "m", question, labels, **keywords)
