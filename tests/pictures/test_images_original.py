"""What was given, before it is decoded: its hash, its pages one at a time, counted without drawing them."""

from __future__ import annotations

import base64
import gc
import hashlib
import io
import os
import pickle
import sys
import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import Document, ImageDocument, ImageNode, NodeWithScore
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, prepare_image
from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.pictures import page_selection
from ollama_vision.pictures.decoders.pdf import pages as pdf
from ollama_vision.pictures.source import PictureSource
from tests.support.picture_corpus import animation, card, encoded, heic, pixel, wrong_corners

OPTIONS = ImageOptions()


def grey(number: int, count: int) -> Image.Image:
    """The page of this number: the later, the lighter."""
    level = 20 + 200 * number // count
    return Image.new("RGB", (80, 60), (level, level, level))


def pages_file(format_: str, count: int) -> bytes:
    later = [grey(number, count) for number in range(2, count + 1)]
    return encoded(grey(1, count), format_, save_all=True, append_images=later)


def film(container: str = "mp4", frames: int = 30) -> bytes:
    """Three seconds that grow lighter."""
    av = pytest.importorskip("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 80, 64, "yuv420p"
        for number in range(frames):
            image = Image.new("RGB", (80, 64), (8 * number, 8 * number, 8 * number))
            output.mux(stream.encode(av.VideoFrame.from_image(image)))
        output.mux(stream.encode())
    return buffer.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def of(source: Any, options: ImageOptions = OPTIONS) -> PictureSource:
    return PictureSource.of(source, options)


def level(picture: Any) -> int:
    """The grey of a picture's middle."""
    image = Image.open(io.BytesIO(picture.read())).convert("RGB")
    return pixel(image, image.width // 2, image.height // 2)[0]


class TestHash:
    def test_of_the_file_s_bytes_in_every_form(self, path: Path) -> None:
        data = encoded(card(), "PNG")
        path.write_bytes(data)
        wanted = hashlib.sha256(data).hexdigest()
        text = base64.b64encode(data).decode()
        for source in (
            path,
            str(path),
            data,
            io.BytesIO(data),
            ImageNode(image=text),
            ImageNode(image_path=str(path)),
            ImageDocument(image=text),
            NodeWithScore(node=ImageNode(image_path=str(path))),
            Document(text="", metadata={"file_path": str(path)}),
            f"data:image/png;base64,{text}",
        ):
            assert of(source).sha256() == wanted, source

    def test_of_a_large_file_in_pieces(self, path: Path) -> None:
        path.write_bytes(b"\xff\xd8\xff" + bytes(8_000_000))
        original = of(path)
        tracemalloc.start()
        original.sha256()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1_000_000

    def test_pixels_without_a_file_differ_by_what_they_show(self) -> None:
        first, second = of(card()), of(card().transpose(Image.Transpose.ROTATE_180))
        assert first.sha256() == of(card()).sha256() != second.sha256()
        assert of(Image.new("L", (160, 120))).sha256() != of(Image.new("L", (120, 160))).sha256()

    def test_what_is_prepared_already_is_hashed_as_it_leaves(self) -> None:
        picture = prepare_image(card())
        assert of(picture).sha256() == hashlib.sha256(picture.read()).hexdigest()

    @pytest.mark.parametrize("what", ["pictures", "pages", "sha256"])
    def test_a_file_that_changes_after_its_hash_is_not_sent(self, path: Path, what: str) -> None:
        path.write_bytes(encoded(card(), "BMP"))
        original = of(path)
        original.sha256()
        path.write_bytes(encoded(card((200, 120)), "BMP"))
        with pytest.raises(ImageError, match="has changed on disk"):
            list(getattr(original, what)())

    @pytest.mark.parametrize("format_", ["PDF", "TIFF"])
    def test_nor_one_that_changes_between_two_pages(self, path: Path, format_: str) -> None:
        path.write_bytes(pages_file(format_, 3))
        pages = of(path).pages()
        assert next(pages).page == 1
        os.utime(path, (1, 1))
        with pytest.raises(ImageError, match="has changed on disk"):
            next(pages)


class TestPages:
    @pytest.mark.parametrize("format_", ["PDF", "TIFF"])
    def test_however_many_there_are_each_is_itself(self, path: Path, format_: str) -> None:
        path.write_bytes(pages_file(format_, 30))
        original = of(path)
        assert original.select_pages().total == original.count() == 30
        pages = list(original.pages())
        assert [picture.page for picture in pages] == list(range(1, 31))
        for number, picture in enumerate(pages, start=1):
            assert level(picture) == pytest.approx(20 + 200 * number // 30, abs=4)

    @pytest.mark.parametrize("format_", ["PDF", "TIFF"])
    def test_in_one_question_there_is_a_limit(self, path: Path, format_: str) -> None:
        path.write_bytes(pages_file(format_, 21))
        with pytest.raises(ImageError, match="has 21 pages, and no more than 20"):
            of(path).pictures()
        assert len(of(path, ImageOptions(pages=21)).pictures()) == 21

    @pytest.mark.parametrize("format_", ["PDF", "TIFF"])
    def test_options_choose_and_so_does_only(self, path: Path, format_: str) -> None:
        path.write_bytes(pages_file(format_, 5))
        original = of(path, ImageOptions(pages=(2, 4, 5)))
        assert (original.select_pages().total, original.select_pages().numbers) == (5, (2, 4, 5))
        assert [picture.page for picture in original.pages()] == [2, 4, 5]
        assert [picture.page for picture in original.pages(only={4, 1})] == [4]
        assert [picture.page for picture in original.pictures()] == [2, 4, 5]

    def test_a_page_that_is_not_there(self, path: Path) -> None:
        path.write_bytes(pages_file("PDF", 2))
        with pytest.raises(ImageError, match="has only 2 pages, and page 3 was asked for"):
            of(path, ImageOptions(pages=(3,))).count()

    def test_a_drawn_page_is_gone_before_the_next_is_drawn(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.write_bytes(pages_file("PDF", 12))
        drawn: list[weakref.ref[Image.Image]] = []
        alive: list[int] = []
        draw = pdf._draw

        def watched(*arguments: Any) -> Any:
            gc.collect()
            alive.append(sum(reference() is not None for reference in drawn))
            image = draw(*arguments)
            drawn.append(weakref.ref(image))
            return image

        monkeypatch.setattr(pdf, "_draw", watched)
        for picture in of(path).pages():
            assert picture.page
        assert alive == [0] * 12

    @pytest.mark.parametrize("format_", ["PDF", "TIFF"])
    def test_counting_draws_nothing(self, path: Path, monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
        path.write_bytes(pages_file(format_, 4))

        def forbidden(*_: Any) -> None:
            raise AssertionError("drawn")

        monkeypatch.setattr(pdf, "_draw", forbidden)
        monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.load", forbidden)
        assert of(path).count() == 4
        with pytest.raises((AssertionError, ImageError), match="drawn"):
            next(of(path).pages())

    def test_what_is_left_early_is_closed(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.write_bytes(pages_file("PDF", 3))
        pypdfium2 = pytest.importorskip("pypdfium2")
        closed: list[object] = []
        close = pypdfium2.PdfDocument.close

        def watched(document: Any, *arguments: Any) -> None:
            closed.append(document)
            close(document, *arguments)

        monkeypatch.setattr(pypdfium2.PdfDocument, "close", watched)
        pages = of(path).pages()
        next(pages)
        next(pages)
        closed.clear()  # of each page there was a copy
        pages.close()  # type: ignore[attr-defined]
        assert len(closed) == 1


class TestTheNodeOfAPage:
    def test_that_holds_the_whole_file_means_this_page(self, path: Path) -> None:
        path.write_bytes(pages_file("PDF", 25))
        node = ImageNode(image_path=str(path))
        node.metadata = {"page_label": "24", "pages": 25}
        for source in (node, NodeWithScore(node=node)):
            original = of(source)
            assert (original.select_pages().total, original.select_pages().numbers, original.count()) == (25, (24,), 1)
            assert [one.page for one in original.pages()] == [one.page for one in original.pictures()] == [24]
            assert list(original.pages(only={1})) == []
            assert original.sha256() != of(path).sha256()

    def test_that_holds_the_drawn_page_is_that_picture(self) -> None:
        node = ImageNode(image=base64.b64encode(encoded(card(), "PNG")).decode())
        node.metadata = {"page_label": "24", "pages": 25}
        assert of(node).count() == len(list(of(node).pages())) == len(of(node).pictures()) == 1

    @pytest.mark.parametrize("metadata", [{"page_label": "iv", "pages": 3}, {"page_label": "2"}, {"pages": 3}])
    def test_of_another_reader_s_labels_nothing_is_believed(self, path: Path, metadata: dict[str, Any]) -> None:
        path.write_bytes(pages_file("PDF", 3))
        node = ImageNode(image_path=str(path))
        node.metadata = metadata
        assert of(node).count() == 3


class TestOnePicture:
    @pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "ICO"])
    def test_is_one_page_without_a_number(self, format_: str) -> None:
        original = of(encoded(card(), format_))
        assert original.is_picture()
        assert original.count() == 1
        assert original.size() == ((160, 120) if format_ != "ICO" else (64, 48))
        (picture,) = original.pages()
        assert picture.page is None
        assert wrong_corners(picture.read(), tolerance=40) == []
        assert [one.page for one in original.pages(only={1})] == [None]
        assert list(original.pages(only={2})) == []

    def test_of_pixels_and_of_what_is_prepared(self) -> None:
        for source in (card(), prepare_image(card())):
            original = of(source)
            assert original.kind() is None
            assert (original.size(), original.count()) == ((160, 120), 1)
            assert len(list(original.pages())) == len(original.pictures()) == 1
            assert list(original.pages(only={2})) == []

    def test_the_size_is_as_stored_and_costs_no_decoding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        data = encoded(card(), "JPEG", exif=exif)

        def forbidden(*_: Any) -> None:
            raise AssertionError("decoded")

        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", forbidden)
        assert of(data).size() == (160, 120)

    def test_a_heic(self) -> None:
        original = of(heic(card()))
        assert (original.size(), original.count()) == ((160, 120), 1)

    def test_a_document_has_no_size_of_its_own(self) -> None:
        assert of(pages_file("PDF", 2)).size() is None
        assert not of(pages_file("PDF", 1)).is_picture()

    @pytest.mark.parametrize("format_", ["GIF", "WEBP"])
    def test_an_animation_is_one_unless_frames_are_asked_for(self, format_: str) -> None:
        data = animation(format_)
        assert of(data).count() == 1
        assert [one.page for one in of(data).pages()] == [None]
        some = of(data, ImageOptions(frames=2))
        assert (some.select_pages().total, some.select_pages().numbers) == (4, (2, 4))
        assert [one.page for one in some.pages()] == [2, 4]
        assert [one.page for one in some.pages(only={4})] == [4]


class TestVideo:
    def test_frames_are_counted_and_taken_one_at_a_time(self) -> None:
        original = of(film(), ImageOptions(frames=5))
        assert not original.is_picture()
        assert original.select_pages() == page_selection.PageSelection(5, (1, 2, 3, 4, 5))
        frames = list(original.pages())
        assert [frame.page for frame in frames] == [1, 2, 3, 4, 5]
        levels = [level(frame) for frame in frames]
        assert levels == sorted(set(levels))
        assert [level(frame) for frame in original.pages(only={4})] == [levels[3]]
        assert len(original.pictures()) == 5

    def test_eight_when_nobody_says_how_many_and_never_more_than_there_are(self) -> None:
        assert of(film()).count() == 8
        assert of(film(frames=3)).count() == len(of(film(frames=3)).pictures()) == 3


class TestRefusals:
    def test_what_is_no_picture(self) -> None:
        original = of(b"some words")
        assert original.count() == 1
        assert original.size() is None
        for work in (original.pictures, lambda: next(original.pages())):
            with pytest.raises(ImageError, match="is text, not a picture"):
                work()
        assert original.sha256() == hashlib.sha256(b"some words").hexdigest()

    def test_what_is_not_there(self) -> None:
        with pytest.raises(ImageError, match=r"image_documents\[2\] \(nowhere.png\) does not exist"):
            PictureSource.of("nowhere.png", OPTIONS, where="image_documents[2]")

    @pytest.mark.parametrize(
        ("package", "extra", "make"),
        [
            ("pypdfium2", "pdf", lambda: pages_file("PDF", 1)),
            ("pillow_heif", "heif", lambda: heic(card())),
            ("av", "video", film),
        ],
    )
    def test_a_missing_extra_is_an_error_of_its_own(
        self, package: str, extra: str, make: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = of(make())
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingExtraError, match=rf'pip install "ollama-vision\[{extra}\]>=1"'):
            original.pictures()
        with pytest.raises(ImportError) as caught:
            list(original.pages())
        again = pickle.loads(pickle.dumps(caught.value))
        assert isinstance(again, MissingExtraError)
        assert (again.extra, str(again)) == (extra, str(caught.value))
