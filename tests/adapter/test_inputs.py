"""What may stand where pictures stand, the same for every endpoint: documents, videos, async files, empty lists."""

from __future__ import annotations

import asyncio
import base64
import gc
import io
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, DocumentBlock, ImageBlock, TextBlock, VideoBlock
from llama_index.core.prompts import PromptTemplate
from llama_index.core.schema import ImageDocument
from PIL import Image
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, aprepare_image, prepare_image
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision.errors import ImageError
from tests.support.command_line import CommandLine
from tests.support.endpoints import NAMES, Answer, ask, text_of
from tests.support.pdf_files import CATALOG, encoded, pdf_of, stream
from tests.support.video_corpus import red_film

pytest.importorskip("pypdfium2")


class Drawing(BaseModel):
    colour: str


COMPLETING = tuple(name for name in NAMES if "complete" in name)
PREDICTING = ("predict", "apredict", "stream", "astream", "structured_predict", "astructured_predict")
ASYNC = ("acomplete", "astream_complete", "apredict", "astream", "astructured_predict")


def paper(pages: int = 2) -> bytes:
    """A PDF whose pages are the same red sheet."""
    kids = b" ".join(b"%d 0 R" % number for number in range(4, 4 + pages))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 40 30] /Contents 3 0 R >>"
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages)
    return pdf_of(CATALOG, tree, stream(b"1 0 0 rg 0 0 40 30 re f"), *[page] * pages)


@pytest.fixture
def server() -> Any:
    with EmbeddedOllama(engine=ScriptedEngine('{"colour": "red"}')) as running:
        yield running


@pytest.fixture
def llm(server: EmbeddedOllama) -> OllamaMultiModal:
    return OllamaMultiModal(model=server.model, base_url=server.url)


def put(llm: OllamaMultiModal, name: str, pictures: Any, **more: Any) -> None:
    """Ask by any endpoint that takes `image_documents`; what streams is read to its end."""
    asked: tuple[Any, ...] = ("Colour?",)
    if name in PREDICTING:
        asked = (*((Drawing,) if "structured" in name else ()), PromptTemplate("Colour?"))
    keywords = {"image_documents": pictures, **more}
    if name not in ASYNC:
        result = getattr(llm, name)(*asked, **keywords)
        if "stream" in name:
            list(result)
        return

    async def wait() -> None:
        result = await getattr(llm, name)(*asked, **keywords)
        if "stream" in name:
            [item async for item in result]

    asyncio.run(wait())


every = pytest.mark.parametrize("name", [*COMPLETING, *PREDICTING])


class AsyncFile:
    """As FastAPI's UploadFile and aiofiles have it: `read` and `seek` are awaited."""

    def __init__(self, data: bytes, filename: str) -> None:
        self._file, self.filename, self.readers = io.BytesIO(data), filename, set[int]()

    async def read(self, size: int = -1) -> bytes:
        self.readers.add(threading.get_ident())
        await asyncio.sleep(0)
        return self._file.read(size)

    async def seek(self, position: int) -> None:
        self._file.seek(position)


@every
@pytest.mark.parametrize("form", ["path", "text", "bytes", "file"])
def test_a_document_by_itself_is_its_pages(
    llm: OllamaMultiModal, server: EmbeddedOllama, tmp_path: Path, name: str, form: str
) -> None:
    path = tmp_path / "paper"
    path.write_bytes(paper())
    forms: dict[str, Callable[[], Any]] = {
        "path": lambda: path,
        "text": lambda: str(path),
        "bytes": path.read_bytes,
        "file": lambda: io.BytesIO(path.read_bytes()),
    }
    put(llm, name, [forms[form](), encoded(Image.new("RGB", (64, 64)), "PNG")])
    (asked,) = server.asked
    assert [image.convert("RGB").getpixel((9, 9)) for image in asked.images] == [(255, 0, 0), (255, 0, 0), (0, 0, 0)]


@every
def test_a_video_by_itself_is_its_frames(llm: OllamaMultiModal, server: EmbeddedOllama, name: str) -> None:
    put(llm, name, red_film())
    (asked,) = server.asked
    assert len(asked.images) == 8


def test_options_choose_pages_and_frames(llm: OllamaMultiModal, server: EmbeddedOllama) -> None:
    put(llm, "complete", [paper(3), red_film()], image_options=ImageOptions(pages=(3, 1), frames=2))
    assert len(server.asked[-1].images) == 4
    assert prepare_image(paper(3), ImageOptions(pages=(2,))).page == 2
    with pytest.raises(ImageError, match="has 3 pages, and prepare_image prepares one"):
        prepare_image(paper(3))


@pytest.mark.parametrize("held", [ImageBlock, ImageDocument])
def test_what_is_called_an_image_is_no_document(llm: OllamaMultiModal, held: type[Any]) -> None:
    data = paper()
    image = held(image=base64.b64encode(data))
    with pytest.raises(ImageError, match="is a PDF document, not a picture"):
        put(llm, "complete", [image])


@pytest.mark.parametrize("endpoint", [name for name in NAMES if name.endswith("chat")])
def test_a_message_says_document_and_video(llm: OllamaMultiModal, server: EmbeddedOllama, endpoint: str) -> None:
    """The chat endpoints have blocks for both: what they send is what the others send of a path."""
    blocks = [DocumentBlock(data=paper()), VideoBlock(video=red_film()), TextBlock(text="Colour?")]
    answer = chat(llm, endpoint, blocks)
    assert "red" in answer.text
    assert len(server.asked[-1].images) == 10
    with pytest.raises(ImageError, match="is a PDF document, not a picture"):
        chat(llm, endpoint, [ImageBlock(image=paper()), TextBlock(text="Colour?")])


def chat(llm: OllamaMultiModal, endpoint: str, blocks: list[Any]) -> Answer:
    message = [ChatMessage(role="user", blocks=blocks)]
    if not endpoint.startswith("a"):
        result = getattr(llm, endpoint)(message)
        return Answer(list(result) if endpoint.startswith("stream") else [result])

    async def wait() -> list[Any]:
        result = await getattr(llm, endpoint)(message)
        return [item async for item in result] if "stream" in endpoint else [result]

    return Answer(asyncio.run(wait()))


@every
@pytest.mark.parametrize(
    "empty",
    [list, tuple, lambda: iter([]), lambda: (each for each in [b""][:0])],
    ids=["list", "tuple", "iterator", "generator"],
)
def test_a_list_without_a_picture_is_an_error(
    llm: OllamaMultiModal, server: EmbeddedOllama, name: str, empty: Callable[[], Any]
) -> None:
    with pytest.raises(ImageError, match=r"image_documents \(\w+\) holds no picture\. .* pass None, or leave it out"):
        put(llm, name, empty())
    assert not server.asked


@every
def test_none_means_no_pictures(llm: OllamaMultiModal, server: EmbeddedOllama, name: str) -> None:
    put(llm, name, None)
    assert server.asked[-1].images == ()


@every
def test_an_async_file_is_awaited_or_refused(llm: OllamaMultiModal, server: EmbeddedOllama, name: str) -> None:
    file = AsyncFile(encoded(Image.new("RGB", (64, 64), "red"), "PNG"), "photo.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a coroutine that nobody awaited is a warning
        for pictures in (file, [file]):
            if name in ASYNC:
                put(llm, name, pictures)
                assert server.asked[-1].images[0].convert("RGB").getpixel((9, 9)) == (255, 0, 0)
            else:
                with pytest.raises(
                    ImageError, match=r"\(async file photo.png\) can only be read with await.*file.file"
                ):
                    put(llm, name, pictures)
        gc.collect()
    assert file.readers == ({threading.get_ident()} if name in ASYNC else set())


def test_an_async_file_is_prepared() -> None:
    file = AsyncFile(encoded(Image.new("RGB", (64, 64), "red"), "PNG"), "photo.png")
    prepared = asyncio.run(aprepare_image(file))
    assert (prepared.size, prepared.source) == ((64, 64), "open file photo.png")
    with pytest.raises(ImageError, match="can only be read with await"):
        prepare_image(file)


@every
def test_the_prompt_that_a_program_left_in_the_list_is_said(llm: OllamaMultiModal, name: str) -> None:
    pictures = [ImageBlock(image=encoded(Image.new("RGB", (64, 64)), "PNG")), TextBlock(text="Colour?")]
    with pytest.raises(ImageError, match=r"image_documents\[1\] \(TextBlock\) is text, .* a copy, list\(pictures\)"):
        put(llm, name, pictures)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("keyword", ["images", "image", "image_paths", "image_url", "img", "image_document"])
def test_what_people_write_instead(llm: OllamaMultiModal, name: str, keyword: str) -> None:
    hint = "ImageBlock" if name.endswith("chat") else "Did you mean 'image_documents'"
    with pytest.raises(TypeError, match=f"has no keyword '{keyword}'.*{hint}"):
        ask(llm, name, "Colour?", **{keyword: ["a.png"]})


@pytest.fixture
def vision(vision: CommandLine) -> CommandLine:
    """Runs `ask`."""
    return partial(vision, "ask")


class TestInAShell:
    @pytest.fixture
    def document(self, tmp_path: Path) -> str:
        (tmp_path / "doc.pdf").write_bytes(paper(21))
        return str(tmp_path / "doc.pdf")

    def test_pages(self, vision: CommandLine, server: EmbeddedOllama, document: str) -> None:
        assert vision(document, "Colour?", "--pages", "2-4,7", "--host", server.url).code == 0
        assert len(server.asked[-1].images) == 4

    def test_frames(self, vision: CommandLine, server: EmbeddedOllama, tmp_path: Path) -> None:
        (tmp_path / "clip").write_bytes(red_film())
        assert vision(str(tmp_path / "clip"), "Colour?", "--frames", "3", "--host", server.url).code == 0
        assert len(server.asked[-1].images) == 3

    def test_more_pages_than_anybody_meant(self, vision: CommandLine, server: EmbeddedOllama, document: str) -> None:
        said = vision(document, "Colour?", "--host", server.url)
        assert said.code == 1
        assert f"{document} has 21 pages, and no more than 20 are sent unasked" in said.complaint
        assert "Choose: --pages 1-10 for the first ten, --pages 3,7 for these two." in said.complaint
        said = vision(document, "Colour?", "--pages", "22", "--host", server.url)
        assert "has only 21 pages, and page 22 was asked for. Look at --pages." in said.complaint

    def test_what_is_wrong_is_said_in_the_shell_s_words(
        self, vision: CommandLine, server: EmbeddedOllama, tmp_path: Path
    ) -> None:
        (tmp_path / "a.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(24))
        said = vision(str(tmp_path / "a.wav"), "Colour?", "--host", server.url).complaint
        assert "is a WAV sound, not a picture" in said
        for word in ("Block", "image_documents", "ImageOptions"):
            assert word not in said

    def test_wrong_pages(self, vision: CommandLine, document: str) -> None:
        said = vision(document, "Colour?", "--pages", "4-2")
        assert (said.code, said.complaint) == (
            2,
            "--pages takes numbers from 1 on, such as 3 or 2-4,7, not '4-2'.",
        )


def test_the_demo_model_sees_a_page_by_its_path(demo_server: EmbeddedOllama, tmp_path: Path) -> None:
    scene = draw_scene(Shape("green", "triangle", "bottom right"))
    (tmp_path / "paper.pdf").write_bytes(encoded(scene, "PDF", quality=95))
    llm = OllamaMultiModal(model=demo_server.model, base_url=demo_server.url, temperature=0.0)
    answer = llm.complete("Where is the green triangle?", tmp_path / "paper.pdf")
    assert "bottom right" in text_of(answer)
