"""The hits as a report: their lines, in their order, handed to the report's own writer."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from ollama_vision.batch import Hits, encode, read_requests

from ..report import Results, make_report


def write_page(page: Path, hits: Hits, query: str, root: Path | None) -> None:
    """Write the page; it is there when it is whole, and not before.

    Raises ReportError, DamagedResultsError, OSError.
    """
    with tempfile.TemporaryDirectory(prefix="ollama-vision-") as folder:
        lines = Path(folder) / "hits.jsonl"
        with lines.open("wb") as out:
            out.writelines(encode(hit.record) for hit in hits)
        # The report tells of when its results are.
        written = max(file.stat().st_mtime for file in hits.files)
        os.utime(lines, (written, written))
        found = Results.of(lines, by_name=False)
        prompts = {
            request: str(asked.get("prompt", ""))
            for file in hits.files
            for request, asked in read_requests(file).items()
        }
        asked = {request for _, request in found.askings}
        told = {request: prompt for request, prompt in prompts.items() if request in asked}
        make_report(replace(found, prompts=told), page, root=root, title=f"Search for {query}")
