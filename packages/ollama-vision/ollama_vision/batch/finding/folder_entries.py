"""Directory entries of one folder, in natural sort order (9 before 10), held as one text each until their turn."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ollama_vision.pictures import confinement

_NUMBER = re.compile("0*([0-9]+)")
_FOLDER, _LINK, _FILE = "d", "l", "f"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a folder has under one name."""

    name: str
    path: str
    kind: str

    def is_dir(self) -> bool:
        """Whether it is a folder, or a link to one."""
        return self.kind == _FOLDER or (self.kind == _LINK and os.path.isdir(self.path))  # noqa: PTH112

    def is_symlink(self) -> bool:
        return self.kind == _LINK

    def stat(self) -> os.stat_result:
        """Of what it leads to; raises OSError."""
        return os.stat(self.path)  # noqa: PTH116 - of 100,000 files, a Path each costs a second


def sorted_entries(folder: str) -> Iterator[Entry]:
    """Those of a folder: 9 before 10, upper and lower case together. Raises OSError.

    Python's own entries take 300 bytes each, and their sizes and dates as many again, until the last one had its turn.
    """
    guard = confinement()
    if guard is None:
        texts = _texts(folder)
    else:
        descriptor = guard.open(folder, folder=True)
        try:
            texts = _texts(descriptor)
        finally:
            os.close(descriptor)
    texts.sort(reverse=True)
    return _entries(folder, texts)


def _texts(folder: str | int) -> list[str]:
    with os.scandir(folder) as entries:
        return [f"{_counted(entry.name)}\0\0{entry.name}\0{_kind(entry)}" for entry in entries]


def _entries(folder: str, texts: list[str]) -> Iterator[Entry]:
    while texts:
        _, _, name, kind = texts.pop().rsplit("\0", 3)
        yield Entry(name, os.path.join(folder, name), kind)  # noqa: PTH118


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return _LINK
    return _FOLDER if entry.is_dir() else _FILE


def _counted(name: str) -> str:
    """A text that sorts as the name does where its numbers are counted: their length stands before them."""
    return _NUMBER.sub(_with_length, name.casefold())


def _with_length(number: re.Match[str]) -> str:
    digits = number[1]
    return f"\0{chr(len(digits))}{digits}"
