"""Pictures from URLs, never from an address that the caller did not mean."""

from __future__ import annotations

from .material import refusal, shown_url
from .options import ImageOptions


def fetch(url: str, options: ImageOptions, *, where: str) -> bytes:
    raise refusal(where, shown_url(url), "cannot be fetched", "Fetch it yourself and pass the bytes.")
