"""A call's deadline ends the preparing of its pictures between two of them, in blocking calls and in threads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core.base.llms.types import DocumentBlock, VideoBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions
from ollama_vision import errors
from ollama_vision.http import deadline as _deadline
from ollama_vision.pictures import picture as pictures
from ollama_vision.pictures.render import convert
from tests.support.picture_corpus import animation, card, encoded
from tests.support.video_corpus import BLUE, GREEN, RED, film, shots
from tests.support.wire_attempts import attempt
from tests.support.wire_server import WireServer, answer, client


def pages() -> list[Image.Image]:
    return [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue", "white")]


def of_many(format_: str) -> bytes:
    first, *later = pages()
    return encoded(first, format_, save_all=True, append_images=later)


def many(name: str) -> Any:
    if name == "files":
        return [encoded(card(), "BMP")] * 4
    if name in ("TIFF", "GIF"):
        return [animation("GIF") if name == "GIF" else of_many("TIFF")]
    if name == "PDF":
        pytest.importorskip("pypdfium2")
        return [DocumentBlock(data=of_many("PDF"))]
    return [VideoBlock(video=film(name, "mpeg2video" if name == "mpegts" else "mpeg4", shots(RED, GREEN, BLUE)))]


@pytest.mark.parametrize("name", ["files", "TIFF", "GIF", "PDF", "mp4", "mpegts"])
@pytest.mark.parametrize("endpoint", ["complete", "acomplete"])
def test_a_deadline_ends_preparing_between_two_pictures(
    endpoint: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(_deadline, "time", SimpleNamespace(monotonic=lambda: clock.now))
    rendered, real = [], convert.render

    def slow(*args: Any) -> Any:
        rendered.append(args)
        clock.now += 20.0
        return real(*args)

    monkeypatch.setattr(pictures, "render", slow)
    given = many(name)
    with WireServer(answer(endpoint, "late")) as server:
        outcome = attempt(client(server, deadline=30.0), endpoint, "hello", given, image_options=ImageOptions(frames=4))
        assert type(outcome.error) is errors.DeadlineError
        assert "its deadline of 30 seconds" in str(outcome.error)
        assert server.asked == []
    assert len(rendered) == 2


def test_without_a_deadline_all_are_prepared() -> None:
    with WireServer(answer("complete", "done")) as server:
        outcome = attempt(client(server), "complete", "hello", many("files"))
        assert outcome.error is None
        assert len(server.asked) == 1
