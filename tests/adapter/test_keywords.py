"""What type checkers and notebooks see of the class: its keywords, by name and by type."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
import tokenize
from itertools import pairwise
from pathlib import Path
from tokenize import COMMENT

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from llama_index.multi_modal_llms.ollama.keywords import SettingsKeywords
from ollama_vision.model import keywords as _keywords
from ollama_vision.model.keywords import ChatKeywords, CompleteKeywords
from ollama_vision.protocol.options import names
from tests.support.endpoints import eight
from tests.support.wire_attempts import attempt
from tests.support.wire_server import WireServer, answer, client

MISTAKES = """
from pathlib import Path

from llama_index.core.prompts import PromptTemplate
from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_vision import Answer, VisionModel

llm = OllamaMultiModal(model="x", seed=3, stop=["a"], deadline=2.5)
llm.complete("x", image_documents=[Path("a.png"), "b.png", b"", open("c.png", "rb")], seed=None, format="json")
llm.complete("x", "a.png", max_tokens=3)
llm.chat([], think=True, tools=[])
llm.predict(PromptTemplate("x"), image_documents=Path("a.png"), what="y")
model = VisionModel("x", "http://host", seed=3, deadline=2.5, keep_alive="5m")
said: Answer = model.ask("x", Path("a.png"), "b.png", b"", schema={{"type": "object"}}, seed=None, think=False)
texts: list[str] = [each.text for each in model.stream("x", system="y")]
{mistake}
"""


WRONG = [
    'llm.complete("x", image_documents=3)',
    'llm.complete("x", seed="a")',
    'llm.complete("x", no_such=3)',
    'llm.complete("x", image_documents=[3])',
    "llm.chat([], suffix='a')",
    'OllamaMultiModal(model="x", temprature=3)',
    "OllamaMultiModal(model=3)",
    "OllamaMultiModal()",
    'OllamaMultiModal.from_server("x", temprature=3)',
    'llm.predict(PromptTemplate("x"), image_documents=3)',
    'model.ask("x", 3)',
    'model.ask("x", no_such=3)',
    'model.ask("x", format="json")',
    'model.stream("x", schema=3)',
    'model.ask("x").fields.no_such = model.temprature',
    'VisionModel("x", temprature=3)',
    'VisionModel("x", system_prompt="y")',
    "VisionModel()",
]


@pytest.mark.parametrize("mistake", WRONG)
def test_mypy_finds(mistake: str, tmp_path: Path) -> None:
    for name, line in (("right.py", ""), ("wrong.py", mistake)):
        (tmp_path / name).write_text(MISTAKES.format(mistake=line))
    config = Path(__file__).resolve().parents[2] / "pyproject.toml"
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", str(config), *map(str, tmp_path.glob("*.py"))],
        capture_output=True,
        text=True,
        cwd=config.parent,
    )
    found = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert found, checked.stdout + checked.stderr
    assert all("wrong.py:16:" in line for line in found), found


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


def test_an_alias_is_one_literal() -> None:
    """pyright takes an alias of joined literals for unknown: `image_documents=3` was no mistake to it (1.1.414)."""
    with Path(_keywords.__file__).open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in (tokenize.NL, COMMENT)]
    joined = [one.start[0] for one, next_ in pairwise(tokens) if one.type == next_.type == tokenize.STRING]
    assert not joined


@pytest.mark.skipif(shutil.which("basedpyright") is None, reason="needs basedpyright")
def test_pyright_finds(tmp_path: Path) -> None:
    for number, mistake in enumerate(WRONG):
        (tmp_path / f"wrong{number}.py").write_text(MISTAKES.format(mistake=mistake))
    words = ["basedpyright", "--pythonpath", sys.executable, "--level", "error", "--outputjson", str(tmp_path)]
    told = json.loads(subprocess.run(words, capture_output=True, check=False).stdout)["generalDiagnostics"]
    found = sorted((Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in told)
    assert found == sorted((f"wrong{number}.py", 16) for number in range(len(WRONG)))


@pytest.mark.parametrize("name", ["predict", "apredict", "stream", "astream"])
@pytest.mark.parametrize("structured", ["", "structured_"])
def test_what_fills_a_template_shows_that_it_takes_pictures(name: str, structured: str) -> None:
    endpoint = name.replace("predict", "structured_predict").replace("stream", "stream_structured_predict")
    shown = inspect.signature(getattr(OllamaMultiModal(model="m"), endpoint if structured else name)).parameters
    assert {"prompt", "image_documents", "prompt_args"} <= set(shown)


@pytest.mark.parametrize("name", ["from_server", "afrom_server"])
def test_from_server_shows_what_the_constructor_does(name: str) -> None:
    shown = list(inspect.signature(getattr(OllamaMultiModal, name)).parameters)
    assert shown[:2] == ["model", "base_url"]
    assert set(shown) == names(SettingsKeywords)


@eight
def test_a_setting_given_to_a_call_is_told_its_place_or_its_name_there(endpoint: str) -> None:
    with WireServer(answer(endpoint, "A")) as server:
        for name in sorted(names(SettingsKeywords) - names(CompleteKeywords) - names(ChatKeywords)):
            error = attempt(client(server), endpoint, **{name: None}).error
            assert isinstance(error, TypeError), name
            assert re.search(rf"Did you mean|is a setting of the object.*OllamaMultiModal\({name}=", str(error)), error


@eight
def test_every_keyword_that_is_shown_is_taken(endpoint: str) -> None:
    keywords = ChatKeywords if endpoint.endswith("chat") else CompleteKeywords
    with WireServer(answer(endpoint, "A")) as server:
        for name in sorted(names(keywords)):
            outcome = attempt(client(server), endpoint, **{name: None})
            assert not isinstance(outcome.error, TypeError), (name, outcome.error)
