"""A settings file that came with a folder: it does not decide where pictures go, run code, or write elsewhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama
from ollama_vision.cli.common.folders import config_folder
from ollama_vision.cli.common.settings.file import FILE_NAME
from tests.support.command_line import CommandLine

ASK = ("ask", "--no-log", "red.png", "What?")


@pytest.fixture(autouse=True)
def picture(folder: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(folder / "red.png")


def here(*lines: str) -> Path:
    path = Path(FILE_NAME)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path.absolute()


def users(*lines: str) -> Path:
    home = config_folder()
    assert home is not None
    home.mkdir(parents=True, exist_ok=True)
    (home / FILE_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return home / FILE_NAME


@pytest.mark.parametrize(
    ("command", "lines", "option"),
    [
        ("ask", ['host = "http://192.0.2.1:11434"'], "host"),
        ("ask", ['host = "192.0.2.1"'], "host"),
        ("ask", ['host = "http://localhost@192.0.2.1"'], "host"),
        ("ask", ["[ask]", 'host = "http://127.0.0.1.example"'], "host"),
        ("describe", ['host = ["http://127.0.0.1:9", "http://192.0.2.1"]'], "host"),
        ("serve", ["[serve]", 'host = "0.0.0.0"'], "host"),
        ("serve", ["[serve]", 'host = "0"'], "host"),
        ("serve", ["[serve]", 'host = "::"'], "host"),
        ("serve", ["[serve]", 'host = ""'], "host"),
        ("ask", ['model = "qwen3-vl:235b-cloud"'], "model"),
        ("describe", ['model = ["m", "gpt-oss:cloud"]'], "model"),
        ("search", ['embed = "some-embedder:cloud"'], "embed"),
        ("read", ['second = "deepseek-v3.1:671b-cloud"'], "second"),
        ("describe", ['schema = "shapes.py:Invoice"'], "schema"),
        ("ask", ['prompt-file = "~/.ssh/id_rsa"'], "prompt-file"),
        ("describe", ['out = "../results.jsonl"'], "out"),
        ("describe", ['report = "~/report.html"'], "report"),
        ("describe", ['sidecar-dir = "/tmp"'], "sidecar-dir"),
        ("ask", ['draw-boxes = "../photo.png"'], "draw-boxes"),
        ("ask", ['format = "/etc/schema.json"'], "format"),
        ("ask", ['cacert = "/etc/ssl/certs.pem"'], "cacert"),
        ("read", ['out = "/tmp/text"'], "out"),
        ("mcp", ['root = [".", ".."]'], "root"),
        ("compare", ['labels = "/etc/labels.csv"'], "labels"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_it_does_nothing_beyond_the_folder(
    vision: CommandLine, command: str, lines: list[str], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = here(*lines)
    two = ("red.png", "What?")
    # At that port nobody would listen.
    words = {"ask": two, "search": two, "mcp": (), "serve": ("--port", "-1")}.get(command, ("red.png",))
    outcome = vision(command, *words)
    assert outcome.code == 2
    assert outcome.complaint.startswith(f"{file} sets {option}, ")
    assert f"type --{option}" in outcome.complaint
    assert f'trust = ["{file.parent}"]' in outcome.complaint


def test_a_link_out_of_the_folder_is_seen_through(vision: CommandLine, folder: Path) -> None:
    (folder / "out").symlink_to(folder.parent)
    here('out = "out/results.jsonl"')
    assert "leads out of its folder" in vision("describe", "red.png").complaint


@pytest.mark.parametrize("line", ['header = ["Authorization: Bearer theirs"]', 'cacert = "theirs.pem"'])
def test_no_credentials_are_added_for_a_server_elsewhere(
    vision: CommandLine, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key in the environment would give way to theirs, and the pictures would be asked about in their name."""
    here(line)
    monkeypatch.setenv("OLLAMA_HOST", "https://192.0.2.1")
    assert "for a server that is not on this machine" in vision(*ASK).complaint
    monkeypatch.delenv("OLLAMA_HOST")
    assert "for a server that is not on this machine" in vision("ask", "--host", "192.0.2.1", *ASK[1:]).complaint


def test_what_stays_on_this_machine_is_taken(vision: CommandLine, scripted: EmbeddedOllama) -> None:
    Path("schema.json").write_text('{"type": "object"}', encoding="utf-8")
    here(
        f'host = "{scripted.url}"',
        'header = ["X-Mine: yes"]',
        f'model = "{scripted.model}"',
        'report = "r.html"',
        "sight-check = false",
        "[describe]",
        'out = "lines.jsonl"',
    )
    outcome = vision("describe", "red.png")
    assert outcome.code == 0, outcome
    assert json.loads(Path("lines.jsonl").read_text(encoding="utf-8").splitlines()[-1])["text"] == "A plain colour."
    assert scripted.asked[-1].headers["x-mine"] == "yes"
    assert Path("r.html").exists()


def test_what_is_typed_needs_no_trust(vision: CommandLine, scripted: EmbeddedOllama) -> None:
    here('host = "http://192.0.2.1:11434"', "[ask]", 'model = "m:cloud"')
    assert vision("ask", "--host", scripted.url, "--model", scripted.model, *ASK[1:]).out == "A plain colour.\n"


@pytest.mark.parametrize("above", [False, True], ids=["the folder", "one above"])
def test_a_trusted_folder_may_say_everything(
    vision: CommandLine, folder: Path, above: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    here('host = "http://192.0.2.1:11434"', "timeout = 0.1")
    users(f'trust = ["/nowhere", "{(folder.parent if above else folder).as_posix()}"]')
    monkeypatch.setattr("ollama_vision.cli.ask.command.show_answer", lambda question, *_: print(question.access.hosts))
    assert vision(*ASK).out == "('http://192.0.2.1:11434',)\n"
    users(f'trust = ["{folder.as_posix()}/below"]')
    assert vision(*ASK).code == 2


def test_the_user_s_own_file_needs_none(vision: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    file = users('host = "http://192.0.2.1:11434"', 'model = "qwen3-vl:235b-cloud"')
    monkeypatch.setattr("ollama_vision.cli.ask.command.show_answer", lambda question, *_: print(question.access.hosts))
    assert vision(*ASK).out == "('http://192.0.2.1:11434',)\n"
    monkeypatch.chdir(file.parent)
    Image.new("RGB", (64, 64), "red").save("red.png")
    assert vision(*ASK).out == "('http://192.0.2.1:11434',)\n", "also in the folder where it is"


@pytest.mark.skipif(os.name != "posix", reason="files have no owner of that kind")
def test_nothing_is_taken_of_another_user_s_file(
    vision: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = here("[ask]", "json = true")
    monkeypatch.setattr("os.geteuid", lambda: file.stat().st_uid + 1)
    if file.stat().st_uid == 0:
        os.chown(file, 1, -1)
    assert f"{file} belongs to another user" in vision(*ASK).complaint
    users(f'trust = ["{folder.as_posix()}"]')
    assert "belongs to" not in vision(*ASK).err


def test_doctor_says_what_other_commands_would_refuse(vision: CommandLine, scripted: EmbeddedOllama) -> None:
    file = here("[describe]", 'out = "/tmp/lines.jsonl"')
    (told, *_) = json.loads(vision("doctor", "--host", scripted.url, "--json").out)["checks"]
    assert (told["name"], told["status"]) == ("settings", "fail")
    assert told["message"].startswith(f"{file} sets out, ")
