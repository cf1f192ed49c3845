"""`ollama-vision watch`: what is there is described, then what comes, when it is whole; stopped, it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_embedded.scenes import Shape, draw_scene
from ollama_vision.cli.describe.typed import DescribeOptions
from ollama_vision.cli.watch.typed import WatchOptions
from tests.support.command_line import CommandLine
from tests.support.describe_cli import COMMAND, ServerProcess, end_of, hear_control_c, lines, wait_for_lines
from tests.support.serving import asked_since

no_windows = pytest.mark.skipif(os.name == "nt", reason="a program is ended by a signal")
COLOURS = ("red", "green", "blue", "yellow")


class Watching:
    """`ollama-vision watch inbox` in a process of its own, and what it says."""

    def __init__(self, folder: Path, *words: str, **more: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*COMMAND, "watch", "inbox", "--no-sight-check", "--settle", "0.3", *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **more},
            preexec_fn=hear_control_c,
        )
        self.said: list[str] = []

    def until(self, words: str) -> str:
        """The line with these words, when it is said."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"it ended without {words!r}: {''.join(self.said)}")

    def has_lines(self, count: int, file: str = "results.jsonl") -> list[dict[str, Any]]:
        wait_for_lines(self.folder / file, count, self.process)
        return lines(self.folder / file)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        out, rest = self.process.communicate(timeout=250)
        self.said.append(rest)
        return self.process.returncode, out


@pytest.fixture
def inbox(folder: Path) -> Path:
    (folder / "inbox").mkdir()
    return folder / "inbox"


@pytest.fixture
def started(folder: Path) -> Iterator[list[Watching]]:
    started: list[Watching] = []
    yield started
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def says_colours() -> Iterator[EmbeddedOllama]:
    """A server that says of every picture the same, at once."""
    with EmbeddedOllama(engine=ScriptedEngine(lambda request: "Seen.", model="m")) as server:
        yield server


def draw(file: Path, colour: str) -> Path:
    draw_scene(Shape(colour, "square", "middle center", "large")).save(file)
    return file


def questions(server: EmbeddedOllama, known: Any) -> int:
    """How many pictures it was asked about since."""
    return sum(request.path == "/api/generate" for request in asked_since(server, known))


@no_windows
def test_what_is_there_and_what_comes_in_pieces_is_described_once(
    inbox: Path, demo_server: EmbeddedOllama, started: list[Watching]
) -> None:
    before = list(demo_server.asked)
    draw(inbox / "a.png", "red")
    data = draw(inbox.parent / "whole.png", "blue").read_bytes()
    started.append(watching := Watching(inbox.parent, "--host", demo_server.url, "--report", "report.html"))
    assert watching.until("Watching") == "Watching inbox\n"
    (first,) = lines()
    assert first["path"] == "inbox/a.png"
    assert "red" in first["text"]

    with (inbox / "b.png").open("wb", buffering=0) as file:
        file.write(data[: len(data) // 2])
        said = watching.until("Not whole yet")
        assert said.startswith("Not whole yet: inbox/b.png is a PNG picture that is cut short")
        assert lines() == [first]
        file.write(data[len(data) // 2 :])
        watching.has_lines(2)
    second = lines()[1]
    assert second["path"] == "inbox/b.png"
    assert second["error"] is None
    assert "blue" in second["text"]
    assert questions(demo_server, before) == 2

    in_use = subprocess.run(
        [*COMMAND, "describe", "inbox", "--host", demo_server.url], cwd=inbox.parent, capture_output=True, text=True
    )
    assert in_use.returncode == 2
    assert "results.jsonl is being written by process" in in_use.stderr

    watching.until("Watching inbox")
    while "b.png" not in (inbox.parent / "report.html").read_text(encoding="utf-8"):
        watching.until("Report: report.html")
    assert watching.stop()[0] == 128 + signal.SIGTERM
    assert "Stopped by SIGTERM." in "".join(watching.said)


@no_windows
def test_killed_it_goes_on_and_asks_about_each_picture_once(
    inbox: Path, demo_server: EmbeddedOllama, started: list[Watching]
) -> None:
    before = list(demo_server.asked)
    words = ("--host", demo_server.url)
    draw(inbox / "0.png", COLOURS[0])
    started.append(watching := Watching(inbox.parent, *words))
    watching.until("Watching inbox")
    draw(inbox / "1.png", COLOURS[1])
    watching.has_lines(2)
    watching.process.kill()
    draw(inbox / "2.png", COLOURS[2])
    started.append(watching := Watching(inbox.parent, *words))
    watching.until("Watching inbox")
    assert len(lines()) == 3
    (inbox / "moved").mkdir()
    draw(inbox / "moved" / "3.png", COLOURS[3])
    (inbox / "0.png").rename(inbox / "moved" / "0.png")
    written = watching.has_lines(5)
    assert watching.stop(signal.SIGINT)[0] == 130

    texts = {line["path"]: line["text"] for line in written}
    assert sorted(texts) == [*(f"inbox/{number}.png" for number in range(3)), "inbox/moved/0.png", "inbox/moved/3.png"]
    assert [COLOURS[int(path[-5])] in text for path, text in texts.items()] == [True] * 5
    assert questions(demo_server, before) == 4, "what was renamed is known by its bytes"


@no_windows
def test_one_that_stays_half_fails_once_and_is_described_when_it_is_whole(
    inbox: Path, says_colours: EmbeddedOllama, started: list[Watching]
) -> None:
    data = draw(inbox.parent / "whole.png", "red").read_bytes()
    started.append(watching := Watching(inbox.parent, "--host", says_colours.url, "--settle", "0.1"))
    watching.until("Watching inbox")
    (inbox / "a.png").write_bytes(data[:-20])
    watching.until("Not whole yet: inbox/a.png")
    watching.until("Failed: inbox/a.png is a PNG picture that is cut short")
    (failed,) = watching.has_lines(1)
    assert failed["error"]["type"] == "ImageError"
    watching.until("Watching inbox")
    assert not says_colours.asked
    (inbox / "a.png").write_bytes(data)
    watching.until("1 answer, in ")
    (line,) = lines()
    assert (line["text"], line["error"]) == ("Seen.", None)


@no_windows
def test_printed_lines_are_not_asked_about_again_and_changed_pictures_are(
    inbox: Path, says_colours: EmbeddedOllama, started: list[Watching]
) -> None:
    draw(inbox / "a.png", "red")
    started.append(watching := Watching(inbox.parent, "--host", says_colours.url, "--out", "-"))
    watching.until("Watching inbox")
    draw(inbox / "b.png", "green")
    watching.until("Watching inbox")
    draw(inbox / "a.png", "blue")
    watching.until("Watching inbox")
    code, out = watching.stop()
    assert code == 143
    assert [json.loads(line)["path"] for line in out.splitlines()] == ["inbox/a.png", "inbox/b.png", "inbox/a.png"]


@no_windows
def test_what_it_writes_itself_is_not_what_it_describes(
    inbox: Path, says_colours: EmbeddedOllama, started: list[Watching]
) -> None:
    """Also where every file is taken: the results change with each line, and would never end."""
    words = ("--out", "inbox/results.jsonl", "--report", "inbox/r.html", "--include", "*", "--sidecar", "caption")
    started.append(watching := Watching(inbox.parent, "--host", says_colours.url, *words, "--exclude", "*.caption"))
    watching.until("Watching inbox")
    for name in ("a.png", "b.png", "c.png"):
        draw(inbox / name, "red")
        (inbox / name).write_bytes((inbox / name).read_bytes() + name.encode())  # no two are alike
        watching.until("1 answer, in ")
        watching.until("Watching inbox")
    assert watching.stop()[0] == 143
    assert [line["path"] for line in lines("inbox/results.jsonl")] == ["inbox/a.png", "inbox/b.png", "inbox/c.png"]
    assert (inbox / "c.png.caption").read_text(encoding="utf-8") == "Seen.\n"
    assert (inbox / "r.html").is_file()


@no_windows
def test_a_server_that_was_restarted_while_it_waited_is_waited_for(inbox: Path, started: list[Watching]) -> None:
    draw(inbox / "a.png", "red")
    with ServerProcess() as server:
        started.append(watching := Watching(inbox.parent, "--host", server.url))
        watching.until("Watching inbox")
        server.kill()
        draw(inbox / "b.png", "blue")
        assert "2 min at the most" in watching.until(f"Nothing answers at {server.url} yet.")
        server.start()
        second = watching.has_lines(2)[1]
        assert "blue" in second["text"]
        server.kill()
        draw(inbox / "c.png", "green")
        watching.until("Nothing answers")
        assert watching.stop(signal.SIGINT)[0] == 130
    assert len(lines()) == 2


@no_windows
def test_ctrl_c_while_it_asks_ends_the_request_and_writes_nothing_about_it(
    inbox: Path, started: list[Watching]
) -> None:
    gate = Gate()
    draw(inbox / "a.png", "red")
    with EmbeddedOllama(engine=ScriptedEngine(["One.", Reply(["Tw", gate, "o."])], model="m")) as server:
        started.append(watching := Watching(inbox.parent, "--host", server.url))
        watching.until("Watching inbox")
        draw(inbox / "b.png", "blue")
        assert gate.reached.wait(60)
        code, _ = watching.stop(signal.SIGINT)
        gate.open()
    assert code == 130
    said = "".join(watching.said)
    assert "Stopped by Ctrl-C. The same command goes on with the rest." in said
    assert [line["text"] for line in lines()] == ["One."]


@no_windows
def test_polling_needs_no_extra(inbox: Path, says_colours: EmbeddedOllama, started: list[Watching]) -> None:
    hidden = inbox.parent / "hidden"
    hidden.mkdir()
    (hidden / "watchfiles.py").write_text("raise ImportError('it is not installed')\n")
    words = ("--host", says_colours.url, "--poll")
    started.append(watching := Watching(inbox.parent, *words, PYTHONPATH=str(hidden)))
    watching.until("Watching inbox")
    draw(inbox / "a.png", "red")
    assert watching.has_lines(1)[0]["text"] == "Seen."
    started.append(without := Watching(inbox.parent, "--host", says_colours.url, PYTHONPATH=str(hidden)))
    said = without.until("Error")
    assert 'Get it with: pip install "ollama-vision[watch]' in said
    assert "(--poll does without" in said
    assert end_of(without.process)[0] == 2


def test_what_describe_can_be_told_this_can_be_told_save_what_is_of_one_run() -> None:
    of_describe, of_watch = (
        {name for name, field in kind.__dataclass_fields__.items() if field.init}
        for kind in (DescribeOptions, WatchOptions)
    )
    assert of_describe - of_watch == {"limit", "dry_run", "undo"}
    assert of_watch - of_describe == {"settle", "poll"}


@no_windows
def test_sidecars_of_several_folders_lie_where_those_of_describe_do(
    inbox: Path, says_colours: EmbeddedOllama, started: list[Watching]
) -> None:
    """Also when the first picture of a folder comes last: what was named says where, not what was found."""
    (inbox.parent / "scans").mkdir()
    words = ("--host", says_colours.url, "--sidecar-dir", "texts", "scans")
    started.append(watching := Watching(inbox.parent, *words))
    watching.until("Watching inbox, scans")
    draw(inbox / "a.png", "red")
    watching.until("1 text file written.")
    draw(inbox.parent / "scans" / "b.png", "blue")
    watching.until("1 text file written.")
    watching.stop()
    texts = inbox.parent / "texts"
    assert sorted(str(file.relative_to(texts)) for file in texts.rglob("*.txt")) == [
        "inbox/a.png.txt",
        "scans/b.png.txt",
    ]


@pytest.mark.parametrize("option", ["--dry-run", "--undo", "--limit"])
def test_what_is_of_one_run_is_no_option(option: str, inbox: Path, vision: CommandLine) -> None:
    outcome = vision("watch", "inbox", option)
    assert outcome.code == 2
    assert "No such option" in outcome.err


@pytest.mark.parametrize(
    ("path", "complaint"),
    [("nowhere", "nowhere is not there: name a folder"), ("a.png", "a.png is a file: name a folder")],
)
def test_it_takes_folders(path: str, complaint: str, folder: Path, vision: CommandLine) -> None:
    draw(folder / "a.png", "red")
    outcome = vision("watch", path)
    assert outcome.code == 2
    assert outcome.complaint.startswith(complaint)


def test_an_empty_folder_hides_no_other_request(inbox: Path, says_colours: EmbeddedOllama, vision: CommandLine) -> None:
    draw(inbox / "a.png", "red")
    assert vision("describe", "inbox", "--host", says_colours.url).code == 0
    (inbox / "a.png").unlink()
    outcome = vision("watch", "inbox", "--host", says_colours.url, "--prompt", "Something else?")
    assert outcome.code == 2
    assert "results.jsonl has 1 line of another request: it differs in prompt" in outcome.err


def test_no_server_and_no_such_model_are_said_before_it_waits(
    inbox: Path, says_colours: EmbeddedOllama, vision: CommandLine
) -> None:
    outcome = vision("watch", "inbox", "--host", says_colours.url, "--model", "n")
    assert outcome.code == 2
    assert 'model "n"' in outcome.err.replace("'", '"')
    url = says_colours.url
    says_colours.close()
    outcome = vision("watch", "inbox", "--host", url, "--model", "m")
    assert outcome.code == 2
    assert url in outcome.err


@no_windows
def test_what_looks_like_an_answered_picture_is_not_asked(
    inbox: Path, started: list[Watching], says_colours: EmbeddedOllama
) -> None:
    """What was there, what came before, and what comes together."""
    draw(inbox / "a.png", "red")
    watching = Watching(inbox.parent, "--host", says_colours.url, "--near-duplicates")
    started.append(watching)
    watching.until("Watching inbox")
    draw_scene(Shape("red", "square", "middle center", "large"), size=(90, 90)).save(inbox / "mailed.jpg", quality=80)
    watching.until("1 near copy of 1 picture was not asked again")
    draw(inbox / "b.png", "blue")
    assert [(line["path"], line.get("same_as")) for line in watching.has_lines(3)] == [
        ("inbox/a.png", None),
        ("inbox/mailed.jpg", "inbox/a.png"),
        ("inbox/b.png", None),
    ]
    assert len(says_colours.asked) == 2
