"""The index of a search: answers by key in a private SQLite database, gone when it is closed, and FTS5 over them.

It spills to the system's temporary folder where it is large: nothing is written beside the results, and what is in
memory does not grow with them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ollama_vision.errors import SearchError

from ..results.ledger import Line, lines_of
from ..results.recorded_answer import RecordedAnswer
from .words import TOKENIZER, Words, folded, said_by

_CACHE = 16_000
"""KiB of the database that stay in memory."""
_TABLE = "CREATE TABLE answers (id INTEGER PRIMARY KEY, key BLOB UNIQUE, file INTEGER, place INTEGER, said TEXT)"
_ADD = (
    "INSERT INTO answers (key, file, place, said) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE "
    "SET file = excluded.file, place = excluded.place, said = excluded.said"
)
_Added = tuple[bytes, int, int, str]


class Row(NamedTuple):
    """An answer, and where its line begins."""

    key: bytes
    start: int
    said: str


class Place(NamedTuple):
    """Where a hit stands."""

    key: bytes
    file: int
    start: int
    """Where its line begins, in bytes; an editor's empty lines may come first."""
    score: float
    """The higher the better."""


class AnswerIndex:
    """The last answers of some files: of each model, request, picture and page the last line, unless it is an error."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.broken_off: list[Path] = []
        """Files whose last line is not whole."""

    @property
    def answers(self) -> int:
        return self._number("SELECT count(*) FROM answers WHERE said != ''")

    def add(self, files: Sequence[Path]) -> None:
        """Look through the files, in their order. Raises DamagedResultsError, OSError."""
        self._database.execute(_TABLE)
        for number, file in enumerate(files):
            self._database.executemany(_ADD, self._rows(number, file))

    def _rows(self, number: int, file: Path) -> Iterator[_Added]:
        end = 0
        with file.open("rb") as lines:
            for line in lines_of(lines, file):
                yield key_of(line.record), number, end, _said(line)
                end = line.end
            lines.seek(end)
            if lines.read().strip():
                self.broken_off.append(file)

    def rows_of(self, file: int, most: int) -> Iterator[list[Row]]:
        """The answers of a file in the order of its lines, so many at a time."""
        found = self._database.execute(
            "SELECT key, place, said FROM answers WHERE said != '' AND file = ? ORDER BY place", (file,)
        )
        while rows := [Row(*row) for row in found.fetchmany(most)]:
            yield rows

    def with_words(self, words: Words, limit: int | None) -> tuple[list[Place], int]:
        """The hits, best first (bm25), and how many there are without the limit."""
        self._open_words()
        found = self._database.execute(
            "SELECT key, file, place, -bm25(found) FROM found JOIN answers ON answers.id = found.rowid "
            "WHERE found MATCH ? ORDER BY bm25(found), answers.id LIMIT ?",
            (words.match, -1 if limit is None else limit),
        )
        places = [Place(*row) for row in found]
        count = self._number("SELECT count(*) FROM found WHERE found MATCH ?", words.match)
        return places, count

    def _open_words(self) -> None:
        try:
            # Without the texts, which stand in the other table.
            self._database.execute(f"CREATE VIRTUAL TABLE found USING fts5(said, content='', tokenize=\"{TOKENIZER}\")")
        except sqlite3.OperationalError as error:
            if "no such module" not in str(error):
                raise
            raise SearchError(
                f"The SQLite of this Python ({sqlite3.sqlite_version}) was built without FTS5, its full-text search. "
                "Take a Python that has it, as those of python.org, uv and all large distributions have."
            ) from error
        self._database.create_function("folded", 1, folded, deterministic=True)
        self._database.execute("INSERT INTO found (rowid, said) SELECT id, folded(said) FROM answers WHERE said != ''")

    def _number(self, query: str, *values: str) -> int:
        ((number,),) = self._database.execute(query, values)
        return int(number)


@contextmanager
def index_of(files: Sequence[Path]) -> Iterator[AnswerIndex]:
    """Made of the files as they are now. Raises SearchError, DamagedResultsError, OSError."""
    try:
        # No name: a file that nobody else sees, in memory as long as it is small.
        database = sqlite3.connect("", isolation_level=None)
        try:
            database.execute(f"PRAGMA cache_size = -{_CACHE}")
            database.execute("BEGIN")
            index = AnswerIndex(database)
            index.add(files)
            yield index
        finally:
            database.close()
    except sqlite3.Error as error:
        raise SearchError(
            f"The index of the search cannot be made: SQLite says {error}. It is in the temporary folder, which "
            "SQLITE_TMPDIR names."
        ) from error


def key_of(record: Mapping[str, Any]) -> bytes:
    """Who was asked what about which picture."""
    about = record["model"], record["request"], record["path"], record["page"]
    return hashlib.blake2b(json.dumps(about).encode(), digest_size=16).digest()


def _said(line: Line) -> str:
    """Empty for an error: it takes the place of an earlier answer, and is none."""
    if line.record["error"] is not None:
        return ""
    # What SQLite takes: JSON may hold halves of surrogate pairs.
    return said_by(RecordedAnswer.of(line.record)).encode("utf-8", "replace").decode()
