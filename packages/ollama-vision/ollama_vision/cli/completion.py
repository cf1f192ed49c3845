"""Shell completion of model names: quickly, or none."""

from __future__ import annotations

import asyncio

from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.server import OllamaServer

PATIENCE = 1.0
"""Seconds: who pressed Tab is waiting."""


def model_names(host: str | None) -> list[str]:
    """The names, sorted; none without a server: in mid-line there is no place for an error."""
    try:
        models = asyncio.run(asyncio.wait_for(OllamaServer(host).amodels(), PATIENCE))
    except (TimeoutError, OllamaMultiModalError, ValueError):
        return []
    return sorted(model.name for model in models)
