"""Connections: re-used, on any number of event loops, in threads, after fork and unpickling; nothing leaks."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llama_index.multi_modal_llms.ollama import OllamaMultiModal, OllamaServer
from ollama_embedded import Gate
from ollama_vision import errors
from ollama_vision.http import limits as _limits
from tests.support.endpoints import method_of, twelve
from tests.support.wire_server import SOON, Seen, WireServer, answer, attempt, client, last, part, reply, stream

HELLO = [ChatMessage(role="user", content="hello")]
SAYS_A = answer("chat", "A")


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


async def ask_often(llm: OllamaMultiModal, count: int = 3) -> list[str]:
    return [(await llm.achat(HELLO)).message.content or "" for _ in range(count)]


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


COPIES: dict[str, Callable[[OllamaMultiModal], OllamaMultiModal]] = {
    "pickle": lambda llm: pickle.loads(pickle.dumps(llm)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "model_copy": lambda llm: llm.model_copy(update={"temperature": 0.1}),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_works_and_so_does_the_original(how: str) -> None:
    with WireServer(SAYS_A) as server:
        llm = client(server, headers={"X-Key": "k"}, deadline=SOON)
        assert attempt(llm, "chat").text == "A"
        twin = COPIES[how](llm)
        assert attempt(twin, "chat").text == "A"
        assert attempt(twin, "achat").text == "A"
        del twin
        gc.collect()
        assert attempt(llm, "chat").text == "A"
        assert {seen.headers["x-key"] for seen in server.asked} == {"k"}


def test_a_pickle_of_a_server_works() -> None:
    with WireServer() as wire:
        server = OllamaServer(wire.url, headers={"X-Key": "k"})
        assert server.version() == "0.13.0"
        assert pickle.loads(pickle.dumps(server)).version() == "0.13.0"
        assert {seen.headers["x-key"] for seen in wire.requests} == {"k"}


@pytest.mark.parametrize("endpoint", ["chat", "stream_chat", "achat", "astream_chat"])
def test_a_dropped_object_leaks_nothing(endpoint: str) -> None:
    with WireServer(SAYS_A) as server:
        before = open_files()
        for _ in range(10):
            assert attempt(client(server), endpoint).text == "A"
        assert server.wait_until_closed()
        assert open_files() <= before


async def test_an_object_dropped_on_a_running_loop_leaks_nothing() -> None:
    with WireServer(SAYS_A) as server:
        await ask_often(client(server), 1)
        gc.collect()
        assert await asyncio.to_thread(server.wait_until_closed)


async def test_an_object_dropped_in_another_thread_closes_what_its_loop_has() -> None:
    with WireServer(SAYS_A) as server:
        held = [client(server)]
        await ask_often(held[0], 1)
        await asyncio.to_thread(held.clear)
        gc.collect()
        assert await asyncio.to_thread(server.wait_until_closed)


def test_close_and_use_again() -> None:
    with WireServer(SAYS_A) as server:
        llm = client(server)
        for _ in range(2):
            assert attempt(llm, "chat").text == "A"
            llm.close()
            assert server.wait_until_closed()
        llm.close()


async def test_aclose_and_use_again() -> None:
    with WireServer(SAYS_A) as server:
        llm = client(server)
        for _ in range(2):
            await ask_often(llm, 1)
            await asyncio.to_thread(llm.chat, HELLO)
            await llm.aclose()
            assert await asyncio.to_thread(server.wait_until_closed)
        await llm.aclose()


async def test_close_on_a_running_loop_closes_its_connections_soon() -> None:
    with WireServer(SAYS_A) as server:
        llm = client(server)
        await ask_often(llm, 1)
        llm.close()
        assert await asyncio.to_thread(server.wait_until_closed)


@pytest.mark.parametrize("method", ["close", "aclose"])
async def test_a_server_object_is_closed_as_well(method: str) -> None:
    with WireServer() as wire:
        server = OllamaServer(wire.url)
        assert await server.aversion() == "0.13.0"
        if method == "aclose":
            await server.aclose()
        else:
            server.close()
        assert await asyncio.to_thread(wire.wait_until_closed)


def run_script(source: str, *arguments: str, flags: tuple[str, ...] = ()) -> str:
    """Run a script of its own, which must end well and complain about nothing."""
    head = """
        import asyncio, gc, os, pickle, sys
        from llama_index.core.base.llms.types import ChatMessage
        from llama_index.multi_modal_llms.ollama import OllamaMultiModal
        HELLO = [ChatMessage(role="user", content="hello")]
        def make():
            return OllamaMultiModal(model="m", base_url=sys.argv[1], check_capabilities=False, max_retries=0)
        llm = make()
    """
    done = subprocess.run(
        [sys.executable, *flags, "-c", textwrap.dedent(head) + textwrap.dedent(source), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_a_fork_shares_no_connection_with_its_parent() -> None:
    source = """
        async def ask():
            return (await llm.achat(HELLO)).message.content

        async def parent():
            before = llm.chat(HELLO).message.content, await ask()
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
            return before

        assert llm.chat(HELLO).message.content == "A"
        child = os.fork()
        if child == 0:
            ok = llm.chat(HELLO).message.content == "A" and asyncio.run(ask()) == "A"
            del llm
            gc.collect()
            os._exit(0 if ok else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert llm.chat(HELLO).message.content == "A"
        assert asyncio.run(parent()) == ("A", "A")
        print("done")
    """
    with WireServer(SAYS_A) as server:
        assert run_script(source, server.url) == "done\n"
        by_connection = [seen.connection for seen in server.asked]
    # parent, child (its own two), parent on its first connection again, and once more with one for its loop
    assert by_connection[0] == by_connection[3] == by_connection[4]
    assert len(set(by_connection)) == 4


def test_nothing_is_left_for_the_garbage_collector_to_complain_about() -> None:
    source = """
        async def ask(llm, held):
            await llm.achat(HELLO)
            stream = await llm.astream_chat(HELLO)
            async for _ in stream:
                break
            held.append(await llm.astream_chat(HELLO))

        llm.chat(HELLO)
        for _ in llm.stream_chat(HELLO):
            break
        held = [llm.stream_chat(HELLO)]
        asyncio.run(ask(llm, held))
        asyncio.run(ask(make(), held))
        held.clear()
        del llm
        gc.collect()
        left_open = make()
        left_open.chat(HELLO)
        unread = left_open.stream_chat(HELLO)
        print("done")
    """
    with WireServer(SAYS_A) as server:
        flags = ("-W", "ignore", "-W", "error::ResourceWarning", "-W", "error::RuntimeWarning")
        assert run_script(source, server.url, flags=flags) == "done\n"


def test_nest_asyncio_makes_no_noise_and_leaves_nothing_open() -> None:
    # Its loops have no hooks for async generators: one that is dropped is ended in place, and cannot wait there.
    source = """
        import nest_asyncio
        nest_asyncio.apply()

        async def ask(llm):
            assert (await llm.achat(HELLO)).message.content == "A"

        async def nested(llm):
            asyncio.run(ask(llm))
            await ask(llm)

        async def closed(llm):
            await ask(llm)
            before = len(os.listdir("/proc/self/fd"))
            await llm.aclose()
            print("closed", before - len(os.listdir("/proc/self/fd")))

        asyncio.run(closed(llm))
        asyncio.run(nested(llm))
        del llm
        gc.collect()
        another = make()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(ask(another))
        loop.close()
        del another
        gc.collect()
        asyncio.run(ask(make()))
    """
    with WireServer(SAYS_A) as server:
        assert run_script(source, server.url) == "closed 1\n"


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


def test_a_fork_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = _limits.executors()
    assert _limits.executors() is parents
    monkeypatch.setattr(_limits, "_executors", parents)  # put back at the end
    monkeypatch.setattr("os.getpid", lambda: parents.pid + 1)
    assert _limits.executors() is not parents
