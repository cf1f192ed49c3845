"""Inference for the evaluation: a GGUF pair on the embedded server, asked by /api/chat, one process for each core."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import httpx2

from ollama_embedded import EmbeddedOllama
from ollama_embedded.engines.llama_cpp import LlamaCppEngine
from training.evaluation.cases import OWN, Case
from training.evaluation.scoring import Reply
from training.evaluation.templates import TEMPLATES, with_template

NAME = "evaluated"
CHUNK = 25
"""Questions that a process gets at a time."""
_SECONDS = 120.0


@dataclass(frozen=True)
class Pair:
    """A text model and its projector."""

    model: Path
    mmproj: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Pair:
        """The one pair in a folder: NAME.gguf and NAME.mmproj.gguf."""
        projectors = sorted(folder.glob("*.mmproj.gguf"))
        models = sorted(set(folder.glob("*.gguf")) - set(projectors))
        if len(models) != 1 or len(projectors) != 1:
            found = ", ".join(path.name for path in (*models, *projectors)) or "no GGUF file"
            raise ValueError(f"{folder} shall hold one NAME.gguf and one NAME.mmproj.gguf, and holds {found}")
        return cls(models[0], projectors[0])


class Asker:
    """Asks a pair, under its own chat template and under others; a server for each starts when first needed."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._open = ExitStack()
        self._clients: dict[str, httpx2.Client] = {}

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._clients.clear()
        self._open.close()

    def ask(self, template: str, body: dict[str, Any]) -> Reply:
        """The reply to one request; what the server refuses is a reply too, and a wrong one."""
        reply = self._client(template).post("/api/chat", json=body)
        if reply.status_code >= 400:
            return Reply(error=f"{reply.status_code}: {reply.text}")
        message = reply.json()["message"]
        functions = [call["function"] for call in message.get("tool_calls") or ()]
        calls = tuple((called["name"], called["arguments"]) for called in functions)
        return Reply(message["content"], calls, log_probability=_of_value(reply.json().get("logprobs") or ()))

    def _client(self, template: str) -> httpx2.Client:
        if template not in self._clients:
            # The model is tiny: more threads wait for each other longer than they save.
            engine = LlamaCppEngine(self._model(template), self._pair.mmproj, name=NAME, threads=1)
            server = self._open.enter_context(EmbeddedOllama(engine=engine, keep_requests=0))
            client = httpx2.Client(base_url=server.url, timeout=_SECONDS, trust_env=False)
            self._clients[template] = self._open.enter_context(client)
        return self._clients[template]

    def _model(self, template: str) -> Path:
        if template == OWN:
            return self._pair.model
        folder = Path(self._open.enter_context(TemporaryDirectory()))
        return with_template(self._pair.model, TEMPLATES[template], folder / f"{template}.gguf")


def _of_value(entries: Sequence[Mapping[str, Any]]) -> float:
    """The log probability of a JSON string's own tokens and its closing mark; what comes before is anybody's."""
    marks = [at for at, entry in enumerate(entries) if entry["token"].strip() == '"']
    if not marks:
        return math.nan
    # An entry without a token is the end of the text.
    return float(sum(entry["logprob"] for entry in entries[marks[0] + 1 :] if entry["token"]))


Request = tuple[str, dict[str, Any]]
"""A chat template's name and a body."""


def ask_all(
    pair: Pair,
    cases: Sequence[Case],
    *,
    processes: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Reply]:
    """The reply to every case. With one process, all is asked in this one; else each core gets a process."""
    processes = processes or os.cpu_count() or 1
    if processes == 1:
        replies = []
        with Asker(pair) as asker:
            for case in cases:
                replies.append(asker.ask(*_request(case)))
                progress(len(replies))
        return replies
    # Not forked: this process may have threads.
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(pair,)) as pool:
        replies = []
        for reply in pool.map(_answer, map(_request, cases), chunksize=CHUNK):
            replies.append(reply)
            progress(len(replies))
        return replies


def _request(case: Case) -> Request:
    return case.template, case.body(NAME)


_asker: Asker


def _begin(pair: Pair) -> None:
    """In a new process: what it asks is asked by this one."""
    global _asker
    _asker = Asker(pair)
    Finalize(None, _asker.close, exitpriority=1)


def _answer(request: Request) -> Reply:
    return _asker.ask(*request)
