"""One call, from arguments to answer: the only body behind the eight endpoints.

Everything here is written over an `IO` (see `http.io`), so that sync and async are the same code.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ollama_vision import errors, pictures
from ollama_vision.http import IO, AsyncIO, BlockingIO, Deadline, Target
from ollama_vision.pictures import ImageOptions, PreparedAudio, PreparedImage
from ollama_vision.protocol import Accumulator, Request, generate_request
from ollama_vision.server import Api, CapabilityCache, ModelCapabilities, not_found_error

from .arguments import Arguments, Settings
from .budgets import LEAST_WINDOW, within_budgets
from .call_log import CallLog
from .reasking import Attempts, ask_until_it_fits

if TYPE_CHECKING:
    from ollama_vision.http import HttpResponse

logger = logging.getLogger(__name__)

T = TypeVar("T")
Media = Sequence[PreparedImage | PreparedAudio]


class Sight(Protocol):
    """Who sends requests to models that have proven that they see: `RequiredSight`."""

    async def send(self, io: IO, api: Api, llm: Asker, request: Request, media: Media) -> HttpResponse: ...


class Asker(Settings, Protocol):
    """What a call takes from the object besides its settings; `OllamaMultiModal` is one."""

    base_url: str
    request_timeout: float | None
    max_validation_retries: int
    check_capabilities: bool
    require_sight: bool
    _known: CapabilityCache

    @property
    def _sight(self) -> Sight: ...
    @property
    def _target(self) -> Target: ...
    @property
    def _blocking(self) -> BlockingIO: ...
    @property
    def _on_loop(self) -> AsyncIO: ...


class Pictures:
    """The pictures of one question: read and prepared once, also when it is asked again."""

    def __init__(self, given: Any, where: str) -> None:
        """`given` is one or a list; `where` is how errors name them."""
        self.given, self._where = given, where

    def prepare(self, options: ImageOptions) -> list[PreparedImage]:
        self.given = pictures.prepare_documents(self.given, options, where=self._where)
        prepared: list[PreparedImage] = self.given
        return prepared


class Asked(Protocol):
    """What a call asks: a `Prompt` or a `Conversation`."""

    @property
    def needs(self) -> frozenset[str]:
        """The abilities that its pictures and sounds ask for, as far as that is told before they are read."""

    @property
    def is_prepared(self) -> bool:
        """Whether its pictures are prepared already: then `build` makes JSON of a question, and nothing else."""

    def build(self, model: str, arguments: Arguments, options: ImageOptions) -> tuple[Request, Media]:
        """Prepare the pictures and build the request: reads, decodes and encodes, so never run on an event loop.

        `options` are those of the arguments, fitted to the server where it is known.
        """


@dataclass(frozen=True)
class Prompt:
    """A prompt, and the pictures beside it; by /api/generate."""

    text: str
    pictures: Pictures | None = None

    @property
    def needs(self) -> frozenset[str]:
        return _NOTHING if self.pictures is None else _VISION

    @property
    def is_prepared(self) -> bool:
        given = None if self.pictures is None else self.pictures.given
        return isinstance(given, (list, tuple)) and all(isinstance(one, PreparedImage) for one in given)

    def build(self, model: str, arguments: Arguments, options: ImageOptions) -> tuple[Request, Media]:
        media: Sequence[PreparedImage] = () if self.pictures is None else self.pictures.prepare(options)
        text = self.text
        if any(picture.tile is not None or picture.seconds is not None for picture in media):
            text = pictures.with_parts_named(text, media)
        return generate_request(model, text, media, arguments), media


_NOTHING: frozenset[str] = frozenset()
_VISION = frozenset(("vision",))


@dataclass(frozen=True)
class Call(Generic[T]):
    """What one endpoint was asked, before any picture is read."""

    arguments: Arguments
    asked: Asked
    make: Callable[[], Callable[[Accumulator[T]], T]]
    """What makes the items of one answer: what its endpoint gives."""
    again: Callable[[str, str], Call[T]]
    """The call that follows an answer with further words of the user's."""

    @property
    def needs(self) -> frozenset[str]:
        """Abilities that the model must have, as far as that can be told before the pictures are read."""
        return self.asked.needs | self.arguments.needs


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
    api = Api(io, llm._target, clock, arguments.max_retries)
    needs = call.needs if llm.check_capabilities else _NOTHING
    known = await llm._known.require(api, llm.model, needs)
    options = arguments.image_options
    if known is not None and known.server_sizes is not None:
        options = options.for_server(known.server_sizes)
    build: Callable[[], tuple[Request, Media]] = functools.partial(call.asked.build, llm.model, arguments, options)
    if isinstance(options.frames, str) or options.tiles is not None:
        build = within_budgets(build, arguments, known)
    request, media = build() if call.asked.is_prepared else await do_work(io, build, clock)
    if llm.check_capabilities and media:
        if (really := needs | {_ability(item) for item in media}) != needs:
            known = await llm._known.require(api, llm.model, really)
        if known is not None and arguments.fields.get("truncate") is False:
            _check_room(media, known, arguments.options.get("num_ctx"))
    log = CallLog(llm.model, api.target, request, len(media))
    send = llm._sight.send if llm.require_sight else _send
    try:
        try:
            response = await send(io, api, llm, request, media)
        except errors.PictureCacheError as lost:
            if not any(isinstance(item, PreparedImage) for item in media):
                raise
            logger.info("%s. Asked once more with other bytes for the same pixels.", str(lost).partition(". ")[0])
            media = await do_work(io, functools.partial(_with_other_bytes, media), clock)
            request = request.with_media(media)
            response = await send(io, api, llm, request, media)
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
        api.context(llm.model, request.media_bytes),
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


def _check_room(media: Media, known: ModelCapabilities, window: object) -> None:
    """Refuse, before anything is sent, pictures that alone are far more than the context holds, as far as is known."""
    costs = [known.picture_costs[item.mapping.sent_size] for item in media if isinstance(item, PreparedImage)]
    if not isinstance(window, int) or None in costs:
        return
    share, window = sum(cost for cost in costs if cost is not None), max(window, LEAST_WINDOW)
    if share > window * _SURELY:
        from .overflow import no_room

        raise no_room(share, window, media, known)


_SURELY = 1.5
"""Times the context: by so much no version of llama.cpp, and hardly a server's own limits, make pictures smaller."""


def _described(item: PreparedImage | PreparedAudio, known: ModelCapabilities | None) -> dict[str, Any]:
    """What was sent of it, and what the server makes of that where it is known."""
    told = item.describe()
    if known is not None and isinstance(item, PreparedImage) and (frame := known.picture_frames[item.size]) is not None:
        told["frame"] = frame.describe()
    return told


def _ability(item: PreparedImage | PreparedAudio) -> str:
    return "audio" if isinstance(item, PreparedAudio) else "vision"


async def do_work(io: IO, work: Callable[[], T], clock: Deadline) -> T:
    """Do work that reads, decodes or encodes: in place where nothing but the caller waits, else away from the loop."""
    if clock.ends_at is not None:
        work = functools.partial(_until_deadline, work, clock)
    return work() if isinstance(io, BlockingIO) else await io.run(work, clock)


def _until_deadline(work: Callable[[], T], clock: Deadline) -> T:
    """What is prepared in a thread cannot be stopped from outside: it looks at the clock itself."""
    with pictures.cancel_scope(clock.check):
        done = work()
    clock.check()
    return done


async def _send(io: IO, api: Api, llm: Asker, request: Request, media: Media) -> HttpResponse:
    return await api.send(request, llm.model)


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
