"""Fixtures for anyone's tests: a small Ollama that is there when a test asks for it. Imports pytest only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .embedded import EmbeddedOllama

_OF_THE_SERVER = ("faults", "aliases", "num_parallel", "version", "origins", "host", "port", "keep_requests")


@pytest.fixture(scope="session")
def ollama_server() -> Iterator[EmbeddedOllama]:
    """The demo model, once for all tests: `ollama_server.url`, `ollama_server.model`."""
    with _start(lambda embedded: embedded.EmbeddedOllama()) as server:
        yield server


@pytest.fixture
def scripted_ollama() -> Iterator[Callable[..., EmbeddedOllama]]:
    """Starts servers that say what the test tells them, and ends them after it.

    >>> def test_it(scripted_ollama):
    ...     server = scripted_ollama("A red circle.", aliases=["llava"])

    Keywords are those of `EmbeddedOllama` (faults, aliases, num_parallel, version, origins, host, port, keep_requests)
    and of `ScriptedEngine` (model, capabilities, context_length, ...).
    """
    with ExitStack() as servers:

        def start(replies: Any = None, **settings: Any) -> EmbeddedOllama:
            of_server = {name: settings.pop(name) for name in _OF_THE_SERVER if name in settings}
            of_engine = settings if replies is None else {"replies": replies, **settings}

            def make(embedded: Any) -> EmbeddedOllama:
                scripted = embedded.ScriptedEngine(**of_engine)
                server: EmbeddedOllama = embedded.EmbeddedOllama(engine=scripted, **of_server)
                return server

            return servers.enter_context(_start(make))

        yield start


def _start(make: Callable[[Any], EmbeddedOllama]) -> EmbeddedOllama:
    """A server; the test fails with one line that says what to install when the extra is not there."""
    import ollama_embedded

    from .extra import ExtraMissing

    try:
        return make(ollama_embedded).start()
    except ExtraMissing as fault:
        missing = str(fault)
    # Outside of the handler: pytest would show the exception a second time.
    pytest.fail(missing, pytrace=False)
