"""What is asked of the server besides answers: what the model can do, settings that fit it, loading and unloading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ollama_vision import errors
from ollama_vision.http import IO, Deadline
from ollama_vision.server import Api, ModelCapabilities, fetch_settings

from .arguments import resolve_arguments
from .call import Asker

if TYPE_CHECKING:
    from ollama_vision.pictures import ServerSizes


async def fetch_capabilities(io: IO, llm: Asker) -> ModelCapabilities:
    """What the model can do; asked once for each object, model and server, also by many calls at once."""
    return await llm._known.get(api_of(io, llm), llm.model)


def api_of(io: IO, llm: Asker, silence: float | None = None) -> Api:
    """For what is no call of an endpoint: by the object's own settings, or so many seconds of silence."""
    clock = Deadline(silence or llm.request_timeout, llm.deadline)
    return Api(io, llm._target, clock, llm.max_retries)


async def server_sizes(io: IO, llm: Asker, pictures: Any) -> ServerSizes | None:
    """The sizes that the model's server leaves alone, for pictures that are prepared before their call is made."""
    if pictures is None or not llm.check_capabilities:
        return None
    return (await fetch_capabilities(io, llm)).server_sizes


async def fetch_fitting(io: IO, llm: Asker) -> tuple[ModelCapabilities, int]:
    """What the model can do, and the context that fits it, in tokens; what `from_server` asks."""
    api = api_of(io, llm)
    found = await fetch_settings(api, llm.model)
    llm._known.put(api.target, llm.model, found[0])
    return found


async def load_model(
    io: IO,
    llm: Asker,
    keep_alive: float | str | None,
    kwargs: Mapping[str, Any] | None = None,
    silence: float | None = None,
) -> None:
    """A request without a prompt loads the model; with `keep_alive` 0 it unloads it.

    `kwargs` are those of the calls to come, and `silence` is borne in place of `request_timeout`.
    """
    body: dict[str, Any] = {"model": llm.model}
    if keep_alive is not None:
        body["keep_alive"] = keep_alive
    if keep_alive != 0:  # other options than those of the calls to come would load it twice
        body["options"] = resolve_arguments(llm, "generate", kwargs or {}).options
    reply = await api_of(io, llm, silence).fetch("/api/generate", body)
    if reply.get("done") is not True:
        raise errors.StreamInterruptedError(
            f"{llm.base_url} does not say that {llm.model!r} was loaded or unloaded: its answer ended without `done`."
        )
