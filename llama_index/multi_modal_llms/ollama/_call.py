"""One call, from arguments to answer: the only body behind the eight endpoints.

Everything here is written over an `IO` (see `_transport`), so that sync and async are the same code.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import AudioBlock, ChatMessage, ImageBlock, VideoBlock

from . import _capabilities, _images, _messages, errors
from ._answers import has_tool_calls, text_of, with_text
from ._api import Api
from ._call_log import CallLog
from ._capabilities import ModelCapabilities
from ._clock import Clock
from ._exchange import Exchange
from ._images import PreparedAudio, PreparedImage
from ._json_answers import asks_again, unfit
from ._overflow import with_shares
from ._request import Arguments, Request, chat_request, generate_request, resolve
from ._response import Accumulator, Response
from ._target import Asked
from ._tool_results import refuse_lost_pictures
from ._transport import IO

if TYPE_CHECKING:
    from .base import OllamaMultiModal

logger = logging.getLogger(__name__)

Media = Sequence[PreparedImage | PreparedAudio]


@dataclass(frozen=True)
class Call:
    """What one endpoint was asked, before any picture is read."""

    arguments: Arguments
    needs: frozenset[str]
    """Abilities that the model must have, as far as that can be told before the pictures are read."""
    build: Callable[[], tuple[Request, Media]]
    """Prepare the pictures and build the request: reads, decodes and encodes, so never run on an event loop."""
    again: Callable[[str, str], Call]
    """The call that follows an answer with further words of the user's."""


def chat_call(llm: OllamaMultiModal, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Call:
    arguments = resolve(llm, "chat", kwargs)
    flat = _messages.flatten(messages)
    refuse_lost_pictures(flat, kwargs.get("tools") or ())
    if arguments.keep_pictures is not None:
        flat = _messages.with_newest_pictures(flat, arguments.keep_pictures)

    def build() -> tuple[Request, Media]:
        prepared = {
            (index, position): _images.prepare_block(
                block,
                arguments.image_options,
                where=f"{message.where}.blocks[{position}]",
                options_from_call=arguments.image_options_from_call,
            )
            for index, message in enumerate(flat)
            for position, block in message.media()
        }
        wire = _messages.to_wire(flat, prepared)
        return chat_request(llm, arguments, wire), [item for message in wire for item in message.media]

    blocks = [block for message in flat for _, block in message.media()]

    def again(answer: str, words: str) -> Call:
        said = ChatMessage(role="assistant", content=answer), ChatMessage(role="user", content=words)
        return chat_call(llm, [*messages, *said], kwargs)

    return Call(arguments, _needs(arguments, blocks), build, again)


def complete_call(llm: OllamaMultiModal, prompt: str, image_documents: Any, kwargs: Mapping[str, Any]) -> Call:
    arguments = resolve(llm, "generate", kwargs)
    has_pictures = image_documents is not None
    if has_pictures and not prompt:
        raise ValueError(
            "complete() was given pictures but an empty prompt: the server would load the model and ignore the "
            "pictures. Ask something about them."
        )

    def build() -> tuple[Request, Media]:
        media: Media = _images.prepare_documents(image_documents, arguments.image_options) if has_pictures else ()
        return generate_request(llm, arguments, prompt, media), media

    needs = _needs(arguments, ()) | ({"vision"} if has_pictures else frozenset())

    def again(answer: str, words: str) -> Call:
        return complete_call(llm, f"{prompt}\n\n{answer}\n\n{words}", image_documents, kwargs)

    return Call(arguments, needs, build, again)


async def whole(io: IO, llm: OllamaMultiModal, call: Call) -> Response:
    """The answer, when it is all there; where it must be JSON, the JSON in it, asked for once more if there is none.

    Raises:
        StructuredOutputError: it is not what `format` asks for, asked again or not.
    """
    asked = 0
    while True:
        answer = await _collected(io, llm, call)
        asked += 1
        expected = call.arguments.expected
        if expected is None or has_tool_calls(answer):
            return answer
        try:
            return with_text(answer, expected.find(text_of(answer)))
        except ValueError as fault:
            reason = str(answer.additional_kwargs.get("finish_reason") or "")
            if reason == "length" or asked > llm.max_validation_retries:
                raise unfit(llm.model, text_of(answer), str(fault), reason, asked) from fault
            call = call.again(text_of(answer), asks_again(str(fault), expected.schema))


async def _collected(io: IO, llm: OllamaMultiModal, call: Call) -> Response:
    """It comes as a stream too, so that silence and cancelling mean the same."""
    reply = await begin(io, llm, call, every_line=False)
    last = None
    try:
        while (items := await reply.more()) is not None:
            for item in items:
                last = item
    finally:
        await reply.close()
    assert last is not None, "a reply without an item is an error already"  # noqa: S101
    return last


async def begin(io: IO, llm: OllamaMultiModal, call: Call, *, every_line: bool = True) -> Reply:
    """Send the call and wait for its first line: what goes wrong until then is raised here."""
    arguments = call.arguments
    clock = Clock.start(llm.request_timeout, arguments.deadline)
    api = Api(io, llm._target(), clock, arguments.max_retries)
    needs = call.needs
    if llm.check_capabilities and needs:
        await _check(api, llm, needs)
    request, media = await io.run(lambda: _prepared(call, clock), clock)
    really = needs | {"audio" if isinstance(item, PreparedAudio) else "vision" for item in media}
    if llm.check_capabilities and really != needs:
        await _check(api, llm, really)
    asked = Asked.at(api.target, llm.model, request.media_bytes)
    log = CallLog(llm.model, asked.url, request.path)
    log.leaves(request.content_length, len(media), request.media_bytes)
    try:
        try:
            exchange = await api.send(request, asked)
        except errors.PictureCacheError as lost:
            if not any(isinstance(item, PreparedImage) for item in media):
                raise
            logger.info("%s. Asked once more with other bytes for the same pixels.", str(lost).partition(". ")[0])
            request = await io.run(functools.partial(_with_new_pictures, request), clock)
            media = request.media
            asked = Asked.at(api.target, llm.model, request.media_bytes)
            exchange = await api.send(request, asked)
    except BaseException as error:
        log.status = getattr(error, "status", None)
        log.failed(error)
        if isinstance(error, errors.ContextOverflowError):
            raise with_shares(error, media, llm._known.peek(api.target, llm.model)) from error
        if isinstance(error, errors.ModelNotFoundError):
            raise await _capabilities.with_near_names(api, llm.model, error) from error
        raise
    log.status = exchange.status
    accumulator = Accumulator(
        arguments.endpoint,
        asked,
        headers=exchange.headers,
        every_line=every_line,
        tools_offered=arguments.offers_tools,
        tool_rules=arguments.tool_rules,
        pictures=[item.describe() for item in media],
        expected=arguments.expected if every_line else None,
    )
    reply = Reply(exchange, accumulator, log)
    await reply.wait()
    return reply


def _prepared(call: Call, clock: Clock) -> tuple[Request, Media]:
    """What is prepared in a thread cannot be stopped from outside: it looks at the clock itself."""
    with _images.ended_by(clock.check):
        return call.build()


def _with_new_pictures(request: Request) -> Request:
    """For a server that lost one of them in its cache, where it knows pictures by their bytes."""
    return request.with_media(
        [_images.with_other_bytes(item) if isinstance(item, PreparedImage) else item for item in request.media]
    )


class Reply:
    """An answer that is coming in. Whatever goes wrong with an item, whoever takes the items closes it."""

    def __init__(self, exchange: Exchange, accumulator: Accumulator, log: CallLog) -> None:
        self._exchange = exchange
        self._accumulator = accumulator
        self._log = log
        self._begun: Iterator[Response] | None = None

    async def wait(self) -> None:
        """Wait for the first item, and keep it: what goes wrong until then is raised here."""
        try:
            while (items := await self.more()) is not None:
                if (first := next(items, None)) is not None:
                    self._begun = chain((first,), items)
                    return
        except BaseException:
            await self.close()
            raise

    async def more(self) -> Iterator[Response] | None:
        """The items of the lines that one more read brings, made as they are taken; `None` at the end."""
        if self._begun is not None:
            items, self._begun = self._begun, None
            return items
        try:
            if (lines := await self._exchange.lines()) is not None:
                return self._accumulator.items(lines)
            self._accumulator.end()
        except errors.OllamaMultiModalError as error:
            # The answer may be whole already, and only the end of its transmission be missing.
            whole = self._accumulator.done and isinstance(error, (errors.StreamInterruptedError, TimeoutError))
            if not whole:
                self._accumulator.carrying(error)
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
        if self._accumulator.fault is not None:
            self._log.failed(self._accumulator.fault)
        elif self._accumulator.done:
            self._log.answered(*self._accumulator.usage, self._accumulator.finish_reason)
        else:
            self._log.left()
        await self._exchange.close()


async def _check(api: Api, llm: OllamaMultiModal, needs: frozenset[str]) -> None:
    """Refuse what the model says it cannot do."""
    if missing := (await llm._known.get(api, llm.model)).missing(needs):
        raise await _capabilities.refuse(api, llm.model, missing, needs)


async def known(io: IO, llm: OllamaMultiModal) -> ModelCapabilities:
    """What the model can do; asked once for each object, model and server, also by many calls at once."""
    return await llm._known.get(api_of(io, llm), llm.model)


def api_of(io: IO, llm: OllamaMultiModal, silence: float | None = None) -> Api:
    """For what is no call of an endpoint: by the object's own settings, or so many seconds of silence."""
    clock = Clock.start(silence or llm.request_timeout, llm.deadline)
    return Api(io, llm._target(), clock, llm.max_retries)


async def load(
    io: IO,
    llm: OllamaMultiModal,
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
        body["options"] = resolve(llm, "generate", kwargs or {}).options
    reply = await api_of(io, llm, silence).fetch("/api/generate", body)
    if reply.get("done") is not True:
        raise errors.StreamInterruptedError(
            f"{llm.base_url} does not say that {llm.model!r} was loaded or unloaded: its answer ended without `done`."
        )


async def fitted(io: IO, llm: OllamaMultiModal, given: Collection[str]) -> OllamaMultiModal:
    """The object with the settings that fit its model, as far as they were not given."""
    api = api_of(io, llm)
    found, window = await _capabilities.fitting(api, llm.model)
    changes: dict[str, Any] = {}
    if "is_function_calling_model" not in given and found.abilities is not None:
        changes["is_function_calling_model"] = "tools" in found.abilities
    if "context_window" not in given:
        changes["context_window"] = window
    llm._known.put(api.target, llm.model, found)
    return llm.model_copy(update=changes)


def _needs(arguments: Arguments, blocks: Sequence[Any]) -> frozenset[str]:
    needs = {
        "vision": any(isinstance(block, (ImageBlock, VideoBlock)) or _messages.is_pdf(block) for block in blocks),
        "audio": any(isinstance(block, AudioBlock) for block in blocks),
        "tools": arguments.offers_tools,
        "thinking": arguments.wants_thinking,
        "insert": bool(arguments.fields.get("suffix")),
    }
    return frozenset(ability for ability, needed in needs.items() if needed)
