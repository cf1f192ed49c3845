"""Regions and tiles asked about: what every endpoint sends and says of them, and refuses before anything is sent."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.prompts import PromptTemplate
from PIL import Image
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision import VisionModel
from ollama_vision.errors import ContextOverflowError, ImageError
from ollama_vision.pictures import BoxMapping
from ollama_vision.server import ModelCapabilities
from tests.support import shown_models as models
from tests.support.endpoints import ask, twelve

LINE = (
    "Image 1 is the whole of the picture, images 2 to 5 are parts of it, closer: image 2 top left; image 3 top right; "
    "image 4 bottom left; image 5 bottom right."
)
QUARTERS: dict[str, Any] = {"tiles": (2, 2), "format": "png"}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """1200x800, red above and blue below; in the middle of the lower right quarter, a white square."""
    made = Image.new("RGB", (1200, 800), "red")
    made.paste("blue", (0, 400, 1200, 800))
    made.paste("white", (860, 560, 940, 640))
    made.save(tmp_path / "large.png")
    return tmp_path / "large.png"


def entries_of(reply: Any) -> list[dict[str, Any]]:
    entries = getattr(reply, "pictures", None) or reply.additional_kwargs["pictures"]
    return json.loads(json.dumps(list(entries)))  # type: ignore[no-any-return]


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


@twelve
def test_a_region_is_sent_told_and_mapped_back(endpoint: str, picture: Path) -> None:
    options = ImageOptions(region=(0.5, 0.5, 1.0, 1.0))
    with EmbeddedOllama(engine=ScriptedEngine("yes")) as server:
        llm = OllamaMultiModal(model="scripted", base_url=server.url)
        reply = ask(llm, endpoint, "What is white?", [picture], image_options=options)
        asked = server.asked[0]
    (sent,), (entry,) = asked.pictures, entries_of(reply.last)
    assert opened(sent).tobytes() == opened(picture.read_bytes()).crop((600, 400, 1200, 800)).tobytes()
    assert entry["region"] == [600, 400, 1200, 800]
    assert "tile" not in entry
    assert BoxMapping.from_description(entry["mapping"]).to_original((260, 160, 340, 240)) == (860, 560, 940, 640)
    assert "Image 1" not in json.dumps(asked.body)


@twelve
def test_tiles_are_sent_behind_the_whole_and_a_line_says_which_is_which(endpoint: str, picture: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("yes")) as server:
        llm = OllamaMultiModal(model="scripted", base_url=server.url)
        reply = ask(llm, endpoint, "What is white?", [picture], image_options=ImageOptions(**QUARTERS))
        asked = server.asked[0]
    entries = entries_of(reply.last)
    assert len(asked.pictures) == len(entries) == 5
    assert asked.pictures[0] == picture.read_bytes(), "it is small enough: byte for byte"
    assert [entry.get("tile") for entry in entries] == [
        None,
        *({"column": column, "row": row, "columns": 2, "rows": 2} for row in (1, 2) for column in (1, 2)),
    ]
    last = entries[4]
    assert opened(asked.pictures[4]).size == (632, 421) == tuple(last["size"])
    left, top, right, bottom = last["region"]
    assert (left, top, right, bottom) == (568, 379, 1200, 800)
    box = (860 - left, 560 - top, 940 - left, 640 - top)
    assert BoxMapping.from_description(last["mapping"]).to_original(box) == (860, 560, 940, 640)
    said = asked.body["prompt"] if "prompt" in asked.body else asked.body["messages"][-1]["content"]
    assert said.startswith(f"{LINE}\n")
    assert said.endswith("\nWhat is white?")


@pytest.mark.parametrize("way", ["field", "call"])
def test_of_a_conversation_each_message_names_its_own(way: str, picture: Path) -> None:
    messages = [
        ChatMessage(role="user", blocks=[TextBlock(text="One."), ImageBlock(path=picture)]),
        ChatMessage(role="assistant", content="Yes?"),
        ChatMessage(role="user", blocks=[ImageBlock(path=picture), TextBlock(text="Two.")]),
        ChatMessage(role="assistant", content="Yes?"),
        ChatMessage(role="user", content="Three."),
    ]
    given: dict[str, Any] = {"image_options": ImageOptions(**QUARTERS)}
    with EmbeddedOllama(engine=ScriptedEngine("yes")) as server:
        llm = OllamaMultiModal(model="scripted", base_url=server.url, **(given if way == "field" else {}))
        llm.chat(messages, **(given if way == "call" else {}))
        sent = server.asked[0].body["messages"]
    assert [each["content"] for each in sent[::2]] == [f"{LINE}\nOne.", f"{LINE}\nTwo.", "Three."]
    assert [len(each.get("images") or ()) for each in sent[::2]] == [5, 5, 0]


class Seen(BaseModel):
    colour: str


@pytest.mark.parametrize(
    "endpoint", ["structured_predict", "astructured_predict", "stream_structured_predict", "predict"]
)
def test_pictures_beside_a_template_are_cut_once(endpoint: str, picture: Path) -> None:
    """They are prepared into blocks before the chat, whose own options would cut a quarter of the quarter."""
    options = ImageOptions(region=(0.5, 0.5, 1.0, 1.0), tiles=(2, 1))
    with EmbeddedOllama(engine=ScriptedEngine('{"colour": "white"}')) as server:
        llm = OllamaMultiModal(model="scripted", base_url=server.url, image_options=options)
        template = PromptTemplate("Which colour?")
        if endpoint == "predict":
            assert "white" in llm.predict(template, image_documents=[picture])
        elif endpoint.startswith("a"):
            made: Any = asyncio.run(llm.astructured_predict(Seen, template, image_documents=[picture]))
            assert made == Seen(colour="white")
        else:
            found = getattr(llm, endpoint)(Seen, template, image_documents=[picture])
            assert ([*found][-1] if endpoint.startswith("stream") else found) == Seen(colour="white")
        asked = server.asked[0]
    assert [opened(sent).size for sent in asked.pictures] == [(600, 400), (316, 400), (316, 400)]
    assert asked.body["messages"][-1]["content"].startswith("Image 1 is the whole of the picture, images 2 to 3 are")


def test_what_is_asked_for_again_names_its_tiles_once_more(picture: Path) -> None:
    engine = ScriptedEngine(["no json at all", '{"colour": "white"}'])
    with EmbeddedOllama(engine=engine) as server:
        model = VisionModel("scripted", server.url, image_options=ImageOptions(**QUARTERS))
        answer = model.ask("Which colour?", picture, schema=Seen)
        first, second = (asked.body for asked in server.asked)
    assert answer.fields == {"colour": "white"}
    assert first["prompt"].count("Image 1 is") == 1
    assert second["messages"][0]["content"].count("Image 1 is") == 1
    assert len(second["messages"][0]["images"]) == 5


def test_a_raw_prompt_has_no_place_for_the_line(picture: Path) -> None:
    llm = OllamaMultiModal(model="m")
    with pytest.raises(ValueError, match="raw=True sends the prompt as it is, and tiles= needs a line before it"):
        llm.complete("<s>What?", image_documents=[picture], raw=True, image_options=ImageOptions(**QUARTERS))


def test_the_cost_is_that_of_all_that_is_sent() -> None:
    known = ModelCapabilities.from_show(models.QWEN25_VL)
    one = known.picture_tokens((1200, 800))
    assert one is not None
    parts = [known.picture_tokens(size) or 0 for size in [(632, 421), (631, 421), (632, 421), (631, 421)]]
    together = known.picture_tokens((1200, 800), ImageOptions(tiles=(2, 2)))
    assert together == pytest.approx(one + sum(parts), rel=0.02)
    region = known.picture_tokens((1200, 800), ImageOptions(region=(0.0, 0.0, 0.5, 1.0)))
    assert region == known.picture_tokens((600, 800))


@pytest.mark.parametrize(
    "options", [{"tiles": (3, 2)}, {"tiles": "auto"}, {"region": (0.1, 0.2, 0.9, 0.9), "tiles": (2, 1)}]
)
def test_the_cost_that_is_told_is_that_of_what_is_sent(options: dict[str, Any]) -> None:
    known = ModelCapabilities.from_show(models.QWEN3_VL)
    picture = Image.new("RGB", (2400, 1600), "red")
    with EmbeddedOllama(engine=ScriptedEngine("yes", model="qwen", **models.QWEN3_VL)) as server:
        model = VisionModel("qwen", server.url, context_window=65_536, image_options=ImageOptions(**options))
        sent = model.ask("What?", picture).pictures
    assert len(sent) > 2
    assert known.picture_tokens((2400, 1600), ImageOptions(**options)) == sum(
        known.picture_costs[(entry["size"][0], entry["size"][1])] or 0 for entry in sent
    )


@twelve
def test_more_tiles_than_the_context_holds_are_refused_before_anything_is_sent(endpoint: str, picture: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("yes", model="qwen", **models.QWEN25_VL)) as server:
        llm = OllamaMultiModal(model="qwen", base_url=server.url, context_window=8192)
        cost = ModelCapabilities.from_show(models.QWEN25_VL).picture_tokens((1200, 800), ImageOptions(tiles=(6, 4)))
        with pytest.raises(ContextOverflowError) as refused:
            ask(llm, endpoint, "What?", [picture], image_options=ImageOptions(tiles=(6, 4)))
        assert not server.asked
        assert cost is not None
        assert f"6x4 tiles and the whole picture take about {cost:,} tokens, and the context holds 8,192" in str(
            refused.value
        )
        assert (refused.value.n_ctx, refused.value.n_picture_tokens) == (8192, cost)
        # What it advises goes through.
        advised = str(refused.value).partition("tiles=(")[2].partition(")")[0]
        columns, rows = map(int, advised.split(","))
        ask(llm, endpoint, "What?", [picture], image_options=ImageOptions(tiles=(columns, rows)))
        assert len(server.asked[-1].pictures) == columns * rows + 1
        ask(llm, endpoint, "What?", [picture], image_options=ImageOptions(tiles=(6, 4)), num_ctx=65_536)
        assert len(server.asked[-1].pictures) == 25


def test_the_tiles_of_several_pictures_count_together(picture: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("yes", model="qwen", **models.QWEN25_VL)) as server:
        model = VisionModel("qwen", server.url, context_window=12_000, image_options=ImageOptions(tiles=(2, 2)))
        model.ask("What?", picture)
        with pytest.raises(ContextOverflowError, match="the 15 pictures of this request"):
            model.ask("What?", picture, picture, picture)


def test_of_a_model_whose_costs_are_not_known_nothing_is_refused(picture: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("yes")) as server:
        VisionModel("scripted", server.url).ask("What?", picture, image_options=ImageOptions(tiles=(6, 4)))
        assert len(server.asked[0].pictures) == 25


@twelve
def test_a_region_outside_the_picture_is_refused_before_anything_is_sent(endpoint: str, picture: Path) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("yes")) as server:
        llm = OllamaMultiModal(model="scripted", base_url=server.url)
        with pytest.raises(ImageError, match=r"is 1200x800 when upright, and the region \(0, 0, 1201, 800\) reaches"):
            ask(llm, endpoint, "What?", [picture], image_options=ImageOptions(region=(0, 0, 1201, 800)))
        assert not server.asked
