"""Search by meaning: embeddings asked for in batches, kept beside the results, and every refusal in our words.

The vectors are scripted: what a real server says of a model without embeddings, and of a text that is too long, is in
transcripts (embed-text, embed-truncate-false); no embedding model was recorded.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, ModelFacts, ScriptedEngine
from ollama_vision import OllamaServer, search_results
from ollama_vision.batch.searching import meaning as searching_meaning
from ollama_vision.errors import BadReplyError, CapabilityError, ContextOverflowError, ModelNotFoundError, SearchError
from tests.support.result_lines import FAILED, record
from tests.support.wire_server import Script, WireServer, reply

NEAR = {"bike": [1.0, 0.0, 0.0], "A bicycle.": [3.0, 0.3, 0.0], "A car.": [0.5, 0.5, 0.0], "A dog.": [0.0, -1.0, 0.0]}


def write(folder: Path, *lines: dict[str, Any]) -> Path:
    file = folder / "results.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return file


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(embed=NEAR, model="m")


@pytest.fixture
def host(engine: ScriptedEngine) -> Iterator[str]:
    with EmbeddedOllama(engine=engine) as server:
        yield server.url


@pytest.fixture
def results(tmp_path: Path) -> Path:
    dog = record("dog.png", text="A dog.")
    return write(tmp_path, dog, record("car.png", text="A car."), record("bicycle.png", text="A bicycle."))


def asked(engine: ScriptedEngine) -> list[str]:
    return [text for request in engine.embedded for text in request.texts]


def test_the_nearest_comes_first_by_its_cosine(results: Path, host: str) -> None:
    hits = search_results(results, "bike", embed="m", host=host)
    assert [each["path"] for each in hits] == ["bicycle.png", "car.png", "dog.png"]
    expected = [3.0 / math.hypot(3.0, 0.3), math.sqrt(0.5), 0.0]
    assert [each["score"] for each in hits] == pytest.approx(expected, abs=1e-6)
    assert search_results(results, "bike", embed="m", host=host, limit=1) == hits[:1]


def test_a_second_search_asks_only_what_is_new(results: Path, host: str, engine: ScriptedEngine) -> None:
    first = search_results(results, "bike", embed="m", host=host)
    assert sorted(asked(engine)) == sorted(NEAR)
    assert search_results(results, "bike", embed="m", host=host) == first
    assert asked(engine)[4:] == ["bike"]
    with results.open("a") as file:
        file.write(json.dumps(record("other.png", text="A dog.")) + "\n")
        file.write(json.dumps(record("dog.png", text="bike")) + "\n")
    again = search_results(results, "bike", embed="m", host=host)
    assert asked(engine)[5:] == ["bike", "bike"]
    assert [each["path"] for each in again] == ["dog.png", "bicycle.png", "car.png", "other.png"]
    assert {file.name for file in results.parent.iterdir()} == {"results.jsonl", "results.jsonl.embeddings.db"}


def test_another_model_under_the_same_name_is_asked_anew(results: Path) -> None:
    """By its digest; and by the length of its vectors where there is none."""
    for embed, digest in ((NEAR, "a" * 64), ({each: [-x for x in NEAR[each]] for each in NEAR}, "b" * 64)):
        engine = ScriptedEngine(embed={**embed, "bike": [1.0, 0.0, 0.0]}, models=[ModelFacts(name="m", digest=digest)])
        with EmbeddedOllama(engine=engine) as server:
            hits = search_results(results, "bike", embed="m", host=server.url)
    assert [each["path"] for each in hits] == ["dog.png", "car.png", "bicycle.png"]


def test_texts_are_asked_in_batches_and_each_once(tmp_path: Path) -> None:
    engine = ScriptedEngine(embed=lambda text: [len(text), 1.0], model="m")
    lines = [record(f"{number}.png", text="a" * (number % 50 + 1)) for number in range(150)]
    told: list[tuple[int, int]] = []
    with EmbeddedOllama(engine=engine) as server:
        results = write(tmp_path, *lines, record("bad.png", **FAILED))
        hits = search_results(
            results, "aaa", embed="m", host=server.url, limit=200, on_progress=lambda done, of: told.append((done, of))
        )
    assert len(hits) == 150
    assert [len(request.texts) for request in engine.embedded] == [1, 32, 18]
    assert told == [(128, 150), (150, 150)]


def test_a_run_that_breaks_off_keeps_what_came(
    results: Path, engine: ScriptedEngine, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching_meaning, "_TOGETHER", 1)
    with results.open("a") as file:
        file.write(json.dumps(record("odd.png", text="nobody has a vector for this")) + "\n")
    with pytest.raises(Exception, match="embed has no vector"):
        search_results(results, "bike", embed="m", host=host)
    before = len(asked(engine))
    with pytest.raises(Exception, match="embed has no vector"):
        search_results(results, "bike", embed="m", host=host)
    assert asked(engine)[before:] == ["bike", "nobody has a vector for this"]


def test_a_model_without_embeddings_is_named(results: Path, demo_server: EmbeddedOllama) -> None:
    with pytest.raises(CapabilityError, match=r"'shapes' .* makes no embeddings .*embeddinggemma") as caught:
        search_results(results, "bike", embed="shapes", host=demo_server.url)
    assert caught.value.missing == ("embedding",)
    assert caught.value.status == 501


def test_a_model_that_is_not_there_is_named(results: Path, host: str) -> None:
    with pytest.raises(ModelNotFoundError, match="ollama pull nowhere"):
        search_results(results, "bike", embed="nowhere", host=host)


def test_a_query_of_spaces_is_an_error(results: Path, host: str) -> None:
    with pytest.raises(SearchError, match="is empty"):
        search_results(results, "  ", embed="m", host=host)


def test_a_server_without_a_model_to_ask_is_refused(results: Path) -> None:
    with pytest.raises(TypeError, match="embed="):
        search_results(results, "bike", host="http://localhost:1")


def test_what_cannot_be_kept_is_said_and_the_search_goes_on(results: Path, host: str) -> None:
    results.with_name("results.jsonl.embeddings.db").mkdir()
    with pytest.warns(UserWarning, match="are not kept"):
        hits = search_results(results, "bike", embed="m", host=host)
    assert hits[0]["path"] == "bicycle.png"


def test_another_file_in_the_cache_s_place_is_left_alone(results: Path, host: str) -> None:
    file = results.with_name("results.jsonl.embeddings.db")
    file.write_bytes(b"no database, and longer than a header of one would be. " * 4)
    with pytest.raises(SearchError, match="move it away"):
        search_results(results, "bike", embed="m", host=host)
    assert file.read_bytes().startswith(b"no database")


TOO_LONG = reply(400, {"error": "the input length exceeds the context length"})


def vectors(*given: list[Any]) -> Script:
    return reply(200, {"model": "m", "embeddings": given})


def test_a_text_that_is_too_long_is_embedded_in_parts(tmp_path: Path) -> None:
    """The refusal is that of embed-truncate-false; the parts' mean is (1, 1), which is as near to both axes."""
    results = write(tmp_path, record(text="first second"))
    with WireServer(vectors([1.0, 0.0]), TOO_LONG, vectors([1.0, 0.0], [0.0, 1.0])) as wire:
        (hit,) = search_results(results, "x", embed="m", host=wire.url)
        sent = [seen.json for seen in wire.requests if seen.path == "/api/embed"]
    assert hit["score"] == pytest.approx(math.sqrt(0.5), abs=1e-6)
    assert [each["input"] for each in sent] == [["x"], ["first second"], ["first", " second"]]
    assert all(each["truncate"] is False for each in sent)


def test_a_text_that_cannot_be_cut_is_an_error(tmp_path: Path) -> None:
    results = write(tmp_path, record(text="ab"))
    with WireServer(vectors([1.0, 0.0]), TOO_LONG) as wire, pytest.raises(ContextOverflowError, match="exceeds"):
        search_results(results, "x", embed="m", host=wire.url)


@pytest.mark.parametrize(
    "body",
    [
        {"embeddings": []},
        {"embeddings": [[]]},
        {"embeddings": [[1.0], [2.0]]},
        {"embeddings": [["1"]]},
        {"embeddings": [[True]]},
        {"embeddings": None},
        {"embedding": [1.0]},
        {},
    ],
    ids=str,
)
def test_a_reply_of_another_form_is_named(tmp_path: Path, body: dict[str, Any]) -> None:
    with WireServer(reply(200, body)) as wire, pytest.raises(BadReplyError, match="embeddings of 1 texts"):
        search_results(write(tmp_path, record()), "x", embed="m", host=wire.url)


def test_vectors_of_unlike_length_are_no_reply(tmp_path: Path) -> None:
    results = write(tmp_path, record("a.png", text="a"), record("b.png", text="b"))
    with (
        WireServer(vectors([1.0, 0.0]), vectors([1.0, 0.0], [1.0])) as wire,
        pytest.raises(BadReplyError, match="embeddings of 2 texts"),
    ):
        search_results(results, "x", embed="m", host=wire.url)


def test_on_an_event_loop_it_is_the_same(host: str) -> None:
    server = OllamaServer(host)
    assert asyncio.run(server.aembed("m", ["bike", "A dog."])) == server.embed("m", ["bike", "A dog."])
