"""`ollama-vision eyetest`: the table, JSON and the page with the demo model, and what cannot be tested."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ollama_embedded import EmbeddedOllama, ModelFacts, ScriptedEngine
from ollama_vision.sight import eye_asking, staircase
from tests.support.command_line import CommandLine


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few questions: how sure an answer is, is tested elsewhere."""
    monkeypatch.setattr(staircase, "ENOUGH", 2)
    monkeypatch.setattr(eye_asking, "THINGS", (320, 7))
    monkeypatch.setattr(eye_asking, "LETTERS", (112,))


def test_the_table_and_the_page(vision: CommandLine, demo_server: EmbeddedOllama, short: None, folder: Path) -> None:
    outcome = vision("eyetest", "shapes", "--host", demo_server.url, "--seed", "2", "--html", "eyes.html")
    assert (outcome.code, outcome.err) == (0, "")
    headings, *rows = outcome.out.split("\n\n")[0].splitlines()
    assert re.split("  +", headings) == ["detail", "smallest thing", "smallest letters", "tokens", "seconds"]
    assert [re.split("  +", row)[0] for row in rows] == ["low", "auto", "high", "auto, tiles"]
    assert all(re.search(r" +320 px +\d+ +\d+\.\d\d$", row) for row in rows[:3])
    assert outcome.out.splitlines()[-1].startswith("With shapes")
    page = (folder / "eyes.html").read_text()
    assert "<h1>How small shapes sees</h1>" in page
    assert outcome.out.splitlines()[-1] in page
    assert "<title>low, 320 px: 2 of 2</title>" in page
    assert page.count('<polyline points="') == 4, "a curve for each way"
    assert [path.name for path in folder.iterdir()] == ["eyes.html"]


def test_json_has_the_form_that_scripts_hold_on_to(
    vision: CommandLine, demo_server: EmbeddedOllama, short: None
) -> None:
    outcome = vision("eyetest", "--host", demo_server.url, "--seed", "2", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    told = json.loads(outcome.out)
    assert list(told) == ["model", "levels", "advice"]
    assert told["model"].startswith("shapes")
    assert [level["detail"] for level in told["levels"]] == ["low", "auto", "high"]
    for level in told["levels"]:
        assert list(level) == ["detail", "things", "letters", "tokens", "seconds"]
        assert level["things"] == {"smallest_px": 320}
        assert level["letters"] is None
        assert level["tokens"] > 81
        assert level["seconds"] > 0
    assert told["advice"].startswith("With shapes")


def test_what_the_context_does_not_hold_is_said_in_words_of_the_shell(
    vision: CommandLine, demo_server: EmbeddedOllama, short: None
) -> None:
    outcome = vision("eyetest", "--host", demo_server.url, "--seed", "1", "--option", "num_ctx=400")
    assert outcome.code == 0
    assert "its 7 pictures take about 567 tokens, and the context holds 400; give it --option num_ctx=" in outcome.out


def test_a_model_that_is_not_there(vision: CommandLine, demo_server: EmbeddedOllama) -> None:
    outcome = vision("eyetest", "no-such-model", "--host", demo_server.url)
    assert (outcome.code, outcome.out) == (1, "")
    assert "no-such-model" in outcome.complaint


def test_a_model_without_vision(vision: CommandLine) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("yes", models=[ModelFacts("text", ("completion",))])) as server:
        outcome = vision("eyetest", "text", "--host", server.url)
    assert (outcome.code, outcome.out) == (1, "")
    assert "'text'" in outcome.complaint


def test_a_server_that_ignores_schemas(vision: CommandLine, scripted: EmbeddedOllama) -> None:
    outcome = vision("eyetest", "--host", scripted.url)
    assert (outcome.code, outcome.out) == (1, "")
    assert "answers with none of the labels that a question names" in outcome.complaint


def test_a_blind_model(vision: CommandLine) -> None:
    with EmbeddedOllama(blind="grey") as server:
        outcome = vision("eyetest", "--host", server.url, "--json")
    assert (outcome.code, outcome.out) == (1, "")
    assert "does not see what it is sent" in outcome.complaint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--html", "eyes.png"), "A page's name ends in .html: eyes.html, say."),
        (("--html", "nowhere/eyes.html"), "there is no folder nowhere"),
        (("--demo", "--host", "http://127.0.0.1:1"), "--demo starts a server of its own"),
        (("--option", "num_ctx"), "--option takes name=value"),
        (("--option", "nmu_ctx=2048"), "num_ctx"),
    ],
)
def test_a_wrong_command_line(vision: CommandLine, folder: Path, words: tuple[str, ...], said: str) -> None:
    outcome = vision("eyetest", "m", *words)
    assert outcome.code == 2
    assert said in outcome.complaint


def test_no_server(vision: CommandLine) -> None:
    outcome = vision("eyetest", "m", "--host", "http://127.0.0.1:1")
    assert outcome.code == 1
    assert "127.0.0.1:1" in outcome.complaint
