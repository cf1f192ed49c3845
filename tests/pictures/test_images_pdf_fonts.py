"""Text of PDFs whose font is neither in the file nor on the machine."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pdf_files import (
    PAGES,
    cid_font,
    ink,
    page_of,
    page_pdf,
    pdf_of,
    said,
    simple_font,
    standard_font,
    stream,
    text_page,
    utf_16,
    words,
)

NOBODY_HAS_IT = b"1 /uniE7C3 /uniE7C4"
"""Glyphs of the private use area: no font has them but the one that is not in the file."""
MISSING = text_page(words(b"(\001\002 abc)"), *simple_font(b"ABCDEF+Nowhere", NOBODY_HAS_IT))


class TestFonts:
    """The share of ink is that of pdftoppm 22.12 at 300 dots per inch."""

    @pytest.mark.parametrize(
        ("font", "shown", "share"),
        [
            (standard_font(b"Helvetica"), b"(Hello, World)", 0.0267),
            (standard_font(b"Times-Italic"), b"(Hello, World)", 0.0193),
            (standard_font(b"ZapfDingbats"), b"(4l\101)", 0.0163),
            (standard_font(b"Symbol"), b"(abc)", 0.0092),
            (simple_font(b"ArialMT"), b"(Hello, \344\366\374 \200)", 0.0251),
        ],
    )
    def test_what_pdfium_has_stand_ins_for(self, font: tuple[bytes, ...], shown: bytes, share: float) -> None:
        page = page_of(text_page(words(shown), *font))
        assert ink(page) == pytest.approx(share, abs=0.001)
        assert page.steps == ("drew page 1 of 1 at 300 dpi",)

    def test_words_that_no_font_has(self) -> None:
        text = said(MISSING)
        assert (
            "d (bytes of DocumentBlock) is a PDF document whose page 1 cannot be drawn whole: its font Nowhere" in text
        )
        assert "is neither in the file nor on this machine, and 2 different characters would be missing" in text
        assert "Install a font of that name on this machine, or save the PDF with its fonts embedded" in text

    def test_a_glyph_alone(self) -> None:
        """As many programs place them, one by one."""
        data = text_page(words(b"(\001)") + words(b"(a)"), *simple_font(b"Nowhere", NOBODY_HAS_IT))
        assert "its font Nowhere" in said(data)

    def test_words_in_a_form_within_the_page(self) -> None:
        form = stream(words(b"(\001)"), b"/Type /XObject /Subtype /Form /BBox [0 0 400 100]")
        fonts = simple_font(b"Nowhere", NOBODY_HAS_IT)
        data = page_pdf(b"/X Do", b"/Font << /F1 5 0 R >> /XObject << /X 7 0 R >>", *fonts, form)
        assert "its font Nowhere" in said(data)

    def test_words_filled_into_a_field(self) -> None:
        look = stream(
            b"/Tx BMC BT /F1 12 Tf 2 10 Td (\001) Tj ET EMC",
            b"/Type /XObject /Subtype /Form /BBox [0 0 200 50] /Resources << /Font << /F1 5 0 R >> >>",
        )
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 100] /Annots [4 0 R] >>"
        field = (
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (x) /F 4 /Rect [0 50 200 100] /P 3 0 R"
            b" /AP << /N 7 0 R >> >>"
        )
        catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>"
        missing = pdf_of(catalog, PAGES, page, field, *simple_font(b"Nowhere", NOBODY_HAS_IT), look)
        assert "its font Nowhere" in said(missing)
        there = pdf_of(catalog, PAGES, page, field, *standard_font(b"Helvetica"), b"null", look.replace(b"\001", b"A"))
        assert ink(page_of(there)) > 0

    @pytest.mark.parametrize(
        "commands",
        [
            words(b"(\001\002)", b"3 Tr"),
            words(b"(\001\002)", b"7 Tr"),
            words(b"(\001\002)", b"1 g"),
            words(b"(\001\002)") + b" 1 g 0 0 400 100 re f",
            b"q 300 0 50 50 re W n " + words(b"(\001\002)") + b" Q",
            b"BT /F1 0 Tf 10 40 Td (\001\002) Tj ET",
            b"BT /F1 0.01 Tf 10 40 Td (\001\002) Tj ET",
            b"BT /F1 30 Tf 1000 40 Td (\001\002) Tj ET",
            words(b"( )"),
            words(b"(\001)", b"1 g"),
        ],
        ids=["invisible", "clip", "white", "covered", "clipped", "no size", "tiny", "outside", "spaces", "white glyph"],
    )
    def test_words_that_nobody_would_see(self, commands: bytes) -> None:
        """As the text under a scan is, which is searched and never drawn."""
        assert ink(page_of(text_page(commands, *simple_font(b"Nowhere", NOBODY_HAS_IT)))) == 0

    def test_white_words_on_a_dark_ground_would_be_seen(self) -> None:
        ground = b"0 g 0 0 400 100 re f "
        data = text_page(ground + words(b"(\001\002)", b"1 g"), *simple_font(b"Nowhere", NOBODY_HAS_IT))
        assert "its font Nowhere" in said(data)

    def test_glyphs_numbered_by_a_font_that_is_not_there(self) -> None:
        """PDFium draws "$%&" for what pdftoppm 22.12, with a warning, draws as other signs: nobody knows them."""
        font = cid_font(b"Nowhere", b"Identity", b"Identity-H")
        assert "3 different characters would be missing or wrong" in said(text_page(words(b"<002400250026>"), *font))
        assert ink(page_of(text_page(words(b"<002400250026>", b"3 Tr"), *font))) == 0

    def test_a_font_in_the_file_that_is_broken(self) -> None:
        font, about = simple_font(b"Nowhere", NOBODY_HAS_IT)
        broken = about.replace(b"/StemV 80", b"/StemV 80 /FontFile2 7 0 R")
        data = text_page(words(b"(\001)"), font, broken, stream(b"rubbish" * 50, b"/Filter /FlateDecode"))
        assert "its font Nowhere" in said(data)

    def test_letters_in_the_place_of_signs_are_said(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.WARNING):
            page = page_of(text_page(words(b"(\374 l)"), *simple_font(b"Wingdings-Regular")))
        step = "drew signs of the font Wingdings-Regular as letters: it is neither in the file nor on this machine"
        if step not in page.steps:
            pytest.skip("Wingdings is installed here")
        assert step in caplog.text

    @pytest.mark.parametrize(
        ("name", "ordering", "encoding", "text", "script"),
        [
            (b"HeiseiMin-W3", b"Japan1", b"UniJIS-UCS2-H", "請求書 12,500円", "Chinese"),
            (b"HeiseiMin-W3", b"Japan1", b"UniJIS-UCS2-H", "カナ", "Japanese"),
            (b"STSong-Light", b"GB1", b"UniGB-UCS2-H", "发票 12,500", "Chinese"),
            (b"HYSMyeongJo-Medium", b"Korea1", b"UniKS-UCS2-H", "청구서", "Korean"),
        ],
    )
    def test_east_asia_without_fonts(
        self, tmp_path: Path, name: bytes, ordering: bytes, encoding: bytes, text: str, script: str
    ) -> None:
        """In a process whose PDFium finds no font on the machine, as in a slim container."""
        path = tmp_path / "invoice.pdf"
        path.write_bytes(text_page(words(utf_16(text)), *cid_font(name, ordering, encoding)))
        answer = said_without_fonts(path, tmp_path)
        assert f"its font {name.decode()} is neither in the file nor on this machine" in answer
        assert f"({script}) would be missing. Install a font for them (Debian and Ubuntu: apt install" in answer

    @pytest.mark.parametrize("glyphs", [b"1 /afii10017 /afii10018", b"1 /Alpha /lambda", b"1 /ccaron /rcaron"])
    def test_cyrillic_greek_and_czech_without_fonts(self, tmp_path: Path, glyphs: bytes) -> None:
        """pdftoppm 22.12 draws all three in Liberation Sans, where that is installed."""
        path = tmp_path / "letter.pdf"
        path.write_bytes(text_page(words(b"(\001\002 abc)"), *simple_font(b"ArialMT", glyphs)))
        assert "its font ArialMT is neither in the file" in said_without_fonts(path, tmp_path)

    def test_latin_without_fonts(self, tmp_path: Path) -> None:
        path = tmp_path / "letter.pdf"
        path.write_bytes(text_page(words(b"(Hello, \344\366\374 \200)"), *simple_font(b"ArialMT")))
        assert said_without_fonts(path, tmp_path) == "('drew page 1 of 1 at 300 dpi',)"


_WITHOUT_FONTS = """
import ctypes, sys
import pypdfium2, pypdfium2.raw as pdfium
pdfium.FPDF_DestroyLibrary()
folders = (ctypes.c_char_p * 2)(sys.argv[2].encode(), None)
config = pdfium.FPDF_LIBRARY_CONFIG(version=2)
config.m_pUserFontPaths = ctypes.cast(folders, type(config.m_pUserFontPaths))
pdfium.FPDF_InitLibraryWithConfig(config)
from llama_index.core.base.llms.types import DocumentBlock
from llama_index.multi_modal_llms.ollama import ImageOptions
from ollama_vision.pictures import prepare_block
from ollama_vision.errors import ImageError
sys.stdout.reconfigure(encoding="utf-8")
try:
    print(prepare_block(DocumentBlock(path=sys.argv[1]), ImageOptions(), where="d")[0].steps)
except ImageError as error:
    print(error)
"""


def said_without_fonts(path: Path, folder: Path) -> str:
    """What comes of a PDF where there is no font but those in `folder`, of which there are none."""
    command = [sys.executable, "-c", _WITHOUT_FONTS, str(path), str(folder)]
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.strip()
