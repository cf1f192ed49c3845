"""`ollama-vision watch` in a process of its own, and what it says."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from ollama_embedded.scenes import Shape, draw_scene
from tests.support.describe_cli import COMMAND, hear_signals, lines, wait_for_lines


class Watching:
    """`ollama-vision watch inbox`."""

    def __init__(self, folder: Path, *words: str, **more: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*COMMAND, "watch", "inbox", "--no-sight-check", "--settle", "0.3", *words],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **more},
            preexec_fn=hear_signals,
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


def draw(file: Path, colour: str) -> Path:
    draw_scene(Shape(colour, "square", "middle center", "large")).save(file)
    return file
