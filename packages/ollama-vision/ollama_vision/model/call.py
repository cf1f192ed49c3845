"""One call, from arguments to answer: the only body behind the eight endpoints.

Everything here is written over an `IO` (see `_io`), so that sync and async are the same code.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ollama_vision import errors, pictures
from ollama_vision.http import IO, Deadline, Target
from ollama_vision.pictures import PreparedAudio, PreparedImage, ServerSizes
from ollama_vision.protocol import Accumulator, Request
from ollama_vision.server import (
    Api,
    CapabilityCache,
    ModelCapabilities,
    capability_error,
    fetch_settings,
    not_found_error,
)

from .arguments import Arguments, Settings, resolve_arguments
from .call_log import CallLog
from .reasking import Attempts, ask_until_it_fits

if TYPE_CHECKING:
    from ollama_vision.http import HttpResponse

logger = logging.getLogger(__name__)

T = TypeVar("T")
Media = Sequence[PreparedImage | PreparedAudio]


class Asker(Settings, Protocol):
    """What a call takes from the object besides its settings; `OllamaMultiModal` is one."""

    base_url: str
    request_timeout: float | None
    max_validation_retries: int
    check_capabilities: bool
    _known: CapabilityCache

    def _target(self) -> Target: ...
    def _clock(self) -> Deadline: ...
    def _blocking(self) -> IO: ...
    def _on_loop(self) -> IO: ...


@dataclass(frozen=True)
class Call(Generic[T]):
    """What one endpoint was asked, before any picture is read."""

    arguments: Arguments
    needs: frozenset[str]
    """Abilities that the model must have, as far as that can be told before the pictures are read."""
    build: Callable[[ServerSizes | None], tuple[Request, Media]]
    """Prepare the pictures, for a server that leaves such sizes alone, and build the request: reads, decodes and
    encodes, so never run on an event loop."""
    make: Callable[[], Callable[[Accumulator[T]], T]]
    """What makes the items of one answer: what its endpoint gives."""
    again: Callable[[str, str], Call[T]]
    """The call that follows an answer with further words of the user's."""
    is_prepared: bool = False
    """Whether its pictures are prepared already: then `build` makes JSON of a question, and nothing else."""


async def collect(io: IO, llm: Asker, call: Call[T]) -> T:
    """The answer, when it is all there; where it must be JSON, the JSON in it, asked for once more if there is none.

    Raises:
        StructuredOutputError: it is not what `format` asks for, asked again or not.
    """
    expected = call.arguments.expected
    if expected is None:
        return (await collect_once(io, llm, call)).item
    attempts: Attempts[Accumulator[T], str] = Attempts(llm.model, expected, llm.max_validation_retries)
    so_far, found = await ask_until_it_fits(
        functools.partial(collect_once, io, llm), call, lambda call, text, words: call.again(text, words), attempts
    )
    return so_far.item if found == so_far.text else so_far.replace_text(found)


async def collect_once(io: IO, llm: Asker, call: Call[T]) -> Accumulator[T]:
    """The answer as it is, asked for once. It comes as a stream too, so that silence and cancelling mean the same."""
    reply = await start(io, llm, call, every_line=False)
    try:
        while (items := await reply.next_items()) is not None:
            for _ in items:
                pass
    finally:
        await reply.close()
    return reply.so_far


async def start(io: IO, llm: Asker, call: Call[T], *, every_line: bool = True) -> Reply[T]:
    """Send the call and wait for its first line: what goes wrong until then is raised here."""
    arguments = call.arguments
    clock = Deadline(llm.request_timeout, arguments.deadline)
    api = Api(io, llm._target(), clock, arguments.max_retries)
    needs = call.needs
    if llm.check_capabilities and needs:
        await _check(api, llm, needs)
    known = llm._known.peek(api.target, llm.model)
    prepare = functools.partial(_prepare_request, call, clock, known)
    request, media = prepare() if call.is_prepared else await io.run(prepare, clock)
    really = needs | {"audio" if isinstance(item, PreparedAudio) else "vision" for item in media}
    if llm.check_capabilities and really != needs:
        await _check(api, llm, really)
        known = llm._known.peek(api.target, llm.model)
    if llm.check_capabilities and known is not None and media and arguments.fields.get("truncate") is False:
        from .overflow import check_room

        check_room(media, known, arguments.options.get("num_ctx"))
    asked = api.context(llm.model, request.media_bytes)
    log = CallLog(llm.model, asked.url, request.path)
    log.leaves(request.content_length, len(media), request.media_bytes)
    try:
        try:
            response = await api.send(request, asked)
        except errors.PictureCacheError as lost:
            if not any(isinstance(item, PreparedImage) for item in media):
                raise
            logger.info("%s. Asked once more with other bytes for the same pixels.", str(lost).partition(". ")[0])
            media = await io.run(functools.partial(_with_other_bytes, media), clock)
            request = request.with_media(media)
            asked = api.context(llm.model, request.media_bytes)
            response = await api.send(request, asked)
    except BaseException as error:
        log.status = getattr(error, "status", None)
        log.failed(error)
        if isinstance(error, errors.ContextOverflowError):
            from .overflow import with_shares

            raise with_shares(error, media, known) from error
        if isinstance(error, errors.ModelNotFoundError):
            raise await not_found_error(api, llm.model, error) from error
        raise
    log.status = response.status
    accumulator = Accumulator(
        arguments.endpoint,
        asked,
        call.make(),
        headers=response.headers,
        every_line=every_line,
        tools_offered=arguments.offers_tools,
        tool_rules=arguments.tool_rules,
        pictures=[_described(item, known) for item in media],
        expected=arguments.expected if every_line else None,
    )
    reply = Reply(response, accumulator, log)
    await reply.wait()
    return reply


def _prepare_request(call: Call[T], clock: Deadline, known: ModelCapabilities | None) -> tuple[Request, Media]:
    """What is prepared in a thread cannot be stopped from outside: it looks at the clock itself."""
    with pictures.cancel_scope(clock.check):
        return call.build(known.server_sizes if known else None)


def _described(item: PreparedImage | PreparedAudio, known: ModelCapabilities | None) -> dict[str, Any]:
    """What was sent of it, and what the server makes of that where it is known."""
    told = item.describe()
    if known is not None and isinstance(item, PreparedImage) and (frame := known.picture_frame(item.size)) is not None:
        told["frame"] = frame.describe()
    return told


def _with_other_bytes(media: Media) -> Media:
    """The same pictures for a server that lost one of them in its cache, where it knows them by their bytes."""
    return [pictures.with_other_bytes(item) if isinstance(item, PreparedImage) else item for item in media]


class Reply(Generic[T]):
    """An answer that is coming in. Whatever goes wrong with an item, whoever takes the items closes it."""

    def __init__(self, response: HttpResponse, accumulator: Accumulator[T], log: CallLog) -> None:
        self._response = response
        self.so_far = accumulator
        self._log = log
        self._begun: Iterator[T] | None = None

    async def wait(self) -> None:
        """Wait for the first item, and keep it: what goes wrong until then is raised here."""
        try:
            while (items := await self.next_items()) is not None:
                if (first := next(items, None)) is not None:
                    self._begun = chain((first,), items)
                    return
        except BaseException:
            await self.close()
            raise

    async def next_items(self) -> Iterator[T] | None:
        """The items of the lines that one more read brings, made as they are taken; `None` at the end."""
        if self._begun is not None:
            items, self._begun = self._begun, None
            return items
        try:
            if (lines := await self._response.lines()) is not None:
                return self.so_far.items(lines)
            self.so_far.end()
        except errors.OllamaMultiModalError as error:
            # The answer may be whole already, and only the end of its transmission be missing.
            whole = self.so_far.done and isinstance(error, (errors.StreamInterruptedError, TimeoutError))
            if not whole:
                self.so_far.with_partial(error)
            await self.close()
            if whole:
                return None
            raise
        except BaseException:
            await self.close()
            raise
        await self.close()
        return None

    async def close(self) -> None:
        # Its traceback holds this reply: kept, both would live, and the connection with them, until a collection.
        fault, self.so_far.fault = self.so_far.fault, None
        if fault is not None:
            self._log.failed(fault)
        elif self.so_far.done:
            self._log.answered(*self.so_far.usage, self.so_far.finish_reason)
        else:
            self._log.left()
        await self._response.close()


async def _check(api: Api, llm: Asker, needs: frozenset[str]) -> None:
    """Refuse what the model says it cannot do."""
    if missing := (await llm._known.get(api, llm.model)).missing(needs):
        raise await capability_error(api, llm.model, missing, needs)


async def fetch_capabilities(io: IO, llm: Asker) -> ModelCapabilities:
    """What the model can do; asked once for each object, model and server, also by many calls at once."""
    return await llm._known.get(api_of(io, llm), llm.model)


def api_of(io: IO, llm: Asker, silence: float | None = None) -> Api:
    """For what is no call of an endpoint: by the object's own settings, or so many seconds of silence."""
    clock = Deadline(silence or llm.request_timeout, llm.deadline)
    return Api(io, llm._target(), clock, llm.max_retries)


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
