"""A stream that is left is closed on the server: read or unread, dropped, cancelled, or kept by a handler."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing, suppress
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import Field
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.llm import LLMChatInProgressEvent
from llama_index.core.llms import callbacks as core_callbacks
from llama_index_instrumentation import get_dispatcher

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Gate
from ollama_vision import errors
from tests.support.endpoints import method_of
from tests.support.wire_server import HOLD, SOON, WireServer, answer, client, part, stream

SYNC = ("stream_complete", "stream_chat", "stream_question")
ASYNC = ("astream_complete", "astream_chat", "astream_question")


def question(endpoint: str) -> Any:
    return [ChatMessage(role="user", content="hello")] if endpoint.endswith("chat") else "hello"


def endless(endpoint: str) -> WireServer:
    """Two pieces, and then nothing, until the client leaves."""
    return WireServer(stream(part(endpoint, "A"), part(endpoint, "B"), end=[HOLD]))


def was_left(server: WireServer) -> bool:
    return server.asked[-1].left.wait(SOON)


class Keeper(BaseEventHandler):
    """Keeps every event, tracebacks and all, as some tracers do."""

    events: list[Any] = Field(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.events.append(event)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    handler = Keeper()
    root = get_dispatcher()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers.remove(handler)


def unread_and_dropped(held: Any) -> None:
    del held


def broken_off_and_dropped(held: Any) -> None:
    for _ in held:
        break


def closed_unread(held: Any) -> None:
    held.close()


def closed_read(held: Any) -> None:
    next(held)
    held.close()
    held.close()
    with pytest.raises(StopIteration):
        next(held)


def consume_badly(held: Any) -> None:
    for item in held:
        raise ValueError(item.delta)


def failed_in_the_consumer(held: Any) -> None:
    with pytest.raises(ValueError, match=r"^A$"):
        consume_badly(held)


def left_by_with(held: Any) -> None:
    with closing(held):
        next(held)


def thrown_into(held: Any) -> None:
    next(held)
    with pytest.raises(KeyError):
        held.throw(KeyError("mine"))


WAYS = [
    unread_and_dropped,
    broken_off_and_dropped,
    closed_unread,
    closed_read,
    failed_in_the_consumer,
    left_by_with,
    thrown_into,
]


@pytest.mark.parametrize("kept", [False, True], ids=["", "events kept"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("endpoint", SYNC)
def test_a_stream_that_is_left_is_closed_on_the_server(
    endpoint: str, way: Callable[[Any], None], kept: bool, request: pytest.FixtureRequest
) -> None:
    if kept:
        request.getfixturevalue("keeper")
    with endless(endpoint) as server:
        llm = client(server)
        # Held by nobody but the way of leaving it.
        way(method_of(llm, endpoint)(question(endpoint)))
        assert was_left(server)


async def a_unread_and_dropped(held: list[Any]) -> None:
    held.clear()


async def a_broken_off_and_dropped(held: list[Any]) -> None:
    async for _ in held.pop():
        break


async def a_closed_unread(held: list[Any]) -> None:
    await held[0].aclose()


async def a_closed_read(held: list[Any]) -> None:
    await anext(held[0])
    await held[0].aclose()
    await held[0].aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(held[0])


async def a_consume_badly(held: list[Any]) -> None:
    async for item in held.pop():
        raise ValueError(item.delta)


async def a_failed_in_the_consumer(held: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"^A$"):
        await a_consume_badly(held)


async def a_left_by_with(held: list[Any]) -> None:
    async with aclosing(held[0]) as answer_coming:
        await anext(answer_coming)


async def a_thrown_into(held: list[Any]) -> None:
    await anext(held[0])
    with pytest.raises(KeyError):
        await held[0].athrow(KeyError("mine"))


async def a_cancelled(held: list[Any]) -> None:
    two = asyncio.Event()

    async def read(answer_coming: AsyncIterator[Any]) -> None:
        async for item in answer_coming:
            if item.delta == "B":
                two.set()

    task = asyncio.create_task(read(held.pop()))
    await two.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


A_WAYS = [
    a_unread_and_dropped,
    a_broken_off_and_dropped,
    a_closed_unread,
    a_closed_read,
    a_failed_in_the_consumer,
    a_left_by_with,
    a_thrown_into,
    a_cancelled,
]


@pytest.mark.parametrize("kept", [False, True], ids=["", "events kept"])
@pytest.mark.parametrize("way", A_WAYS)
@pytest.mark.parametrize("endpoint", ASYNC)
async def test_an_async_stream_that_is_left_is_closed_on_the_server(
    endpoint: str, way: Callable[[list[Any]], Any], kept: bool, request: pytest.FixtureRequest
) -> None:
    if kept:
        request.getfixturevalue("keeper")
    with endless(endpoint) as server:
        llm = client(server)
        held = [await method_of(llm, endpoint)(question(endpoint))]
        await way(held)
        assert await asyncio.to_thread(was_left, server)


@pytest.mark.parametrize("begun", [False, True], ids=["before the first line", "in mid-answer"])
@pytest.mark.parametrize("endpoint", ["acomplete", "achat", "aquestion", *ASYNC])
async def test_cancelling_the_task_closes_the_request(endpoint: str, begun: bool) -> None:
    gate = Gate()
    lines = [part(endpoint, "A")] if begun else []
    with WireServer(stream(*lines, gate)) as server:
        llm = client(server)

        async def run() -> None:
            result = await method_of(llm, endpoint)(question(endpoint))
            async for _ in result:
                pass

        task = asyncio.create_task(run())
        await asyncio.to_thread(gate.reached.wait, SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(was_left, server)


class Interrupted(BaseException):
    """Stands for KeyboardInterrupt."""


class Presser(threading.Thread):
    """Presses once, and again where nothing came of it: Python drops what is raised while an object is being freed."""

    def __init__(self, server: WireServer, main: int) -> None:
        super().__init__(daemon=True)
        self._left, self._main = server.asked[0].left, main

    def run(self) -> None:
        signal.pthread_kill(self._main, signal.SIGUSR1)
        while not self._left.wait(SOON):
            signal.pthread_kill(self._main, signal.SIGUSR1)


@pytest.mark.parametrize("begun", [False, True], ids=["before the first line", "in mid-answer"])
@pytest.mark.parametrize("endpoint", ["complete", "chat", "question", *SYNC])
def test_an_interrupt_in_a_blocked_call_closes_the_request(endpoint: str, begun: bool) -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(*args: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        lines = [part(endpoint, "A")] if begun else []
        running: list[WireServer] = []
        with WireServer(stream(*lines, lambda: Presser(running[0], main).start(), HOLD)) as server:
            running.append(server)
            llm = client(server)
            with pytest.raises(Interrupted):
                list(method_of(llm, endpoint)(question(endpoint)))
            assert was_left(server)
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("endpoint", SYNC)
def test_a_stream_that_is_held_works_on(endpoint: str) -> None:
    gate = Gate()
    with WireServer(stream(part(endpoint, "A"), gate, part(endpoint, "B", done=True))) as server:
        held = method_of(client(server), endpoint)(question(endpoint))
        gc.collect()
        assert next(held).delta == "A"
        gc.collect()
        gate.open()
        assert [item.delta for item in held] == ["B"]
        assert not server.asked[0].left.is_set()
        with pytest.raises(StopIteration):
            next(held)


@pytest.mark.parametrize("endpoint", SYNC)
def test_the_request_is_sent_by_the_call(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        held = method_of(client(server), endpoint)(question(endpoint))
        assert len(server.asked) == 1
        assert [item.delta for item in held] == ["A", ""]


@pytest.mark.parametrize("endpoint", SYNC)
def test_a_stream_read_to_its_end_gives_its_connection_back(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        llm = client(server)
        for _ in range(3):
            assert [item.delta for item in method_of(llm, endpoint)(question(endpoint))] == ["A", ""]
        assert server.accepted == 1


@pytest.mark.parametrize("endpoint", ASYNC)
def test_a_stream_that_outlives_its_event_loop_does_no_harm(endpoint: str) -> None:
    with endless(endpoint) as server:
        llm = client(server)

        async def run() -> Any:
            held = await method_of(llm, endpoint)(question(endpoint))
            await anext(held)
            return held

        held = asyncio.run(run())
        assert was_left(server)
        del held
        gc.collect()


async def test_an_error_in_mid_stream_ends_the_stream() -> None:
    with WireServer(stream(part("chat", "A"), {"error": "it broke"})) as server:
        held = await client(server).astream_chat(question("chat"))
        with pytest.raises(errors.StreamInterruptedError):
            async for _ in held:
                pass
        with pytest.raises(StopAsyncIteration):
            await anext(held)


def test_events_come_once_for_each_call_and_each_piece(keeper: Keeper) -> None:
    with WireServer(answer("chat", "A", "B")) as server:
        llm = client(server)
        keeper.events.clear()
        list(llm.stream_chat(question("chat")))
    names = [type(event).__name__ for event in keeper.events]
    assert names.count("LLMChatStartEvent") == names.count("LLMChatEndEvent") == 1
    assert names.count("LLMChatInProgressEvent") == 3


def test_dropping_the_object_does_not_break_a_stream_of_it() -> None:
    gate = Gate()
    with WireServer(stream(part("chat", "A"), gate, part("chat", "B", done=True))) as server:
        llm: OllamaMultiModal | None = client(server)
        assert llm is not None
        held = llm.stream_chat(question("chat"))
        next(held)
        del llm
        gc.collect()
        gate.open()
        assert [item.delta for item in held] == ["B"]


class Callbacks(BaseCallbackHandler):
    """Notes what it is told of answers."""

    def __init__(self) -> None:
        super().__init__(event_starts_to_ignore=[], event_ends_to_ignore=[])
        self.ended: list[Any] = []

    def on_event_start(self, event_type: CBEventType, *args: Any, **kwargs: Any) -> str:
        return ""

    def on_event_end(self, event_type: CBEventType, payload: Any = None, *args: Any, **kwargs: Any) -> None:
        self.ended += [(payload or {}).get(name) for name in (EventPayload.RESPONSE, EventPayload.EXCEPTION)]

    def start_trace(self, trace_id: str | None = None) -> None: ...

    def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None: ...


@pytest.fixture
def events_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of each event that core makes of a piece, whether or not anybody is told of it."""
    made: list[str] = []

    def counted(**fields: Any) -> LLMChatInProgressEvent:
        made.append(fields["response"].delta)
        return LLMChatInProgressEvent(**fields)

    monkeypatch.setattr(core_callbacks, "LLMChatInProgressEvent", counted)
    return made


@pytest.fixture(params=["stream_chat", "astream_chat"])
def pieces(request: pytest.FixtureRequest) -> Callable[[OllamaMultiModal], Iterator[Any]]:
    """The pieces of an answer, by blocking or on a loop, one by one."""

    def on_loop(llm: OllamaMultiModal) -> Iterator[Any]:
        with closing(asyncio.new_event_loop()) as loop:
            held = loop.run_until_complete(llm.astream_chat(question("chat")))
            with suppress(StopAsyncIteration):
                while True:
                    yield loop.run_until_complete(anext(held))

    return on_loop if request.param[0] == "a" else lambda llm: llm.stream_chat(question("chat"))


def test_no_event_is_made_of_a_piece_when_nobody_listens(
    events_made: list[str], pieces: Callable[[OllamaMultiModal], Iterator[Any]]
) -> None:
    with WireServer(answer("chat", "A", "B")) as server:
        assert [item.delta for item in pieces(client(server))] == ["A", "B", ""]
    assert events_made == []


def test_who_listens_to_callbacks_alone_is_told_of_the_whole_answer(
    events_made: list[str], pieces: Callable[[OllamaMultiModal], Iterator[Any]]
) -> None:
    callbacks = Callbacks()
    with WireServer(answer("chat", "A", "B")) as server:
        items = list(pieces(client(server, callback_manager=CallbackManager([callbacks]))))
    assert callbacks.ended == [items[-1], None]
    assert events_made == ["A", "B", ""]


@pytest.mark.parametrize("after", [1, 2, 3])
def test_who_begins_to_listen_in_mid_stream_is_told_of_its_end(
    after: int, pieces: Callable[[OllamaMultiModal], Iterator[Any]]
) -> None:
    handler, root = Keeper(), get_dispatcher()
    with WireServer(answer("chat", "A", "B")) as server:
        answered = pieces(client(server))
        items = [next(answered) for _ in range(after)]
        root.add_event_handler(handler)
        try:
            items += answered
        finally:
            root.event_handlers.remove(handler)
    assert [item.delta for item in items] == ["A", "B", ""]
    told = [(type(event).__name__, event.response) for event in handler.events if hasattr(event, "response")]
    # The piece before it listened, which core has to know, and those that followed.
    assert told == [
        *(("LLMChatInProgressEvent", item) for item in items[after - 1 :]),
        ("LLMChatEndEvent", items[-1]),
    ]


def test_who_begins_to_listen_in_mid_stream_is_told_what_goes_wrong(
    pieces: Callable[[OllamaMultiModal], Iterator[Any]],
) -> None:
    handler, root = Keeper(), get_dispatcher()
    with WireServer(stream(part("chat", "A"), {"error": "it broke"})) as server:
        answered = pieces(client(server))
        next(answered)
        root.add_event_handler(handler)
        try:
            with pytest.raises(errors.StreamInterruptedError) as caught:
                next(answered)
        finally:
            root.event_handlers.remove(handler)
    assert [event.exception for event in handler.events if hasattr(event, "exception")] == [caught.value]
