"""Embeddings: the body of a request to /api/embed, and the vectors in its reply. Values in, values out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ollama_vision import errors


def embed_body(model: str, texts: Sequence[str]) -> dict[str, Any]:
    """What is too long is refused: by itself a server cuts it, and says nothing."""
    return {"model": model, "input": list(texts), "truncate": False}


def vectors_in(reply: Mapping[str, Any], count: int, url: str) -> list[list[float]]:
    """One for each text, in their order, all of one length; raises BadReplyError."""
    told = reply.get("embeddings")
    vectors = told if isinstance(told, list) else []
    if len(vectors) != count or not all(map(_is_vector, vectors)) or len({len(each) for each in vectors}) > 1:
        raise errors.BadReplyError(
            f"{url}/api/embed was asked for the embeddings of {count} texts, and sent something else: {told!r:.200}"
        )
    return vectors


def _is_vector(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(map(_is_number, given))


def _is_number(given: Any) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool) and math.isfinite(given)
