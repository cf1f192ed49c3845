"""`describe` on hosts whose model gets something else than the pictures: nothing that a blind one said counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama
from tests.support.command_line import CommandLine
from tests.support.describe_cli import draw_folder, lines, wrong_lines
from tests.support.serving import asked_since

pytestmark = pytest.mark.proves_sight


@pytest.fixture
def blind() -> Iterator[EmbeddedOllama]:
    with EmbeddedOllama(blind="black") as server:
        yield server


def test_a_blind_host_is_named_and_nothing_is_written(
    describe: CommandLine, folder: Path, blind: EmbeddedOllama
) -> None:
    draw_folder(folder / "photos", 3)
    outcome = describe("photos", "--host", blind.url, "--model", blind.model)
    assert outcome.code == 2, outcome
    assert f"{blind.model} on {blind.url} does not see what it is sent" in " ".join(outcome.err.split())
    assert lines() == []


def test_the_seeing_host_answers_about_all(
    describe: CommandLine, folder: Path, blind: EmbeddedOllama, demo_server: EmbeddedOllama
) -> None:
    scenes = draw_folder(folder / "photos", 8)
    outcome = describe("photos", "--host", blind.url, "--host", demo_server.url, "--model", blind.model)
    assert outcome.code == 0, outcome
    assert {line["host"] for line in lines()} == {demo_server.url}
    assert wrong_lines(lines(), scenes) == []


def test_without_the_check_it_is_believed(describe: CommandLine, folder: Path, blind: EmbeddedOllama) -> None:
    draw_folder(folder / "photos", 2)
    outcome = describe("photos", "--host", blind.url, "--model", blind.model, "--no-sight-check")
    assert outcome.code == 0, outcome
    assert len(lines()) == 2
    assert not any("does not see" in line["text"] for line in lines())


def test_a_seeing_host_proves_it(describe: CommandLine, folder: Path, demo_server: EmbeddedOllama) -> None:
    scenes = draw_folder(folder / "photos", 3)
    before = demo_server.asked
    outcome = describe("photos", "--host", demo_server.url)
    assert outcome.code == 0, outcome
    assert wrong_lines(lines(), scenes) == []
    proofs = [
        request
        for request in asked_since(demo_server, before)
        if "Answer with one of" in str((request.body or {}).get("prompt"))
    ]
    assert len(proofs) >= 5  # four before the first picture, one after the last
