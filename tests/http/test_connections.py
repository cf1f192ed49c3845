"""Connections: re-used, on any number of event loops, in threads, after fork and unpickling; nothing leaks."""

from __future__ import annotations

import asyncio
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Gate
from ollama_vision import errors
from tests.support.endpoints import method_of, twelve
from tests.support.many_calls import HELLO, SAYS_A, ask_often, open_files
from tests.support.wire_attempts import attempt
from tests.support.wire_server import SOON, Seen, WireServer, answer, client, last, part, reply, stream


@twelve
def test_a_connection_is_used_again(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        llm = client(server)
        if endpoint.startswith("a"):

            async def run() -> None:
                for _ in range(5):
                    result = await method_of(llm, endpoint)(HELLO if endpoint.endswith("chat") else "hello")
                    if endpoint.startswith("astream"):
                        assert [item.delta async for item in result] == ["A", ""]

            asyncio.run(run())
        else:
            for _ in range(5):
                assert attempt(llm, endpoint).text == "A"
        assert len(server.asked) == 5
        assert server.accepted == 1


def test_an_error_leaves_the_connection_for_the_next_call() -> None:
    with WireServer(reply(400, {"error": "no"}), SAYS_A) as server:
        llm = client(server)
        assert type(attempt(llm, "chat").error) is errors.BadRequestError
        assert attempt(llm, "chat").text == "A"
        assert server.accepted == 1


def test_side_questions_share_the_connection() -> None:
    with WireServer(SAYS_A) as server:
        llm = client(server, check_capabilities=True)
        assert attempt(llm, "chat", think=True).text == "A"
        assert [seen.path for seen in server.requests] == ["/api/show", "/api/version", "/api/chat"]
        assert server.accepted == 1


def test_one_event_loop_after_the_other() -> None:
    before = open_files()
    with WireServer(SAYS_A) as server:
        llm = client(server)
        for _ in range(5):
            assert asyncio.run(ask_often(llm)) == ["A"] * 3
        assert server.accepted == 5
        assert server.wait_until_closed()
    del llm
    assert open_files() <= before


def test_many_event_loops_at_once() -> None:
    together = threading.Barrier(6, timeout=SOON)

    def run(llm: OllamaMultiModal) -> list[str]:
        async def both() -> list[str]:
            await asyncio.to_thread(together.wait)
            return await ask_often(llm)

        return asyncio.run(both())

    with WireServer(SAYS_A) as server, ThreadPoolExecutor(6) as pool:
        llm = client(server)
        assert list(pool.map(run, [llm] * 6)) == [["A"] * 3] * 6
        assert server.accepted == 6
        assert server.wait_until_closed()


def test_many_threads_at_once() -> None:
    together = threading.Barrier(6, timeout=SOON)

    def run(llm: OllamaMultiModal) -> list[str]:
        together.wait()
        return [llm.chat(HELLO).message.content or "" for _ in range(5)]

    with WireServer(SAYS_A) as server, ThreadPoolExecutor(6) as pool:
        llm = client(server)
        assert list(pool.map(run, [llm] * 6)) == [["A"] * 5] * 6
        assert server.accepted <= 6


def test_a_sync_call_inside_of_a_running_loop() -> None:
    with WireServer(SAYS_A) as server:
        llm = client(server)

        async def run() -> tuple[str | None, str | None]:
            return llm.chat(HELLO).message.content, (await llm.achat(HELLO)).message.content

        assert asyncio.run(run()) == ("A", "A")


def test_a_hundred_and_more_requests_are_in_flight_at_once() -> None:
    count = 128
    together = threading.Barrier(count, timeout=SOON)
    with WireServer([together.wait, *SAYS_A]) as server:
        llm = client(server)

        async def run() -> set[str | None]:
            replies = await asyncio.gather(*(llm.achat(HELLO) for _ in range(count)))
            return {each.message.content for each in replies}

        assert asyncio.run(run()) == {"A"}
        assert server.accepted == count


def test_a_connection_that_the_server_closed_in_the_meantime_is_made_anew() -> None:
    gate = Gate()
    with WireServer([*SAYS_A, gate], SAYS_A) as server:
        llm = client(server, max_retries=1)
        assert attempt(llm, "chat").text == "A"
        with server._lock:
            each = next(iter(server._sockets))
        each.shutdown(2)
        assert server.wait_until_closed()
        assert attempt(llm, "chat").text == "A"
        assert server.accepted == 2


def test_the_length_of_the_body_is_said_exactly() -> None:
    def says_length(seen: Seen) -> Any:
        return stream(last("chat", f"{seen.length} {seen.headers['content-length']} {len(seen.body)}"))

    with WireServer(answers=says_length) as server:
        llm = client(server)
        for text in ("", "x", "\u0085\u2028é" * 1000, "x" * 1_000_000):
            found = attempt(llm, "achat", [ChatMessage(role="user", content=text)]).text.split()
            assert len(set(found)) == 1
            assert server.asked[-1].json["messages"][0]["content"] == text
            assert "transfer-encoding" not in server.asked[-1].headers


def test_a_reply_that_was_whole_but_for_its_end_gives_no_connection_back() -> None:
    with WireServer(stream(part("chat", "A", done=True), Gate())) as server:
        held = client(server).stream_chat(HELLO)
        assert next(held).delta == "A"
        held.close()
        assert server.asked[0].left.wait(SOON)


def test_no_warning_comes_from_ordinary_use() -> None:
    with WireServer(SAYS_A) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        llm = client(server)
        assert attempt(llm, "chat").text == "A"
        assert attempt(llm, "astream_chat").text == "A"
        llm.close()


@pytest.mark.parametrize("on_loop", [False, True], ids=["sync", "async"])
def test_a_connection_that_was_never_made_is_not_kept(on_loop: bool) -> None:
    """httpcore2 calls one idle whose connecting failed; the next call would find it, and throw it out."""
    with WireServer(SAYS_A) as server:
        closed = client(server.url, max_retries=0)

    async def ask() -> Any:
        if on_loop:
            await closed.achat(HELLO)
        closed.chat(HELLO)

    async def kept() -> list[Any]:
        with pytest.raises(errors.ConnectionFailedError):
            await ask()
        pools = closed._connections
        pool = await pools.on_loop(closed._target) if on_loop else pools.blocking(closed._target)
        return pool.close()

    assert asyncio.run(kept()) == []
