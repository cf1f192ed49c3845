"""PDFs whose pages only stand for what is inside: forms in XFA ("Please wait..."), and portfolios of other files."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO

_MOST_LOOKED_AT = 50
"""Pages that are searched for the fields of a form."""
_PLEASE_WAIT = ("Please wait", "eventually replaced")
"""Of the page that Adobe's LiveCycle puts before every form in XFA."""


@dataclass(frozen=True)
class Shell:
    """Why the pages of a document are not what it is about."""

    problem: str
    way_out: str
    note: str
    """The step of a page that was asked for all the same."""


def opened_without_a_word(file: BinaryIO, password: str | None = None) -> tuple[Any, bool]:
    """A pypdfium2.PdfDocument with its form fields filled in, and whether it is a portfolio of files.

    Needs PDFium's lock; raises PdfiumError.
    """
    import pypdfium2  # type: ignore[import-untyped]

    pypdfium2.raw.FSDK_SetUnSpObjProcessHandler(_told())
    _noted.clear()
    document = pypdfium2.PdfDocument(file, password=password)
    is_portfolio = _is_portfolio()
    with _silent("pypdfium2._helpers.document"):
        # Without it, what was filled into a form stays invisible.
        document.init_forms()
    return document, is_portfolio


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """pypdfium2 tells the user of a form in XFA to build it from source; here the form is said in our own words."""
    noisy = logging.getLogger(name)
    before, noisy.disabled = noisy.disabled, True
    try:
        yield
    finally:
        noisy.disabled = before


_noted: list[int] = []
"""Since the last document was opened."""


@cache
def _told() -> Any:
    """PDFium says what it does not support while it opens a document, to whom it was told to tell.

    It keeps the function for good, so that it must never be freed: another user of PDFium in this process may open a
    document afterwards.
    """
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    told = pdfium.UNSUPPORT_INFO(version=1)
    told.FSDK_UnSupport_Handler = type(told.FSDK_UnSupport_Handler)(lambda _, kind: _noted.append(kind))
    return told


def _is_portfolio() -> bool:
    import pypdfium2.raw as pdfium

    return pdfium.FPDF_UNSP_DOC_PORTABLECOLLECTION in _noted


def shell_of(document: Any, *, is_portfolio: bool) -> Shell | None:
    """What the pages stand for; `None` for a document that is its pages. Needs PDFium's lock."""
    import pypdfium2.raw as pdfium

    form = pdfium.FPDF_GetFormType(document)
    if form == pdfium.FORMTYPE_XFA_FULL and not _has_fields(document, pdfium):
        return _XFA
    if form == pdfium.FORMTYPE_XFA_FOREGROUND and not _has_fields(document, pdfium) and _asks_to_wait(document):
        return _XFA
    files = pdfium.FPDFDoc_GetAttachmentCount(document)
    if is_portfolio and files > 0:
        return _portfolio(files, [_name(document, index, pdfium) for index in range(min(files, 5))])
    return None


_XFA = Shell(
    'is a PDF form in XFA, whose pages only Adobe\'s programs can draw: what others see is "Please wait..."',
    "Open it in Adobe Acrobat or Reader, print it into a new PDF, and pass that; or name the pages that you want as "
    "they are, as with ImageOptions(pages=(1,)).",
    "the form in XFA is not shown",
)


def _portfolio(count: int, names: list[str]) -> Shell:
    files = "1 file" if count == 1 else f"{count} files"
    more = ", ..." if count > len(names) else ""
    return Shell(
        f"is a PDF portfolio: its pages are only the cover of {files} inside it ({', '.join(names)}{more})",
        "Take them out, for example with `pdfdetach -saveall`, and pass those; or name the pages of the cover that "
        "you want, as with ImageOptions(pages=(1,)).",
        f"{files} inside the portfolio not shown",
    )


def _has_fields(document: Any, pdfium: Any) -> bool:
    for index in range(min(len(document), _MOST_LOOKED_AT)):
        page = document[index]
        try:
            for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
                annotation = pdfium.FPDFPage_GetAnnot(page, number)
                kind = pdfium.FPDFAnnot_GetSubtype(annotation)
                pdfium.FPDFPage_CloseAnnot(annotation)
                if kind == pdfium.FPDF_ANNOT_WIDGET:
                    return True
        finally:
            page.close()
    return False


def _asks_to_wait(document: Any) -> bool:
    if len(document) != 1:
        return False
    page = document[0]
    try:
        textpage = page.get_textpage()
        text = " ".join(textpage.get_text_range(errors="ignore").split())
        textpage.close()
    finally:
        page.close()
    return all(words in text for words in _PLEASE_WAIT)


def _name(document: Any, index: int, pdfium: Any) -> str:
    attachment = pdfium.FPDFDoc_GetAttachment(document, index)
    length = pdfium.FPDFAttachment_GetName(attachment, None, 0)
    if length <= 2:
        return "without a name"
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFAttachment_GetName(attachment, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    name = buffer.raw[: length - 2].decode("utf-16-le", "replace")
    return "".join(one for one in name if one.isprintable())[:80]
