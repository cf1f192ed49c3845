"""Fixtures for anyone's tests: a small Ollama that is there when a test asks for it. Imports pytest only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .embedded import EmbeddedOllama


@pytest.fixture(scope="session")
def ollama_server() -> Iterator[EmbeddedOllama]:
    """The demo model, once for all tests: `ollama_server.url`, `ollama_server.model`."""
    from . import EmbeddedOllama

    with EmbeddedOllama() as server:
        yield server


@pytest.fixture
def scripted_ollama() -> Iterator[Callable[..., EmbeddedOllama]]:
    """Starts servers that say what the test tells them, and ends them after it.

    >>> def test_it(scripted_ollama):
    ...     server = scripted_ollama("A red circle.", aliases=["llava"])
    """
    from . import EmbeddedOllama, ScriptedEngine

    with ExitStack() as servers:

        def start(replies: Any = None, *, faults: Any = (), aliases: Any = (), **engine: Any) -> EmbeddedOllama:
            settings = engine if replies is None else {"replies": replies, **engine}
            server = EmbeddedOllama(engine=ScriptedEngine(**settings), faults=faults, aliases=aliases)
            return servers.enter_context(server)

        yield start
