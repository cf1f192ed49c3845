"""What type checkers and notebooks see of the class: its keywords, by name and by type."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from endpoints import eight
from wire_support import WireServer, answer, attempt, client

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from llama_index.multi_modal_llms.ollama._keywords import ChatKeywords, CompleteKeywords, SettingsKeywords, names

MISTAKES = """
from pathlib import Path

from llama_index.multi_modal_llms.ollama import OllamaMultiModal

llm = OllamaMultiModal(model="x", seed=3, stop=["a"], deadline=2.5)
llm.complete("x", image_documents=[Path("a.png"), "b.png", b"", open("c.png", "rb")], seed=None, format="json")
llm.complete("x", "a.png", max_tokens=3)
llm.chat([], think=True, tools=[])
{mistake}
"""


@pytest.mark.parametrize(
    "mistake",
    [
        'llm.complete("x", image_documents=3)',
        'llm.complete("x", seed="a")',
        'llm.complete("x", no_such=3)',
        'llm.complete("x", image_documents=[3])',
        "llm.chat([], suffix='a')",
        'OllamaMultiModal(model="x", temprature=3)',
        "OllamaMultiModal(model=3)",
        "OllamaMultiModal()",
        'OllamaMultiModal.from_server("x", temprature=3)',
    ],
)
def test_mypy_finds(mistake: str, tmp_path: Path) -> None:
    for name, line in (("right.py", ""), ("wrong.py", mistake)):
        (tmp_path / name).write_text(MISTAKES.format(mistake=line))
    config = Path(__file__).resolve().parent.parent / "pyproject.toml"
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(config), *map(str, tmp_path.glob("*.py"))],
        capture_output=True,
        text=True,
        cwd=config.parent,
    )
    found = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert found, checked.stdout + checked.stderr
    assert all("wrong.py:10:" in line for line in found), found


@eight
def test_notebooks_complete_every_keyword(endpoint: str) -> None:
    shown = list(inspect.signature(getattr(OllamaMultiModal(model="m"), endpoint)).parameters)
    keywords = ChatKeywords if endpoint.endswith("chat") else CompleteKeywords
    first = ["messages"] if endpoint.endswith("chat") else ["prompt", "image_documents", "formatted"]
    assert shown[: len(first)] == first
    assert set(shown) == {*first, *names(keywords)}


def test_the_constructor_shows_its_fields_and_the_options() -> None:
    shown = set(inspect.signature(OllamaMultiModal).parameters)
    assert shown == set(OllamaMultiModal.model_fields) | names(SettingsKeywords)
    assert {"model", "temperature", "seed", "max_tokens", "image_options"} <= shown


@eight
def test_every_keyword_that_is_shown_is_taken(endpoint: str) -> None:
    keywords = ChatKeywords if endpoint.endswith("chat") else CompleteKeywords
    with WireServer(answer(endpoint, "A")) as server:
        for name in sorted(names(keywords)):
            outcome = attempt(client(server), endpoint, **{name: None})
            assert not isinstance(outcome.error, TypeError), (name, outcome.error)
