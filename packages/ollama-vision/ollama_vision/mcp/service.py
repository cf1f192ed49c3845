"""What a server of tools works with: roots, a model found when it is first asked, and how errors are told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ollama_vision.model import VisionModel

    from .roots import Roots

T = TypeVar("T")
Report = Callable[[float, float | None, str], Awaitable[None]]
"""Tells who called a tool how far it is: done, of how many where that is known, and what is going on."""

_URL = re.compile(r"(?!file:)(?:data:|[A-Za-z][A-Za-z0-9+.-]*://)", re.IGNORECASE)


@dataclass
class Service:
    """Holds what the tools share; nothing is asked or read when it is made."""

    roots: Roots
    find_model: Callable[[], str]
    """Whom to ask; it waits for a server, and is called in a thread when the first tool needs it. Raises
    OllamaMultiModalError."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of VisionModel: the server, headers, options."""
    think: bool | None = None
    sight_check: bool | None = None
    """Whether a model has to show that it sees. `None`: before folders and documents, and not before a single look."""
    in_words: Callable[[str], str] = str
    """How errors are told."""

    def __post_init__(self) -> None:
        self._models: dict[str, VisionModel] = {}
        self._default = ""
        self._finding = asyncio.Lock()

    async def model_name(self) -> str:
        async with self._finding:
            if not self._default:
                self._default = await asyncio.to_thread(self.find_model)
        return self._default

    async def model(self, name: str | None = None) -> VisionModel:
        """The one of that name, else the one that is asked by default."""
        name = name or await self.model_name()
        if name not in self._models:
            self._models[name] = await asyncio.to_thread(self._made, name)
        return self._models[name]

    def _made(self, name: str) -> VisionModel:
        from ollama_vision.model import VisionModel  # in a thread: it takes longer than all else that is opened

        return VisionModel(name, require_sight=self.sight_check is True, **self.settings)

    async def picture(self, named: str) -> str | Path:
        """A URL as it is, for which the client has rules of its own; else a file below a root. Raises ImageError."""
        if _URL.match(named):
            return named
        return await asyncio.to_thread(self.roots.find, named)


async def in_thread(work: Callable[[], T]) -> T:
    """What a function gives that waits; when the task that waits for it is cancelled, its questions are closed."""
    from ollama_vision.batch import StopSwitch

    switch = StopSwitch()

    def watched() -> T:
        with switch.watched():
            return work()

    running = asyncio.get_running_loop().run_in_executor(None, copy_context().run, watched)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        switch.stop()
        running.add_done_callback(_forget)
        raise


async def as_it_comes(work: Callable[[Callable[[T], None]], object]) -> AsyncGenerator[T, None]:
    """What a function that waits tells one by one; it is stopped when this is left. Raises what it raises."""
    told: asyncio.Queue[tuple[T] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(each: T) -> None:
        loop.call_soon_threadsafe(told.put_nowait, (each,))

    run = asyncio.ensure_future(in_thread(lambda: work(tell)))
    run.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (each := await told.get()) is not None:
            yield each[0]
        await run
    finally:
        run.cancel()


def _forget(stopped: asyncio.Future[Any]) -> None:
    """Nobody waits any more for what it says of being stopped."""
    if not stopped.cancelled():
        stopped.exception()
