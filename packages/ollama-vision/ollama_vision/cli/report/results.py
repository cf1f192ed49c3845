"""Reader of results.jsonl for the report: an index made in one pass, lines read again one picture at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO

from ollama_vision.batch import RecordedAnswer, lines_of, read_requests, record_at, usage_in

from .groups import Group, Key, Link, groups_of
from .verdicts import Verdict

_KEPT = 64
"""Lines that are held of pictures with copies, which mostly stand side by side."""


@dataclass(frozen=True)
class Answer(RecordedAnswer):
    """What one model said to one picture, with all that a card shows of it."""

    message: str
    """The error's; empty for an answer."""
    finish_reason: str
    model: str
    request: str
    usage: Mapping[str, int]
    pictures: tuple[Mapping[str, Any], ...]
    """What was sent of each picture, and what the server made of it: of answers that name boxes."""
    verdict: Verdict | None
    """Of a page that was read."""
    prompt: str
    """What was asked, where that was this picture's own; empty where the request tells it."""

    @classmethod
    def of(cls, record: Mapping[str, Any], **more: Any) -> Answer:
        return super().of(
            record,
            message=str((record["error"] or {}).get("message", "")),
            finish_reason=str(record.get("finish_reason") or ""),
            model=record["model"],
            request=record["request"],
            usage=usage_in(record),
            pictures=tuple(record.get("pictures") or ()),
            verdict=Verdict.of(record),
            prompt=str(record.get("prompt") or ""),
            **more,
        )

    @property
    def asking(self) -> tuple[str, str]:
        """Model and request: who was asked, and what."""
        return self.model, self.request

    @property
    def shares(self) -> Mapping[str, float]:
        """How probable each label is, or how sure the model was of fields of its answer."""
        return self.confidence if self.label is None else self.probabilities or {}


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
    """By name, numbers in names counted: 9.jpg stands before 10.jpg; or as their first lines stand in the file."""
    askings: tuple[tuple[str, str], ...]
    """The models and requests, in the order of their first lines."""
    replaced: int
    """Lines that a later one of the same picture, model and request took the place of."""
    is_cut: bool
    """Whether the last line was only half written, and is left out."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """What was asked, by request, as far as it is known."""
    groups: Mapping[Key, Group] = field(default_factory=dict)
    """By path and page, of pictures that were asked about once, or have the answer to another one."""

    @classmethod
    def of(cls, file: Path, *, by_name: bool = True) -> Results:
        """Look through the file once. Raises DamagedResultsError for a line that cannot be read, OSError."""
        found: dict[tuple[str, int | None], dict[int, int]] = {}
        askings: dict[tuple[str, str], int] = {}
        links: dict[Key, tuple[int, Link]] = {}
        replaced, place = 0, 0
        with file.open("rb") as lines:
            for line in lines_of(lines, file):
                asking = askings.setdefault((line.record["model"], line.record["request"]), len(askings))
                places = found.setdefault((line.record["path"], line.page), {})
                replaced += asking in places
                places[asking], place = place, line.end
                if (link := Link.of(line.record)) is not None:
                    links[line.record["path"], line.page] = asking, link
            lines.seek(place)
            rest = lines.read()
            held = _held(links, found, lru_cache(_KEPT)(partial(_line_about, lines, file)))
        pictures = tuple(
            Picture(path, page, tuple(places[asking] for asking in sorted(places)))
            for (path, page), places in (
                sorted(found.items(), key=lambda item: _by_name(*item[0])) if by_name else found.items()
            )
        )
        prompts = {request: str(asked.get("prompt", "")) for request, asked in read_requests(file).items()}
        groups = groups_of(((picture.path, picture.page) for picture in pictures), held)
        return cls(file, pictures, tuple(askings), replaced, bool(rest.strip()), prompts, groups)

    def answers(self) -> Iterator[tuple[Answer, ...]]:
        """What was said to each picture, in the order of `pictures`; only these lines are read again."""
        with self.file.open("rb") as lines:
            for picture in self.pictures:
                yield tuple(self._answer(lines, picture, place) for place in picture.places)

    def _answer(self, lines: BinaryIO, picture: Picture, place: int) -> Answer:
        return Answer.of(_line_about(lines, self.file, (picture.path, picture.page), place))


def _line_about(lines: BinaryIO, file: Path, key: Key, place: int) -> dict[str, Any]:
    return record_at(lines, file, place, lambda record: (record["path"], record["page"]) == key)


def _held(
    links: Mapping[Key, tuple[int, Link]],
    places: Mapping[Key, Mapping[int, int]],
    line_about: Callable[[Key, int], Mapping[str, Any]],
) -> dict[Key, Link]:
    """The links by their copies; told is which of them lead to a picture that has another answer since."""
    held = {}
    for key, (asking, link) in links.items():
        place = places.get(link.asked, {}).get(asking)
        is_earlier = place is not None and not link.holds(line_about(link.asked, place))
        held[key] = replace(link, is_earlier=is_earlier)
    return held


def _by_name(path: str, page: int | None) -> tuple[Any, ...]:
    parts = re.split(r"([0-9]+)", path.casefold())
    # By length first, so that numbers are compared without being made: a name may hold one of 10,000 digits.
    numbers = [(len(part.lstrip("0")), part.lstrip("0")) for part in parts[1::2]]
    return parts[0], list(zip(numbers, parts[2::2], strict=True)), path, page or 0
