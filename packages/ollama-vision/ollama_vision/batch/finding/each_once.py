"""Each file once (deduplication by real path), whichever links and arguments lead to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .folder_entries import Entry
from .found_files import FoundFiles


class EachOnce:
    """What was found so far, each file once: by its real path, where there is another way to it than its folder."""

    def __init__(self, *, several: bool) -> None:
        self.found = FoundFiles()
        self._reals: list[str] = []
        """Of each place: the real path of its folder."""
        self._parents: dict[Path, int] = {}
        """The places of folders of which files were named by themselves."""
        self._known: set[str] | None = set() if several else None
        """Real paths; `None` until a second argument or a link may lead to a file that is there already."""

    def place(self, folder: str | Path, real: str, root: Path) -> int:
        """A folder, under whose number its files are added."""
        self._reals.append(real)
        return self.found.add_folder(folder, root)

    def real(self, entry: Entry, place: int) -> str:
        """Its path without links."""
        if entry.is_symlink():
            return os.path.realpath(entry.path)
        return os.path.join(self._reals[place], entry.name)  # noqa: PTH118

    def add_named(self, path: str, status: os.stat_result) -> None:
        """A file that was named by itself."""
        parent, name = Path(path).parent, Path(path).name
        if parent not in self._parents:
            self._reals.append("")
            self._parents[parent] = self.found.add_folder(parent, parent, named=True)
        self.add(self._parents[parent], name, status, os.path.realpath(path))

    def add(self, place: int, name: str, status: os.stat_result, real: str | None = None) -> None:
        """`real` is the path of what a link, or a name by itself, leads to; `None` where the folder's own tells."""
        if real is not None and self._known is None:
            self._known = set(self._real_paths())
        if self._known is not None:
            real = real or os.path.join(self._reals[place], name)  # noqa: PTH118
            if real in self._known:
                return
            self._known.add(real)
        self.found.add(place, name, status)

    def _real_paths(self) -> Iterator[str]:
        return (os.path.join(self._reals[folder], name) for folder, name in self.found.names())  # noqa: PTH118
