"""`require_sight`: proof of sight before the first picture, and anew after a connection was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ollama_vision import errors, pictures

if TYPE_CHECKING:  # what asks is opened by the first question, not with the class
    from ollama_vision.http import IO, HttpResponse
    from ollama_vision.protocol import Request
    from ollama_vision.server import Api

    from .call import Asker, Media

_MOST_LOSSES = 3
"""Connections that may be lost over one request."""


class RequiredSight:
    """Which models of which servers have proven that they see; a proof for many callers (single-flight)."""

    def __init__(self) -> None:
        self._proven: dict[str, int] = {}
        """How many connections had been lost when the proof began."""

    def __reduce__(self) -> tuple[type[RequiredSight], tuple[()]]:
        return RequiredSight, ()

    def __deepcopy__(self, memo: dict[int, Any]) -> RequiredSight:
        return RequiredSight()

    async def send(self, io: IO, api: Api, llm: Asker, request: Request, media: Media) -> HttpResponse:
        """Send a request; with pictures, where sight is required, only to a server that has proven that the model sees.

        A server that went away and came back may be another one, and a request may be the first to notice it: then it
        is sent again after the proof, and its first answer is thrown away unread.

        Raises:
            BlindModelError: the model does not see what it is sent.
        """
        if not (llm.require_sight and any(isinstance(item, pictures.PreparedImage) for item in media)):
            return await api.send(request, llm.model)
        for _ in range(_MOST_LOSSES):
            lost = await self._require(io, api, llm)
            response = await api.send(request, llm.model)
            if await io.lost_connections(api.target) == lost:
                return response
            await response.close()
        raise errors.ConnectionFailedError(
            f"{api.target.place} lost its connections {_MOST_LOSSES} times while {llm.model!r} had to prove that "
            "it sees. It restarts again and again, or something in between cuts connections: look at its log."
        )

    async def _require(self, io: IO, api: Api, llm: Asker) -> int:
        """How many connections were lost before the proof that holds now."""
        from .proving import prove

        key = f"sight {api.target.address.url} {llm.model}"
        while (lost := await io.lost_connections(api.target)) != self._proven.get(key):
            await io.single_flight(key, lambda: prove(io, llm), api.deadline)
            self._proven[key] = lost
        return lost
