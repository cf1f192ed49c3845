"""Cache of model capabilities, by server and name: asked once by many callers (single-flight)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import LazyModule

if TYPE_CHECKING:
    from ollama_vision.http import Target

    from . import capabilities as _capabilities
    from .api import Api
    from .capabilities import ModelCapabilities
else:  # with all that asks, of which making an object needs nothing
    _capabilities = LazyModule(f"{__package__}.capabilities")


class CapabilityCache:
    """What models said about themselves, by server and name: asked once, also by many calls at once (single-flight)."""

    def __init__(self) -> None:
        self._known: dict[str, ModelCapabilities] = {}

    async def get(self, api: Api, model: str) -> ModelCapabilities:
        """Raises what `fetch_capabilities` raises."""
        key = self._key(api.target, model)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = await api.io.single_flight(
                key, lambda: _capabilities.fetch_capabilities(api, model), api.deadline
            )
        return known

    async def require(self, api: Api, model: str, needs: frozenset[str]) -> ModelCapabilities | None:
        """What is known of the model, once it is known to have these abilities; nothing is asked when there are none.

        Raises CapabilityError when the model says that it cannot do all of them, and what `get` raises.
        """
        known = self._known.get(self._key(api.target, model))
        if not needs:
            return known
        known = known or await self.get(api, model)
        if known.abilities is not None and not needs <= known.abilities:
            raise await _capabilities.capability_error(api, model, known.missing(needs), needs)
        return known

    def peek(self, target: Target, model: str) -> ModelCapabilities | None:
        """What is known without asking."""
        return self._known.get(self._key(target, model))

    def put(self, target: Target, model: str, known: ModelCapabilities) -> None:
        self._known[self._key(target, model)] = known

    @staticmethod
    def _key(target: Target, model: str) -> str:
        return f"{target.address.url} {model}"
