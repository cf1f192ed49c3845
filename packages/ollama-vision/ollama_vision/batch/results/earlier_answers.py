"""Answers of earlier runs that stand in results.jsonl, for pictures that look like those that they are about."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ollama_vision.atomic_replace import replacing

from .ledger import Key, Line, Version, encode, lines_of, read_record, record_at
from .own_prompts import digest_of

_HASH = re.compile("[0-9a-f]{16}")


class EarlierAnswer(NamedTuple):
    """A picture that was asked about itself, and answered."""

    path: str
    version: Version
    dhash: int | None
    """`None` where the run did not look for near-duplicates."""
    place: int
    """Where its line begins, in bytes."""
    prompt: str
    """The digest of what it was asked, where that was its own."""


@dataclass
class EarlierAnswers:
    """Those of a file; without a file none."""

    results: Path | None = None
    _answers: dict[Key, EarlierAnswer] = field(default_factory=dict)

    @classmethod
    def read(cls, results: Path, requests: Collection[str]) -> EarlierAnswers:
        """The last line of each picture counts. Raises DamagedResultsError, OSError."""
        made, place = cls(results), 0
        with results.open("rb") as file:
            for line in lines_of(file, results):
                if line.record["request"] in requests:
                    made._see(line, place)
                place = line.end
        return made

    def _see(self, line: Line, place: int) -> None:
        record = line.record
        if record["error"] is not None or record.get("same_as") is not None or not is_one_picture(record):
            self._answers.pop(line.key, None)
            return
        told = record.get("dhash")
        if told is None and "dhash" in record:
            self._answers.pop(line.key, None)  # too even to be told from others so
            return
        dhash = int(told, 16) if isinstance(told, str) and _HASH.fullmatch(told) else None
        self._answers[line.key] = EarlierAnswer(
            line.key.path, line.version, dhash, place, digest_of(record.get("prompt"))
        )

    def unknown(self) -> list[EarlierAnswer]:
        """Those without a hash."""
        return [answer for answer in self._answers.values() if answer.dhash is None]

    def of_request(self, request: str) -> list[EarlierAnswer]:
        return [answer for key, answer in self._answers.items() if key.request == request]

    def record(self, answer: EarlierAnswer) -> dict[str, Any]:
        """Its line, read again. Raises DamagedResultsError where it is not there any more."""
        assert self.results is not None, "there are answers of a file alone"  # noqa: S101
        with self.results.open("rb") as lines:
            return record_at(lines, self.results, answer.place, lambda record: record["path"] == answer.path)


def write_hashes(results: Path, hashes: Mapping[int, int | None]) -> None:
    """Put hashes into lines, by the places where they begin; in one step, as long as nobody else writes."""
    place = 0
    with replacing(results, is_locked=True) as new, results.open("rb") as old, new.open("wb") as file:
        for data in old:
            if not data.isspace():
                if place in hashes:
                    data = encode({**read_record(data), "dhash": in_hex(hashes[place])})
                place = old.tell()
            file.write(data)


def in_hex(dhash: int | None) -> str | None:
    """As lines have it; `None` of a picture that is too even for one."""
    return None if dhash is None else f"{dhash:016x}"


def is_one_picture(record: Mapping[str, Any]) -> bool:
    """And no page or frame, and not several of them together."""
    return record["page"] is None and record["pages"] in (None, 1)
