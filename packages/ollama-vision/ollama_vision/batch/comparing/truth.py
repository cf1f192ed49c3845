"""The labels of pictures from a CSV file: one row a picture, by path, name or SHA-256."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ollama_vision.errors import LabelsError

_NAMES = ("path", "sha256", "page")
TEXT = "text"


@dataclass(frozen=True)
class Row:
    """What is true of a picture."""

    name: str
    """The picture, as the file names it."""
    values: Mapping[str, str]
    """By column; a label that is missing is not there. An empty text is one: there is nothing to read."""


@dataclass(frozen=True)
class Truth:
    """All rows, each picture once."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    doubled: tuple[str, ...]
    """Pictures that stand there more than once, with the same labels."""
    by_path: Mapping[tuple[str, str], int] = field(repr=False)
    """Row numbers by path and page; the page is empty where none is named."""
    by_sha256: Mapping[str, int] = field(repr=False)

    @classmethod
    def read(cls, file: Path) -> Truth:
        """Read the file.

        Raises:
            LabelsError: it has no usable columns, a picture without a name, or one picture with unlike labels.
            OSError: it cannot be read.
        """
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                table = csv.DictReader(lines, restkey="", restval=None, strict=True)
                header = [name.strip() for name in table.fieldnames or ()]
                columns = _columns(file, header)
                read = [(table.line_num, dict(zip(header, row.values(), strict=False)), "" in row) for row in table]
        except UnicodeDecodeError as error:
            raise LabelsError(f"{file} is not UTF-8 ({error.reason}): save it as CSV UTF-8.") from error
        except csv.Error as error:
            raise LabelsError(f"{file} is no CSV: {error}.") from error
        return _gathered(file, columns, read)


def _columns(file: Path, header: list[str]) -> tuple[str, ...]:
    if "path" not in header and "sha256" not in header:
        raise LabelsError(
            f"{file} has no column `path` and none `sha256`; its columns are {', '.join(header) or 'none'}. Name the "
            "pictures in one of them, as the results do."
        )
    columns = tuple(name for name in header if name and name not in _NAMES)
    if not columns:
        raise LabelsError(
            f"{file} names pictures and says nothing of them: it needs a column `label`, `text`, or one with the name "
            "of each field."
        )
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise LabelsError(f"{file} has the column {twice[0]!r} twice.")
    return columns


def _gathered(
    file: Path, columns: tuple[str, ...], read: Iterable[tuple[int, Mapping[str, str | None], bool]]
) -> Truth:
    rows: list[Row] = []
    by_path: dict[tuple[str, str], int] = {}
    by_sha256: dict[str, int] = {}
    doubled: dict[str, None] = {}
    for line, cells, too_long in read:
        if too_long:
            raise LabelsError(f"{file}, line {line}: it has more cells than the header. Is a comma not in quotes?")
        path, sha256, page = ((cells.get(name) or "").strip() for name in _NAMES)
        if not path and not sha256:
            if any((value or "").strip() for value in cells.values()):
                raise LabelsError(f"{file}, line {line}: no picture is named.")
            continue
        name = path or sha256
        values = {
            column: value
            for column in columns
            if (value := cells.get(column)) is not None and (column == TEXT or value.strip())
        }
        key = (os.path.normpath(path), page)
        known = by_path.get(key) if path else by_sha256.get(sha256.lower())
        if known is None:
            known = len(rows)
            rows.append(Row(name, values))
        elif rows[known].values == values:
            doubled[name] = None
        else:
            raise LabelsError(
                f"{file}, line {line}: {name} stands there with other labels than before: {_shown(values)} and "
                f"{_shown(rows[known].values)}. Which of them is true?"
            )
        if path:
            by_path[key] = known
        if sha256:
            by_sha256.setdefault(sha256.lower(), known)
    if not rows:
        raise LabelsError(f"{file} has no row: there is nothing to compare with.")
    return Truth(columns, tuple(rows), tuple(doubled), by_path, by_sha256)


def _shown(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in values.items()) or "nothing"


class Matcher:
    """Finds the rows of a run's pictures: by SHA-256, by path, and by name where that is unambiguous."""

    def __init__(self, truth: Truth, paths: Iterable[str]) -> None:
        self._truth = truth
        self._named: dict[str, set[str]] = defaultdict(set)
        for path in paths:
            self._named[Path(path).name].add(os.path.normpath(path))

    def row(self, path: str, page: int | None, sha256: str) -> int | None:
        """The number of a picture's row; `None` when it has none.

        Raises:
            LabelsError: it is known by its name alone, and another picture of the run has the same.
        """
        found = self._truth.by_sha256.get(sha256.lower()) if sha256 else None
        pages = ("",) if page is None else (str(page), "")
        for each in pages:
            if found is None:
                found = self._truth.by_path.get((os.path.normpath(path), each))
        name = Path(path).name
        for each in pages:
            if found is None and (name, each) in self._truth.by_path:
                if len(self._named[name]) > 1:
                    others = ", ".join(sorted(self._named[name])[:3])
                    raise LabelsError(f"The labels name {name!r}, and several pictures are called so: {others}.")
                found = self._truth.by_path[name, each]
        return found
