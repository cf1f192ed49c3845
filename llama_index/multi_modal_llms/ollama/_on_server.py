"""The object, its model and its connections: what the model can do, loading it, unloading it, closing."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from . import _call
from ._io import run_blocking

if TYPE_CHECKING:
    from ._capabilities import ModelCapabilities
    from .base import OllamaMultiModal


class OnServer:
    """A mixin: what is done with the model and the server, besides asking."""

    def _asks(self) -> OllamaMultiModal:
        """The object itself, as the rooms know it."""
        raise NotImplementedError

    def capabilities(self) -> ModelCapabilities:
        """What the model can do, from the server; asked once."""
        llm = self._asks()
        return run_blocking(_call.known(llm._blocking(), llm))

    async def acapabilities(self) -> ModelCapabilities:
        """`capabilities` on an event loop."""
        llm = self._asks()
        return await _call.known(llm._on_loop(), llm)

    def preload(self) -> None:
        """Load the model, with the options that calls will use, so that the first answer does not wait for it."""
        llm = self._asks()
        run_blocking(_call.load(llm._blocking(), llm, llm.keep_alive))

    async def apreload(self) -> None:
        """`preload` on an event loop."""
        llm = self._asks()
        await _call.load(llm._on_loop(), llm, llm.keep_alive)

    def unload(self) -> None:
        """Free the model's memory on the server."""
        llm = self._asks()
        run_blocking(_call.load(llm._blocking(), llm, 0))

    async def aunload(self) -> None:
        """`unload` on an event loop."""
        llm = self._asks()
        await _call.load(llm._on_loop(), llm, 0)

    def close(self) -> None:
        """Close open connections. Dropping the object does so too; using it again opens new ones."""
        self._asks()._connections.close()

    async def aclose(self) -> None:
        """`close` on an event loop."""
        await self._asks()._connections.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
