"""The conversations that `ask --continue` goes on with: one SQLite file in the user's state folder, mode 0600.

Two commands at once are two branches: each exchange knows the one that it follows. The oldest ones leave first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_vision.lazy import LazyModule

from ..common.folders import state_folder

if TYPE_CHECKING:
    import sqlite3
else:
    sqlite3 = LazyModule("sqlite3")  # most answers are on the screen before it is needed

FILE_NAME = "conversations.db"
VERSION = 1
"""`PRAGMA user_version`."""
MOST_CONVERSATIONS = 100
MOST_BYTES = 64_000_000
"""Of texts, and of pictures that came from a URL or a pipe."""
PATIENCE = 5.0
"""Seconds that another command may write."""

_ELSEWHERE = "With --no-log nothing is kept; XDG_STATE_HOME names another folder."

_TABLES = """
CREATE TABLE exchange (
    id INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL, follows INTEGER, at TEXT NOT NULL,
    question TEXT NOT NULL, answer TEXT NOT NULL, preparation TEXT NOT NULL, settings TEXT NOT NULL
);
CREATE INDEX exchange_conversation ON exchange (conversation);
CREATE TABLE picture (
    exchange INTEGER NOT NULL REFERENCES exchange (id) ON DELETE CASCADE, place INTEGER NOT NULL,
    name TEXT NOT NULL, sha256 TEXT, data BLOB, PRIMARY KEY (exchange, place)
);
"""
_CHAIN = """
WITH RECURSIVE chain (id, depth) AS (
    SELECT MAX(id), 0 FROM exchange
    UNION ALL SELECT exchange.follows, depth + 1 FROM exchange JOIN chain ON exchange.id = chain.id
    WHERE exchange.follows IS NOT NULL
)
SELECT exchange.id, question, answer, preparation, settings FROM chain JOIN exchange ON exchange.id = chain.id
ORDER BY depth DESC
"""
_BYTES = """
SELECT (SELECT COALESCE(SUM(LENGTH(question) + LENGTH(answer)), 0) FROM exchange)
    + (SELECT COALESCE(SUM(LENGTH(data)), 0) FROM picture)
"""


class KeepingError(Exception):
    """The file cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True)
class KeptPicture:
    """One that was asked about, as it can be found again."""

    name: str
    """A path, a URL without credentials, or `-`."""
    sha256: str | None
    """Of a file's bytes; `None` where it could not be found again even then, a pipe say."""
    data: bytes | None = field(default=None, repr=False)
    """What came from a URL or from standard input."""


@dataclass(frozen=True)
class KeptExchange:
    question: str
    answer: str
    pictures: tuple[KeptPicture, ...]
    preparation: Mapping[str, Any]
    """The options by which the pictures were prepared."""
    settings: Mapping[str, Any]
    """Model, host and options that the conversation goes on with."""
    id: int = 0


@dataclass(frozen=True)
class Facts:
    path: Path
    conversations: int
    size: int
    """Bytes of the file."""


class Conversations:
    """The file; made with the first exchange."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of_user(cls) -> Conversations:
        """Raises KeepingError where there is no home."""
        folder = state_folder()
        if folder is None:
            raise KeepingError("There is no home folder to keep conversations in: set XDG_STATE_HOME, or say --no-log.")
        return cls(folder / FILE_NAME)

    def newest(self) -> tuple[KeptExchange, ...]:
        """The exchanges of the newest conversation, the first one first; none where nothing is kept. Raises
        KeepingError."""
        if not self._is_there():
            return ()
        with self._open() as database:
            return tuple(
                KeptExchange(question, answer, _pictures(database, id), json.loads(how), json.loads(settings), id)
                for id, question, answer, how, settings in database.execute(_CHAIN).fetchall()
            )

    def add(self, exchange: KeptExchange, *, follows: int | None) -> None:
        """Keep an exchange that goes on after that one, or begins. Raises KeepingError."""
        self._make()
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            conversation = _conversation_of(database, follows)
            if follows is not None and conversation is None:
                # Without what went before, and its pictures, it would be another conversation.
                raise KeepingError("What it goes on with was erased meanwhile.")
            new = database.execute(
                "INSERT INTO exchange (conversation, follows, at, question, answer, preparation, settings)"
                " VALUES (?, ?, datetime('now'), ?, ?, ?, ?)",
                (
                    conversation or 0,
                    follows,
                    exchange.question,
                    exchange.answer,
                    json.dumps(dict(exchange.preparation)),
                    json.dumps(dict(exchange.settings)),
                ),
            ).lastrowid
            if conversation is None:
                database.execute("UPDATE exchange SET conversation = id WHERE id = ?", (new,))
            database.executemany(
                "INSERT INTO picture VALUES (?, ?, ?, ?, ?)",
                # As JSON: the bytes of a file's name need not be text.
                [
                    (new, place, json.dumps(each.name), each.sha256, each.data)
                    for place, each in enumerate(exchange.pictures)
                ],
            )
            _trim(database)
            database.execute("COMMIT")

    def facts(self) -> Facts:
        """Raises KeepingError."""
        if not self._is_there():
            return Facts(self.path, 0, 0)
        with self._open() as database:
            (count,) = database.execute("SELECT COUNT(DISTINCT conversation) FROM exchange").fetchone()
        return Facts(self.path, count, self.path.stat().st_size)

    def forget(self) -> bool:
        """Erase everything; whether there was anything. Raises KeepingError."""
        there = False
        for path in self._files():
            try:
                path.unlink()
                there = True
            except FileNotFoundError:
                continue
            except OSError as error:
                raise KeepingError(f"{path} cannot be erased: {error.strerror}. Erase it by hand.") from error
        return there

    def _files(self) -> Iterator[Path]:
        """With those that SQLite writes beside it; of a link, what it leads to goes first."""
        for file in dict.fromkeys((Path(os.path.realpath(self.path)), self.path)):
            for ending in ("", "-journal", "-wal", "-shm"):
                yield file.with_name(file.name + ending)

    def _is_there(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:
            raise KeepingError(f"{self.path} cannot be read: {error.strerror}.") from error

    def _make(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its journal the mode that the file has.
            number = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if os.name == "posix" and os.fstat(number).st_mode & 0o077:
                    os.fchmod(number, 0o600)
            finally:
                os.close(number)
        except OSError as error:
            raise KeepingError(f"{self.path} cannot be written: {error.strerror}. {_ELSEWHERE}") from error

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            # One that another command erases at this moment is not made anew: it would not be of mode 0600.
            there = f"{self.path.absolute().as_uri()}?mode=rw"
            with closing(sqlite3.connect(there, timeout=PATIENCE, isolation_level=None, uri=True)) as database:
                database.execute("PRAGMA secure_delete = ON")
                database.execute("PRAGMA foreign_keys = ON")
                self._check_version(database)
                yield database
        except (sqlite3.Error, ValueError, OSError) as error:
            if not self._is_there():
                raise KeepingError(f"{self.path} was erased at this moment. Try again.") from error
            raise KeepingError(f"{self.path}: {error}. {_way_out(error)}") from error

    def _check_version(self, database: sqlite3.Connection) -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            # Of two that come first, one makes the tables.
            database.execute("PRAGMA auto_vacuum = FULL")
            database.execute("BEGIN IMMEDIATE")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {VERSION}")
                version = VERSION
            database.execute("COMMIT")
        if version != VERSION:
            raise KeepingError(
                f"{self.path} is of another version of this program ({version}, not {VERSION}). "
                "`ollama-vision ask --forget` erases it."
            )


def _way_out(error: Exception) -> str:
    """What to do: only of a file that is broken nothing is left to lose."""
    name = getattr(error, "sqlite_errorname", "SQLITE_CORRUPT" if isinstance(error, ValueError) else "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "Another command uses it: try again."
    if name.startswith("SQLITE_FULL"):
        return f"Make room. {_ELSEWHERE}"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")):
        return "`ollama-vision ask --forget` erases it."
    return _ELSEWHERE


def _pictures(database: sqlite3.Connection, exchange: int) -> tuple[KeptPicture, ...]:
    rows = database.execute("SELECT name, sha256, data FROM picture WHERE exchange = ? ORDER BY place", (exchange,))
    return tuple(KeptPicture(json.loads(name), sha256, data) for name, sha256, data in rows.fetchall())


def _conversation_of(database: sqlite3.Connection, exchange: int | None) -> int | None:
    found = database.execute("SELECT conversation FROM exchange WHERE id = ?", (exchange,)).fetchone()
    return None if found is None else int(found[0])


def _trim(database: sqlite3.Connection) -> None:
    """Take out whole conversations, those that rest longest, until the others are within the bounds."""
    old = database.execute("SELECT conversation FROM exchange GROUP BY conversation ORDER BY MAX(id)").fetchall()
    left = len(old)
    for (conversation,) in old[:-1]:
        if left <= MOST_CONVERSATIONS and database.execute(_BYTES).fetchone()[0] <= MOST_BYTES:
            return
        database.execute("DELETE FROM exchange WHERE conversation = ?", (conversation,))
        left -= 1
