"""`ask --draw-boxes`: what a model names by its corners is drawn around on the original, seen in the drawn pixels."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.pictures.drawn_boxes import COLOURS
from tests.support import shown_models as models
from tests.support.command_line import CommandLine
from tests.support.picture_corpus import BLUE, GREEN, LIGHT, RED, card, encoded, pixel, turned, wrong_corners
from tests.support.seeing_models import seeing

QUESTION = "List what you see as JSON: bbox_2d, label."


@pytest.fixture
def boxes(folder: Path, vision: CommandLine) -> Iterator[Any]:
    """Runs `ask` against a server whose model answers with these boxes, or what a function says of the request."""
    servers: list[EmbeddedOllama] = []

    def run(answer: Any, *words: str, show: dict[str, Any] | None = None) -> Any:
        said = answer if callable(answer) else answer if isinstance(answer, str) else json.dumps(answer)
        servers.append(EmbeddedOllama(engine=ScriptedEngine(said, **(show or models.QWEN25_VL))).__enter__())
        return vision("ask", "--host", servers[-1].url, *words)

    yield run
    for server in servers:
        server.__exit__(None, None, None)


def outlined(image: Image.Image, colour: str = COLOURS[0]) -> tuple[int, int, int, int]:
    """What a box of that colour encloses, looked up in the pixels."""
    goal = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    off = ImageChops.difference(image, Image.new("RGB", image.size, goal))
    found = off.convert("L", (1, 1, 1, 0)).point(lambda value: 255 * (value == 0)).getbbox()
    assert found is not None
    return found


QUARTERS = {RED: (0, 0, 0.5, 0.5), GREEN: (0.5, 0, 1, 0.5), BLUE: (0, 0.5, 0.5, 1), LIGHT: (0.5, 0.5, 1, 1)}


@pytest.mark.parametrize("size", [(300, 200), (640, 480), (4000, 3000), (100, 2000)])
@pytest.mark.parametrize(("name", "of"), [("QWEN25_VL", None), ("QWEN3_VL", 1000), ("GLM4V", 1000)])
@pytest.mark.parametrize("colour", [GREEN, BLUE])
def test_what_the_model_sees_in_its_canvas_is_outlined_in_the_original(
    boxes: Any, size: tuple[int, int], name: str, of: int | None, colour: Any
) -> None:
    card(size).save("card.png")
    show = getattr(models, name)
    outcome = boxes(seeing(colour, show, of), "card.png", QUESTION, "--draw-boxes", "boxes.png", show=show)
    assert (outcome.code, outcome.err) == (0, "1 box drawn in boxes.png.\n")
    with Image.open("boxes.png") as image:
        assert image.size == size
        wanted = [side * size[at % 2] for at, side in enumerate(QUARTERS[colour])]
        # A pixel of the smaller of both pictures.
        slack = 1 + max(size) / 896
        assert outlined(image) == pytest.approx(wanted, abs=slack)


@pytest.mark.parametrize("orientation", [3, 6, 7])
def test_a_turned_photograph_is_drawn_on_upright(boxes: Any, orientation: int) -> None:
    Path("photo.jpg").write_bytes(turned("JPEG", orientation, (1600, 1200), quality=95))
    show = models.QWEN25_VL
    outcome = boxes(seeing(GREEN, show), "photo.jpg", QUESTION, "--draw-boxes", "boxes.png")
    assert outcome.code == 0, outcome.err
    assert wrong_corners(Path("boxes.png").read_bytes()) == []
    with Image.open("boxes.png") as image:
        assert outlined(image) == pytest.approx((800, 0, 1600, 600), abs=5)


def test_the_page_that_was_asked_about_is_drawn_on(boxes: Any) -> None:
    pytest.importorskip("pypdfium2")
    Image.new("RGB", (400, 300), "white").save("scan.pdf", "PDF", save_all=True, append_images=[card((400, 300))])
    words = ("scan.pdf", QUESTION, "--draw-boxes", "boxes.png")
    outcome = boxes(seeing(GREEN, models.QWEN25_VL), *words, "--pages", "2")
    assert outcome.code == 0, outcome.err
    assert wrong_corners(Path("boxes.png").read_bytes()) == []
    with Image.open("boxes.png") as image:
        width, height = image.size
        assert outlined(image) == pytest.approx((width / 2, 0, width, height / 2), abs=width / 200)
    outcome = boxes([], *words)
    assert outcome.code == 2
    assert "2 would be sent: name one, choose a page with --pages 3" in outcome.err


def test_a_frame_of_an_animation_is_drawn_on(boxes: Any) -> None:
    frames = [Image.new("RGB", (400, 300), "white"), card((400, 300)), Image.new("RGB", (400, 300), "black")]
    frames[0].save("moving.gif", save_all=True, append_images=frames[1:], duration=100)
    words = ("moving.gif", QUESTION, "--draw-boxes", "boxes.png", "--frames", "1")
    outcome = boxes(seeing(GREEN, models.QWEN25_VL), *words)
    assert outcome.code == 0, outcome.err
    with Image.open("boxes.png") as image:
        assert outlined(image) == pytest.approx((200, 0, 400, 150), abs=2)


def test_the_convention_can_be_named(boxes: Any) -> None:
    card((400, 300)).save("card.png")
    answer, words = [{"box_2d": [0, 500, 500, 1000]}], ("card.png", QUESTION, "--draw-boxes", "boxes.jpg")
    outcome = boxes(answer, *words, "--box-convention", "0-1000 yx", show=models.GEMMA4)
    assert outcome.code == 0, outcome.err
    with Image.open("boxes.jpg") as image:
        assert image.format == "JPEG"
        assert f"#{pixel(image, 399, 75)[0]:02x}" != "#28"  # the line's colour, about
    # A family whose order is not certain, and a model that is not known.
    outcome = boxes(answer, *words, show=models.GEMMA4)
    assert outcome.code == 2
    assert "not from its makers. Name it with --box-convention: 'model pixels'" in outcome.err
    outcome = boxes(answer, *words, show={"model_info": {"general.architecture": "new"}})
    assert outcome.code == 2
    assert "not known: name it with --box-convention" in outcome.err
    outcome = boxes([{"bbox": [200, 0, 400, 150]}], *words, "--box-convention", "pixels", show={})
    assert outcome.code == 0


def test_nothing_is_asked_where_nothing_could_be_drawn(boxes: Any, vision: CommandLine) -> None:
    card().save("card.png")
    Path("taken.png").mkdir()
    for words, told in (
        (("--draw-boxes", "boxes.gif"), "ends in .png or .jpg"),
        (("--draw-boxes", "nowhere/boxes.png"), "there is no folder nowhere"),
        (("--draw-boxes", "taken.png"), "it is a folder"),
        (("--draw-boxes", "boxes.png", "--box-convention", "0-100"), "'0-1000 yx'"),
        (("--box-convention", "0-1"), "give both"),
    ):
        outcome = vision("ask", "card.png", QUESTION, *words)
        assert outcome.code == 2
        assert told in outcome.err


def test_an_answer_without_a_box_is_shown_and_said(boxes: Any) -> None:
    card().save("card.png")
    answers: tuple[Any, ...] = ("I see four colours.", [], {"box": "of cardboard"})
    for answer in answers:
        outcome = boxes(answer, "card.png", QUESTION, "--draw-boxes", "boxes.png")
        assert outcome.code == 1
        assert "There is no box in the answer" in outcome.err
    assert not Path("boxes.png").exists()


def test_a_box_that_is_nowhere_is_told_and_the_others_drawn(boxes: Any) -> None:
    card((896, 896)).save("card.png")
    answer = [{"bbox_2d": [10, 10, 400, 400], "label": "a"}, {"bbox_2d": [2000, 2000, 2100, 2100], "label": "b"}]
    outcome = boxes(answer, "card.png", QUESTION, "--draw-boxes", "boxes.png")
    assert outcome.code == 0
    assert "[2000.0, 2000.0, 2100.0, 2100.0] is nowhere in the picture" in outcome.err
    assert "--box-convention takes" in outcome.err
    assert "1 box drawn in boxes.png." in outcome.err
    outcome = boxes(answer[1:], "card.png", QUESTION, "--draw-boxes", "none.png")
    assert outcome.code == 1
    assert not Path("none.png").exists()


def test_a_picture_from_standard_input_is_drawn_on(boxes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(card((896, 896)), "PNG")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    outcome = boxes([{"bbox_2d": [448, 0, 896, 448]}], "-", QUESTION, "--draw-boxes", "boxes.png")
    assert outcome.code == 0, outcome.err
    with Image.open("boxes.png") as image:
        assert outlined(image) == pytest.approx((448, 0, 896, 448), abs=1)


def test_fields_of_a_schema_are_drawn_too(boxes: Any) -> None:
    card((896, 896)).save("card.png")
    schema = {"type": "object", "properties": {"sign": {"type": "object", "properties": {"bbox_2d": {}}}}}
    Path("sign.json").write_text(json.dumps(schema))
    answer = {"sign": {"bbox_2d": [448, 448, 896, 896]}}
    outcome = boxes(answer, "card.png", QUESTION, "--draw-boxes", "boxes.png", "--format", "sign.json")
    assert outcome.code == 0, outcome.err
    with Image.open("boxes.png") as image:
        left, top, right, bottom = outlined(image)
    assert (left, right, bottom) == pytest.approx((448, 896, 896), abs=1)
    assert 448 > top > 400  # its label, the field's name, is written above it
