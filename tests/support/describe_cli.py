"""What the tests of `describe` share: folders of drawn scenes, and lines judged by what is drawn."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ollama_embedded import EmbeddedOllama
from ollama_embedded.scenes import Shape, draw_scene, random_shapes

COMMAND = [sys.executable, "-m", "ollama_vision"]
Scenes = dict[str, tuple[Shape, ...]]


def draw_folder(folder: Path, count: int, *, seed: int = 1, shapes: int = 1) -> Scenes:
    """So many pictures in folders of a hundred; what is drawn on each, by its path from `folder`'s parent."""
    chance = random.Random(seed)
    scenes: Scenes = {}
    for number in range(count):
        drawn = random_shapes(chance, shapes)
        path = folder / f"{number // 100:02}" / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_scene(*drawn, size=(112, 112)).save(path)
        scenes[str(path.relative_to(folder.parent))] = drawn
    return scenes


def lines(file: Path | str = "results.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(file).read_bytes().splitlines()]


def is_right(record: Mapping[str, Any], drawn: Sequence[Shape]) -> bool:
    """Whether an answer names just the colours and kinds that are drawn."""
    text = record["text"].lower()
    named = sorted(re.findall(r"(red|green|blue|yellow|orange|purple|black|white) (\w+)", text))
    return record["error"] is None and named == sorted((shape.colour, shape.kind) for shape in drawn)


def wrong_lines(records: Iterable[Mapping[str, Any]], scenes: Scenes) -> list[str]:
    """What is not as it must be: each picture has exactly one line, and the line is right."""
    records = list(records)
    paths = [record["path"] for record in records]
    wrong = [f"{path}: {paths.count(path)} lines" for path in scenes if paths.count(path) != 1]
    wrong += [f"{path}: is no picture of ours" for path in paths if path not in scenes]
    wrong += [
        f"{record['path']}: {record['text']!r} {record['error']} of {', '.join(map(str, scenes[record['path']]))}"
        for record in records
        if record["path"] in scenes and not is_right(record, scenes[record["path"]])
    ]
    return wrong


def start(*words: str, folder: Path, **more: str) -> subprocess.Popen[str]:
    """`ollama-vision describe` in a process of its own; what is asked of drawn pictures has tests of its own."""
    return subprocess.Popen(
        [*COMMAND, "describe", "--no-sight-check", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **more},
        preexec_fn=hear_signals,
    )


FROM_PYTHON = """
import sys
import ollama_vision
answers = ollama_vision.describe(
    "photos", sys.argv[2], host=sys.argv[1], jobs=1, out="results.jsonl", sight_check=False
)
for line in answers:
    pass
"""


def start_from_python(server: EmbeddedOllama, folder: Path) -> subprocess.Popen[str]:
    """`describe` of Python in a process of its own, about the folder `photos`, one picture at a time."""
    return subprocess.Popen(
        [sys.executable, "-c", FROM_PYTHON, server.url, f"{server.model}:latest"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hear_signals,
    )


def start_from_shell(server: EmbeddedOllama, folder: Path) -> subprocess.Popen[str]:
    """The same from a shell."""
    return start("photos", "--host", server.url, "--jobs", "1", folder=folder)


def hear_signals() -> None:
    """What a shell starts in the background, or by nohup, this suite perhaps, leaves them ignored to all it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def wait_for_lines(file: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Until so many whole lines are in the file: looked at again and again, because a file sends no word."""
    while not file.exists() or file.read_bytes().count(b"\n") < count:
        assert process.poll() is None, f"it ended by itself: {process.communicate()[0]}"
        time.sleep(0.002)


def wait_for_words(words: str, process: subprocess.Popen[str]) -> str:
    """The line with these words, when it is said; what was said before is gone."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return line
    raise AssertionError(f"it ended without {words!r}: {''.join(said)}")


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and all that was said."""
    said = process.communicate(timeout=250)[0]
    return process.returncode, said


class ServerProcess:
    """The embedded server in a process of its own, that can be killed and started again under the same address."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> ServerProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        port = ["--port", self.url.rpartition(":")[2]] if self.url else []
        command = [sys.executable, "-m", "ollama_embedded", *port, *self._words]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[0]

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


SEES = ("completion", "vision")


def paths(file: str = "results.jsonl") -> list[str]:
    return [line["path"] for line in lines(file)]
