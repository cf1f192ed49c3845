"""The four structured endpoints as one: ask any of them for an object, get all that it gave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal

NAMES = ("structured_predict", "astructured_predict", "stream_structured_predict", "astream_structured_predict")
four = pytest.mark.parametrize("endpoint", NAMES)
"""One test over all four."""


def predict(llm: OllamaMultiModal, endpoint: str, *args: Any, **kwargs: Any) -> list[Any]:
    """The objects that an endpoint gives: one, or the growing ones of a stream."""
    method = getattr(llm, endpoint)
    if not endpoint.startswith("a"):
        result = method(*args, **kwargs)
        return list(result) if endpoint.startswith("stream") else [result]

    async def run() -> list[Any]:
        result = await method(*args, **kwargs)
        return [item async for item in result] if endpoint.startswith("astream") else [result]

    return asyncio.run(run())
