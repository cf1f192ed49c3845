"""Reader of results.jsonl for the report: an index made in one pass, lines read again one picture at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ollama_vision.batch import Version, lines_of, read_record, read_requests
from ollama_vision.errors import DamagedResultsError


@dataclass(frozen=True)
class Fault:
    """Why there is no answer."""

    type: str
    message: str


@dataclass(frozen=True)
class Answer:
    """One line: what one model said to one picture, or why it said nothing."""

    path: str
    page: int | None
    """The page or frame, counted from 1; `None` for a picture of its own, and for all pages together."""
    pages: int | None
    version: Version
    sha256: str
    text: str
    fields: Any
    error: Fault | None
    finish_reason: str
    model: str
    request: str
    usage: Mapping[str, int]
    seconds: float
    seconds_in_video: float | None
    pictures: tuple[Mapping[str, Any], ...] = ()
    """What was sent of each picture, and what the server made of it: of answers that name boxes."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """How probable each label is, or how sure the model was of fields of its answer."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Answer:
        """What a line says. A number that is none, in a line that somebody wrote by hand, counts as not said."""
        usage, error = record.get("usage"), record["error"]
        return cls(
            path=record["path"],
            page=record["page"],
            pages=record["pages"],
            version=Version(record["size"], record["modified"]),
            sha256=str(record.get("sha256") or ""),
            text=record["text"],
            fields=record.get("fields"),
            error=None if error is None else Fault(str(error.get("type", "")), str(error.get("message", ""))),
            finish_reason=str(record.get("finish_reason") or ""),
            model=record["model"],
            request=record["request"],
            usage={k: v for k, v in usage.items() if isinstance(v, int)} if isinstance(usage, dict) else {},
            seconds=_number(record.get("seconds")) or 0.0,
            seconds_in_video=_number(record.get("seconds_in_video")),
            pictures=tuple(record.get("pictures") or ()),
            shares=_shares(record),
        )

    @property
    def asking(self) -> tuple[str, str]:
        """Model and request: who was asked, and what."""
        return self.model, self.request


def _shares(record: Mapping[str, Any]) -> dict[str, float]:
    choice = record.get("choice")
    told = choice.get("probabilities") if isinstance(choice, dict) else record.get("confidence")
    if not isinstance(told, dict):
        return {}
    return {str(name): share for name, value in told.items() if (share := _number(value)) is not None}


def _number(value: Any) -> float | None:
    # Also turns down what JSON does not have and Python reads: NaN, Infinity.
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e9 else None


@dataclass(frozen=True)
class Picture:
    """A picture or page with the places of its lines in the file: one for each model and request, the last said."""

    path: str
    page: int | None
    places: tuple[int, ...]


@dataclass(frozen=True)
class Results:
    """The file as it was when it was looked through; keeps names and places, about 500 bytes a picture."""

    file: Path
    pictures: tuple[Picture, ...]
    """By name, numbers in names counted: 9.jpg stands before 10.jpg."""
    askings: tuple[tuple[str, str], ...]
    """The models and requests, in the order of their first lines."""
    replaced: int
    """Lines that a later one of the same picture, model and request took the place of."""
    is_cut: bool
    """Whether the last line was only half written, and is left out."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """What was asked, by request, as far as it is known."""

    @classmethod
    def of(cls, file: Path) -> Results:
        """Look through the file once. Raises DamagedResultsError for a line that cannot be read, OSError."""
        found: dict[tuple[str, int | None], dict[int, int]] = {}
        askings: dict[tuple[str, str], int] = {}
        replaced, place = 0, 0
        with file.open("rb") as lines:
            for line in lines_of(lines, file):
                asking = askings.setdefault((line.record["model"], line.record["request"]), len(askings))
                places = found.setdefault((line.record["path"], line.page), {})
                replaced += asking in places
                places[asking], place = place, line.end
            lines.seek(place)
            rest = lines.read()
        pictures = tuple(
            Picture(path, page, tuple(places[asking] for asking in sorted(places)))
            for (path, page), places in sorted(found.items(), key=lambda item: _by_name(*item[0]))
        )
        prompts = {request: str(asked.get("prompt", "")) for request, asked in read_requests(file).items()}
        return cls(file, pictures, tuple(askings), replaced, bool(rest.strip()), prompts)

    def answers(self) -> Iterator[tuple[Answer, ...]]:
        """What was said to each picture, in the order of `pictures`; only these lines are read again."""
        with self.file.open("rb") as lines:
            for picture in self.pictures:
                yield tuple(self._answer(lines, picture, place) for place in picture.places)

    def _answer(self, lines: BinaryIO, picture: Picture, place: int) -> Answer:
        lines.seek(place)
        # An editor's empty lines stand between the end of one line and the beginning of the next.
        data = next((line for line in lines if line.strip()), b"")
        try:
            answer = Answer.of(read_record(data))
        except ValueError:
            answer = None
        if answer is None or (answer.path, answer.page) != (picture.path, picture.page):
            raise DamagedResultsError(
                f"{self.file} was changed while it was read. Start again when nobody writes to it."
            )
        return answer


def _by_name(path: str, page: int | None) -> tuple[Any, ...]:
    parts = re.split(r"([0-9]+)", path.casefold())
    # By length first, so that numbers are compared without being made: a name may hold one of 10,000 digits.
    numbers = [(len(part.lstrip("0")), part.lstrip("0")) for part in parts[1::2]]
    return parts[0], list(zip(numbers, parts[2::2], strict=True)), path, page or 0
