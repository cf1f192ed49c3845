"""Search over the answers of results.jsonl and pages.jsonl: the lines that have the words, best first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..results.ledger import record_at
from .index import Place, index_of, key_of
from .words import Words


@dataclass(frozen=True)
class Hit:
    """One line that was found."""

    file: Path
    record: dict[str, Any]
    score: float

    def to_dict(self) -> dict[str, Any]:
        """The line's own fields, and the score."""
        return {**self.record, "score": self.score}


@dataclass(frozen=True)
class Hits:
    """What a search found: places in the files, from which lines are read when they are asked for."""

    files: tuple[Path, ...]
    places: tuple[Place, ...]
    """Best first."""
    count: int
    """How many there are without the limit."""
    answers: int
    """How many were searched."""
    broken_off: tuple[Path, ...]
    """Files whose last line is not whole, and was left out."""

    def __iter__(self) -> Iterator[Hit]:
        """Raises DamagedResultsError where a file was changed meanwhile."""
        for place in self.places:
            file = self.files[place.file]
            with file.open("rb") as lines:
                yield Hit(file, record_at(lines, file, place.start, _known_by(place.key)), place.score)


def _known_by(key: bytes) -> Callable[[dict[str, Any]], bool]:
    return lambda record: key_of(record) == key


def search(files: Sequence[Path], query: str, *, limit: int | None = None) -> Hits:
    """See `search_results`; the lines are read as the hits are gone through."""
    words = Words.of(query)
    with index_of(files) as index:
        places, count = index.with_words(words, limit)
        return Hits(tuple(files), tuple(places), count, index.answers, tuple(index.broken_off))


def search_results(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    query: str,
    *,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """The lines of results.jsonl, or of pages.jsonl, whose answers have all words of a query, best first (bm25).

    Of each model, request, picture and page the last line is searched: its text, the values of its fields, its label.
    One with an error is no hit. Case and accents do not matter; words of Chinese, Japanese, Korean and Thai are found
    within a sentence.

    Args:
        files: one file of results, or several.
        query: words, in any order; in double quotes a phrase, whose words stand one after the other.
        limit: how many hits at the most.

    Returns:
        The lines as they stand in the files, each with its `score`: the higher, the better.

    Raises:
        SearchError: the query has no word, or a quote that is not closed; or Python's SQLite has no full-text search.
        DamagedResultsError: a file of results cannot be read.
        OSError: a file is not there.
    """
    given = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    return [hit.to_dict() for hit in search([Path(file) for file in given], query, limit=limit)]
