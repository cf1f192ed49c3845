"""Redaction: a call's headers, wrapped so that events, spans and logs cannot show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ollama_vision.http import checked_headers


class HiddenHeaders(str):
    """Headers of one call, in a form that may stand in events, spans and logs: it says nothing."""

    headers: dict[str, str]

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> HiddenHeaders:
        hidden = cls("(hidden)")
        hidden.headers = checked_headers(headers)
        return hidden

    @staticmethod
    def read(value: Any) -> dict[str, str]:
        return value.headers if isinstance(value, HiddenHeaders) else checked_headers(value or {})


def with_hidden_headers(kwargs: dict[str, Any]) -> dict[str, Any]:
    """A call's keywords, its headers hidden."""
    headers = kwargs.get("extra_headers")
    return {**kwargs, "extra_headers": HiddenHeaders.of(headers)} if isinstance(headers, Mapping) else kwargs
