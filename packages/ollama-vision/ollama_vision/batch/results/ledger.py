"""Index of results.jsonl: which pictures are done, which lines are superseded, where it is damaged. Only reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydantic_core import from_json

from ollama_vision.errors import DamagedResultsError

from .own_prompts import PromptOf, asked_the_same, digest_of

_BEGINNING = b'{"path": "'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = int((datetime.max.replace(tzinfo=UTC) - _EPOCH).total_seconds()) * 1_000_000
_EARLIEST = int((datetime.min.replace(tzinfo=UTC) - _EPOCH).total_seconds()) * 1_000_000
_KINDS: Mapping[str, tuple[type, ...]] = {
    "path": (str,),
    "page": (int, type(None)),
    "pages": (int, type(None)),
    "size": (int,),
    "modified": (str,),
    "text": (str,),
    "error": (dict, type(None)),
    "model": (str,),
    "request": (str,),
}
"""What every line has, and of which type."""
_NUMBER_OR_NONE = frozenset({int, type(None)})
_OBJECT_OR_NONE = frozenset({dict, type(None)})


class Version(NamedTuple):
    """By what a file is known to be the one that was asked about; its bytes are not read for it."""

    size: int
    modified: str

    @classmethod
    def of(cls, size: int, modified_ns: int) -> Version:
        # Some file systems hold dates that no calendar has; the nearest one that it has tells them apart well enough.
        microseconds = modified_ns // 1000
        if not _EARLIEST <= microseconds <= _LATEST:
            microseconds = _LATEST if microseconds > 0 else _EARLIEST
        return cls(size, (_EPOCH + timedelta(0, 0, microseconds)).isoformat("T", "microseconds"))


class Line(NamedTuple):
    """One whole line of the file."""

    number: int
    """Counted from 1."""
    record: dict[str, Any]
    end: int
    """Where the next line begins, in bytes."""
    ended: bool
    """Whether the newline is there: an editor may have left out the last one."""

    @property
    def key(self) -> Key:
        return Key(self.record["request"], self.record["path"])

    @property
    def page(self) -> int | None:
        page: int | None = self.record["page"]
        return page

    @property
    def version(self) -> Version:
        return Version(self.record["size"], self.record["modified"])


class Key(NamedTuple):
    """One file, asked about in one way."""

    request: str
    path: str


class Entry(NamedTuple):
    """What is remembered of a line."""

    number: int
    version: Version
    pages: int | None
    failed: bool
    sha256: str = ""
    """Of the file's bytes, in hex; empty where it is not known."""
    is_copy: bool = False
    """Whether it has the answer to another picture."""
    prompt: str = ""
    """Of the prompt that was this picture's own, its digest; empty where all were asked the same."""


@dataclass(frozen=True)
class Ledger:
    """All that a start has to know of the lines that are there."""

    entries: Mapping[Key, Mapping[int | None, Entry]] = field(default_factory=dict)
    """By page; `None` for a file that is one picture."""
    doubled: frozenset[int] = frozenset()
    """The numbers of lines that a later line about the same picture has replaced."""
    end: int = 0
    """Where the whole lines end, in bytes."""
    torn_bytes: int = 0
    """How many bytes of a line that was broken off stand after them."""
    ended: bool = True
    """Whether the last whole line has its newline."""

    def lines_of_others(self, requests: Collection[str]) -> Counter[str]:
        """How many lines each other request has."""
        counts: Counter[str] = Counter()
        for key, pages in self.entries.items():
            if key.request not in requests:
                counts[key.request] += len(pages)
        return counts

    def done(self, key: Key, version: Version) -> dict[int | None, Entry]:
        """The lines that hold for the file as it is now, by page."""
        return {page: entry for page, entry in self.entries.get(key, {}).items() if entry.version == version}

    def superseded(
        self,
        files: Mapping[str, Version],
        requests: Collection[str],
        *,
        errors: bool,
        unopened: bool = False,
        prompt_of: PromptOf = asked_the_same,
    ) -> set[int]:
        """The numbers of lines that must go, so that each picture has one right line.

        They are lines of these requests about files that have changed since, or that would be asked another thing now,
        lines said twice and, if `errors`, what failed; if `unopened`, what failed and has no page. Lines about files
        that are not here stay: they may be another folder's.
        """
        numbers = set(self.doubled)
        for key, pages in self.entries.items():
            if key.request in requests and key.path in files:
                now, prompt = files[key.path], prompt_of(key.request, key.path)
                numbers |= {
                    e.number
                    for page, e in pages.items()
                    if e.version != now
                    or (e.failed and (errors or (unopened and page is None)))
                    or (prompt is not None and e.prompt != prompt)
                }
        return numbers

    def gone(self, files: Collection[str]) -> set[int]:
        """The numbers of lines, of whatever request, about pictures that are there no more; `files` surely are."""
        paths = {key.path for key in self.entries if key.path not in files}
        gone = {path for path in paths if _is_gone(path)}
        return {e.number for key, pages in self.entries.items() if key.path in gone for e in pages.values()}

    def without(self, numbers: Collection[int]) -> Ledger:
        """The same without these lines, for asking only: the places in the file are the old ones."""
        if not numbers:
            return Ledger(self.entries)
        entries = {
            key: {page: entry for page, entry in pages.items() if entry.number not in numbers}
            for key, pages in self.entries.items()
        }
        return Ledger({key: pages for key, pages in entries.items() if pages})


def is_complete(done: Mapping[int | None, Entry]) -> bool:
    """Whether a file has nothing left to ask, told from its lines alone, so that it need not be opened."""
    if not done or None in done:
        return None in done
    pages = next(iter(done.values())).pages
    return pages is not None and all(page in done for page in range(1, pages + 1))


def read_ledger(results: Path, see: Callable[[Line], None] = lambda line: None) -> Ledger:
    """What the file says; an empty ledger when there is no file.

    Args:
        see: is shown each line on the way.

    Raises:
        DamagedResultsError: a line in the middle cannot be read, or the file is no results.jsonl.
    """
    if not results.exists():
        return Ledger()
    entries: dict[Key, dict[int | None, Entry]] = {}
    doubled = set()
    end, ended = 0, True
    with results.open("rb") as file:
        for line in lines_of(file, results):
            see(line)
            number, record, end, ended = line
            page, version = record["page"], Version(record["size"], record["modified"])
            failed, sha256 = record["error"] is not None, str(record.get("sha256") or "")
            is_copy, prompt = record.get("same_as") is not None, digest_of(record.get("prompt"))
            entry = Entry(number, version, record["pages"], failed, sha256, is_copy, prompt)
            pages = entries.setdefault(Key(record["request"], record["path"]), {})
            if page in pages:
                doubled.add(pages[page].number)
            pages[page] = entry
        file.seek(end)
        rest = file.read()
    if not rest.strip():
        # Empty lines, of an editor perhaps.
        end, rest = end + len(rest), b""
    return Ledger(entries, frozenset(doubled), end, len(rest), ended)


def lines_of(file: BinaryIO, name: Path | str) -> Iterator[Line]:
    """The whole lines, one after the other; the file then stands at its end, behind what was broken off.

    A last line counts as broken off when it has no newline, or zero bytes, which a loss of power leaves.
    """
    number, start, records = 0, 0, 0
    if file.read(1) not in (b"", b"{", b"\0"):
        raise DamagedResultsError(f"{name} is no file of results: its first line is no JSON object. Name another file.")
    file.seek(0)
    while data := file.readline():
        number, end = number + 1, start + len(data)
        if data.isspace() and data.endswith(b"\n"):
            start = end
            continue
        try:
            record = read_record(data)
        except ValueError as error:
            if (not data.endswith(b"\n") or b"\0" in data) and _is_ours(data, records) and not file.read(1):
                return
            raise DamagedResultsError(
                f"{name}, line {number}, cannot be read: {error}. Nothing was changed. Mend the line, or take it out: "
                "its picture is then asked about again.",
                after=records,
            ) from error
        records += 1
        yield Line(number, record, end, data.endswith(b"\n"))
        start = end


def record_at(lines: BinaryIO, name: Path | str, place: int, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The line that begins there, read again; raises DamagedResultsError where it does not any more."""
    lines.seek(place)
    # An editor's empty lines stand between the end of one line and the beginning of the next.
    data = next((line for line in lines if line.strip()), b"")
    try:
        record = read_record(data)
    except ValueError:
        record = None
    if record is None or not is_it(record):
        raise DamagedResultsError(f"{name} was changed while it was read. Start again when nobody writes to it.")
    return record


def read_record(data: bytes) -> dict[str, Any]:
    """One line's object; raises ValueError that says what is wrong with it."""
    try:
        record = from_json(data)
    except ValueError:  # it is stricter than the standard library, which also says what is wrong
        record = _loaded(data)
    if not _is_line(record):
        _refuse(record)
    line: dict[str, Any] = record
    return line


def _is_line(record: Any) -> bool:
    """`_refuse` in a fifth of its time, for lines as they are written."""
    try:
        return (
            type(record["path"]) is str
            and type(record["page"]) in _NUMBER_OR_NONE
            and type(record["pages"]) in _NUMBER_OR_NONE
            and type(record["size"]) is int
            and type(record["modified"]) is str
            and type(record["text"]) is str
            and type(record["error"]) in _OBJECT_OR_NONE
            and type(record["model"]) is str
            and type(record["request"]) is str
        )
    except (KeyError, TypeError, IndexError):
        return False


def _loaded(data: bytes) -> Any:
    try:
        return json.loads(data.decode())
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error.msg} at character {error.pos + 1})") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (at byte {error.start + 1})") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _refuse(record: Any) -> None:
    """Raises ValueError that says which value is missing or of another type."""
    if not isinstance(record, dict):
        raise ValueError("it is not a JSON object")
    for name, kinds in _KINDS.items():
        if name not in record:
            raise ValueError(f'it has no "{name}"')
        if not isinstance(record[name], kinds) or isinstance(record[name], bool):
            raise ValueError(f'its "{name}" is {record[name]!r:.60}')


def names_of(record: Mapping[str, Any], path: str) -> dict[str, str]:
    """What names the file in a line like this one; one about a page of a document says so under `document`, too."""
    return {"path": path, "document": path} if "document" in record else {"path": path}


def encode(record: Mapping[str, Any]) -> bytes:
    """One whole line."""
    try:
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        # File names need not be text: Python has half a surrogate for each byte that is none, and JSON an escape.
        return json.dumps(record).encode() + b"\n"


def _is_gone(path: str) -> bool:
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        # Nobody may know: it counts as there.
        return False
    return False


def _is_ours(data: bytes, records: int) -> bool:
    """Whether this is what is left of a line of ours, and not the end of some other file."""
    left = data.strip(b"\0\n")
    return left.startswith(_BEGINNING) or _BEGINNING.startswith(left) or (records > 0 and b"\0" in data)
