"""Pictures beside a prompt template: `predict`, `stream`, their async twins, and a structured LLM's, send them."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate
from llama_index.core.schema import ImageNode, NodeWithScore, TextNode
from PIL import Image
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal
from ollama_embedded import Shape, draw_scene
from ollama_vision import pictures as _images
from ollama_vision.errors import ImageError
from tests.support.serving import Serve

ASK = PromptTemplate("Describe the {what}.")
FOUR = ("predict", "apredict", "stream", "astream")
four = pytest.mark.parametrize("endpoint", FOUR)


class Thing(BaseModel):
    """One thing in a picture."""

    colour: str
    shape: str


def ask(llm: Any, endpoint: str, prompt: Any = ASK, **arguments: Any) -> str:
    async def on_loop() -> str:
        result = await getattr(llm, endpoint)(prompt, **arguments)
        return result if isinstance(result, str) else "".join([piece async for piece in result])

    if endpoint.startswith("a"):
        return asyncio.run(on_loop())
    result = getattr(llm, endpoint)(prompt, **arguments)
    return result if isinstance(result, str) else "".join(result)


@pytest.fixture
def picture(scene: Image.Image, tmp_path: Path) -> Path:
    scene.save(tmp_path / "scene.png")
    return tmp_path / "scene.png"


@four
def test_the_model_sees_what_a_prompt_brings(demo: OllamaMultiModal, picture: Path, endpoint: str) -> None:
    said = ask(demo, endpoint, PromptTemplate("Describe the {what}."), what="image", image_documents=picture)
    assert "blue" in said
    assert "square" in said
    assert "triangle" in said


@pytest.mark.parametrize("endpoint", ["predict", "apredict"])
def test_a_structured_llm_sees_it_too(demo: OllamaMultiModal, picture: Path, endpoint: str) -> None:
    one = draw_scene(Shape("red", "circle", "middle center"))
    said = ask(demo.as_structured_llm(Thing), endpoint, what="image", image_documents=[one])
    assert json.loads(said) == {"colour": "red", "shape": "circle"}


@four
@pytest.mark.parametrize("count", [1, 3])
def test_all_are_sent_in_order_with_the_users_last_message(
    serve: Serve, endpoint: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared_by: list[threading.Thread] = []
    prepare = _images.prepare_documents

    def watched(*arguments: Any) -> list[_images.PreparedImage]:
        prepared_by.append(threading.current_thread())
        return prepare(*arguments)

    monkeypatch.setattr(_images, "prepare_documents", watched)
    serving = serve("fine")
    llm = serving.llm.model_copy(update={"system_prompt": "Be brief.", "image_options": ImageOptions(min_side=1)})
    prompt = ChatPromptTemplate(
        message_templates=[
            ChatMessage(role="user", content="About the {what}."),
            ChatMessage(role="assistant", content="Yes?"),
            ChatMessage(role="user", blocks=[TextBlock(text="What is it?")]),
        ]
    )
    pictures = [Image.new("RGB", (40 + index, 40)) for index in range(count)]
    assert ask(llm, endpoint, prompt, what="picture", image_documents=pictures) == "fine"
    (asked,) = serving.asked
    messages = asked.body["messages"]
    assert [len(message.get("images", ())) for message in messages] == [0, 0, 0, count]
    assert [sent.size for sent in asked.images] == [picture.size for picture in pictures]
    assert messages[1]["content"] == "About the picture."
    assert [thread is threading.main_thread() for thread in prepared_by] == [not endpoint.startswith("a")]


@four
def test_without_pictures_nothing_changes(serve: Serve, endpoint: str) -> None:
    serving = serve("fine")
    for arguments in ({}, {"image_documents": None}):
        assert ask(serving.llm, endpoint, what="x", **arguments) == "fine"
    assert [len(asked.pictures) for asked in serving.asked] == [0, 0]


@four
def test_a_template_may_have_a_variable_of_that_name(serve: Serve, endpoint: str) -> None:
    serving = serve("fine")
    prompt = PromptTemplate("{image_documents} or {images}?")
    assert ask(serving.llm, endpoint, prompt, image_documents="these", images="those") == "fine"
    assert serving.asked[0].body["messages"][-1]["content"] == "these or those?"


@four
@pytest.mark.parametrize("name", ["images", "image_document", "image_paths", "pictures", "documents"])
def test_a_keyword_that_can_only_mean_pictures_is_refused(serve: Serve, endpoint: str, name: str) -> None:
    serving = serve("fine")
    meant: dict[str, Any] = {name: ["a.png"]}
    for llm in (serving.llm, serving.llm.as_structured_llm(Thing)):
        if endpoint.endswith("stream") and llm is not serving.llm:
            continue
        with pytest.raises(TypeError, match="Did you mean 'image_documents'"):
            ask(llm, endpoint, what="x", **meant)
    with pytest.raises(TypeError, match="Did you mean 'image_documents'"):
        serving.llm.structured_predict(Thing, ASK, what="x", **meant)
    assert serving.asked == []


@four
@pytest.mark.parametrize(
    "given",
    [
        {"image_documets": "a.png"},
        {"imagedocuments": ["a.png"]},
        {"photo": Path("a.png")},
        {"photo": b"\xff\xd8"},
        {"photo": Image.new("RGB", (8, 8))},
        {"photo": io.BytesIO()},
        {"photos": ["a note", ImageBlock(url="http://localhost/a.png")]},
        {"nodes": [NodeWithScore(node=ImageNode(image_path="a.png"))]},
        {"pixels": np.zeros((8, 8, 3), np.uint8)},
    ],
    ids=["two letters", "no underscore", "path", "bytes", "PIL", "file", "block", "node", "array"],
)
def test_a_picture_that_the_template_has_no_place_for_is_refused(
    serve: Serve, endpoint: str, given: dict[str, Any]
) -> None:
    serving = serve("fine")
    with pytest.raises(TypeError, match=f"no variable '{next(iter(given))}'. Did you mean 'image_documents'"):
        ask(serving.llm, endpoint, what="x", **given)
    with pytest.raises(TypeError, match="Did you mean 'image_documents'"):
        serving.llm.structured_predict(Thing, ASK, what="x", **given)
    assert serving.asked == []


@four
def test_what_fills_no_place_may_be_text_as_for_core(serve: Serve, endpoint: str) -> None:
    serving = serve("fine")
    more = {"context_str": "text", "number": 3, "score": np.float64(0.5), "nodes": [NodeWithScore(node=TextNode())]}
    assert ask(serving.llm, endpoint, what="x", **more) == "fine"
    filled = PromptTemplate("{photo}")
    assert ask(serving.llm, endpoint, filled, photo=Path("a.png")) == "fine"


@four
def test_what_is_no_picture_is_refused_before_anything_is_sent(serve: Serve, endpoint: str) -> None:
    serving = serve("fine")
    with pytest.raises(ImageError, match=r"image_documents\[1\]"):
        ask(serving.llm, endpoint, what="x", image_documents=[Image.new("RGB", (40, 40)), b"no picture"])
    assert serving.asked == []


@four
def test_pictures_in_the_template_stay(serve: Serve, endpoint: str, picture: Path) -> None:
    serving = serve("fine")
    message = ChatMessage(role="user", blocks=[TextBlock(text="Compare."), ImageBlock(path=picture)])
    prompt = ChatPromptTemplate(message_templates=[message])
    assert ask(serving.llm, endpoint, prompt, image_documents=[Image.new("RGB", (41, 41))]) == "fine"
    assert len(serving.asked[0].pictures) == 2
