"""One page of a PDF as plain objects (COS objects): dictionaries, arrays and streams, as PDFium itself reads them.

PDFium tells nothing of the streams behind a page. It can copy a page into a new document and write that one, though,
and what it writes is always of the same simple form: no encryption, no object streams, no repaired tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

MOST_BYTES = 1 << 28
"""A copy of a page that is larger is not looked at."""
_DEEPEST = 64
"""Arrays and dictionaries within each other; PDFium itself reads no more."""

_WHITE = rb"[\x00\t\n\f\r ]"
_SKIPPED = re.compile(rb"(?:[\x00\t\n\f\r ]+|%[^\r\n]*)*")
_REFERENCE = re.compile(rb"(\d+)" + _WHITE + rb"+\d+" + _WHITE + rb"+R(?![A-Za-z0-9])")
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)")
_NAME = re.compile(rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]*)")
_WORD = re.compile(rb"[A-Za-z]+")
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_IN_STRING = re.compile(rb"\\.|[()]", re.DOTALL)
_HEAD = re.compile(rb"\s*\d+\s+\d+\s+obj")
_TABLE_END = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_SECTION = re.compile(rb"\s*(\d+) +(\d+)\s*[\r\n]+")
_ENTRY = 20


class Unreadable(ValueError):
    """What PDFium wrote is not of the form that is known of it."""


class Name(str):
    """A name, without its slash and with its escapes undone."""

    __slots__ = ()


class Reference(NamedTuple):
    number: int


@dataclass(frozen=True)
class Stream:
    about: Mapping[str, Any]
    """Its dictionary."""
    start: int
    """Where its bytes begin; they are as many as `about` says under Length."""


class Objects:
    """The objects of one written document, read when they are asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._bytes = data
        self._places: dict[int, int] = {}
        self._read: dict[int, Any] = {}
        self.trailer: Mapping[str, Any] = {}
        self._table()

    @property
    def size(self) -> int:
        return len(self._bytes)

    def _table(self) -> None:
        end = _TABLE_END.search(self._bytes, max(0, len(self._bytes) - 64))
        if end is None:
            raise Unreadable("no table")
        at = int(end[1])
        if self._bytes[at : at + 4] != b"xref":
            raise Unreadable("no table where it should be")
        at += 4
        while section := _SECTION.match(self._bytes, at):
            at = section.end()
            first, count = int(section[1]), int(section[2])
            for number in range(first, first + count):
                entry = self._bytes[at : at + _ENTRY]
                if entry[17:18] == b"n":
                    self._places[number] = int(entry[:10])
                at += _ENTRY
        at = self._bytes.index(b"trailer", at) + len(b"trailer")
        self.trailer, _ = self._value(at, 0)

    def pages(self) -> Iterator[Mapping[str, Any]]:
        """The dictionaries of the pages, in their order."""
        yield from self._kids(self.get(self.get(self.trailer, "Root"), "Pages"), 0)

    def _kids(self, node: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        if isinstance(node, dict) and "Kids" in node and depth < _DEEPEST:
            for kid in self.list_of(node, "Kids"):
                yield from self._kids(self.resolved(kid), depth + 1)
        elif isinstance(node, dict):
            yield node

    def resolved(self, value: Any) -> Any:
        """What a reference leads to; `None` when there is nothing."""
        for _ in range(8):
            if not isinstance(value, Reference):
                return value
            value = self._object(value.number)
        return None

    def get(self, dictionary: Any, key: str) -> Any:
        """The value under a key, also of a stream's dictionary, with references followed; `None` when there is none."""
        if isinstance(dictionary, Stream):
            dictionary = dictionary.about
        return self.resolved(dictionary.get(key)) if isinstance(dictionary, dict) else None

    def list_of(self, dictionary: Any, *keys: str) -> list[Any]:
        """The elements under the first of the keys that is there; one value alone is a list of one."""
        for key in keys:
            value = self.get(dictionary, key)
            if value is not None:
                return [self.resolved(item) for item in value] if isinstance(value, list) else [value]
        return []

    def bytes_of(self, stream: Stream) -> memoryview:
        length = self.get(stream, "Length")
        if not isinstance(length, int) or not 0 <= length <= len(self._data) - stream.start:
            raise Unreadable("a stream without a length")
        return self._data[stream.start : stream.start + length]

    def _object(self, number: int) -> Any:
        if number not in self._places:
            return None
        if number not in self._read:
            head = _HEAD.match(self._bytes, self._places[number])
            if head is None:
                raise Unreadable("no object where it should be")
            value, at = self._value(head.end(), 0)
            at = self._skipped(at)
            if isinstance(value, dict) and self._bytes[at : at + 6] == b"stream":
                value = Stream(value, at + (8 if self._bytes[at + 6 : at + 8] == b"\r\n" else 7))
            self._read[number] = value
        return self._read[number]

    def _skipped(self, at: int) -> int:
        found = _SKIPPED.match(self._bytes, at)
        return found.end() if found else at

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        """The value that begins there, and where it ends."""
        if depth > _DEEPEST:
            raise Unreadable("too deep")
        data, at = self._bytes, self._skipped(at)
        if data[at : at + 2] == b"<<":
            return self._dictionary(at + 2, depth)
        if data[at : at + 1] == b"[":
            return self._array(at + 1, depth)
        if data[at : at + 1] == b"(":
            return self._string(at + 1)
        if found := _NAME.match(data, at):
            return name_of(found[1]), found.end()
        if found := _REFERENCE.match(data, at):
            return Reference(int(found[1])), found.end()
        if found := _NUMBER.match(data, at):
            return (int(found[0]) if found[0].lstrip(b"+-").isdigit() else float(found[0])), found.end()
        if found := _HEX.match(data, at):
            digits = b"".join(found[1].split())
            return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()), found.end()
        if found := _WORD.match(data, at):
            return {b"true": True, b"false": False}.get(found[0]), found.end()
        raise Unreadable("no value where it should be")

    def _dictionary(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        while True:
            at = self._skipped(at)
            if self._bytes[at : at + 2] == b">>":
                return made, at + 2
            key = _NAME.match(self._bytes, at)
            if key is None:
                raise Unreadable("a dictionary without end")
            made[name_of(key[1])], at = self._value(key.end(), depth + 1)

    def _array(self, at: int, depth: int) -> tuple[list[Any], int]:
        made: list[Any] = []
        while True:
            at = self._skipped(at)
            if self._bytes[at : at + 1] == b"]":
                return made, at + 1
            value, at = self._value(at, depth + 1)
            made.append(value)

    def _string(self, at: int) -> tuple[bytes, int]:
        start, depth = at, 1
        while found := _IN_STRING.search(self._bytes, at):
            at = found.end()
            depth += {b"(": 1, b")": -1}.get(found[0], 0)
            if depth == 0:
                return self._bytes[start : at - 1], at
        raise Unreadable("a string without end")


def name_of(raw: bytes) -> Name:
    return Name(_ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), raw).decode("latin-1"))


def names_in(content: Iterable[bytes]) -> set[str]:
    """Every name that drawing commands mention: fonts, pictures, forms, patterns, states."""
    return {name_of(found) for piece in content for found in _NAME.findall(piece)}
