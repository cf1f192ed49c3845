"""Pictures known by their bytes (content addressing): under another name or date they are not asked about again."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ollama_vision.errors import ImageError
from ollama_vision.pictures import opener

from ..finding.found_files import rows_of
from .ledger import Entry, Key, Ledger, Version, is_complete, lines_of, names_of

if TYPE_CHECKING:
    from ..finding.found_files import FoundFile

_PIECE = 1 << 20
Copies = Mapping[str, tuple["FoundFile", ...]]
"""By the path of the first of several files with the same bytes: the others."""


class Taken(NamedTuple):
    """An answer in the ledger that holds for another file, or for the same one under another date."""

    number: int
    """Of its line."""
    key: Key
    page: int | None
    version: Version


def taken_over(
    ledger: Ledger,
    left: Ledger,
    files: Mapping[str, Version],
    requests: Iterable[str],
    may_take: Callable[[str], bool] = lambda path: True,
) -> list[Taken]:
    """Which answers of `ledger` hold for files that `left` has no lines of.

    Only a file is read of whose size there is an answer. Errors are not taken over: they name their picture.
    """
    if all(is_complete(left.entries.get(Key(request, path), {})) for path in files for request in requests):
        return []  # as when all is done: nothing of it is looked through, or read
    answers = _answers(ledger, set(requests))
    sizes = {size for _, size, _ in answers}
    digest = cache(lambda path: hash_of(Path(path)))
    taken = []
    for path, version in files.items():
        if version.size not in sizes:
            continue
        for request in requests:
            key = Key(request, path)
            done = left.done(key, version)
            if is_complete(done):
                continue
            pages = answers.get((request, version.size, digest(path)), {})
            missing = {page: entry for page, entry in pages.items() if page not in done}
            if missing and may_take(path):
                taken += [Taken(entry.number, key, page, version) for page, entry in missing.items()]
    return taken


def _answers(ledger: Ledger, requests: set[str]) -> dict[tuple[str, int, str], dict[int | None, Entry]]:
    """By request, size and hash of the bytes: the answers, by page."""
    answers: defaultdict[tuple[str, int, str], dict[int | None, Entry]] = defaultdict(dict)
    for key, pages in ledger.entries.items():
        if key.request in requests:
            for page, entry in pages.items():
                if entry.sha256 and not entry.failed:
                    answers[key.request, entry.version.size, entry.sha256][page] = entry
    return dict(answers)


def records_of(results: Path, taken: Iterable[Taken]) -> list[dict[str, Any]]:
    """The new lines: those that are there, with the other name and date."""
    wanted: defaultdict[int, list[Taken]] = defaultdict(list)
    for each in taken:
        wanted[each.number].append(each)
    if not wanted:
        return []
    with results.open("rb") as file:
        return [
            {
                **line.record,
                **names_of(line.record, each.key.path),
                "size": each.version.size,
                "modified": each.version.modified,
            }
            for line in lines_of(file, results)
            for each in wanted.get(line.number, ())
        ]


def copies_among(
    files: Sequence[FoundFile], ledger: Ledger, request: str, may_take: Callable[[FoundFile], bool] = lambda file: True
) -> Copies:
    """Files of which nothing is known yet and that are the same, byte for byte; only those of one size are read.

    `ledger` has no lines about files that have changed since.
    """
    sizes, places = array("Q"), array("Q")
    for at, (path, size, _) in enumerate(rows_of(files)):
        sizes.append(size)
        if size and Key(request, path) not in ledger.entries:
            places.append(at)
    copies: dict[str, tuple[FoundFile, ...]] = {}
    # In columns as the files are: by lists and dictionaries of all of them 100,000 files would take 40 MB.
    for _, several in groupby(sorted(places, key=sizes.__getitem__), sizes.__getitem__):
        for alike in _with_same_bytes(files, list(several)):
            taken = [file for at in alike if may_take(file := files[at])]
            if len(taken) > 1:
                copies[str(taken[0].path)] = tuple(taken[1:])
    return copies


def _with_same_bytes(files: Sequence[FoundFile], places: Sequence[int]) -> Iterable[Sequence[int]]:
    """Of files of one size, those that are equal, by their places."""
    if len(places) < 2:
        return ()
    first_of: dict[str, int] = {}
    alike: dict[int, list[int]] = {}
    for at in places:
        if digest := hash_of(files[at].path):
            first = first_of.setdefault(digest, at)
            if first != at:
                alike.setdefault(first, [first]).append(at)
    return alike.values()


def record_of_copy(record: Mapping[str, Any], copy: FoundFile) -> dict[str, Any]:
    """The line of a file with the same bytes, which cost nothing."""
    version = Version.of(copy.size, copy.modified_ns)
    return {
        **record,
        **names_of(record, str(copy.path)),
        "size": version.size,
        "modified": version.modified,
        "usage": {},
        "seconds": 0.0,
        "waited": 0.0,
        "same_bytes_as": record["path"],
    }


def hash_of(path: Path) -> str:
    """SHA-256 in hex; empty when the file cannot be read, which its picture then says."""
    hasher = hashlib.sha256()
    try:
        with open(path, "rb", opener=opener()) as file:
            while piece := file.read(_PIECE):
                hasher.update(piece)
    except (ImageError, OSError):
        return ""
    return hasher.hexdigest()
