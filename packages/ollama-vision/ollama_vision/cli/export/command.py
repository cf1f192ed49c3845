"""`ollama-vision export`: results.jsonl as CSV that Excel and LibreOffice open as it is meant."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from ollama_vision.atomic_replace import replacing
from ollama_vision.batch import Line, lines_of, read_requests
from ollama_vision.errors import DamagedResultsError

from ..common.access import STANDARD_OUTPUT
from ..common.exits import DONE, FAILED
from ..common.screen import Screen, silence_output

_FIELDS = "fields"
_PROMPT = "prompt"
_CHOICE, _CONFIDENCE = "choice", "confidence"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula, also as full-width signs (OWASP, CSV injection)."""


def export(results: Path, table: str) -> int:
    """Write the table and give the exit code."""
    with Screen() as screen:
        try:
            with results.open("rb") as file:
                columns, end, broken_off, replaced = columns_of(file, results)
                prompts = {request: asked.get("prompt") for request, asked in read_requests(results).items()}
                if prompts and _PROMPT not in columns:
                    columns.append(_PROMPT)
                file.seek(0)
                # A run may be adding lines meanwhile, with columns that are not known yet.
                lines = takewhile(lambda line: line.end <= end, lines_of(file, results))
                told = (_with_prompt(line, prompts) for line in lines if line.number not in replaced)
                count = print_table(columns, told) if table == STANDARD_OUTPUT else write_table(columns, told, table)
        except BrokenPipeError:
            silence_output()
            return FAILED
        except DamagedResultsError as error:
            screen.complain(str(error))
            return FAILED
        except OSError as error:
            screen.complain(f"{error.filename or table}: {error.strerror or error}.")
            return FAILED
        if broken_off:
            screen.note(f"The last line of {results} is being written, or was broken off: it is left out.")
        if table != STANDARD_OUTPUT:
            screen.remark(f"{count:,} {'row' if count == 1 else 'rows'} in {table}.")
    return DONE


def _with_prompt(line: Line, prompts: Mapping[str, Any]) -> Line:
    """What was asked, as the file beside the results says; a line that tells it itself stays as it is."""
    return line._replace(record={_PROMPT: prompts.get(line.record["request"]), **line.record}) if prompts else line


def columns_of(file: BinaryIO, name: Path | str) -> tuple[list[str], int, bool, set[int]]:
    """The columns, where the last whole line ends, whether something broken off stands behind it, and the numbers of
    lines in whose place a later one of the same picture, model and request stands.

    Columns are in the order in which lines have them, those of `fields` in its place, as `fields.colour`.
    """
    columns: dict[str, dict[str, None]] = {}
    end = 0
    last: dict[tuple[str, str, str, int | None], int] = {}
    replaced: set[int] = set()
    for line in lines_of(file, name):
        end = line.end
        about = line.record["model"], line.record["request"], line.record["path"], line.page
        if (before := last.get(about)) is not None:
            replaced.add(before)
        last[about] = line.number
        for key, inner in columns_in(line.record):
            columns.setdefault(key, {}).update(dict.fromkeys(inner))
    file.seek(end)
    return [column for inner in columns.values() for column in inner], end, bool(file.read().strip()), replaced


def write_table(columns: list[str], lines: Iterable[Line], table: str) -> int:
    """The number of rows; the file is there when it is whole, and not before."""
    with (
        replacing(Path(table)) as new,
        # The mark at its beginning tells Excel that it is UTF-8.
        new.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as out,
    ):
        return write_rows(columns, lines, out)


def print_table(columns: list[str], lines: Iterable[Line]) -> int:
    """The number of rows; without a mark, because programs that read a pipe take it for text."""
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        return write_rows(columns, lines, out)
    finally:
        out.detach()


def write_rows(columns: list[str], lines: Iterable[Line], out: TextIO) -> int:
    writer = csv.writer(out)
    writer.writerow([guarded(column) for column in columns])
    count = 0
    for line in lines:
        cells = cells_of(line.record)
        writer.writerow([cells.get(column) for column in columns])
        count += 1
    out.flush()
    return count


def columns_in(record: Mapping[str, Any]) -> Iterable[tuple[str, Iterable[str]]]:
    """What a line has, each with the columns that stand for it."""
    for key, value in record.items():
        if key == _CHOICE and isinstance(value, Mapping):
            yield key, ("label", "probability")
        elif key == _CONFIDENCE and isinstance(value, Mapping):
            yield key, [f"{name}_confidence" for name in value]
        elif key == _FIELDS:
            yield key, [f"{_FIELDS}.{name}" for name in value] if isinstance(value, Mapping) else ()
        else:
            yield key, (key,)


def cells_of(record: Mapping[str, Any]) -> dict[str, Any]:
    cells = {name: cell(value) for name, value in record.items() if name not in (_FIELDS, _CHOICE, _CONFIDENCE)}
    if isinstance(choice := record.get(_CHOICE), Mapping):
        label, shares = choice.get("label"), choice.get("probabilities")
        cells["label"] = cell(label)
        cells["probability"] = shares.get(label) if isinstance(shares, Mapping) else None
    if isinstance(confidence := record.get(_CONFIDENCE), Mapping):
        cells.update({f"{name}_confidence": cell(value) for name, value in confidence.items()})
    if isinstance(fields := record.get(_FIELDS), Mapping):
        cells.update({f"{_FIELDS}.{name}": cell(value) for name, value in fields.items()})
    if error := record["error"]:
        cells["error"] = guarded(f"{error.get('type', 'Error')}: {error.get('message', '')}")
    return cells


def cell(value: Any) -> Any:
    """Text guarded, numbers as they are, nothing for null, and what is nested as JSON."""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, (bool, dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def guarded(text: str) -> str:
    """Text that no spreadsheet runs: a stranger's picture may say `=HYPERLINK(...)`, and a file may be called so."""
    return "'" + text if text.startswith(_FORMULA) else text
