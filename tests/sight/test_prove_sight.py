"""Proof of sight end to end: the demo model on the embedded server, seeing and blind, and scripted models."""

from __future__ import annotations

import asyncio
import hashlib
import json
import pickle
import warnings
from base64 import b64decode

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, Reply, Request, ScriptedEngine
from ollama_embedded.engines.blind import BLIND
from ollama_embedded.faults import Status
from ollama_embedded.protocol.requests import GenerateRequest
from ollama_vision import VisionModel, aprove_sight, errors, prove_sight
from ollama_vision.sight.proof import Proof
from ollama_vision.sight.word import WORD_PROMPT

SEEMS = {"black": "nothing", "dropped": "nothing", "noise": "nothing", "grey": "nothing", "tiny": "nothing"}
"""What answers that are habits tell of the cause."""
SEEMS |= {"stale": "stale", "first": "first", "last": "last", "bgr": "swapped colours", "part": "part"}
SEEMS |= {"turned": "turned", "mirrored": "turned", "flipped": "turned", "marker": "marker"}


def caught(server: EmbeddedOllama, seed: int = 1) -> errors.BlindModelError:
    with pytest.raises(errors.BlindModelError) as raised:
        prove_sight(server.model, server.url, seed=seed)
    return raised.value


def test_the_demo_model_sees(demo_server: EmbeddedOllama) -> None:
    for seed in range(10):
        report = prove_sight(demo_server.model, demo_server.url, seed=seed)
        assert report.verdict in ("sees", "sees badly"), report
        assert report.seems is None
        assert 4 <= len(report.questions) <= 12


@pytest.mark.parametrize("seed", [1_000_141, 1_000_198])
def test_no_picture_is_blindness_however_lucky_the_answers(seed: int) -> None:
    """Eight and seven of twelve guesses were right: by the answers alone it saw badly."""
    with EmbeddedOllama(blind="dropped") as server:
        assert caught(server, seed).report.seems == "nothing"


def test_a_report_says_what_was_asked_sent_and_counted(demo_server: EmbeddedOllama) -> None:
    report = prove_sight(demo_server.model, demo_server.url, seed=3)
    asked = [json.loads(request.raw) for request in demo_server.asked[-len(report.questions) - 1 :]]
    assert asked.pop()["_debug_render_only"] is True
    for question, sent, body in zip(report.questions, report.receipt.pictures, asked, strict=True):
        labels = ", ".join(json.dumps(label) for label in question.labels)
        assert body["prompt"] == f"{question.question}\nAnswer with one of: {labels}."
        assert body["format"]["enum"] == list(question.labels)
        assert body["options"]["temperature"] == 0
        assert question.expected in question.labels
        assert question.right is (question.answer == question.expected)
        pictures = [b64decode(image) for image in body["images"]]
        assert [(each.sha256, each.bytes) for each in sent] == [
            (hashlib.sha256(data).hexdigest(), len(data)) for data in pictures
        ]
    receipt = report.receipt
    assert receipt.tokens_expected == tuple(81 * len(sent) for sent in receipt.pictures)
    assert all(
        counted > expected
        for counted, expected in zip(receipt.tokens_counted, receipt.tokens_expected, strict=True)
        if counted and expected
    )
    assert receipt.image_count == receipt.images_sent == len(receipt.pictures[-1])
    told = report.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["questions"][0].keys() == {"question", "labels", "expected", "answer", "right"}
    assert pickle.loads(pickle.dumps(report)) == report


@pytest.mark.parametrize("how", sorted(set(BLIND) - {"small"}))
def test_no_blind_model_passes(how: str) -> None:
    with EmbeddedOllama(blind=how) as server:
        error = caught(server)
        for seed in range(2, 4):
            caught(server, seed)
    assert error.report.verdict == "blind"
    assert error.report.seems in (SEEMS[how], "nothing")  # of one that sees little, both may be said
    assert "does not see what it is sent" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.report) == (str(error), error.report)


def test_pictures_that_were_dropped_are_missing_in_the_receipt() -> None:
    with EmbeddedOllama(blind="dropped") as server:
        receipt = caught(server).report.receipt
    assert receipt.image_count == 0 != receipt.images_sent
    assert all(
        counted < expected
        for counted, expected in zip(receipt.tokens_counted, receipt.tokens_expected, strict=True)
        if counted and expected
    )


def test_a_poor_model_is_no_blind_one() -> None:
    with EmbeddedOllama(blind="small") as server:
        for seed in range(10):
            assert prove_sight(server.model, server.url, seed=seed).verdict in ("sees", "sees badly")


def test_every_door_proves_the_same(demo_server: EmbeddedOllama) -> None:
    model, llm = (
        VisionModel(demo_server.model, demo_server.url),
        OllamaMultiModal(model=demo_server.model, base_url=demo_server.url),
    )
    reports = [
        prove_sight(demo_server.model, demo_server.url, seed=5),
        prove_sight(model, seed=5),
        prove_sight(llm, seed=5),
        model.prove_sight(seed=5),
        llm.prove_sight(seed=5),
        asyncio.run(aprove_sight(demo_server.model, demo_server.url, seed=5)),
        asyncio.run(model.aprove_sight(seed=5)),
        asyncio.run(llm.aprove_sight(seed=5)),
    ]
    assert len({str(report.questions) for report in reports}) == 1
    with pytest.raises(TypeError, match="host goes with a name"):
        prove_sight(model, demo_server.url)
    with pytest.raises(TypeError, match="it is a name on the server"):
        prove_sight(3)  # type: ignore[arg-type]


def scripted(answer: object) -> EmbeddedOllama:
    return EmbeddedOllama(engine=ScriptedEngine(answer))  # type: ignore[arg-type]


def test_one_who_always_says_the_first_label_is_blind() -> None:
    def first_label(request: Request) -> Reply:
        return Reply(json.dumps(request.format["enum"][0]))

    with scripted(first_label) as server:
        assert caught(server).report.seems == "nothing"


@pytest.mark.parametrize("text", ["I cannot see any picture.", "- red\n- green\n- blue", "A lovely scene."])
def test_answers_that_are_no_labels_warn(text: str) -> None:
    with scripted(text) as server, pytest.warns(UserWarning, match="sees is unclear"):
        report = prove_sight(server.model, server.url, seed=1)
    assert (report.verdict, report.seems) == ("unclear", "unclear")
    assert [question.labels for question in report.questions].count(()) == 3  # drawn words


@pytest.mark.parametrize(("read", "verdict"), [(3, "sees"), (2, "sees"), (1, "unclear")])
def test_a_model_that_only_transcribes_gives_drawn_words_back(read: int, verdict: str) -> None:
    """As deepseek-ocr and granite-docling do: of a picture without text they say their tags, whatever is asked."""
    nothing, proof = "<doctag><picture></picture></doctag>", Proof(1)
    while (question := proof.next_question()) is not None:
        proof.add(question, nothing)
    words = [proof.word()[0] for _ in range(3)]
    assert len(set(words)) == 3
    texts = iter([f"<doctag><text>{word}</text></doctag>" for word in words[:read]] + [nothing] * (3 - read))

    def transcribe(request: Request) -> Reply:
        assert isinstance(request, GenerateRequest)
        return Reply(next(texts) if request.prompt == WORD_PROMPT and not request.render_only else nothing)

    with scripted(transcribe) as server, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        report = prove_sight(server.model, server.url, seed=1)
    assert (report.verdict, len(told)) == (verdict, 0 if verdict == "sees" else 1)
    assert [question.expected for question in report.questions[-3:]] == words
    assert sum(question.right for question in report.questions) == read


def test_the_context_is_that_of_the_calls_to_come(demo_server: EmbeddedOllama) -> None:
    """With another num_ctx the server would load the model anew."""
    VisionModel(demo_server.model, demo_server.url, num_ctx=1024, num_predict=3, stop=["e"], temperature=1).prove_sight(
        seed=1
    )
    assert {tuple(sorted(json.loads(request.raw)["options"].items())) for request in demo_server.asked[-5:]} == {
        (("num_ctx", 1024), ("num_predict", 64), ("temperature", 0))
    }


def test_a_model_that_takes_one_picture_is_asked_about_one() -> None:
    """Llama 3.2 Vision says so with status 500."""

    refusal = Status(500, {"error": "vision model only supports a single image per message"})

    def answer(request: Request) -> Reply:
        return Reply(json.dumps("top left"), fault=refusal if len(request.pictures) > 1 else None)

    with scripted(answer) as server, pytest.raises(errors.BlindModelError) as raised:
        prove_sight(server.model, server.url, seed=1)
    assert all(len(sent) == 1 for sent in raised.value.report.receipt.pictures)


def test_a_model_without_vision_and_one_that_is_not_there(demo_server: EmbeddedOllama) -> None:
    with pytest.raises(errors.ModelNotFoundError, match="shapes"):
        prove_sight("shapez", demo_server.url)
    with EmbeddedOllama(engine=ScriptedEngine("Fine.", capabilities=("completion",))) as server:
        with pytest.raises(errors.CapabilityError, match="cannot see pictures"):
            prove_sight(server.model, server.url)
        assert not server.asked
