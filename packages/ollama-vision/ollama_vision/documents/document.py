"""A document that was read: its pages with their verdicts, as values and as one Markdown text."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .verdicts import CUT, FAILED, REPEATS, Finding, needs_look

_MARK = re.compile(r"^<!-- page (\d+) -->$", re.MULTILINE)
_REMARKS = {
    FAILED: "failed: this page was not read",
    CUT: "cut: the end of this page is missing",
    REPEATS: "repeats: the model said the same again and again",
}
"""What stands behind the text of a page that is not whole, so that nobody takes it for that."""


@dataclass(frozen=True)
class DocumentPage:
    """One page, with the fields of its line in pages.jsonl: as attributes, and by name."""

    document: str
    page: int | None
    """From 1; `None` for a document that could not be opened."""
    text: str
    """Markdown."""
    source: str
    """`model`, or `layer` where the text is the PDF's own."""
    verdict: str
    findings: list[Finding]
    cer: float | None
    """Edits over the length of the text layer, in characters; `None` without one."""
    wer: float | None
    """The same in words."""
    line: Mapping[str, Any]
    """All that the line says; beside the fields here `sha256`, `finish_reason`, `host`, ..."""

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> DocumentPage:
        names = {field.name for field in fields(Finding)}
        findings = [Finding(**{k: v for k, v in each.items() if k in names}) for each in line["findings"]]
        told = {name: line[name] for name in ("document", "page", "text", "source", "verdict", "cer", "wer")}
        return cls(**told, findings=findings, line=line)

    @property
    def model(self) -> str:
        return str(self.line["model"])

    @property
    def request(self) -> str:
        """The fingerprint of what was asked, and how."""
        return str(self.line["request"])

    @property
    def usage(self) -> Mapping[str, int]:
        """Tokens; those of answers that were cut count as well."""
        usage: Mapping[str, int] = self.line["usage"]
        return usage

    @property
    def seconds(self) -> float:
        return float(self.line["seconds"])

    @property
    def error(self) -> Mapping[str, str] | None:
        """`type` and `message`, of a page that was not read."""
        error: Mapping[str, str] | None = self.line["error"]
        return error

    @property
    def needs_look(self) -> bool:
        """Whether somebody should look at the page itself."""
        return needs_look(self.verdict)

    @property
    def id(self) -> str:
        """A UUID that follows from the file's absolute path and the page: the same in every run."""
        url = Path(os.path.abspath(self.document)).as_uri()  # noqa: PTH100 - a link's own name counts
        return str(uuid.uuid5(uuid.NAMESPACE_URL, url if self.page is None else f"{url}#page={self.page}"))

    def metadata(self) -> dict[str, Any]:
        """What a document store keeps beside the text, as plain JSON."""
        told = {"file_path": self.document, "file_name": Path(self.document).name}
        kept = ("page", "pages", "verdict", "findings", "cer", "wer", "source", "model", "sha256")
        return {**told, **{name: self.line[name] for name in kept}, "needs_look": self.needs_look}

    def __getitem__(self, name: str) -> Any:
        return self.line[name]


@dataclass(frozen=True)
class Document:
    """A document's pages, in their order."""

    pages: tuple[DocumentPage, ...]

    @property
    def markdown(self) -> str:
        """All pages, each behind its mark: `<!-- page 3 -->`."""
        return markdown_of((page.page or 1, section(page.line)) for page in self.pages)


def section(line: Mapping[str, Any]) -> str:
    """What stands behind a page's mark."""
    # A mark that a model writes is none of ours.
    text, remark = _MARK.sub(r"\\\g<0>", line["text"]).strip("\n"), _REMARKS.get(line["verdict"])
    parts = (text if text.strip() else "", f"<!-- {remark} -->" if remark else "")
    return "\n\n".join(part for part in parts if part)


def markdown_of(sections: Iterable[tuple[int, str]]) -> str:
    """One text of the pages' sections, by number; a page without any is its mark alone."""
    marked = (f"<!-- page {number} -->" + (f"\n\n{text}" if text else "") for number, text in sorted(sections))
    return "\n\n".join(marked) + "\n"


def sections_in(markdown: str) -> dict[int, str] | None:
    """The sections of such a text, by number; `None` for one that does not begin as such a text does."""
    marks = list(_MARK.finditer(markdown))
    if not marks or marks[0].start():
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(markdown)]
    return {int(mark[1]): markdown[mark.end() : end].strip("\n") for mark, end in zip(marks, ends, strict=True)}
