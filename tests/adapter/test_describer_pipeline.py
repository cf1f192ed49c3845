"""ImageDescriber in IngestionPipeline: each folder its own descriptions, and no picture asked about twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.schema import BaseNode, ImageNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from pydantic import BaseModel

from llama_index.multi_modal_llms.ollama import ImageDescriber, OllamaMultiModal, PictureReader
from ollama_embedded import EmbeddedOllama, Reply
from ollama_embedded.faults import Status
from ollama_embedded.scenes import COLOURS, KINDS, draw_scene
from ollama_vision.errors import AnswerCutError, ImageError, RunStoppedError
from tests.support.serving import Serve
from tests.support.shared_answers import SharedAnswers

HOLIDAY = ("red circle", "blue star", "green square")
WORK = ("yellow cross", "purple diamond", "black triangle")
KNOWN = (*COLOURS, *KINDS)

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Make a folder of drawn shapes: 0.png, 1.png ..."""

    def make(name: str, shapes: Sequence[str]) -> Path:
        (tmp_path / name).mkdir(exist_ok=True)
        for number, shape in enumerate(shapes):
            draw_scene(shape).save(tmp_path / name / f"{number}.png")
        return tmp_path / name

    return make


def pictures_in(folder: Path, **reading: Any) -> list[BaseNode]:
    return [*PictureReader(**reading).load_data(folder)]


def words_in(nodes: Sequence[BaseNode]) -> list[str]:
    """The colour and the shape that each description names."""
    return [" ".join(word for word in KNOWN if word in node.get_content()) for node in nodes]


async def run(pipeline: IngestionPipeline, nodes: list[BaseNode], *, loop: bool, **kwargs: Any) -> Sequence[BaseNode]:
    """Either way of running it; without `loop`, a sync run inside a running loop."""
    return await pipeline.arun(nodes=nodes, **kwargs) if loop else pipeline.run(nodes=nodes, **kwargs)


class CountedWords(BaseEmbedding):
    """Stands for a text embedding: how often each word of the demo model's world is there."""

    def _get_text_embedding(self, text: str) -> list[float]:
        words = re.findall("[a-z]+", text.lower())
        return [float(words.count(word)) for word in KNOWN]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class Count(BaseModel):
    count: int


def bare(folder: Path) -> list[BaseNode]:
    """Pictures of which two folders have the same: no text, and the same names."""
    return [ImageNode(image_path=str(file), metadata={"file_name": file.name}) for file in sorted(folder.iterdir())]


def test_each_folder_keeps_its_own_descriptions(demo: OllamaMultiModal, folder: Folder) -> None:
    pipeline = IngestionPipeline(transformations=[ImageDescriber(llm=demo)])
    holiday, work = folder("holiday", HOLIDAY), folder("work", WORK)
    assert words_in(pipeline.run(nodes=bare(holiday))) == list(HOLIDAY)
    assert words_in(pipeline.run(nodes=bare(work))) == list(WORK)
    assert words_in(pipeline.run(nodes=bare(holiday))) == list(HOLIDAY)


@pytest.mark.parametrize("which", ["the same describer", "a new one", "from JSON"])
def test_each_folder_keeps_its_own_descriptions_after_persist_and_load(
    demo: OllamaMultiModal, folder: Folder, tmp_path: Path, which: str
) -> None:
    describer = ImageDescriber(llm=demo)
    pipeline = IngestionPipeline(transformations=[describer])
    assert words_in(pipeline.run(nodes=bare(folder("holiday", HOLIDAY)))) == list(HOLIDAY)
    pipeline.persist(str(tmp_path / "kept"))
    if which == "a new one":
        describer = ImageDescriber(llm=demo)
    elif which == "from JSON":
        describer = ImageDescriber.from_json(describer.to_json())
    again = IngestionPipeline(transformations=[describer])
    again.load(str(tmp_path / "kept"))
    assert again.cache.cache.get_all(again.cache.collection), "what was kept is there"
    assert words_in(again.run(nodes=bare(folder("work", WORK)))) == list(WORK)


def test_a_changed_file_under_an_old_name_is_described_anew(demo: OllamaMultiModal, folder: Folder) -> None:
    pipeline = IngestionPipeline(transformations=[ImageDescriber(llm=demo, cache=IngestionCache())])
    place = folder("holiday", HOLIDAY)
    pipeline.run(nodes=pictures_in(place))
    draw_scene("orange triangle").save(place / "1.png")
    found = pipeline.run(nodes=pictures_in(place))
    assert words_in(found) == [HOLIDAY[0], "orange triangle", HOLIDAY[2]]


def test_a_renamed_file_is_not_asked_about_again(
    demo: OllamaMultiModal, demo_server: EmbeddedOllama, folder: Folder, tmp_path: Path
) -> None:
    cache = IngestionCache()
    place = folder("holiday", HOLIDAY)
    IngestionPipeline(transformations=[ImageDescriber(llm=demo, cache=cache)]).run(nodes=pictures_in(place))
    cache.persist(str(tmp_path / "answers.json"))
    (place / "1.png").rename(place / "renamed.png")
    loaded = IngestionCache.from_persist_path(str(tmp_path / "answers.json"))
    before = len(demo_server.asked)
    for kept in (cache, loaded):
        pipeline = IngestionPipeline(transformations=[ImageDescriber(llm=demo, cache=kept)])
        found = pipeline.run(nodes=pictures_in(place))
        assert words_in(found) == [HOLIDAY[0], HOLIDAY[2], HOLIDAY[1]]
        assert found[2].metadata["file_path"].endswith("renamed.png")
    assert len(demo_server.asked) == before


def test_a_changed_prompt_is_asked(demo: OllamaMultiModal, demo_server: EmbeddedOllama, folder: Folder) -> None:
    cache = IngestionCache()
    nodes = pictures_in(folder("holiday", HOLIDAY))
    ImageDescriber(llm=demo, cache=cache)(nodes)
    before = len(demo_server.asked)
    counted = ImageDescriber(llm=demo, cache=cache, prompt="How many shapes are there?", output_cls=Count)(nodes)
    assert [node.metadata["count"] for node in counted] == [1, 1, 1]
    assert len(demo_server.asked) == before + 3
    for changed in ({"llm_kwargs": {"seed": 7}}, {"llm": demo.model_copy(update={"temperature": 0.1})}):
        ImageDescriber(**{"llm": demo, "cache": cache, **changed})(nodes[:1])
    assert len(demo_server.asked) == before + 5


def with_stores(describer: ImageDescriber, strategy: DocstoreStrategy = DocstoreStrategy.UPSERTS) -> IngestionPipeline:
    return IngestionPipeline(
        transformations=[describer, CountedWords()],
        docstore=SimpleDocumentStore(),
        vector_store=SimpleVectorStore(),
        docstore_strategy=strategy,
        disable_cache=True,
    )


def embedded_in(pipeline: IngestionPipeline) -> list[list[str]]:
    """What is searched for: the words whose counts the vector store holds."""
    store = pipeline.vector_store
    assert isinstance(store, SimpleVectorStore)
    return sorted(
        sorted(word for word, count in zip(KNOWN, each, strict=True) if count)
        for each in store.data.embedding_dict.values()
    )


def sorted_words(*shapes: str) -> list[list[str]]:
    return sorted(sorted(shape.split()) for shape in shapes)


@pytest.mark.parametrize("output", ["text", "image"])
@pytest.mark.parametrize(("loop", "digest"), [(False, True), (True, False)], ids=["run", "arun without digest"])
async def test_upserts_ask_about_what_changed_and_drop_what_was(
    demo: OllamaMultiModal,
    demo_server: EmbeddedOllama,
    folder: Folder,
    tmp_path: Path,
    output: Any,
    loop: bool,
    digest: bool,
) -> None:
    pipeline = with_stores(ImageDescriber(llm=demo, output=output))
    place = folder("holiday", HOLIDAY)
    assert words_in(await run(pipeline, pictures_in(place), loop=loop)) == list(HOLIDAY)
    assert embedded_in(pipeline) == sorted_words(*HOLIDAY)
    draw_scene("orange triangle").save(place / "1.png")
    before = len(demo_server.asked)
    assert words_in(await run(pipeline, pictures_in(place), loop=loop)) == ["orange triangle"]
    assert len(demo_server.asked) == before + 1
    assert embedded_in(pipeline) == sorted_words(HOLIDAY[0], "orange triangle", HOLIDAY[2])
    pipeline.persist(str(tmp_path / "kept"))
    again = with_stores(ImageDescriber(llm=demo, output=output))
    again.load(str(tmp_path / "kept"))
    assert list(again.run(nodes=pictures_in(place))) == []
    assert len(demo_server.asked) == before + 1


@pytest.mark.parametrize("output", ["text", "image"])
def test_what_was_deleted_is_not_found_any_more(demo: OllamaMultiModal, folder: Folder, output: Any) -> None:
    pipeline = with_stores(ImageDescriber(llm=demo, output=output), DocstoreStrategy.UPSERTS_AND_DELETE)
    place = folder("holiday", HOLIDAY)
    pipeline.run(nodes=pictures_in(place))
    (place / "1.png").unlink()
    pipeline.run(nodes=pictures_in(place))
    assert embedded_in(pipeline) == sorted_words(HOLIDAY[0], HOLIDAY[2])


def test_a_failed_picture_is_asked_about_again_once_the_stores_forget_it(
    serve: Serve, demo: OllamaMultiModal, folder: Folder
) -> None:
    cutting = serve(Reply("Once upon a", done_reason="length"))
    pipeline = with_stores(ImageDescriber(llm=cutting.llm, on_error="keep"))
    place = folder("holiday", HOLIDAY[:2])
    found = pipeline.run(nodes=pictures_in(place))
    assert all("error" in node.metadata for node in found)
    assert list(pipeline.run(nodes=pictures_in(place))) == [], "for the docstore they are done"
    for node in found:
        assert pipeline.docstore is not None
        assert pipeline.vector_store is not None
        assert node.ref_doc_id is not None
        pipeline.docstore.delete_document(node.ref_doc_id)
        pipeline.vector_store.delete(node.ref_doc_id)
    pipeline.transformations[0] = ImageDescriber(llm=demo, on_error="keep")
    assert words_in(pipeline.run(nodes=pictures_in(place))) == list(HOLIDAY[:2])
    assert embedded_in(pipeline) == sorted_words(*HOLIDAY[:2])


def test_a_stopped_run_leaves_nothing_marked_as_done(serve: Serve, demo: OllamaMultiModal, folder: Folder) -> None:
    refusing = serve(Reply(fault=Status(401, {"error": "unauthorized"})))
    pipeline = with_stores(ImageDescriber(llm=refusing.llm))
    nodes = pictures_in(folder("holiday", HOLIDAY))
    with pytest.raises(RunStoppedError, match="unauthorized"):
        pipeline.run(nodes=nodes)
    pipeline.transformations[0] = ImageDescriber(llm=demo)
    assert words_in(pipeline.run(nodes=nodes)) == list(HOLIDAY)


def test_without_a_vector_store_a_stopped_run_must_be_loaded_again(
    serve: Serve, demo: OllamaMultiModal, folder: Folder, tmp_path: Path
) -> None:
    refusing = serve(Reply(fault=Status(401, {"error": "unauthorized"})))
    pipeline = IngestionPipeline(
        transformations=[ImageDescriber(llm=refusing.llm)],
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY,
        disable_cache=True,
    )
    pipeline.persist(str(tmp_path / "kept"))
    nodes = pictures_in(folder("holiday", HOLIDAY))
    with pytest.raises(RunStoppedError, match="unauthorized"):
        pipeline.run(nodes=nodes)
    pipeline.transformations = [ImageDescriber(llm=demo)]
    assert list(pipeline.run(nodes=nodes)) == [], "core writes them down before they are done: docs/scaling.md tells"
    pipeline.load(str(tmp_path / "kept"))
    assert words_in(pipeline.run(nodes=nodes)) == list(HOLIDAY)


def test_worker_processes(demo: OllamaMultiModal, demo_server: EmbeddedOllama, folder: Folder) -> None:
    describer = ImageDescriber(llm=[demo, demo], num_workers=2, output_cls=Count, prompt="How many shapes are there?")
    before = len(demo_server.asked)
    found = IngestionPipeline(transformations=[describer, CountedWords()]).run(
        nodes=pictures_in(folder("mixed", (*HOLIDAY, *WORK))), num_workers=2
    )
    assert [node.metadata["count"] for node in found] == [1] * 6
    assert [Path(node.metadata["file_path"]).name for node in found] == [f"{number}.png" for number in range(6)]
    assert len(demo_server.asked) == before + 6


def test_worker_processes_share_a_cache_whose_store_they_share(
    demo: OllamaMultiModal, demo_server: EmbeddedOllama, folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "answers").mkdir()
    cache = IngestionCache(cache=SharedAnswers(tmp_path / "answers"))
    pipeline = IngestionPipeline(transformations=[ImageDescriber(llm=demo, cache=cache)])
    place = folder("mixed", (*HOLIDAY, *WORK))
    pipeline.run(nodes=pictures_in(place), num_workers=2)
    before = len(demo_server.asked)
    assert words_in(pipeline.run(nodes=pictures_in(place), num_workers=2)) == [*HOLIDAY, *WORK]
    assert words_in(pipeline.run(nodes=pictures_in(place))) == [*HOLIDAY, *WORK]
    assert len(demo_server.asked) == before


async def test_on_a_loop_and_inside_one(demo: OllamaMultiModal, folder: Folder) -> None:
    pipeline = IngestionPipeline(transformations=[ImageDescriber(llm=demo), CountedWords()])
    nodes = pictures_in(folder("holiday", HOLIDAY))
    assert words_in(await pipeline.arun(nodes=nodes)) == list(HOLIDAY)
    assert words_in(pipeline.run(nodes=nodes)) == list(HOLIDAY), "a sync run inside a running loop"
    assert words_in(await pipeline.arun(nodes=nodes, num_workers=2)) == list(HOLIDAY)


def failing(serve: Serve, how: str, place: Path) -> tuple[ImageDescriber, type[Exception], str]:
    """A describer whose run fails, with what, and which words."""
    if how == "picture":
        (place / "1.png").write_bytes((place / "1.png").read_bytes()[:99])
        return ImageDescriber(llm=serve("Fine.").llm), ImageError, "1.png"
    if how == "answer":
        return ImageDescriber(llm=serve(Reply("Once upon a", done_reason="length")).llm), AnswerCutError, "num_predict"
    serving = serve("Fine.")
    serving.server.close()
    return ImageDescriber(llm=serving.llm), RunStoppedError, "ollama serve"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("how", "workers"), [("picture", None), ("answer", None), ("server", None), ("answer", 2), ("server", 2)]
)
@pytest.mark.parametrize("loop", [False, True], ids=["run", "arun"])
async def test_errors_arrive(serve: Serve, folder: Folder, how: str, workers: int | None, loop: bool) -> None:
    place = folder("holiday", HOLIDAY)
    describer, kind, words = failing(serve, how, place)
    pipeline = IngestionPipeline(transformations=[describer], disable_cache=True)
    with pytest.raises(kind, match=words) as caught:
        await run(pipeline, pictures_in(place), loop=loop, num_workers=workers)
    if isinstance(caught.value, AnswerCutError):
        assert caught.value.partial_text == "Once upon a"


@pytest.mark.parametrize("workers", [None, 2])
def test_kept_errors_come_back_in_their_places(demo: OllamaMultiModal, folder: Folder, workers: int | None) -> None:
    place = folder("mixed", (*HOLIDAY, *WORK))
    (place / "4.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    pipeline = IngestionPipeline(transformations=[ImageDescriber(llm=demo, on_error="keep")])
    found = pipeline.run(nodes=pictures_in(place), num_workers=workers)
    assert [node.metadata.get("error", "")[:10] for node in found] == ["", "", "", "", "ImageError", ""]
    assert words_in(found)[3:] == [WORK[0], "", WORK[2]]
