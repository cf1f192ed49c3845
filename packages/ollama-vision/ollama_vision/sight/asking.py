"""The questions of a proof of sight, asked of one model on one server."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import from_json

from ollama_vision import errors
from ollama_vision.http import Deadline
from ollama_vision.server import Api, ModelCapabilities

from .proof import Proof
from .questions import Question
from .report import SentPicture, SightPace, SightQuestion, SightReceipt, SightReport
from .scenes import SIDE
from .word import WORD_PROMPT, gives_back, word_png

WHEN_BLIND = (
    "Answers about pictures from there mean nothing. Restart the server; if that does not help, update it and pull the "
    "model again."
)
_WORDS = 3
_WORDS_ENOUGH = 2
_LONGEST_ANSWER = 64
"""Tokens; a label takes a few."""
_NANO = 1e-9
_FEWEST_TOKENS = 32
"""Of a picture, for models whose rule is not known."""


@dataclass(frozen=True)
class Asker:
    """One model on one server, as the calls after the proof will ask it."""

    api: Api
    model: str
    options: Mapping[str, Any]
    """Of loading, `num_ctx` for one: with others the server would load the model anew. Those of sampling are ours."""
    known: ModelCapabilities | None = None
    keep_alive: float | str | None = None

    def afresh(self) -> Api:
        """For one question: each may take as long as a call may."""
        clock = self.api.deadline
        return replace(self.api, deadline=Deadline(clock.read_timeout, clock.seconds))


async def prove(asker: Asker, seed: int, first: int = 4) -> SightReport:
    """Ask until it is proven that a model sees, or that it does not; of a blind one the report says so.

    Args:
        asker: who is asked.
        seed: draws questions and pictures.
        first: how many right answers are enough at the beginning: 4; 1 for a canary.

    Raises:
        OllamaMultiModalError: the server or the model did not answer.
    """
    proof, log = Proof(seed, first), _Log()
    while (question := proof.next_question()) is not None:
        try:
            text = await _ask(asker, question.prompt, await _pictures(asker, question), log, question.schema)
        except errors.ServerError as error:
            if len(question.scenes) == 1 or not refuses_two(error):
                raise
            proof.leave_out_pairs()
            continue
        proof.add(question, text)
        log.questions.append(_told(question, text, is_right=proof.asked[-1][2] == question.expected))
    verdict, seems = proof.verdict, proof.seems
    if verdict == "unclear" and await _reads_words(asker, proof, log):
        verdict, seems = "sees", None
    if verdict in ("blind", "sees badly") and (instead := await _in_the_pictures_place(asker, log)) is not None:
        verdict, seems = "blind", instead  # a guess may be right, and no picture is no picture
    receipt = await _receipt(asker, log)
    host = asker.api.target.address.url
    return SightReport(asker.model, host, verdict, seems, tuple(log.questions), receipt, log.pace(), seed)


def blind_error(report: SightReport) -> errors.BlindModelError:
    """The error for a report whose verdict is `blind`."""
    return errors.BlindModelError(f"{report} {WHEN_BLIND}", report=report)


class _Log:
    """What was asked and sent so far."""

    def __init__(self) -> None:
        self.questions: list[SightQuestion] = []
        self.pictures: list[tuple[SentPicture, ...]] = []
        self.counted: list[int | None] = []
        self.body: dict[str, Any] = {}
        """Of the last request."""
        self._replies: list[Mapping[str, Any]] = []
        self._began = time.monotonic()

    def add(self, body: dict[str, Any], pictures: Sequence[bytes], reply: Mapping[str, Any]) -> None:
        """One more request, and its reply."""
        counted = reply.get("prompt_eval_count")
        self.body = body
        self.pictures.append(tuple(SentPicture(hashlib.sha256(data).hexdigest(), len(data)) for data in pictures))
        self.counted.append(counted if isinstance(counted, int) else None)
        self._replies.append(reply)

    def pace(self) -> SightPace:
        def total(name: str) -> int:
            counts = (reply.get(name) for reply in self._replies)
            return sum(count for count in counts if isinstance(count, int))

        return SightPace(
            seconds=time.monotonic() - self._began,
            load_seconds=total("load_duration") * _NANO,
            tokens=total("eval_count"),
            answer_seconds=total("eval_duration") * _NANO,
            thinking=sum(len(str(reply.get("thinking") or "")) for reply in self._replies),
        )


async def _pictures(asker: Asker, question: Question) -> list[bytes]:
    return await asker.api.io.run(lambda: [scene.png() for scene in question.scenes], asker.afresh().deadline)


async def _ask(
    asker: Asker, prompt: str, pictures: Sequence[bytes], log: _Log, schema: Mapping[str, Any] | None = None
) -> str:
    """Ask by /api/generate, as pictures are asked about, and note what was sent and counted."""
    body = body_for(asker, prompt, [in_base64(data) for data in pictures], schema)
    reply = await asker.afresh().fetch("/api/generate", body)
    log.add(body, pictures, reply)
    return str(reply.get("response") or "")


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def body_for(
    asker: Asker, prompt: str, images: Sequence[str], schema: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The request for a short answer about pictures in base64."""
    body: dict[str, Any] = {
        "model": asker.model,
        "prompt": prompt,
        "images": list(images),
        "stream": False,
        "think": False,
        "truncate": False,
        "options": {**asker.options, "temperature": 0, "num_predict": _LONGEST_ANSWER},
    }
    if schema is not None:
        body["format"] = schema
    if asker.keep_alive is not None:
        body["keep_alive"] = asker.keep_alive
    return body


def _told(question: Question, text: str, *, is_right: bool) -> SightQuestion:
    try:
        said = from_json(text)
    except ValueError:
        said = text
    answer = said if isinstance(said, str) else text
    return SightQuestion(question.text, question.labels, question.expected, answer, is_right)


def refuses_two(error: errors.ServerError) -> bool:
    """Whether it may be the number of pictures that is refused: some models take one."""
    return not error.transient and error.status in (400, 500)


async def _reads_words(asker: Asker, proof: Proof, log: _Log) -> bool:
    """Whether a model that answers no questions gives drawn words back."""
    read = 0
    for _ in range(_WORDS):
        word, nonce = proof.word()
        picture = await asker.api.io.run(lambda word=word, nonce=nonce: word_png(word, nonce), asker.afresh().deadline)  # type: ignore[misc]
        text = await _ask(asker, WORD_PROMPT, [picture], log)
        is_right = gives_back(text, word)
        log.questions.append(SightQuestion(WORD_PROMPT, (), word, text.strip(), is_right))
        read += is_right
    return read >= _WORDS_ENOUGH


async def _in_the_pictures_place(asker: Asker, log: _Log) -> str | None:
    """What the server counts beyond the question alone: nothing, or words; `None` where it may be a picture."""
    reply = await asker.afresh().fetch("/api/generate", {**log.body, "images": []})
    alone, counted, pictures = reply.get("prompt_eval_count"), log.counted[-1], len(log.pictures[-1])
    if not isinstance(alone, int) or not alone or counted is None:
        return None
    expected = _picture_tokens(asker) or _FEWEST_TOKENS
    if counted - alone >= expected * pictures / 2:
        return None
    return "marker" if counted > alone else "nothing"


def _picture_tokens(asker: Asker) -> int | None:
    return asker.known.picture_tokens((SIDE, SIDE)) if asker.known else None


async def _receipt(asker: Asker, log: _Log) -> SightReceipt:
    each = _picture_tokens(asker)
    try:
        rendered = (
            await asker.afresh().without_retries().fetch("/api/generate", {**log.body, "_debug_render_only": True})
        )
    except errors.ServerError:  # servers that know no such thing, and gateways that refuse it
        rendered = {}
    info = rendered.get("_debug_info")
    count = info.get("image_count") if isinstance(info, dict) else None
    return SightReceipt(
        pictures=tuple(log.pictures),
        tokens_expected=tuple(each and each * len(pictures) for pictures in log.pictures),
        tokens_counted=tuple(log.counted),
        image_count=count if isinstance(count, int) else None,
        images_sent=len(log.pictures[-1]) if log.pictures else None,
    )
