"""Hosts that are gone for a while, or stand still: they are waited for, nothing is lost, and no picture is blamed."""

from __future__ import annotations

import asyncio
import threading

import pytest
from llama_index.core.schema import ImageNode

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_embedded.faults import Fault, Status, html
from ollama_vision import errors
from ollama_vision.batch.asking import loading as loading_module
from ollama_vision.batch.asking.balancer import REST
from ollama_vision.batch.asking.blame import may_return, refuses
from tests.support.description_runs import greys, run_waiting, some
from tests.support.picture_nodes import grey_of
from tests.support.serving import Serve
from tests.support.wire_server import HOLD, WireServer, answer, part, stream

GONE = errors.ConnectionFailedError("Nothing answers")
BUSY = errors.ServerBusyError("server busy", status=503)


async def test_a_host_that_was_there_is_waited_for() -> None:
    hosts, clock, said = some(1, wait=120)
    host = await hosts.take()
    hosts.answered(host)
    hosts.failed(host, GONE, may_return=True)
    hosts.give_back(host)
    assert said == [(host.name, GONE, 120.0)]
    for _ in range(3):
        clock[0] = host.rests_until
        assert await hosts.take() is host, "one picture tries it"
        hosts.failed(host, GONE, may_return=True)
        hosts.give_back(host)
    assert [left for _, _, left in said] == [120.0, 119.5, 118.5, 116.5], "the time left; the pauses double"
    clock[0] = host.rests_until
    assert await hosts.take() is host
    hosts.answered(host)
    assert said[-1] == (host.name, None, clock[0])


async def test_a_host_that_does_not_come_back_ends_the_run() -> None:
    hosts, clock, _ = some(1, wait=120)
    host = await hosts.take()
    hosts.answered(host)
    hosts.failed(host, GONE, may_return=True)
    hosts.give_back(host)
    clock[0] = 120.0
    assert await hosts.take() is host, "once more, at the end"
    hosts.failed(host, GONE, may_return=True)
    hosts.give_back(host)
    with pytest.raises(errors.RunStoppedError, match=r"Nothing answers It was waited for, 120 seconds \(wait\)"):
        await hosts.take()


@pytest.mark.parametrize(("wait", "was_there"), [(0, True), (120, False)])
async def test_who_is_not_waited_for(wait: float, was_there: bool) -> None:
    hosts, _, said = some(1, wait=wait)
    host = await hosts.take()
    host.was_there = was_there
    hosts.failed(host, GONE, may_return=True)
    hosts.give_back(host)
    with pytest.raises(errors.RunStoppedError, match=r"^The run was stopped: Nothing answers$"):
        await hosts.take()
    assert said == []


async def test_others_wait_for_the_one_that_tries() -> None:
    hosts, clock, _ = some(1, wait=120)
    one, other = await hosts.take(), await hosts.take()
    hosts.answered(one)
    for each in (one, other):
        hosts.failed(each, GONE, may_return=True)
        hosts.give_back(each)
    clock[0] = 119.0
    assert await hosts.take() is one
    clock[0] = 121.0
    waiting = asyncio.create_task(hosts.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    hosts.answered(one)
    hosts.give_back(one)
    assert await waiting is one


async def test_while_another_host_is_well_nobody_waits() -> None:
    hosts, clock, said = some(2, wait=120)
    one, other = await hosts.take(), await hosts.take()
    for each in (one, other):
        hosts.answered(each)
    hosts.failed(one, GONE, may_return=True)
    hosts.give_back(one)
    hosts.give_back(other)
    assert said == []
    assert await hosts.take() is other
    hosts.failed(other, GONE, may_return=True)
    hosts.give_back(other)
    assert [name for name, _, _ in said] == [other.name]
    clock[0] = 1.0
    assert await hosts.take() in (one, other)


async def test_a_host_that_rests_is_tried_again_though_nothing_else_happens() -> None:
    hosts, clock, _ = some(2)
    one, other = await hosts.take(), await hosts.take()
    other.room = 1
    hosts.failed(one, GONE)
    hosts.give_back(one)
    clock[0] = REST - 0.01
    waiting = asyncio.create_task(hosts.take())
    await asyncio.sleep(0)
    clock[0] = REST
    assert await waiting is one


def test_a_restart_loses_nothing(serve: Serve, plain: list[ImageNode], short_pauses: None) -> None:
    """The server is closed in mid-answer, and another one starts at its address when the run says that it waits."""
    gate = Gate()
    first = serve(lambda request: Reply([gate, "never"]) if grey_of(request) == 5 else f"{grey_of(request)}")
    port = int(first.server.url.rpartition(":")[2])
    again = EmbeddedOllama(engine=ScriptedEngine(lambda request: f"{grey_of(request)}", model="m"), port=port)
    waits, said = threading.Event(), list[tuple[str, bool]]()

    def on_wait(host: str, fault: errors.OllamaMultiModalError | None, seconds: float) -> None:
        said.append((host, fault is None))
        waits.set()

    def restart() -> None:
        assert gate.reached.wait(60)
        first.server.close()
        assert waits.wait(60)
        again.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    try:
        given, stopped = run_waiting(first.llm, plain, num_workers=3, on_wait=on_wait)
        restarting.join()
    finally:
        again.close()
    assert stopped is None
    assert greys(given) == list(range(12))
    assert said[0] == (first.llm.base_url, False)
    assert said[-1] == (first.llm.base_url, True)
    assert again.asked


@pytest.mark.parametrize("fault", [Status(502, "<html>502 Bad Gateway</html>"), html(503)])
def test_a_gateway_before_a_server_that_is_gone(
    serve: Serve, plain: list[ImageNode], short_pauses: None, fault: Fault
) -> None:
    """nginx says 502 and HAProxy 503 while the server behind it is restarted."""
    away = [Reply("", fault=fault)] * 4
    serving = serve("0", *away, *[f"{grey}" for grey in range(1, 4)], max_retries=0)
    given, stopped = run_waiting(serving.llm, plain[:4], num_workers=1)
    assert stopped is None
    assert greys(given) == list(range(4))
    assert len(serving.asked) == 8


def test_what_is_away_and_what_is_busy() -> None:
    busy_ollama = errors.ServerBusyError("busy", status=503, body='{"error":"server busy"}')
    busy_gateway = errors.ServerBusyError("busy", status=503, body="<html>")
    too_often = errors.ServerBusyError("too often", status=429, body="<html>")
    assert [refuses(each) for each in (busy_ollama, busy_gateway, too_often, GONE)] == [True, False, True, False]
    gone = (GONE, busy_gateway, errors.ServerError("502", status=502), errors.SilenceTimeoutError("nothing"))
    assert all(may_return(each) for each in gone)
    assert may_return(errors.ModelLoadError("died", died=True, transient=True))
    assert not any(may_return(each) for each in (busy_ollama, errors.AuthenticationError("401", status=401)))


BEGUN = stream(part("generate", "It is"), end=[HOLD])


def of_wire(server: WireServer) -> OllamaMultiModal:
    return OllamaMultiModal(model="m", base_url=server.url, request_timeout=0.3, max_retries=0)


def test_a_server_that_goes_on_before_it_is_asked_costs_no_line(plain: list[ImageNode]) -> None:
    """Thawed between the end of our patience and the question whether it is there; two were under way."""
    whole = answer("generate", "whole")
    with WireServer(whole, BEGUN, BEGUN, whole) as server:
        given, stopped = run_waiting(of_wire(server), plain[:4], num_workers=2)
        assert stopped is None
        assert [(each.error, each.text) for each in given] == [(None, "whole")] * 4
        assert len(server.asked) == 6


def test_a_server_that_answers_nothing_any_more_is_waited_for(
    plain: list[ImageNode], short_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading_module, "PROBE_SECONDS", 0.2)
    whole = answer("generate", "whole")
    said: list[str | None] = []
    with WireServer(whole, BEGUN, BEGUN, whole, routes={"/api/version": [HOLD]}) as server:
        llm = of_wire(server)
        waits = {"on_wait": lambda name, fault, seconds: said.append(fault and str(fault))}
        given, stopped = run_waiting(llm, plain[:4], num_workers=1, wait=60, **waits)
        assert stopped is None
        assert [(each.error, each.text) for each in given] == [(None, "whole")] * 4
    assert said[0] is not None
    assert "takes connections and answers nothing: /api/version" in said[0]
    assert said[-1] is None, "it answers again"


def test_a_picture_that_stops_each_answer_of_a_server_that_is_there_is_to_blame(plain: list[ImageNode]) -> None:
    whole = answer("generate", "whole")
    with WireServer(whole, BEGUN, BEGUN, whole) as server:
        given, stopped = run_waiting(of_wire(server), plain[:3], num_workers=1)
        assert stopped is None
        assert [each.text for each in given] == ["whole", "It is", "whole"]
        assert isinstance(given[1].error, errors.SilenceTimeoutError)
        assert len(server.asked) == 4
