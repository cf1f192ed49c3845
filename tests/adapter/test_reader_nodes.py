"""PictureReader's nodes in LlamaIndex: stored, ingested, indexed, and seen by the model."""

from __future__ import annotations

import base64
import io
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader, StorageContext
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.readers.base import ReaderConfig
from llama_index.core.schema import BaseNode, ImageNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from PIL import Image
from pydantic import ValidationError

from llama_index.multi_modal_llms.ollama import ImageOptions, OllamaMultiModal, PictureReader
from ollama_embedded.scenes import draw_scene
from ollama_vision.errors import ImageError
from tests.support.picture_corpus import card, encoded, heic, wrong_corners
from tests.support.read_files import BLUE, COLOURS, LIME, SCENES, colour, film, load, near, pages_file, plain, shown

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
