"""Search over the answers of results.jsonl and pages.jsonl: the lines that have the words, best first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..results.ledger import record_at
from .index import Place, index_of, key_of
from .words import Words

if TYPE_CHECKING:
    from .meaning import Meaning

_SILENCE = 600.0
"""Seconds that are borne: the model may have to be loaded first."""


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


def search(files: Sequence[Path], query: str, *, limit: int | None = None, meaning: Meaning | None = None) -> Hits:
    """See `search_results`; the lines are read as the hits are gone through."""
    words = Words.of(query) if meaning is None else None
    with index_of(files) as index:
        if meaning is not None:
            places = meaning.nearest(index, files, query, limit)
            count = len(places)
        elif words is not None:
            places, count = index.with_words(words, limit)
        return Hits(tuple(files), tuple(places), count, index.answers, tuple(index.broken_off))


def search_results(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    query: str,
    *,
    limit: int | None = None,
    embed: str | None = None,
    host: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> list[dict[str, Any]]:
    """The lines of results.jsonl, or of pages.jsonl, whose answers have all words of a query, best first (bm25).

    Of each model, request, picture and page the last line is searched: its text, the values of its fields, its label.
    One with an error is no hit. Case and accents do not matter; words of Chinese, Japanese, Korean and Thai are found
    within a sentence.

    With `embed` it is by meaning: the answers nearest to the query, by the cosine of their embeddings. These are kept
    beside each file, in `results.jsonl.embeddings.db`, so that the next search asks only about answers that are new.

    Args:
        files: one file of results, or several.
        query: words, in any order; in double quotes a phrase, whose words stand one after the other. With `embed` a
            text as it stands.
        limit: how many hits at the most. Without it all; with `embed` 20, for there every answer is near or far.
        embed: a model that makes embeddings, such as "embeddinggemma".
        host: its server; as for `VisionModel` when left out.
        on_progress: called with how many answers have their embedding, and how many there are.
        settings: those of `OllamaServer`: `headers`, `verify`, `cert`, `request_timeout` (600 seconds).

    Returns:
        The lines as they stand in the files, each with its `score`: the higher, the better.

    Raises:
        SearchError: the query has no word, or a quote that is not closed; or Python's SQLite has no full-text search.
        CapabilityError: the model makes no embeddings. What else a server can answer is raised as it is.
        DamagedResultsError: a file of results cannot be read.
        OSError: a file is not there.
        TypeError: what is for a server is given without `embed`.
    """
    meaning = None
    if embed is not None:
        meaning = meaning_of(embed, on_progress, base_url=host, **settings)
    elif host is not None or on_progress is not None or settings:
        raise TypeError(
            f"{', '.join(['host', 'on_progress', *settings])}: these are for a search by meaning, embed=MODEL."
        )
    given = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    return [hit.to_dict() for hit in search([Path(file) for file in given], query, limit=limit, meaning=meaning)]


def meaning_of(model: str, on_progress: Callable[[int, int], None] | None = None, **settings: Any) -> Meaning:
    """A model on a server that makes embeddings, by the settings of `OllamaServer`."""
    from ollama_vision.server import OllamaServer

    from .meaning import Meaning

    server = OllamaServer(**{"request_timeout": _SILENCE, **settings})
    return Meaning(model, server, on_progress or (lambda done, of: None))
