"""PictureReader: which nodes come of files, that they keep their pictures, and that LlamaIndex and models take them."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import pickle
import sys
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.schema import ImageNode, MetadataMode
from llama_index.core.storage.docstore import SimpleDocumentStore
from PIL import Image
from pydantic import ValidationError

from llama_index.multi_modal_llms import ollama
from llama_index.multi_modal_llms.ollama import ImageOptions, PictureReader, prepare_image
from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.pictures.decoders.pdf import pages as pdf
from ollama_vision.pictures.source import PictureSource
from tests.support.picture_corpus import animation, card, encoded, heic, wrong_corners
from tests.support.read_files import BLUE, COLOURS, LIME, RED, colour, film, load, near, pages_file, plain, shown


class TestOnePicture:
    def test_what_a_node_says_about_its_file(self, folder: Path) -> None:
        path = folder / "card.png"
        data = encoded(card(), "PNG")
        path.write_bytes(data)
        (node,) = load(folder)
        assert isinstance(node, ImageNode)
        assert (node.image_path, node.image, node.image_mimetype) == ("photos/card.png", None, "image/png")
        known = SimpleDirectoryReader(input_files=[str(path)]).file_metadata("photos/card.png")
        known.pop("last_accessed_date", None)
        assert node.metadata == {
            **known,
            "sha256": hashlib.sha256(data).hexdigest(),
            "width": 160,
            "height": 120,
        }
        assert node.relationships == {}

    def test_only_what_is_searched_for_is_in_texts(self, folder: Path) -> None:
        pages_file(folder / "a.pdf", [plain("red"), plain("blue")])
        node = load(folder)[1]
        for mode in (MetadataMode.EMBED, MetadataMode.LLM):
            assert node.get_metadata_str(mode) == "file_path: photos/a.pdf\npage_label: 2"

    @pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp", "tiff", "avif", "heic", "dat"])
    def test_every_format_shows_what_is_in_the_file(self, folder: Path, suffix: str) -> None:
        format_ = {"jpg": "JPEG", "heic": "HEIC", "dat": "PNG"}.get(suffix, suffix.upper())
        data = heic(card()) if format_ == "HEIC" else encoded(card(), format_)
        path = folder / f"a.{suffix}"
        path.write_bytes(data)
        (node,) = load(path)
        assert wrong_corners(shown(node), tolerance=40) == []
        assert (node.metadata["width"], node.metadata["height"]) == (160, 120)
        assert node.metadata["file_type"] == f"image/{format_.lower()}"

    def test_a_wrong_suffix_does_not_matter(self, folder: Path) -> None:
        pages_file(folder / "a.pdf", [plain("red"), plain("blue")]).rename(folder / "a.png")
        nodes = load(folder)
        assert [node.metadata["page_label"] for node in nodes] == ["1", "2"]
        assert [node.metadata["file_type"] for node in nodes] == ["application/pdf"] * 2

    def test_an_animation_is_its_first_frame_or_as_many_as_asked_for(self, folder: Path) -> None:
        (folder / "a.gif").write_bytes(animation("GIF"))
        (node,) = load(folder)
        assert node.image_path == "photos/a.gif"
        assert "page_label" not in node.metadata
        second, fourth = load(folder, image_options=ImageOptions(frames=2))
        assert [node.metadata["page_label"] for node in (second, fourth)] == ["2", "4"]
        assert colour(second) != colour(fourth)

    def test_without_a_digest(self, folder: Path) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        (node,) = load(folder, digest=False)
        assert "sha256" not in node.metadata

    @pytest.mark.parametrize("digest", [True, False])
    def test_the_hash_is_another_one_when_the_file_has_changed(self, folder: Path, digest: bool) -> None:
        path = folder / "a.bmp"
        path.write_bytes(encoded(plain("red"), "BMP"))
        (before,), (again,) = load(folder, digest=digest), load(folder, digest=digest)
        assert before.hash == again.hash
        path.write_bytes(encoded(plain("blue"), "BMP"))  # as many bytes as before
        os.utime(path, ns=(0, 1_700_000_000_000_000_001))
        (after,) = load(folder, digest=digest)
        assert (before.id_, before.hash) != (after.id_, after.hash)
        assert before.id_ == after.id_
        assert ImageNode(**before.to_dict()).hash == ImageNode(**after.to_dict()).hash, "core's is of the path alone"

    def test_the_hash_of_the_file_survives_json_pickle_and_copies(self, folder: Path) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        (node,) = load(folder)
        assert type(node).from_json(node.to_json()).hash == node.hash
        assert pickle.loads(pickle.dumps(node)).hash == node.hash
        assert node.model_copy(update={"metadata": {}}).hash == node.hash

    def test_a_store_keeps_the_hash_and_gives_an_image_node(self, folder: Path) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        (node,) = load(folder)
        store = SimpleDocumentStore()
        store.add_documents([node])
        store = SimpleDocumentStore.from_dict(json.loads(json.dumps(store.to_dict())))
        assert store.get_document_hash(node.id_) == node.hash
        kept = store.get_document(node.id_)
        assert type(kept) is ImageNode
        assert (kept.id_, kept.image_path, kept.metadata) == (node.id_, node.image_path, node.metadata)

    def test_more_metadata_come_last(self, folder: Path) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        (node,) = PictureReader().load_data(folder, extra_info={"album": "A", "file_type": "x"})
        assert (node.metadata["album"], node.metadata["file_type"]) == ("A", "x")
        assert "album: A" in node.get_metadata_str(MetadataMode.LLM)

    def test_a_node_is_the_same_in_every_run_and_from_everywhere(self, folder: Path) -> None:
        pages_file(folder / "a.pdf", [plain("red"), plain("blue")])
        (folder / "b.png").write_bytes(encoded(card(), "PNG"))
        ids = [node.id_ for node in load(folder)]
        assert len(set(ids)) == 3
        assert ids == [node.id_ for node in load(folder.resolve())]
        assert ids[2] == str(uuid.uuid5(uuid.NAMESPACE_URL, (folder.resolve() / "b.png").as_uri()))
        (folder / "a.pdf").write_bytes((folder / "a.pdf").read_bytes() + b"\n%%EOF\n")
        assert ids == [node.id_ for node in load(folder)]


class TestPages:
    @pytest.mark.parametrize("suffix", ["pdf", "tiff"])
    def test_a_node_each_with_the_page_drawn(self, folder: Path, suffix: str) -> None:
        path = pages_file(folder / f"a.{suffix}", [plain(each) for each in COLOURS])
        nodes = load(path)
        assert [(node.metadata["page_label"], node.metadata["pages"]) for node in nodes] == [
            ("1", 3), ("2", 3), ("3", 3),
        ]  # fmt: skip
        for node, wanted in zip(nodes, (RED, LIME, BLUE), strict=True):
            assert near(colour(node), wanted)
            assert (node.image_path, node.image_mimetype) == (None, "image/png")
            assert node.metadata["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert ("width" in nodes[0].metadata) is (suffix == "tiff")

    def test_of_a_pdf_also_when_it_is_the_only_one(self, folder: Path) -> None:
        (node,) = load(pages_file(folder / "a.pdf", [plain("red")]))
        assert (node.metadata["page_label"], node.metadata["pages"]) == ("1", 1)
        assert near(colour(node), RED)

    def test_more_than_twenty_are_no_error_here(self, folder: Path) -> None:
        assert len(load(pages_file(folder / "a.pdf", [plain("red")] * 23))) == 23

    def test_options_choose(self, folder: Path) -> None:
        path = pages_file(folder / "a.pdf", [plain(each) for each in COLOURS])
        (node,) = load(path, image_options=ImageOptions(pages=(2,), max_pixels=1024))
        assert (node.metadata["page_label"], node.metadata["pages"]) == ("2", 3)
        assert near(colour(node), LIME)
        assert len(node.image or "") < 1000

    def test_only_some_of_a_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pages_file(folder / "a.pdf", [plain(each) for each in COLOURS])
        (folder / "b.png").write_bytes(encoded(card(), "PNG"))
        reader = PictureReader()
        document, picture = reader.find(folder).files
        drawn: list[int] = []
        draw = pdf._Drawing.page

        def watched(drawing: Any, number: int) -> Any:
            drawn.append(number)
            return draw(drawing, number)

        monkeypatch.setattr(pdf._Drawing, "page", watched)
        assert [node.metadata["page_label"] for node in reader.nodes_of(document, only={3})] == ["3"]
        assert drawn == [3]
        assert len(list(reader.nodes_of(picture, only={1}))) == 1
        assert list(reader.nodes_of(picture, only={2})) == []

    def test_together_a_document_is_one_node(self, folder: Path) -> None:
        path = pages_file(folder / "a.pdf", [plain(each) for each in COLOURS])
        pages_file(folder / "b.tif", [plain(each) for each in COLOURS])
        (folder / "c.png").write_bytes(encoded(card(), "PNG"))
        nodes = load(folder, pages="together")
        assert [node.image_path for node in nodes] == ["photos/a.pdf", "photos/b.tif", "photos/c.png"]
        assert [node.metadata.get("pages") for node in nodes] == [3, 3, None]
        assert not any("page_label" in node.metadata for node in nodes)
        assert [one.page for one in PictureSource.of(nodes[0], ImageOptions()).pictures()] == [1, 2, 3]
        assert nodes[0].metadata["file_size"] == path.stat().st_size

    def test_one_is_drawn_when_it_is_asked_for_and_kept_no_longer(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("a.pdf", "b.pdf"):
            pages_file(folder / name, [plain(each) for each in COLOURS])
        drawn: list[weakref.ref[Image.Image]] = []
        draw = pdf._draw

        def watched(*arguments: Any) -> Any:
            image = draw(*arguments)
            drawn.append(weakref.ref(image))
            return image

        monkeypatch.setattr(pdf, "_draw", watched)
        for count, _ in enumerate(PictureReader().lazy_load_data(folder), start=1):
            gc.collect()
            assert len(drawn) == count
            assert [image for image in drawn if image() is not None] == []
        assert count == 6


class TestVideo:
    def test_frames_with_their_time(self, folder: Path) -> None:
        path = film(folder / "a.mp4", [plain(each) for each in COLOURS])
        nodes = load(path, image_options=ImageOptions(frames=3))
        assert [node.metadata["page_label"] for node in nodes] == ["1", "2", "3"]
        assert [node.metadata["seconds"] for node in nodes] == pytest.approx([0.5, 1.5, 2.5], abs=0.11)
        assert {node.metadata["file_type"] for node in nodes} == {"video/mp4"}
        for node, wanted in zip(nodes, (RED, LIME, BLUE), strict=True):
            assert near(colour(node), wanted)
            assert (node.metadata["width"], node.metadata["height"]) == (80, 64)


class TestFaults:
    def test_a_document_that_cannot_be_read(self, folder: Path) -> None:
        (folder / "a.pdf").write_bytes(b"%PDF-1.7\nrubbish")
        (folder / "b.png").write_bytes(encoded(card(), "PNG"))
        with pytest.raises(ImageError, match=r"photos/a.pdf\) is a PDF document that cannot be read"):
            load(folder)
        broken, whole = load(folder, on_error="keep")
        assert broken.image_path == "photos/a.pdf"
        assert broken.metadata["sha256"] == hashlib.sha256(b"%PDF-1.7\nrubbish").hexdigest()
        with pytest.raises(ImageError, match="cannot be read"):
            PictureSource.of(broken, ImageOptions()).pictures()
        assert wrong_corners(shown(whole)) == []

    def test_a_page_that_cannot_be_drawn(self, folder: Path) -> None:
        path = pages_file(folder / "a.pdf", [plain("red"), plain("lime", (4000, 4000)), plain("blue")])
        options = ImageOptions(max_pixels=None, max_source_pixels=1_000_000)
        with pytest.raises(ImageError, match="megapixels"):
            load(path, image_options=options)
        nodes = load(path, image_options=options, on_error="keep")
        assert [node.metadata["page_label"] for node in nodes] == ["1", "2", "3"]
        assert near(colour(nodes[0]), RED)
        assert near(colour(nodes[2]), BLUE)
        kept = nodes[1]
        assert (kept.image, kept.image_path) == (None, "photos/a.pdf")
        with pytest.raises(ImageError, match="megapixels"):
            PictureSource.of(kept, options).pictures()
        # Whoever can draw it draws this page, not the whole document.
        (picture,) = PictureSource.of(kept, ImageOptions()).pictures()
        assert picture.page == 2

    def test_a_file_that_is_gone_meanwhile(self, folder: Path) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        reader = PictureReader(on_error="keep")
        (file,) = reader.find(folder).files
        (folder / "a.png").unlink()
        (node,) = reader.nodes_of(file)
        assert (node.image_path, node.metadata["file_size"]) == ("photos/a.png", file.size)
        with pytest.raises(ImageError, match="does not exist"):
            list(PictureReader().nodes_of(file))

    def test_a_disk_that_fails(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))

        def failing(_: PictureSource) -> str:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(PictureSource, "sha256", failing)
        with pytest.raises(OSError, match="Input/output error"):
            load(folder)
        (node,) = load(folder, on_error="keep")
        assert node.image_path == "photos/a.png"

    def test_a_picture_that_is_none_is_left_to_who_sends_it(self, folder: Path) -> None:
        (folder / "a.png").write_bytes(b"some words")
        (folder / "b.jpg").write_bytes(encoded(card(), "JPEG")[:300])
        words, half = load(folder)
        for node in (words, half):
            with pytest.raises(ImageError):
                prepare_image(node)

    def test_what_is_not_there_is_said_by_the_call(self, folder: Path) -> None:
        with pytest.raises(ImageError, match="does not exist"):
            PictureReader().lazy_load_data("nowhere")
        with pytest.raises(ImageError, match="is a folder without a picture"):
            PictureReader().lazy_load_data(folder)

    def test_a_missing_extra_comes_before_the_first_picture(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        pages_file(folder / "z.pdf", [plain("red")])
        monkeypatch.setitem(sys.modules, "pypdfium2", None)
        with pytest.raises(MissingExtraError, match="1 of the 2 files"):
            PictureReader().lazy_load_data(folder)

    def test_what_was_left_out_is_logged(self, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        (folder / "._a.png").write_bytes(b"x")
        with caplog.at_level("INFO"):
            load(folder)
        assert "1 files found; left out: 1 hidden" in caplog.text


class TestTheReaderItself:
    CHANGED: dict[str, Any] = {  # noqa: RUF012
        "include": ("*.dat",),
        "exclude": ("drafts",),
        "recursive": False,
        "videos": True,
        "pages": "together",
        "digest": False,
        "image_options": ImageOptions(max_pixels=5000, pages=(1, 2)),
        "on_error": "keep",
    }

    @pytest.mark.parametrize(
        "again",
        [
            lambda reader: pickle.loads(pickle.dumps(reader)),
            lambda reader: PictureReader.from_dict(reader.to_dict()),
            lambda reader: PictureReader.from_json(reader.to_json()),
            lambda reader: PictureReader.model_validate(reader.model_dump()),
            lambda reader: PictureReader.model_validate(json.loads(json.dumps(reader.to_dict()))),
        ],
        ids=["pickle", "dict", "json", "dump", "plain"],
    )
    def test_survives(self, again: Callable[[PictureReader], PictureReader]) -> None:
        reader = PictureReader(**self.CHANGED)
        assert {name for name in self.CHANGED if getattr(reader, name) == getattr(PictureReader(), name)} == set()
        assert again(reader).model_dump() == reader.model_dump()

    def test_a_misspelt_setting_is_an_error(self) -> None:
        with pytest.raises(ValidationError, match="recusive"):
            PictureReader(recusive=False)  # type: ignore[call-arg]

    def test_the_front_door_opens_it_when_it_is_asked_for(self) -> None:
        assert "PictureReader" in ollama.__all__
        assert "PictureReader" in dir(ollama)
        with pytest.raises(AttributeError, match="no attribute 'PictureReaders'"):
            _ = ollama.PictureReaders
