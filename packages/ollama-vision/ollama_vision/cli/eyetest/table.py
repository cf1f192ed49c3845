"""An eye test as lines of a terminal: a row for each way to send a picture, and the advice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ollama_vision.sight import Acuity, EyeLevel, EyeTest

from ..common.screen import one_line

HEADINGS = ("detail", "smallest thing", "smallest letters", "tokens", "seconds")


def lines_of(found: EyeTest) -> Iterator[str]:
    """What stands on standard output."""
    rows = [HEADINGS, *map(cells, ways_of(found))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    for first, *others in rows:
        cells_of_row = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *cells_of_row)).rstrip()
    yield ""
    yield one_line(found.advice)


def ways_of(found: EyeTest) -> Sequence[EyeLevel]:
    return (*found.levels, *([found.tiles] if found.tiles else []))


def cells(level: EyeLevel) -> tuple[str, ...]:
    """One row, in pixels of the original."""
    return (
        level.name,
        _shown(level.things),
        _shown(level.letters),
        "" if level.tokens is None else f"{level.tokens:,}",
        "" if level.seconds is None else f"{level.seconds:.2f}",
    )


def _shown(acuity: Acuity | None) -> str:
    if acuity is None or not acuity.tried:
        return ""
    return "none" if acuity.smallest_px is None else f"{acuity.smallest_px} px"
