"""Answers that are kept in any of LlamaIndex's key-value stores, through its IngestionCache."""

from __future__ import annotations

from typing import Any

from llama_index.core.ingestion import IngestionCache
from llama_index.core.schema import TextNode

from ollama_vision.batch import PictureAnswer

_KEPT = ("fields", "finish_reason", "usage")


class AnswersInCache:
    """An IngestionCache as a run keeps its answers in one: each as a text node, with the rest in its metadata."""

    def __init__(self, cache: IngestionCache) -> None:
        self._cache = cache

    def get(self, key: str) -> PictureAnswer | None:
        nodes = self._cache.get(key)
        if not nodes:
            return None
        kept: dict[str, Any] = {name: nodes[0].metadata.get(name) for name in _KEPT}
        return PictureAnswer(nodes[0].get_content(), kept["fields"], kept["finish_reason"] or "", kept["usage"] or {})

    def put(self, key: str, answer: PictureAnswer) -> None:
        self._cache.put(key, [TextNode(text=answer.text, metadata={name: getattr(answer, name) for name in _KEPT})])
