"""Scripts that work, wait, fail or say nothing: what a client gets of them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx2
import pytest

from ollama_embedded import (
    ScriptedEngine,
)
from tests.support.scripted_server import CHAT, SOON, said, serve


@pytest.mark.parametrize("kind", ["function", "generator"])
def test_a_script_that_works_holds_up_nobody(kind: str, client: httpx2.Client) -> None:
    """The server answers while a script waits for a thing that the test has not done yet."""
    reached, go_on = threading.Event(), threading.Event()

    def waits(request: Any = None) -> str:
        reached.set()
        return "done" if go_on.wait(SOON) else "never let go"

    script: Any = waits if kind == "function" else (waits() for _ in range(1))
    replies: list[tuple[int, str]] = []
    with serve(script) as server:
        asking = threading.Thread(target=lambda: replies.append(said(httpx2.Client(trust_env=False), server)))
        asking.start()
        assert reached.wait(SOON)
        assert client.get(f"{server.url}/api/version").is_success
        go_on.set()
        asking.join(SOON)
    assert replies == [(200, "done")]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_as_many_scripts_run_at_once_as_there_are_slots(kind: str) -> None:
    """Eight that wait for each other: seven at once would wait in vain."""
    together = threading.Barrier(8, timeout=SOON)

    def meets(request: Any) -> str:
        together.wait()
        return "met"

    arrived: list[asyncio.Future[None]] = []

    async def meets_too(request: Any) -> str:
        mine = asyncio.get_running_loop().create_future()
        arrived.append(mine)
        for each in arrived if len(arrived) == 8 else ():
            each.set_result(None)
        await asyncio.wait_for(mine, SOON)
        return "met"

    replies: list[tuple[int, str]] = []
    with serve(meets if kind == "def" else meets_too, num_parallel=8) as server:

        def ask() -> None:
            with httpx2.Client(trust_env=False, timeout=SOON) as client:
                replies.append(said(client, server))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SOON)
    assert replies == [(200, "met")] * 8


def test_a_client_that_leaves_does_not_wait_for_the_script(client: httpx2.Client) -> None:
    go_on = threading.Event()

    def waits(request: Any) -> str:
        go_on.wait(SOON)
        return "late"

    with serve(waits) as server:
        with pytest.raises(httpx2.ReadTimeout):
            client.post(f"{server.url}/api/chat", json=CHAT, timeout=0.2)
        assert server.asked[0].left.wait(SOON)
        assert server.asked[0].ended.wait(SOON), "the slot is free though the script still runs"
        go_on.set()


def test_what_a_script_raises_is_told(client: httpx2.Client) -> None:
    colours: dict[str, str] = {}

    def breaks(request: Any) -> str:
        return str(colours["colour"])

    with serve(breaks) as server:
        status, error = said(client, server)
        streamed = client.post(f"{server.url}/api/chat", json=CHAT)
    assert status == streamed.status_code == 500
    assert error.startswith("the script of the embedded server raised KeyError: 'colour' (")
    assert f"{__file__}:{breaks.__code__.co_firstlineno + 1})" in error
    assert streamed.json() == {"error": error}


def test_a_script_that_ran_out_says_so(client: httpx2.Client) -> None:
    answers = iter(["one"])
    with serve(lambda request: next(answers)) as server:
        assert said(client, server) == (200, "one")
        assert "raised StopIteration" in said(client, server)[1]


@pytest.mark.parametrize(
    ("returned", "shown"),
    [(None, "returned None (a forgotten return?)"), ({"content": "x"}, "returned {'content': 'x'}"), (5, "returned 5")],
)
def test_a_function_that_returns_no_reply(returned: Any, shown: str, client: httpx2.Client) -> None:
    with serve(lambda request: returned) as server:
        status, error = said(client, server)
    assert (status, error) == (500, f"the function of the script {shown}: give a text, a Reply or a fault")


@pytest.mark.parametrize("script", [{"a": 1}, {"a"}, b"text", 5, ["a", 5], [b"a"], [["a"]]])
def test_what_is_no_script(script: Any) -> None:
    with pytest.raises(TypeError, match="give a text, a Reply or a fault"):
        ScriptedEngine(script)


@pytest.mark.parametrize("script", [[], ()])
def test_a_script_that_says_nothing(script: Any) -> None:
    with pytest.raises(ValueError, match="an empty list is no script"):
        ScriptedEngine(script)


def test_a_generator_that_says_nothing_and_one_that_ends(client: httpx2.Client) -> None:
    with serve(iter([])) as server:
        assert said(client, server) == (500, "the replies of the script are empty: there is nothing to say")
    with serve(text for text in ["one", "two"]) as server:
        assert [said(client, server)[1] for _ in range(3)] == ["one", "two", "two"]


def test_an_empty_answer_and_any_answer_can_be_meant(client: httpx2.Client) -> None:
    with serve(["", None]) as server:
        assert [said(client, server) for _ in range(2)] == [(200, ""), (200, "A scripted answer.")]
