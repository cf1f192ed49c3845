"""The files of a run as they are now, by path; looked through when the first is asked for, which no first run does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ..finding.found_files import rows_of
from .ledger import Version

if TYPE_CHECKING:
    from ..finding.found_files import FoundFile


class FilesNow(Mapping[str, Version]):
    """By what each file is known."""

    def __init__(self, files: Sequence[FoundFile]) -> None:
        self._files = files

    def file(self, path: str) -> FoundFile:
        return self._files[self._places[path]]

    def __getitem__(self, path: str) -> Version:
        return self._versions[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    @cached_property
    def _versions(self) -> dict[str, Version]:
        return {path: Version.of(size, modified_ns) for path, size, modified_ns in rows_of(self._files)}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {row.path: at for at, row in enumerate(rows_of(self._files))}
