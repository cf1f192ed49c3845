"""Answers that are kept, by the picture's bytes and the request: in any of LlamaIndex's key-value stores."""

from __future__ import annotations

import hashlib
from typing import Any

from llama_index.core.ingestion import IngestionCache
from llama_index.core.schema import TextNode
from pydantic import BaseModel, ValidationError

from .asking import Answer

_KEPT = ("fields", "finish_reason", "usage")


def key(sha256: str, request: str) -> str:
    """One name for one picture and one request, whatever the picture's file is called."""
    return hashlib.sha256(f"{sha256} {request}".encode()).hexdigest()


def recall(cache: IngestionCache, name: str, output_cls: type[BaseModel] | None) -> Answer | None:
    """The answer that was kept; `None` when there is none, or when it is none of the class any more."""
    nodes = cache.get(name)
    if not nodes:
        return None
    kept: dict[str, Any] = {key: nodes[0].metadata.get(key) for key in _KEPT}
    if output_cls is not None:
        try:
            kept["fields"] = output_cls.model_validate(kept["fields"]).model_dump(mode="json")
        except ValidationError:
            return None
    return Answer(nodes[0].get_content(), kept["fields"], kept["finish_reason"] or "", kept["usage"] or {})


def keep(cache: IngestionCache, name: str, answer: Answer) -> None:
    """Keep an answer; errors are never kept."""
    cache.put(name, [TextNode(text=answer.text, metadata={key: getattr(answer, key) for key in _KEPT})])
