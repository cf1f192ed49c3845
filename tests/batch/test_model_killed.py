"""A model whose process is killed again and again: lines are lost to none of it, and no picture is blamed for it.

The words are those of a real Ollama (source of 2026-08-21) whose llama-server was killed by lot under `describe`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core.schema import ImageNode

from ollama_embedded import Reply
from ollama_embedded.faults import ErrorLine, Status
from ollama_vision import errors
from ollama_vision.batch.asking import balancer as hosts_module
from ollama_vision.batch.asking import failover
from tests.support.description_runs import greys
from tests.support.description_runs import run_waiting as run
from tests.support.picture_nodes import grey_of
from tests.support.recorded import FOLDER
from tests.support.serving import Serve


def recorded(name: str) -> Reply:
    """The reply of a real server, a 500."""
    response = json.loads((FOLDER / f"runner-killed-{name}.json").read_text())["response"]
    assert response["status"] == 500
    return Reply("", fault=Status(500, json.loads(response["chunks"][0][1])))


WHILE_LOADING = recorded("loading")
UNDER_ANOTHER = recorded("waiting-gone")
BEFORE_IT_BEGAN = recorded("sending")
UNDER_IT = Reply(["It is", " grey"], fault=ErrorLine(1))
"""An error line after a first piece, as in `runner-killed-generate-stream`."""


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(hosts_module, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr("ollama_vision.server.api._back_off", lambda attempt: 0.0)


def test_one_that_is_killed_while_it_loads_is_waited_for(serve: Serve, plain: list[ImageNode]) -> None:
    """Killed, and killed again before it is loaded anew: one host, and no other to go to."""
    serving = serve("0", *[WHILE_LOADING] * 5, *map(str, range(1, 4)), max_retries=0)
    waits: list[Any] = []
    given, stopped = run(serving.llm, plain[:4], num_workers=1, on_wait=lambda *each: waits.append(each))
    assert stopped is None
    assert greys(given) == list(range(4))
    fault = waits[0][1]
    assert isinstance(fault, errors.ModelLoadError)
    assert "was killed while it loaded" in str(fault)
    assert waits[-1][1] is None, "and it is said that it answers again"


def test_one_that_is_killed_whenever_it_loads_ends_the_run(serve: Serve, plain: list[ImageNode]) -> None:
    """As the system does where memory is short: of the host, and of no picture."""
    given, stopped = run(serve("0", WHILE_LOADING).llm, plain[:4], num_workers=1, wait=0.05)
    assert greys(given) == [0]
    assert stopped is not None
    assert "memory is short" in str(stopped)


def test_one_that_never_loaded_is_not_waited_for(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve(WHILE_LOADING, max_retries=2)
    given, stopped = run(serving.llm, plain[:4], num_workers=1)
    assert given == []
    assert stopped is not None
    assert len(serving.asked) == 3, "the client's own tries"


@pytest.mark.parametrize("death", [UNDER_IT, BEFORE_IT_BEGAN])
@pytest.mark.parametrize("deaths", [2, 3])
def test_a_picture_that_is_hit_more_than_once_is_not_to_blame(
    serve: Serve, plain: list[ImageNode], death: Reply, deaths: int
) -> None:
    serving = serve("0", *[death] * deaths, "1", "2", max_retries=0)
    given, stopped = run(serving.llm, plain[:3], num_workers=1)
    assert stopped is None
    assert greys(given) == [0, 1, 2]


@pytest.mark.parametrize("death", [UNDER_IT, BEFORE_IT_BEGAN])
def test_a_picture_that_brings_the_model_down_each_time_is(serve: Serve, plain: list[ImageNode], death: Reply) -> None:
    serving = serve(lambda request: death if grey_of(request) == 1 else f"{grey_of(request)}", max_retries=0)
    given, stopped = run(serving.llm, plain[:3], num_workers=1)
    assert stopped is None
    assert [each.error is not None for each in given] == [False, True, False]
    assert len(serving.asked) == 6, "four times about the one"


def test_a_model_that_dies_under_others_without_end_is_the_hosts_fault(
    serve: Serve, plain: list[ImageNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failover, "_MOST_WAITS", 3)
    given, stopped = run(serve("0", UNDER_ANOTHER, max_retries=0).llm, plain[:2], num_workers=1)
    assert greys(given) == [0]
    assert stopped is not None
    assert isinstance(stopped.__cause__, errors.ModelLoadError)
