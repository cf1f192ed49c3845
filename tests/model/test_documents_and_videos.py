"""PDFs and videos as pictures: by every endpoint, as paths and as blocks, no more of them than the context holds."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, DocumentBlock, TextBlock, VideoBlock
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal
from ollama_embedded import EmbeddedOllama, draw_scene
from ollama_vision.errors import ContextOverflowError, ImageError
from tests.support import endpoints
from tests.support.command_line import CommandLine
from tests.support.picture_corpus import encoded
from tests.support.video_corpus import film, shots

RED, GREEN, BLUE = (220, 40, 40), (40, 180, 60), (50, 70, 210)


def pages(*colours: tuple[int, int, int], format_: str = "PDF", size: tuple[int, int] = (64, 48)) -> bytes:
    first, *others = (Image.new("RGB", size, colour) for colour in colours)
    return encoded(first, format_, save_all=True, append_images=others)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A PDF whose pages are red, green and blue, and a video that shows blue, red and green for a second each."""
    pytest.importorskip("pypdfium2")
    (tmp_path / "paper.pdf").write_bytes(pages(RED, GREEN, BLUE))
    (tmp_path / "clip.mp4").write_bytes(film("mp4", "mpeg4", shots(BLUE, RED, GREEN)))
    return str(tmp_path / "paper.pdf"), str(tmp_path / "clip.mp4")


def ask(llm: OllamaMultiModal, endpoint: str, files: tuple[str, ...], **options: Any) -> None:
    image_options = ImageOptions(**options)
    if not endpoint.endswith("chat"):
        endpoints.ask(llm, endpoint, "What?", files, image_options=image_options)
        return
    blocks = [VideoBlock(path=Path(each)) if each.endswith("mp4") else DocumentBlock(path=Path(each)) for each in files]
    messages = [ChatMessage(role="user", blocks=[*blocks, TextBlock(text="What?")])]
    method = getattr(llm, endpoint)
    if not endpoint.startswith("a"):
        answer = method(messages, image_options=image_options)
        list(answer) if "stream" in endpoint else answer
        return

    async def run() -> None:
        answer = await method(messages, image_options=image_options)
        if "stream" in endpoint:
            async for _ in answer:
                pass

    asyncio.run(run())


def colours_of(server: EmbeddedOllama) -> list[str]:
    names = {max(range(3), key=colour.__getitem__): name for colour, name in ((RED, "r"), (GREEN, "g"), (BLUE, "b"))}
    centres: list[Any] = [image.convert("RGB").getpixel((32, 24)) for image in server.asked[-1].images]
    return [names[max(range(3), key=centre.__getitem__)] for centre in centres]


@endpoints.twelve
def test_every_endpoint_sends_pages_and_frames(endpoint: str, scripted: EmbeddedOllama, files: tuple[str, str]) -> None:
    llm = OllamaMultiModal(model="scripted", base_url=scripted.url)
    ask(llm, endpoint, files, frames=3)
    assert colours_of(scripted) == ["r", "g", "b", "b", "r", "g"]
    ask(llm, endpoint, files, pages=(3, 1), frames=1)
    assert colours_of(scripted) == ["b", "r", "r"]


@endpoints.twelve
def test_every_endpoint_refuses_more_than_fits(endpoint: str, demo_server: EmbeddedOllama, tmp_path: Path) -> None:
    (tmp_path / "long.tif").write_bytes(pages(*[RED] * 80, format_="TIFF"))
    llm = OllamaMultiModal(model="shapes", base_url=demo_server.url, context_window=2048)
    before = len(demo_server.asked)
    long = str(tmp_path / "long.tif")
    with pytest.raises(ImageError, match=r"has 80 pages, and no more than 20 are sent unasked\. Choose: ImageOptions"):
        ask(llm, endpoint, (long,))
    words = r"80 pictures take about 6,480 tokens, and the context holds 2,048: nothing was sent\. Use fewer pages, "
    with pytest.raises(ContextOverflowError, match=words + r"ImageOptions\(pages=22\) or detail"):
        ask(llm, endpoint, (long,), pages=80)
    assert len(demo_server.asked) == before


@endpoints.twelve
def test_every_endpoint_takes_scenes_and_tells_their_times(
    endpoint: str, scripted: EmbeddedOllama, files: tuple[str, str]
) -> None:
    llm = OllamaMultiModal(model="scripted", base_url=scripted.url)
    ask(llm, endpoint, files, frames="scenes", clip=(1.0, None), pages=(2,))
    assert colours_of(scripted) == ["g", "r", "g"]
    body = scripted.asked[-1].body
    told = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    assert told.startswith("Images 2 to 3 are frames of a video, in order: at 0:01 and 0:02.\n")
    assert told.endswith("\nWhat?")


@pytest.fixture
def asked(folder: Path, vision: CommandLine) -> CommandLine:
    return partial(vision, "ask")


def test_a_shell_is_told_of_pages(asked: CommandLine, demo_server: EmbeddedOllama) -> None:
    Path("long.tif").write_bytes(pages(*[RED] * 80, format_="TIFF"))
    unasked = asked("long.tif", "What?", "--host", demo_server.url)
    assert (unasked.code, unasked.err) == (
        1,
        "Error: long.tif has 80 pages, and no more than 20 are sent unasked. "
        "Choose: --pages 1-10 for the first ten, --pages 3,7 for these two.\n",
    )
    chosen = asked("long.tif", "What?", "--host", demo_server.url, "--pages", "1-80", "--option", "num_ctx=2048")
    assert chosen.code == 1
    assert "about 6,480 tokens, and the context holds 2,048: nothing was sent. Use fewer pages, --pages 1-22 or " in (
        chosen.err
    )
    # What it names is taken: by the demo model, which knows nothing to say of 22 pictures but something.
    named = asked("long.tif", "What?", "--host", demo_server.url, "--pages", "1-22", "--option", "num_ctx=2048")
    assert "nothing was sent" not in named.err
    assert len(demo_server.asked[-1].pictures) == 22


def test_a_shell_is_told_of_frames(asked: CommandLine, demo_server: EmbeddedOllama) -> None:
    Path("clip.mp4").write_bytes(film("mp4", "mpeg4", shots(BLUE, RED, GREEN, each=30)))
    options = ("--host", demo_server.url, "--option", "num_ctx=2048")
    chosen = asked("clip.mp4", "What?", *options, "--frames", "80")
    assert chosen.code == 1
    assert "nothing was sent. Use fewer frames, --frames 22 or " in chosen.err
    assert "nothing was sent" not in asked("clip.mp4", "What?", *options, "--frames", "22").err
    assert len(demo_server.asked[-1].pictures) == 22


def test_the_demo_model_reads_the_page_and_sees_the_moment(asked: CommandLine, demo_server: EmbeddedOllama) -> None:
    """The answer would be another of another page, and of another frame."""
    pytest.importorskip("pypdfium2")
    first, second = draw_scene("red circle"), draw_scene("blue star")
    Path("paper.pdf").write_bytes(encoded(first, "PDF", save_all=True, append_images=[second], quality=95))
    scenes = [(at, first if at < 20 else second) for at in range(30)]
    Path("clip.mp4").write_bytes(film("mp4", "libx264", scenes, size=first.size))  # its middle is still the first
    for file, option, colour in (
        ("paper.pdf", ("--pages", "2"), "blue"),
        ("paper.pdf", ("--pages", "1"), "red"),
        ("clip.mp4", ("--frames", "1"), "red"),
    ):
        outcome = asked(file, "Describe the image.", "--host", demo_server.url, *option)
        other = "red" if colour == "blue" else "blue"
        assert (outcome.code, colour in outcome.out.lower(), other in outcome.out.lower()) == (0, True, False), file
