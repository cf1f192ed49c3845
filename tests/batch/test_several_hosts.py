"""Several hosts: the free one takes the next picture, and a dead one's go to the others."""

from __future__ import annotations

import asyncio
import itertools
import threading

import pytest
from llama_index.core.schema import ImageNode

from llama_index.multi_modal_llms.ollama import ImageDescriber, OllamaMultiModal
from llama_index.multi_modal_llms.ollama.asking_llm import LlmOnHost
from ollama_embedded import Gate, Reply
from ollama_embedded.faults import Status
from ollama_vision import errors
from ollama_vision.batch.asking.balancer import REST, Balancer
from ollama_vision.http.deadline import Deadline
from ollama_vision.model import call as _call
from tests.support.description_runs import run, told
from tests.support.picture_nodes import grey_of
from tests.support.serving import Serve


def test_the_free_host_takes_the_next_picture(serve: Serve, plain: list[ImageNode]) -> None:
    gate = Gate()
    slow = serve(Reply(["slow ", gate, "one"]))
    quick = serve(lambda request: f"{grey_of(request)}")
    results = ImageDescriber(llm=[slow.llm, quick.llm], num_workers=2).iter(plain)
    first = [next(results) for _ in range(11)]
    assert {each.host for each in first} == {quick.llm.base_url}
    gate.open()
    assert [each.host for each in results] == [slow.llm.base_url]
    assert len(slow.asked) == 1


def test_no_host_is_idle_unless_it_is_told_to_be(serve: Serve, plain: list[ImageNode]) -> None:
    gates = [Gate() for _ in range(6)]
    servings = [serve(Reply([gate, "whole"])) for gate in gates]
    reached: list[bool] = []

    def open_when_all_are_asked() -> None:
        reached.extend(gate.reached.wait(10) for gate in gates)
        for gate in gates:
            gate.open()

    opener = threading.Thread(target=open_when_all_are_asked)
    opener.start()
    assert len(list(ImageDescriber(llm=[each.llm for each in servings]).iter(plain))) == 12
    opener.join()
    assert reached == [True] * 6


def test_a_dead_hosts_pictures_go_to_the_others(serve: Serve, plain: list[ImageNode]) -> None:
    alive = serve(lambda request: f"{grey_of(request)}")
    dying = serve(Reply("1", fault=Status(401, {"error": "unauthorized"})))
    gone = OllamaMultiModal(model="m", base_url="http://127.0.0.1:9", max_retries=0)
    given, stopped = run([gone, dying.llm, alive.llm], plain, num_workers=3)
    assert stopped is None
    assert sorted(each.text for each in given) == sorted(str(grey) for grey in range(12))
    assert {each.host for each in given} == {alive.llm.base_url}
    assert len(dying.asked) <= 3, "once the first refusal is there, it is left alone"


def test_when_the_last_host_is_gone_each_is_named(plain: list[ImageNode]) -> None:
    llms = [OllamaMultiModal(model="m", base_url=f"http://127.0.0.1:{port}", max_retries=0) for port in (9, 10)]
    given, stopped = run(llms, plain)
    assert given == []
    assert stopped is not None
    assert "none of 2 hosts" in str(stopped)
    assert "127.0.0.1:9" in str(stopped)
    assert "127.0.0.1:10" in str(stopped)


async def test_a_host_that_failed_is_tried_again_after_a_while() -> None:
    clock = [0.0]
    llms = [OllamaMultiModal(model="m", base_url=f"http://127.0.0.1:{port}") for port in (1, 2)]
    hosts = Balancer([*map(LlmOnHost, llms)], now=lambda: clock[0])
    one = await hosts.take()
    hosts.failed(one, errors.ConnectionFailedError("gone"))
    hosts.give_back(one)
    assert {(await hosts.take()).name for _ in range(4)} == {llms[1].base_url}
    clock[0] = REST
    assert await hosts.take() is one
    assert {(await hosts.take()).name for _ in range(4)} == {llms[1].base_url}, (
        "with one picture, until that is answered"
    )
    hosts.answered(one)
    assert await hosts.take() is one


def test_no_picture_is_blamed_for_waiting_behind_others(
    serve: Serve, plain: list[ImageNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server answers one at a time, and the first answer is held until two that wait behind it were given up."""
    gate, patience = Gate(), itertools.chain([None, 0.2, 0.2], itertools.repeat(None))

    def deadline_of_each_call(silence: float | None, deadline: float | None) -> Deadline:
        return Deadline(next(patience))

    serving = serve(lambda request: Reply([gate, f"{grey_of(request)}"]), num_parallel=1)
    serving.llm.capabilities()  # so that the calls below are the pictures' alone
    monkeypatch.setattr(_call, "Deadline", deadline_of_each_call)
    results = ImageDescriber(llm=serving.llm, num_workers=3, wait=0).iter(plain[:3])

    def open_when_both_have_left() -> None:
        assert gate.reached.wait(60)
        while sum(request.left.is_set() for request in serving.asked) < 2:
            for request in serving.asked[:3]:
                request.left.wait(0.05)
        gate.open()

    opener = threading.Thread(target=open_when_both_have_left)
    opener.start()
    given, stopped = told(results)
    opener.join()
    assert stopped is None
    assert sorted(description.text for description in given) == ["0", "1", "2"]
    assert len(serving.asked) == 5


async def test_a_host_that_let_one_wait_gets_no_more_than_it_answered() -> None:
    hosts = Balancer([LlmOnHost(OllamaMultiModal(model="m", base_url="http://127.0.0.1:1"))])
    first, second, third = [await hosts.take() for _ in range(3)]
    assert hosts.let_one_wait(third, 2)
    hosts.give_back(third)
    another = asyncio.create_task(hosts.take())
    await asyncio.sleep(0)
    assert not another.done()
    hosts.give_back(second)
    assert await another is first
    assert not hosts.let_one_wait(first, 0), "it was alone"


def test_who_is_alone_and_hears_nothing_is_told(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve(Reply([Gate(), "never"]), num_parallel=1, request_timeout=0.3)
    given, _ = run(serving.llm, plain[:2], num_workers=2)
    assert [type(description.error) for description in given] == [errors.SilenceTimeoutError] * 2
    assert all(description.host == serving.llm.base_url for description in given)


def test_who_is_left_alone_is_told_at_once(serve: Serve, plain: list[ImageNode]) -> None:
    llms = [OllamaMultiModal(model="m", base_url="http://127.0.0.1:9", max_retries=0), serve("whole").llm]
    heard: list[tuple[str, str]] = []
    describer = ImageDescriber(llm=llms, num_workers=2)
    given = list(describer.iter(plain[:6], on_host_fault=lambda name, fault: heard.append((name, str(fault)))))
    assert {description.host for description in given} == {llms[1].base_url}
    ((name, fault),) = heard
    assert name == "http://127.0.0.1:9"
    assert "Nothing answers" in fault


def test_hosts_must_give_the_same_answers() -> None:
    one, other = (OllamaMultiModal(model=name) for name in ("gemma3:4b", "gemma3:12b"))
    with pytest.raises(ValueError, match="differ in model"):
        ImageDescriber(llm=[one, other])
    with pytest.raises(ValueError, match="empty list"):
        ImageDescriber(llm=[])
