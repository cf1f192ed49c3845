"""What is no picture's fault stops the run, and blames no picture."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionCache
from llama_index.core.schema import ImageNode
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageDescriber
from ollama_embedded import Gate, Reply
from ollama_embedded.faults import Status
from ollama_vision import errors
from tests.support.description_runs import run, told
from tests.support.picture_nodes import grey_of, node_of
from tests.support.recorded import FOLDER
from tests.support.serving import Serve, Serving


class Seen(BaseModel):
    grey: int


def test_a_server_that_is_gone_stops_the_run(serve: Serve, plain: list[ImageNode]) -> None:
    serving: Serving = serve(lambda request: f"{grey_of(request)}", max_retries=0)

    results = ImageDescriber(llm=serving.llm, num_workers=2, wait=0).iter(plain)
    first = next(results)
    serving.server.close()
    given, stopped = told(results)
    assert stopped is not None
    assert serving.llm.base_url in str(stopped)
    assert "ollama serve" in str(stopped), "it says what to do, in the words of the last try to reach it"
    assert isinstance(stopped.__cause__, errors.ConnectionFailedError)
    assert all(each.error is None for each in (first, *given))


def test_a_server_that_dies_in_mid_answer_stops_the_run(serve: Serve, plain: list[ImageNode]) -> None:
    gate = Gate()
    serving = serve(Reply(["It is ", gate, "grey."]), max_retries=0)

    def kill() -> None:
        assert gate.reached.wait(30)
        serving.server.close()

    killer = threading.Thread(target=kill)
    killer.start()
    given, stopped = run(serving.llm, plain[:3])
    killer.join()
    assert given == []
    assert stopped is not None
    assert len(serving.asked) == 1


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Status(401, {"error": "unauthorized"}), errors.AuthenticationError),
        (Status(403, ""), errors.ForbiddenError),
        (Status(404, {"error": "model 'm' not found"}), errors.ModelNotFoundError),
    ],
    ids=["401", "403", "model gone"],
)
def test_a_refusal_stops_the_run_at_once(serve: Serve, plain: list[ImageNode], fault: Any, cause: Any) -> None:
    serving = serve("whole", Reply("", fault=fault), max_retries=0)
    given, stopped = run(serving.llm, plain[:4])
    assert [each.text for each in given] == ["whole"]
    assert stopped is not None
    assert isinstance(stopped.__cause__, cause)
    assert len(serving.asked) == 2


def test_a_model_that_cannot_see_stops_the_run(serve: Serve, plain: list[ImageNode]) -> None:
    given, stopped = run(serve("A grey square.", capabilities=("completion",)).llm, plain)
    assert given == []
    assert stopped is not None
    assert isinstance(stopped.__cause__, errors.CapabilityError)


def test_five_equal_failures_in_a_row_stop_the_run_and_blame_no_picture(serve: Serve, plain: list[ImageNode]) -> None:
    def replies(request: Any) -> Reply | str:
        grey = grey_of(request)
        return f"{grey}" if grey < 2 else Reply("", fault=Status(500, {"error": f"out of memory at 0x{grey}"}))

    given, stopped = run(serve(replies).llm, plain)
    assert [each.text for each in given] == ["0", "1"]
    assert stopped is not None
    assert "5 pictures in a row failed equally" in str(stopped)
    assert "out of memory" in str(stopped)


# What a real Ollama said to the requests that waited when its llama-server was killed (source of 2026-08-21).
DEATHS = [
    *(
        json.loads(json.loads((FOLDER / f"runner-killed-waiting-{name}.json").read_text())["response"]["chunks"][0][1])[
            "error"
        ]
        for name in ("gone", "refused-stream", "template", "health-stream")
    ),
    # In that source, and not met live: the health check in between was too slow, was cut short, or found it loading.
    "server not responding",
    "read health response: unexpected EOF",
    "health unmarshal: unexpected end of JSON input",
    "no slots available after 10 retries",
    "unexpected server status: llm server loading model",
]


@pytest.mark.parametrize("text", DEATHS)
def test_a_model_that_dies_under_another_request_blames_no_picture(
    serve: Serve, plain: list[ImageNode], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the first pictures meets it, again and again, as all do that wait at that moment."""
    monkeypatch.setattr("ollama_vision.server.api._back_off", lambda attempt: 0.0)
    seen: dict[int, int] = {}

    def replies(request: Any) -> Reply | str:
        grey = grey_of(request)
        seen[grey] = seen.get(grey, 0) + 1
        dying = grey < 6 and seen[grey] <= 3
        return Reply("", fault=Status(500, {"error": text})) if dying else f"{grey}"

    given, stopped = run(serve(replies, max_retries=1).llm, plain[:8], num_workers=3)
    assert stopped is None
    assert sorted(each.text for each in given) == sorted(str(grey) for grey in range(8))


@pytest.mark.parametrize(
    "text",
    [
        "llama-server process has terminated: exit status 1",
        "unable to load model",
        "mmproj metadata is damaged",
        "model requires more system memory (9 GiB) than is available (2 GiB)",
        "llama-server reported out-of-memory during startup: cudaMalloc failed: out of memory",
        "llama-server process has terminated: signal: illegal instruction",
        "error starting llama-server: fork/exec llama-server: permission denied ",
    ],
)
@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_host_that_cannot_load_its_model_blames_no_picture(
    serve: Serve, plain: list[ImageNode], text: str, count: int
) -> None:
    cannot = serve(Reply("", fault=Status(500, {"error": text})), max_retries=0)
    given, stopped = run(cannot.llm, plain[:count])
    assert given == []
    assert stopped is not None
    assert isinstance(stopped.__cause__, errors.ModelLoadError)
    can = serve(lambda request: f"{grey_of(request)}")
    given, stopped = run([cannot.llm, can.llm], plain[:count], num_workers=4)
    assert stopped is None
    assert [each.error for each in given] == [None] * count


def test_what_is_remembered_says_nothing_about_the_server(serve: Serve, plain: list[ImageNode]) -> None:
    cache = IngestionCache()
    known = serve(lambda request: f"{grey_of(request)}")
    list(ImageDescriber(llm=known.llm, cache=cache).iter(plain[::2]))
    failing = serve(Reply("", fault=Status(500, {"error": "out of memory"})))
    given, stopped = run(failing.llm, plain, cache=cache)
    assert stopped is not None
    assert {each.cached for each in given} == {True}


def test_four_equal_failures_and_an_answer_are_the_pictures_own(serve: Serve, plain: list[ImageNode]) -> None:
    def replies(request: Any) -> Reply | str:
        grey = grey_of(request)
        return Reply("", fault=Status(500, {"error": "out of memory"})) if 2 <= grey < 6 else f"{grey}"

    given, stopped = run(serve(replies).llm, plain[:8])
    assert stopped is None
    assert [each.index for each in given if each.error] == [2, 3, 4, 5]
    assert [each.index for each in given] == list(range(8))


def test_different_failures_do_not_add_up(serve: Serve, plain: list[ImageNode]) -> None:
    words = ["out of memory", "invalid tensor", "no such slot"]
    given, stopped = run(
        serve(lambda request: Reply("", fault=Status(500, {"error": words[grey_of(request) % 3]}))).llm, plain[:9]
    )
    assert stopped is None
    assert all(isinstance(each.error, errors.ServerError) for each in given)


@pytest.mark.parametrize("emptied", [False, True], ids=["gone", "emptied, as a mount point is"])
def test_a_folder_that_is_gone_stops_the_run(serve: Serve, plain: list[ImageNode], emptied: bool) -> None:
    folder = Path(plain[0].image_path or "").parent
    results = ImageDescriber(llm=serve("whole").llm, num_workers=1).iter(plain)
    assert next(results).text == "whole"
    shutil.rmtree(folder)
    if emptied:
        folder.mkdir()
    given, stopped = told(results)
    assert all(each.error is None for each in given)
    assert stopped is not None
    assert str(folder) in str(stopped)


def test_one_file_that_is_gone_is_that_files_fault(serve: Serve, plain: list[ImageNode]) -> None:
    Path(plain[1].image_path or "").unlink()
    given, stopped = run(serve("whole").llm, plain[:3])
    assert stopped is None
    assert [type(each.error) for each in given] == [type(None), errors.ImageError, type(None)]


def test_a_missing_package_stops_the_run(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\n%%EOF")
    (tmp_path / "b.png").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    given, stopped = run(serve("whole").llm, [node_of(tmp_path / "a.pdf")])
    assert given == []
    assert stopped is not None
    assert "[pdf]" in str(stopped)


def test_a_keyword_that_no_call_takes_is_told_before_the_first_picture(serve: Serve) -> None:
    with pytest.raises(TypeError, match="temprature"):
        ImageDescriber(llm=serve("whole").llm, llm_kwargs={"temprature": 0})
