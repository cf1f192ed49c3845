"""Hosts that take no more now, or are gone for a while: the run waits, loses nothing, and blames no picture."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.schema import ImageNode

from llama_index.multi_modal_llms.ollama import Description, ImageDescriber, OllamaMultiModal
from llama_index.multi_modal_llms.ollama.asking_llm import LlmOnHost
from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_embedded.faults import Fault, SlowFirstByte, Status, busy, html
from ollama_vision import errors
from ollama_vision.batch.asking import balancer as hosts_module
from ollama_vision.batch.asking import loading as loading_module
from ollama_vision.batch.asking.balancer import REST, Balancer
from ollama_vision.batch.asking.blame import may_return, nothing_came, refuses
from tests.support.picture_nodes import grey_of
from tests.support.serving import Serve
from tests.support.wire_server import HOLD, WireServer, answer, part, stream

GONE = errors.ConnectionFailedError("Nothing answers")
BUSY = errors.ServerBusyError("server busy", status=503)


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(hosts_module, "LONGEST_PAUSE", 0.02)


def run(llm: Any, nodes: Any, **settings: Any) -> tuple[list[Description], errors.RunStoppedError | None]:
    given: list[Description] = []
    told = {name: settings.pop(name) for name in ("on_wait", "on_host_fault") if name in settings}
    try:
        for description in ImageDescriber(llm=llm, **settings).iter(nodes, **told):
            given.append(description)
    except errors.RunStoppedError as stopped:
        return given, stopped
    return given, None


def greys(given: list[Description]) -> list[int]:
    assert [each.error for each in given] == [None] * len(given)
    return sorted(int(each.text) for each in given)


def some(count: int, **settings: Any) -> tuple[Balancer, list[float], list[Any]]:
    """Hosts, their clock, and what they say of waiting."""
    clock, said = [0.0], list[Any]()
    llms = [OllamaMultiModal(model="m", base_url=f"http://127.0.0.1:{port}") for port in range(1, count + 1)]
    hosts = Balancer([*map(LlmOnHost, llms)], now=lambda: clock[0], waiting=lambda *each: said.append(each), **settings)
    return hosts, clock, said


# a queue that is full


def test_a_full_queue_holds_the_run_back(serve: Serve, plain: list[ImageNode], short_pauses: None) -> None:
    """Ollama with OLLAMA_MAX_QUEUE=2: one request loads the model, two wait, and all others are refused until then."""
    loading = Gate()

    def queue() -> Iterator[Fault | None]:
        yield from [None] * 3
        yield from [busy()] * 4
        loading.open()  # as the fifth of those that are too many arrives
        yield from [busy()] * 5  # the last four because of other people's requests
        while True:
            yield None

    engine = ScriptedEngine(lambda request: Reply([loading, f"{grey_of(request)}"]), model="m")
    with EmbeddedOllama(engine=engine, faults=queue()) as server:
        llm = OllamaMultiModal(model="m", base_url=server.url, max_retries=0)
        given, stopped = run(llm, plain, num_workers=8)
        assert stopped is None
        assert greys(given) == list(range(12))
        assert len(server.asked) == 12 + 9, "each refusal is one request, and nobody hammers at the door"


def test_a_server_that_stays_busy_ends_the_run_and_blames_no_picture(
    serve: Serve, plain: list[ImageNode], short_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts_module, "BUSY", 0.2)
    serving = serve("whole", Reply("", fault=busy()), max_retries=0)
    given, stopped = run(serving.llm, plain, num_workers=1, wait=0.1)
    assert [each.text for each in given] == ["whole"]
    assert stopped is not None
    assert isinstance(stopped.__cause__, errors.ServerBusyError)
    assert "It was waited for" in str(stopped)
    assert len(serving.asked) > 2


def test_without_waiting_a_busy_server_ends_the_run_at_once(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve("whole", Reply("", fault=busy()), max_retries=0)
    given, stopped = run(serving.llm, plain, num_workers=1, wait=0)
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


# a server that goes away and comes back


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
        given, stopped = run(first.llm, plain, num_workers=3, on_wait=on_wait)
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
    given, stopped = run(serving.llm, plain[:4], num_workers=1)
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


# a server that stands still in mid-answer, as one does that is suspended (SIGSTOP)

BEGUN = stream(part("generate", "It is"), end=[HOLD])


def of_wire(server: WireServer) -> OllamaMultiModal:
    return OllamaMultiModal(model="m", base_url=server.url, request_timeout=0.3, max_retries=0)


def test_a_server_that_goes_on_before_it_is_asked_costs_no_line(plain: list[ImageNode]) -> None:
    """Thawed between the end of our patience and the question whether it is there; two were under way."""
    whole = answer("generate", "whole")
    with WireServer(whole, BEGUN, BEGUN, whole) as server:
        given, stopped = run(of_wire(server), plain[:4], num_workers=2)
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
        given, stopped = run(llm, plain[:4], num_workers=1, wait=60, **waits)
        assert stopped is None
        assert [(each.error, each.text) for each in given] == [(None, "whole")] * 4
    assert said[0] is not None
    assert "takes connections and answers nothing: /api/version" in said[0]
    assert said[-1] is None, "it answers again"


def test_a_picture_that_stops_each_answer_of_a_server_that_is_there_is_to_blame(plain: list[ImageNode]) -> None:
    whole = answer("generate", "whole")
    with WireServer(whole, BEGUN, BEGUN, whole) as server:
        given, stopped = run(of_wire(server), plain[:3], num_workers=1)
        assert stopped is None
        assert [each.text for each in given] == ["whole", "It is", "whole"]
        assert isinstance(given[1].error, errors.SilenceTimeoutError)
        assert len(server.asked) == 4


# a model that takes longer to load than a silence is borne


class Loads:
    """A server whose model is loaded when the gate opens, and a client that bears less silence than that takes."""

    def __init__(self, *faults: Fault | None) -> None:
        engine = ScriptedEngine(lambda request: f"{grey_of(request)}", model="m")
        self.server = EmbeddedOllama(engine=engine, faults=faults).start()
        self.llm = OllamaMultiModal(model="m", base_url=self.server.url, request_timeout=0.3, max_retries=0)
        self.outlasted = threading.Event()

    def open_after_the_patience(self, gate: Gate) -> None:
        """Until another request, to a server that never speaks, was given up: so much time has passed for all."""
        assert gate.reached.wait(60)
        with EmbeddedOllama(engine=ScriptedEngine("x", model="m"), faults=[SlowFirstByte(Gate())]) as silent:
            llm = OllamaMultiModal(model="m", base_url=silent.url, request_timeout=0.6, max_retries=0)
            with pytest.raises(errors.SilenceTimeoutError):
                llm.complete("x")
        self.outlasted.set()
        gate.open()

    @property
    def steps(self) -> list[str]:
        """What was asked: a load, or the greys of pictures."""
        return [
            "load" if not request.body.get("prompt") else str(request.images[0].convert("L").getpixel((0, 0)))
            for request in self.server.asked
        ]


@pytest.fixture
def loads() -> Iterator[Any]:
    started: list[Loads] = []

    def begin(*faults: Fault | None) -> Loads:
        started.append(Loads(*faults))
        return started[-1]

    yield begin
    for each in started:
        each.server.close()


def test_the_first_picture_is_not_blamed_for_the_loading_of_the_model(loads: Any, plain: list[ImageNode]) -> None:
    loading = Gate()
    cold = loads(SlowFirstByte(Gate()), SlowFirstByte(loading))
    opener = threading.Thread(target=cold.open_after_the_patience, args=(loading,))
    opener.start()
    said: list[tuple[bool, float]] = []
    given, stopped = run(
        cold.llm,
        plain[:3],
        num_workers=1,
        llm_kwargs={"options": {"num_ctx": 8192}},
        on_wait=lambda host, fault, seconds: said.append((fault is None, seconds)),
    )
    opener.join()
    assert cold.outlasted.is_set()
    assert stopped is None
    assert greys(given) == [0, 1, 2]
    assert cold.steps == ["0", "load", "0", "1", "2"]
    options = [request.body["options"] for request in cold.server.asked]
    assert options == [options[0]] * 5, "other options would load it once more"
    assert options[0]["num_ctx"] == 8192
    assert [back for back, _ in said] == [False, True]
    assert said[0][1] == loading_module.LOAD_SECONDS


def test_a_picture_is_not_blamed_for_a_model_that_was_unloaded_meanwhile(loads: Any, plain: list[ImageNode]) -> None:
    warm = loads(None, None, SlowFirstByte(Gate()))
    results = ImageDescriber(llm=warm.llm, num_workers=1).iter(plain[:2])
    given = [next(results)]
    with OllamaMultiModal(model="m", base_url=warm.server.url) as other:
        other.unload()
    given.extend(results)
    assert greys(given) == [0, 1]
    assert warm.steps == ["0", "load", "1", "load", "1"], "unloaded by the other one, then loaded"


def test_a_picture_that_is_silent_although_the_model_is_loaded_is_to_blame(loads: Any, plain: list[ImageNode]) -> None:
    warm = loads(None, SlowFirstByte(Gate()))
    given, stopped = run(warm.llm, plain[:2], num_workers=1)
    assert stopped is None
    assert [type(each.error) for each in given] == [type(None), errors.SilenceTimeoutError]
    assert warm.steps == ["0", "1"]


def test_a_model_that_cannot_be_loaded_is_the_hosts_fault(loads: Any, plain: list[ImageNode]) -> None:
    cold = loads(SlowFirstByte(Gate()), Status(500, {"error": "unable to load model"}))
    given, stopped = run(cold.llm, plain[:2], num_workers=1)
    assert given == []
    assert stopped is not None
    assert isinstance(stopped.__cause__, errors.ModelLoadError)


def test_a_server_that_hangs_is_told_from_one_that_loads(
    plain: list[ImageNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading_module, "PROBE_SECONDS", 0.2)
    never = SlowFirstByte(Gate())
    engine = ScriptedEngine("A.", model="m")
    faults: dict[str, list[Fault | None]] = {"/api/generate": [never], "/api/version": [None, never]}
    with EmbeddedOllama(engine=engine, faults=faults) as server:
        llm = OllamaMultiModal(model="m", base_url=server.url, request_timeout=0.3, max_retries=0)
        given, stopped = run(llm, plain[:1], num_workers=1)
    assert given == []
    assert "It is starting, or it hangs" in str(stopped)


async def test_a_host_that_loads_gets_no_pictures_meanwhile() -> None:
    hosts, clock, said = some(1)
    host, silent_too = await hosts.take(), await hosts.take()
    hosts.begins_loading(host, errors.SilenceTimeoutError("nothing"), 1800.0)
    another = asyncio.create_task(hosts.take())
    await asyncio.sleep(0)
    hosts.is_there(silent_too)
    hosts.give_back(silent_too)
    await asyncio.sleep(0)
    assert not another.done()
    assert len(said) == 1, "that it is there does not mean that it has loaded"
    clock[0] = 50.0
    hosts.ends_loading(host)
    hosts.give_back(host)
    assert await another is host
    assert said[1:] == [(host.name, None, 50.0)]


def test_a_gateway_that_gave_up_waiting_says_the_same_as_silence() -> None:
    assert nothing_came(errors.ServerError("too long", status=504))
    assert nothing_came(errors.SilenceTimeoutError("nothing"))
    assert not nothing_came(errors.SilenceTimeoutError("no more", partial_text="It is"))
    assert not nothing_came(errors.ServerError("broken", status=500))
