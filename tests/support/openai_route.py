"""llama.cpp's own HTTP server with the demo model: the OpenAI-compatible API that the embedded server does not have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import xllamacpp  # type: ignore[import-untyped]

import ollama_embedded

DEMO_MODEL = Path(ollama_embedded.__file__).parent / "demo_model"


@dataclass(frozen=True)
class OpenAIRoute:
    base_url: str
    """With `/v1` at its end, as clients of such an API want it."""
    api_key: str


@contextmanager
def openai_route() -> Iterator[OpenAIRoute]:
    """It answers under every model's name while the context is open."""
    params = xllamacpp.CommonParams()
    params.model.path = str(DEMO_MODEL / "shapes-q8_0.gguf")
    params.mmproj.path = str(DEMO_MODEL / "shapes-q8_0.mmproj.gguf")
    params.n_ctx = 2048
    params.n_parallel = 1
    params.verbosity = -1  # it would write into pytest's output
    params.ui = False
    params.api_keys = ["of this test alone"]
    server = xllamacpp.Server(params)
    try:
        yield OpenAIRoute(f"{server.listening_address}/v1", params.api_keys[0])
    finally:
        del server  # which ends llama.cpp's threads
