"""A stream that is left is closed on the server: read or unread, dropped, cancelled, or kept by a handler."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import pytest
from llama_index_instrumentation import get_dispatcher

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Gate
from ollama_vision import errors
from tests.support.endpoints import method_of
from tests.support.kept_events import Keeper, question
from tests.support.wire_server import HOLD, SOON, WireServer, answer, client, part, stream

SYNC = ("stream_complete", "stream_chat", "stream_question")
ASYNC = ("astream_complete", "astream_chat", "astream_question")


def endless(endpoint: str) -> WireServer:
    """Two pieces, and then nothing, until the client leaves."""
    return WireServer(stream(part(endpoint, "A"), part(endpoint, "B"), end=[HOLD]))


def was_left(server: WireServer) -> bool:
    return server.asked[-1].left.wait(SOON)


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
