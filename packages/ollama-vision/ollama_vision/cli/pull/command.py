"""`ollama-vision pull`: download a model to the server, with progress."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ollama_vision import words
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.server import OllamaServer

from ..common.access import Access
from ..common.exits import DONE, FAILED, INTERRUPTED
from ..common.screen import Screen, one_line, telling
from ..common.servers import NoServer, servers_for
from ..common.shell_words import in_shell_words

LONGEST_SILENCE = 3600.0
"""Seconds. To verify a large model on a slow disk is silent for many minutes."""
STEP = 10
"""Per cent between two lines where no bar can be drawn."""
LARGE = 100_000_000
"""Bytes: a smaller layer is here before anyone has read how far it is."""


class Step(Protocol):
    """One line of a pull, as the client tells it."""

    @property
    def status(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def completed(self) -> int: ...
    @property
    def total(self) -> int: ...


def pull(access: Access, model: str) -> int:
    """Get the model onto the server, and give the exit code."""
    console = Console(stderr=True, highlight=False)
    with Screen() as screen, telling(screen):
        try:
            with servers_for(access, screen) as servers:
                server = OllamaServer(**servers.settings[0], request_timeout=LONGEST_SILENCE)
                with Bars(console) if console.is_terminal else Lines() as shown:
                    server.pull(model, shown.step)
        except (OllamaMultiModalError, NoServer) as error:
            screen.complain(in_shell_words(str(error)))
            return FAILED
        except KeyboardInterrupt:
            screen.note("Stopped. What has come stays: the same command goes on from there.")
            return INTERRUPTED
        sys.stdout.write(f"{one_line(model)} is on {server.base_url}\n")
    return DONE


class Bars:
    """One bar for each layer of the model, on a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
        )
        self._layers: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, step: Step) -> None:
        if not step.total:
            self._progress.console.print(one_line(step.status), markup=False)
            return
        if step.digest not in self._layers:
            self._layers[step.digest] = self._progress.add_task(one_line(step.status), total=step.total)
        self._progress.update(self._layers[step.digest], completed=step.completed)


class Lines:
    """A line for each step, and for each tenth of a large layer, where the output is no terminal."""

    def __init__(self) -> None:
        self._said = ""
        self._shown: dict[str, int] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""

    def step(self, step: Step) -> None:
        status = one_line(step.status)
        if not step.total:
            self._say(status)
            return
        if step.digest not in self._shown:
            self._shown[step.digest] = 0
            self._say(f"{status}: {words.size(step.total)}")
        percent = 100 * step.completed // step.total // STEP * STEP
        if step.total >= LARGE and percent > self._shown[step.digest]:
            self._shown[step.digest] = percent
            self._say(f"{status}: {percent} %")

    def _say(self, line: str) -> None:
        if line != self._said:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        self._said = line
