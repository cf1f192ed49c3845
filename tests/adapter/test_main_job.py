"""The main job: every endpoint answers about the picture that it was given, with a real model behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, ImageBlock, TextBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama
from ollama_embedded.scenes import Shape, draw_scene
from tests.support.endpoints import Answer, ask, eight

QUESTION = "Describe the image."


@pytest.fixture
def picture(scene: Image.Image, tmp_path: Path) -> Path:
    scene.save(tmp_path / "scene.png")
    return tmp_path / "scene.png"


@eight
def test_the_answer_is_about_the_picture(demo: OllamaMultiModal, picture: Path, tmp_path: Path, endpoint: str) -> None:
    other = tmp_path / "other.png"
    draw_scene(Shape("yellow", "star", "top right")).save(other)
    answer = ask(demo, endpoint, QUESTION, picture).text
    assert all(word in answer for word in ("blue", "square", "green", "triangle")), answer
    assert "yellow" not in answer
    answer = ask(demo, endpoint, QUESTION, other).text
    assert all(word in answer for word in ("yellow", "star")), answer
    assert "blue" not in answer


def test_all_eight_give_the_same_answer(demo: OllamaMultiModal, picture: Path) -> None:
    from tests.support.endpoints import NAMES

    answers = {endpoint: ask(demo, endpoint, QUESTION, picture).text for endpoint in NAMES}
    assert len(set(answers.values())) == 1, answers


@eight
def test_streams_come_in_pieces_and_end_with_the_whole(demo: OllamaMultiModal, picture: Path, endpoint: str) -> None:
    answer = ask(demo, endpoint, QUESTION, picture)
    assert answer.text == answer.deltas if "stream" in endpoint else len(answer.items) == 1
    if "stream" in endpoint:
        assert len(answer.items) > 5
        lengths = [len(Answer([item]).text) for item in answer.items]
        assert lengths == sorted(lengths)


@eight
def test_the_last_reply_tells_all(demo: OllamaMultiModal, picture: Path, endpoint: str) -> None:
    answer = ask(demo, endpoint, QUESTION, picture)
    assert isinstance(answer.last, ChatResponse if endpoint.endswith("chat") else CompletionResponse)
    last: Any = answer.last
    usage = last.raw["usage"]
    assert usage["prompt_tokens"] > 81, "a picture costs the demo model 81 tokens"
    assert usage["completion_tokens"] > 5
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert last.additional_kwargs["finish_reason"] == "stop"
    assert last.additional_kwargs["model"] == "shapes"
    (sent,) = last.additional_kwargs["pictures"]
    assert sent["size"] == [224, 224]
    said = last.raw["message"]["content"] if endpoint.endswith("chat") else last.raw["response"]
    assert said == answer.text


@eight
def test_two_pictures_arrive_in_order(
    demo: OllamaMultiModal, demo_server: EmbeddedOllama, tmp_path: Path, endpoint: str
) -> None:
    draw_scene("red circle").save(tmp_path / "first.png")
    draw_scene("black cross").save(tmp_path / "second.png")
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    answer = ask(demo, endpoint, "Which picture has a black cross?", paths).text
    assert "second" in answer, answer
    assert demo_server.asked[-1].pictures == tuple(path.read_bytes() for path in paths)


@eight
def test_options_of_the_call_reach_the_model(demo: OllamaMultiModal, picture: Path, endpoint: str) -> None:
    answer = ask(demo, endpoint, QUESTION, picture, max_tokens=3)
    assert answer.last.additional_kwargs["finish_reason"] == "length"
    assert answer.last.raw["usage"]["completion_tokens"] == 3


@eight
def test_a_schema_is_enforced(demo: OllamaMultiModal, tmp_path: Path, endpoint: str) -> None:
    draw_scene("red circle", "blue square", "green star").save(tmp_path / "three.png")
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    question = 'How many shapes are there? Reply with JSON like {"count": 2}.'
    answer = ask(demo, endpoint, question, tmp_path / "three.png", format=schema)
    assert json.loads(answer.text) == {"count": 3}


def test_a_conversation_keeps_its_picture(demo: OllamaMultiModal, picture: Path) -> None:
    history = [
        ChatMessage(role="user", blocks=[ImageBlock(path=picture), TextBlock(text="How many shapes are there?")])
    ]
    reply = demo.chat(history)
    assert "2" in (reply.message.content or "")
    history += [reply.message, ChatMessage(role="user", content="What color is the square?")]
    assert "blue" in (demo.chat(history).message.content or "")
