"""A question that goes on: what went before is sent again, pictures included, by /api/chat."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision import Exchange, VisionModel
from tests.model.test_vision_model import each_way, on, put
from tests.support.serving import Serve

RED = Image.new("RGB", (64, 64), "red")
BLUE = Image.new("RGB", (64, 64), "blue")


def colours(message: dict[str, Any]) -> list[Any]:
    return [
        Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB").getpixel((9, 9)) for data in message["images"]
    ]


@each_way
@pytest.mark.parametrize("colour", ["red", "blue"])
def test_the_model_still_sees_the_picture(demo_server: EmbeddedOllama, way: str, colour: Any) -> None:
    model = VisionModel(demo_server.model, demo_server.url, temperature=0.0, context_window=2048)
    before = Exchange(
        "How many shapes are there?", "There is 1 shape.", [draw_scene(Shape(colour, "square", "middle center"))]
    )
    answer = put(model, way, "Describe the image.", earlier=[before])[-1]
    assert colour in answer.text
    assert len(answer.pictures) == 1


@each_way
def test_each_turn_keeps_its_own_pictures(serve: Serve, way: str) -> None:
    serving = serve("Both.")
    earlier = [Exchange("First?", "Red.", [RED]), Exchange("And?", "Nothing more.")]
    answer = put(on(serving), way, "Second?", BLUE, earlier=earlier, system="Be brief.", seed=3)[-1]
    assert answer.text == "Both."
    (body,) = serving.bodies
    assert serving.asked[-1].path == "/api/chat"
    assert [(each["role"], each["content"]) for each in body["messages"]] == [
        ("system", "Be brief."),
        ("user", "First?"),
        ("assistant", "Red."),
        ("user", "And?"),
        ("assistant", "Nothing more."),
        ("user", "Second?"),
    ]
    assert colours(body["messages"][1]) == [(255, 0, 0)]
    assert colours(body["messages"][5]) == [(0, 0, 255)]
    assert not [each for each in body["messages"] if "images" in each and each["content"] not in ("First?", "Second?")]
    assert body["options"]["seed"] == 3


@each_way
def test_nothing_before_is_a_question_as_ever(serve: Serve, way: str) -> None:
    serving = serve("Red.")
    put(on(serving), way, "What?", RED, earlier=[])
    assert serving.asked[-1].path == "/api/generate"


def test_an_answer_that_breaks_the_schema_is_asked_for_again_in_the_same_conversation(serve: Serve) -> None:
    serving = serve("Two.", '{"count": 2}')
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    answer = on(serving).ask("How many?", schema=schema, earlier=[Exchange("What?", "Shapes.", [RED])])
    assert answer.fields == {"count": 2}
    roles = [each["role"] for each in serving.bodies[-1]["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert colours(serving.bodies[-1]["messages"][0]) == [(255, 0, 0)]


def test_labels_are_chosen_after_what_was_said(serve: Serve) -> None:
    serving = serve('"red"', '"red"')
    choice = on(serving).choose("Which?", ["red", "blue"], earlier=[Exchange("What?", "A colour.", [RED])])
    assert choice.label == "red"
    assert {request.path for request in serving.asked} == {"/api/chat"}


@each_way
@pytest.mark.parametrize(
    ("earlier", "words"),
    [
        ([("What?", "Red.")], "earlier[0] is a tuple; it must be an Exchange"),
        ([Exchange("What?", "Red."), Exchange(b"What?", "Red.")], "earlier[1]: question is a bytes"),  # type: ignore[arg-type]
        ([Exchange("What?", None)], "earlier[0]: answer is None"),  # type: ignore[arg-type]
        ([Exchange("What?", "Red.", [None])], "earlier[0]: pictures[0] is None"),
    ],
    ids=["a pair", "bytes", "no answer", "no picture"],
)
def test_what_is_no_exchange_is_refused(serve: Serve, way: str, earlier: Any, words: str) -> None:
    serving = serve("Red.")
    with pytest.raises(TypeError) as caught:
        put(on(serving), way, "What?", earlier=earlier)
    assert words in str(caught.value)
    assert not serving.asked


@each_way
def test_a_keyword_of_prompts_alone_is_refused_in_a_conversation(serve: Serve, way: str) -> None:
    with pytest.raises(TypeError, match="template"):
        put(on(serve("Red.")), way, "What?", earlier=[Exchange("What?", "Red.")], template="{{ .Prompt }}")
