"""Hosts that take no more now: the run waits, and blames no picture."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from llama_index.core.schema import ImageNode

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_embedded.faults import Fault, busy
from ollama_vision import errors
from ollama_vision.batch.asking import balancer as hosts_module
from tests.support.description_runs import greys, run_waiting, some
from tests.support.picture_nodes import grey_of
from tests.support.serving import Serve

GONE = errors.ConnectionFailedError("Nothing answers")
BUSY = errors.ServerBusyError("server busy", status=503)


def test_a_full_queue_holds_the_run_back(serve: Serve, plain: list[ImageNode], short_pauses: None) -> None:
    """Ollama with OLLAMA_MAX_QUEUE=2: one request loads the model, two wait, and all others are refused until then."""
    loading = Gate()

    def queue() -> Iterator[Fault | None]:
        yield from [None] * 3
        loading.open()  # as the first of those that are too many arrives: how many come before it is told is by chance
        yield from [busy()] * 9  # the later ones because of other people's requests
        while True:
            yield None

    engine = ScriptedEngine(lambda request: Reply([loading, f"{grey_of(request)}"]), model="m")
    with EmbeddedOllama(engine=engine, faults=queue()) as server:
        llm = OllamaMultiModal(model="m", base_url=server.url, max_retries=0)
        given, stopped = run_waiting(llm, plain, num_workers=8)
        assert stopped is None
        assert greys(given) == list(range(12))
        assert len(server.asked) == 12 + 9, "each refusal is one request, and nobody hammers at the door"


def test_a_server_that_stays_busy_ends_the_run_and_blames_no_picture(
    serve: Serve, plain: list[ImageNode], short_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts_module, "BUSY", 0.2)
    serving = serve("whole", Reply("", fault=busy()), max_retries=0)
    given, stopped = run_waiting(serving.llm, plain, num_workers=1, wait=0.1)
    assert [each.text for each in given] == ["whole"]
    assert stopped is not None
    assert isinstance(stopped.__cause__, errors.ServerBusyError)
    assert "It was waited for" in str(stopped)
    assert len(serving.asked) > 2


def test_without_waiting_a_busy_server_ends_the_run_at_once(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve("whole", Reply("", fault=busy()), max_retries=0)
    given, stopped = run_waiting(serving.llm, plain, num_workers=1, wait=0)
    assert [each.text for each in given] == ["whole"]
    assert stopped is not None
    assert len(serving.asked) == 2


async def test_a_host_that_refuses_gets_no_more_than_it_has() -> None:
    hosts, _, said = some(1, wait=120)
    taken = [await hosts.take() for _ in range(4)]
    hosts.refused(taken[0], BUSY)
    hosts.give_back(taken[0])
    another = asyncio.create_task(hosts.take())
    await asyncio.sleep(0)
    assert not another.done(), "three are under way, and more it does not take"
    hosts.answered(taken[1])
    hosts.give_back(taken[1])
    assert await another is taken[0]
    assert said == []


async def test_who_is_refused_alone_waits_as_long_as_the_server_asks() -> None:
    hosts, clock, said = some(1, wait=120)
    host = await hosts.take()
    hosts.refused(host, errors.ServerBusyError("busy", status=429, retry_after=30.0))
    hosts.give_back(host)
    ((name, fault, left),) = said
    assert (name, str(fault), left) == (host.name, "busy", hosts_module.BUSY)
    assert host.rests_until == 30.0
    clock[0] = 30.0
    assert await hosts.take() is host
    hosts.refused(host, errors.ServerBusyError("busy", status=429, retry_after=3600.0))
    hosts.give_back(host)
    with pytest.raises(errors.RunStoppedError, match="busy"):
        await hosts.take()


async def test_room_grows_again_with_each_round_of_answers() -> None:
    """Additive increase: one more after as many answers in a row as there is room."""
    hosts, _, _ = some(1)
    host = await hosts.take()
    host.room = 2

    async def answer_two() -> None:
        second = await hosts.take()
        for each in (second, host):
            hosts.answered(each)

    await answer_two()
    assert host.room == 3
    hosts.give_back(host)
    hosts.answered(host)
    assert host.answers == 0, "it was not all used, so nothing is known of more"
    assert hosts.let_one_wait(host, 1)
    assert host.room == 1
