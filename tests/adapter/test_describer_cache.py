"""What ImageDescriber remembers: answers, by the bytes of the picture and all that was asked, and nothing else."""

from __future__ import annotations

import base64
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionCache
from llama_index.core.schema import ImageNode
from pydantic import BaseModel, Field

from llama_index.multi_modal_llms.ollama import ImageDescriber, ImageOptions, OllamaMultiModal
from ollama_embedded import Reply
from ollama_embedded.faults import Status
from tests.support.picture_nodes import grey_of, node_of
from tests.support.serving import Serve, Serving


class Seen(BaseModel):
    grey: int


class Dark(BaseModel):
    grey: int = Field(lt=3)


@pytest.fixture
def serving(serve: Serve) -> Serving:
    started: Serving = serve(
        lambda request: f'{{"grey": {grey_of(request)}}}' if request.format else f"grey {grey_of(request)}"
    )
    return started


def texts(describer: ImageDescriber, nodes: list[ImageNode]) -> list[str]:
    return [node.get_content() for node in describer(nodes)]


def test_a_picture_is_asked_about_once_whatever_it_is_called(serving: Serving, plain: list[ImageNode]) -> None:
    describer = ImageDescriber(llm=serving.llm, cache=IngestionCache())
    first = texts(describer, plain[:2])
    renamed = Path(plain[0].image_path or "").with_name("other name.png")
    shutil.copy(plain[0].image_path or "", renamed)
    encoded = base64.b64encode(renamed.read_bytes()).decode()
    nodes = [node_of(renamed), plain[1], ImageNode(image=encoded)]
    assert texts(describer, nodes) == [first[0], first[1], first[0]] == ["grey 0", "grey 1", "grey 0"]
    assert len(serving.asked) == 2


def test_a_changed_file_under_an_old_name_is_asked_about(serving: Serving, plain: list[ImageNode]) -> None:
    describer = ImageDescriber(llm=serving.llm, cache=IngestionCache())
    assert texts(describer, plain[:1]) == ["grey 0"]
    shutil.copy(plain[7].image_path or "", plain[0].image_path or "")
    assert texts(describer, plain[:1]) == ["grey 7"]


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "What is this?"},
        {"output_cls": Seen},
        {"llm_kwargs": {"num_predict": 50}},
        {"llm_kwargs": {"system": "Be short."}},
        {"llm_kwargs": {"image_options": ImageOptions(max_pixels=2048)}},
        {"llm_kwargs": {"image_options": ImageOptions(range=(0, 200))}},
        {"think": True},
    ],
    ids=str,
)
def test_another_question_is_asked(serving: Serving, plain: list[ImageNode], changes: dict[str, Any]) -> None:
    cache = IngestionCache()
    describer = ImageDescriber(llm=serving.llm, cache=cache)
    other = ImageDescriber(llm=serving.llm, cache=cache, **changes)
    assert describer.request_hash() != other.request_hash()
    describer(plain[:1])
    other(plain[:1])
    assert len(serving.asked) == 2


@pytest.mark.parametrize("changes", [{"model": "other"}, {"temperature": 0.1}, {"context_window": 2048}], ids=str)
def test_another_model_or_setting_is_another_question(changes: dict[str, Any]) -> None:
    one, other = (ImageDescriber(llm=OllamaMultiModal(**{"model": "m", **each})) for each in ({}, changes))
    assert one.request_hash() != other.request_hash()


@pytest.mark.parametrize(
    "changes", [{"base_url": "http://elsewhere:1"}, {"keep_alive": 5}, {"headers": {"X-Key": "k"}}, {"max_retries": 0}]
)
def test_another_way_to_the_same_answer_is_the_same_question(changes: dict[str, Any]) -> None:
    one, other = (ImageDescriber(llm=OllamaMultiModal(**{"model": "m", **each})) for each in ({}, changes))
    assert one.request_hash() == other.request_hash()


def test_the_question_is_the_same_in_every_process() -> None:
    describer = ImageDescriber(llm=OllamaMultiModal(model="m", base_url="http://host:1"), prompt="What is this?")
    # A change of this figure asks everybody's pictures again: change it knowingly.
    assert describer.request_hash().startswith("03dbf65c1cc4040f")


def test_a_result_from_memory_says_so(serving: Serving, plain: list[ImageNode]) -> None:
    describer = ImageDescriber(llm=serving.llm, cache=IngestionCache(), output_cls=Seen)
    (asked,), (kept,) = describer.iter(plain[3:4]), describer.iter(plain[3:4])
    assert (asked.cached, kept.cached) == (False, True)
    assert (kept.text, kept.fields, kept.usage, kept.sha256) == (asked.text, asked.fields, asked.usage, asked.sha256)
    assert kept.node.metadata == asked.node.metadata
    assert (kept.host, kept.seconds) == ("", 0.0)


def test_memory_survives_being_written_down(serving: Serving, plain: list[ImageNode], tmp_path: Path) -> None:
    cache = IngestionCache()
    first = texts(ImageDescriber(llm=serving.llm, cache=cache), plain[:2])
    cache.persist(str(tmp_path / "cache.json"))
    again = IngestionCache.from_persist_path(str(tmp_path / "cache.json"))
    assert texts(ImageDescriber(llm=serving.llm, cache=again), plain[:2]) == first
    assert len(serving.asked) == 2


def test_an_answer_that_is_none_of_the_class_any_more_is_asked_for_again(
    serving: Serving, plain: list[ImageNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = IngestionCache()
    ImageDescriber(llm=serving.llm, cache=cache, output_cls=Seen)(plain[5:6])
    # The same schema, and a validator that was added since.
    monkeypatch.setattr(Seen, "model_validate", Dark.model_validate)
    ImageDescriber(llm=serving.llm, cache=cache, output_cls=Seen)(plain[5:6])
    assert len(serving.asked) == 2


def test_failures_are_not_remembered(serve: Serve, plain: list[ImageNode]) -> None:
    serving = serve(Reply("", fault=Status(500, {"error": "out of memory"})), "grey 0")
    describer = ImageDescriber(llm=serving.llm, cache=IngestionCache())
    (failed,), (found,) = describer.iter(plain[:1]), describer.iter(plain[:1])
    assert failed.error is not None
    assert found.text == "grey 0"


def test_a_pickle_keeps_the_memory(serving: Serving, plain: list[ImageNode]) -> None:
    describer = ImageDescriber(llm=serving.llm, cache=IngestionCache())
    describer(plain[:1])
    pickle.loads(pickle.dumps(describer))(plain[:1])
    assert len(serving.asked) == 1
