"""Large pictures on the embedded server: scaled once, kept by their bytes, as llama.cpp itself scales them."""

from __future__ import annotations

import base64
import io
import json
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import httpx2
import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, draw_scene
from ollama_embedded.embedded import DEMO_MODEL, DEMO_PROJECTOR
from ollama_embedded.engines import scaled_pictures
from ollama_embedded.engines.llama_cpp import LlamaCppEngine
from ollama_embedded.engines.llama_server import LlamaServer
from ollama_embedded.engines.scaled_pictures import ScaledPictures
from ollama_embedded.protocol.requests import GenerateRequest

LARGE = (1000, 701)
SIDE = 112


def scene(*shapes: str, size: tuple[int, int] = LARGE, mode: str = "RGB") -> Image.Image:
    return draw_scene(*shapes or ("red circle", "blue square")).resize(size).convert(mode)


def grained(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """A scene under noise: each pixel of the scaled picture hangs on how it was scaled."""
    noise = Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3))
    return Image.blend(scene(size=size), noise, 0.3).convert(mode)


def encoded(picture: Image.Image, form: str, **more: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **more)
    return file.getvalue()


def answer(server: EmbeddedOllama, *pictures: bytes, question: str = "Describe the image.", **more: Any) -> Any:
    images = [base64.b64encode(data).decode() for data in pictures]
    body = {"model": server.model, "prompt": question, "images": images, "stream": False, "logprobs": True, **more}
    reply = httpx2.post(f"{server.url}/api/generate", json=body, trust_env=False, timeout=60)
    assert reply.is_success, reply.text
    return reply.json()


@pytest.fixture
def scalings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads in which a picture was scaled, one entry for each time."""
    scaled, counted = scaled_pictures._scaled, []

    def counting(data: bytes, side: int) -> bytes | None:
        counted.append(threading.current_thread().name)
        return scaled(data, side)

    monkeypatch.setattr(scaled_pictures, "_scaled", counting)
    return counted


PIXELS: dict[str, Callable[[], bytes]] = {
    "wide": lambda: encoded(grained((1000, 701)), "PNG"),
    "tall": lambda: encoded(grained((333, 1999)), "PNG"),
    "very wide": lambda: encoded(grained((5000, 90)), "PNG"),
    "rounded up in single precision": lambda: encoded(grained((728, 390)), "PNG"),
    "alpha": lambda: encoded(with_alpha(grained(LARGE)), "PNG"),
    "palette": lambda: encoded(grained(LARGE).quantize(64), "PNG"),
    "grey": lambda: encoded(grained(LARGE, "L"), "PNG"),
    "grey and alpha": lambda: encoded(with_alpha(grained(LARGE)).convert("LA"), "PNG"),
    "black and white": lambda: encoded(grained(LARGE, "1"), "PNG"),
    "webp": lambda: encoded(grained(LARGE), "WEBP", lossless=True),
}


def with_alpha(picture: Image.Image) -> Image.Image:
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


def test_the_model_sees_what_llama_cpp_makes_of_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log probabilities are equal to the last bit, so the pixels are; beside a server that passes all on as it came."""
    pictures = {name: make() for name, make in PIXELS.items()}

    def answers() -> dict[str, Any]:
        with EmbeddedOllama() as server:
            return {name: answer(server, data)["logprobs"] for name, data in pictures.items()}

    with monkeypatch.context() as patch:
        patch.setattr(ScaledPictures, "scaled", lambda _, data: data)
        expected = answers()
    assert answers() == expected
    kept = ScaledPictures(SIDE)
    for name, data in pictures.items():
        assert Image.open(io.BytesIO(kept.scaled(data))).size == (SIDE, SIDE), name


def test_a_jpeg_is_told_as_llama_cpp_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its two decoders differ by a level here and there: what is seen is the same, not each bit."""
    picture = encoded(scene(), "JPEG", quality=90)
    with EmbeddedOllama() as server:
        mine = answer(server, picture)
    monkeypatch.setattr(ScaledPictures, "scaled", lambda _, data: data)
    with EmbeddedOllama() as server:
        theirs = answer(server, picture)
    assert mine["response"] == theirs["response"]
    assert mine["prompt_eval_count"] == theirs["prompt_eval_count"]


def test_a_picture_is_scaled_once_for_all_questions(scalings: list[str]) -> None:
    one, other = encoded(scene(), "PNG"), encoded(scene("green star"), "JPEG")
    with EmbeddedOllama() as server:
        for label in ("yes", "no", "maybe"):
            answer(server, one, other, format={"const": label})
        assert "red circle" in answer(server, one)["response"]
        assert "green star" in answer(server, other)["response"]
    assert len(scalings) == 2
    assert "ollama-embedded" not in scalings, "the server's event loop decodes nothing"


def test_in_a_chat_too(scalings: list[str]) -> None:
    image = base64.b64encode(encoded(scene("green star"), "PNG")).decode()
    message = {"role": "user", "content": "Describe the image.", "images": [image]}
    with EmbeddedOllama() as server:
        for _ in range(2):
            body = {"model": server.model, "messages": [message], "stream": False}
            reply = httpx2.post(f"{server.url}/api/chat", json=body, trust_env=False, timeout=60)
            assert "green star" in reply.json()["message"]["content"]
    assert len(scalings) == 1


def test_each_of_several_at_once_gets_its_own() -> None:
    shown = ["red circle", "blue square", "green triangle", "yellow star"] * 2
    pictures = [encoded(scene(shape), "PNG") for shape in shown]
    with EmbeddedOllama(num_parallel=4) as server, ThreadPoolExecutor(8) as pool:
        said = [each["response"] for each in pool.map(lambda data: answer(server, data), pictures)]
    assert all(shape in text for shape, text in zip(shown, said, strict=True)), said


@pytest.mark.parametrize(("blind", "said"), [("stale", "red circle"), ("bgr", "red star")])
def test_a_blind_server_keeps_what_it_shows_the_model(blind: str, said: str) -> None:
    first, second = encoded(scene("red circle"), "PNG"), encoded(scene("blue star"), "PNG")
    with EmbeddedOllama(blind=blind) as server:
        answer(server, first)
        for _ in range(2):
            assert said in answer(server, second)["response"]
            answer(server, first)


def test_what_is_kept_has_a_bound_and_the_oldest_leaves_first(scalings: list[str]) -> None:
    pictures = [encoded(scene(size=(600, 600 + number)), "PNG") for number in range(3)]
    size = len(ScaledPictures(SIDE).scaled(pictures[0])) + 32
    kept = ScaledPictures(SIDE, most_bytes=size * 5 // 2)
    scalings.clear()
    for number in (0, 1, 0, 2, 0, 1):  # 2 drives 1 out, for 0 was asked about again
        kept.scaled(pictures[number])
    assert len(scalings) == 4
    assert kept.size <= size * 5 // 2
    kept.forget()
    assert kept.size == 0


AS_IT_CAME: dict[str, Callable[[], bytes]] = {
    "small": lambda: encoded(scene(size=(512, 512)), "PNG"),
    "progressive": lambda: encoded(scene(), "JPEG", progressive=True),
    "cmyk": lambda: encoded(scene(mode="CMYK"), "JPEG"),
    "16 bits": lambda: encoded(scene().convert("L").convert("I").convert("I;16"), "PNG"),
    "cut": lambda: encoded(grained(LARGE), "JPEG")[:-2000],
    "damaged": lambda: encoded(grained(LARGE), "PNG").replace(b"IDAT", b"IDAU", 1),
    "animated": lambda: encoded(scene(), "WEBP", save_all=True, append_images=[scene("green star")]),
    "another format": lambda: encoded(scene(), "BMP"),
    "no picture": lambda: b"text",
}


@pytest.mark.parametrize("name", AS_IT_CAME)
def test_what_might_be_read_otherwise_goes_as_it_came(name: str) -> None:
    data = AS_IT_CAME[name]()
    pictures = ScaledPictures(SIDE)
    assert pictures.kept(data) is None
    assert pictures.scaled(data) is data


def test_what_was_asked_about_before_needs_no_thread(scalings: list[str]) -> None:
    """Also what goes as it came is known then; of a large file not even the hash is computed on the event loop."""
    large, small = encoded(scene(), "PNG"), encoded(scene(size=(64, 64)), "PNG")
    huge = encoded(scene(), "PNG") + bytes(300_000)
    pictures = ScaledPictures(SIDE)
    for data in (large, small, huge):
        assert pictures.kept(data) is None
        pictures.scaled(data)
    assert pictures.kept(large) == pictures.scaled(large) == pictures.scaled(huge)
    assert pictures.kept(small) is small
    assert pictures.kept(huge) is None
    assert len(scalings) == 3


@pytest.mark.parametrize(
    "other",
    [
        {"clip.projector_type": "gemma3"},
        {"clip.vision.image_grid_pinpoints": [336, 672]},
        {"clip.vision.image_size": None},
    ],
)
def test_only_models_of_one_square_are_scaled_for(other: dict[str, Any]) -> None:
    square = {"clip.projector_type": "mlp", "clip.vision.image_size": SIDE}
    assert ScaledPictures.for_projector(square) is not None
    assert ScaledPictures.for_projector({**square, **other}) is None


def test_a_prompt_is_rendered_once_for_all_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    render, rendered = LlamaServer._render, []

    async def counting(self: LlamaServer, body: Mapping[str, Any]) -> str:
        rendered.append(body)
        return await render(self, body)

    monkeypatch.setattr(LlamaServer, "_render", counting)
    with EmbeddedOllama() as server:
        for label in ("yes", "no", "maybe"):
            answer(server, encoded(scene(), "PNG"), question="Is there a circle?", format={"const": label})
        assert len(rendered) == 1
        answer(server, encoded(scene(), "PNG"), question="Is there a square?", format={"const": "yes"})
        assert len(rendered) == 2
        for number in range(20):
            answer(server, question=f"Question {number}", options={"num_predict": 1})
        answer(server, encoded(scene(), "PNG"), question="Is there a circle?", format={"const": "yes"})
    assert len(rendered) == 23, "sixteen are kept"


async def test_a_template_that_shows_the_schema_is_rendered_with_it() -> None:
    class Server:
        async def rendered(self, body: Mapping[str, Any]) -> str:
            return json.dumps("response_format" in body)

    request = GenerateRequest(prompt="Is there a circle?", format={"const": "yes"})
    for template, expected in ((" {{ response_format }}", "true"), ("{{ messages }}", "false")):
        engine = LlamaCppEngine(DEMO_MODEL, DEMO_PROJECTOR, name="shapes")
        engine._facts = replace(engine._facts, template=template)
        assert await engine._prompt(cast(LlamaServer, Server()), request) == expected
