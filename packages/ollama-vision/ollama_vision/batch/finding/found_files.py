"""Found files in columns (structure of arrays): some 50 bytes each, and a `FoundFile` made when it is looked at."""

from __future__ import annotations

import os
from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import eq
from pathlib import Path
from typing import NamedTuple, overload

_EARLIEST, _LATEST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is asked about, as it was when it was listed."""

    path: Path
    """As found from the argument: relative when that was."""
    size: int
    """Bytes."""
    modified_ns: int
    """`st_mtime_ns`: nanoseconds since 1970."""
    root: Path
    """The folder that was named, the one before a glob's first wildcard, or the one of a file named by itself."""
    named: bool = False
    """Whether it was named by itself: then it is meant, whatever it is."""


class Row(NamedTuple):
    """What is asked of every file of a run; a `Path` for each would cost more than all else."""

    path: str
    size: int
    modified_ns: int


class Folder(NamedTuple):
    """What files of one folder have in common."""

    prefix: str
    """What stands before their names in their paths."""
    root: Path
    named: bool


class FoundFiles(Sequence[FoundFile]):
    """A sequence of files that only grows."""

    def __init__(self) -> None:
        self._folders: list[Folder] = []
        self._names = bytearray()
        self._name_ends, self._folder_of = array("Q"), array("I")
        self._sizes, self._modified = array("Q"), array("q")

    def add_folder(self, folder: str | Path, root: Path, *, named: bool = False) -> int:
        """The number under which files are added that lie in it; `named` when each was named by itself."""
        self._folders.append(Folder(str(Path(folder, "x"))[:-1], root, named))
        return len(self._folders) - 1

    def add(self, folder: int, name: str, status: os.stat_result) -> None:
        # Some file systems hold dates that no calendar has; the nearest one that fits tells them apart well enough.
        self._add(folder, name, status.st_size, min(max(status.st_mtime_ns, _EARLIEST), _LATEST))

    def _add(self, folder: int, name: str, size: int, modified_ns: int) -> None:
        self._names += name.encode("utf-8", "surrogatepass")
        self._name_ends.append(len(self._names))
        self._folder_of.append(folder)
        self._sizes.append(size)
        self._modified.append(modified_ns)

    def only(self, paths: Container[str]) -> FoundFiles:
        """Those of these paths."""
        chosen = FoundFiles()
        chosen._folders = self._folders
        for at, row in enumerate(self.rows()):
            if row.path in paths:
                folder = self._folder_of[at]
                chosen._add(folder, row.path[len(self._folders[folder].prefix) :], row.size, row.modified_ns)
        return chosen

    def rows(self) -> Iterator[Row]:
        start = 0
        prefixes = [folder.prefix for folder in self._folders]
        columns = zip(self._name_ends, self._folder_of, self._sizes, self._modified, strict=True)
        for end, folder, size, modified in columns:
            yield Row(prefixes[folder] + self._names[start:end].decode("utf-8", "surrogatepass"), size, modified)
            start = end

    def names(self) -> Iterator[tuple[int, str]]:
        """Each name, and the number of its folder."""
        start = 0
        for end, folder in zip(self._name_ends, self._folder_of, strict=True):
            yield folder, self._names[start:end].decode("utf-8", "surrogatepass")
            start = end

    def roots(self) -> set[Path]:
        """What was named, also where nothing was found in it."""
        return {folder.root for folder in self._folders}

    def suffixes(self) -> Iterator[str]:
        """Of each, in lower case."""
        return (os.path.splitext(name)[1].lower() for _, name in self.names())  # noqa: PTH122

    def __len__(self) -> int:
        return len(self._sizes)

    @overload
    def __getitem__(self, index: int) -> FoundFile: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FoundFile]: ...
    def __getitem__(self, index: int | slice) -> FoundFile | Sequence[FoundFile]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        folder = self._folders[self._folder_of[at]]
        start = self._name_ends[at - 1] if at else 0
        name = self._names[start : self._name_ends[at]].decode("utf-8", "surrogatepass")
        path = Path(folder.prefix + name)
        return FoundFile(path, self._sizes[at], self._modified[at], folder.root, folder.named)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (FoundFiles, tuple, list)):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(str(file.path) for file in islice(self, 3))
        return f"<{len(self):,} files: {shown}{', ...' if len(self) > 3 else ''}>"


def rows_of(files: Iterable[FoundFile]) -> Iterator[Row]:
    """What is asked of every file."""
    if isinstance(files, FoundFiles):
        return files.rows()
    return (Row(str(file.path), file.size, file.modified_ns) for file in files)


def roots_of(files: Iterable[FoundFile]) -> set[Path]:
    """The folders from which files were found."""
    return files.roots() if isinstance(files, FoundFiles) else {file.root for file in files}
