"""A model that takes longer to load than a silence is borne: its first picture is not blamed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.schema import ImageNode

from llama_index.multi_modal_llms.ollama import ImageDescriber, OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Gate, ScriptedEngine
from ollama_embedded.faults import Fault, SlowFirstByte, Status
from ollama_vision import errors
from ollama_vision.batch.asking import loading as loading_module
from ollama_vision.batch.asking.blame import nothing_came
from tests.support.description_runs import greys, run_waiting, some
from tests.support.picture_nodes import grey_of

GONE = errors.ConnectionFailedError("Nothing answers")
BUSY = errors.ServerBusyError("server busy", status=503)


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
    given, stopped = run_waiting(
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
    given, stopped = run_waiting(warm.llm, plain[:2], num_workers=1)
    assert stopped is None
    assert [type(each.error) for each in given] == [type(None), errors.SilenceTimeoutError]
    assert warm.steps == ["0", "1"]


def test_a_model_that_cannot_be_loaded_is_the_hosts_fault(loads: Any, plain: list[ImageNode]) -> None:
    cold = loads(SlowFirstByte(Gate()), Status(500, {"error": "unable to load model"}))
    given, stopped = run_waiting(cold.llm, plain[:2], num_workers=1)
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
        given, stopped = run_waiting(llm, plain[:1], num_workers=1)
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
