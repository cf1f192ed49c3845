"""Blindness on demand: what the model gets in place of the pictures that were sent, pixel by pixel."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

import httpx2
import pytest
from PIL import Image, ImageChops, ImageStat

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.engines.blind import BLIND


def corner(colour: str) -> Image.Image:
    """A picture that looks like none of its turns: one corner has a colour."""
    picture = Image.new("RGB", (40, 24), "white")
    picture.paste(colour, (0, 0, 20, 12))
    return picture


RED, BLUE = corner("red"), corner("blue")


def encoded(picture: Image.Image) -> str:
    made = io.BytesIO()
    picture.save(made, "PNG")
    return b64encode(made.getvalue()).decode()


class Blind:
    """A server that is blind in one way, and what its model got."""

    def __init__(self, how: str) -> None:
        self.engine = ScriptedEngine("Fine.")
        self.server = EmbeddedOllama(engine=self.engine, blind=how)

    def get(self, *pictures: Image.Image) -> list[Image.Image]:
        """What the model gets when these are sent to /api/generate."""
        self._post("/api/generate", {"prompt": "What is it?", "images": [encoded(each) for each in pictures]})
        return [Image.open(io.BytesIO(data)).convert("RGB") for data in self.engine.asked[-1].pictures]

    def chat(self, *messages: list[Image.Image]) -> Any:
        body = {
            "messages": [{"role": "user", "content": "See.", "images": [encoded(each) for each in m]} for m in messages]
        }
        self._post("/api/chat", body)
        return self.engine.asked[-1]

    def _post(self, path: str, body: dict[str, Any]) -> None:
        with self.server as server, httpx2.Client(trust_env=False) as client:
            reply = client.post(server.url + path, json={"model": server.model, "stream": False, **body})
        assert reply.json()["message" if path == "/api/chat" else "response"]


def are_same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("black", Image.new("RGB", RED.size, "black")),
        ("grey", Image.new("RGB", RED.size, (128, 128, 128))),
        ("bgr", BLUE),
        ("turned", RED.rotate(90, expand=True)),
        ("mirrored", RED.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        ("flipped", RED.transpose(Image.Transpose.FLIP_TOP_BOTTOM)),
        ("part", RED.crop((0, 0, 40, 12))),
    ],
)
def test_each_picture_is_changed(how: str, expected: Image.Image) -> None:
    got = Blind(how).get(RED, RED)
    assert len(got) == 2
    assert all(are_same(each, expected) for each in got)


def test_noise_shows_nothing_of_the_picture_and_is_repeated() -> None:
    blind = Blind("noise")
    (one,), (again,), (other,) = blind.get(RED), blind.get(RED), blind.get(BLUE)
    assert are_same(one, again)
    assert not are_same(one, other)
    assert all(deviation > 60 for deviation in ImageStat.Stat(one).stddev)


def test_a_tiny_one_is_the_mean_colour() -> None:
    (got,) = Blind("tiny").get(RED)
    assert got.size == (1, 1)
    assert ImageStat.Stat(got).mean == pytest.approx(ImageStat.Stat(RED).mean, abs=1)


def test_a_small_one_has_256_pixels() -> None:
    assert [each.size for each in Blind("small").get(RED, BLUE)] == [(16, 16), (16, 16)]


@pytest.mark.parametrize(("how", "expected"), [("first", RED), ("last", BLUE)])
def test_one_stands_for_all(how: str, expected: Image.Image) -> None:
    assert all(are_same(each, expected) for each in Blind(how).get(RED, BLUE))
    assert all(are_same(each, expected) for each in Blind(how).get(expected))


def test_a_stale_one_is_that_of_the_request_before() -> None:
    blind = Blind("stale")
    assert are_same(blind.get(RED)[0], RED)  # before the first there was none
    assert are_same(blind.get(BLUE)[0], RED)
    one, other = blind.get(RED, BLUE)
    assert are_same(one, BLUE)
    assert are_same(other, BLUE)
    assert are_same(blind.get(BLUE)[0], RED)


@pytest.mark.parametrize(("how", "words"), [("dropped", ""), ("marker", "[img-0][img-1]")])
def test_none_is_left_and_perhaps_words(how: str, words: str) -> None:
    blind = Blind(how)
    assert blind.get(RED, BLUE) == []
    assert blind.engine.asked[-1].prompt == f"{words}What is it?"  # type: ignore[attr-defined]


def test_in_a_chat_too_each_message_keeps_its_number_of_pictures() -> None:
    request = Blind("last").chat([RED, RED], [], [BLUE])
    assert [len(message.images) for message in request.messages] == [2, 0, 1]
    assert len(set(request.pictures)) == 1
    marked = Blind("marker").chat([RED, RED], [], [BLUE])
    assert [message.content for message in marked.messages] == ["[img-0][img-1]See.", "See.", "[img-2]See."]


@pytest.mark.parametrize("how", BLIND)
def test_without_pictures_nothing_is_changed(how: str) -> None:
    blind = Blind(how)
    assert blind.get() == []
    assert blind.engine.asked[-1].prompt == "What is it?"  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", sorted(set(BLIND) - {"dropped", "marker", "stale", "first", "last"}))
def test_what_is_no_picture_goes_on_as_it_is(how: str) -> None:
    """The engine says what is wrong with it, as it does to everyone."""
    engine = ScriptedEngine("Fine.")
    with EmbeddedOllama(engine=engine, blind=how) as server, httpx2.Client(trust_env=False) as client:
        images = [b64encode(data).decode() for data in (b"no picture", b"RIFF\0\0\0\0WAVEfmt ")]
        client.post(f"{server.url}/api/generate", json={"model": server.model, "prompt": "Hm?", "images": images})
    assert engine.asked[-1].pictures == (b"no picture", b"RIFF\0\0\0\0WAVEfmt ")


def test_a_fault_that_there_is_not_is_refused(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="it is one of dropped, marker"):
        EmbeddedOllama(blind="blue")
    with pytest.raises(TypeError, match="blind has no place in it"):
        EmbeddedOllama(replay=tmp_path, blind="black")
