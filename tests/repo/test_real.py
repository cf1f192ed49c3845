"""The whole way through, end to end: on the embedded server, or on the real one that `make test HOST= MODEL=` names.

Any vision model will do. Of a model that nobody knows only what every such model can do is asked: name the colour of
a big circle. The demo model, embedded or imported into a real Ollama, must be right in full.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, ImageBlock, TextBlock
from llama_index.core.prompts import PromptTemplate
from PIL import Image
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, OllamaServer
from ollama_embedded import EmbeddedOllama, Shape, draw_scene
from ollama_vision import errors
from tests.support.endpoints import Answer, ask, eight

HOST, MODEL = os.environ.get("OLLAMA_TEST_HOST", ""), os.environ.get("OLLAMA_TEST_MODEL", "")
DEMO_PROJECTOR = "shapes-vlm-tiny-mmproj"
# A real model on a processor may take minutes for its first picture.
pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Target:
    """The server and the model under test."""

    url: str
    model: str
    is_demo: bool
    """Every word of the answer counts then."""
    thinks: bool

    def client(self, **settings: Any) -> OllamaMultiModal:
        # A model that thinks would spend the few tokens of these answers on thoughts.
        thinking = {"thinking": False} if self.thinks else {}
        known: dict[str, Any] = {"model": self.model, "base_url": self.url, "temperature": 0.0, "context_window": 2048}
        return OllamaMultiModal(**{**known, **thinking, **settings})

    def check(self, answer: str, *words: str, loosely: tuple[str, ...]) -> None:
        """All words of the demo model; of any other model one of the loose ones."""
        said = answer.lower()
        if self.is_demo:
            assert all(word in said for word in words), answer
        else:
            assert any(word in said for word in loosely), answer


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    if not HOST:
        with EmbeddedOllama() as server:
            yield Target(server.url, server.model, is_demo=True, thinks=False)
        return
    there = OllamaServer(HOST)
    seeing = [model.name for model in there.models() if "vision" in (model.capabilities or ())]
    if not MODEL:
        pytest.exit(f"MODEL= is missing: {HOST} has these models that see: {', '.join(seeing) or 'none'}", 2)
    shown = there.show(MODEL)
    named = MODEL.rpartition("/")[2].partition(":")[0] == "shapes"
    is_demo = named or (shown.get("projector_info") or {}).get("general.name") == DEMO_PROJECTOR
    yield Target(HOST, MODEL, is_demo=is_demo, thinks="thinking" in shown.get("capabilities", ()))


@pytest.fixture
def llm(target: Target) -> OllamaMultiModal:
    return target.client()


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    """One big red circle: what the weakest model sees."""
    draw_scene(Shape("red", "circle", size="large"), size=(336, 336)).save(tmp_path / "circle.png")
    return tmp_path / "circle.png"


DESCRIBE = "Describe the image."
RED = ("red", "circle", "dot", "ball", "round")


@eight
def test_the_answer_is_about_the_picture(llm: OllamaMultiModal, target: Target, circle: Path, endpoint: str) -> None:
    answer = ask(llm, endpoint, DESCRIBE, circle).text
    target.check(answer, "red", "circle", loosely=RED)


@eight
def test_another_picture_gets_another_answer(
    llm: OllamaMultiModal, target: Target, circle: Path, tmp_path: Path, endpoint: str
) -> None:
    draw_scene(Shape("green", "square", size="large"), size=(336, 336)).save(tmp_path / "square.png")
    answer = ask(llm, endpoint, DESCRIBE, tmp_path / "square.png").text
    target.check(answer, "green", "square", loosely=("green", "square"))
    assert answer != ask(llm, endpoint, DESCRIBE, circle).text


@eight
def test_a_stream_comes_in_pieces_and_ends_with_the_whole(llm: OllamaMultiModal, circle: Path, endpoint: str) -> None:
    answer = ask(llm, endpoint, DESCRIBE, circle)
    if "stream" not in endpoint:
        assert len(answer.items) == 1
        return
    assert len(answer.items) > 3
    assert answer.deltas == answer.text


@eight
def test_the_last_reply_tells_all(llm: OllamaMultiModal, target: Target, circle: Path, endpoint: str) -> None:
    last = ask(llm, endpoint, DESCRIBE, circle).last
    assert isinstance(last, ChatResponse if endpoint.endswith("chat") else CompletionResponse)
    assert last.raw is not None
    usage = last.raw["usage"]
    assert usage["prompt_tokens"] > 16, "no model has so few tokens for a picture"
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert last.additional_kwargs["finish_reason"] in ("stop", "length")
    assert last.additional_kwargs["model"] == target.model
    assert last.additional_kwargs["pictures"][0]["size"] == [336, 336]


@eight
def test_a_limit_of_tokens_is_kept(llm: OllamaMultiModal, circle: Path, endpoint: str) -> None:
    answer = ask(llm, endpoint, "Describe the image in many words.", circle, max_tokens=3)
    assert answer.last.additional_kwargs["finish_reason"] == "length"
    assert answer.last.raw["usage"]["completion_tokens"] == 3


@eight
def test_a_schema_is_enforced(llm: OllamaMultiModal, target: Target, tmp_path: Path, endpoint: str) -> None:
    draw_scene("red circle", "blue square", "green star").save(tmp_path / "three.png")
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    question = 'How many shapes are there? Reply with JSON like {"count": 2}.'
    said = json.loads(ask(llm, endpoint, question, tmp_path / "three.png", format=schema).text)
    assert isinstance(said["count"], int)
    assert not target.is_demo or said == {"count": 3}


@eight
def test_two_pictures(llm: OllamaMultiModal, target: Target, tmp_path: Path, endpoint: str) -> None:
    draw_scene("red circle").save(tmp_path / "first.png")
    draw_scene("black cross").save(tmp_path / "second.png")
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    try:
        answer = ask(llm, endpoint, "Which picture has a black cross?", paths)
    except (errors.BadRequestError, errors.ServerError) as fault:
        if target.is_demo:
            raise
        pytest.skip(f"{target.model} takes one picture at a time: {fault}")
    assert len(answer.last.additional_kwargs["pictures"]) == 2
    target.check(answer.text, "second", loosely=("",))


def test_a_conversation_keeps_its_picture(llm: OllamaMultiModal, target: Target, circle: Path) -> None:
    question = "What color is the circle?"
    history = [ChatMessage(role="user", blocks=[ImageBlock(path=circle), TextBlock(text=DESCRIBE)])]
    reply = llm.chat(history)
    history += [reply.message, ChatMessage(role="user", content=question)]
    target.check(llm.chat(history).message.content or "", "red", loosely=("red",))


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_pictures_of_every_format(
    llm: OllamaMultiModal, target: Target, circle: Path, tmp_path: Path, form: str
) -> None:
    picture = tmp_path / f"circle.{form.lower()}"
    Image.open(circle).save(picture, form)
    target.check(llm.complete(DESCRIBE, [picture]).text, "red", "circle", loosely=RED)


def test_a_large_picture_is_made_smaller(target: Target, circle: Path, tmp_path: Path) -> None:
    Image.open(circle).resize((2000, 2000)).save(tmp_path / "large.png")
    llm = target.client(image_options=ImageOptions(max_pixels=200_000))
    reply = llm.complete(DESCRIBE, [tmp_path / "large.png"])
    target.check(reply.text, "red", "circle", loosely=RED)
    sent = reply.additional_kwargs["pictures"][0]
    assert sent["size"][0] * sent["size"][1] <= 200_000


class Count(BaseModel):
    """How many shapes there are."""

    count: int


def test_an_object_comes_back(llm: OllamaMultiModal) -> None:
    prompt = PromptTemplate('There are {number} shapes. How many? Reply with JSON like {{"count": 2}}.')
    assert isinstance(llm.structured_predict(Count, prompt, number=3), Count)


def test_the_server_is_told_about(target: Target) -> None:
    server = OllamaServer(target.url)
    assert server.version()
    assert target.model.partition(":")[0] in [model.name.partition(":")[0] for model in server.models()]
    llm = OllamaMultiModal.from_server(target.model, target.url)
    assert "vision" in (llm.capabilities().abilities or ())
    llm.preload()
    loaded = [model.name.partition(":")[0] for model in server.running()]
    assert target.model.partition(":")[0] in loaded


@eight
def test_a_model_that_is_not_there(target: Target, circle: Path, endpoint: str) -> None:
    llm = target.client(model="no-such-model-anywhere")
    with pytest.raises(errors.ModelNotFoundError, match="no-such-model-anywhere"):
        ask(llm, endpoint, DESCRIBE, circle)


@eight
def test_a_prompt_that_is_too_long(llm: OllamaMultiModal, circle: Path, endpoint: str) -> None:
    """The server would otherwise cut it, or drop old messages, and say nothing."""
    with pytest.raises(errors.ContextOverflowError):
        ask(llm, endpoint, "shape " * 6000, circle)


def test_a_picture_that_is_none(llm: OllamaMultiModal, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_text("no picture")
    with pytest.raises(errors.ImageError):
        llm.complete(DESCRIBE, [tmp_path / "picture.png"])


def test_a_stream_that_is_left_frees_the_model(target: Target, circle: Path) -> None:
    """Left to run on, it would write ten contexts full before the next question had its turn."""
    llm = target.client(temperature=1.0, num_predict=-1)
    with closing(llm.stream_complete("Count from 1 to 100000, in words.", [circle])) as stream:
        assert Answer([next(stream)]).text is not None
    target.check(target.client().complete(DESCRIBE, [circle]).text, "red", loosely=RED)


def test_from_a_shell(target: Target, circle: Path) -> None:
    words = ["ask", "--host", target.url, "--model", target.model, str(circle), DESCRIBE]
    words += ["--no-think"] if target.thinks else []
    done = subprocess.run(
        [sys.executable, "-m", "ollama_vision", *words], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    target.check(done.stdout, "red", "circle", loosely=RED)
