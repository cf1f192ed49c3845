"""Clients of the official SDK on our MCP server: in this process, over standard input and output, and over HTTP."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult

from ollama_embedded import EmbeddedOllama
from ollama_vision.cli.common.shell_words import in_shell_words
from ollama_vision.mcp import Roots, Service, make_server
from tests.support.command_line import process

PROGRAM = [sys.executable, "-m", "ollama_vision", "mcp"]


class Progress(list[tuple[float, "float | None", "str | None"]]):
    """Notifications of progress, as they came."""

    def __init__(self) -> None:
        super().__init__()
        self._came = asyncio.Condition()

    async def has(self, count: int) -> bool:
        """Waits for so many."""
        async with self._came:
            return await self._came.wait_for(lambda: len(self) >= count)

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        async with self._came:
            self.append((progress, total, message))
            self._came.notify_all()


@asynccontextmanager
async def in_process(root: Path | list[Path], server: EmbeddedOllama | str, **more: Any) -> AsyncIterator[Client]:
    """A client on a server of this process; `more` is for `Service`."""
    url, model = (server, "m") if isinstance(server, str) else (server.url, server.model)
    settings = {"base_url": url, **more.pop("settings", {})}
    roots = Roots.of(root if isinstance(root, list) else [root])

    def in_words(text: str) -> str:
        return in_shell_words(text, "mcp")

    service = Service(roots, more.pop("find_model", lambda: model), settings, in_words=in_words, **more)
    async with Client(make_server(service, version="1")) as client:
        yield client


def over_stdio(*words: str) -> Client:
    return Client(StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:], *words]))


@contextmanager
def over_http(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program, and the URL that it says."""
    program = process("mcp", "--http", "127.0.0.1:0", *words)
    try:
        assert program.stderr is not None
        yield program, program.stderr.readline().strip()
    finally:
        program.kill()
        program.communicate()


def texts(result: CallToolResult) -> list[str]:
    return [block.text for block in result.content if block.type == "text"]


def said(result: CallToolResult) -> str:
    """The one text of a call that went well."""
    assert not result.is_error, texts(result)
    (text,) = texts(result)
    return text


def refusal(result: CallToolResult) -> str:
    """The one text of a call that came to nothing."""
    assert result.is_error, texts(result)
    (text,) = texts(result)
    return text
