"""`ollama-vision report`: the command's body."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ollama_vision.errors import DamagedResultsError
from ollama_vision.words import counted

from ..common.exits import DONE, FAILED
from ..common.screen import Screen, telling
from .writer import ReportError, make_report

if TYPE_CHECKING:
    from ollama_vision.pictures import BoxConvention


def report(results: Path, page: Path, *, root: Path | None, title: str | None, convention: BoxConvention | None) -> int:
    """Write the report and give the exit code."""
    with Screen() as screen, telling(screen):
        screen.wait("Making thumbnails")

        def progress(done: int, of: int) -> None:
            screen.still_waiting(f"Making thumbnails: {done:,} of {of:,}")

        try:
            made = make_report(results, page, root=root, title=title, on_progress=progress, box_convention=convention)
        except (DamagedResultsError, ReportError) as error:
            screen.complain(str(error))
            return FAILED
        except OSError as error:
            screen.complain(f"{error.filename or page}: {error.strerror or error}.")
            return FAILED
        if made.missing:
            where = "the current folder" if root is None else str(root)
            screen.note(
                f"Without a thumbnail, because not there any more or changed since: {made.missing:,} of "
                f"{made.cards:,}. Paths are counted from {where}; --root names another."
            )
        pictures = counted(made.pictures, "picture")
        pages = f", on {counted(made.pages, 'page')}" if made.pages else ""
        screen.remark(f"{pictures}, {made.failed:,} failed, in {page}{pages}.")
    return DONE
