"""Many first calls at once ask the server once what the model can do; what becomes of one of them harms no other."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import Gate
from ollama_vision import errors
from tests.support.wire_server import SHOW, SOON, WireServer, answer, client, reply

HELLO = [ChatMessage(role="user", content="hello")]
ABLE = reply(200, {**SHOW, "capabilities": ["completion", "vision", "tools", "thinking"]})
MANY = 12


def shows_asked(server: WireServer) -> int:
    return [seen.path for seen in server.requests].count("/api/show")


def asking(server: WireServer, **settings: Any) -> OllamaMultiModal:
    return client(server, check_capabilities=True, **settings)


async def ask(llm: OllamaMultiModal, **kwargs: Any) -> str | None:
    return (await llm.achat(HELLO, think=True, **kwargs)).message.content


async def settled(*tasks: asyncio.Task[Any]) -> None:
    """Every task has come to where it waits for another."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


async def test_tasks_of_a_loop_ask_once() -> None:
    with WireServer(answer("chat", "A"), routes={"/api/show": ABLE}) as server:
        llm = asking(server)
        assert await asyncio.gather(*(ask(llm) for _ in range(MANY))) == ["A"] * MANY
        assert shows_asked(server) == 1


def test_threads_ask_once() -> None:
    gate = Gate()
    together = threading.Barrier(MANY + 1, timeout=SOON)
    with WireServer(answer("chat", "A"), routes={"/api/show": [gate, *ABLE]}) as server:
        llm = asking(server)

        def run(number: int) -> str | None:
            together.wait()
            return llm.chat(HELLO, think=True).message.content

        with ThreadPoolExecutor(MANY) as pool:
            answers = pool.map(run, range(MANY))
            together.wait()
            gate.open()
            assert list(answers) == ["A"] * MANY
        assert shows_asked(server) <= 2, "a thread may come when the first answer is there, and not yet kept"


def test_loops_and_threads_at_once_each_ask() -> None:
    with WireServer(answer("chat", "A"), routes={"/api/show": ABLE}) as server:
        llm = asking(server)

        async def both() -> list[str | None]:
            asked = [asyncio.create_task(ask(llm)) for _ in range(2)]
            await asyncio.sleep(0)  # a task of this loop is asking, and the loop stands still for the call:
            return [llm.chat(HELLO, think=True).message.content, *await asyncio.gather(*asked)]

        assert asyncio.run(both()) == ["A"] * 3
        with ThreadPoolExecutor(2) as pool:
            assert [*pool.map(lambda _: asyncio.run(both()), range(2))] == [["A"] * 3] * 2


async def test_the_failure_of_one_is_not_that_of_the_others() -> None:
    gate = Gate()
    with WireServer(answer("chat", "A"), routes={"/api/show": [gate, *reply(500, {"error": "broken"})]}) as server:
        llm = asking(server)
        tasks = [asyncio.create_task(ask(llm)) for _ in range(3)]
        await asyncio.to_thread(gate.reached.wait, SOON)
        await settled(*tasks)
        server._routes["/api/show"] = ABLE
        gate.open()
        first, *others = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(first, errors.ServerError)
        assert others == ["A", "A"]
        assert shows_asked(server) == 3


@pytest.mark.parametrize("who", [0, 1], ids=["the one who asks", "one who waits"])
async def test_cancelling_one_does_not_end_the_question_for_the_others(who: int) -> None:
    gate = Gate()
    with WireServer(answer("chat", "A"), routes={"/api/show": [gate, *ABLE]}) as server:
        llm = asking(server)
        tasks = [asyncio.create_task(ask(llm)) for _ in range(3)]
        await asyncio.to_thread(gate.reached.wait, SOON)
        await settled(*tasks)
        server._routes["/api/show"] = ABLE
        tasks[who].cancel()
        gate.open()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in found].count(asyncio.CancelledError) == 1
    assert found.count("A") == 2
    assert shows_asked(server) == (3 if who == 0 else 1)


@pytest.mark.parametrize("on_loop", [False, True], ids=["sync", "async"])
def test_who_waits_keeps_his_own_deadline(on_loop: bool) -> None:
    gate = Gate()
    with WireServer(answer("chat", "A"), routes={"/api/show": [gate, *ABLE]}) as server:
        llm = asking(server)

        def late() -> str | None:
            return llm.chat(HELLO, think=True).message.content

        async def both() -> list[Any]:
            first = asyncio.create_task(ask(llm))
            await asyncio.to_thread(gate.reached.wait, SOON)
            with pytest.raises(errors.DeadlineError):
                await ask(llm, deadline=0.1)
            gate.open()
            return [await first]

        if on_loop:
            assert asyncio.run(both()) == ["A"]
        else:
            with ThreadPoolExecutor(1) as pool:
                first = pool.submit(late)
                assert gate.reached.wait(SOON)
                with pytest.raises(errors.DeadlineError):
                    llm.chat(HELLO, think=True, deadline=0.1)
                gate.open()
                assert first.result() == "A"
        assert shows_asked(server) == 1
