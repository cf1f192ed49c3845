"""Extractors and ingestion pipelines: alone, in worker processes, on a Ray cluster, and when a call fails."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import llama_index.core
import pytest
from llama_index.core.extractors import (
    DocumentContextExtractor,
    KeywordExtractor,
    PydanticProgramExtractor,
    QuestionsAnsweredExtractor,
    SummaryExtractor,
    TitleExtractor,
)
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.program import FunctionCallingProgram, LLMTextCompletionProgram
from llama_index.core.schema import Document, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from pydantic import BaseModel

from ollama_embedded import Reply, Request, ToolCall
from ollama_embedded.faults import Status
from ollama_embedded.protocol.requests import ChatRequest
from ollama_vision.errors import CapabilityError, ModelNotFoundError, ServerError
from tests.support.serving import Serve, Serving


@pytest.fixture(autouse=True)
def tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where core keeps its tokenizer: a worker's copy is loaded past core, would download it, and hang offline."""
    folder = Path(llama_index.core.__file__).parent / "_static" / "tiktoken_cache"
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))


def nodes(count: int = 2) -> list[TextNode]:
    return [TextNode(text=f"Text number {number} about circles.") for number in range(count)]


def documents(count: int = 4) -> list[Document]:
    return [Document(text=f"Text number {number} about circles.", id_=str(number)) for number in range(count)]


# Extractors


async def test_extractors(serve: Serve) -> None:
    def about(request: Request) -> str:
        assert isinstance(request, ChatRequest)
        return f"About {len(request.messages)}."

    serving = serve(about)
    for extractor, key in (
        (SummaryExtractor(llm=serving.llm), "section_summary"),
        (KeywordExtractor(llm=serving.llm), "excerpt_keywords"),
        (TitleExtractor(llm=serving.llm), "document_title"),
        (QuestionsAnsweredExtractor(llm=serving.llm), "questions_this_excerpt_can_answer"),
    ):
        found = await extractor.aextract(nodes())
        assert [each[key] for each in found] == ["About 1."] * 2


class Facts(BaseModel):
    subject: str


@pytest.mark.parametrize("kind", [FunctionCallingProgram, LLMTextCompletionProgram])
async def test_pydantic_program_extractor(serve: Serve, kind: Any) -> None:
    def replies(request: Any) -> Reply:
        if request.tools:
            return Reply(tool_calls=[ToolCall("Facts", {"subject": "circles"})])
        return Reply('{"subject": "circles"}')

    program = kind.from_defaults(output_cls=Facts, prompt_template_str="{input}", llm=serve(replies).llm)
    found = await PydanticProgramExtractor(program=program, input_key="input").aextract(nodes())
    assert found == [{"subject": "circles"}] * 2


@pytest.mark.parametrize("thinking", ["", "Hm."])
async def test_document_context_extractor(serve: Serve, thinking: str, caplog: pytest.LogCaptureFixture) -> None:
    serving = serve(Reply("It begins the text.", thinking=thinking))
    store = SimpleDocumentStore()
    store.add_documents([Document(text="A long text about circles.", id_="whole")])
    part = TextNode(text="A long text")
    part.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id="whole")
    extractor = DocumentContextExtractor(docstore=store, llm=serving.llm, max_output_tokens=77)
    found = await extractor.aextract([part])
    (request,) = serving.asked
    assert request.body["options"]["num_predict"] == 77
    assert request.headers["anthropic-beta"]
    if thinking:
        # Core reads the first block only; with thoughts in front it finds no text, and says so in a warning.
        assert found == [{}]
        assert "non-text block" in caplog.text
    else:
        assert found == [{"context": "It begins the text."}]


# IngestionPipeline


def pipeline(serving: Serving, *more: Any, **kwargs: Any) -> IngestionPipeline:
    steps = [SentenceSplitter(), SummaryExtractor(llm=serving.llm, show_progress=False), *more]
    return IngestionPipeline(transformations=steps, **kwargs)


@pytest.mark.parametrize("workers", [None, 2])
def test_pipeline(serve: Serve, workers: int | None) -> None:
    serving = serve("About circles.", headers={"X-Key": "kept"})
    found = pipeline(serving, disable_cache=True).run(documents=documents(), num_workers=workers)
    assert [node.metadata["section_summary"] for node in found] == ["About circles."] * 4
    assert len(serving.asked) == 4
    assert {request.headers["x-key"] for request in serving.asked} == {"kept"}


async def test_pipeline_on_a_loop_and_inside_one(serve: Serve) -> None:
    serving = serve("About circles.")
    more = KeywordExtractor(llm=serving.llm, show_progress=False)
    found = await pipeline(serving, more).arun(documents=documents())
    assert [node.metadata["excerpt_keywords"] for node in found] == ["About circles."] * 4
    found = pipeline(serving, more).run(documents=documents())  # two extractors, each with a loop of its own
    assert len(found) == 4


def test_pipeline_does_not_ask_again_what_is_cached(serve: Serve) -> None:
    serving = serve("About circles.")
    cached = pipeline(serving)
    assert cached.run(documents=documents())[0].metadata == cached.run(documents=documents())[0].metadata
    assert len(serving.asked) == 4


def failing(serve: Serve, how: str) -> tuple[Serving, type[Exception]]:
    """A server and a client whose calls fail, and with what."""
    if how == "server":
        return serve(Reply(fault=Status(500, {"error": "out of memory"}))), ServerError
    if how == "model":
        serving = serve("Fine.", capabilities=("completion",))
        serving.llm = serving.llm.model_copy(update={"model": "nobody"})
        return serving, ModelNotFoundError
    return serve("Fine.", capabilities=("completion",), thinking=True), CapabilityError


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("how", "workers"), [("server", None), ("model", None), ("thinking", None), ("server", 2), ("thinking", 2)]
)
def test_the_error_of_a_call_arrives(serve: Serve, how: str, workers: int | None) -> None:
    serving, error = failing(serve, how)
    with pytest.raises(error):
        pipeline(serving, disable_cache=True).run(documents=documents(), num_workers=workers)


# RayIngestionPipeline


def ray_pipeline(serving: Serving) -> Any:
    ray = importlib.import_module("llama_index.ingestion.ray")  # without types

    step = ray.RayTransformComponent(
        transform_class=KeywordExtractor,
        transform_kwargs={"llm": serving.llm, "show_progress": False},
        map_batches_kwargs={"batch_size": 2, "concurrency": 1},
    )
    return ray.RayIngestionPipeline(transformations=[step])


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
def test_ray_pipeline(serve: Serve) -> None:
    serving = serve("About circles.", headers={"X-Key": "kept"})
    found = ray_pipeline(serving).run(nodes=nodes(4))
    assert [node.metadata["excerpt_keywords"] for node in found] == ["About circles."] * 4
    assert {request.headers["x-key"] for request in serving.asked} == {"kept"}


@pytest.mark.ray
@pytest.mark.usefixtures("cluster")
@pytest.mark.timeout(240)
def test_the_error_of_a_call_arrives_from_ray(serve: Serve) -> None:
    serving, _ = failing(serve, "server")
    with pytest.raises(Exception, match="out of memory"):
        ray_pipeline(serving).run(nodes=nodes(2))


def test_documents_of_the_reader_survive_the_pipeline(serve: Serve, tmp_path: Path) -> None:
    from llama_index.core import SimpleDirectoryReader

    (tmp_path / "one.txt").write_text("A text about circles.")
    found = pipeline(serve("About circles.")).run(documents=SimpleDirectoryReader(str(tmp_path)).load_data())
    assert found[0].metadata["section_summary"] == "About circles."
