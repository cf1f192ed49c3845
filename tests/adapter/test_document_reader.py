"""DocumentReader: pages as LlamaIndex documents with their verdicts, asked through the class with its events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.schema import MetadataMode
from pydantic import ValidationError

from llama_index.multi_modal_llms.ollama import DocumentReader, OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.errors import BlindModelError, ImageError
from tests.support.documents import MINUTES, TEXTS, Reader, born_digital, shown
from tests.support.pdf_files import LOCKED, PASSWORD
from tests.support.serving import Events, Serve, Serving


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    file = tmp_path / "letters.pdf"
    file.write_bytes(born_digital(*TEXTS))
    return file


def serving_of(serve: Serve, file: Path, **settings: Any) -> Serving:
    says = {shown(file, number): text for number, text in enumerate(TEXTS, 1)}
    says[shown(file, 2)] = MINUTES.replace("48,900", "49,800")
    return serve(Reader(says), **settings)


def test_each_page_is_a_document_with_its_verdict(serve: Serve, letters: Path) -> None:
    serving = serving_of(serve, letters)
    pages = DocumentReader(llm=serving.llm).load_data(letters)
    assert [(page.metadata["page"], page.metadata["verdict"], page.metadata["needs_look"]) for page in pages] == [
        (1, "agrees", False),
        (2, "numbers differ", True),
        (3, "agrees", False),
    ]
    first, second, _ = pages
    assert first.text == TEXTS[0]
    assert first.metadata["file_path"] == str(letters)
    assert (first.metadata["pages"], first.metadata["source"], first.metadata["cer"]) == (3, "model", 0.0)
    assert second.metadata["findings"] == [{"verdict": "numbers differ", "layer": "48,900", "answer": "49,800"}]
    json.dumps(second.metadata)
    assert "verdict" not in first.get_content(MetadataMode.EMBED)
    again = DocumentReader(llm=serving.llm).load_data(letters)
    assert [page.id_ for page in again] == [page.id_ for page in pages]


def test_it_is_asked_cold_with_room_unless_the_model_was_told_otherwise(serve: Serve, letters: Path) -> None:
    for settings, sent in (
        ({}, (0.0, 8192)),
        ({"temperature": 0.3, "context_window": 5000}, (0.3, 5000)),
        ({"additional_kwargs": {"num_ctx": 6000}}, (0.0, 6000)),
    ):
        serving = serve("Words.", **settings)
        DocumentReader(llm=serving.llm, pages=[1]).load_data(letters)
        options = [body["options"] for body in serving.bodies if body.get("images")]
        assert [(each["temperature"], each["num_ctx"]) for each in options] == [sent]


def test_each_question_has_its_events(serve: Serve, letters: Path, events: Events) -> None:
    DocumentReader(llm=serve("Words.").llm, pages=[1, 3]).load_data(letters)
    assert len(events.named("LLMCompletionStart")) == 2


def test_several_hosts_a_second_model_and_folders(letters: Path) -> None:
    (letters.parent / "more").mkdir()
    (letters.parent / "more" / "again.pdf").write_bytes(born_digital(TEXTS[0]))
    engines = [ScriptedEngine(TEXTS[0], model="m") for _ in range(2)]
    with (
        EmbeddedOllama(engine=engines[0], aliases=("other",)) as a,
        EmbeddedOllama(engine=engines[1], aliases=("other",)) as b,
    ):
        llms = [OllamaMultiModal(model="m", base_url=each.url) for each in (a, b)]
        pages = DocumentReader(llm=llms, second="other").load_data(letters.parent, {"project": "x"})
        asked = [request.body["model"] for each in (a, b) for request in each.asked if request.path == "/api/generate"]
    assert {page.metadata["file_name"] for page in pages} == {"letters.pdf", "again.pdf"}
    assert {page.metadata["project"] for page in pages} == {"x"}
    assert sorted(asked) == ["m"] * 4 + ["other"] * 4
    assert [page.metadata["file_name"] for page in pages] == ["letters.pdf"] * 3 + ["again.pdf"]


def test_a_document_that_cannot_be_opened(serve: Serve, letters: Path) -> None:
    (letters.parent / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing")
    serving = serve("Words.")
    with pytest.raises(ImageError, match="cannot be read"):
        DocumentReader(llm=serving.llm).load_data(letters.parent)
    assert not [body for body in serving.bodies if body.get("images")]
    pages = DocumentReader(llm=serving.llm, on_error="keep", pages=[1]).load_data(letters.parent)
    assert [(page.metadata["page"], page.metadata["verdict"], page.text) for page in pages] == [
        (None, "failed", ""),
        (1, "numbers differ", "Words."),
    ]


def test_it_serves_simple_directory_reader(serve: Serve, letters: Path) -> None:
    reader = DocumentReader(llm=serving_of(serve, letters).llm)
    loaded = SimpleDirectoryReader(input_files=[letters], file_extractor={".pdf": reader}).load_data()
    assert [page.metadata["verdict"] for page in loaded] == ["agrees", "numbers differ", "agrees"]


def test_a_locked_document_and_a_dump_without_its_secret(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "locked.pdf").write_bytes(LOCKED)
    reader = DocumentReader(llm=serve("Locked 42").llm, password=PASSWORD)
    (page,) = reader.load_data(tmp_path / "locked.pdf")
    assert (page.text, page.metadata["verdict"]) == ("Locked 42", "agrees")
    dumped = reader.to_dict()
    assert PASSWORD not in json.dumps(dumped) + repr(reader)
    again = DocumentReader.from_dict(dumped)
    assert isinstance(again.llm, OllamaMultiModal)
    with pytest.raises(ImageError, match="encrypted with a password"):
        again.load_data(tmp_path / "locked.pdf")


@pytest.mark.proves_sight
def test_a_blind_model_is_told(letters: Path) -> None:
    with EmbeddedOllama(blind="black") as server:
        llm = OllamaMultiModal(model=server.model, base_url=server.url)
        with pytest.raises(BlindModelError):
            DocumentReader(llm=llm).load_data(letters)


def test_what_is_no_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="layers"):
        DocumentReader(llm=OllamaMultiModal(model="m"), layers="check")
    with pytest.raises(ValidationError, match="an empty list"):
        DocumentReader(llm=[])
