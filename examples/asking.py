"""Whom the examples ask: the model that OLLAMA_VISION_MODEL names, on OLLAMA_HOST; else the demo model, at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama

PICTURES = Path(__file__).parent / "pictures"


def real_model() -> str | None:
    """The model to ask on a real server, if one is named."""
    return os.environ.get("OLLAMA_VISION_MODEL")


@contextmanager
def vision_model(**settings: Any) -> Iterator[OllamaMultiModal]:
    """A client, and a server behind it for as long as the `with` lasts."""
    settings = {"temperature": 0.0, **settings}
    if name := real_model():
        yield OllamaMultiModal(model=name, **settings)
    else:
        with EmbeddedOllama() as server:
            yield OllamaMultiModal(model=server.model, base_url=server.url, **settings)
