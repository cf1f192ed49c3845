"""VisionModel called by mistake: each is refused before anything is sent, in words that say how to go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.model.test_vision_model import each_way, on, put
from tests.support.serving import Serve

ONE_BY_ONE = r"Pictures follow the question one by one: ask\(question, \*pictures\)"


@each_way
@pytest.mark.parametrize(
    "make", [lambda each: [each, each], lambda each: [], lambda each: (each,), lambda each: {each}]
)
def test_a_list_of_pictures_is_told_to_be_unpacked(serve: Serve, way: str, make: Any) -> None:
    serving = serve("Fine.")
    with pytest.raises(TypeError, match=rf"pictures\[1\] is a \w+\. {ONE_BY_ONE}"):
        put(on(serving), way, "What?", "a.png", make("b.png"))
    assert serving.asked == []


def test_pictures_that_come_one_after_another_are_told_to_be_unpacked(serve: Serve) -> None:
    with pytest.raises(TypeError, match=ONE_BY_ONE):
        put(on(serve("Fine.")), "ask", "What?", Path().glob("*.png"))


def test_an_open_file_is_no_list(serve: Serve, scene: Image.Image, tmp_path: Path) -> None:
    scene.save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("rb") as file:
        assert put(on(serve("Fine.")), "ask", "What?", file)[-1].text == "Fine."


@each_way
def test_no_picture_is_left_out(serve: Serve, way: str) -> None:
    serving = serve("Fine.")
    with pytest.raises(TypeError, match=r"pictures\[0\] is None; leave it out"):
        put(on(serving), way, "What?", None)
    assert serving.asked == []


@each_way
@pytest.mark.parametrize(
    ("question", "kind"),
    [(5, "an int"), (b"hi", "a bytes"), (Path("a.png"), r"a \w+Path"), (None, "None"), ([], "a list")],
)
def test_a_question_is_text(serve: Serve, way: str, question: Any, kind: str) -> None:
    serving = serve("Fine.")
    with pytest.raises(TypeError, match=rf"question is {kind}; it must be text"):
        put(on(serving), way, question, "a.png")
    assert serving.asked == []


@each_way
def test_a_system_prompt_is_text(serve: Serve, way: str) -> None:
    serving = serve("Fine.")
    with pytest.raises(TypeError, match="system is an int; it must be text"):
        put(on(serving), way, "What?", system=3)
    assert serving.asked == []


@each_way
@pytest.mark.parametrize("where", ["question", "system"])
def test_half_a_surrogate_pair_is_no_text(serve: Serve, way: str, where: str) -> None:
    serving = serve("Fine.")
    said = {"question": "What?", "system": "Look.", where: "caf\udce9?"}
    with pytest.raises(ValueError, match=rf"{where} is no valid text: character 4 is '\\udce9'"):
        put(on(serving), way, said["question"], system=said["system"])
    assert serving.asked == []
    assert put(on(serving), way, "A whole pair: \U0001f600")[-1].text == "Fine."
