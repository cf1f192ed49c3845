"""Warnings point at the user's line, whatever stands between it and us: core's wrappers, an event loop, ours."""

from __future__ import annotations

import asyncio
import linecache
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.tools import FunctionTool

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from tests.support.endpoints import NAMES
from tests.support.wire_server import WireServer, answer, client, reply

HELLO = [ChatMessage(role="user", content="hello")]
OLD = {"mirostat": 1}


def look() -> str:
    """Look."""
    return "a circle"


TOOL = FunctionTool.from_defaults(look)


def lines_of(work: Callable[[], Any]) -> list[str]:
    """The lines that its warnings point at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    ours = [each for each in caught if each.category is UserWarning]
    assert {each.filename for each in ours} <= {__file__}, [f"{each.filename}: {each.message}" for each in ours]
    return [linecache.getline(each.filename, each.lineno).strip() for each in ours]


def on_loop(steps: Callable[[], Awaitable[Any]]) -> None:
    async def run() -> None:
        await steps()

    asyncio.run(run())


def calls(llm: OllamaMultiModal) -> dict[str, Callable[[], Any]]:
    async def acomplete() -> None:
        await llm.acomplete("hello", options=OLD)

    async def astream_complete() -> None:
        [_ async for _ in await llm.astream_complete("hello", options=OLD)]

    async def achat() -> None:
        await llm.achat(HELLO, options=OLD)

    async def astream_chat() -> None:
        [_ async for _ in await llm.astream_chat(HELLO, options=OLD)]

    return {
        "complete": lambda: llm.complete("hello", options=OLD),
        "stream_complete": lambda: list(llm.stream_complete("hello", options=OLD)),
        "chat": lambda: llm.chat(HELLO, options=OLD),
        "stream_chat": lambda: list(llm.stream_chat(HELLO, options=OLD)),
        "acomplete": lambda: on_loop(acomplete),
        "astream_complete": lambda: on_loop(astream_complete),
        "achat": lambda: on_loop(achat),
        "astream_chat": lambda: on_loop(astream_chat),
    }


@pytest.mark.parametrize("endpoint", NAMES)
def test_an_option_without_effect(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        (line,) = lines_of(calls(client(server))[endpoint])
    assert f"llm.{endpoint}(" in line


@pytest.mark.parametrize("endpoint", ["chat", "achat"])
def test_a_server_that_is_too_old(endpoint: str) -> None:
    routes = {"/api/version": reply(200, {"version": "0.12.5"})}
    with WireServer(answer(endpoint, "A"), routes=routes) as server:
        llm = client(server, check_capabilities=True)

        async def achat() -> None:
            await llm.achat(HELLO, think=False, tools=[TOOL])

        work = {"chat": lambda: llm.chat(HELLO, think=False, tools=[TOOL]), "achat": lambda: on_loop(achat)}
        (line,) = lines_of(work[endpoint])
    assert f"llm.{endpoint}(" in line


def test_a_task_of_a_loop_has_no_line_but_the_one_that_runs_the_loop() -> None:
    with WireServer(answer("chat", "A")) as server:
        llm = client(server)

        async def in_a_task() -> None:
            await asyncio.wait_for(asyncio.create_task(llm.achat(HELLO, options=OLD)), 30)

        (line,) = lines_of(lambda: asyncio.run(in_a_task()))
    assert "asyncio.run(in_a_task())" in line


def test_once_for_each_line() -> None:
    """As Python's default is: one line says it once, another one says it too."""
    with WireServer(answer("chat", "A")) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        llm = client(server)
        for _ in range(3):
            llm.chat(HELLO, options=OLD)
        llm.chat(HELLO, options=OLD)
    assert len([each for each in caught if each.category is UserWarning]) == 2
