"""Life cycle of a model on its server: capabilities, loading, unloading, closing the connections."""

from __future__ import annotations

from collections.abc import Collection
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ollama_vision.http import run_blocking
from ollama_vision.lazy import LazyModule

from .settings import ModelSettings

if TYPE_CHECKING:
    from ollama_vision.server import ModelCapabilities
    from ollama_vision.sight import SightReport

    from . import proving as _proving
    from . import server_calls as _server_calls
else:  # what asks is opened when something is asked
    _proving, _server_calls = (LazyModule(f"{__package__}.{name}") for name in ("proving", "server_calls"))


class OnServer(ModelSettings):
    """What is done with the model and the server, besides asking."""

    def capabilities(self) -> ModelCapabilities:
        """What the model can do, from the server; asked once."""
        return run_blocking(_server_calls.fetch_capabilities(self._blocking, self))

    async def acapabilities(self) -> ModelCapabilities:
        """`capabilities` on an event loop."""
        return await _server_calls.fetch_capabilities(self._on_loop, self)

    def preload(self) -> None:
        """Load the model, with the options that calls will use, so that the first answer does not wait for it."""
        run_blocking(_server_calls.load_model(self._blocking, self, self.keep_alive))

    async def apreload(self) -> None:
        """`preload` on an event loop."""
        await _server_calls.load_model(self._on_loop, self, self.keep_alive)

    def unload(self) -> None:
        """Free the model's memory on the server."""
        run_blocking(_server_calls.load_model(self._blocking, self, 0))

    async def aunload(self) -> None:
        """`unload` on an event loop."""
        await _server_calls.load_model(self._on_loop, self, 0)

    def prove_sight(self, *, seed: int | None = None) -> SightReport:
        """Prove that the model sees what it is sent, as `ollama_vision.prove_sight` does.

        Raises:
            BlindModelError: it does not; `report` says what it seems to get.
        """
        return run_blocking(_proving.prove(self._blocking, self, seed))

    async def aprove_sight(self, *, seed: int | None = None) -> SightReport:
        """`prove_sight` on an event loop."""
        return await _proving.prove(self._on_loop, self, seed)

    def close(self) -> None:
        """Close open connections. Dropping the object does so too; using it again opens new ones."""
        self._connections.close()

    async def aclose(self) -> None:
        """`close` on an event loop."""
        await self._connections.aclose()

    def _fitted(self, found: tuple[ModelCapabilities, int], given: Collection[str]) -> Self:
        """The object with the settings that fit its model, as far as they were not given."""
        _, window = found
        if "context_window" in given:
            return self
        # With them, as they are: a num_ctx among them was given, and goes on to win.
        return self.model_copy(update={"context_window": window, "additional_kwargs": self.additional_kwargs})

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
