"""The eye test end to end: the demo model on the embedded server, and a scripted one that sees to a pixel's size."""

from __future__ import annotations

import asyncio
import io
import json
import pickle
from collections.abc import Iterator
from random import Random

import pytest
from PIL import Image, ImageChops

from ollama_embedded import EmbeddedOllama, ModelFacts, Reply, Request, ScriptedEngine
from ollama_vision import EyeProgress, EyeTest, VisionModel, aeye_test, errors, eye_test
from ollama_vision.sight import SightReceipt, SightReport, eye_asking, eye_chart, staircase
from ollama_vision.sight.report import SightPace
from ollama_vision.sight.word import draw_by_lot
from tests.support.serving import asked_since

DEMO = 160
"""Pixels: what the demo model tells 24 of 24 times, as docs/sight.md says."""
SHARP = 14
"""Pixels of what is sent: what is smaller, the scripted model does not see."""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer questions of fewer sizes: for what does not depend on how sure the answer is."""
    monkeypatch.setattr(staircase, "ENOUGH", 2)
    monkeypatch.setattr(eye_asking, "THINGS", (224, 112, 56, 36, 20, 15))
    monkeypatch.setattr(eye_asking, "LETTERS", (112, 56, 36, 20, 15))


def test_what_the_demo_model_tells_it_tells_24_times_in_a_row(demo_server: EmbeddedOllama) -> None:
    found = eye_test(demo_server.model, demo_server.url, seed=4)
    assert [level.detail for level in found.levels] == ["low", "auto", "high"]
    for level in found.levels:
        told = level.things.smallest_px
        assert told is not None
        assert told <= DEMO
        (tried,) = (each for each in level.things.tried if each.px == told)
        assert tried.in_a_row == 24
        assert level.letters is None, "it cannot read"
        assert level.tokens is not None
        assert level.tokens > 81, "one picture, and the question"
        assert level.seconds
    assert found.tiles is not None
    assert found.tiles.tokens is not None
    assert found.tiles.tokens > 7 * 81, "the whole and six tiles"
    assert found.advice.endswith("It does not read.")
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.fixture
def sharp(monkeypatch: pytest.MonkeyPatch, short: None) -> Iterator[EmbeddedOllama]:
    """A server whose model tells what has so many pixels in any picture that it gets, and nothing smaller."""
    words: list[str] = []
    by_lot = draw_by_lot

    def noted(lot: Random) -> str:
        words.append(by_lot(lot))
        return words[-1]

    monkeypatch.setattr(eye_chart, "draw_by_lot", noted)

    async def seen(*_: object) -> SightReport:
        return SightReport("m", "h", "sees", None, (), SightReceipt((), (), ()), SightPace(), 0)

    monkeypatch.setattr(eye_asking, "prove", seen)

    def answer(request: Request) -> Reply:
        boxes = [box_of(data) for data in request.pictures]
        whole = boxes[0]
        if request.format is None:
            # The word's capitals all have one height.
            is_seen = any(box[3] - box[1] >= SHARP for box in boxes if box)
            return Reply(f"It says {words[-1]}." if is_seen else "XXXXXX")
        is_seen = any(max(box[2] - box[0], box[3] - box[1]) >= SHARP for box in boxes if box)
        with Image.open(io.BytesIO(request.pictures[0])) as picture:
            side = picture.width
        if not is_seen or whole is None:
            return Reply('"none of them"')
        down = "top" if whole[1] < side / 2 else "bottom"
        return Reply(json.dumps(f"{down} {'left' if whole[0] < side / 2 else 'right'}"))

    with EmbeddedOllama(engine=ScriptedEngine(answer)) as server:
        yield server


def box_of(data: bytes) -> tuple[int, int, int, int] | None:
    """What encloses all that is not ground: half way to the colour of the letters or of the palest thing."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    ground = image.getpixel((0, 0))
    off = ImageChops.difference(image, Image.new("RGB", image.size, ground)).split()
    most = ImageChops.lighter(ImageChops.lighter(off[0], off[1]), off[2])
    return most.point(lambda value: 255 * (value > 80)).getbbox()


def test_each_detail_is_told_by_what_is_sent_of_it(sharp: EmbeddedOllama) -> None:
    """2240x2240 is sent as 633x633, 1001x1001, 1792x1792, and as 3x2 tiles at full size."""
    seen: list[EyeProgress] = []
    found = eye_test(sharp.model, sharp.url, seed=2, progress=seen.append)
    assert {level.name: (level.smallest("things"), level.smallest("letters")) for level in found.levels} == {
        "low": (56, 56),
        "auto": (36, 36),
        "high": (20, 20),
    }
    assert found.tiles is not None
    assert (found.tiles.name, found.tiles.smallest("things"), found.tiles.smallest("letters")) == (
        *("auto, tiles", 15, 15),
    )
    assert "at auto, things of 20 px of the original are lost; use --detail high" in found.advice
    assert "letters of 15 px of the original are lost; use --tiles auto" in found.advice
    assert [progress.asked for progress in seen] == list(range(len(sharp.asked)))
    assert {len(request.images) for request in sharp.asked} == {1, 7}
    told = found.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert list(told) == ["model", "levels", "advice"]
    assert [list(level) for level in told["levels"]] == [["detail", "things", "letters", "tokens", "seconds"]] * 3
    assert [level["letters"] for level in told["levels"]] == [{"smallest_px": px} for px in (56, 36, 20)]


def shown(found: EyeTest) -> object:
    return [(level.things, level.letters, level.tokens) for level in found.levels]


def test_one_seed_asks_the_same_through_every_door(
    demo_server: EmbeddedOllama, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eye_asking, "THINGS", (224,))
    model = VisionModel(demo_server.model, demo_server.url)
    before = demo_server.asked
    found = eye_test(model, seed=5)
    first = asked_since(demo_server, before)
    again = asyncio.run(aeye_test(model, seed=5))
    second = asked_since(demo_server, [*before, *first])
    assert first
    assert [request.pictures for request in first] == [request.pictures for request in second]
    assert shown(found) == shown(again)
    with pytest.raises(TypeError, match="host goes with a name"):
        eye_test(model, demo_server.url)


def test_what_the_context_does_not_hold_is_not_measured(demo_server: EmbeddedOllama, short: None) -> None:
    found = eye_test(VisionModel(demo_server.model, demo_server.url, num_ctx=400), seed=3)
    assert found.tiles is not None
    assert (found.tiles.things.smallest_px, found.tiles.tokens, found.tiles.seconds) == (None, None, None)
    assert "Auto, tiles was not measured: its 7 pictures take about 567 tokens" in found.advice
    assert all(level.tokens for level in found.levels)


def test_a_model_that_only_transcribes_is_asked_to_read(sharp: EmbeddedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eye_asking, "_names_labels", lambda report: False)
    found = eye_test(sharp.model, sharp.url, seed=4)
    assert [level.smallest("letters") for level in found.levels] == [56, 36, 20]
    assert {level.things for level in found.levels} == {eye_asking._NOT_ASKED}
    assert all(request.body.get("format") is None for request in sharp.asked)


def test_a_blind_model_is_an_error() -> None:
    with EmbeddedOllama(blind="black") as server, pytest.raises(errors.BlindModelError, match="does not see"):
        eye_test(server.model, server.url, seed=1)


def test_a_model_without_vision_is_an_error() -> None:
    engine = ScriptedEngine("yes", models=[ModelFacts("text", ("completion",))])
    with EmbeddedOllama(engine=engine) as server:
        with pytest.raises(errors.CapabilityError, match="'text'"):
            eye_test("text", server.url)
        assert not server.asked


def test_a_model_that_is_not_there_is_an_error(demo_server: EmbeddedOllama) -> None:
    with pytest.raises(errors.ModelNotFoundError, match="no-such-model"):
        eye_test("no-such-model", demo_server.url)


def test_a_server_that_ignores_schemas_is_an_error() -> None:
    with (
        EmbeddedOllama(engine=ScriptedEngine("A lovely scene.")) as server,
        pytest.raises(errors.StructuredOutputError, match=r"none of the labels .* 'A lovely scene\.'") as raised,
    ):
        eye_test(server.model, server.url, seed=1)
    assert raised.value.partial_text == "A lovely scene."
