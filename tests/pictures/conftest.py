"""Fixtures of the pictures' tests: a web of pictures, and names that lead where a test says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ollama_vision.pictures.inputs import fetch
from ollama_vision.pictures.inputs import ssrf as addresses
from tests.support.picture_web import Web, serve


@pytest.fixture
def web() -> Iterator[Web]:
    with serve() as site:
        yield site


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: for each name its answers, one after the other; the last one stays."""
    answers: dict[str, list[list[str]]] = {}
    asked: list[str] = []

    def resolve(host: str, port: int, seconds: float) -> list[str]:
        asked.append(host)
        if host not in answers:
            raise OSError("no such name")
        return answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]

    monkeypatch.setattr(fetch, "resolve_address", resolve)
    answers["asked"] = [asked]
    return answers


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.2 counts as a public address; all others are what they are."""
    real = addresses.why_not_public
    monkeypatch.setattr(fetch, "why_not_public", lambda one: None if one == "127.0.0.2" else real(one))
