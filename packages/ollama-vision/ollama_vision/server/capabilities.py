"""Model capabilities, read from `/api/show`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ollama_vision import errors
from ollama_vision.http import Target
from ollama_vision.pictures import ImageOptions
from ollama_vision.protocol import lacks, near_name, without
from ollama_vision.user_warnings import warn_user

from .api import Api

if TYPE_CHECKING:
    from ollama_vision.pictures import PictureFrame, ServerSizes

SUPPORTED_VERSION = (0, 12, 6)
"""The first Ollama that knows `truncate` in chat and generate: before it, too long prompts lose messages unsaid.

ollama/ollama#12519 brought it on 2025-10-09 and #12545 took it back that day; #12582 brought it again on 2025-10-11,
one day after 0.12.5.
"""
_CONTEXT_UNLESS_LOADED = 8192
_MOST_ASKED = 20
_MOST_SIZES = 1000
T = TypeVar("T")


@dataclass(frozen=True)
class ModelCapabilities:
    """What `/api/show` said about one model."""

    abilities: frozenset[str] | None
    """`None` when the server did not say: older servers send no `capabilities`."""
    context_length: int | None
    """The longest context that the model was trained for, in tokens."""
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """`model_info` and `projector_info`, from which the cost of a picture is estimated."""

    @classmethod
    def from_show(cls, reply: Mapping[str, Any]) -> ModelCapabilities:
        info = reply.get("model_info")
        info = info if isinstance(info, dict) else {}
        length = info.get(f"{info.get('general.architecture')}.context_length")
        return cls(
            abilities=abilities_of(reply),
            context_length=length if isinstance(length, int) else None,
            facts={
                "model_info": info,
                "projector_info": reply.get("projector_info") or {},
                "elsewhere": _runs_elsewhere(reply),
            },
        )

    def missing(self, needed: Iterable[str]) -> tuple[str, ...]:
        """What of the needed the model says it cannot do; nothing when it says nothing."""
        return () if self.abilities is None else tuple(sorted(set(needed) - self.abilities))

    def picture_tokens(self, size: tuple[int, int], options: ImageOptions | None = None) -> int | None:
        """How many tokens a picture of that width and height takes, about; `None` for model families not known.

        Reckoned for the size that it is sent in, with `options` or the usual ones: with a region for that part of the
        upright picture, and with tiles for these and the whole together.
        """
        from ollama_vision.pictures import sizes_as_sent  # few ask, and every import of the client would pay for both

        from .picture_tokens import estimate_picture_tokens

        sent = sizes_as_sent(size, (options or ImageOptions()).for_server(self.server_sizes))
        costs = [estimate_picture_tokens(each, self.facts) for each in sent]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def picture_frame(self, size: tuple[int, int]) -> PictureFrame | None:
        """What the server makes of a picture of that width and height as it is sent: it scales it once more, centres it
        and fills it up with bars, and models count their boxes in that.

        For families that cut pictures into tiles it is the picture as it is sent. `None` where it cannot be known: of
        families that are not, and of models in the cloud or on Ollama's MLX runner.
        """
        from .picture_frames import frame_of

        return frame_of(size, self.facts)

    @cached_property
    def picture_costs(self) -> PictureCosts:
        """By the size that a picture is sent in: its tokens, about, as of `picture_tokens`."""
        return PictureCosts(self.facts)

    @cached_property
    def picture_frames(self) -> PictureFrames:
        """By the size that a picture is sent in: `picture_frame` of it."""
        return PictureFrames(self.facts)

    @cached_property
    def server_sizes(self) -> ServerSizes | None:
        """The sizes of pictures that the server leaves alone; `None` for families that have no such."""
        from .picture_frames import sizes_left_alone

        return sizes_left_alone(self.facts)


class _BySize(dict[tuple[int, int], T]):
    """What is reckoned once for each size of pictures, for most come in few."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.facts = facts

    def __missing__(self, size: tuple[int, int]) -> T:
        if len(self) >= _MOST_SIZES:
            self.clear()
        self[size] = found = self.reckon(size)
        return found

    def reckon(self, size: tuple[int, int]) -> T:
        raise NotImplementedError

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.facts,)


class PictureCosts(_BySize[int | None]):
    def reckon(self, size: tuple[int, int]) -> int | None:
        from .picture_tokens import estimate_picture_tokens

        return estimate_picture_tokens(size, self.facts)


class PictureFrames(_BySize["PictureFrame | None"]):
    def reckon(self, size: tuple[int, int]) -> PictureFrame | None:
        from .picture_frames import frame_of

        return frame_of(size, self.facts)


def _runs_elsewhere(reply: Mapping[str, Any]) -> bool:
    """Whether another program than llama.cpp looks at the pictures: in the cloud, or Ollama's MLX runner."""
    details = reply.get("details")
    files = details.get("format") if isinstance(details, dict) else None
    return bool(reply.get("remote_model") or reply.get("remote_host") or files == "safetensors")


def abilities_of(reply: Mapping[str, Any]) -> frozenset[str] | None:
    """The `capabilities` of a show reply or of one entry of tags."""
    listed = reply.get("capabilities")
    return frozenset(str(item) for item in listed) if isinstance(listed, list) else None


def version_of(text: str) -> tuple[int, ...] | None:
    """`0.12.6-rc1` -> (0, 12, 6); `None` for 0.0.0, which is any build from source, and for what is no number."""
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    numbers = tuple(int(part) for part in match.groups()) if match else None
    return numbers if numbers and any(numbers) else None


async def fetch_capabilities(api: Api, model: str) -> ModelCapabilities:
    """Ask about a model, and warn when the server is too old to be trusted with long prompts.

    Raises:
        ModelNotFoundError: with the nearest names on that server.
    """
    capabilities = await _shown(api, model)
    try:
        version = await server_version(api.without_retries())
    except errors.OllamaMultiModalError:  # a proxy may let no more through; the warning is a courtesy
        version = None
    if version is not None and version < SUPPORTED_VERSION:
        warn_user(too_old(api.target, version))
    return capabilities


async def _shown(api: Api, model: str) -> ModelCapabilities:
    try:
        reply = await api.fetch("/api/show", {"model": model})
    except errors.ModelNotFoundError as error:
        raise await not_found_error(api, model, error) from error
    if _lacks_a_list(reply):
        whole = await _try_fetch(api, "/api/show", {"model": model, "verbose": True})
        reply = {**reply, "projector_info": whole.get("projector_info") or reply["projector_info"]}
    return ModelCapabilities.from_show(reply)


def _lacks_a_list(reply: Mapping[str, Any]) -> bool:
    """Whether the sizes that pictures are cut by are left out: Ollama tells lists of more than five when asked to.

    Only of models that have them, since it then tells the whole vocabulary too.
    """
    projector = reply.get("projector_info")
    return isinstance(projector, dict) and any(
        name.endswith(".image_grid_pinpoints") and not value for name, value in projector.items()
    )


async def server_version(api: Api) -> tuple[int, ...] | None:
    reply = await api.fetch("/api/version")
    return version_of(str(reply.get("version", "")))


def too_old(target: Target, version: tuple[int, ...]) -> str:
    shown, needed = (".".join(map(str, numbers)) for numbers in (version, SUPPORTED_VERSION))
    return (
        f"{target.address.url} runs Ollama {shown}, which cuts long prompts, pictures included, without a word. "
        f"Update it to {needed} or later."
    )


async def fetch_settings(api: Api, model: str) -> tuple[ModelCapabilities, int]:
    """What `from_server` asks: version, model, and what of it is loaded now; with the context that fits.

    Raises:
        ServerError: the server is too old.
    """
    version = await server_version(api)
    if version is not None and version < SUPPORTED_VERSION:
        raise errors.ServerError(too_old(api.target, version))
    capabilities = await _shown(api, model)
    loaded = [
        entry.get("context_length")
        for entry in _entries(await api.fetch("/api/ps"))
        if model in (entry.get("name"), entry.get("model"), str(entry.get("name")).removesuffix(":latest"))
    ]
    window = next((length for length in loaded if isinstance(length, int) and length > 0), _CONTEXT_UNLESS_LOADED)
    return capabilities, min(window, capabilities.context_length or window)


async def capability_error(
    api: Api, model: str, missing: tuple[str, ...], needed: frozenset[str]
) -> errors.CapabilityError:
    """The refusal, with the models on that server that can do all that the call needs."""
    candidates = await _candidates(api, needed)
    if candidates is None:
        there = "The server does not tell which of its models can; ollama show NAME does."
    elif candidates:
        there = f"On that server these can do all that the call needs: {', '.join(candidates)}."
    elif needed == {"vision"}:  # it sees, and that is all that it does
        there = "No model on that server can do all that the call needs; get one, such as: ollama pull gemma3:4b."
    else:
        there = "No model on that server can do all that the call needs."
    return errors.CapabilityError(
        f"The model {model!r} on {api.target.address.url} {lacks(missing)}. {there}{without(missing)}",
        missing=missing,
        candidates=candidates or (),
    )


async def not_found_error(api: Api, model: str, error: errors.ModelNotFoundError) -> errors.ModelNotFoundError:
    """The same error, with the nearest names and what the server has."""
    listed = await _try_fetch(api, "/api/tags")
    if not listed:
        return error
    names = [str(entry.get("name", "")).removesuffix(":latest") for entry in _entries(listed)]
    others = [name for name in names if name.partition(":")[0] == model.partition(":")[0]]
    near = f" Did you mean {others[0]!r}?" if others else near_name(model, names)
    has = f" That server has: {', '.join(names[:10])}." if names else " That server has no model at all."
    return errors.ModelNotFoundError(f"{error}.{near}{has}", status=error.status, body=error.body)


async def _candidates(api: Api, needed: frozenset[str]) -> tuple[str, ...] | None:
    """Models with all the abilities; `None` when the server does not say what its models can do."""
    fitting, told = [], False
    for index, entry in enumerate(_entries(await _try_fetch(api, "/api/tags"))):
        name = str(entry.get("name", ""))
        abilities = abilities_of(entry)
        if abilities is None and index < _MOST_ASKED:
            abilities = abilities_of(await _try_fetch(api, "/api/show", {"model": name}))
        if abilities is not None:
            told = True
            if needed <= abilities:
                fitting.append(name)
    return tuple(fitting) if told else None


async def _try_fetch(api: Api, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """An answer, or none: what is asked for a better message must not hide what went wrong."""
    try:
        return await api.without_retries().fetch(path, body)
    except errors.OllamaMultiModalError:
        return {}


def _entries(reply: Mapping[str, Any]) -> list[dict[str, Any]]:
    models = reply.get("models")
    return [entry for entry in models if isinstance(entry, dict)] if isinstance(models, list) else []
