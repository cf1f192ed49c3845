"""results.jsonl.sight.json: up to where in the results each host's answers are followed by a canary that sang.

A run that is killed leaves answers behind that no canary followed. The next one asks the host first whether it still
sees, and takes them back where it does not.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ollama_vision.atomic_replace import replacing
from ollama_vision.errors import DamagedResultsError

from .file import real_path
from .ledger import Line

_KEPT = ("path", "page", "pages", "size", "modified", "sha256", "request", "seconds_in_video", "prompt")
_OF_SOME = frozenset({"prompt"})
"""What not every line has."""
Suspect = Mapping[str, Any]
"""What a line tells of its picture, of a line whose answer no canary followed."""
_Host = tuple[str, str]
"""A model and the address that answered for it."""
_Picture = tuple[str, int | None, str]
"""Path, page and request."""


def sight_path(results: Path) -> Path:
    real = real_path(results)
    return real.with_name(real.name + ".sight.json")


@dataclass
class SightFile:
    """The file, read and kept up; `path` is `None` where nothing is written down."""

    results: Path | None = None
    _proven: dict[_Host, int] = field(default_factory=dict)
    """Bytes of the results."""
    _suspects: dict[_Host, dict[_Picture, Suspect]] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    """Canaries of several hosts sing at once, each in a thread."""

    @classmethod
    def read(cls, results: Path) -> SightFile:
        """Raises DamagedResultsError for another kind of file."""
        file = sight_path(results)
        made = cls(results)
        try:
            told = json.loads(file.read_bytes())
            for each in told:
                host = each["model"], each["host"]
                made._proven[host] = int(each["proven"])
                made._suspects[host] = {_picture_of(suspect): dict(suspect) for suspect in each["suspects"]}
        except FileNotFoundError:
            return made
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DamagedResultsError(
                f"{file} is not what was written there ({error!r}). Take it away: it only tells which of the last "
                "answers are not proven to be of a model that saw."
            ) from error
        return made

    def see(self, line: Line) -> None:
        """A line of the results as they were left."""
        record, picture = line.record, _picture_of(line.record)
        answered = record["model"], str(record.get("host") or "")
        for host, proven in self._proven.items():
            if host[0] != record["model"] or line.end <= proven:
                continue
            self._suspects[host].pop(picture, None)  # the last line of a picture counts
            if host == answered and record["error"] is None:
                self._suspects[host][picture] = {
                    name: record.get(name) for name in _KEPT if name in record or name not in _OF_SOME
                }

    def suspects(self, model: str) -> dict[str, list[Suspect]]:
        """By host, the answers of a model that no canary followed."""
        return {host: [*lines.values()] for (of, host), lines in self._suspects.items() if of == model and lines}

    def begin(self) -> None:
        """The results are ready to be added to; what was suspected of lines that moved is known by their pictures."""
        if self._proven:
            size = self._size()
            self._proven = dict.fromkeys(self._proven, size)
            self._write()

    def forget(self) -> None:
        """The results are put aside."""
        self._proven, self._suspects = {}, {}
        self._write()

    def canary(self, model: str, host: str) -> Callable[[], None]:
        """A canary begins; what is given is called when it sang."""
        size = self._size()

        def sang() -> None:
            with self._one_at_a_time:
                self._proven[model, host], self._suspects[model, host] = size, {}
                self._write()

        return sang

    def end(self, model: str, hosts: Collection[str]) -> None:
        """A run came to its end, and these hosts see: nothing of theirs is left to be told."""
        for host in hosts:
            self._proven.pop((model, host), None)
            self._suspects.pop((model, host), None)
        self._write()

    def _size(self) -> int:
        return self.results.stat().st_size if self.results is not None and self.results.exists() else 0

    def _write(self) -> None:
        if self.results is None:
            return
        told = [
            {"model": model, "host": host, "proven": end, "suspects": [*self._suspects[model, host].values()]}
            for (model, host), end in self._proven.items()
        ]
        file = sight_path(self.results)
        if not told:
            file.unlink(missing_ok=True)
            return
        with replacing(file, is_locked=True) as new:
            new.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _picture_of(record: Mapping[str, Any]) -> _Picture:
    return record["path"], record["page"], record["request"]
