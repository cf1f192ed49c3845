"""`ollama-vision.toml`: what is in it counts as if it had been typed, and less than what is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.cli.commands import SUMMARIES, Commands
from ollama_vision.cli.common.folders import config_folder
from ollama_vision.cli.common.settings.file import FILE_NAME, users_path
from ollama_vision.cli.common.settings.rules import BEATS, KEEPS, NEEDS, OF_XMP
from ollama_vision.cli.common.settings.values import Options
from tests.support.command_line import CommandLine

Says = Callable[..., Path]


@pytest.fixture
def here(folder: Path) -> Says:
    """Writes the file of the working folder."""

    def write(*lines: str, where: Path = folder) -> Path:
        where.mkdir(parents=True, exist_ok=True)
        (where / FILE_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return where / FILE_NAME

    return write


@pytest.fixture
def users(here: Says) -> Says:
    """Writes the user's own file."""
    home = config_folder()
    assert home is not None
    return lambda *lines: here(*lines, where=home)


@pytest.fixture
def picture(folder: Path) -> str:
    Image.new("RGB", (64, 64), "red").save(folder / "red.png")
    return "red.png"


def complaint(vision: CommandLine, *words: str) -> str:
    outcome = vision(*words)
    assert outcome.code == 2, outcome
    return outcome.complaint


def body_of(server: EmbeddedOllama) -> dict[str, Any]:
    body: dict[str, Any] = server.asked[-1].body
    return body


def test_what_is_always_typed_is_in_the_file(
    vision: CommandLine, scripted: EmbeddedOllama, here: Says, picture: str
) -> None:
    here(
        f'host = "{scripted.url}"', "jobs = 2", 'option = ["seed=7"]', "[ask]", "json = true", "[describe]", "limit = 1"
    )
    outcome = vision("ask", picture, "What?")
    assert outcome.code == 0, outcome
    assert json.loads(outcome.out)["text"] == "A plain colour.", "[ask] has printed an object"
    assert body_of(scripted)["options"]["seed"] == 7


@pytest.mark.parametrize("table", ["", "[ask]"])
def test_the_command_line_beats_the_environment_and_that_the_file(
    vision: CommandLine, scripted: EmbeddedOllama, here: Says, picture: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Another one.", model="second")) as second:
        here(table, 'host = "http://127.0.0.1:9"', 'model = "of-the-file"')
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        monkeypatch.setenv("OLLAMA_VISION_MODEL", scripted.model)
        assert vision("ask", picture, "What?").out == "A plain colour.\n"
        assert vision("ask", "--host", second.url, "--model", "second", picture, "What?").out == "Another one.\n"


def test_a_table_beats_the_top(vision: CommandLine, scripted: EmbeddedOllama, here: Says, picture: str) -> None:
    here(f'host = "{scripted.url}"', 'option = ["seed=1"]', "[ask]", 'option = ["seed=2", "top_k=3"]')
    assert vision("ask", picture, "What?").code == 0
    assert body_of(scripted)["options"].items() >= {"seed": 2, "top_k": 3}.items()
    assert vision("ask", "--option", "seed=4", picture, "What?").code == 0
    assert body_of(scripted)["options"]["seed"] == 4
    assert "top_k" not in body_of(scripted)["options"], "a list that is typed takes the place of the file's"


def test_the_working_folder_goes_before_the_user_s(
    vision: CommandLine, scripted: EmbeddedOllama, here: Says, users: Says, picture: str
) -> None:
    users(f'host = "{scripted.url}"', "think = true", 'option = ["seed=1"]')
    assert vision("ask", "--no-think", picture, "What?").code == 0
    assert body_of(scripted)["options"]["seed"] == 1
    here(f'host = "{scripted.url}"')
    assert vision("ask", picture, "What?").code == 0
    assert "seed" not in body_of(scripted)["options"], "one file, not both"


@pytest.mark.parametrize(
    ("line", "streams"),
    [("stream = false", False), ("no-stream = true", False), ("no_stream = false", True), ("", True)],
)
def test_a_flag_is_true_or_false_by_either_of_its_names(
    vision: CommandLine, here: Says, picture: str, line: str, streams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(line)
    seen: list[bool] = []
    monkeypatch.setattr("ollama_vision.cli.ask.command.show_answer", lambda question, *_: seen.append(question.stream))
    assert vision("ask", "--no-log", picture, "What?").code == 0
    assert seen == [streams]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['modle = "m"'], "line 1: No command has an option 'modle'. Did you mean 'model'?"),
        (["", "[aks]"], "line 2: There is no command 'aks'. Did you mean 'ask'?"),
        (["[ask]", 'detial = "high"'], "line 2: ask has no option 'detial'. Did you mean 'detail'?"),
        (["[ask]", "jobs = 4"], "line 2: ask has no option 'jobs'."),
        (['question = "What?"'], "No command has an option 'question'."),
        (['stream = "yes"'], "line 1: stream: takes true or false, without quotes."),
        (['think = "no"'], "line 1: think: takes true or false, without quotes."),
        (["timeout = true"], "line 1: timeout: takes text or a number, not true or false."),
        (['timeout = "long"'], "line 1: timeout: "),
        (["timeout = 0.01"], "line 1: timeout: "),
        (['detail = "huge"'], "line 1: detail: "),
        (["from = 00:01:02"], "line 1: from: takes text or a number, not a date or a time: put it in quotes."),
        (['host = ["localhost", "127.0.0.1"]'], "line 1: host: takes one value, not a list."),
        (["option.seed = 1"], "line 1: option: takes text or a number, not a table."),
        (["", "[option]", "seed = 1"], "line 2: option: takes text or a number, not a table."),
        (["[[ask]]", 'detail = "low"'], ": ask is a command: its options stand below [ask], written once"),
        (["describe = true"], "line 1: describe is a command: its options stand below [describe]"),
        (['MODEL = "m"'], "line 1: No command has an option 'MODEL'. Did you mean 'model'?"),
        (["[ask]", "[ask.option]", "seed = 1"], "option: takes text or a number, not a table."),
        (["stream = true", "no-stream = true"], "line 2: no-stream is said twice."),
        (["max-pixels = 1000000", "[ask]", "box-convention = 3", "box_convention = 4"], "is said twice."),
        (["host = "], "is not TOML: Invalid value (at line 1, column 8)."),
        (['host = "a"', 'host = "b"'], "is not TOML: Cannot overwrite a value (at line 2, column 11)."),
        (["a = " + "[" * 5000], "is not TOML"),
        (['trust = ["/"]'], "which folders are trusted, only your own file can say"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_the_file_cannot_mean_is_an_error_that_says_where(
    vision: CommandLine, here: Says, picture: str, lines: list[str], words: str
) -> None:
    file = here(*lines)
    said = complaint(vision, "ask", picture, "What?")
    assert said.startswith(str(file))
    assert words in said


def test_bytes_that_are_no_text_are_told_with_their_line(vision: CommandLine, here: Says, picture: str) -> None:
    here().write_bytes(b'model = "m"\nhost = "\xe9"\n')
    assert "line 2: it is not UTF-8" in complaint(vision, "ask", picture, "What?")
    here().write_bytes(b"a" * (1 << 20 | 1))
    assert "is larger than 1,048,576 bytes" in complaint(vision, "ask", picture, "What?")


def test_what_an_editor_puts_first_is_no_error(
    vision: CommandLine, scripted: EmbeddedOllama, here: Says, picture: str
) -> None:
    here().write_bytes(f'\ufeffhost = "{scripted.url}"\r\n[ask]\r\njson = true\r\n'.encode())
    assert json.loads(vision("ask", picture, "What?").out)["text"] == "A plain colour."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_not_waited_for(vision: CommandLine, folder: Path, picture: str) -> None:
    os.mkfifo(folder / FILE_NAME)
    assert "is not a file" in complaint(vision, "ask", picture, "What?")


def test_isolated_reads_no_file(vision: CommandLine, scripted: EmbeddedOllama, here: Says, picture: str) -> None:
    here("nonsense = 1")
    assert vision("--isolated", "ask", "--host", scripted.url, picture, "What?").out == "A plain colour.\n"


@pytest.mark.parametrize("name", SUMMARIES)
def test_each_option_of_each_command_can_be_set(
    name: str, vision: CommandLine, here: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by its own name, and so known: of commands too that are made after this test."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")  # doctor goes on to the server
    for word, option in Options(Commands()[name]).items():
        here(f"[{name}]", f"{word} = 2026-11-30")
        outcome = vision(name)
        assert outcome.code in (1, 2)
        assert f"line 2: {word}: takes " in outcome.out + outcome.err
        assert option.parameter.param_type_name == "option" or (name, word) == ("eyetest", "model")


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_help_does_not_look_for_the_file(name: str, vision: CommandLine, here: Says) -> None:
    here("this is = = no TOML")
    assert vision(name, "--help").code == 0


def test_an_option_of_other_commands_is_nothing_to_this_one(
    vision: CommandLine, scripted: EmbeddedOllama, here: Says, picture: str
) -> None:
    here(f'host = "{scripted.url}"', "jobs = 3", "figures = true", "num-parallel = 2", 'second = "m"')
    assert vision("ask", picture, "What?").code == 0


def test_a_server_to_start_has_names_of_its_own(vision: CommandLine, here: Says) -> None:
    here('host = "http://127.0.0.1:11434"', 'model = "gemma3:4b"', "[serve]", "port = 70000")
    assert complaint(vision, "serve").startswith("--port 70000: ports are 1 to 65535"), "neither host nor model is its"


def test_an_error_says_which_options_were_not_typed(vision: CommandLine, here: Says, picture: str) -> None:
    file = here('format = "json"', 'choose = ["a", "b"]')
    assert f"From {file}: --choose, --format." in complaint(vision, "ask", picture, "What?")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (['host = "http://127.0.0.1:9"', 'model = "m"'], ["--demo"]),
        (['format = "json"'], ["--demo", "--choose", "red,blue"]),
        (['box-convention = "0-1000"', 'calibration = "none.json"'], ["--demo"]),
        (['prompt-file = "missing.txt"'], ["--demo"]),
        (["frames = 3", 'pages = "2"', "from = 1", 'to = "2"'], ["--demo"]),
    ],
    ids=lambda each: " ".join(each),
)
def test_what_is_always_meant_yields_to_what_is_typed(
    vision: CommandLine, here: Says, lines: list[str], words: list[str]
) -> None:
    """Each pair typed together is an error."""
    Image.new("RGB", (96, 96), "red").save("red.png")
    here(*lines)
    outcome = vision("ask", *words, "red.png", "What is the colour?")
    assert outcome.code == 0, outcome


def test_words_are_found_without_the_server_that_is_always_asked(vision: CommandLine, here: Says) -> None:
    here('host = "http://127.0.0.1:9"', "timeout = 5")
    Path("results.jsonl").write_text("", encoding="utf-8")
    assert vision("search", "results.jsonl", "red").code == 1
    assert complaint(vision, "search", "--host", "http://127.0.0.1:9", "results.jsonl", "red").endswith("a server.")


def test_lines_that_are_printed_leave_out_what_a_file_is_for(
    vision: CommandLine, scripted: EmbeddedOllama, here: Says, picture: str
) -> None:
    here(f'host = "{scripted.url}"', "sight-check = false", 'report = "r.html"', 'sidecar = "txt"', "overwrite = true")
    outcome = vision("describe", "--out", "-", picture)
    assert outcome.code == 0, outcome
    assert json.loads(outcome.out)["text"] == "A plain colour."
    assert not Path("r.html").exists()
    assert vision("describe", picture).code == 0
    assert Path("r.html").exists()
    assert Path("red.png.txt").exists()


def test_the_rules_are_about_options_that_there_are() -> None:
    known = {option.name for command in Commands().values() for option in Options(command).values()}
    ruled = {*BEATS, *NEEDS, *KEEPS, *OF_XMP}.union(*BEATS.values(), *NEEDS.values())
    assert ruled <= known


def test_doctor_shows_the_file_without_its_secrets(
    vision: CommandLine, demo_server: EmbeddedOllama, users: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = demo_server.url.replace("://", "://me:p@sesame@")
    file = users(f'host = "{address}"', 'header = ["X-Key: s3cret"]', "[read]", 'password = "hunter2"', "jobs = 2")
    outcome = vision("doctor", "--json")
    assert not [secret for secret in ("sesame", "s3cret", "hunter2") if secret in outcome.out + outcome.err]
    told = json.loads(outcome.out)["checks"]
    assert (told[0]["name"], told[0]["status"], told[0]["details"]) == (
        "settings",
        "ok",
        {
            "file": str(file),
            "values": {
                "host": demo_server.url,
                "header": ["X-Key: (not shown)"],
                "read": {"password": "(not shown)", "jobs": 2},
            },
        },
    )
    (server,) = (check for check in told if check["name"] == "server")
    assert server["details"]["source"] == FILE_NAME
    shown = vision("doctor").out.splitlines()[0]
    assert shown.split()[:5] == ["ok", "settings", f"{file}:", "host", "="]
    assert "hunter2" not in shown
    monkeypatch.setenv("OLLAMA_HOST", demo_server.url)
    (server,) = (each for each in json.loads(vision("doctor", "--json").out)["checks"] if each["name"] == "server")
    assert server["details"]["source"] == "OLLAMA_HOST"


def test_doctor_goes_on_with_a_file_that_is_wrong(vision: CommandLine, demo_server: EmbeddedOllama, here: Says) -> None:
    here("[describe]", 'jobs = "four"')
    outcome = vision("doctor", "--host", demo_server.url, "--json")
    first, *others = json.loads(outcome.out)["checks"]
    assert (outcome.code, first["status"]) == (1, "fail")
    assert "line 2: jobs: " in first["message"]
    assert {"sight", "memory"} <= {check["name"] for check in others}
    assert (
        json.loads(vision("--isolated", "doctor", "--host", demo_server.url, "--json").out)["checks"][0]["status"]
        == "ok"
    )


def test_who_has_no_file_opens_no_toml(picture: str, scripted: EmbeddedOllama, here: Says) -> None:
    code = (
        "import sys\nfrom ollama_vision.cli.app import run\n"
        "code = run(sys.argv[1:])\nprint(code, 'tomllib' in sys.modules)"
    )
    words = [sys.executable, "-c", code, "ask", "--host", scripted.url, picture, "What?"]
    assert subprocess.run(words, capture_output=True, text=True, timeout=60).stdout.endswith("0 False\n")
    here("jobs = 1")
    assert subprocess.run(words, capture_output=True, text=True, timeout=60).stdout.endswith("0 True\n")


def test_where_the_user_s_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ollama_vision.cli.common.folders.sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    assert users_path() == tmp_path / ".config/ollama-vision/ollama-vision.toml"
    monkeypatch.setattr("ollama_vision.cli.common.folders.sys.platform", "darwin")
    assert users_path() == tmp_path / "Library/Application Support/ollama-vision/ollama-vision.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "x"))
    assert users_path() == tmp_path / "x/ollama-vision/ollama-vision.toml"


def test_the_files_that_the_page_shows_are_ones(vision: CommandLine, users: Says) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/settings.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert len(shown) == 2
    for text in shown:
        users(text)
        (told, *_) = json.loads(vision("doctor", "--host", "http://127.0.0.1:9", "--json").out)["checks"]
        assert (told["name"], told["status"]) == ("settings", "ok"), told
