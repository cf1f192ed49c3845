"""The tool about a document: `read_document`, its pages as Markdown with a verdict for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ollama_vision.errors import RunStoppedError

from .arguments import ReadDocument
from .results import failed, told
from .service import as_it_comes

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from ollama_vision.documents import DocumentPage, Finding

    from .service import Report, Service

_MOST_FINDINGS = 5
"""Of a page, in words; the structured content has all."""


async def read_document(service: Service, given: ReadDocument, report: Report) -> CallToolResult:
    document = await asyncio.to_thread(service.roots.find, given.document)
    model = await service.model_name()
    await report(0, None, f"Reading {document.name} with {model}")
    pages: dict[int | None, DocumentPage] = {}
    stopped, count = "", 0
    try:
        async with aclosing(as_it_comes(partial(_read, service, document, model, given.numbers()))) as coming:
            async for page in coming:
                pages[page.page] = page
                count += 1
                await report(count, max(_expected(given, page), count), f"Page {page.page}: {page.verdict}")
    except RunStoppedError as error:
        stopped = service.in_words(str(error))
    ordered = [pages[number] for number in sorted(pages, key=lambda number: number or 0)]
    lines = [_line_of(page, service.in_words) for page in ordered]
    structured = {"document": str(document), "pages": lines}
    if stopped:
        return failed([stopped, *_texts(ordered, lines)], structured)
    return told(_texts(ordered, lines), structured)


def _expected(given: ReadDocument, page: DocumentPage) -> int:
    """How many pages are read, by one of them."""
    of_all = int(page.line["pages"] or 1)
    numbers = given.numbers()
    return of_all if numbers is None else sum(number <= of_all for number in numbers)


def _read(
    service: Service,
    document: Path,
    model: str,
    pages: tuple[int, ...] | None,
    tell: Callable[[DocumentPage], None],
) -> None:
    from ollama_vision import documents

    documents.read_document(
        document,
        model,
        pages=pages,
        sight_check=service.sight_check is not False,
        on_page=tell,
        **service.settings,
    )


def _line_of(page: DocumentPage, in_words: Callable[[str], str]) -> dict[str, Any]:
    line = dict(page.line)
    if line["error"] is not None:
        line["error"] = {**line["error"], "message": in_words(line["error"]["message"])}
    return line


def _texts(pages: list[DocumentPage], lines: list[dict[str, Any]]) -> list[str]:
    """The Markdown as one text; behind it a text that says which pages are to be looked at, and why."""
    if not pages:
        return []
    from ollama_vision.documents import Document

    doubts = [_doubt(page, line) for page, line in zip(pages, lines, strict=True) if page.needs_look]
    return [
        Document(tuple(pages)).markdown,
        *(["Look at these pages yourself:\n" + "\n".join(doubts)] if doubts else []),
    ]


def _doubt(page: DocumentPage, line: dict[str, Any]) -> str:
    said = [_finding(finding) for finding in page.findings[:_MOST_FINDINGS]]
    if line["error"] is not None:
        said.append(line["error"]["message"])
    return f"- page {page.page}: {page.verdict}" + (f" ({'; '.join(said)})" if said else "")


def _finding(finding: Finding) -> str:
    if finding.reason is not None or not (finding.layer or finding.answer):
        return finding.reason or finding.verdict
    return f"{finding.reader or 'the page'} says {finding.layer!r}, the answer {finding.answer!r}"
