"""Directory walk and file filter: which files of a folder are taken, and the reason why another is left out."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from logging import Logger
from pathlib import Path

from ollama_vision.errors import ImageError
from ollama_vision.pictures import (
    PDF,
    PICTURE_SUFFIXES,
    PICTURES,
    VIDEO_SUFFIXES,
    confinement,
    missing_path_hint,
    sentence,
)

from .each_once import EachOnce
from .folder_entries import Entry, sorted_entries
from .found_files import FoundFiles
from .globs import AnchoredGlob, Globs, has_wildcards

_BY_THE_SYSTEM = frozenset({"@eadir", "thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx"})
_HIDDEN, _SYSTEM, _EXCLUDED = "hidden", "made by the system", "excluded"
_NO_PICTURE = "no picture by its name"
_NOT_INCLUDED = "not included"
_NOT_WHOLE = "not whole yet"
_BY_NAME = {_NO_PICTURE, _NOT_INCLUDED}
_MOST_SUFFIXES = 10
_MOST_UNREAD = 3
_OF_FOLDERS = {_HIDDEN: "hidden folder", _SYSTEM: "folder made by the system", _EXCLUDED: "excluded folder"}


@dataclass(frozen=True)
class Found:
    """What there is to ask about, and what was left out."""

    files: FoundFiles
    """In the order of the arguments, within a folder by name (9 before 10); each file once."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why, in words, and how many. A folder that is not looked into counts as one."""
    suffixes: Mapping[str, int] = field(default_factory=dict)
    """Of what was left out since it is no picture by its name: the suffixes in lower case, and how many."""
    left_out_paths: tuple[tuple[str, str], ...] = ()
    """Each file and folder that was left out, as found from the argument, and why."""
    unread: tuple[tuple[str, str], ...] = ()
    """Those of them that were wanted, and could not be read: folders, links that lead nowhere."""

    def reasons(self) -> dict[str, int]:
        """`left_out`, with the suffixes named: "no picture by its name (.psd 20, .xmp 2)"."""
        named = f"{_NO_PICTURE} ({_suffixes_in_words(self.suffixes)})"
        return {named if reason == _NO_PICTURE else reason: count for reason, count in self.left_out.items()}

    def log(self, logger: Logger) -> None:
        """What was left out, at INFO, and what could not be read, at WARNING."""
        if self.left_out:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.reasons().items())
            logger.info("%d files found; left out: %s", len(self.files), reasons)
        for path, why in self.unread:
            logger.warning("%s was not read: %s", path, why)


@dataclass(frozen=True)
class FileFilter:
    """What is taken of a folder."""

    include: Globs
    exclude: Globs
    recursive: bool
    videos: bool
    keep_going: bool
    """A folder that cannot be read is counted, instead of being an error."""
    may_be_empty: bool = False
    """A folder without a picture is no error: some may come."""
    is_settled: Callable[[str, os.stat_result], bool] | None = None
    """Whether a file that fits is taken now, by its path and what it is; the others may still be written."""

    def skip_reason(self, name: str, path: str, shown: str) -> str:
        """Why a file is left out; empty when it is taken. `path` begins at the root, `shown` as the argument did."""
        if against := self.reason_against_either(name, path, shown):
            return against
        if self.include:
            return "" if self.include.fit(path) or self.include.fit(shown) else _NOT_INCLUDED
        suffix = _suffix(name)
        if suffix in VIDEO_SUFFIXES and not self.videos:
            return "video (only with videos=True)"
        return "" if suffix in PICTURE_SUFFIXES or suffix in VIDEO_SUFFIXES else _NO_PICTURE

    def reason_against_either(self, name: str, path: str, shown: str) -> str:
        """The same for what holds for files and folders."""
        if name.startswith("."):
            return _HIDDEN
        if name.casefold() in _BY_THE_SYSTEM:
            return _SYSTEM
        return _EXCLUDED if self.exclude.fit(path) or self.exclude.fit(shown) else ""


def list_files(paths: list[str], wanted: FileFilter) -> Found:
    """The files behind paths of files and folders, and behind globs. Raises ImageError.

    A string with wildcards is a glob when there is no file or folder of that name.
    """
    files = EachOnce(several=len(paths) > 1)
    left_out: Counter[str] = Counter()
    suffixes: Counter[str] = Counter()
    left_out_paths: dict[str, str] = {}
    unread: dict[str, str] = {}
    for path in paths:
        listing = _Listing(wanted, files)
        listing.argument(path)
        left_out += listing.left_out
        suffixes += listing.suffixes
        left_out_paths |= listing.paths
        unread |= listing.unread
    return Found(files.found, dict(left_out), dict(suffixes), tuple(left_out_paths.items()), tuple(unread.items()))


class _Listing:
    """The files of one argument."""

    def __init__(self, wanted: FileFilter, files: EachOnce) -> None:
        self.wanted = wanted
        self.left_out: Counter[str] = Counter()
        self.suffixes: Counter[str] = Counter()
        """Of what is no picture by its name."""
        self.paths: dict[str, str] = {}
        """Of what is left out, and why."""
        self.unread: dict[str, str] = {}
        """Those of `paths` that were wanted."""
        self.files = files
        """Of all arguments so far."""
        self.seen = 0
        """Files that this argument is for, also those that an earlier one had found already."""
        self.entered: set[tuple[int, int]] = set()
        """Folders, by device and inode: links may lead in a circle."""

    def argument(self, path: str) -> None:
        status = _status(path)
        if status is None and has_wildcards(path):
            root, glob = _root_of(path)
            if _status(root) is not None:
                self.folder(root, AnchoredGlob(glob))
            if not self.seen:
                raise _refusal(path, f"fits no picture{self._left_out_words()}", _WHAT_FITS)
        elif status is None:
            raise _refusal(path, "does not exist", missing_path_hint(path))
        elif stat.S_ISDIR(status.st_mode):
            self.folder(path, None)
            if not self.seen and not self.wanted.may_be_empty:
                raise _refusal(path, f"is a folder without a picture{self._left_out_words()}", _WHAT_IS_TAKEN)
        elif not stat.S_ISREG(status.st_mode):
            raise _refusal(path, "is a pipe or a device", "Name files and folders.")
        elif self.wanted.exclude.fit(Path(path).name) or self.wanted.exclude.fit(_shown(path)):
            self._leave_out(path, _EXCLUDED)
        else:
            self.seen += 1
            self.files.add_named(path, status)

    def folder(self, root: str, below: AnchoredGlob | None) -> None:
        """What is in it and fits, folder by folder, without recursion: trees may be deeper than Python's stack."""
        guard = confinement()
        self.entered.add(_key(root))
        base, start = Path(root), len(os.path.join(root, ""))  # noqa: PTH118
        levels = [(self.files.place(root, os.path.realpath(root), base), self._entries(root, is_root=True))]
        while levels:
            place, entries = levels[-1]
            entry = next(entries, None)
            if entry is None:
                levels.pop()
                continue
            path = _slashed(entry.path[start:])
            if entry.is_symlink() and guard is not None and not guard.allows(entry.path):
                self._leave_out(entry.path, "link that leads elsewhere")
            elif entry.is_dir():
                if self._enters(entry, path, below):
                    inner = self.files.place(entry.path, self.files.real(entry, place), base)
                    levels.append((inner, self._entries(entry.path)))
            elif below is None or below.fits(path):
                self._file(entry, path, place)

    def _entries(self, folder: str, *, is_root: bool = False) -> Iterator[Entry]:
        try:
            return sorted_entries(folder)
        except OSError as error:
            if self.wanted.keep_going and not is_root:
                self._leave_out_unread(folder, "folder that cannot be read", error)
                return iter(())
            raise _refusal(
                folder,
                f"is a folder that cannot be read: {error.strerror or error}",
                f"Make it readable, or leave it out: exclude=[{Path(folder).name!r}].",
            ) from error

    def _enters(self, entry: Entry, path: str, below: AnchoredGlob | None) -> bool:
        on_the_way = below is not None and below.leads_through(path)
        if below is not None and not on_the_way and not below.fits(path):
            return False
        if against := self.wanted.reason_against_either(entry.name, path, _shown(entry.path)):
            self._leave_out(entry.path, _OF_FOLDERS[against])
        elif not on_the_way and not self.wanted.recursive:
            self._leave_out(entry.path, "folder (recursive=False)")
        else:
            key = _key(entry.path)
            if key not in self.entered:
                self.entered.add(key)
                return True
        return False

    def _file(self, entry: Entry, path: str, place: int) -> None:
        if against := self.wanted.skip_reason(entry.name, path, _shown(entry.path)):
            if against in _BY_NAME and entry.is_symlink() and not _suffix(entry.name) and self._status(entry) is None:
                return  # a folder on a disk that is not there has no suffix either
            self._leave_out(entry.path, against)
            if against == _NO_PICTURE:
                self.suffixes[_suffix(entry.name)] += 1
            return
        status = self._status(entry)
        if status is None:
            return
        if not stat.S_ISREG(status.st_mode):
            self._leave_out(entry.path, "pipe or device")
        elif self.wanted.is_settled is not None and not self.wanted.is_settled(entry.path, status):
            self._leave_out(entry.path, _NOT_WHOLE)
        else:
            self.seen += 1
            self.files.add(place, entry.name, status, self.files.real(entry, place) if entry.is_symlink() else None)

    def _status(self, entry: Entry) -> os.stat_result | None:
        """Of what an entry leads to; `None` when nobody can say, which is counted."""
        try:
            return entry.stat()
        except OSError as error:
            if entry.is_symlink() and error.errno != errno.EACCES:
                self._leave_out_unread(entry.path, "link that leads nowhere", error)
            elif isinstance(error, FileNotFoundError):
                self._leave_out(entry.path, "gone since its folder was read")
            else:
                self._leave_out_unread(entry.path, "file that cannot be read", error)
        return None

    def _leave_out_unread(self, path: str, why: str, error: OSError) -> None:
        self._leave_out(path, why)
        self.paths[path] = self.unread[path] = f"{why}: {error.strerror or error}"

    def _leave_out(self, path: str, why: str) -> None:
        self.left_out[why] += 1
        self.paths[path] = why

    def _left_out_words(self) -> str:
        found = Found(FoundFiles(), self.left_out, self.suffixes)
        counts = ", ".join(f"{count:,} {reason}" for reason, count in found.reasons().items())
        named = "".join(f"; {path}: {why}" for path, why in islice(self.unread.items(), _MOST_UNREAD))
        return f" (left out: {counts}{named})" if counts else ""


_WHAT_IS_TAKEN = (
    f"Taken are {', '.join(kind.name for kind in PICTURES)} and {PDF.name} by their suffixes, videos with videos=True, "
    "others with include=['*.dat'], and every file that is named by itself."
)
_WHAT_FITS = f"Case does not count; ** stands for any number of folders. {_WHAT_IS_TAKEN}"


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - of 100,000 names, a Path each costs a second


def _suffixes_in_words(suffixes: Mapping[str, int]) -> str:
    """The most frequent ones first: ".psd 20, .xmp 2, none 1"."""
    ordered = sorted(suffixes.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{suffix or 'none'} {count:,}" for suffix, count in ordered[:_MOST_SUFFIXES]]
    if rest := ordered[_MOST_SUFFIXES:]:
        words.append(f"{len(rest):,} others {sum(count for _, count in rest):,}")
    return ", ".join(words)


def _refusal(path: str, problem: str, way_out: str = "") -> ImageError:
    return ImageError(sentence(path, problem, way_out), source=path)


def _status(path: str) -> os.stat_result | None:
    """`None` when there is nothing of that name. Raises ImageError when nobody may know."""
    try:
        return Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise _refusal(path, f"cannot be read: {problem}") from error


def _key(folder: str) -> tuple[int, int]:
    try:
        status = Path(folder).stat()
    except OSError:
        return (-1, hash(folder))  # what is wrong with it is said when it is read
    return status.st_dev, status.st_ino


def _root_of(glob: str) -> tuple[str, str]:
    """The folder before the first wildcard, and the rest."""
    parts = _slashed(glob).split("/")
    first = next(index for index, part in enumerate(parts) if has_wildcards(part))
    root = "/".join(parts[:first])
    return (root or ("/" if first else ".")), "/".join(parts[first:])


def _slashed(path: str) -> str:
    return path.replace(os.sep, "/") if os.sep != "/" else path


def _shown(path: str) -> str:
    """As it was found from the argument, in the form in which globs take it."""
    return _slashed(path).removeprefix("./").lstrip("/")
