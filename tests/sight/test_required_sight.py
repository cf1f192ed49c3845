"""`require_sight`: a proof before the first picture, once for each object, and anew when a connection was lost."""

from __future__ import annotations

import asyncio
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, LosesPictures, ReceivedRequest
from ollama_embedded.faults import CutStream, Fault, HangUpFirst
from ollama_embedded.scenes import draw_scene
from ollama_vision import VisionModel, errors

QUESTION = "How many shapes are there?"
PICTURE = draw_scene("red circle")


def proofs(server: EmbeddedOllama) -> int:
    """How many proofs were made: each ends with one request that only renders."""
    return sum("_debug_render_only" in request.raw.decode() for request in server.asked)


def model(server: EmbeddedOllama, **settings: Any) -> VisionModel:
    return VisionModel(server.model, server.url, require_sight=True, temperature=0, **settings)


def test_it_is_proven_once_for_an_object_and_only_for_pictures() -> None:
    with EmbeddedOllama() as server:
        one = model(server)
        one.ask("Hello.")
        assert proofs(server) == 0
        assert (
            one.ask(QUESTION, PICTURE).text
            == VisionModel(server.model, server.url, temperature=0).ask(QUESTION, PICTURE).text
        )
        one.ask(QUESTION, PICTURE)
        asyncio.run(one.aask(QUESTION, PICTURE))
        list(one.stream(QUESTION, PICTURE))
        assert proofs(server) == 1
        pickle.loads(pickle.dumps(one)).ask(QUESTION, PICTURE)
        assert proofs(server) == 2


def test_many_callers_wait_for_one_proof() -> None:
    with EmbeddedOllama() as server:
        one = model(server)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: one.ask(QUESTION, PICTURE), range(4)))
        assert proofs(server) == 1

        async def together() -> None:
            other = model(server)
            await asyncio.gather(*(other.aask(QUESTION, PICTURE) for _ in range(4)))

        asyncio.run(together())
        assert proofs(server) == 2


def test_a_blind_model_is_never_asked_about_a_picture() -> None:
    with EmbeddedOllama(blind="black") as server:
        llm = OllamaMultiModal(model=server.model, base_url=server.url, require_sight=True)
        for _ in range(2):
            with pytest.raises(errors.BlindModelError, match="does not see what it is sent"):
                llm.complete(QUESTION, image_documents=PICTURE)
        with pytest.raises(errors.BlindModelError):
            asyncio.run(llm.acomplete(QUESTION, image_documents=PICTURE))
        assert QUESTION not in {request.body["prompt"] for request in server.asked}
        assert llm.complete("Hello.").text


@pytest.mark.parametrize("is_async", [False, True])
def test_a_server_that_came_back_blind_is_found_out(is_async: bool) -> None:
    """Between two questions: the client's idle connection was closed, and nothing else tells of it."""

    async def ask(one: VisionModel) -> None:
        if is_async:
            await one.aask(QUESTION, PICTURE)
        else:
            one.ask(QUESTION, PICTURE)

    async def run() -> None:
        with EmbeddedOllama() as server:
            port = int(server.url.rpartition(":")[2])
            one = model(server)
            await ask(one)
        with EmbeddedOllama(blind="black", port=port) as server:
            with pytest.raises(errors.BlindModelError):
                await ask(one)
            assert QUESTION not in {request.body["prompt"] for request in server.asked}

    asyncio.run(run())


class Once(LosesPictures):
    """A fault for the first request with these words."""

    def __init__(self, fault: Fault, words: str) -> None:
        super().__init__()
        self._fault: Fault | None = fault
        self._words = words

    def next(self, path: str, received: ReceivedRequest) -> Fault | None:
        if not isinstance(received.body, dict) or received.body.get("prompt") != self._words:
            return None
        fault, self._fault = self._fault, None
        return fault


def test_a_request_whose_connection_was_lost_is_sent_again_after_a_proof() -> None:
    with EmbeddedOllama(faults=Once(HangUpFirst(), "Hang up.")) as server:
        one = model(server)
        one.ask(QUESTION, PICTURE)
        one.ask("Hang up.", PICTURE)
        assert proofs(server) == 2
        prompts = [request.body["prompt"] for request in server.asked]
        # Lost, tried again and thrown away unread, and sent again behind the proof.
        assert prompts.count("Hang up.") == 3
        assert prompts[-1] == "Hang up."


def test_after_an_answer_that_broke_off_it_is_proven_anew() -> None:
    with EmbeddedOllama(faults=Once(CutStream(1), "Break off.")) as server:
        one = model(server)
        one.ask(QUESTION, PICTURE)
        with pytest.raises(errors.StreamInterruptedError):
            one.ask("Break off.", PICTURE)
        assert proofs(server) == 1
        one.ask(QUESTION, PICTURE)
        assert proofs(server) == 2


def test_leaving_an_answer_loses_no_connection() -> None:
    with EmbeddedOllama() as server:
        one = model(server)
        with closing(one.stream(QUESTION, PICTURE)) as answers:
            next(answers)
        one.ask(QUESTION, PICTURE)
        assert proofs(server) == 1
