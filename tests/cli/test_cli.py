"""`ollama-vision`, run as people run it: what is printed where, and with which exit code it ends."""

from __future__ import annotations

import io
import json
import logging
import os
import shlex
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, Gate, ModelFacts, Reply, ScriptedEngine
from ollama_embedded.faults import SlowFirstByte
from tests.support.command_line import COMMAND, CommandLine, Outcome, process
from tests.support.wire_server import HOLD, ROUTES, WireServer


@pytest.fixture
def ask(vision: CommandLine) -> CommandLine:
    return partial(vision, "ask")


@pytest.fixture
def picture(tmp_path: Path) -> str:
    file = tmp_path / "red.png"
    Image.new("RGB", (64, 64), "red").save(file)
    return str(file)


def test_an_answer_goes_to_standard_output_and_nothing_else_does(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A red square.")) as server:
        outcome = ask(picture, "What is this?", "--host", server.url)
    assert outcome == Outcome(0, "A red square.\n", "")
    (asked,) = server.asked
    assert asked.body["prompt"] == "What is this?"
    assert asked.images[0].convert("RGB").getpixel((32, 32)) == (255, 0, 0)


def test_a_range_of_values_is_shown(ask: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "depth.png"
    Image.new("I;16", (64, 64), 2000).save(file)
    with EmbeddedOllama(engine=ScriptedEngine("Grey.")) as server:
        ask(str(file), "How far?", "--host", server.url, "--range", "1000:3000")
        ask(str(file), "How far?", "--host", server.url)
    chosen, unasked = (asked.images[0].convert("L").getpixel((32, 32)) for asked in server.asked)
    assert (chosen, unasked) == (128, 7)


def test_everything_that_was_said_reaches_the_server(ask: CommandLine, picture: str, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"color": {"type": "string"}}}
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema))
    engine = ScriptedEngine('{"color": "red"}', capabilities=("completion", "vision", "thinking"))
    said = ["--option", "seed=7", "--option", "stop=END", "--format", str(file), "--think", "--no-stream"]
    with EmbeddedOllama(engine=engine) as server:
        outcome = ask(picture, picture, "Which colour?", "--host", server.url, "--header", "X-Who: me", *said)
    assert outcome == Outcome(0, '{"color": "red"}\n', "")
    (asked,) = server.asked
    assert asked.headers["x-who"] == "me"
    assert len(asked.pictures) == 2
    assert asked.body["format"] == schema
    assert asked.body["think"] is True
    assert asked.body["options"]["seed"] == 7
    assert asked.body["options"]["stop"] in ("END", ["END"])


def test_the_only_model_that_sees_is_asked(ask: CommandLine, picture: str) -> None:
    blind = ModelFacts(name="blind:latest", capabilities=("completion",))
    with EmbeddedOllama(engine=ScriptedEngine("Red.", model="sees:latest", models=[blind])) as server:
        outcome = ask(picture, "Which colour?", "--host", server.url)
    assert outcome.code == 0
    assert server.asked[0].body["model"] == "sees:latest"


def test_the_model_can_come_from_the_environment(
    ask: CommandLine, picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ModelFacts(name="other:latest", capabilities=("completion", "vision"))
    with EmbeddedOllama(engine=ScriptedEngine("Red.", models=[other])) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        monkeypatch.setenv("OLLAMA_VISION_MODEL", "other:latest")
        outcome = ask(picture, "Which colour?")
    assert outcome.code == 0
    assert server.asked[0].body["model"] == "other:latest"


def test_without_a_model_that_sees_one_is_named_to_pull(ask: CommandLine, picture: str) -> None:
    engine = ScriptedEngine(model="blind", capabilities=("completion",))
    with EmbeddedOllama(engine=engine) as server:
        outcome = ask(picture, "Which colour?", "--host", server.url)
    assert (outcome.code, outcome.out) == (1, "")
    assert "ollama-vision pull gemma3:4b" in outcome.complaint


def test_a_picture_can_be_piped_in(ask: CommandLine, picture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(picture).read_bytes())))
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:
        outcome = ask("-", "Which colour?", "--host", server.url)
    assert outcome.code == 0
    assert server.asked[0].pictures == (Path(picture).read_bytes(),)


def test_a_file_that_is_no_picture_is_named(ask: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("milk, bread")
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        outcome = ask(str(file), "What is this?", "--host", server.url)
    assert (outcome.code, outcome.out, server.asked) == (1, "", [])
    assert "notes.txt" in outcome.complaint


def test_no_server_is_one_clear_paragraph(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        gone = server.url
    outcome = ask(picture, "What is this?", "--host", gone, "--model", "any")
    assert (outcome.code, outcome.out) == (1, "")
    assert gone in outcome.complaint


def test_an_address_that_is_none_is_one_clear_paragraph(ask: CommandLine, picture: str) -> None:
    for model in ([], ["--model", "any"]):
        outcome = ask(picture, "What is this?", "--host", "ftp://there", *model)
        assert (outcome.code, outcome.out) == (1, "")
        assert "ftp://" in outcome.complaint


def test_an_option_that_the_client_refuses_is_one_clear_paragraph(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        outcome = ask(picture, "What is this?", "--host", server.url, "--option", "num_predict=0")
    assert (outcome.code, outcome.out) == (2, "")
    assert "num_predict" in outcome.complaint


def test_what_libraries_log_and_warn_of_is_told_in_plain_words(ask: CommandLine, picture: str) -> None:
    def reply(_: object) -> str:
        logging.getLogger("some.library").warning("trying again")
        return "A red square."

    with EmbeddedOllama(engine=ScriptedEngine(reply)) as server:
        outcome = ask(picture, "What is this?", "--host", server.url, "--option", "mirostat=1")
    assert (outcome.code, outcome.out) == (0, "A red square.\n")
    assert outcome.err.startswith("Note: ")
    assert "mirostat" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_no_server_leaves_one_paragraph_also_in_a_process_of_its_own(picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as server:
        gone = server.url
    asking = process("ask", picture, "What is this?", "--host", gone, "--model", "any")
    out, err = asking.communicate(timeout=60)
    assert Outcome(asking.returncode, out, err).complaint
    assert (asking.returncode, out) == (1, "")


def test_an_answer_that_breaks_off_is_shown_and_is_no_answer(ask: CommandLine, picture: str) -> None:
    from ollama_embedded.faults import NoDone

    with EmbeddedOllama(engine=ScriptedEngine(Reply("A red", fault=NoDone()))) as server:
        outcome = ask(picture, "What is this?", "--host", server.url)
    assert (outcome.code, outcome.out) == (1, "A red\n")
    assert outcome.complaint


def test_an_answer_without_text_is_no_answer(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine(" ")) as server:
        outcome = ask(picture, "What is this?", "--host", server.url)
    assert outcome.code == 1
    assert outcome.complaint


def test_the_demo_model_answers(ask: CommandLine) -> None:
    pictures = Path(__file__).resolve().parents[2] / "examples/pictures"
    outcome = ask(str(pictures / "two-shapes.jpg"), "How many shapes are there?", "--demo")
    assert (outcome.code, outcome.err) == (0, "")
    assert "2" in outcome.out or "two" in outcome.out.lower()


@pytest.mark.parametrize(
    "words",
    [
        ["photo.jpg"],
        ["missing.jpg", "What is this?"],
        [],
        ["a.png", "b", "--unknown"],
        ["-", "q", "--option", "x"],
    ],
)
def test_a_wrong_command_line_ends_with_2(ask: CommandLine, words: list[str]) -> None:
    outcome = ask(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error: " in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_the_answer_is_streamed_and_control_c_ends_it_quietly(picture: str) -> None:
    gate = Gate()
    with EmbeddedOllama(engine=ScriptedEngine(Reply(["A red", gate, " square."]))) as server:
        asking = process("ask", picture, "What is this?", "--host", server.url)
        assert asking.stdout is not None
        assert asking.stdout.read(5) == "A red"
        asking.send_signal(signal.SIGINT)
        out, err = asking.communicate(timeout=60)
        assert server.asked[0].left.wait(60)
    assert (asking.returncode, out.strip(), err) == (130, "", "")


def test_a_reader_that_leaves_ends_it_quietly(picture: str) -> None:
    gate = Gate()
    with EmbeddedOllama(engine=ScriptedEngine(Reply(["A red", gate, " square."]))) as server:
        asking = process("ask", picture, "What is this?", "--host", server.url)
        assert asking.stdout is not None
        assert asking.stdout.read(5) == "A red"
        asking.stdout.close()
        gate.open()
        assert asking.stderr is not None
        assert asking.stderr.read() == ""
        assert asking.wait(60) == 1


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
from ollama_vision.cli import main
code = main()
heavy = {"llama_index", "httpx2", "PIL", "numpy", "asyncio", "ollama_embedded", "xllamacpp"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""
    for words in (["--help"], ["ask", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60, check=True
        )
        assert "Usage: ollama-vision" in done.stdout
        assert done.stdout.splitlines()[-1] == "[]"


def test_without_its_packages_it_says_what_to_install() -> None:
    code = "import sys\nsys.modules['typer'] = None\nfrom ollama_vision.cli import main\nsys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert 'pip install "ollama-vision[cli]>=1"' in done.stderr


@pytest.mark.parametrize("command", ["ask", "describe"])
def test_an_options_typo_is_a_wrong_command_line(
    vision: CommandLine, picture: str, command: str, tmp_path: Path
) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Fine.")) as server:
        said = {"ask": [picture, "What?"], "describe": [picture, "--out", str(tmp_path / "out.jsonl")]}
        always = [command, *said[command], "--host", server.url, "--model", server.model]
        outcome = vision(*always, "--option", "temprature=0")
        assert outcome.code == 2
        assert "--option temprature: it is no option of Ollama's. Did you mean 'temperature'?" in outcome.err
        assert server.asked == []
        assert vision(*always, "--option-unchecked", "next_year=1").code == 0
        assert server.asked[-1].body["options"]["next_year"] == 1


@pytest.mark.parametrize("command", ["ask", "describe"])
@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("num_ctx=abc", "--option num_ctx: it is 'abc' (str); it must be a whole number"),
        ("num_ctx=4096.5", "--option num_ctx: it is 4096.5 (float); it must be a whole number"),
        ("temperature=[1]", "--option temperature: it is [1] (list); it must be a number"),
        ("use_mmap=1", "--option use_mmap: it is 1 (int); it must be true or false"),
        ("stop=[1]", "--option stop: it is [1] (list); it must be a text, or a list of texts"),
        ("num_predict=0", "--option num_predict: it is 0, which is no limit at all"),
    ],
)
def test_an_option_of_another_type_is_a_wrong_command_line(
    vision: CommandLine,
    picture: str,
    command: str,
    tmp_path: Path,
    option: str,
    words: str,
) -> None:
    out = tmp_path / "out.jsonl"
    with EmbeddedOllama(engine=ScriptedEngine("Fine.")) as server:
        said = {"ask": [picture, "What?"], "describe": [picture, "--out", str(out)]}
        outcome = vision(command, *said[command], "--host", server.url, "--model", server.model, "--option", option)
        assert (outcome.code, outcome.out) == (2, "")
        assert words in outcome.complaint
        assert server.asked == []
    assert not out.exists()


def test_prose_is_not_printed_as_json(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("It is **red**.")) as server:
        outcome = ask(picture, "What?", "--host", server.url, "--format", "json")
    assert (outcome.code, outcome.out) == (1, "")
    assert "did not answer as format asks" in outcome.err


@pytest.mark.parametrize("more", [[], ["--no-stream"]])
def test_a_cut_answer_is_shown_and_said(ask: CommandLine, picture: str, more: list[str]) -> None:
    engine = ScriptedEngine(lambda request: Reply("A large white", done_reason="length"))
    with EmbeddedOllama(engine=engine) as server:
        outcome = ask(picture, "What?", "--host", server.url, "--option", "num_predict=3", *more)
    assert (outcome.code, outcome.out) == (1, "A large white\n")
    assert "not whole" in outcome.err
    assert "--option num_predict" in outcome.err


@pytest.mark.parametrize("more", [[], ["--model", "any"]])
def test_a_server_that_says_nothing_at_all_hangs(ask: CommandLine, picture: str, more: list[str]) -> None:
    with WireServer([HOLD], routes={path: [HOLD] for path in ROUTES}) as silent:
        outcome = ask(picture, "What?", "--host", silent.url, "--timeout", "0.2", *more)
    assert outcome.code == 1
    assert f"{silent.url} takes connections and answers nothing: /api/" in outcome.err
    assert "for 0.2 seconds. It is starting, or it hangs: look at its log." in outcome.err


def test_how_long_is_waited_can_be_said(ask: CommandLine, picture: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A."), faults=[SlowFirstByte(Gate())] * 9) as server:
        outcome = ask(picture, "What?", "--host", server.url, "--timeout", "0.3")
    assert outcome.code == 1
    assert "for 0.3 seconds (--timeout)" in outcome.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
@pytest.mark.parametrize(("shell", "words"), [("> /dev/full", "No space left on device"), (">&-", "is closed")])
def test_an_answer_that_cannot_be_written_is_one_line(
    picture: str, scripted: EmbeddedOllama, shell: str, words: str
) -> None:
    asked = shlex.join([*COMMAND, "ask", "--host", scripted.url, picture, "What?"])
    done = subprocess.run(["sh", "-c", f"{asked} {shell}"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert words in done.stderr
