"""A stream that its own caller closes, shares, or takes to another event loop: the words say who did what."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index_instrumentation import get_dispatcher

from ollama_embedded import Gate
from ollama_vision import errors
from ollama_vision.http.response import HttpResponse
from tests.support.endpoints import PLAIN, method_of, plain
from tests.support.wire_server import HOLD, SOON, Step, WireServer, client, head, part, stream

SYNC = ("stream_complete", "stream_chat", "stream_question")
ASYNC = ("astream_complete", "astream_chat", "astream_question")
OBJECT_CLOSED = r"still coming when it was closed on this side: close\(\) or aclose\(\) of the object that asked"
STREAM_CLOSED = r"still coming when it was closed on this side: this stream was closed"


def question(endpoint: str) -> Any:
    return [ChatMessage(role="user", content="hello")] if endpoint.endswith("chat") else "hello"


def in_chunks(endpoint: str) -> list[Step]:
    """A piece, and then nothing, until the client leaves."""
    return stream(part(endpoint, "A"), end=[HOLD])


def until_the_connection_ends(endpoint: str) -> list[Step]:
    """The same, as of a proxy whose replies end with their connection."""
    in_chunks = stream(part(endpoint, "A"))
    assert isinstance(in_chunks[1], bytes)
    return [head(200, {"content-type": "application/x-ndjson"}), in_chunks[1].split(b"\r\n")[1], HOLD]


replies = pytest.mark.parametrize("reply", [in_chunks, until_the_connection_ends])
Reply = Callable[[str], list[Step]]


def asker(server: WireServer, endpoint: str) -> tuple[Any, Callable[..., Any]]:
    """The object that is asked, and its endpoint."""
    llm = client(server)
    method = method_of(llm, endpoint)
    return (plain(llm) if endpoint in PLAIN else llm), lambda: method(question(endpoint))


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when somebody goes to wait for more of a reply."""
    waits = threading.Event()
    lines = HttpResponse.lines

    async def noted(self: HttpResponse) -> list[bytes] | None:
        waits.set()
        return await lines(self)

    monkeypatch.setattr(HttpResponse, "lines", noted)
    return waits


@pytest.fixture(params=[False, True], ids=["", "events heard"])
def listener(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nobody, or somebody who has core's wrapper around the stream read it too."""
    handler = Listener()
    if request.param:
        get_dispatcher().add_event_handler(handler)
    yield
    if request.param:
        get_dispatcher().event_handlers.remove(handler)


class Listener(BaseEventHandler):
    def handle(self, event: BaseEvent, **kwargs: Any) -> None: ...


pytestmark = pytest.mark.usefixtures("listener")


@replies
@pytest.mark.parametrize("endpoint", SYNC)
def test_a_stream_whose_object_was_closed_says_so(endpoint: str, reply: Reply) -> None:
    with WireServer(reply(endpoint)) as server:
        llm, ask = asker(server, endpoint)
        held = ask()
        next(held)
        llm.close()
        with pytest.raises(errors.StreamInterruptedError, match=OBJECT_CLOSED) as caught:
            next(held)
        assert caught.value.partial_text == "A"
        assert list(held) == []


@replies
@pytest.mark.parametrize("closed", ["object", "stream"])
@pytest.mark.parametrize("endpoint", SYNC)
def test_a_stream_that_another_thread_closes_says_so(
    endpoint: str, closed: str, reply: Reply, reading: threading.Event
) -> None:
    with WireServer(reply(endpoint)) as server, ThreadPoolExecutor(1) as threads:
        llm, ask = asker(server, endpoint)
        held = ask()
        next(held)
        reading.clear()
        read = threads.submit(next, held)
        assert reading.wait(SOON)
        (llm if closed == "object" else held).close()
        error = read.exception(SOON)  # a thread that waits for its socket is woken
        assert isinstance(error, errors.StreamInterruptedError)
        assert re.search(OBJECT_CLOSED if closed == "object" else STREAM_CLOSED, str(error))
        assert error.partial_text == "A"


@replies
@pytest.mark.parametrize("closed", ["object", "object by close()", "stream"])
@pytest.mark.parametrize("endpoint", ASYNC)
async def test_an_async_stream_that_another_task_closes_says_so(endpoint: str, closed: str, reply: Reply) -> None:
    with WireServer(reply(endpoint)) as server:
        llm, ask = asker(server, endpoint)
        held = await ask()
        await anext(held)
        read = asyncio.ensure_future(anext(held))
        await asyncio.sleep(0)
        if closed == "object by close()":
            llm.close()
        else:
            await (llm if closed == "object" else held).aclose()
        with pytest.raises(
            errors.StreamInterruptedError, match=STREAM_CLOSED if closed == "stream" else OBJECT_CLOSED
        ) as caught:
            await asyncio.wait_for(read, SOON)
        assert caught.value.partial_text == "A"


@pytest.mark.parametrize("endpoint", SYNC)
def test_a_second_thread_that_reads_a_stream_is_refused(endpoint: str, reading: threading.Event) -> None:
    gate = Gate()
    reply = stream(part(endpoint, "A"), gate, part(endpoint, "B", done=True))
    with WireServer(reply) as server, ThreadPoolExecutor(1) as threads:
        held = asker(server, endpoint)[1]()
        next(held)
        reading.clear()
        read = threads.submit(next, held)
        assert reading.wait(SOON)
        with pytest.raises(RuntimeError, match=r"being read by another thread.*one reader at a time"):
            next(held)
        gate.open()
        assert read.result(SOON).delta == "B"
        assert list(held) == []


@pytest.mark.parametrize("endpoint", ASYNC)
async def test_a_second_task_that_reads_a_stream_is_refused(endpoint: str) -> None:
    gate = Gate()
    with WireServer(stream(part(endpoint, "A"), gate, part(endpoint, "B", done=True))) as server:
        held = await asker(server, endpoint)[1]()
        await anext(held)
        read = asyncio.ensure_future(anext(held))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=r"being read by another task.*one reader at a time"):
            await anext(held)
        gate.open()
        assert (await asyncio.wait_for(read, SOON)).delta == "B"
        assert [item async for item in held] == []


@pytest.mark.parametrize("endpoint", ASYNC)
def test_a_stream_is_refused_on_another_event_loop_and_goes_on_on_its_own(endpoint: str) -> None:
    with WireServer(stream(part(endpoint, "A", done=True))) as server, closing(asyncio.new_event_loop()) as loop:
        llm, ask = asker(server, endpoint)
        held = loop.run_until_complete(ask())

        async def read() -> Any:
            return await anext(held)

        with pytest.raises(RuntimeError, match=r"asked for on another event loop.*Read it there"):
            asyncio.run(read())
        assert loop.run_until_complete(read()).delta == "A"
        loop.run_until_complete(held.aclose())
        loop.run_until_complete(llm.aclose())
