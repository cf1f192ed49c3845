"""A cache of answers, keyed by the picture's bytes and the request's fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Protocol

from pydantic import BaseModel, ValidationError

from .question import PictureAnswer


class AnswerCache(Protocol):
    """Where answers are kept. It is used in threads, by several at once."""

    def get(self, key: str) -> PictureAnswer | None: ...

    def put(self, key: str, answer: PictureAnswer) -> None: ...


def key(sha256: str, request: str) -> str:
    """One name for one picture and one request, whatever the picture's file is called."""
    return hashlib.sha256(f"{sha256} {request}".encode()).hexdigest()


def recall(cache: AnswerCache, name: str, output_cls: type[BaseModel] | None) -> PictureAnswer | None:
    """The answer that was kept; `None` when there is none, or when it is none of the class any more."""
    kept = cache.get(name)
    if kept is None or output_cls is None:
        return kept
    try:
        return replace(kept, fields=output_cls.model_validate(kept.fields).model_dump(mode="json"))
    except ValidationError:
        return None
