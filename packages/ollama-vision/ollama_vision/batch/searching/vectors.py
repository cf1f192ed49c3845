"""Cache of embeddings beside the results, an SQLite file: a search asks only about what is new or has changed."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from ollama_vision.errors import SearchError
from ollama_vision.user_warnings import warn_user

from ..results.file import real_path

Vector: TypeAlias = "array[float]"
"""Singles, as servers send them."""
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (model TEXT, text BLOB, vector BLOB, PRIMARY KEY (model, text))"
_PATIENCE = 30.0
"""Seconds, while another search writes it."""
_AT_ONCE = 500
"""Values in one statement; the oldest SQLite takes 999."""


def path_beside(results: Path) -> Path:
    real = real_path(results)
    return real.with_name(f"{real.name}.embeddings.db")


class KeptVectors:
    """Vectors of one model and length, by text."""

    def __init__(self, database: sqlite3.Connection, file: Path, model: str, length: int) -> None:
        self._file = file
        self._database = database
        self._model = model
        self._bytes = 4 * length

    @classmethod
    @contextmanager
    def beside(cls, results: Path, model: str, length: int) -> Iterator[KeptVectors]:
        """Opened, or a new one; where nothing can be kept, a warning says so, and it lasts as long as the block.

        Raises:
            SearchError: there is another kind of file.
        """
        file = path_beside(results)
        try:
            database = _opened(str(file))
        except sqlite3.OperationalError as error:
            warn_user(f"Embeddings are not kept in {file}: SQLite says {error}. The next search asks for them again.")
            database = _opened("")
        except sqlite3.DatabaseError as error:
            raise _unusable(file, error) from error
        try:
            yield cls(database, file, model, length)
        finally:
            database.close()

    def of(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Those that are here."""
        by_hash = {_hash(text): text for text in texts}
        hashes, found = list(by_hash), {}
        for start in range(0, len(hashes), _AT_ONCE):
            some = hashes[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._database.execute(
                f"SELECT text, vector FROM vectors WHERE model = ? AND text IN ({marks})",  # noqa: S608 - marks alone
                (self._model, *some),
            )
            for text, vector in rows:
                if len(vector) == self._bytes:  # of another length it is of another model, whatever its name
                    found[by_hash[text]] = _from_bytes(vector)
        return found

    def keep(self, vectors: Mapping[str, Vector]) -> None:
        rows = [(self._model, _hash(text), _to_bytes(vector)) for text, vector in vectors.items()]
        try:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            self._database.commit()
        except sqlite3.Error as error:
            raise _unusable(self._file, error) from error


def _unusable(file: Path, error: sqlite3.Error) -> SearchError:
    return SearchError(
        f"The embeddings in {file} cannot be read or added to: SQLite says {error}. Where the disk is full, make room; "
        "else move it away: it is made anew."
    )


def _opened(file: str) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=_PATIENCE)
    try:
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(_TABLE)
        # Tells whether it can be written.
        database.execute("BEGIN IMMEDIATE")
        database.commit()
    except BaseException:
        database.close()
        raise
    return database


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _to_bytes(vector: Vector) -> bytes:
    return _little(array("f", vector)).tobytes()


def _from_bytes(data: bytes) -> Vector:
    vector = array("f")
    vector.frombytes(data)
    return _little(vector)


def _little(vector: Vector) -> Vector:
    """In the order of bytes that the file has on every machine."""
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
