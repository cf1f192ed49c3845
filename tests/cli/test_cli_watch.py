"""`ollama-vision watch`: what is there is described, then what comes, when it is whole; stopped, it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ollama_embedded import EmbeddedOllama, Gate, Reply, ScriptedEngine
from ollama_embedded.scenes import Shape, draw_scene
from tests.support.describe_cli import COMMAND, ServerProcess, end_of, lines
from tests.support.serving import asked_since
from tests.support.watching import Watching, draw

no_windows = pytest.mark.skipif(os.name == "nt", reason="a program is ended by a signal")
COLOURS = ("red", "green", "blue", "yellow")


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
    inbox: Path, says_seen: EmbeddedOllama, started: list[Watching]
) -> None:
    data = draw(inbox.parent / "whole.png", "red").read_bytes()
    started.append(watching := Watching(inbox.parent, "--host", says_seen.url, "--settle", "0.1"))
    watching.until("Watching inbox")
    (inbox / "a.png").write_bytes(data[:-20])
    watching.until("Not whole yet: inbox/a.png")
    watching.until("Failed: inbox/a.png is a PNG picture that is cut short")
    (failed,) = watching.has_lines(1)
    assert failed["error"]["type"] == "ImageError"
    watching.until("Watching inbox")
    assert not says_seen.asked
    (inbox / "a.png").write_bytes(data)
    watching.until("1 answer, in ")
    (line,) = lines()
    assert (line["text"], line["error"]) == ("Seen.", None)


@no_windows
def test_printed_lines_are_not_asked_about_again_and_changed_pictures_are(
    inbox: Path, says_seen: EmbeddedOllama, started: list[Watching]
) -> None:
    draw(inbox / "a.png", "red")
    started.append(watching := Watching(inbox.parent, "--host", says_seen.url, "--out", "-"))
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
    inbox: Path, says_seen: EmbeddedOllama, started: list[Watching]
) -> None:
    """Also where every file is taken: the results change with each line, and would never end."""
    words = ("--out", "inbox/a", "--report", "inbox/r.html", "--include", "*", "--sidecar", "caption")
    started.append(watching := Watching(inbox.parent, "--host", says_seen.url, *words))
    watching.until("Watching inbox")
    for name in ("a.png", "b.png", "c.png"):
        draw(inbox / name, "red")
        (inbox / name).write_bytes((inbox / name).read_bytes() + name.encode())  # no two are alike
        watching.until("1 answer, in ")
        watching.until("Watching inbox")
    assert watching.stop()[0] == 143
    assert [line["path"] for line in lines("inbox/a")] == ["inbox/a.png", "inbox/b.png", "inbox/c.png"]
    assert not [line for line in "".join(watching.said).splitlines() if "Not whole yet" in line]
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
def test_a_server_that_is_restarted_at_the_only_picture_of_a_round_is_waited_for(
    inbox: Path, started: list[Watching]
) -> None:
    gate = Gate()
    draw(inbox / "a.png", "red")
    with EmbeddedOllama(engine=ScriptedEngine(["One.", Reply([gate, "never"])], model="m")) as server:
        url = server.url
        started.append(watching := Watching(inbox.parent, "--host", url))
        watching.until("Watching inbox")
        draw(inbox / "b.png", "blue")
        assert gate.reached.wait(60)
    assert "at the most" in watching.until(f"Waiting for {url}")
    with EmbeddedOllama(engine=ScriptedEngine("Two.", model="m"), port=int(url.rpartition(":")[2])):
        assert [line["text"] for line in watching.has_lines(2)] == ["One.", "Two."]


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
def test_polling_needs_no_extra(inbox: Path, says_seen: EmbeddedOllama, started: list[Watching]) -> None:
    hidden = inbox.parent / "hidden"
    hidden.mkdir()
    (hidden / "watchfiles.py").write_text("raise ImportError('it is not installed')\n")
    words = ("--host", says_seen.url, "--poll")
    started.append(watching := Watching(inbox.parent, *words, PYTHONPATH=str(hidden)))
    watching.until("Watching inbox")
    draw(inbox / "a.png", "red")
    assert watching.has_lines(1)[0]["text"] == "Seen."
    started.append(without := Watching(inbox.parent, "--host", says_seen.url, PYTHONPATH=str(hidden)))
    said = without.until("Error")
    assert 'Get it with: pip install "ollama-vision[watch]' in said
    assert "(--poll does without" in said
    assert end_of(without.process)[0] == 2


@no_windows
def test_sidecars_of_several_folders_lie_where_those_of_describe_do(
    inbox: Path, says_seen: EmbeddedOllama, started: list[Watching]
) -> None:
    """Also when the first picture of a folder comes last: what was named says where, not what was found."""
    (inbox.parent / "scans").mkdir()
    words = ("--host", says_seen.url, "--sidecar-dir", "texts", "scans")
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


@no_windows
def test_what_looks_like_an_answered_picture_is_not_asked(
    inbox: Path, started: list[Watching], says_seen: EmbeddedOllama
) -> None:
    """What was there, what came before, and what comes together."""
    draw(inbox / "a.png", "red")
    watching = Watching(inbox.parent, "--host", says_seen.url, "--near-duplicates")
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
    assert len(says_seen.asked) == 2


@no_windows
def test_a_copy_that_comes_later_names_the_picture_that_was_asked_about(
    inbox: Path, started: list[Watching], says_seen: EmbeddedOllama
) -> None:
    draw(inbox / "a.png", "red")
    started.append(watching := Watching(inbox.parent, "--host", says_seen.url))
    watching.until("Watching inbox")
    (inbox / "b.png").write_bytes((inbox / "a.png").read_bytes())
    assert [(line["path"], line.get("same_as"), line["usage"] == {}) for line in watching.has_lines(2)] == [
        ("inbox/a.png", None, False),
        ("inbox/b.png", "inbox/a.png", True),
    ]
    assert len(says_seen.asked) == 1


@no_windows
def test_what_is_not_whole_is_said_once(inbox: Path, started: list[Watching], says_seen: EmbeddedOllama) -> None:
    whole = draw(inbox.parent / "whole.png", "red").read_bytes()
    started.append(watching := Watching(inbox.parent, "--host", says_seen.url))
    watching.until("Watching inbox")
    (inbox / "half.png").write_bytes(whole[:-20])
    watching.until("Not whole yet: inbox/half.png")
    for name in ("a.png", "b.png"):
        draw(inbox / name, "blue")
        (inbox / name).write_bytes((inbox / name).read_bytes() + name.encode())  # no two are alike
        watching.until("1 answer, in ")
        watching.until("Watching inbox")
    watching.stop()
    assert "".join(watching.said).count("Not whole yet") == 1


@no_windows
def test_what_failed_is_asked_about_when_it_is_mended_under_its_old_date(
    inbox: Path, started: list[Watching], says_seen: EmbeddedOllama
) -> None:
    """As by `rsync --inplace --times` after a copy of the right size, or by chmod: size and date say nothing of it."""
    data = draw(inbox.parent / "whole.png", "red").read_bytes()
    (inbox / "a.png").write_bytes(data[:-20] + bytes(20))
    os.utime(inbox / "a.png", (1e9, 1e9))
    started.append(watching := Watching(inbox.parent, "--host", says_seen.url, "--settle", "0.1"))
    watching.until("Failed: inbox/a.png")
    watching.until("Watching inbox")
    draw(inbox / "b.png", "blue")
    watching.until("1 answer, in ")
    (inbox.parent / "new.png").write_bytes(data)
    os.utime(inbox.parent / "new.png", (1e9, 1e9))
    (inbox.parent / "new.png").replace(inbox / "a.png")
    watching.until("1 answer, in ")
    assert {line["path"]: line["text"] for line in lines()} == {"inbox/a.png": "Seen.", "inbox/b.png": "Seen."}
