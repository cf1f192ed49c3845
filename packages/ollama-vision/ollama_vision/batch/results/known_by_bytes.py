"""Pictures known by their bytes (content addressing): under another name or date they are not asked about again."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ollama_vision.errors import ImageError
from ollama_vision.pictures import opener

from ..finding.found_files import rows_of
from .ledger import Entry, Key, Ledger, Version, is_complete, lines_of, names_of
from .own_prompts import PromptOf, asked_the_same

if TYPE_CHECKING:
    from ..finding.found_files import FoundFile

_PIECE = 1 << 20
EqualFiles = Mapping[str, tuple["FoundFile", ...]]
"""By the path of the first of several files with the same bytes: the others."""


class Taken(NamedTuple):
    """An answer in the ledger that holds for another file, or for the same one under another date."""

    number: int
    """Of its line."""
    key: Key
    page: int | None
    version: Version
    same_as: str = ""
    """The path of the file whose copy it is: that one is there as well; empty for a file that was moved or touched."""


def taken_over(
    ledger: Ledger,
    left: Ledger,
    files: Mapping[str, Version],
    requests: Iterable[str],
    may_take: Callable[[str], bool] = lambda path: True,
    prompt_of: PromptOf = asked_the_same,
) -> list[Taken]:
    """Which answers of `ledger` hold for files that `left` has no lines of: to the same prompt, where that has words of
    each picture's own.

    Only a file is read of whose size there is an answer. Errors are not taken over: they name their picture.
    """
    if all(is_complete(left.entries.get(Key(request, path), {})) for path in files for request in requests):
        return []  # as when all is done: nothing of it is looked through, or read
    answers = _answers(ledger, set(requests))
    sizes = {size for _, size, _, _ in answers}
    digest = cache(lambda path: hash_of(Path(path)))
    taken: list[Taken] = []
    owner: dict[int, str] = {}
    """By the number of a line: the file that is there and that it is about."""
    for path, version in files.items():
        if version.size not in sizes:
            continue
        for request in requests:
            key = Key(request, path)
            done = left.done(key, version)
            if is_complete(done):
                continue
            if (prompt := prompt_of(request, path)) is None:
                continue
            pages = answers.get((request, version.size, digest(path), prompt), {})
            missing = {page: (of, entry) for page, (of, entry) in pages.items() if page not in done}
            if not missing or not may_take(path):
                continue
            for page, (of, entry) in missing.items():
                if entry.number not in owner:
                    owner[entry.number] = of if _is_another(of, path, entry.version, files) else path
                same_as = owner[entry.number]
                taken.append(Taken(entry.number, key, page, version, "" if same_as == path else same_as))
    return taken


def _is_another(of: str, path: str, version: Version, files: Mapping[str, Version]) -> bool:
    """Whether a file is still what it was, and not the one of that path under a longer name; it may be one that this
    run is not about, such as another folder's."""
    if of == path:
        return False
    if (now := files.get(of)) is not None:
        return now == version
    try:
        status = Path(of).stat()
        return Version.of(status.st_size, status.st_mtime_ns) == version and (
            os.path.realpath(of) != os.path.realpath(path)
        )
    except (OSError, ValueError):
        return False


_Known = dict[tuple[str, int, str, str], dict[int | None, tuple[str, Entry]]]


def _answers(ledger: Ledger, requests: set[str]) -> _Known:
    """By request, size, hash of the bytes and digest of the prompt: the answers, by page, each with its file's path; no
    copy's where the line of what was asked about is there."""
    answers: defaultdict[tuple[str, int, str, str], dict[int | None, tuple[str, Entry]]] = defaultdict(dict)
    for key, pages in ledger.entries.items():
        if key.request in requests:
            for page, entry in pages.items():
                if entry.sha256 and not entry.failed:
                    known = answers[key.request, entry.version.size, entry.sha256, entry.prompt]
                    if page not in known or not entry.is_copy:
                        known[page] = key.path, entry
    return dict(answers)


def records_of(results: Path, taken: Iterable[Taken]) -> list[dict[str, Any]]:
    """The new lines: those that are there, with the other name and date."""
    wanted: defaultdict[int, list[Taken]] = defaultdict(list)
    for each in taken:
        wanted[each.number].append(each)
    if not wanted:
        return []
    moved: dict[str, str] = {}
    records = []
    with results.open("rb") as file:
        for line in lines_of(file, results):
            for each in wanted.get(line.number, ()):
                if each.same_as:
                    asked = line.record.get("same_as") or each.same_as
                    records.append(_copied(line.record, each.key.path, each.version, asked))
                else:
                    moved[line.record["path"]] = each.key.path
                    records.append({**line.record, **_names_and_version(line.record, each.key.path, each.version)})
    for record in records:
        # In a folder that was renamed a copy names the picture by its new name, too.
        if (now := moved.get(record.get("same_as", ""))) is not None:
            record["same_as"] = now
            if now == record["path"]:
                del record["same_as"]
    return records


def copies_among(
    files: Sequence[FoundFile],
    ledger: Ledger,
    request: str,
    may_take: Callable[[FoundFile], bool] = lambda file: True,
    prompt_of: PromptOf = asked_the_same,
) -> EqualFiles:
    """Files of which nothing is known yet and that are the same, byte for byte; only those of one size are read.

    Where prompts have words of each picture's own, those that are asked the same alone are copies.

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
        for alike in _with_same_bytes(files, list(several), partial(prompt_of, request)):
            taken = [file for at in alike if may_take(file := files[at])]
            if len(taken) > 1:
                copies[str(taken[0].path)] = tuple(taken[1:])
    return copies


def _with_same_bytes(
    files: Sequence[FoundFile], places: Sequence[int], prompt_of: Callable[[str], str | None]
) -> Iterable[Sequence[int]]:
    """Of files of one size, those that are equal and asked the same, by their places."""
    if len(places) < 2:
        return ()
    first_of: dict[tuple[str, str | None], int] = {}
    alike: dict[int, list[int]] = {}
    for at in places:
        path = files[at].path
        if digest := hash_of(path):
            first = first_of.setdefault((digest, prompt_of(str(path))), at)
            if first != at:
                alike.setdefault(first, [first]).append(at)
    return alike.values()


def record_of_copy(record: Mapping[str, Any], copy: FoundFile) -> dict[str, Any]:
    """The line of a file with the same bytes, which cost nothing."""
    return _copied(record, str(copy.path), Version.of(copy.size, copy.modified_ns), record["path"])


def _copied(record: Mapping[str, Any], path: str, version: Version, same_as: str) -> dict[str, Any]:
    free = {"usage": {}, "seconds": 0.0, "waited": 0.0, "same_as": same_as}
    return {**record, **_names_and_version(record, path, version), **free}


def _names_and_version(record: Mapping[str, Any], path: str, version: Version) -> dict[str, Any]:
    return {**names_of(record, path), "size": version.size, "modified": version.modified}


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
