"""Every form in which LlamaIndex and its users hold a picture leads to the same picture, alone and mixed."""

from __future__ import annotations

import asyncio
import base64
import io
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import AudioBlock, DocumentBlock, ImageBlock, TextBlock, VideoBlock
from llama_index.core.schema import Document, ImageDocument, ImageNode, NodeWithScore, TextNode
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import (
    ImageOptions,
    PreparedImage,
    aprepare_image,
    legacy_bytes,
    prepare_block,
    prepare_documents,
    prepare_image,
    prepare_legacy,
)
from tests.support.picture_corpus import card, encoded

OPTIONS = ImageOptions()
JPEG = encoded(card(), "JPEG", quality=95)
JPEG += b"x" * ((1 - len(JPEG)) % 3)
"""Of a length that base64 has to pad twice."""
BASE64 = base64.b64encode(JPEG).decode()
WRAPPED = base64.encodebytes(JPEG).decode()
UNPADDED = BASE64.rstrip("=")
URLSAFE = base64.urlsafe_b64encode(JPEG).decode()
DATA_URL = "data:image/jpeg;base64," + BASE64
PERCENT_BASE64_URL = "data:image/jpeg;base64," + urllib.parse.quote(BASE64, safe="")
PERCENT_URL = "data:image/jpeg," + urllib.parse.quote_from_bytes(JPEG)
CHARSET_URL = "data:image/jpeg;charset=x;base64," + BASE64
HELD: dict[str, Callable[[Path], Any]] = {
    "ImageDocument of base64": lambda path: ImageDocument(image=BASE64),
    "ImageDocument of bytes": lambda path: ImageDocument(image=JPEG),
    "ImageDocument of base64 with newlines": lambda path: ImageDocument(image=WRAPPED),
    "ImageDocument of base64 without padding": lambda path: ImageDocument(image=UNPADDED),
    "ImageDocument of a data URL": lambda path: ImageDocument(image=DATA_URL),
    "ImageDocument of a path": lambda path: ImageDocument(image_path=str(path)),
    "ImageDocument of metadata": lambda path: ImageDocument(metadata={"file_path": str(path)}),
    "ImageNode of base64": lambda path: ImageNode(image=BASE64),
    "ImageNode of base64 with newlines": lambda path: ImageNode(image=WRAPPED),
    "ImageNode of a data URL": lambda path: ImageNode(image=DATA_URL),
    "ImageNode of a path": lambda path: ImageNode(image_path=str(path)),
    "ImageNode of a data URL as URL": lambda path: ImageNode(image_url=DATA_URL),
    "ImageNode of nothing and a path": lambda path: ImageNode(image="", image_path=str(path)),
    "ImageNode of metadata": lambda path: ImageNode(metadata={"file_path": str(path)}),
    "NodeWithScore": lambda path: NodeWithScore(node=ImageNode(image_path=str(path)), score=0.5),
    "Document of binary text": lambda path: Document(
        text=JPEG.decode("utf-8", "replace"), metadata={"file_path": str(path)}
    ),
    "TextNode with a picture's path": lambda path: TextNode(text="a caption", metadata={"file_path": str(path)}),
    "ImageBlock of bytes": lambda path: ImageBlock(image=JPEG),
    "ImageBlock of base64": lambda path: ImageBlock(image=BASE64.encode()),
    "ImageBlock of base64 with newlines": lambda path: ImageBlock(image=WRAPPED.encode()),
    "ImageBlock of base64 without padding": lambda path: ImageBlock(image=UNPADDED.encode()),
    "ImageBlock of URL-safe base64": lambda path: ImageBlock(image=URLSAFE.encode()),
    "ImageBlock of a data URL": lambda path: ImageBlock(image=DATA_URL.encode()),
    "ImageBlock of an open file": lambda path: ImageBlock.model_construct(image=io.BytesIO(JPEG)),
    "ImageBlock of a path": lambda path: ImageBlock(path=path),
    "ImageBlock of a data URL as URL": lambda path: ImageBlock(url=DATA_URL),
    "ImageBlock of a charset data URL": lambda path: ImageBlock(url=CHARSET_URL),
    "ImageBlock of percent-encoded base64": lambda path: ImageBlock(url=PERCENT_BASE64_URL),
    "ImageBlock of a percent-encoded URL": lambda path: ImageBlock(url=PERCENT_URL),
    "ImageBlock that was stored as JSON": lambda path: ImageBlock.model_validate_json(
        ImageBlock(image=JPEG).model_dump_json()
    ),
}
BARE: dict[str, Callable[[Path], Any]] = {
    "str path": str,
    "Path": lambda path: path,
    "bytes": lambda path: JPEG,
    "bytearray": lambda path: bytearray(JPEG),
    "memoryview": lambda path: memoryview(JPEG),
    "bytes of base64": lambda path: BASE64.encode(),
    "data URL": lambda path: DATA_URL,
    "DATA: URL": lambda path: DATA_URL.replace("data:", "DATA:"),
    "open file": lambda path: path.open("rb"),
    "PreparedImage": prepare_image,
}
every_form = pytest.mark.parametrize("make", [*HELD.values(), *BARE.values()], ids=[*HELD, *BARE])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "card.jpg"
    file.write_bytes(JPEG)
    return file


@every_form
def test_each_form_leads_to_the_same_bytes(make: Callable[[Path], Any], path: Path) -> None:
    (picture,) = prepare_documents(make(path), OPTIONS)
    assert picture.read() == JPEG
    assert prepare_image(make(path)).read() == JPEG


def test_all_forms_in_one_list_keep_their_order(path: Path) -> None:
    things = [make(path) for make in (*HELD.values(), *BARE.values())]
    other = encoded(Image.new("RGB", (64, 64), "red"), "PNG")
    pictures = prepare_documents([*things, other], OPTIONS)
    assert len(pictures) == len(things) + 1
    assert [picture.read() for picture in pictures] == [JPEG] * len(things) + [other]


@pytest.mark.parametrize("name", [name for name in HELD if name.startswith("ImageBlock")])
def test_a_block_of_a_message_leads_there_too(name: str, path: Path) -> None:
    (picture,) = prepare_block(HELD[name](path), OPTIONS, where="messages[0].blocks[1]")
    assert isinstance(picture, PreparedImage)
    assert picture.read() == JPEG


async def test_the_async_twin_works_in_a_thread(path: Path) -> None:
    threads = []

    class File(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            threads.append(threading.current_thread())
            return super().read(size)

    assert (await aprepare_image(File(JPEG))).read() == JPEG
    assert threads
    assert threading.current_thread() not in threads
    with pytest.raises(ImageError):
        await aprepare_image(b"")
    many = await asyncio.gather(*(aprepare_image(path) for _ in range(8)))
    assert {picture.read() for picture in many} == {JPEG}


def test_none_is_no_pictures() -> None:
    assert prepare_documents(None, OPTIONS) == []


def test_a_generator_is_a_list(path: Path) -> None:
    assert len(prepare_documents((path for _ in range(3)), OPTIONS)) == 3


class TestOpenFiles:
    def test_read_from_the_start_and_left_where_it_was(self, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(77)
            assert prepare_image(file).read() == JPEG
            assert file.tell() == 77

    def test_one_that_cannot_go_back(self) -> None:
        class Pipe(io.RawIOBase):
            def __init__(self) -> None:
                self._left = io.BytesIO(JPEG)

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                return self._left.readinto(buffer)

        assert prepare_image(Pipe()).read() == JPEG

    def test_opened_as_text(self, tmp_path: Path) -> None:
        file = tmp_path / "text"
        file.write_text("text")
        with file.open() as opened, pytest.raises(ImageError, match='Open it with mode "rb"'):
            prepare_image(opened)

    def test_closed(self, path: Path) -> None:
        file = path.open("rb")
        file.close()
        with pytest.raises(ImageError, match="cannot be read"):
            prepare_image(file)


class TestDetail:
    LARGE = encoded(card((4000, 3000)), "JPEG")

    def pixels(self, detail: str | None, options: ImageOptions = OPTIONS, **keywords: bool) -> int:
        (picture,) = prepare_block(ImageBlock(image=self.LARGE, detail=detail), options, where="x", **keywords)
        assert isinstance(picture, PreparedImage)
        return picture.size[0] * picture.size[1]

    def test_options_know_what_a_detail_stands_for(self) -> None:
        options = ImageOptions(max_pixels=5000, jpeg_quality=50)
        assert options.with_detail("auto") == options
        assert options.with_detail("low") == options.model_copy(update={"max_pixels": 401_408})
        assert options.with_detail("high").max_pixels == 3_211_264

    def test_detail_sets_the_size(self) -> None:
        assert 395_000 < self.pixels("low") <= 401_408
        assert 3_200_000 < self.pixels("high") <= 3_211_264
        for detail in ("auto", None):
            assert 1_000_000 < self.pixels(detail) <= 1_003_520
        assert self.pixels("auto", ImageOptions(max_pixels=5000)) <= 5000

    def test_options_of_the_call_win(self) -> None:
        assert self.pixels("high", ImageOptions(max_pixels=5000), options_from_call=True) <= 5000


class TestLegacy:
    @pytest.mark.parametrize("value", [BASE64, WRAPPED, UNPADDED, DATA_URL, BASE64.encode(), JPEG])
    def test_base64_as_text_or_bytes(self, value: str | bytes) -> None:
        (picture,) = prepare_legacy(value, OPTIONS, where="x")
        assert picture.read() == JPEG
        assert legacy_bytes(value, where="x") == JPEG

    @pytest.mark.parametrize("make", HELD.values(), ids=HELD)
    def test_objects(self, make: Callable[[Path], Any], path: Path) -> None:
        (picture,) = prepare_legacy(make(path), OPTIONS, where="x")
        assert picture.read() == JPEG
        assert legacy_bytes(make(path), where="x") == JPEG

    def test_never_a_path_nor_a_url(self, path: Path) -> None:
        for value in (str(path), "http://localhost/a.jpg", str(path).encode()):
            with pytest.raises(ImageError, match="is no base64"):
                prepare_legacy(value, OPTIONS, where="x")
        with pytest.raises(ImageError, match="no picture that a message can hold"):
            prepare_legacy(path, OPTIONS, where="x")


class TestSaidPlainly:
    """Refusals of forms name the place and the way out."""

    def said(self, value: Any) -> str:
        with pytest.raises(ImageError) as caught:
            prepare_documents([JPEG, value], OPTIONS)
        assert caught.value.where == "image_documents[1]"
        assert str(caught.value).startswith("image_documents[1] (")
        return str(caught.value)

    def test_base64_as_a_bare_string(self) -> None:
        for text in (BASE64, WRAPPED, UNPADDED, base64.b64encode(encoded(card(), "PNG")).decode()):
            said = self.said(text)
            assert "is a picture in base64, and a bare string is taken for a path or a URL" in said
            assert "base64.b64decode(...)" in said
            assert len(said) < 300

    def test_an_unknown_object(self) -> None:
        assert "(dict) is nothing that can be sent as a picture. Give ImageDocument" in self.said({})
        assert "(TextBlock) is text, not a picture. Put text into the prompt" in self.said(TextBlock(text="x"))
        assert "(NoneType) is nothing" in self.said(None)

    def test_empty_objects(self) -> None:
        assert "(ImageBlock) holds nothing" in self.said(ImageBlock())
        assert "(ImageNode) holds no picture" in self.said(ImageNode())
        assert "(TextNode) holds text and no picture" in self.said(TextNode(text="words"))
        assert "names no file" in self.said("  ")

    def test_a_document_of_binary_text_whose_file_is_gone(self) -> None:
        text = JPEG.decode("utf-8", "ignore")
        said = self.said(Document(text=text, metadata={"file_path": "/gone/card.jpg"}))
        assert "/gone/card.jpg) does not exist" in said
        assert "llama-index-readers-file" in said
        assert "llama-index-readers-file" in self.said(Document(text=text))

    def test_a_document_whose_file_is_text(self, tmp_path: Path) -> None:
        file = tmp_path / "notes.txt"
        file.write_text("words")
        said = self.said(Document(text="words", metadata={"file_path": str(file)}))
        assert "is text, not a picture" in said

    def test_blocks_of_other_media(self) -> None:
        assert "is a sound, not a picture" in self.said(AudioBlock(audio=b"ID3\x04" + b"\x00" * 64))
        assert "is text, not a picture" in self.said(DocumentBlock(data=b"some words", document_mimetype="text/plain"))
        assert "is text, not a video" in self.said(VideoBlock(video=b"some words"))

    def test_broken_data_urls(self) -> None:
        assert "without a comma" in self.said("data:image/png;base64")
        assert "whose data is not base64" in self.said("data:image/png;base64,%%%%")


def test_a_value_of_llama_index_says_what_to_import() -> None:
    """Only who imports the adapter has told the engine what such values hold."""
    program = """
from llama_index.core.schema import ImageDocument
from ollama_vision import prepare_image
for value in (ImageDocument(image="aGVsbG8="), {}):
    try:
        prepare_image(value)
    except ValueError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    of_llama_index, of_another = done.stdout.splitlines()
    assert "is a value of LlamaIndex" in of_llama_index
    assert "Import llama_index.multi_modal_llms.ollama before this call" in of_llama_index
    assert of_another.endswith(
        "Give a path, a URL, bytes, an open file, a PIL image, a uint8 or uint16 array, or a PreparedImage."
    )
