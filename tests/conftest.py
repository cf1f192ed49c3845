"""What many tests share: a server with the demo model, and pictures that it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama
from ollama_embedded.scenes import Shape, draw_scene

_FRESH_EACH_TIME = re.compile(r"\bat 0x[0-9a-fA-F]{6}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-")
"""An address or a UUID in a test's name: pytest-xdist needs the same names in all of its processes."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that take minutes, a cluster or a browser run when they are asked for by their marker: -m soak."""
    for item in items:
        if _FRESH_EACH_TIME.search(item.name):
            raise pytest.UsageError(f"{item.nodeid} has another name in each process: give its case an id of its own")
    asked = config.getoption("-m")
    unasked = [name for name in ("soak", "ray", "browser") if name not in asked]
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in unasked)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def demo_server() -> Iterator[EmbeddedOllama]:
    """The embedded Ollama with the demo model, for the whole run."""
    with EmbeddedOllama() as server:
        yield server


@pytest.fixture
def demo(demo_server: EmbeddedOllama) -> OllamaMultiModal:
    """The client on that server; temperature 0, so that answers repeat."""
    return OllamaMultiModal(model="shapes", base_url=demo_server.url, temperature=0.0, context_window=2048)


@pytest.fixture
def scene() -> Image.Image:
    """A blue square at the top left, a green triangle at the bottom right."""
    return draw_scene(Shape("blue", "square", "top left"), Shape("green", "triangle", "bottom right"))
