"""PDFs that only stand for what is inside: forms in XFA, and portfolios."""

from __future__ import annotations

import gc

import pytest

from llama_index.multi_modal_llms.ollama import ImageOptions
from tests.support.pdf_files import (
    PAGES,
    ink,
    page_of,
    pdf_of,
    said,
    standard_font,
    stream,
    words,
)

PLEASE_WAIT = (
    b"(Please wait... If this message is not eventually replaced by the proper contents of the document, your PDF"
    b" viewer may not be able to display this type of document.)"
)
FIELD = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [0 0 50 20] /F 4 /P 3 0 R >>"


def xfa(shown: bytes, *, rendered_by_xfa: bool, fields: bool) -> bytes:
    form = b"/AcroForm << /Fields [%s] /XFA 6 0 R >>" % (b"7 0 R" if fields else b"")
    catalog = b"<< /Type /Catalog /Pages 2 0 R %s %s >>" % (form, b"/NeedsRendering true" if rendered_by_xfa else b"")
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> %s >>" % (b"/Annots [7 0 R]" if fields else b"")
    )
    template = stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'></xdp:xdp>")
    return pdf_of(catalog, PAGES, page, stream(words(shown)), *standard_font(b"Helvetica"), template, FIELD)


def portfolio(files: int, *, collection: bool = True) -> bytes:
    names = b"".join(b"(%d) 5 0 R " % number for number in range(files))
    kind = b"/Collection << /Type /Collection >>" if collection else b""
    catalog = b"<< /Type /Catalog /Pages 2 0 R %s /Names << /EmbeddedFiles << /Names [%s] >> >> >>" % (kind, names)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Contents 4 0 R >>"
    file = b"<< /Type /Filespec /F (bill.pdf) /UF (bill.pdf) /EF << /F 6 0 R >> >>"
    inside = stream(b"hello", b"/Type /EmbeddedFile")
    return pdf_of(catalog, PAGES, page, stream(b"0 0 50 50 re f"), file, inside)


class TestShells:
    @pytest.mark.parametrize(
        ("shown", "rendered_by_xfa"), [(PLEASE_WAIT, True), (PLEASE_WAIT, False), (b"(Bitte warten)", True)]
    )
    def test_a_form_whose_pages_are_in_xfa(
        self, shown: bytes, rendered_by_xfa: bool, capfd: pytest.CaptureFixture[str]
    ) -> None:
        data = xfa(shown, rendered_by_xfa=rendered_by_xfa, fields=False)
        text = said(data)
        assert "is a PDF form in XFA, whose pages only Adobe's programs can draw" in text
        assert "Open it in Adobe Acrobat or Reader, print it into a new PDF, and pass that" in text
        asked = page_of(data, ImageOptions(pages=(1,)))
        assert asked.steps[1] == "the form in XFA is not shown"
        assert capfd.readouterr().err == ""

    def test_a_form_that_has_its_pages_beside_xfa(self, capfd: pytest.CaptureFixture[str]) -> None:
        for fields, rendered_by_xfa in ((True, True), (True, False), (False, False)):
            page = page_of(xfa(b"(Name)", rendered_by_xfa=rendered_by_xfa, fields=fields))
            assert ink(page) > 0
            assert len(page.steps) == 1
        assert capfd.readouterr().err == ""

    def test_a_portfolio(self) -> None:
        """pdfdetach 22.12 lists these files."""
        text = said(portfolio(7))
        assert "is a PDF portfolio: its pages are only the cover of 7 files inside it (bill.pdf, " in text
        assert ", ...). Take them out, for example with `pdfdetach -saveall`, and pass those" in text
        asked = page_of(portfolio(1), ImageOptions(pages=(1,)))
        assert asked.steps[1] == "1 file inside the portfolio not shown"

    @pytest.mark.parametrize(("files", "collection"), [(0, True), (3, False), (0, False)])
    def test_a_document_with_files_attached_is_its_pages(self, files: int, collection: bool) -> None:
        assert len(page_of(portfolio(files, collection=collection)).steps) == 1

    def test_nobody_is_asked_about_portfolios_afterwards(self) -> None:
        """PDFium keeps the function that it is to call: one that is gone by then would end the process."""
        import pypdfium2  # type: ignore[import-untyped]

        said(portfolio(7))
        gc.collect()
        document = pypdfium2.PdfDocument(portfolio(7))
        assert len(document) == 1
        document.close()
