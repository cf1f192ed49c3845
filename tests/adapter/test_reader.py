"""PictureReader: which nodes come of files, that they keep their pictures, and that LlamaIndex and models take them."""

from __future__ import annotations

import base64
import gc
import hashlib
import io
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
from llama_index.core import SimpleDirectoryReader, StorageContext
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.readers.base import ReaderConfig
from llama_index.core.schema import BaseNode, ImageNode, MetadataMode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from PIL import Image
from pydantic import ValidationError

from llama_index.multi_modal_llms import ollama
from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, PictureReader, prepare_image
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.pictures.decoders.pdf import pages as pdf
from ollama_vision.pictures.source import PictureSource
from tests.support.picture_corpus import animation, card, encoded, heic, pixel, wrong_corners

COLOURS = ("red", "lime", "blue")
SCENES = (Shape("red", "circle", "top left"), Shape("black", "cross"), Shape("yellow", "star", "bottom right"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder `photos` in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    return Path("photos")


def plain(colour: str, size: tuple[int, int] = (80, 64)) -> Image.Image:
    return Image.new("RGB", size, colour)


def pages_file(path: Path, pages: list[Image.Image]) -> Path:
    """A PDF or TIFF, by its suffix."""
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def film(path: Path, images: list[Image.Image]) -> Path:
    """One second of each."""
    av = pytest.importorskip("av")
    with av.open(os.fspath(path), "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *images[0].size, "yuv420p"
        stream.bit_rate = 4_000_000
        for image in images:
            for _ in range(10):
                output.mux(stream.encode(av.VideoFrame.from_image(image)))
        output.mux(stream.encode())
    return path


def load(paths: Any, **settings: Any) -> list[ImageNode]:
    return PictureReader(**settings).load_data(paths)


def shown(node: BaseNode) -> bytes:
    """The picture as the model gets it."""
    return prepare_image(node).read()


def colour(node: BaseNode) -> tuple[int, ...]:
    image = Image.open(io.BytesIO(shown(node))).convert("RGB")
    return pixel(image, image.width // 2, image.height // 2)


def near(seen: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(seen, wanted, strict=True))


RED, LIME, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


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


ways = pytest.mark.parametrize(
    "again",
    [
        lambda node: pickle.loads(pickle.dumps(node)),
        lambda node: ImageNode.from_json(node.to_json()),
        lambda node: ImageNode.from_dict(json.loads(json.dumps(node.to_dict()))),
        lambda node: node.model_copy(deep=True),
        lambda node: stored(node),
    ],
    ids=["pickle", "json", "dict", "copy", "docstore"],
)


def stored(node: BaseNode) -> BaseNode:
    store = SimpleDocumentStore()
    store.add_documents([node])
    store.persist("store.json")
    return SimpleDocumentStore.from_persist_path("store.json").docs[node.id_]


@ways
def test_a_node_keeps_its_picture_when_it_is_stored(folder: Path, again: Callable[[BaseNode], BaseNode]) -> None:
    pages_file(folder / "a.pdf", [plain("red"), plain("blue")])
    (folder / "b.png").write_bytes(encoded(card(), "PNG"))
    for node in load(folder):
        copy = again(node)
        assert isinstance(copy, ImageNode)
        assert shown(copy) == shown(node)
        assert copy.metadata == node.metadata
        assert copy.id_ == node.id_


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


class TestInLlamaIndex:
    @pytest.fixture
    def mixed(self, folder: Path) -> Path:
        (folder / "a.png").write_bytes(encoded(card(), "PNG"))
        (folder / "b.bmp").write_bytes(encoded(card(), "BMP"))
        pages_file(folder / "c.pdf", [plain(each) for each in COLOURS])
        pages_file(folder / "d.tiff", [plain(each) for each in COLOURS])
        (folder / "e.heic").write_bytes(heic(card()))
        (folder / "f.txt").write_text("words")
        return folder

    def simple(self, folder: Path, **settings: Any) -> Any:
        reader = PictureReader()
        extractor: Any = dict.fromkeys((".png", ".bmp", ".pdf", ".tiff", ".heic"), reader)
        return SimpleDirectoryReader(str(folder), file_extractor=extractor, **settings)

    @pytest.mark.parametrize("workers", [None, 2])
    def test_simple_directory_reader(self, mixed: Path, workers: int | None) -> None:
        found = self.simple(mixed, raise_on_error=True).load_data(num_workers=workers)
        labels = [(Path(each.metadata["file_path"]).name, each.metadata.get("page_label")) for each in found]
        assert labels == [
            ("a.png", None), ("b.bmp", None), ("c.pdf", "1"), ("c.pdf", "2"), ("c.pdf", "3"),
            ("d.tiff", "1"), ("d.tiff", "2"), ("d.tiff", "3"), ("e.heic", None), ("f.txt", None),
        ]  # fmt: skip
        assert [wrong_corners(shown(found[at]), tolerance=40) for at in (0, 1, 8)] == [[], [], []]
        assert near(colour(found[3]), LIME)
        assert near(colour(found[7]), BLUE)
        assert {each.metadata["file_path"] for each in found} == {str(path.resolve()) for path in mixed.iterdir()}
        assert found[9].text == "words"

    def test_its_other_ways(self, mixed: Path) -> None:
        named = self.simple(mixed, filename_as_id=True).load_data()
        ids = [each.id_.rpartition("photos/")[2] for each in named[:4]]
        assert ids == ["a.png_part_0", "b.bmp_part_0", "c.pdf_part_0", "c.pdf_part_1"]
        assert [len(each) for each in self.simple(mixed).iter_data()] == [1, 1, 3, 3, 1, 1]

    async def test_async(self, mixed: Path) -> None:
        assert len(await self.simple(mixed).aload_data()) == 10
        assert len(await PictureReader().aload_data(mixed)) == 9
        assert len(list(await PictureReader().alazy_load_data(mixed))) == 9

    def test_its_errors(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "c.pdf").write_bytes(b"%PDF-1.7\nrubbish")
        with pytest.raises(Exception, match="Error loading file") as caught:
            self.simple(folder, raise_on_error=True).load_data()
        assert isinstance(caught.value.__cause__, ImageError)
        # What would be printed and skipped otherwise is raised, as core does with its own readers' packages.
        monkeypatch.setitem(sys.modules, "pypdfium2", None)
        with pytest.raises(ImportError, match=r"ollama-vision\[pdf\]"):
            self.simple(folder).load_data()

    def test_a_file_system_of_its_own(self, mixed: Path) -> None:
        fsspec = pytest.importorskip("fsspec")
        memory = fsspec.filesystem("memory")
        for path in mixed.iterdir():
            memory.pipe(f"/pictures/{path.name}", path.read_bytes())
        extractor: Any = dict.fromkeys((".png", ".pdf", ".heic"), PictureReader())
        simple = SimpleDirectoryReader(
            "/pictures", fs=memory, file_extractor=extractor, required_exts=list(extractor), raise_on_error=True
        )
        found: list[Any] = simple.load_data(fs=memory)  # core 0.14.5 forgets its own
        assert len(found) == 5
        assert wrong_corners(shown(found[0])) == []
        assert base64.b64decode(found[0].image) == (mixed / "a.png").read_bytes()
        assert found[0].metadata["file_path"] == "/pictures/a.png"
        assert near(colour(found[2]), LIME)
        assert len({each.id_ for each in found}) == 5
        with pytest.raises(ImageError, match="is a folder of a file system of its own"):
            PictureReader().load_data("/pictures", fs=memory)
        memory.rm("/pictures", recursive=True)

    def test_ingestion_pipeline(self, mixed: Path) -> None:
        config = ReaderConfig(reader=PictureReader(), reader_args=[str(mixed)], reader_kwargs={"extra_info": {"n": 1}})
        found = IngestionPipeline(transformations=[], readers=[config], disable_cache=True).run()
        assert len(found) == 9
        assert {each.metadata["n"] for each in found} == {1}
        given: Any = PictureReader().load_data(mixed)
        assert len(IngestionPipeline(transformations=[], disable_cache=True).run(documents=given)) == 9

    def test_a_changed_file_under_an_old_name_is_another_document(self, folder: Path) -> None:
        store = SimpleDocumentStore()
        pipeline = IngestionPipeline(
            transformations=[],
            docstore=store,
            docstore_strategy=DocstoreStrategy.UPSERTS,
            vector_store=SimpleVectorStore(),
            disable_cache=True,
        )

        def run() -> list[str]:
            return [each.metadata["file_name"] for each in pipeline.run(nodes=load(folder))]

        for name, shade in (("a.png", "red"), ("b.png", "blue")):
            (folder / name).write_bytes(encoded(plain(shade), "PNG"))
        assert run() == ["a.png", "b.png"]
        assert run() == []
        (folder / "a.png").write_bytes(encoded(plain("lime"), "PNG"))
        assert run() == ["a.png"]
        StorageContext.from_defaults(docstore=store).persist("stored")
        pipeline.docstore = SimpleDocumentStore.from_persist_dir("stored")
        assert run() == []
        (folder / "b.png").write_bytes(encoded(plain("lime"), "PNG"))
        assert run() == ["b.png"]


class TestTheModelSeesIt:
    """Each of these fails when another picture, page or frame is shown."""

    def assert_each_seen(self, demo: OllamaMultiModal, nodes: list[ImageNode]) -> None:
        for node, shape in zip(nodes, SCENES, strict=True):
            answer = demo.complete("Describe the image.", image_documents=[node]).text
            assert f"{shape.colour} {shape.kind}" in answer
            for other in SCENES:
                assert other is shape or f"{other.colour} {other.kind}" not in answer

    @pytest.fixture
    def scenes(self) -> list[Image.Image]:
        return [draw_scene(shape) for shape in SCENES]

    def test_pictures_of_a_folder(self, demo: OllamaMultiModal, folder: Path, scenes: list[Image.Image]) -> None:
        for name, image in zip(("a.png", "b.jpg", "c.webp"), scenes, strict=True):
            image.save(folder / name, quality=95)
        self.assert_each_seen(demo, PictureReader().load_data(folder))

    def test_all_in_one_question(self, demo: OllamaMultiModal, folder: Path, scenes: list[Image.Image]) -> None:
        for name, image in zip(("a.png", "b.png"), scenes, strict=False):
            image.save(folder / name)
        question = "Which picture has a black cross?"
        assert "second" in demo.complete(question, image_documents=PictureReader().load_data(folder)).text
        assert "first" in demo.complete(question, image_documents=PictureReader().load_data(folder)[::-1]).text

    @pytest.mark.parametrize("suffix", ["pdf", "tiff"])
    def test_pages(self, demo: OllamaMultiModal, folder: Path, scenes: list[Image.Image], suffix: str) -> None:
        self.assert_each_seen(demo, load(pages_file(folder / f"a.{suffix}", scenes)))

    def test_frames(self, demo: OllamaMultiModal, folder: Path, scenes: list[Image.Image]) -> None:
        film(folder / "a.mp4", scenes)
        self.assert_each_seen(demo, load(folder, videos=True, image_options=ImageOptions(frames=3)))


def test_tiles_belong_to_the_model_that_is_asked(folder: Path) -> None:
    """A node holds one picture; and a region of it is what is drawn."""
    with pytest.raises(ValidationError, match="tiles= belongs to the model that is asked"):
        PictureReader(image_options=ImageOptions(tiles=(2, 2)))
    pages_file(folder / "two.pdf", [plain("red", (200, 100)), plain("blue", (200, 100))])
    reader = PictureReader(image_options=ImageOptions(region=(0.0, 0.0, 0.5, 1.0)))
    nodes = reader.load_data(folder / "two.pdf")
    assert len(nodes) == 2
    for node in nodes:
        assert node.image is not None
        with Image.open(io.BytesIO(base64.b64decode(node.image))) as drawn:
            assert drawn.width == pytest.approx(drawn.height, rel=0.02), "the left half of 200x100"
