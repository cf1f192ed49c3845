"""Each client behind one small adapter, so that the same jobs can be given to all of them.

An adapter imports its client at the top, does what the client's own documentation shows, and gives back plain text.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

MODEL = "fake"
OPTIONS = {"temperature": 0.0, "num_ctx": 4096}
SECONDS = 120.0


class Client(Protocol):
    """What the worker asks of a client. `url` is the server's address."""

    def __init__(self, url: str) -> None: ...

    def ask(self, prompt: str, picture: Path) -> str:
        """A question about a picture on disk; the whole answer."""

    async def aask(self, prompt: str, picture: Path) -> str: ...

    def stream(self, prompt: str) -> Iterator[str]:
        """The answer's pieces."""

    def astream(self, prompt: str) -> AsyncIterator[str]: ...
