"""Lines that are handed on and not kept, remembered as a ledger: what a later round of the same run need not ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .file import Sink
from .ledger import Entry, Key, Ledger, Version


class Remembering:
    """A sink in front of another one."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._entries: dict[Key, dict[int | None, Entry]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        self._sink.add(record)
        version = Version(record["size"], record["modified"])
        pages = self._entries.setdefault(Key(record["request"], record["path"]), {})
        for page in [page for page, entry in pages.items() if entry.version != version]:
            del pages[page]
        pages[record["page"]] = Entry(0, version, record["pages"], record["error"] is not None, record["sha256"])

    def ledger(self) -> Ledger:
        """What has been handed on so far."""
        return Ledger({key: dict(pages) for key, pages in self._entries.items()})
