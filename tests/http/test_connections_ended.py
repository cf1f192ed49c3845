"""How connections end: copies, pickles, dropped and closed objects, forks, garbage."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal, OllamaServer
from ollama_vision.http import limits as _limits
from tests.support.many_calls import HELLO, SAYS_A, ask_often, open_files
from tests.support.wire_attempts import attempt
from tests.support.wire_server import SOON, WireServer, client

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
        # From Python 3.12 on a fork beside threads is warned of, such as the one in which an event loop resolves names.
        assert run_script(source, server.url, flags=("-W", "ignore:This process:DeprecationWarning")) == "done\n"
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


def test_a_fork_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = _limits.executors()
    assert _limits.executors() is parents
    monkeypatch.setattr(_limits, "_executors", parents)  # put back at the end
    monkeypatch.setattr("os.getpid", lambda: parents.pid + 1)
    assert _limits.executors() is not parents
