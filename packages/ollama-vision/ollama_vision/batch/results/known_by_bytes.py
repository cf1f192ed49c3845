"""Pictures known by their bytes (content addressing): under another name or date they are not asked about again."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .ledger import Entry, Key, Ledger, Version, is_complete, lines_of

if TYPE_CHECKING:
    from ..finding.listing import FoundFile

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
            {**line.record, "path": each.key.path, "size": each.version.size, "modified": each.version.modified}
            for line in lines_of(file, results)
            for each in wanted.get(line.number, ())
        ]


def copies_among(
    files: Iterable[FoundFile], ledger: Ledger, request: str, may_take: Callable[[str], bool] = lambda path: True
) -> Copies:
    """Files of which nothing is known yet and that are the same, byte for byte; only those of one size are read."""
    by_size: defaultdict[int, list[FoundFile]] = defaultdict(list)
    for file in files:
        if file.size and not ledger.done(Key(request, str(file.path)), Version.of(file.size, file.modified_ns)):
            by_size[file.size].append(file)
    same: defaultdict[str, list[FoundFile]] = defaultdict(list)
    for several in by_size.values():
        if len(several) > 1:
            for file in several:
                if digest := hash_of(file.path):
                    same[digest].append(file)
    alike = ([file for file in several if may_take(str(file.path))] for several in same.values() if len(several) > 1)
    return {str(first.path): tuple(others) for first, *others in filter(None, alike) if others}


def record_of_copy(record: Mapping[str, Any], copy: FoundFile) -> dict[str, Any]:
    """The line of a file with the same bytes, which cost nothing."""
    version = Version.of(copy.size, copy.modified_ns)
    return {
        **record,
        "path": str(copy.path),
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
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                hasher.update(piece)
    except OSError:
        return ""
    return hasher.hexdigest()
