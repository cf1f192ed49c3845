"""Whose fault it is: a picture's own is told of that picture, any other stops the run and blames none."""

from __future__ import annotations

import asyncio
import itertools
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

from llama_index.multi_modal_llms.ollama import Description, ImageDescriber, OllamaMultiModal
from llama_index.multi_modal_llms.ollama.asking_llm import LlmOnHost
from ollama_embedded import Gate, Reply
from ollama_embedded.faults import CutStream, HangUpFirst, NoDone, SlowFirstByte, Status
from ollama_vision import errors
from ollama_vision.batch.asking.balancer import REST, Balancer
from ollama_vision.batch.asking.repetition import repeated_unit
from ollama_vision.http.deadline import Deadline
from ollama_vision.model import call as _call
from tests.support.picture_nodes import grey_of, node_of
from tests.support.recorded import FOLDER
from tests.support.serving import Serve, Serving


class Seen(BaseModel):
    grey: int


def told(results: Any) -> tuple[list[Description], errors.RunStoppedError | None]:
    """Everything that a run gave, and what stopped it."""
    given: list[Description] = []
    try:
        for description in results:
            given.append(description)
    except errors.RunStoppedError as stopped:
        return given, stopped
    return given, None


def run(llm: Any, nodes: Any, **settings: Any) -> tuple[list[Description], errors.RunStoppedError | None]:
    return told(ImageDescriber(llm=llm, **{"num_workers": 1, "wait": 0, **settings}).iter(nodes))


# faults of a picture, or of the answer to it


@pytest.mark.parametrize("on_error", ["raise", "keep"])
def test_a_damaged_picture_fails_alone(serve: Serve, plain: list[ImageNode], on_error: Any) -> None:
    broken = Path(plain[1].image_path or "")
    broken.write_bytes(broken.read_bytes()[:60])
    describer = ImageDescriber(llm=serve(lambda request: f"{grey_of(request)}").llm, on_error=on_error)
    if on_error == "raise":
        with pytest.raises(errors.ImageError, match=r"The picture \(.*grey1"):
            describer(plain[:3])
        return
    first, failed, last = describer(plain[:3])
    assert (first.get_content(), last.get_content()) == ("0", "2")
    assert failed.get_content() == ""
    assert failed.metadata["error"].startswith("ImageError: The picture (")
    assert "error" in failed.excluded_embed_metadata_keys
    assert failed.metadata["file_path"] == str(broken)


@pytest.mark.parametrize(
    ("metadata", "named"),
    [({}, r"^nodes\[0\] \(bytes"), ({"file_path": "a.pdf", "page_label": "3"}, r"^a\.pdf, page 3 \(bytes")],
)
def test_a_picture_without_a_path_is_named_too(serve: Serve, metadata: dict[str, str], named: str) -> None:
    node = ImageNode(image="bm8gcGljdHVyZQ==", metadata=metadata)
    with pytest.raises(errors.ImageError, match=named):
        ImageDescriber(llm=serve("whole").llm)([node])


def test_many_damaged_pictures_in_a_row_are_the_pictures_own_fault(serve: Serve, plain: list[ImageNode]) -> None:
    for node in plain[:8]:
        Path(node.image_path or "").write_text("no picture at all")
    given, stopped = run(serve(lambda request: f"{grey_of(request)}").llm, plain)
    assert stopped is None
    assert [each.error is not None for each in sorted(given, key=lambda each: each.index)] == [True] * 8 + [False] * 4


def test_an_answer_cut_by_a_limit_is_an_error_with_its_text(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve(Reply("A grey square, and", done_reason="length"), "whole")
    (cut, whole), stopped = run(serving.llm, plain[:2])
    assert stopped is None
    assert isinstance(cut.error, errors.AnswerCutError)
    assert (cut.error.partial_text, cut.text, cut.finish_reason) == ("A grey square, and",) * 2 + ("length",)
    assert "num_predict" in str(cut.error)
    assert whole.text == "whole"


def test_a_cut_object_is_the_same_error(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve(Reply('{"grey": 1', done_reason="length"), '{"grey": 7}')
    (cut, whole), _ = run(serving.llm, plain[:2], output_cls=Seen)
    assert isinstance(cut.error, errors.AnswerCutError)
    assert cut.error.partial_text == '{"grey": 1'
    assert whole.fields == {"grey": 7}


def test_an_object_that_breaks_its_schema_is_asked_for_again(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve('{"grey": "dark"}', '{"grey": 3}')
    ((found,), _) = run(serving.llm, plain[:1], output_cls=Seen)
    assert found.fields == {"grey": 3}
    assert len(serving.asked) == 2
    assert found.usage["prompt_tokens"] == 24, "both questions count"


def test_an_empty_answer_is_no_description(serve: Serve, plain: list[ImageNode]) -> None:
    ((found,), _) = run(serve(" \n").llm, plain[:1])
    assert isinstance(found.error, errors.EmptyResponseError)


@pytest.mark.parametrize("where", ["text", "thinking"])
def test_endless_repetition_is_stopped(serve: Serve, plain: list[ImageNode], where: str) -> None:
    gate = Gate()  # never opened: only leaving ends this answer
    loop = ["and a grey square next to "] * 100
    endless = Reply([*loop, gate, "it."]) if where == "text" else Reply([gate, "it."], thinking=loop)
    serving = serve(lambda request: endless if grey_of(request) == 0 else "whole", num_parallel=2)
    (stuck, whole), stopped = run(serving.llm, plain[:2], num_workers=2, think=where == "thinking")
    if stuck.error is None:
        stuck, whole = whole, stuck
    assert stopped is None
    assert isinstance(stuck.error, errors.AnswerCutError)
    assert stuck.error.finish_reason == "repetition"
    assert "next to" in (stuck.error.partial_text if where == "text" else stuck.error.thinking)
    assert serving.asked[0].left.wait(30) or serving.asked[1].left.wait(30)
    assert whole.text == "whole"


@pytest.mark.parametrize(
    ("text", "endless"),
    [
        ("ha " * 300, True),
        ("The sign says stop. " * 40, True),
        ("A start. " + "x" * 700, True),
        ("\n" * 700, True),
        ("ha " * 100, False),
        ("| --- " * 60, False),
        ("." * 500, False),
        ("The sign says stop. " * 11, False),
        ("".join(f"{number}, " for number in range(400)), False),
        ("ha " * 300 + "and then it ended.", False),
        ("", False),
    ],
)
def test_what_repeats_without_end(text: str, endless: bool) -> None:
    assert bool(repeated_unit(text)) is endless


def test_a_deadline_is_for_one_picture_and_begins_with_its_request(serve: Serve, plain: list[ImageNode]) -> None:
    gate = Gate()
    serving = serve(lambda request: Reply([gate, "late"]) if grey_of(request) == 1 else "whole")
    given, stopped = run(serving.llm, plain[:3], deadline=0.5)
    assert stopped is None
    assert [type(each.error) for each in given] == [type(None), errors.DeadlineError, type(None)]


# faults that are no picture's


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


# what looks like either


@pytest.mark.parametrize("fault", [CutStream(1), HangUpFirst(), NoDone()])
def test_a_picture_that_brings_the_model_down_is_asked_twice_and_then_to_blame(
    serve: Serve, plain: list[ImageNode], fault: Any
) -> None:
    serving = serve(
        lambda request: Reply("It is grey.", fault=fault) if grey_of(request) == 1 else "whole", max_retries=0
    )
    given, stopped = run(serving.llm, plain[:3])
    assert stopped is None
    assert [each.error is not None for each in given] == [False, True, False]
    assert len(serving.asked) == 4


def test_a_connection_that_is_lost_once_costs_nothing(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve(Reply("It is grey.", fault=CutStream(1)), "whole", max_retries=0)
    ((found,), _) = run(serving.llm, plain[:1])
    assert found.text == "whole"


def test_silence_is_not_borne_twice(serve: Serve, plain: list[ImageNode]) -> None:
    gate = Gate()
    serving = serve(
        lambda request: Reply("late", fault=SlowFirstByte(gate)) if grey_of(request) == 1 else "whole",
        request_timeout=0.5,
        num_parallel=2,
    )
    given, stopped = run(serving.llm, plain[:2])
    assert stopped is None
    assert [type(each.error) for each in given] == [type(None), errors.SilenceTimeoutError]
    assert len(serving.asked) == 2


# several hosts


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

    class DeadlineOfEachCall(Deadline):
        @classmethod
        def start(cls, silence: float | None, deadline: float | None) -> Deadline:
            return Deadline(next(patience))

    serving = serve(lambda request: Reply([gate, f"{grey_of(request)}"]), num_parallel=1)
    serving.llm.capabilities()  # so that the calls below are the pictures' alone
    monkeypatch.setattr(_call, "Deadline", DeadlineOfEachCall)
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
