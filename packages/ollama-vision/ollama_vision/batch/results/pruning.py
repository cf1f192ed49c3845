"""`--prune`: removal of lines of deleted pictures, not of those on a disk that is not connected."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ollama_vision.errors import PicturesAwayError
from ollama_vision.words import counted

from .known_by_bytes import Taken
from .ledger import Ledger


def refuse_where_nothing_is_left(
    out: Path, ledger: Ledger, out_of_it: Collection[int], gone: Collection[int], taken: Iterable[Taken]
) -> None:
    """Look at the folders of what is gone.

    A deleted picture leaves others about it. A disk that is not connected leaves nothing, or an empty mount point.
    What is known by its bytes under another name has moved, and its old line may go.

    Args:
        out_of_it: the numbers of all lines that are to go; `gone` are those of them whose pictures are not there.

    Raises:
        PicturesAwayError: answers would be lost.
    """
    numbered = {
        entry.number: (key, page, entry) for key, pages in ledger.entries.items() for page, entry in pages.items()
    }
    kept = {(key.request, page, e.sha256) for number, (key, page, e) in numbered.items() if number not in out_of_it}
    kept |= {(each.key.request, each.page, numbered[each.number][2].sha256) for each in taken}
    lost: dict[str, int] = {}
    for number in gone:
        key, page, entry = numbered[number]
        if not entry.failed and (not entry.sha256 or (key.request, page, entry.sha256) not in kept):
            lost[key.path] = lost.get(key.path, 0) + 1
    if not lost:
        return
    there = {key.path for number, (key, _, _) in numbered.items() if number not in gone}
    peopled = _folders_of(there | {each.key.path for each in taken})
    away = _by_folder(lost, peopled)
    if away:
        folder, lines = max(away.items(), key=lambda item: item[1])
        raise PicturesAwayError(
            f"prune=True would take {counted(lines, 'answer')} out of {out}, and nothing that it names is there in "
            f"{folder} any more. Is the disk connected? Nothing was changed. Leave out prune=True, or connect it. "
            "If they are gone for good, take these lines out of the file, or name another file: out=."
        )


def _by_folder(lost: Mapping[str, int], peopled: Collection[str]) -> dict[str, int]:
    """How many lines are lost in each folder in which, as far as the results know, nothing is left."""
    away: dict[str, int] = {}
    for path, lines in lost.items():
        folder, is_cut_off = _nearest(path)
        if is_cut_off or folder not in peopled:
            away[folder] = away.get(folder, 0) + lines
    return away


def _nearest(path: str) -> tuple[str, bool]:
    """The nearest folder that is there; or a link on the way that leads to nothing, and True."""
    missing = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as they are
    while not missing.parent.exists():
        missing = missing.parent
    if missing.is_symlink() and str(missing) != path:
        return str(missing), True
    return str(missing.parent), False


def _folders_of(paths: Iterable[str]) -> set[str]:
    """Every folder in which one of these is, however deep."""
    folders: set[str] = set()
    for path in paths:
        for parent in Path(os.path.abspath(path)).parents:  # noqa: PTH100
            if str(parent) in folders:
                break
            folders.add(str(parent))
    return folders
