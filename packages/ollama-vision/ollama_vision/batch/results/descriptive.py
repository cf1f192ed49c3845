"""Descriptive metadata: title, description and keywords, as an answer gives them, for the files of archives."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FIELDS = ("description", "title", "keywords")
"""Of a schema: those that a sidecar has a place for."""
_BETWEEN_KEYWORDS = re.compile(r"[,;\n]")


@dataclass(frozen=True)
class Descriptive:
    """What is known of a picture in words; `None` where nothing is said, as with a field that is empty."""

    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Descriptive:
        """From a line: its fields, or its whole answer as the description where it was asked without a schema."""
        fields = record["fields"]
        if fields is None:
            return cls(description=_words(record["text"]))
        return cls(_words(fields.get("title")), _words(fields.get("description")), _keywords(fields.get("keywords")))

    def __bool__(self) -> bool:
        return bool(self.title or self.description or self.keywords)


def caption_of(record: Mapping[str, Any]) -> str:
    """One line for who trains on it: the keywords, else the description, else the answer as it is."""
    told = Descriptive.of(record)
    fields = record["fields"]
    if told.keywords:
        line = ", ".join(told.keywords)
    elif told.description:
        line = told.description
    elif fields is not None and "keywords" in fields:
        line = ""  # none were given: JSON is no caption
    else:
        line = record["text"]
    return " ".join(line.split())


def union(there: Iterable[str], more: Iterable[str]) -> list[str]:
    """Which of `more` are not there yet, in their order; upper and lower case are one, and so are ways to write é."""
    seen = {_same(each) for each in there}
    new = []
    for each in more:
        if _same(each) not in seen:
            seen.add(_same(each))
            new.append(each)
    return new


def _same(keyword: str) -> str:
    return unicodedata.normalize("NFC", keyword.strip()).casefold()


def _words(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.strip() or None


def _keywords(value: Any) -> tuple[str, ...]:
    """A list of them, or a text with commas, semicolons or newlines between them."""
    if isinstance(value, str):
        value = _BETWEEN_KEYWORDS.split(value)
    elif value is None:
        value = []
    elif not isinstance(value, (list, tuple)):
        value = [value]
    words = [" ".join(each.split()) for each in map(_words, value) if each is not None]
    return tuple(union((), words))
