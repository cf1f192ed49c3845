"""A scripted model that tells log probabilities of what it is held to, as Ollama does on /api/generate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ollama_embedded import Piece, Reply, Request

QUOTE = -7.25


def entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def held(logs: Mapping[str, float], *, end: bool = False, lost: int = 0) -> Callable[[Request], Reply]:
    """It believes this of each label, as one token; held to all of them, it says the first."""

    def answer(request: Request) -> Reply:
        form = request.format
        assert isinstance(form, dict)
        if "const" not in form:
            return Reply(json.dumps(form["enum"][0], ensure_ascii=False))
        label = form["const"]
        text = json.dumps(label, ensure_ascii=False)
        entries = [entry('"', QUOTE), entry(text[1:-1], logs[label]), entry('"', -0.5)]
        if end:
            entries.append({"token": "", "logprob": -30.0 - len(label), "bytes": []})
        return Reply([Piece(text, logprobs=tuple(entries))], answer_tokens=4 + lost)

    return answer


def object_held(said: Mapping[str, Any], logs: Mapping[Any, float]) -> Callable[[Request], Reply]:
    """It says this object, and believes so much of each value, wherever it stands; the rest weighs one each."""

    def answer(request: Request) -> Reply:
        form = request.format
        assert isinstance(form, dict)
        if "const" not in form:
            return Reply(json.dumps(said))
        made = form["const"]
        text = json.dumps(made, separators=(",", ":"))
        tokens = [text]
        for value in logs:
            tokens = [part for token in tokens for part in _cut(token, json.dumps(value))]
        known = {json.dumps(value).strip('"'): log for value, log in logs.items()}
        entries = tuple(entry(token, known.get(token, -1.0)) for token in tokens)
        return Reply([Piece(text, logprobs=entries)], answer_tokens=len(entries) + 1)

    return answer


def _cut(token: str, value: str) -> list[str]:
    """The token in pieces: a quoted value's quotes, and the value, stand by themselves."""
    if value not in token:
        return [token]
    before, _, after = token.partition(value)
    own = ['"', value.strip('"'), '"'] if value.startswith('"') else [value]
    return [part for part in (before, *own, after) if part]
