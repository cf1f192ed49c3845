"""The answers of a run that copies may still come for, in a temporary file: memory does not grow with them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..results.ledger import encode, read_record

_IN_MEMORY = 8 << 20
_NONE = -1
_PLACE = 20
"""Digits of a place in the file."""


class AnswersKept:
    """Lines, each with the place of an earlier one about the same file: pages of a document are a chain."""

    def __init__(self, folder: Path | None) -> None:
        # Beside the results: the system's temporary folder may be memory.
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=None if folder is None else str(folder))  # noqa: SIM115 - closed with the run

    def close(self) -> None:
        self._file.close()

    def add(self, record: Mapping[str, Any], before: int = _NONE) -> int:
        """Keep it, and give its place."""
        place = self._file.seek(0, 2)
        self._file.write(f"{before:{_PLACE}}".encode() + encode(record))
        return place

    def chain(self, place: int) -> Iterator[dict[str, Any]]:
        """The lines about a file, the last one of each page, the last page that was answered first."""
        seen = set()
        while place != _NONE:
            self._file.seek(place)
            line = self._file.readline()
            place, record = int(line[:_PLACE]), read_record(line[_PLACE:])
            if record["page"] not in seen:
                seen.add(record["page"])
                yield record
