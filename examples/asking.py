"""Whom the examples ask: the model that OLLAMA_VISION_MODEL names, on OLLAMA_HOST; else the demo model, at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama
from ollama_vision import VisionModel

PICTURES = Path(__file__).parent / "pictures"


def real_model() -> str | None:
    """The model to ask on a real server, if one is named."""
    return os.environ.get("OLLAMA_VISION_MODEL")


@contextmanager
def model_and_host() -> Iterator[tuple[str, str | None]]:
    """Its name, and a server for as long as the `with` lasts; `None` is the one that OLLAMA_HOST names."""
    if name := real_model():
        yield name, None
    else:
        with EmbeddedOllama() as server:
            yield server.model, server.url


@contextmanager
def vision_model(**settings: Any) -> Iterator[VisionModel]:
    """A client for plain Python."""
    with model_and_host() as (name, host):
        yield VisionModel(name, host, **{"temperature": 0.0, **settings})


@contextmanager
def llama_index_model(**settings: Any) -> Iterator[OllamaMultiModal]:
    """A client for LlamaIndex."""
    with model_and_host() as (name, host):
        address = {} if host is None else {"base_url": host}
        yield OllamaMultiModal(model=name, **{"temperature": 0.0, **address, **settings})
