"""A picture's own fault, or that of the answer to it, is told of that picture, and the run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import ImageNode
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageDescriber
from ollama_embedded import Gate, Reply
from ollama_embedded.faults import CutStream, HangUpFirst, NoDone, SlowFirstByte
from ollama_vision import errors
from ollama_vision.batch.asking.repetition import repeated_unit
from tests.support.description_runs import run
from tests.support.picture_nodes import grey_of
from tests.support.serving import Serve


class Seen(BaseModel):
    grey: int


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
    (black,) = [each for each in serving.asked if each.images[0].convert("L").getpixel((0, 0)) == 0]
    assert black.left.wait(30)
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
