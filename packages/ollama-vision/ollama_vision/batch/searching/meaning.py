"""Search by meaning: embeddings of query and answers from an Ollama server, and the answers nearest by their cosine."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path

from ollama_vision.errors import BadReplyError, ContextOverflowError, SearchError, ServerError
from ollama_vision.server import OllamaServer

from .index import AnswerIndex, Place
from .vectors import KeptVectors, Vector

NEAREST = 20
"""Hits, where no limit is named: by meaning every answer is one, near or far."""
_TOGETHER = 32
"""Texts in one request."""
_ROWS = 128
"""Answers that are held at a time."""


@dataclass(frozen=True)
class Meaning:
    """Who tells embeddings."""

    model: str
    server: OllamaServer
    on_progress: Callable[[int, int], None] = lambda done, of: None
    """Called with how many answers are looked at, of all."""

    def nearest(self, index: AnswerIndex, files: Sequence[Path], query: str, limit: int | None) -> list[Place]:
        """The answers nearest to the query, the nearest first; a score is the cosine.

        Raises SearchError, and what the server's errors are.
        """
        if not query.strip():
            raise SearchError("The query is empty: there is nothing to look for.")
        known_as = self._known_as()
        (asked,) = self._vectors([query])
        places = self._scored(index, files, asked, known_as)
        # The earlier in the files where two are as near.
        ranked = ((place.score, -number, place) for number, place in enumerate(places))
        return [place for _, _, place in heapq.nlargest(NEAREST if limit is None else limit, ranked)]

    def _known_as(self) -> str:
        """The model and its digest: under one name there may be another model tomorrow."""
        try:
            listed = self.server.models()
        except (ServerError, BadReplyError):
            return self.model  # a gateway may let nothing through but what is asked for: the name is what there is
        for each in listed:
            if each.name in (self.model, f"{self.model}:latest"):
                return f"{each.name} {each.details.get('digest', '')}"
        return self.model

    def _scored(self, index: AnswerIndex, files: Sequence[Path], asked: Vector, known_as: str) -> Iterator[Place]:
        done, of = 0, index.answers
        for number, file in enumerate(files):
            with KeptVectors.beside(file, known_as, len(asked)) as kept:
                for rows in index.rows_of(number, _ROWS):
                    vectors = self._of_answers([row.said for row in rows], kept)
                    yield from (Place(row.key, number, row.start, dot(asked, vectors[row.said])) for row in rows)
                    done += len(rows)
                    self.on_progress(done, of)

    def _of_answers(self, texts: Sequence[str], kept: KeptVectors) -> dict[str, Vector]:
        """Those that are kept, and the others from the server, kept as they come."""
        found = kept.of(texts)
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for start in range(0, len(new), _TOGETHER):
            some = new[start : start + _TOGETHER]
            vectors = dict(zip(some, self._vectors(some), strict=True))
            kept.keep(vectors)
            found |= vectors
        return found

    def _vectors(self, texts: Sequence[str]) -> list[Vector]:
        """Each of length 1. A text that is too long for the model is embedded in parts, whose mean it gets."""
        try:
            return [unit(each) for each in self.server.embed(self.model, texts)]
        except ContextOverflowError:
            if len(texts) > 1:
                return [vector for text in texts for vector in self._vectors([text])]
            parts = halves(texts[0])
            if not all(parts):
                raise
            return [unit(list(map(math.fsum, zip(*self._vectors(parts), strict=True))))]


def halves(text: str) -> tuple[str, str]:
    """Cut at the space nearest before the middle, else in the middle."""
    middle = len(text) // 2
    space = text.rfind(" ", 1, middle + 1)
    cut = middle if space < middle // 2 else space
    return text[:cut], text[cut:]


def unit(vector: Sequence[float]) -> Vector:
    """The same direction with length 1; of a vector without any, nothing."""
    length = math.hypot(*vector) or 1.0
    return array("f", [each / length for each in vector])


def dot(one: Vector, other: Vector) -> float:
    return math.fsum(map(mul, one, other))
