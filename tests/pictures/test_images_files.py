"""A picture on disk is neither held in memory nor changed under way, and no text is ever taken for a path."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from llama_index.core.base.llms.types import AudioBlock, DocumentBlock, ImageBlock, VideoBlock
from llama_index.core.schema import Document, ImageDocument, ImageNode, TextNode
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import (
    ImageOptions,
    PreparedImage,
    prepare_block,
    prepare_documents,
    prepare_image,
    prepare_legacy,
)
from tests.support.picture_corpus import card, encoded, turned, wrong_corners

OPTIONS = ImageOptions()
UNSCALED = ImageOptions(max_pixels=None)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG of about 6 MB."""
    path = tmp_path_factory.mktemp("large") / "noise.jpg"
    Image.effect_noise((3000, 2400), 90).save(path, quality=97)
    assert path.stat().st_size > 4_000_000
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "card.jpg"
    file.write_bytes(encoded(card(), "JPEG"))
    return file


def read_to_the_end(file: BinaryIO) -> int:
    """In pieces, as the transport does."""
    return sum(len(piece) for piece in iter(lambda: file.read(192 * 1024), b""))


class TestMemory:
    def peak(self, work: Callable[[], Any]) -> tuple[int, Any]:
        work()  # what is imported and cached once does not count
        gc.collect()
        tracemalloc.start()
        try:
            result = work()
            return tracemalloc.get_traced_memory()[1], result
        finally:
            tracemalloc.stop()

    def test_passing_through_does_not_hold_the_file(self, large: Path) -> None:
        peak, picture = self.peak(lambda: prepare_image(large, UNSCALED))
        assert picture.steps == ()
        assert picture.size_in_bytes == large.stat().st_size
        assert peak < 1_500_000

    def test_reading_in_pieces_does_not_either(self, large: Path) -> None:
        picture = prepare_image(large, UNSCALED)

        def read() -> int:
            with picture.open() as file:
                return read_to_the_end(file)

        peak, total = self.peak(read)
        assert total == picture.size_in_bytes
        assert peak < 1_000_000

    def test_a_thousand_prepared_files_are_a_thousand_paths(self, path: Path) -> None:
        peak, pictures = self.peak(lambda: prepare_documents([path] * 1000, OPTIONS))
        assert len(pictures) == 1000
        assert peak < 4_000_000

    def test_bytes_are_not_copied(self, large: Path) -> None:
        data = large.read_bytes()
        peak, picture = self.peak(lambda: prepare_image(data, UNSCALED))
        assert picture.read() is data or picture.read() == data
        assert peak < 1_500_000

    def test_scaling_down_holds_neither_the_file_nor_all_its_pixels(self, large: Path) -> None:
        # Pillow's own pixels are not traced; what Python holds is the encoded result.
        peak, picture = self.peak(lambda: prepare_image(large))
        assert peak < picture.size_in_bytes * 3 + 2_000_000


class TestChangesUnderWay:
    def changed(self, picture: PreparedImage) -> str:
        with pytest.raises(ImageError) as caught:
            picture.read()
        assert caught.value.source == picture.source
        return str(caught.value)

    def test_another_size(self, path: Path) -> None:
        picture = prepare_image(path)
        path.write_bytes(path.read_bytes() + b"more")
        assert "has changed on disk since it was prepared" in self.changed(picture)

    def test_the_same_size_at_another_time(self, path: Path) -> None:
        picture = prepare_image(path)
        stamp = path.stat()
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1_000_000))
        assert str(path) in self.changed(picture)

    def test_another_file_of_that_name(self, path: Path, tmp_path: Path) -> None:
        picture = prepare_image(path)
        stamp = path.stat()
        other = tmp_path / "other"
        other.write_bytes(path.read_bytes())
        os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        other.replace(path)
        assert "has changed" in self.changed(picture)

    def test_gone(self, path: Path) -> None:
        picture = prepare_image(path)
        path.unlink()
        assert "cannot be opened any more" in self.changed(picture)

    @pytest.mark.parametrize("last", ["append", "cut", "rewrite"])
    def test_while_it_is_read(self, large: Path, tmp_path: Path, last: str) -> None:
        copy_ = tmp_path / "copy.jpg"
        copy_.write_bytes(large.read_bytes())
        picture = prepare_image(copy_, UNSCALED)
        reader = picture.open()
        reader.read(1_000_000)
        if last == "append":
            with copy_.open("ab") as file:
                file.write(b"more")
        elif last == "cut":
            os.truncate(copy_, 2_000_000)
        else:
            with copy_.open("r+b") as file:
                file.seek(3_000_000)
                file.write(b"other")
        with reader, pytest.raises(ImageError, match="has changed on disk"):
            read_to_the_end(reader)

    def test_read_to_the_last_byte_and_no_further(self, large: Path, tmp_path: Path) -> None:
        copy_ = tmp_path / "copy.jpg"
        copy_.write_bytes(large.read_bytes())
        picture = prepare_image(copy_, UNSCALED)
        with picture.open() as reader:
            reader.read(1_000_000)
            os.utime(copy_)
            with pytest.raises(ImageError, match="has changed"):
                reader.read(picture.size_in_bytes - 1_000_000)

    def test_while_it_is_converted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "turned.jpg"
        path.write_bytes(turned("JPEG", 6))
        from ollama_vision.pictures import picture as pictures
        from ollama_vision.pictures.render.convert import render as real

        def slow(*arguments: Any) -> Any:
            result = [*real(*arguments)]
            path.write_bytes(turned("JPEG", 3))
            return result

        monkeypatch.setattr(pictures, "render", slow)
        with pytest.raises(ImageError, match="has changed"):
            prepare_image(path)

    def test_it_can_be_read_as_often_as_needed(self, path: Path) -> None:
        picture = prepare_image(path)
        assert picture.read() == picture.read() == path.read_bytes()
        with picture.open() as one, picture.open() as other:
            assert one.read(10) == other.read(10)
        with picture.open() as file:
            assert Image.open(file).size == (160, 120)


class TestPrepared:
    @pytest.mark.parametrize("options", [OPTIONS, ImageOptions(format="png")], ids=["passed", "converted"])
    def test_copies_and_pickles(self, path: Path, options: ImageOptions) -> None:
        picture = prepare_image(path, options)
        for again in (pickle.loads(pickle.dumps(picture)), copy.deepcopy(picture), copy.copy(picture)):
            assert again == picture
            assert again.read() == picture.read()
            assert again.to_original((0, 0, 10, 10)) == picture.to_original((0, 0, 10, 10))

    def test_frozen(self, path: Path) -> None:
        with pytest.raises(AttributeError):
            prepare_image(path).format = "png"  # type: ignore[misc]

    def test_no_bytes_are_shown(self) -> None:
        picture = prepare_image(encoded(card((400, 400)), "BMP"))
        assert len(repr(picture)) < 200
        assert "\\x" not in repr(picture) + repr(picture.content) + str(picture.describe())

    def test_described_as_plain_json(self, path: Path) -> None:
        picture = prepare_image(turned("JPEG", 6, (1200, 1600)))
        assert picture.describe() == {
            "source": "bytes",
            "format": "jpeg",
            "media_type": "image/jpeg",
            "size": [867, 1156],
            "original_size": [1600, 1200],
            "bytes": picture.size_in_bytes,
            "steps": ["rotated 90", "scaled 1200x1600 -> 867x1156"],
            "mapping": {
                "original_size": [1600, 1200],
                "orientation": 6,
                "content_size": [867, 1156],
                "sent_size": [867, 1156],
            },
        }
        assert prepare_image(path).describe()["source"] == str(path)


class TestPathsThatAreNoFiles:
    def said(self, path: Any) -> str:
        with pytest.raises(ImageError) as caught:
            prepare_image(path)
        return str(caught.value)

    def test_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "visible from this machine" in self.said(tmp_path / "gone.jpg")
        monkeypatch.chdir(tmp_path)
        assert f"starts at the working directory, which is {tmp_path}" in self.said("gone.jpg")

    def test_a_folder(self, tmp_path: Path) -> None:
        assert "is a folder. Name the files in it" in self.said(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
    def test_a_pipe_keeps_nobody_waiting(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert "is a pipe or a device" in self.said(tmp_path / "pipe")

    def test_a_device(self) -> None:
        if not Path("/dev/zero").exists():
            pytest.skip("needs /dev/zero")
        assert "is a pipe or a device" in self.said("/dev/zero")

    def test_names_that_cannot_be(self) -> None:
        assert "is too long for a file name" in self.said("x" * 5000)
        assert "is not a file name" in self.said("a\x00b")

    def test_home(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(path.parent))
        assert prepare_image("~/card.jpg").read() == path.read_bytes()


class TestNoTextIsAPath:
    """A string in a message, block or keyword that names an existing file opens nothing."""

    @pytest.fixture(autouse=True)
    def opened(self, path: Path) -> Iterator[list[str]]:
        names: list[str] = []

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "open" and watching and str(arguments[0]).endswith("card.jpg"):
                names.append(str(arguments[0]))

        watching = [True]
        sys.addaudithook(hook)
        yield names
        # An audit hook stays for the life of the process.
        watching.clear()

    def test_not_one(self, path: Path, opened: list[str]) -> None:
        name = str(path)
        text = name.encode()
        things: list[Callable[[], Any]] = [
            lambda: prepare_block(ImageBlock(image=text), OPTIONS, where="x"),
            lambda: prepare_block(ImageBlock.model_construct(image=name), OPTIONS, where="x"),
            lambda: prepare_block(AudioBlock(audio=text), OPTIONS, where="x"),
            lambda: prepare_block(VideoBlock(video=text), OPTIONS, where="x"),
            lambda: prepare_block(ImageBlock.model_construct(url=name), OPTIONS, where="x"),
            lambda: prepare_block(ImageBlock.model_construct(url=f"file://{name}"), OPTIONS, where="x"),
            lambda: prepare_block(DocumentBlock(url=name), OPTIONS, where="x"),
            lambda: prepare_legacy(name, OPTIONS, where="x"),
            lambda: prepare_legacy(text, OPTIONS, where="x"),
            lambda: prepare_documents(ImageDocument(image=name), OPTIONS),
            lambda: prepare_documents(ImageNode(image=name), OPTIONS),
            lambda: prepare_documents(ImageNode(image_url=name), OPTIONS),
            lambda: prepare_documents(ImageNode(text=name), OPTIONS),
            lambda: prepare_documents(TextNode(text=name), OPTIONS),
            lambda: prepare_documents(Document(text=name, metadata={"file_name": name}), OPTIONS),
            lambda: prepare_documents(text, OPTIONS),
            lambda: prepare_documents(f"file://{name}", OPTIONS),
        ]
        for thing in things:
            with pytest.raises(ImageError):
                thing()
        # A text document is its text, and nothing else.
        assert prepare_block(DocumentBlock(data=text), OPTIONS, where="x") == [name]
        assert opened == []
        # The watch works: where a path is meant, the file is opened.
        prepare_documents(name, OPTIONS)
        assert opened


def test_many_threads_prepare_at_once(path: Path) -> None:
    data = [encoded(card(), format_) for format_ in ("BMP", "TIFF", "GIF", "WEBP", "PNG", "JPEG")]
    wanted = [prepare_image(one).read() for one in data]
    start = threading.Barrier(8)

    def work(_: int) -> list[bytes]:
        start.wait()
        return [prepare_image(one).read() for one in data]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert all(result == wanted for result in results)
    assert all(wrong_corners(one) == [] for one in wanted)


def test_the_caller_s_objects_are_not_changed(path: Path) -> None:
    things: list[Any] = [
        ImageDocument(image_path=str(path)),
        ImageNode(image_path=str(path)),
        ImageBlock(path=path, detail="high"),
        ImageBlock(image=path.read_bytes()),
    ]
    before = [thing.model_dump() for thing in things]
    prepare_documents(things, OPTIONS)
    for thing in things[2:]:
        prepare_block(thing, OPTIONS, where="x")
    assert [thing.model_dump() for thing in things] == before


def test_the_room_loads_no_decoder_before_it_needs_one() -> None:
    code = (
        "import sys; import llama_index.core; before = set(sys.modules);"
        "import ollama_vision.pictures;"
        "new = set(sys.modules) - before;"
        "heavy = [name for name in new if name.split('.')[0] in ('av', 'pypdfium2', 'pillow_heif', 'numpy')"
        " or (name.startswith('PIL.') and name.endswith('Plugin'))];"
        "print(heavy)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
