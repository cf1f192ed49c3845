"""Tools about a folder: `find_pictures` lists what there is, `describe_folder` asks about each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_vision import words
from ollama_vision.errors import RunStoppedError

from .arguments import MOST_AT_ONCE, DescribeFolder, FindPictures
from .results import failed, told
from .service import as_it_comes, in_thread

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from ollama_vision.batch import FoundFile

    from .service import Report, Service

Line = dict[str, Any]
PageKey = tuple[str, int | None]
"""A path, and a page of a document."""


async def find_pictures(service: Service, given: FindPictures, report: Report) -> CallToolResult:
    folder = await asyncio.to_thread(service.roots.find, given.folder)
    files, left_out = await in_thread(lambda: _pictures_in(folder, given.pattern))
    shown = files[:MOST_AT_ONCE]
    texts = [str(file.path) for file in shown] or ["There is no picture that fits."]
    if len(files) > len(shown):
        texts.append(f"{len(files) - len(shown):,} more are not shown: narrow them down by pattern, or by folder.")
    texts += _left_out_words(left_out)
    pictures = [{"path": str(file.path), "size": file.size, "modified": _when(file.modified_ns)} for file in shown]
    return told("\n".join(texts), {"pictures": pictures, "found": len(files), "left_out": left_out})


def _pictures_in(folder: Path, pattern: str | None) -> tuple[list[FoundFile], dict[str, int]]:
    from ollama_vision import batch
    from ollama_vision.pictures import PICTURE_SUFFIXES, VIDEO_SUFFIXES

    found = batch.find_pictures(folder, include=() if pattern is None else [pattern], on_error="keep")
    # What a pattern fits is taken whatever its suffix; here it is to fit pictures.
    taken = PICTURE_SUFFIXES | VIDEO_SUFFIXES
    files = [file for file in found.files if file.path.suffix.lower() in taken or file.named]
    return files, found.reasons()


async def describe_folder(service: Service, given: DescribeFolder, report: Report) -> CallToolResult:
    folder = await asyncio.to_thread(service.roots.find, given.folder)
    found, left_out = await in_thread(lambda: _all_in(folder))
    model = await service.model_name()
    expected = min(given.limit, len(found))
    await report(0, expected, f"Asking {model}: {words.counted(expected, 'picture')}")
    lines: dict[PageKey, Line] = {}
    stopped, count = "", 0
    try:
        run = partial(_describe, service, folder, model, given)
        async with aclosing(as_it_comes(run)) as coming:
            async for line in coming:
                lines[line["path"], line["page"]] = line  # of a blind host's picture the last one counts
                count += 1
                await report(count, max(expected, count), line["path"])
    except RunStoppedError as error:
        stopped = service.in_words(str(error))
    ordered, left = await asyncio.to_thread(_in_order, found, lines)
    structured = {"lines": ordered, "found": len(found), "left": left, "left_out": left_out}
    texts = [_text_of(line) for line in ordered]
    if left and not stopped:
        texts.append(f"Not asked about, for limit is {given.limit}: {left:,} of {len(found):,} files.")
    texts += _left_out_words(left_out)
    return failed([stopped, *texts], structured) if stopped else told(texts, structured)


def _all_in(folder: Path) -> tuple[list[str], dict[str, int]]:
    """The paths of its pictures, and what is left out."""
    from ollama_vision import batch

    found = batch.find_pictures(folder, on_error="keep")
    return [str(file.path) for file in found.files], found.reasons()


def _in_order(found: list[str], lines: dict[PageKey, Line]) -> tuple[list[Line], int]:
    """The lines as the files were found, and of how many files there is none."""
    place = {path: at for at, path in enumerate(found)}
    ordered = sorted(lines.items(), key=lambda each: (place.get(each[0][0], len(place)), each[0][1] or 0))
    return [line for _, line in ordered], len(place.keys() - {path for path, _ in lines})


def _describe(service: Service, folder: Path, model: str, given: DescribeFolder, tell: Callable[[Line], None]) -> None:
    from ollama_vision import batch

    run = batch.describe(
        folder,
        model,
        given.prompt,
        schema=given.schema_,
        limit=given.limit,
        on_error="keep",
        think=bool(service.think),
        sight_check=service.sight_check is not False,
        **service.settings,
    )
    with closing(run) as lines:
        for line in lines:
            if line["error"] is not None:
                line["error"]["message"] = service.in_words(line["error"]["message"])
            tell(line)


def _text_of(line: Line) -> str:
    page = "" if line["page"] is None else f", page {line['page']}"
    said = line["text"] if line["error"] is None else f"Error: {line['error']['message']}"
    return f"{line['path']}{page}: {said}"


def _left_out_words(reasons: dict[str, int]) -> list[str]:
    if not reasons:
        return []
    return ["Left out: " + ", ".join(f"{count:,} {reason}" for reason, count in reasons.items()) + "."]


def _when(modified_ns: int) -> str:
    return datetime.fromtimestamp(modified_ns / 1e9, tz=UTC).isoformat()
