"""Figures in a page of docs/: what stands between its two marks is written by the program that measured it."""

from __future__ import annotations

from pathlib import Path

END = "<!-- end of figures -->"


def publish(page: Path, written_by: str, text: str) -> None:
    """Put `text` in the place of the figures that a program has there.

    Raises:
        RuntimeError: the page has no such place.
    """
    begin = f"<!-- figures: written by {written_by} -->"
    before, mark, rest = page.read_text(encoding="utf-8").partition(begin)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise RuntimeError(f"{page} has no place for figures: {begin} ... {END}")
    page.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{END}{after}", encoding="utf-8")
