"""LlamaIndex's multimodal programs, engines, indices and evaluators, each with a real model behind it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Literal

import pytest
from llama_index.core import Settings, SimpleDirectoryReader
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.chat_engine.multi_modal_condense_plus_context import MultiModalCondensePlusContextChatEngine
from llama_index.core.chat_engine.multi_modal_context import MultiModalContextChatEngine
from llama_index.core.chat_engine.types import ChatMode
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.embeddings.mock_embed_model import MockMultiModalEmbedding
from llama_index.core.evaluation.multi_modal import MultiModalFaithfulnessEvaluator, MultiModalRelevancyEvaluator
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.llms.utils import resolve_llm
from llama_index.core.memory import Memory
from llama_index.core.output_parsers import PydanticOutputParser
from llama_index.core.program import MultiModalLLMCompletionProgram
from llama_index.core.prompts import RichPromptTemplate
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine, SimpleMultiModalQueryEngine
from llama_index.core.schema import ImageDocument, ImageNode, NodeWithScore, QueryBundle, TextNode
from pydantic import BaseModel, ValidationError

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Shape, draw_scene
from tests.support.serving import Serve, asked_since

pytestmark = pytest.mark.filterwarnings("ignore:.*SimpleMultiModalQueryEngine is deprecated:DeprecationWarning")
QUESTION = "Describe the image."


class Thing(BaseModel):
    """One thing in a picture."""

    colour: Literal["red", "green", "blue", "yellow"]
    shape: Literal["circle", "square", "triangle", "star"]


BLUE_SQUARE = Thing(colour="blue", shape="square")


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    shapes = (("blue", "square"), ("red", "circle"), ("green", "triangle"), ("yellow", "star"))
    paths = []
    for colour, kind in shapes:
        paths.append(tmp_path / f"{colour}-{kind}.png")
        draw_scene(Shape(colour, kind)).save(paths[-1])
    return paths


@pytest.fixture
def picture(pictures: list[Path]) -> Path:
    return pictures[0]


SIMPLE = RichPromptTemplate(
    """{% chat role="user" %}{{ query_str }}
{%- for message in context_messages %}{% for block in message.blocks %}{% if block.block_type == 'image' -%}
{{ block.inline_url() | image }}{% endif %}{% endfor %}{% endfor %}{% endchat %}"""
)
"""The demo model knows a handful of questions, and none as long as core's own."""


class Found(BaseRetriever):
    """A retriever that always finds the same."""

    def __init__(self, *nodes: Any) -> None:
        super().__init__()
        self._nodes = [NodeWithScore(node=node, score=1.0) for node in nodes]

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._nodes


def node(path: Path) -> ImageNode:
    return ImageNode(image=base64.b64encode(path.read_bytes()).decode())


def is_blue_square(text: Any) -> bool:
    return "blue" in str(text) and "square" in str(text)


# MultiModalLLMCompletionProgram


def program(llm: OllamaMultiModal, **kwargs: Any) -> MultiModalLLMCompletionProgram:
    return MultiModalLLMCompletionProgram.from_defaults(
        output_cls=Thing, prompt_template_str=QUESTION, multi_modal_llm=llm, **kwargs
    )


async def test_completion_program(demo: OllamaMultiModal, picture: Path) -> None:
    parser = PydanticOutputParser(output_cls=Thing)
    parser.format = lambda query: query  # type: ignore[method-assign]
    program = MultiModalLLMCompletionProgram.from_defaults(
        output_parser=parser, prompt_template_str=QUESTION, multi_modal_llm=demo
    )
    asked: dict[str, Any] = {"llm_kwargs": {"format": Thing.model_json_schema()}}
    assert program(image_documents=[node(picture)], **asked) == BLUE_SQUARE
    assert program(image_documents=[ImageBlock(path=picture)], **asked) == BLUE_SQUARE
    assert await program.acall(image_documents=[node(picture)], **asked) == BLUE_SQUARE


def test_completion_program_by_text_alone(serve: Serve, picture: Path) -> None:
    serving = serve('Here it is:\n{"colour": "blue", "shape": "square"}')
    assert program(serving.llm)(image_documents=[node(picture)]) == BLUE_SQUARE
    (message,) = serving.bodies[0]["messages"]
    assert message["content"].startswith(QUESTION)
    assert "JSON schema" in message["content"]
    assert serving.asked[0].pictures == (picture.read_bytes(),)


def test_completion_program_fails_in_core_with_image_documents(demo: OllamaMultiModal, picture: Path) -> None:
    # Core's program converts ImageNodes only; what SimpleDirectoryReader reads never reaches the model.
    with pytest.raises(ValidationError, match="block_type"):
        program(demo)(image_documents=[ImageDocument(image_path=str(picture))])  # type: ignore[list-item]
    # The way out, of one line:
    found = demo.as_structured_llm(Thing).complete(QUESTION, image_documents=[ImageDocument(image_path=str(picture))])
    assert found.raw == BLUE_SQUARE


def test_completion_program_repeats_itself_in_core(serve: Serve, picture: Path) -> None:
    # Core appends the prompt to the list that it was given: the second call sends the first prompt again.
    serving = serve('{"colour": "blue", "shape": "square"}')
    twice = program(serving.llm, image_documents=[ImageBlock(path=picture)])
    twice()
    twice()
    first, second = (body["messages"][0]["content"] for body in serving.bodies)
    assert second == f"{first}\n{first}"


# Query engines


async def test_simple_multi_modal_query_engine(demo: OllamaMultiModal, picture: Path) -> None:
    found: Any = Found(node(picture), TextNode(text="A drawing."))
    engine = SimpleMultiModalQueryEngine(found, multi_modal_llm=demo)
    assert is_blue_square(engine.query(QUESTION))
    assert is_blue_square(await engine.aquery(QUESTION))


@pytest.mark.parametrize("streaming", [False, True])
async def test_retriever_query_engine(demo: OllamaMultiModal, picture: Path, streaming: bool) -> None:
    engine = RetrieverQueryEngine.from_args(
        Found(node(picture)), llm=demo, multimodal=True, streaming=streaming, chat_content_qa_template=SIMPLE
    )
    assert is_blue_square(engine.query(QUESTION))
    found: Any = await engine.aquery(QUESTION)
    assert is_blue_square(await found.get_response() if streaming else found)


@pytest.mark.parametrize(("window", "together"), [(16384, [4]), (8192, [3, 1]), (3900, [1, 1, 1, 1])])
def test_pictures_per_question_depend_on_the_context_window(
    serve: Serve, pictures: list[Path], window: int, together: list[int]
) -> None:
    # Core takes every picture for 2,125 tokens, and refines over as many questions as that makes.
    serving = serve("An answer.", context_window=window)
    engine = RetrieverQueryEngine.from_args(Found(*map(node, pictures)), llm=serving.llm, multimodal=True)
    engine.query(QUESTION)
    assert [len(request.pictures) for request in serving.asked] == together


async def test_citation_query_engine(demo: OllamaMultiModal, picture: Path) -> None:
    no_index: Any = None
    # Core puts a picture and its number into one question only when 2,125 tokens and more have room.
    demo = demo.model_copy(update={"context_window": 8192})
    engine = CitationQueryEngine.from_args(
        no_index,
        llm=demo,
        retriever=Found(node(picture)),
        multimodal=True,
        citation_chat_content_qa_template=SIMPLE,
    )
    assert is_blue_square(engine.query(QUESTION))
    assert is_blue_square(await engine.aquery(QUESTION))


# Chat engines


async def test_context_chat_engine(demo: OllamaMultiModal, picture: Path, demo_server: EmbeddedOllama) -> None:
    engine = MultiModalContextChatEngine.from_defaults(Found(node(picture)), multi_modal_llm=demo)
    assert is_blue_square(engine.chat(QUESTION))
    # The engine's system message is empty by default, and would displace the model's own.
    assert [message["role"] for message in demo_server.asked[-1].body["messages"]] == ["user"]
    assert is_blue_square(await engine.achat(QUESTION))
    assert len(engine.chat_history) == 4
    assert is_blue_square("".join(engine.stream_chat(QUESTION).response_gen))
    streamed = await engine.astream_chat(QUESTION)
    assert is_blue_square("".join([piece async for piece in streamed.async_response_gen()]))


async def test_condense_plus_context_chat_engine(
    demo: OllamaMultiModal, picture: Path, demo_server: EmbeddedOllama
) -> None:
    engine = MultiModalCondensePlusContextChatEngine.from_defaults(Found(node(picture)), multi_modal_llm=demo)
    assert is_blue_square(engine.chat(QUESTION))
    before = demo_server.asked
    assert engine.chat(QUESTION).response
    # The second turn is condensed first, by complete() without pictures.
    assert [request.path for request in asked_since(demo_server, before)] == ["/api/generate", "/api/chat"]
    assert (await engine.achat(QUESTION)).response
    assert "".join(engine.stream_chat(QUESTION).response_gen)


# MultiModalVectorStoreIndex


def index_of(*documents: ImageDocument) -> MultiModalVectorStoreIndex:
    return MultiModalVectorStoreIndex.from_documents(
        documents, embed_model=MockEmbedding(embed_dim=4), image_embed_model=MockMultiModalEmbedding(embed_dim=4)
    )


def test_multi_modal_index(demo: OllamaMultiModal, picture: Path, caplog: pytest.LogCaptureFixture) -> None:
    index = index_of(ImageDocument(image_path=str(picture), text="A drawing."))
    assert is_blue_square(index.as_query_engine(llm=demo).query(QUESTION))
    for mode in (ChatMode.CONTEXT, ChatMode.CONDENSE_PLUS_CONTEXT):
        assert is_blue_square(index.as_chat_engine(mode, llm=demo).chat(QUESTION))
    assert "does not appear to be a multi-modal LLM" not in caplog.text


def test_multi_modal_index_leaves_out_in_core_what_has_no_text(picture: Path) -> None:
    # Core skips nodes whose text is empty, pictures too: they need a caption, or metadata that is embedded.
    assert not index_of(ImageDocument(image_path=str(picture))).docstore.docs
    assert index_of(ImageDocument(image_path=str(picture), metadata={"about": "shapes"})).docstore.docs


# Evaluators


@pytest.mark.parametrize("kind", [MultiModalFaithfulnessEvaluator, MultiModalRelevancyEvaluator])
@pytest.mark.parametrize(("said", "passing"), [("YES, it is.", True), ("NO.", False)])
async def test_evaluators(serve: Serve, kind: Any, said: str, passing: bool, picture: Path) -> None:
    serving = serve(said)
    evaluator = kind(multi_modal_llm=serving.llm)
    asked = {"query": QUESTION, "response": "A blue square.", "contexts": ["A drawing."], "image_paths": [str(picture)]}
    for result in (evaluator.evaluate(**asked), await evaluator.aevaluate(**asked)):  # the second may chat in the loop
        assert (result.passing, result.feedback) == (passing, said)
    assert [len(request.pictures) for request in serving.asked] == [1, 1]


@pytest.mark.parametrize("kind", [MultiModalFaithfulnessEvaluator, MultiModalRelevancyEvaluator])
def test_evaluators_with_a_real_model(demo: OllamaMultiModal, kind: Any, picture: Path) -> None:
    evaluator = kind(multi_modal_llm=demo)
    result = evaluator.evaluate(query=QUESTION, response="A blue square.", contexts=[""], image_paths=[str(picture)])
    assert result.feedback


# What reads, and what remembers


def test_documents_of_simple_directory_reader(demo: OllamaMultiModal, picture: Path) -> None:
    documents = SimpleDirectoryReader(input_files=[picture]).load_data()
    assert is_blue_square(demo.complete(QUESTION, documents))


def test_settings(demo: OllamaMultiModal, monkeypatch: pytest.MonkeyPatch, picture: Path) -> None:
    monkeypatch.setattr(Settings, "_llm", None)
    Settings.llm = demo
    assert resolve_llm(demo) is demo
    found = Found(node(picture))
    engine = RetrieverQueryEngine.from_args(found, multimodal=True, chat_content_qa_template=SIMPLE)
    assert is_blue_square(engine.query(QUESTION))


async def test_memory_keeps_pictures(demo: OllamaMultiModal, picture: Path) -> None:
    memory = Memory.from_defaults(session_id="pictures", token_limit=40_000)
    blocks = [TextBlock(text=QUESTION), ImageBlock(path=picture)]
    await memory.aput(ChatMessage(role="user", blocks=blocks))
    answer = await demo.achat(await memory.aget())
    await memory.aput(answer.message)
    again = await demo.achat([*await memory.aget(), ChatMessage(role="user", content=QUESTION)])
    assert is_blue_square(answer.message.content)
    assert is_blue_square(again.message.content)
