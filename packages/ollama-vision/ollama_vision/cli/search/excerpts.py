"""Excerpts: a hit in two lines, its name and the words around the first that was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ollama_vision.batch import RecordedAnswer, said_by

from ..common.screen import named, one_line

_LEAST = 40
_BEFORE = 0.3
"""How much of the line may stand before the word."""


def lines_of_hit(record: Mapping[str, Any], query: str, width: int) -> Iterator[str]:
    """The picture's name, and what was said of it, no wider than a terminal."""
    page = f", page {record['page']}" if record["page"] is not None else ""
    yield f"{named(record['path'])}{page}"
    yield f"  {excerpt(one_line(said_by(RecordedAnswer.of(record))), query, max(_LEAST, width) - 2)}"


def excerpt(text: str, query: str, width: int) -> str:
    """
    >>> excerpt("On a street in the rain, far behind, there is a red bicycle.", "Bicycle", 30)
    '…hind, there is a red bicycle.'
    """
    if len(text) <= width:
        return text
    words = {word.casefold() for word in re.findall(r"\w+", query)}
    found = [] if not words else list(re.finditer("|".join(map(re.escape, words)), text, re.IGNORECASE))
    # Where most of the words stand together; the first such place.
    starts = [max(0, min(one.start() - int(width * _BEFORE), len(text) - width)) for one in found] or [0]
    start = max(starts, key=lambda start: len({one[0].casefold() for one in found if 0 <= one.start() - start < width}))
    cut = text[start : start + width]
    return ("…" + cut[1:] if start else cut)[: width - 1] + ("…" if start + width < len(text) else cut[-1])
